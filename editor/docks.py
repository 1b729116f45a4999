"""The panels around the canvas, each in a dock that can be moved."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6 import QtCore, QtWidgets

from .model.items import Ref
from .model.meaning import OTHERS, Makers
from .model.subgraphs import inside
from .panels.code import CodePanel
from .panels.history import History
from .panels.inspector import Inspector
from .panels.memory import MemoryPanel
from .panels.optimized import OptimizedPanel
from .panels.outline import Outline
from .panels.palette import Palette
from .panels.panel import Panel
from .panels.past import Look
from .panels.problems import Problems
from .panels.profile import ProfilePanel
from .panels.training import TrainingPanel
from .panels.viewer import ViewerPanel
from .run.messages import Reply, Values

if TYPE_CHECKING:
    from .main_window import MainWindow

Area = QtCore.Qt.DockWidgetArea
LEFT, RIGHT, BOTTOM = Area.LeftDockWidgetArea, Area.RightDockWidgetArea, Area.BottomDockWidgetArea
SIZES = {LEFT: 240, RIGHT: 320, BOTTOM: 220}
TALL, DRAWINGS = 340, ("optimized", "memory")   # pixels that panels with drawings get, and which they are
NARROWEST = {LEFT: 190, RIGHT: 300, BOTTOM: 0}  # pixels below which rows would be cut


class Docks:
    """Makes the panels of a window, connects them, and puts them into docks.

    Attributes
    ----------
    panels : by the name of the dock
    """

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        document, inference = window.document, window.inference
        self.palette = Palette(window.preferences, kept=window.kept)
        self.outline = Outline(document, inference)
        self.inspector = Inspector(document, inference, window._folder_text)
        self.viewer = ViewerPanel(document, inference)
        self.problems = Problems(document, inference)
        self.training = TrainingPanel(document, inference)
        self.profile = ProfilePanel(document)
        self.code = CodePanel(document)
        self.optimized = OptimizedPanel(document)
        self.memory = MemoryPanel(document)
        self.history = History(document)
        self.panels: Mapping[str, Panel] = {
            "palette": self.palette, "outline": self.outline, "inspector": self.inspector, "viewer": self.viewer,
            "problems": self.problems, "training": self.training, "profile": self.profile,
            "optimized": self.optimized, "code": self.code, "memory": self.memory, "history": self.history,
        }
        self._docks: dict[str, QtWidgets.QDockWidget] = {}
        self._hidden: list[QtWidgets.QDockWidget] = []
        self._has_room = False                          # for drawings
        self._cards: list[str] = []                     # that are selected
        self._place()
        self._connect()

    # ------------------------------------------------ where they are

    def _place(self) -> None:
        window = self.window
        options = window.DockOption
        window.setDockOptions(options.AllowNestedDocks | options.AllowTabbedDocks | options.AnimatedDocks
                              | options.GroupedDragging)
        window.setTabPosition(Area.AllDockWidgetAreas, QtWidgets.QTabWidget.TabPosition.North)
        window.setCorner(QtCore.Qt.Corner.BottomLeftCorner, LEFT)
        window.setCorner(QtCore.Qt.Corner.BottomRightCorner, RIGHT)
        groups = {LEFT: ("palette", "outline"), RIGHT: ("inspector", "viewer"),
                  BOTTOM: ("problems", "training", "profile", "optimized", "code", "memory", "history")}
        for area, names in groups.items():
            first = None
            for name in names:
                self.panels[name].setMinimumWidth(NARROWEST[area])
                dock = QtWidgets.QDockWidget(self.panels[name].windowTitle(), window)
                dock.setObjectName(f"dock_{name}")
                dock.setWidget(self.panels[name])
                dock.setTitleBarWidget(QtWidgets.QWidget())     # its tab tells the title, and is what one drags
                self._docks[name] = dock
                window.addDockWidget(area, dock)
                if first is not None:
                    window.tabifyDockWidget(first, dock)
                first = first or dock
            if first is not None:
                first.raise_()

    def _drop_stray_tabs(self) -> None:
        """Hide the rows of tabs beside no dock: Qt keeps those that it laid out while docks were still being added."""
        option = QtCore.Qt.FindChildOption.FindDirectChildrenOnly
        tops = {(dock.x(), dock.y()) for dock in self._docks.values() if dock.isVisible()}
        for bar in self.window.findChildren(QtWidgets.QTabBar, options=option):
            if (bar.x(), bar.geometry().bottom() + 1) not in tops:
                bar.hide()

    def give_sizes(self) -> None:
        """Let the docks have the sizes that they begin with; Qt does not listen before the window is shown."""
        for dock, area in ((self._docks["palette"], LEFT), (self._docks["inspector"], RIGHT)):
            self.window.resizeDocks([dock], [SIZES[area]], QtCore.Qt.Orientation.Horizontal)
        self.window.resizeDocks([self._docks["problems"]], [SIZES[BOTTOM]], QtCore.Qt.Orientation.Vertical)
        for name in ("palette", "inspector", "problems"):
            self._docks[name].raise_()
        QtCore.QTimer.singleShot(0, self.window, self._drop_stray_tabs)

    def menu(self, title: str) -> QtWidgets.QMenu:
        """A menu that shows and hides panels."""
        menu = QtWidgets.QMenu(title, self.window)
        for name, dock in self._docks.items():
            action = dock.toggleViewAction()
            action.setObjectName(f"panel_{name}")
            menu.addAction(action)
        return menu

    def reveal(self, name: str) -> None:
        """Bring a panel to the front."""
        dock = self._docks[name]
        dock.show()
        dock.raise_()

    def only_canvas(self, on: bool) -> None:
        """Hide all panels, or show those again that were hidden so."""
        if on:
            self._hidden = [dock for dock in self._docks.values() if not dock.isHidden()]
            for dock in self._hidden:
                dock.hide()
            return
        for dock in self._hidden:
            dock.show()
        self._hidden = []

    def _count_problems(self, errors: int, warnings: int) -> None:
        """Tell in the title how many problems there are."""
        title, count = self.problems.windowTitle(), errors + warnings
        self._docks["problems"].setWindowTitle(f"{title} ({count})" if count else title)

    def _give_room(self, dock: QtWidgets.QDockWidget, is_seen: bool) -> None:
        """Let a panel with a drawing be high enough for it the first time that it is seen; then it is the person's."""
        if is_seen and not self._has_room:
            self._has_room = True
            wanted = min(TALL, self.window.height() * 2 // 5)
            if dock.height() < wanted:
                self.window.resizeDocks([dock], [wanted], QtCore.Qt.Orientation.Vertical)

    def _look_back(self, look: Look) -> None:
        """Show on the cards what they showed while it trained."""
        if not look.weights:
            self.window.scene.forget_training()
        self.window.scene.show_previews(look.previews, look.makers)
        self.window.scene.show_gradients(look.norms, look.weights, look.makers)

    def _makers(self, reply: Values) -> Makers:
        """What computed values."""
        return self.window.scene.makers() if self.window.running.is_of_now(reply) else OTHERS

    # ------------------------------------------------ what they ask for

    def _connect(self) -> None:
        window = self.window
        self.palette.chosen.connect(window.add_kind)
        self.palette.forgotten.connect(window.forget_kind)
        self.inspector.edit.connect(window.edit)
        self.inspector.open_requested.connect(window.open_card)
        self.inspector.expand_requested.connect(window.expand_card)
        self.inspector.select.connect(window.scene.select)
        self.outline.select.connect(window.select_items)
        self.problems.counted.connect(self._count_problems)
        self.training.chosen.connect(window.add_kind)
        self.training.past.looked.connect(self._look_back)
        self.training.makers = self._makers
        self.problems.edit.connect(window.edit)
        for panel in (self.inspector, self.problems, self.outline, self.training):
            panel.jump.connect(window.jump)
        for many in (self.profile, self.code, self.optimized, self.memory):
            many.jump.connect(window.select_cards)
        running = window.running
        running.state_changed.connect(lambda: self.training.show_state(running.shown_state, running.continues))
        for name, dock in self._docks.items():
            dock.visibilityChanged.connect(self.panels[name].come_forward)
        self._docks["viewer"].visibilityChanged.connect(self._look)
        for name in DRAWINGS:
            dock = self._docks[name]
            dock.visibilityChanged.connect(lambda is_seen, dock=dock: self._give_room(dock, is_seen))
        for asking in self._asking():
            asking.request.connect(window.running.ask)

    def _asking(self) -> Iterable[Any]:
        return (self.training, self.viewer, self.profile, self.code, self.optimized, self.memory)

    def show_selection(self, refs: set[Ref]) -> None:
        """What is selected on the canvas, for the panels that follow it."""
        document = self.window.document
        cards = [card.id for ref in refs if ref.kind == "card" for card in inside(document, ref.key)]
        self.inspector.show_items(refs)
        self.outline.show_items(refs)
        for panel in (self.code, self.optimized, self.profile):
            panel.select(cards)
        self._cards = [ref.key for ref in refs if ref.kind == "card"]
        self._look()

    def _look(self, *_: object) -> None:
        """Let the viewer show the one card that is selected, if it is seen."""
        if len(self._cards) == 1 and self.viewer.is_seen and self.window.document.card(self._cards[0]) is not None:
            self._show_output(self._cards[0], 0)

    def _show_output(self, card: str, output: int) -> None:
        for end in self.window.scene.ends_behind(card, "output", output):
            self.viewer.show_output(*end)

    def show_values(self, card: str, output: int) -> None:
        """Bring the viewer to the front with a result."""
        self.reveal("viewer")
        self._show_output(card, output)

    def take(self, reply: Reply) -> None:
        """Hand a reply to the panels that look at replies."""
        for panel in self._asking():
            panel.take(reply)

    def close_down(self) -> None:
        """Let the panels stop following the document."""
        for panel in self.panels.values():
            close: Callable[[], None] | None = getattr(panel, "close_down", None)
            if close is not None:
                close()

