"""Texts that another language can say, made where no language is known."""
from __future__ import annotations


class Words(str):
    """A text in English that knows what it was made of. pattern : with a numbered gap for each of the values"""

    pattern: str
    values: tuple[object, ...]

    def __new__(cls, pattern: str, *values: object) -> Words:
        made = super().__new__(cls, pattern.format(*values) if values else pattern)
        made.pattern, made.values = pattern, values
        return made
