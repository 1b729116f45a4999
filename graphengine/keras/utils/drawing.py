"""A model as a picture: its layers as boxes, and what flows between them as lines."""
from __future__ import annotations

import html
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import InvalidArgumentError
from ...ir.node import Node, Tensor
from ..functional import InputLayer
from ..symbolic import LayerCall, call_of, is_symbol

LINE, GAP, MARGIN, PER_CHARACTER = 20, 40, 20, 7.5     # pixels; the last is the width of a monospaced sign at 12 px


@dataclass(frozen=True)
class Box:
    """A layer, or an op called on symbols.

    rows : lines of text
    before : numbers of the boxes that its inputs come from
    depth : boxes on the longest way to it
    """

    rows: tuple[str, ...]
    before: tuple[int, ...]
    depth: int

    @property
    def width(self) -> float:
        return max(len(r) for r in self.rows) * PER_CHARACTER + 20

    @property
    def height(self) -> float:
        return len(self.rows) * LINE + 10


def plot_model(
    model: Any, to_file: Any = "model.png", show_shapes: bool = False, show_dtype: bool = False,
    show_layer_names: bool = False, rankdir: str = "TB", expand_nested: bool = False, dpi: int = 200,
    show_layer_activations: bool = False, show_trainable: bool = False, splines: str = "ortho",
) -> str:
    """Draw a model into a file.

    Parameters
    ----------
    model : one whose input has a shape
    to_file : ends with ".svg", or with ".png" where cairosvg is installed
    show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable : what the boxes say
    rankdir : "TB" from top to bottom, "LR" from left to right
    expand_nested : whether models inside are drawn by their layers
    dpi : resolution of a ".png"
    splines : accepted for Keras's sake; lines are curves

    Returns
    -------
    The text of the SVG file.

    Raises
    ------
    InvalidArgumentError for another ending or direction, for ".png" without cairosvg, and for a model without a
    shape of its input.
    """
    path = os.fspath(to_file)
    if rankdir not in ("TB", "LR"):
        raise InvalidArgumentError(f"rankdir={rankdir!r} is neither 'TB' nor 'LR'", op="plot_model")
    if not path.endswith((".svg", ".png")):
        raise InvalidArgumentError(f"{path!r} ends with neither .svg nor .png", op="plot_model")
    shown = {"shapes": show_shapes, "dtype": show_dtype, "names": show_layer_names,
             "activations": show_layer_activations, "trainable": show_trainable}
    text = svg_of(boxes_of(model, shown, expand_nested), rankdir)
    if path.endswith(".svg"):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return text
    try:
        import cairosvg  # type: ignore[import-not-found]
    except ImportError:
        raise InvalidArgumentError("a .png wants the package cairosvg, which is not installed", op="plot_model",
                                   fix=f"to_file={path.removesuffix('.png') + '.svg'!r}") from None
    cairosvg.svg2png(bytestring=text.encode(), write_to=path, dpi=dpi)
    return text


# -------------------------------------------------------------------- which boxes

def boxes_of(model: Any, shown: dict[str, bool], expand_nested: bool) -> list[Box]:
    drawn = getattr(model, "_functional", None) or model
    if not hasattr(drawn, "_playback"):
        raise InvalidArgumentError(f"model {model.name!r} does not know the shape of its input", op="plot_model",
                                   fix="begin with keras.Input(shape=...), or build it of symbols")
    boxes: list[Box] = []
    _add(drawn, [], boxes, shown, expand_nested)
    return boxes


def _add(
    model: Any, sources: Sequence[int], boxes: list[Box], shown: dict[str, bool], expand_nested: bool
) -> list[int]:
    """Add the boxes of a model.

    sources : for a model inside another, the boxes that its inputs come from
    result : the boxes that its outputs come from
    """
    playback = model._playback
    home: dict[int, int] = {}
    for k, t in enumerate(playback.inputs):
        home[id(t)] = sources[k] if sources else _box(boxes, call_of(t) or t.node, (), shown)
    for step in playback.steps:
        before = tuple(dict.fromkeys(home[id(t)] for t in step.inputs if id(t) in home))
        if isinstance(step, Node) and not before:
            continue                        # constants and weights that an op reads
        inner = None if isinstance(step, Node) else getattr(step.layer, "_functional", None) or step.layer
        if expand_nested and hasattr(inner, "_playback"):
            places = _add(inner, before, boxes, shown, True)
        else:
            places = [_box(boxes, step, before, shown)] * len(step.outputs)
        home.update((id(t), place) for t, place in zip(step.outputs, places, strict=False))
    return [home[id(t)] for t in playback.outputs]


