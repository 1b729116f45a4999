"""Laying out a large graph: in a thread, while the window goes on; the last wish counts."""
from __future__ import annotations

import dataclasses

import pytest
from PySide6 import QtCore, QtTest, QtWidgets

from editor.infer import Inference
from editor.model.document import Change, GraphDocument
from editor.model.items import Card, Wire
from editor.scene import GraphScene, GraphView
from editor.theme import install, theme
from editor.tools import Interaction
from editor.tools.tidy import MANY


@pytest.fixture
def hand(qapp, qtbot):
    """A canvas with a long chain, all cards in one place."""
    install(qapp)
    theme.reduced_motion = True
    cards = [Card(f"n{k}", "op/relu", {}, 0.0, 0.0) for k in range(MANY)]
    document = GraphDocument([*cards, *(Wire(f"n{k}", 0, f"n{k + 1}", 0) for k in range(MANY - 1))])
    inference = Inference(document)
    scene = GraphScene(document, inference)
    view = GraphView(scene)
    qtbot.addWidget(view)
    tool = Interaction(document, inference, view)
    tool.messages = []
    tool.said.connect(tool.messages.append)
    view.show()
    yield tool, document, view
    tool.detach()
    scene.detach()
    inference.close()
    theme.reduced_motion = False


def stands(document):
    return len({(card.x, card.y) for card in document.cards})


def test_a_large_graph_is_laid_out_in_a_thread(hand, qtbot):
    tool, document, _ = hand
    done = []
    tool.edits.tidy(then=lambda: done.append(stands(document)))
    assert stands(document) == 1 and "Laying out" in tool.messages[-1]
    qtbot.waitUntil(lambda: bool(done))
    assert done == [MANY] and document.history == ["Tidy up"]
    document.undo()
    tool.edits.settle(lambda: done.append(0))
    qtbot.waitUntil(lambda: len(done) == 2)
    assert stands(document) == MANY and document.history == [], "places of cards that had none are no edit"


def test_an_edit_meanwhile_counts_and_nothing_is_moved(hand, qtbot):
    tool, document, _ = hand
    tool.edits.tidy()
    card = document.card("n3")
    document.do(Change("Move", {card.ref: card}, {card.ref: dataclasses.replace(card, x=77.0)}))
    qtbot.waitUntil(lambda: "changed" in tool.messages[-1])
    assert document.history == ["Move"] and stands(document) == 2


def test_escape_leaves_a_layout(hand, qtbot):
    tool, document, view = hand
    tool.edits.tidy()
    QtTest.QTest.keyClick(view.viewport(), QtCore.Qt.Key.Key_Escape)
    assert not tool.edits.break_off(), "it is gone already"
    qtbot.wait(600)
    assert stands(document) == 1
    tool.edits.tidy()
    tool.edits.tidy()                       # the last one counts, once
    qtbot.waitUntil(lambda: stands(document) == MANY)
    QtWidgets.QApplication.processEvents()
    assert document.history == ["Tidy up"]
