"""What each ONNX operator means in ops: a `Call` of an operator comes in, its results go out.

An op says by its `onnx` which operator it is. Those that take the same operands and attributes need no more; the others
are here, where attributes have other names, axes another order, or what ONNX takes as an input has to be known before.
Versions of the standard from 7 on are meant; where they differ, both forms are read.
"""
from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..ops import OPS
from ..ops.language import L

Array = np.ndarray[Any, Any]
FAR = 2**31 - 1                             # ends of slices from here on mean the end of the axis


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
    """

    x: Callable[[int], Any]
    known: Callable[[int], Array | None]
    given: Callable[[int], bool]
    count: int
    attributes: Mapping[str, Any] = field(default_factory=dict)
    version: int = 21
    results: int = 1

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


def translation(operator: str) -> Translation | None:
    """The function that makes an operator's results; None if it is not known here."""
    found = TRANSLATIONS.get(operator)
    name = next((n for n, cls in OPS.items() if cls.onnx == operator), None)
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
        first = (1 if axis is None else axis) % max(rank, 1)
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
        return L.expand_dims(found, axis % rank_of(x, "the axis")) if keepdims else found

    return translate


means("ArgMax")(extremum_place("argmax"))
means("ArgMin")(extremum_place("argmin"))


@means("TopK")
def top_k(c: Call, axis: int = -1, largest: int = 1, sorted: int = 1) -> Any:
    x = c.x(0)
    rank = rank_of(x, "the largest")
    if not largest or axis % rank != rank - 1:
        raise NotMeant("only the largest along the last axis are found")
    values, indices = L.top_k(x, c.numbers(1, "their number")[0])
    return values, L.cast(indices, "int64")


@means("CumSum")
def cumulative_sum(c: Call, exclusive: int = 0, reverse: int = 0) -> Any:
    return L.cumsum(c.x(0), int(c.number(1, 0)), bool(exclusive), bool(reverse))


# -------------------------------------------------------------------- shapes

@means("Shape")
def shape(c: Call, start: int = 0, end: int | None = None) -> Any:
    return L.shape_of(c.x(0), "int64")[start:end]


@means("Size")
def size(c: Call) -> Any:
    return L.size_of(c.x(0), "int64")


@means("Reshape")
def reshape(c: Call, allowzero: int = 0) -> Any:
    x, wanted = c.x(0), c.known(1)
    if wanted is None:
        return L.reshape(x, c.x(1) if allowzero else _with_own_sizes(x, c.x(1)))
    sizes: list[Any] = wanted.reshape(-1).tolist()
    for k, size in enumerate(sizes):
        if size == 0 and not allowzero:
            rank_of(x, "the reshape")
            sizes[k] = x.shape[k]
    unknown = [k for k, size in enumerate(sizes) if size is None]
    if len(unknown) == 1 and -1 not in sizes:
        sizes[unknown[0]] = -1
    elif unknown:
        parts = [L.shape_of(x, "int64")[k:k + 1] if size is None and wanted.reshape(-1)[k] == 0
                 else c.x(1)[k:k + 1] if size is None else np.asarray([size]) for k, size in enumerate(sizes)]
        return L.reshape(x, L.concat(parts, 0))
    return L.reshape(x, sizes)


def _with_own_sizes(x: Any, sizes: Any) -> Any:
    """Computed sizes, of which 0 means that of x on the same axis."""
    count, rank = sizes.shape[0], rank_of(x, "the reshape")
    if not isinstance(count, int):
        raise NotMeant("the number of axes of the result is not known")
    own = L.pad(L.cast(L.shape_of(x, "int64"), sizes.dtype)[:count], [[0, max(count - rank, 0)]])
    return L.where(sizes == 0, own, sizes)


@means("Flatten")
def flatten(c: Call, axis: int = 1) -> Any:
    x = c.x(0)
    rank = rank_of(x, "the flattening")
    axis = axis + rank if axis < 0 else axis
    rows, columns = x.shape[:axis], x.shape[axis:]
    if None not in columns:
        return L.reshape(x, [-1, math.prod(columns)])
    if None not in rows:
        return L.reshape(x, [math.prod(rows), -1])
    sizes = L.shape_of(x, "int64")
    return L.reshape(x, L.stack([L.reduce_prod(sizes[:axis]), L.reduce_prod(sizes[axis:])], 0))


@means("Unsqueeze")
def unsqueeze(c: Call, axes: Any = None) -> Any:
    x, chosen = c.x(0), axes_of(c, 1, axes) or []
    rank = rank_of(x, "new axes") + len(chosen)
    return functools.reduce(L.expand_dims, sorted(k % rank for k in chosen), x)


