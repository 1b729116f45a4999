"""Functions that make tensors, arrange, choose, join and multiply them, with numpy's names."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...frontend import pieces
from ...frontend.build import ones as tf_ones
from ...frontend.build import zeros as tf_zeros
from ...ops.language import L
from ...ops.operands import operands_in
from ..config import floatx
from ..warping import extent
from .pointwise import truth
from .promotion import counting, met, numbers, tensor, together


def array(x: Any, dtype: Any = None) -> Any:
    """A tensor of numbers."""
    return tensor(x, dtype)


def zeros(shape: Any, dtype: Any = None) -> Any:
    """Zeros."""
    return tf_zeros(shape, dtype or floatx())


def ones(shape: Any, dtype: Any = None) -> Any:
    """Ones."""
    return L.cast(tf_ones(shape, "int32"), dtype) if dtype == "bool" else tf_ones(shape, dtype or floatx())


empty = zeros


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros in the shape of `x`."""
    return L.zeros_like(tensor(x), dtype)


empty_like = zeros_like


def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones in the shape of `x`."""
    return L.ones_like(tensor(x), dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """One value everywhere."""
    return L.broadcast_to(tensor(fill_value, dtype or floatx()), shape)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """One value everywhere, in the shape of `x`."""
    found = tensor(x)
    return L.broadcast_like(tensor(fill_value, dtype or found.dtype), found)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """1 on a diagonal, 0 elsewhere."""
    if next(operands_in([N, M]), None) is not None:     # sizes of tensors
        rows, columns = (pieces.range(L.cast(n, "int32")) for n in (N, N if M is None else M))
        return L.cast(L.equal(L.expand_dims(rows, 1) + k, columns), dtype or floatx())
    return tensor(np.eye(N, M, k), dtype or floatx())


def identity(n: int, dtype: Any = None) -> Any:
    """1 on the diagonal, 0 elsewhere."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """1 on a diagonal and below, 0 above."""
    return tensor(np.tri(N, M, k), dtype or floatx())


def tril(x: Any, k: int = 0) -> Any:
    """What is on a diagonal and below; 0 above."""
    return _triangle(x, k, lower=True)


def triu(x: Any, k: int = 0) -> Any:
    """What is on a diagonal and above; 0 below."""
    return _triangle(x, k, lower=False)


def _triangle(x: Any, k: int, lower: bool) -> Any:
    found = tensor(x)
    rows, columns = (pieces.range(extent(found, axis)) for axis in (-2, -1))
    above = columns - L.expand_dims(rows, 1)
    return L.where(above <= k if lower else above >= k, found, L.zeros_like(found))


def diag(x: Any, k: int = 0) -> Any:
    """A diagonal of a matrix, or the matrix with this diagonal."""
    found = tensor(x)
    return L.diag(found, k) if found.rank == 1 else L.diag_part(found, k)


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Diagonals of matrices that stand along two axes."""
    found = tensor(x)
    rest = [k for k in range(found.rank) if k not in (axis1 % found.rank, axis2 % found.rank)]
    return L.diag_part(L.transpose(found, (*rest, axis1 % found.rank, axis2 % found.rank)), offset)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal."""
    return L.reduce_sum(counting(diagonal(x, offset, axis1, axis2)), -1)


# -------------------------------------------------------------------- arrangement

def reshape(x: Any, newshape: Any) -> Any:
    """The same elements in another shape; -1 for the size that follows."""
    return L.reshape(tensor(x), (newshape,) if isinstance(newshape, int) else newshape)


def ravel(x: Any) -> Any:
    """All elements in a row."""
    return L.reshape(tensor(x), (-1,))


def transpose(x: Any, axes: Any = None) -> Any:
    """The axes in another order, turned around if None."""
    return L.transpose(tensor(x), axes)


def expand_dims(x: Any, axis: Any) -> Any:
    """New axes of size 1."""
    found = tensor(x)
    places = [axis] if isinstance(axis, int) else list(axis)
    rank = found.rank + len(places)
    for k in sorted(p % rank for p in places):
        found = L.expand_dims(found, k)
    return found


def squeeze(x: Any, axis: Any = None) -> Any:
    """Without axes of size 1."""
    return L.squeeze(tensor(x), axis)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Some axes at other places, the rest in their order."""
    found = tensor(x)
    of = [k % found.rank for k in ([source] if isinstance(source, int) else source)]
    to = [k % found.rank for k in ([destination] if isinstance(destination, int) else destination)]
    order = [k for k in range(found.rank) if k not in of]
    for place, k in sorted(zip(to, of, strict=True)):
        order.insert(place, k)
    return L.transpose(found, tuple(order))


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    found = tensor(x)
    order = list(range(found.rank))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return L.transpose(found, tuple(order))


