"""What the commands of a window do: editing, looking, running, help. Its files are in filing.py."""
from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence

from PySide6 import QtCore, QtWidgets

import graphengine as ge

from .actions import Actions
from .banner import said
from .commands import Refused
from .docks import Docks
from .io.settings import Settings
from .kept import Kept
from .model.document import GraphDocument
from .model.items import SUBGRAPH, Ref
from .model.subgraphs import level_of, path_to, shown_as
from .opened import Opened
from .popups.cheat_sheet import CheatSheet
from .popups.command_palette import CommandPalette
from .popups.find_bar import FindBar
from .popups.guide import Guide
from .popups.wire_menu import WireMenu
from .run import messages as m
from .running import Running
from .scene import GraphScene, GraphView, Minimap
from .status import StatusBar
from .theme import theme
from .tools import Interaction
from .widgets.crumbs import Crumbs
from .widgets.labels import as_text
from .widgets.language import told


class Deeds(QtWidgets.QMainWindow):
    """A slot for each command of actions.py, by its name."""

    document: GraphDocument
    settings: Settings
    scene: GraphScene
    view: GraphView
    pages: QtWidgets.QStackedWidget
    opened: Opened
    tool: Interaction
    minimap: Minimap
    running: Running
    kept: Kept
    docks: Docks
    actions_: Actions
    find_bar: FindBar
    command_palette: CommandPalette
    cheat_sheet: QtWidgets.QWidget | None
    guide: Guide
    status: StatusBar
    crumbs: Crumbs
    _update_actions: Callable[[], None]
    _update_empty: Callable[[], None]
    _kernels: tuple[m.KernelInfo, ...] = ()
    _first_layout: QtCore.QByteArray
    _sights: Sequence[tuple[str, QtCore.QPointF, float]] = ()   # around what is open: subgraph, middle, zoom
    _level = ""                                                 # what was seen last

    def settle(self) -> None:
        """Take over what is being typed, on the canvas and in a panel, so that it counts for what follows."""
        self.tool.inline.finish()
        focused = QtWidgets.QApplication.focusWidget()
        if focused is not None and focused not in (self.view, self.opened.view) and self.isAncestorOf(focused):
            focused.clearFocus()

    def say(self, text: str) -> None:
        """A sentence in the status bar, for some seconds."""
        self.status.showMessage(text, 6000)

    # ------------------------------------------------ editing

    def do_undo(self) -> None:
        self.settle()
        self.document.undo()

    def do_redo(self) -> None:
        self.settle()
        self.document.redo()

    def do_cut(self) -> None:
        self.tool.edits.cut()

    def do_copy(self) -> None:
        self.tool.edits.copy()

    def do_paste(self) -> None:
        self.tool.edits.paste()

    def do_paste_with_inputs(self) -> None:
        self.tool.edits.paste(with_inputs=True)

    def do_duplicate(self) -> None:
        self.tool.edits.duplicate()

    def do_duplicate_with_inputs(self) -> None:
        self.tool.edits.duplicate(with_inputs=True)

    def do_delete(self) -> None:
        self.tool.edits.delete()

    def do_delete_and_reconnect(self) -> None:
        self.tool.edits.delete_and_reconnect()

    def do_select_all(self) -> None:
        self.tool.edits.select_all()

    def do_find(self) -> None:
        self.find_bar.begin()

    def do_add(self) -> None:
        self.view.setFocus()
        self.tool.enter_or_search()

    def do_note(self) -> None:
        ref = self.tool.edits.note()
        if ref is not None:
            self.tool.inline.write_note(ref.key)

    def do_frame(self) -> None:
        ref = self.tool.edits.frame()
        if ref is not None:
            self.tool.inline.title_frame(ref.key)

    def do_group(self) -> None:
        self.tool.edits.group()

    def do_expand(self) -> None:
        self.tool.edits.expand()

    def expand_card(self, card: str) -> None:
        """Show what lies in a subgraph in its place."""
        self.settle()
        self.select_items([Ref("card", card)])
        self.do_expand()

    def do_unpack(self) -> None:
        self.tool.edits.unpack()

    def do_keep(self) -> None:
        self.settle()
        cards = self.tool.edits.cards
        button = QtWidgets.QMessageBox.StandardButton
        if len(cards) != 1 or (self.kept.has(cards[0]) and button.Yes != QtWidgets.QMessageBox.question(
                self, self.tr("Keep in the palette"),
                as_text(self.tr("The palette has a subgraph {0} already. Replace it?").format(cards[0])))):
            return
        try:
            self.kept.keep(self.document, cards[0])
        except (Refused, OSError) as error:
            self.say(told(error.words) if isinstance(error, Refused) else said(error))
        else:
            self.say(self.tr("{0} stands in the palette, under Subgraphs.").format(cards[0]))

    def do_connect(self) -> None:
        chosen = self.tool.edits.cards
        if len(chosen) == 1:
            WireMenu(self.tool.canvas, chosen[0], self).open()

    def do_portal(self) -> None:
        self.tool.edits.portal()

    def do_bypass(self) -> None:
        self.tool.edits.bypass()

    def do_collapse(self) -> None:
        self.tool.edits.collapse()

    def do_previews(self) -> None:
        self.tool.edits.show_previews()

    def do_tidy(self) -> None:
        self.tool.edits.tidy(then=self.view.zoom_to_fit)

    def do_tidy_selection(self) -> None:
        self.tool.edits.tidy(selection=True)

    def do_straighten(self) -> None:
        self.tool.edits.straighten()

    def do_align_left(self) -> None:
        self.tool.edits.align("left")

    def do_align_center_h(self) -> None:
        self.tool.edits.align("center-h")

    def do_align_right(self) -> None:
        self.tool.edits.align("right")

    def do_align_top(self) -> None:
        self.tool.edits.align("top")

    def do_align_center_v(self) -> None:
        self.tool.edits.align("center-v")

    def do_align_bottom(self) -> None:
        self.tool.edits.align("bottom")

    def do_distribute_h(self) -> None:
        self.tool.edits.distribute("h")

    def do_distribute_v(self) -> None:
        self.tool.edits.distribute("v")

    # ------------------------------------------------ looking

    def do_fit_all(self) -> None:
        self.shown_view.zoom_to_fit()

    def do_fit_selection(self) -> None:
        self.shown_view.zoom_to_fit(selection=True)

    def do_zoom_100(self) -> None:
        self.shown_view.set_zoom(1.0)

    def do_zoom_in(self) -> None:
        self.shown_view.zoom_in()

    def do_zoom_out(self) -> None:
        self.shown_view.zoom_out()

    def do_viewer(self) -> None:
        hover = self.scene.hover
        cards = [hover.ref.key] if hover.kind == "card" and hover.ref is not None else self.tool.edits.cards
        if cards:
            self.docks.show_values(cards[0], hover.number if hover.part == "output" else 0)

    @property
    def shown_view(self) -> GraphView:
        """The canvas, or the view of what is inside a card."""
        return self.opened.view or self.view

    def open_card(self, card: str) -> None:
        """Show what is inside a card: of a subgraph to work on, of others in the place of the canvas."""
        self.settle()
        found = self.document.card(card)
        if found is not None and found.kind == SUBGRAPH:
            self.scene.enter(card)
        elif self.opened.open((card,)):
            self.scene.select([Ref("card", card)])
            self.pages.setCurrentWidget(self.opened)
            self._update_actions()

    def leave_card(self) -> None:
        """Back from the inside of a card to the canvas."""
        if self.opened.path:
            self.opened.go(())

    def jump(self, card: str) -> None:
        """Select a card and bring it into view."""
        if self.document.card(card) is not None:
            self.show_item(Ref("card", card))

    def show_item(self, ref: Ref) -> None:
        """Select an item and bring it into view."""
        self.leave_card()
        self.select_items([ref])
        if ref.kind == "card":
            self.view.center_on_card(ref.key)
        else:
            self.view.centerOn(self.scene.item_rect(ref).center())

    def select_items(self, refs: Iterable[Ref]) -> None:
        """Select items, in the subgraph where the first of them lies."""
        wanted = list(refs)
        if wanted:
            self.scene.enter(level_of(self.document, wanted[0]))
        self.scene.select(wanted)

    def select_cards(self, cards: list[str]) -> None:
        """Select cards as they are seen where one looks; where none of them is, go there."""
        seen = {shown_as(self.document, card, self.scene.level) for card in cards} - {None}
        self.select_items([Ref("card", card) for card in seen or cards])
        if len(cards) == 1:
            self.view.center_on_card(next(iter(self.scene.selected()), Ref("card", cards[0])).key)

    def _entered(self) -> None:
        """Another subgraph is open, or the graph is again."""
        way = path_to(self.document, self.scene.level)
        self.crumbs.setVisible(bool(way))
        if way:
            self.crumbs.show_way(way, self.tr("Esc goes out"))
        self.leave_card()
        self._see_as_before()
        self._update_empty()
        self._update_actions()

    def _see_as_before(self) -> None:
        """Look where one looked before going in, or in a subgraph at everything."""
        level, way = self.scene.level, ["", *path_to(self.document, self.scene.level)]
        known = next((sight for sight in self._sights if sight[0] == level), None)
        self._sights = [sight for sight in self._sights if sight[0] in way[:-1]]
        if self._level in way[:-1]:
            self._sights = [*self._sights, (self._level, self.view.visible_rect.center(), self.view.zoom)]
        self._level = level
        if known is None:
            self.view.zoom_to_fit(animated=False)
        else:
            self.view.look_at(known[1], known[2], animated=False)

    def leave_to(self, steps: int) -> None:
        """Out of the subgraph that is open, as far as so many steps from the graph."""
        way = path_to(self.document, self.scene.level)
        self.scene.enter(way[steps - 1] if steps else "")

    def do_leave_level(self) -> None:
        """Out of the subgraph that is open, whose card is selected then."""
        level = self.scene.level
        if level:
            self.leave_card()
            self.select_items([Ref("card", level)])
            if not self.view.visible_rect.intersects(self.scene.card_rect(level)):
                self.view.center_on_card(level)

    def do_open_card(self) -> None:
        chosen = self.tool.edits.cards
        if len(chosen) == 1:
            self.open_card(chosen[0])

    def do_gradients(self, on: bool) -> None:
        self.scene.show_gradient_overlay(on)

    def do_heat(self, on: bool) -> None:
        self.scene.show_heat_overlay(on)

    def do_fused(self, on: bool) -> None:
        if on and not self._kernels:
            self.running.compile()
        self.scene.show_groups(self._kernels if on else ())

    def do_constants(self, on: bool) -> None:
        self.scene.hide_constants(on)

    def do_minimap(self, on: bool) -> None:
        self.minimap.setVisible(on)
        self.settings.set("minimap", on)

    def do_focus(self, on: bool) -> None:
        self.docks.only_canvas(on)

    def do_reset_layout(self) -> None:
        self.restoreState(self._first_layout)

    def _set_theme(self, mode: str) -> None:
        theme.set(mode)
        self.settings.set("theme", mode)

    def _set_motion(self, reduced: bool) -> None:
        theme.reduced_motion = reduced
        self.settings.set("reduced_motion", reduced)

    # ------------------------------------------------ running

    def do_run(self) -> None:
        self.settle()
        self.running.run()

    def do_train(self) -> None:
        self.settle()
        self.docks.reveal("training")
        self.running.train()

    def do_pause(self) -> None:
        self.running.pause()

    def do_step(self) -> None:
        self.running.step()

    def do_stop(self) -> None:
        self.running.stop()

    def do_restart(self) -> None:
        self.running.restart_weights()
        self.say(self.tr("All variables have their first values again."))
        self.scene.clear_results()

    def do_live(self, on: bool) -> None:
        self.running.live = on
        self.settings.set("live", on)
        if on and not self.running.busy:
            self.running.run()

    def do_compile(self) -> None:
        self.docks.reveal("optimized")
        self.running.compile()

    def do_profile(self) -> None:
        self.docks.reveal("profile")
        self.running.profile()

    # ------------------------------------------------ help

    def do_commands(self) -> None:
        self.command_palette.open_over(self)

    def do_cheat_sheet(self) -> None:
        if self.cheat_sheet is None:
            self.cheat_sheet = CheatSheet(self.actions_.by_menu(), parent=self)
        self.cheat_sheet.show()
        self.cheat_sheet.raise_()

    def do_guide(self) -> None:
        self.guide.begin(again=True)

    def do_about(self) -> None:
        box = QtWidgets.QMessageBox(self)
        box.setWindowTitle(self.tr("About graphengine"))
        box.setTextFormat(QtCore.Qt.TextFormat.RichText)
        lines = (self.tr("Draws, differentiates, compiles and runs dataflow graphs."),
                 self.tr("Fonts: Inter and JetBrains Mono, SIL Open Font License 1.1."))
        box.setText(f"<h3>{self.tr('graphengine {0}').format(ge.__version__)}</h3>"
                    + "".join(f"<p style='white-space: pre'>{html.escape(line)}</p>" for line in lines))
        box.open()
