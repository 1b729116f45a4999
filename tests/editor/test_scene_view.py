"""The view: pictures at all details in both looks, pan and zoom, what the tool is given, the minimap."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import drawn_scene
import numpy as np
import pytest
from PySide6 import QtCore, QtGui, QtTest, QtWidgets

from editor import commands
from editor.infer import Inference
from editor.model.document import Change, GraphDocument
from editor.model.items import Card, Ref, Wire
from editor.model.kinds import catalog
from editor.scene import NOWHERE, GraphScene, GraphView, Hit, Minimap
from editor.scene.face import CardState, Face, paint_face
from editor.scene.geometry import Box
from editor.scene.inks import inks
from editor.scene.look import CardLook
from editor.scene.preview import rebinned, strip_of
from editor.theme import install, theme

LEFT, MIDDLE = QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.MouseButton.MiddleButton
NONE = QtCore.Qt.KeyboardModifier.NoModifier
LEVELS = (0.05, 0.1, 0.25, 0.4, 0.6, 1.0, 1.5, 3.0)


@pytest.fixture
def view(qapp: QtWidgets.QApplication, qtbot) -> Iterator[GraphView]:
    install(qapp)
    paper = [item for item in drawn_scene.furnished_items() if item.ref.kind in ("frame", "note")]
    document, inference = drawn_scene.document_and_inference(drawn_scene.picture_items() + paper)
    scene = GraphScene(document, inference, inference.kinds)
    made = GraphView(scene)
    made.resize(1360, 500)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    scene.detach()
    theme.set("dark")


class Tool(SimpleNamespace):
    """Notes what it is given. takes : whether it wants keys."""

    def __init__(self, takes: bool = True) -> None:
        super().__init__(seen=[], takes=takes)

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)

        def note(event: QtCore.QEvent, *rest: object) -> bool:
            self.seen.append((name, event.key() if isinstance(event, QtGui.QKeyEvent) else rest))
            event.accept()
            return self.takes
        return note


def pixels(widget: QtWidgets.QWidget) -> np.ndarray:
    image = widget.grab().toImage().convertToFormat(QtGui.QImage.Format.Format_RGB888)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return data[:, :image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def colors(widget: QtWidgets.QWidget) -> int:
    """How many different ones a picture has."""
    return len(np.unique(pixels(widget).astype(np.int32) @ (65536, 256, 1)))


def shown(view: GraphView, name: str) -> bool:
    """Whether a colour of the theme stands somewhere in the view, exactly."""
    wanted = theme.color(name)
    return bool((pixels(view) == (wanted.red(), wanted.green(), wanted.blue())).all(axis=2).any())


# -------------------------------------------------------------------- pictures

@pytest.mark.parametrize("look", ["dark", "light"])
@pytest.mark.parametrize("zoom", LEVELS)
def test_pictures_at_every_detail(view, look, zoom):
    theme.set(look)
    drawn_scene.show_results(view.graph)
    view.graph.show_running(True, ["add"])
    view.graph.show_gradient_overlay(True)
    view.graph.select([Ref("card", "add"), Ref("wire", ("add", 0)), Ref("frame", "f"), Ref("note", "n")])
    view.graph.set_hover(Hit("card", Ref("card", "x"), "row", 0))
    view.set_zoom(zoom)
    view.center_on_card("add", animated=False) if zoom > 0.6 else view.centerOn(500, 250)
    assert colors(view) > 20
    assert shown(view, "canvas")


@pytest.mark.parametrize("look", ["dark", "light"])
def test_furnished_pictures(qapp, look):
    install(qapp, look)
    document, inference = drawn_scene.document_and_inference(drawn_scene.furnished_items())
    scene = GraphScene(document, inference, inference.kinds)
    view = GraphView(scene)
    view.resize(1200, 600)
    for zoom in LEVELS:
        view.set_zoom(zoom)
        view.centerOn(400, 200)
        assert colors(view) > 20
    scene.detach()
    theme.set("dark")


def test_switching_the_look_repaints_everything(view):
    view.set_zoom(1.0)
    view.centerOn(500, 250)
    assert shown(view, "card")
    dark = pixels(view)
    theme.set("light")
    assert shown(view, "card") and shown(view, "canvas")
    light = pixels(view)
    assert light.mean() > dark.mean() + 100
    theme.set("dark")
    assert (pixels(view) == dark).all()


def test_cards_paint_the_same_with_and_without_pictures_kept(view):
    view.centerOn(500, 250)
    view.graph.set_caching(True)
    with_cache = pixels(view).astype(int)
    view.graph.set_caching(False)
    assert np.abs(with_cache - pixels(view)).mean() < 0.5


def test_all_strips_are_drawn(view):
    bad = np.array([[1.0, np.nan, np.inf, 2.0]], np.float32)
    empty = drawn_scene.preview(np.zeros((3, 4), np.float32))
    view.graph.show_previews({("x", 0): drawn_scene.preview(bad, np.zeros((1, 4, 3), np.uint8)),
                              ("matmul", 0): drawn_scene.preview(bad), ("add", 0): empty,
                              ("relu", 0): drawn_scene.preview(np.array([7], np.int64))})
    view.graph.show_series("crossentropy", [float("nan"), float("inf"), 1.0, 1.0])
    view.graph.show_series("matmul_1", [float("nan")] * 3)
    view.graph.show_gradients({"w1": float("nan"), "b1": 0.0}, {})
    for id in list(view.graph.cards):
        view.graph.enlarge_preview(id)
    view.set_zoom(1.0)
    view.centerOn(600, 300)
    assert view.graph.card_rect("add").height() > 200
    assert shown(view, "error")


@pytest.mark.parametrize("zoom", [0.4, 0.5, 1.0])
def test_gradients_are_seen_from_afar(view, zoom):
    view.set_zoom(zoom)
    view.centerOn(500, 250)
    assert not shown(view, "gradient")
    view.graph.show_gradients({"w1": 0.03, "b1": 0.0}, {})
    assert shown(view, "gradient")


@pytest.mark.parametrize("shape", [(150, 2), (2, 150)])
def test_a_narrow_picture_is_no_line(view, shape):
    """As white as it is, 12 pixels of the 38 are seen."""
    white = drawn_scene.preview(np.zeros(shape, np.float32), np.full(shape, 255, np.uint8))
    picture = QtGui.QImage(200, 60, QtGui.QImage.Format.Format_RGB32)
    picture.fill(QtCore.Qt.GlobalColor.black)
    painter = QtGui.QPainter(picture)
    strip_of((), None, white).paint(painter, Box(0, 0, 180, 46), inks(), "Math", far=True)
    painter.end()
    seen = np.frombuffer(picture.constBits(), np.uint8).reshape(60, 200, 4)[..., 0] > 200
    assert sorted([seen.any(0).sum(), seen.any(1).sum()]) == [12, 38]


def test_histogram_in_fewer_bins_keeps_its_form():
    counts = [0] * 32 + [5] * 32
    heights = rebinned(counts)
    assert len(heights) == 26 and max(heights) == 1.0
    assert heights[:13] == [0.0] * 13
    assert rebinned([0] * 64) == [0.0] * 26


def test_overlays_are_painted_and_cleared(view):
    before = pixels(view)
    o = view.overlays
    o.show_guides([QtCore.QLineF(0, 0, 300, 0)])
    o.show_lasso(QtCore.QRectF(100, 100, -50, 60))
    o.show_pending_wire(QtCore.QPointF(0, 0), QtCore.QPointF(200, 90), "float32", fits=False)
    o.show_knife([QtCore.QPointF(0, 50), QtCore.QPointF(90, 90)])
    o.show_ghost("op/matmul", QtCore.QPointF(100, 200))
    o.show_ghost("op/unheard_of", QtCore.QPointF(100, 200))
    assert (pixels(view) != before).any()
    o.clear()
    assert (pixels(view) == before).all()


# -------------------------------------------------------------------- where it looks

def test_zoom_keeps_the_place_under_the_pointer(view):
    place = QtCore.QPoint(300, 200)
    view.set_zoom(1.0)
    before = view.hit_at(place)[0]
    for zoom in (1.4, 2.9, 0.3, 0.05):
        view.set_zoom(zoom, place)
        after = view.hit_at(place)[0]
        assert abs(after.x() - before.x()) < 1.5 / zoom and abs(after.y() - before.y()) < 1.5 / zoom


def test_zoom_has_limits(view, qtbot):
    with qtbot.waitSignal(view.zoomed):
        view.set_zoom(100)
    assert view.zoom == pytest.approx(3.0)
    view.set_zoom(0)
    assert view.zoom == pytest.approx(0.05)


def test_fit_shows_everything_and_the_selection(view):
    view.zoom_to_fit(animated=False)
    for id in view.graph.cards:
        assert view.visible_rect.contains(view.graph.card_rect(id))
    assert view.zoom <= 1.0
    view.graph.select([Ref("card", "b1")])
    view.zoom_to_fit(selection=True, animated=False)
    middle = view.visible_rect.center() - view.graph.card_rect("b1").center()
    assert middle.manhattanLength() < 3


def test_fit_is_animated_and_gets_there(view, qtbot):
    view.set_zoom(0.2)
    with qtbot.waitSignal(view.zoomed):
        view.zoom_to_fit()
    qtbot.waitUntil(lambda: view._motion.state() == QtCore.QAbstractAnimation.State.Stopped)
    for id in view.graph.cards:
        assert view.visible_rect.contains(view.graph.card_rect(id))


def test_fit_of_nothing(qapp):
    document, inference = drawn_scene.document_and_inference([])
    scene = GraphScene(document, inference, inference.kinds)
    view = GraphView(scene)
    view.zoom_to_fit()
    assert view.zoom == 1.0
    scene.detach()


def wheel(view: GraphView, degrees: int, keys: QtCore.Qt.KeyboardModifier = NONE) -> None:
    place = QtCore.QPointF(200, 200)
    event = QtGui.QWheelEvent(place, view.mapToGlobal(place), QtCore.QPoint(), QtCore.QPoint(0, degrees),
                              QtCore.Qt.MouseButton.NoButton, keys, QtCore.Qt.ScrollPhase.NoScrollPhase, False)
    QtWidgets.QApplication.sendEvent(view.viewport(), event)


def test_wheel_zooms_and_with_shift_goes_sideways(view):
    view.set_zoom(1.0)
    wheel(view, 120)
    assert view.zoom == pytest.approx(1.2)
    x, y = view.visible_rect.x(), view.visible_rect.y()
    wheel(view, -120, QtCore.Qt.KeyboardModifier.ShiftModifier)
    assert view.zoom == pytest.approx(1.2)
    assert view.visible_rect.x() > x and view.visible_rect.y() == pytest.approx(y)


# -------------------------------------------------------------------- mouse and keys

def test_middle_button_pans_and_the_tool_hears_nothing(view, qtbot):
    view.tool = tool = Tool()
    view.set_zoom(1.0)
    before = view.visible_rect.topLeft()
    qtbot.mousePress(view.viewport(), MIDDLE, pos=QtCore.QPoint(300, 200))
    qtbot.mouseMove(view.viewport(), QtCore.QPoint(340, 230))
    qtbot.mouseRelease(view.viewport(), MIDDLE, pos=QtCore.QPoint(340, 230))
    assert before - view.visible_rect.topLeft() == QtCore.QPointF(40, 30)
    assert tool.seen == []


def test_space_and_drag_pans_and_space_alone_is_a_key(view, qtbot):
    view.tool = tool = Tool()
    before = view.visible_rect.topLeft()
    qtbot.keyPress(view, QtCore.Qt.Key.Key_Space)
    qtbot.mousePress(view.viewport(), LEFT, pos=QtCore.QPoint(300, 200))
    qtbot.mouseMove(view.viewport(), QtCore.QPoint(310, 205))
    qtbot.mouseRelease(view.viewport(), LEFT, pos=QtCore.QPoint(310, 205))
    qtbot.keyRelease(view, QtCore.Qt.Key.Key_Space)
    assert before != view.visible_rect.topLeft() and tool.seen == []
    qtbot.keyClick(view, QtCore.Qt.Key.Key_Space)
    assert tool.seen == [("key_press", QtCore.Qt.Key.Key_Space)]


def test_tool_gets_events_with_the_place_and_what_lies_there(view, qtbot):
    view.tool = tool = Tool()
    view.set_zoom(1.0)
    view.centerOn(500, 250)
    place = view.mapFromScene(QtCore.QPointF(400, 120))
    qtbot.mouseMove(view.viewport(), place)
    qtbot.mouseClick(view.viewport(), LEFT, pos=place)
    qtbot.mouseDClick(view.viewport(), LEFT, pos=place)
    names = [name for name, _ in tool.seen]
    assert names[:3] == ["mouse_move", "mouse_press", "mouse_release"] and "mouse_double_click" in names
    at, hit = tool.seen[1][1]
    assert hit == Hit("card", Ref("card", "matmul"), "title")
    assert (at - QtCore.QPointF(400, 120)).manhattanLength() < 2
    assert view.graph.hover == hit


def test_keys_go_to_the_tool_first(view, qtbot):
    view.tool = tool = Tool(takes=False)
    for key in (QtCore.Qt.Key.Key_Tab, QtCore.Qt.Key.Key_Delete, QtCore.Qt.Key.Key_Left):
        qtbot.keyClick(view, key)
    assert [key for _, key in tool.seen] == [QtCore.Qt.Key.Key_Tab, QtCore.Qt.Key.Key_Delete, QtCore.Qt.Key.Key_Left]


def test_without_a_tool_nothing_happens(view, qtbot):
    qtbot.mouseClick(view.viewport(), LEFT, pos=QtCore.QPoint(300, 200))
    qtbot.keyClick(view, QtCore.Qt.Key.Key_A)
    assert view.graph.selected() == set()


def test_drags_from_the_palette_reach_the_tool(view):
    view.tool = tool = Tool()
    data = QtCore.QMimeData()
    data.setData("application/x-graphengine-kind", b"op/relu")
    copy, place = QtCore.Qt.DropAction.CopyAction, QtCore.QPoint(300, 200)
    for event in (QtGui.QDragEnterEvent(place, copy, data, LEFT, NONE),
                  QtGui.QDragMoveEvent(place, copy, data, LEFT, NONE),
                  QtGui.QDropEvent(QtCore.QPointF(place), copy, data, LEFT, NONE)):
        QtWidgets.QApplication.sendEvent(view.viewport(), event)
    assert [name for name, _ in tool.seen] == ["drag_enter", "drag_move", "drop"]
    assert tool.seen[2][1][0] == view.hit_at(place)[0]


def test_the_arrow_of_a_strip_hides_no_letter_of_what_says_that_it_is_outdated(view):
    drawn_scene.show_results(view.graph)
    card, written = view.graph.cards["x"], []
    real = QtGui.QPainter.drawText

    class Painter(QtGui.QPainter):
        def drawText(self, *given: object) -> None:
            written.append((given[-1], given[0], self.fontMetrics().horizontalAdvance(str(given[-1]))))
            real(self, *given)

    picture = QtGui.QPixmap(400, 400)
    painter = Painter(picture)
    paint_face(painter, card.face(), CardState(part=("title", 0), outdated=True), 1.0)
    painter.end()
    (at, width), = [(at, width) for text, at, width in written if text == "before the edit"]
    assert at.x() + width <= card.geometry.arrow_box.x


def test_the_arrow_of_a_strip_makes_it_high(view, qtbot):
    view.tool = tool = Tool()
    drawn_scene.show_results(view.graph)
    view.set_zoom(1.0)
    view.centerOn(300, 250)
    box, high = view.graph.cards["x"].geometry.arrow_box, view.graph.card_rect("x").height()
    place = view.mapFromScene(view.graph.card_rect("x").topLeft() + QtCore.QPointF(box.x + 9, box.y + 8))
    qtbot.mouseClick(view.viewport(), LEFT, pos=place)
    assert view.graph.card_rect("x").height() == high + 94
    assert tool.seen == []
    view.graph.enlarge_preview("x")
    assert view.graph.card_rect("x").height() == high


@pytest.mark.parametrize(("gap", "is_labelled"), [(40, False), (300, True)])
def test_the_label_of_a_hovered_wire_is_whole_or_is_left_out(qapp, qtbot, gap, is_labelled):
    install(qapp)
    document = GraphDocument([Card("a", "op/placeholder", {"shape": [None, 784]}), Wire("a", 0, "b", 0),
                              Card("b", "op/exp", x=192 + gap, y=0)])
    scene = GraphScene(document, Inference(document))
    view = GraphView(scene)
    view.resize(900, 300)
    view.show()
    qtbot.waitExposed(view)
    start, end = scene.port_position("a", "output", 0), scene.port_position("b", "input", 0)
    document.do(commands.move(document, [Ref("card", "b")], 0, start.y() - end.y()))
    scene.end_glide()
    view.set_zoom(1.0)
    view.centerOn(view.graph.contents_rect().center())
    qapp.processEvents()
    asked: list[QtCore.QRect] = []

    class Watch(QtCore.QObject):
        def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
            if isinstance(event, QtGui.QPaintEvent):
                asked.append(event.rect())
            return False

    before, watch = pixels(view.viewport()), Watch()
    view.viewport().installEventFilter(watch)
    scene.set_hover(Hit("wire", Ref("wire", ("b", 0)), "path"))
    qtbot.waitUntil(lambda: bool(asked))
    painted = asked[0]
    rows = np.nonzero((pixels(view.viewport()) != before).any(axis=(1, 2)))[0]
    assert (np.ptp(rows) > 12) == is_labelled, "higher than the wire and its sockets"
    assert painted.top() <= rows.min() and painted.bottom() >= rows.max()
    view.close()
    scene.detach()


def test_leaving_the_view_ends_hovering(view, qtbot):
    view.graph.set_hover(Hit("card", Ref("card", "x"), "title"))
    QtWidgets.QApplication.sendEvent(view, QtCore.QEvent(QtCore.QEvent.Type.Leave))
    assert view.graph.hover == NOWHERE


def test_a_drag_at_the_border_moves_the_view(view, qtbot, monkeypatch):
    view.tool = tool = Tool()
    monkeypatch.setattr(QtWidgets.QApplication, "mouseButtons", staticmethod(lambda: LEFT))
    before = view.visible_rect.x()
    QtTest.QTest.mousePress(view.viewport(), LEFT, NONE, QtCore.QPoint(700, 200))
    place = QtCore.QPointF(view.viewport().width() - 3, 200)
    move = QtGui.QMouseEvent(QtCore.QEvent.Type.MouseMove, place, view.mapToGlobal(place), LEFT, LEFT, NONE)
    QtWidgets.QApplication.sendEvent(view.viewport(), move)
    qtbot.waitUntil(lambda: view.visible_rect.x() > before + 20)
    assert [name for name, _ in tool.seen].count("mouse_move") > 1
    QtTest.QTest.mouseRelease(view.viewport(), LEFT, NONE, place.toPoint())
    assert not view._edge.isActive()


# -------------------------------------------------------------------- minimap, faces

def test_minimap_measures_each_item_once(view, monkeypatch):
    minimap, measured = Minimap(view), []
    plain = view.graph.rest_rect
    monkeypatch.setattr(view.graph, "rest_rect", lambda ref: measured.append(ref) or plain(ref))
    assert minimap.contents == view.graph.contents_rect()
    count = len(measured)
    assert count == 2 * len(set(measured))      # once by each of the two
    assert minimap.contents and len(measured) == count


def test_minimap_goes_where_it_is_clicked(view, qtbot):
    minimap = Minimap(view)
    minimap.show()
    view.set_zoom(1.5)
    assert colors(minimap) > 10
    assert minimap.geometry().bottomRight() == QtCore.QPoint(view.width() - 13, view.height() - 13)
    before = view.visible_rect.center()
    qtbot.mouseClick(minimap, LEFT, pos=QtCore.QPoint(minimap.width() - 20, 70))
    assert view.visible_rect.center().x() > before.x()


def test_minimap_follows_the_document(view, qtbot):
    minimap = Minimap(view)
    minimap.show()
    before = pixels(minimap)
    view.graph.inference.troubles.clear()
    for listener in view.graph.inference.listeners:
        listener(frozenset({"matmul_1"}))
    assert (pixels(minimap) != before).any()


@pytest.mark.parametrize(("id", "name"), [("relu", ""), ("relu_2", ""), ("relu_x", "relu_x"), ("hidden", "hidden")])
def test_a_name_stands_on_the_card_only_if_someone_gave_it(id, name):
    assert CardLook(Card(id, "op/relu"), drawn_scene.KINDS["op/relu"]).name == name


def test_who_sees_everything_sees_no_overview(view, qtbot):
    overview = Minimap(view)
    overview.show()
    transparent = QtCore.Qt.WidgetAttribute.WA_TransparentForMouseEvents
    for width, height in ((1360, 500), (700, 500), (500, 900)):
        view.resize(width, height)
        view.zoom_to_fit(animated=False)
        for id in view.graph.cards:
            card = view.mapFromScene(view.graph.card_rect(id)).boundingRect()
            assert view.viewport().rect().contains(card), (width, id)
        qtbot.waitUntil(lambda: overview.testAttribute(transparent))
        assert not overview.is_needed
    view.set_zoom(3.0)
    qtbot.waitUntil(lambda: not overview.testAttribute(transparent))
    assert overview.is_needed


def test_the_overview_looks_for_cards_only_after_they_moved(view, qtbot, monkeypatch):
    """Not with every paint: one pans over a thousand of them."""
    overview = Minimap(view)
    overview.show()
    view.set_zoom(1.5)
    qtbot.waitUntil(lambda: not overview._pause.isActive())
    overview.grab()
    asked, look = [], view.graph.rest_rects
    monkeypatch.setattr(view.graph, "rest_rects", lambda *refs: asked.append(refs) or look(*refs))
    for k in range(5):
        view.horizontalScrollBar().setValue(10 * k)
        overview.grab()
    assert not asked
    card = view.graph.document.card("relu")
    view.graph.document.do(Change("Move", {card.ref: card}, {card.ref: replace(card, x=card.x + 5000)}))
    overview.grab()
    assert len(asked) == 1 and overview.contents == view.graph.contents_rect()


def test_what_is_chosen_is_shown_beside_the_overview(view):
    overview = Minimap(view)
    overview.show()
    view.resize(700, 500)
    view.graph.select([Ref("card", "x")])
    view.zoom_to_fit(selection=True, animated=False)
    assert overview.is_needed
    assert not overview.geometry().intersects(view.mapFromScene(view.graph.card_rect("x")).boundingRect())


def test_first_sight_follows_the_size_until_somebody_looks_elsewhere(view):
    view.resize(700, 500)
    view.see_beginning()
    small = view.zoom
    view.resize(1000, 700)
    assert view.zoom > small and view.visible_rect.contains(view.graph.contents_rect())
    view.set_zoom(0.8)
    view.resize(700, 500)
    assert view.zoom == pytest.approx(0.8)


def test_attributes_and_names_are_told_from_afar(view):
    """A card at 50 % is no empty box."""
    kind = next(kind for kind in catalog().values() if kind.fields and kind.fields[0].form == "int")
    card = Card("chosen", kind.key, {kind.fields[0].name: 3})
    face = Face(CardLook(card, kind), inks())
    (name, value), *_ = face.far_rows
    assert value == "3" and kind.fields[0].name.startswith(name.rstrip("…"))
    assert face.far_name in ("chosen", "")
    long = Face(CardLook(replace(card, id="a_name_that_has_no_room_beside_a_title"), kind), inks())
    assert long.far_name == ""


@pytest.mark.parametrize("collapsed", [False, True])
def test_short_cards_have_their_titles_from_afar(qapp, collapsed):
    """One without sockets, or collapsed, is no nameless bar."""
    install(qapp)
    theme.set("dark")
    kind = min(catalog().values(), key=lambda kind: len(kind.inputs) + len(kind.outputs) + len(kind.fields))
    image = QtGui.QImage(120, 40, QtGui.QImage.Format.Format_RGB32)
    image.fill(QtGui.QColor("black"))
    painter = QtGui.QPainter(image)
    painter.scale(0.34, 0.34)
    paint_face(painter, Face(CardLook(Card("card", kind.key, collapsed=collapsed), kind), inks()), CardState(), 0.34)
    painter.end()
    bright = [image.pixelColor(x, y).lightness() for x in range(120) for y in range(40)]
    assert max(bright) > 190 and sum(value > 150 for value in bright) < 400, "letters, and no block of their colour"


def test_small_figures_have_zeros_that_are_no_eights(view):
    """Where less than 0.8 pixels are left for one of a card, numbers are in the font without dots in zeros."""
    item = next(iter(view.graph.cards.values()))
    families = {}
    for zoom in (0.6, 1.0):
        view.set_zoom(zoom)
        view.centerOn(item)
        view.grab()
        families[zoom] = item._face.inks.mono.font.families()[0]
    assert families == {0.6: "Inter", 1.0: "JetBrains Mono"}
    narrow = [inks().small.mono.width(text) <= inks().mono.width(text) for text in ("(?, 784)", "0.08", "[-1.9, 2]")]
    assert all(narrow), "what fits in the one font fits in the other"


def test_the_first_view_is_where_most_cards_begin(qapp, qtbot):
    install(qapp)
    low = [Card(f"low{k}", "op/exp", x=300.0 * k, y=2000.0 + 80 * (k % 2)) for k in range(4)]
    items = [Card("high", "op/exp", y=0.0), *low, Card("far", "op/exp", x=9000.0, y=900.0)]
    document, inference = drawn_scene.document_and_inference(items)
    scene = GraphScene(document, inference, inference.kinds)
    view = GraphView(scene)
    view.resize(900, 600)
    view.show()
    qtbot.waitExposed(view)
    view.see_beginning()
    assert view.zoom == 0.5 and all(view.visible_rect.contains(scene.card_rect(card.id)) for card in low)
    view.close()
    scene.detach()
