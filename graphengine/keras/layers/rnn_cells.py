"""Cells: what a recurrent layer does in one step.

A cell works in two parts, so that a layer may do the first for all steps at once, before its loop: `project` is what a
step does with its input alone, `step` is the rest. What is dropped at random is drawn before both, once for all steps.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import AttributeValueError
from ...frontend.pieces import split
from ...frontend.structure import flatten
from ...ops.language import L
from .. import random
from ..default_seeds import make_default_seed
from ..layer import Layer
from ..registry import deserialize_keras_object, register, serialize_keras_object
from .settings import Configured


@dataclass(frozen=True)
class Noise:
    """What a cell multiplies its inputs and its state with: nothing, one tensor, or one for each gate."""

    inputs: Sequence[Any] = ()
    state: Sequence[Any] = ()


class Cell(Configured):
    """One step of a recurrent network; its output is the first of its states.

    Parameters
    ----------
    units : size of the output and of each state
    activation, recurrent_activation : of what is new, and of gates; None for none
    dropout, recurrent_dropout : share of the inputs, and of the state, that is dropped in training, in [0, 1]
    seed : of what is dropped

    Shapes
    ------
    inputs : (batch, n)
    states : (batch, units) each
    kernel : (n, gates * units)
    recurrent_kernel : (units, gates * units)
    """

    gates = 1
    state_count = 1
    draws_first = False

    def __init__(self, units: int, **kwargs: Any) -> None:
        kwargs.pop("implementation", None)  # of Keras, where it chooses between ways to compute the same
        super().__init__(**kwargs)
        if not isinstance(units, (int, np.integer)) or units < 1:
            raise self.refuse("units", units, "a whole number from 1 on")

    def keep(self, arguments: Mapping[str, Any]) -> None:
        """Draw the seed of what is dropped where Keras draws it, before or behind those of the initializers."""
        seed = arguments["seed"]
        if seed is None and self.draws_first:
            seed = make_default_seed()
        super().keep(arguments)
        self._seed_of_masks = make_default_seed() if seed is None else seed

    @cached_property
    def seed_generator(self) -> random.SeedGenerator:
        """What is dropped follows from it."""
        return random.SeedGenerator(self._seed_of_masks)

    @property
    def state_size(self) -> Any:
        return self.units if self.state_count == 1 else [self.units] * self.state_count

    @property
    def output_size(self) -> int:
        return int(self.units)

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Zeros for each state."""
        line = L.broadcast_to(np.zeros((), self.compute_dtype), (batch_size, 1))
        return [zeros_beside(line, self.units) for _ in range(self.state_count)]

    def build(self, input_shape: Any) -> None:
        size = self.known_size(input_shape, -1)
        self.kernel = self._matrix(size, "kernel", "kernel")
        self.recurrent_kernel = self._matrix(self.units, "recurrent", "recurrent_kernel")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(self.bias_shape, self.bias_begins, name="bias",
                                        regularizer=self.bias_regularizer, constraint=self.bias_constraint)

    def _matrix(self, rows: int, part: str, name: str) -> Any:
        rules = {rule: getattr(self, f"{part}_{rule}") for rule in ("initializer", "regularizer", "constraint")}
        return self.add_weight((rows, self.gates * self.units), name=name, **rules)

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    @property
    def bias_begins(self) -> Any:
        """What the bias begins with."""
        return self.bias_initializer

    # ------------------------------------------------ a step in parts

    def noise(self, line: Any, training: Any) -> Noise:
        """What is dropped in all steps. Only training moves the seed; Keras moves it in evaluation too.

        line : (batch, 1)
        """
        if not training:
            return Noise()
        count = self.gates if 0 < self.recurrent_dropout < 1 else 1     # as Keras: then each gate has its own
        return self.masks(line, count, (self.kernel.shape[0],), (self.units,))

    def masks(self, line: Any, count: int, inputs: Sequence[int], state: Sequence[int]) -> Noise:
        """So many masks for inputs and for a state with these sizes behind the batch."""
        def drawn(rate: float, sizes: Sequence[int]) -> list[Any]:
            if not 0 < rate < 1:
                return []
            ones = L.ones_like(zeros_beside(line, *sizes))
            return [random.dropout(ones, rate, seed=self.seed_generator) for _ in range(count)]

        return Noise(drawn(self.dropout, inputs), drawn(self.recurrent_dropout, state))

    def project(self, inputs: Any, noise: Noise) -> Any:
        """What the inputs contribute to the gates: (..., n) to (..., gates * units)."""
        projected = product(inputs, noise.inputs, self.kernel)
        return projected if self.bias is None else projected + self.input_bias

    @property
    def input_bias(self) -> Any:
        return self.bias

    def step(self, projected: Any, states: Sequence[Any], noise: Noise) -> tuple[Any, list[Any]]:
        """Output and next states."""
        raise NotImplementedError(f"{type(self).__name__} has no step()")

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        several = isinstance(states, (list, tuple))
        noise = self.noise(inputs[:, :1], training)
        output, following = self.step(self.project(inputs, noise), states if several else [states], noise)
        return output, following if several else following[0]


