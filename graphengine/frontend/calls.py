"""Python functions called from graphs: in arrays, or in tensors that have values.

Nothing of such a function is compiled. Programs run before and after it; it is called once in each run that needs it,
in the order in which calls were drawn, before the run changes any variable. One in a loop or branch is called in each
step that comes to it: Python takes these steps then, and what is between two calls are programs.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype
from ..errors import DTypeError, InvalidArgumentError
from ..ir.eager import EagerTensor
from ..ir.graph import get_default_graph, is_drawing, no_graph, receiving_graph
from ..ir.node import Tensor
from ..ops.apply import unrecorded
from ..ops.calls import NumpyFunction, PyFunction
from ..ops.kinds import Array
from ..ops.language import L
from ..ops.operands import operands_in
from .build import convert_to_tensor
from .tape import GradientTape, UnconnectedGradients
from .variables import Variable


def numpy_function(
    func: Callable[..., Any], inp: Sequence[Any], Tout: Any, stateful: bool = True, name: str | None = None
) -> Any:
    """Call a Python function of arrays.

    Parameters
    ----------
    func : takes an array for each of `inp`, which it must not change, and gives an array, or a list of them
    inp : tensors
    Tout : dtype of the result, or a list of those of several; an empty list for none
    stateful : accepted for TensorFlow's sake; it is always called

    Returns
    -------
    A tensor, or a list of them, whose shapes are known when it has run; see `Tensor.set_shape`. No gradient passes
    through. Where a graph is drawn and there are no results, the operation.

    Raises
    ------
    InvalidArgumentError, DTypeError, when run, if the function gives another number of results or other types.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     x = tf.placeholder(tf.float32, [None])
    ...     y = tf.numpy_function(lambda a: a[a > 0], [x], tf.float32)
    ...     print(tf.Session().run(y * 2.0, {x: [1.0, -1.0, 3.0]}))
    [2. 6.]
    """
    del stateful
    types = _types(Tout)
    return _called(OfArrays(func, types), NumpyFunction, inp, Tout, types, name)


def py_function(func: Callable[..., Any], inp: Sequence[Any], Tout: Any, name: str | None = None) -> Any:
    """Call a Python function of tensors that have values.

    Parameters
    ----------
    func : takes a tensor for each of `inp`, and gives a tensor (or what can become one), or a list of them
    inp : tensors
    Tout : dtype of the result, or a list of those of several; an empty list for none

    Returns
    -------
    As `numpy_function`, but gradients of any order pass through. In a graph the gradient calls the function once more.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     x = tf.placeholder(tf.float32, [])
    ...     y = tf.py_function(lambda a: a * a if a > 0.0 else -a, [x], tf.float32)
    ...     print(tf.Session().run([y, tf.gradients(y, [x])[0]], {x: 3.0}))
    [np.float32(9.0), np.float32(6.0)]
    """
    types = _types(Tout)
    return _called(OfTensors(func, types), PyFunction, inp, Tout, types, name)


def _types(Tout: Any) -> tuple[DType, ...]:
    return tuple(as_dtype(t) for t in (Tout if isinstance(Tout, (list, tuple)) else [Tout]))


def _called(
    callback: OfArrays | OfTensors, kind: type[NumpyFunction | PyFunction], inp: Sequence[Any], Tout: Any,
    types: tuple[DType, ...], name: str | None,
) -> Any:
    symbols = [x for x in operands_in(inp) if isinstance(x, Tensor)]
    found: Sequence[Any]
    if symbols or is_drawing():
        graph = receiving_graph(symbols[0].graph) if symbols else get_default_graph()
        with graph.as_default():
            node = graph.add(kind(callback, types), [graph.adopt(convert_to_tensor(x)) for x in inp], name or kind.name)
        if not types:
            return node
        found = node.outputs
    else:
        found = callback.at_once([L.identity(x) if isinstance(x, Variable) else convert_to_tensor(x) for x in inp])
    return list(found) if isinstance(Tout, (list, tuple)) else found[0]


def _checked(found: Any, types: Sequence[DType], function: Callable[..., Any]) -> list[Any]:
    """What a function returned as a list of results."""
    is_list = isinstance(found, (list, tuple)) and (len(types) != 1 or len(found) == 1)
    several = list(found) if is_list else [] if found is None and not types else [found]
    if len(several) != len(types):
        raise InvalidArgumentError(
            f"{_name(function)} returned {len(several)} values, and Tout has {len(types)} types",
            fix="let Tout have a type for each value",
        )
    return several


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", function))


class OfArrays:
    """A function of arrays, with the types of its results."""

    def __init__(self, function: Callable[..., Any], types: Sequence[DType]) -> None:
        self.function = function
        self.types = types

    def arrays(self, *given: Array) -> tuple[Array, ...]:
        """Its results for arrays, which are told apart from those that it may go on to change."""
        with no_graph(), unrecorded():
            found = self.function(*map(_read_only, given))
        return tuple(self._array(k, x) for k, x in enumerate(_checked(found, self.types, self.function)))

    def at_once(self, given: Sequence[EagerTensor]) -> list[EagerTensor]:
        return [EagerTensor(a) for a in self.arrays(*(x.array for x in given))]

    def _array(self, k: int, value: Any) -> Array:
        wanted = self.types[k]
        if isinstance(value, (np.ndarray, np.generic)) and value.dtype != wanted.numpy:
            raise DTypeError(
                f"result {k} of {_name(self.function)} is {value.dtype}, and Tout says {wanted.name}",
                fix=f"return value.astype({wanted.name!r}), or change Tout",
            )
        return np.array(value, wanted.numpy)


class OfTensors:
    """A function of tensors that have values, with the types of its results."""

    def __init__(self, function: Callable[..., Any], types: Sequence[DType]) -> None:
        self.function = function
        self.types = types

    def arrays(self, *given: Array) -> tuple[Array, ...]:
        with no_graph(), unrecorded():
            found = self.at_once([EagerTensor(_read_only(a)) for a in given])
        return tuple(np.array(x.array) for x in found)

    def at_once(self, given: Sequence[EagerTensor]) -> list[Any]:
        several = _checked(self.function(*given), self.types, self.function)
        return [self._tensor(k, value) for k, value in enumerate(several)]

    def _tensor(self, k: int, value: Any) -> Any:
        wanted = self.types[k]
        found = convert_to_tensor(value) if isinstance(value, (EagerTensor, Variable)) else None
        if found is not None and found.dtype is not wanted:
            raise DTypeError(f"result {k} of {_name(self.function)} is {found.dtype.name}, and Tout says {wanted.name}",
                             fix=f"cast it to {wanted.name}, or change Tout")
        return convert_to_tensor(value, wanted) if found is None else found

    def pulled_back(self, types: Sequence[DType], asked: Sequence[int], arriving: Sequence[int]) -> OfTensors:
        """The gradients of the operands `asked` as a function of the operands and the gradients of some results."""
        count = len(arriving)

        def backward(*operands: EagerTensor) -> list[Any]:
            given, seeds = operands[:len(operands) - count], operands[len(operands) - count:]
            with GradientTape() as tape:
                for k in asked:
                    tape.watch(given[k])
                results = self.at_once(given)
            return tape.gradient(  # type: ignore[no-any-return]
                [results[k] for k in arriving], [given[k] for k in asked], list(seeds), UnconnectedGradients.ZERO)

        return OfTensors(backward, types)


def _read_only(array: Array) -> Array:
    view = np.asarray(array).view()         # numbers of a run of several steps are no arrays
    view.flags.writeable = False
    return view
