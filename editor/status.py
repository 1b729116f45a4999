"""The status bar: zoom, size of the graph, time of inference, memory, what runs."""
from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6 import QtCore, QtWidgets

from .infer import Inference
from .model.build import chosen_seed
from .model.document import GraphDocument
from .model.items import Ref
from .running import Running
from .scene import GraphView
from .theme import theme
from .widgets.labels import sizes

SLOW_MS = 2000


class StatusBar(QtWidgets.QStatusBar):
    """Parameters: what it tells of."""

    def __init__(self, document: GraphDocument, inference: Inference, view: GraphView, running: Running) -> None:
        super().__init__()
        self.document, self.inference, self.view, self.running = document, inference, view, running
        self.setSizeGripEnabled(False)
        self.saving = self._label(self.tr("What is written"))
        self.engine = self._label(self.tr("What runs graphs"))
        self.counts = self._label(self.tr("Cards and wires"))
        self.seed = self._label(self.tr("Seed of random numbers"))
        self.memory = self._label(self.tr("Memory of this window"))
        self.zoom = self._label(self.tr("Zoom"))
        for label in (self.saving, self.engine, self.counts, self.seed, self.memory, self.zoom):
            self.addPermanentWidget(label)
        self.saving.hide()
        document.listeners.append(self._count)
        view.zoomed.connect(self.show_zoom)
        running.state_changed.connect(self._show_engine)
        self._slow = QtCore.QTimer(self, interval=SLOW_MS)
        self._slow.timeout.connect(self._show_memory)
        self._slow.start()
        self._count(frozenset())
        self.show_zoom(view.zoom)
        self._show_engine()
        self._show_memory()

    def close_down(self) -> None:
        """Stop following the document."""
        self._slow.stop()
        self.document.listeners.remove(self._count)

    def _label(self, name: str) -> QtWidgets.QLabel:
        label = QtWidgets.QLabel()
        label.setAccessibleName(name)
        label.setToolTip(name)
        theme.wear(label, "mono")
        return label

    def _count(self, refs: frozenset[Ref]) -> None:
        self.counts.setText(sizes(self.document))
        self.seed.setText(self.tr("seed {0}").format(chosen_seed(self.document)))

    def show_saving(self, path: Path | None) -> None:
        """Tell which file is being written, if one is."""
        self.saving.setVisible(path is not None)
        self.saving.setText(self.tr("saving {0} …").format(path.name) if path is not None else "")

    def show_zoom(self, zoom: float) -> None:
        self.zoom.setText(f"{zoom * 100:.0f} %")

    def _show_engine(self) -> None:
        state = self.running.busy or (
            "loading" if self.running.is_loading else
            "awaited" if self.running.awaited and self.running.is_ready else "paused" if self.running.paused else
            "ready" if self.running.is_ready else "starting")
        words = {"run": self.tr("running"), "train": self.tr("training"), "step": self.tr("training"),
                 "compile": self.tr("compiling"), "profile": self.tr("measuring"), "paused": self.tr("paused"),
                 "loading": self.tr("loading"), "awaited": self.tr("getting ready"), "ready": self.tr("ready"),
                 "starting": self.tr("engine starting …")}
        self.engine.setText(words.get(state, state))

    def _show_memory(self) -> None:
        used = resident_bytes()
        self.memory.setVisible(used > 0)
        self.memory.setText(f"{used / 2**20:.0f} MB")


def resident_bytes() -> int:
    """Memory that this process occupies; 0 where the system does not tell."""
    if not sys.platform.startswith("linux"):
        return 0
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