def flip(x: Any, axis: Any = None) -> Any:
    """Elements in the opposite order along axes, all if None."""
    found = tensor(x)
    return L.reverse(found, list(range(found.rank)) if axis is None else [axis] if isinstance(axis, int) else axis)


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Elements moved along axes; those that leave come in at the other end."""
    found = tensor(x)
    if axis is None:
        return L.reshape(L.roll(L.reshape(found, (-1,)), shift, 0), tuple(found.shape))
    return L.roll(found, shift, axis)


def tile(x: Any, repeats: Any) -> Any:
    """The tensor repeated along each axis."""
    found = tensor(x)
    times = [repeats] if isinstance(repeats, int) else repeats
    if isinstance(times, (list, tuple)):
        missing = len(times) - found.rank
        found = L.reshape(found, (*(1,) * missing, *found.shape)) if missing > 0 else found
        times = [*[1] * -missing, *times]
    return L.tile(found, times)


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element several times."""
    return L.repeat(tensor(x), repeats, axis)


def broadcast_to(x: Any, shape: Any) -> Any:
    """The same elements repeated to another shape."""
    return L.broadcast_to(tensor(x), shape)


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """More elements around: one value, or those inside mirrored ("reflect", "symmetric").

    pad_width : a number; (before, after) for all axes; or that for each axis
    """
    found = tensor(x)
    is_open = next(operands_in([pad_width]), None) is not None      # pairs, some of whose numbers are tensors
    widths = pad_width if is_open else np.broadcast_to(np.asarray(pad_width), (found.rank, 2)).tolist()
    return L.pad(found, widths, mode.upper(), 0 if constant_values is None else constant_values)


# -------------------------------------------------------------------- parts

def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """Elements of one tensor where a condition holds, of another elsewhere; the places where it holds without these."""
    if x1 is None and x2 is None:
        return nonzero(condition)
    a, b = together(x1, x2)
    return L.where(truth(condition), a, b)


def nonzero(x: Any) -> Any:
    """For each axis the places of the elements that are not 0."""
    places = L.where(truth(x))
    return tuple(L.cast(places[:, k], "int32") for k in range(tensor(x).rank))


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Elements or slices by their places along an axis, in the flat tensor if None; -1 is the last."""
    found = tensor(x)
    if axis is None:
        found, axis = L.reshape(found, (-1,)), 0
    places = tensor(indices)
    size = found.shape[axis % found.rank]
    count = size if isinstance(size, int) else L.shape_of(found)[axis]
    return L.gather(found, L.where(places < 0, places + L.cast(count, places.dtype), places), axis=axis)


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """For each place along an axis the element whose place stands in `indices` there."""
    found, places = tensor(x), tensor(indices)
    if axis is None:
        return take(found, L.reshape(places, (-1,)))
    k = axis % found.rank
    size = int(found.shape[k])
    chosen = L.one_hot(L.where(places < 0, places + size, places), size, axis=-1, dtype="bool")
    values = L.expand_dims(moveaxis(found, k, -1), -2)
    picked = L.reduce_sum(L.where(moveaxis(chosen, k, -2), values, L.zeros_like(values)), -1)
    return moveaxis(picked, -1, k)


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Equal parts along an axis by their number, or parts that begin at given places."""
    found = tensor(x)
    if isinstance(indices_or_sections, int):
        return pieces.split(found, indices_or_sections, axis)
    bounds = [0, *indices_or_sections, int(found.shape[axis])]
    return pieces.split(found, np.diff(bounds), axis)


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """The slices along an axis, without it."""
    return pieces.unstack(tensor(x), num, axis)


def get_item(x: Any, key: Any) -> Any:
    """x[key]"""
    return tensor(x)[tuple(key) if isinstance(key, list) else key]


def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """A block that begins at `start_indices`."""
    return L.slice(tensor(inputs), start_indices, shape)


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """The tensor with a block replaced."""
    found, block = tensor(inputs), tensor(updates, tensor(inputs).dtype)
    grid = np.stack(np.meshgrid(*[np.arange(int(n)) for n in block.shape], indexing="ij"), -1)
    return L.tensor_scatter_nd_update(found, L.cast(grid, "int32") + L.cast(tensor(start_indices), "int32"), block)


def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """Zeros, and values added at places."""
    return L.scatter_nd(tensor(indices), tensor(values), shape)


def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """The tensor with elements or slices at places replaced, or what `reduction` says: "add", "max", "min", "mul"."""
    found = tensor(inputs)
    if reduction == "mul":
        return found * _products(found, tensor(indices), tensor(updates, found.dtype))
    op = "tensor_scatter_nd_" + ("update" if reduction is None else reduction)
    return getattr(L, op)(found, tensor(indices), tensor(updates, found.dtype))


