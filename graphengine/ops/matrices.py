"""Diagonals and bands of matrices, products of matrices with vectors, and sums over named axes."""
from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import AttributeValueError, InvalidArgumentError, ShapeError
from ..ir.dims import Shape, merge, product
from .indexing import at_most
from .kinds import REQUIRED, AnyType, Array, Composite, Numeric, attr, broadcast_shapes, port, variadic
from .language import L
from .linalg import rows_and_columns
from .math import same_shape
from .parts import Composed
from .registry import op
from .rules import as_axes, as_int, normal_axis
from .samples import normal, sample


def check_matrix(x: Shape) -> None:
    """Raise ShapeError if it has fewer than two axes."""
    if len(x) < 2:
        raise ShapeError(f"input has shape {x}; a matrix has at least two axes")


# -------------------------------------------------------------------- diagonals

@op
class Diag(Composed):
    """Matrices with given diagonals and zeros elsewhere.

    Shapes
    ------
    diagonal : (..., n)
    result : (..., n + |k|, n + |k|)
    """

    category = "Linear algebra"
    node_name = "MatrixDiagV3"
    names = ("linalg.diag",)
    inputs = (port("diagonal", AnyType, "elements of the diagonals"),)
    k: int = attr(0, "which diagonal: above the main one if positive, below if negative", convert=as_int)

    def result_shape(self, x: Shape) -> Shape:
        if not x:
            raise ShapeError("diagonal is a number; a diagonal has at least one axis")
        size = None if x[-1] is None else x[-1] + abs(self.k)
        return Shape((*x[:-1], size, size))

    def decompose(self, x: Any) -> Any:
        size = self.result_shape(x.shape)[-1]
        rank = x.rank + 1
        if self.k:
            x = L.pad_constant(x, [(0, 0)] * (x.rank - 1) + [(0, abs(self.k))])
        row, column = L.iota(size, rank - 2, rank, "int64"), L.iota(size, rank - 1, rank, "int64")
        chosen = L.equal(column - self.k, row)
        zero = np.zeros((), x.dtype.numpy)
        return L.where(chosen, L.expand_dims(x, -1 if self.k >= 0 else -2), zero)

    def reference(self, x: Array) -> Array:
        result = np.zeros(tuple(self.result_shape(Shape(x.shape))), x.dtype)  # type: ignore[type-var]
        for i in range(x.shape[-1]):
            result[..., i + max(-self.k, 0), i + max(self.k, 0)] = x[..., i]
        return result

    samples = (sample(normal(3)), sample(normal(2, 3), k=1), sample(normal(2, 2), k=-2), sample(normal(0)))


@op
class DiagPart(Composed):
    """The diagonals of matrices.

    Shapes
    ------
    input : (..., m, n)
    result : (..., length of the diagonal)
    """

    category = "Linear algebra"
    node_name = "MatrixDiagPartV3"
    names = ("linalg.diag_part",)
    inputs = (port("input", AnyType, "matrices"),)
    k: int = attr(0, "which diagonal: above the main one if positive, below if negative", convert=as_int)

    def result_shape(self, x: Shape) -> Shape:
        check_matrix(x)
        m, n = x[-2], x[-1]
        rows = None if m is None else m - at_most(max(-self.k, 0), m)
        columns = None if n is None else n - at_most(max(self.k, 0), n)
        return Shape((*x[:-2], at_most(rows, columns)))

    def decompose(self, x: Any) -> Any:
        *batch, length = self.result_shape(x.shape)
        m, n = x.shape[-2:]
        rows = L.reshape(x, (product(batch), m * n))  # type: ignore[arg-type]
        first = n * max(-self.k, 0) + max(self.k, 0)
        return L.reshape(L.strided_slice(rows, (0, first), (product(batch), length), (1, n + 1)), (*batch, length))  # type: ignore[arg-type]

    def reference(self, x: Array) -> Array:
        return np.diagonal(x, self.k, -2, -1)

    samples = (sample(normal(3, 3)), sample(normal(2, 3, 4), k=1), sample(normal(4, 2), k=-1), sample(normal(0, 3)),
               sample(normal(2, 2), k=3))


