"""Whatever is done to a document can be undone: random sequences of edits, forth and back."""
from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from editor import commands
from editor.commands import Refused
from editor.model.document import GraphDocument
from editor.model.files import to_text
from editor.model.items import SUBGRAPH, Card, Frame, Ref, Setting, Wire
from editor.model.kinds import catalog
from editor.model.subgraphs import lost

KINDS = ("op/negative", "op/add", "op/concat", "op/matmul", "op/placeholder", "op/split", "layer/Dense", "data/iris",
         "loss/MeanSquaredError", "optimizer/SGD", "train")
NUMBER = st.integers(0, 40)
PIXELS = st.floats(-500, 500, width=32)
STEP = st.tuples(st.integers(0, 26), NUMBER, NUMBER, NUMBER, PIXELS, PIXELS)


def change_of(document, step, text):
    """An edit made from numbers, of whatever the document has."""
    which, a, b, c, x, y = step
    cards = [card.id for card in document.cards] or ["nothing"]
    refs = [ref for ref in document.items if ref.kind != "setting"] or [Ref("card", "nothing")]
    strands = [wire.ref for wire in document.wires] or [Ref("wire", ("nothing", 0))]
    one, other, strand = cards[a % len(cards)], cards[b % len(cards)], strands[a % len(strands)]
    some = {refs[k % len(refs)] for k in (a, b, c)}
    kind = KINDS[a % len(KINDS)]
    make = (
        lambda: commands.add_card(document, kind, x, y),
        lambda: commands.add_card(document, kind, x, y, source=(one, b % 2), input=c % 3),
        lambda: commands.add_card(document, kind, x, y, wire=strand),
        lambda: commands.connect(document, one, b % 2, other, c % 4),
        lambda: commands.connect(document, one, 0, other, 0),
        lambda: commands.reconnect(document, strand, other, c % 4),
        lambda: commands.disconnect(document, [strand]),
        lambda: commands.delete(document, some),
        lambda: commands.delete_and_reconnect(document, some),
        lambda: commands.insert_on_wire(document, strand, other),
        lambda: commands.rename(document, one, ("a", "b/c", "A", "x:y")[b % 4]),
        lambda: commands.set_attribute(document, [one], ("units", "axis", "epochs")[b % 3], c),
        lambda: commands.move(document, some, x, y, merge=("drag", b % 2)),
        lambda: commands.resize(document, refs[a % len(refs)], x, y, b * 10, c * 10),
        lambda: commands.duplicate(document, some, with_inputs=b % 2 == 0),
        lambda: commands.paste(document, text[0], x, y, with_inputs=b % 2 == 0),
        lambda: commands.frame_selection(document, dict.fromkeys(some, (x, y, 100.0, 50.0))),
        lambda: commands.bypass(document, {one, other}),
        lambda: commands.set_bends(document, strand, [(x, y)] * (b % 3)),
        lambda: commands.replace_kind(document, one, kind),
        lambda: commands.add_note(document, x, y, "text"),
        lambda: commands.set_setting(document, "seed", a or None),
        lambda: commands.group(document, some, ("block", "x")[a % 2]),
        lambda: commands.group(document, some, frame=refs[a % len(refs)]),
        lambda: commands.unpack(document, {one, other}),
        lambda: commands.expand(document, one, {part.ref: (part.x, part.y, b * 10.0, 50.0)
                                                for part in document.parts(one)}, x, y),
        lambda: commands.set_portal(document, [strand]),
        lambda: commands.set_portal(document, [strand], ("w", "x", "")[b % 3]),
        lambda: commands.placed(document, commands.paste(document, text[0], x, y), _level(document, a)),
    )
    return make[which]()


def _level(document, number):
    """A subgraph, or the graph."""
    levels = ["", *(card.id for card in document.cards if card.kind == SUBGRAPH)]
    return levels[number % len(levels)]


def is_sound(document):
    """Wires join cards that are there, in no circle; lists of operands have no gaps; the index is that of the items."""
    fresh = GraphDocument(document.items.values())
    for wire in document.wires:
        assert document.card(wire.source) and document.card(wire.target), wire
        assert wire.source not in document.downstream(wire.target), wire
    tags = {(wire.portal, wire.source, wire.output) for wire in document.wires if wire.portal}
    assert len({name for name, *_ in tags}) == len(tags), tags
    for card in document.cards:
        into = document.wires_into(card.id)
        assert into == fresh.wires_into(card.id)
        assert {w.ref: w for w in document.wires_from(card.id)} == {w.ref: w for w in fresh.wires_from(card.id)}
        if card.kind == SUBGRAPH:
            assert not into and not document.wires_from(card.id)
            continue
        sockets = catalog()[card.kind].inputs
        assert all(catalog()[card.kind].input(n) for n in into), (card, into)
        if sockets and sockets[-1].many:
            listed = [n for n in into if n >= len(sockets) - 1]
            assert listed == list(range(len(sockets) - 1, len(sockets) - 1 + len(listed))), (card, into)
        assert all(document.card(earlier) for earlier in card.after), card
    assert not lost(document)
    for level in ("", *(card.id for card in document.cards)):
        assert {part.ref for part in document.parts(level)} == {part.ref for part in fresh.parts(level)}
    assert len({card.id.lower() for card in document.cards}) == len(list(document.cards))


def first():
    return GraphDocument([
        Card("x", "op/placeholder"), Card("w", "op/negative", x=200), Card("all", "op/concat", x=400),
        Card("later", "op/negative", x=600, after=("x", "w")), Frame("f", "title", -20, -20, 300, 300),
        Wire("x", 0, "w", 0, ((150.0, 20.0),)), Wire("x", 0, "all", 0), Wire("w", 0, "all", 1), Wire("x", 0, "all", 2),
        Setting("seed", 0)])


@given(st.lists(STEP, max_size=25))
@settings(max_examples=150, deadline=None)
def test_undoing_everything_gives_the_beginning_and_redoing_the_end(steps):
    document = first()
    text = [commands.copy_text(document, [Ref("card", k) for k in ("x", "w", "all")])]
    states = [to_text(document)]
    for step in steps:
        before = dict(document.items)
        try:
            change = change_of(document, step, text)
        except Refused as refused:
            assert str(refused).endswith("."), refused
            assert document.items == before
            continue
        assert document.items == before         # a command says what changes; only the document makes it
        document.do(change)
        is_sound(document)
        if document.history:
            states = states[:len(document.history)] + [to_text(document)]
        else:
            states = [to_text(document)]
    while document.history:
        assert to_text(document) == states[len(document.history)]
        document.undo()
        is_sound(document)
    assert to_text(document) == to_text(first())
    while document.undone:
        document.redo()
    assert to_text(document) == states[-1]
