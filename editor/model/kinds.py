"""All kinds of cards, by key."""
from __future__ import annotations

from graphengine.tools.drawn.kinds import METRICS, TRAIN, catalog

__all__ = ["METRICS", "TRAIN", "catalog"]
