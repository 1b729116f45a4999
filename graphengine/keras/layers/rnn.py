"""Recurrent layers: cells that walk along sequences, in one compiled loop forward and one backward."""
from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import AttributeValueError, ShapeError
from ...frontend.build import convert_to_tensor, init_scope
from ...frontend.folds import recurrence
from ...frontend.structure import flatten
from ...ops.language import L
from ..input_spec import InputSpec
from ..layer import Layer
from ..registry import deserialize_keras_object, register, serialize_keras_object
from ..variable import Variable
from .rnn_cells import (
    GRUCell,
    LSTMCell,
    SimpleRNNCell,
    StackedRNNCells,
    check_cell,
    in_parts,
    output_size,
    shows_state,
    state_shown,
    zeros_beside,
)
from .settings import Configured


@dataclass(frozen=True)
class _Remembered:
    """States that go on from batch to batch; they are no weights of the layer."""

    states: Any


@register
class RNN(Configured):
    """A cell that walks along the steps of sequences.

    Parameters
    ----------
    cell : a cell, or a list of cells, one above the other
    return_sequences : whether the result has the output of each step, or of the last one only
    return_state : whether the last states are results too
    go_backwards : whether to begin at the last step; outputs are in the order in which they were made
    stateful : whether the states of one batch are what the next one begins with; see `reset_state`
    unroll : draw each step instead of a loop; the number of steps has to be known
    zero_output_for_mask : whether steps that do not count give 0; else they repeat the output before

    Raises
    ------
    AttributeValueError for an object that is no cell; ShapeError if `unroll` or `stateful` want a size that is not
    known.

    Shapes
    ------
    sequences : (batch, steps, ...)
    mask : (batch, steps), true where a step counts; states pass the others unchanged
    result : (batch, units), or with return_sequences (batch, steps, units); with return_state followed by the states

    Examples
    --------
    >>> from graphengine.keras import layers
    >>> import numpy as np
    >>> sums = layers.RNN(layers.SimpleRNNCell(1, "linear", kernel_initializer="ones", recurrent_initializer="ones"),
    ...                   return_sequences=True)
    >>> print(sums(np.float32([[[1], [2], [3]]])).numpy()[0, :, 0])
    [1. 3. 6.]
    """

    def __init__(
        self, cell: Any, return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        check_cell(self.cell)
        self.supports_masking = True
        self._memory: _Remembered | None = None

    @property
    def state_size(self) -> list[Any]:
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    # ------------------------------------------------ states

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """What the first step begins with, unless it is told: zeros, or what the cell says."""
        own = getattr(self.cell, "get_initial_state", None)
        if own is None:
            return self._zeros(L.broadcast_to(L.cast(0, self.compute_dtype), (batch_size, 1)))
        found = own(batch_size=batch_size)
        return list(found) if isinstance(found, (list, tuple)) else [found]

    def _zeros(self, line: Any) -> list[Any]:
        structure, sizes = flatten(self.state_size)
        return list(structure.fill([zeros_beside(line, size) for size in sizes]))

    def _first_states(self, given: Any, line: Any) -> list[Any]:
        """The states to begin with: given, remembered, or zeros.

        line : (batch, 1)
        """
        if given is None and self._memory is not None:
            given = self._memory.states
        if given is None:
            if in_parts(self.cell) is self.cell or not hasattr(self.cell, "get_initial_state"):
                return self._zeros(line)
            batch = line.shape[0]
            given = self.get_initial_state(batch if isinstance(batch, int) else L.shape_of(line)[0])
        structure, states = flatten(list(given) if isinstance(given, (list, tuple)) else [given])
        return list(structure.fill([L.cast(convert_to_tensor(s), self.compute_dtype) for s in states]))

    @property
    def states(self) -> Any:
        """Variables with the states of the last batch, if the layer is stateful."""
        return None if self._memory is None else self._memory.states

    def reset_state(self) -> None:
        """Begin the next batch with zeros."""
        for state in flatten(self.states)[1] if self._memory is not None else ():
            state.assign(L.zeros_like(state))

    def reset_states(self) -> None:
        """As `reset_state`."""
        self.reset_state()

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
            self.cell.built = True
        if self.stateful and self._memory is None:
            if sequences_shape[0] is None:
                raise ShapeError("a stateful layer has to know the size of batches", op=type(self).__name__,
                                 fix="give Input(batch_shape=(batch, steps, n))")
            with init_scope():
                structure, begin = flatten(self.get_initial_state(sequences_shape[0]))
                self._memory = _Remembered(
                    structure.fill([Variable(x, trainable=False, name="rnn_state") for x in begin])
                )

    # ------------------------------------------------ walking

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        self._check_sizes(sequences)
        output, outputs, states = self._walk(sequences, initial_state, mask, training)
        if self._memory is not None:
            for variable, state in zip(flatten(self._memory.states)[1], flatten(states)[1], strict=True):
                variable.assign(state)
        if self.return_sequences:
            output = steps_first(L.reverse(outputs, [0]) if self.go_backwards else outputs)
        return (output, *states) if self.return_state else output

    def _check_sizes(self, sequences: Any) -> None:
        batch, steps = sequences.shape[0], sequences.shape[1]
        if self.unroll and not isinstance(steps, int):
            raise ShapeError("the number of steps is not known; it cannot be unrolled", op=type(self).__name__,
                             fix="give Input(shape=(steps, n)), or unroll=False")
        if self._memory is not None and isinstance(batch, int):
            expected = flatten(self._memory.states)[1][0].shape[0]
            if batch != expected:
                raise ShapeError(f"a batch of {batch} for a stateful layer that remembers {expected} sequences",
                                 op=type(self).__name__, fix="let all batches have the same size")

    def _walk(self, sequences: Any, initial_state: Any, mask: Any, training: Any) -> tuple[Any, Any, Any]:
        """The last output, the outputs (steps, batch, ...) in the order of the sequences, and the last states."""
        cell = in_parts(self.cell)
        x = steps_first(sequences)
        line = L.expand_dims(L.zeros_like(L.reduce_sum(x, [k for k in range(x.shape.rank) if k != 1])), -1)
        states = self._first_states(initial_state, line)
        noise = cell.noise(line, training)
        projected = cell.project(x, noise)
        counts = None if mask is None else steps_first(_as_mask(mask))
        begins_at_zero = initial_state is None and self._memory is None
        # The output is carried beside the states where it is none of them: a masked first step shows 0, not the state.
        apart = not shows_state(self.cell) or (mask is not None and not begins_at_zero)

        def step(carry: Any, piece: Any) -> Any:
            before, shown = carry
            output, following = cell.step(piece[0], before, noise)
            if counts is not None:
                following = _where(piece[1], following, before)
            if not apart:
                output, shown = state_shown(self.cell, following), ()
            else:
                output = output if counts is None else _where(piece[1], output, shown[0])
                shown = (output,)
            return (following, shown), (output if self.return_sequences else ())

        nothing = (L.zeros_like(cell.step(projected[0], states, noise)[0]),) if apart else ()
        (states, shown), outputs = recurrence(
            step, (projected,) if counts is None else (projected, counts), (states, nothing),
            reverse=self.go_backwards, unroll=self.unroll,
        )
        output = shown[0] if apart else state_shown(self.cell, states)
        if counts is not None and self.zero_output_for_mask:
            outputs = _where(counts, outputs, L.zeros_like(outputs)) if self.return_sequences else outputs
            output = _where(counts[0 if self.go_backwards else -1], output, L.zeros_like(output))
        return output, outputs, states

    # ------------------------------------------------ what models ask

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        mask = flatten(previous_mask)[1][0] if self.return_sequences else None
        return [mask, *(None for _ in flatten(self.state_size)[1])] if self.return_state else mask

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        batch, steps = sequences_shape[:2]
        size = output_size(self.cell)
        shape = (batch, steps, size) if self.return_sequences else (batch, size)
        if not self.return_state:
            return shape
        structure, sizes = flatten(self.state_size)
        return (shape, *structure.fill([(batch, s) for s in sizes]))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"cell": serialize_keras_object(self.cell)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        if "cell" in config and not hasattr(config["cell"], "state_size"):
            config = {**config, "cell": deserialize_keras_object(config["cell"])}
        return super().from_config(config)


def steps_first(x: Any) -> Any:
    """(batch, steps, ...) to (steps, batch, ...), and back."""
    return L.transpose(x, (1, 0, *range(2, x.shape.rank)))


def _as_mask(mask: Any) -> Any:
    """A mask (batch, steps); the first where there are several."""
    mask = flatten(mask)[1][0]
    mask = mask if mask.dtype.name == "bool" else L.cast(mask, "bool")
    return mask[..., 0] if mask.shape.rank == 3 else mask


def _where(counts: Any, x: Any, otherwise: Any) -> Any:
    """Each of `x` where a sample's step counts.

    counts : (batch,) or (steps, batch)
    """
    structure, values = flatten(x)
    chosen = []
    for value, other in zip(values, flatten(otherwise)[1], strict=True):
        wide = counts
        for _ in range(value.shape.rank - counts.shape.rank):
            wide = L.expand_dims(wide, -1)
        chosen.append(L.where(wide, value, other))
    return structure.fill(chosen)


# -------------------------------------------------------------------- a layer for each cell

class OfCell(RNN):
    """A recurrent layer that takes its cell's arguments, then those of `RNN`; it has them as attributes too."""

    cell_class: type
    _cell_arguments: tuple[str, ...] = ()

    def __init_subclass__(cls, cell: type | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cell is not None:
            own = list(inspect.signature(cell).parameters.values())[:-1]
            walking = list(inspect.signature(RNN).parameters.values())[1:]
            cls.cell_class = cell
            cls._cell_arguments = tuple(p.name for p in own)
            cls.__signature__ = inspect.Signature([*own, *walking])  # type: ignore[attr-defined]

    def __init__(self, *args: Any, use_cudnn: Any = "auto", implementation: int = 2, **kwargs: Any) -> None:
        if use_cudnn not in ("auto", True, False):
            raise AttributeValueError(f"use_cudnn={use_cudnn!r}; it takes 'auto', True or False",
                                      op=type(self).__name__)
        kwargs = dict(inspect.signature(self.cell_class).bind_partial(*args).arguments) | kwargs
        own = {name: kwargs.pop(name) for name in self._cell_arguments if name in kwargs}
        shared = {name: kwargs[name] for name in ("dtype", "trainable") if name in kwargs}
        label = f"{type(self).__name__.lower()}_cell"
        super().__init__(self.cell_class(**own, **shared, name=label), **kwargs)
        self.input_spec = InputSpec(ndim=3)

    def __getattr__(self, name: str) -> Any:
        if name in type(self)._cell_arguments:
            return getattr(self.cell, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def get_config(self) -> dict[str, Any]:
        config = {"activity_regularizer": None} | super().get_config()
        del config["cell"]
        return config


@register
class SimpleRNN(OfCell, cell=SimpleRNNCell):
    """A fully connected recurrent layer; see `SimpleRNNCell` for what it computes and `RNN` for how it walks.

    Shapes
    ------
    sequences : (batch, steps, n)
    result : (batch, units), or with return_sequences (batch, steps, units)
    """


@register
class LSTM(OfCell, cell=LSTMCell):
    """A long short-term memory; see `LSTMCell` for what it computes and `RNN` for how it walks.

    Shapes
    ------
    sequences : (batch, steps, n)
    result : (batch, units), or with return_sequences (batch, steps, units)

    Examples
    --------
    >>> from graphengine.keras import layers
    >>> import numpy as np
    >>> whole, h, c = layers.LSTM(4, return_sequences=True, return_state=True)(np.ones((32, 10, 8), "float32"))
    >>> print(whole.shape, h.shape, c.shape)
    (32, 10, 4) (32, 4) (32, 4)
    """


@register
class GRU(OfCell, cell=GRUCell):
    """A gated recurrent unit; see `GRUCell` for what it computes and `RNN` for how it walks.

    Shapes
    ------
    sequences : (batch, steps, n)
    result : (batch, units), or with return_sequences (batch, steps, units)
    """
