"""Whatever hands do on the canvas, the document stays sound, the scene shows it, and all of it can be undone."""
from __future__ import annotations

import random

import pytest
from hand import ALT, CTRL, LEFT, NO, RIGHT, SHIFT, Hand, graph
from PySide6 import QtWidgets
from PySide6.QtCore import Qt

from editor.model.document import GraphDocument
from editor.model.files import to_text
from editor.model.items import SUBGRAPH, Card, Frame, Note
from editor.theme import theme

from .test_commands_sequences import is_sound
from .test_tools_drops import Dragged, of_kind

KEYS = (Qt.Key.Key_Escape, Qt.Key.Key_Delete, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down,
        Qt.Key.Key_Return, Qt.Key.Key_F2, Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_A)
HELD = (NO, NO, NO, NO, NO, CTRL, SHIFT, ALT, CTRL | SHIFT)
KINDS = ("op/matmul", "op/concat", "layer/Dense", "train", "optimizer/SGD", "data/iris", "loss/MeanSquaredError",
         "op/exp", "op/const", "op/split")
EDITS = ("duplicate", "copy", "paste", "cut", "frame", "note", "bypass", "collapse", "tidy", "straighten", "select_all",
         "delete", "delete_and_reconnect", "group", "group", "unpack", "portal")
STEPS = 60


def place(chance, hand):
    """A socket, a part of a card, a wire, or anywhere."""
    which, ids, wires = chance.random(), list(hand.scene.cards), list(hand.scene.wires.values())
    if which < 0.2 and ids:
        id, side = chance.choice(ids), chance.choice(("input", "output"))
        return hand.port(id, side, 0) if side == "output" or hand.inference.inputs_of(id) else hand.title(id)
    if which < 0.55 and ids:
        rect = hand.scene.card_rect(chance.choice(ids))
        return rect.x() + chance.uniform(0, rect.width()), rect.y() + chance.uniform(0, rect.height())
    if which < 0.7 and wires:
        middle = chance.choice(wires).path().pointAtPercent(0.5)
        return middle.x(), middle.y()
    return chance.uniform(-300, 1000), chance.uniform(-150, 700)


def act(chance, hand):
    """Do one thing with the mouse, the keys or the menus."""
    which, held = chance.random(), chance.choice(HELD)
    if which < 0.4:
        button = chance.choice((LEFT,) * 6 + (RIGHT,))
        hand.begin(place(chance, hand), *(place(chance, hand) for _ in range(chance.randrange(1, 4))), button=button,
                   modifiers=held)
        if chance.random() < 0.1:
            hand.document.undo()
        if chance.random() < 0.1:
            hand.key(Qt.Key.Key_Escape)
        hand.release(place(chance, hand), button, chance.choice((held, NO)))
    elif which < 0.55:
        hand.click(place(chance, hand), chance.choice((LEFT,) * 5 + (RIGHT,)), held)
    elif which < 0.65:
        hand.double_click(place(chance, hand))
    elif which < 0.8:
        hand.key(chance.choice(KEYS), chance.choice(HELD), chance.choice(("", "a")))
    elif which < 0.85:
        dragged, at = Dragged(hand, of_kind(chance.choice(KINDS))), place(chance, hand)
        dragged.enter(at)
        dragged.over(at)
        dragged.drop(at)
    elif which < 0.9:
        getattr(hand.tool.edits, chance.choice(EDITS))()
    elif which < 0.95 and hand.tool.request is not None:
        hand.tool.add(chance.choice(KINDS), 0)
    else:
        chance.choice((hand.document.undo, hand.document.redo))()


def is_shown(hand):
    """The scene has an item for every item, and none besides, at its place."""
    document, scene = hand.document, hand.scene
    for kind, shown in (("card", scene.cards), ("frame", scene.frames), ("note", scene.notes)):
        assert set(shown) == {ref.key for ref in document.items if ref.kind == kind}
    assert set(scene.wires) == {ref for ref in document.items if ref.kind == "wire"}
    assert not scene.level or document.card(scene.level).kind == SUBGRAPH
    if hand.tool.gesture is None:
        for id, item in scene.cards.items():
            assert item.isVisible() <= (document.card(id).parent == scene.level)
            assert (item.x(), item.y()) == (document.card(id).x, document.card(id).y)


@pytest.mark.parametrize("seed", range(12))
def test_random_hands(qtbot, seed, monkeypatch):
    monkeypatch.setattr(theme, "_reduced_motion", True)     # cards are at once where a layout puts them
    chance = random.Random(seed)
    document = GraphDocument([*graph().items.values(), Frame("f", "title", -50, -60, 400, 250),
                              Note("n", "text", 700, 300), Card("m", "op/concat", {"axis": 0}, 700, 100)])
    hand, first = Hand(qtbot, document), to_text(document)
    hand.tool.open_requested.connect(
        lambda card: document.card(card).kind == SUBGRAPH and hand.scene.enter(card))
    hand.tool.up_requested.connect(lambda: hand.scene.enter(document.card(hand.scene.level).parent))
    for _ in range(STEPS):
        act(chance, hand)
        if chance.random() < 0.2:
            QtWidgets.QApplication.processEvents()
        is_sound(document)
        is_shown(hand)
    hand.tool.cancel()
    hand.tool.inline.close()
    while document.redo():
        pass
    last = to_text(document)
    while document.undo():
        pass
    assert to_text(document) == first
    is_shown(hand)
    while document.redo():
        pass
    assert to_text(document) == last
    is_shown(hand)
    hand.close()
