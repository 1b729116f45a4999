"""Where the time of a run goes, by kernel and by card: measurements in, `ProfileResult` out. No Qt."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import graphengine as ge

from . import messages as m
from .compiled import kernels_of
from .graph import RunningGraph
from .messages import Array

REPEATS = 20


def profile(
    graph: RunningGraph, session: ge.Session, fetches: Sequence[Any], feeds: Mapping[str, Array]
) -> m.ProfileResult:
    """The time of each kernel of one way of running a graph; variables keep their values.

    Raises
    ------
    InvalidArgumentError if the run is cut where sizes depend on numbers, for then it is not one program.
    """
    measured = session.profile(list(fetches), feeds, REPEATS)
    known = list(kernels_of(graph, session.explain(list(fetches), feeds)))[:len(measured.kernels)]
    rows = []
    cards: Counter[str] = Counter()
    for found, (info, nodes) in zip(measured.kernels, known, strict=True):
        seconds = max(found.seconds, 1e-9)
        moved = found.moved_bytes / seconds / measured.machine.bandwidth
        made = None if found.operations is None else found.operations / seconds / measured.machine.peak
        rows.append(m.ProfileRow(info.name, info.cards, found.seconds, found.moved_bytes, found.operations,
                                 min(moved, 1.0), None if made is None else min(made, 1.0)))
        owners = [card for n in nodes if (card := graph.card_of(n)) is not None]
        for card in owners:
            cards[card] += found.seconds / len(owners)  # type: ignore[assignment]
    return m.ProfileResult(tuple(rows), dict(cards), measured.seconds)
