"""What each ONNX operator means in ops: a `Call` of an operator comes in, its results go out.

An op says by its `onnx` which operator it is. Those that take the same operands and attributes need no more; the others
are here, where attributes have other names, axes another order, or what ONNX takes as an input has to be known before.
Versions of the standard from 7 on are meant; where they differ, both forms are read.
"""
from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..ops import OPS
from ..ops.language import L
from ..ops.rules import normal_axis

Array = np.ndarray[Any, Any]


class NotMeant(Exception):
    """An operator asks for what no op does; the text says what."""


@dataclass(frozen=True)
class Call:
    """One use of an operator.

    x : its operands, a function that makes a tensor of the k-th
    known : the k-th operand as an array, if it is known while the graph is drawn; entries that are not are None
    count : number of operands
    given : the k-th operand is there
    attributes : as they stand in the file
    version : of the standard
    results : how many are wanted
    inside : draws a part of the model inside the node, with values for its inputs, and gives its results
    """

    x: Callable[[int], Any]
    known: Callable[[int], Array | None]
    given: Callable[[int], bool]
    count: int
    attributes: Mapping[str, Any] = field(default_factory=dict)
    version: int = 21
    results: int = 1
    inside: Callable[[Any, Sequence[Any]], list[Any]] = lambda part, given: []

    @property
    def xs(self) -> list[Any]:
        return [self.x(k) for k in range(self.count)]

    def numbers(self, k: int, what: str) -> list[int]:
        """Whole numbers that have to be known.

        Raises
        ------
        NotMeant if they are not.
        """
        found = self.known(k)
        if found is None or found.dtype == object:
            raise NotMeant(f"{what} are computed, but have to be constants")
        return [int(n) for n in found.reshape(-1)]

    def number(self, k: int, default: float) -> Any:
        """A number that has to be known; the default if it is not given."""
        if not self.given(k):
            return default
        found = self.known(k)
        if found is None or found.dtype == object or found.size != 1:
            raise NotMeant(f"operand {k} is computed, but has to be a constant")
        return found.reshape(())[()]


Translation = Callable[..., Any]
TRANSLATIONS: dict[str, Translation] = {}


def means(*names: str) -> Callable[[Translation], Translation]:
    """Decorator: operators that a function translates, from a `Call` and the attributes by name."""
    def add(translate: Translation) -> Translation:
        TRANSLATIONS.update(dict.fromkeys(names, translate))
        return translate

    return add


@functools.lru_cache(maxsize=1)
def _named_so(count: int) -> dict[str, str]:
    """Saved names of as many ops by their operators; of several the first."""
    return {cls.onnx: name for name, cls in list(OPS.items())[count - 1::-1] if cls.onnx}


def translation(operator: str) -> Translation | None:
    """The function that makes an operator's results; None if it is not known here."""
    found = TRANSLATIONS.get(operator)
    name = _named_so(len(OPS)).get(operator)
    if found is None and name is not None:
        return lambda c, **given: getattr(L, name)(*c.xs, **given)
    return found


def axes_of(c: Call, k: int, axes: Any, what: str = "axes") -> list[int] | None:
    """Axes, which are an attribute in older versions and the k-th operand in newer ones; None if not given."""
    if axes is not None:
        return list(axes)
    return c.numbers(k, what) if c.given(k) else None


def rank_of(x: Any, why: str) -> int:
    rank = x.shape.rank
    if rank is None:
        raise NotMeant(f"{why} of a tensor whose number of axes is not known")
    return int(rank)


# -------------------------------------------------------------------- arithmetic

@means("Div")
def divide(c: Call) -> Any:
    x, y = c.xs
    return L.truncatediv(x, y) if x.dtype.is_integer else x / y


@means("Sum", "Mean")
def total(c: Call) -> Any:
    return functools.reduce(lambda a, b: a + b, c.xs)


@means("Mean")
def mean(c: Call) -> Any:
    return total(c) / c.count


@means("Max")
def largest(c: Call) -> Any:
    return functools.reduce(L.maximum, c.xs)


@means("Min")
def smallest(c: Call) -> Any:
    return functools.reduce(L.minimum, c.xs)


@means("Pow")
def power(c: Call) -> Any:
    """Of the base's type; with an exponent of fractions it is computed in the larger type, and cast."""
    x, y = c.xs
    if y.dtype is x.dtype or y.dtype.is_integer:
        return L.pow(x, y if y.dtype is x.dtype else L.cast(y, x.dtype))
    if x.dtype.is_floating:
        common = as_dtype(np.result_type(x.dtype.numpy, y.dtype.numpy))
        return L.cast(L.pow(L.cast(x, common), L.cast(y, common)), x.dtype)
    found = L.pow(L.cast(x, "float64"), L.cast(y, "float64"))
    whole = L.round(found)                  # the cast would take 728.9999999999999 for 728
    return L.cast(L.where(L.abs(found - whole) <= 1e-14 * L.abs(whole), whole, found), x.dtype)