def _box(boxes: list[Box], step: LayerCall | Node, before: tuple[int, ...], shown: dict[str, bool]) -> int:
    depth = max((boxes[k].depth + 1 for k in before), default=0)
    boxes.append(Box(tuple(_rows(step, shown)), before, depth))
    return len(boxes) - 1


def _rows(step: LayerCall | Node, shown: dict[str, bool]) -> list[str]:
    if isinstance(step, Node):
        layer, title = None, step.op.node_name
    else:
        layer = step.layer
        kind = getattr(layer, "class_name", type(layer).__name__)
        title = f"{layer.name} ({kind})" if shown["names"] else kind
    rows = [title]
    activation = getattr(layer, "activation", None)
    if shown["activations"] and activation is not None:
        rows.append(f"Activation: {getattr(activation, '__name__', type(activation).__name__)}")
    if shown["shapes"]:
        inputs = [] if isinstance(layer, InputLayer) else [t for t in step.inputs if is_symbol(t)]
        rows += [f"Input shape: {_shapes(inputs)}"] if inputs else []
        rows.append(f"Output shape: {_shapes(step.outputs)}")
    if shown["dtype"]:
        rows.append(f"Output dtype: {', '.join(t.dtype.name for t in step.outputs)}")
    if shown["trainable"] and layer is not None and layer.weights:
        rows.append(f"Trainable: {bool(layer.trainable)}")
    return rows


def _shapes(tensors: Sequence[Tensor]) -> str:
    return ", ".join(str(tuple(t.shape)) for t in tensors)


# -------------------------------------------------------------------- where they are

def svg_of(boxes: Sequence[Box], rankdir: str) -> str:
    """Boxes of equal depth beside each other, in the order in which they were added, and curves between them."""
    is_down = rankdir == "TB"
    ranks = [[k for k, b in enumerate(boxes) if b.depth == depth]
             for depth in range(max((b.depth for b in boxes), default=-1) + 1)]
    along = [(b.width if is_down else b.height) for b in boxes]
    deep = [max(boxes[k].height if is_down else boxes[k].width for k in rank) for rank in ranks]
    spans = [sum(along[k] for k in rank) + GAP * (len(rank) - 1) for rank in ranks]
    widest, at = max(spans, default=0.0), float(MARGIN)
    places: dict[int, tuple[float, float]] = {}
    for rank, depth, span in zip(ranks, deep, spans, strict=True):
        across = MARGIN + (widest - span) / 2
        for k in rank:
            places[k] = (across, at) if is_down else (at, across)
            across += along[k] + GAP
        at += depth + GAP
    long, wide = at - GAP + MARGIN, widest + 2 * MARGIN
    width, height = (wide, long) if is_down else (long, wide)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="monospace" font-size="12">',
        f'<rect width="{width:g}" height="{height:g}" fill="white"/>',
    ]
    for k, box in enumerate(boxes):
        parts += [_curve(boxes[j], places[j], box, places[k], is_down) for j in box.before]
    parts += [_drawn(box, places[k]) for k, box in enumerate(boxes)]
    return "\n".join([*parts, "</svg>", ""])


def _curve(one: Box, begin: tuple[float, float], other: Box, end: tuple[float, float], is_down: bool) -> str:
    if is_down:
        x0, y0, x1, y1 = begin[0] + one.width / 2, begin[1] + one.height, end[0] + other.width / 2, end[1]
        bend = f"{x0:g} {(y0 + y1) / 2:g} {x1:g} {(y0 + y1) / 2:g}"
    else:
        x0, y0, x1, y1 = begin[0] + one.width, begin[1] + one.height / 2, end[0], end[1] + other.height / 2
        bend = f"{(x0 + x1) / 2:g} {y0:g} {(x0 + x1) / 2:g} {y1:g}"
    return f'<path d="M {x0:g} {y0:g} C {bend} {x1:g} {y1:g}" fill="none" stroke="#555555"/>'


def _drawn(box: Box, place: tuple[float, float]) -> str:
    x, y = place
    lines = [f'<rect x="{x:g}" y="{y:g}" width="{box.width:g}" height="{box.height:g}" rx="4" fill="#f2f5fa" '
             f'stroke="#333333"/>']
    lines += [
        f'<text x="{x + box.width / 2:g}" y="{y + 5 + LINE * (k + 0.7):g}" text-anchor="middle"'
        f'{" font-weight=" + chr(34) + "bold" + chr(34) if k == 0 else ""}>{html.escape(row)}</text>'
        for k, row in enumerate(box.rows)
    ]
    return "\n".join(lines)
