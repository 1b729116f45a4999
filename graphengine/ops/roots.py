"""Square roots of matrices, and the equations of their gradients: scipy computes them, between kernels."""
from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..ir.dims import Shape, merge
from .kinds import Array, Dynamic, port
from .language import L
from .quiet import quiet
from .registry import op
from .samples import definite, normal, sample, values
from .triangular import Solvable, square

REAL = 1e-6                                 # imaginary parts below this share of a root are due to rounding


def _of_each(compute: Any, shape: Any, *stacks: Array) -> Array:
    """What scipy computes of the matrices of stacks, NaN where it finds nothing or nothing real."""
    result = np.full(shape, np.nan)
    for k in np.ndindex(*shape[:-2]) if result.size else ():
        try:
            found = compute(*(stack[k].astype(np.float64) for stack in stacks))
        except (np.linalg.LinAlgError, ValueError):             # ValueError: numbers that are not finite
            continue
        if np.all(np.isfinite(found)) and np.all(np.abs(np.imag(found)) <= REAL * np.abs(found).max()):
            result[k] = np.real(found)
    return result.astype(stacks[0].dtype)


@op
class Sqrtm(Dynamic):
    """The principal square root of matrices: ``matmul(y, y) = input``. It is NaN where it is not real, as that of a
    matrix with a negative eigenvalue, or where there is none.

    Raises
    ------
    ShapeError if the matrices are not square.

    Shapes
    ------
    input, result : (..., n, n)

    References
    ----------
    Higham (1987), "Computing real square roots of a real matrix".
    """

    category = "Linear algebra"
    names = ("linalg.sqrtm", "matrix_square_root")
    has_parts = False
    inputs = (port("input", Solvable, "square matrices without negative eigenvalues"),)

    def result_shape(self, x: Shape) -> Shape:
        return square(x)

    @quiet
    def reference(self, x: Array) -> Array:
        from scipy import linalg

        with warnings.catch_warnings():                 # of matrices that are singular
            warnings.simplefilter("ignore")
            return _of_each(linalg.sqrtm, x.shape, x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.sylvester(L.matrix_transpose(y), g)

    samples = (sample(definite(3, 3)), sample(definite(2, 2, 2)), sample(definite(1, 1)), sample(normal(0, 0)),
               sample(values([[0.0, 1.0], [-1.0, 0.0]])), sample(values([[-4.0, 1.0], [0.5, 3.0]]), smooth=False),
               sample(values([[0.0, 1.0], [0.0, 0.0]]), smooth=False))


@op
class Sylvester(Dynamic):
    """The matrices y with ``matmul(a, y) + matmul(y, a) = c``; NaN where there is no single one.

    Shapes
    ------
    a, c, result : (..., n, n)

    References
    ----------
    Bartels and Stewart (1972), "Solution of the matrix equation AX + XB = C".
    """

    category = "Linear algebra"
    internal = True
    has_parts = False
    inputs = (port("a", Solvable, "square matrices"), port("c", Solvable, "right sides"))

    def result_shape(self, a: Shape, c: Shape) -> Shape:
        return Shape(merge(m, n, "sizes differ") for m, n in zip(square(a), square(c), strict=True))

    @quiet
    def reference(self, a: Array, c: Array) -> Array:
        from scipy import linalg

        return _of_each(lambda m, right: linalg.solve_sylvester(m, m, right), a.shape, a, c)

    def gradient(self, g: Any, y: Any, a: Any, c: Any) -> Any:
        by_c = L.sylvester(L.matrix_transpose(a), g)
        return -(L.matmul(by_c, y, False, True) + L.matmul(y, by_c, True)), by_c

    samples = (sample(definite(3, 3), normal(3, 3)), sample(definite(2, 2, 2), normal(2, 2, 2)),
               sample(definite(1, 1), normal(1, 1)), sample(normal(0, 0), normal(0, 0)))
