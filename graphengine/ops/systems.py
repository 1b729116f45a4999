"""Systems of equations, inverses and determinants, all from one factorization, which programs share."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtypes import DType, int32
from ..errors import InvalidArgumentError
from ..ir.dims import Shape, merge
from ..ir.node import Tensor
from .kinds import Array, Call, Composite, Library, NoGradient, attr, port
from .language import L
from .linalg import oriented, stack_of
from .quiet import quiet
from .registry import abstract, op
from .rules import sizes_of
from .samples import definite, invertible, normal, sample, values, whole
from .triangular import Solvable, between_matrices, each, square, stacked, system_shape

SINGULAR = "the matrix is singular"


# -------------------------------------------------------------------- factors

@op
class LuFactor(Library):
    """L U = the rows of x in another order: L lower triangular with ones on its diagonal, U upper triangular.

    Returns
    -------
    L and U in one matrix, without the ones; the row of x that comes at each place; the sign of this order, 1 or -1.

    Shapes
    ------
    x, result : (batch, n, n)
    order : (batch, n)
    sign : (batch,)

    References
    ----------
    Golub and Van Loan (2013), Matrix Computations, algorithm 3.4.1.
    """

    category = "Linear algebra"
    internal = True
    inputs = (port("x", Solvable, "square matrices"),)
    gradient = NoGradient("gradients are taken of solve, inv and det")

    def result_dtype(self, *types: DType) -> tuple[DType, DType, DType]:
        return types[0], int32, types[0]

    def result_shape(self, x: Shape) -> tuple[Shape, Shape, Shape]:
        shape = square(x)
        return shape, Shape(shape[:-1]), Shape(shape[:-2])

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        batch, n, _ = sizes_of(inputs[0])
        return Call(f"lu_factor_{inputs[0].dtype.code}", (batch, n), extent=batch, scratch=((int32, n),))

    @quiet
    def reference(self, x: Array) -> tuple[Array, Array, Array]:
        batch, n, _ = x.shape
        lu, order, sign = np.array(x), np.tile(np.arange(n, dtype=np.int32), (batch, 1)), np.ones(batch, x.dtype)
        for b, matrix in enumerate(lu):
            for i in range(n):
                best = i + int(np.argmax(np.abs(matrix[i:, i])))
                if best != i:
                    matrix[[i, best]] = matrix[[best, i]]
                    order[b, [i, best]] = order[b, [best, i]]
                    sign[b] = -sign[b]
                if matrix[i, i] != 0:
                    matrix[i + 1:, i] /= matrix[i, i]
                    matrix[i + 1:, i + 1:] -= np.outer(matrix[i + 1:, i], matrix[i, i + 1:])
        return lu, order, sign

    samples = (sample(invertible(2, 4, 4)), sample(normal(1, 1, 1)), sample(normal(2, 0, 0)), sample(normal(0, 3, 3)),
               sample(values([[[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 0.0, 1.0]]])), sample(invertible(1, 130, 130)))


@abstract
class _FromFactors(Library):
    category = "Linear algebra"
    internal = True
    adjoint: bool = attr(False, "whether of the transposed matrix")
    gradient = NoGradient("gradients are taken of solve and inv")
    raises = InvalidArgumentError

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        batch, n, k = sizes_of(results[0])
        is_inverse = len(inputs) == 2
        rhs_between = 0 if is_inverse else between_matrices(inputs[2])
        sizes = (batch, n, k, between_matrices(inputs[0]), rhs_between, int(self.adjoint), int(is_inverse))
        dtype = inputs[0].dtype
        scratch = ((dtype, n * k),) if self.adjoint else ()
        return Call(f"lu_solve_{dtype.code}", sizes, extent=batch, scratch=scratch)

    def explain_code(self, code: int) -> str:
        return SINGULAR

    def original(self, lu: Array, order: Array) -> Array:
        """The matrices that were factored, transposed if the op is of these.

        Raises
        ------
        InvalidArgumentError if one is singular.
        """
        found = np.zeros_like(lu)
        for b, (factors, rows) in enumerate(zip(lu, order, strict=True)):
            if not np.diagonal(factors).all():
                raise InvalidArgumentError(f"{SINGULAR}, batch element {b}")
            found[b, rows] = (np.tril(factors, -1) + np.eye(len(rows), dtype=lu.dtype)) @ np.triu(factors)
        return oriented(found, self.adjoint)


@op
class LuSolve(_FromFactors):
    """Solutions of systems whose matrices were factored; a stack of one meets every one of the other.

    Shapes
    ------
    lu, order : (batch, n, n) and (batch, n)
    rhs, result : (batch, n, k)
    """

    inputs = (port("lu", Solvable, "both factors"), port("order", (int32,), "rows of the matrix in their order", "I"),
              port("rhs", Solvable, "right-hand sides, as columns"))

    def result_shape(self, lu: Shape, order: Shape, rhs: Shape) -> Shape:
        merge(lu[-1], order[-1], "lu and order differ in their rows")
        return system_shape(lu, rhs)

    def reference(self, lu: Array, order: Array, rhs: Array) -> Array:
        return np.asarray(np.linalg.solve(self.original(lu, order), rhs))

    samples = (sample(definite(1, 3, 3), whole([[2, 0, 1]]), normal(1, 3, 2)),
               sample(definite(1, 3, 3), whole([[2, 0, 1]]), normal(2, 3, 1), adjoint=True),
               sample(normal(0, 3, 3), whole(np.zeros((0, 3))), normal(0, 3, 1)))


@op
class LuInverse(_FromFactors):
    """Inverses of matrices that were factored.

    Shapes
    ------
    lu, order : (batch, n, n) and (batch, n)
    result : (batch, n, n)
    """

    inputs = LuSolve.inputs[:2]

    def result_shape(self, lu: Shape, order: Shape) -> Shape:
        merge(lu[-1], order[-1], "lu and order differ in their rows")
        return square(lu)

    def reference(self, lu: Array, order: Array) -> Array:
        return np.asarray(np.linalg.inv(self.original(lu, order)))

    samples = (sample(definite(1, 3, 3), whole([[2, 0, 1]])),
               sample(definite(2, 2, 2), whole([[1, 0], [0, 1]]), adjoint=True))


def factored(x: Any) -> Any:
    """The factors of a stack of square matrices with one axis before the last two: the same node for all who ask."""
    return L.lu_factor(stack_of(x, tuple(x.shape[:-2])))


# -------------------------------------------------------------------- public

@op
class Solve(Composite):
    """Solutions X of A X = rhs, or A' X = rhs.

    Raises
    ------
    ShapeError if the matrices are not square or their rows are not those of rhs. InvalidArgumentError, when run, if a
    matrix is singular.

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
    names = ("linalg.solve",)
    node_name = "MatrixSolve"
    is_costly = True
    inputs = (port("matrix", Solvable, "coefficients"), port("rhs", Solvable, "right-hand sides, as columns"))
    adjoint: bool = attr(False, "whether the systems are of the transposed matrices")

    def result_shape(self, matrix: Shape, rhs: Shape) -> Shape:
        return system_shape(matrix, rhs)

    def decompose(self, matrix: Any, rhs: Any) -> Any:
        target = tuple(self.result_shape(matrix.shape, rhs.shape))
        if matrix.rank == len(target):
            matrix = stack_of(matrix, target[:-2])
        lu, order, _ = factored(matrix)
        return L.reshape(L.lu_solve(lu, order, stack_of(rhs, target[:-2]), self.adjoint), target)

    def reference(self, matrix: Array, rhs: Array) -> Array:
        try:
            return np.asarray(np.linalg.solve(oriented(matrix, self.adjoint), rhs))
        except np.linalg.LinAlgError:
            each(np.linalg.inv, matrix, lambda matrix: SINGULAR)        # says which one
            raise

    def gradient(self, g: Any, y: Any, matrix: Any, rhs: Any) -> Any:
        by_rhs = L.solve(matrix, g, not self.adjoint)
        factors = (y, by_rhs) if self.adjoint else (by_rhs, y)
        return -L.matmul(*factors, False, True), by_rhs

    samples = (sample(invertible(3, 3), normal(3, 2)), sample(invertible(2, 3, 3), normal(2, 3, 1), adjoint=True),
               sample(invertible(4, 4), normal(2, 4, 2)), sample(invertible(2, 1, 3, 3), normal(2, 3, 2)),
               sample(invertible(1, 1), normal(1, 1)), sample(normal(0, 0), normal(0, 2)),
               sample(invertible(2, 2), normal(2, 0)), sample(invertible(130, 130), normal(130, 20), smooth=False))


