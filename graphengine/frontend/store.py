"""Where a session keeps its variables' values: one array each, at an address that stays."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..errors import FailedPreconditionError, NotFoundError, ShapeError, suggestion
from ..ir.graph import Graph
from ..ir.node import Tensor
from ..ops import state
from ..ops.apply import as_array

Array = np.ndarray[Any, Any]


class Running:
    """Counts what is under way on a store's values, for machine code that Python calls: it can hold no lock.

    Who enters need hold no lock: no thread is switched in the middle of a statement that calls no Python.
    """

    def __init__(self) -> None:
        self.count = np.zeros(1, np.int64)
        self._view = memoryview(self.count)  # type: ignore[arg-type]   # twice as fast as numpy's own access

    def __enter__(self) -> None:
        self._view[0] += 1

    def __exit__(self, *exception: object) -> None:
        self._view[0] -= 1


class Turn:
    """A ``with`` block that changes variables which other graphs, too, may change, and those who come wait for its end.

    Storages are locked in one order, whoever asks for them.
    """

    def __init__(self, running: Running, storages: Iterable[state.Storage]) -> None:
        self.running = running
        self.locks = [storage.lock for storage in sorted(storages, key=id)]

    def __enter__(self) -> None:
        for lock in self.locks:
            lock.acquire()
        self.running.__enter__()

    def __exit__(self, *exception: object) -> None:
        self.running.__exit__()
        for lock in self.locks:
            lock.release()


ON_SHARED = Running()                       # what is under way on variables that live outside sessions
_in_use: ContextVar[VariableStore] = ContextVar("graphengine_store")


def store_in_use() -> VariableStore:
    """That of the session whose run calls a Python function now."""
    return _in_use.get()


class VariableStore:
    """Values of a graph's variables.

    values : array of each variable that a program has touched, by name
    initialized : names of those that have been given a value
    is_of_region : whether the graph is a loop's or a branch's, whose variables are another store's
    is_closed : whether the session is closed
    running : entered by what reads or changes values, under the lock of the session or function
    """

    def __init__(self, graph: Graph, is_of_region: bool = False) -> None:
        self.graph = graph
        self.is_of_region = is_of_region
        self.values: dict[str, Array] = {}
        self.initialized: set[str] = set()
        self.is_closed = False
        self.running = ON_SHARED if graph.shared else Running()

    def allocate(self, name: str) -> Array:
        """The array of a variable, made if there is none yet; what starts by itself has its value then."""
        if name not in self.values:
            node = self.graph.by_name[name]
            handle, start = node.outputs[0], node.op.start()
            self.values[name] = np.zeros(handle.shape.numbers(), handle.dtype.numpy) if start is None else start
            if start is not None:
                self.initialized.add(name)
        return self.values[name]

    @contextmanager
    def asked(self) -> Iterator[None]:
        """A ``with`` block in which it is the one in use; that of a region leaves it to the run around it."""
        token = None if self.is_of_region and _in_use.get(None) is not None else _in_use.set(self)
        try:
            yield
        finally:
            if token is not None:
                _in_use.reset(token)

    def require(self, names: Iterable[str]) -> None:
        """Raise FailedPreconditionError at the first variable that has no value yet."""
        for name in names:
            if name not in self.initialized:
                node = self.graph.by_name[name]
                raise FailedPreconditionError(
                    f"variable {name!r} is read before it has a value", node=node.equation(),
                    at=str(node.origin) if node.origin else None,
                    fix="run global_variables_initializer() first, or load its value",
                )

    def assign(self, values: Mapping[str, Array]) -> None:
        """Give variables values that are known to fit."""
        for name, value in values.items():
            self.allocate(name)[...] = value
            self.initialized.add(name)

    def copies(self) -> dict[str, Array]:
        """A copy of the value of each variable that programs see, by name; those without a value yet are left out."""
        seen = [n for n in self.graph.nodes if isinstance(n.op, state.SEEN)]
        with_value = sorted(n.name for n in seen if n.name in self.initialized or n.op.start() is not None)
        return {name: self.allocate(name).copy() for name in with_value}

    def load(self, values: Mapping[str, Any]) -> None:
        """Give variables values; nothing changes unless all of them fit.

        Raises
        ------
        NotFoundError for a name that is no variable, ShapeError or DTypeError for a value that does not fit.
        """
        self.assign({name.removesuffix(":0"): self._fitting(name, value) for name, value in values.items()})

    def _fitting(self, name: str, value: Any) -> Array:
        node = self.graph.by_name.get(name.removesuffix(":0"))
        if node is None or not isinstance(node.op, state.SEEN):
            names = [n.name for n in self.graph.nodes if isinstance(n.op, state.SEEN)]
            raise NotFoundError(f"the graph has no variable {name!r}", fix=suggestion(name, names))
        handle: Tensor = node.outputs[0]
        array = as_array(value, handle.dtype, None, name)
        if array.shape != handle.shape:
            raise ShapeError(f"variable {name!r} has shape {handle.shape}, the value {array.shape}")
        return array

    def close(self) -> None:
        """Let go of all values; nothing can run with this store any more."""
        self.is_closed = True
        self.values.clear()
        self.initialized.clear()
