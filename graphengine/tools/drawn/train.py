"""The `train` section of documents, as an editor reads it."""
from __future__ import annotations

from typing import Any

from ...io import trainspec
from ...keras.optimizers.plain import made

__all__ = ["parse_train"]


def parse_train(raw: Any, file: str) -> trainspec.TrainSpec:
    """The `train` section of a document, whose optimizer can be made.

    Raises
    ------
    FileFormatError that names the part: missing, unknown, of another type, outside its interval.
    """
    spec = trainspec.parse_train(raw, file)
    made(spec.optimizer.name, spec.optimizer.parameters, file)
    return spec
