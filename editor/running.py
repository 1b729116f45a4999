"""Between a document and the process that runs it: sends the graph when it has changed, hands on what comes back."""
from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PySide6 import QtCore

from graphengine.tools.drawn.draw import becomes_nodes

from .infer import Inference, Problem
from .model.document import GraphDocument
from .model.files import to_text
from .model.items import Card, Item, Ref
from .model.kinds import TRAIN, catalog
from .model.meaning import Meaning, moved_values
from .run import ProcessRunner
from .run import messages as m
from .run.failures import name_of
from .run.inbox import LONG
from .widgets.language import told

TRAININGS = ("train", "step")
QUIET_MS = 60                               # after a number changed, until a graph in live mode is run
SETTLED_MS = 400                            # after cards or wires came or went
LONGEST_S, COMPILING_S = 3.0, 30.0          # a run that took longer is not made again by itself; one of a new graph
LARGEST = 64 * 2**20                        # bytes of results, of one batch; of a larger graph nothing is run by itself
BATCH = 32                                  # what an unknown size is counted as


class Running(QtCore.QObject):
    """Runs a document.

    Signals
    -------
    received : every `Reply`
    state_changed : something began or ended
    said : a sentence for the person: why nothing was run

    Attributes
    ----------
    busy : "run", "train", "step" ... while something runs, otherwise ""
    awaited : likewise, from when it was asked for until it has begun: a training is built first, for example
    training : "idle", "training", or "paused": held, so that `train` goes on where it was
    continues : whether the training that runs, or ran last, went on with one that was held
    live : whether the graph is run by itself after every edit that can change a value: on a batch of its data, while
        nothing trains, unless it takes long or what was learnt would be lost
    by_itself : whether what runs, or ran last, is such a run
    is_loading : whether the process has been sent a graph that it does not have yet
    """

    received = QtCore.Signal(object)
    state_changed = QtCore.Signal()
    said = QtCore.Signal(str)

    def __init__(self, document: GraphDocument, inference: Inference, folder: Callable[[], str],
                 runner: ProcessRunner, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.document, self.inference, self.runner = document, inference, runner
        self.busy, self.awaited, self.live, self.by_itself = "", "", False, False
        self._has_learnt = False
        self._is_new = self._is_slow = False                    # the graph, as it is run next; the last run
        self.training, self.continues = "idle", False
        self.is_ready = self.is_loading = False
        self._folder = folder
        self._serial = 0
        self._stopping = False              # a training is to end, not only to be held
        self._meaning = Meaning(document)
        self._sent: str | None = None       # the meaning of the graph that the process has
        self._is_edited = True              # perhaps: since the graph was sent
        self._arrays: set[str] = set()
        self._holders: tuple[str, ...] = ()                     # cards that have variables in the graph that was sent
        self._learning: str | None = None   # the meaning of the model that the process has
        self._loaded: Mapping[Ref, Item] | None = None          # the items of that graph
        self._is_waiting = False            # an edit is to be run
        self._moved: str | None = None      # the meaning of the graph with the numbers that were sent for one run
        self._moves = 0                     # such runs, whose serials are these numbers below zero
        self._meant: dict[int, int] = {}    # serial -> what tells the meaning of that graph from others
        self._now: int | None = None        # of the graph as it is; None if it has been edited since
        self._ran: int | None = None        # of the graph that was run or trained last
        self._quiet = QtCore.QTimer(self, singleShot=True, interval=QUIET_MS)
        self._quiet.timeout.connect(self._rerun)
        document.listeners.append(self._edited)
        runner.received.connect(self._take)

    def close(self) -> None:
        """End the process and stop following the document."""
        self.document.listeners.remove(self._edited)
        self._quiet.stop()
        self.runner.close()

    # ------------------------------------------------ what can be asked for

    def run(self) -> None:
        """Compute every card once."""
        self.by_itself = False
        self._run()

    def _run(self) -> None:
        if not any(True for _ in self.document.cards):
            self.said.emit(self.tr("There is nothing to run yet: put a card on the canvas."))
            return
        self._load()
        self._ran = self._meaning_now()
        self._send(m.Run())

    @property
    def paused(self) -> bool:
        """Whether a training is held that can go on: the model is still the one that learnt."""
        return self.training == "paused" and self._learning in (None, self._model())

    @property
    def shown_state(self) -> str:
        """How the training is, for those that offer to go on with it."""
        return "idle" if self.training == "paused" and not self.paused else self.training

    def train(self) -> None:
        """Train: go on if a training is held, otherwise from first values."""
        card = self.train_card()
        if card is not None:
            self.ask(m.Train(card))

    def step(self) -> None:
        """One step of a training, which is held then."""
        card = self.train_card()
        if card is not None:
            self.ask(m.Step(card))

    def pause(self) -> None:
        """Hold the training; `train` goes on."""
        self.ask(m.Pause())

    def stop(self) -> None:
        """End what runs; after a training the variables keep what they have learnt, until the next begins."""
        self.ask(m.Stop())

    def restart_weights(self) -> None:
        """Give the variables their first values again."""
        self._sent, self._has_learnt = None, False
        self._load(anew=True)
        self._set_training("idle")

    def ask(self, request: Any) -> None:
        """Send a request, after the graph if that has changed."""
        if isinstance(request, m.Stop):
            self._stopping = True
        keeps = isinstance(request, (m.Stop, m.Pause, m.SetLearningRate))
        looks = isinstance(request, (m.Inspect, m.LookInside))      # at the last run; the next one may be on its way
        goes_on = self.paused               # before another model is sent
        if not (keeps or (looks and (self._is_waiting or self.is_current))):
            self._load()
        if isinstance(request, (m.Train, m.Step)):
            request = replace(request, fresh=request.fresh or not goes_on)
            self.continues = not request.fresh
            self._ran = self._meaning_now()
        self._send(request)

    def _send(self, request: m.Request) -> None:
        if isinstance(request, LONG) and not self.busy:
            self.awaited = name_of(request)
            self.state_changed.emit()
        self.runner.send(request)

    def _set_training(self, state: str) -> None:
        if state != self.training:
            self.training = state
            self.state_changed.emit()

    def compile(self) -> None:
        self.ask(m.Compile(self._training_if_whole()))

    def profile(self) -> None:
        self.ask(m.MeasureProfile(self._training_if_whole()))

    # ------------------------------------------------ training cards

    def trainings(self) -> list[str]:
        return [card.id for card in self.document.cards if card.kind == TRAIN]

    def train_card(self) -> str | None:
        """The card to train with; says what is missing if there is none that is whole."""
        found = self.trainings()
        if not found:
            self.said.emit(self.tr("There is no Train card: add one and connect a loss and an optimizer to it."))
            return None
        problem = self._hindrance(found[0])
        if problem is not None:
            self.said.emit(f"{problem.card}: {told(problem.text)}.")
            return None
        return found[0]

    def _training_if_whole(self) -> str | None:
        return next((card for card in self.trainings() if self._hindrance(card) is None), None)

    def _hindrance(self, training: str) -> Problem | None:
        """Why a Train card cannot train: its own problem, or the one that keeps its loss from being computed."""
        wire = self.document.wires_into(training).get(0)
        own = self.inference.own_problem(training)
        if own is not None or wire is None:
            return own
        results = self.inference.outputs(wire.source)
        if wire.output < len(results) and results[wire.output].dtype:
            return None
        found = (self.inference.own_problem(card) for card in self.document.upstream(wire.source))
        return next((problem for problem in found if problem is not None), None)

    def loss_card(self) -> str | None:
        """The card whose output is the loss of the training."""
        for training in self.trainings():
            wire = self.document.wires_into(training).get(0)
            if wire is not None:
                return wire.source
        return None

    # ------------------------------------------------ both ways

    def _load(self, anew: bool = False) -> None:
        """Send the graph, unless the process has it."""
        said = self._said()
        if said == self._sent and not anew:
            return
        self._serial += 1
        fresh = {name: array for name, array in self.document.arrays.items() if name not in self._arrays}
        folder = os.path.abspath(self._folder() or ".")
        self.runner.send(m.Load(to_text(self.document), fresh, folder, self._serial, anew))
        self._sent, self._is_edited, self._is_new = said, False, True
        self._meant[self._serial] = self._now = hash(said)
        self._loaded = dict(self.document.items)
        self._arrays |= set(fresh)
        self.is_loading = True
        self.state_changed.emit()

    @property
    def is_current(self) -> bool:
        """Whether the process has the graph as it is."""
        if self._is_edited:
            self._is_edited = self._said() not in (self._sent, self._moved)
        return not self._is_edited

    def is_of_now(self, reply: m.Values | m.Gradients) -> bool:
        """Whether what a reply brings was computed by the graph as it is: another one may have been sent meanwhile."""
        return self._meant.get(reply.serial) == self._meaning_now()

    def _meaning_now(self) -> int:
        if self._now is None:
            self._now = hash(self._said())
        return self._now

    def _model(self) -> str:
        """The meaning of what variables learn for."""
        return self._meaning.model(card for card in self._holders if self.document.card(card) is not None)

    def _said(self) -> str:
        return f"{self._folder()}\n{self._meaning.whole()}"

    def _edited(self, refs: frozenset[Ref]) -> None:
        self._is_edited, self._now = True, None
        if self.training == "paused":       # perhaps it cannot go on now, or can again
            self.state_changed.emit()
        if self.live and self.busy in ("", "run") and any(self._matters(ref) for ref in refs):
            self._is_waiting = True
            before = self._loaded or {}
            if any(ref.kind == "wire" or ref not in before for ref in refs):
                self._quiet.start(SETTLED_MS)       # anew: more of them may follow
            elif not self._quiet.isActive():
                self._quiet.start(QUIET_MS)

    def _rerun(self) -> None:
        """Run after edits; where only numbers of constants and placeholders moved, these are all that is sent."""
        if self.busy:                       # once that is over
            return
        self._is_waiting = False
        moved = moved_values(self._loaded, self.document) if self._loaded is not None and self.is_ready else None
        if self._is_slow or self._ran == self._meaning_now() or not any(True for _ in self.document.cards):
            return
        if moved:
            self.by_itself = True
            self._moved = self._said()
            self._moves += 1
            self._meant[-self._moves] = self._ran = self._meaning_now()
            self._send(m.Run(moved, -self._moves))
        elif self._keeps_learnt() and self._result_bytes() <= LARGEST:
            self.by_itself = True
            self._run()
        else:
            self._ran = None                # undone, it is run again

    def _keeps_learnt(self) -> bool:
        """Whether the graph as it is can be sent, and what variables have learnt stays."""
        return not self._has_learnt or self._learning in (None, self._model())

    def _result_bytes(self) -> int:
        """About how much memory the results of all cards take together."""
        results = (result for card in self.document.cards for result in self.inference.outputs(card.id))
        return sum(4 * math.prod(BATCH if size is None else size for size in result.sizes or ()) for result in results)

    def _matters(self, ref: Ref) -> bool:
        """Whether an item that changed can change a value."""
        card = self.document.items.get(ref)
        if self.document.is_settling:
            return False
        kind = catalog().get(card.kind) if isinstance(card, Card) else None
        return ref.kind in ("wire", "setting") or (
            kind is not None and (becomes_nodes(kind.key) or kind.family == "Data"))

    def _take(self, reply: m.Reply) -> None:
        if isinstance(reply, (m.Started, m.Finished, m.Died)) or (
                isinstance(reply, m.Failed) and reply.what == "unreadable"):
            self.awaited = ""
        if isinstance(reply, m.Ready):
            self.is_ready = True
        elif isinstance(reply, m.Started):
            self.busy, self._stopping = reply.what, False
            if reply.what in TRAININGS:
                self.training, self._has_learnt = "training", True
        elif isinstance(reply, m.Values) and self.busy == "run":
            self._is_slow = reply.seconds > (COMPILING_S if self._is_new else LONGEST_S)
            self._is_new = False
        elif isinstance(reply, m.Finished):
            self.busy = ""
            if reply.what == "load":        # broken off: there is no graph
                self._sent, self.is_loading = None, False
            if self._is_waiting:
                self._quiet.start()
            if reply.what in TRAININGS and self.training == "training":
                held = (reply.stopped and not self._stopping) or reply.what == "step"
                self.training = "paused" if held else "idle"
        elif isinstance(reply, m.Failed):
            self._failed(reply)
        elif isinstance(reply, m.Loaded):
            self._hear_of_model(reply)
        elif isinstance(reply, m.Died):     # a new process gets the values of some seconds before
            self.is_ready, self.busy, self.is_loading = False, "", False
            self.training = "idle" if self.training == "idle" else "paused"
        self.received.emit(reply)
        if isinstance(reply, (m.Ready, m.Started, m.Finished, m.Died, m.Failed, m.Loaded)):
            self.state_changed.emit()

    def _hear_of_model(self, reply: m.Loaded) -> None:
        """The process has the graph: perhaps a newer one is on its way, and what was learnt may be gone."""
        self.is_loading &= reply.serial != self._serial
        if reply.serial == self._serial and self._loaded is not None:
            self._holders = reply.holders
            self._learning = Meaning(GraphDocument(self._loaded.values())).model(reply.holders)
        if reply.forgot:
            self._has_learnt = False
            self.training, self.continues = "idle", False
            self.said.emit(self.tr("The model has changed: what was learnt is gone, its variables begin anew."))

    def _failed(self, reply: m.Failed) -> None:
        if reply.what in TRAININGS and self.training == "training":     # it cannot go on, as where the loss is NaN
            self.training = "idle"
        elif reply.what == "load":
            self.is_loading = False
        elif reply.what == "unreadable":    # perhaps it was the graph: it is sent again, with all arrays
            self._sent, self._arrays, self._loaded, self.is_loading, self._ran = None, set(), None, False, None
