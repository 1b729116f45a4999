"""What a tape remembers: values by number, and the ops that were computed with them.

Ops and types without the values are a pattern: tapes of the same program on other numbers have equal ones.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ir.eager import EagerTensor, Typed
from ..ops import Op
from .variables import Variable

# The type of an operand that was not there before, and whether it is watched.
Fresh = tuple[Typed, bool]

# An op that was computed: it, its operands (numbers of watched values, or types of fresh ones), how many of them are
# fresh, how many results there are. Fresh operands get the next numbers, in their order, and then the results.
Step = tuple[Any, tuple[int | Fresh, ...], int, int]


def is_watched(operand: int | Fresh) -> bool:
    return operand[1] if isinstance(operand, tuple) else True


def numbers_of(step: Step, first: int) -> list[int]:
    """The numbers of a step's operands, from that of its first result."""
    _, operands, fresh_count, _ = step
    fresh = iter(range(first - fresh_count, first))
    return [next(fresh) if isinstance(x, tuple) else x for x in operands]


class Record:
    """Ops that were computed from watched values.

    Parameters
    ----------
    accessed : whether trainable variables are watched as soon as they are used

    Attributes
    ----------
    watched : tensors and variables that are watched though they do not come from others, by id
    variables : those among them that were used, in that order
    values : all values, by number
    number : for the id of a value that is watched, or that came from such, its number
    steps : the ops
    is_paused : whether nothing is remembered
    has_calls : whether one of the ops is a call of a traced function
    """

    def __init__(self, accessed: bool) -> None:
        self.accessed = accessed
        self.is_paused = False
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.watched: dict[int, Any] = {}   # which keeps them alive, so that nobody else gets their ids
        self.variables: list[Variable] = []
        self.values: list[EagerTensor] = []
        self.number: dict[int, int] = {}
        self.steps: list[Step] = []
        self.has_calls = False
        self._reads: dict[int, list[int]] = {}      # numbers of what a variable held, each time it was read

    def watches(self, x: Any) -> bool:
        """Whether a tensor or variable is watched, which begins with the first use of some variables."""
        if id(x) in self.watched:
            return True
        if not (self.accessed and isinstance(x, Variable) and x.trainable):
            return False
        self.watched[id(x)] = x
        self.variables.append(x)
        return True

    def add(
        self, op: Any, operands: Sequence[Any], held: Sequence[EagerTensor], results: Sequence[EagerTensor]
    ) -> None:
        """Remember an op, if an operand is watched.

        Parameters
        ----------
        held : the operands with what variables held
        """
        if self.is_paused:
            return
        values, number = self.values, self.number
        written: list[int | Fresh] = []
        fresh: list[EagerTensor] = []
        place = len(values)                 # of the next fresh operand
        here: dict[int, int] | None = None  # numbers of the watched ones among the fresh
        is_wanted = False
        for k, x in enumerate(operands):
            key = id(x)
            known = number.get(key)
            if known is None and here is not None:
                known = here.get(key)
            if known is not None:
                written.append(known)
                is_wanted = True
                continue
            value = held[k]
            is_source = self.watches(x)
            if is_source:
                is_wanted = True
                here = here or {}
                here[key] = place
                number[id(value)] = place   # other tapes may work with what a variable held
                if value is not x:
                    self._reads.setdefault(key, []).append(place)
            written.append((value.type, is_source))
            fresh.append(value)
            place += 1
        if not is_wanted:
            return
        values += fresh
        for y in results:
            number[id(y)] = place
            place += 1
        values += results
        self.steps.append((op, tuple(written), len(fresh), len(results)))
        if not isinstance(op, Op):
            self.has_calls = True

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
            self.values.append(EagerTensor(target.array.copy()))
        return len(self.values) - 1

    def places(self, source: Any) -> tuple[int, ...]:
        """The numbers under which a value that gradients are taken for was used."""
        known = self.number.get(id(source))
        return (known,) if known is not None else tuple(self._reads.get(id(source), ()))
