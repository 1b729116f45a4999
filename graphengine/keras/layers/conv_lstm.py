"""Long short-term memories whose states are signals, images or volumes, and whose products are convolutions."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...frontend.pieces import split
from ...ops.language import L
from ..input_spec import InputSpec
from ..layer import Layer
from ..registry import register
from .rnn import OfCell
from .rnn_cells import Cell, Noise, zeros_beside
from .settings import along, channel_axis, format_of, numbers, one_of, order_of_axes, space

CONVOLUTIONS = {1: "conv1d", 2: "conv2d", 3: "conv3d"}


class ConvLSTMCell(Cell):
    """One step of a long short-term memory with convolutions in the place of products of matrices; see `LSTMCell`.

    The inputs are convolved as `strides`, `padding` and `dilation_rate` say, the state with its size kept.

    Shapes
    ------
    inputs : (batch, ..., n)
    states : (batch, ..., filters) both
    kernel : (*kernel_size, n, 4 * filters)
    recurrent_kernel : (*kernel_size, filters, 4 * filters)
    """

    rank: int
    gates = 4
    state_count = 2
    draws_first = True

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Any = 1, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros", unit_forget_bias: bool = True, kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None, bias_regularizer: Any = None, kernel_constraint: Any = None,
        recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, seed: int | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(filters, **kwargs)
        self.keep(locals())
        for name in ("kernel_size", "strides", "dilation_rate"):
            setattr(self, name, numbers(self, name, self.rank))
        self.padding = one_of(self, "padding", ("valid", "same"))
        self.data_format = order_of_axes(self)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise self.refuse("dilation_rate", dilation_rate, "1 with strides above 1")

    @property
    def units(self) -> int:
        return int(self.filters)

    def build(self, input_shape: Any) -> None:
        axis = channel_axis(self.data_format)
        count = self.known_size(input_shape, axis)
        frame = tuple(input_shape[1:])
        if None in frame:
            raise ShapeError(f"inputs of shape {input_shape}: the sizes of space have to be known",
                             op=type(self).__name__, fix="give Input(shape=...) numbers for all but the steps")
        self.kernel = self._weight("kernel", "kernel", count)
        self.recurrent_kernel = self._weight("recurrent", "recurrent_kernel", self.filters)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight((4 * self.filters,), self.bias_begins, name="bias",
                                        regularizer=self.bias_regularizer, constraint=self.bias_constraint)
        ends = zip((frame[k - 1] for k in space(self.data_format, self.rank)), self.kernel_size, self.strides,
                   self.dilation_rate, strict=True)
        places = tuple(-(-size // step) if self.padding == "same" else (size - (width - 1) * rate - 1) // step + 1
                       for size, width, step, rate in ends)
        if min(places) < 1:
            raise ShapeError(f"no window of {self.kernel_size} fits into inputs of shape {input_shape}",
                             op=type(self).__name__, fix="a smaller kernel_size, or padding='same'")
        self._frame = frame
        self._state = (self.filters, *places) if axis == 1 else (*places, self.filters)

    def _weight(self, part: str, name: str, rows: int) -> Any:
        rules = {rule: getattr(self, f"{part}_{rule}") for rule in ("initializer", "regularizer", "constraint")}
        return self.add_weight((*self.kernel_size, rows, 4 * self.filters), name=name, **rules)

    @property
    def bias_begins(self) -> Any:
        if not self.unit_forget_bias:
            return self.bias_initializer

        def begin(shape: Any, dtype: Any) -> Any:
            entering, others = (self.bias_initializer((k * self.filters,), dtype) for k in (1, 2))
            return L.concat([entering, np.ones(self.filters, dtype), others], 0)

        return begin

    def zeros(self, line: Any) -> list[Any]:
        """The states that a sequence begins with.

        line : (batch, 1)
        """
        return [zeros_beside(line, *self._state) for _ in range(2)]

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Zeros for each state."""
        return self.zeros(L.broadcast_to(np.zeros((), self.compute_dtype), (batch_size, 1)))

    # ------------------------------------------------ a step in parts

    def noise(self, line: Any, training: Any) -> Noise:
        return self.masks(line, self.gates, self._frame, self._state) if training else Noise()

    def _gates(self, x: Any, kernel: Any, masks: Sequence[Any], *how: Any) -> Any:
        """The four gates beside each other along the channels."""
        convolved = getattr(L, CONVOLUTIONS[self.rank])
        if not masks:
            return convolved(x, kernel, *how)
        parts = zip(masks, split(kernel, 4, self.rank + 1), strict=True)
        return L.concat([convolved(x * mask, part, *how) for mask, part in parts], channel_axis(self.data_format))

    def project(self, inputs: Any, noise: Noise) -> Any:
        """The inputs as they are: each step convolves its own."""
        return inputs

    def step(self, projected: Any, states: Sequence[Any], noise: Noise) -> tuple[Any, list[Any]]:
        h, c = states
        axis, form = channel_axis(self.data_format), format_of(self.data_format, self.rank)
        gates = self._gates(projected, self.kernel, noise.inputs, self.strides, self.padding.upper(), form,
                            self.dilation_rate)
        if self.bias is not None:
            gates = gates + along(self.bias, axis, self.rank + 2)
        gates = gates + self._gates(h, self.recurrent_kernel, noise.state, (1,) * self.rank, "SAME", form)
        entered, kept, news, shown = split(gates, 4, axis)
        c = self.recurrent_activation(kept) * c + self.recurrent_activation(entered) * self.activation(news)
        h = self.recurrent_activation(shown) * self.activation(c)
        return h, [h, c]

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        line = L.expand_dims(L.reduce_sum(L.zeros_like(inputs), list(range(1, inputs.shape.rank))), -1)
        return self.step(inputs, states, self.noise(line, training))


