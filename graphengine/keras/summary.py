"""The table that `Model.summary` prints, with Keras's columns and widths."""
from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import GraphEngineError, InvalidArgumentError
from ..frontend.structure import flatten
from .symbolic import LayerCall

if TYPE_CHECKING:
    from rich.table import Table

# Width of the table, and where its columns end as shares of that.
CHAIN = 88, (0.45, 0.80, 1.0)
NET = 108, (0.3, 0.56, 0.74, 1.0)
TRAINABLE_WIDTH = 12
LEAST_COLUMN = 4


def print_summary(
    model: Any, width: int | None = None, ends: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None, expand_nested: bool = False, show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print the table: a row for each layer, then the numbers of weights.

    Parameters
    ----------
    width : characters of a line
    ends : where the columns end, as shares of the width
    print_fn : called with the whole text instead of printing it
    layer_range : names, or patterns, of the first and the last layer

    Raises
    ------
    InvalidArgumentError if the width is too small, or no layer has such a name.
    """
    from rich.console import Console
    from rich.markup import escape

    table = _table(model, width, ends, expand_nested, show_trainable, layer_range)
    console = Console(highlight=False) if print_fn is None else Console(
        highlight=False, force_terminal=False, color_system=None)
    if print_fn is not None:
        console.begin_capture()
    console.print(f'[bold]Model: "{escape(model.name)}"[/bold]')
    console.print(table)
    for line in _totals(model):
        console.print(line)
    if print_fn is not None:
        print_fn(console.end_capture())


def _table(
    model: Any, width: int | None, ends: Sequence[float] | None, expand_nested: bool, show_trainable: bool,
    layer_range: Sequence[str] | None,
) -> Table:
    from rich.table import Column, Table

    calls = None if _is_chain(model) else [s for s in model._playback.steps if isinstance(s, LayerCall)]
    default, usual = CHAIN if calls is None else NET
    head = [("Layer (type)", "left"), ("Output Shape", "left"), ("Param #", "right")]
    if calls is not None:
        head.append(("Connected to", "left"))
    shares: tuple[float, ...] = tuple(ends or usual)
    if show_trainable:
        head.append(("Trainable", "center"))
        default += TRAINABLE_WIDTH
        shares = (*(0.9 * s for s in shares), 1.0)
    line = width or min(default, shutil.get_terminal_size().columns - 4)
    columns = []
    begin = 0
    for (title, side), share in zip(head, shares, strict=True):
        own = int(share * line) - begin
        begin += own
        if own < LEAST_COLUMN:
            raise InvalidArgumentError(f"a column of {own} characters", op="summary", fix="give a larger line_length")
        columns.append(Column(title, justify=side, width=own))  # type: ignore[arg-type]
    table = Table(*columns, width=line, show_lines=True)
    operations = model.layers if calls is None else model._playback.operations
    for layer in _within(operations, layer_range):
        for depth, inner in _expanded(layer, 0, expand_nested):
            table.add_row(*_row(model, inner, depth, calls, show_trainable))
    return table


def _is_chain(model: Any) -> bool:
    """Whether each layer is called once, on what the one before gives."""
    if not hasattr(model, "_playback"):
        return True
    last = model.inputs
    for call in model._playback.steps:
        if not isinstance(call, LayerCall) or len(call.inputs) != 1 or len(last) != 1 or call.inputs[0] is not last[0]:
            return False
        last = call.outputs
    return len(model.layers) == len(model._playback.operations) == len(model._playback.steps) + 1


def _within(layers: Sequence[Any], ends: Sequence[str] | None) -> Sequence[Any]:
    """The layers from one name to another."""
    if ends is None:
        return layers
    places = [[k for k, layer in enumerate(layers) if re.match(pattern, layer.name)] for pattern in ends]
    if len(places) != 2 or not all(places):
        raise InvalidArgumentError(f"no layers from {' to '.join(map(repr, ends))}", op="summary",
                                   fix=f"the layers are {', '.join(layer.name for layer in layers)}")
    first, last = min(places[0]), max(places[1])
    return layers[first:last + 1] if first <= last else layers[min(places[1]):max(places[0]) + 1]


def _expanded(layer: Any, depth: int, expand_nested: bool) -> Iterator[tuple[int, Any]]:
    yield depth, layer
    for inner in getattr(layer, "layers", ()) if expand_nested else ():
        yield from _expanded(inner, depth + 1, True)


def _row(model: Any, layer: Any, depth: int, calls: Sequence[LayerCall] | None, show_trainable: bool) -> list[str]:
    from rich.markup import escape

    prefix = "   " * depth + "└ " if depth else ""
    count = _number(f"{layer.count_params():,}") if layer.built else f"{_number(0)} (unbuilt)"
    kind = escape(getattr(layer, "class_name", type(layer).__name__))
    cells = [f"{escape(prefix + layer.name)} ([color(33)]{kind}[/])", _shapes(layer), count]
    if calls is not None:
        cells.append(_connections(model, layer, calls))
    if show_trainable:
        letter, color = ("Y", 34) if layer.trainable else ("N", 9)
        cells.append(f"[bold][color({color})]{letter}[/][/]" if layer.weights else "[bold]-[/]")
    return cells


def _number(x: Any) -> str:
    return f"[color({45 if x is None else 34})]{x}[/]"


def _shape(shape: Sequence[Any]) -> str:
    return f"({', '.join(map(_number, shape))})"


def _shapes(layer: Any) -> str:
    """The shapes of a layer's last results, or of those for inputs as it was built for."""
    if layer.calls_on_symbols:
        found = [_shape(t.shape) for t in layer.calls_on_symbols[-1].outputs]
    elif layer._build_shapes:
        try:
            given = flatten(layer.compute_output_shape(*layer._build_shapes.values()))[1]
        except (GraphEngineError, NotImplementedError, TypeError):
            return "?"
        found = [_shape(given)]
    else:
        return "?"
    return found[0] if len(found) == 1 else f"[{', '.join(found)}]"


def _connections(model: Any, layer: Any, calls: Sequence[LayerCall]) -> str:
    """What a layer is called on: layers, the numbers of their calls and of the results."""
    places = model._places()
    found = []
    for call in calls:
        for t in call.inputs if call.layer is layer else ():
            name, number, result = places.get(id(t), (t.node.name, 0, 0))
            found.append(f"{name}[{_number(number)}][{_number(result)}]")
    return ", ".join(found) or "-"


def _totals(model: Any) -> list[str]:
    """Lines with the numbers of weights and their bytes."""
    optimizer = getattr(model, "optimizer", None)
    groups = [("Trainable", model.trainable_weights), ("Non-trainable", model.non_trainable_weights)]
    if optimizer is not None and optimizer.built:
        groups.append(("Optimizer", optimizer.variables))
    every = [v for _, variables in groups for v in variables]
    return [f"[bold] {label} params: [/]{_number(f'{sum(_elements(v) for v in variables):,}')}"
            f" ({readable_bytes(sum(_elements(v) * v.dtype.size for v in variables))})"
            for label, variables in [("Total", every), *groups]]


def _elements(v: Any) -> int:
    return int(v.shape.num_elements())


def readable_bytes(count: int) -> str:
    """Bytes as Keras writes them.

    Examples
    --------
    >>> from graphengine.keras.summary import readable_bytes
    >>> readable_bytes(1280)
    '1.25 KB'
    """
    size, unit = float(count), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.2f} {unit}"
