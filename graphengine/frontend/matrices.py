"""Functions of matrices that are made of other ops: exponentials, factors of equations, three diagonals."""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError, ShapeError
from ..ops.indexing import numbers_in
from ..ops.language import L
from . import control
from .build import convert_to_tensor

MOST_SQUARES = 64                           # of a matrix exponential: 2**64 is far beyond what has one
PADE = tuple(math.comb(13, k) * math.factorial(26 - k) / math.factorial(26) for k in range(14))
FORMATS = ("compact", "sequence", "matrix")


def expm(input: Any, name: str | None = None) -> Any:
    """Exponentials of square matrices: I + A + A A / 2 + A A A / 6 + ...

    Shapes
    ------
    input, result : (..., n, n)

    References
    ----------
    Higham (2005), "The scaling and squaring method for the matrix exponential revisited", algorithm 2.3.
    """
    x = convert_to_tensor(input)
    size = L.reduce_max(L.reduce_sum(L.abs(x), -2, True), -1, True)
    squares = L.maximum(L.ceil(L.log(L.maximum(size, 1e-30) / 4.0) / math.log(2)), 0.0)
    squares = L.stop_gradient(L.minimum(squares, float(MOST_SQUARES)))
    x = x * L.exp(-squares * math.log(2))
    one = L.zeros_like(x) + np.eye(x.shape[-1], dtype=x.dtype.numpy) if isinstance(x.shape[-1], int) else \
        L.diag(L.ones_like(x[..., 0]))
    square = L.matmul(x, x)
    even, odd, power = one * PADE[0], one * PADE[1], one
    for k in range(2, 14, 2):
        power = L.matmul(power, square)
        even = even + power * PADE[k]
        odd = odd + power * PADE[k + 1]
    odd = L.matmul(x, odd)
    start = L.solve(even - odd, even + odd)
    most = L.cast(L.reduce_max(squares, None), dtypes.int32) if x.shape.num_elements() != 0 else np.int32(0)
    _, found = control.while_loop(
        lambda k, y: k < most,
        lambda k, y: (k + 1, L.where(L.cast(k, x.dtype) < squares, L.matmul(y, y), y)),
        (convert_to_tensor(np.int32(0)), start), maximum_iterations=MOST_SQUARES)
    return L.identity(found, name=name)


# -------------------------------------------------------------------- factors

def lu(input: Any, output_idx_type: Any = dtypes.int32, name: str | None = None) -> tuple[Any, Any]:
    """Lower and upper triangular factors in one matrix, and the row of the input that comes at each place.

    Shapes
    ------
    input : (..., n, n)
    result : (..., n, n) and (..., n)

    Notes
    -----
    There is no gradient, as in TensorFlow; `solve`, `inv` and `det` have one.
    """
    x = convert_to_tensor(input)
    if x.shape.rank is not None and x.shape.rank < 2:
        raise ShapeError(f"input has shape {x.shape}; a matrix has at least two axes", op="linalg.lu")
    n = x.shape[-1]
    batch = -1 if n != 0 else math.prod(x.shape[:-2])       # how many there are of no elements, those do not tell
    factors, order, _ = L.lu_factor(L.reshape(x, (batch, n, n)))
    row = L.reduce_max(x, -1) if n else L.reshape(x, tuple(x.shape)[:-1])       # of which only the shape counts
    return L.reshape_like(factors, x, name=name), L.cast(L.reshape_like(order, row), output_idx_type)


def _triangles(lower_upper: Any) -> tuple[Any, Any]:
    both = convert_to_tensor(lower_upper)
    return L.set_diag(L.band_part(both, -1, 0), L.ones_like(L.diag_part(both))), L.band_part(both, 0, -1)


def _reordered(x: Any, perm: Any) -> Any:
    return L.gather(x, perm, None, x.shape.rank - 2, x.shape.rank - 2)


