"""The whole window, offscreen: the main way through, with a real process that runs the graphs."""
from __future__ import annotations

import itertools
import os
import pathlib
import signal

import numpy as np
import pytest
from PySide6 import QtCore, QtGui, QtWidgets

import graphengine as ge
from editor import actions, commands
from editor.model.build import build
from editor.model.document import GraphDocument
from editor.model.files import open_document, to_text
from editor.model.items import Card, Frame, Note, Ref, Wire
from editor.run import messages as m
from editor.run.previews import preview
from editor.scene import Hit
from editor.theme import theme

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"


def replies(window):
    """What the process says, as it comes."""
    found = []
    window.running.received.connect(found.append)
    return found


def of(kind, found):
    return [reply for reply in found if isinstance(reply, kind)]


def test_what_can_be_undone_is_said_with_names_as_they_are(open_window):
    opened = open_window(GraphDocument([Card("Dense", "op/negative")]))
    opened.document.do(commands.rename(opened.document, "Dense", "DenseNew"))
    assert opened.actions_["undo"].text() == "Undo rename 'Dense' to 'DenseNew'"
    opened.do_undo()
    assert opened.actions_["redo"].text() == "Redo rename 'Dense' to 'DenseNew'"


def test_cards_show_what_they_showed_while_it_trained(open_window, qtbot, iris_file):
    shown = open_window(open_document(iris_file), iris_file)
    shown.docks.training.show_state("training")
    for k in range(3):
        of_step = preview(np.full(4, k, np.float32))
        shown.running.received.emit(m.TrainingProgress(k, 9, k, 1.0, 1.0, 1.0, 0.1))
        shown.running.received.emit(m.Gradients({"hidden": float(k)}, {}))
        shown.running.received.emit(m.Values({("hidden", 0): of_step}))
        if k == 1:
            shown.docks.training.past.setValue(0)

    def seen():
        result = shown.scene.results["hidden"]
        return result.previews[0].mean, result.norm

    assert seen() == (0, 0), "what comes does not disturb who looks back"
    shown.docks.training.past.setValue(2)
    assert seen() == (2, 2)


def test_what_cards_showed_fades_where_they_have_become_others(open_window, qtbot):
    """Though the process has the graph as it is now: a look knows what it is of."""
    shown = open_window(GraphDocument([Card("x", "op/placeholder", {"shape": [3]}), Card("a", "op/exp", x=300),
                                       Card("b", "op/sin", x=300, y=300), Wire("x", 0, "a", 0), Wire("x", 0, "b", 0)]))
    said = replies(shown)
    shown.do_run()
    qtbot.waitUntil(lambda: bool(of(m.Finished, said)))
    shown.docks.training.show_state("training")
    for k in range(3):
        shown.running.received.emit(m.TrainingProgress(k, 9, k, 1.0, 1.0, 1.0, 0.1))
        shown.running.received.emit(of(m.Values, said)[-1])
    shown.docks.training.show_state("paused")
    shown.attempt(lambda: commands.replace_kind(shown.document, "b", "op/cos"))
    said.clear()
    shown.do_run()
    qtbot.waitUntil(lambda: bool(of(m.Finished, said)))
    assert shown.running.is_current
    shown.docks.training.past.setValue(0)
    assert [shown.scene.cards[id].state.outdated for id in "ab"] == [False, True]


