"""A graph with inputs and outputs as a function of tensors: what a traced function and a pattern of a tape become."""
from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import autodiff
from ..ir.eager import EagerTensor
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.walk import needed
from ..ops.apply import is_recording, tell_recorders
from ..ops.body import changed_variables, happens_once
from ..ops.state import Kept, Placeholder, SharedVariable
from ..runtime.compiler import default_compiler
from .direct import Direct
from .plan import Plan
from .store import VariableStore
from .stretches import planned
from .structure import Structure
from .variables import Variable

if TYPE_CHECKING:
    from .explanation import Explanation

Array = np.ndarray[Any, Any]


class Concrete:
    """A graph with inputs and outputs, as a function of tensors.

    graph : things happen in it in the order in which its nodes were made
    inputs : placeholders, and handles of variables whose values are given
    outputs : tensors
    targets : nodes that run for their effects
    arguments : what the Python function was called with, a TensorSpec for each input
    """

    def __init__(
        self, graph: Graph, inputs: Sequence[Tensor], outputs: Sequence[Tensor], targets: Sequence[Node] = (),
        structure: Structure | None = None, store: VariableStore | None = None, arguments: Any = None,
    ) -> None:
        self.graph = graph
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.targets = tuple(targets)
        self.structured_outputs = structure
        self.arguments = arguments
        self.store = VariableStore(graph) if store is None else store
        self._plan: Plan | None = None
        self._direct: Direct | None = None
        self._lock = threading.RLock()      # one run at a time: a plan has one set of tables
        self._backward: dict[Any, tuple[Concrete, tuple[bool, ...]]] = {}

    @property
    def variables(self) -> list[Variable]:
        """Variables of the program around that it reads or changes."""
        given = {id(t) for t in self.inputs}
        return [n.op.storage.owner for n in self.graph.nodes
                if isinstance(n.op, SharedVariable) and id(n.outputs[0]) not in given]

    @property
    def plan(self) -> Plan:
        if self._plan is None:
            self._plan = planned(self.store, default_compiler(), [*self.outputs, *self.targets], self.inputs)
        return self._plan

    def call(self, arrays: Sequence[Array]) -> list[EagerTensor]:
        """Outputs for arrays of the inputs' types."""
        direct = self._direct
        if direct is None:
            with self._lock:
                direct = self._direct = Direct(self.plan, self._lock, is_alone=False)
        return [EagerTensor(np.asarray(x)) for x in (direct.function or direct.run)(*arrays)]

    def __call__(self, *operands: Any) -> list[EagerTensor]:
        """Outputs for eager tensors; tapes that listen are told."""
        if not is_recording():
            return self.call([x.array for x in operands])
        found = self.recorded.call([x.array for x in operands])
        results, records = found[:len(self.outputs)], found[len(self.outputs):]
        tell_recorders(Call(self, tuple(records)), [*operands, *self.variables], results)
        return results

    # ------------------------------------------------ gradient

    @cached_property
    def records(self) -> list[Tensor]:
        """What a gradient may not compute again: what changes variables, reads those that change or draws at random."""
        changed = changed_variables(self.targets)
        nodes = needed([*(t.node for t in self.outputs), *self.targets], self.inputs)
        given = {id(t) for t in self.inputs}
        return [
            t for n in nodes for t in n.outputs
            if id(t) not in given and (happens_once(n) or (isinstance(n.op, Kept) and n.name in changed))
        ]

    @cached_property
    def recorded(self) -> Concrete:
        """The same, with the records after its outputs."""
        outputs = [*self.outputs, *self.records]
        return Concrete(self.graph, self.inputs, outputs, self.targets, None, self.store)

    def backward(self, arriving: tuple[bool, ...], asked: tuple[bool, ...]) -> tuple[Concrete, tuple[bool, ...]]:
        """Gradients of inputs and variables as a function of both and of the gradients that arrive; which exist."""
        key = arriving, asked
        if key not in self._backward:
            handles = [v.handle_in(self.graph) for v in self.variables]
            sources = [*self.inputs, *handles]
            graph = self.graph
            with graph.as_default():
                ys = [t for t, there in zip(self.outputs, arriving, strict=True) if there]
                seeds = [graph.add(Placeholder(t.dtype, t.shape), (), "grad").outputs[0] for t in ys]
            wanted = [t for t, a in zip(sources, asked, strict=True) if a]
            found = autodiff.gradients(ys, wanted, seeds)
            exist = iter([g is not None for g in found])
            known = {id(t) for t in self.records}
            given = [t for t in sources if id(t) not in known]
            made = Concrete(graph, [*given, *self.records, *seeds], [g for g in found if g is not None])
            self._backward[key] = made, tuple(a and next(exist) for a in asked)
        return self._backward[key]

    def explain(self, *arrays: Any) -> Explanation:
        """What the compiler makes of it, for inputs of these shapes."""
        return self.plan.explanation(tuple(np.shape(a) for a in arrays))


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a concrete function, as tapes remember it: operands are its inputs, then its variables.

    records : values of the function's records in this call
    """

    function: Concrete
    records: tuple[EagerTensor, ...]

    def play_back(self, operands: Sequence[Any], arriving: Sequence[Any], asked: tuple[bool, ...]) -> list[Any]:
        """The gradient of each operand that is asked for, None where there is none."""
        f = self.function
        made, exist = f.backward(tuple(g is not None for g in arriving), asked)
        known = {id(t) for t in f.records}
        handles = [*f.inputs, *(v.handle_in(f.graph) for v in f.variables)]
        given = [x for x, t in zip(operands, handles, strict=True) if id(t) not in known]
        found = iter(made(*given, *self.records, *(g for g in arriving if g is not None)))
        return [next(found) if e else None for e in exist]
