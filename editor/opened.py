"""What is inside a card, in the place of the canvas: its ops, laid out, with a way back. Nothing is edited there."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6 import QtCore, QtWidgets

from .infer import Inference
from .infer.known import KnownTypes
from .model.catalog import REQUIRED, Kind
from .model.document import GraphDocument
from .model.inside import Drawn, Path, can_open, inside
from .model.items import Ref
from .model.kinds import catalog
from .run import messages as m
from .scene import GraphScene, GraphView
from .scene.look import CardResults
from .tools.canvas import Canvas
from .tools.looking import Looking
from .tools.selection import SelectionEdits
from .widgets.crumbs import Crumbs


class Opened(QtWidgets.QWidget):
    """A row that says where one is, above a view of what is inside.

    Signals
    -------
    left : one is back at the graph
    said(sentence) : why something cannot be opened
    zoomed(zoom) : of the view that is shown
    request(Request) : to be sent to the process

    Parameters
    ----------
    around : the scene of the whole graph, for the values that it shows

    Attributes
    ----------
    path : the card that is open, then nodes inside it; () if nothing is
    view : of what is inside; None if nothing is open
    """

    left = QtCore.Signal()
    said = QtCore.Signal(str)
    zoomed = QtCore.Signal(float)
    request = QtCore.Signal(object)

    def __init__(self, document: GraphDocument, inference: Inference, around: GraphScene,
                 parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.document, self.inference, self.around = document, inference, around
        self.path: Path = ()
        self.view: GraphView | None = None
        self._drawn: Drawn | None = None
        self.setObjectName("opened")
        self.setAccessibleName(self.tr("What is inside a card"))
        self._crumbs = Crumbs()
        self._crumbs.chosen.connect(lambda steps: self.go(self.path[:steps]))
        self._column = QtWidgets.QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self._crumbs)
        document.listeners.append(self._follow)

    def close_down(self) -> None:
        """Stop following the document."""
        self.document.listeners.remove(self._follow)
        self._drop()

    # ------------------------------------------------ ways

    def open(self, path: Path) -> bool:
        """Show what is inside the last of a path; where there is nothing, say so and stay."""
        drawn = inside(self.document, self.inference.operand_types(path[0]), path)
        if drawn is None:
            self.said.emit(self._why_not(path))
            return False
        self.path = path
        self._show(drawn)
        return True

    def go(self, path: Path) -> None:
        """Open what is further out; () is the graph."""
        if not path or not self.open(path):
            self._drop()
            self.left.emit()

    def up(self) -> None:
        """One step out."""
        came_from = self.path[-1:] if len(self.path) > 1 else ()
        self.go(self.path[:-1])
        if self.view is not None and came_from:
            self.view.graph.select([Ref("card", came_from[0])])

    def _why_not(self, path: Path) -> str:
        card = self.document.card(path[0])
        kind = catalog().get(card.kind) if card is not None else None
        if len(path) > 1 or card is None or kind is None or not can_open(card.kind):
            return self.tr("{0} is not made of other ops.").format(path[-1])
        return self.tr("{0} can be opened once everything it reads is connected and fits.").format(path[-1])

    def _follow(self, refs: frozenset[Ref]) -> None:
        """What is inside may be other ops after an edit, or gone."""
        if self.path and any(ref.kind in ("card", "wire") for ref in refs):
            drawn = inside(self.document, self.inference.operand_types(self.path[0]), self.path)
            if drawn is None:
                self.go(())
            elif self._drawn is None or not _same(drawn, self._drawn):
                self._show(drawn)

    # ------------------------------------------------ what is shown

    def _show(self, drawn: Drawn) -> None:
        self._drop_view()
        self._drawn = drawn
        scene = GraphScene(drawn.document, KnownTypes(drawn.document, drawn.types), _kinds(drawn.document))
        self.view = GraphView(scene, self)
        self.view.zoomed.connect(self.zoomed)
        self.zoomed.emit(self.view.zoom)
        self.view.setAccessibleName(self.tr("What is inside {0}").format(self.path[-1]))
        tool = Looking(self.view)
        tool.open_requested.connect(lambda card: self.open((*self.path, card)))
        tool.up_requested.connect(self.up, QtCore.Qt.ConnectionType.QueuedConnection)   # the view goes with it
        self._column.addWidget(self.view, 1)
        canvas = Canvas(drawn.document, scene.inference, scene, self.view, self.said.emit)
        drawn.document.settle(SelectionEdits(canvas).tidied())
        self._crumbs.show_way(self.path, self.tr("Only to look at · Esc goes back"))
        self.view.show()
        QtCore.QTimer.singleShot(0, self.view, self.view.see_beginning)     # once it has its size
        self.view.setFocus()
        self._show_sources()
        if self.around.results:
            self.request.emit(m.LookInside(self.path))

    def _show_sources(self) -> None:
        """Placeholders have the values that the graph around shows."""
        assert self.view is not None, "something is open"
        self.view.graph.show_previews({(name, 0): preview for name, preview in self._sources().items()})

    def _random(self) -> set[str]:
        """The cards here that depend on what the graph around says is random."""
        drawn = self._drawn
        return {card for name, preview in self._sources().items() if preview.is_random and drawn is not None
                for card in drawn.document.downstream(name)}

    def _sources(self) -> dict[str, m.Preview]:
        """What the graph around shows of what the placeholders stand for."""
        found = {}
        for name, (card, output) in (self._drawn.sources if self._drawn is not None else {}).items():
            preview = self.around.results.get(card, CardResults()).previews.get(output)
            if preview is not None:
                found[name] = preview
        return found

    def take(self, reply: m.Reply) -> None:
        """Hear what the process says: values of a run ask for those inside."""
        if self.view is None:
            return
        if isinstance(reply, m.InsideValues) and reply.path == self.path:
            cards, random = self.view.graph.cards, self._random()
            self.view.graph.show_previews({at: replace(p, is_random=at[0] in random)
                                           for at, p in reply.previews.items() if at[0] in cards})
        elif isinstance(reply, m.Values):
            self._show_sources()
            self.request.emit(m.LookInside(self.path))

    def _drop(self) -> None:
        self.path, self._drawn = (), None
        self._drop_view()

    def _drop_view(self) -> None:
        """The view goes before its scene."""
        if self.view is not None:
            view, self.view = self.view, None
            scene = view.graph
            scene.detach()
            scene.inference.close()
            self._column.removeWidget(view)
            view.hide()
            view.deleteLater()
            view.destroyed.connect(scene.deleteLater)


def _same(a: Drawn, b: Drawn) -> bool:
    """Whether two drawings show the same, wherever their cards stand."""
    def said(drawn: Drawn) -> object:
        cards = [(c.id, c.kind, repr(c.attributes)) for c in drawn.document.cards]
        return cards, [(w.source, w.output, *w.ref.key) for w in drawn.document.wires], drawn.types, drawn.sources

    return said(a) == said(b)


def _kinds(document: GraphDocument) -> Mapping[str, Kind]:
    """The kinds of a drawing, whose cards have rows only for attributes that they have."""
    found = {card.kind: catalog()[card.kind] for card in document.cards if card.kind in catalog()}
    return {key: replace(kind, fields=tuple(replace(f, default=None) if f.default is REQUIRED else f
                                            for f in kind.fields)) for key, kind in found.items()}