def lu_solve(lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """Solutions of the systems whose matrices have these factors, as `lu` gives them.

    Shapes
    ------
    lower_upper, perm : (..., n, n) and (..., n)
    rhs, result : (..., n, k)
    """
    lower, upper = _triangles(lower_upper)
    first = L.triangular_solve(lower, _reordered(convert_to_tensor(rhs, lower.dtype), perm))
    return L.triangular_solve(upper, first, False, name=name)


def lu_reconstruct(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """The matrices that have these factors."""
    lower, upper = _triangles(lower_upper)
    return L.identity(_reordered(L.matmul(lower, upper), L.cast(L.argsort(perm), dtypes.int32)), name=name)


def lu_matrix_inverse(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """The inverses of the matrices that have these factors."""
    both = convert_to_tensor(lower_upper)
    one = L.diag(L.ones_like(L.diag_part(both)))
    return lu_solve(both, perm, one, validate_args, name)


# -------------------------------------------------------------------- three diagonals

def _diagonals(diagonals: Any, diagonals_format: str, function: str) -> tuple[Any, Any, Any]:
    """The diagonals above, in and below the main one, all as long as that; what lies outside is 0."""
    if diagonals_format not in FORMATS:
        raise AttributeValueError(f"diagonals_format={diagonals_format!r}; it takes one of {FORMATS}",
                                  op=f"linalg.{function}")
    if diagonals_format == "matrix":
        x = convert_to_tensor(diagonals)
        around = [[0, 0]] * (x.shape.rank - 2)
        above, below = L.diag_part(x, 1), L.diag_part(x, -1)
        return L.pad(above, [*around, [0, 1]]), L.diag_part(x), L.pad(below, [*around, [1, 0]])
    if diagonals_format == "sequence":
        above, main, below = map(convert_to_tensor, diagonals)
    else:
        x = convert_to_tensor(diagonals)
        above, main, below = (x[..., k, :] for k in range(3))
    around = [[0, 0]] * (main.shape.rank - 1)
    n = main.shape[-1]
    above = above if above.shape[-1] == n - 1 else above[..., :-1]
    below = below if below.shape[-1] == n - 1 else below[..., 1:]
    return L.pad(above, [*around, [0, 1]]), main, L.pad(below, [*around, [1, 0]])


def tridiagonal_matmul(diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None) -> Any:
    """Products of matrices of three diagonals with matrices.

    Parameters
    ----------
    diagonals : "compact": (..., 3, n), the diagonal above the main one, whose last number counts for nothing, the main
        one, and the one below, whose first counts for nothing; "sequence": a list of these; "matrix": (..., n, n)
    rhs : (..., n, k)
    """
    above, main, below = (L.expand_dims(d, -1) for d in _diagonals(diagonals, diagonals_format, "tridiagonal_matmul"))
    x = convert_to_tensor(rhs)
    around = [[0, 0]] * (x.shape.rank - 2)
    after = L.pad(x[..., 1:, :], [*around, [0, 1], [0, 0]])
    before = L.pad(x[..., :-1, :], [*around, [1, 0], [0, 0]])
    return L.add(above * after + main * x, below * before, name=name)


def tridiagonal_solve(
    diagonals: Any, rhs: Any, diagonals_format: str = "compact", transpose_rhs: bool = False,
    conjugate_rhs: bool = False, name: str | None = None, partial_pivoting: bool = True,
    perturb_singular: bool = False,
) -> Any:
    """Solutions of systems whose matrices have three diagonals; these are as for `tridiagonal_matmul`.

    Notes
    -----
    It is `solve` of the whole matrices, so time grows with the cube of their size.

    Shapes
    ------
    rhs, result : (..., n) or (..., n, k), whose last axes are exchanged if `transpose_rhs`
    """
    del conjugate_rhs, partial_pivoting, perturb_singular           # numbers are real, and rows are always exchanged
    above, main, below = _diagonals(diagonals, diagonals_format, "tridiagonal_solve")
    matrix = L.diag(main)
    if main.shape[-1] != 1:
        matrix = matrix + L.diag(above[..., :-1], 1) + L.diag(below[..., 1:], -1)
    x = convert_to_tensor(rhs)
    if x.shape.rank == main.shape.rank:
        return L.squeeze(L.solve(matrix, L.expand_dims(x, -1)), [-1], name=name)
    return L.solve(matrix, L.matrix_transpose(x) if transpose_rhs else x, name=name)


def eigh_tridiagonal(
    alpha: Any, beta: Any, eigvals_only: bool = True, select: str = "a", select_range: Any = None,
    tol: float | None = None, name: str | None = None,
) -> Any:
    """Eigenvalues of a symmetric matrix with three diagonals, in ascending order, and its eigenvectors if wanted.

    Parameters
    ----------
    alpha, beta : the main diagonal, (n,), and the one beside it, (n - 1,)
    select : "a" for all, "i" for those with numbers in `select_range`, both ends included
    """
    if select not in ("a", "i"):
        raise AttributeValueError(f"select={select!r}; it takes 'a' or 'i'", op="linalg.eigh_tridiagonal")
    del tol                                 # they are as exact as their type allows
    matrix = L.diag(alpha) + L.diag(beta, 1) + L.diag(beta, -1)
    kept = slice(None) if select == "a" else slice(int(select_range[0]), int(select_range[1]) + 1)
    if eigvals_only:
        return L.identity(L.eigvalsh(matrix)[kept], name=name)
    found, vectors = L.eigh(matrix)
    return found[kept], vectors[:, kept]


# -------------------------------------------------------------------- diagonals of tensors

def tensor_diag(diagonal: Any, name: str | None = None) -> Any:
    """A tensor with twice the axes, which holds another where the first half of the indices equals the second."""
    x = convert_to_tensor(diagonal)
    return L.reshape(L.diag(L.reshape(x, (-1,))), numbers_in(L.shape_of(x)) * 2, name=name)


def tensor_diag_part(input: Any, name: str | None = None) -> Any:
    """The elements whose first half of the indices equals the second: `tensor_diag` backwards."""
    x = convert_to_tensor(input)
    first = tuple(x.shape)[:x.shape.rank // 2]
    count = int(np.prod(first))
    return L.reshape(L.diag_part(L.reshape(x, (count, count))), first, name=name)


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (
    eigh_tridiagonal, expm, lu, lu_matrix_inverse, lu_reconstruct, lu_solve, tensor_diag, tensor_diag_part,
    tridiagonal_matmul, tridiagonal_solve,
)}
