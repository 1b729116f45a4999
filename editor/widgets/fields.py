"""Editors of attribute values, one for each form of a `Field`. They show a value and announce another; nothing else.

An editor says `changed(value, moving)`, `moving` while a slider is dragged or steps follow each other; `settled()` when
that ends; `refused(sentence)` for a text that stands for no value, with an empty one when that is over.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.catalog import REQUIRED, Field
from editor.model.values import (
    read,
    written,
)
from editor.theme import theme
from graphengine.tools.drawn.kinds import DTYPES

from .rows import dot_pixmap

Qt = QtCore.Qt
LINES = 6                                   # of JSON that are seen at once
EXAMPLES: Mapping[str, str] = {"shape": "(?, 784)", "sizes": "(3, 3)", "array": "[1.0, 2.0]", "json": '{"a": 1}'}


class FieldEditor(QtWidgets.QWidget):
    """The base: a value of a field, possibly several different ones at once."""

    changed = QtCore.Signal(object, bool)
    settled = QtCore.Signal()
    refused = QtCore.Signal(str)

    def __init__(self, field: Field, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self.value: Any = REQUIRED
        self.mixed = False
        self.line = QtWidgets.QHBoxLayout(self)
        self.line.setContentsMargins(0, 0, 0, 0)
        self.line.setSpacing(6)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Fixed)

    def show_value(self, value: Any, mixed: bool = False, is_default: bool = False) -> None:
        """Show a value; `mixed` if the cards have different ones, `is_default` if nobody gave it."""
        self.value, self.mixed = value, mixed
        color = theme.color("text3" if is_default or mixed else "text").name()
        self.setStyleSheet(f"QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit {{ color: {color}; }}")
        self.display()

    def display(self) -> None:
        """Bring the widgets in step with `value`."""

    def take_text(self, text: str) -> bool:
        """Announce the value that a text stands for; whether it stands for one."""
        try:
            value = self.read(text)
        except ValueError as error:
            self.mark(str(error))
            return False
        self.mark("")
        self.announce(value)
        return True

    def read(self, text: str) -> Any:
        return read(text, self.field)

    def announce(self, value: Any, moving: bool = False) -> None:
        if self.mixed or not _same(value, self.value):
            self.value, self.mixed = value, False
            self.changed.emit(value, moving)

    def mark(self, sentence: str) -> None:
        """Show that what is typed stands for no value."""
        widget = self.focusProxy()
        if widget is not None and bool(widget.property("invalid")) != bool(sentence):
            widget.setProperty("invalid", bool(sentence))
            widget.style().unpolish(widget)
            widget.style().polish(widget)
        self.refused.emit(sentence)

    def name_for_readers(self, name: str) -> None:
        for widget in (self, self.focusProxy()):
            if widget is not None:
                widget.setAccessibleName(name)
                widget.setAccessibleDescription(self.field.doc)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


class BoolEditor(FieldEditor):
    def __init__(self, field: Field, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.box = QtWidgets.QCheckBox()
        self.line.addWidget(self.box, 1)
        self.setFocusProxy(self.box)
        self.box.clicked.connect(self._click)

    def display(self) -> None:
        self.box.setTristate(self.mixed)
        self.box.setCheckState(Qt.CheckState.PartiallyChecked if self.mixed else
                               Qt.CheckState.Checked if self.value is True else Qt.CheckState.Unchecked)
        self.box.setText("" if self.value is not None or self.mixed else "None")

    def _click(self) -> None:
        is_on = self.box.checkState() != Qt.CheckState.Unchecked
        self.box.setTristate(False)
        self.box.setChecked(is_on)
        self.announce(is_on)


class TextEditor(FieldEditor):
    """A line: texts, sizes, JSON. Enter and leaving take it over, Esc takes it back."""

    def __init__(self, field: Field, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.edit = QtWidgets.QLineEdit()
        self.line.addWidget(self.edit, 1)
        self.setFocusProxy(self.edit)
        if field.form != "text":
            theme.wear(self.edit, "code")
        self.edit.editingFinished.connect(self._finish)
        self.edit.installEventFilter(self)

    def display(self) -> None:
        text = "" if self.mixed else written(self.value, self.field.form)
        if self.edit.text() != text:
            self.edit.setText(text)
            self.edit.setCursorPosition(0)
        self.edit.setModified(False)
        self.edit.setPlaceholderText(self.tr("several values") if self.mixed else EXAMPLES.get(self.field.form, ""))

    def _finish(self) -> None:
        if self.edit.isModified():
            self.edit.setModified(not self.take_text(self.edit.text()))

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if isinstance(event, QtGui.QKeyEvent) and event.type() == QtCore.QEvent.Type.KeyPress \
                and event.key() == Qt.Key.Key_Escape and self.edit.isModified():
            self.mark("")
            self.display()
            return True
        return super().eventFilter(watched, event)


class FileEditor(TextEditor):
    """A path, which can be looked for. folder : what it is written relative to, where that is possible."""

    def __init__(self, field: Field, folder: Callable[[], str] = lambda: "",
                 parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.folder = folder
        self.button = QtWidgets.QToolButton()
        self.button.setToolTip(self.tr("Choose a file"))
        self.button.setAccessibleName(self.tr("Choose a file"))
        theme.dress(self.button, "folder")
        self.button.clicked.connect(self._browse)
        self.line.addWidget(self.button)

    def _browse(self) -> None:
        path, _ = QtWidgets.QFileDialog.getOpenFileName(self, self.tr("Choose a file"), self.folder())
        if path:
            self.take_path(path)

    def take_path(self, path: str) -> None:
        """Announce a path, relative to the folder if it lies in it."""
        folder = self.folder()
        inside = folder and Path(path).is_relative_to(folder)
        self.announce(Path(path).relative_to(folder).as_posix() if inside else path)


class NumberBox(QtWidgets.QAbstractSpinBox):
    """A number with steps: whole ones by 1 (Ctrl 10), others by a tenth of their size. stepped(text) after a step."""

    stepped = QtCore.Signal(str)

    def __init__(self, field: Field, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setTextMargins(6, 0, 0, 0)
        words = {(True, True): self.tr("{0} to {1}"), (True, False): self.tr("at least {0}"),
                 (False, True): self.tr("at most {1}"), (False, False): ""}
        low, high = ("" if limit is None else f"{limit:g}" for limit in (field.low, field.high))
        self.setToolTip(words[bool(low), bool(high)].format(low, high))

    def number(self) -> float | None:
        try:
            found = read(self.text(), self.field)
        except ValueError:
            return None
        return None if found is None or isinstance(found, str) else found

    def stepBy(self, steps: int) -> None:
        number = self.number()
        if number is None:
            number = self.field.low if self.field.low is not None else 0
            steps = 0
        text = str(self.stepped_number(number, steps)) if self.field.form == "int" else written(
            float(self.stepped_number(number, steps)), "float")
        self.lineEdit().setText(text)
        self.stepped.emit(text)

    def stepped_number(self, number: float, steps: int) -> float:
        """The number some steps further, inside of the limits."""
        if self.field.form == "int":
            found: float = int(number) + steps
        else:
            size = 10.0 ** math.floor(math.log10(abs(number)) - 0.5) if number else 0.1
            found = float(f"{number + steps * size:.12g}")
        low, high = self.field.low, self.field.high
        found = found if low is None else max(found, low)
        found = found if high is None else min(found, high)
        return int(found) if self.field.form == "int" else found

    def stepEnabled(self) -> QtWidgets.QAbstractSpinBox.StepEnabledFlag:
        flag = QtWidgets.QAbstractSpinBox.StepEnabledFlag
        number = self.number()
        down = number is None or self.field.low is None or number > self.field.low
        up = number is None or self.field.high is None or number < self.field.high
        return (flag.StepDownEnabled if down else flag.StepNone) | (flag.StepUpEnabled if up else flag.StepNone)

    def validate(self, text: str, position: int) -> tuple[QtGui.QValidator.State, str, int]:
        return QtGui.QValidator.State.Acceptable, text, position

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:                               # the panel scrolls
            event.ignore()

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(90, super().sizeHint().height())

    def minimumSizeHint(self) -> QtCore.QSize:
        return self.sizeHint()


class NumberEditor(FieldEditor):
    def __init__(self, field: Field, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.box = NumberBox(field)
        theme.wear(self.box, "code")
        self.line.addWidget(self.box, 1)
        self.setFocusProxy(self.box)
        self._shown = ""                        # as long as this stands there, nothing was typed
        self.box.stepped.connect(self._step)
        self.box.editingFinished.connect(self._finish)
        self.box.installEventFilter(self)

    def display(self) -> None:
        self.show_text("" if self.mixed else written(self.value, self.field.form))
        self.box.lineEdit().setPlaceholderText(
            self.tr("several values") if self.mixed else self.tr("required") if self.field.default is REQUIRED else "")

    def show_text(self, text: str) -> None:
        self._shown = text
        if self.box.lineEdit().text() != text:
            self.box.lineEdit().setText(text)

    def _step(self, text: str) -> None:
        self._shown = text
        try:
            self.announce(self.read(text), moving=True)
        except ValueError as error:
            self.mark(str(error))

    def _finish(self) -> None:
        text = self.box.lineEdit().text()
        if text != self._shown and self.take_text(text):
            self._shown = text
        self.settled.emit()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if isinstance(event, QtGui.QKeyEvent) and event.type() == QtCore.QEvent.Type.KeyPress \
                and event.key() == Qt.Key.Key_Escape and self.box.lineEdit().text() != self._shown:
            self.mark("")
            self.display()
            return True
        return super().eventFilter(watched, event)


class ChoiceEditor(FieldEditor):
    """A list to choose from. choices : instead of the field's own."""

    def __init__(self, field: Field, choices: Sequence[Any] | None = None,
                 parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.choices: list[Any] = list(field.choices if choices is None else choices)
        if field.optional and None not in self.choices:
            self.choices.insert(0, None)
        self.box = _QuietCombo()
        theme.wear(self.box, "body")
        self.box.setMinimumContentsLength(6)
        self.box.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.addItems([str(choice) for choice in self.choices])
        self.line.addWidget(self.box, 1)
        self.setFocusProxy(self.box)
        self.box.activated.connect(self._choose)

    def display(self) -> None:
        del_from = len(self.choices)
        while self.box.count() > del_from:          # a value that is no choice stood there
            self.box.removeItem(self.box.count() - 1)
        at = next((k for k, choice in enumerate(self.choices) if _same(choice, self.value)), -1)
        if self.mixed or self.value is REQUIRED:
            at = -1
        elif at < 0:
            self.box.addItem(written(self.value, self.field.form))
            at = self.box.count() - 1
        self.box.setCurrentIndex(at)
        self.box.setPlaceholderText(self.tr("several values") if self.mixed else self.tr("choose"))

    def _choose(self, number: int) -> None:
        if number < len(self.choices):
            self.mark("")
            self.announce(self.choices[number])


class DtypeEditor(ChoiceEditor):
    """A dtype, with the colour that its wires have."""

    def __init__(self, field: Field, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(field, DTYPES, parent)
        theme.wear(self.box, "code")

    def display(self) -> None:
        for k, choice in enumerate(self.choices):
            self.box.setItemIcon(k, QtGui.QIcon(dot_pixmap(theme.dtype(choice or ""))))
        super().display()


class _QuietCombo(QtWidgets.QComboBox):
    """Turning the wheel over it scrolls the panel, unless it has the focus; what is too long ends in an ellipsis."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def shown_text(self) -> str:
        """What there is room for."""
        option = QtWidgets.QStyleOptionComboBox()
        self.initStyleOption(option)
        style = QtWidgets.QStyle
        room = self.style().subControlRect(style.ComplexControl.CC_ComboBox, option,
                                           style.SubControl.SC_ComboBoxEditField, self)
        width = room.width() - 4 - (0 if self.itemIcon(self.currentIndex()).isNull() else self.iconSize().width() + 4)
        text = self.placeholderText() if self.currentIndex() < 0 else self.currentText()
        return self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, width)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        option = QtWidgets.QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.shown_text    # type: ignore[attr-defined]
        if self.currentIndex() < 0:
            look = option.palette               # type: ignore[attr-defined]
            look.setBrush(QtGui.QPalette.ColorRole.ButtonText, look.placeholderText())
            option.palette = look               # type: ignore[attr-defined]
        painter = QtWidgets.QStylePainter(self)
        painter.drawComplexControl(QtWidgets.QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QtWidgets.QStyle.ControlElement.CE_ComboBoxLabel, option)

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class JsonEditor(FieldEditor):
    """Lists and objects in several lines. Ctrl+Enter and leaving take it over, Esc takes it back."""

    def __init__(self, field: Field, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.edit = QtWidgets.QPlainTextEdit()
        self.edit.setTabChangesFocus(True)
        theme.wear(self.edit, "code")
        self.line.addWidget(self.edit, 1)
        self.setFocusProxy(self.edit)
        self.edit.textChanged.connect(self._fit)
        self.edit.installEventFilter(self)

    def display(self) -> None:
        text = "" if self.mixed else written(self.value, self.field.form)
        if self.edit.toPlainText() != text:
            self.edit.setPlainText(text)
        self.edit.document().setModified(False)
        self.edit.setPlaceholderText(self.tr("several values") if self.mixed else EXAMPLES.get(self.field.form, ""))
        self._fit()

    def _fit(self) -> None:
        lines = max(self.edit.document().size().toSize().height(), 1)
        self.edit.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded if lines > LINES else Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.edit.setFixedHeight(min(lines, LINES) * self.edit.fontMetrics().lineSpacing() + 18)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        document = self.edit.document()
        if event.type() == QtCore.QEvent.Type.FocusOut and document.isModified():
            document.setModified(not self.take_text(self.edit.toPlainText()))
        if isinstance(event, QtGui.QKeyEvent) and event.type() == QtCore.QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and \
                    event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                document.setModified(not self.take_text(self.edit.toPlainText()))
                return True
            if event.key() == Qt.Key.Key_Escape and document.isModified():
                self.mark("")
                self.display()
                return True
        return super().eventFilter(watched, event)


class RegionEditor(FieldEditor):
    """A part of a graph, which is not edited here."""

    def __init__(self, field: Field, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(field, parent)
        label = QtWidgets.QLabel(self.tr("a part of a graph"))
        label.setProperty("role", "hint")
        self.line.addWidget(label, 1)
