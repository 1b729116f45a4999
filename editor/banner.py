"""A strip above the canvas with one message and what can be done about it."""
from __future__ import annotations

from collections.abc import Callable

from PySide6 import QtCore, QtGui, QtWidgets

from .theme import theme


class Banner(QtWidgets.QFrame):
    """Hidden until `show_message`; the newest message replaces the one before."""

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
        self._severity = "info"
        theme.changed.connect(self._dress)
        self.hide()

    def show_message(self, text: str, severity: str = "error", button: str = "",
                     action: Callable[[], object] | None = None) -> None:
        """Show a message.

        Parameters
        ----------
        severity : "error", "warning" or "info"
        button, action : what can be done about it
        """
        self.label.setText(text)
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self._severity, self._action = severity, action
        self._dress()
        self.show()

    def _dress(self) -> None:
        token = {"error": "error", "warning": "warn"}.get(self._severity, "accent")
        self.icon.setPixmap(theme.icon(self._severity, token).pixmap(18, 18))
        tint, line = theme.color(token, 0.12), theme.color(token, 0.5)
        self.setStyleSheet(
            f"QFrame#banner {{ background: {_rgba(tint)}; border: 0; border-bottom: 1px solid {_rgba(line)}; }}")

    def _act(self) -> None:
        action = self._action
        self.hide()
        if action is not None:
            action()


def _rgba(color: QtGui.QColor) -> str:
    return f"rgba({color.red()}, {color.green()}, {color.blue()}, {color.alpha()})"