@op
class SetDiag(Composite):
    """Matrices with given numbers on a diagonal.

    Raises
    ------
    ShapeError if the diagonal has another length, or the axes before the last two differ.

    Shapes
    ------
    input, result : (..., m, n)
    diagonal : (..., length of the diagonal)
    """

    category = "Linear algebra"
    node_name = "MatrixSetDiagV3"
    names = ("linalg.set_diag",)
    inputs = (port("input", AnyType, "matrices"), port("diagonal", AnyType, "elements of the diagonals"))
    k: int = attr(0, "which diagonal: above the main one if positive, below if negative", convert=as_int)

    def result_shape(self, x: Shape, diagonal: Shape) -> Shape:
        wanted = DiagPart(self.k).result_shape(x)
        if len(wanted) != len(diagonal):
            raise ShapeError(f"input has shape {x}, diagonal {diagonal}; its shape is to be {wanted}")
        for axis, (a, b) in enumerate(zip(wanted, diagonal, strict=True)):
            merge(a, b, f"the shape of the diagonal is to be {wanted}; on axis {axis} there are")
        return x

    def decompose(self, x: Any, diagonal: Any) -> Any:
        m, n = x.shape[-2:]
        *batch, length = DiagPart(self.k).result_shape(x.shape)
        ahead = at_most(max(-self.k, 0), m)
        zero = np.zeros((), x.dtype.numpy)
        beside = [L.broadcast_to(zero, (*batch, size)) for size in (ahead, m - ahead - length)]
        diagonal = L.concat([beside[0], diagonal, beside[1]], -1)
        row, column = L.iota(m, x.rank - 2, x.rank, "int64"), L.iota(n, x.rank - 1, x.rank, "int64")
        return L.where(L.equal(column - self.k, row), L.expand_dims(diagonal, -1), x)

    def reference(self, x: Array, diagonal: Array) -> Array:
        result = np.array(x)
        for i in range(diagonal.shape[-1]):
            result[..., i + max(-self.k, 0), i + max(self.k, 0)] = diagonal[..., i]
        return result

    def gradient(self, g: Any, y: Any, x: Any, diagonal: Any) -> Any:
        return L.set_diag(g, L.zeros_like(diagonal), self.k), L.diag_part(g, self.k)

    samples = (sample(normal(3, 3), normal(3)), sample(normal(2, 3, 4), normal(2, 3)),
               sample(normal(3, 4), normal(3), k=1), sample(normal(2, 4, 2), normal(2, 2), k=-1),
               sample(normal(4, 3), normal(1), k=-3), sample(normal(0, 2), normal(0)))


@op
class Trace(Composed):
    """Sums of the diagonals of matrices.

    Shapes
    ------
    x : (..., m, n)
    result : (...)
    """

    category = "Linear algebra"
    names = ("linalg.trace",)
    inputs = (port("x", Numeric, "matrices"),)

    def result_shape(self, x: Shape) -> Shape:
        check_matrix(x)
        return Shape(x[:-2])

    def decompose(self, x: Any) -> Any:
        return L.reduce_sum(L.diag_part(x), -1)

    def reference(self, x: Array) -> Array:
        return np.asarray(np.trace(x, axis1=-2, axis2=-1, dtype=x.dtype))

    samples = (sample(normal(3, 3)), sample(normal(2, 3, 4)), sample(normal(0, 0)))


@op
class MatrixTranspose(Composite):
    """The last two axes exchanged."""

    category = "Linear algebra"
    names = ("linalg.matrix_transpose",)
    inputs = (port("a", AnyType, "matrices"),)

    def result_shape(self, x: Shape) -> Shape:
        check_matrix(x)
        return Shape((*x[:-2], x[-1], x[-2]))

    def decompose(self, x: Any) -> Any:
        return L.transpose(x, (*range(x.rank - 2), x.rank - 1, x.rank - 2))

    def reference(self, x: Array) -> Array:
        return np.swapaxes(x, -1, -2)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.matrix_transpose(g)

    samples = (sample(normal(3, 4)), sample(normal(2, 3, 4)), sample(normal(0, 2)))


