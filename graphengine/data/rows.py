"""Datasets that are still rows of arrays, for those who can take rows faster than Python does."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ir.eager import EagerTensor
from .elements import taken_apart


@dataclass(frozen=True)
class RowsPlan:
    """Rows of arrays in batches.

    arrays : an element whose leaves hold all rows
    batch_size : None before the rows are batched
    order : draws the numbers of the rows in the order of the next pass; None if all passes go from first to last
    """

    arrays: Any
    batch_size: int | None = None
    order: Callable[[], np.ndarray[Any, Any]] | None = None

    @property
    def is_shuffled(self) -> bool:
        """Whether each pass has another order."""
        return self.order is not None

    def part(self, rows: slice) -> RowsPlan | None:
        """Some of the rows; None where they are batched or in another order already."""
        if self.is_shuffled or self.batch_size is not None:
            return None
        structure, leaves = taken_apart(self.arrays)
        return RowsPlan(structure.fill([EagerTensor(x.array[rows]) for x in leaves]))
