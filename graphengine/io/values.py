"""Attribute values as JSON and back, led by the types that an op class declares for its attributes.

    number, string, true, false, null   themselves; a float that is not finite is "nan", "inf" or "-inf"
    list                                a tuple
    dtype                               its name: "float32"
    shape                               a list with null for unknown sizes; null for unknown rank
    array                               {"dtype", "shape", "values"} with the elements in row-major order, or
                                        {"dtype", "shape", "array"} with a name in the file of arrays

Plain values come in and go out; what is wrong is raised as `Mismatch`, and the caller adds node and file.
The sign and payload of a NaN are not kept.
"""
from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from .. import dtypes
from ..dtypes import DType
from ..errors import suggestion
from ..ir.dims import Dim, Shape
from ..ir.region import Region
from ..ops.kinds import REQUIRED
from ..ops.state import ArrayValue
from .files import brief
from .text import Mismatch

INLINE_ELEMENTS = 1024                      # arrays with more go to the file of arrays
NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
INT64 = (dtypes.int64.min, dtypes.int64.max)

# The file of arrays: `keep` stores one under a name like the one asked for, `fetch` finds one of that dtype and shape.
Keep = Callable[[str, "np.ndarray[Any, Any]"], str]
Fetch = Callable[[str, DType, tuple[int, ...]], "np.ndarray[Any, Any]"]


# -------------------------------------------------------------------- what an op class declares

@cache
def attribute_types(cls: Any) -> dict[str, Any]:
    """For an op class, the declared type of each attribute; `Any` where the declaration cannot be read."""
    try:
        hints = typing.get_type_hints(cls)
    except (NameError, TypeError):
        hints = {}
    return {f.name: hints.get(f.name, Any) for f in dataclasses.fields(cls)}


def union_members(hint: Any) -> tuple[Any, ...]:
    """The alternatives of a union; one for anything else."""
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return tuple(m for h in typing.get_args(hint) for m in union_members(h)) if is_union else (hint,)


def holds_regions(hint: Any) -> bool:
    """Whether an attribute of this type holds a region, or a tuple of them."""
    return any(m is Region or Region in typing.get_args(m) for m in union_members(hint))


_WORDS: dict[Any, str] = {
    bool: "true or false", int: "a whole number", float: "a number", str: "a string", type(None): "null",
    DType: "the name of a dtype", Shape: "a list of sizes", ArrayValue: "an array",
}


def _in_words(hint: Any) -> str:
    """What a value of type `hint` looks like in a file."""
    members = [m for m in union_members(hint) if m is not Dim]
    if len(members) > 1:
        return " or ".join(map(_in_words, members))
    member, = members
    arguments = typing.get_args(member)
    if typing.get_origin(member) is typing.Literal:
        return f"one of {', '.join(map(brief, arguments))}"
    if typing.get_origin(member) in (tuple, list):
        items = dict.fromkeys(_in_words(h) for h in arguments if h is not Ellipsis)
        return f"a list ({', '.join(items)})"
    return _WORDS.get(member, "something that no file can hold")


# -------------------------------------------------------------------- value -> JSON

