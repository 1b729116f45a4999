"""ONNX operators that arrange elements: sizes, slices, gathering, scattering, borders. See onnx_ops.py.

Sizes and places that are known while the graph is drawn are numbers; others are tensors, which ops take as well.
"""
from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.node import Tensor
from ..ops.language import L
from ..ops.rules import normal_axes, normal_axis
from .onnx_ops import Call, NotMeant, Translation, axes_of, means, rank_of

FAR = 2**31 - 1                             # ends of slices from here on mean the end of the axis


def numbers_of(c: Call, k: int, what: str) -> list[Any]:
    """The entries of a vector: numbers where they are known, else tensors.

    Raises
    ------
    NotMeant if not even their number is known.
    """
    known = c.known(k)
    if known is not None and known.dtype != object:
        return [int(n) for n in known.reshape(-1)]
    x = c.x(k)
    count = 1 if x.shape.rank == 0 else x.shape[0] if x.shape.rank == 1 else None
    if not isinstance(count, int):
        raise NotMeant(f"how many {what} there are is not known")
    entries = [None] * count if known is None else known.reshape(-1).tolist()
    x = L.reshape(x, (count,))
    return [x[j] if n is None else n for j, n in enumerate(entries)]


def sizes_along(x: Any, dtype: Any = "int64") -> list[Any]:
    """The sizes of a tensor: numbers where they are known, else tensors."""
    rank_of(x, "the sizes")
    return [n if isinstance(n, int) else L.shape_of(x, dtype)[k] for k, n in enumerate(x.shape)]


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
    axis = rank if axis == rank else normal_axis(axis, rank)
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
    return functools.reduce(L.expand_dims, normal_axes(tuple(chosen), rank), x)


@means("Squeeze")
def squeeze(c: Call, axes: Any = None) -> Any:
    return L.squeeze(c.x(0), axes_of(c, 1, axes))


@means("Transpose")
def transpose(c: Call, perm: Sequence[int] | None = None) -> Any:
    return L.transpose(c.x(0), None if perm is None else list(perm))


@means("Expand")
def expand(c: Call) -> Any:
    x = c.x(0)
    sizes = numbers_of(c, 1, "sizes")
    own = [1] * (len(sizes) - rank_of(x, "the expansion")) + list(x.shape)
    sizes = [1] * (len(own) - len(sizes)) + sizes
    if any(n is None and (isinstance(m, Tensor) or m == 1) for n, m in zip(own, sizes, strict=True)):
        # Which of the two sizes is 1 shows when the program runs.
        return L.where(L.broadcast_to(True, sizes), x, L.cast(0, x.dtype))
    return L.broadcast_to(x, [m if n in (1, None) else n for n, m in zip(own, sizes, strict=True)])


@means("Tile")
def tile(c: Call) -> Any:
    return L.tile(c.x(0), numbers_of(c, 1, "repeats"))


@means("Concat")
def concat(c: Call, axis: int) -> Any:
    return L.concat(c.xs, axis)


@means("Split")
def split(c: Call, axis: int = 0, split: Any = None, num_outputs: int | None = None) -> Any:
    x = c.x(0)
    axis = normal_axis(axis, rank_of(x, "the split"))
    whole = sizes_along(x)[axis]
    if split is not None or c.given(1):
        sizes = list(split) if split is not None else numbers_of(c, 1, "sizes")
        known = not any(isinstance(n, Tensor) for n in (whole, *sizes))
        if len(sizes) != c.results or any(_is_below(n, 0) for n in sizes) or (known and sum(sizes) != whole):
            shown = ", ".join("?" if isinstance(n, Tensor) else str(n) for n in sizes)
            raise NotMeant(f"an axis of {whole if known else 'unknown size'} is split into {c.results} of [{shown}]")
        if not known and not isinstance(sum(sizes), Tensor):
            x = L.expect_size(x, axis, sum(sizes))
        elif not known:
            wrong = functools.reduce(L.logical_or, [L.less(n, 0) for n in sizes if isinstance(n, Tensor)],
                                     L.not_equal(sum(sizes), whole))
            said = "the sizes of the parts do not add up to that of the axis"
            sizes[0] = L.checked(L.cast(sizes[0], "int64"), wrong, said, "split")
        ends = list(itertools.accumulate(sizes, initial=0))
    else:
        count = c.results
        if num_outputs not in (None, count):
            raise NotMeant(f"{num_outputs} parts are announced for {count} results")
        each = (whole + count - 1) // count
        ends = [*(k * each for k in range(count)), whole]
    found = [x[(slice(None),) * axis + (slice(a, b),)] for a, b in itertools.pairwise(ends)]
    return found[0] if len(found) == 1 else tuple(found)


