"""Functions that say their own gradients."""
from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GradientError, InvalidArgumentError
from ..ir.eager import EagerTensor
from ..ir.graph import get_default_graph, is_drawing, receiving_graph
from ..ir.node import Tensor
from ..ir.walk import needed
from ..ops import state
from ..ops.apply import recording, tell_recorders, unrecorded
from ..ops.custom import WithGradient
from ..ops.language import L
from ..ops.operands import operands_in
from .build import convert_to_tensor
from .structure import Structure, flatten
from .variables import Variable


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function say its own gradient.

    Parameters
    ----------
    f : gives its result, a tensor or structure of tensors, and a function. That takes the gradient of each result and
        gives the gradient of each tensor that `f` was called with. If `f` reads trainable variables, it also takes
        ``variables=``, a list of them, and gives a pair: the gradients of the tensors, and those of the variables

    Returns
    -------
    A function of the same arguments that gives the result alone. Gradients of any order pass through.

    Raises
    ------
    GradientError, when a gradient is taken, if it gives another number of gradients; InvalidArgumentError if `f` reads
    variables and its gradient takes none.

    Examples
    --------
    >>> import graphengine as tf
    >>> @tf.custom_gradient
    ... def log1pexp(x):
    ...     e = tf.exp(x)
    ...     return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
    >>> x = tf.constant(100.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = log1pexp(x)
    >>> print(tape.gradient(y, x))
    tf.Tensor(1.0, shape=(), dtype=float32)
    """
    @functools.wraps(f)
    def called(*args: Any, **kwargs: Any) -> Any:
        structure, leaves = flatten(args)
        places = [k for k, x in enumerate(leaves) if isinstance(x, (Tensor, EagerTensor, Variable))]
        symbols = [x for x in operands_in(leaves) if isinstance(x, Tensor)]
        if not symbols and not is_drawing():
            return _at_once(f, structure, leaves, places, kwargs)
        graph = receiving_graph(symbols[0].graph) if symbols else get_default_graph()
        with graph.as_default():
            return _drawn(f, structure, leaves, places, kwargs)

    return called


class _Rule:
    """The gradients that a function says, of its tensors and then of its variables.

    results : what it gave
    count : number of its tensors
    """

    def __init__(
        self, function: Callable[..., Any], backward: Callable[..., Any], results: Sequence[Any], count: int,
        variables: Sequence[Variable],
    ) -> None:
        self.results = results
        self.name = getattr(function, "__name__", repr(function))
        self.backward, self.count, self.variables = backward, count, list(variables)
        if variables and not _takes_variables(backward):
            names = ", ".join(v.name for v in variables)
            raise InvalidArgumentError(
                f"{self.name} reads the variables {names}, and its gradient function takes none", op="custom_gradient",
                fix="let it take variables=None, and return (gradients, gradients of the variables)")

    def __call__(self, arriving: Sequence[Any]) -> list[Any]:
        arriving = [L.zeros_like(y) if g is None else g for g, y in zip(arriving, self.results, strict=True)]
        if self.variables:
            found, more = self.backward(*arriving, variables=self.variables)
        else:
            found, more = self.backward(*arriving), []
        gradients = flatten(list(found) if isinstance(found, (list, tuple)) else [found])[1]
        of_variables = list(more) if isinstance(more, (list, tuple)) else [more]
        for what, given, wanted in (("tensors", gradients, self.count),
                                    ("variables", of_variables, len(self.variables))):
            if len(given) != wanted:
                raise GradientError(f"the gradient of {self.name} gives {len(given)} gradients for {wanted} {what}",
                                    op="custom_gradient", fix="return one for each, None where there is none")
        return [*gradients, *of_variables]

    def play_back(self, operands: Sequence[Any], arriving: Sequence[Any], asked: tuple[bool, ...]) -> list[Any]:
        """What a tape asks: the gradient of each operand."""
        del asked
        found = self(arriving)
        return [None if g is None else convert_to_tensor(g, x.dtype) for g, x in zip(found, operands, strict=True)]


def _takes_variables(backward: Callable[..., Any]) -> bool:
    parameters = inspect.signature(backward).parameters.values()
    return any(p.name == "variables" or p.kind is p.VAR_KEYWORD for p in parameters)


def _called(f: Callable[..., Any], given: Any, kwargs: Any) -> tuple[Structure, list[Any], Callable[..., Any]]:
    returned = f(*given, **kwargs)
    if not (isinstance(returned, tuple) and len(returned) == 2 and callable(returned[1])):
        raise InvalidArgumentError(f"{getattr(f, '__name__', f)} has to return its result and a function",
                                   op="custom_gradient", fix="return y, grad")
    structure, results = flatten(returned[0])
    return structure, [convert_to_tensor(y) for y in results], returned[1]


def _at_once(f: Callable[..., Any], structure: Structure, leaves: list[Any], places: list[int], kwargs: Any) -> Any:
    heard: dict[int, Variable] = {}

    def hear(op: Any, operands: Sequence[Any], held: Any, results: Any) -> None:
        heard.update({id(x): x for x in operands if isinstance(x, Variable) and x.trainable})

    with unrecorded(), recording(hear):
        returned, found, backward = _called(f, structure.fill(leaves), kwargs)
    given = [leaves[k] for k in places]
    variables = [v for v in heard.values() if all(v is not x for x in given)]
    results = [EagerTensor(y.array) for y in found]        # ones that nothing was recorded of
    tell_recorders(_Rule(f, backward, results, len(places), variables), [*given, *variables], results)
    return returned.fill(results)


def _drawn(f: Callable[..., Any], structure: Structure, leaves: list[Any], places: list[int], kwargs: Any) -> Any:
    graph = get_default_graph()
    tensors = {k: graph.adopt(convert_to_tensor(leaves[k])) for k in places}
    returned, found, backward = _called(
        f, structure.fill([tensors.get(k, x) for k, x in enumerate(leaves)]), kwargs)
    results = [graph.adopt(y) for y in found]
    given = list(tensors.values())
    variables = [v for v in map(Variable.of_node, (
        n for n in needed([y.node for y in results], given) if isinstance(n.op, state.SEEN))) if v.trainable]
    rule = _Rule(f, backward, results, len(given), variables)
    node = graph.add(WithGradient(len(results), rule), [*results, *given, *(L.identity(v) for v in variables)],
                     getattr(f, "__name__", None))
    return returned.fill(node.outputs)
