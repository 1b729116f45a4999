"""Labels in the roles and faces of the theme, and layouts that are emptied."""
from __future__ import annotations

import functools
import html

from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.document import GraphDocument
from editor.model.items import SUBGRAPH
from editor.theme import theme


def as_text(text: str) -> str:
    """A text for tips and message boxes, which take what looks like HTML for that, and open files that it names."""
    return f"<p style='white-space: pre-wrap'>{html.escape(text)}</p>" if QtGui.Qt.mightBeRichText(text) else text


def label(text: str = "", role: str = "", face: str = "", wraps: bool = False, hidden: bool = False,
          tip: str = "") -> QtWidgets.QLabel:
    """A label of plain text. role : in the style sheet, "muted", "hint", "error" ...; face : of the theme's fonts."""
    made = QtWidgets.QLabel()
    made.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    made.setText(text)
    made.setWordWrap(wraps)
    made.setToolTip(as_text(tip))
    if role:
        made.setProperty("role", role)
    if face:
        theme.wear(made, face)
    if hidden:
        made.hide()
    return made


def clear(layout: QtWidgets.QLayout) -> None:
    """Take everything out of a layout and delete the widgets."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()


def sizes(document: GraphDocument) -> str:
    """How many cards and wires there are."""
    say = functools.partial(QtCore.QCoreApplication.translate, "Sizes")
    cards = sum(card.kind != SUBGRAPH for card in document.cards)
    wires = len(list(document.wires))
    return ", ".join((say("1 card") if cards == 1 else say("{0} cards").format(cards),
                      say("1 wire") if wires == 1 else say("{0} wires").format(wires)))
