"""The window of one document: canvas, panels and what its commands do."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6 import QtCore, QtGui, QtWidgets

import graphengine as ge

from . import commands
from .actions import EDITING, Actions
from .banner import Banner, said
from .commands import Refused
from .docks import Docks
from .exports import SUFFIX
from .filing import Filing
from .incoming import Unplaced, document_of_file, item_of_file
from .infer import Inference
from .io.journal import Journal
from .io.settings import Settings
from .kept import Kept, name_of
from .model.document import Change, GraphDocument
from .model.inside import can_open
from .model.items import SUBGRAPH, Ref
from .model.meaning import OTHERS
from .model.sentences import sentence, stopped
from .model.version import Version, version_of
from .opened import Opened
from .popups.add_search import AddSearch
from .popups.command_palette import CommandPalette
from .popups.find_bar import FindBar
from .popups.guide import Guide, first_steps
from .run import ProcessRunner
from .run import messages as m
from .running import Running
from .saving import Saving
from .scene import GraphScene, GraphView, Hit, Minimap
from .search.kinds import Preferences
from .status import StatusBar
from .theme import theme
from .tools import Interaction, SearchRequest
from .tools.growth import heights, make_room
from .watching import Watching
from .widgets.crumbs import Crumbs
from .widgets.labels import as_text
from .widgets.language import told, told_of
from .widgets.screens import resize_on_screen


class MainWindow(Filing):
    """A window with one document.

    Signals
    -------
    open_requested(path) : a file is to be opened, in a window of its own; "" asks which
    new_requested, welcome_requested, quit_requested
    closed : the window is gone

    Parameters
    ----------
    path : the document's file, None if it has none yet
    settings : what the editor remembers between starts
    name : what a document without file is called
    version : of the file when it was read; as it is now if left out
    """

    open_requested = QtCore.Signal(str)
    new_requested = QtCore.Signal()
    welcome_requested = QtCore.Signal()
    quit_requested = QtCore.Signal()
    closed = QtCore.Signal()

    def __init__(self, document: GraphDocument, path: Path | None, settings: Settings, name: str = "",
                 folder: Path | None = None, version: Version | None = None) -> None:
        super().__init__()
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        self.document, self.path, self.settings = document, path, settings
        self.name = name or self.tr("Untitled")
        self.folder = folder or (path.parent if path is not None else None)
        self.banner = Banner()
        self.version = version or version_of(path)
        self.journal = Journal(document, path, None, self._say_of_journal, self.version, self.name, self.folder)
        self.saving = Saving(document, self, self._known)
        self.inference = Inference(document)        # after the journal, which is told of every edit first
        self.scene = GraphScene(document, self.inference)
        self.view = GraphView(self.scene)
        self.tool = Interaction(document, self.inference, self.view)
        self.minimap = Minimap(self.view)
        self.running = Running(document, self.inference, self._folder_text, ProcessRunner(self), self)
        self.watching = Watching(document, self.inference, self._folder_text, self.running.runner,
                                 lambda: self.running.is_current, self)
        self.preferences = Preferences(settings.memory("kinds"))
        self.kept = Kept()
        self.actions_ = Actions(self, lambda name: getattr(self, f"do_{name}"), lambda: self.tool.inline.finish())
        self._build_center()
        self.docks = Docks(self)
        self._build_bars()
        self._build_popups()
        self._connect()
        resize_on_screen(self, 1440, 900)
        self._first_layout = QtCore.QByteArray()
        self._restore_geometry()
        self._update_title()
        self._update_actions()
        self.running.runner.start()

    # ------------------------------------------------ building

    def _build_center(self) -> None:
        center = QtWidgets.QWidget()
        self.find_bar = FindBar(self.document, self.inference)
        column = QtWidgets.QVBoxLayout(center)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.find_bar)
        self.crumbs = Crumbs()
        self.crumbs.hide()
        column.addWidget(self.crumbs)
        self.opened = Opened(self.document, self.inference, self.scene)
        self.pages = QtWidgets.QStackedWidget()
        self.pages.addWidget(self.view)
        self.pages.addWidget(self.opened)
        unasked = QtWidgets.QSizePolicy.Policy.Ignored      # pages that change leave the panels as wide as they are
        self.pages.setSizePolicy(unasked, unasked)
        column.addWidget(self.pages, 1)
        self.banner.lie_over(self.pages)
        self.find_bar.hide()
        self.setCentralWidget(center)
        self.empty = QtWidgets.QLabel(self.tr(
            "Double-click or press Tab to add a card,\ndrag one from the palette, or drop a file here."), self.view)
        self.empty.setObjectName("emptyCanvas")
        self.empty.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self.empty.setAttribute(QtCore.Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        theme.wear(self.empty, "title")
        self.view.installEventFilter(self)

    def _build_popups(self) -> None:
        self.add_search = AddSearch(self.preferences, kept=self.kept, parent=self)
        self.add_search.chosen.connect(self._add_found)
        self.command_palette = CommandPalette(self.actions_.by_menu, self)
        self.cheat_sheet: QtWidgets.QWidget | None = None
        steps = first_steps(lambda: self.docks.palette, lambda: self.view, lambda: self.docks.inspector,
                            lambda: self._run_button, self.view.some_socket)
        self.guide = Guide(self, steps, self.settings.memory("guide"))
        self.guide.ended.connect(self.view.setFocus)        # not to whatever field comes after its buttons

    def _build_bars(self) -> None:
        bar = QtWidgets.QToolBar(self.tr("Run"), self)
        bar.setObjectName("runBar")
        bar.setMovable(False)
        bar.setIconSize(QtCore.QSize(18, 18))
        bar.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for names in (("run", "train", "pause", "step", "stop"), ("undo", "redo"), ("tidy", "fit_all")):
            for name in names:
                self._add_button(bar, name, name in ("run", "train", "stop"))
            bar.addSeparator()
        self._add_button(bar, "live", True)
        space = QtWidgets.QWidget()
        space.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Preferred)
        bar.addWidget(space)
        for name in ("gradients", "heat", "fused", "commands"):
            self._add_button(bar, name, False)
        self._run_button = bar.widgetForAction(self.actions_["run"])
        self._run_button.setProperty("primary", True)
        self.addToolBar(bar)
        self.status = StatusBar(self.document, self.inference, self.view, self.running)
        self.setStatusBar(self.status)
        view_menu = self.actions_.menus["View"]
        view_menu.addSeparator()
        view_menu.addMenu(self.docks.menu(self.tr("Panels")))
        view_menu.addMenu(self._theme_menu())

    def _add_button(self, bar: QtWidgets.QToolBar, name: str, with_text: bool) -> None:
        bar.addAction(self.actions_[name])
        button = bar.widgetForAction(self.actions_[name])
        if isinstance(button, QtWidgets.QToolButton) and not with_text:
            button.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonIconOnly)

    def _theme_menu(self) -> QtWidgets.QMenu:
        menu = QtWidgets.QMenu(self.tr("Theme"), self)
        group = QtGui.QActionGroup(menu)
        names = {"dark": self.tr("Dark"), "light": self.tr("Light"), "system": self.tr("As the system")}
        for mode, text in names.items():
            action = menu.addAction(text, partial(self._set_theme, mode))
            action.setCheckable(True)
            action.setChecked(theme.mode == mode)
            action.setObjectName(f"theme_{mode}")
            group.addAction(action)
            theme.dress(action, f"theme-{mode}")
        menu.addSeparator()
        still = menu.addAction(self.tr("Reduced motion"))
        still.setCheckable(True)
        still.setChecked(theme.reduced_motion)
        still.toggled.connect(self._set_motion)
        return menu

    def _connect(self) -> None:
        self.document.listeners.append(self._document_changed)
        self.scene.selection_changed.connect(self._selection_changed)
        self.tool.said.connect(self.say)
        self.tool.search_requested.connect(self._search)
        self.tool.menu_requested.connect(self._context_menu)
        self.tool.files_dropped.connect(self._dropped)
        self.tool.viewer_requested.connect(self.docks.show_values)
        self.tool.open_requested.connect(self.open_card)
        self.scene.entered.connect(self._entered)
        self.crumbs.chosen.connect(self.leave_to)
        self.tool.up_requested.connect(self.do_leave_level)
        self.tool.jump_requested.connect(self.jump)
        self.opened.left.connect(self._show_canvas)
        self.opened.said.connect(self.say)
        self.opened.zoomed.connect(self.status.show_zoom)
        self.opened.request.connect(self.running.ask)
        self.tool.problem_requested.connect(lambda card: self.docks.reveal("problems"))
        self.saving.begun.connect(self.status.show_saving)
        self.saving.ended.connect(self._saving_ended)
        self.find_bar.jump.connect(self.show_item)
        self.find_bar.found.connect(self.scene.select)
        self.running.said.connect(self.say)
        self.running.received.connect(self._received)
        self.running.state_changed.connect(self._update_actions)
        theme.changed.connect(self._update_empty)

    # ------------------------------------------------ what panels and popups ask for

    def edit(self, change: Change) -> None:
        """Do an edit."""
        self.document.do(change)

    def attempt(self, make: Callable[[], Change]) -> None:
        """Make and do an edit; say why where it is refused."""
        self.tool.canvas.attempt(make)

    def _show_canvas(self) -> None:
        self.pages.setCurrentWidget(self.view)
        self.status.show_zoom(self.view.zoom)
        self.view.setFocus()
        self._update_actions()

    def add_kind(self, key: str) -> None:
        """Put a card, or a kept subgraph, in the middle of the canvas."""
        self.leave_card()
        self.tool.request = None
        self._add_found(key, 0)

    def forget_kind(self, key: str) -> None:
        """Take a kept subgraph out of the palette, if a person is sure: no undo brings its file back."""
        button, title = QtWidgets.QMessageBox.StandardButton, self.tr("Remove from the palette")
        question = self.tr("Remove the subgraph {0} for good? Graphs that it was put into keep theirs.")
        if button.Yes != QtWidgets.QMessageBox.question(
                self, title, as_text(question.format(name_of(key)))):
            return
        try:
            self.kept.forget(key)
        except OSError as error:
            self.say(said(error))

    def _search(self, request: SearchRequest) -> None:
        if request.offers is None:
            self.add_search.ask(request.place)
        else:
            self.add_search.ask_fitting(request.place, request.offers, request.side, request.what)

    def _add_found(self, key: str, number: int) -> None:
        self.preferences.use(key)
        if key not in self.kept.kinds():
            self.tool.add(key, number)
            return
        try:
            text = self.kept.text(key)
        except Refused as refused:
            self.say(told(refused.words))
            return
        self.tool.add_copied(text)

    def _context_menu(self, place: QtCore.QPoint, hit: Hit) -> None:
        menu = QtWidgets.QMenu(self)
        if hit.ref is not None and hit.kind == "frame":
            self._add_frame_entries(menu, hit.ref.key)
        groups = {
            "": (("add", "note", "paste"), ("select_all", "tidy", "fit_all")),
            "card": (("viewer", "open_card", "connect", "bypass", "collapse"),
                     ("cut", "copy", "duplicate", "duplicate_with_inputs"),
                     ("group", "expand", "unpack", "keep", "frame", "tidy_selection"),
                     ("delete", "delete_and_reconnect")),
            "wire": (("portal", "straighten", "delete"),),
            "frame": (("copy", "duplicate"), ("collapse", "group"), ("delete",)),
            "note": (("copy", "duplicate"), ("delete",)),
        }
        for group in groups[hit.kind if hit.ref is not None else ""]:
            for name in group:
                menu.addAction(self.actions_[name])
            menu.addSeparator()
        menu.popup(place)

    def _add_frame_entries(self, menu: QtWidgets.QMenu, frame: str) -> None:
        """What only a frame has: its title and its colour."""
        menu.addAction(self.tr("Rename"), partial(self.tool.inline.title_frame, frame))
        colors = menu.addMenu(self.tr("Color"))
        for hue in range(9):
            patch = QtGui.QPixmap(16, 16)
            patch.fill(theme.hue(hue))
            colors.addAction(QtGui.QIcon(patch), self.tr("Color {0}").format(hue + 1), partial(
                self.attempt, partial(commands.edit_frame, self.document, frame, hue=hue)))
        menu.addSeparator()

    def _dropped(self, paths: list[Path], at: QtCore.QPointF) -> None:
        troubles = []
        for k, path in enumerate(paths):
            if document_of_file(path):
                self.open_requested.emit(str(path))
                continue
            try:
                change = item_of_file(self.document, Path(path), self.folder, *self.tool.free(at),
                                      is_own=self.path is not None)
            except (ge.errors.GraphEngineError, OSError, ValueError) as error:
                troubles.append(f"{Path(path).name}: {said(error)}")
                continue
            except Unplaced as error:
                troubles.append(f"{Path(path).name}: {told_of(error)}.")
                self.banner.show_message("\n".join(troubles), "warning", self.tr("Save the graph"),
                                         partial(self.do_save, partial(self._dropped, paths[k:], at)),
                                         about="drop", stays=True)      # its button holds the rest of the files
                return
            self.document.do(self.tool.canvas.placed(change))
            self.scene.select(commands.made(change))
        if troubles:
            self.banner.show_message("\n".join(troubles))

    # ------------------------------------------------ following

    def _document_changed(self, refs: frozenset[Ref]) -> None:
        if not self.document.is_settling:
            self.banner.let_go()            # what was wrong may be mended
            self.view.keep_sight()
        self._update_title()
        self._update_empty()
        self._update_actions()

    def _selection_changed(self) -> None:
        if self.opened.path and self.scene.selected() != {Ref("card", self.opened.path[0])}:
            self.leave_card()               # something else is looked for
        self.docks.show_selection(self.scene.selected())
        self._update_actions()

    def _update_title(self) -> None:
        shown = self.path.name.removesuffix(SUFFIX) if self.path is not None else self.name
        self.setWindowTitle(f"{shown}[*] – graphengine")
        self.setWindowModified(self.document.is_modified)

    def _update_empty(self) -> None:
        self.empty.setVisible(not self.document.parts(self.scene.level))
        self.empty.setStyleSheet(f"color: {theme.color('text3').name()}; background: transparent;")
        self.empty.setGeometry(self.view.rect())

    def _update_actions(self) -> None:
        a, selected = self.actions_, self.scene.selected()
        a["undo"].setEnabled(bool(self.document.history))
        a["redo"].setEnabled(bool(self.document.undone))
        for name in EDITING:
            a[name].setEnabled(True)
        undo, redo = self.document.history[-1:], self.document.undone[:1]
        a["undo"].setText(self.tr("Undo {0}").format(_continued(told(undo[0]))) if undo else self.tr("Undo"))
        a["redo"].setText(self.tr("Redo {0}").format(_continued(told(redo[0]))) if redo else self.tr("Redo"))
        for name in ("cut", "copy", "duplicate", "duplicate_with_inputs", "delete", "delete_and_reconnect", "frame",
                     "group", "portal", "bypass", "collapse", "previews", "tidy_selection", "straighten",
                     "fit_selection"):
            a[name].setEnabled(bool(selected))
        several = len([ref for ref in selected if ref.kind != "wire"]) > 1
        for name in ("align_left", "align_center_h", "align_right", "align_top", "align_center_v", "align_bottom",
                     "distribute_h", "distribute_v"):
            a[name].setEnabled(several)
        busy, trains = self.running.busy or self.running.awaited, bool(self.running.trainings())
        chosen = [self.document.card(ref.key) for ref in selected if ref.kind == "card"]
        wholes = [card for card in chosen if card is not None and card.kind == SUBGRAPH]
        a["open_card"].setEnabled(len(chosen) == 1 and chosen[0] is not None
                                  and (bool(wholes) or can_open(chosen[0].kind)))
        a["unpack"].setEnabled(bool(wholes))
        a["connect"].setEnabled(len(chosen) == 1)
        for name in ("expand", "keep"):
            a[name].setEnabled(len(chosen) == 1 and bool(wholes))
        a["leave_level"].setEnabled(bool(self.scene.level))
        for name in EDITING if self.opened.path else ():
            a[name].setEnabled(False)
        a["run"].setEnabled(not busy)
        a["train"].setEnabled(not busy and trains)
        a["train"].setText(self.tr("Continue") if self.running.paused else self.tr("Train"))
        a["step"].setEnabled(not busy and trains)
        a["pause"].setEnabled(self.running.busy == "train")
        a["stop"].setEnabled(bool(busy) or self.running.is_loading)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if watched is self.view and event.type() == QtCore.QEvent.Type.Resize:
            self.empty.setGeometry(self.view.rect())
        return super().eventFilter(watched, event)

    # ------------------------------------------------ replies

    def _received(self, reply: m.Reply) -> None:
        self.docks.take(reply)
        self.opened.take(reply)
        if isinstance(reply, (m.Values, m.Gradients)) and self.docks.training.past.is_back:
            return                          # who looks back stays there
        if isinstance(reply, m.Values):
            before = heights(self.scene)
            self.scene.show_previews(reply.previews, None if self.running.is_of_now(reply) else OTHERS)
            make_room(self.tool.canvas, before)
        elif isinstance(reply, m.Gradients):
            self.scene.show_gradients(reply.norms, reply.weights, None if self.running.is_of_now(reply) else OTHERS)
        elif isinstance(reply, m.Metrics):
            self._show_losses(reply)
        elif isinstance(reply, m.ProfileResult):
            self.scene.show_heat(reply.cards)
            self.actions_["heat"].setChecked(True)
        elif isinstance(reply, m.Compiled):
            self._kernels = reply.kernels
            self.scene.show_groups(reply.kernels if self.actions_["fused"].isChecked() else ())
        elif isinstance(reply, m.Weights):
            self._keep_weights(reply)
        elif isinstance(reply, m.Exported):
            self.show_exported(reply)
        elif isinstance(reply, m.Started):
            if self.running.by_itself:
                self.banner.let_go_of("run")        # nobody has read the others for that
            else:
                self.banner.clear()
            if reply.what == "train":
                self._losses = self._losses if self.running.continues else []
            elif reply.what == "run":
                self.scene.forget_training()
            self.scene.show_running(True)
        elif isinstance(reply, m.Finished):
            self.scene.show_running(False)
        elif isinstance(reply, m.Failed) and reply.what not in ("inspect", "lookinside", "boundary") and not (
                reply.what in ("run", "load") and self.running.by_itself):     # panels say it; nobody asked for it
            self._failed(reply)
        elif isinstance(reply, m.Died):
            self.scene.show_running(False)
            button, does = ((self.tr("Continue"), self.do_train) if self.running.paused else
                            (self.tr("Run again"), self.do_run))
            self.banner.show_message(self.tr("{0} The document is safe.").format(reply.text), "warning", button, does,
                                     about="run")

    _losses: list[float] = []

    def _show_losses(self, reply: m.Metrics) -> None:
        loss = reply.values.get("loss")
        if loss is None:
            return
        self._losses = [*self._losses, loss][-400:]
        for card in {self.running.loss_card(), *self.running.trainings()} - {None}:
            self.scene.show_series(str(card), self._losses)

    def _failed(self, reply: m.Failed) -> None:
        text = reply.text if not reply.fix else f"{stopped(reply.text)} {sentence(reply.fix)}"
        where = f"{reply.card}: " if reply.card else ""
        card = reply.card
        if card is not None and self.document.card(card) is not None:
            self.banner.show_message(where + text, "error", self.tr("Show card"), lambda: self.jump(card), "run")
        else:
            self.banner.show_message(where + text if where else text[:1].upper() + text[1:], about="run")

    # ------------------------------------------------ files

    def do_new(self) -> None:
        self.new_requested.emit()

    def do_open(self) -> None:
        self.open_requested.emit("")

    def do_samples(self) -> None:
        self.welcome_requested.emit()

    def do_keep_weights(self) -> None:
        self.running.ask(m.GetWeights())

    def _keep_weights(self, reply: m.Weights) -> None:
        change = commands.keep_weights(self.document, reply.values)
        self.document.do(change)
        count = len(reply.values)
        self.say(self.tr("Kept the values of {0} variables; save the file to keep them there.").format(count))

    def do_close(self) -> None:
        self.close()

    def do_quit(self) -> None:
        self.quit_requested.emit()

    # ------------------------------------------------ beginning and end

    def arrange_if_new(self) -> None:
        """Lay out a graph whose cards have no places yet; that is no edit."""
        places = {(card.x, card.y) for card in self.document.cards}
        if len(list(self.document.cards)) > 1 and len(places) == 1:
            self.tool.edits.settle(self.view.see_beginning)
        QtCore.QTimer.singleShot(0, self.view.see_beginning)

    def _restore_geometry(self) -> None:
        geometry = self.settings.get("geometry", "")
        if geometry:
            self.restoreGeometry(QtCore.QByteArray.fromBase64(geometry.encode()))
        shown = self.settings.get("minimap", True)
        self.actions_["minimap"].setChecked(shown)
        self.minimap.setVisible(shown)
        self.running.live = self.settings.get("live", True)
        live = QtCore.QSignalBlocker(self.actions_["live"])     # nothing runs before something is edited
        self.actions_["live"].setChecked(self.running.live)
        live.unblock()

    def _restore_panels(self) -> None:
        """Put the panels where they were last time; sizes count once the window is there."""
        self.docks.give_sizes()
        self._first_layout = self.saveState()
        state = self.settings.get("panels", "")
        if state:
            self.restoreState(QtCore.QByteArray.fromBase64(state.encode()))

    def changeEvent(self, event: QtCore.QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QtCore.QEvent.Type.ActivationChange and self.isActiveWindow():
            self.watching.look()            # another program may have changed the data meanwhile,
            self.kept.look()                # and another window the palette

    def showEvent(self, event: QtGui.QShowEvent) -> None:
        super().showEvent(event)
        if self._first_layout.isEmpty():
            self._restore_panels()
        self._update_empty()

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        self.settle()
        if not self.may_close():
            event.ignore()
            return
        if not self.actions_["focus"].isChecked():
            self.settings.set("geometry", bytes(self.saveGeometry().toBase64().data()).decode())
            self.settings.set("panels", bytes(self.saveState().toBase64().data()).decode())
        self._let_go()
        super().closeEvent(event)
        self.closed.emit()

    def _let_go(self) -> None:
        """End the process and everything that listens, the view before its scene."""
        self.watching.close()
        self.running.close()
        self.journal.close()
        self.docks.close_down()
        self.opened.close_down()
        self.find_bar.close_down()
        self.status.close_down()
        self.document.listeners.remove(self._document_changed)
        self.tool.detach()
        self.scene.detach()
        self.inference.close()


def _continued(label: str) -> str:
    """The label of an edit after another word; names in it stay as they are."""
    return label[:1].lower() + label[1:]
