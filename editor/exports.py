"""What a window gives away: programs and pictures."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6 import QtGui, QtWidgets

import graphengine as ge

from .banner import Banner, said
from .deeds import Deeds
from .io.pictures import image, save_picture
from .io.python import save_python

SUFFIX = ".graph.json"


class Exports(Deeds):
    """The commands of a window that write something else than its document."""

    path: Path | None
    name: str
    folder: Path | None
    banner: Banner

    def do_export_python(self) -> None:
        self.settle()
        self._export(self.tr("Export Python"), ".py", self.tr("Python (*.py)"),
                     lambda path: save_python(self.document, path), self.tr("it needs graphengine to run"))

    def do_export_picture(self) -> None:
        self.settle()
        self._export(self.tr("Export picture"), ".png", self.tr("Pictures (*.png *.svg *.pdf)"),
                     lambda path: save_picture(self.scene, path, self.document))

    def _export(self, title: str, suffix: str, kinds: str, write: Callable[[Path], Any], needs: str = "") -> None:
        stem = self.path.name.removesuffix(SUFFIX) if self.path is not None else self.name.lower()
        start = Path(self.folder or Path.home()) / (stem + suffix)
        chosen, _ = QtWidgets.QFileDialog.getSaveFileName(self, title, str(start), kinds)
        if not chosen:
            return
        path = Path(chosen if Path(chosen).suffix else chosen + suffix)
        try:
            write(path)
        except (ge.errors.GraphEngineError, OSError, ValueError) as error:
            self.banner.show_message(f"{path.name}: {said(error)}")
            return
        self.banner.let_go()
        self.say(self.tr("Wrote {0}").format(path.name) + (f"; {needs}" if needs else ""))

    def do_copy_picture(self) -> None:
        QtGui.QGuiApplication.clipboard().setImage(image(self.scene))
        self.say(self.tr("Copied the graph as a picture"))
