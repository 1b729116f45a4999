"""The face of a card: texts that fit and colours in the present look, and its painting by arithmetic.

`Face` is made of a `CardLook` once; `paint_face` draws it with sockets and rows, as much of it as the zoom lets see.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

from PySide6 import QtCore, QtGui

from editor.model.catalog import Field, Socket
from editor.model.values import value_of, written

from . import wording
from .geometry import (
    BAR,
    CHIP,
    CHIP_RIGHT,
    CHIP_TOP,
    FAR_CHIP,
    INSET,
    PORT,
    PORT_HOVER,
    PORT_RING,
    RADIUS,
    STRIP,
    TITLE,
)
from .inks import NO_BRUSH, NO_PEN, Inks, bar_path, foot_path, heat, title_path
from .look import CardLook, carried

BARE, FLAT, SHORT, NEAR = 0.2, 0.35, 0.55, 1.3      # zooms at which the drawing changes
CRISP = 0.8                             # pixels of the screen for one of a card, from which small figures can be read
DIMMED = 0.32                           # opacity of what a dragged wire does not fit
OUTDATED = 0.35                         # opacity of values from before an edit


@dataclass(frozen=True)
class PortFace:
    """A socket as it is drawn. text : its name, or an output's shape; dtype : short, shown when near."""

    middle: float
    text: str
    brush: QtGui.QBrush
    dtype: str = ""
    hollow: bool = False
    plus: bool = False
    diamond: bool = False


class Face:
    """The texts of a card, cut to fit, and its colours."""

    def __init__(self, look: CardLook, present: Inks, near: bool = False) -> None:
        self.look, self.inks, self.geometry = look, present, look.geometry
        self.near = near
        width = self.geometry.width
        self.tint, self.hue = present.tint(look.category), present.hue(look.category)
        self.time = "" if look.results.seconds is None else wording.seconds(look.results.seconds)
        self.time_width = present.mono.width(self.time)
        room = width - 12 - 24 - (self.time_width + 6 if self.time else 0)
        self.title = present.title.cut(look.title, room)
        self.name_left = 12 + present.title.width(self.title) + 7
        left = 12 + room - self.name_left
        self.name = present.mono.cut(look.name, left) if look.name and left > 24 else ""
        self.far_title = present.far_title.cut(look.title, width - 16)
        self.block_title = present.block_title.cut(look.title, width - 16)
        self.chip = look.chip
        self.chip_width = present.fine.width(self.chip) + 10 if self.chip else 0.0
        self.problem = present.strip.cut(look.problem[0], width - 22) if look.problem else ""
        self.far_problem = present.far_strip.cut(look.problem[0], width - 18) if look.problem else ""
        self.far_outputs = [present.far_mono.cut(output.shape if output.carries == "tensor" else "", width - 28)
                            for output in look.outputs]
        self.outputs = self._outputs()
        self.inputs = self._inputs()
        self.is_wrong = look.problem is not None and look.problem[1] == "error"
        self.rows = [self._row(f) for f in look.fields]

    @cached_property
    def far_rows(self) -> list[tuple[str, str]]:
        """Names and values of attributes in letters for below 55 % zoom: the value, and what there is room for of the
        name.
        """
        room, names, values = self.geometry.width - 2 * INSET - 20, self.inks.far_strip, self.inks.far_mono
        found = []
        for field in self.look.fields:
            value = values.cut_value(written(value_of(self.look.card, field), field.form) or "…", room * 0.6)
            found.append((names.cut(field.name, room - values.width(value)), value))
        return found

    @cached_property
    def far_name(self) -> str:
        """What the card is called, where that fits beside the title for below 55 % zoom."""
        left = self.geometry.width - 26 - self.inks.far_title.width(self.far_title)
        fits = bool(self.look.name) and self.inks.far_mono.width(self.look.name) <= left
        return self.look.name if fits else ""

    def _outputs(self) -> list[PortFace]:
        faces = []
        for i, output in enumerate(self.look.outputs):
            text = output.shape if output.carries == "tensor" or output.shape != "?" else ""
            near = wording.dtype(output.dtype) if self.near else ""
            text = " ".join(part for part in (output.name, near, text) if part)
            text = self.inks.mono.cut(text, self.geometry.width - 27 - (40 if i < len(self.look.inputs) else 0))
            faces.append(PortFace(self.geometry.row_middle(i), text, self.inks.dtype(carried(output)),
                                  diamond=output.carries != "tensor"))
        return faces

    def _inputs(self) -> list[PortFace]:
        result = []
        many_from = next((i for i, (s, _, _) in enumerate(self.look.inputs) if s.many), len(self.look.inputs))
        for i, (socket, connected, dtype) in enumerate(self.look.inputs):
            free = socket.many and not connected
            label = f"{socket.name} {i - many_from + 1}" if socket.many and connected else socket.name
            taken = self.inks.mono.width(self.outputs[i].text) + 10 if i < len(self.outputs) else 0
            room = self.geometry.width - 27 - taken
            near = wording.dtype(dtype) if self.near and connected else ""
            result.append(PortFace(
                self.geometry.row_middle(i), self.inks.label.cut(label, room), self.inks.dtype(dtype or usual(socket)),
                near, not connected and (socket.optional or socket.many), free, socket.carries != "tensor"))
        return result

    def _row(self, attribute: Field) -> tuple[str, str, float]:
        text = written(value_of(self.look.card, attribute), attribute.form) or "…"
        room = self.geometry.width - 2 * INSET - 16 - 8
        value = self.inks.mono.cut_value(text, max(room - self.inks.label.width(attribute.name), room * 0.45))
        width = self.inks.mono.width(value)
        return self.inks.label.cut(attribute.name, room - width), value, width


