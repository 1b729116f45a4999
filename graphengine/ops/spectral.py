"""Eigenvalues and singular values, and the vectors that belong to them."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..dtypes import DType, int32
from ..errors import InvalidArgumentError
from ..ir.dims import Shape, product
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
from .triangular import Solvable, each, square, stacked

NOT_FOUND = "the iteration does not converge; is every number finite?"

# Both signs of a vector are right. So that results do not depend on the machine, the first component that is larger
# than this many percent of the largest is positive: the first of the large ones rather than the largest, because
# rounding decides which of two equal ones is the largest.
LARGE_PERCENT = 30


@contextmanager
def converging() -> Iterator[None]:
    """Numpy's iterations, whose failure is an InvalidArgumentError as that of the kernels is."""
    try:
        yield
    except np.linalg.LinAlgError:
        raise InvalidArgumentError(NOT_FOUND) from None


def facing_back(rows: Array) -> Array:
    """-1 for each row that has the sign that it is not to have, else 1."""
    if not rows.shape[-1]:
        return np.ones((*rows.shape[:-1], 1), rows.dtype)
    size = np.abs(rows)
    first = np.argmax(size * 100 > LARGE_PERCENT * size.max(-1, keepdims=True), -1)
    return np.where(np.take_along_axis(rows, first[..., None], -1) < 0, -1, 1).astype(rows.dtype)


def inverse_where_large(x: Any) -> Any:
    """1 / x, and 0 where x is so small that this would overflow: there only what is 0 is multiplied by it."""
    is_large = L.abs(x) >= np.finfo(x.dtype.numpy).tiny
    return L.where(is_large, 1 / L.where(is_large, x, 1), 0)


# -------------------------------------------------------------------- eigenvalues

@op
class EighRows(Library):
    """Eigenvalues of symmetric matrices in ascending order, and their eigenvectors as rows.

    Shapes
    ------
    x : (..., n, n); the lower triangle is read
    values : (..., n)
    rows : (..., n, n), if compute_v
    """

    category = "Linear algebra"
    internal = True
    inputs = (port("x", Solvable, "symmetric matrices"),)
    compute_v: bool = attr(True, "whether eigenvectors are wanted")
    gradient = NoGradient("gradients are taken of eigh")
    raises = InvalidArgumentError

    def result_dtype(self, *types: DType) -> Any:
        return (types[0], types[0]) if self.compute_v else types[0]

    def result_shape(self, x: Shape) -> Any:
        shape = square(x)
        return (Shape(shape[:-1]), shape) if self.compute_v else Shape(shape[:-1])

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        *batch, n, _ = sizes_of(inputs[0])
        dtype = inputs[0].dtype
        work, whole_work = 1 + 6 * n + 2 * n * n, 3 + 5 * n         # what LAPACK's syevd asks for
        sizes = (product(batch), n, int(self.compute_v), work, whole_work, LARGE_PERCENT)
        copies = () if self.compute_v else ((dtype, n * n),)
        scratch = (*copies, (dtype, work), (int32, whole_work))
        return Call(f"eigh_{dtype.code}", sizes, extent=product(batch), scratch=scratch)

    def explain_code(self, code: int) -> str:
        return NOT_FOUND

    def reference(self, x: Array) -> Any:
        if not self.compute_v:
            found = each(np.linalg.eigvalsh, x, lambda matrix: NOT_FOUND)
            return stacked(found, x.shape[:-1], x.dtype)
        pairs = each(np.linalg.eigh, x, lambda matrix: NOT_FOUND)
        rows = stacked([v.T for _, v in pairs], x.shape, x.dtype)
        return stacked([e for e, _ in pairs], x.shape[:-1], x.dtype), rows * facing_back(rows)

    samples = (sample(spread(3, 3)), sample(spread(2, 2, 4, 4)), sample(normal(1, 1)), sample(normal(0, 0)),
               sample(normal(0, 2, 2)), sample(spread(4, 4), compute_v=False), sample(normal(2, 0, 0), compute_v=False))


