"""What is asked of tensors, matrices as a whole, and functions that take functions."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...frontend import control, folds
from ...frontend.structure import flatten
from ...frontend.variables import Variable
from ...ir.eager import EagerTensor
from ...ir.node import Tensor
from ...ops.language import L
from .promotion import floating, tensor, together


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """A value as a tensor."""
    return tensor(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """The numbers of a tensor."""
    return np.asarray(x)


def is_tensor(x: Any) -> bool:
    """Whether a value is a tensor."""
    return isinstance(x, (EagerTensor, Tensor, Variable))


def cast(x: Any, dtype: Any) -> Any:
    """The tensor in another dtype."""
    return L.cast(tensor(x), dtype)


def saturate_cast(x: Any, dtype: Any) -> Any:
    """The tensor in another dtype; what is too large for it becomes its largest number."""
    return L.saturate_cast(tensor(x), dtype)


def shape(x: Any) -> tuple[Any, ...]:
    """The sizes of the axes: numbers, or tensors where they are not known before it runs."""
    found = tensor(x)
    return tuple(n if isinstance(n, int) else L.shape_of(found)[k] for k, n in enumerate(found.shape))


def dtype(x: Any) -> str:
    """The name of a tensor's dtype."""
    return str(tensor(x).dtype.name)


def ndim(x: Any) -> int:
    """The number of axes."""
    return int(tensor(x).rank)


def size(x: Any) -> Any:
    """The number of elements."""
    return L.size_of(tensor(x))


# -------------------------------------------------------------------- functions of functions

def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What one function returns where a condition holds, what the other returns where not."""
    return control.cond(tensor(pred), true_fn, false_fn)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """What the function of this number returns for operands."""
    return control.switch_case(tensor(index), [lambda f=f: f(*operands) for f in branches])


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None,
) -> Any:
    """A function of variables again and again while a condition holds."""
    several = isinstance(loop_vars, (tuple, list))
    begin = tuple(loop_vars) if several else (loop_vars,)

    def step(*state: Any) -> Any:
        following = body(*state)
        return tuple(following) if isinstance(following, (tuple, list)) else (following,)

    found = control.while_loop(cond, step, [tensor(x) for x in begin], maximum_iterations=maximum_iterations)
    return tuple(found) if several else found[0]


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """A function of a number, counted from `lower` to before `upper`, and of a state."""
    structure, leaves = flatten(init_val)

    def step(k: Any, *state: Any) -> list[Any]:
        return [k + 1, *flatten(body_fun(k, structure.fill(list(state))))[1]]

    end = tensor(upper)
    found = control.while_loop(lambda k, *state: k < end, step, [tensor(lower, end.dtype), *map(tensor, leaves)])
    return structure.fill(list(found[1:]))


def scan(f: Callable[[Any, Any], Any], init: Any, xs: Any = None, length: int | None = None, reverse: bool = False,
         unroll: int = 1) -> Any:
    """Steps along the first axes of `xs`: the last state, and what each step gave besides, along a new axis."""
    if xs is None:
        counted = tensor(np.arange(length or 0))
        return folds.recurrence(lambda state, _: f(state, None), counted, init, reverse=reverse)
    return folds.recurrence(f, xs, init, reverse=reverse)


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """A function of each slice along the first axis, the results along a new one."""
    return folds.map_fn(f, xs)


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """A function of each slice along the first axis; see `map`."""
    return folds.map_fn(function, elements)


# -------------------------------------------------------------------- matrices

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
    """The x for which a x is nearest to b."""
    m, y = [floating(v) for v in together(a, b)]
    if y.rank == 1:
        return L.squeeze(L.matmul(L.pinv(m), L.expand_dims(y, -1)), -1)
    return L.matmul(L.pinv(m), y)


def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular vectors and values: u, s and the transposed v."""
    if not compute_uv:
        return L.svd(floating(x), False, False)
    s, u, v = L.svd(floating(x), full_matrices, True)
    return u, s, L.matrix_transpose(v)
