"""Saving a document: a small one at once, a large one in a process of its own while one goes on editing.

What is to be copied beside it is on its way with it.
"""
from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from PySide6 import QtCore

from .model.document import GraphDocument
from .model.files import is_soon_saved, save, save_apart, to_text
from .model.version import ANY, ChangedMeanwhileError, Version

Then = Callable[[], object]
Given = TypeVar("Given")


@dataclass(frozen=True)
class Saved:
    """A document that was to be written.

    state : of the document then; then : what was to be done after it; version : that was written
    brought : what `bring` of `Saving.begin` gave, or the exception that it raised
    """

    path: Path
    state: int
    then: Then
    version: Version | None = None
    brought: Any = None


@dataclass(frozen=True, eq=False)
class _Order:
    """How a document, as it was when it was to be saved, is written. write : takes the version that it may replace"""

    wanted: Saved
    write: Callable[[Version | None], Version | None]
    bring: Callable[[], object] | None


class Saving(QtCore.QObject):
    """Writes a document. One after the other: of those that wait for the same file only the last counts.

    Parameters
    ----------
    known : gives the version of a file that may be overwritten; asked when it is written

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

    def __init__(self, document: GraphDocument, parent: QtCore.QObject | None = None,
                 known: Callable[[Path], Version | None] = lambda path: ANY) -> None:
        super().__init__(parent)
        self.document = document
        self.path: Path | None = None
        self._known = known
        self._orders: list[_Order] = []     # the first of them is being written while there is a path
        self._written.connect(self._end, QtCore.Qt.ConnectionType.QueuedConnection)

    @property
    def aim(self) -> Path | None:
        """The file that is there in the end; None if nothing is on its way."""
        return self._orders[-1].wanted.path if self._orders else None

    def writes(self, state: int) -> bool:
        """Whether the file that is there in the end has the document as it was in a state."""
        return bool(self._orders) and self._orders[-1].wanted.state == state

    def begin(self, path: Path, then: Then, bring: Callable[[], object] | None = None) -> bool:
        """Write the document as it is now; `ended` tells when it is there, perhaps at once. False if it failed then.

        bring : called in a thread once it is written, before `ended`

        Raises
        ------
        ChangedMeanwhileError if another program has just written the file; where that is seen later, `ended` tells.
        """
        self.document.end_merging()         # what is typed on is another edit than what is in the file
        wanted = Saved(path, self.document.state, then)
        if not self._orders and is_soon_saved(self.document):
            version, error = _tried(lambda: save(self.document, path, self._known(path)))
            if isinstance(error, ChangedMeanwhileError):
                raise error
            if error is not None or bring is None:
                return self._finish(replace(wanted, version=version), error)
            self._orders.append(_Order(wanted, lambda known: version, bring))
        else:
            text, arrays = to_text(self.document), dict(self.document.arrays)
            wanted = self._in_place_of_waiting(wanted)
            self._orders.append(_Order(wanted, lambda known: save_apart(text, arrays, os.fspath(path), known), bring))
        self._begin_next()
        return True

    def _in_place_of_waiting(self, wanted: Saved) -> Saved:
        """Take the orders that wait for the same file out; what was to be done after them is done after this one."""
        waiting = self._orders[1:] if self.path is not None else self._orders[:]
        gone = [order for order in waiting if order.wanted.path == wanted.path]
        self._orders = [order for order in self._orders if order not in gone]
        calls = [*(order.wanted.then for order in gone), wanted.then]
        return replace(wanted, then=lambda: [call() for call in calls]) if gone else wanted

    def _begin_next(self) -> None:
        if self.path is not None or not self._orders:
            return
        order = self._orders[0]
        path = self.path = order.wanted.path
        known = self._known(path)

        def write() -> None:
            version, error = _tried(lambda: order.write(known))
            brought, trouble = _tried(order.bring) if order.bring is not None and error is None else (None, None)
            self._written.emit(replace(order.wanted, version=version, brought=trouble or brought), error)

        threading.Thread(target=write, name="saves", daemon=True).start()
        self.begun.emit(path)

    def _end(self, wanted: Saved, error: Exception | None) -> None:
        self.path = None
        del self._orders[0]
        if isinstance(error, ChangedMeanwhileError):    # who is asked now answers for those that wait as well
            wanted = self._in_place_of_waiting(wanted)
        self._finish(wanted, error)
        self._begin_next()

    def _finish(self, wanted: Saved, error: Exception | None) -> bool:
        if error is None:
            self.document.mark_saved(wanted.state)
        self.ended.emit(wanted, error)
        return error is None


def _tried(call: Callable[[], Given]) -> tuple[Given | None, Exception | None]:
    """What a call gives, or what it raises."""
    try:
        return call(), None
    except Exception as error:              # whatever it is, nothing may be lost in silence
        return None, error
