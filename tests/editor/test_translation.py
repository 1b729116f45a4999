"""Every sentence can be translated: a language in brackets, half as long again, is put in place of English."""
from __future__ import annotations

import dataclasses
import pathlib
import re

import pytest
from PySide6 import QtCore, QtWidgets

from editor import commands
from editor.banner import said
from editor.io.settings import Settings
from editor.model.document import Change
from editor.model.files import open_document
from editor.model.items import Ref
from editor.model.kinds import catalog
from editor.model.words import Words
from editor.panels.amounts import UNITS
from editor.panels.matrix import COLOR_MAPS
from editor.theme import install
from editor.welcome import Welcome
from editor.widgets.language import told

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
OPEN, CLOSE = "⟦", "⟧"
TYPED = re.compile(rf"(\w+) \([\d?, ]*\)(?: · [\d.]+ (?:{'|'.join(UNITS)}))?")      # a tensor: dtype, sizes, bytes


class Brackets(QtCore.QTranslator):
    """A language that can be read, and told from what nobody translates."""

    def isEmpty(self):
        return False

    def translate(self, context, text, disambiguation=None, n=-1):
        return f"{OPEN}{text}{'·' * (len(text) // 2)}{CLOSE}" if text else text


@pytest.fixture
def foreign(qapp):
    install(qapp)
    translator = Brackets(qapp)
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


@pytest.fixture
def window(foreign, open_window, qtbot):
    path = SAMPLES / "drawn_iris.graph.json"
    made = open_window(open_document(path), folder=path.parent, size=(1600, 1000))
    made.scene.select([Ref("card", "hidden")])
    qtbot.wait(100)
    return made


def names_of_the_engine():
    """Words that the registries give: they are names, the same in every language."""
    found = {"graphengine", "name", "seed", "float32", "int64", *COLOR_MAPS}
    for kind in catalog().values():
        found |= {kind.title, kind.family, kind.category, kind.key, kind.summary, kind.doc}
        for field in kind.fields:
            found |= {field.name, field.doc, *map(str, field.choices), str(field.default)}
        for socket in (*kind.inputs, *kind.outputs):
            found |= {socket.name, socket.doc}
    return found


def texts(widget):
    """What a person reads or hears of a widget, with what it is."""
    yield "accessible name", widget.accessibleName()
    yield "tool tip", widget.toolTip()
    if isinstance(widget, QtWidgets.QLabel | QtWidgets.QAbstractButton | QtWidgets.QGroupBox):
        yield "text", widget.title() if isinstance(widget, QtWidgets.QGroupBox) else widget.text()
    if isinstance(widget, QtWidgets.QLineEdit | QtWidgets.QPlainTextEdit):
        yield "hint", widget.placeholderText()
    if isinstance(widget, QtWidgets.QComboBox):
        yield from (("choice", widget.itemText(k)) for k in range(widget.count()))
    if isinstance(widget, QtWidgets.QTabBar):
        yield from (("tab", widget.tabText(k)) for k in range(widget.count()))
    if isinstance(widget, QtWidgets.QTreeView | QtWidgets.QTableView) and widget.model() is not None:
        model = widget.model()
        yield from (("heading", str(model.headerData(k, QtCore.Qt.Orientation.Horizontal) or ""))
                    for k in range(model.columnCount()))
    for action in widget.actions():
        yield "action", action.text()
        yield "tip of an action", action.toolTip()


def untranslated(top, names):
    """Texts with words in them that were not translated, nor are names."""
    found = set()
    documented = tuple(kind.summary for kind in catalog().values() if kind.summary)
    for widget in (top, *top.findChildren(QtWidgets.QWidget)):
        for what, text in texts(widget):
            plain = outside(re.sub(r"<[^>]*>", "", text).replace("&", "")).strip()
            words = re.findall(r"[A-Za-z]{3,}", plain)
            typed = TYPED.fullmatch(plain)
            plain = typed[1] if typed else plain
            if words and plain not in names and not plain.startswith(documented):
                found.add((type(widget).__name__, widget.objectName(), what, plain))
    return found


def outside(text):
    """What of a text does not stand in brackets, whose end may be cut off; those in others go first."""
    inner = re.compile(rf"{OPEN}[^{OPEN}{CLOSE}]*(?:{CLOSE}|$)")
    while inner.search(text):
        text = inner.sub("", text)
    return text


def test_a_tensor_is_no_sentence_but_words_beside_it_are(foreign, qtbot):
    """What the viewer shows before and after a run is data; nothing else passes for it."""
    top = QtWidgets.QWidget()
    qtbot.addWidget(top)
    for text in ("float32 (15, 8) · 480 B", "int64 (?, 4)", "float32 ()", "float32 (150,) · 1.2 kB"):
        QtWidgets.QLabel(text, top)
    assert untranslated(top, names_of_the_engine()) == set()
    sentences = ("float32 (15, 8) · 480 bytes", "float32 (no shape)", "float32 (15,) · first 8")
    for text in (*sentences, "Rows (15, 8)"):
        QtWidgets.QLabel(text, top)
    assert {text for *_, text in untranslated(top, names_of_the_engine())} == {*sentences, "Rows"}


