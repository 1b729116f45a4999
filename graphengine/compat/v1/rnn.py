"""Cells of recurrent networks, and the functions that run them over sequences."""
from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from ... import dtypes
from ...errors import InvalidArgumentError, ShapeError
from ...frontend import folds, nest, random
from ...frontend.build import convert_to_tensor
from ...ir.graph import get_default_graph
from ...ops.body import Body
from ...ops.language import L
from .initializers import constant_initializer, zeros_initializer
from .variables import get_variable, variable_scope

LSTMStateTuple = namedtuple("LSTMStateTuple", ("c", "h"))


class RNNCell:
    """One step of a recurrent network: ``output, state = cell(inputs, state)``; a subclass has `call`.

    Attributes
    ----------
    state_size, output_size : features of the state, or of each of its parts, and of the output
    """

    state_size: Any
    output_size: Any
    label = "rnn_cell"

    def __init__(
        self, activation: Callable[[Any], Any] | None = None, reuse: Any = None, name: str | None = None
    ) -> None:
        self._activation = L.tanh if activation is None else activation
        self._reuse = reuse
        self._name = name
        self._scope: Any = None

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        again = self._scope if self._scope is not None else scope or self._name or self.label
        reuse = True if self._scope is not None else self._reuse
        with variable_scope(again, reuse=reuse) as opened:
            self._scope = opened
            return self.call(convert_to_tensor(inputs), state)

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """The output and the next state."""
        raise NotImplementedError(type(self).__name__)

    def zero_state(self, batch_size: Any, dtype: Any = dtypes.float32) -> Any:
        """A state of zeros for each sequence of a batch."""
        sizes = self.state_size
        return nest.map_structure(lambda size: _zeros(batch_size, size, dtype), sizes)

    def _affine(self, x: Any, units: int, start: float = 0.0, label: str = "") -> Any:
        kernel = get_variable(f"{label}kernel", [x.shape[-1], units], x.dtype)
        first = zeros_initializer() if start == 0 else constant_initializer(start)
        return L.bias_add(L.matmul(x, kernel), get_variable(f"{label}bias", [units], x.dtype, first))


def _zeros(batch: Any, size: int, dtype: Any) -> Any:
    if isinstance(batch, int):
        return L.broadcast_to(L.cast(0, dtype), (batch, size))
    return L.broadcast_to(L.cast(0, dtype), L.stack([L.cast(batch, dtypes.int32), size]))


class BasicRNNCell(RNNCell):
    """``tanh(W [x, h] + b)``."""

    label = "basic_rnn_cell"

    def __init__(
        self, num_units: int, activation: Callable[[Any], Any] | None = None, reuse: Any = None, name: str | None = None
    ) -> None:
        super().__init__(activation, reuse, name)
        self.state_size = self.output_size = num_units

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        y = self._activation(self._affine(L.concat([inputs, state], 1), self.output_size))
        return y, y


class GRUCell(RNNCell):
    """Gated recurrent unit.

        r, u = sigmoid(W [x, h] + 1),  n = tanh(W' [x, r h] + b'),  new h = u h + (1 - u) n

    References
    ----------
    Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder", section 2.3.
    """

    label = "gru_cell"

    def __init__(
        self, num_units: int, activation: Callable[[Any], Any] | None = None, reuse: Any = None, name: str | None = None
    ) -> None:
        super().__init__(activation, reuse, name)
        self.state_size = self.output_size = num_units

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        n = self.output_size
        gates = L.sigmoid(self._affine(L.concat([inputs, state], 1), 2 * n, 1.0, "gates/"))
        reset, kept = gates[:, :n], gates[:, n:]
        new = self._activation(self._affine(L.concat([inputs, reset * state], 1), n, 0.0, "candidate/"))
        y = kept * state + (1 - kept) * new
        return y, y


