"""What is called a tensor: one of a graph, and one that has its values."""
from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING

from ..ir.eager import EagerTensor
from ..ir.node import Tensor as SymbolicTensor

if TYPE_CHECKING:
    Tensor = SymbolicTensor                 # who draws graphs wants to know what these have
else:
    class Tensor(ABC):  # noqa: B024 - asked with isinstance, never inherited
        """A tensor of a graph, or one that has its values; a variable is none.

        Examples
        --------
        >>> import graphengine as tf
        >>> isinstance(tf.constant(1.0), tf.Tensor), isinstance(tf.Variable(1.0), tf.Tensor)
        (True, False)
        """

    Tensor.register(SymbolicTensor)
    Tensor.register(EagerTensor)
