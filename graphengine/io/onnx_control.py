"""ONNX operators with parts of a model inside, and recurrent layers: they become loops and choices. See onnx_ops.py.

A part sees what is around it. In the body of a loop the condition it is given always holds, for it would not run
otherwise; so a body that hands it on makes a loop that nothing stops.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dtypes import int64
from ..ir.dims import Shape
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Tensor
from ..ir.region import Region
from ..ops.body import Body
from ..ops.choice import choose
from ..ops.control import loop
from ..ops.language import L
from ..ops.rules import normal_axis
from ..ops.state import Const, Placeholder
from .onnx_ops import Call, NotMeant, means, rank_of

MOST_STEPS = 2**31 - 1                      # the engine counts them as int32
MOST_NESTED = 8
Typed = tuple[Any, Shape]                   # type and sizes
Step = Callable[..., Sequence[Tensor]]


def drawn(graph: Graph, function: Step, inputs: Sequence[Typed]) -> tuple[Region, list[Tensor]]:
    """The region of a function of tensors of these types, and the tensors of the graph around it that it takes."""
    body = Body(graph)
    with body.as_default():
        given = [body.add(Placeholder(dtype, shape), (), "given").outputs[0] for dtype, shape in inputs]
        results = [body.adopt(t) for t in function(*given)]
    return body.region(given, results)


def typed(x: Tensor) -> Typed:
    return x.dtype, x.shape


# -------------------------------------------------------------------- choices

@means("If")
def choice(c: Call, then_branch: Any, else_branch: Any) -> Any:
    """One that is known while the graph is drawn leaves the part that is chosen in its place."""
    known = c.known(0)
    if known is not None and known.dtype != object:
        return c.inside(then_branch if known.reshape(-1)[0] else else_branch, [])
    graph = get_default_graph()
    parts = [drawn(graph, lambda part=part: c.inside(part, []), []) for part in (then_branch, else_branch)]  # type: ignore[misc]
    index = L.where(L.reshape(c.x(0), ()), np.int32(0), np.int32(1))
    return choose(graph, index, parts)[1]


# -------------------------------------------------------------------- loops

@dataclass
class Drawn:
    """A step of a loop: a region of what is carried and what comes with each step, and what it takes from around it.

    loose : which of what is carried change their sizes
    """

    region: Region
    captured: list[Tensor]
    loose: tuple[int, ...]


def settled(step: Step, begins: Sequence[Tensor], further: Sequence[Typed]) -> Drawn:
    """A step, drawn until what it carries has the sizes that it begins with; those that change are unknown then.

    Raises
    ------
    NotMeant if the number of axes changes, or loops are nested too deep: each may be drawn more than once.
    """
    graph = get_default_graph()
    if _depth(graph) >= MOST_NESTED:
        raise NotMeant(f"more than {MOST_NESTED} parts are nested")
    likes = [typed(x) for x in begins]
    while True:
        region, captured = drawn(graph, step, [*likes, *further])
        wider = [(d, _common(shape, t.shape)) for (d, shape), t in zip(likes, region.outputs, strict=False)]
        if [shape for _, shape in wider] == [shape for _, shape in likes]:
            break
        likes = wider
    return Drawn(region, captured, tuple(k for k, x in enumerate(begins) if x.shape != likes[k][1]))


def _depth(graph: Graph) -> int:
    return 1 + _depth(graph.outer) if isinstance(graph, Body) else 0


def carrying(step: Step, begins: Sequence[Tensor], walked: Sequence[Tensor]) -> list[Tensor]:
    """Results of a loop along arrays: what it carries, then what it stacks.

    step : of what is carried and a slice of each walked array
    """
    made = settled(step, begins, [(x.dtype, Shape(x.shape[1:])) for x in walked])
    return _run(made.region, [*begins, *walked, *made.captured], carried=len(begins), walked=len(walked),
                loose=made.loose)


def _run(region: Region, operands: Sequence[Tensor], **attributes: Any) -> list[Tensor]:
    node, results = loop(region, operands, get_default_graph(), "loop", **attributes)
    return list(node.outputs[:results])


def _common(before: Shape, after: Shape) -> Shape:
    """What is known of both."""
    if before.rank is None or before.rank != after.rank:
        raise NotMeant(f"what is carried from step to step has {before.rank} axes and gets {after.rank}")
    return Shape(m if m == n else None for m, n in zip(before, after, strict=True))


def _always(condition: Any) -> bool:
    return isinstance(condition, Tensor) and isinstance(condition.node.op, Const) and bool(
        condition.node.op.value.array.reshape(-1)[0])


@means("Loop")
def repeated(c: Call, body: Any) -> Any:
    """Steps that collect results walk along their numbers; where a condition ends them, they are counted before."""
    begins = [c.x(k) for k in range(2, c.count)]
    count, stacks = len(begins), len(body.output) - 1 - len(begins)
    if stacks < 0:
        raise NotMeant(f"its body gives {len(body.output)} values, and {1 + count} are carried")
    yes, endless = np.array(True), not c.given(1) or _is_true(c.known(1))

    def step(*given: Tensor) -> list[Tensor]:
        *state, number = given
        goes_on, *results = c.inside(body, [number, yes, *state])
        return [*results, number + 1, L.reshape(goes_on, ()) if goes_on.shape.rank else goes_on]

    made = settled(step, begins, [(int64, Shape(()))])
    graph, inputs, (*results, following, goes_on) = made.region.graph, made.region.inputs, made.region.outputs
    stops = not (endless and _always(goes_on))
    limit = L.reshape(L.cast(c.x(0), "int64"), ()) if c.given(0) else None
    known = c.known(0) if c.given(0) else None
    if not stops and (limit is None or (known is not None and known.item() is not None and known.item() > MOST_STEPS)):
        raise NotMeant("nothing ends it")
    if stops:
        begin = L.cast(True, "bool") if endless else L.reshape(c.x(1), ())
        most = [] if limit is None else [L.cast(L.minimum(L.maximum(limit, 0), MOST_STEPS), "int32")]
        counting = Region(graph, (inputs[count], *inputs[:count], *inputs[count + 1:]),
                          (following, *results[:count], goes_on))
        limit, *after = _run(counting, [*most, begin, L.cast(0, "int64"), *begins, *made.captured], carried=count + 1,
                             conditional=True, counted=bool(most), loose=tuple(k + 1 for k in made.loose))
        if not stacks:
            return after
    numbers = L.range(L.cast(0, "int64"), limit, L.cast(1, "int64"))
    return _run(Region(graph, inputs, tuple(results)), [*begins, numbers, *made.captured], carried=count, walked=1,
                loose=made.loose)


def _is_true(known: Any) -> bool:
    return known is not None and known.dtype != object and bool(known.reshape(-1)[0])


@means("Scan")
def scan(c: Call, body: Any, num_scan_inputs: int, scan_input_axes: Any = None, scan_input_directions: Any = None,
         scan_output_axes: Any = None, scan_output_directions: Any = None) -> Any:
    if c.version < 9:
        raise NotMeant("before version 9 of the standard it has an axis of examples")
    count, stacks = c.count - num_scan_inputs, len(body.output) - (c.count - num_scan_inputs)
    if count < 0 or num_scan_inputs < 1 or stacks < 0:
        raise NotMeant(f"{num_scan_inputs} arrays are walked along, of {c.count} operands")
    walked = [_first(c.x(count + k), axis, back) for k, (axis, back) in enumerate(
        zip(scan_input_axes or [0] * num_scan_inputs, scan_input_directions or [0] * num_scan_inputs, strict=True))]
    found = carrying(lambda *given: c.inside(body, given), [c.x(k) for k in range(count)], walked)
    ends = zip(found[count:], scan_output_axes or [0] * stacks, scan_output_directions or [0] * stacks, strict=True)
    return [*found[:count], *(_first(x, axis, back, to=True) for x, axis, back in ends)]


def _first(x: Any, axis: int, backward: int, to: bool = False) -> Any:
    """x with an axis in front, or its first axis there, and that from its end on."""
    rank = rank_of(x, "the steps")
    axis = normal_axis(axis, rank)
    x = L.reverse(x, [0 if to else axis]) if backward else x
    order = [*range(1, axis + 1), 0, *range(axis + 1, rank)] if to else [
        axis, *range(axis), *range(axis + 1, rank)]
    return L.transpose(x, order) if axis else x


# -------------------------------------------------------------------- recurrent layers

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "Sigmoid": L.sigmoid, "Tanh": L.tanh, "Relu": L.relu, "Softsign": L.softsign, "Softplus": L.softplus,
    "HardSigmoid": lambda x: L.clip_by_value(0.2 * x + 0.5, 0.0, 1.0), "Elu": L.elu,
    "LeakyRelu": lambda x: L.leaky_relu(x, 0.01), "Affine": lambda x: x,
}
Cell = Callable[[Sequence[Callable[[Any], Any]], "_Weights", Any, Sequence[Any]], list[Any]]


class _Weights:
    """Of one direction: r and those biases that a gate's part from the state has for itself, by gate.

    peep : of an LSTM, what its gates see of the cell
    """

    def __init__(self, c: Call, direction: int, hidden: int) -> None:
        self.hidden = hidden
        self.r = L.transpose(c.x(2)[direction], (1, 0))
        gates = self.r.shape[1] // hidden
        self.bias = c.x(3)[direction] if c.given(3) else None
        self.own = None if self.bias is None else self.bias[gates * hidden:]
        self.peep = c.x(7)[direction] if c.given(7) else None

    def part(self, x: Any, gate: int, gates: int = 1) -> Any:
        """Of what gates have in a row."""
        return x[..., gate * self.hidden:(gate + gates) * self.hidden]


def _rnn(f: Sequence[Callable[[Any], Any]], w: _Weights, x: Any, state: Sequence[Any]) -> list[Any]:
    return [f[0](x + L.matmul(state[0], w.r))]


def _lstm(f: Sequence[Callable[[Any], Any]], w: _Weights, x: Any, state: Sequence[Any]) -> list[Any]:
    """Gates stand in the order input, output, forget, cell."""
    h, cell = state
    gates = x + L.matmul(h, w.r)

    def seen(gate: int, of: Any) -> Any:
        own = w.part(gates, gate)
        return own if w.peep is None else own + w.part(w.peep, gate) * of

    let_in, keep = f[0](seen(0, cell)), f[0](seen(2, cell))
    after = keep * cell + let_in * f[1](w.part(gates, 3))
    return [f[0](seen(1, after)) * f[2](after), after]


def _gru(linear_before_reset: int) -> Cell:
    def cell(f: Sequence[Callable[[Any], Any]], w: _Weights, x: Any, state: Sequence[Any]) -> list[Any]:
        """Gates stand in the order update, reset, hidden."""
        h, = state
        gates = w.part(x, 0, 2) + L.matmul(h, w.part(w.r, 0, 2))
        update, reset = f[0](w.part(gates, 0)), f[0](w.part(gates, 1))
        own = 0.0 if w.own is None else w.part(w.own, 2)
        inner = reset * (L.matmul(h, w.part(w.r, 2)) + own) if linear_before_reset else (
            L.matmul(reset * h, w.part(w.r, 2)) + own)
        new = f[1](w.part(x, 2) + inner)
        return [(1.0 - update) * new + update * h]

    return cell


def recurrent(
    c: Call, cell: Cell, states: int, usual: Sequence[str], hidden: int | None, activations: Any, numbers: Any,
    clip: float | None, direction: str, layout: int, own_bias: int = 0,
) -> Any:
    """All states of the first kind, then the last ones of each.

    own_bias : number of the last gates whose part from the state has its bias inside a product
    """
    if any(numbers):
        raise NotMeant("activations have numbers of their own")
    x = c.x(0)
    if rank_of(x, "the sequence") != 3:
        raise NotMeant("the sequence has not three axes")
    x = L.transpose(x, (1, 0, 2)) if layout else x
    hidden = c.x(2).shape[-1] if hidden is None else hidden
    if hidden is None:
        raise NotMeant("the number of units is not known")
    backward = {"forward": [0], "reverse": [1], "bidirectional": [0, 1]}.get(direction)
    names = [str(a) for a in (activations or [*usual] * len(backward or ()))]
    if backward is None or len(names) != len(usual) * len(backward) or set(names) - set(FUNCTIONS):
        raise NotMeant(f"the direction is {direction}, activations are {', '.join(names)}")

    def bounded(name: str) -> Callable[[Any], Any]:
        return (lambda v: FUNCTIONS[name](L.clip_by_value(v, -clip, clip))) if clip else FUNCTIONS[name]

    lengths = L.cast(c.x(4), "int64") if c.given(4) else None
    size = x.shape[1] if isinstance(x.shape[1], int) else L.shape_of(x, "int64")[1]
    found = []
    for k, back in enumerate(backward):
        w = _Weights(c, k, hidden)
        functions = [bounded(name) for name in names[k * len(usual):(k + 1) * len(usual)]]
        begins = [(L.transpose(c.x(5 + j), (1, 0, 2)) if layout else c.x(5 + j))[k] if c.given(5 + j)
                  else L.broadcast_to(np.zeros((), x.dtype.numpy), [size, hidden]) for j in range(states)]
        found.append(_one_way(x, c.x(1)[k], w, begins, lengths, back, own_bias,
                              lambda v, s, w=w, f=functions: cell(f, w, v, s)))  # type: ignore[misc]
    everything = L.stack([ys for ys, _ in found], 1)
    last = [L.stack([ends[j] for _, ends in found], 0) for j in range(states)]
    if layout:
        return L.transpose(everything, (2, 0, 1, 3)), *(L.transpose(y, (1, 0, 2)) for y in last)
    return everything, *last


def _one_way(
    x: Any, kernel: Any, w: _Weights, begins: Sequence[Any], lengths: Any, back: int, own_bias: int,
    cell: Callable[[Any, Sequence[Any]], list[Any]],
) -> tuple[Any, list[Any]]:
    """All first states (steps, examples, units) and the last of each kind."""
    x = _turned(x, lengths) if back else x
    given = L.matmul(x, L.broadcast_to(L.transpose(kernel, (1, 0)), [1, *reversed(kernel.shape)]))
    if w.bias is not None:
        gates = kernel.shape[0] // w.hidden
        both = w.part(w.own, 0, gates - own_bias)
        given += w.bias[:gates * w.hidden] + (L.pad(both, [[0, own_bias * w.hidden]]) if own_bias else both)
    numbers = L.range(0, x.shape[0] if isinstance(x.shape[0], int) else L.shape_of(x)[0], 1)

    def step(*values: Any) -> list[Any]:
        state, v = values[:len(begins)], values[len(begins)]
        after = cell(v, state)
        if lengths is None:
            return [*after, after[0]]
        goes_on = L.expand_dims(L.cast(values[-1], "int64") < lengths, 1)
        return [*(L.where(goes_on, a, b) for a, b in zip(after, state, strict=True)), L.where(goes_on, after[0], 0.0)]

    *ends, ys = carrying(step, begins, [given] if lengths is None else [given, numbers])
    return _turned(ys, lengths) if back else ys, ends


def _turned(x: Any, lengths: Any) -> Any:
    """Steps from the last one on, that of each example's own length."""
    if lengths is None:
        return L.reverse(x, [0])
    steps = L.expand_dims(L.cast(L.range(0, L.shape_of(x)[0], 1), "int64"), 0)
    ends = L.expand_dims(lengths, 1)
    places = L.where(steps < ends, ends - 1 - steps, steps)
    return L.transpose(L.gather(L.transpose(x, (1, 0, 2)), places, None, 1, 1), (1, 0, 2))


