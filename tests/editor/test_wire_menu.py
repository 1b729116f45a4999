"""Wires are drawn by keys, too: what an input of a card reads is chosen in a menu."""
from __future__ import annotations

import pytest
from PySide6 import QtCore, QtWidgets

from editor import commands
from editor.model.files import open_document
from editor.model.items import Ref
from editor.popups.wire_menu import WireMenu

Key = QtCore.Qt.Key


@pytest.fixture
def window(open_window, iris_file):
    return open_window(open_document(iris_file), iris_file)


def offered(menu, input):
    """What the menu of an input offers, by its words."""
    below = menu.inputs[input]
    below.aboutToShow.emit()
    return {action.text().partition("   ")[0]: action for action in below.actions()}


def source(window, card, input):
    wire = window.document.wires_into(card).get(input)
    return wire.source if wire is not None else None


def test_what_fits_is_offered_and_chosen(window):
    document = window.document
    document.do(commands.disconnect(document, [Ref("wire", ("train", 1))]))
    menu = WireMenu(window.tool.canvas, "train", window)
    assert [action.text() for action in menu.actions()][:2] == ["loss reads loss", "optimizer reads nothing"]
    found = offered(menu, 1)
    assert list(found) == ["adam"], "only an optimizer optimizes"
    found["adam"].trigger()
    assert source(window, "train", 1) == "adam" and document.history[-1] == "Connect 'adam' to 'train'"
    found = offered(WireMenu(window.tool.canvas, "train", window), 1)
    found["Nothing"].trigger()
    assert source(window, "train", 1) is None


def test_no_circle_and_no_sizes_that_differ_are_offered(window):
    found = offered(WireMenu(window.tool.canvas, "hidden", window), 0)
    assert "x" in found and "y" not in found and not {"hidden", "scores", "loss"} & set(found)


def test_a_card_in_a_subgraph_is_what_is_wired(window):
    window.scene.select([Ref("card", "hidden"), Ref("card", "scores")])
    window.do_group()
    (whole,) = (ref.key for ref in window.scene.selected())
    menu = WireMenu(window.tool.canvas, whole, window)
    found = offered(menu, 0)
    found["Nothing"].trigger()
    assert source(window, "hidden", 0) is None
    found = offered(WireMenu(window.tool.canvas, whole, window), 0)
    found["x"].trigger()
    assert source(window, "hidden", 0) == "x"


def test_it_opens_for_one_selected_card(window, qtbot):
    window.scene.select([Ref("card", "x"), Ref("card", "y")])
    assert not window.actions_["connect"].isEnabled()
    window.scene.select([Ref("card", "hidden")])
    window.view.setFocus()
    window.actions_["connect"].trigger()
    (menu,) = window.findChildren(WireMenu)
    qtbot.waitUntil(menu.isVisible)
    card = window.scene.card_rect("hidden")
    assert menu.pos().x() >= window.tool.canvas.global_place(card.topRight()).x(), "beside its inputs, not on them"
    for key in (Key.Key_Down, Key.Key_Right, Key.Key_Return):       # its input, what can be read there, nothing
        qtbot.keyClick(QtWidgets.QApplication.activePopupWidget(), key)
    assert source(window, "hidden", 0) is None
    qtbot.waitUntil(lambda: not window.findChildren(WireMenu))


def test_what_has_no_inputs_and_what_nothing_fits_say_so(window):
    menu = WireMenu(window.tool.canvas, "adam", window)
    assert [(a.text(), a.isEnabled()) for a in menu.actions()] == [("adam has no inputs.", False)]
    window.add_kind("op/relu")
    document = window.document
    document.do(commands.delete(document, [card.ref for card in document.cards if card.id != "relu"], "Clear"))
    found = offered(WireMenu(window.tool.canvas, "relu", window), 0)
    assert list(found) == ["No result on the canvas fits."]
