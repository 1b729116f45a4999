"""Products of matrices."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtypes import DType
from ..errors import ShapeError
from ..ir.dims import Shape, Size, equal, merge, product
from ..ir.node import Tensor
from .kinds import Array, Call, Composite, Library, Numeric, attr, broadcast_shapes, port
from .language import L
from .quiet import quiet
from .registry import op
from .rules import sizes_of
from .samples import normal, sample


def oriented(x: Array, transposed: bool) -> Array:
    return np.swapaxes(x, -1, -2) if transposed else x


def turned(o: Any, x: Any, transposed: bool) -> Any:
    """The same for a model of ONNX."""
    return o.transpose(x, (*range(x.rank - 2), x.rank - 1, x.rank - 2)) if transposed else x


def rows_and_columns(x: Sequence[Any], transposed: bool) -> tuple[Any, Any]:
    return (x[-1], x[-2]) if transposed else (x[-2], x[-1])


@op
class BatchMatmul(Library):
    """Products of two stacks of matrices; a stack of one meets every matrix of the other.

    Shapes
    ------
    a : (batch, m, k), or (batch, k, m) if transpose_a
    b : (batch, k, n), or (batch, n, k) if transpose_b
    result : (batch, m, n)
    """

    category = "Linear algebra"
    internal = True
    has_sums = True
    inputs = (port("a", Numeric, "left matrices"), port("b", Numeric, "right matrices"))
    transpose_a: bool = attr(False, "whether a is stored with rows and columns exchanged")
    transpose_b: bool = attr(False, "whether b is stored with rows and columns exchanged")

    def result_shape(self, a: Shape, b: Shape) -> Shape:
        if len(a) != 3 or len(b) != 3:
            raise ShapeError(f"both operands have 3 axes; a has shape {a}, b has shape {b}")
        m, inner = rows_and_columns(a, self.transpose_a)
        other, n = rows_and_columns(b, self.transpose_b)
        merge(inner, other, "inner sizes differ")
        return Shape((*broadcast_shapes(["a", "b"], [Shape(a[:1]), Shape(b[:1])]), m, n))

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        a, b, (batch, m, n) = sizes_of(inputs[0]), sizes_of(inputs[1]), sizes_of(results[0])
        k = rows_and_columns(a, self.transpose_a)[1]
        strides = (*element_strides(a, self.transpose_a), *element_strides(b, self.transpose_b))
        return Call(f"gemm_{inputs[0].dtype.code}", (batch, m, n, k, *strides, 0), extent=batch)

    def operations(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Size:
        """A product and a sum for each term."""
        inner: Size = rows_and_columns(sizes_of(inputs[0]), self.transpose_a)[1]
        return product(sizes_of(results[0])) * inner * 2

    @quiet
    def reference(self, a: Array, b: Array) -> Array:
        return np.asarray(np.matmul(oriented(a, self.transpose_a), oriented(b, self.transpose_b)))

    def to_onnx(self, o: Any, a: Any, b: Any) -> Any:
        return o.MatMul(turned(o, a, self.transpose_a), turned(o, b, self.transpose_b))

    def gradient(self, g: Any, y: Any, a: Any, b: Any) -> Any:
        return product_gradients(self, L.batch_matmul, g, a, b)

    samples = (sample(normal(1, 3, 4), normal(1, 4, 2)), sample(normal(5, 3, 4), normal(1, 4, 2)),
               sample(normal(1, 4, 3), normal(5, 2, 4), transpose_a=True, transpose_b=True),
               sample(normal(2, 3, 0), normal(2, 0, 2)), sample(normal(0, 3, 2), normal(0, 2, 2)))


def element_strides(stack: tuple[Size, ...], transposed: bool) -> tuple[Size, Size, Size]:
    """Elements from one matrix to the next, from one row to the next, and from one column to the next."""
    batch, rows, columns = stack
    between = 0 if batch == 1 else rows * columns
    return (between, 1, columns) if transposed else (between, columns, 1)


def product_gradients(op_: Any, multiply: Any, g: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """Gradients of y = op(a) op(b), where op transposes or does not.

    In terms of the oriented factors A and B they are G B^T and A^T G; a factor that is stored transposed gets its
    gradient transposed, by exchanging the two factors of that product.
    """
    ta, tb = op_.transpose_a, op_.transpose_b
    g_a = multiply(b, g, tb, True) if ta else multiply(g, b, False, not tb)
    g_b = multiply(g, a, True, ta) if tb else multiply(a, g, not ta, False)
    return summed_like(g_a, a), summed_like(g_b, b)


def summed_like(g: Any, x: Any) -> Any:
    """`g` summed over the axes of the batch along which `x` was repeated; both are the same if there are none."""
    if g.shape.rank is not None and g.shape.rank == x.shape.rank:
        batches = list(zip(g.shape[:-2], x.shape[:-2], strict=True))
        if all(equal(s, t) for s, t in batches):
            return g
    return L.sum_like(g, x)


@op
class Matmul(Composite):
    """Product of two matrices, or of each pair of matrices in two stacks.

        c[..., i, j] = sum over l of a[..., i, l] * b[..., l, j]

    Raises
    ------
    ShapeError if an operand has fewer than two axes, if the last axis of `a` differs from the next-to-last of `b`
    (after transposing), or if the axes before them do not broadcast.

    Shapes
    ------
    a : (..., m, k), or (..., k, m) if transpose_a
    b : (..., k, n), or (..., n, k) if transpose_b
    result : (..., m, n); the axes before the last two are broadcast
    """

    category = "Linear algebra"
    names = ("matmul", "linalg.matmul")
    node_name = "MatMul"
    operator = "@"
    onnx = "MatMul"
    is_costly = True
    inputs = (port("a", Numeric, "left factor"), port("b", Numeric, "right factor"))
    transpose_a: bool = attr(False, "exchange the last two axes of a first")
    transpose_b: bool = attr(False, "exchange the last two axes of b first")

    def infer(self, inputs: Sequence[Tensor]) -> list[tuple[DType, Shape]]:
        for p, x in zip(self.inputs, inputs, strict=True):      # also where the other one's rank is not known
            if x.shape.rank is not None and x.shape.rank < 2:
                raise ShapeError(f"{p.name} has shape {x.shape}; a matrix has at least two axes", fix="expand_dims")
        return super().infer(inputs)

    def result_shape(self, a: Shape, b: Shape) -> Shape:
        m, k = rows_and_columns(a, self.transpose_a)
        other, n = rows_and_columns(b, self.transpose_b)
        try:
            merge(k, other, "")
        except ShapeError:
            raise ShapeError(
                f"inner sizes differ: {k} (a, axis {-2 if self.transpose_a else -1}) and "
                f"{other} (b, axis {-1 if self.transpose_b else -2})",
                fix="transpose one operand, or check the layer's input size",
            ) from None
        return Shape((*broadcast_shapes(["a", "b"], [Shape(a[:-2]), Shape(b[:-2])]), m, n))

    def decompose(self, a: Any, b: Any) -> Any:
        target = tuple(self.result_shape(a.shape, b.shape))
        if b.rank == 2 and not self.transpose_a:
            stacks = L.reshape(a, (1, product(a.shape[:-1]), a.shape[-1])), L.reshape(b, (1, *b.shape))
        else:
            stacks = stack_of(a, target[:-2]), stack_of(b, target[:-2])
        return L.reshape(L.batch_matmul(*stacks, self.transpose_a, self.transpose_b), target)

    @quiet
    def reference(self, a: Array, b: Array) -> Array:
        return np.asarray(np.matmul(oriented(a, self.transpose_a), oriented(b, self.transpose_b)))

    def to_onnx(self, o: Any, a: Any, b: Any) -> Any:
        return o.MatMul(turned(o, a, self.transpose_a), turned(o, b, self.transpose_b))

    def gradient(self, g: Any, y: Any, a: Any, b: Any) -> Any:
        if not self.transpose_a and is_plain_matrix(b) and a.shape.rank is not None and a.rank > 2:
            k, n = rows_and_columns(b.shape, self.transpose_b)
            a_rows, g_rows = L.reshape(a, (-1, k)), L.reshape(g, (-1, n))
            factors = (g_rows, a_rows) if self.transpose_b else (a_rows, g_rows)
            return L.matmul(g, b, False, not self.transpose_b), L.matmul(*factors, True)
        return product_gradients(self, L.matmul, g, a, b)

    samples = (sample(normal(5, 3, 4), normal(2, 4), transpose_b=True), sample(normal(3, 4), normal(4, 2)),
               sample(normal(4, 3), normal(2, 4), transpose_a=True, transpose_b=True),
               sample(normal(3, 4), normal(2, 4), transpose_b=True),
               sample(normal(4, 3), normal(4, 2), transpose_a=True), sample(normal(5, 3, 4), normal(4, 2)),
               sample(normal(3, 4), normal(5, 4, 2)), sample(normal(5, 4, 3), normal(4, 2), transpose_a=True),
               sample(normal(2, 1, 3, 4), normal(5, 4, 2)), sample(normal(3, 0), normal(0, 2)),
               sample(normal(0, 3), normal(3, 2)), sample(normal(1, 1), normal(1, 1)))


def is_plain_matrix(x: Any) -> bool:
    """Whether it has two axes of known sizes: then one product sums over the other's whole batch."""
    return x.shape.rank == 2 and all(isinstance(s, int) and s > 0 for s in x.shape)


def stack_of(x: Any, batch: tuple[Any, ...]) -> Any:
    """`x` with its first axes made one: of size 1 if they are all 1, else of the size of the whole batch."""
    own = tuple(x.shape[:-2])
    matrix = tuple(x.shape[-2:])
    if all(s == 1 for s in own):
        return L.reshape(x, (1, *matrix))
    whole = x if own == batch else L.broadcast_to(x, (*batch, *matrix))
    return L.reshape(whole, (product(batch), *matrix))