@means("RNN")
def rnn(c: Call, hidden_size: int | None = None, activations: Any = None, activation_alpha: Any = None,
        activation_beta: Any = None, clip: float | None = None, direction: str = "forward", layout: int = 0) -> Any:
    return recurrent(c, _rnn, 1, ("Tanh",), hidden_size, activations, (activation_alpha, activation_beta), clip,
                     direction, layout)


@means("GRU")
def gru(c: Call, hidden_size: int | None = None, activations: Any = None, activation_alpha: Any = None,
        activation_beta: Any = None, clip: float | None = None, direction: str = "forward", layout: int = 0,
        linear_before_reset: int = 0) -> Any:
    return recurrent(c, _gru(linear_before_reset), 1, ("Sigmoid", "Tanh"), hidden_size, activations,
                     (activation_alpha, activation_beta), clip, direction, layout, own_bias=1)


@means("LSTM")
def lstm(c: Call, hidden_size: int | None = None, activations: Any = None, activation_alpha: Any = None,
         activation_beta: Any = None, clip: float | None = None, direction: str = "forward", layout: int = 0,
         input_forget: int = 0) -> Any:
    if input_forget:
        raise NotMeant("its input and its forget gate are one")
    return recurrent(c, _lstm, 2, ("Sigmoid", "Tanh", "Tanh"), hidden_size, activations,
                     (activation_alpha, activation_beta), clip, direction, layout)