class _ConvLSTM(OfCell):
    """Walks along sequences of signals, images or volumes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.input_spec = InputSpec(ndim=self.cell.rank + 3)

    def _zeros(self, line: Any) -> list[Any]:
        return self.cell.zeros(line)  # type: ignore[no-any-return]

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        return Layer.compute_output_shape(self, sequences_shape)


class _Cell1D(ConvLSTMCell):
    rank = 1


class _Cell2D(ConvLSTMCell):
    rank = 2


class _Cell3D(ConvLSTMCell):
    rank = 3


@register
class ConvLSTM1D(_ConvLSTM, cell=_Cell1D):
    """A long short-term memory of signals: see `LSTM`; products of matrices are convolutions.

    Shapes
    ------
    sequences : (batch, steps, length, channels), or channels before the length for channels_first
    result : (batch, length', filters), or with return_sequences (batch, steps, length', filters)

    References
    ----------
    Shi et al. (2015), "Convolutional LSTM network: a machine learning approach for precipitation nowcasting", without
    peepholes.
    """


@register
class ConvLSTM2D(_ConvLSTM, cell=_Cell2D):
    """A long short-term memory of images: see `LSTM`; products of matrices are convolutions.

    Shapes
    ------
    sequences : (batch, steps, height, width, channels), or channels before the height for channels_first
    result : (batch, height', width', filters), or with return_sequences (batch, steps, height', width', filters)

    References
    ----------
    Shi et al. (2015), "Convolutional LSTM network: a machine learning approach for precipitation nowcasting", without
    peepholes.
    """


@register
class ConvLSTM3D(_ConvLSTM, cell=_Cell3D):
    """A long short-term memory of volumes: see `LSTM`; products of matrices are convolutions.

    Shapes
    ------
    sequences : (batch, steps, depth, height, width, channels), or channels before the depth for channels_first
    result : (batch, ..., filters), or with return_sequences (batch, steps, ..., filters)

    References
    ----------
    Shi et al. (2015), "Convolutional LSTM network: a machine learning approach for precipitation nowcasting", without
    peepholes.
    """
