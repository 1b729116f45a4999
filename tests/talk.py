"""A conversation with the process that runs graphs, and graphs to talk about."""
from __future__ import annotations

import dataclasses
import pathlib

from PySide6 import QtCore

from editor.model.document import Change, GraphDocument
from editor.model.files import to_text
from editor.model.items import Card, Wire
from editor.run import messages as m
from editor.run.failures import name_of

SAMPLES = pathlib.Path(__file__).resolve().parents[1] / "samples"


class Talk:
    """A process and everything that it has said."""

    def __init__(self, qtbot, runner):
        self.qtbot, self.runner, self.said, self.serial = qtbot, runner, [], 0
        runner.received.connect(self.said.append)

    def send(self, request):
        self.runner.send(request)

    def wait(self, kind, when=lambda reply: True):
        """The next reply of a kind, from now on, that has not been waited for."""
        def found():
            return next((k for k, r in enumerate(self.said) if isinstance(r, kind) and when(r)), None)

        try:
            self.qtbot.waitUntil(lambda: found() is not None)
        except self.qtbot.TimeoutError:
            raise AssertionError(f"no {kind.__name__} in {[str(r)[:200] for r in self.said[-20:]]}") from None
        k = found()
        reply, self.said[: k + 1] = self.said[k], []
        return reply

    def load(self, document, folder=SAMPLES, anew=False):
        self.serial += 1
        self.send(m.Load(to_text(document), document.arrays, str(folder), self.serial, anew))
        return self.wait(m.Loaded, lambda r: r.serial == self.serial)

    def finish(self, request):
        """Everything that is said until a request is done."""
        start, what = len(self.said), name_of(request)      # the end of an earlier one may still come
        self.send(request)
        self.qtbot.waitUntil(
            lambda: any(isinstance(r, m.Finished) and r.what == what for r in self.said[start:]))
        found, self.said[:] = self.said[start:], []
        return found


class Line(QtCore.QObject):
    """In the place of a process: hears requests, and says what it is told to."""

    received = QtCore.Signal(object)

    def __init__(self):
        super().__init__()
        self.sent = []

    def send(self, request):
        self.sent.append(request)

    def close(self):
        pass

    def say(self, *replies):
        for reply in replies:
            self.received.emit(reply)


def of(replies, kind):
    return [r for r in replies if isinstance(r, kind)]


def drawn(*items):
    return GraphDocument(items)


def put(document, *items):
    document.do(Change("put", {item.ref: document.items.get(item.ref) for item in items},
                       {item.ref: item for item in items}))


def changed(document, card, **attributes):
    old = document.card(card)
    new = dataclasses.replace(old, attributes={**old.attributes, **attributes})
    document.do(Change("edit", {old.ref: old}, {new.ref: new}))


def endless(document):
    changed(document, "train", epochs=2**31 - 1)


def weights(talk):
    talk.send(m.GetWeights())
    return talk.wait(m.Weights).values


def layers():
    """Irises through layers that behave otherwise while they learn."""
    return drawn(
        Card("iris", "data/iris", {"train_rows": 96, "scale": {"x": "standard"}}),
        Card("x", "op/placeholder", {"shape": [None, 4]}),
        Card("label", "op/placeholder", {"dtype": "int64", "shape": [None]}),
        Card("hidden", "layer/Dense", {"units": 16, "activation": "tanh"}), Card("norm", "layer/BatchNormalization"),
        Card("drop", "layer/Dropout", {"rate": 0.2}), Card("out", "layer/Dense", {"units": 3}),
        Card("loss", "loss/SparseCategoricalCrossentropy", {"from_logits": True}),
        Card("right", "metric/sparse_categorical_accuracy"), Card("adam", "optimizer/Adam", {"learning_rate": 0.01}),
        Card("train", "train", {"epochs": 200}),
        *(Wire(a, k, b, n) for a, k, b, n in (
            ("iris", 0, "x", 0), ("iris", 1, "label", 0), ("x", 0, "hidden", 0), ("hidden", 0, "norm", 0),
            ("norm", 0, "drop", 0), ("drop", 0, "out", 0), ("label", 0, "loss", 0), ("out", 0, "loss", 1),
            ("loss", 0, "train", 0), ("adam", 0, "train", 1), ("label", 0, "right", 0), ("out", 0, "right", 1),
            ("right", 0, "train", 2))))
