"""Edits of cards: new ones, their names, attributes, kind and look."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..model.build import feed_outputs
from ..model.catalog import REQUIRED, Field, Kind
from ..model.document import Change, GraphDocument
from ..model.items import SUBGRAPH, Card, Frame, Item, Ref, Setting, is_same
from ..model.kinds import catalog
from ..model.subgraphs import inside
from ..model.values import EXAMPLE
from ..model.words import Words
from .edit import Edit, Refused, counted
from .names import check_free, check_name
from .places import coordinate
from .values import check_value
from .wires import join, lead_through, refusal

Output = tuple[str, int]


def add_card(document: GraphDocument, kind: str, x: float, y: float, attributes: Mapping[str, Any] | None = None, *,
             source: Output | None = None, input: int = 0, target: tuple[str, int] | None = None, output: int = 0,
             wire: Ref | None = None, name: str | None = None) -> Change:
    """Put a card on the canvas, wired in or on its own.

    Parameters
    ----------
    kind : key in the catalog
    x, y : top left corner
    attributes : in the form of files, beside or instead of those a new card begins with
    source : card and number of an output that goes into the new card's `input`
    target : card and number of an input that the new card's `output` goes into
    wire : one that is led through the new card, by `input`
    name : of the card, numbered where it is taken; the kind's if left out

    Raises
    ------
    Refused if there is no such kind, or the wires cannot be.
    """
    found = kind_called(kind)
    edit = Edit(document)
    kept = _kept(found, {**found.starting, **(attributes or {})})
    beside = target or source or (wire.key if wire is not None else None)       # whose subgraph it lies in
    card = Card(edit.name(name or name_for(found)), kind, kept, coordinate(x), coordinate(y),
                parent=edit.card(beside[0]).parent if beside is not None else "")
    edit.put(card)
    if source is not None:
        join(edit, *source, card.id, input)
    if target is not None:
        join(edit, card.id, output, *target)
    if wire is not None:
        lead_through(edit, wire, card.id, input=input)
    return edit.change(Words("Add {0}", found.title))


def kind_called(key: str) -> Kind:
    found = catalog().get(key)
    if found is None:
        raise Refused("There is no {0!r} in the catalog.", key)
    return found


def name_for(kind: Kind) -> str:
    """What a new card is called."""
    return kind.name or kind.key.rpartition("/")[2]


def _kept(kind: Kind, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes without those that are default."""
    fields = {f.name: f for f in kind.fields}
    return {name: value for name, value in attributes.items()
            if name not in fields or not is_same(value, fields[name].default)}


def rename(document: GraphDocument, card: str, id: str) -> Change:
    """Give a card another name; its wires, and who waits for it, go along.

    Raises
    ------
    Refused if no node can be called that, or another card is.
    """
    edit = Edit(document)
    old = edit.card(card)
    check_name(id)
    check_free(edit, id, instead_of=card)
    if id == card:
        return edit.change("")
    into, out = edit.into(card).values(), edit.out(card)
    for wire in (*into, *out):
        edit.remove(wire.ref)
    edit.remove(old.ref)
    edit.put(replace(old, id=id))
    for part in document.parts(card) if old.kind == SUBGRAPH else ():
        edit.put(replace(part, parent=id))
    for wire in into:
        edit.put(replace(wire, target=id))
    for wire in out:
        edit.put(replace(wire, source=id))
    for other in document.cards:
        if card in other.after:
            edit.put(replace(other, after=tuple(id if a == card else a for a in other.after)))
    weights = document.setting("weights")
    if isinstance(weights, dict) and any(name.startswith(f"{card}/") for name in weights):
        edit.put(Setting("weights", {_moved(name, card, id): value for name, value in weights.items()}))
    return edit.change(Words("Rename '{0}' to '{1}'", card, id))


def _moved(name: str, card: str, id: str) -> str:
    """The name of a variable of a card that gets another name."""
    return f"{id}/{name.removeprefix(f'{card}/')}" if name.startswith(f"{card}/") else name


def set_attribute(document: GraphDocument, cards: Iterable[str], name: str, value: Any, merge: Any = None) -> Change:
    """Give an attribute of some cards a value, in the form of files; REQUIRED or its default takes it out.

    Raises
    ------
    Refused if a card has no such attribute, or it cannot have that value.
    """
    edit = Edit(document)
    ids = list(cards)
    for id in ids:
        card, kind = edit.card(id), edit.kind(id)
        field = kind.field(name) if kind is not None else None
        if field is None:
            raise Refused("{0!r} has no attribute {1!r}.", id, name)
        attributes = {k: v for k, v in card.attributes.items() if k != name}
        if value is not REQUIRED:
            check_value(field, value)
            if not is_same(value, field.default):
                attributes = {**card.attributes, name: value}       # at its place
        new = replace(card, attributes=attributes)
        edit.put(new)
        _follow_outputs(edit, card, new)
    return edit.change(Words("Set {0} of {1}", name, counted(Ref("card", id) for id in ids)), merge)


