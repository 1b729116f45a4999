"""Networks drawn with layers, as one draws them in the editor: data, layers, loss, optimizer and training.

`python -m editor.drawings` writes them into samples/ again.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .model.document import GraphDocument
from .model.files import save
from .model.items import Card, Item, Note, Setting, Wire

FOLDER = Path(__file__).resolve().parent.parent / "samples"
Layers = Sequence[tuple[str, str, dict[str, Any]]]


def chain(source: str, layers: Layers) -> list[Item]:
    """Cards of layers, each reading the one before."""
    items: list[Item] = []
    for id, kind, attributes in layers:
        items += [Card(id, f"layer/{kind}", attributes), Wire(source, 0, id, 0)]
        source = id
    return items


def training(loss: str, metrics: Sequence[str], optimizer: tuple[str, dict[str, Any]], epochs: int,
             batch_size: int) -> list[Item]:
    """A Train card with what belongs to it."""
    kind, attributes = optimizer
    items: list[Item] = [Card(kind.lower(), f"optimizer/{kind}", attributes),
             Card("train", "train", {"epochs": epochs, "batch_size": batch_size}),
             Wire(loss, 0, "train", 0), Wire(kind.lower(), 0, "train", 1)]
    return [*items, *(Wire(metric, 0, "train", 2 + k) for k, metric in enumerate(metrics))]


def classifier(data: str, attributes: Mapping[str, Any], shape: Sequence[int], layers: Layers,
               optimizer: tuple[str, dict[str, Any]], epochs: int, batch_size: int) -> list[Item]:
    """Measurements in, classes out."""
    last = layers[-1][0]
    return [
        Card(data, f"data/{data}", attributes), Card("x", "op/placeholder", {"shape": [None, *shape]}),
        Card("y", "op/placeholder", {"dtype": "int64", "shape": [None]}), Wire(data, 0, "x", 0), Wire(data, 1, "y", 0),
        *chain("x", layers),
        Card("loss", "loss/SparseCategoricalCrossentropy", {"from_logits": True}),
        Card("accuracy", "metric/sparse_categorical_accuracy"),
        Wire("y", 0, "loss", 0), Wire(last, 0, "loss", 1), Wire("y", 0, "accuracy", 0), Wire(last, 0, "accuracy", 1),
        *training("loss", ["accuracy"], optimizer, epochs, batch_size),
    ]


def iris() -> list[Item]:
    """Four lengths of a flower tell its species."""
    layers: Layers = [("hidden", "Dense", {"units": 8, "activation": "relu"}), ("scores", "Dense", {"units": 3})]
    return classifier("iris", {"scale": {"x": "standard"}, "train_rows": 105}, [4], layers,
                      ("Adam", {"learning_rate": 0.01}), 300, 15)


def digits() -> list[Item]:
    """A convolutional network reads handwritten digits of 8 by 8 pixels."""
    layers: Layers = [
        ("image", "Reshape", {"target_shape": [8, 8, 1]}),
        ("edges", "Conv2D", {"filters": 16, "kernel_size": 3, "padding": "same", "activation": "relu"}),
        ("half", "MaxPooling2D", {}),
        ("shapes", "Conv2D", {"filters": 32, "kernel_size": 3, "padding": "same", "activation": "relu"}),
        ("mean", "GlobalAveragePooling2D", {}), ("scores", "Dense", {"units": 10}),
    ]
    return classifier("digits", {"scale": {"x": {"divide": 16}}, "train_rows": 1347}, [8, 8], layers,
                      ("Adam", {"learning_rate": 0.003}), 20, 32)


def autoencoder() -> list[Item]:
    """Digits are pressed through eight numbers, and drawn again from these."""
    layers: Layers = [
        ("pixels", "Flatten", {}), ("squeeze", "Dense", {"units": 32, "activation": "relu"}),
        ("code", "Dense", {"units": 8}),
        ("unfold", "Dense", {"units": 32, "activation": "relu"}),
        ("picture", "Dense", {"units": 64, "activation": "sigmoid"}),
    ]
    return [
        Card("digits", "data/digits", {"scale": {"x": {"divide": 16}}}),
        Card("x", "op/placeholder", {"shape": [None, 8, 8]}), Wire("digits", 0, "x", 0), *chain("x", layers),
        Card("loss", "loss/MeanSquaredError"), Wire("pixels", 0, "loss", 0), Wire("picture", 0, "loss", 1),
        *training("loss", [], ("Adam", {"learning_rate": 0.003}), 60, 32),
    ]


def moons() -> list[Item]:
    """A boundary between two kinds of points, drawn while it is learned."""
    layers: Layers = [("first", "Dense", {"units": 16, "activation": "tanh"}),
              ("second", "Dense", {"units": 16, "activation": "tanh"}), ("score", "Dense", {"units": 2})]
    items = classifier("points", {}, [2], layers, ("Adam", {"learning_rate": 0.01}), 200, 32)
    columns = {"x": ["x", "y"], "y": "kind"}
    source = Card("points", "data/csv", {"file": "data/moons.csv", "feeds": columns, "train_rows": 240})
    return [source, *items[1:]]


DRAWINGS: Mapping[str, Callable[[], list[Item]]] = {
    "drawn_iris": iris, "drawn_digits": digits, "drawn_autoencoder": autoencoder,
    "drawn_moons": moons,
}


def document(make: Callable[[], list[Item]]) -> GraphDocument:
    """A drawing with a note that says what it is; the editor lays the cards out when it opens it."""
    note = Note("about", f"**{make.__doc__}**\n\nPress *Run* to see values, *Train* to let it learn.", 0, -156)
    return GraphDocument([*make(), Setting("seed", 0), note])


if __name__ == "__main__":
    for name, make in DRAWINGS.items():
        save(document(make), FOLDER / f"{name}.graph.json")
