"""Derivatives beside those of a tape: forward, second, and of functions whose gradient is taken in another way."""
from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import InvalidArgumentError
from ..ops.language import L
from .build import convert_to_tensor, gradients
from .custom_gradient import custom_gradient
from .structure import flatten
from .tape import GradientTape, UnconnectedGradients


class ForwardAccumulator:
    """Derivatives along a direction: how results change where the primals move by the tangents.

    Parameters
    ----------
    primals : tensors, variables, or a structure of them, float
    tangents : the same structure, of their shapes

    Notes
    -----
    A gradient is linear in what arrives at the result, and its derivative with respect to that is this one: two sweeps
    backward give what one forward would.

    Examples
    --------
    >>> import graphengine as tf
    >>> x = tf.constant([2.0, 3.0])
    >>> with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as forward:
    ...     y = tf.reduce_prod(x)
    >>> print(forward.jvp(y))
    tf.Tensor(3.0, shape=(), dtype=float32)
    """

    def __init__(self, primals: Any, tangents: Any) -> None:
        self._primals, given = flatten(primals)[1], flatten(tangents)[1]
        if len(self._primals) != len(given):
            raise InvalidArgumentError(f"{len(given)} tangents for {len(self._primals)} primals",
                                       op="ForwardAccumulator", fix="give one for each")
        self._tangents = [convert_to_tensor(t, x.dtype) for t, x in zip(given, self._primals, strict=True)]
        for x, t in zip(self._primals, self._tangents, strict=True):
            if x.shape != t.shape:
                raise InvalidArgumentError(f"a primal has shape {x.shape}, its tangent {t.shape}",
                                           op="ForwardAccumulator")
        self._tape = GradientTape(persistent=True)

    def __enter__(self) -> ForwardAccumulator:
        self._tape.__enter__()
        self._tape.watch(self._primals)
        return self

    def __exit__(self, *exception: Any) -> None:
        self._tape.__exit__(*exception)

    def jvp(self, primals: Any, unconnected_gradients: str = UnconnectedGradients.NONE) -> Any:
        """How results, or a structure of them, change; None or zeros for what does not depend on the primals."""
        structure, results = flatten(primals)
        return structure.fill([self._jvp(y, unconnected_gradients == UnconnectedGradients.ZERO) for y in results])

    def _jvp(self, y: Any, wants_zeros: bool) -> Any:
        found = None
        with GradientTape() as outer:
            seed = L.zeros_like(y)
            outer.watch(seed)
            parts = self._tape.gradient(y, self._primals, seed)
            moved = [L.reduce_sum(g * t) for g, t in zip(parts, self._tangents, strict=True) if g is not None]
            total = sum(moved[1:], moved[0]) if moved else None
        if total is not None:
            found = outer.gradient(total, seed)
        return L.zeros_like(y) if found is None and wants_zeros else found


def hessians(
    ys: Any, xs: Any, gate_gradients: bool = False, aggregation_method: Any = None, name: str = "hessians"
) -> list[Any]:
    """Second derivatives of the sum of all elements of `ys`, in a graph.

    Returns
    -------
    For each of `xs`, whose sizes are known, a tensor with the sizes of x twice.

    Raises
    ------
    ShapeError if a size of an x is not known. GradientError if a y is not float.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     x = tf.constant([1.0, 2.0])
    ...     print(tf.Session().run(tf.hessians(x[0] * x[0] * x[1], x)[0]))
    [[4. 2.]
     [2. 0.]]
    """
    del gate_gradients, aggregation_method, name
    found = []
    several = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    for x, slope in zip(several, gradients(ys, several), strict=True):
        sizes = x.known_shape().numbers() if hasattr(x, "known_shape") else x.shape.numbers()
        found.append(None if slope is None else L.reshape(_rows(slope, x), (*sizes, *sizes)))
    return found


def _rows(slope: Any, x: Any) -> Any:
    """The gradient of each element of a gradient."""
    elements = L.reshape(slope, (-1,))
    count = 1
    for size in x.shape:
        count *= size
    rows: list[Any] = [gradients(elements[k], x)[0] for k in range(count)]
    return L.stack([L.zeros_like(slope) if row is None else row for row in rows]) if rows else slope


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that keeps nothing for its gradient, which computes it again: time for memory.

    Parameters
    ----------
    f : function of tensors; what it draws at random is drawn again too

    Examples
    --------
    >>> import graphengine as tf
    >>> x = tf.constant(2.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = tf.recompute_grad(lambda x: tf.exp(x) * x)(x)
    >>> print(tape.gradient(y, x))
    tf.Tensor(22.167168, shape=(), dtype=float32)
    """
    @custom_gradient
    def called(*args: Any, **kwargs: Any) -> Any:
        def backward(*arriving: Any, variables: Sequence[Any] | None = None) -> Any:
            with GradientTape() as tape:
                tape.watch(list(args))
                y = f(*args, **kwargs)
            found, more = tape.gradient(y, [list(args), list(variables or ())], list(arriving))
            return (found, more) if variables else found

        return f(*args, **kwargs), backward

    return functools.wraps(f)(called)


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose gradient is that of the identity: what arrives at its results goes on to its arguments.

    Examples
    --------
    >>> import graphengine as tf
    >>> x = tf.constant(1.7)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = tf.grad_pass_through(tf.round)(x) * 3.0
    >>> print(y.numpy(), tape.gradient(y, x).numpy())
    6.0 3.0
    """
    @custom_gradient
    def called(*args: Any, **kwargs: Any) -> Any:
        def backward(*arriving: Any, variables: Sequence[Any] | None = None) -> Any:
            return (list(arriving), [None] * len(variables)) if variables else list(arriving)

        return f(*args, **kwargs), backward

    return functools.wraps(f)(called)
