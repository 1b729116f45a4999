"""Rules, and the graph that applies them while it is being built.

A pass copies a computation node by node into a `RewritingGraph`. Each node about to be made is first
offered to the rules; what a rule builds instead goes through the same door, so one copy reaches a fixed
point. Shapes, dtypes, names and origins are looked after here.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import Any

from ..ir.computation import Computation
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.source import Origin
from ..ops.kinds import Op
from ..ops.language import L
from ..ops.state import Placeholder
from ..values import dataclass
from .pattern import Applied


@dataclass(frozen=True)
class Rule:
    """An equation with a name.

    pattern : what it replaces
    build : makes the replacement from what the holes matched, or None if it does not apply
    fast : wrong for NaN, infinities or the sign of zero; only with fast mathematics
    example : operands on which both sides are compared, where random ones would not match
    wants_op : whether `build` asks for the matched op, as its argument `op`
    """

    name: str
    equation: str
    pattern: Applied
    build: Callable[..., Any]
    fast: bool = False
    example: Callable[..., Any] | None = None
    wants_op: bool = False

    def matches(self, op: Any, inputs: Sequence[Tensor]) -> Iterator[Mapping[str, Tensor]]:
        """What the holes stand for, in each way in which the pattern matches a result of `op`."""
        if self.pattern.op is None or self.pattern.op == op:
            yield from self.pattern.bind_inputs(inputs, {})


@dataclass(frozen=True)
class Fired:
    """A rule that was applied: to which node, at which line."""

    phase: str
    rule: str
    equation: str
    node: str
    origin: Origin | None

    def __str__(self) -> str:
        return f"{self.rule}: {self.equation}   on {self.node}" + (f"   {self.origin}" if self.origin else "")


@dataclass()
class RuleSet:
    """Rules of one phase, looked up by the op at their root."""

    phase: str
    rules: list[Rule] = field(default_factory=list)

    def __call__(self, pattern: Any, *, fast: bool = False, example: Any = None) -> Callable[[Any], Any]:
        """Decorator: add a rule that replaces `pattern` by what the function returns."""
        def add(build: Callable[..., Any]) -> Callable[..., Any]:
            equation = inspect.cleandoc(build.__doc__ or "").splitlines()[0]
            wants_op = "op" in inspect.signature(build).parameters
            self.rules.append(Rule(build.__name__, equation, pattern, build, fast, example, wants_op))
            return build

        return add

    def by_root(self, fast: bool) -> dict[type[Op], list[Rule]]:
        found: dict[type[Op], list[Rule]] = {}
        for rule in self.rules:
            if fast or not rule.fast:
                found.setdefault(rule.pattern.cls, []).append(rule)
        return found


# What a pass does with a node that no rule has changed: its results, or None to make the node.
Hook = Callable[["RewritingGraph", Any, Sequence[Tensor], "str | None"], Any]


class RewritingGraph(Graph):
    """A graph whose nodes pass through rules and hooks while they are made."""

    def __init__(self, phase: str, rules: dict[type[Op], list[Rule]], hooks: Sequence[Hook], log: list[Fired]) -> None:
        super().__init__()
        self.phase = phase
        self.rules = rules
        self.hooks = hooks
        self.log = log
        self.current = ""

    def copy(self, node: Node, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Results of `node` on the `inputs` of this graph; what is made for them has its name and origin."""
        self.current = node.name
        self._origin, self._scope = node.origin, node.name + "/"
        return self.apply(node.op, inputs, self._scope)

    def apply(self, op: Any, inputs: Sequence[Tensor], name: str | None = None) -> tuple[Tensor, ...]:
        for rule in self.rules.get(type(op), ()):
            result = self._try(rule, op, inputs)
            if result is not None:
                self.log.append(Fired(self.phase, rule.name, rule.equation, self.current, self.origin))
                return (result,)
        for hook in self.hooks:
            results = hook(self, op, inputs, name)
            if results is not None:
                return tuple(results)
        return self.add(op, inputs, name).outputs

    def _try(self, rule: Rule, op: Any, inputs: Sequence[Tensor]) -> Tensor | None:
        for found in rule.matches(op, inputs):
            arguments: dict[str, Any] = dict(found)
            if rule.wants_op:
                arguments["op"] = op
            result = rule.build(**arguments)
            if result is not None:
                (dtype, shape), = self.infer(op, inputs)
                if result.dtype is not dtype:
                    continue                # an equation between other types
                return result if result.shape == shape else L.broadcast_to(result, tuple(shape))  # type: ignore[no-any-return]
        return None


@dataclass(frozen=True)
class Phase:
    """One pass: a rule set and hooks, applied to a whole computation.

    wants : whether hooks may change a node
    """

    name: str
    rules: RuleSet | None = None
    hooks: tuple[Callable[[], Hook], ...] = ()
    wants: Callable[[Node], bool] = lambda node: True

    def __call__(self, computation: Computation, log: list[Fired], fast: bool = False) -> Computation:
        by_root = self.rules.by_root(fast) if self.rules else {}
        if not any(self._concerns(node, by_root) for node in computation.nodes):
            return computation              # nothing would be changed first, so nothing at all
        graph = RewritingGraph(self.name, by_root, [make() for make in self.hooks], log)
        return rebuild(computation, graph)

    def _concerns(self, node: Node, by_root: dict[type[Op], list[Rule]]) -> bool:
        if self.hooks and self.wants(node):
            return True
        return any(True for rule in by_root.get(type(node.op), ()) for _ in rule.matches(node.op, node.inputs))


def described(node: Node) -> str:
    """A node and the user's line, as the reason why two sizes were taken to be equal."""
    return node.equation() + (f"   at {node.origin}" if node.origin else "")


def rebuild(computation: Computation, graph: RewritingGraph) -> Computation:
    """Copy a computation into `graph`, node by node."""
    new: dict[int, Tensor] = {}
    for feed in computation.feeds:
        op = Placeholder(feed.dtype, feed.shape)
        new[id(feed)] = graph.add(op, (), feed.node.name + "/", origin=feed.node.origin).outputs[0]
    with graph.as_default():
        for node in computation.nodes:
            if all(id(t) in new for t in node.outputs):
                continue
            computation.facts.because = partial(described, node)
            results = graph.copy(node, [new[id(t)] for t in node.inputs])
            new.update((id(t), r) for t, r in zip(node.outputs, results, strict=True))
    feeds = tuple(new[id(t)] for t in computation.feeds)
    return computation.with_results(graph, feeds, [new[id(t)] for t in computation.results()])


