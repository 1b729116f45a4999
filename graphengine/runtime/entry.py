"""Functions of machine code that run small programs: Python calls them as it calls numpy's (`codegen.kernels.entry`).

They read arrays where numpy keeps them, so they exist only where a look at some arrays shows that these are what they
seem to be; elsewhere everything goes the way through `ctypes`.
"""
from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache, partial
from operator import getitem
from typing import TYPE_CHECKING, Any

import numpy as np

from ..codegen.kernels.entry import (
    ALONE,
    NDARRAY_DATA,
    NDARRAY_DTYPE,
    NDARRAY_FLAGS,
    NDARRAY_RANK,
    NDARRAY_SIZES,
    OBJECT_TYPE,
    SCALAR_DATA,
    Block,
    Table,
)
from ..config import interpreting
from .layout import RUNNER, Layout
from .outline import address_of

if TYPE_CHECKING:
    from .compiler import Compiler
    from .executable import Executable

Array = np.ndarray[Any, Any]

HELD_NS = 5e4                               # work from here on lets others have Python's lock
_FASTCALL_WITH_NAMES = 0x82                 # METH_FASTCALL | METH_KEYWORDS
_SCALARS = (np.float32, np.float64, np.int32, np.int64)
_FUNCTIONS = {
    Block.VECTORCALL: "PyObject_Vectorcall", Block.CALL: "PyObject_CallNoArgs", Block.TUPLE: "PyTuple_New",
    Block.SET: "PyTuple_SetItem", Block.GET: "PyTuple_GetItem", Block.RELEASE: "Py_DecRef",
}


class _Method(ctypes.Structure):
    """Python's PyMethodDef."""

    _fields_ = (("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int),
                ("doc", ctypes.c_char_p))


class _Own(np.ndarray[Any, Any]):
    """What a function has as its own: the numbers of `Block`, and what these are addresses of."""

    slow: Any
    gate: Any
    running: Any
    opened: Any


def new_function(
    compiler: Compiler, feeds: int, results: int, slow: Callable[..., Any], gate: Array, running: Array,
    prepare: bool = False,
) -> Callable[..., Any] | None:
    """A function that calls `slow` until `open_for` is told of a layout; None where there is none, or not yet.

    Parameters
    ----------
    feeds : number of arguments
    results : how many results a tuple of them has; ALONE for one result without a tuple
    slow : called with the same arguments wherever something is not as the layout takes it
    gate : one number; when it changes, the layout is not used any more
    running : one number; while it is not 0, something else runs on the same variables, and `slow` waits for it
    prepare : whether to compile the machine code in the background if there is none
    """
    address = compiler.entry(prepare) if _is_possible() else None
    if address is None:
        return None
    own = np.zeros(len(Block), np.int64).view(_Own)
    own.slow, own.gate, own.running = slow, gate, running
    own[Block.FEEDS], own[Block.RESULTS], own[Block.SLOW] = feeds, results, id(slow)
    own[Block.GATE], own[Block.FORCED] = address_of(gate), address_of(interpreting)
    own[Block.RUNNING], own[Block.NDARRAY] = address_of(running), id(np.ndarray)
    for place, function in _functions().items():
        own[place] = function
    new: Any = ctypes.pythonapi.PyCFunction_NewEx
    new.restype, new.argtypes = ctypes.py_object, [ctypes.POINTER(_Method), ctypes.py_object, ctypes.c_void_p]
    return new(_method(address), own, None)  # type: ignore[no-any-return]


def open_for(function: Any, executable: Executable, layout: Layout) -> None:
    """Let a function run a layout by itself, if it is small; else it calls `slow` from now on."""
    own = function.__self__
    own[Block.TABLE] = 0
    if not layout.is_small or layout.work_ns > HELD_NS:
        return
    is_alone = own[Block.RESULTS] == ALONE
    opened = layout.entries_of.get(is_alone)
    if opened is None:
        opened = layout.entries_of[is_alone] = _Opened(executable, layout, is_alone)
    own.opened = opened
    own[Block.OPENED] = own.gate[0]
    own[Block.TABLE] = address_of(opened.table)


class _Opened:
    """The table of a layout, and what keeps alive what stands in it.

    A result that is alone is given as Session.run gives it, with a scalar for no axes; those in a tuple are arrays.
    """

    def __init__(self, executable: Executable, layout: Layout, is_alone: bool) -> None:
        self.layout = layout
        self.failed = partial(_fail, executable, layout, self)
        self.makers: list[Any] = []
        numbers = [executable.code[RUNNER], layout.control_address, address_of(layout.arena.busy), id(self.failed), 0]
        for stage in layout.staging:
            scalars = id(stage.dtype.type) if not stage.ndim and stage.dtype.type in _SCALARS else 0
            numbers += [scalars, id(stage.dtype), stage.ndim, stage.nbytes, address_of(stage), 0, *stage.shape]
        for own in layout.results:
            is_scalar = is_alone and not own.ndim
            maker = partial(getitem, own, ()) if is_scalar else partial(np.empty, own.shape, own.dtype)
            self.makers.append(maker)
            numbers += [id(maker), 0 if is_scalar else own.nbytes, address_of(own)]
        if is_alone and not layout.results:
            numbers += [id(type(None)), 0, 0]
        self.table = np.array(numbers, np.int64)


def _fail(executable: Executable, layout: Layout, opened: _Opened) -> None:
    raise executable.failure(layout, int(opened.table[Table.CODE]))


# -------------------------------------------------------------------- Python and numpy

@cache
def _method(address: int) -> _Method:
    return _Method(b"call", address, _FASTCALL_WITH_NAMES, b"Run a compiled program.")


@cache
def _functions() -> dict[Block, int]:
    """The addresses of functions of Python's stable interface."""
    found = {place: getattr(ctypes.pythonapi, name) for place, name in _FUNCTIONS.items()}
    return {place: ctypes.cast(function, ctypes.c_void_p).value or 0 for place, function in found.items()}


@cache
def _is_possible() -> bool:
    """Whether arrays and scalars lie in memory as the entry expects them to, and one lock keeps others out."""
    if sys.implementation.name != "cpython" or sys.maxsize < 2**32 or sys.byteorder != "little":
        return False
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False
    arrays: list[Array] = [np.ones((2, 3), np.float32), np.ones((3, 1, 2), np.int8)[:, :, :1], np.ones(())]
    return all(_lies_as_expected(a) for a in arrays) and all(_scalar_lies_as_expected(kind(7)) for kind in _SCALARS)


def _lies_as_expected(array: Array) -> bool:
    words = (ctypes.c_int64 * (NDARRAY_FLAGS + 1)).from_address(id(array))
    if words[OBJECT_TYPE] != id(np.ndarray) or words[NDARRAY_DATA] != array.ctypes.data:
        return False
    if words[NDARRAY_RANK] & 0xFFFFFFFF != array.ndim or words[NDARRAY_DTYPE] != id(array.dtype):
        return False
    sizes = (ctypes.c_int64 * array.ndim).from_address(words[NDARRAY_SIZES]) if array.ndim else ()
    return tuple(sizes) == array.shape and words[NDARRAY_FLAGS] & 0xFFFFFFFF == array.flags.num


def _scalar_lies_as_expected(scalar: Any) -> bool:
    words = (ctypes.c_int64 * (SCALAR_DATA + 1)).from_address(id(scalar))
    return words[OBJECT_TYPE] == id(type(scalar)) and bytes(words)[8 * SCALAR_DATA:].startswith(scalar.tobytes())
