"""Orthonormal bases, and what is solved where a matrix has no inverse: least squares and pseudoinverses."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtypes import DType, int32
from ..errors import InvalidArgumentError, ShapeError
from ..ir.dims import Shape, merge, product
from ..ir.node import Tensor
from .indexing import at_most
from .kinds import Array, Call, Composite, Library, NoGradient, attr, port
from .language import L
from .matrices import check_matrix
from .parts import Composed
from .quiet import quiet
from .registry import op
from .rules import sizes_of
from .samples import normal, orthonormal, sample, spread, values
from .spectral import NOT_FOUND, columns, converging, inverse_where_large, skew, with_rest
from .triangular import Solvable

# -------------------------------------------------------------------- QR

@op
class Qr(Library):
    """Orthonormal columns q and upper triangular r with q r = input.

    Returns
    -------
    q and r, which can be fetched and used each on its own.

    Shapes
    ------
    input : (..., m, n)
    q, r : (..., m, k) and (..., k, n), k the smaller of m and n, or (..., m, m) and (..., m, n) if full_matrices

    Notes
    -----
    The diagonal of r may be negative. The gradient exists where the first k columns are independent.

    References
    ----------
    Walter and Lehmann (2010), "Algorithmic differentiation of linear algebra functions with application in optimum
    experimental design", section 4.2. Roberts and Roberts (2020), "QR and LQ decomposition matrix backpropagation
    algorithms for square, wide, and deep matrices", section 3.
    """

    category = "Linear algebra"
    names = ("linalg.qr",)
    fields = ("q", "r")
    inputs = (port("input", Solvable, "matrices"),)
    full_matrices: bool = attr(False, "whether the columns of q are a whole basis")

    def result_dtype(self, *types: DType) -> tuple[DType, DType]:
        return types[0], types[0]

    def result_shape(self, x: Shape) -> tuple[Shape, Shape]:
        check_matrix(x)
        *batch, m, n = x
        p = m if self.full_matrices else at_most(m, n)
        return Shape((*batch, m, p)), Shape((*batch, p, n))

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        *batch, m, n = sizes_of(inputs[0])
        p, dtype = sizes_of(results[0])[-1], inputs[0].dtype
        work = 64 * (m + n)                     # LAPACK's gelqf and orglq ask for n and p; blocks make them faster
        scratch = ((dtype, m * n), (dtype, m), (dtype, work))
        return Call(f"qr_{dtype.code}", (product(batch), m, n, p, work), extent=product(batch), scratch=scratch)

    def reference(self, x: Array) -> tuple[Array, Array]:
        q, r = np.linalg.qr(x, "complete" if self.full_matrices else "reduced")
        return np.asarray(q, x.dtype), np.asarray(r, x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.qr_gradient(*g, *y, x)

    samples = (sample(normal(3, 3)), sample(spread(2, 5, 3)), sample(spread(3, 5)), sample(normal(1, 1)),
               sample(spread(3, 2), full_matrices=True), sample(spread(2, 3), full_matrices=True),
               sample(normal(0, 3)), sample(normal(0, 2, 2)))


@op
class QrGradient(Composed):
    """The gradient of a matrix from those of its orthonormal columns and its triangle.

    Notes
    -----
    Wide matrices are a square one, whose columns the gradients of the others reach through q, beside the rest.
    """

    category = "Gradient"
    internal = True
    inputs = (port("g_q", Solvable, "gradient of the orthonormal columns"), port("g_r", Solvable, "of the triangle"),
              port("q", Solvable, "orthonormal columns"), port("r", Solvable, "triangle"),
              port("x", Solvable, "the matrix"))

    def result_shape(self, g_q: Shape, g_r: Shape, q: Shape, r: Shape, x: Shape) -> Shape:
        return x

    def decompose(self, g_q: Any, g_r: Any, q: Any, r: Any, x: Any) -> Any:
        m, n = x.shape[-2:]
        k = at_most(m, n)
        q, g_q = with_rest(q, g_q, k)
        triangle, g_triangle = columns(r, 0, k, k), columns(g_r, 0, k, k)
        g_beside = columns(g_r, k, n - k, k)
        g_q = g_q + L.matmul(columns(x, k, n - k), g_beside, False, True)
        along = L.matmul(q, g_q, True)
        lower = L.band_part(skew(along) + skew(L.matmul(triangle, g_triangle, False, True)), -1, 0)
        turned = L.matmul(q, lower) + g_q - L.matmul(q, along)
        square = L.matmul(q, g_triangle) + _divided(turned, triangle)
        return L.concat([square, L.matmul(q, g_beside)], -1)

    @quiet
    def reference(self, g_q: Array, g_r: Array, q: Array, r: Array, x: Array) -> Array:
        """The definition: with dq = q w + rest, w skew, each direction of x moves r by the upper triangle alone."""
        result = np.zeros_like(x)
        m, n = x.shape[-2:]
        k = min(m, n)
        for place in np.ndindex(x.shape[:-2]):
            basis, triangle = q[place][:, :k], r[place][:k, :k]
            for i, j in np.ndindex(m, n):
                change = np.zeros_like(x[place])
                change[i, j] = 1
                step = change[:, :k] @ np.linalg.inv(triangle)
                inside = basis.T @ step
                turn = np.tril(inside, -1) - np.tril(inside, -1).T
                d_q = np.zeros_like(q[place])
                d_q[:, :k] = basis @ turn + step - basis @ inside
                d_q[:, k:] = -basis @ (step.T @ q[place][:, k:])
                d_r = np.zeros_like(r[place])
                d_r[:k] = basis.T @ change - turn @ r[place][:k]
                result[(*place, i, j)] = (g_q[place] * d_q).sum() + (g_r[place] * d_r).sum()
        return result

    samples = (sample(normal(3, 2), normal(2, 2), orthonormal(3, 2), values([[3.0, 1.0], [0.0, 2.0]]), normal(3, 2),
                      smooth=False),
               sample(normal(2, 2), normal(2, 2), orthonormal(2, 2), values([[3.0, 1.0], [0.0, 2.0]]), normal(2, 2),
                      smooth=False))


def _divided(x: Any, triangle: Any) -> Any:
    """x t'^-1 of an upper triangular t."""
    return L.matrix_transpose(L.triangular_solve(triangle, L.matrix_transpose(x), False))