class BasicLSTMCell(RNNCell):
    """Long short-term memory; the state is `LSTMStateTuple`, or both parts beside each other.

        i, j, f, o = W [x, h] + b
        new c = sigmoid(f + forget_bias) c + sigmoid(i) tanh(j),  new h = sigmoid(o) tanh(new c)

    References
    ----------
    Hochreiter and Schmidhuber (1997), "Long short-term memory"; Gers, Schmidhuber and Cummins (2000) for f.
    """

    label = "basic_lstm_cell"

    def __init__(
        self, num_units: int, forget_bias: float = 1.0, state_is_tuple: bool = True,
        activation: Callable[[Any], Any] | None = None, reuse: Any = None, name: str | None = None,
    ) -> None:
        super().__init__(activation, reuse, name)
        self.output_size = num_units
        self._forget_bias = forget_bias
        self._is_tuple = state_is_tuple
        self.state_size = LSTMStateTuple(num_units, num_units) if state_is_tuple else 2 * num_units

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        n = self.output_size
        c, h = state if self._is_tuple else (state[:, :n], state[:, n:])
        gates = self._affine(L.concat([inputs, h], 1), 4 * n)
        i, j, f, o = (gates[:, k * n:(k + 1) * n] for k in range(4))
        c = c * L.sigmoid(f + self._forget_bias) + L.sigmoid(i) * self._activation(j)
        h = self._activation(c) * L.sigmoid(o)
        return h, LSTMStateTuple(c, h) if self._is_tuple else L.concat([c, h], 1)


class LSTMCell(BasicLSTMCell):
    """`BasicLSTMCell` with TensorFlow's parameters of this name, whose variables are named after "lstm_cell".

    Raises
    ------
    InvalidArgumentError for peepholes, clipping, projection, shards and an initializer of its own.
    """

    label = "lstm_cell"

    def __init__(
        self, num_units: int, use_peepholes: bool = False, cell_clip: float | None = None, initializer: Any = None,
        num_proj: int | None = None, proj_clip: float | None = None, num_unit_shards: int | None = None,
        num_proj_shards: int | None = None, forget_bias: float = 1.0, state_is_tuple: bool = True,
        activation: Callable[[Any], Any] | None = None, reuse: Any = None, name: str | None = None,
    ) -> None:
        for key, value in {"use_peepholes": use_peepholes or None, "cell_clip": cell_clip, "initializer": initializer,
                           "num_proj": num_proj, "proj_clip": proj_clip, "num_unit_shards": num_unit_shards,
                           "num_proj_shards": num_proj_shards}.items():
            if value is not None:
                raise InvalidArgumentError(f"{key}={value!r}; this cell goes without", op="LSTMCell",
                                           fix="leave it out")
        super().__init__(num_units, forget_bias, state_is_tuple, activation, reuse, name)


