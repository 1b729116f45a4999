"""Seeds of initializers and layers that were given none: from Python's random numbers, as Keras draws them.

After `tf.random.set_seed` alone they follow from its seed instead, so that a program that only calls that draws the
same each time.
"""
from __future__ import annotations

import random as python_random
from typing import Any

from ..frontend import random

LARGEST = 10**9

_python: list[Any] = [None]                 # the source of other seeds since when these are Python's


def follow_python() -> None:
    """Let default seeds come from Python's `random`, whatever `tf.random.set_seed` was called with before."""
    _python[0] = random.source_of_seeds()


def make_default_seed() -> int:
    """A whole number that nobody chose."""
    if random.source_of_seeds() is _python[0]:
        return python_random.randint(1, LARGEST)
    return int(random.generator(None).integers(1, LARGEST + 1))
