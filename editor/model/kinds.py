"""All kinds of cards, by key."""
from __future__ import annotations

from graphengine.tools.drawn.kinds import DATASETS, METRICS, TRAIN, catalog, shipped_rows

__all__ = ["DATASETS", "METRICS", "TRAIN", "catalog", "shipped_rows"]
