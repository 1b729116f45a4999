"""Panels that look at the compiler's work: profile, code, stages and memory, with made messages and with real ones."""
from __future__ import annotations

import pathlib
from dataclasses import replace

import pytest
from PySide6 import QtCore, QtGui

from editor.model.build import build
from editor.model.document import GraphDocument
from editor.model.files import open_document
from editor.model.items import Card
from editor.panels.code import EXPLANATION, CodePanel
from editor.panels.memory import MemoryPanel
from editor.panels.optimized import OptimizedPanel, blocks_of, wires_of
from editor.panels.profile import ProfilePanel
from editor.run import messages as m
from editor.run.compiled import compiled
from editor.run.graph import RunningGraph
from editor.run.profile import profile
from editor.theme import install, theme
from editor.widgets.source import SourceView

Qt = QtCore.Qt
SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
PANELS = ProfilePanel, CodePanel, OptimizedPanel, MemoryPanel
SOURCE = """def k1(b, s, lo, hi):
    # a loop
    for i in range(lo, hi):
        t0 = load(a0, i)
        store(t0, 1.5e3)
"""


def node(id, *inputs, cards=None, group=""):
    return m.StageNode(id, id.rstrip("0123456789"), "Math", inputs, (id,) if cards is None else cards, "(?, 3)", group)


DRAWN = m.Stage("as drawn", (node("x"), node("add", "x"), node("relu", "add"), node("twice", "relu")))
SIMPLE = m.Stage("simplified", (node("x"), node("add", "x"), node("relu", "add"),
                                node("new", "relu", cards=("twice",))),
                 ("rule: 2 * x -> x + x   on twice   the graph",))
FUSED = m.Stage("fused", (node("x"), node("add", "x", group="1 k1"), node("relu", "add", group="1 k1"),
                          node("new", "relu", cards=("twice",), group="0 k0")))
MADE = m.Compiled(
    (DRAWN, SIMPLE, FUSED),
    (m.KernelInfo("0 k0", "twice", ("twice",), "# by hand", {}, 1, "relu: its loops differ"),
     m.KernelInfo("1 k1", "add + relu · 2 ops → 1 loop", ("add", "relu"), SOURCE, {3: "add", 4: "relu"})),
    (m.MemoryInfo("a", 0, 400, 0, 1, ("add",)), m.MemoryInfo("b", 400, 600, 1, 1, ("relu",)),
     m.MemoryInfo("c", 0, 200, 2, 3, ())), 1000, 0.1, "== summary ==\n4 nodes")
MEASURED = m.ProfileResult(
    (m.ProfileRow("0 k0", ("twice",), 3e-6, 6000, 300, 0.25, None),
     m.ProfileRow("1 k1", ("add", "relu"), 9e-6, 100, None, None, None)), {"twice": 3e-6}, 12.5e-6)


@pytest.fixture(scope="module")
def look(qapp):
    install(qapp)
    return theme


def made(qtbot, kind, document=None):
    panel = kind(document or GraphDocument([Card("fit", "train")]))
    qtbot.addWidget(panel)
    panel.sent, panel.jumps = [], []
    panel.request.connect(panel.sent.append)
    panel.jump.connect(panel.jumps.append)
    panel.resize(900, 320)
    panel.show()
    return panel


def shown(panel, *replies):
    for reply in replies:
        panel.take(reply)
    panel.update_now()
    return panel


# -------------------------------------------------------------------- in common

@pytest.mark.parametrize("kind", PANELS)
def test_a_panel_says_what_its_contents_are_of_whoever_asked(look, qtbot, kind):
    panel = made(qtbot, kind)
    result = MEASURED if kind is ProfilePanel else MADE
    for training in ("fit", None):
        shown(panel, replace(result, training=training))
        assert panel.training == training