@means("Mod")
def modulo(c: Call, fmod: int = 0) -> Any:
    return L.truncatemod(*c.xs) if fmod else L.floormod(*c.xs)


@means("Clip")
def clip(c: Call, min: Any = None, max: Any = None) -> Any:
    x = c.x(0)
    kind = np.dtype(x.dtype.numpy)
    limits: Any = np.finfo(kind) if kind.kind == "f" else np.iinfo(kind)
    low, high = (c.x(k) if c.given(k) else np.asarray(given if given is not None else limit, kind)
                 for k, given, limit in ((1, min, limits.min), (2, max, limits.max)))
    return L.minimum(high, L.maximum(x, low)) if c.given(1) or c.given(2) else L.clip_by_value(x, low, high)


@means("IsInf")
def is_infinite(c: Call, detect_negative: int = 1, detect_positive: int = 1) -> Any:
    x = c.x(0)
    if detect_negative and detect_positive:
        return L.is_inf(x)
    return L.equal(x, -math.inf if detect_negative else math.inf)


@means("Cast")
def cast(c: Call, to: int, saturate: int = 1, round_mode: str = "up") -> Any:
    return L.cast(c.x(0), dtype_of(to))


@means("CastLike")
def cast_like(c: Call, saturate: int = 1, round_mode: str = "up") -> Any:
    return L.cast(c.x(0), c.x(1).dtype)


def dtype_of(number: int) -> Any:
    """The dtype that a number of the standard means."""
    from onnx.helper import tensor_dtype_to_np_dtype

    try:
        return as_dtype(tensor_dtype_to_np_dtype(number))
    except (KeyError, TypeError, ValueError) as error:
        raise NotMeant(f"the type of number {number} is none of ours") from error


# -------------------------------------------------------------------- activations

@means("LeakyRelu")
def leaky_relu(c: Call, alpha: float = 0.01) -> Any:
    return L.leaky_relu(c.x(0), alpha)


@means("Elu")
def elu(c: Call, alpha: float = 1.0) -> Any:
    x = c.x(0)
    return L.elu(x) if alpha == 1.0 else L.where(x > 0, x, alpha * L.expm1(L.minimum(x, 0)))


@means("Selu")
def selu(c: Call, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875) -> Any:
    x = c.x(0)
    return gamma * L.where(x > 0, x, alpha * L.expm1(L.minimum(x, 0)))


@means("ThresholdedRelu")
def thresholded_relu(c: Call, alpha: float = 1.0) -> Any:
    x = c.x(0)
    return L.where(x > alpha, x, 0)


@means("PRelu")
def prelu(c: Call) -> Any:
    x, slope = c.xs
    return L.where(x > 0, x, slope * x)


@means("HardSigmoid")
def hard_sigmoid(c: Call, alpha: float = 0.2, beta: float = 0.5) -> Any:
    return L.clip_by_value(alpha * c.x(0) + beta, 0.0, 1.0)


@means("Swish")
def swish(c: Call, alpha: float = 1.0) -> Any:
    x = c.x(0)
    return x * L.sigmoid(x if alpha == 1.0 else alpha * x)


@means("Gelu")
def gelu(c: Call, approximate: str = "none") -> Any:
    return L.gelu(c.x(0), approximate == "tanh")


def along(name: str) -> Translation:
    """Softmax and its logarithm: before version 13 over all axes from one on, as if they were one."""
    def translate(c: Call, axis: int | None = None) -> Any:
        x, of = c.x(0), getattr(L, name)
        if c.version >= 13:
            return of(x, -1 if axis is None else axis)
        rank = rank_of(x, "the softmax")
        first = normal_axis(1 if axis is None else axis, rank)
        if first == rank - 1:
            return of(x, -1)
        if None in x.shape[first:]:
            raise NotMeant("the softmax is over several axes whose sizes are not known")
        flat = L.reshape(x, [-1, math.prod(x.shape[first:])])
        return L.reshape_like(of(flat, -1), x)

    return translate


means("Softmax")(along("softmax"))
means("LogSoftmax")(along("log_softmax"))


@means("Dropout")
def dropout(c: Call, ratio: float = 0.5, seed: int | None = None) -> Any:
    """In inference nothing is left out."""
    if c.number(2, False):
        raise NotMeant("dropout in training")
    x = L.identity(c.x(0))
    return x if c.results == 1 else (x, L.cast(L.ones_like(x), "bool"))


