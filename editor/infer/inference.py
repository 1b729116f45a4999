"""dtype and shape of every output while the graph is drawn, kept in step with the document.

After an edit only the cards are looked at that it touches, and what lies downstream as far as types change.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import graphengine as ge
from graphengine.tools.drawn.draw import Type, becomes_nodes, types_of
from graphengine.tools.drawn.repairs import Origin, as_key, corrections, repairs, to_one_number, unsaid_logits

from ..commands import Refused, refusal
from ..commands.values import check_value, nearest
from ..model import subgraphs
from ..model.build import fed_row, feed_outputs, operand_wires
from ..model.catalog import REQUIRED, Kind, Socket
from ..model.document import GraphDocument
from ..model.items import SUBGRAPH, Card, Ref, Wire, is_same
from ..model.kinds import TRAIN, catalog
from ..model.meaning import anywhere
from ..model.values import written
from ..model.words import Words
from .fixes import as_fix, setting
from .problem import Problem, blamed, detailed, said, short

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
WHOLE = State((), (), None)                 # of a subgraph, whose cards inside have states


class Inference:
    """Types and problems of the cards of a document. `listeners` are told which cards have other ones than before."""

    def __init__(self, document: GraphDocument) -> None:
        self.document = document
        self.listeners: list[Listener] = []
        self._states: dict[str, State] = {}
        self._cards: dict[str, Card] = {}       # as they were when their states were worked out
        self._told: dict[str, Mapping[str, Problem]] = {}
        document.listeners.append(self._changed)
        self._update({card.id for card in document.cards})

    def close(self) -> None:
        """Stop following the document."""
        if self._changed in self.document.listeners:
            self.document.listeners.remove(self._changed)

    # ------------------------------------------------ asking

    def outputs(self, card: str) -> tuple[Result, ...]:
        """What comes out of a card, in the order of its outputs."""
        found, state = self.document.card(card), self._states.get(card)
        if found is not None and found.kind == SUBGRAPH:
            return tuple(self._given(port) for port in subgraphs.outputs(self.document, card))
        return state.results if state is not None else ()

    def _given(self, port: subgraphs.Port) -> Result:
        """What comes out of a subgraph, by the name that it has there."""
        (card, number), = port.ends
        results = self.outputs(card)
        return replace(results[number] if number < len(results) else UNKNOWN, name=port.socket.name)

    def type_of(self, card: str, output: int) -> Type | None:
        """What is known of the tensor that comes out of a card; None if nothing, or if it is no tensor."""
        state = self._states.get(card)
        if state is None or state.types is None or output >= len(state.types):
            return None
        return state.types[output]

    def output_count(self, card: str) -> int:
        return len(self.outputs(card))

    def operand_types(self, card: str) -> tuple[Type, ...] | None:
        """Types of what is wired to a card's inputs; None if one is missing or not known."""
        found = self.document.card(card)
        kind = catalog().get(found.kind) if found is not None else None
        return self._operands(found, kind, {}) if found is not None and kind is not None else None

    def problem(self, card: str) -> Problem | None:
        """What is wrong with a card, as inferred or as somebody told; with a subgraph what is worst inside."""
        if card not in self._states:
            return None
        if self._states[card] is WHOLE:
            found = [p for part in subgraphs.inside(self.document, card) if (p := self.problem(part.id)) is not None]
            return min(found, key=lambda p: p.severity != "error", default=None)
        present = [self.own_problem(card), *(told.get(card) for told in self._told.values())]
        return min(filter(None, present), key=lambda p: p.severity != "error", default=None)

    def own_problem(self, card: str) -> Problem | None:
        """What is wrong with a card as far as it can be inferred."""
        state = self._states.get(card)
        return state.problem if state is not None else None

    def problems(self) -> list[Problem]:
        """All problems, errors first, then by card."""
        found = [problem for card, state in self._states.items()
                 if state is not WHOLE and (problem := self.problem(card)) is not None]
        return sorted(found, key=lambda p: (p.severity != "error", p.card))

    def tell(self, who: str, problems: Mapping[str, Problem]) -> None:
        """What cannot be inferred, by card, in place of what the same one told before."""
        before = self._told.get(who, {})
        self._told[who] = dict(problems)
        changed = {card for card in before.keys() | problems.keys() if before.get(card) != problems.get(card)}
        if changed:
            self._announce(changed)

    def inputs_of(self, card: str) -> tuple[InputState, ...]:
        """The rows of a card's inputs; a socket that takes many has a free row after those in use."""
        found = self.document.card(card)
        if found is not None and found.kind == SUBGRAPH:
            return tuple(InputState(port.socket, row, port.wire)
                         for row, port in enumerate(subgraphs.inputs(self.document, card)))
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
        if self.document.card(source) is None:
            return "!There is no such card."
        refused = refusal(self.document, source, output, target, input)
        if refused is not None:
            return f"!{refused}"
        if output >= len(self.outputs(source)):
            return "!There is no such output."
        given, socket = self.type_of(source, output), kind.input(input)
        if given is None or socket is None or not becomes_nodes(card.kind):
            return None
        if socket.accepts and given.dtype not in socket.accepts:
            return f"{socket.name} takes {_any_of(socket.accepts)}, not {given.dtype}."
        operands = self._operands(card, kind, {input: given})
        if operands is None:
            return None
        try:
            types_of(card.kind, as_key(card.attributes), operands)
        except ge.errors.GraphEngineError as error:
            return f"{said(error)}."
        return None

    # ------------------------------------------------ keeping in step

    def _changed(self, refs: frozenset[Ref]) -> None:
        touched = set()
        for ref in refs:
            if ref.kind == "card" and not self._is_only_moved(ref.key):
                touched.add(ref.key)
                touched |= {w.target for w in self.document.wires_from(ref.key)}
            elif ref.kind == "wire":
                touched.add(ref.key[0])
        self._update(touched)

    def _is_only_moved(self, id: str) -> bool:
        old, new = self._cards.get(id), self.document.card(id)
        return old is not None and new is not None and is_same(anywhere(old, True), anywhere(new, True))

    def _update(self, touched: set[str]) -> None:
        told = set()
        for card in self._in_order(touched):
            if card not in touched:
                continue
            found, old = self.document.card(card), self._states.get(card)
            if found is None:
                self._states.pop(card, None)
                self._cards.pop(card, None)
                continue
            new = self._state_or_problem(found)
            self._states[card], self._cards[card] = new, found
            if old != new:
                told.add(card)
            if old is None or old.types != new.types or len(old.results) != len(new.results):
                touched |= {w.target for w in self.document.wires_from(card)}
        told |= {c for c in touched if self.document.card(c) is None}
        if told:
            self._announce(told)

    def _announce(self, cards: Iterable[str]) -> None:
        for listener in list(self.listeners):
            listener(frozenset(cards))

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

    def _state_or_problem(self, card: Card) -> State:
        """Whatever stands in a card's attributes: what cannot be made sense of is a problem of the card."""
        try:
            return self._state(card)
        except Exception as error:          # the editor goes on, and the card says it
            text = Words("its attributes cannot be read")
            return State(None, (UNKNOWN,), Problem(card.id, None, "error", text, Words("{0}: {1}.", text, error)))

    def _state(self, card: Card) -> State:
        kind = catalog().get(card.kind)
        if card.kind == SUBGRAPH:
            return WHOLE
        if kind is None:
            text = Words("this version has no {0}", card.kind)
            detail = Words("{0}: remove the card.", text)
            return State(None, (UNKNOWN,), Problem(card.id, None, "error", text, detail))
        if not becomes_nodes(card.kind):
            results = _sources(card, kind)
            return State((), results, self._problem_of_training(card, kind) or _incomplete(card, kind)
                          or _unfit(card, kind))
        old = self._states.get(card.id)
        used = (w.output + 1 for w in self.document.wires_from(card.id))
        count = max([len(old.results) if old is not None else 1, *used])
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
        problem = self._feed_problem(card, types) or self._unsaid(card)
        return State(types, tuple(shown(t) for t in types), problem)

    def _missing(self, card: Card, kind: Kind) -> Problem | None:
        """What has to be given or connected before the card means anything."""
        wires = self.document.wires_into(card.id)
        last = max([k for k in wires if kind.takes_tensor(k)], default=-1)
        for number, socket in enumerate(kind.inputs):
            if number not in wires and socket.carries == "tensor" and (not socket.optional or number < last):
                return _unconnected(card, number, socket)
        return _incomplete(card, kind)

    def _operands(self, card: Card, kind: Kind, instead: Mapping[int, Type]) -> tuple[Type, ...] | None:
        """Types of a card's operands, some replaced; None if one of them is not known or connected."""
        found = []
        wires = operand_wires(self.document, card, kind)
        for number in range(max([len(wires) - 1, *instead]) + 1):
            wire = wires[number] if number < len(wires) else None
            given = instead.get(number) or (self.type_of(wire.source, wire.output) if wire is not None else None)
            if given is None:
                return None
            found.append(given)
        return tuple(found)

    def _explained(
        self, card: Card, kind: Kind, operands: tuple[Type, ...], error: ge.errors.GraphEngineError
    ) -> Problem:
        sockets = [kind.input(k) for k in range(len(operands))]
        names = [s.name if s is not None else "" for s in sockets]
        number = blamed(error, names) if operands else None
        origins = [self._origin(card.id, k) for k in range(len(operands))]
        found = [] if number is None else repairs(card.kind, card.attributes, operands, origins)
        found = found or corrections(card.kind, card.attributes, operands)
        fixes = tuple(as_fix(card.id, repair) for repair in found)
        if number is not None and operands[number].shape.rank is None and not fixes:
            name = names[number]
            text = Words("the shape of {0} is not known", name) if name else Words("a shape is not known")
            source = self.document.wires_into(card.id)[number].source
            return Problem(card.id, number, "error", text, Words("{0}.\nGive {1} a shape.", text, source))
        return Problem(card.id, number, "error", short(error), detailed(error, bool(fixes)), fixes)

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
        text = Words("rows {0} do not fit {1}", fed, shown(types[0]).shape)
        fix = setting(card.id, "shape", [None, *row], Words("Set {0} to {1}", "shape", fed))
        return Problem(card.id, 0, "error", text, Words("{0} feeds {1}.", source.id, text), (fix,))

    def _unsaid(self, card: Card) -> Problem | None:
        """Whether a loss reads as probabilities what are none; it can be run, but hardly learns."""
        found = unsaid_logits(card.kind, card.attributes, lambda k: self._origin(card.id, k))
        if found is None:
            return None
        number, name = found
        source = self.document.wires_into(card.id)[number].source
        text = Words("{0} gives logits, {1} is off", source, name)
        detail = Words("{0}: they are taken for probabilities, and little or nothing is learnt.", text)
        fix = setting(card.id, name, True, Words("Set {0}", name))
        return Problem(card.id, number, "warning", text, detail, (fix,))

    def _problem_of_training(self, card: Card, kind: Kind) -> Problem | None:
        if card.kind != TRAIN:
            return None
        wires = self.document.wires_into(card.id)
        for number, socket in enumerate(kind.inputs):
            if number not in wires and not socket.optional:
                return _unconnected(card, number, socket)
        loss = wires[0]
        results = self.outputs(loss.source)
        sizes = results[loss.output].sizes if loss.output < len(results) else None
        if sizes:
            text = Words("the loss is {0}, not one number", results[loss.output].shape)
            return Problem(card.id, 0, "error", text, Words("{0}.", text), (as_fix(card.id, to_one_number(0)),))
        return None


