"""A strip over the top of the canvas with one message and what can be done about it."""
from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from PySide6 import QtCore, QtGui, QtWidgets

import graphengine as ge

from .model.sentences import sentence, stopped
from .theme import theme
from .widgets.language import told, told_of


@dataclass(frozen=True)
class Message:
    """What is said, as of `Banner.show_message`."""

    text: str
    severity: str
    button: str
    action: Callable[[], object] | None
    about: str
    stays: bool


class Banner(QtWidgets.QFrame):
    """Hidden until `show_message`. It moves nothing out of its place.

    The newest message replaces the one before, but for one that stays: the newer one lies above it, and when
    that goes, the one that stays is seen again.
    """

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
        close.clicked.connect(self.dismiss)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(10)
        row.addWidget(self.icon)
        row.addWidget(self.label, 1)
        row.addWidget(self.button)
        row.addWidget(close)
        self._told: list[Message] = []      # the last one is seen; all below it stay
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
                     action: Callable[[], object] | None = None, about: str = "", stays: bool = False) -> None:
        """Show a message.

        Parameters
        ----------
        severity : "error", "warning" or "info"
        button, action : what can be done about it
        about : what it is news of, as "run"; a newer one about the same replaces it
        stays : whether neither edits nor runs nor other messages make it old; among those that stay errors lie above
        """
        new = Message(text, severity, button, action, about, stays)
        kept = [old for old in self._told if old.stays and old.about != about]
        self._show(sorted([*kept, new], key=lambda each: (not each.stays, each.severity == "error")))

    def let_go(self) -> None:
        """Something has been done since: an error is no longer news. What warns stays until somebody dismisses it."""
        self._keep(lambda each: each.stays or each.severity != "error")

    def let_go_of(self, *about: str) -> None:
        """What messages are about is over, also of those that stay."""
        self._keep(lambda each: each.about not in about)

    def clear(self) -> None:
        """Somebody has begun something else: only what stays is still news."""
        self._keep(lambda each: each.stays)

    def dismiss(self) -> None:
        """Let go of the message that is seen."""
        self._show(self._told[:-1])

    def _keep(self, is_news: Callable[[Message], bool]) -> None:
        left = list(filter(is_news, self._told))
        if left != self._told:
            self._show(left)

    def _show(self, told: list[Message]) -> None:
        self._told = told
        if told:
            self.label.setText(told[-1].text)
            self.button.setText(told[-1].button)
            self.button.setVisible(bool(told[-1].button))
            self._dress()
            self._place()
        self.setVisible(bool(told))

    def _dress(self) -> None:
        severity = self._told[-1].severity if self._told else "info"
        token = {"error": "error", "warning": "warn"}.get(severity, "accent")
        self.icon.setPixmap(theme.icon(severity, token).pixmap(18, 18))
        ground, color = theme.color("panel"), theme.color(token)
        self.setStyleSheet(f"QFrame#banner {{ background: {_mixed(ground, color, 0.16)}; border: 0; "
                           f"border-bottom: 1px solid {_mixed(ground, color, 0.5)}; }}")

    def _act(self) -> None:
        action = self._told[-1].action
        self.dismiss()
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
        where = f": {os.path.basename(str(error.filename))}" if error.filename else ""
        return told(error.strerror or str(error)) + where
    return told_of(error)
