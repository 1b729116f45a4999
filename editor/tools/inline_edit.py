"""Editing where a thing stands: a field over an attribute's row, the title of a card or frame, a note's paper."""
from __future__ import annotations

from collections.abc import Callable

from PySide6 import QtCore, QtGui, QtWidgets

from editor import commands
from editor.commands import Refused
from editor.model.catalog import Field
from editor.model.document import Change
from editor.model.items import Frame, Note, Ref, Wire
from editor.model.sentences import stopped
from editor.model.values import is_array, read, read_array, value_of, written
from editor.scene.note import paper
from editor.theme import theme
from editor.widgets.labels import as_text
from editor.widgets.language import told
from graphengine.tools.drawn.kinds import DTYPES

from .canvas import Canvas

LEAST = QtCore.QSize(96, 24)                # of a field, however far away the card is
LOWEST_ZOOM = 0.55                          # rows are drawn from here on
Modifiers = QtCore.Qt.KeyboardModifier
ALT_GR = Modifiers.ControlModifier | Modifiers.AltModifier
COMMANDING = ALT_GR | Modifiers.MetaModifier
Commit = Callable[[str], Change]
Rect = Callable[[], QtCore.QRectF]


class InlineEdit(QtCore.QObject):
    """One field over the canvas at a time; gone when it is done.

    Enter and Tab take the value over, Escape leaves it as it was, and so does a click elsewhere if the value is wrong.
    The text of a note, which may be long, is always taken over: what it was can be had again by undo.
    Signals: closed(), after the field is gone.
    """

    closed = QtCore.Signal()

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas.view)
        self.canvas = canvas
        self.widget: QtWidgets.QWidget | None = None
        self.ref: Ref | None = None
        self._commit: Commit | None = None
        self._rect: Rect | None = None
        self._next: Callable[[int], None] | None = None
        self._before = ""
        canvas.view.moved.connect(self._place)
        canvas.document.listeners.append(self._document_changed)

    # ------------------------------------------------ what is edited

    def edit_row(self, card_id: str, number: int) -> bool:
        """Edit an attribute by the number of its row; True or false is switched at once. False if there is none."""
        self.finish()
        card, fields = self.canvas.document.card(card_id), self.canvas.scene.shown_fields(card_id)
        if card is None or not 0 <= number < len(fields):
            return False
        field, document = fields[number], self.canvas.document
        value = value_of(card, field)
        if field.form == "region" or (is_array(value) and written(value, field.form).startswith(value["dtype"])):
            self.canvas.report(self.tr("{0} is edited in the inspector.").format(field.name))
            return False
        if field.form == "bool" and not field.optional:
            self.canvas.attempt(lambda: commands.set_attribute(document, [card_id], field.name, value is not True))
            return True
        if self.canvas.view.zoom < LOWEST_ZOOM:
            self.canvas.view.center_on_card(card_id, animated=False)
        name = self.tr("{0} of {1}").format(field.name, card_id)
        commit = lambda text: commands.set_value(document, card_id, field, _value(text, field, value))
        rect = lambda: _value_part(self.canvas.scene.row_rect(card_id, number))
        self._next = lambda step: self._go(card_id, number + step)
        choices = _choices(field)
        if choices:
            self._open_choice(card.ref, choices, written(value, field.form), name, rect, commit)
        else:
            self._open_line(card.ref, written(value, field.form), name, rect, commit, "mono",
                            QtCore.Qt.AlignmentFlag.AlignRight)
        if self.widget is not None:
            self.widget.setToolTip(field.doc)
        return True

    def _go(self, card_id: str, number: int) -> None:
        count = len(self.canvas.scene.shown_fields(card_id))
        if count:
            self.edit_row(card_id, number % count)

    def rename(self, card_id: str) -> bool:
        """Edit a card's name over its title."""
        self.finish()
        card, document = self.canvas.document.card(card_id), self.canvas.document
        if card is None:
            return False
        if self.canvas.view.zoom < LOWEST_ZOOM:
            self.canvas.view.center_on_card(card_id, animated=False)
        rect = lambda: _title_part(self.canvas.scene.card_rect(card_id))
        self._next = None
        self._open_line(card.ref, card_id, self.tr("Name of {0}").format(card_id), rect,
                        lambda text: commands.rename(document, card_id, text.strip()), "body")
        return True

    def title_frame(self, frame_id: str) -> bool:
        """Edit a frame's title."""
        self.finish()
        ref, document = Ref("frame", frame_id), self.canvas.document
        frame = document.items.get(ref)
        if not isinstance(frame, Frame):
            return False
        rect = lambda: _title_part(self.canvas.scene.item_rect(ref))
        self._next = None
        self._open_line(ref, frame.title, self.tr("Title of the frame"), rect,
                        lambda text: commands.edit_frame(document, frame_id, title=text.strip()), "body")
        return True

    def name_portal(self, wire: Ref, tag: int) -> bool:
        """Edit the name that stands on the tags of a wire, over one of them."""
        self.finish()
        found, document = self.canvas.document.items.get(wire), self.canvas.document
        if not isinstance(found, Wire) or not found.portal:
            return False
        rect = lambda: QtCore.QRectF(self.canvas.scene.wires[wire].tags[tag].box)
        self._next = None
        self._open_line(wire, found.portal, self.tr("Name on the tags of {0}").format(found.source), rect,
                        lambda text: commands.set_portal(document, [wire], text.strip()), "mono")
        return True

    def write_note(self, note_id: str) -> bool:
        """Edit a note's text; Ctrl+Enter, Escape or a click elsewhere takes it over."""
        self.finish()
        ref, document = Ref("note", note_id), self.canvas.document
        note = document.items.get(ref)
        if not isinstance(note, Note):
            return False
        paper = QtWidgets.QPlainTextEdit(note.text, self.canvas.view.viewport())
        paper.setTabChangesFocus(True)
        paper.moveCursor(QtGui.QTextCursor.MoveOperation.End)
        self._next = None
        self._open(paper, ref, note.text, self.tr("Text of the note"), lambda: self.canvas.scene.item_rect(ref),
                   lambda text: commands.edit_note(document, note_id, text), "body")
        return True

    # ------------------------------------------------ the field

    def _open_line(self, ref: Ref, text: str, name: str, rect: Rect, commit: Commit, font: str,
                   side: QtCore.Qt.AlignmentFlag = QtCore.Qt.AlignmentFlag.AlignLeft) -> None:
        line = QtWidgets.QLineEdit(text, self.canvas.view.viewport())
        line.setAlignment(side)
        self._open(line, ref, text, name, rect, commit, font)
        line.selectAll()
        line.textEdited.connect(self._check)

    def _open_choice(self, ref: Ref, choices: tuple[str, ...], text: str, name: str, rect: Rect,
                     commit: Commit) -> None:
        box = QtWidgets.QComboBox(self.canvas.view.viewport())
        box.addItems(choices)
        box.setCurrentIndex(box.findText(text))
        self._open(box, ref, text, name, rect, commit, "mono")
        box.activated.connect(lambda: self.finish())
        box.showPopup()

    def _open(self, widget: QtWidgets.QWidget, ref: Ref, text: str, name: str, rect: Rect, commit: Commit,
              font: str) -> None:
        self.widget, self.ref, self._before, self._rect, self._commit = widget, ref, text, rect, commit
        widget.setObjectName("inlineEdit")
        widget.setAccessibleName(name)
        widget.setFont(theme.font(font))
        widget.installEventFilter(self)
        self._mark("")
        self._place()
        widget.show()
        widget.setFocus(QtCore.Qt.FocusReason.MouseFocusReason)

    @property
    def text(self) -> str:
        if isinstance(self.widget, QtWidgets.QComboBox):
            return self.widget.currentText()
        if isinstance(self.widget, QtWidgets.QPlainTextEdit):
            return self.widget.toPlainText()
        return self.widget.text() if isinstance(self.widget, QtWidgets.QLineEdit) else ""

    def _place(self) -> None:
        if self.widget is not None and self._rect is not None:
            area = self.canvas.view.mapFromScene(self._rect()).boundingRect()
            least = LEAST if not isinstance(self.widget, QtWidgets.QPlainTextEdit) else QtCore.QSize(160, 72)
            middle, size = area.center(), area.size().expandedTo(least)
            self.widget.setGeometry(QtCore.QRect(middle.x() - size.width() // 2, middle.y() - size.height() // 2,
                                                 size.width(), size.height()))

    def _check(self) -> None:
        """Say while typing whether the value could be taken."""
        self._mark(self._wrong())

    def _wrong(self) -> str:
        if self._commit is None or self.text == self._before:
            return ""
        try:
            self._commit(self.text)
        except Refused as refused:
            return told(refused.words)
        return ""

    def _mark(self, wrong: str) -> None:
        widget = self.widget
        if widget is None:
            return
        widget.setProperty("invalid", bool(wrong))
        color = theme.color("error" if wrong else "accent").name()
        ground = f"background: {paper().name()}; padding: 6px;" if isinstance(widget, QtWidgets.QPlainTextEdit) else ""
        widget.setStyleSheet(f"#inlineEdit {{ border: 1px solid {color}; border-radius: 4px; {ground} }}")
        if wrong:
            QtWidgets.QToolTip.showText(widget.mapToGlobal(QtCore.QPoint(0, widget.height())), as_text(wrong), widget)
        else:
            QtWidgets.QToolTip.hideText()

    def finish(self, keep_wrong: bool = False) -> bool:
        """Take the value over and close the field. A wrong one is left out, or stays to be mended (then False)."""
        if self.widget is None or self._commit is None:
            return True
        text, commit, wrong = self.text, self._commit, self._wrong()
        if wrong and keep_wrong:
            self._mark(wrong)
            return False
        self.close()
        if wrong:
            self.canvas.report(wrong)
        elif text != self._before:
            self.canvas.attempt(lambda: commit(text))
        return True

    def close(self) -> None:
        """Take the field away; the value stays as it was."""
        widget, self.widget, self._commit, self.ref = self.widget, None, None, None
        if widget is not None:
            QtWidgets.QToolTip.hideText()
            widget.removeEventFilter(self)
            if isinstance(widget, QtWidgets.QComboBox):
                widget.hidePopup()
            widget.hide()
            widget.deleteLater()
            self.canvas.view.setFocus()
            self.closed.emit()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if watched is not self.widget:
            return False
        if event.type() == QtCore.QEvent.Type.ShortcutOverride and isinstance(event, QtGui.QKeyEvent):
            if self._is_typed(event):       # else it may be a shortcut of the window, unless the field itself takes it
                event.accept()
            return False
        if event.type() == QtCore.QEvent.Type.FocusOut and isinstance(event, QtGui.QFocusEvent):
            if event.reason() not in (QtCore.Qt.FocusReason.PopupFocusReason,
                                      QtCore.Qt.FocusReason.ActiveWindowFocusReason):
                if isinstance(watched, QtWidgets.QComboBox):
                    QtCore.QTimer.singleShot(0, self._left_choice)      # its list may be about to open
                else:
                    self.finish()
            return False
        if event.type() == QtCore.QEvent.Type.KeyPress and isinstance(event, QtGui.QKeyEvent):
            return self._key(event)
        return False

    def _is_typed(self, event: QtGui.QKeyEvent) -> bool:
        """Whether a key is the field's: one without Ctrl, Alt or Meta, or a character that AltGr gives."""
        held = event.modifiers() & COMMANDING
        if event.key() in (QtCore.Qt.Key.Key_Return, QtCore.Qt.Key.Key_Enter) and isinstance(
                self.widget, QtWidgets.QPlainTextEdit):
            return True                     # with Ctrl it ends the text
        return not held or (held == ALT_GR and event.text().isprintable() and bool(event.text()))

    def _left_choice(self) -> None:
        box = self.widget
        if isinstance(box, QtWidgets.QComboBox) and not box.hasFocus() and not box.view().isVisible():
            self.finish()

    def _key(self, event: QtGui.QKeyEvent) -> bool:
        key, following = event.key(), self._next
        if key == QtCore.Qt.Key.Key_Escape:
            if isinstance(self.widget, QtWidgets.QPlainTextEdit):
                self.finish()
            else:
                self.close()
            return True
        if key in (QtCore.Qt.Key.Key_Tab, QtCore.Qt.Key.Key_Backtab):
            if self.finish(keep_wrong=True) and following is not None:
                following(-1 if key == QtCore.Qt.Key.Key_Backtab else 1)
            return True
        if key in (QtCore.Qt.Key.Key_Return, QtCore.Qt.Key.Key_Enter):
            is_paper = isinstance(self.widget, QtWidgets.QPlainTextEdit)
            if is_paper and not event.modifiers() & QtCore.Qt.KeyboardModifier.ControlModifier:
                return False
            self.finish(keep_wrong=True)
            return True
        return False

    def detach(self) -> None:
        """Listen to nothing any more."""
        self.close()
        self.canvas.document.listeners.remove(self._document_changed)

    def _document_changed(self, refs: frozenset[Ref]) -> None:
        if self.ref is not None and self.ref in refs:
            if self.ref not in self.canvas.document.items:
                self.close()
            else:
                self._place()


def _choices(field: Field) -> tuple[str, ...]:
    """The texts to choose from; none if the value is typed."""
    none = ("None",) if field.optional else ()
    if field.form == "choice":
        return (*none, *(written(choice, field.form) for choice in field.choices))
    if field.form == "dtype":
        return (*none, *DTYPES)
    if field.form == "bool":
        return (*none, "True", "False")
    return ()


def _value(text: str, field: Field, old: object) -> object:
    """The value that was typed; an array keeps its dtype."""
    try:
        if field.form == "array" and is_array(old):
            return read_array(text, old["dtype"])       # type: ignore[index]
        return read(text, field)
    except ValueError as error:
        words = str(error)
        raise Refused(stopped(f"{field.name}: {words}")) from None


def _value_part(row: QtCore.QRectF) -> QtCore.QRectF:
    """The right part of an attribute's row, where its value stands."""
    return row.adjusted(row.width() * 0.4, 0, 0, 0)


def _title_part(box: QtCore.QRectF) -> QtCore.QRectF:
    return QtCore.QRectF(box.left() + 6, box.top() + 3, box.width() - 12, 24)


