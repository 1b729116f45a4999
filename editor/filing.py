"""The file of a window: saving it, and what becomes of changes when the window closes."""
from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from PySide6 import QtCore, QtWidgets

from .banner import said
from .exports import SUFFIX, Exports
from .incoming import bring_files, data_files
from .io.journal import Journal
from .model.version import ANY, ChangedMeanwhileError, Version, is_changed, version_of
from .saving import Saved, Saving
from .watching import Watching
from .widgets.labels import as_text

Button = QtWidgets.QMessageBox.StandardButton


class Filing(Exports):
    """The commands of a window that are about its document's file."""

    saving: Saving
    journal: Journal
    watching: Watching
    version: Version | None
    _update_title: Callable[[], None]

    def _folder_text(self) -> str:
        return str(self.folder) if self.folder is not None else ""

    # ------------------------------------------------ saving

    def do_save(self, then: Callable[[], object] = lambda: None) -> bool:
        """Save; as `save_to`."""
        self.settle()
        file = self.file
        return self.do_save_as(then) if file is None else self.save_to(file, then)

    @property
    def file(self) -> Path | None:
        """The file of the document, or the one that will be its file when it is written."""
        return self.saving.aim or self.path

    def do_save_as(self, then: Callable[[], object] = lambda: None) -> bool:
        self.settle()
        start = self.file or Path(self.folder or Path.home()) / f"{self.name.lower()}{SUFFIX}"
        chosen, _ = QtWidgets.QFileDialog.getSaveFileName(
            self, self.tr("Save the graph"), str(start), self.tr("Graphs (*.graph.json)"))
        if not chosen:
            return False
        return self.save_to(Path(chosen if chosen.endswith(".json") else chosen + SUFFIX), then)

    def save_to(self, path: Path, then: Callable[[], object] = lambda: None) -> bool:
        """Write the document as it is now to a file; says so where that fails, and everything stays as it is.

        then : is called once it is there

        Returns
        -------
        whether it is there, or on its way
        """
        if self.saving.aim is None and is_changed(path, self._known(path)):
            answer = self.ask_about_changes(path)
            if answer != "overwrite":
                return answer == "elsewhere" and self.do_save_as(then)
            self.version = version_of(path)
        try:
            return self.saving.begin(path, then, self._bringing(path.parent))
        except ChangedMeanwhileError:
            return self.save_to(path, then)             # which asks

    def _bringing(self, folder: Path) -> Callable[[], list[str]] | None:
        """What copies the data to another folder, where the graph is to find them; None if there is nothing to copy."""
        before, names = self.folder, data_files(self.document)
        if before is None or before == folder or not names:
            return None
        return lambda: bring_files(names, before, folder)

    def _known(self, path: Path) -> Version | None:
        """The version of a file that may be overwritten: of another file whatever is there, as one chose it."""
        is_own = self.path is not None and os.path.realpath(path) == os.path.realpath(self.path)
        return self.version if is_own else ANY

    def _saving_ended(self, saved: Saved, error: Exception | None) -> None:
        self.status.show_saving(None)
        if isinstance(error, ChangedMeanwhileError):
            self.save_to(saved.path, saved.then)        # which asks
            return
        if error is not None:
            self.banner.show_message(self.tr("Not saved: {0}").format(said(error)), "error",
                                     self.tr("Save elsewhere"), self.do_save_as, about="file", stays=True)
            return
        path = saved.path
        self.path, self.folder, self.version = path, path.parent, saved.version
        self.journal.saved(path, self.version)
        self.settings.remember_file(path)
        self._update_title()
        self.banner.let_go()
        self.banner.let_go_of("file", "journal")
        self.watching.look()
        self.say(self.tr("Saved {0}").format(path.name))
        if isinstance(saved.brought, Exception):
            self.banner.show_message(self.tr("The data were not copied: {0}").format(said(saved.brought)), "warning")
        elif saved.brought:
            self.banner.show_message(self.tr("Other files of these names were beside the graph, and are read now: {0}")
                                     .format(", ".join(saved.brought)), "warning")
        saved.then()

    def _say_of_journal(self, problem: str) -> None:
        self.banner.show_message(self.tr("Unsaved changes cannot be kept for recovery: {0}").format(problem),
                                 "warning", about="journal", stays=True)

    def ask_about_changes(self, path: Path) -> str:
        """What is to become of a file that another program has changed: "overwrite", "elsewhere" or "cancel"."""
        box = QtWidgets.QMessageBox(QtWidgets.QMessageBox.Icon.Warning, self.tr("Changed by another program"),
                                    as_text(self.tr("{0} is no longer what was opened here.").format(path.name)),
                                    parent=self)
        box.setInformativeText(self.tr("Saving puts this graph in place of what another program wrote there."))
        role = QtWidgets.QMessageBox.ButtonRole
        overwrite = box.addButton(self.tr("Overwrite"), role.DestructiveRole)
        elsewhere = box.addButton(self.tr("Save as …"), role.AcceptRole)
        box.addButton(QtWidgets.QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(elsewhere)
        box.exec()
        pressed = box.clickedButton()
        return "overwrite" if pressed is overwrite else "elsewhere" if pressed is elsewhere else "cancel"

    # ------------------------------------------------ closing

    def may_close(self) -> bool:
        """Ask what is to become of what is not saved, and wait for a file that is being written."""
        if self.document.is_modified and not self.saving.writes(self.document.state):
            answer = QtWidgets.QMessageBox.question(
                self, self.tr("Unsaved changes"),
                as_text(self.tr("Save the changes of “{0}”?").format(
                    self.path.name if self.path is not None else self.name)),
                Button.Save | Button.Discard | Button.Cancel, Button.Save)
            if answer == Button.Discard:
                return self._wait_for_file()
            if answer != Button.Save or not self.do_save():
                return False
        return self._wait_for_file() and not self.document.is_modified

    def _wait_for_file(self) -> bool:
        """Wait until nothing is written any more; False if somebody would rather go on."""
        if self.saving.path is None:
            return True
        box = QtWidgets.QProgressDialog(self.tr("Saving {0} …").format(self.saving.path.name),
                                        self.tr("Keep the window open"), 0, 0, self)
        box.setWindowModality(QtCore.Qt.WindowModality.WindowModal)
        box.setMinimumDuration(0)
        loop = QtCore.QEventLoop()
        box.canceled.connect(loop.quit)
        self.saving.ended.connect(loop.quit)
        box.show()
        while self.saving.path is not None and not box.wasCanceled():
            loop.exec()
        is_over = not box.wasCanceled()
        box.hide()
        box.deleteLater()
        return is_over