def usual(socket: Socket) -> str:
    """The dtype whose colour a socket has before a wire comes; other sockets have that of what they carry."""
    if socket.carries != "tensor":
        return socket.carries
    return next((name for name in ("float32", "int32") if name in socket.accepts),
                socket.accepts[0] if socket.accepts else "")


@dataclass
class CardState:
    """How a card is looked at.

    part : under the pointer; unfit : inputs that a dragged wire does not fit; outdated : its values are from before
    an edit; unlearnt : so is its gradient
    """

    selected: bool = False
    part: tuple[str, int] | None = None
    heat: bool = True
    unfit: frozenset[int] = frozenset()
    outdated: bool = False
    unlearnt: bool = False


def paint_face(painter: QtGui.QPainter, face: Face, state: CardState, scale: float) -> None:
    """Draw a card whose top left corner is the origin; `scale` is the zoom, which decides how much of it is drawn."""
    if scale < FLAT:
        _paint_block(painter, face, state, scale)
    elif scale < SHORT:
        _paint_body(painter, face, state, scale)
        _paint_far(painter, face, state)
    else:
        _paint_body(painter, face, state, scale)
        _paint_title(painter, face, state)
        if not face.geometry.collapsed:
            _paint_rows(painter, face, state)
        _paint_ports(painter, face, state)
        _paint_chip(painter, face, state.unlearnt)


def _paint_block(painter: QtGui.QPainter, face: Face, state: CardState, scale: float) -> None:
    """A block in the colour of its category, with its title as long as that can be read."""
    width, height = face.geometry.width, face.geometry.height
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)
    ground = face.inks.well_brush if face.look.card.bypassed else face.tint
    painter.fillRect(QtCore.QRectF(0, 0, width, height), ground)
    letters = face.inks.block_title
    line = letters.metrics.height()
    bar = max(min(TITLE * 0.8, height - line), BAR)     # thinner on a card that has no room for both
    painter.fillRect(QtCore.QRectF(0, 0, width, bar), face.hue)
    if scale >= BARE:
        painter.setFont(letters.font)
        painter.setPen(face.inks.text)
        painter.drawText(QtCore.QPointF(8, bar + min(line, height - bar) / 2 + letters.rise), face.block_title)
    problem = face.look.problem
    if state.selected or problem:
        painter.setPen(_cosmetic(face.inks.accent if state.selected else _signal(face)))
        painter.setBrush(NO_BRUSH)
        painter.drawRect(QtCore.QRectF(0, 0, width, height))