def test_words_beside_a_translation_are_seen(foreign, qtbot):
    top = QtWidgets.QWidget()
    qtbot.addWidget(top)
    for text in ("⟦Undo⟧ connect the wires", "⟦Saved ⟦graph⟧⟧", "⟦Close"):
        QtWidgets.QLabel(text, top)
    assert [text for *_, text in untranslated(top, set())] == ["connect the wires"]


def test_every_text_of_a_window_is_translated(window, qtbot):
    names = names_of_the_engine() | {card.id for card in window.document.cards}
    for name in window.docks.panels:
        window.docks.reveal(name)
        qtbot.wait(30)
    window.do_cheat_sheet()
    window.do_find()
    window.do_about()
    found = untranslated(window, names)
    assert not found, "\n".join(map(str, sorted(found)))


def test_edits_and_why_they_are_refused_are_told_in_that_language(window):
    document, names = window.document, {card.id for card in window.document.cards}
    first, *others = sorted(names)
    refs = [Ref("card", first), Ref("card", others[0])]
    for make in (lambda: commands.rename(document, first, "other"), lambda: commands.move(document, refs[1:], 12, 0),
                 lambda: commands.add_note(document, 5, 5), lambda: commands.delete(document, refs[1:])):
        assert window.tool.canvas.attempt(make) is not None
        words = outside(window.actions_["undo"].text())
        assert not words.strip(" "), words
    said = []
    window.tool.said.connect(said.append)
    window.attempt(lambda: commands.rename(document, "other", others[1]))
    window.attempt(lambda: commands.group(document, []))
    assert len(said) == 2 and not "".join(map(outside, said))


def test_problems_that_the_editor_finds_are_told_in_that_language(window, qtbot):
    document, panels = window.document, window.docks.panels
    names = names_of_the_engine() | {card.id for card in document.cards}
    document.do(commands.delete(document, [document.wires_into("hidden")[0].ref]))
    hidden = document.card("hidden")
    unfit = dataclasses.replace(hidden, attributes={**hidden.attributes, "units": -1})
    document.do(Change("Unfit", {hidden.ref: hidden}, {hidden.ref: unfit}))
    document.do(commands.add_card(document, "data/random", 0, 900, {"seed": -1, "rows": -1}))
    problems = window.inference.problems()
    assert len(problems) > 1
    for problem in problems:
        window.scene.select([Ref("card", problem.card)])
        for name in ("inspector", "problems", "outline"):
            window.docks.reveal(name)
            panels[name].update_now()
            found = untranslated(panels[name], names)
            assert not [text for *_, what, text in found if what in ("text", "tool tip")], (problem, found)
        for fix in problem.fixes:
            assert not outside(told(fix.label)).strip()
    table = panels["problems"].table
    rows = [table.topLevelItem(k).text(2) for k in range(table.topLevelItemCount())]
    assert len(rows) == len(problems) and not outside("".join(rows))


def test_every_text_of_the_welcome_screen_is_translated(foreign, qtbot):
    made = Welcome(Settings())
    qtbot.addWidget(made)
    made.show()
    samples = {text for card in made.cards for text in (card.sample.title, card.sample.about)}
    assert untranslated(made, names_of_the_engine() | samples) == set()


def test_long_words_are_not_cut(window, qtbot):
    cut = set()
    for name in window.docks.panels:
        window.docks.reveal(name)
        qtbot.wait(30)
        for button in window.findChildren(QtWidgets.QAbstractButton):
            if button.isVisible() and OPEN in button.text() and button.width() + 1 < button.minimumSizeHint().width():
                cut.add((name, button.objectName(), button.text(), button.width(), button.minimumSizeHint().width()))
    assert cut == set()


def test_what_banners_and_cards_say_is_translated(window, tmp_path):
    """Names of files and cards are what stands outside of the brackets."""
    (tmp_path / "1.xyz").write_text("?")
    (tmp_path / "2.csv").write_text("")
    (tmp_path / "3.csv").write_text("a,b\n1,2\n")
    for name in ("1.xyz", "2.csv", "3.csv"):
        window._dropped([tmp_path / name], QtCore.QPointF(0, 0))
        assert name in window.banner.label.text()
        assert not re.search("[a-z]{3,}", outside(window.banner.label.text()).replace(name, "")), name
    error = PermissionError(13, Words("the file is read-only"), "4.graph.json")
    assert said(error).startswith(OPEN)
    window.document.do(commands.delete(window.document, [Ref("wire", ("hidden", 0))]))
    told_of_card = window.tool.canvas.describe("hidden")
    assert f"{OPEN}error: " in told_of_card or f"{OPEN}warning: " in told_of_card
