"""Datasets by TensorFlow 1's way: iterators that are nodes of a graph."""
from __future__ import annotations

from collections.abc import Iterator as Elements
from types import SimpleNamespace
from typing import Any

import numpy as np

import graphengine.data as _today

from ...data import Dataset
from ...errors import FailedPreconditionError, OutOfRangeError
from ...frontend.calls import numpy_function
from ...frontend.nest import flatten, map_structure, pack_sequence_as
from ...frontend.surface import refusing as _refusing
from ...ir.graph import at_once


class Iterator:
    """A node that gives the next element of a dataset each time that it runs.

    Its place is shared by all sessions of the process.
    """

    def __init__(self, dataset: Dataset, begins: bool) -> None:
        self._dataset, self._source = dataset, None if not begins else self._elements(dataset)

    @staticmethod
    def _elements(dataset: Dataset) -> Elements[Any]:
        with at_once():
            return iter(dataset)

    @property
    def initializer(self) -> Any:
        """The node that begins with the first element."""
        def begin() -> None:
            self._source = self._elements(self._dataset)

        return numpy_function(begin, [], [])

    @property
    def element_spec(self) -> Any:
        """A TensorSpec for each leaf of an element."""
        return self._dataset.element_spec

    output_types = property(lambda self: get_output_types(self))
    output_shapes = property(lambda self: get_output_shapes(self))
    output_classes = property(lambda self: get_output_classes(self))

    def get_next(self, name: str | None = None) -> Any:
        """The next element, a tensor or a structure of them; all of them, run together, are of the same element.

        Raises
        ------
        OutOfRangeError, when run, at the end. FailedPreconditionError before the initializer ran.
        """
        specs = flatten(self.element_spec)

        def following() -> list[Any]:
            if self._source is None:
                raise FailedPreconditionError("the iterator was not initialized", op="get_next",
                                              fix="run iterator.initializer first")
            try:
                with at_once():
                    return [np.asarray(x) for x in flatten(next(self._source))]
            except StopIteration:
                raise OutOfRangeError("End of sequence", op="get_next") from None

        found = numpy_function(following, [], [s.dtype for s in specs], name=name or "IteratorGetNext")
        for tensor, spec in zip(found, specs, strict=True):
            tensor.set_shape(spec.shape)
        return pack_sequence_as(self.element_spec, found)


def make_one_shot_iterator(dataset: Dataset) -> Iterator:
    """An iterator that begins by itself, and goes over a dataset once."""
    return Iterator(dataset, begins=True)


def make_initializable_iterator(dataset: Dataset, shared_name: str | None = None) -> Iterator:
    """An iterator that begins anew whenever its `initializer` runs."""
    return Iterator(dataset, begins=False)


def get_output_types(dataset_or_iterator: Any) -> Any:
    """The dtype of each leaf of an element."""
    return map_structure(lambda spec: spec.dtype, dataset_or_iterator.element_spec)


def get_output_shapes(dataset_or_iterator: Any) -> Any:
    """The shape of each leaf of an element."""
    return map_structure(lambda spec: spec.shape, dataset_or_iterator.element_spec)


def get_output_classes(dataset_or_iterator: Any) -> Any:
    """What each leaf of an element is: a tensor."""
    from ... import Tensor

    return map_structure(lambda spec: Tensor, dataset_or_iterator.element_spec)


experimental = SimpleNamespace(**{name: getattr(_today.experimental, name) for name in _today.experimental.__all__})
experimental.map_and_batch_with_legacy_function = _today.experimental.map_and_batch

__all__ = sorted({*_today.__all__, "Iterator", "get_output_classes", "get_output_shapes", "get_output_types",
                  "make_initializable_iterator", "make_one_shot_iterator"})
globals().update({name: getattr(_today, name) for name in _today.__all__ if name not in globals()})
__getattr__ = _refusing(__name__, lambda: __all__)