def encode(value: Any, hint: Any, name: str, keep: Keep) -> Any:
    """A value of type `hint` as JSON.

    Parameters
    ----------
    value : what an attribute holds
    hint : its declared type
    name : what an array may be called in the file of arrays
    keep : stores a large array and returns the name it got

    Raises
    ------
    Mismatch if the format has no way to say it.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return _encode_number(value, union_members(hint))
    if isinstance(value, DType):
        return value.name
    if isinstance(value, Shape):
        return None if value.rank is None else [encode(s, Any, name, keep) for s in value]
    if isinstance(value, ArrayValue):
        return _encode_array(value.array, name, keep)
    if isinstance(value, (tuple, list)):
        hints = _item_hints(hint, len(value))
        return [encode(v, h, f"{name}.{k}", keep) for k, (v, h) in enumerate(zip(value, hints, strict=True))]
    if isinstance(value, dict):             # of a node that is kept as it was
        return {key: encode(v, Any, f"{name}.{key}", keep) for key, v in value.items()}
    if isinstance(value, Dim):
        raise Mismatch(f"it is the size {value!r}, which depends on the feeds", "save the graph before it is compiled")
    raise Mismatch(f"it is a {type(value).__name__}, which a file cannot hold", "leave the node out")


def _encode_number(value: int | float, members: tuple[Any, ...]) -> Any:
    if isinstance(value, int):
        return float(value) if float in members and int not in members else value
    if math.isfinite(value):
        return value
    if float not in members:
        raise Mismatch(f"it is {value}, and its type does not say that it is a float", "use a finite number")
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _encode_array(array: np.ndarray[Any, Any], name: str, keep: Keep) -> dict[str, Any]:
    if array.size > INLINE_ELEMENTS:
        return {"dtype": dtypes.as_dtype(array.dtype).name, "shape": list(array.shape), "array": keep(name, array)}
    return array_in_full(array)


def array_in_full(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    """An array as JSON with all its numbers, however many there are."""
    dtype = dtypes.as_dtype(array.dtype)
    return {"dtype": dtype.name, "shape": list(array.shape), "values": _numbers(array.reshape(-1), dtype)}


def _numbers(array: np.ndarray[Any, Any], dtype: DType) -> list[Any]:
    """Elements as JSON, each float with the fewest digits that give it back."""
    if not dtype.is_floating:
        return list(array.tolist())
    exact = array.astype(np.float64)
    short = np.array([float(str(x)) for x in array], dtype=np.float64)
    with np.errstate(over="ignore"):        # twice rounded, the shortest decimal of the largest numbers may overflow
        same = short.astype(dtype.numpy) == array
    chosen = np.where(same, short, exact).tolist()
    return [_encode_number(x, (float,)) for x in chosen]


# -------------------------------------------------------------------- JSON -> value

def decode_attributes(
    cls: Any, raw: dict[str, Any], fetch: Fetch, given: Mapping[str, Any] = types.MappingProxyType({})
) -> dict[str, Any]:
    """Keyword arguments of an op class from the `attributes` of a node.

    Parameters
    ----------
    cls : the class
    raw : attributes as JSON
    fetch : finds large arrays
    given : further attributes, values already

    Raises
    ------
    Mismatch that names the attribute: not one of the class, missing, or of another type.
    """
    hints = attribute_types(cls)
    found = dict(given)
    for name, value in raw.items():
        if name not in hints:
            known = f"it has {', '.join(hints)}" if hints else "it has none"
            fix = suggestion(name, hints) or "remove it"
            raise Mismatch(f"{cls.name} has no attribute {brief(name)}; {known}", fix)
        try:
            found[name] = decode(value, hints[name], fetch)
        except Mismatch as error:
            raise Mismatch(f"attribute {name!r}: {error}", error.fix) from None
    for f in dataclasses.fields(cls):
        if f.name not in found and f.default is REQUIRED:
            raise Mismatch(f"{cls.name} needs the attribute {f.name!r}", f"add it: {f.metadata['doc']}")
    return found


def decode(raw: Any, hint: Any, fetch: Fetch) -> Any:
    """JSON as a value of type `hint`.

    Raises
    ------
    Mismatch if it is of another type.
    """
    if hint is Any:
        return decode_untyped(raw, fetch)
    members = union_members(hint)
    for member in members:
        decoder = _decoder(raw, member)
        if decoder is not None:
            return decoder(raw, member, fetch)
    fix = "write the number without quotes" if isinstance(raw, str) and (int in members or float in members) else \
        f"write {_in_words(hint)}"
    raise Mismatch(f"it is {brief(raw)}, but should be {_in_words(hint)}", fix)


def _decoder(raw: Any, hint: Any) -> Callable[[Any, Any, Fetch], Any] | None:
    """How `raw` becomes a value of type `hint` (no union), or None if it is of another type."""
    origin = typing.get_origin(hint)
    if hint is Shape:
        return _decode_shape if raw is None or isinstance(raw, list) or _is_int(raw) else None
    if hint is type(None):
        return _same if raw is None else None
    if hint in (bool, str):
        return _same if isinstance(raw, hint) else None
    if hint is int:
        return _decode_int if _is_int(raw) else None
    if hint is float:
        is_number = isinstance(raw, float) or _is_int(raw) or (isinstance(raw, str) and raw in NON_FINITE)
        return _decode_float if is_number else None
    if hint is DType:
        return _decode_dtype if isinstance(raw, str) else None
    if hint is ArrayValue:
        return _decode_array if isinstance(raw, dict) else None
    if origin is typing.Literal:
        return _same if any(raw == a and type(raw) is type(a) for a in typing.get_args(hint)) else None
    if origin in (tuple, list):
        return _decode_list if isinstance(raw, list) or _is_int(raw) else None
    return None


def decode_untyped(raw: Any, fetch: Fetch) -> Any:
    """JSON as it is, lists as tuples, with arrays where an object is written as one."""
    if isinstance(raw, list):
        return tuple(decode_untyped(v, fetch) for v in raw)
    if isinstance(raw, dict):
        if {"dtype", "shape"} < set(raw) and set(raw) <= {"dtype", "shape", "values", "array"}:
            return _decode_array(raw, ArrayValue, fetch)
        return {key: decode_untyped(v, fetch) for key, v in raw.items()}
    return raw


def _same(raw: Any, hint: Any, fetch: Fetch) -> Any:
    return raw


def _is_int(raw: Any) -> bool:
    return isinstance(raw, int) and not isinstance(raw, bool)


def _decode_int(raw: int, hint: Any, fetch: Fetch) -> int:
    if not INT64[0] <= raw <= INT64[1]:
        raise Mismatch(f"{brief(raw)} is outside the whole numbers of 64 bits", "use a smaller number")
    return raw


def _decode_float(raw: Any, hint: Any, fetch: Fetch) -> float:
    return NON_FINITE[raw] if isinstance(raw, str) else float(_decode_int(raw, hint, fetch) if _is_int(raw) else raw)


def _decode_dtype(raw: str, hint: Any, fetch: Fetch) -> DType:
    if raw not in dtypes.BY_NAME:
        raise Mismatch(f"there is no dtype {brief(raw)}", suggestion(raw, dtypes.BY_NAME)
                       or f"use one of {', '.join(dtypes.BY_NAME)}")
    return dtypes.BY_NAME[raw]


def _decode_shape(raw: Any, hint: Any, fetch: Fetch) -> Shape:
    """null, a list of sizes and nulls, or one number for one axis."""
    if raw is None:
        return Shape(None)
    sizes = raw if isinstance(raw, list) else [raw]
    for size in sizes:
        if size is not None and not (_is_int(size) and 0 <= size <= INT64[1]):
            raise Mismatch(f"{brief(size)} is no size of an axis", "write whole numbers from 0, or null where unknown")
    return Shape(sizes)


def _item_hints(hint: Any, count: int) -> tuple[Any, ...]:
    """The type of each item of a list declared as `hint`."""
    for member in union_members(hint):
        arguments = typing.get_args(member)
        if typing.get_origin(member) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
            return arguments[:1] * count
        if typing.get_origin(member) is tuple and len(arguments) == count:
            return arguments
        if typing.get_origin(member) is list:
            return arguments * count
    return (Any,) * count


def _decode_list(raw: Any, hint: Any, fetch: Fetch) -> tuple[Any, ...]:
    """A list, or one number where a list of numbers may stand."""
    items = raw if isinstance(raw, list) else [raw]
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is tuple and Ellipsis not in arguments and len(arguments) != len(items):
        raise Mismatch(f"the list has {len(items)} items instead of {len(arguments)}", "write as many as needed")
    return tuple(decode(v, h, fetch) for v, h in zip(items, _item_hints(hint, len(items)), strict=True))


def _decode_array(raw: dict[str, Any], hint: Any, fetch: Fetch) -> ArrayValue:
    keys = set(raw)
    if keys not in ({"dtype", "shape", "values"}, {"dtype", "shape", "array"}):
        raise Mismatch(f"an array is written with dtype, shape and values (or array), not with {brief(raw)}",
                       'write {"dtype": "float32", "shape": [2], "values": [1.0, 2.0]}')
    if not isinstance(raw["dtype"], str):
        raise Mismatch(f"the array's dtype is {brief(raw['dtype'])}", f"use one of {', '.join(dtypes.BY_NAME)}")
    dtype = _decode_dtype(raw["dtype"], DType, fetch)
    shape = _known_shape(raw["shape"])
    if "array" in raw:
        if not isinstance(raw["array"], str):
            raise Mismatch(f"the array's name is {brief(raw['array'])}", "write the name as a string")
        return ArrayValue(fetch(raw["array"], dtype, shape))
    values, count = raw["values"], math.prod(shape)
    if not isinstance(values, list):
        raise Mismatch(f"the array's values are {brief(values)}", "write a flat list, in row-major order")
    if len(values) != count:
        raise Mismatch(f"shape {list(shape)} has {brief(count)} elements, but {len(values)} values are given",
                       "make shape and values agree")
    elements = _elements(values, dtype)
    try:
        return ArrayValue(elements.reshape(shape))
    except ValueError as error:             # more axes, or larger sizes beside a 0, than numpy takes
        raise Mismatch(f"no array can have the shape {brief(shape)}: {error}", "use another shape") from None


def _known_shape(raw: Any) -> tuple[int, ...]:
    if not isinstance(raw, list) or not all(_is_int(s) and 0 <= s <= INT64[1] for s in raw):
        raise Mismatch("the array's shape is no list of sizes", "write a list of whole numbers from 0")
    return tuple(raw)


def _elements(values: list[Any], dtype: DType) -> np.ndarray[Any, Any]:
    """Elements as an array, each of the dtype's kind and inside its range."""
    kinds = "true or false" if dtype.is_bool else "whole numbers" if dtype.is_integer else "numbers"
    allowed: tuple[type, ...] = (bool,) if dtype.is_bool else (int,) if dtype.is_integer else (int, float)
    for k, v in enumerate(values):
        if type(v) not in allowed and not (dtype.is_floating and isinstance(v, str) and v in NON_FINITE):
            raise Mismatch(f"value {k} of the {dtype.name} array is {brief(v)}", f"write {kinds}")
        low, high = (dtype.min, dtype.max) if dtype.is_integer else INT64
        if _is_int(v) and not low <= v <= high:
            raise Mismatch(f"value {k}, {brief(v)}, does not fit into {dtype.name}", "use a wider dtype")
    with np.errstate(over="ignore"):
        array = np.array([NON_FINITE[v] if isinstance(v, str) else v for v in values]).astype(dtype.numpy)
    for k, v in enumerate(values) if dtype.is_floating and not np.isfinite(array).all() else ():
        if not isinstance(v, str) and not np.isfinite(array[k]):
            raise Mismatch(f"value {k}, {brief(v)}, does not fit into {dtype.name}", "use a wider dtype")
    return array
