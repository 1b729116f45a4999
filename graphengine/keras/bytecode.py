"""Functions without a name as Python bytecode, in Keras's form, and back again where the program trusts the file.

Bytecode may do anything, and fits one version of Python only: nothing of it is read unless `is_trusted`.
"""
from __future__ import annotations

import base64
import binascii
import dis
import marshal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import CellType, CodeType, FunctionType
from typing import Any

import numpy as np

from ..errors import FileFormatError, InvalidArgumentError

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
ENTRIES = ("RESUME", "COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR")     # what a function's code begins with

_trusted: ContextVar[bool] = ContextVar("graphengine_trusted_code", default=False)
_always = False


@contextmanager
def trusting(is_trusted: bool) -> Iterator[None]:
    """A ``with`` block in which configurations may hold bytecode."""
    token = _trusted.set(_trusted.get() or is_trusted)
    try:
        yield
    finally:
        _trusted.reset(token)


def trust_always() -> None:
    """Let configurations hold bytecode from now on."""
    global _always
    _always = True


def is_trusted() -> bool:
    """Whether bytecode of a configuration is run."""
    return _always or _trusted.get()


def written(function: FunctionType) -> dict[str, Any]:
    """A function as plain data: its code, the values of its last arguments, and what it uses of functions around it.

    Raises
    ------
    InvalidArgumentError if it uses something that is no number, text, or list of such.
    """
    cells = function.__closure__
    closure = None if not cells else [_plain(c.cell_contents, function) for c in cells]
    defaults = None if function.__defaults__ is None else [_plain(v, function) for v in function.__defaults__]
    code = base64.encodebytes(marshal.dumps(function.__code__)).decode("ascii")
    return {"code": code, "defaults": defaults, "closure": closure, "python": VERSION}


def _plain(value: Any, function: FunctionType) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [_plain(v, function) for v in value]
    if not isinstance(value, (bool, int, float, str, type(None))):
        raise InvalidArgumentError(
            f"{function.__qualname__} uses {type(value).__name__}, which is no plain data", op="serialize_keras_object",
            fix="write a Layer, or a named function with register_keras_serializable()",
        )
    return value


def read(config: Any, names: Mapping[str, Any]) -> FunctionType:
    """The function in a configuration.

    Parameters
    ----------
    config : what `written` gives, as Keras writes it too: a dict, or its code, defaults and closure in a list
    names : what its code may call by name, beside Python's own functions, `np` and `numpy`

    Raises
    ------
    FileFormatError unless it is trusted, or if it is damaged or of another version of Python.
    """
    if not is_trusted():
        raise FileFormatError(
            "the configuration holds a function as Python code, which could do anything", op="deserialize_keras_object",
            fix="pass safe_mode=False if you trust where the file comes from; or give the function a name with "
                "register_keras_serializable() where the model is made, and save again",
        )
    parts = config if isinstance(config, Mapping) else {"value": config}
    if isinstance(parts.get("value"), list):
        parts = {**parts, **dict(zip(("code", "defaults", "closure"), parts["value"], strict=False))}
    made_by = parts.get("python", VERSION)
    if made_by != VERSION:
        raise _unfit(f"it was written by Python {made_by}")
    try:
        code = marshal.loads(base64.b64decode(parts["code"]))
    except (KeyError, TypeError, ValueError, EOFError, binascii.Error) as error:
        raise _unfit(str(error)) from error
    if not isinstance(code, CodeType) or next(dis.get_instructions(code)).opname not in ENTRIES:
        raise _unfit("it does not begin as a function does")
    cells = tuple(map(CellType, parts.get("closure") or ()))
    if len(cells) != len(code.co_freevars):
        raise _unfit(f"it uses {len(code.co_freevars)} values around it, and has {len(cells)}")
    defaults = parts.get("defaults")
    known = {"np": np, "numpy": np, "__builtins__": __builtins__, **names}
    return FunctionType(code, known, code.co_name, None if defaults is None else tuple(defaults), cells)


def _unfit(reason: str) -> FileFormatError:
    return FileFormatError(
        f"the function in the configuration is no code of Python {VERSION}: {reason}", op="deserialize_keras_object",
        fix="load it with the version of Python that wrote it, or give the function a name and save again",
    )
