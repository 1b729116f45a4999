"""Training: buttons, progress, curves of loss and metrics for runs to compare, gradients, decision boundary."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.kinds import TRAIN, catalog
from editor.model.meaning import OTHERS, Makers
from editor.model.values import value_of
from editor.run import messages as m
from editor.theme import icon, theme

from .amounts import duration, number
from .boundary import BoundaryView
from .curves import CurvesView
from .gradients import GradientsView
from .live import Blank, Fitting, LivePanel, Pages, caption, row, series_color, swatch, tool
from .past import Look, Past
from .runs import Run, Runs, base, rises, table

Qt = QtCore.Qt
CURVES, GRADIENTS, BOUNDARY = range(3)
NAME, LAST, BEST = range(3)
FEW_EPOCHS = FEW_STEPS = 10         # up to here parts of them are told


class TrainingPanel(LivePanel):
    """Starts and stops trainings, and shows how they go.

    Signals
    -------
    jump(card) : a card to be shown
    chosen(kind) : a card of that kind is wanted

    Attributes
    ----------
    state : "idle", "training" or "paused", as `show_state` was told
    makers : tells what graph values come from
    """

    jump = QtCore.Signal(str)
    chosen = QtCore.Signal(str)

    def __init__(self, document: GraphDocument, inference: Inference, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("training", self.tr("Training"), parent)
        self.document, self.inference = document, inference
        self.runs = Runs()
        self.state = "idle"
        self.makers: Callable[[m.Values], Makers] = lambda reply: OTHERS
        self.progress: m.TrainingProgress | None = None
        self.message = ""
        self._look: object = None
        self._gradients: m.Gradients | None = None
        self._make_bar()
        self._make_views()
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._bar)
        layout.addLayout(self._strip)
        layout.addWidget(self.pages, 1)
        document.listeners.append(self.mark_stale)
        self._show_state()

    def close_down(self) -> None:
        """Stop listening."""
        self.document.listeners.remove(self.mark_stale)

    # ------------------------------------------------ parts

    def _make_bar(self) -> None:
        self.train_button = QtWidgets.QPushButton()
        self.train_button.setProperty("primary", True)
        self.train_button.setMinimumWidth(96)
        self.train_button.clicked.connect(self.train)
        self.pause_button = tool("pause", self.tr("Pause"), lambda: self.request.emit(m.Pause()))
        self.step_button = tool("step", self.tr("One step"), self.step)
        self.stop_button = tool("stop", self.tr("Stop"), self.stop)
        self.reset_button = tool("reset", self.tr("Train from first values"), self.reset)
        self.cards = QtWidgets.QComboBox()
        self.cards.setAccessibleName(self.tr("Train card"))
        self.rate = RateField()
        self.rate.setAccessibleName(self.tr("Learning rate"))
        self.rate.setToolTip(self.tr("Learning rate; takes effect while it trains"))
        self.rate.changed.connect(lambda value: self.request.emit(m.SetLearningRate(value)))
        self.bar = QtWidgets.QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setMinimumWidth(60)
        self.bar.setMaximumWidth(140)
        self.bar.setAccessibleName(self.tr("Progress of the training"))
        self.words = Fitting()
        theme.wear(self.words, "mono")
        self._bar = row(self.train_button, self.pause_button, self.step_button, self.stop_button, self.reset_button,
                        self.cards, 6, caption(self.tr("Learning rate")), self.rate, 6, margins=(8, 6, 10, 2))
        self._bar.addWidget(self.bar, 1)
        self._bar.addSpacing(6)
        self._bar.addWidget(self.words, 3)

    def _make_views(self) -> None:
        self.tabs = QtWidgets.QTabBar()
        for text in (self.tr("Curves"), self.tr("Gradients"), self.tr("Boundary")):
            self.tabs.addTab(text)
        self.tabs.setAccessibleName(self.tr("Views of the training"))
        self.tabs.setExpanding(False)
        self.tabs.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tabs.currentChanged.connect(self._turn)
        self.log = QtWidgets.QCheckBox(self.tr("Log scale"))
        self.log.toggled.connect(self._change_look)
        self.smoothing = QtWidgets.QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(1, 100)
        self.smoothing.setFixedWidth(90)
        self.smoothing.setAccessibleName(self.tr("Smoothing"))
        self.smoothing.setToolTip(self.tr("Each point is the mean of the last so many"))
        self.smoothing.valueChanged.connect(self._change_look)
        self._smoothing_label = caption(self.tr("Smoothing"))
        self.export_button = tool("export", self.tr("Save the curves as CSV …"), self._export)
        self.ratio = QtWidgets.QCheckBox(self.tr("Update / weight"))
        self.ratio.toggled.connect(self._change_look)
        self.histograms = QtWidgets.QCheckBox(self.tr("Histograms"))
        self.histograms.setToolTip(self.tr("How the values of each variable and its gradient are spread"))
        self.histograms.toggled.connect(self._change_look)
        self._options: dict[int, list[QtWidgets.QWidget]] = {
            CURVES: [self.log, self._smoothing_label, self.smoothing, self.export_button],
            GRADIENTS: [self.histograms, self.ratio], BOUNDARY: []}
        self.past = Past()
        self._strip = row(self.tabs, None, caption(self.tr("Look back")), self.past, 12, self.log, 6,
                          self._smoothing_label, self.smoothing, self.export_button, self.histograms, 6, self.ratio,
                          margins=(8, 0, 10, 2))
        self.curves = CurvesView(self.runs)
        self.tree = self._make_tree()
        split = QtWidgets.QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(self.curves)
        split.addWidget(self.tree)
        split.setStretchFactor(0, 1)
        split.setSizes([560, 330])
        self.gradients = GradientsView()
        self.gradients.jump.connect(self.jump)
        self.boundary = BoundaryView(self.document, self.inference)
        self.boundary.request.connect(self.request)
        self.pages = Pages()
        for page in (split, self.gradients, self.boundary):
            self.pages.addWidget(page)
        self._no_card = Blank(self.tr("Nothing to train yet: a Train card ties a loss, an optimizer and data."),
                              self.tr("Add a Train card"), "add", lambda: self.chosen.emit(TRAIN))
        self._no_run = Blank(self.tr("Loss and metrics are drawn here while the graph trains."),
                             self.tr("Train"), "train", self.train)
        self.pages.addWidget(self._no_card)
        self.pages.addWidget(self._no_run)

    def _make_tree(self) -> QtWidgets.QTreeWidget:
        tree = QtWidgets.QTreeWidget()
        tree.setAccessibleName(self.tr("Runs"))
        tree.setHeaderLabels([self.tr("Runs"), self.tr("last"), self.tr("best")])
        tree.setMinimumWidth(240)
        tree.setIndentation(14)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(NAME, QtWidgets.QHeaderView.ResizeMode.Stretch)
        for column in (LAST, BEST):
            header.setSectionResizeMode(column, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
            tree.headerItem().setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for text, drawing, does, keys in (
            (self.tr("Rename"), "note", self._rename_chosen, Qt.Key.Key_F2),
            (self.tr("Remove run"), "delete", self._remove_chosen, Qt.Key.Key_Delete),
        ):
            action = QtGui.QAction(text, tree)
            action.setShortcut(QtGui.QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            theme.dress(action, drawing)
            action.triggered.connect(does)
            tree.addAction(action)
        tree.itemChanged.connect(self._edit_run)
        return tree

    # ------------------------------------------------ requests

    @property
    def card(self) -> str | None:
        """The Train card that the buttons are about."""
        found: str | None = self.cards.currentData()
        return found

    def train(self) -> None:
        """Begin; a training that is held goes on."""
        self._send(m.Train)

    def step(self) -> None:
        self._send(m.Step)

    def stop(self) -> None:
        self.request.emit(m.Stop())

    def reset(self) -> None:
        """Train from first values, though a training runs or is held."""
        if self.state == "training":
            self.request.emit(m.Stop())
        self._send(m.Train, fresh=True)

    def _send(self, request: Any, **options: bool) -> None:
        self._find_cards()
        if self.card is not None:
            self.message = ""
            self.request.emit(request(self.card, **options))

    # ------------------------------------------------ replies

    def take(self, reply: object) -> None:
        match reply:
            case m.Started(what="run" | "train" | "step"):
                if reply.what == "run" and self._gradients is not None:     # cards show values again, not weights
                    self._gradients = replace(self._gradients, weights={})
                self.past.return_to_now()
                self.message = ""
            case m.TrainingProgress():
                self.progress = reply
                if self.state == "training" and self.is_seen and self.tabs.currentIndex() == BOUNDARY:
                    self.boundary.ask()
            case m.Metrics():
                self.runs.add(reply)
            case m.Gradients():
                self._gradients = reply
                if self.runs.latest is not None:
                    self.runs.latest.add_gradients(reply)
            case m.Finished(what="train" | "step"):
                self.boundary.ask(anew=True)
            case m.Values():
                self.boundary.take_previews(dict(reply.previews))
                self._remember(reply)
            case m.BoundaryValues():
                self.boundary.take(reply)
            case m.Loaded():
                self.boundary.forget()
                if reply.forgot:            # what was looked at belongs to another model
                    self.past.forget()
            case m.Failed(what="train" | "step") | m.Died():
                self.message = reply.text
            case _:
                return
        self.mark_stale()

    def _remember(self, reply: m.Values) -> None:
        """Keep what the cards show while it trains, so that one can look back, and what they show now."""
        if self.progress is None:
            return
        known = self._gradients or m.Gradients({}, {})
        look = Look(self.progress.epochs, reply.previews, known.norms, known.weights, self.makers(reply))
        if self.state == "training":
            self.past.add(look)
        else:
            self.past.now = look

    def show_state(self, state: str, continues: bool = False) -> None:
        """Hear how the training is. continues : it is the one that was held before, not a run of its own."""
        if state == "training" != self.state and not continues:
            self.runs.begin()
            self.past.forget()
            self._gradients = None          # those of the training before
        if state != self.state:
            self.state = state
            self._show_state()
            self.mark_stale()

    # ------------------------------------------------ showing

    def refresh(self) -> None:
        if self._look is not theme.tokens:
            self._look = theme.tokens
            self.curves.dress()
            self.gradients.dress()
            self.boundary.dress()
        self._find_cards()
        self._show_state()
        self._show_progress()
        self._warn()
        self._show_page()

    def _warn(self) -> None:
        """Tell on the tab of gradients which of them vanish or explode, or that all are zero."""
        run = self.runs.latest
        bad = [card for card, state in run.gradients.items() if state.verdict() not in ("ok", "zero")] if run else []
        words = self.tr("They vanish or explode: {0}").format(", ".join(bad)) if bad else \
            self.tr("All gradients are zero: nothing is learnt") if run is not None and run.learns_nothing else ""
        self.tabs.setTabIcon(GRADIENTS, icon("warning", "warn") if words else QtGui.QIcon())
        self.tabs.setTabToolTip(GRADIENTS, words)

    def _show_page(self) -> None:
        view, run = self.tabs.currentIndex(), self.runs.latest
        for tab, widgets in self._options.items():
            for widget in widgets:
                widget.setVisible(tab == view and (run is not None))
        if view == BOUNDARY:
            self.boundary.look_through()
            self.pages.setCurrentWidget(self.boundary)
        elif run is None:
            self.pages.setCurrentWidget(self._no_run if self.card is not None else self._no_card)
        elif view == GRADIENTS:
            self.gradients.shows_ratio = self.ratio.isChecked()
            self.gradients.shows_histograms = self.histograms.isChecked()
            self.ratio.setVisible(not self.histograms.isChecked())
            self.gradients.draw(run)
            self.pages.setCurrentIndex(GRADIENTS)
        else:
            self.curves.logarithmic, self.curves.smoothing = self.log.isChecked(), self.smoothing.value()
            self.curves.draw()
            self._show_runs()
            self.pages.setCurrentIndex(CURVES)

    def _turn(self, view: int) -> None:
        self.update_now()
        self._show_page()
        if view == BOUNDARY:
            self.boundary.ask(anew=True)

    def _change_look(self, *_: Any) -> None:
        self.mark_stale()

    def _find_cards(self) -> None:
        found = [card.id for card in self.document.cards if card.kind == TRAIN]
        if found != [self.cards.itemText(k) for k in range(self.cards.count())]:
            before = self.card
            self.cards.clear()
            for id in found:
                self.cards.addItem(id, id)
            self.cards.setCurrentIndex(max(found.index(before) if before in found else 0, 0))
        self.cards.setVisible(len(found) > 1)

    def _show_state(self) -> None:
        trains, can = self.state == "training", self.card is not None
        self.train_button.setText(self.tr("Continue") if self.state == "paused" else self.tr("Train"))
        self.train_button.setEnabled(can and not trains)
        self.train_button.setIcon(theme.icon("train", "on_accent" if can and not trains else "text3"))
        self.pause_button.setEnabled(trains)
        self.stop_button.setEnabled(trains)
        self.step_button.setEnabled(can and not trains)
        self.reset_button.setEnabled(can and self.state != "idle")
        self.rate.setEnabled(can and self.progress is not None)
        self.bar.setVisible(self.progress is not None)

    def _show_progress(self) -> None:
        progress = self.progress
        if self.message:
            self.words.offer(self.message, role="error")
            return
        if progress is None:
            self.words.offer("")
            self.rate.show_value(self._drawn_rate())
            return
        self.bar.setValue(round(1000 * min(progress.epochs / max(progress.of, 1), 1.0)))
        self.rate.show_value(progress.learning_rate)
        exact = round(progress.epochs, 1) if progress.epochs < FEW_EPOCHS else int(progress.epochs)
        passed, wanted = f"{exact:,}".removesuffix(".0"), f"{progress.of:,}"
        words = [self.tr("epoch {0} of {1}").format(passed, wanted)]
        if self.state == "training":
            speed = f"{progress.rate:,.0f}" if progress.rate >= FEW_STEPS else number(progress.rate)
            words.append(self.tr("{0} steps/s").format(speed))
            words.append(self.tr("{0} left").format(duration(progress.left_s)))
        else:
            words.append(self.tr("{0} steps").format(f"{progress.steps:,}"))
            words.append(duration(progress.elapsed_s))
            ended = self.tr("done") if progress.epochs >= progress.of else self.tr("stopped")
            words.append(self.tr("paused") if self.state == "paused" else ended)
        short = f"{passed}/{wanted}"
        rated = ([[short, *words[1:]], [short, self.tr("{0}/s").format(speed), words[-1]]]
                 if self.state == "training" else [])
        self.words.offer(*map(" · ".join, [words, *rated, [words[0], words[-1]], [short, words[-1]], [short]]))

    def _drawn_rate(self) -> float:
        """The learning rate of the optimizer that is drawn; 0 if it has none."""
        wire = self.document.wires_into(self.card).get(1) if self.card is not None else None
        optimizer = self.document.card(wire.source) if wire is not None else None
        kind = catalog().get(optimizer.kind) if optimizer is not None else None
        field = kind.field("learning_rate") if kind is not None else None
        value = value_of(optimizer, field) if optimizer is not None and field is not None else 0.0
        return float(value) if isinstance(value, (int, float)) else 0.0

    # ------------------------------------------------ runs

    def _show_runs(self) -> None:
        """Bring the tree up to date; items stay, so that what is selected or edited stays."""
        tree = self.tree
        with QtCore.QSignalBlocker(tree):
            for place, run in enumerate(self.runs.all):
                item = tree.topLevelItem(place)
                if item is None:
                    tree.collapseAll()
                    item = QtWidgets.QTreeWidgetItem(tree)
                    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEditable)
                    item.setExpanded(True)
                self._show_run(item, run)
            while tree.topLevelItemCount() > len(self.runs.all):
                tree.takeTopLevelItem(tree.topLevelItemCount() - 1)

    def _show_run(self, item: QtWidgets.QTreeWidgetItem, run: Run) -> None:
        item.setText(NAME, run.name)
        item.setCheckState(NAME, Qt.CheckState.Checked if run.visible else Qt.CheckState.Unchecked)
        item.setIcon(NAME, swatch(series_color(run.hue)))
        item.setFont(NAME, theme.font("bold"))
        for place, (label, curve) in enumerate(run.curves.items()):
            child = item.child(place)
            if child is None:
                child = QtWidgets.QTreeWidgetItem(item)
            largest = rises(label)
            best, epoch = curve.highest if largest else curve.lowest
            child.setText(NAME, label)
            child.setIcon(NAME, swatch(series_color(run.hue), base(label)[1]))
            for column, text in ((LAST, number(curve.last, 3)), (BEST, f"{'↑' if largest else '↓'} {number(best, 3)}")):
                child.setText(column, text)
                child.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                child.setFont(column, theme.font("mono"))
            child.setToolTip(BEST, self.tr("{0} at epoch {1}").format(
                self.tr("highest") if largest else self.tr("lowest"), number(epoch)))
        while item.childCount() > len(run.curves):
            item.takeChild(item.childCount() - 1)

    def _edit_run(self, item: QtWidgets.QTreeWidgetItem, column: int) -> None:
        place = self.tree.indexOfTopLevelItem(item)
        if place >= 0:
            run = self.runs.all[place]
            run.name = item.text(NAME).strip() or run.name
            run.visible = item.checkState(NAME) == Qt.CheckState.Checked
            self.mark_stale()

    def _rename_chosen(self) -> None:
        item = self.tree.currentItem()
        if item is not None:
            self.tree.editItem(item.parent() or item, NAME)

    def _remove_chosen(self) -> None:
        item = self.tree.currentItem()
        if item is not None:
            place = self.tree.indexOfTopLevelItem(item.parent() or item)
            self.runs.remove(self.runs.all[place])
            self.mark_stale()

    def _export(self) -> None:
        path, _ = QtWidgets.QFileDialog.getSaveFileName(self, self.tr("Save the curves"), "curves.csv",
                                                        self.tr("Comma-separated values (*.csv)"))
        if path:
            self.export(path)

    def export(self, path: str) -> None:
        """Write all runs as CSV; what goes wrong is said in the panel."""
        try:
            Path(path).write_text(table(self.runs.all), encoding="utf8")
        except OSError as error:
            self.message = str(error)
            self.mark_stale()


class RateField(QtWidgets.QDoubleSpinBox):
    """A positive number over many magnitudes: steps multiply, "1e-3" can be typed; empty until it is known.

    Signals
    -------
    changed(value) : a person gave another one
    """

    changed = QtCore.Signal(float)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDecimals(12)
        self.setRange(0.0, 1e6)
        self.setKeyboardTracking(False)
        self.setFixedWidth(96)
        self.setSpecialValueText("–")
        theme.wear(self, "code")
        self.lineEdit().setTextMargins(6, 0, 0, 0)
        self.valueChanged.connect(self.changed)

    def show_value(self, value: float) -> None:
        """Show what the training has, unless somebody types."""
        if not self.lineEdit().isModified() and value != self.value():
            with QtCore.QSignalBlocker(self):
                self.setValue(value)

    def textFromValue(self, value: float) -> str:
        return f"{value:.4g}"

    def valueFromText(self, text: str) -> float:
        try:
            return float(text.strip())
        except ValueError:
            return self.value()

    def validate(self, text: str, position: int) -> tuple[QtGui.QValidator.State, str, int]:
        state = QtGui.QValidator.State
        try:
            good = 0 <= float(text.strip()) <= self.maximum()
        except ValueError:
            good = text.strip() == self.specialValueText()
        partial = all(letter in "0123456789.eE+-– " for letter in text)
        return (state.Acceptable if good else state.Intermediate if partial else state.Invalid), text, position

    def stepBy(self, steps: int) -> None:
        self.setValue((self.value() or 1e-3) * 10 ** (steps / 4))