@means("Slice")
def slice_(c: Call, starts: Any = None, ends: Any = None, axes: Any = None) -> Any:
    x = c.x(0)
    first = list(starts) if starts is not None else numbers_of(c, 1, "starts")
    last = list(ends) if ends is not None else numbers_of(c, 2, "ends")
    rank = rank_of(x, "the slice")
    chosen = axes_of(c, 3, axes) or list(range(len(first)))
    steps = c.numbers(4, "steps") if c.given(4) else [1] * len(first)
    if len(normal_axes(tuple(chosen), rank)) != len(first):
        raise NotMeant(f"{len(first)} starts are given for {len(chosen)} axes")
    parts = [slice(None)] * rank
    for axis, a, b, step in zip(chosen, first, last, steps, strict=True):
        size = x.shape[axis]
        low = -size if isinstance(size, int) else -FAR
        if not isinstance(a, Tensor) and ((step < 0 and a >= FAR) or (step > 0 and a <= low)):
            a = None
        if isinstance(b, Tensor):
            b = _stop(b, size if isinstance(size, int) else L.shape_of(x, "int64")[axis], step)
        elif (step > 0 and b >= FAR) or (step < 0 and b < low):
            b = None
        parts[axis % rank] = slice(a, b, step)
    return x[tuple(parts)]


def _stop(end: Any, size: Any, step: int) -> Any:
    """A computed end; backward one far below 0 means that the first element comes, too."""
    if step > 0:
        return end
    end = L.cast(end, "int64")
    return L.where(end < -size, -size - 1, end)


def from_front(indices: Any, size: Any) -> Any:
    """Indices from 0 on; those below 0 count from the end."""
    return L.where(indices < 0, indices + size, indices)


@means("Gather")
def gather(c: Call, axis: int = 0) -> Any:
    x, known = c.x(0), c.known(1)
    axis = normal_axis(axis, rank_of(x, "the gathering"))
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
    axis = normal_axis(axis, rank)
    if any(n is None or n != m for k, (n, m) in enumerate(zip(x.shape, indices.shape, strict=True)) if k != axis):
        x = x[tuple(slice(None) if k == axis else slice(0, n) for k, n in enumerate(sizes_along(indices)))]
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
    x, indices, updates = c.xs
    places = places_from_front(x, indices)
    if reduction != "mul":
        return getattr(L, f"tensor_scatter_nd_{reduction.replace('none', 'update')}")(x, places, updates)
    sizes, depth = sizes_along(x), indices.shape[-1]
    number, inner = L.zeros_like(places[..., 0]), math.prod(sizes[depth:])
    for k in range(depth):
        number = number * L.cast(sizes[k], number.dtype) + places[..., k]
    rows = L.reshape(updates, [L.size_of(number, "int64"), inner]), L.reshape(number, [-1])
    return L.reshape_like(L.combine_rows(*rows, L.reshape(x, [math.prod(sizes[:depth]), inner]), "mul"), x)


@means("NonZero")
def nonzero(c: Call) -> Any:
    return L.transpose(L.places_where(c.x(0)), (1, 0))


@means("Unique")
def unique(c: Call, axis: int | None = None, sorted: int = 1) -> Any:
    """Elements, where each stands first, the number of each element's own, and how often each occurs."""
    if axis is not None:
        raise NotMeant("slices are compared, not elements")
    y, own, count = L.unique_with_counts(L.reshape(c.x(0), [-1]), "int64")
    places = L.range(L.cast(0, "int64"), L.shape_of(own, "int64")[0], L.cast(1, "int64"))
    first = L.unsorted_segment_min(places, own, L.shape_of(y, "int64")[0])
    if not sorted:
        return y, first, own, count
    order = L.argsort(y)
    own = L.gather(L.cast(L.argsort(order), "int64"), own)
    return L.gather(y, order), L.gather(first, order), own, L.gather(count, order)


