"""The `train` section of documents, as an editor reads it."""
from __future__ import annotations

from ...io.trainspec import parse_train

__all__ = ["parse_train"]
