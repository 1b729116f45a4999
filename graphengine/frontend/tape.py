"""Gradients of what was computed at once: a tape that remembers ops, and plays them back from the last to the first.

Each op's own rule gives its part. A rule is drawn once for operands of given types and shapes, as a small graph, and
then only interpreted; where another tape listens, its ops are applied one by one, so that they are remembered too.
"""
from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np

from .. import autodiff, interpret
from ..dtypes import DType
from ..errors import GradientError, InvalidArgumentError
from ..ir.computation import Computation
from ..ir.dims import Shape, SizeFacts
from ..ir.eager import EagerTensor
from ..ir.graph import Graph
from ..ir.node import Tensor
from ..ops import Op
from ..ops.apply import apply, is_recording, recording
from ..ops.language import L
from ..ops.pullback import pulled_back
from ..ops.state import Placeholder
from .build import convert_to_tensor
from .record import Record, Step, is_watched, numbers_of
from .replay import replayed
from .structure import flatten
from .variables import Variable

Types = tuple[tuple[DType, tuple[int, ...]], ...]


class UnconnectedGradients:
    """What the gradient is where no path leads from a source to the target."""

    NONE = "none"
    ZERO = "zero"


class GradientTape:
    """Remember what is computed from watched tensors and variables, to differentiate it.

    Parameters
    ----------
    persistent : whether `gradient` may be asked for more than once
    watch_accessed_variables : whether trainable variables are watched as soon as they are used

    Examples
    --------
    >>> import graphengine as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x * x
    >>> print(tape.gradient(y, x))
    tf.Tensor(6.0, shape=(), dtype=float32)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.persistent = persistent
        self._record = Record(watch_accessed_variables)
        self._context: Any = None
        self._is_used = False

    def __enter__(self) -> GradientTape:
        if self._context is not None:
            raise InvalidArgumentError("the tape is recording already", op="GradientTape")
        self._context = recording(self._record.add)
        self._context.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._context.__exit__(None, None, None)
        self._context = None

    # ------------------------------------------------ remembering

    def watch(self, tensor: Any) -> None:
        """Differentiate with respect to a tensor or variable, or a structure of them, too.

        Raises
        ------
        InvalidArgumentError for what is no tensor.
        """
        for x in flatten(tensor)[1]:
            if not isinstance(x, (EagerTensor, Variable, Tensor)):
                raise InvalidArgumentError(f"{x!r} is no tensor or variable", op="GradientTape.watch")
            self._record.watched[id(x)] = x

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables that were used or watched, in that order."""
        record = self._record
        given = [x for x in record.watched.values() if isinstance(x, Variable)]
        return tuple(dict.fromkeys([*record.variables, *given]))

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Forget what is computed inside the ``with`` block."""
        record = self._record
        before, record.is_paused = record.is_paused, True
        try:
            yield
        finally:
            record.is_paused = before

    def reset(self) -> None:
        """Forget everything."""
        self._record.clear()
        self._is_used = False

    # ------------------------------------------------ gradients

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None,
        unconnected_gradients: str = UnconnectedGradients.NONE,
    ) -> Any:
        """Gradient of the sum of all elements of `target` with respect to `sources`.

        Parameters
        ----------
        target : tensor or structure of tensors, float
        sources : tensor, variable, or structure of them
        output_gradients : for each target the gradient that reaches it, of its shape; ones if None
        unconnected_gradients : whether an unconnected source gets None or zeros

        Returns
        -------
        The structure of `sources` with a tensor in the place of each.

        Raises
        ------
        RuntimeError if the tape is not persistent and has been used. GradientError if a target is not float.
        """
        self._use()
        structure, leaves = flatten(sources)
        targets = flatten(target)[1]
        seeds = [None] * len(targets) if output_gradients is None else flatten(output_gradients)[1]
        if any(isinstance(t, Tensor) for t in targets):
            found = self._in_graph(targets, leaves, seeds)
        else:
            found = self._at_once(targets, leaves, seeds)
        if unconnected_gradients == UnconnectedGradients.ZERO:
            found = [L.zeros_like(x) if g is None else g for x, g in zip(leaves, found, strict=True)]
        if not self.persistent:
            self.reset()
            self._is_used = True
        return structure.fill(found)

    def _use(self) -> None:
        if self._is_used:
            raise RuntimeError("this tape was used before; GradientTape(persistent=True) may be asked more than once")

    def _in_graph(self, targets: Sequence[Any], sources: Sequence[Any], seeds: Sequence[Any]) -> list[Any]:
        """While a graph is drawn its nodes are the record."""
        ys = [t for t in targets if isinstance(t, Tensor)]
        wanted = [s for s, t in zip(seeds, targets, strict=True) if isinstance(t, Tensor)]
        graph = ys[0].graph
        xs: list[Tensor | None] = []
        for x in sources:
            if isinstance(x, Tensor):
                xs.append(x)
            else:
                xs.append(x.handle_in(graph.root) if isinstance(x, Variable) and self._record.watches(x) else None)
        found = iter(autodiff.gradients(ys, [x for x in xs if x is not None], wanted))
        return [None if x is None else next(found) for x in xs]

    def _at_once(self, targets: Sequence[Any], sources: Sequence[Any], seeds: Sequence[Any]) -> list[Any]:
        for t in targets:
            if not t.dtype.is_floating:
                raise GradientError(f"the target is {t.dtype.name}; only float values have gradients",
                                    op="GradientTape.gradient", fix="differentiate a float tensor")
        record = self._record
        given = [None if s is None else _seed(s, t) for s, t in zip(seeds, targets, strict=True)]
        ends = [record.end(t) for t in targets]
        starts = tuple([record.places(x) for x in sources])
        if not is_recording():
            found = replayed(record, tuple(ends), starts, given)
            if found is not None:
                return found
        flow: dict[int, Any] = {}
        for t, end, seed in zip(targets, ends, given, strict=True):
            _add(flow, end, L.ones_like(t) if seed is None else seed)
        for step, first in reversed(_needed(record, {k for several in starts for k in several})):
            op, written, _, result_count = step
            arriving = [flow.get(first + k) for k in range(result_count)]
            if all(g is None for g in arriving):
                continue
            numbers = numbers_of(step, first)
            operands = [record.values[k] for k in numbers]
            asked = tuple([is_watched(x) and v.dtype.is_floating
                           for x, v in zip(written, operands, strict=True)])
            results = record.values[first:first + result_count]
            for k, g in zip(numbers, _through(op, operands, results, arriving, asked), strict=True):
                if g is not None:
                    _add(flow, k, g)
        return [_total([flow[k] for k in several if k in flow]) for several in starts]

    def jacobian(
        self, target: Any, sources: Any, unconnected_gradients: str = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None, experimental_use_pfor: bool = True,
    ) -> Any:
        """Derivative of each element of `target` with respect to each element of the sources.

        Returns
        -------
        In the structure of `sources`, tensors of the target's shape followed by the source's.
        """
        del parallel_iterations, experimental_use_pfor
        structure, leaves = flatten(sources)
        sizes = target.known_shape().numbers()
        size = int(np.prod(sizes, dtype=int))
        basis = np.eye(size, dtype=target.dtype.numpy).reshape(size, *sizes)
        rows = self._several(lambda k: self.gradient(target, leaves, basis[k], unconnected_gradients), size)
        found = []
        for k, x in enumerate(leaves):
            column = [row[k] for row in rows]
            shape = (*sizes, *(x.shape if isinstance(x, Variable) else x.known_shape()).numbers())
            if column:
                found.append(None if column[0] is None else L.reshape(L.stack(column), shape))
            else:
                found.append(L.zeros_like(L.broadcast_to(L.cast(0, x.dtype), shape)))
        return structure.fill(found)

    def batch_jacobian(
        self, target: Any, source: Any, unconnected_gradients: str = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None, experimental_use_pfor: bool = True,
    ) -> Any:
        """Derivative of each row of `target` with respect to the same row of `source`; other rows must not matter.

        Shapes
        ------
        target, source : (batch, *m) and (batch, *n); m has to be known
        result : (batch, *m, *n)
        """
        del parallel_iterations, experimental_use_pfor
        inner = Shape(target.shape[1:]).numbers()
        count = int(np.prod(inner, dtype=int))
        basis = np.eye(count, dtype=target.dtype.numpy).reshape(count, 1, *inner)
        columns = self._several(
            lambda k: self.gradient(target, source, L.ones_like(target) * basis[k], unconnected_gradients), count)
        if any(c is None for c in columns):
            return None
        rows = L.stack(columns, 1) if columns else L.zeros_like(L.expand_dims(source, 1))[:, :0]
        return rows if len(inner) == 1 else L.reshape(rows, (-1, *inner, *Shape(source.shape[1:]).numbers()))

    def _several(self, ask: Callable[[int], Any], count: int) -> list[Any]:
        """The answers to several questions, as one to who may ask once."""
        persistent, self.persistent = self.persistent, True
        try:
            found = [ask(k) for k in range(count)]
        finally:
            self.persistent = persistent
        if not persistent:
            self.reset()
            self._is_used = True
        return found


def _seed(given: Any, target: Any) -> Any:
    """What `output_gradients` gives for a target, in its shape."""
    seed = convert_to_tensor(given, target.dtype)
    autodiff.check_seed(seed.shape, target.shape)
    return L.broadcast_to(seed, target.shape) if not seed.rank and target.shape.rank else seed


def _needed(record: Record, sources: set[int]) -> list[tuple[Step, int]]:
    """The steps that lead from a source to somewhere, each with the number of its first result."""
    reached = set(sources)
    found = []
    first = 0
    for step in record.steps:
        _, _, fresh_count, result_count = step
        first += fresh_count
        if not reached.isdisjoint(numbers_of(step, first)):
            found.append((step, first))
            reached.update(range(first, first + result_count))
        first += result_count
    return found


def _add(flow: dict[int, Any], key: int, g: Any) -> None:
    flow[key] = g if key not in flow else flow[key] + g


def _total(parts: Sequence[Any]) -> Any:
    return functools.reduce(operator.add, parts) if parts else None


# -------------------------------------------------------------------- rules as small graphs

@lru_cache(maxsize=4096)
def _rule(
    op: Op, operands: Types, results: Types, arriving: tuple[bool, ...], asked: tuple[bool, ...]
) -> tuple[Computation, tuple[bool, ...]] | None:
    """The gradients of an op's operands as a computation of operands and arriving gradients; which of them exist."""
    graph = Graph()
    with graph.as_default():
        xs = [graph.add(Placeholder(dtype, Shape(shape)), (), "x").outputs[0] for dtype, shape in operands]
        gs = [graph.add(Placeholder(dtype, Shape(shape)), (), "g").outputs[0]
              for (dtype, shape), there in zip(results, arriving, strict=True) if there]
        ys = graph.apply(op, xs)
        wanted = [x for x, a in zip(xs, asked, strict=True) if a]
        found = pulled_back([y for y, there in zip(ys, arriving, strict=True) if there], gs, wanted)
    fetches = [g for g in found if g is not None]
    if not fetches:
        return None
    exist = iter([g is not None for g in found])
    return Computation(graph, (*xs, *gs), tuple(fetches), (), SizeFacts()), tuple(a and next(exist) for a in asked)


