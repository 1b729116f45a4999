"""dtype and shape of every output while the graph is drawn, kept in step with the document.

After an edit only the cards are looked at that it touches, and what lies downstream as far as types change.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import graphengine as ge
from graphengine.tools.drawn.draw import Type, becomes_nodes, types_of
from graphengine.tools.drawn.repairs import Adjustment, Insertion, Origin, Repair, as_key, repairs

from ..model.build import fed_row, feed_outputs
from ..model.catalog import REQUIRED, Kind, Socket
from ..model.document import Change, GraphDocument
from ..model.items import Card, Item, Ref, Wire
from ..model.kinds import TRAIN, catalog
from .problem import Fix, Problem, blamed, detailed, short

Listener = Callable[[frozenset[str]], None]


@dataclass(frozen=True)
class Result:
    """An output of a card.

    dtype : its name; "" where it is not known, or where no tensor comes out
    shape : "(?, 128)"; "?" if unknown
    sizes : None for each unknown size; None for unknown rank
    name : of the output, where a card has several
    carries : as in `Socket`
    """

    dtype: str
    shape: str
    sizes: tuple[int | None, ...] | None
    name: str = ""
    carries: str = "tensor"


@dataclass(frozen=True)
class InputState:
    """A row of a card: a socket with the number of the input and the wire that ends there, if one does."""

    socket: Socket
    number: int
    wire: Wire | None


@dataclass(frozen=True)
class State:
    """What is known of a card."""

    types: tuple[Type, ...] | None          # None: not known
    results: tuple[Result, ...]
    problem: Problem | None


UNKNOWN = Result("", "?", None)
WIDTH, GAP, BELOW = 192.0, 24.0, 192.0      # of a card that a repair inserts, and its distances, in pixels


class Inference:
    """Types and problems of the cards of a document. `listeners` are told which cards have other ones than before."""

    def __init__(self, document: GraphDocument) -> None:
        self.document = document
        self.listeners: list[Listener] = []
        self._states: dict[str, State] = {}
        document.listeners.append(self._changed)
        self._update({card.id for card in document.cards})

    def close(self) -> None:
        """Stop following the document."""
        if self._changed in self.document.listeners:
            self.document.listeners.remove(self._changed)

    # ------------------------------------------------ asking

    def outputs(self, card: str) -> tuple[Result, ...]:
        """What comes out of a card, in the order of its outputs."""
        state = self._states.get(card)
        return state.results if state is not None else ()

    def output_count(self, card: str) -> int:
        return len(self.outputs(card))

    def operand_types(self, card: str) -> tuple[Type, ...] | None:
        """Types of what is wired to a card's inputs; None if one is missing or not known."""
        found = self.document.card(card)
        kind = catalog().get(found.kind) if found is not None else None
        return self._operands(found, kind, {}) if found is not None and kind is not None else None

    def problem(self, card: str) -> Problem | None:
        state = self._states.get(card)
        return state.problem if state is not None else None

    def problems(self) -> list[Problem]:
        """All problems, errors first, then by card."""
        found = [state.problem for state in self._states.values() if state.problem is not None]
        return sorted(found, key=lambda p: (p.severity != "error", p.card))

    def inputs_of(self, card: str) -> tuple[InputState, ...]:
        """The rows of a card's inputs; a socket that takes many has a free row after those in use."""
        found = self.document.card(card)
        kind = catalog().get(found.kind) if found is not None else None
        if kind is None:
            return ()
        wires = self.document.wires_into(card)
        last = max([*wires, -1])
        rows = []
        for number, socket in enumerate(kind.inputs):
            if not socket.many:
                rows.append(InputState(socket, number, wires.get(number)))
                continue
            rows += [InputState(socket, k, wires.get(k)) for k in range(number, max(last + 1, number) + 1)]
        return tuple(rows)

    def would_accept(self, source: str, output: int, target: str, input: int) -> str | None:
        """Why a wire does not fit, as a sentence; None if it does. What begins with "!" cannot be drawn at all."""
        card = self.document.card(target)
        kind = catalog().get(card.kind) if card is not None else None
        if card is None or kind is None:
            return "!There is no such card."
        if self.document.leads_to(target, source):
            return "!This would close a circle."
        socket = kind.input(input)
        if socket is None:
            return f"!{kind.title} has no such input."
        results = self.outputs(source)
        if output >= len(results):
            return "!There is no such output."
        if results[output].carries != socket.carries:
            return f"!{socket.name} of {kind.title} takes {_a(socket.carries)}, not {_a(results[output].carries)}."
        state = self._states[source]
        if state.types is None or socket.carries != "tensor" or not becomes_nodes(card.kind):
            return None
        given = state.types[output]
        if socket.accepts and given.dtype not in socket.accepts:
            return f"{socket.name} takes {_any_of(socket.accepts)}, not {given.dtype}."
        operands = self._operands(card, kind, {input: given})
        if operands is None:
            return None
        try:
            types_of(card.kind, as_key(card.attributes), operands)
        except ge.errors.GraphEngineError as error:
            return f"{error.problem}."
        return None

    def kinds_accepting(self, source: str, output: int) -> list[tuple[Kind, int]]:
        """Kinds that an output can be wired to, with the number of the input; those that are sure to fit first."""
        results, state = self.outputs(source), self._states.get(source)
        if output >= len(results) or state is None:
            return []
        given = state.types[output] if state.types is not None and output < len(state.types) else None
        sure, maybe = [], []
        for kind in catalog().values():
            number = next((k for k, s in enumerate(kind.inputs) if s.carries == results[output].carries
                           and (given is None or not s.accepts or given.dtype in s.accepts)), None)
            if number is None or kind.hidden:
                continue
            needed = [s for s in kind.inputs if not s.optional]
            if given is None or not becomes_nodes(kind.key) or len(needed) > 1 or (needed and needed[0].many):
                maybe.append((kind, number))
            elif _fits(kind, given):
                sure.append((kind, number))
        return [*sure, *maybe]

    def kinds_giving(self, target: str, input: int) -> list[tuple[Kind, int]]:
        """Kinds whose output can be wired to an input, with the number of the output; sources first."""
        card = self.document.card(target)
        kind = catalog().get(card.kind) if card is not None else None
        socket = kind.input(input) if kind is not None else None
        if socket is None:
            return []
        found = []
        for other in catalog().values():
            gives = other.outputs[0].carries if other.outputs else "feed" if other.family == "Data" else "tensor"
            if not other.hidden and gives == socket.carries and other.key != TRAIN:
                found.append((other, 0))
        return sorted(found, key=lambda pair: bool([s for s in pair[0].inputs if not s.optional]))

    # ------------------------------------------------ keeping in step

    def _changed(self, refs: frozenset[Ref]) -> None:
        touched = set()
        for ref in refs:
            if ref.kind == "card":
                touched.add(ref.key)
                touched |= {w.target for w in self.document.wires_from(ref.key)}
            elif ref.kind == "wire":
                touched.add(ref.key[0])
        self._update(touched)

    def _update(self, touched: set[str]) -> None:
        told = set()
        for card in self._in_order(touched):
            if card not in touched:
                continue
            found, old = self.document.card(card), self._states.get(card)
            if found is None:
                self._states.pop(card, None)
                continue
            new = self._state(found)
            self._states[card] = new
            if old != new:
                told.add(card)
            if old is None or old.types != new.types or len(old.results) != len(new.results):
                touched |= {w.target for w in self.document.wires_from(card)}
        told |= {c for c in touched if self.document.card(c) is None}
        if told:
            for listener in list(self.listeners):
                listener(frozenset(told))

    def _in_order(self, touched: Iterable[str]) -> list[str]:
        """The cards and everything downstream, each after those that it reads."""
        order: list[str] = []
        seen: set[str] = set()
        for start in touched:
            stack = [(start, iter([w.target for w in self.document.wires_from(start)]))] if start not in seen else []
            seen.add(start)
            while stack:
                card, targets = stack[-1]
                following = next((t for t in targets if t not in seen), None)
                if following is None:
                    order.append(card)
                    stack.pop()
                else:
                    seen.add(following)
                    stack.append((following, iter([w.target for w in self.document.wires_from(following)])))
        return order[::-1]

    # ------------------------------------------------ one card

    def _state(self, card: Card) -> State:
        kind = catalog().get(card.kind)
        if kind is None:
            text = f"this version has no {card.kind}"
            return State(None, (UNKNOWN,), Problem(card.id, None, "error", text, f"{text}: remove the card."))
        if not becomes_nodes(card.kind):
            results = _sources(card, kind)
            return State((), results, self._problem_of_training(card, kind) or _incomplete(card, kind))
        old = self._states.get(card.id)
        count = max([len(old.results) if old is not None else 1, *(w.output + 1 for w in self._leaving(card.id))])
        unknown = (UNKNOWN,) * count
        missing = self._missing(card, kind)
        if missing is not None:
            return State(None, unknown, missing)
        operands = self._operands(card, kind, {})
        if operands is None:
            return State(None, unknown, None)          # what is before it is to be mended first
        if card.bypassed and operands:
            return State(operands[:1], (shown(operands[0]),), None)
        try:
            types = types_of(card.kind, as_key(card.attributes), operands)
        except ge.errors.GraphEngineError as error:
            return State(None, unknown, self._explained(card, kind, operands, error))
        problem = self._feed_problem(card, types)
        return State(types, tuple(shown(t) for t in types), problem)

    def _leaving(self, card: str) -> list[Wire]:
        return self.document.wires_from(card)

    def _missing(self, card: Card, kind: Kind) -> Problem | None:
        """What has to be given or connected before the card means anything."""
        wires = self.document.wires_into(card.id)
        last = max([k for k in wires if _carries(kind, k) == "tensor"], default=-1)
        for number, socket in enumerate(kind.inputs):
            if number not in wires and socket.carries == "tensor" and (not socket.optional or number < last):
                text = f"{socket.name} is not connected"
                return Problem(card.id, number, "warning", text, f"{text}.{' ' + socket.doc if socket.doc else ''}")
        return _incomplete(card, kind)

    def _operands(self, card: Card, kind: Kind, instead: Mapping[int, Type]) -> tuple[Type, ...] | None:
        """Types of a card's operands, some replaced; None if one of them is not known or connected."""
        wires = {k: w for k, w in self.document.wires_into(card.id).items() if _carries(kind, k) == "tensor"}
        found = []
        for number in range(max([*wires, *instead, -1]) + 1):
            if number in instead:
                found.append(instead[number])
                continue
            wire = wires.get(number)
            state = self._states.get(wire.source) if wire is not None else None
            if wire is None or state is None or state.types is None or wire.output >= len(state.types):
                return None
            found.append(state.types[wire.output])
        needed = sum(1 for s in kind.inputs if s.carries == "tensor" and not s.optional)
        return tuple(found) if len(found) >= needed else None

    def _explained(
        self, card: Card, kind: Kind, operands: tuple[Type, ...], error: ge.errors.GraphEngineError
    ) -> Problem:
        sockets = [kind.input(k) for k in range(len(operands))]
        number = blamed(error, [s.name if s is not None else "" for s in sockets]) if operands else None
        origins = [self._origin(card.id, k) for k in range(len(operands))]
        fixes = tuple(_as_fix(card.id, r) for r in repairs(card.kind, card.attributes, operands, origins))
        return Problem(card.id, number, "error", short(error), detailed(error), fixes)

    def _origin(self, card: str, number: int) -> Origin | None:
        wire = self.document.wires_into(card).get(number)
        source = self.document.card(wire.source) if wire is not None else None
        kind = catalog().get(source.kind) if source is not None else None
        if wire is None or source is None or kind is None or source.bypassed or not becomes_nodes(source.kind):
            return None
        operands = self._operands(source, kind, {})
        return Origin(source.kind, source.attributes, operands, wire.output) if operands is not None else None

    def _feed_problem(self, card: Card, types: tuple[Type, ...]) -> Problem | None:
        """Whether rows are fed that the placeholder takes."""
        wire = self.document.wires_into(card.id).get(0)
        source = self.document.card(wire.source) if wire is not None else None
        if wire is None or source is None or becomes_nodes(source.kind) or not types:
            return None
        row, shape = fed_row(source, wire.output), types[0].shape
        if row is None or shape.rank is None:
            return None
        fits = shape.rank == len(row) + 1 and all(s in (None, n) for s, n in zip(shape[1:], row, strict=True))
        if fits:
            return None
        fed = shape_text((None, *row))
        text = f"rows {fed} do not fit {shown(types[0]).shape}"
        fix = Fix(f"Set shape to {fed}", lambda document: _set(document, card.id, "shape", [None, *row]))
        return Problem(card.id, 0, "error", text, f"{source.id} feeds {text}.", (fix,))

    def _problem_of_training(self, card: Card, kind: Kind) -> Problem | None:
        if card.kind != TRAIN:
            return None
        wires = self.document.wires_into(card.id)
        for number, socket in enumerate(kind.inputs):
            if number not in wires and not socket.optional:
                text = f"{socket.name} is not connected"
                return Problem(card.id, number, "warning", text, f"{text}: {socket.doc}.")
        loss = wires[0]
        results = self.outputs(loss.source)
        sizes = results[loss.output].sizes if loss.output < len(results) else None
        if sizes:
            text = f"the loss is {results[loss.output].shape}, not one number"
            repair = Insertion("Insert Mean", 0, "op/reduce_mean", {})
            return Problem(card.id, 0, "error", text, f"{text}.", (_as_fix(card.id, repair),))
        return None