def _follow_outputs(edit: Edit, old: Card, new: Card) -> None:
    """Let wires from a source of data begin at the outputs of the same names; at those that have got other names.

    A wire of an output that is gone goes with it: at its number there may be other columns.
    """
    before, after = feed_outputs(old), feed_outputs(new)
    if before == after:
        return
    named = {name: name for name, _ in before if name in dict(after)}
    for name, columns in before:
        gone, fresh = [b for b in before if b[0] not in named], [a for a in after if a[0] not in named.values()]
        same = [a for a, read in fresh if read == columns]
        if name not in named and (len(gone) == len(fresh) == 1 or len(same) == 1):
            named[name] = same[0] if same else fresh[0][0]
    order = [name for name, _ in after]
    for wire in edit.out(old.id):
        if wire.output < len(before):
            name = before[wire.output][0]
            if name in named:
                edit.put(replace(wire, output=order.index(named[name])))
            else:
                edit.remove(wire.ref)


def set_value(document: GraphDocument, card: str, field: Field, value: Any, merge: Any = None) -> Change:
    """Give a card's field a value, an attribute's or that of a placeholder without data.

    Raises
    ------
    Refused if it cannot have that value.
    """
    if field is EXAMPLE:
        return set_example(document, card, value, merge)
    return set_attribute(document, [card], field.name, value, merge)


def set_example(document: GraphDocument, card: str, value: Any, merge: Any = None) -> Change:
    """Give a placeholder the array it is run with while nothing feeds it; None: random numbers."""
    edit = Edit(document)
    edit.put(replace(edit.card(card), example=value))
    return edit.change(Words("Set the value of '{0}'", card), merge)


def replace_kind(document: GraphDocument, card: str, kind: str) -> Change:
    """Make a card one of another kind. Wires stay where the new kind has such a socket; so do attributes it has too."""
    edit = Edit(document)
    old, new = edit.card(card), kind_called(kind)
    if old.kind == SUBGRAPH:
        raise Refused("{0!r} stands for other cards: unpack it first.", card)
    into, out = edit.into(card), edit.out(card)
    for wire in (*into.values(), *out):
        edit.remove(wire.ref)
    edit.put(replace(old, kind=kind, attributes=_kept(new, _understood(new, old.attributes))))
    for wire in into.values():
        if refusal(edit, wire.source, wire.output, card, wire.input) is None:
            edit.put(wire)
    for wire in out:
        if refusal(edit, card, wire.output, wire.target, wire.input) is None:
            edit.put(wire)
    edit.close_gaps(dict.fromkeys([card, *(wire.target for wire in out)]))
    return edit.change(Words("Replace '{0}' by {1}", card, new.title))


def _understood(kind: Kind, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that a kind has and whose values it takes."""
    found = {}
    for name, value in attributes.items():
        field = kind.field(name)
        if field is not None:
            try:
                check_value(field, value)
            except Refused:
                continue
            found[name] = value
    return found


# -------------------------------------------------------------------- look

def bypass(document: GraphDocument, cards: Iterable[str]) -> Change:
    """Let the first input of cards go through unchanged; if all of them do so already, no longer.

    Of a subgraph all cards inside do.
    """
    refs = [inner.ref for id in cards for inner in inside(document, id)]
    return _switch(document, refs, "bypassed", ("Bypass {0}", "Use {0}"))


def collapse(document: GraphDocument, refs: Iterable[Ref]) -> Change:
    """Draw the titles of cards and frames only; if that is so for all of them already, the whole."""
    return _switch(document, refs, "collapsed", ("Collapse {0}", "Expand {0}"))


def show_preview(document: GraphDocument, cards: Iterable[str]) -> Change:
    """Draw the strip with values on cards; if all of them have it already, no longer."""
    words = ("Show the values of {0}", "Hide the values of {0}")
    return _switch(document, [Ref("card", id) for id in cards], "preview", words)


def _switch(document: GraphDocument, refs: Iterable[Ref], name: str, words: tuple[str, str]) -> Change:
    edit = Edit(document)
    items = [item for ref in refs if isinstance(item := edit.get(ref), Card | Frame) and hasattr(item, name)]
    on = not all(getattr(item, name) for item in items)
    for item in items:
        switched: Item = replace(item, **{name: on})  # type: ignore[arg-type]
        edit.put(switched)
    return edit.change(Words(words[0 if on else 1], counted(item.ref for item in items)))
