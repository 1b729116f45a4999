"""Text in an SVG as outlines, so that it looks the same where the editor's fonts are missing."""
from __future__ import annotations

import re
from html import unescape
from xml.sax.saxutils import quoteattr

from PySide6 import QtCore, QtGui

# As Qt writes it: attributes in double quotes, then the text, escaped.
TEXT = re.compile(r"<text ([^>]*)>([^<]*)</text>", re.DOTALL)
ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')


def outlined(svg: str) -> str:
    """The same picture; each glyph stands in it once, and each text is a group of uses with the text as its label."""
    glyphs = _Glyphs()
    body = TEXT.sub(lambda match: glyphs.text(dict(ATTRIBUTE.findall(match[1])), unescape(match[2].strip("\n"))), svg)
    return body.replace("<defs>", "<defs>\n" + "\n".join(glyphs.drawn.values()), 1)


class _Glyphs:
    """Glyphs by font and number, as paths with names."""

    def __init__(self) -> None:
        self.drawn: dict[tuple[str, float, float, int], str] = {}

    def text(self, attributes: dict[str, str], text: str) -> str:
        font = QtGui.QFont()
        font.setFamilies([family.strip("'") for family in attributes.get("font-family", "").split(",")])
        font.setPixelSize(max(1, round(float(attributes.get("font-size", 12)))))
        font.setWeight(QtGui.QFont.Weight(int(attributes.get("font-weight", 400))))
        font.setItalic(attributes.get("font-style") == "italic")
        font.setHintingPreference(QtGui.QFont.HintingPreference.PreferNoHinting)
        layout = QtGui.QTextLayout(text, font)
        layout.beginLayout()
        line = layout.createLine()
        layout.endLayout()
        line.setPosition(QtCore.QPointF(0, -line.ascent()))
        left, base = float(attributes.get("x", 0)), float(attributes.get("y", 0))
        uses = []
        for run in layout.glyphRuns():
            for number, place in zip(run.glyphIndexes(), run.positions(), strict=True):
                name = self._name(run.rawFont(), number)
                if name:
                    uses.append(f'<use xlink:href="#{name}" x="{left + place.x():.2f}" y="{base + place.y():.2f}"/>')
        fill = attributes.get("fill", "black")
        opacity = attributes.get("fill-opacity", "1")
        return (f'<g fill="{fill}" fill-opacity="{opacity}" stroke="none" aria-label={quoteattr(text)}>'
                f'{"".join(uses)}</g>')

    def _name(self, font: QtGui.QRawFont, number: int) -> str:
        """The name of a glyph's path; empty for a space."""
        key = (font.familyName(), font.weight(), font.pixelSize(), number)
        if key not in self.drawn:
            path = font.pathForGlyph(number)
            name = f"g{len(self.drawn)}" if path.elementCount() else ""
            self.drawn[key] = f'<path id="{name}" d="{_data(path)}"/>' if name else ""
        found = re.match(r'<path id="(\w+)"', self.drawn[key])
        return found[1] if found else ""


def _data(path: QtGui.QPainterPath) -> str:
    kinds = QtGui.QPainterPath.ElementType
    letters = {kinds.MoveToElement: "M", kinds.LineToElement: "L", kinds.CurveToElement: "C",
               kinds.CurveToDataElement: " "}
    elements = (path.elementAt(k) for k in range(path.elementCount()))
    return "".join(f"{letters[e.type]}{e.x:.2f},{e.y:.2f}" for e in elements)  # type: ignore[attr-defined]
