"""Older names of functions in `utils`, for the programs that still use them."""
from __future__ import annotations

from ..utils import timeseries_dataset_from_array
from . import sequence

__all__ = ["sequence", "timeseries_dataset_from_array"]