# -------------------------------------------------------------------- without an inverse

@op
class SingularLimit(Composed):
    """The singular value of a matrix up to which others count as 0: part of the largest, more for larger matrices.

        limit = factor * max(m, n) * (spacing of numbers at 1) * max(s)

    Shapes
    ------
    s : (..., k)
    like : (..., m, n)
    result : (..., 1)
    """

    category = "Linear algebra"
    internal = True
    inputs = (port("s", Solvable, "singular values"), port("like", Solvable, "the matrix, lends its shape", same="L"))
    factor: float = attr(1.0, "factor of the limit, dimensionless", convert=float)

    def result_shape(self, s: Shape, like: Shape) -> Shape:
        return Shape((*s[:-1], 1))

    def decompose(self, s: Any, like: Any) -> Any:
        m, n = like.shape[-2:]
        largest = L.cast(L.size_value(m + n - at_most(m, n), "int64"), s.dtype)
        return largest * (self.factor * float(np.finfo(s.dtype.numpy).eps)) * L.reduce_max(s, -1, True)

    def reference(self, s: Array, like: Array) -> Array:
        scale = self.factor * max(like.shape[-2:]) * np.finfo(s.dtype).eps
        return np.asarray(scale * np.max(s, -1, keepdims=True, initial=-np.inf), s.dtype)

    samples = (sample(values(3.0, 1.0), normal(2, 3)),
               sample(values([[3.0, 1.0], [2.0, 5.0]]), normal(2, 4, 2), factor=9),
               sample(normal(0, 2), normal(0, 2, 2)))


