"""What a field takes, of values in the form that files have."""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from graphengine import as_dtype

from ..model.catalog import Field
from ..model.items import is_same
from ..model.plain import is_flat
from ..model.values import NON_FINITE, TOO_DEEP, interval_text, is_array, written
from .edit import Refused

INT64 = 2**63


def check_value(field: Field, value: Any) -> None:
    """Refuse a value that a field does not take, with a sentence that says what it takes."""
    if value is None and (field.optional or field.form in ("shape", "json")):
        return
    if not is_flat(value):
        raise Refused("{0}: {1}.", field.name, TOO_DEEP)
    words, fits = _FORMS.get(field.form, ("", lambda value: True))
    if field.form == "choice":
        words = f"one of {', '.join(map(str, field.choices))}"
        fits = lambda value: any(is_same(value, choice) for choice in field.choices)
    if not fits(value):
        shown = written(value, field.form if isinstance(value, list) else "json")
        raise Refused("{0} takes {1}, not {2}.", field.name, words, shown if len(shown) <= 40 else shown[:37] + "...")
    for number in value if isinstance(value, (list, tuple)) and field.form == "sizes" else [value]:
        if _is_number(number) and number != _within(field, number):
            raise Refused("{0} has to be {1}, not {2}.", field.name, interval_text(field), number)


def nearest(field: Field, value: Any) -> Any:
    """The value with its numbers inside the limits; None if that is no other value, or more is wrong with it."""
    is_list = isinstance(value, (list, tuple)) and field.form == "sizes"
    numbers = value if is_list else [value]
    if not all(map(_is_number, numbers)):
        return None
    found = [_within(field, number) for number in numbers]
    changed = found if is_list else found[0]
    try:
        check_value(field, changed)
    except Refused:
        return None
    return None if is_same(changed, value) else changed


def _within(field: Field, number: float) -> float:
    low, high = (-math.inf if field.low is None else field.low), (math.inf if field.high is None else field.high)
    found = max(low, min(number, high))
    return int(found) if isinstance(number, int) and found == int(found) else found


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -INT64 <= value < INT64


def _is_number(value: Any) -> bool:
    return _is_int(value) or (isinstance(value, float) and math.isfinite(value))


def _is_dtype(value: Any) -> bool:
    try:
        return isinstance(value, str) and as_dtype(value).name == value
    except TypeError:
        return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_shape(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(n is None or (_is_int(n) and n >= 0) for n in value)


def _is_sizes(value: Any) -> bool:
    return _is_int(value) or (isinstance(value, (list, tuple)) and all(map(_is_int, value)))


_FORMS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "bool": ("true or false", lambda v: isinstance(v, bool)),
    "int": ("a whole number", _is_int),
    "float": ("a number", lambda v: _is_number(v) or v in NON_FINITE),
    "text": ("a text", _is_text),
    "file": ("a path", _is_text),
    "dtype": ("the name of a dtype", _is_dtype),
    "shape": ("sizes such as (?, 784)", _is_shape),
    "sizes": ("a whole number or several", _is_sizes),
    "array": ("an array", is_array),
}
