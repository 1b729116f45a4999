"""A drawn graph with all that a card can show, and an inference that says what it is told: for tests of the scene."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from editor.infer import UNKNOWN, InputState, Problem, Result
from editor.model.catalog import Field, Kind, Socket
from editor.model.document import GraphDocument
from editor.model.items import Card, Frame, Item, Note, Wire
from editor.run.messages import KernelInfo, Preview

FLOATS, INTS = ("float32", "float64"), ("int32", "int64")


@dataclass
class ToldInference:
    """Shapes and problems as given, rows of sockets as the kinds say."""

    document: GraphDocument
    kinds: dict[str, Kind]
    shapes: dict[str, tuple[Result, ...]] = field(default_factory=dict)
    troubles: dict[str, Problem] = field(default_factory=dict)
    listeners: list[Callable[[frozenset[str]], None]] = field(default_factory=list)

    def outputs(self, card_id: str) -> tuple[Result, ...]:
        card = self.document.card(card_id)
        count = len(self.kinds[card.kind].outputs) if card is not None and card.kind in self.kinds else 0
        return self.shapes.get(card_id, (UNKNOWN,) * count) if card is not None else ()

    def output_count(self, card_id: str) -> int:
        return len(self.outputs(card_id))

    def problem(self, card_id: str) -> Problem | None:
        return self.troubles.get(card_id)

    def inputs_of(self, card_id: str) -> tuple[InputState, ...]:
        card = self.document.card(card_id)
        kind = self.kinds.get(card.kind) if card is not None else None
        if kind is None:
            return ()
        wires = self.document.wires_into(card_id)
        count = len(kind.inputs)
        if kind.inputs and kind.inputs[-1].many:
            count = max(count, max(wires, default=-1) + 2)
        return tuple(InputState(kind.input(i), i, wires.get(i)) for i in range(count))


def kind(title: str, category: str, inputs: tuple[Socket, ...] = (), fields: tuple[Field, ...] = (), outputs: int = 1,
         family: str = "Ops", key: str = "") -> Kind:
    name = title.lower()
    return Kind(key or f"op/{name}", title, family, category, inputs, (Socket("y"),) * outputs, fields,
                f"What {title} does.", "", name=name)


SHAPE = Field("shape", "sizes of the axes", "shape")
INIT = Field("init", "first value", "text")
KINDS = {k.key: k for k in (
    kind("Placeholder", "Input", fields=(SHAPE,)),
    kind("Variable", "Input", fields=(INIT,)),
    kind("MatMul", "Linear algebra", (Socket("a", "left factor", accepts=FLOATS), Socket("b", accepts=FLOATS)),
         (Field("transpose_a", "use the transpose of a", "bool", False),)),
    kind("Add", "Math", (Socket("a", accepts=FLOATS), Socket("b", accepts=FLOATS))),
    kind("ReLU", "Activation", (Socket("x", accepts=FLOATS),)),
    kind("CrossEntropy", "Loss", (Socket("logits", accepts=FLOATS), Socket("labels", accepts=INTS)), family="Losses"),
    kind("Concat", "Shape", (Socket("values", many=True),), (Field("axis", "along which", "int", 0),)),
    kind("Dropout", "Layer", (Socket("x", accepts=FLOATS), Socket("mask", accepts=("bool",), optional=True))),
    kind("Adam", "Optimizer", family="Optimizers", key="optimizer/Adam"),
    kind("Train", "Optimizer", (Socket("loss"), Socket("optimizer", carries="optimizer"), Socket("metrics", many=True,
         optional=True)), outputs=0, family="Training", key="train"),
)}


def picture_items() -> list[Item]:
    """The cards of the picture of the look."""
    return [
        Card("x", "op/placeholder", {"shape": [None, 784]}, 40, 50),
        Card("w1", "op/variable", {"init": "glorot"}, 40, 260),
        Card("matmul", "op/matmul", {}, 330, 110),
        Card("b1", "op/variable", {"init": "zeros"}, 330, 280),
        Card("add", "op/add", {}, 620, 135),
        Card("relu", "op/relu", {}, 860, 135),
        Card("matmul_1", "op/matmul", {}, 1130, 125),
        Card("crossentropy", "op/crossentropy", {}, 1130, 300),
        Wire("x", 0, "matmul", 0), Wire("w1", 0, "matmul", 1), Wire("matmul", 0, "add", 0), Wire("b1", 0, "add", 1),
        Wire("add", 0, "relu", 0), Wire("relu", 0, "matmul_1", 0), Wire("relu", 0, "crossentropy", 0),
    ]


def preview(values: np.ndarray, thumbnail: np.ndarray | None = None) -> Preview:
    flat = values[np.isfinite(values)].astype(np.float64)
    low, high, mean, std = (float(f(flat)) for f in (np.min, np.max, np.mean, np.std))
    return Preview(str(values.dtype), values.shape, values.nbytes, low, high, mean, std,
                   int(np.isnan(values).sum()), int(np.isinf(values).sum()),
                   tuple(np.histogram(flat, 64)[0].tolist()), thumbnail, str(values) if values.size < 9 else "")


def ring() -> np.ndarray:
    """A digit that looks like 0."""
    y, x = np.mgrid[-1:1:28j, -1:1:28j]
    return (255 * np.exp(-((np.hypot(x, y) - 0.55) / 0.18) ** 2)).astype(np.uint8)


def document_and_inference(items: list[Item] | None = None) -> tuple[GraphDocument, ToldInference]:
    document = GraphDocument(picture_items() if items is None else items)
    shapes = {id: (Result("float32", shape, None),) for id, shape in {
        "x": "(?, 784)", "w1": "(784, 128)", "matmul": "(?, 128)", "b1": "(128,)", "add": "(?, 128)",
        "relu": "(?, 128)", "crossentropy": "()", "matmul_1": "?"}.items()}
    troubles = {"matmul_1": Problem("matmul_1", 0, "error", "inner dims 128 ≠ 64", "matmul: inner sizes differ")}
    return document, ToldInference(document, dict(KINDS), shapes, troubles)


def show_results(scene: Any) -> None:
    """Previews, gradients, times, a curve and a kernel, as in the picture."""
    rng = np.random.default_rng(3)
    scene.show_previews({("x", 0): preview(rng.random((64, 784), np.float32), ring())})
    weights = rng.normal(0.02, 0.11, (784, 128)).astype(np.float32)
    scene.show_gradients({"w1": 3.1e-3, "b1": 8.0e-4}, {"w1": preview(weights)})
    scene.show_heat({"matmul": 1.92e-3, "add": 8e-5, "relu": 5e-5, "crossentropy": 3.1e-4})
    steps = np.arange(60)
    losses = 0.08 + 2.2 * np.exp(-steps / 14) + rng.normal(0, 0.02, 60)
    scene.show_series("crossentropy", [*losses[:-1].tolist(), 0.0841])
    scene.show_groups([KernelInfo("k0", "add+relu", ("add", "relu"), "", {})])



def furnished_items() -> list[Item]:
    """What the picture has not: frame, note, bends, collapsed and bypassed cards, all forms of sockets, long names."""
    return [
        Frame("f", "Input pipeline with a rather long title that does not fit", 0, 0, 260, 300, 2),
        Note("n", "# Heading\nSome *text* with `code` and\n\n- one\n- two", 300, 0),
        Card("a_very_long_name_of_a_card", "op/placeholder", {"shape": [None, 28, 28, 3, 77, 12, 9]}, 30, 60, 144),
        Card("c", "op/concat", {"axis": 1}, 300, 160), Card("d", "op/dropout", {}, 560, 160, bypassed=True),
        Card("adam", "optimizer/Adam", {}, 560, 20, collapsed=True), Card("t", "train", {}, 820, 100),
        Card("odd", "op/not_there", {}, 820, 300), Card("wide", "op/relu", {}, 300, 330, 360),
        Wire("a_very_long_name_of_a_card", 0, "c", 0), Wire("c", 0, "d", 0, ((520.0, 120.0), (540.0, 300.0))),
        Wire("d", 0, "t", 0), Wire("adam", 0, "t", 1), Wire("d", 0, "t", 2), Wire("wide", 0, "c", 1),
    ]
