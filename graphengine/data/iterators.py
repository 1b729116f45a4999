"""What goes over the elements of a dataset."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from collections.abc import Iterator as Elements
from threading import RLock
from typing import Any

from ..errors import InvalidArgumentError, OutOfRangeError
from ..ir.graph import at_once, is_drawing
from .elements import Iterated, taken_apart


class Iterator(ABC):
    """What goes over elements one by one: ``iter(dataset)``."""

    def __iter__(self) -> Iterator:
        return self

    @property
    @abstractmethod
    def element_spec(self) -> Any:
        """A TensorSpec for each leaf of an element."""

    @abstractmethod
    def __next__(self) -> Any: ...

    def get_next(self) -> Any:
        """The next element.

        Raises
        ------
        OutOfRangeError at the end.
        """
        try:
            return next(self)
        except StopIteration:
            raise OutOfRangeError("End of sequence", op="get_next") from None


class DatasetIterator(Iterator):
    """The elements of a source, one after another; a function that is traced draws on those of its own only.

    Several threads may take them: each gets others.
    """

    def __init__(self, source: Elements[Any], spec: Callable[[], Any]) -> None:
        self._source = source
        self._spec = spec
        self._is_of_graph = is_drawing()
        self._lock = RLock()

    @property
    def element_spec(self) -> Any:
        return self._spec()

    def __next__(self) -> Any:
        if not is_drawing():
            with self._lock:
                return next(self._source)
        if not self._is_of_graph:
            raise InvalidArgumentError("a graph would hold this one element for ever", op="next of a dataset",
                                       fix="take it before, and give it to the function as an argument")
        with at_once(), self._lock:
            return next(self._source)


class NumpyIterator:
    """The elements of a dataset as arrays."""

    def __init__(self, dataset: Any) -> None:
        self._elements = iter(dataset)

    def __iter__(self) -> NumpyIterator:
        return self

    def __next__(self) -> Any:
        structure, leaves = taken_apart(next(self._elements))
        return structure.fill([x.as_numpy_iterator() if isinstance(x, Iterated) else x.numpy()  # type: ignore[attr-defined]
                               for x in leaves])

    next = __next__
