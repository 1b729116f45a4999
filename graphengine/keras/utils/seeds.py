"""One seed for everything that draws random numbers."""
from __future__ import annotations

import random as python_random

import numpy as np

from ...errors import InvalidArgumentError
from ...frontend import random
from ..data import seed_orders
from ..default_seeds import follow_python


def set_random_seed(seed: int) -> None:
    """Let everything random follow from a seed: Python, numpy, layers and initializers, and orders of samples.

    Raises
    ------
    InvalidArgumentError for what is no whole number.
    """
    if not isinstance(seed, (int, np.integer)):
        raise InvalidArgumentError(f"seed={seed!r} is no whole number", op="set_random_seed")
    python_random.seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002 (programs that use numpy's own state follow from it too)
    random.set_seed(int(seed))
    follow_python()
    seed_orders(int(seed))
