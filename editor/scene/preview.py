"""The strip on a card that shows values: a picture with figures, a histogram, a curve, or the value itself.

A `Strip` is made when values arrive; painting it asks nobody.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from PySide6 import QtCore, QtGui

from editor.run.messages import Preview

from . import wording
from .geometry import PREVIEW, Box
from .inks import NO_BRUSH, NO_PEN, Inks, pen

BINS = 26
THUMBNAIL, LEAST_PICTURE = 38.0, 12
POINTS = 160        # of a curve


class Strip(Protocol):
    def paint(self, painter: QtGui.QPainter, box: Box, inks: Inks, category: str, far: bool = False) -> None:
        """Draw into `box`; `category` gives the colour. far : only what can be seen from there, no small figures."""


def strip_of(series: Sequence[float], weight: Preview | None, value: Preview | None) -> Strip | None:
    """What is worth showing of a card: its curve, else how its weights are spread, else its value."""
    if len(series) > 1:
        return CurveStrip(series)
    preview = weight or value
    if preview is None:
        return None
    if preview.thumbnail is not None and weight is None:
        return PictureStrip(preview)
    several = int(np.prod(preview.shape)) > 1
    if several and any(preview.histogram):
        return HistogramStrip(preview)
    return TextStrip(preview)


def _kind(preview: Preview) -> str:
    return f"{wording.sizes(preview.shape)} · {wording.dtype(preview.dtype)}"


def _origin(preview: Preview) -> str:
    """Says of values that random numbers are behind them."""
    return f"{QtCore.QCoreApplication.translate('Preview', 'random')} " if preview.is_random else ""


def _defects(preview: Preview) -> str:
    """Of elements that are no numbers."""
    parts = [f"{preview.nans} NaN"] if preview.nans or not preview.infs else []
    return " ".join([*parts, *([f"{preview.infs} Inf"] if preview.infs else [])])


class PictureStrip:
    """A thumbnail, with range, mean, shape, dtype and bytes beside it."""

    def __init__(self, preview: Preview) -> None:
        self.pixmap = _pixmap(preview.thumbnail)
        self.bad = bool(preview.nans or preview.infs)
        size = wording.bytes_of(preview.bytes)
        self.below = [_kind(preview), size]
        self.above: list[str] = []      # the first line, in full and shorter
        self.far = ""                   # what is said of it from afar
        if preview.minimum is not None and preview.maximum is not None:
            extent = preview.maximum - preview.minimum
            span = f"[{wording.brief(preview.minimum, extent)}, {wording.brief(preview.maximum, extent)}]"
            mean = "" if preview.mean is None else wording.brief(preview.mean, extent)
            texts = [f"{span}  mean {mean}", f"{span} μ {mean}", span] if mean else [span]
            self.above = [_origin(preview) + text for text in texts]
            self.far = span
        self.defects = _defects(preview) if self.bad else ""

    def paint(self, painter: QtGui.QPainter, box: Box, inks: Inks, category: str, far: bool = False) -> None:
        large = box.height > PREVIEW
        if large:           # figures below the picture instead of beside it
            room = box.width - 12
            left, base, lines = box.x + 6, box.bottom - 19, ["  ".join(self.below)]
            picture = Box(box.x + 5, box.y + 4, box.width - 10, box.height - (8 if far else 40))
        else:
            left, base, lines = box.x + THUMBNAIL + 14, box.y + 14.5, self.below
            room = box.right - left - 5
            picture = Box(box.x + 5, box.y + 4, THUMBNAIL, THUMBNAIL)
        self._paint_picture(painter, picture)
        if far:
            letters = inks.far_mono
            if not large and letters.width(self.far) <= room:
                painter.setFont(letters.font)
                painter.setPen(inks.error if self.bad else inks.text2)
                painter.drawText(QtCore.QPointF(left, box.y + box.height / 2 + letters.rise), self.far)
            return
        if self.above:
            lines = [next((text for text in self.above if inks.fine.width(text) <= room), self.above[-1]), *lines]
        painter.setFont(inks.fine.font)
        painter.setPen(inks.text2)
        for i, line in enumerate(lines):
            painter.drawText(QtCore.QPointF(left, base + 14 * i), inks.fine.cut(line, room))
        if self.bad:
            painter.setPen(inks.error)
            width = inks.fine.width(self.defects)
            painter.drawText(QtCore.QPointF(box.right - width - 6, box.bottom - 5), self.defects)

    def _paint_picture(self, painter: QtGui.QPainter, box: Box) -> None:
        """As large as fits, but never a mere line; where elements are several pixels large, with their edges."""
        size = self.pixmap.size().scaled(int(box.width), int(box.height), QtCore.Qt.AspectRatioMode.KeepAspectRatio)
        size = size.expandedTo(QtCore.QSize(LEAST_PICTURE, LEAST_PICTURE))
        target = QtCore.QRectF(box.x + (box.width - size.width()) / 2, box.y + (box.height - size.height()) / 2,
                               size.width(), size.height())
        smooth = QtGui.QPainter.RenderHint.SmoothPixmapTransform
        painter.setRenderHint(smooth, size.width() < 2 * self.pixmap.width())
        painter.drawPixmap(target, self.pixmap, QtCore.QRectF(self.pixmap.rect()))
        painter.setRenderHint(smooth, True)


class HistogramStrip:
    """How often which value: 26 bars, mean, standard deviation and what is no number."""

    def __init__(self, preview: Preview) -> None:
        self.heights = rebinned(preview.histogram)
        self.bad = bool(preview.nans or preview.infs)
        mean = "" if preview.mean is None else f"μ {wording.brief(preview.mean, preview.std or 0.0)}"
        std = "" if preview.std is None else f"  σ {wording.brief(preview.std)}"
        self.left, self.right = _origin(preview) + mean + std, _defects(preview)

    def paint(self, painter: QtGui.QPainter, box: Box, inks: Inks, category: str, far: bool = False) -> None:
        bottom = box.bottom - (4 if far else 15)
        tallest = bottom - box.y - 5
        step = (box.width - 12) / len(self.heights)
        painter.setPen(NO_PEN)
        painter.setBrush(inks.bars(category))
        painter.drawRects([
            QtCore.QRectF(box.x + 6 + step * i, bottom - max(tallest * h, 1.0), step - 1, max(tallest * h, 1.0))
            for i, h in enumerate(self.heights)])
        if far:
            return
        base = box.bottom - 5
        painter.setFont(inks.fine.font)
        painter.setPen(inks.error if self.bad else inks.text2)
        width = inks.fine.width(self.right)
        painter.drawText(QtCore.QPointF(box.right - 6 - width, base), self.right)
        painter.setPen(inks.text2)
        painter.drawText(QtCore.QPointF(box.x + 6, base), inks.fine.cut(self.left, box.width - 24 - width))


class CurveStrip:
    """A curve, as of a loss, with its last value."""

    def __init__(self, series: Sequence[float]) -> None:
        values = np.asarray(series, np.float64)
        self.last = wording.precise(float(values[-1]))
        values = values[np.isfinite(values)]
        if len(values) > POINTS:
            values = values[np.linspace(0, len(values) - 1, POINTS).round().astype(int)]
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
        self.heights = ((values - low) / (high - low or 1.0)).tolist()

    def paint(self, painter: QtGui.QPainter, box: Box, inks: Inks, category: str, far: bool = False) -> None:
        left, width, bottom, height = box.x + 6, box.width - 12, box.bottom - 6, box.height - 12
        step = width / max(len(self.heights) - 1, 1)
        if far:             # the last value above it, where the curve leaves room for letters of that size
            height *= 0.55
            painter.setFont(inks.far_mono.font)
            painter.setPen(inks.text)
            shown = inks.far_mono.cut_value(self.last, width)
            painter.drawText(QtCore.QPointF(box.right - 6 - inks.far_mono.width(shown), box.y + 17), shown)
        painter.setPen(pen(inks.hue(category).color(), 3.0 if far else 1.5))
        painter.setBrush(NO_BRUSH)
        painter.drawPolyline([QtCore.QPointF(left + step * i, bottom - height * h) for i, h in enumerate(self.heights)])
        if far:
            return
        painter.setFont(inks.mono.font)
        painter.setPen(inks.text)
        painter.drawText(QtCore.QPointF(box.right - 6 - inks.mono.width(self.last), box.y + 15), self.last)


class TextStrip:
    """The value itself, with its dtype below."""

    def __init__(self, preview: Preview) -> None:
        self.text = preview.text.replace("\n", " ")
        self.below = _origin(preview) + _kind(preview)
        self.bad = bool(preview.nans or preview.infs)

    def paint(self, painter: QtGui.QPainter, box: Box, inks: Inks, category: str, far: bool = False) -> None:
        room = box.width - 16
        painter.setPen(inks.error if self.bad else inks.text)
        if far:
            painter.setFont(inks.far_mono.font)
            painter.drawText(QtCore.QPointF(box.x + 8, box.y + box.height / 2 + inks.far_mono.rise),
                             inks.far_mono.cut_value(self.text, room))
            return
        painter.setFont(inks.mono.font)
        painter.drawText(QtCore.QPointF(box.x + 8, box.y + 18.5), inks.mono.cut_value(self.text, room))
        painter.setFont(inks.fine.font)
        painter.setPen(inks.text2)
        painter.drawText(QtCore.QPointF(box.x + 8, box.y + 35), inks.fine.cut(self.below, room))


def rebinned(counts: Sequence[int], bins: int = BINS) -> list[float]:
    """The histogram in fewer bins, as shares of the fullest."""
    edges = np.linspace(0, len(counts), bins + 1)
    below = np.interp(edges, np.arange(len(counts) + 1), np.concatenate([[0], np.cumsum(counts)]))
    heights = np.diff(below)
    top = heights.max()
    return [float(h) for h in heights / top] if top else [0.0] * bins


def _pixmap(thumbnail: np.ndarray | None) -> QtGui.QPixmap:
    assert thumbnail is not None
    pixels = np.ascontiguousarray(thumbnail, np.uint8)
    height, width = pixels.shape[:2]
    shades = QtGui.QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QtGui.QImage.Format.Format_RGB888
    image = QtGui.QImage(pixels.data, width, height, pixels.strides[0], shades)
    return QtGui.QPixmap.fromImage(image)      # copies: the array may go
