"""The roles of text. Sizes are in pixels, so that cards measure the same everywhere; plain values."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SANS = ("Inter", "Segoe UI", "SF Pro Text", "Noto Sans", "sans-serif")
MONO = ("JetBrains Mono", "Consolas", "Menlo", "DejaVu Sans Mono", "monospace")


@dataclass(frozen=True)
class Face:
    """size : pixels; weight : 400 regular, 500 medium, 600 semi-bold; families : the first that is there is taken."""

    size: int
    weight: int = 400
    families: tuple[str, ...] = SANS


ROLES: Mapping[str, Face] = {
    "ui": Face(13),
    "heading": Face(15, 600),
    "title": Face(13, 600),
    "bold": Face(12, 600),
    "body": Face(12),
    "medium": Face(12, 500),
    "small": Face(11),
    "small-medium": Face(11, 500),
    "code": Face(12, families=MONO),
    "mono": Face(11, families=MONO),
    "small-mono": Face(10, families=MONO),
}
