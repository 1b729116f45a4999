"""What was said in English in the language of the window."""
from __future__ import annotations

from PySide6 import QtCore

from ..model.words import Words


def told(text: str) -> str:
    """A text, and the texts in it, as far as there is another language; others stay as they are."""
    if not isinstance(text, Words):
        return text
    pattern = QtCore.QCoreApplication.translate("Edits", text.pattern)
    values = [told(value) if isinstance(value, str) else value for value in text.values]
    return pattern.format(*values) if values else pattern


def told_of(error: Exception) -> str:
    """Why something was refused."""
    return told(getattr(error, "words", str(error)))
