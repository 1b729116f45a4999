"""``graphengine bench``: a graph file in, the time of each of its kernels out."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .. import Training, load
from .run import default_fetches, initialized_session, named, parse_feed


def bench_file(file: Path, feed: Sequence[str], fetch: Sequence[str], training: bool, repeats: int) -> str:
    """The table of a run of a graph in a file, or of a training step on its first rows."""
    graph = load(file)
    feeds = dict(map(parse_feed, feed))
    if training:
        training_of = Training(graph, file.parent)
        return str(training_of.session.profile(training_of.step, {**training_of.first_batch(), **feeds}, repeats))
    fetches = [named(graph, name) for name in fetch] or default_fetches(graph, feeds)
    return str(initialized_session(graph).profile(fetches, feeds, repeats))
