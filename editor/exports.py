"""What a window gives away: programs, models and pictures."""
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
from .model.answers import answers, chosen
from .run import messages as m

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

    def do_export_onnx(self) -> None:
        """Ask for the model of the selected cards, of the answers if there are none; the process writes it."""
        self.settle()
        selected = {ref.key for ref in self.tool.canvas.whole(self.scene.selected()) if ref.kind == "card"}
        cards = chosen(self.document, selected) or answers(self.document)
        if not cards:
            self.banner.show_message(self.tr("There is nothing to export: no card gives a result."))
            return
        path = self._chosen(self.tr("Export ONNX"), ".onnx", self.tr("ONNX models (*.onnx)"))
        if path is not None:
            self.running.ask(m.ExportOnnx(str(path), tuple(sorted(cards))))

    def show_exported(self, reply: m.Exported) -> None:
        self.banner.let_go()
        self.say(self.tr("Wrote {0}; it gives {1}").format(Path(reply.path).name, ", ".join(reply.outputs)))

    def _export(self, title: str, suffix: str, kinds: str, write: Callable[[Path], Any], needs: str = "") -> None:
        path = self._chosen(title, suffix, kinds)
        if path is None:
            return
        try:
            write(path)
        except (ge.errors.GraphEngineError, OSError, ValueError) as error:
            self.banner.show_message(f"{path.name}: {said(error)}")
            return
        self.banner.let_go()
        self.say(self.tr("Wrote {0}").format(path.name) + (f"; {needs}" if needs else ""))

    def _chosen(self, title: str, suffix: str, kinds: str) -> Path | None:
        """The file that a person names; None if no one."""
        stem = self.path.name.removesuffix(SUFFIX) if self.path is not None else self.name.lower()
        start = Path(self.folder or Path.home()) / (stem + suffix)
        chosen, _ = QtWidgets.QFileDialog.getSaveFileName(self, title, str(start), kinds)
        return Path(chosen if Path(chosen).suffix else chosen + suffix) if chosen else None

    def do_copy_picture(self) -> None:
        QtGui.QGuiApplication.clipboard().setImage(image(self.scene))
        self.say(self.tr("Copied the graph as a picture"))
