"""All kinds of cards, by key."""
from __future__ import annotations

from graphengine.tools.drawn.kinds import CONST, DATASETS, METRICS, PLACEHOLDER, TRAIN, VARIABLE, catalog, shipped_rows

__all__ = ["CONST", "DATASETS", "METRICS", "PLACEHOLDER", "TRAIN", "VARIABLE", "catalog", "shipped_rows"]
