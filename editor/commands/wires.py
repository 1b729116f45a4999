"""Edits of wires, and taking out cards with the wires that hang on them."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from ..model.build import fed_row, feeds_classes
from ..model.document import Change, GraphDocument
from ..model.items import SUBGRAPH, Card, Point, Ref, Setting, Wire
from ..model.kinds import TRAIN
from ..model.subgraphs import with_inside
from ..model.words import Words
from .edit import Edit, Refused, counted

CIRCLE = "The graph would run in a circle."
Fits = Callable[[str, int, str, int], bool]     # source, output, target, input


def refusal(document: GraphDocument | Edit, source: str, output: int, target: str, input: int) -> str | None:
    """Why no wire can go from an output to an input, as a sentence; None if it can.

    That dtypes or shapes do not fit is no reason: such a wire can be drawn, and the card says what is wrong.
    """
    edit = document if isinstance(document, Edit) else Edit(document)
    if edit.leads_to(target, source) and SUBGRAPH not in (edit.card(source).kind, edit.card(target).kind):
        return CIRCLE if source != target else "A card cannot feed itself."
    return unlike(edit, source, output, target, input)


def unlike(edit: Edit, source: str, output: int, target: str, input: int) -> str | None:
    """Why an output and an input cannot be joined whatever other wires there are; None if they can."""
    if SUBGRAPH in (edit.card(source).kind, edit.card(target).kind):
        return "A subgraph has no sockets of its own: connect a card in it."
    kind, from_kind = edit.kind(target), edit.kind(source)
    if kind is None or from_kind is None:
        return None                             # of a later version: the engine says
    socket = kind.input(input)
    if socket is None:
        return f"{kind.title} has no input number {input}."
    if from_kind.key == TRAIN:
        return f"{from_kind.title} has no outputs."
    if from_kind.outputs and output >= len(from_kind.outputs):
        return f"{from_kind.title} has no output number {output}."
    carries = edit.carries(source, output)
    if carries != socket.carries:
        return f"{socket.name!r} takes {_WORDS[socket.carries]}, but {source!r} gives {_WORDS[carries]}."
    return None


_WORDS = {"tensor": "a tensor", "feed": "rows of data", "optimizer": "an optimizer"}


def join(edit: Edit, source: str, output: int, target: str, input: int, bends: tuple[Point, ...] = (),
         portal: str = "") -> Wire:
    """Put a wire into an edit; in a list of operands it becomes the last one."""
    reason = refusal(edit, source, output, target, input)
    if reason:
        raise Refused(reason)
    first = edit.list_begin(target)
    if first is not None and input >= first:
        input = max((n + 1 for n in edit.into(target) if n >= first), default=first)
    wire = Wire(source, output, target, input, bends, portal)
    edit.put(wire)
    _take_over(edit, wire)
    return wire


def _take_over(edit: Edit, wire: Wire) -> None:
    """Give a placeholder that has no shape yet the one of the rows that feed it, and class numbers a whole dtype."""
    card, kind, source = edit.card(wire.target), edit.kind(wire.target), edit.card(wire.source)
    if edit.carries(wire.source, wire.output) != "feed" or kind is None or "shape" in card.attributes:
        return
    row = fed_row(source, wire.output)
    if row is not None and kind.field("shape") is not None:
        found: dict[str, Any] = {"shape": [None, *row]}
        if "dtype" not in card.attributes and feeds_classes(source, wire.output):
            found["dtype"] = "int64"
        edit.put(replace(card, attributes={**card.attributes, **found}))


def connect(document: GraphDocument, source: str, output: int, target: str, input: int) -> Change:
    """Draw a wire. An input has one wire, so that the one there goes; a list of operands takes it at its end.

    Raises
    ------
    Refused if the graph would run in a circle, or the sockets carry different things.
    """
    edit = Edit(document)
    join(edit, source, output, target, input)
    return edit.change(Words("Connect '{0}' to '{1}'", source, target))


def reconnect(document: GraphDocument, wire: Ref, target: str, input: int) -> Change:
    """Put the end of a wire into another input. Within a list of operands the wire takes that place in it.

    Raises
    ------
    Refused as `connect`.
    """
    edit = Edit(document)
    old = edit.wire(wire)
    label = Words("Reconnect '{0}'", old.source)
    first = edit.list_begin(old.target)
    if target == old.target and first is not None and min(input, old.input) >= first:
        wires = [w for n, w in edit.into(target).items() if n >= first and n != old.input]
        wires.insert(min(input - first, len(wires)), old)
        edit.order_list(target, wires)
    elif (target, input) != (old.target, old.input):
        edit.remove(wire)
        edit.close_gaps([old.target])
        join(edit, old.source, old.output, target, input, old.bends, old.portal)
    return edit.change(label)


def rewire(document: GraphDocument, off: Iterable[Ref], source: str, output: int,
           ends: Iterable[tuple[str, int]]) -> Change:
    """Take wires out and draw others, from one output to several inputs: what one socket of a subgraph stands for.

    Raises
    ------
    Refused as `connect`.
    """
    edit = Edit(document)
    gone = [edit.wire(ref) for ref in off]
    for wire in gone:
        edit.remove(wire.ref)
    edit.close_gaps([wire.target for wire in gone])
    targets = list(ends)
    tag = next((wire.portal for wire in gone if (wire.source, wire.output) == (source, output)), "")
    for target, input in targets:
        join(edit, source, output, target, input, portal=tag)
    return edit.change(Words("Connect '{0}' to {1}", source, counted(Ref("card", card) for card, _ in targets)))


def disconnect(document: GraphDocument, wires: Iterable[Ref]) -> Change:
    """Take wires out."""
    refs = [ref for ref in wires if ref.kind == "wire" and ref in document.items]
    return delete(document, refs, f"Disconnect {counted(refs)}")


def set_bends(document: GraphDocument, wire: Ref, bends: Sequence[Point], merge: object = None) -> Change:
    """Lead a wire through points."""
    edit = Edit(document)
    old = edit.wire(wire)
    points = tuple((round(float(x), 2), round(float(y), 2)) for x, y in bends)
    edit.put(replace(old, bends=points))
    return edit.change(Words("Straighten a wire") if not points else Words("Bend a wire"), merge)


def set_portal(document: GraphDocument, wires: Iterable[Ref], name: str | None = None) -> Change:
    """Draw wires as two tags with a name in place of a line; if all of them are and no name is given, as lines again.

    name : of all portals that begin at the same outputs; left out: the one they have, or that of the card

    Raises
    ------
    Refused if there is no wire, or the portals of another output have the name.
    """
    edit = Edit(document)
    chosen = [edit.wire(ref) for ref in wires]
    if not chosen:
        raise Refused("Select the wires that are to be tags first.")
    if name is None and all(wire.portal for wire in chosen):
        for wire in chosen:
            edit.put(replace(wire, portal=""))
        return edit.change(Words("Draw {0} as a line", counted(wire.ref for wire in chosen)))
    outputs = {(wire.source, wire.output) for wire in chosen}
    if name is not None and (not name or any(edit.tag(name, *output) != name for output in outputs)):
        raise Refused("The tags of another output say {0!r} already." if name else "A tag needs a name.", name)
    for source, output in sorted(outputs):
        fellows = [wire for wire in edit.out(source) if wire.output == output]
        known = next((wire.portal for wire in fellows if wire.portal), "")
        own = name or known or edit.tag(source if output == 0 else f"{source}:{output}", source, output)
        for wire in fellows:
            if wire in chosen or (name is not None and wire.portal):
                edit.put(replace(wire, portal=own))
    return edit.change(Words("Rename tags") if name is not None else
                       Words("Draw {0} as tags", counted(wire.ref for wire in chosen)))


def delete(document: GraphDocument, refs: Iterable[Ref], label: str | None = None) -> Change:
    """Take items out, and with cards the wires that begin or end there. What lies in a frame stays.

    With a subgraph goes what lies in it.
    """
    edit = Edit(document)
    present = [ref for ref in refs if not isinstance(edit.get(ref), Setting | None)]
    _take_out(edit, with_inside(document, present))
    return edit.change(label or Words("Delete {0}", counted(present)))


def _take_out(edit: Edit, refs: Iterable[Ref]) -> None:
    cards = set()
    touched: dict[str, None] = {}               # in order, so that equal edits are equal
    for ref in refs:
        item = edit.get(ref)
        if isinstance(item, Card):
            cards.add(item.id)
            for wire in (*edit.into(item.id).values(), *edit.out(item.id)):
                touched[wire.target] = None
                edit.remove(wire.ref)
        elif isinstance(item, Wire):
            touched[item.target] = None
        edit.remove(ref)
    edit.close_gaps(touched)
    for card in edit.document.cards if cards else ():
        if card.id not in cards and not cards.isdisjoint(card.after):
            edit.put(replace(card, after=tuple(c for c in card.after if c not in cards)))


def delete_and_reconnect(document: GraphDocument, refs: Iterable[Ref]) -> Change:
    """Take cards out; what read them reads what their first connected input reads, where that can be."""
    edit = Edit(document)
    chosen = [ref for ref in refs if not isinstance(edit.get(ref), Setting | None)]
    present = with_inside(document, chosen)
    gone = {ref.key for ref in present if ref.kind == "card"}
    for ref in present:
        source = _behind(edit, ref.key, gone) if ref.kind == "card" else None
        if source is None:
            continue
        for wire in edit.out(ref.key):
            if wire.target not in gone and refusal(edit, source.source, source.output, wire.target, wire.input) is None:
                edit.put(Wire(source.source, source.output, wire.target, wire.input))
    _take_out(edit, present)
    return edit.change(Words("Delete {0} and reconnect", counted(chosen)))


def _behind(edit: Edit, card: str, gone: set[str]) -> Wire | None:
    """The wire by which a card, or the last of a chain of cards that go, is fed from outside."""
    wire = next(iter(edit.into(card).values()), None)
    while wire is not None and wire.source in gone:     # wires run in no circle
        wire = next(iter(edit.into(wire.source).values()), None)
    return wire


def insert_on_wire(document: GraphDocument, wire: Ref, card: str, fits: Fits | None = None) -> Change:
    """Lead a wire through a card: into its first input that fits, and on from its first output.

    Parameters
    ----------
    fits : whether a wire from an output to an input would do; a free input that carries the same if left out

    Raises
    ------
    Refused if the card has no input or no output for it.
    """
    edit = Edit(document)
    lead_through(edit, wire, card, fits)
    return edit.change(Words("Insert '{0}'", card))


def lead_through(edit: Edit, wire: Ref, card: str, fits: Fits | None = None, input: int | None = None) -> None:
    """Lead a wire through a card of an edit, by a given input or the first that fits."""
    old = edit.wire(wire)
    if card in (old.source, old.target):
        raise Refused("The wire begins or ends at {0!r}.", card)
    kind = edit.kind(card)
    number = _first_fitting(edit, old, card, fits) if input is None else input
    if kind is None or number is None:
        raise Refused("{0!r} has no free input that takes what the wire carries.", card)
    edit.remove(wire)
    join(edit, old.source, old.output, card, number)
    reason = refusal(edit, card, 0, old.target, old.input)
    if reason:
        raise Refused(reason)
    edit.put(Wire(card, 0, old.target, old.input))      # at its place, also in a list


def _first_fitting(edit: Edit, wire: Wire, card: str, fits: Fits | None) -> int | None:
    kind, present = edit.kind(card), edit.into(card)
    if kind is None:
        return None
    for number, socket in enumerate(kind.inputs):
        free = socket.many or number not in present
        if free and refusal(edit, wire.source, wire.output, card, number) is None \
                and (fits is None or fits(wire.source, wire.output, card, number)):
            return number
    return None