@op
class Eigh(Composite):
    """Eigenvalues e of symmetric matrices, in ascending order, and orthonormal eigenvectors, the columns of v.

        x = v diag(e) v'

    Only the lower triangle is read. Of the two signs of an eigenvector, the one is taken where the first of its large
    components is positive.

    Returns
    -------
    e and v, which can be fetched and used each on its own.

    Raises
    ------
    ShapeError if the matrices are not square. InvalidArgumentError, when run, if one has numbers that are not finite.

    Shapes
    ------
    tensor, v : (..., n, n)
    e : (..., n)

    Notes
    -----
    The gradient with respect to the lower triangle, as TensorFlow's. Through v it exists where eigenvalues differ. Two
    that are equal add nothing, as in TensorFlow: right for projections onto all vectors of one value, but not for every
    function of the matrix.

    References
    ----------
    Giles (2008), "Collected matrix derivative results for forward and reverse mode algorithmic differentiation",
    section 3.1.
    """

    category = "Linear algebra"
    names = ("linalg.eigh",)
    node_name = "SelfAdjointEigV2"
    is_costly = True
    inputs = (port("tensor", Solvable, "symmetric matrices"),)

    def result_dtype(self, *types: DType) -> Any:
        return types[0], types[0]

    def result_shape(self, x: Shape) -> Any:
        shape = square(x)
        return Shape(shape[:-1]), shape

    def decompose(self, x: Any) -> Any:
        e, rows = L.eigh_rows(x)
        return e, L.matrix_transpose(rows)

    def reference(self, x: Array) -> tuple[Array, Array]:
        e, rows = EighRows().reference(x)
        return e, np.swapaxes(rows, -1, -2)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        (g_e, g_v), (e, v) = g, y
        gaps = inverse_where_large(L.expand_dims(e, -2) - L.expand_dims(e, -1))
        return lower_half(_sandwich(v, L.diag(g_e) + gaps * L.matmul(v, g_v, True)))

    samples = (sample(spread(3, 3)), sample(spread(2, 4, 4)), sample(normal(1, 1)), sample(normal(0, 0)))


