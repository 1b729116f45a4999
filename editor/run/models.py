"""A graph given away as a model of ONNX: its cards come in, a file and what it says of itself go out. No Qt."""
from __future__ import annotations

from collections.abc import Sequence

import graphengine as ge

from . import messages as m
from .graph import RunningGraph


def export_onnx(graph: RunningGraph, path: str, cards: Sequence[str]) -> m.Exported | m.Failed:
    """Write what cards give, with the values that variables have now; or say which cards have no form in ONNX."""
    wanted = [output for output in graph.outputs if output[0] in cards]
    several = {card for card, number in wanted if number}
    outputs = {f"{card}_{number}" if card in several else card: graph.outputs[card, number]
               for card, number in wanted}
    try:
        graph.graph.save(path, outputs, graph.session)
    except ge.errors.UnimplementedError as error:
        reasons: dict[str, str] = {}
        for refusal in getattr(error, "refusals", ()):
            reasons.setdefault(graph.card_of(refusal.node) or refusal.node, refusal.reason)
        if not reasons:
            raise
        text = "; ".join(f"{card}: {reason}" for card, reason in reasons.items())
        return m.Failed("exportonnx", f"nothing is written, for these cards have no form in ONNX. {text}",
                        next(iter(reasons)) if len(reasons) == 1 else None, error.fix or "", str(error))
    return m.Exported(path, tuple(outputs))
