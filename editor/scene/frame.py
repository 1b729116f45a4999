"""Areas behind cards: frames that the user draws, and those around what the compiler made one loop of."""
from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.items import Frame
from editor.theme import mix, theme

from .geometry import FRAME_RADIUS, FRAME_TITLE, Box
from .inks import Lettering, inks, pen
from .laid import LaidItem

FILL, COLLAPSED = 0.07, 0.22       # strength of the colour, open and collapsed
GROUP_MARGIN, GROUP_TITLE, GROUP_FOOT = 20.0, 36.0, 16.0        # around the cards of a kernel


class AreaItem(LaidItem):
    """A dashed, titled area."""

    def __init__(self) -> None:
        super().__init__()
        self.box = Box(0, 0, 1, 1)
        self.title = ""
        self.color = QtGui.QColor()
        self.collapsed = False
        self.strength = FILL
        self.count = 0

    def show_area(self, box: Box, title: str, color: QtGui.QColor, collapsed: bool = False) -> None:
        if box != self.box:
            self.prepareGeometryChange()
            self.box = box
        self.title, self.color, self.collapsed = title, color, collapsed
        self.update()

    @property
    def letters(self) -> QtGui.QColor:
        """Of the title: the hue, moved towards the text until it can be read."""
        hue = self.color.name()
        return theme.legible(hue, mix(inks().tokens.canvas, hue, COLLAPSED if self.collapsed else self.strength))

    def boundingRect(self) -> QtCore.QRectF:
        return QtCore.QRectF(*self.box).adjusted(-2, -2, 2, 2)

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionGraphicsItem,
              widget: QtWidgets.QWidget | None = None) -> None:
        self._paint_area(painter, self.box)

    def _paint_area(self, painter: QtGui.QPainter, box: Box) -> None:
        present, scale = inks(), painter.worldTransform().m11()
        rect = QtCore.QRectF(*box)
        fill = QtGui.QColor(self.color)
        fill.setAlphaF(COLLAPSED if self.collapsed else self.strength)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, scale > 0.2)
        painter.setBrush(fill)
        width = 2.0 if self.selected else 1.5 if self.hovered else 1.0
        line = pen(present.accent if self.selected else self.color, width, () if self.collapsed else (4, 2))
        line.setCosmetic(scale < 1)
        painter.setPen(line)
        painter.drawRoundedRect(rect, FRAME_RADIUS, FRAME_RADIUS)
        lettering = present.frame if scale >= 0.55 else present.far_title
        if scale < 0.12:
            return
        text = self._fitting(lettering, rect.width() - 24)
        painter.setFont(lettering.font)
        painter.setPen(self.letters)
        painter.drawText(QtCore.QPointF(rect.x() + 12, rect.y() + FRAME_TITLE / 2 + lettering.rise),
                         lettering.cut(text, rect.width() - 24))
        if not self.collapsed and self.hovered:
            painter.setPen(pen(self.color, 1.5))
            for step in (5, 9):
                painter.drawLine(QtCore.QPointF(rect.right() - step, rect.bottom() - 4),
                                 QtCore.QPointF(rect.right() - 4, rect.bottom() - step))


    def _fitting(self, lettering: Lettering, room: float) -> str:
        return self.title + (f"  ·  {self.count}" if self.collapsed and self.count else "")


class FrameItem(AreaItem):
    """A frame of the document."""

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self.frame = frame
        self.setZValue(-20)
        self.set_frame(frame)

    def set_frame(self, frame: Frame, at: tuple[float, float] | None = None, count: int = 0) -> None:
        """at : where it is shown while it is dragged; count : cards inside."""
        self.frame, self.count = frame, count
        x, y = at or (frame.x, frame.y)
        height = FRAME_TITLE if frame.collapsed else frame.height
        self.show_area(Box(x, y, frame.width, height), frame.title, theme.hue(frame.hue), frame.collapsed)


class GroupItem(AreaItem):
    """Around the cards that became one loop: in several areas where others stand between them.

    short : stands in place of the title where there is no room for that
    """

    def __init__(self, title: str, short: str, cards: Sequence[str], tip: str) -> None:
        super().__init__()
        self.cards = tuple(cards)
        self.name, self.short, self.tip = title, short, tip
        self.areas: list[Box] = []
        self.setZValue(-10)

    def _fitting(self, lettering: Lettering, room: float) -> str:
        return self.title if lettering.width(self.title) <= room else self.short

    def surround(self, boxes: Sequence[Box], others: Sequence[Box]) -> None:
        """boxes : of the cards; others : of all that are not in the group."""
        self.areas = [area.grown(GROUP_MARGIN, GROUP_TITLE, GROUP_MARGIN, GROUP_FOOT) for area in apart(boxes, others)]
        self.show_area(united(self.areas), self.name, inks().accent)

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionGraphicsItem,
              widget: QtWidgets.QWidget | None = None) -> None:
        for area in self.areas:
            self._paint_area(painter, area)


def united(boxes: Sequence[Box]) -> Box:
    """The smallest box around all; there has to be one at least."""
    return reduce(Box.united, boxes)


def apart(boxes: Sequence[Box], others: Sequence[Box]) -> list[Box]:
    """Areas that hold all of `boxes` and none of `others`: from left to right, each as far as nothing is in its way."""
    whole = united(boxes)
    others = [other for other in others if whole.meets(other)]
    if not others:
        return [whole]
    areas: list[Box] = []
    for box in sorted(boxes):
        for i, area in enumerate(areas):
            joined = area.united(box)
            if not any(joined.meets(other) for other in others):
                areas[i] = joined
                break
        else:
            areas.append(box)
    return areas
