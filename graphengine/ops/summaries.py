"""Summaries of tensors as the messages, in protocol buffers, that TensorBoard reads; and the op that makes one.

Messages behind each other are one message that holds what all of them do.
"""
from __future__ import annotations

import struct
from typing import Any

import numpy as np

from ..dtypes import DType, uint8
from ..errors import ShapeError
from ..ir.dims import Shape
from .kinds import REQUIRED, Array, Dynamic, NoGradient, Numeric, attr, port
from .registry import op
from .samples import integers, normal, sample

NUMBER, DOUBLE, BYTES, FLOAT = 0, 1, 2, 5   # how a field of a message is written
TYPES = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "int64": 9, "bool": 10,
         "bfloat16": 14, "uint16": 17, "float16": 19, "uint32": 22, "uint64": 23}


def field(number: int, kind: int, value: Any) -> bytes:
    """A field of a message."""
    head = _varint(number << 3 | kind)
    if kind == BYTES:
        return head + _varint(len(value)) + bytes(value)
    return head + (_varint(value) if kind == NUMBER else struct.pack("<d" if kind == DOUBLE else "<f", value))


def _varint(value: int) -> bytes:
    """A whole number, seven bits a byte, the lowest first; one below 0 as its 64 bits."""
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def summary(tag: str, content: bytes) -> bytes:
    """Content under a name."""
    return field(1, BYTES, field(1, BYTES, tag.encode()) + content)


def scalar(tag: str, value: float) -> bytes:
    """A number."""
    with np.errstate(over="ignore"):                # what float32 cannot hold is infinity there
        return summary(tag, field(2, FLOAT, np.float32(value)))


def histogram(tag: str, values: Any, buckets: int = 30) -> bytes:
    """How often which finite values occur in an array: NaN and infinities are in none of the buckets."""
    x = np.asarray(values, np.float64).reshape(-1)
    x = x[np.isfinite(x)]
    counts, edges = np.histogram(x, buckets)
    ends = (x.min(), x.max()) if x.size else (0.0, 0.0)
    numbers = (*ends, float(x.size), float(x.sum()), float(np.square(x).sum()))
    message = b"".join(field(k, DOUBLE, v) for k, v in enumerate(numbers, 1))
    message += field(6, BYTES, edges[1:].astype("<f8").tobytes())
    message += field(7, BYTES, counts.astype("<f8").tobytes())
    return summary(tag, field(5, BYTES, message))


def tensor(tag: str, value: Any, metadata: bytes = b"") -> bytes:
    """All elements of an array, with its shape; and the message that says who shows them."""
    x = np.asarray(value)
    sizes = b"".join(field(2, BYTES, field(1, NUMBER, size)) for size in x.shape)
    message = field(1, NUMBER, TYPES[x.dtype.name]) + field(2, BYTES, sizes) + field(4, BYTES, x.tobytes())
    return summary(tag, (field(9, BYTES, metadata) if metadata else b"") + field(8, BYTES, message))


CONTENTS = {"scalar": scalar, "histogram": histogram, "tensor": tensor}


@op
class SummaryMessage(Dynamic):
    """The message that holds a tensor, or what describes it, under a name.

    Raises
    ------
    ShapeError if there are several elements in a scalar.

    Shapes
    ------
    x : any; one element in a scalar
    y : (bytes,), known when it has run
    """

    category = "Control"
    internal = True
    has_parts = False
    in_own_type = True
    inputs = (port("x", Numeric, "what it holds"),)
    tag: str = attr(REQUIRED, "name in TensorBoard")
    content: str = attr("scalar", "what is told of the tensor", choices=tuple(CONTENTS))
    gradient = NoGradient("bytes are no smooth function of numbers")

    def result_dtype(self, *types: DType) -> DType:
        return uint8

    def result_shape(self, x: Shape) -> Shape:
        if self.content == "scalar" and any(isinstance(s, int) and s != 1 for s in x):
            raise ShapeError(f"x has shape {x}; a scalar has one element", fix="reduce_mean(x), or a histogram")
        return Shape((None,))

    def reference(self, x: Array) -> Array:
        value = x.reshape(())[()] if self.content == "scalar" else x
        message = CONTENTS[self.content](self.tag, value)  # type: ignore[operator]
        return np.frombuffer(message, np.uint8)

    samples = (sample(normal(1), tag="loss"), sample(normal(), tag="a/b"), sample(normal(9), tag="w",
               content="histogram"), sample(normal(0), tag="w", content="histogram"),
               sample(integers(0, 9, 2, 3), tag="t", content="tensor"), sample(normal(0, 2), tag="t", content="tensor"))