@pytest.mark.parametrize("kind", PANELS)
def test_empty_panels_say_what_fills_them(look, qtbot, kind):
    panel = made(qtbot, kind)
    asks = m.MeasureProfile if kind is ProfilePanel else m.Compile
    assert panel.pages.currentWidget() is panel.blank and panel.blank.label.text()
    qtbot.mouseClick(panel.blank.button, Qt.MouseButton.LeftButton)
    panel.runs.setCurrentIndex(1)
    qtbot.mouseClick(panel.button, Qt.MouseButton.LeftButton)
    assert panel.sent == [asks(None), asks("fit")]


@pytest.mark.parametrize("kind", PANELS)
def test_work_and_failures_are_told(look, qtbot, kind):
    panel = made(qtbot, kind)
    shown(panel, m.Started(panel.what))
    assert not panel.button.isEnabled()
    shown(panel, m.Failed(panel.what, "there is no graph", fix="draw one"), m.Finished(panel.what))
    assert panel.button.isEnabled() and panel.blank.label.text() == "there is no graph; draw one"
    shown(panel, m.Failed("run", "something else"))
    assert panel.message == "there is no graph; draw one"


@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize("mode", ["dark", "light"])
def test_contents_are_painted_in_both_looks(look, qtbot, kind, mode):
    panel = shown(made(qtbot, kind), MADE, MEASURED)
    panel.select({"relu"})
    try:
        theme.set(mode)
        panel.update_now()
        picture = panel.grab().toImage()
    finally:
        theme.set("dark")
    colors = {picture.pixel(x, y) for x in range(0, 900, 7) for y in range(0, 320, 5)}
    assert len(colors) > 5


@pytest.mark.parametrize("kind", PANELS)
def test_a_graph_without_kernels(look, qtbot, kind):
    nothing = m.Compiled((m.Stage("as drawn", ()), m.Stage("fused", ())), (), (), 0, 0.0, "")
    panel = shown(made(qtbot, kind), nothing, m.ProfileResult((), {}, 0.0))
    panel.select({"x"})
    panel.update_now()
    assert not panel.grab().isNull()


@pytest.mark.parametrize("name", ["iris.graph.json", "digits_cnn.graph.json", "mandelbrot.graph.json"])
def test_real_answers_are_shown(look, qtbot, name):
    document = open_document(SAMPLES / name)
    graph = RunningGraph(build(document), {}, str(SAMPLES))
    arguments = graph, graph.session, list(graph.outputs.values()), graph.feeds()
    answer, measured = compiled(*arguments), profile(*arguments)
    cards = [card.id for card in document.cards]
    for kind in PANELS:
        panel = shown(made(qtbot, kind, document), answer, measured)
        for stage in range(len(answer.stages) if kind is OptimizedPanel else 0):
            panel.slider.setValue(stage)
            panel.update_now()
            assert set(panel.view.nodes) == {n.id for n in answer.stages[stage].nodes}
        for card in cards:
            panel.select({card})
        panel.update_now()
        assert panel.note.text() and not panel.grab().isNull()


# -------------------------------------------------------------------- profile

def cells(panel, row):
    return [panel.sorted.index(row, column).data() for column in range(panel.sorted.columnCount())]


def test_profile_is_sorted_by_time_with_rates(look, qtbot):
    panel = shown(made(qtbot, ProfilePanel), MEASURED)
    assert [cells(panel, 0)[0], cells(panel, 1)] == [
        "1 k1", ["0 k0", "twice", "3 µs", "25%", "6 kB", "2", "25%", "0.1"]]
    assert cells(panel, 0)[6:] == ["–", "–"]
    assert panel.sent == [m.Compile(None)]          # which tells what the kernels do
    assert panel.note.text() == "12.5 µs in 2 kernel calls · 6.1 kB moved"
    shown(panel, MADE)
    assert cells(panel, 0)[0] == "add + relu · 2 ops → 1 loop"
    shown(panel, MEASURED)
    assert len(panel.sent) == 1
    panel.table.sortByColumn(4, Qt.SortOrder.DescendingOrder)
    assert cells(panel, 0)[0] == "twice"
    panel.table.clicked.emit(panel.sorted.index(1, 0))
    assert panel.jumps == [["add", "relu"]]
    panel.select({"twice"})
    panel.update_now()
    assert panel.sorted.index(0, 0).data(Qt.ItemDataRole.ForegroundRole) == theme.color("accent")