def test_run_train_break_mend_save_and_open_again(open_window, qtbot, iris_file):
    shown = open_window(open_document(iris_file), iris_file)
    document, said = shown.document, replies(shown)
    assert shown.inference.problems() == []
    assert shown.inference.outputs("scores")[0].shape == "(?, 3)"
    places = {(c.x, c.y) for c in document.cards}
    assert len(places) == len(list(document.cards)), "the sample is laid out when it opens"
    assert not document.is_modified and document.history == []

    shown.do_run()
    qtbot.waitUntil(lambda: bool(of(m.Finished, said)))
    assert not of(m.Failed, said)
    previews = {key: p for reply in of(m.Values, said) for key, p in reply.previews.items()}
    assert previews["scores", 0].shape == (15, 3)
    assert previews["loss", 0].shape == ()

    said.clear()
    shown.do_train()
    qtbot.waitUntil(lambda: bool(of(m.Finished, said)))
    assert not of(m.Failed, said)
    losses = [reply.values["loss"] for reply in of(m.Metrics, said) if "loss" in reply.values]
    assert losses[-1] < 0.1             # it begins above 1; the first report may come late
    assert {"hidden", "scores"} <= set(of(m.Gradients, said)[-1].norms)

    shown.attempt(lambda: commands.set_attribute(document, ["hidden"], "units", 5))
    assert shown.inference.outputs("hidden")[0].shape == "(?, 5)"
    document.do(commands.add_card(document, "op/add", 600, 600))
    document.do(commands.connect(document, "hidden", 0, "add", 0))
    document.do(commands.connect(document, "scores", 0, "add", 1))
    problem = shown.inference.problem("add")
    assert problem.severity == "error" and problem.fixes
    document.do(problem.fixes[0].change(document))
    assert shown.inference.problem("add") is None
    for _ in range(5):
        shown.do_undo()
    assert shown.inference.outputs("hidden")[0].shape == "(?, 8)"
    assert not document.is_modified

    text = to_text(document)
    assert shown.save_to(iris_file.with_name("again.graph.json"))
    assert to_text(open_document(iris_file.with_name("again.graph.json"))) == text


def test_what_failed_is_said_though_cards_make_room_for_their_values(open_window, qtbot, tmp_path):
    gone = Card("rows", "data/csv", {"file": "gone.csv", "feeds": {"x": ["a"]}})
    fed = Card("p", "op/placeholder", {"shape": [None, 1]}, x=300)
    shown = open_window(GraphDocument([gone, fed, Wire("rows", 0, "p", 0), Card("n", "op/negative", x=300, y=150),
                                       Wire("p", 0, "n", 0)]), folder=tmp_path)
    said = replies(shown)
    shown.do_run()
    qtbot.waitUntil(lambda: bool(of(m.Finished, said)))
    assert shown.document.card("n").y > 150 and not shown.document.is_modified
    assert shown.banner.isVisible() and "gone.csv" in shown.banner.label.text()
    shown.document.do(commands.set_attribute(shown.document, ["rows"], "file", "other.csv"))
    assert not shown.banner.isVisible(), "it may be mended"


def test_a_frame_grows_with_the_values_on_its_cards(open_window, qtbot):
    """Which is no edit; all that was in it stays in it, also a note."""
    cards = [Card("p", "op/placeholder", {"shape": [None, 3]}, x=20, y=50), Card("n", "op/negative", x=20, y=150),
             Wire("p", 0, "n", 0), Note("about", "what", 20, 250, 100, 60), Frame("f", "Two", 0, 0, 240, 330),
             Card("q", "op/placeholder", {"shape": [None, 3]}, x=40, y=340)]
    shown = open_window(GraphDocument(cards))
    said, inside = replies(shown), shown.scene.contents("f")
    assert len(inside) == 3
    shown.do_run()
    qtbot.waitUntil(lambda: bool(of(m.Finished, said)))
    frame = shown.document.items[Ref("frame", "f")]
    assert frame.height > 330 and shown.scene.contents("f") == inside and not shown.document.is_modified
    rects = {ref: shown.scene.item_rect(ref) for ref in (*inside, frame.ref, Ref("card", "q"))}
    assert all(rects[frame.ref].contains(rects[ref]) for ref in inside)
    assert not any(a.intersects(b) for a, b in itertools.combinations([rects[ref] for ref in inside], 2))
    assert rects[Ref("card", "q")].top() >= frame.height


def test_stop_in_the_middle_of_a_training(open_window, qtbot, iris_file):
    shown = open_window(open_document(iris_file), iris_file)
    said = replies(shown)
    shown.attempt(lambda: commands.set_attribute(shown.document, ["train"], "epochs", 2_000_000))
    shown.do_train()
    qtbot.waitUntil(lambda: len(of(m.Metrics, said)) > 3)
    shown.do_stop()
    qtbot.waitUntil(lambda: bool(of(m.Finished, said)))
    assert of(m.Finished, said)[-1].stopped and not of(m.Died, said)
    assert shown.running.busy == ""


