"""Pens, brushes, fonts and widths of texts in the present look, made once for it: painting makes none of them."""
from __future__ import annotations

import copy
import math
import re
from functools import cached_property, lru_cache

from PySide6 import QtCore, QtGui

from editor.theme import mix, theme
from editor.theme.tokens import HUES

from .geometry import BAR, RADIUS, TITLE

NO_PEN = QtGui.QPen(QtCore.Qt.PenStyle.NoPen)
NO_BRUSH = QtGui.QBrush(QtCore.Qt.BrushStyle.NoBrush)
NUMBER = re.compile(r"-?\d[\d.]*e-?\d+")          # with an exponent
SHADOWS = ((5.0, 0.25), (3.0, 0.35), (1.0, 0.40))   # growth, share of the look's shadow


def mixed(base: QtGui.QColor, other: QtGui.QColor, share: float) -> QtGui.QColor:
    """`share` of the other colour in the first."""
    return QtGui.QColor.fromRgbF(*(a + share * (b - a) for a, b in (
        (base.redF(), other.redF()), (base.greenF(), other.greenF()), (base.blueF(), other.blueF()))))


def pen(color: QtGui.QColor, width: float = 1.0, dashes: tuple[float, ...] = ()) -> QtGui.QPen:
    """A pen with round ends. dashes : lengths in pixels at 100 % zoom, drawn and left out in turn."""
    return _pen(color.rgba(), width, dashes)


@lru_cache(maxsize=256)
def _pen(rgba: int, width: float, dashes: tuple[float, ...]) -> QtGui.QPen:
    color = QtGui.QColor.fromRgba(rgba)
    result = QtGui.QPen(color, width)
    result.setCapStyle(QtCore.Qt.PenCapStyle.RoundCap)
    result.setJoinStyle(QtCore.Qt.PenJoinStyle.RoundJoin)
    if dashes:
        result.setDashPattern([d / width for d in dashes])
        result.setCapStyle(QtCore.Qt.PenCapStyle.FlatCap)
    return result


class Lettering:
    """The font of a role of the theme, with its measures and texts cut to a width.

    size : in pixels, other than the role's
    """

    def __init__(self, role: str, size: int | None = None) -> None:
        self.font = QtGui.QFont(theme.font(role))
        if size is not None:
            self.font.setPixelSize(size)
        self.metrics = QtGui.QFontMetricsF(self.font)
        self.rise = self.metrics.capHeight() / 2    # from the middle of the capitals down to the base line
        self._widths: dict[str, float] = {}

    def width(self, text: str) -> float:
        found = self._widths.get(text)
        if found is None:
            if len(self._widths) > 20_000:
                self._widths.clear()
            found = self._widths[text] = self.metrics.horizontalAdvance(text)
        return found

    def cut(self, text: str, room: float) -> str:
        """The text, or as much of it as fits with an ellipsis."""
        if self.width(text) <= room:
            return text
        return self.metrics.elidedText(text, QtCore.Qt.TextElideMode.ElideRight, max(room, 0.0))

    def cut_value(self, text: str, room: float) -> str:
        """As `cut`; a number keeps its exponent, and of several each is there as a whole or not at all."""
        if self.width(text) <= room:
            return text
        mantissa, power, exponent = text.partition("e")
        if power and NUMBER.fullmatch(text):
            return self.cut(mantissa, room - self.width(power + exponent)) + power + exponent
        parts = text.split(", ")
        for count in range(len(parts) - 1, 0, -1):
            shorter = ", ".join((*parts[:count], "…"))
            if self.width(shorter) <= room:
                return shorter
        return self.cut(text, room)


