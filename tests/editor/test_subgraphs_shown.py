"""Subgraphs on the canvas: one level is seen at a time; wires end at the card that stands for others; keys, crumbs."""
from __future__ import annotations

import pytest
from hand import CTRL, NO, SHIFT, Hand
from PySide6 import QtWidgets
from PySide6.QtCore import Qt

from editor import commands
from editor.io.pictures import read_picture
from editor.model import subgraphs
from editor.model.document import GraphDocument
from editor.model.files import to_text
from editor.model.items import SUBGRAPH, Card, Ref, Wire
from editor.run import messages as m
from editor.scene.geometry import Hit
from editor.scene.look import CardResults

from .test_subgraphs import cards, graph, grouped

Key = Qt.Key


@pytest.fixture
def inside(qtbot):
    """A hand at a graph with a, b and sum in a subgraph."""
    hand = Hand(qtbot, grouped("a", "b", "sum"))
    hand.view.centerOn(450, 150)
    yield hand
    hand.close()


@pytest.fixture
def window(open_window, qtbot):
    found = open_window(graph())
    qtbot.waitExposed(found)
    return found


def seen(scene):
    return {id for id, item in scene.cards.items() if item.isVisible()}


def seen_wires(scene):
    return {ref.key for ref, item in scene.wires.items() if item.isVisible()}


def preview(value):
    from editor.run.previews import preview as made
    return made(value)


def test_the_wires_of_a_socket_light_up(inside):
    def lit(side, number):
        inside.scene.set_hover(Hit("card", Ref("card", "block"), side, number))
        return {ref.key for ref, item in inside.scene.wires.items() if item.hovered}

    assert lit("input", 0) == {("a", 0), ("b", 0)} and lit("input", 1) == {("b", 1)}
    assert lit("output", 0) == {("end", 0)} and lit("output", 9) == set()


@pytest.fixture
def fan(qtbot):
    """A hand at a graph whose one card in a subgraph is read by many outside."""
    hand = Hand(qtbot, GraphDocument([
        Card("g", SUBGRAPH), Card("k", "op/placeholder", parent="g"),
        *(Card(f"c{i}", "op/negative", x=200.0, y=40.0 * i) for i in range(100)),
        *(Wire("k", 0, f"c{i}", 0) for i in range(100))]))
    yield hand
    hand.close()


def test_many_wires_of_one_output_are_gone_through_once(fan, monkeypatch):
    asked = []
    plain = subgraphs.shown_as
    monkeypatch.setattr(subgraphs, "shown_as", lambda *what: asked.append(what) or plain(*what))
    fan.scene.enter("g")
    assert seen(fan.scene) == {"k"} and len(seen_wires(fan.scene)) == 1
    assert len(asked) < 1000
    asked.clear()
    fan.document.do(commands.move(fan.document, [Ref("card", "k")], 10, 0))
    assert len(asked) < 1000
    fan.scene.enter("")
    asked.clear()
    fan.scene.select([wire.ref for wire in fan.document.wires])
    fan.tool.edits.delete()
    assert not list(fan.document.wires) and len(asked) < 2000


def test_one_card_stands_for_those_inside(inside):
    scene = inside.scene
    assert seen(scene) == {"x", "w", "block", "end"}
    assert seen_wires(scene) == {("a", 0), ("b", 0), ("b", 1), ("end", 0)}
    look = scene.cards["block"].look
    assert look.title == "block" and [socket.name for socket, *_ in look.inputs] == ["a", "b y"]
    assert [result.shape for result in look.outputs] == ["(?, 3)"]
    end = scene.wires[Ref("wire", ("b", 1))].path().currentPosition()
    assert (end.x(), end.y()) == inside.port("block", "input", 1) == inside.port("b", "input", 1)


def test_inside_only_what_lies_there_is_seen_and_names_say_what_is_outside(inside):
    scene = inside.scene
    scene.enter("block")
    assert seen(scene) == {"a", "b", "sum"}
    assert seen_wires(scene) == {("a", 0), ("b", 0), ("b", 1), ("sum", 0), ("sum", 1), ("end", 0)}
    tags = {ref.key: [(tag.text, tag.way) for tag in item.tags] for ref, item in scene.wires.items() if item.tags}
    assert tags == {("a", 0): [("x", -1)], ("b", 0): [("x", -1)], ("b", 1): [("w", -1)], ("end", 0): [("end", 1)]}
    for ref, item in scene.wires.items():
        for tag in item.tags:
            assert scene.hit(tag.box.center()).ref == ref
    scene.enter("")
    assert seen(scene) == {"x", "w", "block", "end"} and not any(item.tags for item in scene.wires.values())


