"""Windows that move over the spatial axes of a tensor: attribute forms, sizes and padding, shared by convolution and
pooling.

Axes are those of TensorFlow: batch, space (1 to 3 axes), channels, or with channels before space for formats that
begin with NC. Inside the engine all have three spatial axes and channels last; missing ones are put in front with size
1.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import AttributeValueError, ShapeError
from ..ir.dims import Shape, merge
from ..values import dataclass
from .indexing import at_most
from .language import L
from .rules import as_int

FORMATS: dict[int, tuple[str, ...]] = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}
ANY_FORMAT = (None, *FORMATS[1], *FORMATS[2], *FORMATS[3])
SPACE = 3
Numbers = int | tuple[int, ...]
Padding = str | tuple[tuple[int, int], ...]


# -------------------------------------------------------------------- attributes

def as_numbers(value: Any) -> Numbers:
    """A number, or a list of numbers as a tuple."""
    if isinstance(value, (tuple, list)):
        return tuple(as_int(v) for v in value)
    return as_int(value)


def as_numbers_or_none(value: Any) -> Numbers | None:
    return None if value is None else as_numbers(value)


def as_padding(value: Any) -> Padding:
    """SAME, VALID, or pairs of numbers as tuples."""
    if isinstance(value, str):
        if value.upper() not in ("SAME", "VALID"):
            raise AttributeValueError(f"padding={value!r}; it takes 'SAME', 'VALID' or a list of pairs")
        return value.upper()
    try:
        pairs = tuple((as_int(before), as_int(after)) for before, after in value)
    except (TypeError, ValueError):
        raise AttributeValueError(f"padding={value!r}; it takes 'SAME', 'VALID' or a list of pairs") from None
    if any(n < 0 for pair in pairs for n in pair):
        raise AttributeValueError(f"padding={value!r}; no number of it may be negative")
    return pairs


def is_channels_first(data_format: str | None) -> bool:
    return data_format is not None and data_format.startswith("NC")


def spatial_count(shape: Shape, label: str, wanted: int | None = None) -> int:
    """Number of spatial axes of an input.

    Raises
    ------
    ShapeError if it has not 1 to 3, or not as many as the op is made for.
    """
    n = len(shape) - 2
    if (wanted is not None and n != wanted) or not 1 <= n <= SPACE:
        axes = f"{wanted + 2}" if wanted is not None else "3 to 5"
        raise ShapeError(f"{label} has shape {shape}; it has {axes} axes: batch, space and channels")
    return n


def check_format(data_format: str | None, n: int) -> None:
    if data_format is not None and data_format not in FORMATS[n]:
        raise ShapeError(f"data_format={data_format!r} does not go with {n} spatial axes; {FORMATS[n]} do")


def spatial(value: Numbers | None, n: int, data_format: str | None, label: str) -> tuple[int, ...]:
    """One number for each of n spatial axes from one for all, for each of them, or for each axis of the input.

    Raises
    ------
    ShapeError if there are as many numbers as none of these, or one for batch or channels is not 1.
    """
    if value is None:
        return (1,) * n
    if isinstance(value, int):
        return (value,) * n
    if len(value) == n + 2:
        first = 2 if is_channels_first(data_format) else 1
        if any(v != 1 for k, v in enumerate(value) if not first <= k < first + n):
            raise ShapeError(f"{label}={list(value)}; the numbers for batch and channels have to be 1")
        return value[first:first + n]
    if len(value) == 1:
        return value * n
    if len(value) != n:
        raise ShapeError(f"{label}={list(value)}; it takes 1, {n} or {n + 2} numbers")
    return value


def spatial_padding(padding: Padding, n: int, data_format: str | None) -> Padding:
    """The pairs of the spatial axes, if it is pairs for all axes."""
    if isinstance(padding, str) or len(padding) == n:
        return padding
    first = 2 if is_channels_first(data_format) else 1
    others = [p for k, p in enumerate(padding) if not first <= k < first + n]
    if len(padding) != n + 2 or any(p != (0, 0) for p in others):
        raise ShapeError(f"padding={[list(p) for p in padding]}; it takes {n + 2} pairs, [0, 0] for batch and channels")
    return padding[first:first + n]


# -------------------------------------------------------------------- sizes

@dataclass(frozen=True)
class Windows:
    """Windows over three spatial axes.

    size : extents of a window in taps, which may be size expressions
    strides, dilations : steps from window to window, and from tap to tap
    padding : SAME, VALID, or how many zeros before and after
    """

    size: tuple[Any, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    padding: Padding

    @property
    def spans(self) -> tuple[Any, ...]:
        """How many places a window covers, gaps included."""
        return tuple(None if k is None else (k - 1) * d + 1 for k, d in zip(self.size, self.dilations, strict=True))

    def results(self, space: Sequence[Any]) -> tuple[Any, ...]:
        """Number of windows along each axis.

        Raises
        ------
        ShapeError if a window is larger than the padded axis; for sizes not yet known, when they are.
        """
        return tuple(self._result(k, n, span) for k, (n, span) in enumerate(zip(space, self.spans, strict=True)))

    def _result(self, k: int, n: Any, span: Any) -> Any:
        stride = self.strides[k]
        if stride < 1 or self.dilations[k] < 1:
            raise ShapeError(f"strides {self.strides} and dilations {self.dilations} have to be at least 1")
        if n is None or (span is None and self.padding != "SAME"):
            return None
        if self.padding == "SAME":
            return (n + stride - 1) // stride
        total = n if isinstance(self.padding, str) else n + sum(self.padding[k])
        reach = total + stride
        fits = 1 // (1 + span // (1 + reach))                   # 1 where no less than 0 windows have room, else 0
        merge(fits, 1, f"a window of {span} does not fit {total} places")
        return (reach - span) // stride

    def before(self, space: Sequence[Any]) -> tuple[Any, ...]:
        """Padding before each axis: half of what the windows need, rounded down, for SAME."""
        if self.padding == "VALID":
            return (0,) * len(self.size)
        if not isinstance(self.padding, str):
            return tuple(pair[0] for pair in self.padding)
        return tuple(self._missing(n, span, s) // 2
                     for n, span, s in zip(space, self.spans, self.strides, strict=True))

    def _missing(self, n: Any, span: Any, stride: int) -> Any:
        """How many places the windows reach beyond an axis: max(reach, n) - n."""
        if stride == 1:
            return span - 1
        reach = (n + stride - 1) // stride * stride + span      # one stride more than they reach, so not negative
        return reach - at_most(reach, n + stride)

    def padded(self, space: Sequence[Any]) -> tuple[Any, ...]:
        """Sizes of axes that hold all windows."""
        if self.padding == "VALID":
            return tuple(space)
        if not isinstance(self.padding, str):
            return tuple(n + sum(pair) for n, pair in zip(space, self.padding, strict=True))
        return tuple(n + self._missing(n, span, s)
                     for n, span, s in zip(space, self.spans, self.strides, strict=True))

    def in_onnx(self, space: Sequence[Any], n: int) -> dict[str, Any]:
        """What an operator of ONNX is told of the last n axes; their SAME_UPPER where sizes are not known."""
        before, whole = self.before(space), self.padded(space)
        after = [all_ - size - first for all_, size, first in zip(whole, space, before, strict=True)]
        pads = [*before[-n:], *after[-n:]]
        found = {"kernel_shape": self.size[-n:], "strides": self.strides[-n:], "dilations": self.dilations[-n:]}
        if not all(isinstance(p, int) for p in pads):
            return {**found, "auto_pad": "SAME_UPPER"}
        return {**found, "pads": pads} if any(pads) else found

    @property
    def is_cropped(self) -> bool:
        """Whether some windows may lie in the padding altogether."""
        if isinstance(self.padding, str):
            return False
        return not all(isinstance(s, int) and max(p) < s for s, p in zip(self.spans, self.padding, strict=True))


def windows(
    size: Sequence[Any], n: int, data_format: str | None, strides: Any, dilations: Any, padding: Padding
) -> Windows:
    """Windows over n axes in their form over three."""
    check_format(data_format, n)
    front = (1,) * (SPACE - n)
    pairs = spatial_padding(padding, n, data_format)
    return Windows(
        (*front, *size), (*front, *spatial(strides, n, data_format, "strides")),
        (*front, *spatial(dilations, n, data_format, "dilations")),
        pairs if isinstance(pairs, str) else (*[(0, 0)] * (SPACE - n), *pairs),
    )


# -------------------------------------------------------------------- layouts

def space_of(shape: Shape, data_format: str | None) -> tuple[Any, ...]:
    return tuple(shape[2:]) if is_channels_first(data_format) else tuple(shape[1:-1])


def channels_of(shape: Shape, data_format: str | None) -> Any:
    return shape[1] if is_channels_first(data_format) else shape[-1]


def canonical(shape: Sequence[Any], data_format: str | None) -> tuple[Any, ...]:
    """Sizes with three spatial axes and channels last."""
    space = space_of(Shape(shape), data_format)
    return (shape[0], *[1] * (SPACE - len(space)), *space, channels_of(Shape(shape), data_format))


def user_shape(batch: Any, space: Sequence[Any], channels: Any, n: int, data_format: str | None) -> Shape:
    """Sizes as users see them, from those of three spatial axes."""
    own = tuple(space)[SPACE - n:]
    return Shape((batch, channels, *own) if is_channels_first(data_format) else (batch, *own, channels))


def to_canonical(x: Any, data_format: str | None) -> Any:
    """`x` with three spatial axes and channels last."""
    if is_channels_first(data_format):
        x = L.transpose(x, (0, *range(2, x.rank), 1))
    return L.reshape(x, canonical(x.shape, None)) if x.rank != SPACE + 2 else x


def from_canonical(y: Any, target: Shape, data_format: str | None) -> Any:
    """The transpose of `to_canonical`: `y` with the shape `target`."""
    if not is_channels_first(data_format):
        return L.reshape(y, tuple(target)) if len(target) != SPACE + 2 else y
    last = L.reshape(y, (target[0], *target[2:], target[1]))
    return L.transpose(last, (0, len(target) - 1, *range(1, len(target) - 1)))


def place(x: Any, sizes: Sequence[Any], begin: Sequence[Any], steps: Sequence[int]) -> Any:
    """Zeros of these sizes with `x` in it, along each axis from `begin` on and `steps` apart."""
    if tuple(sizes) == tuple(x.shape) and all(isinstance(b, int) and b == 0 for b in begin):
        return x
    zero = L.broadcast_to(L.cast(0, x.dtype), tuple(sizes))
    return L.place_like(x, zero, tuple(begin), tuple(steps))
