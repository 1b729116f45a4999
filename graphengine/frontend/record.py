"""What a tape remembers: values by number, and the ops that were computed with them.

Ops and types without the values are a pattern: tapes of the same program on other numbers have equal ones.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..dtypes import DType
from ..ir.eager import EagerTensor
from ..ops import Op

# The type of an operand that was not there before, and whether it is watched.
Fresh = tuple[DType, tuple[int, ...], bool]


class Step(NamedTuple):
    """An op that was computed. Its fresh operands get the next numbers, in their order, and then its results.

    operands : numbers of watched values, or types of fresh ones
    fresh : how many of them are fresh
    results : how many results there are
    """

    op: Any
    operands: tuple[int | Fresh, ...]
    fresh: int
    results: int


def is_watched(operand: int | Fresh) -> bool:
    return operand[2] if isinstance(operand, tuple) else True


def numbers_of(step: Step, first: int) -> list[int]:
    """The numbers of a step's operands, from that of its first result."""
    fresh = iter(range(first - step.fresh, first))
    return [next(fresh) if isinstance(x, tuple) else x for x in step.operands]


class Record:
    """Ops that were computed from watched values.

    values : all values, by number
    number : for the id of a value that is watched, or that came from such, its number
    steps : the ops
    has_calls : whether one is a call of a traced function
    """

    def __init__(self) -> None:
        self.values: list[EagerTensor] = []
        self.number: dict[int, int] = {}
        self.steps: list[Step] = []
        self.has_calls = False
        self._reads: dict[int, list[int]] = {}      # numbers of what a variable held, each time it was read

    def add(
        self, op: Any, operands: Sequence[Any], held: Sequence[EagerTensor], results: Sequence[EagerTensor],
        watches: Callable[[Any], bool],
    ) -> None:
        """Remember an op, if an operand is watched.

        Parameters
        ----------
        held : the operands with what variables held
        watches : whether a tensor or variable that did not come from others is watched
        """
        values, number = self.values, self.number
        written: list[int | Fresh] = []
        fresh: list[EagerTensor] = []
        here: dict[int, int] = {}           # numbers of the watched ones among the fresh
        is_wanted = False
        for x, value in zip(operands, held):  # noqa: B905 - as long as the op has operands
            key = id(x)
            known = number.get(key, here.get(key))
            if known is not None:
                written.append(known)
                is_wanted = True
                continue
            is_source = watches(x)
            if is_source:
                here[key] = place = len(values) + len(fresh)
                number[id(value)] = place   # other tapes may work with what a variable held
                if value is not x:
                    self._reads.setdefault(key, []).append(place)
            written.append((value.dtype, value.array.shape, is_source))
            fresh.append(value)
        if not (is_wanted or here):
            return
        self.has_calls = self.has_calls or not isinstance(op, Op)
        values += fresh
        for y in results:
            number[id(y)] = len(values)
            values.append(y)
        self.steps.append(Step(op, tuple(written), len(fresh), len(results)))

    def end(self, target: Any) -> int:
        """The number of a value whose gradient is asked for, which may be new."""
        known = self.number.get(id(target))
        if known is not None:
            return known
        if isinstance(target, EagerTensor):
            self.number[id(target)] = len(self.values)
            self.values.append(target)
        else:                               # a variable
            self._reads.setdefault(id(target), []).append(len(self.values))
            self.values.append(EagerTensor(np.array(target.array)))
        return len(self.values) - 1

    def places(self, source: Any) -> tuple[int, ...]:
        """The numbers under which a value that gradients are taken for was used."""
        known = self.number.get(id(source))
        return (known,) if known is not None else tuple(self._reads.get(id(source), ()))
