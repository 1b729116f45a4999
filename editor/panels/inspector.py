"""What is selected, to read and to edit: a card or several, a frame, a note; the document if nothing is."""
from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6 import QtCore, QtWidgets

from editor import commands
from editor.infer import Inference, Problem
from editor.model.build import chosen_seed
from editor.model.catalog import Field, Kind
from editor.model.document import Change, GraphDocument
from editor.model.inside import can_open
from editor.model.items import SUBGRAPH, Card, Frame, Note, Ref
from editor.model.subgraphs import kind_of
from editor.model.values import EXAMPLE, INLINE, array_form, value_of
from editor.theme import mix, theme
from editor.widgets.array_field import ArrayEditor
from editor.widgets.documentation import documentation
from editor.widgets.editors import editor_for
from editor.widgets.fields import FieldEditor, NumberEditor
from editor.widgets.labels import clear, label, sizes
from editor.widgets.language import told, told_of
from editor.widgets.rows import chip_pixmap
from graphengine import as_dtype

from .inspector_parts import FieldRow, HueButtons, NoteEdit, Page, Ports, Section
from .panel import Panel, column

Qt = QtCore.Qt
SEED, NAME = Field("seed", "", "int", 0, low=0), Field("name", "", "text")


class Inspector(Panel):
    """Shows items; makes edits and hands them up.

    Signals
    -------
    edit(Change) : to be done to the document
    select(refs) : what is to be selected, after a card was renamed
    jump(card) : a card to be shown
    open_requested(card) : it is to be seen from inside
    expand_requested(card) : what lies in the subgraph is to be seen in its place

    Parameters
    ----------
    folder : what paths of files are relative to
    """

    edit = QtCore.Signal(object)
    select = QtCore.Signal(object)
    jump = QtCore.Signal(str)
    open_requested = QtCore.Signal(str)
    expand_requested = QtCore.Signal(str)

    def __init__(self, document: GraphDocument, inference: Inference, folder: Callable[[], str] = lambda: "",
                 parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("inspector", self.tr("Inspector"), parent)
        self.document, self.inference, self.folder = document, inference, folder
        self.refs: frozenset[Ref] = frozenset()
        self.rows: dict[str, FieldRow] = {}
        self._shown: object = None                      # what the widgets were built for
        self._update: Callable[[], None] = lambda: None
        self._closed: set[str] = set()                  # sections that are folded
        self._area = QtWidgets.QScrollArea(widgetResizable=True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column(self, [self._area])
        document.listeners.append(self._follow)
        inference.listeners.append(self._follow_types)

    # ------------------------------------------------ what is shown

    def show_items(self, refs: Iterable[Ref]) -> None:
        """Show what is selected."""
        refs = frozenset(refs)
        if refs != self.refs:
            self.document.end_merging()
            self.refs = refs
            self.mark_stale()

    def close_down(self) -> None:
        """Stop listening."""
        self.document.listeners.remove(self._follow)
        self.inference.listeners.remove(self._follow_types)

    def _follow(self, refs: frozenset[Ref]) -> None:
        if not self.refs or not refs.isdisjoint(self.refs) or any(
                ref.kind == "wire" and Ref("card", ref.key[0]) in self.refs for ref in refs):
            self.mark_stale()

    def _follow_types(self, cards: frozenset[str]) -> None:
        """Types are shown of the selected cards, and of those that their inputs come from."""
        shown = {ref.key for ref in self.refs if ref.kind == "card"}
        if len(shown) == 1:
            shown |= {wire.source for wire in self.document.wires_into(*shown).values()}
        if not cards.isdisjoint(shown):
            self.mark_stale()

    @property
    def cards(self) -> list[Card]:
        """The selected cards, in the document's order."""
        items = self.document.items
        return [item for ref in items if ref in self.refs and isinstance(item := items[ref], Card)]

    def refresh(self) -> None:
        cards, items = self.cards, [self.document.items[r] for r in sorted(self.refs) if r in self.document.items]
        others = [item for item in items if isinstance(item, Frame | Note)]
        subject: object
        if cards:
            subject = ("cards", tuple((card.id, card.kind) for card in cards))
        elif len(others) == 1:
            subject = ("item", others[0].ref)
        else:
            subject = ("several", len(others)) if others else ("document",)
        subject = (subject, theme.is_dark)
        if subject != self._shown:
            self._shown = subject
            self._build(cards, others)
        else:
            self._update()

    def _build(self, cards: list[Card], others: list[Frame | Note]) -> None:
        """New widgets for another subject; they say how they are brought up to date."""
        self.rows = {}
        page = Page()
        self._layout = column(page, margin=12, spacing=8)
        if cards:
            self._build_cards(cards)
        elif len(others) == 1 and isinstance(others[0], Frame):
            self._build_frame(others[0].id)
        elif len(others) == 1 and isinstance(others[0], Note):
            self._build_note(others[0].id)
        elif others:
            self._title(self.tr("{0} items").format(len(others)), "")
            self._update = lambda: None
        else:
            self._build_document()
        self._layout.addStretch(1)
        self._update()                  # before it is laid out, so that nothing jumps
        self._area.setWidget(page)

    def _title(self, title: str, words: str, category: str | None = None) -> None:
        line = QtWidgets.QHBoxLayout()
        line.setSpacing(8)
        if category is not None:
            chip = QtWidgets.QLabel()
            chip.setPixmap(chip_pixmap(category))
            line.addWidget(chip)
        line.addWidget(label(title, face="heading"))
        line.addStretch(1)
        line.addWidget(label(words, role="hint"))
        self._layout.addLayout(line)

    def _section(self, name: str, title: str) -> Section:
        """A section; whether it is folded is remembered by name."""
        section = Section(title)
        section.button.setChecked(name not in self._closed)
        section.button.toggled.connect(
            lambda is_open: self._closed.discard(name) if is_open else self._closed.add(name))
        self._layout.addWidget(section)
        return section

    # ------------------------------------------------ cards

    def _build_cards(self, cards: list[Card]) -> None:
        kinds = [kind_of(card) for card in cards]
        one = kinds[0] if all(kind == kinds[0] for kind in kinds) else None
        title = one.title if one is not None else cards[0].kind.rpartition("/")[2] if len(cards) == 1 else ""
        count = self.tr("{0} cards").format(len(cards))
        self._title(title or count, count if len(cards) > 1 and title else one.category if one is not None else "",
                    one.category if one is not None else None)
        if one is not None:
            self._layout.addWidget(label(one.summary, role="muted", face="body", wraps=True))
        updates: list[Callable[[], None]] = []
        if len(cards) == 1:
            updates.append(self._build_problem(cards[0].id))
            updates.append(self._build_name(cards[0].id))
            if can_open(cards[0].kind) or cards[0].kind == SUBGRAPH:
                self._build_request("openCard", self.tr("Look inside"), self.tr("What the card is made of"), "search",
                                    lambda: self.open_requested.emit(cards[0].id))
            if cards[0].kind == SUBGRAPH:
                self._build_request("expandCard", self.tr("Expand in place"), self.tr("What lies in it, in a frame"),
                                    "frame", lambda: self.expand_requested.emit(cards[0].id))
        fields = _common([kind.fields for kind in kinds if kind is not None]) if None not in kinds else []
        if fields:
            section = self._section("attributes", self.tr("Attributes"))
            for field in fields:
                section.rows.addWidget(self._field_row(field))
            updates.append(self._show_fields)
        if len(cards) == 1 and one is not None:
            if any(socket.carries == "feed" for socket in one.inputs):
                updates.append(self._build_example(cards[0].id))
            updates.append(self._build_ports(cards[0].id))
        updates.append(self._build_switches())
        if one is not None and one.doc:
            self._build_documentation(one)

        def update() -> None:
            for part in updates:
                part()

        self._update = update

    def _build_problem(self, id: str) -> Callable[[], None]:
        box = QtWidgets.QFrame()
        box.setObjectName("problemBox")
        box.hide()
        rows = column(box, margin=10, spacing=8)
        text = label(face="medium", wraps=True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        rows.addWidget(text)
        buttons = QtWidgets.QVBoxLayout()
        rows.addLayout(buttons)
        self._layout.addWidget(box)
        shown: list[object] = [None]

        def update() -> None:
            problem = self.inference.problem(id)
            box.setVisible(problem is not None)
            if problem is None or problem == shown[0]:
                shown[0] = problem
                return
            shown[0] = problem
            tokens, token = theme.tokens, "error" if problem.severity == "error" else "warn"
            ground = mix(tokens.panel, tokens.color(token), 0.14)
            box.setStyleSheet(f"#problemBox {{ background: {ground}; border-radius: 6px; }} "
                              f"QLabel {{ color: {tokens.legible(token, ground)}; }}")
            text.setText(told(problem.detail or problem.text))
            clear(buttons)
            for fix in problem.fixes:
                button = QtWidgets.QPushButton(told(fix.label))
                button.clicked.connect(lambda _=False, fix=fix: self._do(fix.change))
                buttons.addWidget(button)

        return update

    def _build_name(self, id: str) -> Callable[[], None]:
        field = replace(NAME, doc=self.tr("what the card is called in the graph"))
        row = self._row(field, editor_for(field, {}))
        row.name.setText(self.tr("Name"))
        row.editor.changed.connect(lambda name, moving: self._rename(id, name, row))
        self._layout.addWidget(row)
        return lambda: row.show_value(id, False, False)

    def _build_request(self, name: str, text: str, tip: str, icon: str, request: Callable[[], None]) -> None:
        button = QtWidgets.QPushButton(text)
        button.setObjectName(name)
        button.setToolTip(tip)
        theme.dress(button, icon)
        button.clicked.connect(request)
        self._layout.addWidget(button)

    def _rename(self, id: str, name: str, row: FieldRow) -> None:
        change = self._made(lambda document: commands.rename(document, id, name), row)
        if change is None or change.is_nothing:
            return
        self.refs = frozenset({Ref("card", name)})
        self.edit.emit(change)
        self.select.emit(set(self.refs))

    def _row(self, field: Field, editor: FieldEditor, has_head: bool = True) -> FieldRow:
        row = FieldRow(field, editor, has_head)
        editor.settled.connect(self.document.end_merging)
        return row

    def _field_row(self, field: Field) -> FieldRow:
        row = self.rows[field.name] = self._row(field, editor_for(field, self.document.arrays, self.folder))
        row.editor.changed.connect(lambda value, moving: self._set(row, value, moving))
        row.reset.connect(lambda: self._set(row, field.default, False))
        return row

    def _set(self, row: FieldRow, value: Any, moving: bool) -> None:
        ids, name = [card.id for card in self.cards], row.field.name
        merge = ("set", name, *ids) if moving else None
        self._hand_up(lambda document: commands.set_attribute(document, ids, name, value, merge), row)

    def _show_fields(self) -> None:
        cards = self.cards
        problems = [problem for card in cards if (problem := self.inference.problem(card.id)) is not None]
        for name, row in self.rows.items():
            values = [value_of(card, row.field) for card in cards]
            mixed = any(value != values[0] for value in values)
            row.show_value(values[0], mixed, not any(name in card.attributes for card in cards))
            row.show_problem(next((told(problem.text) for problem in problems if _is_about(problem, name)), ""))

    def _build_example(self, id: str) -> Callable[[], None]:
        """The value that a placeholder is run with: random, or given here and moved by a slider."""
        section = self._section("example", self.tr("Value while nothing feeds it"))
        given = QtWidgets.QCheckBox(self.tr("Given here; otherwise random numbers"))
        section.rows.addWidget(given)
        editor = ArrayEditor(EXAMPLE, self.document.arrays, fixed=True)
        row = self._row(EXAMPLE, editor, has_head=False)
        section.rows.addWidget(row)
        said = label(role="error", wraps=True, hidden=True)
        section.rows.addWidget(said)

        def give(on: bool) -> None:
            try:
                value = self._example(id) if on else None
            except ValueError as error:
                said.setText(told_of(error))
                given.setChecked(False)
            else:
                said.clear()
                self._hand_up(lambda document: commands.set_example(document, id, value))
            said.setVisible(bool(said.text()))

        given.clicked.connect(give)
        editor.changed.connect(lambda value, moving: self._hand_up(
            lambda document: commands.set_example(document, id, value, ("example", id) if moving else None), row))

        def update() -> None:
            card = self.document.card(id)
            value = card.example if card is not None else None
            given.setChecked(value is not None)
            row.setVisible(value is not None)
            if value is not None:
                editor.show_value(value)

        return update

    def _example(self, id: str) -> dict[str, Any]:
        """Zeros of the dtype and shape that come out; sizes that are not known are 1."""
        results = self.inference.outputs(id)
        sizes = [size or 1 for size in results[0].sizes or ()] if results else []
        dtype = results[0].dtype or "float32" if results else "float32"
        if math.prod(sizes) > INLINE:
            raise ValueError(self.tr("{0} numbers are too many to be given here; connect data instead.").format(
                math.prod(sizes)))
        return array_form(np.zeros(sizes, as_dtype(dtype).numpy))

    def _build_ports(self, id: str) -> Callable[[], None]:
        inputs, outputs = Ports(), Ports()
        into = self._section("inputs", self.tr("Inputs"))
        into.rows.addWidget(inputs)
        out = self._section("outputs", self.tr("Outputs"))
        out.rows.addWidget(outputs)
        for ports in (inputs, outputs):
            ports.jump.connect(self.jump)

        def update() -> None:
            states = self.inference.inputs_of(id)
            into.setVisible(bool(states))
            inputs.show_ports([self._input(state.socket, state.wire) for state in states])
            results = self.inference.outputs(id)
            out.setVisible(bool(results))
            outputs.show_ports([(result.name or self.tr("result"), "", "", result.dtype,
                                 result.shape if result.carries == "tensor" else result.carries) for result in results])

        return update

    def _input(self, socket: Any, wire: Any) -> tuple[str, str, str, str, str]:
        if wire is None:
            kind = socket.carries if socket.carries != "tensor" else ""
            return socket.name, socket.doc, "", "", kind or (self.tr("optional") if socket.optional else "–")
        results = self.inference.outputs(wire.source)
        result = results[wire.output] if wire.output < len(results) else None
        if result is None:
            return socket.name, socket.doc, wire.source, "", "?"
        shape = result.shape if result.carries == "tensor" else result.carries
        return socket.name, socket.doc, wire.source, result.dtype, shape

    def _build_switches(self) -> Callable[[], None]:
        """How the cards are drawn and whether they take part."""
        section = self._section("card", self.tr("Card"))
        made = []
        for text, tip, attribute, command in (
                (self.tr("Bypassed"), self.tr("The first input goes through unchanged"), "bypassed", commands.bypass),
                (self.tr("Show its values"), self.tr("A strip with the last result"), "preview",
                 commands.show_preview)):
            box = QtWidgets.QCheckBox(text)
            box.setToolTip(tip)
            box.clicked.connect(lambda _=False, command=command: self._hand_up(
                lambda document: command(document, [card.id for card in self.cards])))
            section.rows.addWidget(box)
            made.append((box, attribute))

        def update() -> None:
            for box, attribute in made:
                values = {bool(getattr(card, attribute)) for card in self.cards}
                box.setTristate(len(values) > 1)
                box.setCheckState(Qt.CheckState.PartiallyChecked if len(values) > 1 else
                                  Qt.CheckState.Checked if values == {True} else Qt.CheckState.Unchecked)

        return update

    def _build_documentation(self, kind: Kind) -> None:
        section = self._section("documentation", self.tr("Documentation"))
        text = label(documentation(kind), face="body", wraps=True)
        text.setTextFormat(Qt.TextFormat.RichText)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        text.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Minimum)
        section.rows.addWidget(text)

    # ------------------------------------------------ frames, notes, the document

    def _build_frame(self, id: str) -> None:
        self._title(self.tr("Frame"), "")
        title = Field("title", self.tr("what stands on the frame"), "text")
        row = self._row(title, editor_for(title, {}))
        row.editor.changed.connect(lambda text, moving: self._hand_up(
            lambda document: commands.edit_frame(document, id, title=text), row))
        hues = HueButtons()
        hues.setAccessibleName(self.tr("Color"))
        hues.chosen.connect(lambda hue: self._hand_up(lambda document: commands.edit_frame(document, id, hue=hue)))
        self._layout.addWidget(row)
        self._layout.addWidget(hues)

        def update() -> None:
            frame = self.document.items.get(Ref("frame", id))
            if isinstance(frame, Frame):
                row.show_value(frame.title, False, False)
                hues.show_hue(frame.hue)

        self._update = update

    def _build_note(self, id: str) -> None:
        self._title(self.tr("Note"), "Markdown")
        text = NoteEdit()
        text.setAccessibleName(self.tr("Text of the note"))
        text.setMinimumHeight(180)
        text.setTabChangesFocus(True)
        self._layout.addWidget(text)

        def update() -> None:
            note = self.document.items.get(Ref("note", id))
            if isinstance(note, Note) and text.toPlainText() != note.text:
                blocked = text.blockSignals(True)
                text.setPlainText(note.text)
                text.blockSignals(blocked)

        text.textChanged.connect(lambda: self._hand_up(
            lambda document: commands.edit_note(document, id, text.toPlainText(), merge=("note", id))))
        text.left.connect(self.document.end_merging)
        self._update = update

    def _build_document(self) -> None:
        self._title(self.tr("Document"), "")
        count = label(role="muted", wraps=True)
        self._layout.addWidget(count)
        field = replace(SEED, doc=self.tr("what the random first values of variables follow from"))
        editor = NumberEditor(field)
        row = self.rows["seed"] = self._row(field, editor)
        editor.changed.connect(lambda value, moving: self._hand_up(
            lambda document: commands.set_setting(document, "seed", value, "seed" if moving else None), row))
        row.reset.connect(lambda: self._hand_up(lambda document: commands.set_setting(document, "seed", None), row))
        self._layout.addWidget(row)
        self._layout.addWidget(label(self.tr("Select a card to see and change what it does."), role="hint", wraps=True))

        def update() -> None:
            count.setText(sizes(self.document))
            row.show_value(chosen_seed(self.document), False, self.document.setting("seed") is None)

        self._update = update

    # ------------------------------------------------ edits

    def _made(self, make: Callable[[GraphDocument], Change], row: FieldRow | None = None) -> Change | None:
        """The edit, or None if it is refused; the row says why."""
        try:
            change = make(self.document)
        except ValueError as error:
            if row is not None:
                row.show_error(told_of(error))
                row.editor.display()
            return None
        if row is not None:
            row.show_error("")
        return change

    def _hand_up(self, make: Callable[[GraphDocument], Change], row: FieldRow | None = None) -> None:
        change = self._made(make, row)
        if change is not None and not change.is_nothing:
            self.edit.emit(change)

    def _do(self, make: Callable[[GraphDocument], Change]) -> None:
        self.document.end_merging()
        self._hand_up(make)


def _is_about(problem: Problem, name: str) -> bool:
    """Whether a problem lies in an attribute, which its sentence then begins with."""
    return re.match(rf"{re.escape(name)}\b", problem.text) is not None


def _common(fields: list[tuple[Field, ...]]) -> list[Field]:
    """The fields that all kinds have, by name, form and choices; as the first has them."""
    def key(field: Field) -> tuple[str, str, tuple[Any, ...]]:
        return field.name, field.form, field.choices

    shared = set.intersection(*({key(field) for field in of} for of in fields)) if fields else set()
    return [field for field in fields[0] if key(field) in shared] if fields else []
