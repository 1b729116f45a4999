"""Wires that are drawn as two tags with a name."""
from __future__ import annotations

import pytest
from hand import CTRL, RIGHT, Hand, edited
from PySide6.QtCore import QPointF, Qt

from editor import commands
from editor.commands import Refused
from editor.model.files import from_text, open_document, save, to_text
from editor.model.items import Ref
from editor.model.meaning import Meaning

from .test_subgraphs import cards, graph

AX, BX, BW = Ref("wire", ("a", 0)), Ref("wire", ("b", 0)), Ref("wire", ("b", 1))


@pytest.fixture
def hand(qtbot):
    found = Hand(qtbot, graph())
    found.view.centerOn(450, 150)
    yield found
    found.close()


def portals(document):
    return {wire.ref: wire.portal for wire in document.wires if wire.portal}


def test_tags_have_the_name_of_the_card_until_they_get_another():
    document = graph()
    document.do(commands.set_portal(document, [AX]))
    assert portals(document) == {AX: "x"}
    document.do(commands.set_portal(document, [AX], "input"))
    document.do(commands.set_portal(document, [BX]))
    assert portals(document) == {AX: "input", BX: "input"}     # of one output all say the same
    document.do(commands.set_portal(document, [BX], "data"))
    assert portals(document) == {AX: "data", BX: "data"}
    document.do(commands.set_portal(document, [AX, BX]))
    assert portals(document) == {}
    while document.undo():
        pass
    assert to_text(document) == to_text(graph())


def test_tags_of_two_outputs_say_two_things():
    document = graph()
    document.do(commands.set_portal(document, [AX, BW]))
    assert portals(document) == {AX: "x", BW: "w"}
    with pytest.raises(Refused, match="say 'x' already"):
        commands.set_portal(document, [BW], "x")
    with pytest.raises(Refused, match="needs a name"):
        commands.set_portal(document, [BW], "")
    with pytest.raises(Refused, match="Select the wires"):
        commands.set_portal(document, [])


def test_two_outputs_never_get_the_same_tag():
    document = graph()
    document.do(commands.set_portal(document, [AX], "w"))
    document.do(commands.set_portal(document, [BW]))
    assert portals(document) == {AX: "w", BW: "w_1"}
    document.do(commands.duplicate(document, cards("x", "w", "a", "b")))
    assert portals(document) == {AX: "w", BW: "w_1", Ref("wire", ("a_1", 0)): "w_2", Ref("wire", ("b_1", 1)): "w_3"}
    document.do(commands.duplicate(document, cards("a"), with_inputs=True))
    assert portals(document)[Ref("wire", ("a_2", 0))] == "w"       # another reader of the same output
    with pytest.raises(Refused, match="say 'both' already"):
        commands.set_portal(document, [AX, BW], "both")


def test_other_edits_and_files_keep_them(tmp_path):
    document = graph()
    document.do(commands.set_portal(document, [AX, BX, BW]))
    meaning = Meaning(document).whole()
    assert meaning == Meaning(graph()).whole()          # what computes is the same
    document.do(commands.set_bends(document, AX, [(100, 100)]))
    document.do(commands.rename(document, "a", "c"))
    document.do(commands.group(document, cards("b")))
    document.do(commands.duplicate(document, cards("subgraph"), with_inputs=True))
    assert set(portals(document)) == {Ref("wire", ("c", 0)), BX, BW, Ref("wire", ("b_1", 0)), Ref("wire", ("b_1", 1))}
    save(document, tmp_path / "g.graph.json")
    assert to_text(open_document(tmp_path / "g.graph.json")) == to_text(document)
    assert to_text(from_text(to_text(document))) == to_text(document)


def test_tags_in_place_of_a_line_that_is_seen_while_one_looks_at_them(hand):
    item = hand.scene.wires[AX]
    assert item.is_line and not item.tags
    hand.document.do(commands.set_portal(hand.document, [AX]))
    assert not item.is_line and [(tag.text, tag.way) for tag in item.tags] == [("x", 1), ("x", -1)]
    assert (item.tags[0].at, item.tags[1].at) == (hand.port("x", "output"), hand.port("a", "input"))
    middle = item.middle
    assert hand.scene.hit(QPointF(*middle)).ref != AX          # there is nothing
    center = item.tags[1].box.center()
    hit = hand.scene.hit(center)
    assert hit.ref == AX and item.boundingRect().contains(item.tags[0].box)
    hand.scene.set_hover(hit)
    assert item.is_line
    hand.scene.set_hover(None)
    assert not item.is_line
    hand.document.undo()
    assert item.is_line and not item.tags


def test_the_command_toggles_what_is_selected(hand):
    hand.scene.select(cards("x"))
    hand.tool.edits.portal()                            # all that leave the card
    assert portals(hand.document) == {AX: "x", BX: "x"}
    hand.scene.select([AX])
    hand.tool.edits.portal()
    assert portals(hand.document) == {BX: "x"}
    hand.scene.select([])
    hand.tool.edits.portal()
    assert hand.said == ["Select the wires that are to be tags first."]


def test_a_double_click_on_a_tag_edits_its_name(hand):
    hand.document.do(commands.set_portal(hand.document, [AX, BX]))
    center = hand.scene.wires[AX].tags[1].box.center()
    hand.double_click((center.x(), center.y()))
    field = edited(hand)
    assert field.text() == "x"
    field.setText("input")
    hand.key(Qt.Key.Key_Return)
    assert portals(hand.document) == {AX: "input", BX: "input"}
    assert hand.scene.wires[AX].tags[1].text == "input" and hand.document.items[AX].bends == ()


def test_a_knife_cuts_no_line_that_is_not_drawn(hand):
    hand.document.do(commands.set_portal(hand.document, [AX]))
    x, y = hand.scene.wires[AX].middle
    hand.drag((x, y - 40), (x, y + 40), button=RIGHT, modifiers=CTRL)
    assert AX in hand.document.items


def test_in_a_subgraph_a_tag_leads_to_what_it_names(hand):
    hand.document.do(commands.group(hand.document, cards("a", "b", "sum")))
    hand.scene.enter("subgraph")
    asked = []
    hand.tool.jump_requested.connect(asked.append)
    for wire in (BW, Ref("wire", ("end", 0))):
        center = hand.scene.wires[wire].tags[0].box.center()
        hand.double_click((center.x(), center.y()))
    assert asked == ["w", "end"]


def test_a_wire_that_is_put_elsewhere_keeps_its_tags_and_bends():
    document = graph()
    document.do(commands.add_card(document, "op/add", 0, 900))
    document.do(commands.set_portal(document, [AX], "input"))
    document.do(commands.set_bends(document, AX, [(1.0, 2.0)]))
    document.do(commands.reconnect(document, AX, "add", 1))
    wire = document.wires_into("add")[1]
    assert (wire.portal, wire.bends) == ("input", ((1.0, 2.0),))
    document.do(commands.rewire(document, [wire.ref], wire.source, wire.output, [("add", 0)]))
    assert document.wires_into("add")[0].portal == "input"
