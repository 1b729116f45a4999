"""Items as plain JSON values and back: for files, the journal and the clipboard."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import graphengine as ge
from graphengine.tools.drawn.files import brief

from .items import Card, Frame, Item, Note, Ref, Setting, Wire

KINDS: Mapping[str, type[Any]] = MappingProxyType(
    {"card": Card, "wire": Wire, "frame": Frame, "note": Note, "setting": Setting})
PLACES = ("x", "y", "width", "height", "bends")
LONGEST = 1_000_000.0                       # pixels that anything may be away from the middle
DEEPEST = 50                                # lists and objects inside each other, in a value


def is_flat(value: Any) -> bool:
    """Whether lists and objects stand inside each other `DEEPEST` times at most: what follows them may recurse."""
    level = [value]
    for _ in range(DEEPEST + 1):
        inside = [v for v in level if isinstance(v, (Mapping, list, tuple))]
        if not inside:
            return True
        level = [w for v in inside for w in (v.values() if isinstance(v, Mapping) else v)]
    return False


_TESTS: Mapping[str, tuple[str, Callable[[Any], bool]]] = MappingProxyType({
    "str": ("a text", lambda v: isinstance(v, str)),
    "int": ("a whole number from 0", lambda v: isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 100_000),
    "float": ("a number of pixels", lambda v: isinstance(v, (int, float)) and not isinstance(v, bool)
              and abs(v) <= LONGEST),
    "bool": ("true or false", lambda v: isinstance(v, bool)),
    "Mapping[str, Any]": (f"an object of at most {DEEPEST} levels", lambda v: isinstance(v, dict) and is_flat(v)),
    "Any": (f"a value of at most {DEEPEST} levels", is_flat),
    "tuple[str, ...]": ("a list of texts", lambda v: isinstance(v, list) and all(isinstance(x, str) for x in v)),
    "tuple[Point, ...]": ("a list of points", lambda v: isinstance(v, list) and all(_is_point(p) for p in v)),
})


def _is_point(value: Any) -> bool:
    is_number = _TESTS["float"][1]
    return isinstance(value, list) and len(value) == 2 and is_number(value[0]) and is_number(value[1])


def to_plain(item: Item) -> dict[str, Any]:
    """An item as JSON; what is default is left out."""
    found: dict[str, Any] = {"item": item.ref.kind}
    for f in dataclasses.fields(item):
        value = getattr(item, f.name)
        default = f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default
        if default is dataclasses.MISSING or value != default:
            found[f.name] = _plain(value) if f.name not in PLACES else _rounded(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value


def _rounded(value: Any) -> Any:
    """Pixels, to a hundredth; whole ones without a fraction."""
    if isinstance(value, tuple):
        return [_rounded(v) for v in value]
    return int(value) if value == int(value) else round(value, 2)


def from_plain(raw: Any, place: str) -> Item:
    """The item that `to_plain` wrote.

    Raises
    ------
    FileFormatError that names the place and the part that is missing, unknown or of another type.
    """
    cls = KINDS.get(raw.get("item", "")) if isinstance(raw, dict) and isinstance(raw.get("item"), str) else None
    if cls is None:
        raise ge.errors.FileFormatError(f"it is no item: {str(raw)[:60]!r}", at=place,
                                        fix=f'write "item": one of {", ".join(KINDS)}')
    known = {f.name: f for f in dataclasses.fields(cls)}
    values = {}
    for key, value in raw.items():
        if key == "item":
            continue
        if key not in known:
            raise ge.errors.FileFormatError(f"a {raw['item']} has no part {key!r}", at=place, fix="remove it")
        what, fits = _TESTS.get(str(known[key].type), ("", lambda v: True))
        if not fits(value):
            raise ge.errors.FileFormatError(f"{key} is {brief(value)}, not {what}", at=place, fix=f"write {what}")
        values[key] = tuple(map(_frozen, value)) if str(known[key].type).startswith("tuple") else value
    for name, f in known.items():
        if name not in values and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise ge.errors.FileFormatError(f"a {raw['item']} has no {name}", at=place, fix="add it")
    item: Item = cls(**values)
    return item


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def ref_to_plain(ref: Ref) -> list[Any]:
    return [ref.kind, *ref.key] if ref.kind == "wire" else [ref.kind, ref.key]


def ref_from_plain(raw: Any, place: str) -> Ref:
    """The ref that `ref_to_plain` wrote.

    Raises
    ------
    ge.errors.FileFormatError
    """
    if isinstance(raw, list) and raw and raw[0] in KINDS and len(raw) == (3 if raw[0] == "wire" else 2):
        key = tuple(raw[1:]) if raw[0] == "wire" else raw[1]
        if isinstance(raw[1], str) and (raw[0] != "wire" or _TESTS["int"][1](raw[2])):
            return Ref(raw[0], key)
    raise ge.errors.FileFormatError(f"{str(raw)[:60]!r} names no item", at=place, fix="remove the line")