def test_several_readers_outside_have_one_tag(inside):
    inside.document.do(commands.add_card(inside.document, "op/tanh", 900, 300))
    inside.document.do(commands.connect(inside.document, "sum", 0, "tanh", 0))
    inside.scene.enter("block")
    shown = [item for ref, item in inside.scene.wires.items() if item.isVisible() and item.wire.source == "sum"]
    assert [[tag.text for tag in item.tags] for item in shown] == [["2 cards"]]


def test_new_cards_lie_where_one_looks(inside):
    inside.scene.enter("block")
    id = inside.tool.add("op/exp")
    assert inside.document.card(id).parent == "block"
    inside.tool.edits.note()
    inside.tool.edits.select_all()
    assert inside.selected == {"a", "b", "sum", id, "note"}
    inside.tool.edits.duplicate()
    assert all(inside.document.card(name).parent == "block" for name in inside.selected if name != "note_1")
    while inside.document.undo():
        pass
    assert inside.scene.level == "" and to_text(inside.document) == to_text(graph())     # also the grouping was undone


def test_a_wire_is_pulled_to_all_that_an_input_stands_for(inside):
    inside.drag(inside.port("w", "output"), inside.port("block", "input", 0))
    assert [w for w in inside.wires if w[1] in ("a", "b")] == [("w", "a", 0), ("w", "b", 0), ("w", "b", 1)]
    inside.document.undo()
    inside.drag(inside.port("block", "input", 0), (200, 500))      # off: of both
    assert [w for w in inside.wires if w[1] in ("a", "b")] == [("w", "b", 1)]
    assert [socket.name for socket, *_ in inside.scene.cards["block"].look.inputs] == ["a", "b x", "b y"]


def test_a_wire_is_pulled_from_what_it_gives(inside):
    inside.document.do(commands.add_card(inside.document, "op/tanh", 900, 300))
    inside.drag(inside.port("block", "output"), inside.port("tanh", "input"))
    assert ("sum", "tanh", 0) in inside.wires
    before = inside.wires
    inside.drag(inside.port("end", "output"), inside.port("block", "input", 0))      # a circle
    assert inside.wires == before and inside.said == ["The graph would run in a circle."]
    inside.drag(inside.port("block", "output"), (500, 150))        # back onto its own card
    assert inside.wires == before


def test_deleting_the_wire_that_is_seen_deletes_all_that_it_stands_for(inside):
    inside.scene.select([Ref("wire", ("a", 0))])
    inside.tool.edits.delete()
    assert [w for w in inside.wires if w[0] == "x"] == []


def test_tidying_moves_the_cards_of_one_level(inside):
    before = {card.id: (card.x, card.y) for card in inside.document.cards}
    inside.tool.edits.tidy()
    after = {card.id: (card.x, card.y) for card in inside.document.cards}
    assert before != after and all(before[id] == after[id] for id in ("a", "b", "sum"))
    x, block, end = (after[id][0] for id in ("x", "block", "end"))
    assert x < block < end
    inside.scene.enter("block")
    inside.document.do(commands.move(inside.document, cards("sum"), -500, 0))
    inside.tool.edits.tidy()
    assert inside.document.card("sum").x > inside.document.card("a").x
    assert (inside.document.card("block").x, inside.document.card("end").x) == (block, end)


def test_arrows_go_over_it(inside):
    inside.scene.select(cards("x"))
    inside.key(Key.Key_Right)
    assert inside.selected == {"block"}
    inside.key(Key.Key_Right)
    assert inside.selected == {"end"}


def test_results_map_through(inside):
    import numpy as np

    scene, found = inside.scene, preview(np.float32([1, 2, 3]))
    scene.show_previews({("sum", 0): found})
    scene.show_heat({"a": 0.1, "sum": 0.2, "end": 0.2})
    scene.show_gradients({"a": 3.0, "b": 4.0}, {})
    results = scene.cards["block"].look.results
    assert results.previews == {0: found} and results.seconds == pytest.approx(0.3) and results.share == 1.0
    assert results.norm == 5.0                      # of all gradients inside together
    scene.show_running(True, ["b"])
    assert scene.cards["block"].look.running
    inside.document.do(commands.set_attribute(inside.document, ["w"], "shape", [4]))
    assert scene.cards["block"].look.state == "error"
    scene.clear_results()
    assert scene.cards["block"].look.results == CardResults()


# -------------------------------------------------------------------- a window