def _cosmetic(color: QtGui.QColor) -> QtGui.QPen:
    return _outline(color.rgba())


@lru_cache(maxsize=16)
def _outline(rgba: int) -> QtGui.QPen:
    """A pen of two pixels at every zoom."""
    pen = QtGui.QPen(QtGui.QColor.fromRgba(rgba), 2)
    pen.setCosmetic(True)
    return pen


def _signal(face: Face) -> QtGui.QColor:
    return face.inks.error if face.is_wrong else face.inks.warn


def _problem_color(face: Face) -> QtGui.QColor:
    return face.inks.error_text if face.is_wrong else face.inks.warn_text


def _paint_body(painter: QtGui.QPainter, face: Face, state: CardState, scale: float) -> None:
    present, width, height = face.inks, face.geometry.width, face.geometry.height
    bypassed = face.look.card.bypassed
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
    painter.setPen(NO_PEN)
    if bypassed:
        painter.setOpacity(painter.opacity() * 0.55)
    else:
        for growth, brush in present.shadows if scale >= SHORT else present.far_shadow:
            painter.setBrush(brush)
            painter.drawRoundedRect(QtCore.QRectF(-growth, 4 - growth, width + 2 * growth, height + 2 * growth),
                                    RADIUS + growth, RADIUS + growth)
    painter.setBrush(present.card_brush)
    painter.drawRoundedRect(QtCore.QRectF(0, 0, width, height), RADIUS, RADIUS)
    painter.setBrush(face.tint)
    if face.geometry.collapsed:
        painter.drawRoundedRect(QtCore.QRectF(0, 0, width, height), RADIUS, RADIUS)
    else:
        painter.drawPath(title_path(width))
    problem = face.look.problem
    if problem is not None and not face.geometry.collapsed:
        painter.setBrush(present.error_tint if face.is_wrong else present.warn_tint)
        painter.drawPath(foot_path(width, height - STRIP, height))
    painter.setBrush(NO_BRUSH)
    painter.setPen(present.bypass_pen if bypassed else present.hover_pen if state.part else present.border_pen)
    painter.drawRoundedRect(QtCore.QRectF(0.5, 0.5, width - 1, height - 1), RADIUS - 0.5, RADIUS - 0.5)
    painter.setPen(NO_PEN)
    painter.setBrush(face.hue)
    painter.drawPath(bar_path(width))
    if problem is not None or state.selected:
        painter.setBrush(NO_BRUSH)
        if problem is not None:
            painter.setPen(present.error_pen if face.is_wrong else present.warn_pen)
            painter.drawRoundedRect(QtCore.QRectF(0, 0, width, height), RADIUS, RADIUS)
        if state.selected:      # around the border of an error, which stays to be seen
            out = 3.5 if problem is not None else 0.0       # with a gap, or the two look like a third colour
            painter.setPen(present.selected_pen)
            around = QtCore.QRectF(-out, -out, width + 2 * out, height + 2 * out)
            painter.drawRoundedRect(around, RADIUS + out, RADIUS + out)
    if bypassed:
        _paint_bypass(painter, face)


def _paint_bypass(painter: QtGui.QPainter, face: Face) -> None:
    """The way through: what comes in at the first input goes out unchanged."""
    if not (face.inputs and face.outputs):
        return
    start, end = face.geometry.input(0), face.geometry.output(0)
    line = QtGui.QPen(face.inputs[0].brush, 2)
    line.setCapStyle(QtCore.Qt.PenCapStyle.RoundCap)
    painter.setPen(line)
    painter.drawLine(QtCore.QPointF(*start), QtCore.QPointF(*end))


