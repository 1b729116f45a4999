"""Pictures of the whole editor at work, to be looked at: `python -m editor.screenshots FOLDER [WORDS ...]`.

It opens real windows, so it wants a screen: `xvfb-run -s "-screen 0 1600x1000x24"`, 3200x2000 with QT_SCALE_FACTOR=2.
Without one (QT_QPA_PLATFORM=offscreen) there are no popups in the pictures. WORDS choose among the scenes by a part of
their names; `dark` and `light` choose the theme.
"""
from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6 import QtCore, QtGui, QtWidgets

from . import commands
from .drawings import FOLDER
from .main_window import MainWindow
from .model.items import Ref
from .panels.training import BOUNDARY, GRADIENTS
from .run import messages as m
from .theme import theme
from .windows import Windows

LONGEST_S = 90.0
AREA = QtCore.QRect(0, 0, 1600, 1000)       # of the windows, in pixels at scale 1


class Photographer:
    """Opens windows, waits for what is to be seen, and takes the pictures.

    Attributes
    ----------
    replies : what the running process said since the last request
    """

    def __init__(self, windows: Windows, folder: Path) -> None:
        self.windows, self.folder = windows, folder
        self.prefix = ""
        self.replies: list[m.Reply] = []

    def open(self, name: str) -> MainWindow:
        """A window with a sample, alone on the screen."""
        for shown in list(self.windows.open):
            shown.document.mark_saved()
            shown.close()
        window = self.windows.open_file(FOLDER / f"{name}.graph.json")
        assert window is not None, name
        window.setGeometry(AREA.intersected(QtGui.QGuiApplication.primaryScreen().availableGeometry()))
        window.running.received.connect(self.replies.append)
        self.wait_s(0.3)
        window.do_fit_all()
        self.until(lambda: window.running.is_ready)
        return window

    def until(self, is_so: Callable[[], bool]) -> None:
        """Let the windows live until something is so."""
        end = time.monotonic() + LONGEST_S
        while not is_so():
            if time.monotonic() > end:
                print("  (this did not come)", file=sys.stderr)
                return
            QtWidgets.QApplication.processEvents(QtCore.QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
        self.wait_s(0.4)

    def wait_s(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QtWidgets.QApplication.processEvents(QtCore.QEventLoop.ProcessEventsFlag.AllEvents, 20)

    def finished(self, ask: Callable[[], object]) -> None:
        """Ask the process for something, and wait until it is done."""
        self.replies.clear()
        ask()
        self.until(lambda: any(isinstance(reply, m.Finished) for reply in self.replies))

    def take(self, name: str) -> None:
        """A picture of the screen, or of the window in front where there is no screen."""
        self.wait_s(0.4)
        screen = QtGui.QGuiApplication.primaryScreen()
        front = self.windows.open[-1] if self.windows.open else self.windows.welcome
        picture = screen.grabWindow(0)
        if picture.isNull() and front is not None:
            picture = front.grab()
        path = self.folder / f"{self.prefix}{name}.png"
        picture.save(str(path))
        print(path)


def welcome(p: Photographer) -> None:
    p.windows.show_welcome()
    assert p.windows.welcome is not None
    p.windows.welcome.setGeometry(0, 0, 1180, 900)
    p.take("welcome")


def empty(p: Photographer) -> None:
    for shown in list(p.windows.open):
        shown.close()
    window = p.windows.new()
    window.setGeometry(AREA.intersected(QtGui.QGuiApplication.primaryScreen().availableGeometry()))
    p.take("empty")


def samples(p: Photographer) -> None:
    """Every sample, run."""
    for path in sorted(FOLDER.glob("*.graph.json")):
        name = path.name.partition(".")[0]
        window = p.open(name)
        p.finished(window.do_run)
        p.take(f"sample-{name}")


def training(p: Photographer) -> None:
    """In progress, and at the end."""
    for name in ("drawn_iris", "drawn_digits", "drawn_autoencoder", "drawn_moons"):
        window = p.open(name)
        window.edit(commands.set_attribute(window.document, ["train"], "epochs", 600))
        p.replies.clear()
        window.do_train()
        p.until(lambda: sum(isinstance(reply, m.Metrics) for reply in p.replies) > 12)
        p.take(f"training-{name}")
        window.actions_["gradients"].setChecked(True)
        p.take(f"training-gradients-{name}")
        window.do_pause()
        p.until(lambda: not p.windows.open[-1].running.busy)
        p.take(f"training-paused-{name}")


def problem(p: Photographer) -> None:
    """A wire that does not fit, its sentence and its repairs."""
    window = p.open("drawn_iris")
    document = window.document
    end = window.scene.card_rect("scores")
    document.do(commands.add_card(document, "op/add", end.x(), end.bottom() + 60))
    for k, source in enumerate(("hidden", "x")):
        document.do(commands.connect(document, source, 0, "add", k))
    window.scene.select([Ref("card", "add")])
    window.docks.reveal("problems")
    window.do_fit_all()
    p.take("problem")
    found = window.inference.problem("add")
    assert found is not None and found.fixes, "it offers repairs"
    document.do(found.fixes[0].change(document))
    p.take("problem-mended")


def compiler(p: Photographer) -> None:
    """Every view of what the compiler did."""
    window = p.open("drawn_iris")
    p.finished(window.do_compile)
    panel = window.docks.optimized
    for stage in range(panel.slider.maximum() + 1):
        panel.slider.setValue(stage)
        p.take(f"compiler-stage{stage}")
    window.actions_["fused"].setChecked(True)
    p.take("compiler-groups")
    window.docks.reveal("code")
    window.scene.select([Ref("card", "hidden")])
    p.take("compiler-code")
    window.docks.reveal("memory")
    p.take("compiler-memory")
    window.actions_["fused"].setChecked(False)
    p.finished(window.do_profile)
    p.take("compiler-profile")


def viewer(p: Photographer) -> None:
    """Results in the viewer: a matrix, an image, a histogram."""
    for name, card in (("drawn_iris", "hidden"), ("drawn_digits", "x"), ("mandelbrot", "")):
        window = p.open(name)
        p.finished(window.do_run)
        card = card or next(c.id for c in window.document.cards if not list(window.document.wires_from(c.id)))
        window.scene.select([Ref("card", card)])
        p.replies.clear()
        window.docks.show_values(card, 0)
        p.until(lambda: any(isinstance(reply, m.TensorPart) for reply in p.replies))
        p.take(f"viewer-{name}")


def boundary(p: Photographer) -> None:
    """What a model of two inputs says of the plane, and how weights and gradients are spread, in a higher panel."""
    window = p.open("drawn_moons")
    p.finished(window.do_train)
    window.docks.reveal("training")
    below = [dock for dock in window.findChildren(QtWidgets.QDockWidget)
             if window.dockWidgetArea(dock) == QtCore.Qt.DockWidgetArea.BottomDockWidgetArea]
    window.resizeDocks(below[:1], [420], QtCore.Qt.Orientation.Vertical)
    p.wait_s(0.5)
    window.do_fit_all()
    panel = window.docks.training
    p.replies.clear()
    panel.tabs.setCurrentIndex(BOUNDARY)
    p.until(lambda: any(isinstance(reply, m.BoundaryValues) for reply in p.replies))
    p.take("training-boundary")
    panel.tabs.setCurrentIndex(GRADIENTS)
    p.take("training-gradients")
    panel.histograms.setChecked(True)
    p.take("training-histograms")


def subgraph(p: Photographer) -> None:
    """Cards that one stands for, from outside, from inside, and expanded in place."""
    window = p.open("drawn_digits")
    cards = [Ref("card", id) for id in ("edges", "half", "shapes", "mean")]
    window.edit(commands.group(window.document, cards, "features"))
    window.do_tidy()
    p.finished(window.do_run)
    window.show_item(Ref("card", "features"))
    window.do_fit_all()
    window.do_keep()
    p.wait_s(0.3)
    p.take("subgraph")
    window.open_card("features")
    p.take("subgraph-inside")
    window.do_leave_level()
    window.scene.select([Ref("card", "features")])
    window.do_expand()
    window.do_fit_all()
    p.take("subgraph-in-place")
    window.do_undo()
    wires = [Ref("wire", ("loss", 0)), Ref("wire", ("accuracy", 0))]
    window.edit(commands.set_portal(window.document, wires, "labels"))
    p.take("portals")


def inside(p: Photographer) -> None:
    """A layer, opened."""
    window = p.open("drawn_iris")
    p.finished(window.do_run)
    p.replies.clear()
    window.open_card("hidden")
    p.until(lambda: any(isinstance(reply, m.InsideValues) for reply in p.replies))
    p.take("inside")


def popups(p: Photographer) -> None:
    window = p.open("drawn_iris")
    window.activateWindow()
    window.add_search.ask(window.mapToGlobal(QtCore.QPoint(500, 250)), "conv")
    p.take("popup-add")
    window.add_search.hide()
    window.do_commands()
    p.take("popup-commands")
    window.command_palette.hide()
    window.do_cheat_sheet()
    p.take("popup-cheat-sheet")
    assert window.cheat_sheet is not None
    window.cheat_sheet.hide()
    window.do_find()
    window.find_bar.input.setText("dense")
    p.take("popup-find")
    window.find_bar.hide()
    window.guide.begin(again=True)
    p.take("popup-guide")
    window.guide.end()
    window.actions_.menus["Edit"].popup(window.mapToGlobal(QtCore.QPoint(50, 24)))
    p.take("popup-menu")
    window.actions_.menus["Edit"].hide()
    window.do_about()
    p.take("popup-about")
    for box in window.findChildren(QtWidgets.QMessageBox):
        box.close()


def panels(p: Photographer) -> None:
    """Panels that no other scene shows."""
    window = p.open("drawn_iris")
    for name in ("history", "outline", "training", "profile", "optimized", "code", "memory"):
        window.docks.reveal(name)
        p.take(f"panel-{name}")
    window.actions_["focus"].setChecked(True)
    p.take("panel-none")


def states(p: Photographer) -> None:
    """What is seen for a moment only: below the pointer, asked, told, and in docks as narrow as they get."""
    window = p.open("drawn_iris")
    p.finished(window.do_run)
    window.docks.reveal("inspector")
    window.docks.reveal("problems")
    docks = [dock for dock in window.findChildren(QtWidgets.QDockWidget) if dock.isVisible()]
    window.resizeDocks(docks, [1] * len(docks), QtCore.Qt.Orientation.Horizontal)
    card = window.scene.card_rect("hidden")
    window.scene.select([Ref("card", "scores")])
    window.do_fit_all()
    QtGui.QCursor.setPos(window.view.mapToGlobal(window.view.mapFromScene(card.center())))
    p.take("state-narrow")
    window.resizeDocks(docks, [300] * len(docks), QtCore.Qt.Orientation.Horizontal)
    window.banner.show_message("hidden: units: 0 is not more than 0.", "error", "Show card", lambda: None)

    def answer() -> None:
        p.take("state-asked")
        for box in window.findChildren(QtWidgets.QMessageBox):
            box.reject()

    QtCore.QTimer.singleShot(500, answer)
    window.edit(commands.set_attribute(window.document, ["hidden"], "units", 9))
    window.may_close()
    window.banner.show_message("The data were not copied: No space left on device.", "warning")
    window.actions_.menus["View"].popup(window.mapToGlobal(QtCore.QPoint(150, 24)))
    p.take("state-told")
    window.actions_.menus["View"].hide()


SCENES: tuple[Callable[[Photographer], None], ...] = (
    welcome, empty, samples, training, boundary, inside, subgraph, problem, compiler, viewer, popups, panels,
    states)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser("python -m editor.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("words", nargs="*")
    given = parser.parse_args(arguments)
    folder, words = given.folder, set(given.words)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["GRAPHENGINE_EDITOR_HOME"] = tempfile.mkdtemp()
    app = QtWidgets.QApplication([sys.argv[0]])
    windows = Windows(app)
    windows.settings.memory("guide")["guide_seen"] = True
    theme.reduced_motion = True
    photographer = Photographer(windows, folder)
    themes = words & {"dark", "light"} or {"dark", "light"}
    for mode in sorted(themes):
        theme.set(mode)
        photographer.prefix = f"{mode}-"
        for scene in SCENES:
            if not words - themes or any(word in scene.__name__ for word in words - themes):
                scene(photographer)
    for shown in list(windows.open):
        shown.document.mark_saved()
        shown.close()


if __name__ == "__main__":
    main(sys.argv[1:])
