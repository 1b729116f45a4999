"""Solutions of equations with special matrices: those of a few diagonals, and those that are only multiplied with."""
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from ..errors import ShapeError
from ..ops.language import L
from . import control
from .build import convert_to_tensor


def banded_triangular_solve(
    bands: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Any:
    """Solutions of systems whose matrices have a few diagonals beside each other.

    Parameters
    ----------
    bands : the diagonals, from the main one downward (lower), or from the upmost down to the main one; those above the
        main one end, and those below it begin, with numbers that count for nothing
    adjoint : whether the matrices are transposed

    Notes
    -----
    It is `triangular_solve` of the whole matrices.

    Shapes
    ------
    bands : (..., number of diagonals, n)
    rhs, result : (..., n) or (..., n, k); axes before these broadcast
    """
    rows, x = convert_to_tensor(bands), convert_to_tensor(rhs)
    if min(rows.shape.rank, x.shape.rank + 1) < 2:
        raise ShapeError(f"bands have shape {rows.shape}, rhs {x.shape}; they have at least two axes and one",
                         op="linalg.banded_triangular_solve")
    count, size = rows.shape[-2], rows.shape[-1]
    matrix = 0
    for k in range(count):
        line = rows[..., k, k:] if lower else rows[..., count - 1 - k, :size - k]
        matrix = matrix + L.diag(line, -k if lower else k)
    is_vector = x.shape.rank == rows.shape.rank - 1
    if is_vector:
        x = L.expand_dims(x, -1)
    matrix, x = matrix + L.zeros_like(x[..., :1, :1]), x + L.zeros_like(matrix[..., :1, :1])
    found = L.triangular_solve(matrix, x, lower, adjoint, name=None if is_vector else name)
    return L.squeeze(found, [-1], name=name) if is_vector else found


class CGState(NamedTuple):
    """Where `conjugate_gradient` has come to: steps, solution, residual, direction, squared norm of the residual."""

    i: Any
    x: Any
    r: Any
    p: Any
    gamma: Any


def conjugate_gradient(
    operator: Any, rhs: Any, preconditioner: Any = None, x: Any = None, tol: Any = 1e-5, max_iter: Any = 20,
    name: str = "conjugate_gradient",
) -> CGState:
    """Solutions of systems with symmetric positive definite matrices that are only multiplied with.

    Parameters
    ----------
    operator : matrices (..., n, n); a function of vectors (..., n) that multiplies with one; or what has such a
        function as `matvec`
    preconditioner : the same for a matrix near to the inverse
    x : where to begin; zeros if None
    tol : how small the norm of the residual has to become, in that of `rhs`
    max_iter : most steps

    Shapes
    ------
    rhs, result.x : (..., n)

    References
    ----------
    Hestenes and Stiefel (1952), "Methods of conjugate gradients for solving linear systems", section 3.
    """
    b = convert_to_tensor(rhs)
    start = L.zeros_like(b) if x is None else convert_to_tensor(x) + L.zeros_like(b)
    r = b - _product(operator, start)
    start, r = start + L.zeros_like(r), r + L.zeros_like(start)
    p = r if preconditioner is None else _product(preconditioner, r)
    least = L.norm(b, axis=-1) * L.cast(tol, b.dtype)
    count = convert_to_tensor(np.int32(0))

    def goes_on(i: Any, x: Any, r: Any, p: Any, gamma: Any) -> Any:
        return L.logical_and(i < L.cast(max_iter, dtypes.int32), L.reduce_any(L.norm(r, axis=-1) > least))

    def step(i: Any, x: Any, r: Any, p: Any, gamma: Any) -> tuple[Any, ...]:
        z = _product(operator, p)
        share = L.expand_dims(L.divide_no_nan(gamma, _dot(p, z)), -1)            # 0 / 0 in a system that is solved
        x, r = x + share * p, r - share * z
        q = r if preconditioner is None else _product(preconditioner, r)
        new = _dot(r, q)
        return i + 1, x, r, q + L.expand_dims(L.divide_no_nan(new, gamma), -1) * p, new

    return CGState(*control.while_loop(goes_on, step, (count, start, r, p, _dot(r, p)), name=name))


def _product(operator: Any, x: Any) -> Any:
    multiply = getattr(operator, "matvec", operator)
    return multiply(x) if callable(multiply) else L.matvec(multiply, x)


def _dot(x: Any, y: Any) -> Any:
    return L.reduce_sum(x * y, -1)
