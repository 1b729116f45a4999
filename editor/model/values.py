"""Attribute values between the form they have in files (JSON) and the text a person reads and types.

`written` shows a value, `read` takes one from text and says in a sentence what is wrong with it. No Qt, no document.
"""
from __future__ import annotations

import ast
import base64
import binascii
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphengine import as_dtype
from graphengine.tools.drawn.files import store

from .catalog import REQUIRED, Field
from .items import Card
from .plain import DEEPEST, is_flat

Array = np.ndarray[Any, Any]
INLINE = 1024                       # elements that an attribute holds itself; larger arrays are the document's
TOO_DEEP = f"it is nested too deeply; {DEEPEST} levels are taken"
SHORT = 8                           # elements of an array that are written out where there is one line
EXAMPLE = Field("value", "what it is run with while nothing feeds it", "array")     # of a placeholder
LONGEST = 200_000                   # characters of a text that is read
NON_FINITE = ("nan", "inf", "-inf")


def stored(array: Array, arrays: dict[str, Array]) -> dict[str, Any]:
    """An array as an attribute's value; a large one is put among `arrays`, the document's."""
    if array.size <= INLINE:
        return array_form(array)
    return {"dtype": as_dtype(array.dtype).name, "shape": list(array.shape), "array": store(array, arrays)}


def value_of(card: Card, field: Field) -> Any:
    """What a card has in a field: its own value or the default; REQUIRED if there is neither."""
    if field is EXAMPLE:
        return card.example
    return card.attributes.get(field.name, field.default)


# -------------------------------------------------------------------- value -> text

def written(value: Any, form: str) -> str:
    """A value on one line: ``(?, 784)``, ``0.001``, ``float32``, ``[1, 2, 3]``; of a large array dtype and shape."""
    if value is REQUIRED:
        return ""
    if form == "shape":
        return shape_text(value)
    if value is None:
        return "None"
    if is_array(value):
        return _array_text(value)
    if form == "sizes":
        return str(value) if isinstance(value, int) else sizes_text(value)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, (bool, int, str)):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def number_text(value: float) -> str:
    """A float with the fewest digits that give it back: ``0.001``, ``1e-07``, ``2.0``."""
    return repr(float(value)).replace("e-0", "e-").replace("e+", "e")


def shape_text(sizes: Any) -> str:
    """``(?, 784)``; ``?`` if the rank is unknown."""
    return "?" if sizes is None else sizes_text(sizes)


def sizes_text(sizes: Any) -> str:
    """``(3, 3)``, ``(128,)``, ``()``, with ``?`` for None."""
    inside = ", ".join("?" if s is None else str(s) for s in sizes)
    return f"({inside},)" if len(sizes) == 1 else f"({inside})"


def _array_text(value: Mapping[str, Any]) -> str:
    values = value.get("values")
    if values is None or len(values) > SHORT:
        return f"{value['dtype']} {sizes_text(value['shape'])}"
    narrow = {"float32": np.float32, "float16": np.float16}.get(value["dtype"])
    if narrow is not None:                      # with the digits that it has itself
        values = [float(str(narrow(v))) if isinstance(v, float) else v for v in values]
    return _nested_text(values, list(value["shape"]))


def _nested_text(values: list[Any], shape: list[int]) -> str:
    if not shape:
        return _element_text(values[0])
    step = math.prod(shape[1:])
    return "[" + ", ".join(_nested_text(values[k * step:(k + 1) * step], shape[1:]) for k in range(shape[0])) + "]"


def _element_text(element: Any) -> str:
    return number_text(element) if isinstance(element, float) else json.dumps(element) if isinstance(
        element, bool) else str(element)


# -------------------------------------------------------------------- text -> value

