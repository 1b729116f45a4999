"""The window one begins with: recent files, what was not saved, and the samples."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6 import QtCore, QtGui, QtWidgets

import graphengine as ge

from .gallery import Sample, picture, samples, show_picture
from .incoming import document_of_file
from .io.journal import LeftOver, left_over
from .io.settings import Settings
from .model.files import open_document
from .theme import theme
from .widgets.drops import take_copy
from .widgets.screens import resize_on_screen

COLUMNS_FROM = 280                          # pixels that a sample takes at least
PICTURE = QtCore.QSize(250, 124)     # of a graph at least
Qt = QtCore.Qt


class Welcome(QtWidgets.QWidget):
    """Signals: open_requested(path) ("" asks which), new_requested, recover_requested(LeftOver)."""

    open_requested = QtCore.Signal(str)
    new_requested = QtCore.Signal()
    recover_requested = QtCore.Signal(object)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("welcome")
        self.setWindowTitle("graphengine")
        self.setAcceptDrops(True)
        self.settings = settings
        self.left_over = left_over()
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._side())
        row.addWidget(self._gallery(), 1)
        resize_on_screen(self, 1180, 760)
        theme.changed.connect(self._dress)
        self._dress()

    # ------------------------------------------------ left: begin, go on

    def _side(self) -> QtWidgets.QWidget:
        side = QtWidgets.QFrame()
        side.setObjectName("welcomeSide")
        side.setFixedWidth(300)
        column = QtWidgets.QVBoxLayout(side)
        column.setContentsMargins(28, 32, 20, 24)
        column.setSpacing(6)
        title = QtWidgets.QLabel("graphengine")
        theme.wear(title, "heading")
        about = QtWidgets.QLabel(self.tr("Draw a graph, run it, watch it train."), wordWrap=True)
        column.addWidget(title)
        column.addWidget(about)
        column.addSpacing(16)
        new = self._button(self.tr("New graph"), "new", self.new_requested.emit, "on_accent")
        new.setProperty("primary", True)
        new.setDefault(True)
        column.addWidget(new)
        column.addWidget(self._button(self.tr("Open …"), "open", lambda: self.open_requested.emit("")))
        column.addSpacing(18)
        if self.left_over:
            column.addWidget(self._heading(self.tr("Not saved")))
            for left in self.left_over[:4]:
                column.addLayout(self._left_row(left))
            column.addSpacing(14)
        column.addWidget(self._heading(self.tr("Recent")))
        recent = self.settings.recent_files[:8]
        for path in recent:
            name = path.name.removesuffix(".graph.json")
            column.addWidget(self._link(name, str(path), partial(self.open_requested.emit, str(path))))
        if not recent:
            none = QtWidgets.QLabel(self.tr("Files that you open or save are listed here."), wordWrap=True)
            none.setObjectName("faint")
            column.addWidget(none)
        column.addStretch(1)
        return side

    def _left_row(self, left: LeftOver) -> QtWidgets.QHBoxLayout:
        row = QtWidgets.QHBoxLayout()
        when = QtCore.QDateTime.fromSecsSinceEpoch(int(left.when)).toString("d MMM, HH:mm")
        name = left.path.name.removesuffix(".graph.json") if left.path is not None else left.name or self.tr("Untitled")
        link = self._link(f"{name}  ({when})", self.tr("Open it with the edits that were not saved"),
                          lambda: self.recover_requested.emit(left))
        row.addWidget(link, 1)
        discard = QtWidgets.QToolButton()
        discard.setToolTip(self.tr("Discard these edits"))
        discard.setAccessibleName(self.tr("Discard the unsaved edits of {0}").format(name))
        theme.dress(discard, "close")
        row.addWidget(discard)

        def throw_away() -> None:
            left.discard()
            link.hide()
            discard.hide()

        discard.clicked.connect(throw_away)
        return row

    def _button(self, text: str, icon: str, does: Callable[[], object], ink: str = "text2") -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(text)
        theme.dress(button, icon, ink)
        button.setMinimumHeight(34)
        button.clicked.connect(lambda: does())
        return button

    def _link(self, text: str, tip: str, does: Callable[[], object]) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(text, flat=True)
        button.setObjectName("link")
        button.setToolTip(tip)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(lambda: does())
        return button

    def _heading(self, text: str) -> QtWidgets.QLabel:
        label = QtWidgets.QLabel(text)
        theme.wear(label, "bold")
        return label

    # ------------------------------------------------ right: samples

    def _gallery(self) -> QtWidgets.QWidget:
        area = QtWidgets.QScrollArea(widgetResizable=True)
        area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QtWidgets.QWidget()
        inside.setObjectName("gallery")
        column = QtWidgets.QVBoxLayout(inside)
        column.setContentsMargins(28, 32, 28, 28)
        column.setSpacing(14)
        title = QtWidgets.QLabel(self.tr("Samples"))
        theme.wear(title, "heading")
        column.addWidget(title)
        self.grid = QtWidgets.QGridLayout()
        self.grid.setSpacing(16)
        column.addLayout(self.grid)
        column.addStretch(1)
        self.cards = [SampleCard(sample) for sample in samples()]
        for card in self.cards:
            card.chosen.connect(self.open_requested)
        if not self.cards:
            column.insertWidget(1, QtWidgets.QLabel(self.tr("The samples are in the project's folder, which is not "
                                                            "installed here.")))
        area.setWidget(inside)
        self._area = area
        return area

    def _flow(self) -> None:
        """As many samples in a row as fit."""
        columns = max(1, (self._area.viewport().width() - 56) // COLUMNS_FROM)
        for k, card in enumerate(self.cards):
            self.grid.addWidget(card, k // columns, k % columns)
        for k in range(self.grid.columnCount()):
            self.grid.setColumnStretch(k, int(k < columns))

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._flow()

    def showEvent(self, event: QtGui.QShowEvent) -> None:
        super().showEvent(event)
        self._flow()

    def _dress(self) -> None:
        c = {name: theme.color(name).name() for name in ("panel", "canvas", "border", "text2", "text3", "accent")}
        self.setStyleSheet(
            f"#welcome, #gallery {{ background: {c['canvas']}; }}"
            f"#welcomeSide {{ background: {c['panel']}; border: 0; border-right: 1px solid {c['border']}; }}"
            f"#link {{ text-align: left; padding: 3px 4px; color: {c['accent']}; border: 0; background: transparent; }}"
            f"#link:hover, #link:focus {{ text-decoration: underline; }}"
            f"#faint {{ color: {c['text3']}; }}")

    # ------------------------------------------------ drop

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent) -> None:
        if any(url.isLocalFile() and document_of_file(url.toLocalFile()) for url in event.mimeData().urls()):
            take_copy(event)

    def dropEvent(self, event: QtGui.QDropEvent) -> None:
        take_copy(event)
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.open_requested.emit(url.toLocalFile())


class SampleCard(QtWidgets.QAbstractButton):
    """A sample with its picture. Signals: chosen(path)."""

    chosen = QtCore.Signal(str)

    def __init__(self, sample: Sample) -> None:
        super().__init__()
        self.sample = sample
        self.setText(sample.title)
        self.setAccessibleDescription(sample.about)
        self.setToolTip(sample.about)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMinimumSize(PICTURE.width(), PICTURE.height() + 78)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._picture: QtGui.QPicture | None = None
        self.clicked.connect(lambda: self.chosen.emit(str(sample.path)))
        theme.changed.connect(self._forget)

    def _forget(self) -> None:
        self._picture = None
        self.update()

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(PICTURE.width() + 32, PICTURE.height() + 78)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        rect = QtCore.QRectF(self.rect()).adjusted(1, 1, -1, -1)
        marked = self.underMouse() or self.hasFocus()
        painter.setBrush(theme.brush("card"))
        painter.setPen(theme.pen("accent" if marked else "border", 2 if self.hasFocus() else 1))
        painter.drawRoundedRect(rect, 10, 10)
        top = QtCore.QRectF(rect.x() + 1, rect.y() + 1, rect.width() - 2, PICTURE.height())
        painter.save()
        clip = QtGui.QPainterPath()
        clip.addRoundedRect(top.adjusted(0, 0, 0, 12), 9, 9)
        painter.setClipPath(clip)
        painter.setClipRect(top, Qt.ClipOperation.IntersectClip)
        painter.fillRect(top, theme.color("canvas"))
        if self._picture is None:
            self._picture = self._drawn()
        show_picture(painter, self._picture, top.adjusted(20, 12, -20, -12))
        painter.restore()
        painter.setPen(theme.pen("border"))
        painter.drawLine(top.bottomLeft(), top.bottomRight())
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font("title"))
        line = QtCore.QRectF(rect.x() + 14, top.bottom() + 9, rect.width() - 28, 20)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, self.sample.title)
        painter.setPen(theme.color("text2"))
        painter.setFont(theme.font("body"))
        words = QtCore.QRectF(line.x(), line.bottom() + 2, line.width(), 34)
        painter.drawText(words, Qt.TextFlag.TextWordWrap, _fitting(self.sample.about, painter.fontMetrics(), words))

    def _drawn(self) -> QtGui.QPicture:
        try:
            return picture(open_document(self.sample.path))
        except (ge.errors.GraphEngineError, OSError):
            return QtGui.QPicture()


def _fitting(text: str, metrics: QtGui.QFontMetrics, area: QtCore.QRectF) -> str:
    """As many whole words as there is room for, with dots if there are more."""
    words = text.split()
    for count in range(len(words), 0, -1):
        shown = " ".join(words[:count]) + ("" if count == len(words) else " …")
        if metrics.boundingRect(area.toRect(), Qt.TextFlag.TextWordWrap, shown).height() <= area.height():
            return shown
    return ""


def sample_of(path: Path) -> Sample | None:
    """The sample that a file is."""
    return next((s for s in samples() if s.path == path.resolve()), None)
