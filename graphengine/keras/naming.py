"""Names of objects that were given none: that of the class, and a number from the second on; and whose a class is."""
from __future__ import annotations

import collections
import re
from typing import Any

_counts: collections.Counter[str] = collections.Counter()


def to_snake_case(name: str) -> str:
    """The name of a class as Keras writes it in names: "MeanSquaredError" -> "mean_squared_error"."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def get_uid(prefix: str = "") -> int:
    """How many names with a prefix there are with this one, from 1 on."""
    _counts[prefix] += 1
    return _counts[prefix]


def auto_name(prefix: str) -> str:
    """A name that nothing made before has: "dense", "dense_1", "dense_2" ..."""
    name = to_snake_case(prefix)
    number = get_uid(name)
    return name if number == 1 else f"{name}_{number - 1}"


def restart_names() -> None:
    """Count from the beginning again."""
    _counts.clear()


def is_of_this_package(thing: Any) -> bool:
    """Whether a class or function is ours: what others do in Python has to happen at each call."""
    return str(thing.__module__).partition(".")[0] == __name__.partition(".")[0]