def read(text: str, field: Field) -> Any:
    """The value a text stands for in a field.

    Raises
    ------
    ValueError with a sentence if it stands for none, or for one outside the field's limits.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise ValueError(f"the text has {len(text)} characters; at most {LONGEST} are read")
    if field.optional and text in ("None", "none", "") and not (field.form == "text" and text == "none"):
        return None
    reader = _READERS.get(field.form)
    return reader(text, field) if reader else text


def _read_bool(text: str, field: Field) -> bool:
    if text.lower() in ("true", "yes", "1", "on"):
        return True
    if text.lower() in ("false", "no", "0", "off"):
        return False
    raise ValueError(f"{_brief(text)} is neither true nor false")


def _read_int(text: str, field: Field) -> int:
    try:
        value = int(text.replace("_", ""))
    except ValueError:
        raise ValueError(f"{_brief(text)} is not a whole number") from None
    return int(_within(value, field))


def _read_float(text: str, field: Field) -> float | str:
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        raise ValueError(f"{_brief(text)} is not a number") from None
    _within(value, field)
    return value if math.isfinite(value) else "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _within(value: float, field: Field) -> float:
    if field.low is not None and field.high is not None and not field.low <= value <= field.high:
        raise ValueError(f"{value} is outside {interval_text(field)}")
    if field.low is not None and value < field.low:
        raise ValueError(f"{value} is less than {field.low:g}")
    if field.high is not None and value > field.high:
        raise ValueError(f"{value} is more than {field.high:g}")
    return value


def interval_text(field: Field) -> str:
    """``0 to 1``, ``at least 1``, ``at most 8``; empty without limits."""
    low = None if field.low is None else f"{field.low:g}"
    high = None if field.high is None else f"{field.high:g}"
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if low is not None else f"at most {high}" if high is not None else ""


def _read_choice(text: str, field: Field) -> Any:
    for choice in field.choices:
        if text == str(choice):
            return choice
    raise ValueError(f"{_brief(text)} is none of {', '.join(map(str, field.choices))}")


def _read_dtype(text: str, field: Field) -> str:
    try:
        return str(as_dtype(text).name)
    except (TypeError, ValueError):
        raise ValueError(f"there is no dtype {_brief(text)}") from None


def _read_shape(text: str, field: Field) -> list[int | None] | None:
    if text in ("?", "None"):
        return None
    return [None if size == -1 else size for size in _numbers_of(text, unknown=True)]


def _read_sizes(text: str, field: Field) -> int | list[int]:
    sizes = _numbers_of(text, unknown=False)
    is_number = len(sizes) == 1 and not any(sign in text for sign in "()[],")
    return int(sizes[0] or 0) if is_number else [int(s or 0) for s in sizes]


def _numbers_of(text: str, unknown: bool) -> list[int | None]:
    inside = text.strip("()[] ").rstrip(",").strip()
    sizes: list[int | None] = []
    for part in re.split(r"\s*[,x×]\s*|\s+", inside) if inside else []:
        if unknown and part in ("?", "None", "none"):
            sizes.append(None)
        elif re.fullmatch(r"[+-]?\d{1,18}", part):
            sizes.append(int(part))
        else:
            example = "(?, 784)" if unknown else "(3, 3)"
            raise ValueError(f"{_brief(part)} is not a size; sizes are written as {example}")
    if unknown and any(size is not None and size < -1 for size in sizes):
        raise ValueError("a size is negative; an unknown size is written ?")
    return sizes


def _read_array(text: str, field: Field) -> dict[str, Any]:
    return read_array(text)


def _read_json(text: str, field: Field) -> Any:
    try:
        value = json.loads(text, parse_constant=lambda name: {"NaN": "nan", "Infinity": "inf"}.get(name, "-inf"))
    except json.JSONDecodeError as error:
        value = _literal(text)
        if value is None:
            raise ValueError(f"it is not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    if not is_flat(value):
        raise ValueError(TOO_DEEP)
    return value


def _literal(text: str) -> Any:
    """A value written as Python does, (3, 3) or 'same'; a word stands for itself; None if it is neither."""
    if re.fullmatch(r"[A-Za-z_][\w.]*", text):
        return {"True": True, "False": False}.get(text, text)
    try:
        return json.loads(json.dumps(ast.literal_eval(text)))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


_READERS = {
    "bool": _read_bool, "int": _read_int, "float": _read_float, "choice": _read_choice, "dtype": _read_dtype,
    "shape": _read_shape, "sizes": _read_sizes, "array": _read_array, "json": _read_json,
}


# -------------------------------------------------------------------- arrays

def is_array(value: Any) -> bool:
    """Whether a value has the form of an array: dtype, shape, and as many values as it says, or a name."""
    if not isinstance(value, Mapping) or not isinstance(value.get("dtype"), str):
        return False
    shape, values = value.get("shape"), value.get("values")
    if not isinstance(shape, (list, tuple)) or not all(type(size) is int and size >= 0 for size in shape):
        return False
    if isinstance(value.get("array"), str):
        return True
    return isinstance(values, (list, tuple)) and len(values) == math.prod(shape) and not any(
        isinstance(v, (Mapping, list, tuple)) for v in values)


def array_of(value: Mapping[str, Any], arrays: Mapping[str, Array]) -> Array | None:
    """The numbers of an array's form; None if it names one that is not in `arrays`."""
    if "array" in value:
        return arrays.get(value["array"])
    elements = [float(v) if v in NON_FINITE else v for v in value["values"]]
    return np.array(elements, dtype=as_dtype(value["dtype"]).numpy).reshape(value["shape"])


