"""Printing what tensors hold, also those of a graph: when it runs."""
from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..ir.eager import EagerTensor
from ..ir.graph import is_drawing
from ..ir.node import Tensor
from .calls import numpy_function
from .structure import flatten
from .variables import Variable

FILE = "file://"                            # before a path


def print_(
    *inputs: Any, output_stream: Any = None, summarize: int = 3, sep: str = " ", end: str = "\n",
    name: str | None = None,
) -> Any:
    """Print values: at once, or each time that the graph runs.

    Parameters
    ----------
    inputs : texts, numbers, tensors, and structures of them
    output_stream : file to write to, or "file://PATH" of one that is written on at its end; the standard error output
        if None, as in TensorFlow
    summarize : elements to show at both ends of each axis; -1 for all
    sep, end : between the values, and after them

    Returns
    -------
    Where a graph is drawn the operation: in a `function` it runs by itself, for a session it is fetched or made a
    control dependency. In a loop or branch it prints in each step, and Python takes the steps then.
    """
    structures = [flatten(x) for x in inputs]
    leaves = [x for _, found in structures for x in found]
    places = [k for k, x in enumerate(leaves) if isinstance(x, (Tensor, EagerTensor, Variable))]

    def show(*arrays: Any) -> None:
        known = dict(zip(places, arrays, strict=True))
        shown = iter([_Shown(_text(known[k], summarize)) if k in known else x for k, x in enumerate(leaves)])
        texts = [str(s.fill([next(shown) for _ in found])) for s, found in structures]
        with _opened(output_stream) as stream:
            print(*texts, sep=sep, end=end, file=stream)

    if not is_drawing() and not any(isinstance(leaves[k], Tensor) for k in places):
        show(*(np.asarray(leaves[k]) for k in places))
        return None
    return numpy_function(show, [leaves[k] for k in places], [], name=name or "print")


def _opened(stream: Any) -> AbstractContextManager[Any]:
    """A file for the ``with`` block: opened, if it is given by its path, and closed after it."""
    if isinstance(stream, str):
        if not stream.startswith(FILE):
            raise InvalidArgumentError(f"output_stream is {stream!r}", op="print", fix=f'"{FILE}PATH", or a file')
        return open(stream.removeprefix(FILE), "a", encoding="utf-8")
    return nullcontext(sys.stderr if stream is None else stream)


class _Shown:
    """A text that stands in a list without quotation marks."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _text(array: Any, summarize: int) -> str:
    array = np.asarray(array)
    every = summarize < 0 or array.size <= 2 * summarize
    with np.printoptions(edgeitems=max(summarize, 1), threshold=sys.maxsize if every else 0):
        return np.array2string(array, separator=" ", formatter={
            "float_kind": _number, "int_kind": str, "bool": lambda x: str(int(x)),
        })


def _number(x: Any) -> str:
    """A number as TensorFlow prints it: in the digits that every number of its type keeps, in more if it needs them."""
    digits = np.finfo(x.dtype).precision
    short = f"{x:.{digits}g}"
    return short if x.dtype.type(short) == x or x != x else f"{x:.{digits + 3 if digits < 10 else digits + 2}g}"
