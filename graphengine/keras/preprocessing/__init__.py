"""Older names of functions in `utils`, and the tokenizer of Keras 1, for the programs that still use them."""
from __future__ import annotations

from ...frontend.surface import refusing
from ...later import later
from ..utils import timeseries_dataset_from_array
from . import sequence

__all__ = ["image", "sequence", "text", "timeseries_dataset_from_array"]
__getattr__, __dir__ = later(__name__, {"image": ".image", "text": ".text"}, refusing(__name__, lambda: __all__))
