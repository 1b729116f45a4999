"""The tool of a view: finds the gesture that a press begins, and does what clicks, keys and drops mean."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6 import QtCore, QtGui

from editor import commands, layout
from editor.infer import Inference, kinds_accepting
from editor.model.catalog import Field
from editor.model.document import Change, GraphDocument
from editor.model.items import SUBGRAPH, Point, Ref, Wire
from editor.model.kinds import catalog
from editor.scene import NOWHERE, GraphView, Hit
from editor.widgets.drops import take_copy

from . import walk
from .canvas import Canvas, Gesture, Modifiers, plain_key, snapped
from .drag import DragItems, wire_under
from .inline_edit import LOWEST_ZOOM, InlineEdit
from .knife import Knife
from .lasso import Lasso
from .pull import End, SearchRequest, following, pull_from
from .scrub import Scrub, is_dragged
from .selection import SelectionEdits
from .shape import BendWire, Resize

KIND_MIME = "application/x-graphengine-kind"
FAR = 4                                     # pixels of the screen from which pressing is dragging
MARGIN = 24                                 # pixels of the screen left around a new card that is brought into view
NEW_CARD = 192.0, 150.0                     # width and height, about, of a card that is led into a wire
GRIP = QtCore.QPointF(36, 15)               # where a new card is held, from its top left corner

Key = QtCore.Qt.Key
Button = QtCore.Qt.MouseButton
WAYS = {Key.Key_Left: (walk.LEFT, -1, 0), Key.Key_Right: (walk.RIGHT, 1, 0), Key.Key_Up: (walk.UP, 0, -1),
        Key.Key_Down: (walk.DOWN, 0, 1)}


class Interaction(QtCore.QObject):
    """The tool of a view: put it into `view.tool`.

    Attributes
    ----------
    said : signal with a sentence: why something cannot be done
    search_requested : signal with a `SearchRequest`; answer it with `add`
    menu_requested : signal with the place of the screen and the `Hit` for a context menu
    files_dropped : signal with a list of paths and the scene's position
    viewer_requested : signal with a card's id and the number of an output
    problem_requested : signal with a card's id
    open_requested : signal with the id of a card that is to be seen from inside
    up_requested : signal: out of the subgraph that is open
    jump_requested : signal with the id of a card that lies elsewhere
    edits : edits of what is selected
    inline : the field over the canvas
    """

    said = QtCore.Signal(str)
    search_requested = QtCore.Signal(object)
    menu_requested = QtCore.Signal(QtCore.QPoint, object)
    files_dropped = QtCore.Signal(list, QtCore.QPointF)
    viewer_requested = QtCore.Signal(str, int)
    problem_requested = QtCore.Signal(str)
    open_requested = QtCore.Signal(str)
    up_requested = QtCore.Signal()
    jump_requested = QtCore.Signal(str)

    def __init__(self, document: GraphDocument, inference: Inference, view: GraphView) -> None:
        super().__init__(view)
        self.canvas = Canvas(document, inference, view.graph, view, self.said.emit)
        self.edits = SelectionEdits(self.canvas)
        self.inline = InlineEdit(self.canvas)
        self.gesture: Gesture | None = None
        self.request: SearchRequest | None = None
        self.bend: tuple[Ref, int] | None = None        # that Delete takes out
        self._pressed: tuple[QtCore.QPointF, QtCore.QPointF, Hit, Button, Modifiers] | None = None
        self._was_selected = False
        self._dragged_kind: str | None = None
        self._accepting: dict[Ref, int | None] = {}     # wires it was dragged over -> the input they would go into
        view.tool = self
        view.installEventFilter(self)
        view.graph.selection_changed.connect(self._tell_selection)

    def detach(self) -> None:
        """Break off what is going on and listen to nothing any more; the view is about to go."""
        self.cancel()
        self.edits.break_off()
        self.inline.detach()
        self.canvas.scene.selection_changed.disconnect(self._tell_selection)

    # ------------------------------------------------ mouse

    def mouse_press(self, event: QtGui.QMouseEvent, at: QtCore.QPointF, hit: Hit) -> None:
        self.inline.finish()
        self.canvas.scene.end_glide()
        self.canvas.pointer = at
        if self.gesture is not None or self._pressed is not None:
            self.cancel()                               # a second button
            return
        self.bend = None
        modifiers = event.modifiers()
        self._pressed = event.position(), at, hit, event.button(), modifiers
        if event.button() == Button.LeftButton and hit.ref is not None:
            self._press_item(hit, modifiers)
        elif event.button() == Button.RightButton and not modifiers & Modifiers.ControlModifier \
                and hit.ref is not None and hit.ref not in self.canvas.scene.selected():
            self.canvas.scene.select([hit.ref])

    def _press_item(self, hit: Hit, modifiers: Modifiers) -> None:
        """Select what is pressed; what is selected already stays so, as a drag may follow."""
        scene, ref = self.canvas.scene, hit.ref
        assert ref is not None, "something was hit"
        self._was_selected = ref in scene.selected()
        if hit.part in ("input", "output") or modifiers & Modifiers.AltModifier:
            return
        if modifiers & Modifiers.ControlModifier and modifiers & Modifiers.ShiftModifier:
            return
        if modifiers & Modifiers.ControlModifier:
            scene.select([ref], "toggle")
        elif modifiers & Modifiers.ShiftModifier:
            scene.select([ref], "add")
        elif not self._was_selected:
            scene.select([ref])

    def mouse_move(self, event: QtGui.QMouseEvent, at: QtCore.QPointF, hit: Hit) -> None:
        self.canvas.pointer = at
        if self.gesture is None and self._pressed is not None:
            place, began, what, button, modifiers = self._pressed
            if (event.position() - place).manhattanLength() >= FAR:
                self.gesture = self._begin(began, what, button, modifiers)
                if self.gesture is not None and self.gesture.cursor is not None:
                    self.canvas.view.viewport().setCursor(self.gesture.cursor)
        if self.gesture is not None:
            self.gesture.move(at, hit, event.modifiers())
        elif not event.buttons():
            self._show_cursor(hit)

    def _begin(self, at: QtCore.QPointF, hit: Hit, button: Button, modifiers: Modifiers) -> Gesture | None:
        """The gesture that a drag from a place is."""
        canvas, ref = self.canvas, hit.ref
        if button == Button.RightButton:
            return Knife(canvas, at) if modifiers & Modifiers.ControlModifier else None
        if button != Button.LeftButton:
            return None
        if ref is None:
            return Lasso(canvas, at, modifiers)
        if ref not in canvas.document.items:            # gone since it was pressed
            return None
        if hit.part in ("input", "output"):
            return pull_from(canvas, at, hit, modifiers, self._search)
        if hit.part == "resize":
            return Resize(canvas, at, ref)
        if hit.kind == "wire":
            if not self._can_bend(ref):
                return None
            self.bend = ref, hit.number
            return BendWire(canvas, at, ref, hit.number, new=hit.part == "path")
        doubled = bool(modifiers & Modifiers.AltModifier)
        field = self._dragged_field(hit) if not modifiers & Modifiers.AltModifier else None
        if field is not None:
            return Scrub(canvas, at, ref.key, field)
        if ref not in canvas.scene.selected():
            canvas.scene.select([ref])
        return DragItems(canvas, at, canvas.scene.selected(), doubled)

    def _dragged_field(self, hit: Hit) -> Field | None:
        """The field at a place, if it is a number that a drag changes."""
        if hit.part != "row" or hit.ref is None or self.canvas.view.zoom < LOWEST_ZOOM:
            return None
        field = self.canvas.scene.shown_fields(hit.ref.key)[hit.number]
        return field if is_dragged(self.canvas.document, hit.ref.key, field) else None

    def mouse_release(self, event: QtGui.QMouseEvent, at: QtCore.QPointF, hit: Hit) -> None:
        self.canvas.pointer = at
        gesture, pressed = self.gesture, self._pressed
        self.gesture = self._pressed = None
        if gesture is not None:
            self.canvas.view.viewport().unsetCursor()
            gesture.release(at, hit, event.modifiers())
        elif pressed is not None and pressed[3] == event.button():
            if event.button() == Button.LeftButton:
                self._click(pressed[2], pressed[4])
            elif event.button() == Button.RightButton and not pressed[4] & Modifiers.ControlModifier:
                self.menu_requested.emit(event.globalPosition().toPoint(), pressed[2])

    def _click(self, hit: Hit, modifiers: Modifiers) -> None:
        scene, ref = self.canvas.scene, hit.ref
        if ref is None:
            if not modifiers & (Modifiers.ShiftModifier | Modifiers.ControlModifier):
                scene.select([])
            return
        if modifiers & Modifiers.ControlModifier and modifiers & Modifiers.ShiftModifier:
            if hit.kind == "card":
                scene.select([ref])
                self.viewer_requested.emit(ref.key, hit.number if hit.part == "output" else 0)
            return
        if modifiers & (Modifiers.ControlModifier | Modifiers.ShiftModifier | Modifiers.AltModifier):
            return
        scene.select([ref])
        if hit.kind == "wire" and hit.part == "bend":
            self.bend = ref, hit.number
        elif hit.part == "row" and self.canvas.view.zoom >= LOWEST_ZOOM:
            self.inline.edit_row(ref.key, hit.number)
        elif hit.part == "badge" and self.canvas.inference.problem(ref.key) is not None:
            self.problem_requested.emit(ref.key)

    def mouse_double_click(self, event: QtGui.QMouseEvent, at: QtCore.QPointF, hit: Hit) -> None:
        """The second press of a double click; the first was an ordinary one."""
        if event.button() != Button.LeftButton:
            self.mouse_press(event, at, hit)
            return
        ref = hit.ref
        self.inline.finish()
        if ref is None:
            self._search(SearchRequest(event.globalPosition().toPoint(), at))
        elif hit.kind == "wire":
            self._double_click_wire(ref, hit, at)
        elif hit.kind == "frame":
            self.inline.title_frame(ref.key)
        elif hit.kind == "note":
            self.inline.write_note(ref.key)
        elif hit.part == "title":
            self.inline.rename(ref.key)
        elif hit.part == "preview":
            self.viewer_requested.emit(ref.key, 0)
        elif hit.part == "row":
            self.inline.edit_row(ref.key, hit.number)
        elif hit.part == "body":
            self.open_requested.emit(ref.key)

    def _double_click_wire(self, wire: Ref, hit: Hit, at: QtCore.QPointF) -> None:
        """On a tag its name is edited, or one goes to what is outside; on a line a bend is made or taken away."""
        scene = self.canvas.scene
        found, tag = scene.wires[wire].wire, scene.wires[wire].tag_at(at.x(), at.y())
        if tag is None and self._can_bend(wire):
            self._toggle_bend(wire, hit, at)
        elif tag is not None and not self.inline.name_portal(wire, tag):
            self.jump_requested.emit(found.source if scene.ends_of(found)[0] is None else found.target)

    def _can_bend(self, wire: Ref) -> bool:
        """Whether a wire is drawn as a line between the cards that it joins."""
        item = self.canvas.scene.wires.get(wire)
        if item is None or not item.is_line:
            return False
        ends = [end[0] for end in self.canvas.scene.ends_of(item.wire) if end is not None]
        return ends == [item.wire.source, item.wire.target]

    def _toggle_bend(self, wire: Ref, hit: Hit, at: QtCore.QPointF) -> None:
        """A double click makes a bend, or takes the one away that it hits."""
        document = self.canvas.document
        found = document.items.get(wire)
        if not isinstance(found, Wire):
            return
        bends, n, place = found.bends, hit.number, snapped(at)
        if hit.part == "bend":
            self._take_bend(wire, n)
        else:
            self.canvas.attempt(lambda: commands.set_bends(
                document, wire, (*bends[:n], (place.x(), place.y()), *bends[n:])))
            self.bend = wire, n

    def _take_bend(self, wire: Ref, number: int) -> None:
        document = self.canvas.document
        found = document.items.get(wire)
        if isinstance(found, Wire):
            bends = found.bends[:number] + found.bends[number + 1:]
            self.canvas.attempt(lambda: commands.set_bends(document, wire, bends))
        self.bend = None

    def _show_cursor(self, hit: Hit) -> None:
        shape = {"resize": QtCore.Qt.CursorShape.SizeHorCursor if hit.kind == "card"
                 else QtCore.Qt.CursorShape.SizeFDiagCursor,
                 "input": QtCore.Qt.CursorShape.CrossCursor, "output": QtCore.Qt.CursorShape.CrossCursor,
                 "row": QtCore.Qt.CursorShape.IBeamCursor, "bend": QtCore.Qt.CursorShape.SizeAllCursor}.get(hit.part)
        viewport = self.canvas.view.viewport()
        if self._dragged_field(hit) is not None:
            shape = QtCore.Qt.CursorShape.SizeHorCursor
        if shape is None or (hit.part == "row" and self.canvas.view.zoom < LOWEST_ZOOM):
            viewport.unsetCursor()
        else:
            viewport.setCursor(shape)

    def cancel(self) -> bool:
        """Break off what the mouse is doing; False if it does nothing."""
        gesture, pressed = self.gesture, self._pressed
        self.gesture = self._pressed = None
        if gesture is not None:
            self.canvas.view.viewport().unsetCursor()
            gesture.cancel()
        return gesture is not None or pressed is not None

    # ------------------------------------------------ adding

    def _search(self, request: SearchRequest) -> None:
        self.request = request
        self.search_requested.emit(request)

    def search(self) -> None:
        """Ask for a new card at the pointer, or in the middle if the pointer is elsewhere."""
        at = self.canvas.here
        self._search(SearchRequest(self.canvas.global_place(at), at, seeks_room=True))

    def enter_or_search(self) -> None:
        """Tab: into the subgraph that alone is selected; otherwise ask for a new card."""
        chosen = self.edits.cards
        card = self.canvas.document.card(chosen[0]) if len(chosen) == 1 else None
        if card is not None and card.kind == SUBGRAPH and len(self.edits.refs) == 1:
            self.open_requested.emit(card.id)
        else:
            self.search()

    def add(self, kind: str, number: int = 0) -> str | None:
        """Put the card that was searched for on the canvas; gives its id.

        number : the socket that a pulled wire goes to
        """
        request, self.request = self.request, None
        if request is None:                 # nobody said where
            request = SearchRequest(QtCore.QPoint(), self.canvas.view.visible_rect.center(), seeks_room=True)
        end, row = request.end, QtCore.QPointF(0, 47 + 22 * number)     # the socket lies where the wire was let go
        off = GRIP if end is None else row if end.side == "output" else row + QtCore.QPointF(192, 0)
        corner = snapped(request.at - off)
        x, y = self.free(corner) if request.seeks_room else (corner.x(), corner.y())
        document = self.canvas.document
        if end is None:
            return self._added(lambda: commands.add_card(document, kind, x, y))
        if end.side == "output":
            return self._added(lambda: commands.add_card(
                document, kind, x, y, source=(end.card, end.number), input=number))
        return self._added(lambda: commands.add_card(
            document, kind, x, y, target=(end.card, end.number), output=number))

    def add_at(self, kind: str, at: QtCore.QPointF) -> str | None:
        """Put a card on the canvas, held at a place."""
        corner = snapped(at - GRIP)
        return self._added(lambda: commands.add_card(self.canvas.document, kind, corner.x(), corner.y()))

    def add_copied(self, text: str) -> None:
        """Put copied cards where a card was searched for, or as near to the middle as there is room."""
        request, self.request = self.request, None
        at = request.at if request is not None else self.canvas.view.visible_rect.center()
        corner = snapped(at - GRIP)
        x, y = (corner.x(), corner.y()) if request is not None else self.free(corner)
        self._added(lambda: commands.paste(self.canvas.document, text, x, y))

    def _added(self, make: Callable[[], Change]) -> str | None:
        change = self.canvas.attempt(make)
        if change is None:
            return None
        made = commands.made(change)
        self.canvas.scene.select(made)
        for ref in made:
            self.canvas.view.ensureVisible(self.canvas.scene.item_rect(ref), MARGIN, MARGIN)
        self.canvas.view.setFocus()
        return next((str(ref.key) for ref in made), None)

    # ------------------------------------------------ keys

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Delete takes out the bend that was clicked; the window's shortcut would take the wire."""
        if event.type() == QtCore.QEvent.Type.ShortcutOverride and isinstance(event, QtGui.QKeyEvent) \
                and self.bend is not None and event.key() in (Key.Key_Delete, Key.Key_Backspace):
            event.accept()
            return True
        return False

    def key_press(self, event: QtGui.QKeyEvent) -> bool:
        key, modifiers = plain_key(event)
        if key == Key.Key_Escape:
            return self._escape()
        if self.gesture is not None:
            return False
        if key in (Key.Key_Delete, Key.Key_Backspace) and modifiers in (
                Modifiers.NoModifier, Modifiers.ControlModifier):
            return self._delete(bool(modifiers & Modifiers.ControlModifier))
        if key == Key.Key_Tab and modifiers == Modifiers.NoModifier:
            self.enter_or_search()
            return True
        if key == Key.Key_Space and modifiers == Modifiers.NoModifier:
            self.search()
            return True
        if key == Key.Key_Backtab:
            return self._continue()
        if key in WAYS and modifiers in (Modifiers.NoModifier, Modifiers.ShiftModifier):
            way, dx, dy = WAYS[Key(key)]
            if modifiers == Modifiers.ShiftModifier:
                self.edits.nudge(dx, dy)
            else:
                self._walk(way)
            return True
        if key in (Key.Key_Return, Key.Key_Enter, Key.Key_F2) and modifiers == Modifiers.NoModifier:
            return self._edit_selected(rename=key == Key.Key_F2)
        return False

    def _continue(self) -> bool:
        """Shift+Tab asks for a card that reads the first output of the selected one."""
        chosen = self.edits.cards
        if len(chosen) != 1 or not self.canvas.inference.output_count(chosen[0]):
            return False
        rect = self.canvas.scene.card_rect(chosen[0])
        at = QtCore.QPointF(rect.right() + 76, self.canvas.scene.port_position(chosen[0], "output", 0).y())
        self._search(replace(following(self.canvas, End(chosen[0], "output", 0), at), seeks_room=True))
        return True

    def _escape(self) -> bool:
        if self.cancel() or self.edits.break_off():
            return True
        had, is_inside = bool(self.canvas.scene.selected()), bool(self.canvas.scene.level)
        self.canvas.scene.select([])
        if is_inside:
            self.up_requested.emit()
        return had or is_inside

    def _delete(self, reconnect: bool) -> bool:
        if self.bend is not None:
            self._take_bend(*self.bend)
        elif reconnect:
            self.edits.delete_and_reconnect()
        else:
            self.edits.delete()
        return True

    def _walk(self, way: str) -> None:
        """Select the card in a direction, and see that it can be seen."""
        scene, view = self.canvas.scene, self.canvas.view
        boxes = {id: (r.x(), r.y(), r.width(), r.height()) for id, item in scene.cards.items() if item.isVisible()
                 for r in [scene.card_rect(id)]}
        chosen = self.edits.cards
        if chosen:
            found = walk.step(self.canvas.links(chosen[:1]), chosen[0], way, boxes)
        else:
            middle = view.visible_rect.center()
            found = walk.nearest_to(boxes, middle.x(), middle.y())
        if found is not None:
            scene.select([Ref("card", found)])
            if not view.visible_rect.contains(scene.card_rect(found)):
                view.center_on_card(found)

    def _tell_selection(self) -> None:
        """Let a screen reader say what is selected; a bend is forgotten with its wire."""
        if self.bend is not None and self.bend[0] not in self.canvas.scene.selected():
            self.bend = None
        chosen, view = self.edits.cards, self.canvas.view
        words = self.canvas.describe(chosen[0]) if len(chosen) == 1 else \
            commands.counted(self.canvas.scene.selected()) if self.canvas.scene.selected() else ""
        if words != view.accessibleDescription():
            view.setAccessibleDescription(words)

    def _edit_selected(self, rename: bool) -> bool:
        """Edit the one thing that is selected: a card's first attribute or its name, a frame's title, a note's text."""
        chosen = [ref for ref in self.canvas.scene.selected() if ref.kind != "wire"]
        if len(chosen) != 1:
            return False
        ref, = chosen
        if ref.kind == "frame":
            return self.inline.title_frame(ref.key)
        if ref.kind == "note":
            return self.inline.write_note(ref.key)
        if rename or not self.canvas.scene.shown_fields(ref.key):
            return self.inline.rename(ref.key)
        return self.inline.edit_row(ref.key, 0)

    # ------------------------------------------------ drag and drop

    def drag_enter(self, event: QtGui.QDragEnterEvent) -> None:
        kind = _kind_in(event.mimeData())
        self._dragged_kind = kind
        if kind is not None or _paths_in(event.mimeData()) or _cards_in(event.mimeData()) is not None:
            take_copy(event)
        else:
            event.ignore()

    def drag_move(self, event: QtGui.QDragMoveEvent, at: QtCore.QPointF) -> None:
        self.canvas.pointer = at
        if self._dragged_kind is not None:
            self.canvas.view.overlays.show_ghost(self._dragged_kind, snapped(at - GRIP))
            wire = self._wire_for(self._dragged_kind, at)
            self.canvas.scene.set_hover(Hit("wire", wire[0], "path") if wire is not None else None)
        take_copy(event)

    def drag_leave(self, event: QtGui.QDragLeaveEvent) -> None:
        self._end_drop()

    def _end_drop(self) -> None:
        self._dragged_kind = None
        self._accepting.clear()
        self.canvas.view.overlays.show_ghost(None)
        self.canvas.scene.set_hover(NOWHERE)

    def drop(self, event: QtGui.QDropEvent, at: QtCore.QPointF) -> None:
        kind, paths, text = _kind_in(event.mimeData()), _paths_in(event.mimeData()), _cards_in(event.mimeData())
        self._accepting.clear()                         # the graph may have changed meanwhile
        if kind is not None:
            self._drop_kind(kind, at)
        elif paths:
            self.files_dropped.emit(paths, at)
        elif text is not None:
            corner = snapped(at)
            change = self.canvas.attempt(lambda: commands.paste(self.canvas.document, text, corner.x(), corner.y()))
            if change is not None:
                self.canvas.scene.select(commands.made(change))
        self._end_drop()
        take_copy(event)

    def _drop_kind(self, kind: str, at: QtCore.QPointF) -> None:
        wire, corner = self._wire_for(kind, at), snapped(at - GRIP)
        if wire is None:
            self.add_at(kind, at)
        else:
            ref, number = wire
            x, y = self.free(corner)       # on the wire, but on no card
            self._added(lambda: commands.add_card(self.canvas.document, kind, x, y, wire=ref, input=number))

    def free(self, corner: QtCore.QPointF) -> Point:
        """Where a new card is to stand that touches no other one."""
        cards = [self.canvas.box(id) for id in self.canvas.level_cards]
        new = layout.Box(*NEW_CARD, corner.x(), corner.y())
        return layout.cleared({"": new}, cards).get("", (new.x, new.y))

    def _wire_for(self, kind: str, at: QtCore.QPointF) -> tuple[Ref, int] | None:
        """The wire under the title of a card that is about to be, and the input it would go into."""
        corner = snapped(at - GRIP)
        ref = wire_under(self.canvas, QtCore.QRectF(corner.x(), corner.y(), 192, 60))
        wire = self.canvas.document.items.get(ref) if ref is not None else None
        if ref is None or not isinstance(wire, Wire) or _is_end(kind):
            return None
        if ref not in self._accepting:
            accepting = kinds_accepting(self.canvas.inference, wire.source, wire.output)
            self._accepting[ref] = next((n for found, n in accepting if found.key == kind), None)
        number = self._accepting[ref]
        return (ref, number) if number is not None else None


def _is_end(kind: str) -> bool:
    """Whether nothing can come out of a kind."""
    found = catalog().get(kind)
    return found is not None and found.family == "Training"


def _kind_in(data: QtCore.QMimeData) -> str | None:
    """The key of the kind that is dragged from the palette."""
    if not data.hasFormat(KIND_MIME):
        return None
    key = bytes(data.data(KIND_MIME).data()).decode("utf-8", "replace")
    return key if key in catalog() else None


def _paths_in(data: QtCore.QMimeData) -> list[str]:
    return [str(Path(url.toLocalFile())) for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []


def _cards_in(data: QtCore.QMimeData) -> str | None:
    """Copied cards that are dragged as text."""
    text = data.text() if data.hasText() else ""
    return text if '"graphengine"' in text[:200] else None


