"""Data to try things with, which comes with the package: one npz file each, with arrays `x` and `y` of equal length."""
from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

DATASETS = ("breast_cancer", "diabetes", "digits", "iris", "wine")
PARTS = ("x", "y")
SEED = 113                                  # of the order in which Keras's functions give their rows


def read_dataset(name: str, seed: int = SEED) -> dict[str, Array]:
    """The arrays of one of `DATASETS` by `PARTS`, their rows mixed as `seed` says.

    Examples
    --------
    >>> {part: array.shape for part, array in read_dataset("iris").items()}
    {'x': (150, 4), 'y': (150,)}
    """
    with (files(__package__) / f"{name}.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        found = {part: arrays[part] for part in PARTS}
    order = np.random.default_rng(seed).permutation(len(found["x"]))
    return {part: array[order] for part, array in found.items()}
