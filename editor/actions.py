"""Every command of the window: its menu, words and keys. What a command does is said in main_window.py."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PySide6 import QtCore, QtGui, QtWidgets

from .theme import theme


@dataclass(frozen=True)
class Command:
    """name : of its slot; keys : shortcuts, the first one is shown; icon : a name in assets/icons."""

    name: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    checkable: bool = False
    tip: str = ""


SEPARATOR = None
MENUS: tuple[tuple[str, tuple[Command | None, ...]], ...] = (
    ("&File", (
        Command("new", "New graph", ("Ctrl+N",), "new"),
        Command("open", "Open …", ("Ctrl+O",), "open"),
        Command("samples", "Samples and recent files", ("Ctrl+Shift+O",), "folder"),
        SEPARATOR,
        Command("save", "Save", ("Ctrl+S",), "save"),
        Command("save_as", "Save as …", ("Ctrl+Shift+S",), "save-as"),
        Command("keep_weights", "Keep trained weights in the file",
                tip="The variables begin with their present values when the file is opened again."),
        SEPARATOR,
        Command("export_python", "Export Python …", ("Ctrl+E",), "code"),
        Command("export_onnx", "Export ONNX …", (), "export",
                tip="What the selected cards give, or else the answers of the graph, as a model for other programs; "
                    "variables have their present values."),
        Command("export_picture", "Export picture …", ("Ctrl+Shift+E",), "export"),
        Command("copy_picture", "Copy as picture", ("Ctrl+Shift+C",), "copy"),
        SEPARATOR,
        Command("close", "Close window", ("Ctrl+W",), "close"),
        Command("quit", "Quit", ("Ctrl+Q",)),
    )),
    ("&Edit", (
        Command("undo", "Undo", ("Ctrl+Z",), "undo"),
        Command("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
        SEPARATOR,
        Command("cut", "Cut", ("Ctrl+X",), "cut"),
        Command("copy", "Copy", ("Ctrl+C",), "copy"),
        Command("paste", "Paste", ("Ctrl+V",), "paste"),
        Command("paste_with_inputs", "Paste with input wires", ("Ctrl+Shift+V",)),
        Command("duplicate", "Duplicate", ("Ctrl+D",), "duplicate"),
        Command("duplicate_with_inputs", "Duplicate with input wires", ("Ctrl+Shift+D",)),
        Command("delete", "Delete", ("Del",), "delete"),
        Command("delete_and_reconnect", "Delete and reconnect", ("Ctrl+Del",)),
        SEPARATOR,
        Command("select_all", "Select all", ("Ctrl+A", "A")),
        Command("find", "Find …", ("Ctrl+F",), "search"),
        SEPARATOR,
        Command("add", "Add a card …", ("Tab",), "add"),
        Command("note", "Add a note", ("C",), "note"),
        Command("frame", "Frame the selection", ("Ctrl+J",), "frame"),
        Command("group", "Group into a subgraph", ("Ctrl+G", "Ctrl+Shift+G"),
                tip="One card stands for the selected ones, or for what is in a frame; a copy is a graph of its own"),
        Command("expand", "Expand the subgraph in place", ("E",),
                tip="What lies in it, in a frame of its name; grouping the frame makes it a subgraph again"),
        Command("unpack", "Unpack the subgraph", ("Ctrl+Shift+U", "Ctrl+Alt+G")),
        Command("keep", "Keep in the palette", (),
                tip="The subgraph, to be put into this graph and others; its copies are graphs of their own"),
        Command("bypass", "Bypass", ("M",)),
        Command("connect", "Connect inputs …", ("W",),
                tip="Choose by name what each input of the card reads"),
        Command("portal", "Wire as tags", ("P",),
                tip="Two tags with a name in place of the line, for what goes far; of a card all wires that leave it"),
        Command("collapse", "Collapse or open", ("K",)),
        Command("previews", "Show or hide values on cards", ("Ctrl+P",), "pin"),
    )),
    ("&Arrange", (
        Command("tidy", "Tidy up", ("Ctrl+L",), "layout"),
        Command("tidy_selection", "Tidy the selection", ("L",)),
        Command("straighten", "Straighten wires", ("Shift+L",)),
        SEPARATOR,
        Command("align_left", "Align left edges", (), "align-left"),
        Command("align_center_h", "Align centers in a column", (), "align-center-h"),
        Command("align_right", "Align right edges", (), "align-right"),
        Command("align_top", "Align top edges", (), "align-top"),
        Command("align_center_v", "Align centers in a row", (), "align-center-v"),
        Command("align_bottom", "Align bottom edges", (), "align-bottom"),
        SEPARATOR,
        Command("distribute_h", "Distribute in a row", (), "distribute-h"),
        Command("distribute_v", "Distribute in a column", (), "distribute-v"),
    )),
    ("&View", (
        Command("fit_all", "See everything", ("Shift+F",), "fit"),
        Command("fit_selection", "See the selection", ("F",)),
        Command("zoom_100", "Zoom to 100 %", ("Ctrl+0",)),
        Command("zoom_in", "Zoom in", ("+", "Ctrl++", "="), "zoom-in"),
        Command("zoom_out", "Zoom out", ("-", "Ctrl+-"), "zoom-out"),
        SEPARATOR,
        Command("viewer", "Look at values", ("V",), "viewer"),
        Command("open_card", "Look inside", ("I",), "search",
                tip="The cards of a subgraph, to work on; of other cards the ops, to look at"),
        Command("leave_level", "Out of the subgraph", ("Shift+I",), tip="To the graph around it"),
        Command("gradients", "Gradients on the wires", ("G",), "gradient", True),
        Command("heat", "Time on the cards", ("T",), "heat", True),
        Command("fused", "Fused kernels as frames", ("O",), "fuse", True),
        Command("constants", "Hide constants", ("H",), "", True),
        Command("minimap", "Overview", ("Shift+M",), "minimap", True),
        SEPARATOR,
        Command("focus", "Only the canvas", ("Shift+Space",), "", True),
        Command("reset_layout", "Panels as in the beginning"),
    )),
    ("&Run", (
        Command("run", "Run", ("Ctrl+Return",), "run"),
        Command("train", "Train", ("Shift+Return",), "train", tip="From first values; a training that is held goes on"),
        Command("pause", "Pause", ("Ctrl+Alt+P",), "pause", tip="Hold the training; Continue goes on"),
        Command("step", "One step", ("Ctrl+Shift+Return",), "step"),
        Command("stop", "Stop", ("Ctrl+.",), "stop", tip="End it; Run uses what was learnt, Train begins anew"),
        Command("restart", "Reset variables", (), tip="Give all variables their first values again"),
        SEPARATOR,
        Command("live", "Live", ("Ctrl+R",), "live", True, "Run by itself after every edit, on a batch of the data"),
        SEPARATOR,
        Command("compile", "Show what the compiler does", ("Ctrl+K",), "code"),
        Command("profile", "Measure the kernels", ("Ctrl+T",), "profile"),
    )),
    ("&Help", (
        Command("commands", "All commands …", ("Ctrl+Space", "Ctrl+Shift+P", "F1"), "keyboard"),
        Command("cheat_sheet", "Keys and mouse", ("?",), "help"),
        Command("guide", "First steps"),
        Command("about", "About graphengine", (), "info"),
    )),
)


EDITING = tuple(command.name for title, entries in MENUS if title in ("&Edit", "&Arrange") for command in entries
                if command is not None and command.name not in ("undo", "redo"))      # that act on the canvas


def commands() -> Iterator[Command]:
    """All of them, in the order of the menus."""
    for _, entries in MENUS:
        yield from (entry for entry in entries if entry is not None)


class Actions:
    """The commands as QActions of a window, and its menu bar.

    Parameters
    ----------
    window : gets the menu bar
    slots : what each command does, by name
    before : is done before a command
    """

    def __init__(self, window: QtWidgets.QMainWindow, slots: Callable[[str], Callable[..., None]],
                 before: Callable[[], object] = lambda: None) -> None:
        self._by_name: dict[str, QtGui.QAction] = {}
        self.menus: dict[str, QtWidgets.QMenu] = {}
        for title, entries in MENUS:
            menu = window.menuBar().addMenu(_tr(title))
            self.menus[title.replace("&", "")] = menu
            for entry in entries:
                if entry is None:
                    menu.addSeparator()
                    continue
                action = self._made(window, entry)
                do = slots(entry.name)
                if entry.checkable:
                    action.toggled.connect(do)
                else:
                    action.triggered.connect(lambda checked=False, do=do: (before(), do()))
                menu.addAction(action)
                self._by_name[entry.name] = action

    def _made(self, window: QtWidgets.QMainWindow, entry: Command) -> QtGui.QAction:
        action = QtGui.QAction(_tr(entry.text), window)
        action.setObjectName(entry.name)
        action.setProperty("always", _tr(entry.text))       # what it is called, whatever it would do now
        action.setCheckable(entry.checkable)
        action.setShortcuts([QtGui.QKeySequence(keys) for keys in entry.keys])
        shown = QtGui.QKeySequence(entry.keys[0]).toString(QtGui.QKeySequence.SequenceFormat.NativeText) \
            if entry.keys else ""
        tip = _tr(entry.tip) if entry.tip else _tr(entry.text).removesuffix(" …")
        action.setToolTip(f"{tip}  ({shown})" if shown else tip)
        if entry.icon:
            theme.dress(action, entry.icon)
        return action

    def __getitem__(self, name: str) -> QtGui.QAction:
        return self._by_name[name]

    def __iter__(self) -> Iterator[QtGui.QAction]:
        return iter(self._by_name.values())

    def by_menu(self) -> list[tuple[str, QtGui.QAction]]:
        """Every action with the title of the menu that it is in: "View", or "View › Theme"."""
        return [found for menu in self.menus.values() for found in _flat(menu, "")]


def _flat(menu: QtWidgets.QMenu, above: str) -> Iterator[tuple[str, QtGui.QAction]]:
    title = above + menu.title().replace("&", "")
    for action in menu.actions():
        below = action.menu()
        if isinstance(below, QtWidgets.QMenu):
            yield from _flat(below, f"{title} › ")
        elif not action.isSeparator():
            yield title, action


def _tr(text: str) -> str:
    return QtCore.QCoreApplication.translate("Actions", text)
