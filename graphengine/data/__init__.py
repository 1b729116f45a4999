"""Input pipelines: samples that are taken from somewhere, changed, mixed and put together to batches.

    ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1000).batch(32)
"""
from __future__ import annotations

from . import experimental
from .dataset import Dataset, NumpyIterator
from .sources import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY

__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Dataset", "NumpyIterator", "experimental"]

ABSENT = {
    "TFRecordDataset": "files of records are not read; load the arrays and use Dataset.from_tensor_slices",
    "TextLineDataset": "there are no tensors of strings; read the lines in Python, and use Dataset.from_generator",
    "Options": "nothing here has options; leave out with_options",
}


def __getattr__(name: str) -> object:
    """An error for a name that is not here."""
    reason = f": {ABSENT[name]}" if name in ABSENT else ""
    raise AttributeError(f"graphengine.data has no {name!r}{reason}")
