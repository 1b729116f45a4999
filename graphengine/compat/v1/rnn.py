"""The functions that run cells of recurrent networks over sequences."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import dtypes
from ...errors import InvalidArgumentError, ShapeError
from ...frontend import control, folds, nest
from ...frontend.arrangement import counted, reverse_sequence
from ...frontend.build import control_dependencies, convert_to_tensor
from ...frontend.tensor_array import TensorArray
from ...ir.dims import Shape
from ...ir.graph import get_default_graph
from ...ops.body import Body
from ...ops.language import L
from . import rnn_cells
from .rnn_cells import RNNCell, zeros_for
from .variables import variable_scope


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
        zeros = zeros_for(batch, first.shape[-1], first.dtype)

        def step(before: Any, item: Any) -> Any:
            row, k = item
            y, new = cell(row, before[1])
            if sequence_length is None:
                return y, new
            lives = L.expand_dims(L.cast(sequence_length, dtypes.int32) > k, 1)
            return L.where(lives, y, L.zeros_like(y)), _where(lives, new, before[1])

        outputs, states = folds.scan(step, (x, counted(x, 0)), (zeros, start))
    last = nest.map_structure(lambda s, before: L.concat([before[None], s[-1:]], 0)[-1], states, start)
    return outputs if time_major else L.transpose(outputs, [1, 0, 2]), last


def _reversed(x: Any, lengths: Any, steps: int) -> Any:
    """The steps of sequences from the last to the first; those behind the end of a sequence stay."""
    if lengths is None:
        return L.reverse(x, [steps])
    return reverse_sequence(x, lengths, steps, 1 - steps)


def bidirectional_dynamic_rnn(
    cell_fw: RNNCell, cell_bw: RNNCell, inputs: Any, sequence_length: Any = None, initial_state_fw: Any = None,
    initial_state_bw: Any = None, dtype: Any = None, parallel_iterations: int | None = None, swap_memory: bool = False,
    time_major: bool = False, scope: Any = None,
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """A cell over the steps of sequences and one from their ends: a pair of outputs, and a pair of last states.

    Parameters
    ----------
    inputs, sequence_length, dtype, time_major : as for `dynamic_rnn`
    """
    x = convert_to_tensor(inputs)
    steps = 0 if time_major else 1
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as forward:
            ahead, state = dynamic_rnn(cell_fw, x, sequence_length, initial_state_fw, dtype, time_major=time_major,
                                       scope=forward)
        with variable_scope("bw") as backward:
            back, last = dynamic_rnn(cell_bw, _reversed(x, sequence_length, steps), sequence_length, initial_state_bw,
                                     dtype, time_major=time_major, scope=backward)
    return (ahead, _reversed(back, sequence_length, steps)), (state, last)


def static_bidirectional_rnn(
    cell_fw: RNNCell, cell_bw: RNNCell, inputs: Sequence[Any], initial_state_fw: Any = None,
    initial_state_bw: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None,
) -> tuple[list[Any], Any, Any]:
    """As `bidirectional_dynamic_rnn`, for a list of steps: outputs of both beside each other, and both last states."""
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as forward:
            ahead, state = static_rnn(cell_fw, inputs, initial_state_fw, dtype, sequence_length, forward)
        with variable_scope("bw") as backward:
            turned = _turned(inputs, sequence_length)
            back, last = static_rnn(cell_bw, turned, initial_state_bw, dtype, sequence_length, backward)
    both = zip(ahead, _turned(back, sequence_length), strict=True)
    return [L.concat(pair, 1) for pair in both], state, last


def _turned(steps: Sequence[Any], lengths: Any) -> list[Any]:
    if lengths is None:
        return list(reversed(steps))
    turned = _reversed(L.stack(list(steps)), lengths, 0)
    return [turned[k] for k in range(len(steps))]


def static_state_saving_rnn(
    cell: RNNCell, inputs: Sequence[Any], state_saver: Any, state_name: Any, sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """As `static_rnn`, from a state that an object keeps, and that it gets back with the last output.

    Parameters
    ----------
    state_saver : has ``state(name)``, and ``save_state(name, value)``, which gives a node that keeps it
    state_name : name of the state, or names of its parts, nested as they are
    """
    names = nest.flatten(state_name)
    sizes = nest.flatten(cell.state_size)
    if len(names) != len(sizes):
        raise InvalidArgumentError(f"{len(names)} names for a state of {len(sizes)} parts",
                                   op="static_state_saving_rnn")
    start = nest.pack_sequence_as(cell.state_size, [state_saver.state(name) for name in names])
    outputs, state = static_rnn(cell, inputs, start, sequence_length=sequence_length, scope=scope)
    saved = [state_saver.save_state(name, part) for name, part in zip(names, nest.flatten(state), strict=True)]
    with control_dependencies(saved):
        outputs[-1] = L.identity(outputs[-1])
    return outputs, state


def raw_rnn(
    cell: RNNCell, loop_fn: Callable[..., Any], parallel_iterations: int | None = None, swap_memory: bool = False,
    scope: Any = None,
) -> tuple[Any, Any, Any]:
    """A cell whose inputs a function makes of its outputs, until all sequences are finished.

    Parameters
    ----------
    loop_fn : takes the time, the output and state of the cell, and its own state; for time 0 the last three are None.
        It gives which sequences are finished, (batch,) bool, the next input, the next state, what to put out, and its
        own next state. Before the first step what it puts out tells only the shapes of an element of the batch; None
        for those of the cell's output.

    Returns
    -------
    The outputs as a TensorArray, the last state, and the last state of the function. Python takes the steps, since
    nobody knows how many there will be, and no gradient passes.

    Shapes
    ------
    outputs : (steps, batch, ...)
    """
    with variable_scope(scope or "rnn"):
        time = convert_to_tensor(0)
        finished, first, state, form, own = loop_fn(time, None, None, None)
        batch = _batch(finished, 0)
        with Body(get_default_graph()).as_default():    # a step that never runs makes the variables and tells its type
            sample = cell(first, state)[0]
        forms = sample[0] if form is None else form
        like = [convert_to_tensor(t) for t in nest.flatten(forms)]
        rows = [L.broadcast_to(L.cast(0, t.dtype), L.stack([0, batch, *map(int, t.shape)])) for t in like]
        has_own = own is not None
        start = (time, finished, first, rows, state, own if has_own else time)

        def step(time: Any, finished: Any, x: Any, rows: Any, state: Any, own: Any) -> Any:
            y, after = cell(x, state)
            done, x, new, out, own = loop_fn(time + 1, y, after, own if has_own else None)
            out = [L.where(_columns(finished, o), L.zeros_like(o), o) for o in nest.flatten(y if out is None else out)]
            state = nest.map_structure(lambda a, b: L.where(_columns(finished, a), b, a), new, state)
            rows = [L.concat([known, o[None]], 0) for known, o in zip(rows, out, strict=True)]
            return time + 1, L.logical_or(done, finished), x, rows, state, own if has_own else time

        shapes = nest.map_structure(lambda t: convert_to_tensor(t).shape, start)
        known = batch if isinstance(batch, int) else None
        grown = (*shapes[:3], [Shape((None, known, *t.shape)) for t in like], *shapes[4:])
        found = control.while_loop(lambda time, finished, *_: L.logical_not(L.reduce_all(finished)), step, start, grown)
    outputs = [TensorArray(t.dtype, L.shape_of(t)[0]).unstack(t) for t in found[3]]
    return nest.pack_sequence_as(forms, outputs), found[4], found[5] if has_own else None


def _columns(finished: Any, like: Any) -> Any:
    """Flags of sequences that broadcast against a tensor."""
    return L.reshape(finished, (-1, *[1] * (len(like.shape) - 1)))


FUNCTIONS: dict[str, Any] = {
    **{f"nn.{f.__name__}": f for f in (
        bidirectional_dynamic_rnn, dynamic_rnn, raw_rnn, static_bidirectional_rnn, static_rnn,
        static_state_saving_rnn)},
    **{f"nn.rnn_cell.{c.__name__}": c for c in (
        rnn_cells.BasicLSTMCell, rnn_cells.BasicRNNCell, rnn_cells.DropoutWrapper, rnn_cells.GRUCell,
        rnn_cells.LSTMCell, rnn_cells.LSTMStateTuple, rnn_cells.MultiRNNCell, rnn_cells.ResidualWrapper, RNNCell)},
}