@op
class Lstsq(Composite):
    """The shortest X for which the squares of A X - rhs, and l2_regularizer times those of X, add up to the least.

    Raises
    ------
    ShapeError if the rows of the matrices are not those of rhs, or the axes before the last two differ.

    Shapes
    ------
    matrix : (..., m, n)
    rhs : (..., m, k)
    result : (..., n, k)

    Notes
    -----
    By singular values, which is more exact than the normal equations and takes matrices of any rank: those of a size
    lost in rounding count as 0. The gradient is that of matrices of full rank.

    References
    ----------
    Golub and Pereyra (1973), "The differentiation of pseudo-inverses and nonlinear least squares problems whose
    variables separate", theorem 4.3.
    """

    category = "Linear algebra"
    names = ("linalg.lstsq",)
    node_name = "MatrixSolveLs"
    is_costly = True
    inputs = (port("matrix", Solvable, "coefficients"), port("rhs", Solvable, "right-hand sides, as columns"))
    l2_regularizer: float = attr(0.0, "weight of the squares of X", low=0.0, convert=float)
    fast: bool = attr(True, "not used; both ways of TensorFlow give what this gives")

    def result_shape(self, matrix: Shape, rhs: Shape) -> Shape:
        check_matrix(matrix)
        if len(rhs) != len(matrix):
            raise ShapeError(f"matrix has shape {matrix}, rhs {rhs}; they have as many axes")
        batch = [merge(a, b, f"matrix and rhs differ on axis {k}")
                 for k, (a, b) in enumerate(zip(matrix[:-2], rhs[:-2], strict=True))]
        merge(matrix[-2], rhs[-2], "matrix and rhs differ in their rows")
        return Shape((*batch, matrix[-1], rhs[-1]))

    def _parts(self, matrix: Any) -> tuple[Any, Any, Any, Any]:
        """u, v, and what numbers along the columns of u are divided by on the way to X, and to its gradient."""
        s, u, v = L.svd(matrix)
        column = L.expand_dims(s, -1)
        if self.l2_regularizer:
            by_square = 1 / (column * column + self.l2_regularizer)
            return u, v, column * by_square, by_square
        size = L.where(column > L.expand_dims(L.singular_limit(s, matrix), -1), column, 0)
        by_size = inverse_where_large(size)
        return u, v, by_size, by_size * by_size

    def decompose(self, matrix: Any, rhs: Any) -> Any:
        u, v, factor, _ = self._parts(matrix)
        return L.matmul(v, factor * L.matmul(u, rhs, True))

    def reference(self, matrix: Array, rhs: Array) -> Array:
        result = np.zeros(tuple(self.result_shape(Shape(matrix.shape), Shape(rhs.shape))), rhs.dtype)  # type: ignore[type-var]
        n = matrix.shape[-1]
        ridge = np.sqrt(self.l2_regularizer) * np.eye(n if self.l2_regularizer else 0, n)
        for place in np.ndindex(matrix.shape[:-2]):
            rows = np.concatenate([matrix[place], ridge])
            targets = np.concatenate([rhs[place], np.zeros((len(ridge), rhs.shape[-1]))])
            if not (np.isfinite(rows).all() and np.isfinite(targets).all()):    # LAPACK's may go on for ever
                raise InvalidArgumentError(NOT_FOUND)
            with converging():
                result[place] = np.linalg.lstsq(rows, targets, rcond=None)[0]
        return result

    def gradient(self, g: Any, y: Any, matrix: Any, rhs: Any) -> Any:
        u, v, factor, squared = self._parts(matrix)
        b, h = L.matmul(u, rhs, True), L.matmul(v, g, True)
        by_rhs, z, w = L.matmul(u, factor * h), L.matmul(v, squared * h), L.matmul(u, squared * b)
        residual = rhs - L.matmul(u, b) + w * self.l2_regularizer
        across = g - L.matmul(v, h)
        terms = L.matmul(residual, z, False, True) + L.matmul(w, across, False, True)
        return terms - L.matmul(by_rhs, y, False, True), by_rhs

    samples = (sample(spread(4, 3), normal(4, 2)), sample(spread(3, 5), normal(3, 1)),
               sample(spread(2, 4, 2), normal(2, 4, 1), l2_regularizer=0.5),
               sample(spread(2, 3), normal(2, 2), l2_regularizer=0.1, fast=False),
               sample(values([[1.0, 2.0], [2.0, 4.0], [0.0, 0.0]]), normal(3, 1), smooth=False),
               sample(normal(1, 1), normal(1, 1)), sample(normal(0, 2, 2), normal(0, 2, 1)))


