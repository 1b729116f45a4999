"""Kinds of cards that a wire can go to or come from, those that fit and are usual first."""
from __future__ import annotations

import graphengine as ge
from graphengine.tools.drawn.draw import Type, becomes_nodes, types_of
from graphengine.tools.drawn.repairs import as_key
from graphengine.tools.drawn.usual import usual_place

from ..model.catalog import Kind, Socket
from ..model.kinds import TRAIN, catalog
from .inference import Inference

JUDGES = ("Losses", "Metrics")              # families of kinds that take what is right first, then what was computed
Offer = tuple[Kind, int]                    # a kind, and the number of its socket


def kinds_accepting(inference: Inference, source: str, output: int) -> list[Offer]:
    """Kinds that an output can be wired to, with the number of the input.

    Those that need nothing else and refuse are left out; those that refuse whatever else they are given come last.
    """
    results = inference.outputs(source)
    if output >= len(results):
        return []
    is_computed = bool(inference.document.wires_into(source)) and "feed" not in {
        state.socket.carries for state in inference.inputs_of(source)}
    given, carries = inference.type_of(source, output), results[output].carries
    found = []
    for kind in catalog().values():
        able = [k for k, s in enumerate(kind.inputs) if s.carries == carries and _takes(s, given)]
        number = able[-1 if is_computed and kind.family in JUDGES else 0] if able else None
        if number is None or kind.hidden:
            continue
        refuses = given is not None and not _fits(kind, number, given)
        if not refuses or sum(not s.optional for s in kind.inputs) > 1:
            found.append((refuses, usual_place(kind), kind, number))
    return [(kind, number) for *_, kind, number in sorted(found, key=lambda entry: entry[:2])]


def kinds_giving(inference: Inference, target: str, input: int) -> list[Offer]:
    """Kinds whose output can be wired to an input, with the number of the output; those that need nothing first."""
    card = inference.document.card(target)
    kind = catalog().get(card.kind) if card is not None else None
    socket = kind.input(input) if kind is not None else None
    if socket is None:
        return []
    found = []
    for other in catalog().values():
        gives = other.outputs[0].carries if other.outputs else "feed" if other.family == "Data" else "tensor"
        if not other.hidden and gives == socket.carries and other.key != TRAIN:
            found.append((other, 0))
    return sorted(found, key=lambda offer: (any(not s.optional for s in offer[0].inputs), usual_place(offer[0])))


def _takes(socket: Socket, given: Type | None) -> bool:
    return given is None or not socket.accepts or given.dtype in socket.accepts


def _fits(kind: Kind, number: int, given: Type) -> bool:
    """Whether a new card would take a tensor beside operands of the same shape, or of some shape."""
    if not becomes_nodes(kind.key):
        return True
    for shape in (given.shape, ge.TensorShape(None)):
        operands = []
        for k, socket in enumerate(kind.inputs):
            other = Type(given.dtype if _takes(socket, given) else socket.accepts[0], shape)
            operands += [given] if k == number else [] if socket.optional else [other]
            operands += [other] if socket.many else []      # what takes a list wants two at least
        try:
            types_of(kind.key, as_key(kind.starting), tuple(operands))
        except ge.errors.GraphEngineError:
            continue
        return True
    return False