def _through(
    op: Any, operands: Sequence[EagerTensor], results: Sequence[EagerTensor], arriving: Sequence[Any],
    asked: tuple[bool, ...],
) -> list[Any]:
    """Gradients of the operands of an op."""
    if not isinstance(op, Op):                  # a call of a traced function
        return op.play_back(operands, arriving, asked)  # type: ignore[no-any-return]
    made = _rule(
        op, tuple([(x.dtype, x.array.shape) for x in operands]), tuple([(y.dtype, y.array.shape) for y in results]),
        tuple([g is not None for g in arriving]), asked,
    )
    if made is None:
        return [None] * len(asked)
    computation, exist = made
    feeds = [*operands, *(g for g in arriving if g is not None)]
    if is_recording():
        found: Iterator[Any] = iter(_applied(computation, feeds))
    else:
        values, _ = interpret.run(computation, [x.array for x in feeds], {}, {})
        found = iter([EagerTensor(np.array(v)) for v in values])
    return [next(found) if e else None for e in exist]


def _applied(computation: Computation, feeds: Sequence[EagerTensor]) -> list[Any]:
    """The computation op by op, so that other tapes hear of it."""
    values: dict[int, Any] = {id(t): x for t, x in zip(computation.feeds, feeds, strict=True)}
    for node in computation.nodes:
        if all(id(t) in values for t in node.outputs):
            continue
        result = apply(node.op, [values[id(t)] for t in node.inputs])
        several = result if isinstance(result, tuple) else (result,)
        values.update((id(t), r) for t, r in zip(node.outputs, several, strict=True))
    return [values[id(t)] for t in computation.fetches]

