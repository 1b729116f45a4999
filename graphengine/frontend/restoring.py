"""Values from files that wait for the variables they belong to: objects may make them long after a restoration."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from .variables import Variable

Array = np.ndarray[Any, Any]

MOST_WAITING = 8                            # restorations that are remembered; the oldest are given up


class Restoration:
    """What a file holds, given to variables by their paths, to those that are made later too.

    Parameters
    ----------
    variables : gives the variables by path that there are by now
    arrays : of the file, by path

    Attributes
    ----------
    unused : what no variable has taken yet
    matched : paths of the variables that have their values, in the order in which they got them
    """

    def __init__(self, variables: Callable[[], Mapping[str, Variable]], arrays: Mapping[str, Array]) -> None:
        self.variables = variables
        self.unused = dict(arrays)
        self.matched: list[str] = []

    def check(self) -> list[str]:
        """The paths of the variables that there are now and that have values here.

        Raises
        ------
        ShapeError, DTypeError if a value does not fit its variable.
        """
        own = self.variables()
        both = [path for path in own if path in self.unused]
        for path in both:
            _check_fit(path, own[path], self.unused[path])
        return both

    def settle(self) -> None:
        """Give values to the variables that there are now; none gets one unless all fit.

        Raises
        ------
        ShapeError, DTypeError if a value does not fit its variable.
        """
        both, own = self.check(), self.variables()
        for path in both:
            own[path].array[...] = self.unused.pop(path)
        self.matched += both


_waiting: list[Restoration] = []


def wait(restoration: Restoration) -> None:
    """Settle it again whenever variables may have been made."""
    _waiting.append(restoration)
    del _waiting[:-MOST_WAITING]


def is_waiting() -> bool:
    """Whether any value waits for its variable."""
    return bool(_waiting)


def settle_waiting() -> None:
    """To be called after variables were made, and where they can be found from the objects that are restored.

    Raises
    ------
    ShapeError, DTypeError if a value does not fit its variable; the restoration is given up then.
    """
    for restoration in _waiting[:]:
        try:
            restoration.settle()
        except (ShapeError, DTypeError):
            _waiting.remove(restoration)    # whoever makes variables next has nothing to do with it
            raise
        if not restoration.unused:
            _waiting.remove(restoration)


def _check_fit(path: str, var: Variable, value: Array) -> None:
    if value.shape != var.array.shape:
        raise ShapeError(f"{path} has shape {value.shape} in the file, {var.name} has {var.shape}", op="restore")
    if value.dtype != var.array.dtype:
        raise DTypeError(f"{path} is {value.dtype} in the file, {var.name} is {var.dtype.name}", op="restore")
