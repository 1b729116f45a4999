"""Methods of datasets that few programs need: resampling, errors passed over, numbers without end, files."""
from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import GraphEngineError
from ..frontend.function import TensorSpec
from ..frontend.random import generator
from ..ir.eager import EagerTensor
from . import sources
from .elements import Iterated, arguments
from .sources import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Elements


class Further(Iterated):
    """What `Dataset` adds to: it is made of a source, what its elements are, and how many there are."""

    _source: sources.Source
    _count: int

    def __init__(self, source: sources.Source, spec: Any, count: int) -> None:
        raise NotImplementedError("Dataset is to be made")

    @property
    def element_spec(self) -> Any:
        """A TensorSpec for each leaf of an element."""
        raise NotImplementedError("Dataset knows it")

    # ------------------------------------------------ numbers without end

    @classmethod
    def random(
        cls, seed: int | None = None, rerandomize_each_iteration: bool | None = None, name: str | None = None
    ) -> Any:
        """Whole numbers below 2**32 without end, the same ones in each pass.

        Parameters
        ----------
        rerandomize_each_iteration : whether each pass has other ones
        """
        rng = generator(seed)
        start = int(rng.integers(2**62))

        def numbers() -> Elements:
            own = rng if rerandomize_each_iteration else np.random.default_rng(start)
            return (EagerTensor(np.asarray(own.integers(2**32), np.int64)) for _ in itertools.count())

        return cls(numbers, TensorSpec((), "int64"), INFINITE_CARDINALITY)

    @classmethod
    def counter(cls, start: Any = 0, step: Any = 1, dtype: Any = "int64", name: str | None = None) -> Any:
        """Numbers from `start` on in steps of `step`, without end."""
        kind = np.dtype(getattr(dtype, "numpy", dtype))
        return cls(lambda: (EagerTensor(np.asarray(k, kind)) for k in itertools.count(int(start), int(step))),
                   TensorSpec((), kind.name), INFINITE_CARDINALITY)

    # ------------------------------------------------ elements left out

    def ignore_errors(self, log_warning: bool = False, name: str | None = None) -> Any:
        """The elements that can be made; those whose making raises an error of the engine are left out.

        Parameters
        ----------
        log_warning : whether the log tells the errors
        """
        def elements() -> Elements:
            whole = self._source()
            while True:
                try:
                    yield next(whole)
                except StopIteration:
                    return
                except GraphEngineError as error:
                    if log_warning:
                        import logging

                        logging.getLogger(__name__.partition(".")[0]).warning("an element is left out: %s", error)

        return type(self)(elements, lambda: self.element_spec,
                          INFINITE_CARDINALITY if self._count == INFINITE_CARDINALITY else UNKNOWN_CARDINALITY)

    def rejection_resample(
        self, class_func: Callable[..., Any], target_dist: Any, initial_dist: Any = None, seed: int | None = None,
        name: str | None = None,
    ) -> Any:
        """Pairs of a class and an element, so many elements left out by chance that classes are in wanted proportions.

        Parameters
        ----------
        class_func : the class of an element, a whole number from 0 on
        target_dist : wanted share of each class
        initial_dist : share of each class among the elements; counted along the way if None
        """
        target = np.asarray(target_dist, float)
        known = None if initial_dist is None else np.asarray(initial_dist, float)
        rng = generator(seed)

        def elements() -> Elements:
            seen = np.ones(len(target)) if known is None else known
            for element in self:  # type: ignore[attr-defined]
                of = class_func(*arguments(element))
                k = int(of)
                if known is None:
                    seen[k] += 1
                wanted = np.divide(target, seen, out=np.zeros_like(target), where=seen > 0)
                if rng.random() * wanted.max() < wanted[k]:
                    yield EagerTensor(np.asarray(of)), element

        return type(self)(elements, lambda: (TensorSpec((), "int32"), self.element_spec), UNKNOWN_CARDINALITY)

    # ------------------------------------------------ files

    def save(
        self, path: Any, compression: str | None = None, shard_func: Any = None, checkpoint_args: Any = None
    ) -> None:
        """Write all elements into a folder, from which `load` has them; the other arguments ask for nothing."""
        from .saved import save

        save(self, path)

    @classmethod
    def load(cls, path: Any, element_spec: Any = None, compression: str | None = None, reader_func: Any = None) -> Any:
        """The dataset that `save` wrote into a folder.

        Raises
        ------
        NotFoundError if there is none; FileFormatError if it is damaged.
        """
        from .saved import load

        return cls(*load(path))

    def snapshot(
        self, path: Any, compression: str = "AUTO", reader_func: Any = None, shard_func: Any = None,
        name: str | None = None,
    ) -> Any:
        """The elements, read from a folder if they were written there before; otherwise the first pass writes them."""
        from . import saved

        def elements() -> Elements:
            if not saved.is_there(path):
                seen = list(self._source())
                saved.save(type(self)(lambda: iter(seen), lambda: self.element_spec, len(seen)), path)
            return saved.load(path)[0]()

        return type(self)(elements, lambda: self.element_spec, self._count)