# -------------------------------------------------------------------- code

def test_code_marks_lines_of_cards_and_lines_lead_to_cards(look, qtbot):
    panel = shown(made(qtbot, CodePanel), MADE)
    assert panel.kernel.name == "0 k0" and "its loops differ" in panel.reason.text()
    panel.select({"relu"})
    panel.update_now()
    assert panel.kernel.name == "1 k1" and panel.source.marked == {4}
    panel.select({"nothing"})
    panel.update_now()
    assert panel.kernel.name == "1 k1" and panel.source.marked == frozenset()
    block = panel.source.document().findBlockByNumber(3)
    place = panel.source.blockBoundingGeometry(block).translated(panel.source.contentOffset()).center()
    qtbot.mouseClick(panel.source.viewport(), Qt.MouseButton.LeftButton, pos=QtCore.QPoint(60, round(place.y())))
    assert panel.jumps == [["add"]]
    panel.source.line_clicked.emit(0)
    assert len(panel.jumps) == 1


def test_code_begins_with_what_is_selected(look, qtbot):
    panel = made(qtbot, CodePanel)
    panel.select({"relu"})
    assert shown(panel, MADE).kernel.name == "1 k1" and panel.source.marked == {4}


def test_code_keeps_its_kernel_over_a_new_answer_and_copies(look, qtbot):
    panel = shown(made(qtbot, CodePanel), MADE)
    panel.select({"add"})
    panel.select(())
    shown(panel, m.Compiled(MADE.stages, MADE.kernels, (), 0, 0.0, MADE.text))
    assert panel.kernel.name == "1 k1"
    qtbot.mouseClick(panel.copy_button, Qt.MouseButton.LeftButton)
    assert QtGui.QGuiApplication.clipboard().text() == SOURCE
    panel.tabs.setCurrentIndex(EXPLANATION)
    qtbot.mouseClick(panel.copy_button, Qt.MouseButton.LeftButton)
    assert QtGui.QGuiApplication.clipboard().text() == MADE.text


def test_python_is_highlighted(look, qtbot):
    panel = shown(made(qtbot, CodePanel), MADE)
    panel.select({"add"})
    panel.update_now()
    text = panel.source.document()
    colors = {}
    for line in range(text.blockCount()):
        block = text.findBlockByNumber(line)
        for part in block.layout().formats():
            word = block.text()[part.start:part.start + part.length]
            colors[word] = part.format.foreground().color().name()
    tokens = {"def": "gradient", "for": "gradient", "range": "accent", "load": "accent", "1.5e3": "warn",
              "# a loop": "text3"}
    assert {word: colors.get(word) for word in tokens} == {w: theme.color(t).name() for w, t in tokens.items()}
    assert "t0" not in colors


def test_strings_of_several_lines_are_highlighted_to_their_ends(qtbot):
    view = SourceView("text")
    qtbot.addWidget(view)
    view.setPlainText('def f():\n    """for 1\n    in 2 "quoted\n    """; x = 3\n')
    text, string = view.document(), theme.color("ok").name()
    colored = [[(part.start, part.length, part.format.foreground().color().name())
                for part in text.findBlockByNumber(line).layout().formats()] for line in range(4)]
    assert colored[1:3] == [[(4, 8, string)], [(0, 16, string)]]
    assert colored[3] == [(0, 7, string), (13, 1, theme.color("warn").name())]


# -------------------------------------------------------------------- stages

def test_stages_by_slider_with_what_is_new(look, qtbot):
    panel = shown(made(qtbot, OptimizedPanel), MADE)
    assert (panel.stage, panel.name.text(), panel.note.text()) == (2, "fused", "4 nodes · 2 kernels")
    panel.slider.setValue(1)
    panel.update_now()
    assert panel.note.text() == "4 nodes · 1 new, 1 gone"
    assert {id for id, item in panel.view.nodes.items() if item.is_fresh} == {"new"}
    assert [panel.rules.item(0).text(), panel.rules.item(0).toolTip()] == [
        "rule: 2 * x -> x + x\non twice", SIMPLE.fired[0]]
    panel.slider.setValue(0)
    panel.update_now()
    assert panel.difference() == (set(), set()) and panel.rules.count() == 0


