"""All windows of the application: one for each document, and the welcome screen."""
from __future__ import annotations

import os
import signal
from pathlib import Path

from PySide6 import QtCore, QtWidgets

import graphengine as ge

from .gallery import FOLDER
from .incoming import read_document
from .io.journal import LeftOver
from .io.settings import Settings
from .main_window import MainWindow
from .model.document import GraphDocument
from .model.sentences import sentence
from .model.version import version_of
from .theme import install, theme
from .welcome import Welcome
from .widgets.labels import as_text


class Windows(QtCore.QObject):
    """Opens and closes windows; keeps them alive."""

    def __init__(self, app: QtCore.QCoreApplication) -> None:
        super().__init__(app)
        self.settings = Settings()
        self.open: list[MainWindow] = []
        self.welcome: Welcome | None = None
        self.message: QtWidgets.QMessageBox | None = None       # the last one
        assert isinstance(app, QtWidgets.QApplication), "windows need widgets"
        install(app)
        theme.set(self.settings.get("theme", "system"))
        theme.reduced_motion = self.settings.get("reduced_motion", False)
        signal.signal(signal.SIGINT, signal.SIG_DFL)    # Ctrl-C in the terminal; the journal keeps what is not saved

    def start(self, files: list[Path]) -> None:
        """Open files, or the welcome screen if there are none."""
        for path in files:
            self.open_file(path)
        if not self.open:
            self.show_welcome()

    # ------------------------------------------------ windows

    def show_welcome(self) -> None:
        if self.welcome is not None:
            self.welcome.close()
        self.welcome = Welcome(self.settings)
        self.welcome.open_requested.connect(self._open_named)
        self.welcome.new_requested.connect(self.new)
        self.welcome.recover_requested.connect(self.recover)
        self.welcome.show()

    def new(self) -> MainWindow:
        return self._show(MainWindow(GraphDocument(), None, self.settings))

    def open_file(self, path: Path) -> MainWindow | None:
        """A window with a file; the one that has it already, or None if it cannot be opened, after saying why."""
        path = Path(path).absolute()
        real = os.path.realpath(path)       # also by another name, as of a link
        shown = next((w for w in self.open if w.path is not None and os.path.realpath(w.path) == real), None)
        if shown is not None:
            shown.raise_()
            shown.activateWindow()
            return shown
        version = version_of(path)          # before it is read: what comes later counts as a change
        try:
            document = read_document(path)
            is_graph = path.name.endswith(".json") and path.parent != FOLDER
            window = MainWindow(document, path if is_graph else None, self.settings,
                                path.name.partition(".")[0].replace("_", " ").capitalize(), path.parent,
                                version if is_graph else None)
        except Exception as error:          # a hostile file ends in a message, not in the end of the editor
            self._complain(path, error)
            return None
        if path.name.endswith(".json"):
            self.settings.remember_file(path)
        return self._show(window)

    def recover(self, left: LeftOver) -> None:
        """A window with what was not saved."""
        try:
            document = left.recover()
        except (ge.errors.GraphEngineError, OSError) as error:
            self._complain(left.path or left.folder, error)
            return
        window = self._show(MainWindow(document, left.path, self.settings, left.name, left.data, left.version))
        if not document.is_modified or any(window.journal.folder.glob("base-*")):
            left.discard()                  # otherwise it is still the only copy

    def _show(self, window: MainWindow) -> MainWindow:
        window.open_requested.connect(self._open_named)
        window.new_requested.connect(self.new)
        window.welcome_requested.connect(self.show_welcome)
        window.quit_requested.connect(self.quit)
        window.closed.connect(lambda: self._closed(window))
        self.open.append(window)
        window.show()
        window.arrange_if_new()
        if self.welcome is not None:
            self.welcome.close()
            self.welcome = None
        window.guide.begin()
        return window

    def _closed(self, window: MainWindow) -> None:
        if window in self.open:
            self.open.remove(window)

    def quit(self) -> None:
        """Close all windows, unless somebody wants to keep one."""
        for window in list(self.open):
            if not window.close():
                return
        if self.welcome is not None:
            self.welcome.close()
        QtWidgets.QApplication.quit()

    # ------------------------------------------------ files

    def _open_named(self, name: str) -> None:
        if name:
            self.open_file(Path(name))
            return
        recent = self.settings.recent_files
        chosen, _ = QtWidgets.QFileDialog.getOpenFileName(
            self._front(), self.tr("Open a graph"), str(recent[0].parent if recent else Path.home()),
            self.tr("Graphs (*.graph.json *.json *.keras *.onnx *.png);;All files (*)"))
        if chosen:
            self.open_file(Path(chosen))

    def _front(self) -> QtWidgets.QWidget | None:
        return QtWidgets.QApplication.activeWindow()

    def _complain(self, path: Path, error: Exception) -> None:
        problem = error.problem if isinstance(error, ge.errors.GraphEngineError) else str(error) or (
            self.tr("there is not enough memory for it") if isinstance(error, MemoryError) else type(error).__name__)
        box = QtWidgets.QMessageBox(QtWidgets.QMessageBox.Icon.Warning, self.tr("Not opened"),
                                    as_text(self.tr("{0} cannot be opened.").format(path.name)), parent=self._front())
        where = getattr(error, "at", None)
        fix = getattr(error, "fix", None)
        box.setInformativeText(as_text("\n".join(filter(None, (
            sentence(problem), where, sentence(fix) if fix else None)))))
        box.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        self.message = box                  # without a window in front nothing else keeps it
        box.open()