@means("Squeeze")
def squeeze(c: Call, axes: Any = None) -> Any:
    return L.squeeze(c.x(0), axes_of(c, 1, axes))


@means("Transpose")
def transpose(c: Call, perm: Sequence[int] | None = None) -> Any:
    return L.transpose(c.x(0), None if perm is None else list(perm))


@means("Expand")
def expand(c: Call) -> Any:
    x, wanted = c.x(0), c.known(1)
    if wanted is None or wanted.dtype == object:
        raise NotMeant("the sizes to expand to are computed, but have to be constants")
    sizes = [int(n) for n in wanted]
    own = [1] * (len(sizes) - rank_of(x, "the expansion")) + list(x.shape)
    sizes = [1] * (len(own) - len(sizes)) + sizes
    if any(n is None and m == 1 for n, m in zip(own, sizes, strict=True)):
        return x + L.zeros_like(L.broadcast_to(L.cast(0, x.dtype), sizes))
    return L.broadcast_to(x, [n if m == 1 else m for n, m in zip(own, sizes, strict=True)])


@means("Tile")
def tile(c: Call) -> Any:
    return L.tile(c.x(0), c.numbers(1, "the repeats"))


@means("Concat")
def concat(c: Call, axis: int) -> Any:
    return L.concat(c.xs, axis)