def _products(x: Any, indices: Any, updates: Any) -> Any:
    """For each element of a tensor the product of the updates at its place."""
    depth = int(indices.shape[-1])
    outer, inner = [int(n) for n in x.shape[:depth]], [int(n) for n in x.shape[depth:]]
    steps = np.cumprod([1, *outer[:0:-1]])[::-1].astype(np.int32)
    rows = L.reshape(L.reduce_sum(L.cast(indices, "int32") * steps, -1), (-1,))
    made = L.unsorted_segment_prod(L.reshape(updates, (-1, *inner)), rows, int(np.prod(outer)))
    return L.reshape(made, (*outer, *inner))


# -------------------------------------------------------------------- several

def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Tensors one after another along an axis."""
    return L.concat(together(*xs), axis)


def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Tensors along a new axis."""
    return L.stack(together(*x), axis)


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """One tensor after another along an axis, both flat if None."""
    a, b = met(x1, x2)
    return L.concat([ravel(a), ravel(b)], 0) if axis is None else L.concat([a, b], axis)


def hstack(xs: Sequence[Any]) -> Any:
    """Tensors beside each other: along the second axis, vectors along the first."""
    parts = together(*xs)
    return L.concat(parts, 0 if parts[0].rank == 1 else 1)


def vstack(xs: Sequence[Any]) -> Any:
    """Tensors below each other: along the first axis, vectors as rows."""
    return L.concat([L.expand_dims(x, 0) if x.rank == 1 else x for x in together(*xs)], 0)


def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """The coordinates of the points of a grid."""
    return pieces.meshgrid(*map(tensor, x), indexing=indexing)


def matmul(x1: Any, x2: Any) -> Any:
    """Products of matrices; a vector stands for a row on the left and a column on the right."""
    a, b = together(x1, x2)
    if a.dtype.name in ("bool", "int8"):                        # sums need room
        found = matmul(counting(a), counting(b))
        return L.cast(found, "bool") if a.dtype.name == "bool" else found
    left, right = a.rank == 1, b.rank == 1
    found = L.matmul(L.expand_dims(a, 0) if left else a, L.expand_dims(b, 1) if right else b)
    found = L.squeeze(found, -1) if right else found
    return L.squeeze(found, -1 if right else -2) if left else found


def dot(x1: Any, x2: Any) -> Any:
    """Sums of products over the last axis of one tensor and the last but one of the other."""
    a, b = together(x1, x2)
    if a.rank == 0 or b.rank == 0:
        return a * b
    return L.tensordot(a, b, [[a.rank - 1], [max(b.rank - 2, 0)]])


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Sums of products over axes of two tensors."""
    return L.tensordot(*together(x1, x2), axes)


def inner(x1: Any, x2: Any) -> Any:
    """Sums of products over the last axes."""
    a, b = met(x1, x2)
    if a.dtype.name == "bool":
        return L.cast(inner(numbers(a), numbers(b)), "bool")
    return a * b if a.rank == 0 or b.rank == 0 else L.tensordot(a, b, [[a.rank - 1], [b.rank - 1]])


def outer(x1: Any, x2: Any) -> Any:
    """All products of an element of one and an element of the other."""
    a, b = met(x1, x2)
    combine = L.logical_and if a.dtype.name == "bool" else L.multiply
    return combine(L.reshape(a, (-1, 1)), L.reshape(b, (1, -1)))


def vdot(x1: Any, x2: Any) -> Any:
    """The sum of products of all elements."""
    a, b = together(x1, x2)
    return L.reduce_sum(ravel(a) * ravel(b))


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """Sums of products over named axes; see `graphengine.einsum`."""
    found = together(*operands)
    if found[0].dtype.name == "int8":                       # as Keras, which has no such sums of bytes
        found = [L.cast(x, "int32") for x in found]
    return pieces.einsum(subscripts, *found)



def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """How often each whole number occurs, or the sums of its weights."""
    found = tensor(x)
    kind = "int32" if weights is None else tensor(weights).dtype
    return pieces.bincount(found, weights, minlength, dtype=kind, axis=-1)


def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Vectors at right angles to both; of two in a plane the one number that is not 0.

    axisa, axisb, axisc : where the components of the vectors and of the result stand, all of them at `axis` if given
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = met(x1, x2)
    p, q = (pieces.unstack(v, axis=k) for v, k in ((a, axisa), (b, axisb)))
    if {len(p), len(q)} - {2, 3}:
        raise ShapeError(f"vectors of {len(p)} and of {len(q)} components; they have 2 or 3", op="cross")
    last = p[0] * q[1] - p[1] * q[0]
    if len(p) == len(q) == 2:
        return last
    (a0, a1, a2), (b0, b1, b2) = ((*v, L.zeros_like(v[0]))[:3] for v in (p, q))
    return L.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, last], axisc)
