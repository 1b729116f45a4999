"""``graphengine export``: a graph file and values of variables in, an ONNX model out."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .. import load
from ..errors import InvalidArgumentError
from ..io.weights import load_weights
from .run import default_fetches, initialized_session


def export_file(file: Path, target: Path, fetch: Sequence[str], weights: Path | None) -> str:
    """Write the model; what it takes and gives, as text."""
    if target.suffix.lower() != ".onnx":
        raise InvalidArgumentError(f"{target.name!r} is not the name of an ONNX file", fix="let it end with .onnx")
    graph = load(file)
    fetches = [graph.as_tensor(name) for name in fetch] or default_fetches(graph)
    session = initialized_session(graph)
    if weights is not None:
        session.load_variables(load_weights(weights))
    graph.save(target, fetches, session)
    return f"{target}: {', '.join(t.name.removesuffix(':0') for t in fetches)}"
