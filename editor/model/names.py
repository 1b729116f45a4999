"""New names for what is drawn: those that are wanted, or with numbers where they are taken."""
from __future__ import annotations

import re
from collections.abc import Iterable


class Names:
    """Names that are taken. Case does not tell names apart.

    Examples
    --------
    >>> names = Names(["dense", "Dense_1"])
    >>> names.new("dense"), names.new("dense_1"), names.new("other")
    ('dense_2', 'dense_3', 'other')
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {name.lower() for name in taken}
        self._last: dict[str, int] = {}     # number that a name without its own was given last

    def new(self, wanted: str) -> str:
        """`wanted`, or with the next free number: "dense_2" is followed by "dense_3"; the name is taken by this."""
        name, base = wanted, without_number(wanted)
        while name.lower() in self._taken:
            k = self._last[base.lower()] = self._last.get(base.lower(), 0) + 1
            name = f"{base}_{k}"
        self._taken.add(name.lower())
        return name


def without_number(name: str) -> str:
    return re.sub(r"_[0-9]{1,9}$", "", name) or name
