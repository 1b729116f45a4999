"""Cholesky factors, and what is solved with triangular matrices."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import InvalidArgumentError, ShapeError
from ..ir.dims import Shape, merge, product
from ..ir.node import Tensor
from .kinds import Array, Call, Composite, Library, NoGradient, attr, broadcast_shapes, port
from .language import L
from .linalg import stack_of
from .matrices import check_matrix
from .parts import Composed
from .registry import op
from .rules import sizes_of
from .samples import definite, invertible, normal, sample

Solvable = (dtypes.float32, dtypes.float64)             # the types that LAPACK has


def square(x: Shape) -> Shape:
    """The shape of square matrices.

    Raises
    ------
    ShapeError if there are more rows than columns or fewer, or less than two axes.
    """
    check_matrix(x)
    n = merge(x[-2], x[-1], "a square matrix is wanted; its rows and columns are")
    return Shape((*x[:-2], n, n))


def system_shape(matrix: Shape, rhs: Shape) -> Shape:
    """The shape of the solution of systems of equations; the axes before the last two broadcast."""
    matrix = square(matrix)
    if len(rhs) < 2:
        raise ShapeError(f"rhs has shape {rhs}; it has an axis of equations and one of systems", fix="expand_dims")
    n = merge(matrix[-1], rhs[-2], "matrix and rhs differ in their rows")
    return Shape((*broadcast_shapes(["matrix", "rhs"], [Shape(matrix[:-2]), Shape(rhs[:-2])]), n, rhs[-1]))


def each(compute: Callable[[Array], Any], stack: Array, problem: Callable[[Array], str]) -> list[Any]:
    """`compute` of each matrix of a stack.

    Raises
    ------
    InvalidArgumentError with `problem` of the matrix and its place, if numpy refuses one.
    """
    found = []
    for k, matrix in enumerate(stack.reshape(-1, *stack.shape[-2:]) if stack.size else []):
        try:
            found.append(compute(matrix))
        except np.linalg.LinAlgError:
            raise InvalidArgumentError(f"{problem(matrix)}, batch element {k}") from None
    return found


def stacked(found: Sequence[Array], shape: Sequence[int], dtype: Any) -> Array:
    """Results of each matrix as one array of this shape, which may have no elements."""
    return np.asarray(found, dtype).reshape(tuple(shape)) if found else np.zeros(tuple(shape), dtype)


# -------------------------------------------------------------------- Cholesky

@op
class Cholesky(Library):
    """Lower triangular matrices L with L L' = x, x symmetric and positive definite. Only its lower triangle is read.

    Raises
    ------
    ShapeError if the matrices are not square. InvalidArgumentError, when run, if one is not positive definite.

    Shapes
    ------
    input, result : (..., n, n)

    Notes
    -----
    The gradient is symmetric, as TensorFlow's is: it says what changes of x do that keep it symmetric.

    References
    ----------
    Murray (2016), "Differentiation of the Cholesky decomposition", equation 10.
    """

    category = "Linear algebra"
    names = ("linalg.cholesky",)
    inputs = (port("input", Solvable, "symmetric positive definite matrices"),)
    raises = InvalidArgumentError

    def result_shape(self, x: Shape) -> Shape:
        return square(x)

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        *batch, n, _ = sizes_of(inputs[0])
        return Call(f"cholesky_{inputs[0].dtype.code}", (product(batch), n), extent=product(batch))

    def explain_code(self, code: int) -> str:
        return f"not positive definite: leading minor of order {code}"

    def reference(self, x: Array) -> Array:
        return stacked(each(np.linalg.cholesky, x, self._problem), x.shape, x.dtype)

    def _problem(self, matrix: Array) -> str:
        lower = np.tril(matrix)
        for order in range(1, len(matrix)):
            try:
                np.linalg.cholesky(lower[:order, :order])
            except np.linalg.LinAlgError:
                return self.explain_code(order)
        return self.explain_code(len(matrix))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        inner = L.matmul(y, g, True)
        inner = L.band_part(inner, -1, 0) - 0.5 * L.band_part(inner, 0, 0)
        half = L.triangular_solve(y, inner, True, True)
        whole = L.triangular_solve(y, L.matrix_transpose(half), True, True)
        return 0.5 * (whole + L.matrix_transpose(whole))

    samples = (sample(definite(3, 3), smooth=False), sample(definite(2, 3, 5, 5), smooth=False),
               sample(definite(1, 1), smooth=False), sample(normal(0, 0), smooth=False),
               sample(normal(0, 3, 3), smooth=False), sample(definite(130, 130), smooth=False))


@op
class Logdet(Composed):
    """Logarithms of the determinants of symmetric positive definite matrices. Only the lower triangle is read.

    Raises
    ------
    InvalidArgumentError, when run, if a matrix is not positive definite.

    Shapes
    ------
    matrix : (..., n, n)
    result : (...)
    """

    category = "Linear algebra"
    names = ("linalg.logdet",)
    inputs = (port("matrix", Solvable, "symmetric positive definite matrices"),)

    def result_shape(self, x: Shape) -> Shape:
        return Shape(square(x)[:-2])

    def decompose(self, x: Any) -> Any:
        return 2 * L.reduce_sum(L.log(L.diag_part(L.cholesky(x))), -1)

    def reference(self, x: Array) -> Array:
        factor = Cholesky().reference(x)
        return np.asarray(2 * np.log(np.diagonal(factor, 0, -2, -1)).sum(-1), x.dtype)

    samples = (sample(definite(3, 3), smooth=False), sample(definite(2, 4, 4), smooth=False))


# -------------------------------------------------------------------- substitution

@op
class TriangularSolveStack(Library):
    """Solutions of triangular systems; a stack of one matrix or one right-hand side meets every one of the other.

    Shapes
    ------
    matrix : (batch, n, n)
    rhs, result : (batch, n, k)
    """

    category = "Linear algebra"
    internal = True
    inputs = (port("matrix", Solvable, "triangular matrices"), port("rhs", Solvable, "right-hand sides, as columns"))
    lower: bool = attr(True, "whether the lower triangle is read, or the upper")
    adjoint: bool = attr(False, "whether the systems are of the transposed matrices")
    gradient = NoGradient("gradients are taken of triangular_solve")
    raises = InvalidArgumentError

    def result_shape(self, matrix: Shape, rhs: Shape) -> Shape:
        return system_shape(matrix, rhs)

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        batch, n, k = sizes_of(results[0])
        flags = int(self.lower), int(self.adjoint)
        sizes = (batch, n, k, *(between_matrices(x) for x in inputs), *flags)
        return Call(f"triangular_solve_{inputs[0].dtype.code}", sizes, extent=batch)

    def explain_code(self, code: int) -> str:
        return "the matrix is singular: a number on its diagonal is 0"

    def reference(self, matrix: Array, rhs: Array) -> Array:
        return TriangularSolve(self.lower, self.adjoint).reference(matrix, rhs)

    samples = (sample(definite(2, 3, 3), normal(2, 3, 4)), sample(definite(1, 3, 3), normal(2, 3, 1), adjoint=True),
               sample(definite(3, 2, 2), normal(1, 2, 2), lower=False), sample(normal(0, 2, 2), normal(0, 2, 1)),
               sample(definite(1, 140, 140), normal(1, 140, 20), lower=False, adjoint=True))


def between_matrices(stack: Tensor) -> Any:
    """Elements from one matrix of a stack to the next; 0 of a stack of one, which meets every matrix."""
    batch, rows, columns = sizes_of(stack)
    return 0 if batch == 1 else rows * columns


@op
class TriangularSolve(Composite):
    """Solutions X of A X = rhs, or A' X = rhs, where A is triangular; numbers in the other triangle are not read.

    Raises
    ------
    ShapeError if the matrices are not square or their rows are not those of rhs. InvalidArgumentError, when run, if
    there is a 0 on a diagonal.

    Shapes
    ------
    matrix : (..., n, n)
    rhs, result : (..., n, k); the axes before the last two are broadcast

    References
    ----------
    Giles (2008), "Collected matrix derivative results for forward and reverse mode algorithmic differentiation",
    section 2.3.1.
    """

    category = "Linear algebra"
    names = ("linalg.triangular_solve",)
    node_name = "MatrixTriangularSolve"
    is_costly = True
    inputs = TriangularSolveStack.inputs
    lower: bool = attr(True, "whether the lower triangle is read, or the upper")
    adjoint: bool = attr(False, "whether the systems are of the transposed matrices")

    def result_shape(self, matrix: Shape, rhs: Shape) -> Shape:
        return system_shape(matrix, rhs)

    def decompose(self, matrix: Any, rhs: Any) -> Any:
        target = tuple(self.result_shape(matrix.shape, rhs.shape))
        stacks = stack_of(matrix, target[:-2]), stack_of(rhs, target[:-2])
        return L.reshape(L.triangular_solve_stack(*stacks, self.lower, self.adjoint), target)

    def reference(self, matrix: Array, rhs: Array) -> Array:
        triangle = np.tril(matrix) if self.lower else np.triu(matrix)
        each(self._check, triangle, lambda matrix: "the matrix is singular: a number on its diagonal is 0")
        return np.asarray(np.linalg.solve(np.swapaxes(triangle, -1, -2) if self.adjoint else triangle, rhs))

    def _check(self, matrix: Array) -> None:
        if not np.diagonal(matrix).all():
            raise np.linalg.LinAlgError

    def gradient(self, g: Any, y: Any, matrix: Any, rhs: Any) -> Any:
        by_rhs = L.triangular_solve(matrix, g, self.lower, not self.adjoint)
        factors = (y, by_rhs) if self.adjoint else (by_rhs, y)
        by_matrix = -L.matmul(*factors, False, True)
        kept = (-1, 0) if self.lower else (0, -1)
        return L.band_part(by_matrix, *kept), by_rhs

    samples = (sample(definite(3, 3), normal(3, 2)), sample(invertible(2, 1, 1), normal(2, 1, 2), adjoint=True),
               sample(definite(3, 3), normal(2, 3, 2), lower=False), sample(definite(2, 3, 3), normal(3, 1)),
               sample(definite(2, 4, 4), normal(2, 4, 1), lower=False, adjoint=True),
               sample(normal(0, 0), normal(0, 2)), sample(definite(2, 2), normal(2, 0)))


@op
class CholeskySolve(Composed):
    """Solutions X of L L' X = rhs, from the Cholesky factors L.

    Shapes
    ------
    chol : (..., n, n), lower triangular
    rhs, result : (..., n, k)
    """

    category = "Linear algebra"
    names = ("linalg.cholesky_solve",)
    is_costly = True
    inputs = (port("chol", Solvable, "what cholesky gives"), port("rhs", Solvable, "right-hand sides, as columns"))

    def result_shape(self, chol: Shape, rhs: Shape) -> Shape:
        return system_shape(chol, rhs)

    def decompose(self, chol: Any, rhs: Any) -> Any:
        return L.triangular_solve(chol, L.triangular_solve(chol, rhs), True, True)

    def reference(self, chol: Array, rhs: Array) -> Array:
        lower = TriangularSolve()
        return np.asarray(TriangularSolve(adjoint=True).reference(chol, lower.reference(chol, rhs)))

    samples = (sample(definite(3, 3), normal(3, 2)), sample(definite(2, 3, 3), normal(2, 3, 1)))