@op
class BandPart(Composite):
    """Matrices with zeros outside a band around the diagonal.

    Shapes
    ------
    input : (..., m, n)
    result : the shape of input
    """

    category = "Linear algebra"
    node_name = "MatrixBandPart"
    names = ("linalg.band_part",)
    inputs = (port("input", AnyType, "matrices"),)
    num_lower: int = attr(REQUIRED, "diagonals kept below the main one, all if negative", convert=as_int)
    num_upper: int = attr(REQUIRED, "diagonals kept above the main one, all if negative", convert=as_int)

    @staticmethod
    def at_run_time(x: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Any:
        """The same for numbers of diagonals that are known when the program runs."""
        x, lower, upper = L.identity(x), L.cast(num_lower, "int64"), L.cast(num_upper, "int64")
        zero, one = L.cast(0, "int64"), L.cast(1, "int64")
        row, column = (L.range(zero, L.cast(L.shape_of(x)[k], "int64"), one) for k in (-2, -1))
        below = L.expand_dims(row, 1) - column
        is_kept = ((below <= lower) | (lower < 0)) & ((-below <= upper) | (upper < 0))
        return L.where(is_kept, x, np.zeros((), x.dtype.numpy), name=name)

    def result_shape(self, x: Shape) -> Shape:
        check_matrix(x)
        return x

    def decompose(self, x: Any) -> Any:
        row, column = (L.iota(x.shape[k], k, x.rank, "int64") for k in (x.rank - 2, x.rank - 1))
        lower = (row - column <= self.num_lower) | np.asarray(self.num_lower < 0)
        upper = (column - row <= self.num_upper) | np.asarray(self.num_upper < 0)
        return L.where(lower & upper, x, np.zeros((), x.dtype.numpy))

    def reference(self, x: Array) -> Array:
        row, column = np.indices(x.shape[-2:])
        kept = ((row - column <= self.num_lower) | (self.num_lower < 0)) & \
               ((column - row <= self.num_upper) | (self.num_upper < 0))
        return np.where(kept, x, np.zeros((), x.dtype))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.band_part(g, self.num_lower, self.num_upper)

    samples = (sample(normal(4, 4), num_lower=1, num_upper=0), sample(normal(2, 3, 5), num_lower=-1, num_upper=2),
               sample(normal(3, 3), num_lower=0, num_upper=-1), sample(normal(0, 3), num_lower=0, num_upper=0))


# -------------------------------------------------------------------- products

@op
class Matvec(Composed):
    """Product of a matrix and a vector, or of each pair in two stacks.

        c[..., i] = sum over l of a[..., i, l] * b[..., l]

    Raises
    ------
    ShapeError if the inner sizes differ.

    Shapes
    ------
    a : (..., m, k), or (..., k, m) if transpose_a
    b : (..., k)
    result : (..., m)
    """

    category = "Linear algebra"
    names = ("linalg.matvec",)
    is_costly = True
    inputs = (port("a", Numeric, "matrices"), port("b", Numeric, "vectors"))
    transpose_a: bool = attr(False, "exchange the last two axes of a first")

    def result_shape(self, a: Shape, b: Shape) -> Shape:
        check_matrix(a)
        if not b:
            raise ShapeError("b is a number; a vector has at least one axis")
        m, k = rows_and_columns(a, self.transpose_a)
        merge(k, b[-1], "inner sizes differ")
        return Shape((*broadcast_shapes(["a", "b"], [Shape(a[:-2]), Shape(b[:-1])]), m))

    def decompose(self, a: Any, b: Any) -> Any:
        return L.squeeze(L.matmul(a, L.expand_dims(b, -1), self.transpose_a), [-1])

    def reference(self, a: Array, b: Array) -> Array:
        matrix = np.swapaxes(a, -1, -2) if self.transpose_a else a
        return np.asarray(np.matmul(matrix, b[..., None])[..., 0])

    samples = (sample(normal(3, 4), normal(4)), sample(normal(4, 3), normal(4), transpose_a=True),
               sample(normal(2, 3, 4), normal(4)), sample(normal(3, 4), normal(2, 4)), sample(normal(3, 0), normal(0)))


@op
class Cross(Composite):
    """Cross products of vectors with three components.

        y = (a1 b2 - a2 b1, a2 b0 - a0 b2, a0 b1 - a1 b0)

    Shapes
    ------
    a, b, result : (..., 3)
    """

    category = "Linear algebra"
    names = ("linalg.cross",)
    inputs = (port("a", Numeric, "first factor"), port("b", Numeric, "second factor"))

    def result_shape(self, a: Shape, b: Shape) -> Shape:
        shape = same_shape((a, b))
        if not shape:
            raise ShapeError("operands are numbers; vectors have three components")
        return Shape((*shape[:-1], merge(shape[-1], 3, "vectors have three components; there are")))

    def decompose(self, a: Any, b: Any) -> Any:
        after = [L.gather(x, np.array([1, 2, 0]), axis=-1) for x in (a, b)]
        before = [L.gather(x, np.array([2, 0, 1]), axis=-1) for x in (a, b)]
        return after[0] * before[1] - before[0] * after[1]

    def reference(self, a: Array, b: Array) -> Array:
        return np.asarray(np.cross(a, b), a.dtype)

    def gradient(self, g: Any, y: Any, a: Any, b: Any) -> Any:
        return L.cross(b, g), L.cross(g, a)

    samples = (sample(normal(3), normal(3)), sample(normal(2, 4, 3), normal(2, 4, 3)),
               sample(normal(0, 3), normal(0, 3)))


Labels = tuple[Any, ...]


def contracted(a: Any, a_labels: Labels, b: Any, b_labels: Labels, kept: Sequence[Any]) -> tuple[Any, Labels]:
    """The product of two tensors with named axes, summed over names that are not kept, and the names of its axes."""
    a, a_labels = _without_ones(a, a_labels, b, b_labels)
    b, b_labels = _without_ones(b, b_labels, a, a_labels)
    a, a_labels = _summed(a, a_labels, [n for n in a_labels if n not in b_labels and n not in kept])
    b, b_labels = _summed(b, b_labels, [n for n in b_labels if n not in a_labels and n not in kept])
    both = [n for n in a_labels if n in b_labels]
    batch, inner = [n for n in both if n in kept], [n for n in both if n not in kept]
    left, right = [n for n in a_labels if n not in both], [n for n in b_labels if n not in both]
    for name in both:
        merge(a.shape[a_labels.index(name)], b.shape[b_labels.index(name)], f"sizes of {name} differ")
    sizes = {**dict(zip(a_labels, a.shape, strict=True)), **dict(zip(b_labels, b.shape, strict=True))}
    names = (*batch, *left, *right)
    a_matrix, turned_a = _matrices(a, a_labels, batch, left, inner)
    b_matrix, turned_b = _matrices(b, b_labels, batch, inner, right)
    result = L.batch_matmul(a_matrix, b_matrix, turned_a, turned_b)
    return L.reshape(result, tuple(sizes[n] for n in names)), names


def _without_ones(x: Any, names: Labels, other: Any, other_names: Labels) -> tuple[Any, Labels]:
    """Without axes of size 1 that meet a larger size: they broadcast."""
    gone = [k for k, n in enumerate(names) if n in other_names and x.shape[k] == 1
            and other.shape[other_names.index(n)] != 1]
    kept = [k for k in range(len(names)) if k not in gone]
    return (L.reshape(x, tuple(x.shape[k] for k in kept)) if gone else x), tuple(names[k] for k in kept)


def _summed(x: Any, names: Labels, gone: Sequence[Any]) -> tuple[Any, Labels]:
    if not gone:
        return x, names
    return L.reduce_sum(x, [names.index(n) for n in gone]), tuple(n for n in names if n not in gone)


def _matrices(x: Any, names: Labels, batch: Sequence[Any], rows: Sequence[Any], columns: Sequence[Any]) -> Any:
    """x as a stack of matrices, and whether they are transposed: read in place where the axes stand that way."""
    turned = bool(columns) and bool(rows) and list(names) == [*batch, *columns, *rows]
    order = names if turned else (*batch, *rows, *columns)
    moved = _ordered(x, names, order)
    sizes = dict(zip(order, moved.shape, strict=True))
    height, width = product(sizes[n] for n in rows), product(sizes[n] for n in columns)
    pair = (width, height) if turned else (height, width)
    return L.reshape(moved, (product(sizes[n] for n in batch), *pair)), turned


def _ordered(x: Any, names: Labels, order: Labels) -> Any:
    return x if tuple(names) == tuple(order) else L.transpose(x, tuple(names.index(n) for n in order))


@op
class Tensordot(Composed):
    """Products of two tensors summed over pairs of axes.

    Raises
    ------
    ShapeError if the sizes of a pair differ.

    Shapes
    ------
    a, b : any
    result : the axes of a that are not summed, then those of b
    """

    category = "Linear algebra"
    names = ("tensordot", "linalg.tensordot")
    is_costly = True
    inputs = (port("a", Numeric, "left factor"), port("b", Numeric, "right factor"))
    axes: Any = attr(REQUIRED, "number of last axes of a and first of b, or a list of axes of each",
                     convert=lambda axes: as_pairs(axes))

    def pairs(self, a: Shape, b: Shape) -> tuple[list[int], list[int]]:
        if isinstance(self.axes, int):
            if not 0 <= self.axes <= min(len(a), len(b)):
                raise ShapeError(f"axes={self.axes} of shapes {a} and {b}")
            return list(range(len(a) - self.axes, len(a))), list(range(self.axes))
        first, second = ([normal_axis(k, len(x)) for k in axes] for axes, x in zip(self.axes, (a, b), strict=True))
        return first, second

    def result_shape(self, a: Shape, b: Shape) -> Shape:
        first, second = self.pairs(a, b)
        for i, j in zip(first, second, strict=True):
            merge(a[i], b[j], f"axis {i} of a and axis {j} of b differ")
        return Shape([s for k, s in enumerate(a) if k not in first] + [s for k, s in enumerate(b) if k not in second])

    def decompose(self, a: Any, b: Any) -> Any:
        first, second = self.pairs(a.shape, b.shape)
        a_labels = tuple(range(a.rank))
        b_labels = tuple(first[second.index(k)] if k in second else a.rank + k for k in range(b.rank))
        kept = [n for n in (*a_labels, *b_labels) if n not in first]
        target = tuple(self.result_shape(a.shape, b.shape))
        left, turned_left = _matrices(a, a_labels, [], [n for n in a_labels if n in kept], first)
        right, turned = _matrices(b, b_labels, [], first, [n for n in b_labels if n in kept])
        return L.reshape(L.batch_matmul(left, right, turned_left, turned), target)

    def reference(self, a: Array, b: Array) -> Array:
        return np.asarray(np.tensordot(a, b, self.axes))

    samples = (sample(normal(2, 3, 4), normal(3, 4, 5), axes=[[1, 2], [0, 1]]), sample(normal(2), normal(3), axes=0),
               sample(normal(2, 3), normal(3, 2), axes=1), sample(normal(3, 2), normal(4, 3), axes=[[0], [1]]),
               sample(normal(3, 4), normal(3, 4), axes=2), sample(normal(2, 0), normal(0, 3), axes=1))


def as_pairs(axes: Any) -> Any:
    """A number as it is; two numbers or two lists as two tuples."""
    if np.ndim(axes) == 0 and not isinstance(axes, (list, tuple)):
        return as_int(axes)
    if len(axes) != 2:
        raise AttributeValueError(f"axes={axes!r}; it takes a number, or a list for each operand")
    first, second = (as_axes(k) or () for k in axes)
    if len(first) != len(second):
        raise AttributeValueError(f"axes={axes!r} names {len(first)} axes of a and {len(second)} of b")
    return first, second


# -------------------------------------------------------------------- einsum

def parsed(equation: str, ranks: Sequence[int]) -> tuple[list[Labels], Labels]:
    """The names of the axes of each operand and of the result. Axes under ``...`` are numbers, the last is -1.

    Raises
    ------
    InvalidArgumentError if the equation is none; ShapeError if it does not fit the operands.
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise ShapeError(f"equation {equation!r} is of {len(terms)} operands, not {len(ranks)}")
    found = [_names(equation, term, rank) for term, rank in zip(terms, ranks, strict=True)]
    widest = max((sum(isinstance(n, int) for n in names) for names in found), default=0)
    if not arrow:
        letters = "".join(terms).replace(".", "")
        right = ("..." if widest else "") + "".join(sorted(n for n in set(letters) if letters.count(n) == 1))
    count = len(right.replace("...", ""))
    result = _names(equation, right, count + (widest if "..." in right else 0))
    unknown = [n for n in result if not isinstance(n, int) and all(n not in names for names in found)]
    if unknown or len(set(result)) != len(result):
        raise InvalidArgumentError(f"equation {equation!r}: the result has an axis twice, or one of no operand")
    return found, result


def _names(equation: str, term: str, rank: int) -> Labels:
    before, dots, after = term.partition("...")
    named = before + after
    if not all(c in string.ascii_letters for c in named):
        raise InvalidArgumentError(f"equation {equation!r}: {term!r} is not made of letters and one ...")
    hidden = rank - len(named)
    if hidden < 0 or (hidden and not dots):
        raise ShapeError(f"equation {equation!r}: {term!r} for an operand of {rank} axes")
    return (*before, *range(-hidden, 0), *after)


@op
class Einsum(Composed):
    """Products of tensors with named axes, summed over the names that the result does not have.

    Raises
    ------
    ShapeError if the equation does not fit the operands.
    """

    category = "Linear algebra"
    internal = True                         # users call einsum(equation, *inputs)
    is_costly = True
    inputs = (variadic("inputs", Numeric, "operands, at least one"),)
    equation: str = attr(REQUIRED, "names of the axes of each operand, and of the result after ->")

    def result_shape(self, *shapes: Shape) -> Shape:
        operands, result = parsed(self.equation, [len(s) for s in shapes])
        sizes: dict[Any, Any] = {}
        for names, shape in zip(operands, shapes, strict=True):
            for name, size in zip(names, shape, strict=True):
                if isinstance(name, int):
                    sizes[name] = broadcast_shapes(
                        ["an operand", "another"], [Shape([sizes.get(name, 1)]), Shape([size])]
                    )[0]
                else:
                    sizes[name] = merge(sizes.get(name), size, f"sizes of {name} differ")
        return Shape(sizes[n] for n in result)

    def decompose(self, *tensors: Any) -> Any:
        target = tuple(self.result_shape(*(t.shape for t in tensors)))
        operands, result = parsed(self.equation, [t.rank for t in tensors])
        terms = [_diagonal(t, names) for t, names in zip(tensors, operands, strict=True)]
        total, names = terms[0]
        for k, (term, own) in enumerate(terms[1:], 2):
            later = [n for _, others in terms[k:] for n in others]
            total, names = contracted(total, names, term, own, [*result, *later])
        total, names = _summed(total, names, [n for n in names if n not in result])
        order = tuple(n for n in result if n in names)
        moved = _ordered(total, names, order)
        return moved if order == result else L.broadcast_to(moved, target)

    def reference(self, *arrays: Array) -> Array:
        return np.asarray(np.einsum(self.equation, *arrays))

    samples = (sample(normal(3, 4), normal(4, 2), equation="ij,jk->ik"), sample(normal(2, 3, 4), equation="ijk->k"),
               sample(normal(2, 3, 4), normal(2, 5, 4), equation="bqd,bkd->bqk"),
               sample(normal(3, 3), equation="ii->i"),
               sample(normal(2, 3, 4), normal(4, 5), equation="...i,ij->...j"), sample(normal(3, 4), equation="ji"),
               sample(normal(3), normal(3), equation="i,i->"), sample(normal(2), normal(3), equation="i,j->ji"),
               sample(normal(2, 3), normal(3, 4), normal(4, 2), equation="ij,jk,kl->il"),
               sample(normal(2, 1, 3), normal(5, 3), equation="...i,...i->..."),
               sample(normal(2, 2, 3), equation="iij"),
               sample(normal(2, 0), normal(0, 3), equation="ab,bc"))


def _diagonal(x: Any, names: Labels) -> tuple[Any, Labels]:
    """x with axes of one name joined to their diagonal."""
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            i = names.index(name)
            j = names.index(name, i + 1)
            rest = [k for k in range(len(names)) if k not in (i, j)]
            merge(x.shape[i], x.shape[j], f"sizes of {name} differ")
            x = L.diag_part(L.transpose(x, (*rest, i, j)))
            names = (*(names[k] for k in rest), name)
    return x, names