@op
class Eigvalsh(Composite):
    """Eigenvalues of symmetric matrices, in ascending order. Only the lower triangle is read.

    Shapes
    ------
    tensor : (..., n, n)
    result : (..., n)
    """

    category = "Linear algebra"
    names = ("linalg.eigvalsh",)
    node_name = "SelfAdjointEigvals"
    is_costly = True
    inputs = Eigh.inputs

    def result_shape(self, x: Shape) -> Shape:
        return Shape(square(x)[:-1])

    def decompose(self, x: Any) -> Any:
        return L.eigh_rows(x, False)

    def reference(self, x: Array) -> Any:
        return EighRows(False).reference(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return lower_half(_sandwich(L.eigh(x)[1], L.diag(g)))

    samples = (sample(spread(3, 3)), sample(spread(2, 4, 4)), sample(normal(1, 1)), sample(normal(0, 0)))


def _sandwich(v: Any, inner: Any) -> Any:
    return L.matmul(v, L.matmul(inner, v, False, True))


def lower_half(g: Any) -> Any:
    """The gradient with respect to a lower triangle that stands for a symmetric matrix, from that of the matrix."""
    return L.band_part(g + L.matrix_transpose(g), -1, 0) - L.band_part(g, 0, 0)


# -------------------------------------------------------------------- singular values

@op
class SvdRows(Library):
    """Singular values of matrices in descending order, their left vectors as columns and their right ones as rows.

    Shapes
    ------
    x : (..., m, n)
    s : (..., k), k the smaller of m and n
    u, vt : (..., m, k) and (..., k, n), or (..., m, m) and (..., n, n) if full_matrices; none if not compute_uv
    """

    category = "Linear algebra"
    internal = True
    inputs = (port("x", Solvable, "matrices"),)
    full_matrices: bool = attr(False, "whether vectors of a whole basis are wanted")
    compute_uv: bool = attr(True, "whether vectors are wanted")
    gradient = NoGradient("gradients are taken of svd")
    raises = InvalidArgumentError

    def result_dtype(self, *types: DType) -> Any:
        return (types[0],) * 3 if self.compute_uv else types[0]

    def result_shape(self, x: Shape) -> Any:
        check_matrix(x)
        *batch, m, n = x
        k = at_most(m, n)
        s = Shape((*batch, k))
        if not self.compute_uv:
            return s
        p, q = (m, n) if self.full_matrices else (k, k)
        return s, Shape((*batch, m, p)), Shape((*batch, q, n))

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        *batch, m, n = sizes_of(inputs[0])
        k, dtype = sizes_of(results[0])[-1], inputs[0].dtype
        p, q = (sizes_of(results[1])[-1], sizes_of(results[2])[-2]) if self.compute_uv else (0, 0)
        # LAPACK's gesdd asks for 4 k^2 + 7 k and the larger of m and n; blocks of 64 rows and columns make it faster.
        work = 4 * k * k + 7 * k + 65 * (m + n)
        absent = () if self.compute_uv else ((dtype, 0), (dtype, 0))
        scratch = (*absent, (dtype, m * n), (dtype, work), (int32, 8 * k))
        sizes = (product(batch), m, n, p, q, work, LARGE_PERCENT)
        return Call(f"svd_{dtype.code}", sizes, extent=product(batch), scratch=scratch)

    def explain_code(self, code: int) -> str:
        return NOT_FOUND

    def reference(self, x: Array) -> Any:
        if not self.compute_uv:
            found = each(lambda matrix: np.linalg.svd(matrix, compute_uv=False), x, lambda matrix: NOT_FOUND)
            return stacked(found, (*x.shape[:-2], min(x.shape[-2:])), x.dtype)
        _, u_shape, v_shape = (tuple(s) for s in self.result_shape(Shape(x.shape)))
        if not x.size:
            bases = (np.broadcast_to(np.eye(*s[-2:], dtype=x.dtype), s) for s in (u_shape, v_shape))
            return np.zeros((*x.shape[:-2], min(x.shape[-2:])), x.dtype), *bases
        # Of the transposed matrix, as the kernel does it: then both choose the same vectors where many are right.
        found = each(lambda matrix: np.linalg.svd(matrix.T, self.full_matrices), x, lambda matrix: NOT_FOUND)
        k = min(x.shape[-2:])
        s = stacked([f[1] for f in found], (*x.shape[:-2], k), x.dtype)
        left = stacked([f[2] for f in found], (*u_shape[:-2], *u_shape[:-3:-1]), x.dtype)
        right = stacked([f[0].T for f in found], v_shape, x.dtype)
        sign = facing_back(right)
        of_left = np.concatenate([sign[..., :k, :], facing_back(left[..., k:, :])], -2)
        return s, np.swapaxes(left * of_left, -1, -2), right * sign

    samples = (sample(spread(4, 3)), sample(spread(2, 3, 5)), sample(spread(3, 5), full_matrices=True),
               sample(spread(5, 4), full_matrices=True), sample(spread(3, 4), compute_uv=False), sample(normal(1, 1)),
               sample(normal(0, 3)), sample(normal(2, 3, 0), full_matrices=True), sample(normal(0, 2, 2)))


@op
class Svd(Composite):
    """Singular values s of matrices, in descending order, and orthonormal vectors, the columns of u and v.

        x = u diag(s) v'

    Of the two signs of a pair of vectors, the one is taken where the first large component of that in v is positive.

    Returns
    -------
    s, u and v, which can be fetched and used each on its own; s alone if not compute_uv.

    Raises
    ------
    InvalidArgumentError, when run, if a matrix has numbers that are not finite.

    Shapes
    ------
    tensor : (..., m, n)
    s : (..., k), k the smaller of m and n
    u, v : (..., m, k) and (..., n, k), or (..., m, m) and (..., n, n) if full_matrices

    Notes
    -----
    The gradient through u and v exists where singular values differ and are not 0. Two that are equal add nothing, as
    of eigenvalues (see `eigh`).

    References
    ----------
    Townsend (2016), "Differentiating the singular value decomposition", section 1.
    """

    category = "Linear algebra"
    names = ("linalg.svd",)
    is_costly = True
    inputs = (port("tensor", Solvable, "matrices"),)
    full_matrices: bool = attr(False, "whether the columns of u and v are a whole basis")
    compute_uv: bool = attr(True, "whether vectors are wanted")

    def result_dtype(self, *types: DType) -> Any:
        return (types[0],) * 3 if self.compute_uv else types[0]

    def result_shape(self, x: Shape) -> Any:
        found = SvdRows(self.full_matrices, self.compute_uv).result_shape(x)
        if not self.compute_uv:
            return found
        s, u, vt = found
        return s, u, Shape((*vt[:-2], vt[-1], vt[-2]))

    def decompose(self, x: Any) -> Any:
        if not self.compute_uv:
            return L.svd_rows(x, False, False)
        s, u, vt = L.svd_rows(x, self.full_matrices)
        return s, u, L.matrix_transpose(vt)

    def reference(self, x: Array) -> Any:
        found = SvdRows(self.full_matrices, self.compute_uv).reference(x)
        return (*found[:2], np.swapaxes(found[2], -1, -2)) if self.compute_uv else found

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        if self.compute_uv:
            return L.svd_gradient(*g, *y)
        _, u, v = L.svd(x)
        return L.matmul(u * L.expand_dims(g, -2), v, False, True)

    samples = (sample(spread(4, 3)), sample(spread(2, 3, 4)), sample(spread(3, 4), full_matrices=True),
               sample(spread(3, 3)), sample(spread(4, 3), compute_uv=False), sample(normal(1, 1)), sample(normal(0, 3)))


@op
class SvdGradient(Composed):
    """The gradient of a matrix from those of its singular values and vectors.

    Notes
    -----
    Columns of u behind the k-th, which only a whole basis has, turn into the others when the matrix changes. That adds
    to the gradient of the first k what it takes from theirs; any other turn is a matter of choice.

    References
    ----------
    Townsend (2016), "Differentiating the singular value decomposition", section 1.
    """

    category = "Gradient"
    internal = True
    inputs = (port("g_s", Solvable, "gradient of the singular values"), port("g_u", Solvable, "of the left vectors"),
              port("g_v", Solvable, "of the right vectors"), port("s", Solvable, "singular values"),
              port("u", Solvable, "left vectors"), port("v", Solvable, "right vectors"))

    def result_shape(self, g_s: Shape, g_u: Shape, g_v: Shape, s: Shape, u: Shape, v: Shape) -> Shape:
        return Shape((*u[:-2], u[-2], v[-2]))

    def decompose(self, g_s: Any, g_u: Any, g_v: Any, s: Any, u: Any, v: Any) -> Any:
        k = s.shape[-1]
        (u, g_u), (v, g_v) = with_rest(u, g_u, k), with_rest(v, g_v, k)
        row, column = L.expand_dims(s, -2), L.expand_dims(s, -1)
        gaps = inverse_where_large((row - column) * (row + column))
        by_u, by_v = L.matmul(u, g_u, True), L.matmul(v, g_v, True)
        inner = L.diag(g_s) + gaps * (skew(by_u) * row + column * skew(by_v))
        outside_u, outside_v = g_u - L.matmul(u, by_u), g_v - L.matmul(v, by_v)
        right = L.matmul(inner, v, False, True) + L.matrix_transpose(outside_v * inverse_where_large(row))
        return L.matmul(u, right) + L.matmul(outside_u * inverse_where_large(row), v, False, True)

    @quiet
    def reference(self, g_s: Array, g_u: Array, g_v: Array, s: Array, u: Array, v: Array) -> Array:
        result = np.zeros((*u.shape[:-1], v.shape[-2]), u.dtype)
        k = s.shape[-1]
        for place in np.ndindex(u.shape[:-2]):
            # One pair of vectors after the other: how far each turns when the matrix changes along u_i v_j'.
            values, left, right = s[place], u[place], v[place]
            turn_u, turn_v = left.T @ g_u[place], right.T @ g_v[place]
            total = np.zeros((left.shape[1], right.shape[1]), u.dtype)
            for i, j in np.ndindex(total.shape):
                if i == j:
                    total[i, j] = g_s[place][i]
                elif i < k and j < k:
                    gap = values[j] ** 2 - values[i] ** 2
                    by_left, by_right = turn_u[i, j] - turn_u[j, i], turn_v[i, j] - turn_v[j, i]
                    total[i, j] = (values[j] * by_left + values[i] * by_right) / gap if gap else 0
                elif j < k:
                    total[i, j] = (turn_u[i, j] - turn_u[j, i]) / values[j]
                elif i < k:
                    total[i, j] = (turn_v[j, i] - turn_v[i, j]) / values[i]
            if left.shape[1] == k:              # the rest of the basis is not given: what lies in no direction of it
                outside = g_u[place] - left @ turn_u
                result[place] += (outside / values) @ right[:, :k].T
            if right.shape[1] == k:
                outside = g_v[place] - right @ turn_v
                result[place] += left[:, :k] @ (outside / values).T
            result[place] += left @ total @ right.T
        return result

    samples = (sample(normal(2), normal(3, 2), normal(2, 2), values(3.0, 1.0), orthonormal(3, 2), orthonormal(2, 2),
                      smooth=False),
               sample(normal(2, 2), normal(2, 2, 2), normal(2, 4, 4), values([[3.0, 1.0], [2.0, 0.5]]),
                      orthonormal(2, 2, 2), orthonormal(2, 4, 4), smooth=False))


def skew(x: Any) -> Any:
    return x - L.matrix_transpose(x)


def columns(x: Any, start: Any, count: Any, rows: Any = None) -> Any:
    """Some columns of matrices, of all rows or the first ones."""
    *batch, m, _ = x.shape
    sizes = (*batch, m if rows is None else rows, count)
    return L.strided_slice(x, (*(0 for _ in batch), 0, start), sizes, (1,) * len(sizes))


def with_rest(x: Any, g: Any, k: Any) -> tuple[Any, Any]:
    """The first k columns of a basis, and their gradient with what the columns behind them add to it."""
    behind = x.shape[-1] - k
    first, rest = columns(x, 0, k), columns(x, k, behind)
    turn = L.matmul(columns(g, k, behind), first, True)
    return first, columns(g, 0, k) - L.matmul(rest, turn)