@means("Split")
def split(c: Call, axis: int = 0, split: Any = None, num_outputs: int | None = None) -> Any:
    x = c.x(0)
    whole = x.shape[axis]
    sizes = axes_of(c, 1, split, "the sizes")
    if sizes is None:
        if not isinstance(whole, int):
            raise NotMeant("an axis of unknown size is split")
        count = c.results
        if num_outputs not in (None, count):
            raise NotMeant(f"{num_outputs} parts are announced for {count} results")
        each = -(-whole // count)
        sizes = [min(each, whole - k * each) for k in range(count)]
    axis, ends = axis % rank_of(x, "the split"), np.cumsum([0, *sizes]).tolist()
    found = [x[(slice(None),) * axis + (slice(a, b),)] for a, b in itertools.pairwise(ends)]
    return found[0] if len(found) == 1 else tuple(found)


@means("Slice")
def slice_(c: Call, starts: Any = None, ends: Any = None, axes: Any = None) -> Any:
    x = c.x(0)
    first = list(starts) if starts is not None else c.numbers(1, "starts")
    last = list(ends) if ends is not None else c.numbers(2, "ends")
    rank = rank_of(x, "the slice")
    chosen = axes_of(c, 3, axes) or list(range(len(first)))
    steps = c.numbers(4, "steps") if c.given(4) else [1] * len(first)
    parts = [slice(None)] * rank
    for axis, a, b, step in zip(chosen, first, last, steps, strict=True):
        size = x.shape[axis]
        low = -size if isinstance(size, int) else -FAR
        parts[axis % rank] = slice(
            None if (step < 0 and a >= FAR) or (step > 0 and a <= low) else a,
            None if (step > 0 and b >= FAR) or (step < 0 and b < low) else b, step)
    return x[tuple(parts)]


def from_front(indices: Any, size: Any) -> Any:
    """Indices from 0 on; those below 0 count from the end."""
    return L.where(indices < 0, indices + size, indices)


@means("Gather")
def gather(c: Call, axis: int = 0) -> Any:
    x, known = c.x(0), c.known(1)
    axis = axis % rank_of(x, "the gathering")
    if known is not None and known.dtype != object:
        if known.ndim == 0:
            return x[(slice(None),) * axis + (int(known),)]
        if (known >= 0).all():
            return L.gather(x, c.x(1), axis=axis)
    indices, size = c.x(1), x.shape[axis]
    if not isinstance(size, int):
        size = L.cast(L.shape_of(x, "int64")[axis], indices.dtype)
    return L.gather(x, from_front(indices, size), axis=axis)


@means("GatherElements")
def gather_elements(c: Call, axis: int = 0) -> Any:
    """Along the last axis, once the others are out of the way."""
    x, indices = c.xs
    rank = rank_of(x, "the gathering")
    axis = axis % rank
    if any(n is None or n != m for k, (n, m) in enumerate(zip(x.shape, indices.shape, strict=True)) if k != axis):
        raise NotMeant("elements are gathered by indices of another shape, or of one that is not known")
    swapped = list(range(rank))
    swapped[axis], swapped[-1] = swapped[-1], swapped[axis]
    x, indices = L.transpose(x, swapped), L.transpose(indices, swapped)
    size = x.shape[-1]
    size = size if isinstance(size, int) else L.cast(L.shape_of(x, "int64")[-1], indices.dtype)
    return L.transpose(L.gather(x, from_front(indices, size), axis=rank - 1, batch_dims=rank - 1), swapped)


def places_from_front(x: Any, indices: Any, batch_dims: int = 0) -> Any:
    """Places of entries from 0 on: along the last axis of `indices` is one index for each axis of x they go through."""
    count = indices.shape[-1] if indices.shape.rank else None
    if count is None:
        raise NotMeant("the number of axes that the indices go through is not known")
    return from_front(indices, L.cast(L.shape_of(x, "int64")[batch_dims:batch_dims + count], indices.dtype))


@means("GatherND")
def gather_nd(c: Call, batch_dims: int = 0) -> Any:
    x, indices = c.xs
    return L.gather_nd(x, places_from_front(x, indices, batch_dims), batch_dims=batch_dims)


@means("ScatterND")
def scatter_nd(c: Call, reduction: str = "none") -> Any:
    ending = {"none": "update", "mul": ""}.get(reduction, reduction)
    if not ending:
        raise NotMeant("elements are multiplied where they are scattered")
    x, indices, updates = c.xs
    return getattr(L, f"tensor_scatter_nd_{ending}")(x, places_from_front(x, indices), updates)


@means("OneHot")
def one_hot(c: Call, axis: int = -1) -> Any:
    depth = c.numbers(1, "their number")[0]
    values = c.known(2)
    if values is None or values.dtype == object:
        raise NotMeant("the values for off and on are computed, but have to be constants")
    places = from_front(L.cast(c.x(0), "int64"), depth)
    return L.one_hot(places, depth, values[1], values[0], axis, values.dtype)


@means("Range")
def range_(c: Call) -> Any:
    return L.range(*c.xs)


@means("Trilu")
def triangle(c: Call, upper: int = 1) -> Any:
    x, k = c.x(0), int(c.number(1, 0))
    rows, columns = (x.shape[-2], x.shape[-1])
    if not (isinstance(rows, int) and isinstance(columns, int)):
        raise NotMeant("a triangle of a matrix of unknown sizes is taken")
    k = min(max(k, -rows), columns)
    diagonal = L.range(0, columns, 1) - L.reshape(L.range(0, rows, 1), [-1, 1])     # of each entry
    keep = diagonal >= k if upper else diagonal <= k
    return L.where(keep, x, L.zeros_like(x))


@means("Pad")
def pad(c: Call, mode: str = "constant", pads: Any = None, value: float = 0.0) -> Any:
    x = c.x(0)
    rank = rank_of(x, "the border")
    flat = list(pads) if pads is not None else c.numbers(1, "the widths")
    fill = value if pads is not None else float(c.number(2, 0.0))
    axes = [k % rank for k in c.numbers(3, "axes")] if c.given(3) else list(range(rank))
    widths = [[0, 0]] * rank
    for k, low, high in zip(axes, flat[:len(axes)], flat[len(axes):], strict=True):
        widths[k] = [low, high]
    if min(flat, default=0) < 0 or mode not in ("constant", "reflect"):
        raise NotMeant(f"borders of mode {mode!r}, or of negative width, are added")
    return L.pad(x, widths, mode, fill)


def of_channels_last(name: str) -> Translation:
    def translate(c: Call, blocksize: int, mode: str = "DCR") -> Any:
        if mode != "DCR":
            raise NotMeant(f"blocks are in the order {mode}")
        moved = getattr(L, name)(L.transpose(c.x(0), (0, 2, 3, 1)), blocksize)
        return L.transpose(moved, (0, 3, 1, 2))

    return translate


@means("DepthToSpace")
def depth_to_space(c: Call, blocksize: int, mode: str = "DCR") -> Any:
    """DCR is TensorFlow's order, CRD that of PyTorch's pixel shuffle."""
    if mode == "DCR":
        return of_channels_last("depth_to_space")(c, blocksize)
    x, r = c.x(0), blocksize
    _, depth, height, width = x.shape
    if None in (depth, height, width):
        raise NotMeant("blocks in the order CRD are moved in pictures of unknown size")
    parts = L.transpose(L.reshape(x, [-1, depth // r**2, r, r, height, width]), (0, 1, 4, 2, 5, 3))
    return L.reshape(parts, [-1, depth // r**2, height * r, width * r])


means("SpaceToDepth")(of_channels_last("space_to_depth"))
