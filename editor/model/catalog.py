"""What can be put on the canvas; graphengine makes it from its registries, so that a new op appears by itself."""
from __future__ import annotations

from graphengine.tools.drawn.catalog import REQUIRED, Catalog, Field, Kind, Required, Socket

__all__ = ["REQUIRED", "Catalog", "Field", "Kind", "Required", "Socket"]
