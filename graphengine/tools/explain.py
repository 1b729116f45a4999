"""``graphengine explain``: a graph file in, what the compiler makes of it out."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .. import Training, errors, explain, load
from ..frontend.explanation import SECTIONS
from .run import default_fetches, named


def explain_file(file: Path, fetch: Sequence[str], training: bool, sections: Sequence[str]) -> str:
    """The text of an explanation, or of some of its sections.

    Raises
    ------
    NotFoundError for a section or a name that does not exist.
    """
    for name in sections:
        if name not in SECTIONS:
            raise errors.NotFoundError(
                f"there is no section {name!r}",
                fix=errors.suggestion(name, SECTIONS) or f"use one of {', '.join(SECTIONS)}",
            )
    graph = load(file)
    fetches = [named(graph, name) for name in fetch]
    if training:
        fetches.append(Training(graph, file.parent).step)
    with graph.as_default():
        explanation = explain(fetches or default_fetches(graph))
    return "\n\n".join(explanation.section(s) for s in sections) if sections else str(explanation)
