"""Data that comes with the package, in two parts."""
from __future__ import annotations

from ...errors import AttributeValueError
from ...io.datasets import read_dataset
from ..data import Array

Parts = tuple[tuple[Array, Array], tuple[Array, Array]]


def load(name: str, test_split: float, seed: int) -> Parts:
    """The rows of a data set, mixed: those to train with, and those to test with.

    Parameters
    ----------
    test_split : share of the rows to test with, in [0, 1)
    seed : of the order

    Raises
    ------
    AttributeValueError for a share outside [0, 1).
    """
    if not 0 <= test_split < 1:
        raise AttributeValueError(f"test_split={test_split} is outside [0, 1)", op=f"datasets.{name}.load_data")
    found = read_dataset(name, seed)
    x, y = found["x"], found["y"]
    at = int(len(x) * (1 - test_split))
    return (x[:at], y[:at]), (x[at:], y[at:])
