"""The parts that the inspector is built from: sections that fold, a row for each field, the list of sockets."""
from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.catalog import REQUIRED, Field
from editor.theme import theme
from editor.widgets.fields import FieldEditor
from editor.widgets.labels import as_text, clear, label
from editor.widgets.rows import dot_pixmap

Qt = QtCore.Qt
NAME_WIDTH = 110                    # pixels that the names of fields have
BELOW = ("array", "json")           # forms whose editors stand below the name, over the whole width


class Page(QtWidgets.QWidget):
    """The contents of a scroll area, as high as its wrapped texts need at its width; Qt itself does not ask that."""

    def event(self, event: QtCore.QEvent) -> bool:
        done = super().event(event)
        layout = self.layout()
        if event.type() in (QtCore.QEvent.Type.LayoutRequest, QtCore.QEvent.Type.Resize) and layout is not None \
                and layout.hasHeightForWidth():
            height = layout.totalHeightForWidth(self.width())
            if height != self.minimumHeight():
                self.setMinimumHeight(height)
        return done


class Section(QtWidgets.QWidget):
    """A heading with contents below that a click folds away."""

    def __init__(self, title: str, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = QtWidgets.QToolButton()
        self.button.setText(title)
        self.button.setCheckable(True)
        self.button.setChecked(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setStyleSheet("QToolButton, QToolButton:checked, QToolButton:hover { background: transparent; "
                                  "border-color: transparent; padding: 2px 4px 2px 0; }"
                                  "QToolButton:focus { border-color: palette(highlight); }")
        self.button.setIconSize(QtCore.QSize(14, 14))
        theme.wear(self.button, "bold")
        self.body = QtWidgets.QWidget()
        self.rows = QtWidgets.QVBoxLayout(self.body)
        self.rows.setContentsMargins(0, 2, 0, 4)
        self.rows.setSpacing(6)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.button)
        layout.addWidget(self.body)
        self.button.toggled.connect(self._fold)
        self._fold(True)

    def _fold(self, is_open: bool) -> None:
        self.body.setVisible(is_open)
        self.button.setIcon(theme.icon("chevron-down" if is_open else "chevron-right"))


class FieldRow(QtWidgets.QWidget):
    """A field's name, its editor, a button that brings the default back, and what is wrong with it.

    reset : signal when the default is wanted back
    has_head : whether name and button are shown
    """

    reset = QtCore.Signal()

    def __init__(self, field: Field, editor: FieldEditor, has_head: bool = True,
                 parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.field, self.editor = field, editor
        self.name = label(field.name, face="body", tip=self._tip())
        self.name.setFixedSize(NAME_WIDTH, 26)
        self.name.setBuddy(editor)
        editor.setToolTip(as_text(self._tip()))
        editor.name_for_readers(field.name)
        self.button = QtWidgets.QToolButton()
        self.button.setToolTip(self.tr("Back to the default"))
        self.button.setAccessibleName(self.tr("Reset {0}").format(field.name))
        self.button.setIconSize(QtCore.QSize(14, 14))
        self.button.setFixedSize(22, 26)
        theme.dress(self.button, "reset", "text3")
        self.button.clicked.connect(self.reset)
        policy = self.button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.button.setSizePolicy(policy)
        self.error = label(role="error", face="small", wraps=True, hidden=True)
        self._refused = self._problem = ""
        editor.refused.connect(self.show_error)
        below = field.form in BELOW
        line = QtWidgets.QHBoxLayout()
        line.setSpacing(4)
        if has_head:
            line.addWidget(self.name, 0, Qt.AlignmentFlag.AlignTop)
            line.addStretch(1) if below else line.addWidget(editor, 1)
            line.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        if has_head:
            layout.addLayout(line)
        if below or not has_head:
            layout.addWidget(editor)
        layout.addWidget(self.error)

    def _tip(self) -> str:
        default = "" if self.field.default is REQUIRED else self.tr("default: {0}").format(self.field.default)
        return "\n".join(filter(None, (self.field.doc, default)))

    def show_value(self, value: Any, mixed: bool, is_default: bool) -> None:
        self.editor.show_value(value, mixed, is_default)
        self.name.setStyleSheet(f"color: {theme.color('text2' if is_default else 'text').name()}")
        self.button.setVisible(not is_default and self.field.default is not REQUIRED)

    def show_error(self, sentence: str) -> None:
        """Say why what was typed is refused; an empty sentence takes that away."""
        self._refused = sentence
        self._say()

    def show_problem(self, sentence: str) -> None:
        """Say what the engine has against the value that is there."""
        self._problem = sentence
        self._say()

    def _say(self) -> None:
        sentence = self._refused or self._problem
        self.error.setText(sentence[:1].upper() + sentence[1:])
        self.error.setVisible(bool(sentence))


class CardLink(QtWidgets.QLabel):
    """The id of a card as a link, cut with an ellipsis where there is no room; `linkActivated` gives it whole."""

    def __init__(self, card: str) -> None:
        super().__init__()
        self.card = card
        self.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse
                                     | Qt.TextInteractionFlag.LinksAccessibleByKeyboard)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        self.setToolTip(as_text(card))
        self.setAccessibleName(card)
        self._show()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show()

    def _show(self) -> None:
        shown = self.fontMetrics().elidedText(self.card, Qt.TextElideMode.ElideMiddle, max(self.width() - 2, 24))
        text = (f'<a href="{html.escape(self.card)}" style="color: {theme.color("accent").name()}; '
                f'text-decoration: none">{html.escape(shown)}</a>') if self.card else ""
        if text != self.text():
            self.setText(text)


class Ports(QtWidgets.QWidget):
    """Sockets with what goes through them: name, where it comes from, dtype and shape. jump(card) for a link."""

    jump = QtCore.Signal(str)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid = QtWidgets.QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setHorizontalSpacing(8)
        self.grid.setVerticalSpacing(4)
        self.grid.setColumnStretch(2, 1)
        self._shown: list[tuple[str, str, str, str, str]] = []

    def show_ports(self, ports: Iterable[tuple[str, str, str, str, str]]) -> None:
        """Ports as (name, documentation, link: id of a card or nothing, dtype, shape)."""
        ports = list(ports)
        if ports == self._shown:
            return
        self._shown = ports
        clear(self.grid)
        for row, (name, doc, link, dtype, shape) in enumerate(ports):
            dot = QtWidgets.QLabel()
            dot.setPixmap(dot_pixmap(theme.dtype(dtype), hollow=not dtype))
            source = CardLink(link)
            source.linkActivated.connect(self.jump)
            kind = label(f"{dtype} {shape}".strip(), face="mono")
            kind.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            kind.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            for column, widget in enumerate((dot, label(name, role="muted", tip=doc), source, kind)):
                self.grid.addWidget(widget, row, column)


class HueButtons(QtWidgets.QWidget):
    """Nine colours to choose from. chosen(number)."""

    chosen = QtCore.Signal(int)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self.group = QtWidgets.QButtonGroup(self)
        for hue in range(9):
            button = QtWidgets.QToolButton()
            button.setCheckable(True)
            button.setFixedSize(22, 22)
            button.setAccessibleName(self.tr("Color {0}").format(hue + 1))
            button.setToolTip(self.tr("Color {0}").format(hue + 1))
            self.group.addButton(button, hue)
            layout.addWidget(button)
        layout.addStretch()
        self.group.idClicked.connect(self.chosen)

    def show_hue(self, hue: int) -> None:
        for number, button in enumerate(self.group.buttons()):
            color = theme.hue(number).name()
            button.setStyleSheet(
                f"QToolButton {{ background: {color}; border: 2px solid transparent; border-radius: 6px; }}"
                f"QToolButton:checked, QToolButton:focus {{ border-color: {theme.color('text').name()}; }}")
            button.setChecked(number == hue)


class NoteEdit(QtWidgets.QPlainTextEdit):
    """Text that is taken over while it is typed. left() when the focus goes."""

    left = QtCore.Signal()

    def focusOutEvent(self, event: QtGui.QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()
