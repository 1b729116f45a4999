"""Input pipelines: samples that are taken from somewhere, changed, mixed and put together to batches.

    ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1000).batch(32)
"""
from __future__ import annotations

from ..frontend.surface import refusing
from . import experimental
from .dataset import Dataset
from .iterators import Iterator, NumpyIterator
from .sources import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY

__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Dataset", "Iterator", "NumpyIterator",
           "experimental"]
__getattr__ = refusing(__name__, lambda: __all__)