def product(x: Any, masks: Sequence[Any], kernel: Any) -> Any:
    """x @ kernel, with masks on x: none, one for all columns, or one for each of equal parts of the columns."""
    if len(masks) > 1:
        parts = split(kernel, len(masks), 1)
        return L.concat([product(x, [m], part) for m, part in zip(masks, parts, strict=True)], -1)
    x = x * masks[0] if masks else x
    return L.matmul(x, kernel) if x.shape.rank == 2 else L.tensordot(x, kernel, 1)


def zeros_beside(line: Any, *sizes: int) -> Any:
    """Zeros of shape (batch, *sizes) for a tensor of shape (batch, 1)."""
    zeros = L.zeros_like(line)
    column = zeros if len(sizes) == 1 else L.reshape(zeros, (-1, *(1,) * len(sizes)))
    return column + np.zeros((1, *sizes), line.dtype.numpy)


@register
class SimpleRNNCell(Cell):
    """One step of a fully connected recurrent network.

        h' = activation(x @ kernel + h @ recurrent_kernel + bias)
    """

    draws_first = True

    def __init__(
        self, units: int, activation: Any = "tanh", use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None, bias_regularizer: Any = None, kernel_constraint: Any = None,
        recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, seed: int | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(units, **kwargs)
        self.keep(locals())

    def step(self, projected: Any, states: Sequence[Any], noise: Noise) -> tuple[Any, list[Any]]:
        h = self.activation(projected + product(states[0], noise.state, self.recurrent_kernel))
        return h, [h]


@register
class LSTMCell(Cell):
    """One step of a long short-term memory.

        i, f, g, o = columns of x @ kernel + h @ recurrent_kernel + bias
        c' = recurrent_activation(f) * c + recurrent_activation(i) * activation(g)
        h' = recurrent_activation(o) * activation(c')

    Parameters
    ----------
    unit_forget_bias : whether the forget gate's bias begins at 1

    References
    ----------
    Hochreiter and Schmidhuber (1997), "Long short-term memory"; Jozefowicz, Zaremba and Sutskever (2015), "An empirical
    exploration of recurrent network architectures", for the bias.
    """

    gates = 4
    state_count = 2

    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros", unit_forget_bias: bool = True, kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None, bias_regularizer: Any = None, kernel_constraint: Any = None,
        recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, seed: int | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(units, **kwargs)
        self.keep(locals())

    @property
    def bias_begins(self) -> Any:
        if not self.unit_forget_bias:
            return self.bias_initializer
        n = self.units

        def begin(shape: Any, dtype: Any) -> Any:
            entering, others = (self.bias_initializer(size, dtype) for size in ((n,), (2 * n,)))
            return L.concat([entering, np.ones(n, dtype), others], 0)

        return begin

    def step(self, projected: Any, states: Sequence[Any], noise: Noise) -> tuple[Any, list[Any]]:
        h, c = states
        parts = zip(split(projected, 4, 1), split(product(h, noise.state, self.recurrent_kernel), 4, 1), strict=True)
        entered, kept, news, shown = (from_input + from_state for from_input, from_state in parts)
        c = self.recurrent_activation(kept) * c + self.recurrent_activation(entered) * self.activation(news)
        h = self.recurrent_activation(shown) * self.activation(c)
        return h, [h, c]


@register
class GRUCell(Cell):
    """One step of a gated recurrent unit.

        z = recurrent_activation(of the first columns), r = recurrent_activation(of the next)
        g = activation(x @ K + r * (h @ R))      with reset_after, else activation(x @ K + (r * h) @ R)
        h' = z * h + (1 - z) * g

    Parameters
    ----------
    reset_after : whether the reset gate acts after the product with the state; the bias then has two rows, for the
        inputs and for the state

    References
    ----------
    Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder for statistical machine translation",
    versions 3 and 1.
    """

    gates = 3

    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros", kernel_regularizer: Any = None, recurrent_regularizer: Any = None,
        bias_regularizer: Any = None, kernel_constraint: Any = None, recurrent_constraint: Any = None,
        bias_constraint: Any = None, dropout: float = 0.0, recurrent_dropout: float = 0.0, reset_after: bool = True,
        seed: int | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(units, **kwargs)
        self.keep(locals())

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    @property
    def input_bias(self) -> Any:
        return super().input_bias[0] if self.reset_after else super().input_bias

    def step(self, projected: Any, states: Sequence[Any], noise: Noise) -> tuple[Any, list[Any]]:
        (h,) = states
        n = self.units
        if self.reset_after:
            inner = product(h, noise.state, self.recurrent_kernel)
            inner = inner if self.bias is None else inner + self.bias[1]
        else:
            inner = product(h, noise.state[:2], self.recurrent_kernel[:, :2 * n])
        z = self.recurrent_activation(projected[:, :n] + inner[:, :n])
        r = self.recurrent_activation(projected[:, n:2 * n] + inner[:, n:2 * n])
        if self.reset_after:
            from_state = r * inner[:, 2 * n:]
        else:
            from_state = product(r * h, noise.state[2:], self.recurrent_kernel[:, 2 * n:])
        h = z * h + (1 - z) * self.activation(projected[:, 2 * n:] + from_state)
        return h, [h]


@register
class StackedRNNCells(Configured):
    """Cells one above the other as one cell: the output of each is the input of the next.

    Parameters
    ----------
    cells : cells, or other objects with `call` and `state_size`

    Raises
    ------
    AttributeValueError for an object without these.
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cells = list(cells)
        for cell in self.cells:
            check_cell(cell)

    @property
    def state_size(self) -> list[Any]:
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        return output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """For each cell its states."""
        return [cell.get_initial_state(batch_size) for cell in self.cells]

    def build(self, input_shape: Any) -> None:
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
                cell.built = True
            input_shape = (input_shape[0], output_size(cell))

    def noise(self, line: Any, training: Any) -> list[Any]:
        """For each cell what it drops."""
        return [in_parts(cell).noise(line, training) for cell in self.cells]

    def project(self, inputs: Any, noise: Sequence[Any]) -> Any:
        """What the first cell does with the inputs."""
        return in_parts(self.cells[0]).project(inputs, noise[0])

    def step(self, projected: Any, states: Sequence[Any], noise: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The last cell's output, and for each cell its next states."""
        following, output = [], projected
        for k, (cell, own) in enumerate(zip(self.cells, states, strict=True)):
            parts = in_parts(cell)
            several = isinstance(own, (list, tuple))
            entering = output if k == 0 else parts.project(output, noise[k])
            output, new = parts.step(entering, list(own) if several else [own], noise[k])
            following.append(new if several else new[0])
        return output, following

    def call(self, inputs: Any, states: Sequence[Any], training: bool = False) -> tuple[Any, list[Any]]:
        noise = self.noise(inputs[:, :1], training)
        return self.step(self.project(inputs, noise), states, noise)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"cells": [serialize_keras_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        cells = [cell if hasattr(cell, "state_size") else deserialize_keras_object(cell) for cell in config["cells"]]
        return super().from_config({**config, "cells": cells})


class _Whole:
    """A cell of the user's, of which only `call` is known."""

    def __init__(self, cell: Any) -> None:
        self.cell = cell

    def noise(self, line: Any, training: Any) -> Any:
        return training

    def project(self, inputs: Any, noise: Any) -> Any:
        return inputs

    def step(self, projected: Any, states: Sequence[Any], noise: Any) -> tuple[Any, list[Any]]:
        told = {"training": noise} if isinstance(self.cell, Layer) and "training" in self.cell._takes else {}
        run = self.cell if callable(self.cell) else self.cell.call
        output, following = run(projected, list(states), **told)
        return output, list(following) if isinstance(following, (list, tuple)) else [following]


def in_parts(cell: Any) -> Any:
    """A cell with `noise`, `project` and `step`."""
    return cell if isinstance(cell, (Cell, StackedRNNCells)) else _Whole(cell)


def shows_state(cell: Any) -> bool:
    """Whether the cell's output is known to be the first state, of the last cell where there are several."""
    return isinstance(cell.cells[-1] if isinstance(cell, StackedRNNCells) else cell, Cell)


def state_shown(cell: Any, states: Any) -> Any:
    """The state that is the cell's output."""
    return flatten(states[-1] if isinstance(cell, StackedRNNCells) else states)[1][0]


def output_size(cell: Any) -> int:
    """Size of a cell's output: its first state's, unless it says another."""
    size = getattr(cell, "output_size", None)
    if size is None:
        size = cell.state_size[0] if isinstance(cell.state_size, (list, tuple)) else cell.state_size
    return int(size)


def check_cell(cell: Any) -> None:
    """Raise AttributeValueError unless an object can be a cell."""
    for name in ("call", "state_size"):
        if not hasattr(cell, name):
            raise AttributeValueError(f"{cell!r} has no {name}", op="RNN",
                                      fix="give a cell: a layer with call(inputs, states) and state_size")