class Inks:
    """Everything that painting takes from the look."""

    def __init__(self) -> None:
        color = theme.color
        self.tokens = theme.tokens
        self.dark = theme.is_dark
        self.canvas, self.dot, self.card = color("canvas"), color("dot"), color("card")
        self.well, self.border, self.accent = color("well"), color("border"), color("accent")
        self.text, self.text2, self.text3 = color("text"), color("text2"), color("text3")
        self.ok, self.warn, self.error = color("ok"), color("warn"), color("error")
        self.gradient, self.on_gradient = color("gradient"), color("on_gradient")

        self.title = Lettering("title")
        self.far_title = Lettering("title", 22)      # below 55 % zoom, where 13 pixels cannot be read
        self.block_title = Lettering("title", 30)    # and below 35 %, on what is a block only
        self.far_mono, self.far_strip = Lettering("mono", 18), Lettering("medium", 17)
        self.label = Lettering("body")
        self.mono = Lettering("mono")
        self.fine = Lettering("small-mono")
        self.strip = Lettering("small-medium")
        self.frame = Lettering("medium")

        self.shadows = tuple((growth, QtGui.QBrush(theme.shadow(share))) for growth, share in SHADOWS)
        self.far_shadow = ((3.0, QtGui.QBrush(theme.shadow(0.7))),)
        self.card_brush, self.well_brush = QtGui.QBrush(self.card), QtGui.QBrush(self.well)
        self.canvas_brush = QtGui.QBrush(self.canvas)
        self.border_pen = pen(self.border)
        self.hover_pen = pen(mixed(self.border, self.text3, 0.8))
        self.arrow_pen = pen(self.text2, 1.5)
        self.bypass_pen = pen(self.text3, 1.0, (4, 4))
        self.well_pen = NO_PEN if self.dark else pen(self.border)
        self.selected_pen, self.error_pen, self.warn_pen = pen(self.accent, 2), pen(self.error, 2), pen(self.warn, 1.2)
        tokens = self.tokens
        error, warn = (mix(tokens.card, tokens.color(name), 0.14) for name in ("error", "warn"))
        self.error_tint, self.warn_tint = QtGui.QBrush(QtGui.QColor(error)), QtGui.QBrush(QtGui.QColor(warn))
        self.error_text, self.warn_text = theme.legible("error", error), theme.legible("warn", warn)
        self.on_title = theme.legible("text3", *map(tokens.title, HUES.values()), tokens.border)    # beside the title
        self._tints: dict[str, QtGui.QBrush] = {}
        self._bars: dict[str, QtGui.QBrush] = {}
        self._hues: dict[str, QtGui.QBrush] = {}
        self._dtypes: dict[str, QtGui.QBrush] = {}

    @cached_property
    def small(self) -> Inks:
        """The same where letters are so small that the zeros of the monospaced font, which have a dot, look like
        eights: numbers in the other font.
        """
        result = copy.copy(self)
        result.mono, result.fine, result.far_mono = (
            Lettering("small"), Lettering("small", 10), Lettering("small", 18))
        return result

    def hue(self, category: str) -> QtGui.QBrush:
        """Of bars and blocks of a category."""
        found = self._hues.get(category)
        if found is None:
            found = self._hues[category] = QtGui.QBrush(_hue(category))
        return found

    def tint(self, category: str) -> QtGui.QBrush:
        """Of the titles of a category."""
        found = self._tints.get(category)
        if found is None:
            found = self._tints[category] = QtGui.QBrush(theme.title(category) if category else self.border)
        return found

    def bars(self, category: str) -> QtGui.QBrush:
        """Of histograms: the hue, calmer."""
        found = self._bars.get(category)
        if found is None:
            found = self._bars[category] = QtGui.QBrush(mixed(self.well, _hue(category), 0.8))
        return found

    def dtype(self, name: str) -> QtGui.QBrush:
        """Of sockets and wires that carry a dtype; "optimizer" and "feed" are what other sockets carry."""
        found = self._dtypes.get(name)
        if found is None:
            color = theme.category({"feed": "Data", "optimizer": "Optimizer"}[name]) if name in (
                "feed", "optimizer") else theme.dtype(name)
            found = self._dtypes[name] = QtGui.QBrush(color)
        return found


_present: list[Inks] = []


def inks() -> Inks:
    """Those of the present look."""
    if not _present or _present[0].tokens is not theme.tokens:
        _present[:] = [Inks()]
    return _present[0]


def _hue(category: str) -> QtGui.QColor:
    """Of a category; of a card whose kind is not known, none."""
    return theme.category(category) if category else theme.color("any")


def heat(share: float) -> QtGui.QColor:
    """From yellow, for the fastest, to red: hues 47° to 0°."""
    return QtGui.QColor.fromHsvF(47 / 360 * (1 - min(max(share, 0.0), 1.0)), 0.72, 0.94)


@lru_cache(maxsize=64)
def title_path(width: float) -> QtGui.QPainterPath:
    """A card's title with its round upper corners."""
    path = QtGui.QPainterPath(QtCore.QPointF(0, TITLE))
    side = 2 * RADIUS
    path.arcTo(0, 0, side, side, 180, -90)
    path.arcTo(width - side, 0, side, side, 90, -90)
    path.lineTo(width, TITLE)
    path.closeSubpath()
    return path


@lru_cache(maxsize=64)
def bar_path(width: float) -> QtGui.QPainterPath:
    """The part of a title that the bar of the category covers."""
    side = 2 * RADIUS
    angle = math.degrees(math.asin((RADIUS - BAR) / RADIUS))    # of the corner at the lower edge of the bar
    path = QtGui.QPainterPath()
    path.arcMoveTo(0, 0, side, side, 180 - angle)
    path.arcTo(0, 0, side, side, 180 - angle, angle - 90)
    path.arcTo(width - side, 0, side, side, 90, angle - 90)
    path.closeSubpath()
    return path


@lru_cache(maxsize=64)
def foot_path(width: float, top: float, bottom: float) -> QtGui.QPainterPath:
    """The lower end of a card, with its round corners."""
    side = 2 * RADIUS
    path = QtGui.QPainterPath(QtCore.QPointF(0, top))
    path.lineTo(width, top)
    path.arcTo(width - side, bottom - side, side, side, 0, -90)
    path.arcTo(0, bottom - side, side, side, 270, -90)
    path.closeSubpath()
    return path
