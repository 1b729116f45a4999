"""The inspector shows what is selected, and what is typed, clicked and dragged in it becomes edits of the document."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PySide6 import QtCore, QtGui, QtWidgets
from pytestqt.qtbot import QtBot

from editor import commands
from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.items import Card, Frame, Item, Note, Ref, Wire
from editor.panels.inspector import Inspector
from editor.theme import theme
from editor.widgets.array_field import ArrayEditor
from editor.widgets.editors import editor_for
from editor.widgets.fields import NumberBox

Key, Left = QtCore.Qt.Key, QtCore.Qt.MouseButton.LeftButton
Build = Callable[..., tuple[Inspector, GraphDocument]]


@pytest.fixture
def build(qtbot: QtBot) -> Build:
    def made(*items: Item, arrays: dict[str, Any] | None = None) -> tuple[Inspector, GraphDocument]:
        document = GraphDocument(items, arrays)
        inspector = Inspector(document, Inference(document))
        qtbot.addWidget(inspector)
        inspector.edit.connect(document.do)
        inspector.select.connect(inspector.show_items)
        inspector.resize(320, 700)
        inspector.show()
        return inspector, document
    return made


def show(inspector: Inspector, *refs: Ref) -> None:
    inspector.show_items(refs)
    inspector.update_now()


def write(qtbot: QtBot, widget: QtWidgets.QWidget, text: str) -> None:
    widget.setFocus()
    for edit in (widget, *widget.findChildren(QtWidgets.QLineEdit)):
        if isinstance(edit, QtWidgets.QLineEdit):
            edit.selectAll()
    qtbot.keyClicks(widget, text)
    qtbot.keyClick(widget, Key.Key_Return)


def texts(inspector: Inspector) -> str:
    QtWidgets.QApplication.processEvents()
    return "\n".join(label.text() for label in inspector.findChildren(QtWidgets.QLabel) if label.isVisibleTo(inspector))


def attributes(document: GraphDocument, card: str) -> dict[str, Any]:
    found = document.card(card)
    assert found is not None
    return dict(found.attributes)


DENSE = (Card("x", "op/placeholder", {"shape": [None, 784]}), Card("hidden", "layer/Dense", {"units": 128}),
         Card("out", "layer/Dense", {"units": 10, "activation": "softmax"}), Wire("x", 0, "hidden", 0),
         Wire("hidden", 0, "out", 0))


def test_every_field_of_every_kind_has_an_editor_that_shows_its_default(qtbot: QtBot) -> None:
    from editor.model.kinds import catalog

    for kind in catalog().values():
        for field in kind.fields:
            editor = editor_for(field, {})
            qtbot.addWidget(editor)
            editor.show_value(field.default, is_default=True)


def test_a_number_that_is_typed_is_one_edit(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(*DENSE)
    show(inspector, Ref("card", "hidden"))
    write(qtbot, inspector.rows["units"].editor.focusProxy(), "64")
    assert attributes(document, "hidden")["units"] == 64
    assert document.history == ["Set units of card 'hidden'"]
    inspector.update_now()
    assert "float32 (?, 64)" in texts(inspector)


def test_what_cannot_be_read_is_said_beside_the_field_and_changes_nothing(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(*DENSE)
    show(inspector, Ref("card", "hidden"))
    row = inspector.rows["units"]
    write(qtbot, row.editor.focusProxy(), "many")
    assert row.error.isVisibleTo(row)
    assert "not a whole number" in row.error.text()
    assert not document.history
    qtbot.keyClick(row.editor.focusProxy(), Key.Key_Escape)
    assert not row.error.isVisibleTo(row)
    assert row.editor.focusProxy().text() == "128"


def test_steps_are_one_edit_until_the_field_is_left(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(*DENSE)
    show(inspector, Ref("card", "hidden"))
    box = inspector.rows["units"].editor.focusProxy()
    for _ in range(3):
        qtbot.keyClick(box, Key.Key_Up)
    assert attributes(document, "hidden")["units"] == 131
    assert len(document.history) == 1
    box.editingFinished.emit()
    qtbot.keyClick(box, Key.Key_Down)
    assert len(document.history) == 2


def test_choices_check_boxes_and_dtypes(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(*DENSE)
    show(inspector, Ref("card", "hidden"))
    combo = inspector.rows["activation"].editor.focusProxy()
    assert isinstance(combo, QtWidgets.QComboBox)
    combo.setFocus()
    qtbot.keyClick(combo, Key.Key_Down)
    qtbot.keyClick(combo, Key.Key_Down)
    assert attributes(document, "hidden")["activation"] == combo.currentText()
    box = inspector.rows["use_bias"].editor.focusProxy()
    qtbot.mouseClick(box, Left, pos=QtCore.QPoint(8, box.height() // 2))
    assert attributes(document, "hidden")["use_bias"] is False
    show(inspector, Ref("card", "x"))
    dtypes = inspector.rows["dtype"].editor.focusProxy()
    dtypes.setFocus()
    qtbot.keyClick(dtypes, Key.Key_Down)
    assert attributes(document, "x")["dtype"] == "float64"
    write(qtbot, inspector.rows["shape"].editor.focusProxy(), "(?, 28, 28)")
    assert attributes(document, "x")["shape"] == [None, 28, 28]


def test_the_default_comes_back_with_a_button_and_is_grey(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(*DENSE)
    show(inspector, Ref("card", "out"))
    row = inspector.rows["activation"]
    assert row.button.isVisibleTo(row)
    assert not inspector.rows["use_bias"].button.isVisibleTo(inspector.rows["use_bias"])
    assert theme.color("text2").name() in inspector.rows["use_bias"].name.styleSheet()
    qtbot.mouseClick(row.button, Left)
    assert "activation" not in attributes(document, "out")
    inspector.update_now()
    assert not row.button.isVisibleTo(row)


def test_several_cards_are_edited_together(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(*DENSE)
    show(inspector, Ref("card", "hidden"), Ref("card", "out"))
    row = inspector.rows["units"]
    assert row.editor.mixed
    assert row.editor.focusProxy().text() == ""
    write(qtbot, row.editor.focusProxy(), "32")
    assert attributes(document, "hidden")["units"] == attributes(document, "out")["units"] == 32
    assert len(document.history) == 1
    inspector.update_now()
    assert not row.editor.mixed


def test_cards_of_different_kinds_share_the_fields_they_both_have(build: Build) -> None:
    inspector, _ = build(Card("a", "layer/Dense", {"units": 3}), Card("b", "layer/Conv2D", {"filters": 3}))
    show(inspector, Ref("card", "a"), Ref("card", "b"))
    assert "use_bias" in inspector.rows
    assert not {"units", "filters"} & set(inspector.rows)


def test_a_card_is_renamed_and_stays_selected(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(*DENSE)
    show(inspector, Ref("card", "hidden"))
    name = next(e for e in inspector.findChildren(QtWidgets.QLineEdit) if e.text() == "hidden")
    write(qtbot, name, "first")
    assert document.card("first") is not None
    assert document.wires_into("out")[0].source == "first"
    assert inspector.refs == {Ref("card", "first")}


@pytest.mark.parametrize("wanted", ["out", "a:0", ""])
def test_names_that_cannot_be_are_refused(qtbot: QtBot, build: Build, wanted: str) -> None:
    inspector, document = build(*DENSE)
    show(inspector, Ref("card", "hidden"))
    name = next(e for e in inspector.findChildren(QtWidgets.QLineEdit) if e.text() == "hidden")
    name.selectAll()
    qtbot.keyClick(name, Key.Key_Delete)
    write(qtbot, name, wanted)
    assert not document.history


def test_problems_stand_at_the_top_with_their_repairs(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(
        *DENSE[:2], DENSE[3],
        Card("w", "op/const", {"value": {"dtype": "float32", "shape": [2, 3], "values": [1.0] * 6}}),
        Card("mm", "op/matmul"), Wire("hidden", 0, "mm", 0), Wire("w", 0, "mm", 1))
    show(inspector, Ref("card", "mm"))
    assert "128" in texts(inspector)
    buttons = [b for b in inspector.findChildren(QtWidgets.QPushButton) if b.isVisibleTo(inspector)]
    assert buttons
    qtbot.mouseClick(buttons[0], Left)
    assert document.history
    assert inspector.inference.problem("mm") is None


def test_what_the_engine_has_against_a_value_stands_beside_it(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(*DENSE, Card("sums", "op/cumsum"), Wire("x", 0, "sums", 0))
    show(inspector, Ref("card", "sums"))
    row = inspector.rows["axis"]
    write(qtbot, row.editor.focusProxy(), "7")
    inspector.update_now()
    assert "axis 7" in row.error.text().lower()
    assert row.error.isVisibleTo(inspector)
    document.undo()
    inspector.update_now()
    assert not row.error.isVisibleTo(inspector)


def test_what_is_too_long_ends_in_an_ellipsis(qtbot: QtBot, build: Build) -> None:
    name = "sparse_categorical_crossentropy_of_the_classes"
    inspector, _ = build(*DENSE, Card(name, "op/exp"), Wire("out", 0, name, 0), Card("end", "op/exp"),
                         Wire(name, 0, "end", 0), Card("loss", "loss/MeanSquaredError"))
    show(inspector, Ref("card", "end"))
    inspector.show()
    link = next(label for label in inspector.findChildren(QtWidgets.QLabel) if f'href="{name}"' in label.text())
    qtbot.waitUntil(lambda: "…" in link.text())
    assert link.toolTip() and link.accessibleName() == name
    show(inspector, Ref("card", "loss"))
    inspector.update_now()
    box = inspector.rows["reduction"].editor.box
    box.setFixedWidth(100)
    assert box.shown_text.endswith("…") and box.currentText() == "sum_over_batch_size"
    box.setFixedWidth(300)
    assert box.shown_text == box.currentText()


def test_sockets_show_where_they_come_from_and_lead_there(qtbot: QtBot, build: Build) -> None:
    inspector, _ = build(*DENSE)
    show(inspector, Ref("card", "out"))
    link = next(label for label in inspector.findChildren(QtWidgets.QLabel) if 'href="hidden"' in label.text())
    with qtbot.waitSignal(inspector.jump) as asked:
        link.linkActivated.emit("hidden")
    assert asked.args == ["hidden"]
    assert "float32 (?, 10)" in texts(inspector)


def test_types_that_come_in_are_followed_where_those_that_go_out_stay(build: Build) -> None:
    inspector, document = build(*DENSE)
    show(inspector, Ref("card", "hidden"))
    document.do(commands.set_attribute(document, ["x"], "shape", [None, 5]))
    inspector.update_now()
    assert "float32 (?, 5)" in texts(inspector)


def test_a_placeholder_is_given_a_value_and_a_slider_moves_it_as_one_edit(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(Card("t", "op/placeholder", {"shape": []}))
    show(inspector, Ref("card", "t"))
    box = next(b for b in inspector.findChildren(QtWidgets.QCheckBox) if b.text().startswith("Given here"))
    qtbot.mouseClick(box, Left, pos=QtCore.QPoint(8, box.height() // 2))
    inspector.update_now()
    editor = inspector.findChild(ArrayEditor)
    assert editor is not None
    assert editor.slider.isVisibleTo(inspector)
    done = len(document.history)
    editor.slider.setSliderDown(True)
    for step in (500, 600, 700):
        editor.slider.setValue(step)
    editor.slider.setSliderDown(False)
    card = document.card("t")
    assert card is not None
    assert card.example["values"][0] > 0
    assert len(document.history) == done + 1
    document.undo()
    document.undo()
    inspector.update_now()
    assert not box.isChecked()


def test_a_value_that_is_too_large_to_be_given_says_so(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(Card("t", "op/placeholder", {"shape": [64, 64]}))
    show(inspector, Ref("card", "t"))
    box = next(b for b in inspector.findChildren(QtWidgets.QCheckBox) if b.text().startswith("Given here"))
    qtbot.mouseClick(box, Left, pos=QtCore.QPoint(8, box.height() // 2))
    assert "4096 numbers are too many" in texts(inspector)
    assert not document.history


def test_arrays_by_their_size(qtbot: QtBot, build: Build) -> None:
    large = np.arange(5000, dtype=np.float32).reshape(50, 100)
    large[0, 0] = np.nan
    inspector, document = build(
        Card("scalar", "op/const", {"value": {"dtype": "float32", "shape": [], "values": [2.0]}}),
        Card("grid", "op/const", {"value": {"dtype": "int32", "shape": [2, 2], "values": [1, 2, 3, 4]}}),
        Card("line", "op/const", {"value": {"dtype": "float32", "shape": [20], "values": [0.5] * 20}}),
        Card("large", "op/const", {"value": {"dtype": "float32", "shape": [50, 100], "array": "w"}}),
        arrays={"w": large})
    show(inspector, Ref("card", "scalar"))
    write(qtbot, inspector.rows["value"].editor.number.box, "2.5")
    assert attributes(document, "scalar")["value"]["values"] == [2.5]
    show(inspector, Ref("card", "grid"))
    inspector.rows["value"].editor.grid.item(1, 0).setText("7")
    assert attributes(document, "grid")["value"]["values"] == [1, 2, 7, 4]
    inspector.rows["value"].editor.grid.item(1, 0).setText("x")
    assert attributes(document, "grid")["value"]["values"] == [1, 2, 7, 4]
    inspector.rows["value"].editor.dtype.announce("float32")
    assert attributes(document, "grid")["value"] == {
        "dtype": "float32", "shape": [2, 2], "values": [1.0, 2.0, 7.0, 4.0]}
    show(inspector, Ref("card", "line"))
    write(qtbot, inspector.rows["value"].editor.text.edit, "[1, 2, 3]")
    assert attributes(document, "line")["value"] == {"dtype": "float32", "shape": [3], "values": [1.0, 2.0, 3.0]}
    show(inspector, Ref("card", "large"))
    assert "1 NaN" in texts(inspector)
    assert "5,000 elements" in texts(inspector)


def test_json_is_taken_over_when_it_is_left(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(Card("d", "data/csv", {"file": "iris.csv"}))
    show(inspector, Ref("card", "d"))
    edit = inspector.rows["feeds"].editor.focusProxy()
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClicks(edit, '{"x": ["a"]}')
    qtbot.keyClick(edit, Key.Key_Return, QtCore.Qt.KeyboardModifier.ControlModifier)
    assert attributes(document, "d")["feeds"] == {"x": ["a"]}
    qtbot.keyClicks(edit, "}")
    qtbot.keyClick(edit, Key.Key_Return, QtCore.Qt.KeyboardModifier.ControlModifier)
    assert "not JSON" in texts(inspector)


def test_files_in_the_documents_folder_are_written_relative_to_it(qtbot: QtBot, build: Build, tmp_path: Any) -> None:
    inspector, document = build(Card("d", "data/csv", {"file": "iris.csv"}))
    inspector.folder = lambda: str(tmp_path)
    show(inspector, Ref("card", "d"))
    editor = inspector.rows["file"].editor
    editor.folder = inspector.folder
    editor.take_path(str(tmp_path / "data" / "a.csv"))
    assert attributes(document, "d")["file"] == "data/a.csv"
    editor.take_path("/elsewhere/b.csv")
    assert attributes(document, "d")["file"] == "/elsewhere/b.csv"


def test_frames_notes_and_the_seed(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(Frame("frame", "Encoder", 0, 0, 100, 100), Note("note", "text", 0, 0))
    show(inspector, Ref("frame", "frame"))
    write(qtbot, next(e for e in inspector.findChildren(QtWidgets.QLineEdit)), "Decoder")
    qtbot.mouseClick(inspector.findChildren(QtWidgets.QToolButton)[-1], Left)
    frame = document.items[Ref("frame", "frame")]
    assert isinstance(frame, Frame)
    assert (frame.title, frame.hue) == ("Decoder", 8)
    show(inspector, Ref("note", "note"))
    edit = inspector.findChild(QtWidgets.QPlainTextEdit)
    assert edit is not None
    edit.setFocus()
    done = len(document.history)
    qtbot.keyClicks(edit, "more ")
    note = document.items[Ref("note", "note")]
    assert isinstance(note, Note)
    assert note.text == "more text"
    assert len(document.history) == done + 1
    show(inspector)
    write(qtbot, inspector.rows["seed"].editor.focusProxy(), "7")
    assert document.setting("seed") == 7
    inspector.update_now()
    qtbot.mouseClick(inspector.rows["seed"].button, Left)
    assert document.setting("seed") is None


def test_undo_and_removal_are_followed(build: Build) -> None:
    inspector, document = build(*DENSE)
    show(inspector, Ref("card", "hidden"))
    document.do(commands.set_attribute(document, ["hidden"], "units", 5))
    inspector.update_now()
    assert inspector.rows["units"].editor.focusProxy().text() == "5"
    document.undo()
    inspector.update_now()
    assert inspector.rows["units"].editor.focusProxy().text() == "128"
    document.do(commands.delete(document, [Ref("card", "hidden")]))
    inspector.update_now()
    assert "Select a card" in texts(inspector)
    document.undo()
    inspector.update_now()
    assert "units" in inspector.rows


def test_it_waits_until_it_is_seen(build: Build) -> None:
    inspector, _ = build(*DENSE)
    inspector.hide()
    inspector.show_items([Ref("card", "hidden")])
    QtWidgets.QApplication.processEvents()
    assert "units" not in inspector.rows
    inspector.show()
    assert "units" in inspector.rows


def test_both_looks_draw(build: Build) -> None:
    inspector, _ = build(*DENSE)
    show(inspector, Ref("card", "hidden"))
    mode = theme.mode
    try:
        for other in ("light", "dark"):
            theme.set(other)
            inspector.update_now()
            assert not inspector.grab().isNull()
    finally:
        theme.set(mode)


def test_steps_of_numbers_follow_their_size_and_stay_inside(qtbot: QtBot) -> None:
    from editor.model.catalog import Field

    box = NumberBox(Field("rate", "", "float", 0.1, low=0, high=1))
    qtbot.addWidget(box)
    assert box.stepped_number(0.001, 1) == 0.0011
    assert box.stepped_number(0.95, 1) == 1
    assert box.stepped_number(0.0, -1) == 0
    whole = NumberBox(Field("n", "", "int", 1, low=1))
    qtbot.addWidget(whole)
    assert whole.stepped_number(9007199254740993, 1) == 9007199254740994
    assert whole.stepped_number(1, -1) == 1


def test_the_wheel_scrolls_past_fields_that_have_no_focus(qtbot: QtBot, build: Build) -> None:
    inspector, document = build(*DENSE)
    show(inspector, Ref("card", "hidden"))
    box = inspector.rows["units"].editor.focusProxy()
    box.clearFocus()
    event = QtGui.QWheelEvent(QtCore.QPointF(5, 5), QtCore.QPointF(5, 5), QtCore.QPoint(0, 120), QtCore.QPoint(0, 120),
                              QtCore.Qt.MouseButton.NoButton, QtCore.Qt.KeyboardModifier.NoModifier,
                              QtCore.Qt.ScrollPhase.NoScrollPhase, False)
    box.wheelEvent(event)
    assert not event.isAccepted()
    assert not document.history


def test_a_card_of_each_category_is_shown(build: Build) -> None:
    from editor.model.kinds import catalog

    kinds = {(kind.family, kind.category): kind for kind in catalog().values() if not kind.hidden}
    inspector, _ = build(*(Card(f"c{k}", kind.key, dict(kind.starting)) for k, kind in enumerate(kinds.values())))
    for k, kind in enumerate(kinds.values()):
        show(inspector, Ref("card", f"c{k}"))
        assert list(inspector.rows) == [field.name for field in kind.fields]
        assert kind.title in texts(inspector)
