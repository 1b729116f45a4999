"""Names that `data` had before they were settled, and that programs still use."""
from __future__ import annotations

from typing import Any

from .sources import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY

__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "cardinality"]


def cardinality(dataset: Any) -> Any:
    """The number of elements; see `Dataset.cardinality`."""
    return dataset.cardinality()