@op
class Inv(Composite):
    """Inverses of square matrices, or of the transposed ones.

    Raises
    ------
    ShapeError if the matrices are not square. InvalidArgumentError, when run, if one is singular.

    Shapes
    ------
    input, result : (..., n, n)

    References
    ----------
    Giles (2008), section 2.2.3.
    """

    category = "Linear algebra"
    names = ("linalg.inv",)
    node_name = "MatrixInverse"
    is_costly = True
    inputs = (port("input", Solvable, "square matrices"),)
    adjoint: bool = attr(False, "whether of the transposed matrices")

    def result_shape(self, x: Shape) -> Shape:
        return square(x)

    def decompose(self, x: Any) -> Any:
        lu, order, _ = factored(x)
        return L.reshape(L.lu_inverse(lu, order, self.adjoint), tuple(square(x.shape)))

    def reference(self, x: Array) -> Array:
        found = each(np.linalg.inv, oriented(x, self.adjoint), lambda matrix: SINGULAR)
        return stacked(found, x.shape, x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        if self.adjoint:
            return -L.matmul(y, L.matmul(g, y, True), False, False)
        return -L.matmul(y, L.matmul(g, y, False, True), True)

    samples = (sample(invertible(3, 3)), sample(invertible(2, 3, 4, 4), adjoint=True), sample(invertible(1, 1)),
               sample(normal(0, 0)), sample(normal(0, 2, 2)), sample(invertible(2, 2, 2)))


@op
class Det(Composite):
    """Determinants of square matrices.

    Raises
    ------
    ShapeError if the matrices are not square. The gradient asks for the inverse: InvalidArgumentError, when run, if a
    matrix is singular.

    Shapes
    ------
    input : (..., n, n)
    result : (...)

    References
    ----------
    Giles (2008), section 2.2.4.
    """

    category = "Linear algebra"
    names = ("linalg.det",)
    onnx = "Det"
    node_name = "MatrixDeterminant"
    inputs = (port("input", Solvable, "square matrices"),)

    def result_shape(self, x: Shape) -> Shape:
        return Shape(square(x)[:-2])

    def decompose(self, x: Any) -> Any:
        lu, _, sign = factored(x)
        return L.reshape(sign * L.reduce_prod(L.diag_part(lu), -1), tuple(x.shape[:-2]))

    def reference(self, x: Array) -> Array:
        return np.asarray(np.linalg.det(x), x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.expand_dims(L.expand_dims(g * y, -1), -1) * L.inv(x, True)

    samples = (sample(invertible(3, 3)), sample(invertible(2, 2, 4, 4)), sample(invertible(1, 1)), sample(normal(0, 0)),
               sample(normal(0, 2, 2)))


@op
class Slogdet(Composite):
    """Signs of determinants, and the logarithms of their sizes; 0 and minus infinity of a singular matrix.

    Returns
    -------
    sign and log_abs_determinant, which can be fetched and used each on its own.

    Shapes
    ------
    input : (..., n, n)
    sign, log_abs_determinant : (...)
    """

    category = "Linear algebra"
    names = ("linalg.slogdet",)
    fields = ("sign", "log_abs_determinant")
    node_name = "LogMatrixDeterminant"
    inputs = (port("input", Solvable, "square matrices"),)

    def result_dtype(self, *types: DType) -> tuple[DType, DType]:
        return types[0], types[0]

    def result_shape(self, x: Shape) -> tuple[Shape, Shape]:
        batch = Shape(square(x)[:-2])
        return batch, batch

    def decompose(self, x: Any) -> Any:
        lu, _, sign = factored(x)
        diagonal, batch = L.diag_part(lu), tuple(x.shape[:-2])
        size = L.reduce_sum(L.log(L.abs(diagonal)), -1)
        return L.reshape(sign * L.reduce_prod(L.sign(diagonal), -1), batch), L.reshape(size, batch)

    def reference(self, x: Array) -> tuple[Array, Array]:
        sign, size = np.linalg.slogdet(x)
        return np.asarray(sign, x.dtype), np.asarray(size, x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.expand_dims(L.expand_dims(g[1], -1), -1) * L.inv(x, True)

    samples = (sample(invertible(3, 3)), sample(invertible(2, 4, 4)), sample(normal(0, 0)))