def _paint_far(painter: QtGui.QPainter, face: Face, state: CardState) -> None:
    """Title, shapes, attributes, the problem and the form of the values, in letters that can be read; no labels."""
    present, width = face.inks, face.geometry.width
    painter.setFont(present.far_title.font)
    painter.setPen(present.text)
    painter.drawText(QtCore.QPointF(9, TITLE / 2 + 1 + present.far_title.rise), face.far_title)
    painter.setFont(present.far_mono.font)
    painter.setPen(present.on_title)
    if face.far_name and not face.chip:     # which stands there
        left = width - 9 - present.far_mono.width(face.far_name)
        painter.drawText(QtCore.QPointF(left, TITLE / 2 + 1 + present.far_mono.rise), face.far_name)
    painter.setPen(present.text2)
    if not face.geometry.collapsed:
        for port, text in zip(face.outputs, face.far_outputs, strict=True):
            left = width - 14 - present.far_mono.width(text)
            painter.drawText(QtCore.QPointF(left, port.middle + present.far_mono.rise), text)
        _paint_far_rows(painter, face)
        if face.far_problem:
            painter.setFont(present.far_strip.font)
            painter.setPen(_problem_color(face))
            base = face.geometry.height - STRIP / 2 + present.far_strip.rise
            painter.drawText(QtCore.QPointF(9, base), face.far_problem)
        _paint_strip(painter, face, far=True, outdated=state.outdated)
        _paint_heat(painter, face, state, 2 * BAR)
    _paint_ports(painter, face, state)
    _paint_chip(painter, face, state.unlearnt, far=True)


def _paint_far_rows(painter: QtGui.QPainter, face: Face) -> None:
    present = face.inks
    for i, (name, value) in enumerate(face.far_rows):
        well = face.geometry.well(i)
        painter.fillRect(QtCore.QRectF(*well), present.well_brush)
        middle = well.y + well.height / 2
        painter.setFont(present.far_strip.font)
        painter.setPen(present.text3)
        painter.drawText(QtCore.QPointF(well.x + 6, middle + present.far_strip.rise), name)
        painter.setFont(present.far_mono.font)
        painter.setPen(present.text)
        left = well.right - 6 - present.far_mono.width(value)
        painter.drawText(QtCore.QPointF(left, middle + present.far_mono.rise), value)


def _paint_strip(painter: QtGui.QPainter, face: Face, far: bool = False, hovered: bool = False,
                 outdated: bool = False) -> None:
    strip = face.look.strip
    if strip is not None:
        box = face.geometry.preview_box
        painter.setPen(NO_PEN)
        painter.setBrush(face.inks.well_brush)
        painter.drawRoundedRect(QtCore.QRectF(*box), 4, 4)
        if outdated:
            painter.setOpacity(painter.opacity() * OUTDATED)
        strip.paint(painter, box, face.inks, face.look.category, far)
        if outdated:
            painter.setOpacity(painter.opacity() / OUTDATED)
            _paint_outdated(painter, face, far, face.geometry.arrow_box.width if hovered else 0.0)
        if hovered:
            _paint_arrow(painter, face)


def _paint_outdated(painter: QtGui.QPainter, face: Face, far: bool, beside: float) -> None:
    """Say that the values are from before an edit. beside : width of what stands right of it"""
    letters, box = face.inks.far_mono if far else face.inks.fine, face.geometry.preview_box
    text = QtCore.QCoreApplication.translate("Card", "before the edit")
    left, high = box.right - 6 - beside - letters.width(text), letters.metrics.height()
    painter.fillRect(QtCore.QRectF(left - 6, box.bottom - 2 - high, box.right - left, high), face.inks.well_brush)
    painter.setFont(letters.font)
    painter.setPen(face.inks.text2)
    painter.drawText(QtCore.QPointF(left, box.bottom - 5), text)