# -------------------------------------------------------------------- parts

def _any_of(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def shown(found: Type) -> Result:
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
        return tuple(Result("", _rows(card, number, columns), None, name, "feed")
                     for number, (name, columns) in enumerate(feed_outputs(card)))
    return tuple(Result("", "", None, s.name, s.carries) for s in kind.outputs)


def _rows(card: Card, output: int, columns: Any) -> str:
    """The shape of what a source of data gives, as far as it is known without reading files."""
    row = fed_row(card, output) if columns else None
    return "(?, …)" if row is None else shape_text((None, *row))


def _unfit(card: Card, kind: Kind) -> Problem | None:
    """A value that its field does not take."""
    for field in kind.fields:
        if field.name in card.attributes:
            try:
                check_value(field, card.attributes[field.name])
            except Refused as refused:
                value = nearest(field, card.attributes[field.name])
                fixes = () if value is None else (
                    setting(card.id, field.name, value,
                            Words("Set {0} to {1}", field.name, written(value, field.form))),)
                return Problem(card.id, None, "error", _unstopped(refused.words), refused.words, fixes)
    return None


def _unstopped(sentence: Words) -> Words:
    return Words(sentence.pattern.removesuffix("."), *sentence.values)


def _unconnected(card: Card, number: int, socket: Socket) -> Problem:
    text = Words("{0} is not connected", socket.name)
    detail = Words("{0} ({1}) is not connected.", socket.name, socket.doc) if socket.doc else Words("{0}.", text)
    return Problem(card.id, number, "warning", text, detail)


def _incomplete(card: Card, kind: Kind) -> Problem | None:
    for field in kind.fields:
        if field.default is REQUIRED and field.name not in card.attributes:
            text = Words("{0} is not given", field.name)
            return Problem(card.id, None, "warning", text, Words("{0}: {1}.", text, field.doc or field.form))
    return None
