"""Matrices as a whole: factors, solutions, and what is reckoned between their rows."""
from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import AttributeValueError
from ...frontend import matrices
from ...ops.language import L
from .arrangement import expand_dims, moveaxis
from .pointwise import log10
from .promotion import floating, met, tensor, together, wide


def cholesky(x: Any, upper: bool = False) -> Any:
    """The triangular root of positive definite matrices."""
    found = L.cholesky(floating(x))
    return L.matrix_transpose(found) if upper else found


def det(x: Any) -> Any:
    """Determinants."""
    return L.det(floating(x))


def eigh(x: Any) -> Any:
    """Eigenvalues in ascending order and eigenvectors of symmetric matrices."""
    return L.eigh(floating(x))


def inv(x: Any) -> Any:
    """Inverses of matrices."""
    return L.inv(floating(x))


def pinv(x: Any, rcond: float | None = None) -> Any:
    """Pseudo-inverses of matrices."""
    return L.pinv(floating(x)) if rcond is None else L.pinv(floating(x), rcond)


def qr(x: Any, mode: str = "reduced") -> Any:
    """Orthogonal and triangular factors of matrices."""
    return L.qr(floating(x), mode == "complete")


def slogdet(x: Any) -> Any:
    """Sign and logarithm of determinants."""
    return L.slogdet(floating(x))


def logdet(x: Any) -> Any:
    """Logarithms of determinants of positive definite matrices."""
    return L.logdet(floating(x))


def solve(a: Any, b: Any) -> Any:
    """The solutions x of a x = b; b holds vectors if it has one axis less."""
    m, y = [floating(v) for v in together(a, b)]
    if y.rank == m.rank - 1:
        return L.squeeze(L.solve(m, L.expand_dims(y, -1)), -1)
    return L.solve(m, y)


def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """The solutions x of a x = b for triangular a."""
    m, y = [floating(v) for v in together(a, b)]
    if y.rank == m.rank - 1:
        return L.squeeze(L.triangular_solve(m, L.expand_dims(y, -1), lower), -1)
    return L.triangular_solve(m, y, lower)


def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The x for which a x is nearest to b.

    rcond : singular values of `a` up to this share of the largest count as 0
    """
    m, y = [floating(v) for v in together(a, b)]
    if y.rank == 1:
        return L.squeeze(L.matmul(L.pinv(m, rcond), L.expand_dims(y, -1)), -1)
    return L.matmul(L.pinv(m, rcond), y)


def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular vectors and values: u, s and the transposed v."""
    if not compute_uv:
        return L.svd(floating(x), False, False)
    s, u, v = L.svd(floating(x), full_matrices, True)
    return u, s, L.matrix_transpose(v)


# -------------------------------------------------------------------- sizes

def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The length of vectors or the size of matrices, along one axis or two; of all elements if nothing is said.

    ord : of vectors a number p, for sum(abs(x) ** p) ** (1 / p), or its limit at 0 or infinity; of matrices "fro";
        "nuc", 2 and -2 for singular values; 1, -1, inf and -inf for sums of columns and rows

    Raises
    ------
    AttributeValueError for an order that there is not.
    """
    found = floating(x)
    if found.dtype.is_narrow:
        return L.cast(norm(L.cast(found, "float32"), ord, axis, keepdims), found.dtype)
    if ord is None or (axis is not None and ord in ("fro", "euclidean")):
        return L.norm(found, "euclidean", axis, keepdims)
    axes = tuple(k % found.rank for k in (range(found.rank) if axis is None else np.atleast_1d(axis).tolist()))
    if len(axes) == 1 and not isinstance(ord, str):
        return _length(found, float(ord), axes[0], keepdims)
    if len(axes) == 2:
        return _size(found, ord, axes, keepdims)
    raise AttributeValueError(f"ord={ord!r} along {len(axes)} axes", op="norm")


def _length(x: Any, p: float, axis: int, keepdims: bool) -> Any:
    """The length of vectors."""
    if p == 0:
        return L.reduce_sum(L.cast(L.not_equal(x, 0.0), x.dtype), axis, keepdims)
    if p == -np.inf:
        return L.reduce_min(L.abs(x), axis, keepdims)
    if p < 0:
        return L.pow(L.reduce_sum(L.pow(L.abs(x), p), axis, keepdims), 1.0 / p)
    return L.norm(x, "euclidean" if p == 2 else p, axis, keepdims)


def _size(x: Any, order: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The size of matrices that stand along two axes."""
    if order == "fro":
        return L.norm(x, "euclidean", axes, keepdims)
    if order in ("nuc", 2, -2):
        values = svd(moveaxis(x, axes, (-2, -1)), compute_uv=False)
        fold = {"nuc": L.reduce_sum, 2: L.reduce_max, -2: L.reduce_min}[order]
        return _spread(fold(values, -1), axes, keepdims)
    if order not in (1, -1, np.inf, -np.inf):
        raise AttributeValueError(f"ord={order!r} of matrices; it takes 'fro', 'nuc', 1, 2 and inf, or less than 0",
                                  op="norm")
    first, second = axes if abs(order) == 1 else axes[::-1]
    sums = L.reduce_sum(L.abs(x), first, True)
    return _spread(L.squeeze((L.reduce_max if order > 0 else L.reduce_min)(sums, second, True), axes), axes, keepdims)