@op
class Pinv(Composite):
    """Moore-Penrose pseudoinverses: the shortest solutions of least squares are their products with right-hand sides.

    Shapes
    ------
    a : (..., m, n)
    result : (..., n, m)

    Notes
    -----
    The gradient is that along matrices of the same rank.

    References
    ----------
    Golub and Pereyra (1973), "The differentiation of pseudo-inverses and nonlinear least squares problems whose
    variables separate", theorem 4.3.
    """

    category = "Linear algebra"
    names = ("linalg.pinv",)
    is_costly = True
    inputs = (port("a", Solvable, "matrices"),)
    rcond: float | None = attr(
        None, "part of the largest singular value up to which others count as 0; 10 times the larger of rows and "
              "columns, times the spacing of numbers at 1, if None", convert=lambda x: None if x is None else float(x))
    validate_args: bool = attr(False, "not used; arguments are always checked")

    def result_shape(self, x: Shape) -> Shape:
        check_matrix(x)
        return Shape((*x[:-2], x[-1], x[-2]))

    def decompose(self, x: Any) -> Any:
        s, u, v = L.svd(x)
        limit = L.singular_limit(s, x, 10.0) if self.rcond is None else self.rcond * L.reduce_max(s, -1, True)
        factor = inverse_where_large(L.where(s > limit, s, 0))
        return L.matmul(v * L.expand_dims(factor, -2), u, False, True)

    def reference(self, x: Array) -> Array:
        rcond = 10 * max(x.shape[-2:]) * np.finfo(x.dtype).eps if self.rcond is None else self.rcond
        with converging():
            return np.asarray(np.linalg.pinv(x, rcond), x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        turned = L.matrix_transpose(g)
        left = L.matmul(turned - L.matmul(x, L.matmul(y, turned)), L.matmul(y, y, False, True))
        right = L.matmul(L.matmul(y, y, True), turned - L.matmul(L.matmul(turned, y), x))
        return left + right - L.matmul(y, L.matmul(g, y, False, True), True)

    samples = (sample(spread(4, 3)), sample(spread(2, 3, 5)), sample(spread(2, 2), rcond=0.01), sample(normal(1, 1)),
               sample(values([[1.0, 2.0], [2.0, 4.0], [0.0, 0.0]]), smooth=False), sample(normal(0, 2, 2)))


@op
class MatrixRank(Composite):
    """How many singular values of a matrix are larger than `tol`.

    Shapes
    ------
    a : (..., m, n)
    result : (...), int32
    """

    category = "Linear algebra"
    names = ("linalg.matrix_rank",)
    inputs = (port("a", Solvable, "matrices"),)
    tol: float | None = attr(
        None, "what counts as 0; the larger of rows and columns, times the largest singular value, times the spacing "
              "of numbers at 1, if None", convert=lambda x: None if x is None else float(x))
    validate_args: bool = attr(False, "not used; arguments are always checked")
    gradient = NoGradient("a number of values is no smooth function")

    def result_dtype(self, *types: DType) -> DType:
        return int32

    def result_shape(self, x: Shape) -> Shape:
        check_matrix(x)
        return Shape(x[:-2])

    def decompose(self, x: Any) -> Any:
        s = L.svd(x, False, False)
        limit = L.singular_limit(s, x) if self.tol is None else self.tol
        return L.reduce_sum(L.cast(s > limit, "int32"), -1)

    def reference(self, x: Array) -> Array:
        with converging():
            return np.asarray(np.linalg.matrix_rank(x, self.tol), np.int32)

    samples = (sample(spread(4, 3)), sample(values([[1.0, 2.0], [2.0, 4.0]])), sample(spread(2, 3, 3), tol=3.0),
               sample(normal(0, 2, 2)))
