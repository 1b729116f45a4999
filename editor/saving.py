"""Saving a document: a small one at once, a large one in a process of its own while one goes on editing."""
from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6 import QtCore

from .model.document import GraphDocument
from .model.files import is_soon_saved, save, save_apart, to_text

Then = Callable[[], object]


@dataclass(frozen=True)
class Saved:
    """A document that was to be written. state : of the document then; then : what was to be done after it."""

    path: Path
    state: int
    then: Then


class Saving(QtCore.QObject):
    """Writes a document. One after the other: of those that wait only the last counts.

    Signals
    -------
    begun(path) : it takes a while
    ended(saved, error) : a file is there, or not if the error is not None

    Attributes
    ----------
    path : of the file that is written just now, None if there is none
    """

    begun = QtCore.Signal(object)
    ended = QtCore.Signal(object, object)
    _written = QtCore.Signal(object, object)

    def __init__(self, document: GraphDocument, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.path: Path | None = None
        self._next: tuple[Path, Then] | None = None
        self._state = 0
        self._written.connect(self._end, QtCore.Qt.ConnectionType.QueuedConnection)

    def writes(self, state: int) -> bool:
        """Whether the file that is written has the document as it was in a state."""
        return self.path is not None and self._next is None and self._state == state

    def begin(self, path: Path, then: Then) -> bool:
        """Write the document as it is now; `ended` tells when it is there, perhaps at once. False if it failed."""
        if self.path is not None:
            self._next = path, then
            return True
        self.document.end_merging()         # what is typed on is another edit than what is in the file
        wanted = Saved(path, self.document.state, then)
        if is_soon_saved(self.document):
            return self._finish(wanted, _error_of(lambda: save(self.document, path)))
        self.path, self._state = path, wanted.state
        text, arrays = to_text(self.document), dict(self.document.arrays)

        def write() -> None:
            self._written.emit(wanted, _error_of(lambda: save_apart(text, arrays, os.fspath(path))))

        threading.Thread(target=write, name="saves", daemon=True).start()
        self.begun.emit(path)
        return True

    def _end(self, wanted: Saved, error: Exception | None) -> None:
        self.path = None
        following, self._next = self._next, None
        self._finish(wanted, error)
        if following is not None:
            self.begin(*following)

    def _finish(self, wanted: Saved, error: Exception | None) -> bool:
        if error is None:
            self.document.mark_saved(wanted.state)
        self.ended.emit(wanted, error)
        return error is None


def _error_of(write: Callable[[], None]) -> Exception | None:
    try:
        write()
    except Exception as error:              # whatever it is, nothing may be lost in silence
        return error
    return None
