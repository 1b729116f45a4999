"""What only files and runs show of a graph: told to inference, so that it stands on the cards like other problems."""
from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from PySide6 import QtCore

import graphengine as ge

from . import commands
from .banner import said
from .commands import Refused
from .incoming import feeds_of
from .infer import Fix, Inference, Problem
from .model.build import whole_source
from .model.document import Change, GraphDocument
from .model.items import Card, Ref
from .model.kinds import catalog
from .model.sentences import sentence, stopped
from .run import ProcessRunner
from .run import messages as m

QUIET_MS = 150                              # after an edit of a source of data, until it is looked at
RUNS = ("run", "train", "step")


class Watching(QtCore.QObject):
    """Tells inference what keeps data from being read, and what failed in the last run.

    Parameters
    ----------
    folder : gives that of the document
    is_current : tells whether the graph is still what ran last
    """

    def __init__(self, document: GraphDocument, inference: Inference, folder: Callable[[], str],
                 runner: ProcessRunner, is_current: Callable[[], bool], parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.document, self.inference, self.runner = document, inference, runner
        self._folder, self._is_current = folder, is_current
        self._failed: dict[str, Problem] = {}
        self._is_asked = self._may_kill = False         # whether data are looked at; whether a process ended meanwhile
        self._soon = QtCore.QTimer(self, singleShot=True, interval=QUIET_MS)
        self._soon.timeout.connect(self.look)
        document.listeners.append(self._edited)
        runner.received.connect(self._take)

    def close(self) -> None:
        """Stop following the document."""
        self._soon.stop()
        self.document.listeners.remove(self._edited)

    def look(self) -> None:
        """Have the data looked at; also to be called when another program may have changed them."""
        sources = {}
        for card in self.document.cards:
            kind = catalog().get(card.kind)
            if kind is not None and kind.family == "Data" and self.inference.own_problem(card.id) is None:
                try:
                    sources[card.id] = whole_source(card)
                except ge.errors.GraphEngineError:      # what is missing is said by inference
                    continue
        self._is_asked, self._may_kill = bool(sources), False
        if sources:
            self.runner.send(m.CheckData(os.path.abspath(self._folder() or "."), sources))
        else:
            self.inference.tell("data", {})

    def forget_failures(self) -> None:
        """What failed is tried again."""
        self._failed = {}
        self.inference.tell("run", {})

    def _fixes(self, card: str) -> tuple[Fix, ...]:
        """A source whose file was chosen, but not yet what of it is fed, can feed everything."""
        found = self.document.card(card)
        kind = catalog().get(found.kind) if found is not None else None
        if found is None or kind is None or kind.field("feeds") is None or found.attributes.get("feeds"):
            return ()
        path = Path(self._folder(), str(found.attributes.get("file")))

        def feed(document: GraphDocument) -> Change:
            try:
                return commands.set_attribute(document, [card], "feeds", feeds_of(kind.key, path))
            except OSError as error:
                raise Refused("{0}", said(error)) from error

        return (Fix(self.tr("Feed all that is in the file"), feed),) if path.is_file() else ()

    def _edited(self, refs: frozenset[Ref]) -> None:
        cards = [self.document.items.get(ref) for ref in refs if ref.kind == "card"]
        if any(not isinstance(card, Card) or card.kind.startswith("data/") for card in cards):
            self._soon.start()
        if self._failed and not self._is_current():
            self.forget_failures()

    def _take(self, reply: m.Reply) -> None:
        match reply:
            case m.Ready() if not self._may_kill:       # otherwise after an edit, or when somebody comes back
                self._soon.start()
            case m.DataChecked():
                self._is_asked = False
                self.inference.tell("data", {card: Problem(card, None, "error", text, detail, self._fixes(card))
                                             for card, (text, detail) in reply.problems.items()})
            case m.Started() if reply.what in RUNS:
                self._failed = {}           # told at the end, so that what fails again stays where it is
            case m.Failed(card=str() as card) if reply.what in (*RUNS, "load") and self.document.card(card) is not None:
                if card not in self._failed:
                    fix = f"\n{sentence(reply.fix)}" if reply.fix else ""
                    text = reply.text.rstrip(".")
                    self._failed[card] = Problem(card, None, "error", text, f"{stopped(text)}{fix}")
                    self.inference.tell("run", self._failed)
            case m.Finished():
                if reply.what in RUNS:
                    self.inference.tell("run", self._failed)
                if self._is_asked and reply.stopped:    # which the look was broken off for, too
                    self._soon.start()
            case m.Died():
                self.inference.tell("run", self._failed)
                self._may_kill = self._is_asked
                self._soon.stop()