def _spread(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """A tensor with axes of size 1 where there were others, if they are kept."""
    return expand_dims(x, axes) if keepdims else x


# -------------------------------------------------------------------- factors

def lu_factor(x: Any) -> tuple[Any, Any]:
    """Lower and upper triangular factors in one matrix, and the place that each row goes to."""
    factors, order = matrices.lu(floating(x))
    return factors, L.cast(L.argsort(order), order.dtype)


def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """Inverses of positive definite matrices, of their triangular roots."""
    root = L.matrix_transpose(floating(x)) if upper else floating(x)
    n = int(root.shape[-1])
    one = L.broadcast_like(tensor(np.eye(n), root.dtype), root)
    return L.cholesky_solve(root, one)


def matrix_rank(x: Any, tol: Any = None) -> Any:
    """How many singular values are above a bound."""
    return L.matrix_rank(tensor(x), tol)


def kron(x1: Any, x2: Any) -> Any:
    """A copy of the second tensor, times the element, in the place of each element of the first."""
    a, b = met(x1, x2)
    rank = max(a.rank, b.rank)
    a, b = (expand_dims(v, tuple(range(rank - v.rank))) for v in (a, b))
    for k in range(rank):
        a, b = L.expand_dims(a, 2 * k + 1), L.expand_dims(b, 2 * k)
    whole = a * b
    sizes = [whole.shape[2 * k:2 * k + 2] for k in range(rank)]
    return L.reshape(whole, tuple(-1 if None in pair else pair[0] * pair[1] for pair in sizes))


def corrcoef(x: Any) -> Any:
    """Correlations of the rows of a matrix; NaN of a scalar."""
    found = wide(x)
    if not found.rank:
        return tensor(np.nan, found.dtype)
    apart = found - L.reduce_mean(found, -1, True)
    if found.rank == 1:
        return L.reduce_sum(apart * apart) / L.reduce_sum(apart * apart)
    shared = L.matmul(apart, apart, False, True)
    size = L.sqrt(L.diag_part(shared))
    return L.clip_by_value(shared / (L.expand_dims(size, -1) * L.expand_dims(size, -2)), -1.0, 1.0)


def cdist(x: Any, y: Any) -> Any:
    """Distances of each row of one matrix from each row of the other.

    Shapes
    ------
    x, y, result : (..., m, k), (..., n, k) and (..., m, n)
    """
    a, b = map(floating, together(x, y))
    return L.sqrt(L.reduce_sum(L.square(L.expand_dims(a, -2) - L.expand_dims(b, -3)), -1))


def psnr(x1: Any, x2: Any, max_val: float) -> Any:
    """The ratio of the largest number that there may be to the error, in decibels."""
    a, b = map(floating, together(x1, x2))
    return 20.0 * log10(tensor(max_val, b.dtype)) - 10.0 * log10(L.reduce_mean(L.square(a - b)))