def test_a_killed_process_is_a_banner_and_the_document_stays(open_window, qtbot, iris_file):
    shown = open_window(open_document(iris_file), iris_file)
    said = replies(shown)
    shown.attempt(lambda: commands.set_attribute(shown.document, ["train"], "epochs", 2_000_000))
    text = to_text(shown.document)
    shown.do_train()
    qtbot.waitUntil(lambda: len(of(m.Metrics, said)) > 3)
    os.kill(shown.running.runner.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: bool(of(m.Died, said)))
    assert shown.banner.isVisible() and "safe" in shown.banner.label.text()
    assert to_text(shown.document) == text
    qtbot.waitUntil(lambda: len(of(m.Ready, said)) > 1 or shown.running.is_ready)
    said.clear()
    shown.do_run()
    qtbot.waitUntil(lambda: bool(of(m.Finished, said)))
    assert of(m.Values, said)


def test_drawing_from_nothing_by_palette_search_and_wires(open_window, qtbot):
    shown = open_window(GraphDocument())
    assert shown.empty.isVisible()
    shown.add_kind("op/placeholder")
    assert not shown.empty.isVisible()
    shown.add_kind("layer/Dense")
    cards = [c.id for c in shown.document.cards]
    shown.document.do(commands.set_attribute(shown.document, [cards[0]], "shape", [None, 3]))
    shown.document.do(commands.connect(shown.document, cards[0], 0, cards[1], 0))
    assert shown.inference.problems() == []
    said = replies(shown)
    shown.do_run()
    qtbot.waitUntil(lambda: bool(of(m.Finished, said)))
    assert not [reply for reply in of(m.Failed, said) if reply.what != "inspect"]
    assert any(key[0] == cards[1] for reply in of(m.Values, said) for key in reply.previews)


def test_a_kind_dropped_on_the_canvas(open_window, qtbot):
    shown = open_window(GraphDocument())
    data = QtCore.QMimeData()
    data.setData("application/x-graphengine-kind", b"op/relu")
    place = QtCore.QPoint(300, 200)
    action, buttons = QtCore.Qt.DropAction.CopyAction, QtCore.Qt.MouseButton.LeftButton
    none = QtCore.Qt.KeyboardModifier.NoModifier
    viewport = shown.view.viewport()
    QtWidgets.QApplication.sendEvent(viewport, QtGui.QDragEnterEvent(place, action, data, buttons, none))
    QtWidgets.QApplication.sendEvent(viewport, QtGui.QDragMoveEvent(place, action, data, buttons, none))
    QtWidgets.QApplication.sendEvent(viewport, QtGui.QDropEvent(QtCore.QPointF(place), action, data, buttons, none))
    assert [c.kind for c in shown.document.cards] == ["op/relu"]


QUICK = ("drawn_iris", "char_model", "xor")
NAMES = [p.name.partition(".")[0] for p in sorted(SAMPLES.glob("*.graph.json"))]


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NAMES])
def test_every_action_on_every_sample(open_window, qtbot, monkeypatch, name, tmp_path):
    """Nothing that a menu offers raises, whatever is open and selected; dialogs are answered with nothing."""
    monkeypatch.setattr(QtWidgets.QFileDialog, "getSaveFileName", lambda *a, **k: ("", ""))
    shown = open_window(open_document(SAMPLES / f"{name}.graph.json"), None, SAMPLES)
    monkeypatch.setattr(shown.running, "ask", lambda request: None)
    for what in ("run", "train", "step", "restart_weights"):
        monkeypatch.setattr(shown.running, what, lambda *a: None)
    first = next(iter(shown.document.cards))
    for command in actions.commands():
        if command.name in ("close", "quit", "open", "new", "samples"):
            continue
        ids = [c.id for c in shown.document.cards]
        shown.scene.select([Ref("card", first.id if first.id in ids else i) for i in ids[:3]])
        shown.actions_[command.name].trigger()
        QtWidgets.QApplication.processEvents()
        popup = QtWidgets.QApplication.activePopupWidget()
        if popup is not None:
            popup.close()
    for child in shown.findChildren(QtWidgets.QDialog):
        child.close()
    while shown.document.undo():
        pass
    assert not build(shown.document).problems