class MultiRNNCell(RNNCell):
    """Cells on top of each other."""

    label = "multi_rnn_cell"

    def __init__(self, cells: Sequence[RNNCell], state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells or not state_is_tuple:
            raise InvalidArgumentError("it takes cells, and keeps their states as a tuple", op="MultiRNNCell")
        self._cells = list(cells)
        self.output_size = self._cells[-1].output_size
        self.state_size = tuple(cell.state_size for cell in self._cells)

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        states = []
        for k, (cell, old) in enumerate(zip(self._cells, state, strict=True)):
            with variable_scope(f"cell_{k}"):
                inputs, new = cell(inputs, old)
            states.append(new)
        return inputs, tuple(states)


class DropoutWrapper(RNNCell):
    """A cell with dropout before and after it."""

    def __init__(
        self, cell: RNNCell, input_keep_prob: Any = 1.0, output_keep_prob: Any = 1.0, state_keep_prob: float = 1.0,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        if state_keep_prob != 1.0:
            raise InvalidArgumentError(f"state_keep_prob={state_keep_prob}; states are kept whole", op="DropoutWrapper",
                                       fix="leave it out")
        self._cell, self._keep, self._seed = cell, (input_keep_prob, output_keep_prob), seed
        self.state_size, self.output_size = cell.state_size, cell.output_size

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        y, state = self._cell(self._dropped(inputs, self._keep[0]), state, scope)
        return self._dropped(y, self._keep[1]), state

    def _dropped(self, x: Any, keep: Any) -> Any:
        return x if isinstance(keep, float) and keep == 1.0 else random.dropout(x, 1 - keep, seed=self._seed)


# -------------------------------------------------------------------- over sequences

def _where(condition: Any, new: Any, old: Any) -> Any:
    return nest.map_structure(lambda a, b: L.where(condition, a, b), new, old)


def static_rnn(
    cell: RNNCell, inputs: Sequence[Any], initial_state: Any = None, dtype: Any = None, sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """A cell over a list of steps, each drawn by itself: the outputs, and the last state.

    Parameters
    ----------
    sequence_length : (batch,), steps of each sequence: outputs behind them are 0, and the state stays

    Shapes
    ------
    inputs : a list of (batch, features)
    """
    steps = [convert_to_tensor(x) for x in inputs]
    state = _start(cell, _batch(steps[0], 0), initial_state, dtype)
    outputs = []
    with variable_scope(scope or "rnn"):
        for k, x in enumerate(steps):
            y, new = cell(x, state)
            if sequence_length is not None:
                lives = L.expand_dims(L.cast(sequence_length, dtypes.int32) > k, 1)
                y, new = L.where(lives, y, L.zeros_like(y)), _where(lives, new, state)
            outputs.append(y)
            state = new
    return outputs, state


def _start(cell: RNNCell, batch: Any, initial_state: Any, dtype: Any) -> Any:
    if initial_state is not None:
        return initial_state
    if dtype is None:
        raise InvalidArgumentError("one of initial_state and dtype is to be given", op="rnn", fix="dtype=tf.float32")
    return cell.zero_state(batch, dtype)


def _batch(x: Any, axis: int) -> Any:
    size = x.shape[axis]
    return size if isinstance(size, int) else L.shape_of(x)[axis]


def dynamic_rnn(
    cell: RNNCell, inputs: Any, sequence_length: Any = None, initial_state: Any = None, dtype: Any = None,
    parallel_iterations: int | None = None, swap_memory: bool = False, time_major: bool = False, scope: Any = None,
) -> tuple[Any, Any]:
    """A cell over the steps of sequences, in one compiled loop: the outputs, and the last state.

    Parameters
    ----------
    sequence_length : (batch,), steps of each sequence: outputs behind them are 0, and the state stays
    time_major : whether steps are the first axis, not the second

    Shapes
    ------
    inputs : (batch, steps, features)
    outputs : (batch, steps, output_size)
    """
    del parallel_iterations, swap_memory
    x = convert_to_tensor(inputs)
    if x.shape.rank != 3 or not isinstance(x.shape[-1], int):
        raise ShapeError(f"inputs has shape {x.shape}; it is (batch, steps, features) with known features",
                         op="dynamic_rnn")
    x = x if time_major else L.transpose(x, [1, 0, 2])
    batch = _batch(x, 1)
    start = _start(cell, batch, initial_state, dtype)
    with variable_scope(scope or "rnn"):
        with Body(get_default_graph()).as_default():    # a step that never runs makes the variables and tells its type
            first = cell(x[0], start)[0]
        zeros = _zeros(batch, first.shape[-1], first.dtype)

        def step(before: Any, item: Any) -> Any:
            row, k = item
            y, new = cell(row, before[1])
            if sequence_length is None:
                return y, new
            lives = L.expand_dims(L.cast(sequence_length, dtypes.int32) > k, 1)
            return L.where(lives, y, L.zeros_like(y)), _where(lives, new, before[1])

        numbers = L.iota(x.shape[0], 0, 1, dtypes.int32) if isinstance(x.shape[0], int) else \
            L.cumsum(L.ones_like(x[:, 0, 0], dtypes.int32), 0, True)
        outputs, states = folds.scan(step, (x, numbers), (zeros, start))
    last = nest.map_structure(lambda s, before: L.concat([before[None], s[-1:]], 0)[-1], states, start)
    return outputs if time_major else L.transpose(outputs, [1, 0, 2]), last


FUNCTIONS: dict[str, Any] = {
    "nn.dynamic_rnn": dynamic_rnn, "nn.static_rnn": static_rnn,
    **{f"nn.rnn_cell.{c.__name__}": c for c in (
        BasicLSTMCell, BasicRNNCell, DropoutWrapper, GRUCell, LSTMCell, LSTMStateTuple, MultiRNNCell, RNNCell)},
}
