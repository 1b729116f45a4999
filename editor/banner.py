"""A strip over the top of the canvas with one message and what can be done about it."""
from __future__ import annotations

import os
from collections.abc import Callable

from PySide6 import QtCore, QtGui, QtWidgets

import graphengine as ge

from .model.sentences import sentence, stopped
from .theme import theme


class Banner(QtWidgets.QFrame):
    """Hidden until `show_message`; the newest message replaces the one before. It moves nothing out of its place."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setAccessibleName(self.tr("Message"))
        self.icon = QtWidgets.QLabel()
        self.label = QtWidgets.QLabel(wordWrap=True)
        self.label.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self.button = QtWidgets.QPushButton()
        self.button.clicked.connect(self._act)
        close = QtWidgets.QToolButton()
        close.setToolTip(self.tr("Dismiss"))
        close.setAccessibleName(self.tr("Dismiss the message"))
        theme.dress(close, "close")
        close.clicked.connect(self.hide)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(10)
        row.addWidget(self.icon)
        row.addWidget(self.label, 1)
        row.addWidget(self.button)
        row.addWidget(close)
        self._action: Callable[[], object] | None = None
        self._severity, self._stays = "info", False
        theme.changed.connect(self._dress)
        self.hide()

    def lie_over(self, widget: QtWidgets.QWidget) -> None:
        """Lie over the top of a widget from now on."""
        shown = not self.isHidden()
        self.setParent(widget)
        widget.installEventFilter(self)
        self.setVisible(shown)
        self._place()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if watched is self.parent() and event.type() == QtCore.QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        below = self.parentWidget()
        if below is not None:
            self.setGeometry(0, 0, below.width(), self.heightForWidth(below.width()))
            self.raise_()

    def show_message(self, text: str, severity: str = "error", button: str = "",
                     action: Callable[[], object] | None = None, stays: bool = False) -> None:
        """Show a message.

        Parameters
        ----------
        severity : "error", "warning" or "info"
        button, action : what can be done about it
        stays : whether it is news also after edits, which cannot mend it
        """
        self.label.setText(text)
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self._severity, self._action, self._stays = severity, action, stays
        self._dress()
        self._place()
        self.show()

    def let_go(self, staying: bool = False) -> None:
        """Something has been done since: an error is no longer news. What warns stays until somebody dismisses it.

        staying : let also go what edits cannot mend
        """
        if staying if self.stays else self._severity == "error":
            self.hide()

    @property
    def stays(self) -> bool:
        """Whether something is shown that neither edits nor runs mend."""
        return self._stays and not self.isHidden()

    def _dress(self) -> None:
        token = {"error": "error", "warning": "warn"}.get(self._severity, "accent")
        self.icon.setPixmap(theme.icon(self._severity, token).pixmap(18, 18))
        ground, color = theme.color("panel"), theme.color(token)
        self.setStyleSheet(f"QFrame#banner {{ background: {_mixed(ground, color, 0.16)}; border: 0; "
                           f"border-bottom: 1px solid {_mixed(ground, color, 0.5)}; }}")

    def _act(self) -> None:
        action = self._action
        self.hide()
        if action is not None:
            action()


def _mixed(ground: QtGui.QColor, color: QtGui.QColor, share: float) -> str:
    """A colour laid thinly on another, as an opaque one: what lies below does not shine through."""
    red, green, blue = (round(a + (b - a) * share) for a, b in (
        (ground.red(), color.red()), (ground.green(), color.green()), (ground.blue(), color.blue())))
    return QtGui.QColor(red, green, blue).name()


def said(error: Exception) -> str:
    """An error in a sentence."""
    if isinstance(error, ge.errors.GraphEngineError):
        return f"{stopped(error.problem)} {sentence(error.fix)}" if error.fix else stopped(error.problem)
    if isinstance(error, OSError):
        return f"{error.strerror or error}" + (f": {os.path.basename(str(error.filename))}" if error.filename else "")
    return str(error)
