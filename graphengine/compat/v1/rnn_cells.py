"""Cells of recurrent networks: one step of a sequence."""
from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from ... import dtypes
from ...errors import InvalidArgumentError
from ...frontend import nest, random
from ...frontend.build import convert_to_tensor
from ...ops.language import L
from .initializers import constant_initializer, zeros_initializer
from .variables import get_variable, get_variable_scope, variable_scope

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
        return nest.map_structure(lambda size: zeros_for(batch_size, size, dtype), sizes)

    def _affine(self, x: Any, units: int, start: float = 0.0, label: str = "") -> Any:
        kernel = get_variable(f"{label}kernel", [x.shape[-1], units], x.dtype)
        first = zeros_initializer() if start == 0 else constant_initializer(start)
        return L.bias_add(L.matmul(x, kernel), get_variable(f"{label}bias", [units], x.dtype, first))


def zeros_for(batch: Any, size: int, dtype: Any) -> Any:
    if isinstance(batch, int):
        return L.broadcast_to(L.cast(0, dtype), (batch, size))
    return L.broadcast_to(L.cast(0, dtype), L.stack([L.cast(batch, dtypes.int32), size]))


class _OneState(RNNCell):
    """Its output is its state."""

    def __init__(
        self, num_units: int, activation: Callable[[Any], Any] | None = None, reuse: Any = None, name: str | None = None
    ) -> None:
        super().__init__(activation, reuse, name)
        self.state_size = self.output_size = num_units


class BasicRNNCell(_OneState):
    """``tanh(W [x, h] + b)``."""

    label = "basic_rnn_cell"

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        y = self._activation(self._affine(L.concat([inputs, state], 1), self.output_size))
        return y, y


class GRUCell(_OneState):
    """Gated recurrent unit.

        r, u = sigmoid(W [x, h] + 1),  n = tanh(W' [x, r h] + b'),  new h = u h + (1 - u) n

    References
    ----------
    Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder", section 2.3.
    """

    label = "gru_cell"

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        n = self.output_size
        gates = L.sigmoid(self._affine(L.concat([inputs, state], 1), 2 * n, 1.0, "gates/"))
        reset, kept = gates[:, :n], gates[:, n:]
        new = self._activation(self._affine(L.concat([inputs, reset * state], 1), n, 0.0, "candidate/"))
        y = kept * state + (1 - kept) * new
        return y, y


class LSTMCell(RNNCell):
    """Long short-term memory; the state is `LSTMStateTuple`, or both parts beside each other.

        i, j, f, o = W [x, h] + b
        new c = sigmoid(f + forget_bias) c + sigmoid(i) tanh(j),  new h = sigmoid(o) tanh(new c)

    Parameters
    ----------
    use_peepholes : whether i and f also see c, and o new c, each by a weight for each unit
    cell_clip : limit of the elements of c
    initializer : of all weights
    num_proj, proj_clip : number of elements of h, which are weighted sums of the units, and their limit

    References
    ----------
    Hochreiter and Schmidhuber (1997), "Long short-term memory"; Gers, Schmidhuber and Cummins (2000) for f; Sak,
    Senior and Beaufays (2014), "Long short-term memory recurrent neural network architectures", for peepholes and
    projection.
    """

    label = "lstm_cell"

    def __init__(
        self, num_units: int, use_peepholes: bool = False, cell_clip: float | None = None, initializer: Any = None,
        num_proj: int | None = None, proj_clip: float | None = None, num_unit_shards: int | None = None,
        num_proj_shards: int | None = None, forget_bias: float = 1.0, state_is_tuple: bool = True,
        activation: Callable[[Any], Any] | None = None, reuse: Any = None, name: str | None = None,
    ) -> None:
        super().__init__(activation, reuse, name)
        self._units, self.output_size = num_units, num_units if num_proj is None else num_proj
        self._peeps, self._cell_clip, self._start = use_peepholes, cell_clip, initializer
        self._projects, self._proj_clip = num_proj is not None, proj_clip
        self._forget_bias = forget_bias
        self._is_tuple = state_is_tuple
        sizes = LSTMStateTuple(num_units, self.output_size)
        self.state_size = sizes if state_is_tuple else sum(sizes)

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        n = self._units
        c, h = state if self._is_tuple else (state[:, :n], state[:, n:])
        with variable_scope(get_variable_scope(), initializer=self._start, auxiliary_name_scope=False):
            gates = self._affine(L.concat([inputs, h], 1), 4 * n)
            i, j, f, o = (gates[:, k * n:(k + 1) * n] for k in range(4))
            c = (c * L.sigmoid(f + self._forget_bias + self._seen(c, "f"))
                 + L.sigmoid(i + self._seen(c, "i")) * self._activation(j))
            c = _clipped(c, self._cell_clip)
            h = self._activation(c) * L.sigmoid(o + self._seen(c, "o"))
            if self._projects:
                kernel = get_variable("projection/kernel", [n, self.output_size], h.dtype)
                h = _clipped(L.matmul(h, kernel), self._proj_clip)
        return h, LSTMStateTuple(c, h) if self._is_tuple else L.concat([c, h], 1)

    def _seen(self, c: Any, gate: str) -> Any:
        return c * get_variable(f"w_{gate}_diag", [self._units], c.dtype) if self._peeps else 0.0


def _clipped(x: Any, limit: float | None) -> Any:
    return x if limit is None else L.clip_by_value(x, -limit, limit)


class BasicLSTMCell(LSTMCell):
    """`LSTMCell` with fewer parameters, whose variables are named after "basic_lstm_cell"."""

    label = "basic_lstm_cell"

    def __init__(
        self, num_units: int, forget_bias: float = 1.0, state_is_tuple: bool = True,
        activation: Callable[[Any], Any] | None = None, reuse: Any = None, name: str | None = None,
    ) -> None:
        super().__init__(num_units, forget_bias=forget_bias, state_is_tuple=state_is_tuple, activation=activation,
                         reuse=reuse, name=name)


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
    """A cell with dropout before and after it, and of its state, apart from the part c of an `LSTMStateTuple`."""

    def __init__(
        self, cell: RNNCell, input_keep_prob: Any = 1.0, output_keep_prob: Any = 1.0, state_keep_prob: Any = 1.0,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        self._cell, self._keep, self._seed = cell, (input_keep_prob, output_keep_prob, state_keep_prob), seed
        self.state_size, self.output_size = cell.state_size, cell.output_size

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        before, behind, between = self._keep
        y, state = self._cell(self._dropped(inputs, before), state, scope)
        return self._dropped(y, behind), self._state(state, between)

    def _state(self, state: Any, keep: Any) -> Any:
        if isinstance(state, LSTMStateTuple):
            return LSTMStateTuple(state.c, self._dropped(state.h, keep))
        if isinstance(state, (list, tuple)):
            return tuple(self._state(s, keep) for s in state)
        return self._dropped(state, keep)

    def _dropped(self, x: Any, keep: Any) -> Any:
        return x if isinstance(keep, (int, float)) and keep == 1 else random.dropout(x, 1 - keep, seed=self._seed)


class ResidualWrapper(RNNCell):
    """A cell whose inputs are added to its outputs, or joined to them by a function of both."""

    def __init__(self, cell: RNNCell, residual_fn: Callable[[Any, Any], Any] | None = None) -> None:
        super().__init__()
        self._cell, self._join = cell, residual_fn or L.add
        self.state_size, self.output_size = cell.state_size, cell.output_size

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        y, state = self._cell(inputs, state, scope)
        return self._join(inputs, y), state