def _paint_arrow(painter: QtGui.QPainter, face: Face) -> None:
    """Down where the strip can be made high, up where it is."""
    box, up = face.geometry.arrow_box, -2.0 if face.look.large else 2.0
    x, y = box.x + box.width / 2, box.y + box.height / 2
    painter.setBrush(face.inks.card_brush)
    painter.setPen(face.inks.border_pen)
    painter.drawRoundedRect(QtCore.QRectF(*box).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    painter.setPen(face.inks.arrow_pen)
    painter.drawPolyline([QtCore.QPointF(x - 4, y - up), QtCore.QPointF(x, y + up), QtCore.QPointF(x + 4, y - up)])


def _paint_title(painter: QtGui.QPainter, face: Face, state: CardState) -> None:
    present, width, middle = face.inks, face.geometry.width, TITLE / 2 + 1
    painter.setFont(present.title.font)
    painter.setPen(present.text)
    painter.drawText(QtCore.QPointF(12, middle + present.title.rise), face.title)
    painter.setFont(present.mono.font)
    painter.setPen(present.on_title)
    if face.name:
        painter.drawText(QtCore.QPointF(face.name_left, middle + present.mono.rise), face.name)
    if face.time and state.heat:
        painter.drawText(QtCore.QPointF(width - 22 - face.time_width, middle + present.mono.rise), face.time)
    _paint_state(painter, face, width - 13, middle)
    _paint_heat(painter, face, state, BAR)


def _paint_heat(painter: QtGui.QPainter, face: Face, state: CardState, high: float) -> None:
    """The share of the slowest card's time, as a bar on the title's lower edge."""
    if face.look.results.seconds is None or not state.heat or face.geometry.collapsed:
        return
    share = face.look.results.share
    painter.setPen(NO_PEN)
    painter.setBrush(heat(share))
    bar = QtCore.QRectF(8, TITLE - high / 2, max(share * (face.geometry.width - 16), 12.0), high)
    painter.drawRoundedRect(bar, high / 2, high / 2)


def _paint_state(painter: QtGui.QPainter, face: Face, x: float, y: float) -> None:
    present, state = face.inks, face.look.state
    painter.setPen(NO_PEN)
    if state == "bypassed":
        painter.setPen(present.bypass_pen)
        painter.drawLine(QtCore.QPointF(x - 4, y), QtCore.QPointF(x + 4, y))
    elif state == "warning":
        painter.setBrush(present.warn)
        painter.drawPolygon([QtCore.QPointF(x, y - 4.5), QtCore.QPointF(x + 4.5, y + 3.5),
                             QtCore.QPointF(x - 4.5, y + 3.5)])
    else:
        painter.setBrush({"error": present.error, "running": present.accent}.get(state, present.ok))
        painter.drawEllipse(QtCore.QPointF(x, y), 3.5, 3.5)
        if state == "running":
            painter.setBrush(NO_BRUSH)
            painter.setPen(QtGui.QPen(present.accent, 1))
            painter.drawEllipse(QtCore.QPointF(x, y), 5.5, 5.5)


def _paint_rows(painter: QtGui.QPainter, face: Face, state: CardState) -> None:
    present, width = face.inks, face.geometry.width
    painter.setFont(present.label.font)
    painter.setPen(present.text2)
    rise = present.label.rise
    for port in face.inputs:
        painter.drawText(QtCore.QPointF(13, port.middle + rise), port.text)
    painter.setFont(present.mono.font)
    for port in face.inputs:
        if port.dtype:
            painter.setPen(present.text3)
            left = 19 + present.label.width(port.text)
            painter.drawText(QtCore.QPointF(left, port.middle + present.mono.rise), port.dtype)
    painter.setPen(present.text)
    for port in face.outputs:
        left = width - 14 - present.mono.width(port.text)
        painter.drawText(QtCore.QPointF(left, port.middle + present.mono.rise), port.text)
    for i, (name, value, value_width) in enumerate(face.rows):
        well = face.geometry.well(i)
        hovered = state.part == ("row", i)
        painter.setPen(present.hover_pen if hovered else present.well_pen)
        painter.setBrush(present.well_brush)
        painter.drawRoundedRect(QtCore.QRectF(well.x + 0.5, well.y + 0.5, well.width - 1, well.height - 1), 4, 4)
        middle = well.y + well.height / 2
        painter.setFont(present.label.font)
        painter.setPen(present.text2)
        painter.drawText(QtCore.QPointF(well.x + 8, middle + rise), name)
        painter.setFont(present.mono.font)
        painter.setPen(present.text)
        painter.drawText(QtCore.QPointF(well.right - 8 - value_width, middle + present.mono.rise), value)
    _paint_strip(painter, face, hovered=state.part is not None, outdated=state.outdated)
    if face.problem:
        painter.setFont(present.strip.font)
        painter.setPen(_problem_color(face))
        painter.drawText(QtCore.QPointF(12, face.geometry.height - STRIP / 2 + present.strip.rise), face.problem)


def _paint_ports(painter: QtGui.QPainter, face: Face, state: CardState) -> None:
    width = face.geometry.width
    ports = [("input", i, 0.0, port) for i, port in enumerate(face.inputs)]
    ports += [("output", i, width, port) for i, port in enumerate(face.outputs)]
    if face.geometry.collapsed:
        ports = [port for port in ports if port[1] == 0]
    for side, number, x, port in ports:
        unfit = side == "input" and number in state.unfit
        if unfit:
            painter.save()
            painter.setOpacity(painter.opacity() * DIMMED)
        paint_port(painter, face.inks, x, port.middle, port, state.part == (side, number) and not unfit)
        if unfit:
            painter.restore()


def paint_port(painter: QtGui.QPainter, present: Inks, x: float, y: float, port: PortFace, hovered: bool) -> None:
    """A socket: filled, hollow if it may stay free, a diamond if it carries no tensor, with a plus if more may come."""
    radius = PORT_HOVER if hovered else PORT
    painter.setPen(NO_PEN)
    painter.setBrush(present.canvas_brush)
    _paint_shape(painter, x, y, radius + PORT_RING / 2, port.diamond)
    painter.setBrush(port.brush)
    _paint_shape(painter, x, y, radius - PORT_RING / 2, port.diamond)
    if port.hollow:
        painter.setBrush(present.card_brush)
        _paint_shape(painter, x, y, radius - PORT_RING / 2 - 1.5, port.diamond)
    if port.plus:
        painter.setPen(QtGui.QPen(port.brush, 1.5))
        painter.drawLine(QtCore.QPointF(x - 2.5, y), QtCore.QPointF(x + 2.5, y))
        painter.drawLine(QtCore.QPointF(x, y - 2.5), QtCore.QPointF(x, y + 2.5))


def _paint_shape(painter: QtGui.QPainter, x: float, y: float, radius: float, diamond: bool) -> None:
    if diamond:
        r = radius * 1.12       # as much area as the circle looks to have
        painter.drawPolygon([QtCore.QPointF(x - r, y), QtCore.QPointF(x, y - r), QtCore.QPointF(x + r, y),
                             QtCore.QPointF(x, y + r)])
    else:
        painter.drawEllipse(QtCore.QPointF(x, y), radius, radius)


def _paint_chip(painter: QtGui.QPainter, face: Face, outdated: bool, far: bool = False) -> None:
    if not face.chip:
        return
    if outdated:
        painter.setOpacity(painter.opacity() * OUTDATED)
    norm, present = face.look.results.norm or 0.0, face.inks
    letters = present.far_strip if far else present.fine
    middle, height = CHIP_TOP + CHIP / 2, FAR_CHIP if far else CHIP
    width = letters.width(face.chip) + 10 if far else face.chip_width
    left = face.geometry.width - CHIP_RIGHT - width
    painter.setPen(NO_PEN)
    painter.setBrush(present.error if not math.isfinite(norm) else present.text3 if norm == 0 else present.gradient)
    painter.drawRoundedRect(QtCore.QRectF(left, middle - height / 2, width, height), height / 2, height / 2)
    painter.setFont(letters.font)
    painter.setPen(present.on_gradient)
    painter.drawText(QtCore.QPointF(left + 5, middle + letters.rise), face.chip)