def test_keys_and_crumbs(window, qtbot):
    window.scene.select(cards("a", "b", "sum"))
    window.view.setFocus()
    qtbot.keyClick(window, Key.Key_G, CTRL)
    assert window.document.card("subgraph").kind == SUBGRAPH and window.scene.selected() == set(cards("subgraph"))
    assert not window.crumbs.isVisible() and window.actions_["unpack"].isEnabled()
    qtbot.keyClick(window.view, Key.Key_Tab, NO)
    assert window.scene.level == "subgraph" and window.crumbs.isVisible()
    assert not window.actions_["unpack"].isEnabled() and window.actions_["leave_level"].isEnabled()
    window.scene.select(cards("a", "b"))
    window.do_group()
    window.open_card("subgraph_1")
    assert window.scene.level == "subgraph_1"
    assert window.crumbs.findChild(QtWidgets.QToolButton, "crumb_1").text() == "subgraph"
    window.crumbs.findChild(QtWidgets.QToolButton, "crumb_1").click()
    qtbot.waitUntil(lambda: window.scene.level == "subgraph")
    window.scene.select(cards("subgraph_1"))
    qtbot.keyClick(window.view, Key.Key_Escape, NO)         # whatever is selected, as the bar says
    assert window.scene.level == "" and window.scene.selected() == set(cards("subgraph"))
    qtbot.keyClick(window, Key.Key_U, CTRL | SHIFT)
    assert window.document.card("subgraph") is None and window.document.card("subgraph_1").parent == ""
    assert {ref.key for ref in window.scene.selected()} == {"subgraph_1", "sum"}


def test_coming_out_one_sees_what_one_saw(window, qtbot):
    window.scene.select(cards("a", "b", "sum"))
    window.do_group()
    window.scene.end_glide()
    window.view.set_zoom(0.6)
    window.view.centerOn(300, 200)
    seen = window.view.visible_rect
    window.open_card("subgraph")
    assert window.view.zoom != 0.6
    window.do_leave_level()
    qtbot.waitUntil(lambda: window.view.zoom == pytest.approx(0.6))
    assert abs(window.view.visible_rect.center().x() - seen.center().x()) < 4
    window.open_card("subgraph")
    window.view.set_zoom(0.3)
    window.jump("end")                              # who asks for a card sees it
    qtbot.waitUntil(lambda: window.view.zoom >= 0.74)


def test_what_leads_to_a_card_leads_into_its_subgraph(window):
    window.do_select_all()
    window.scene.select(cards("a", "b", "sum"))
    window.do_group()
    window.jump("b")
    assert window.scene.level == "subgraph" and window.scene.selected() == set(cards("b"))
    window.jump("end")
    assert window.scene.level == "" and window.scene.selected() == set(cards("end"))
    window.select_cards(["a", "sum"])               # as they are seen from here
    assert window.scene.selected() == set(cards("subgraph"))
    window.scene.select(cards("a"))                 # is not seen
    assert window.scene.selected() == set()


def test_the_inspector_says_what_it_takes_and_gives(window, qtbot):
    window.scene.select(cards("a", "b", "sum"))
    window.do_group()
    qtbot.waitUntil(lambda: window.docks.inspector.findChild(QtWidgets.QPushButton, "openCard") is not None)
    window.docks.inspector.findChild(QtWidgets.QPushButton, "openCard").click()
    assert window.scene.level == "subgraph"


def test_the_inspector_expands_it_in_place(window, qtbot):
    window.scene.select(cards("a", "b"))
    window.do_group()
    qtbot.waitUntil(lambda: window.docks.inspector.findChild(QtWidgets.QPushButton, "expandCard") is not None)
    window.docks.inspector.findChild(QtWidgets.QPushButton, "expandCard").click()
    (frame,) = window.scene.selected()
    assert window.document.card("subgraph") is None and window.document.items[frame].title == "subgraph"
    assert set(cards("a", "b")) <= set(window.scene.contents(frame.key))


def test_undoing_the_grouping_leads_out(window):
    window.scene.select(cards("a", "b"))
    window.do_group()
    window.open_card("subgraph")
    window.do_undo()
    assert window.scene.level == "" and not window.crumbs.isVisible()
    assert seen(window.scene) == {"x", "w", "a", "b", "sum", "end"}


def test_running_shows_values_of_what_lies_inside(window, qtbot):
    window.scene.select(cards("a", "b", "sum"))
    window.do_group()
    replies = []
    window.running.received.connect(replies.append)
    window.do_run()
    qtbot.waitUntil(lambda: any(isinstance(reply, m.Values) for reply in replies))
    assert window.scene.cards["subgraph"].look.results.previews[0].shape[-1] == 3


def test_who_is_in_a_subgraph_stays_there_when_it_is_renamed(window):
    document = window.document
    document.do(commands.group(document, [Ref("card", id) for id in ("a", "b")], "subgraph"))
    window.scene.enter("subgraph")
    document.do(commands.rename(document, "subgraph", "block"))
    assert window.scene.level == "block" and {"a", "b"} <= seen(window.scene)
    document.undo()
    assert window.scene.level == "subgraph"
    document.undo()
    assert window.scene.level == ""


def test_a_picture_holds_what_is_being_typed(window, tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    monkeypatch.setattr(QtWidgets.QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
    window.document.do(commands.add_note(window.document, 300, 300))
    window.tool.inline.write_note("note")
    window.tool.inline.widget.setPlainText("typed")
    window.do_export_picture()
    assert "typed" in [note.text for note in read_picture(path).notes]