def array_form(array: Array) -> dict[str, Any]:
    """A small array as an attribute holds it.

    Raises
    ------
    ValueError if it has too many elements to be held so.
    """
    if array.size > INLINE:
        raise ValueError(f"it has {array.size} elements; at most {INLINE} can be typed, more come from a file")
    dtype = as_dtype(array.dtype)
    values = [_element(v) for v in array.reshape(-1).tolist()]
    return {"dtype": dtype.name, "shape": list(array.shape), "values": values}


def _element(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def read_array(text: str, dtype: str | None = None) -> dict[str, Any]:
    """An array from ``2.5`` or ``[[1, 2], [3, 4]]``; whole numbers are int32 and others float32 if `dtype` is None.

    Raises
    ------
    ValueError with a sentence if rows differ in length, or something is not a number of that dtype.
    """
    quoted = re.sub(r"-?\b(nan|inf)(inity)?\b", lambda m: json.dumps(m[0].lower().replace("inity", "")), text.strip(),
                    flags=re.IGNORECASE)
    plain = re.sub(r",\s*([\])])", r"\1", quoted).replace("(", "[").replace(")", "]")
    plain = re.sub(r"(?<![\d.])\.(\d)", r"0.\1", re.sub(r"(\d)\.(?!\d)", r"\1.0", plain))
    plain = plain.replace("True", "true").replace("False", "false")
    try:
        nested = json.loads(plain)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError("it is not an array; numbers are written as 2.5 or [[1, 2], [3, 4]]") from None
    return array_form(_array(nested, dtype))


def _array(nested: Any, dtype: str | None) -> Array:
    try:
        array = np.array(_with_floats(nested))
    except ValueError:
        raise ValueError("its rows differ in length") from None
    if array.dtype.kind not in "bif":
        raise ValueError("it holds something that is not a number")
    wanted = as_dtype(dtype or {"b": "bool", "i": "int32", "f": "float32"}[array.dtype.kind])
    if not wanted.is_floating and array.dtype.kind == "f" and array.size:
        raise ValueError(f"it holds fractions, and its dtype is {wanted.name}")
    with np.errstate(over="ignore"):
        made = array.astype(wanted.numpy)
    if array.dtype.kind == "i" and wanted.is_integer and not np.array_equal(made.astype(array.dtype), array):
        raise ValueError(f"it holds a number outside {wanted.name}")
    return made


def _with_floats(nested: Any) -> Any:
    if isinstance(nested, list):
        return [_with_floats(v) for v in nested]
    return float(nested) if isinstance(nested, str) and nested in NON_FINITE else nested


def _brief(text: str) -> str:
    return repr(text if len(text) <= 24 else text[:21] + "...")


# -------------------------------------------------------------------- large arrays

def array_text(array: Array) -> dict[str, Any]:
    """An array as JSON: {"dtype", "shape", "base64"}, little-endian and in row-major order."""
    little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    return {"dtype": as_dtype(array.dtype).name, "shape": list(array.shape),
            "base64": base64.b64encode(little.tobytes()).decode("ascii")}


def arrays_named(value: Any) -> Iterable[str]:
    """Names of large arrays that an attribute's value mentions."""
    if isinstance(value, Mapping):
        if {"dtype", "shape", "array"} == value.keys() and isinstance(value["array"], str):
            yield value["array"]
            return
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from arrays_named(inner)


def array_from_text(raw: Any) -> Array | None:
    """The array that text describes, None if it is broken."""
    if not isinstance(raw, dict) or not isinstance(raw.get("base64"), str):
        return None
    shape = raw.get("shape")
    if not isinstance(shape, list) or len(shape) > 32 or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
        return None
    try:
        dtype = as_dtype(str(raw.get("dtype")))
        data = base64.b64decode(raw["base64"], validate=True)
        little = dtype.numpy.newbyteorder("<")
        array = np.frombuffer(data, little).reshape(shape).astype(dtype.numpy)
    except (binascii.Error, ValueError, TypeError):
        return None
    return None if dtype.numpy.hasobject else array