# -------------------------------------------------------------------- reductions

def reduction(before: Callable[[Any], Any], name: str, after: Callable[[Any], Any]) -> Translation:
    def translate(c: Call, keepdims: int = 1, noop_with_empty_axes: int = 0, axes: Any = None) -> Any:
        chosen = axes_of(c, 1, axes)
        x = before(c.x(0))
        if not chosen and noop_with_empty_axes:
            return after(x)
        return after(getattr(L, name)(x, chosen or None, bool(keepdims)))

    return translate


def _same(x: Any) -> Any:
    return x


for _ending in ("Sum", "Mean", "Max", "Min", "Prod", "LogSumExp"):
    means(f"Reduce{_ending}")(reduction(_same, f"reduce_{_ending.lower()}", _same))
means("ReduceL1")(reduction(L.abs, "reduce_sum", _same))
means("ReduceL2")(reduction(L.square, "reduce_sum", L.sqrt))
means("ReduceSumSquare")(reduction(L.square, "reduce_sum", _same))
means("ReduceLogSum")(reduction(_same, "reduce_sum", L.log))


def extremum_place(name: str) -> Translation:
    def translate(c: Call, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Any:
        if select_last_index:
            raise NotMeant("of equal elements the last is asked for")
        x = c.x(0)
        found = getattr(L, name)(x, axis)
        return L.expand_dims(found, normal_axis(axis, rank_of(x, "the axis"))) if keepdims else found

    return translate


means("ArgMax")(extremum_place("argmax"))
means("ArgMin")(extremum_place("argmin"))


@means("TopK")
def top_k(c: Call, axis: int = -1, largest: int = 1, sorted: int = 1, k: int | None = None) -> Any:
    """The smallest are the first ones in ascending order."""
    x = c.x(0)
    last = rank_of(x, "the largest") - 1
    axis = normal_axis(axis, last + 1)
    swapped = list(range(last + 1))
    swapped[axis], swapped[-1] = last, axis
    x = x if axis == last else L.transpose(x, swapped)
    known = c.known(1) if k is None else np.asarray(k)
    count = L.reshape(c.x(1), ()) if known is None or known.dtype == object else int(known.item())
    if largest:
        found = L.top_k(x, count)
    else:
        L.top_k(x, count)                   # it checks how many there are
        places = L.argsort(x)[..., :count]
        found = L.gather(x, places, None, last, last), places
    moved = found if axis == last else [L.transpose(y, swapped) for y in found]
    return moved[0], L.cast(moved[1], "int64")


@means("DFT")
def fourier(c: Call, axis: int = 1, inverse: int = 0, onesided: int = 0) -> Any:
    """The last axis has the real and the imaginary part of each number, or the real part only."""
    x = c.x(0)
    rank = rank_of(x, "the transform")
    axis = normal_axis(int(c.number(2, -2)) if c.version >= 20 else axis, rank)
    if x.shape[-1] is None:
        raise NotMeant("the size of the last axis, whether numbers have an imaginary part, is not known")
    if axis == rank - 1 or (inverse and onesided) or x.shape[-1] not in (1, 2):
        raise NotMeant("parts of numbers are transformed, or half of a spectrum is")
    order = [k for k in range(rank - 1) if k != axis]
    order = [*order, axis, rank - 1]
    x = L.transpose(x, order)
    count = L.shape_of(x, "int32")[-2] if x.shape[-2] is None else x.shape[-2]
    if c.given(1):
        wanted = int(c.number(1, 0))
        if wanted < 1:
            raise NotMeant(f"the length is {wanted}")
        x = L.pad(x[..., :wanted, :], [[0, 0]] * (rank - 2) + [[0, L.maximum(wanted - count, 0)], [0, 0]])
        count = wanted
    real = x[..., 0]
    imag = x[..., 1] if x.shape[-1] == 2 else L.zeros_like(real)
    real, imag = L.fourier(real, -imag if inverse else imag, 1)
    if inverse:
        scale = 1.0 / L.cast(count, x.dtype)
        real, imag = real * scale, -imag * scale
    y = L.stack([real, imag], -1)
    y = y[..., :count // 2 + 1, :] if onesided else y
    return L.transpose(y, np.argsort(order).tolist())


@means("CumSum")
def cumulative_sum(c: Call, exclusive: int = 0, reverse: int = 0) -> Any:
    return L.cumsum(c.x(0), int(c.number(1, 0)), bool(exclusive), bool(reverse))