@means("OneHot")
def one_hot(c: Call, axis: int = -1) -> Any:
    depth, = numbers_of(c, 1, "numbers of classes")
    depth = L.cast(depth, "int64") if isinstance(depth, Tensor) else depth
    values = c.x(2)
    chosen = L.one_hot(from_front(L.cast(c.x(0), "int64"), depth), depth, True, False, axis, "bool")
    return L.where(chosen, values[1], values[0])


@means("Range")
def range_(c: Call) -> Any:
    return L.range(*c.xs)


@means("Trilu")
def triangle(c: Call, upper: int = 1) -> Any:
    x, k = c.x(0), int(c.number(1, 0))
    rows, columns = sizes_along(x)[-2:]
    if isinstance(rows, int) and isinstance(columns, int):
        k = min(max(k, -rows), columns)
    diagonal = L.range(0, columns, 1) - L.reshape(L.range(0, rows, 1), [-1, 1])     # of each entry
    keep = diagonal >= k if upper else diagonal <= k
    return L.where(keep, x, L.zeros_like(x))


@means("Pad")
def pad(c: Call, mode: str = "constant", pads: Any = None, value: float = 0.0) -> Any:
    """Negative widths take away; they are known while the graph is drawn."""
    x = c.x(0)
    rank = rank_of(x, "the border")
    flat = list(pads) if pads is not None else numbers_of(c, 1, "widths")
    axes = [normal_axis(k, rank) for k in c.numbers(3, "axes")] if c.given(3) else list(range(rank))
    if len(flat) != 2 * len(axes) or mode not in ("constant", "reflect", "edge", "wrap"):
        raise NotMeant(f"borders of mode {mode!r} with {len(flat)} widths are added around {len(axes)} axes")
    widths: list[list[Any]] = [[0, 0]] * rank
    for k, low, high in zip(axes, flat[:len(axes)], flat[len(axes):], strict=True):
        widths[k] = [L.cast(n, "int32") if isinstance(n, Tensor) else n for n in (low, high)]
    if any(_is_below(n, 0) for n in flat):
        x = x[tuple(slice(-a if _is_below(a, 0) else None, b if _is_below(b, 0) else None) for a, b in widths)]
        widths = [[0 if _is_below(n, 0) else n for n in pair] for pair in widths]
    if mode in ("edge", "wrap"):
        return functools.reduce(lambda y, k: _repeated_around(y, k, widths[k], mode), range(rank), x)
    fill = c.number(2, 0.0) if pads is None and c.known(2) is not None else value
    if pads is None and c.given(2) and c.known(2) is None:
        inside = L.pad(L.cast(L.ones_like(x), "bool"), widths)
        return L.where(inside, L.pad(x, widths), L.reshape(c.x(2), ()))
    return L.pad(x, widths, mode, float(fill))


def _is_below(n: Any, limit: int) -> bool:
    return not isinstance(n, Tensor) and n < limit


def _repeated_around(x: Any, axis: int, widths: Sequence[Any], mode: str) -> Any:
    """x with a border of its outermost elements, or going on from its other end."""
    if all(not isinstance(n, Tensor) and n == 0 for n in widths):
        return x
    size = sizes_along(x)[axis]
    low, high = (L.cast(n, "int64") for n in widths)
    places = L.range(-low, size + high, L.cast(1, "int64"))
    found = L.floormod(places, size) if mode == "wrap" else L.minimum(L.maximum(places, 0), size - 1)
    return L.gather(x, found, None, axis)


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


# -------------------------------------------------------------------- numbers

@means("ConstantOfShape")
def constant_of_shape(c: Call, value: Any = None) -> Any:
    fill = np.zeros(1, np.float32) if value is None else np.asarray(value)
    sizes = numbers_of(c, 0, "sizes")
    known = math.prod(n for n in sizes if not isinstance(n, Tensor))
    if known > 2**24:
        raise NotMeant(f"a constant of {known:,} elements is made")
    return L.broadcast_to(fill.reshape(()), sizes)
