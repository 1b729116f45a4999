"""A model as a graph in the language of Graphviz, with the boxes and lines that `plot_model` draws."""
from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import AttributeValueError
from .drawing import Box, boxes_of, svg_of


@dataclass(frozen=True)
class Dot:
    """Boxes and lines as text for Graphviz, or drawn.

    title : name of the model
    settings : attributes of the graph
    """

    title: str
    boxes: Sequence[Box]
    settings: dict[str, Any]
    is_part: bool = False

    def to_string(self) -> str:
        """The graph in Graphviz's language."""
        head = f"subgraph {_quoted('cluster_' + self.title)}" if self.is_part else "digraph G"
        lines = [f"{name}={_quoted(value)};" for name, value in self.settings.items()]
        lines += [f"{k} [label={_label(b)}, shape=record, fontname=Helvetica];" for k, b in enumerate(self.boxes)]
        lines += [f"{k} -> {to} [penwidth=2];" for to, b in enumerate(self.boxes) for k in b.before]
        return "\n".join([f"{head} {{", *lines, "}", ""])

    __str__ = to_string

    def create(self, prog: Any = None, format: str = "svg") -> bytes:
        """The graph as "svg", drawn as `plot_model` draws it, or as text: "dot" or "raw".

        Raises
        ------
        AttributeValueError for another format.
        """
        if format in ("dot", "raw"):
            return self.to_string().encode()
        if format != "svg":
            raise AttributeValueError(f"format={format!r}; it takes svg, dot or raw", op="model_to_dot",
                                      fix="plot_model(model, 'model.png')")
        return svg_of(self.boxes, self.settings.get("rankdir", "TB")).encode()

    def write(self, path: Any, prog: Any = None, format: str = "raw") -> bool:
        """Write what `create` gives into a file."""
        with open(os.fspath(path), "wb") as file:
            file.write(self.create(prog, format))
        return True


def model_to_dot(
    model: Any, show_shapes: bool = False, show_dtype: bool = False, show_layer_names: bool = True, rankdir: str = "TB",
    expand_nested: bool = False, dpi: int = 200, subgraph: bool = False, show_layer_activations: bool = False,
    show_trainable: bool = False, splines: str = "ortho", **kwargs: Any,
) -> Dot:
    """A model as a graph for Graphviz: ``print(model_to_dot(model))``.

    Parameters
    ----------
    show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable : what the boxes say
    rankdir : "TB" from top to bottom, "LR" from left to right
    expand_nested : whether models inside are drawn by their layers
    dpi, splines : what Graphviz draws with
    subgraph : as a part of another graph, in a dashed frame

    Raises
    ------
    AttributeValueError for an argument that there is not; InvalidArgumentError for a model without a shape of its
    input.
    """
    if kwargs:
        raise AttributeValueError(f"there is no argument {next(iter(kwargs))!r}", op="model_to_dot")
    shown = {"shapes": show_shapes, "dtype": show_dtype, "names": show_layer_names,
             "activations": show_layer_activations, "trainable": show_trainable}
    settings = {"label": model.name, "labeljust": "l", "style": "dashed"} if subgraph else {
        "rankdir": rankdir, "concentrate": "true", "dpi": dpi, "splines": splines}
    return Dot(model.name, boxes_of(model, shown, expand_nested), settings, subgraph)


def _label(box: Box) -> str:
    """The rows of a record; signs that mean something in it are written with a backslash."""
    rows = ["".join("\\" + sign if sign in '{}|<>"\\' else sign for sign in row) for row in box.rows]
    return '"{' + "|".join(rows) + '}"'


def _quoted(value: Any) -> str:
    return '"' + str(value).replace('"', '\\"') + '"'