# -------------------------------------------------------------------- parts

def _carries(kind: Kind, number: int) -> str:
    socket = kind.input(number)
    return socket.carries if socket is not None else "tensor"


def _a(carries: str) -> str:
    return {"tensor": "a tensor", "feed": "rows of data", "optimizer": "an optimizer"}[carries]


def _any_of(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _fits(kind: Kind, given: Type) -> bool:
    try:
        types_of(kind.key, as_key(kind.starting), (given,))
    except ge.errors.GraphEngineError:
        return False
    return True


def shown(found: Type) -> Result:
    """A type as a card tells it."""
    sizes = None if found.shape.rank is None else tuple(s if isinstance(s, int) else None for s in found.shape)
    return Result(found.dtype, shape_text(sizes), sizes)


def shape_text(sizes: tuple[int | None, ...] | None) -> str:
    """``(?, 784)``, ``(3,)``, ``()``; ``?`` if the rank is unknown."""
    if sizes is None:
        return "?"
    parts = ["?" if s is None else str(s) for s in sizes]
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def _sources(card: Card, kind: Kind) -> tuple[Result, ...]:
    if kind.family == "Data":
        return tuple(Result("", _columns(columns), None, name, "feed") for name, columns in feed_outputs(card))
    return tuple(Result("", "", None, s.name, s.carries) for s in kind.outputs)


def _columns(columns: Any) -> str:
    return f"(?, {len(columns)})" if isinstance(columns, list) else "(?, …)" if not columns else ""


def _incomplete(card: Card, kind: Kind) -> Problem | None:
    for field in kind.fields:
        if field.default is REQUIRED and field.name not in card.attributes:
            text = f"{field.name} is not given"
            return Problem(card.id, None, "warning", text, f"{text}: {field.doc or field.form}.")
    return None


# -------------------------------------------------------------------- repairs as edits

def _as_fix(card: str, repair: Repair) -> Fix:
    if isinstance(repair, Adjustment):
        return Fix(repair.label, lambda document: _adjusted(document, card, repair))
    return Fix(repair.label, lambda document: _inserted(document, card, repair))


def _set(document: GraphDocument, card: str, name: str, value: Any, label: str = "") -> Change:
    found = document.card(card)
    assert found is not None, "the problem is of this card"
    changed = replace(found, attributes={**found.attributes, name: value})
    return Change(label or f"Set {name}", {found.ref: found}, {found.ref: changed})


def _adjusted(document: GraphDocument, card: str, repair: Adjustment) -> Change:
    source = document.wires_into(card)[repair.input].source
    return _set(document, source, repair.name, repair.value, repair.label)


def _inserted(document: GraphDocument, card: str, repair: Insertion) -> Change:
    wire = document.wires_into(card)[repair.input]
    source, target = document.card(wire.source), document.card(card)
    assert source is not None and target is not None, "wires end at cards"
    id = document.new_id(catalog()[repair.kind].name)
    x, y = (source.x + source.width + target.x - WIDTH) / 2, (source.y + target.y) / 2
    if target.x - source.x - source.width < WIDTH + 2 * GAP:
        y = max(source.y, target.y) + BELOW             # there is no room between them
    new = Card(id, repair.kind, repair.attributes, x, y)
    into, out = Wire(wire.source, wire.output, id, 0), Wire(id, 0, card, wire.input)
    before: dict[Ref, Item | None] = {new.ref: None, into.ref: None, out.ref: wire}
    return Change(repair.label, before, {new.ref: new, into.ref: into, out.ref: out})