def test_selection_goes_both_ways(look, qtbot):
    panel = shown(made(qtbot, OptimizedPanel), MADE)
    panel.select({"twice"})
    panel.update_now()
    assert {id for id, item in panel.view.nodes.items() if item.is_marked} == {"new"}
    item = panel.view.nodes["relu"]
    panel.view.centerOn(item)
    place = panel.view.mapFromScene(item.sceneBoundingRect().center())
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert panel.jumps == [["relu"]]


def test_what_is_marked_is_seen_where_not_everything_fits(look, qtbot):
    chain = tuple(node(f"op{k}", *([f"op{k - 1}"] if k else [])) for k in range(60))
    panel = made(qtbot, OptimizedPanel)
    panel.select({"op40"})
    shown(panel, m.Compiled((m.Stage("as drawn", chain),), (), (), 0, 0.0, ""))

    def is_seen(id):
        view = panel.view
        return view.viewport().rect().contains(view.mapFromScene(view.nodes[id].sceneBoundingRect().center()))

    assert is_seen("op40")
    panel.resize(700, 200)
    assert is_seen("op40")
    panel.select({"op2"})
    panel.update_now()
    assert is_seen("op2")


def test_kernels_stand_together_and_never_lead_to_each_other_in_circles():
    titles = {k.name: k.title for k in MADE.kernels}
    assert [(b.title, [n.id for n in b.nodes]) for b in blocks_of(FUSED, titles)] == [
        ("", ["x"]), ("add + relu · 2 ops → 1 loop", ["add", "relu"]), ("", ["new"])]
    view = m.Stage("fused", (node("x"), node("add", "x", group="1 k1"), node("view", "add"),
                             node("relu", "view", group="1 k1")))
    blocks = blocks_of(view, titles)
    assert [{n.id for n in b.nodes} for b in blocks] == [{"x"}, {"add", "view", "relu"}]
    assert [(a, d) for _, a, _, d in wires_of(blocks)] == [("x", "add")]


def test_nodes_do_not_overlap(look, qtbot):
    panel = shown(made(qtbot, OptimizedPanel), MADE)
    for stage in range(3):
        panel.slider.setValue(stage)
        panel.update_now()
        places = [item.sceneBoundingRect().adjusted(2, 2, -2, -2) for item in panel.view.nodes.values()]
        assert not any(a.intersects(b) for k, a in enumerate(places) for b in places[:k])


# -------------------------------------------------------------------- memory

def test_memory_places_buffers_and_tells_of_them(look, qtbot):
    panel = shown(made(qtbot, MemoryPanel), MADE)
    assert panel.note.text() == "3 buffers of 1.2 kB in an arena of 1 kB · 17% saved by sharing"
    plan = panel.plan
    first, second, third = (plan.box(b) for b in plan.buffers)
    assert first.top() == pytest.approx(second.bottom()) and first.left() < second.left()
    assert first.right() == pytest.approx(third.left()) and third.height() == pytest.approx(first.height() / 2)
    assert plan.at(second.center()) is plan.buffers[1] and plan.at(QtCore.QPointF(1, 1)) is None
    assert plan.describe(plan.buffers[0]).splitlines() == [
        "a", "400 B at address 0", "steps 0 to 1", "0  twice", "1  add + relu · 2 ops → 1 loop", "value of add"]
    qtbot.mouseMove(plan, second.center().toPoint())
    qtbot.mouseClick(plan, Qt.MouseButton.LeftButton, pos=first.center().toPoint())
    qtbot.mouseClick(plan, Qt.MouseButton.LeftButton, pos=third.center().toPoint())
    assert panel.jumps == [["add"]]
