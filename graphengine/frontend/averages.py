"""Running averages of variables."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..ir.graph import is_drawing
from ..ops.language import L
from .build import group
from .variables import Variable, trainable_variables


class ExponentialMovingAverage:
    """Averages of variables in which older values count less and less.

        average = decay * average + (1 - decay) * value

    Parameters
    ----------
    decay : in [0, 1)
    num_updates : number of updates so far; the decay is at most ``(1 + num_updates) / (10 + num_updates)`` then
    zero_debias : whether averages of tensors, which begin at 0, make up for that; those of variables begin with their
        values

    References
    ----------
    Kingma and Ba (2015), "Adam: a method for stochastic optimization", section 3.

    Examples
    --------
    >>> import graphengine as tf
    >>> w = tf.Variable(1.0)
    >>> averages = tf.train.ExponentialMovingAverage(0.75)
    >>> averages.apply([w])
    >>> w = w.assign(3.0)
    >>> averages.apply([w])
    >>> averages.average(w).numpy()
    np.float32(1.5)
    """

    def __init__(
        self, decay: Any, num_updates: Any = None, zero_debias: bool = False, name: str = "ExponentialMovingAverage"
    ) -> None:
        self.decay, self.num_updates, self._name = decay, num_updates, name
        self._zero_debias = zero_debias
        self._biased: dict[int, tuple[Variable, Variable]] = {}     # of tensors: the average as is, and how many steps
        self._averages: dict[int, Variable] = {}
        self._owners: list[Any] = []            # so that no other variable gets the id of one that is kept

    @property
    def name(self) -> str:
        return self._name

    def apply(self, var_list: Sequence[Any] | None = None) -> Any:
        """Bring the averages of variables up to date, those that can be trained if None.

        Returns
        -------
        None; while a graph is drawn the node that does it.
        """
        decay = self.decay
        if self.num_updates is not None:
            count = L.cast(self.num_updates, dtypes.float32)
            decay = L.minimum(self.decay, (1 + count) / (10 + count))
        changes = []
        for var in self.all_variables() if var_list is None else var_list:
            average = self._averages.get(id(var))
            if average is None:
                average = self._averages[id(var)] = self.beginning(var)
                self._owners.append(var)
            share = decay if isinstance(decay, (int, float)) else L.cast(decay, var.dtype)
            if self._zero_debias and not isinstance(var, Variable):
                changes.append(average.assign(self._unbiased(var, share)))
            else:
                changes.append(average.assign_sub((average - var) * (1 - share)))
        return group(*changes, name=self.name) if is_drawing() else None

    def _unbiased(self, value: Any, share: Any) -> Any:
        if id(value) not in self._biased:
            zeros, name = np.zeros(value.shape.numbers(), value.dtype.numpy), self.average_name(value)
            self._biased[id(value)] = (Variable(zeros, trainable=False, name=f"{name}/biased"),
                                       Variable(zeros.dtype.type(0), trainable=False, name=f"{name}/local_step"))
        biased, steps = self._biased[id(value)]
        found = biased.assign_sub((biased - value) * (1 - share))
        return found / (1 - L.pow(L.cast(share, value.dtype), steps.assign_add(1.0)))

    def all_variables(self) -> Sequence[Any]:
        """Those that have averages unless others are given."""
        return trainable_variables()

    def beginning(self, var: Any) -> Any:
        """A new average."""
        start = var.array.copy() if getattr(var, "has_value", False) else getattr(var, "initial_value", None)
        start = np.zeros(var.shape.numbers(), var.dtype.numpy) if start is None else start
        return Variable(start, trainable=False, name=self.average_name(var))

    def average(self, var: Any) -> Any:
        """The average of a variable, or None."""
        return self._averages.get(id(var))

    def average_name(self, var: Any) -> str:
        """The name that the average of a variable has."""
        return f"{var.name.partition(':')[0]}/{self.name}"

    def variables_to_restore(self, moving_avg_variables: Sequence[Any] | None = None) -> dict[str, Any]:
        """Variables by the names of their averages, for a Saver that puts averages in their place."""
        return {self.average_name(v): v for v in moving_avg_variables or self._owners}