def test_after_the_first_hints_keys_go_to_the_canvas(open_window, qtbot):
    made = open_window(GraphDocument())
    made.guide.begin(again=True)
    assert made.guide.isAncestorOf(made.focusWidget())
    qtbot.mouseClick(made.guide.skip, QtCore.Qt.MouseButton.LeftButton)
    assert made.focusWidget() is made.view


def test_themes_switch_while_the_window_is_open(open_window, iris_file):
    shown = open_window(open_document(iris_file), iris_file)
    before = theme.mode
    try:
        for mode in ("light", "dark"):
            theme.set(mode)
            ground = shown.grab().toImage().pixelColor(shown.width() // 2, shown.height() // 3)
            assert (ground.lightness() > 128) == (mode == "light")
    finally:
        theme.set(before)


def test_a_panel_that_opens_leaves_the_zoom_to_who_edits(open_window, qtbot):
    shown = open_window(GraphDocument([Card("p", "op/placeholder", {"shape": [None, 1]}),
                                       Card("n", "op/negative", x=300), Wire("p", 0, "n", 0)]))
    qtbot.wait(50)
    shown.document.do(commands.add_card(shown.document, "op/relu", 4000, 3000))
    zoom = shown.view.zoom
    shown.resize(1300, 800)
    qtbot.wait(50)
    assert shown.view.zoom == zoom


def test_cards_that_are_added_one_after_the_other_lie_on_none(open_window, iris_file):
    shown = open_window(open_document(iris_file), iris_file)
    before = set(shown.scene.cards)
    for _ in range(3):
        shown.add_kind("op/relu")
    assert len(set(shown.scene.cards) - before) == 3
    rects = {id: shown.scene.card_rect(id) for id in shown.scene.cards}
    assert not any(rects[new].intersects(rect) for new in rects.keys() - before
                   for id, rect in rects.items() if id != new)


def test_live_mode_runs_after_an_edit(open_window, qtbot):
    document = GraphDocument([
        Card("a", "op/const", {"value": {"dtype": "float32", "shape": [], "values": [2.0]}}),
        Card("b", "op/square"), Wire("a", 0, "b", 0)])
    shown = open_window(document)
    said = replies(shown)
    shown.actions_["live"].setChecked(True)
    qtbot.waitUntil(lambda: bool(of(m.Values, said)))
    qtbot.waitUntil(lambda: shown.running.busy == "")
    said.clear()
    value = {"dtype": "float32", "shape": [], "values": [3.0]}
    shown.document.do(commands.set_attribute(document, ["a"], "value", value))
    qtbot.waitUntil(lambda: any(("b", 0) in reply.previews and reply.previews["b", 0].text.startswith("9")
                                for reply in of(m.Values, said)))


def test_at_first_an_edit_shows_values_by_itself_and_a_switch_ends_that(open_window, own_home, qtbot):
    (own_home / "settings.json").unlink()
    number = {"value": {"dtype": "float32", "shape": [], "values": [2.0]}}
    shown = open_window(GraphDocument([Card("a", "op/const", number)]))
    assert shown.actions_["live"].isChecked() and not shown.running.busy, "nothing was edited yet"
    shown.document.do(commands.add_card(shown.document, "op/square", 300, 0, source=("a", 0)))
    qtbot.waitUntil(lambda: "square" in shown.scene.results)
    assert shown.scene.results["square"].previews[0].text.startswith("4")
    shown.actions_["live"].setChecked(False)
    assert open_window(GraphDocument()).running.live is False, "it is remembered"


def test_cards_that_show_values_push_those_below_them(open_window, qtbot):
    """Which is no edit: nothing is to be saved or undone."""
    number = {"value": {"dtype": "float32", "shape": [], "values": [1.0]}}
    document = GraphDocument([Card("a", "op/const", number), Card("b", "op/const", number, y=96)])
    shown = open_window(document)
    assert not shown.scene.card_rect("a").intersects(shown.scene.card_rect("b"))
    shown.do_run()
    qtbot.waitUntil(lambda: document.card("b").y > 96)
    assert not shown.scene.card_rect("a").intersects(shown.scene.card_rect("b"))
    assert document.card("a").y == 0 and not document.history and not document.is_modified


def test_a_large_graph_opens_and_is_laid_out(open_window, qtbot):
    items = [Card("x", "op/placeholder", {"shape": [None, 8]})]
    for k in range(300):
        items += [Card(f"n{k}", "op/relu"), Wire("x" if k == 0 else f"n{k - 1}", 0, f"n{k}", 0)]
    shown = open_window(GraphDocument(items))
    qtbot.waitUntil(lambda: len({(c.x, c.y) for c in shown.document.cards}) == 301)
    assert isinstance(build(shown.document).graph, ge.Graph)


def test_a_message_lies_over_the_canvas_and_moves_nothing(open_window, iris_file):
    shown = open_window(open_document(iris_file), iris_file)
    QtWidgets.QApplication.processEvents()
    before = shown.view.geometry(), shown.view.mapToScene(0, 0)
    for text in ("short", "long " * 200):
        shown.banner.show_message(text)
        QtWidgets.QApplication.processEvents()
        assert (shown.view.geometry(), shown.view.mapToScene(0, 0)) == before
        assert shown.banner.isVisible() and shown.banner.width() == shown.view.width()
        label = shown.banner.label
        assert label.height() >= label.heightForWidth(label.width())


def test_nobody_follows_a_document_whose_window_is_closed(open_window, iris_file):
    document = open_document(iris_file)
    shown = open_window(document, iris_file)
    shown.tool.inline.edit_row(next(c.id for c in document.cards if c.kind == "op/placeholder"), 0)
    assert shown.close() and document.listeners == []


def test_panels_behind_other_tabs_wait_until_they_are_seen(open_window, qtbot):
    window = open_window(GraphDocument([Card("x", "op/placeholder")]))
    outline = window.docks.outline
    for name, others in {"palette": "outline", "outline": "palette"}.items():
        window.docks.reveal(name)
        qtbot.waitUntil(lambda name=name: window.docks.panels[name].is_seen)
        qtbot.waitUntil(lambda others=others: not window.docks.panels[others].is_seen)
    window.docks.reveal("palette")
    qtbot.waitUntil(lambda: not outline.is_seen)
    outline.update_now()
    before = outline.model
    window.document.do(commands.add_card(window.document, "op/exp", 300, 0))
    qtbot.waitUntil(lambda: not window.docks.inspector._is_stale)       # which is seen, and was told as well
    assert outline.model is before
    window.docks.reveal("outline")
    qtbot.waitUntil(lambda: outline.model is not before)
    assert outline.model.rowCount() == 2


def test_the_menu_of_a_frame_renames_and_colors_it(open_window) -> None:
    window = open_window(GraphDocument([Card("a", "op/negative")]))
    window.edit(commands.frame_selection(window.document, {Ref("card", "a"): (0.0, 0.0, 200.0, 100.0)}))
    frame = next(ref for ref in window.document.items if ref.kind == "frame")
    window._context_menu(window.mapToGlobal(QtCore.QPoint(9, 9)), Hit("frame", frame, "title"))
    menu = QtWidgets.QApplication.activePopupWidget()
    colors = next(action.menu() for action in menu.actions() if action.menu() is not None)
    colors.actions()[4].trigger()
    assert window.document.items[frame].hue == 4
    next(action for action in menu.actions() if action.text() == "Rename").trigger()
    assert window.tool.inline.ref == frame, "the field over its title is open"
    menu.close()
    window.do_undo()
    assert window.document.items[frame].hue == 0
