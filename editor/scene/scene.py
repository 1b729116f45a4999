"""The scene: the items of the document, how they are looked at, and what runs and the compiler tell about them.

It owns nothing that cannot be made again from the document, except what is only looked at: selection and results.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from PySide6 import QtCore, QtWidgets

from editor.infer import Inference
from editor.model.catalog import Kind
from editor.model.document import GraphDocument
from editor.model.items import Card, Ref
from editor.model.kinds import TRAIN
from editor.model.meaning import Makers
from editor.model.subgraphs import level_of
from editor.run.messages import KernelInfo, Preview
from editor.theme import theme

from .card import CardItem
from .face import DIMMED
from .frame import FrameItem, GroupItem
from .geometry import NOWHERE, Hit
from .in_step import DocumentScene
from .inks import inks
from .look import CardResults
from .note import NoteItem
from .tips import group_tip, tip
from .wire import DASH, HaloItem, WireItem

OUTDATED_MS = 300           # after an edit, until values that it made old fade: in live mode new ones come sooner
GLIDE_MS = 250              # of cards to where a layout puts them
MOST_GLIDING = 200          # cards: more would take longer than a frame, and jerk
MARCH_MS = 66               # between steps of moving dashes, which are the dearest lines to draw
MARCH_STEP = 2.4            # pixels
CacheMode = QtWidgets.QGraphicsItem.CacheMode


class GraphScene(DocumentScene):
    """Shows a document.

    Attributes
    ----------
    selection_changed : signal
    rearranged : signal, after what a minimap shows may have changed
    entered : signal, after another subgraph, or the graph, is shown
    """

    selection_changed = QtCore.Signal()
    rearranged = QtCore.Signal()
    entered = QtCore.Signal()

    def __init__(self, document: GraphDocument, inference: Inference, kinds: Mapping[str, Kind] | None = None,
                 parent: QtCore.QObject | None = None) -> None:
        super().__init__(document, inference, kinds, parent)
        self.groups: list[GroupItem] = []
        self._selection: set[Ref] = set()
        self._hover: Hit = NOWHERE
        self._reasons: Mapping[Any, str] = {}
        self._shows_gradients = False
        self._outdating = QtCore.QTimer(self, singleShot=True, interval=OUTDATED_MS)
        self._outdating.timeout.connect(self._mark_outdated)
        self._phase = 0.0
        self._glides = False
        self._ways: dict[Ref, tuple[QtCore.QPointF, QtCore.QPointF]] = {}       # of gliding cards: from, to
        self._glide = QtCore.QVariantAnimation(self, startValue=0.0, endValue=1.0, duration=GLIDE_MS)
        self._glide.setEasingCurve(QtCore.QEasingCurve.Type.OutCubic)
        self._glide.valueChanged.connect(self._show_glide)
        self._clock = QtCore.QTimer(self)
        self._clock.setInterval(MARCH_MS)
        self._clock.timeout.connect(self._march)
        self._halo = HaloItem()
        self.addItem(self._halo)
        self.setBackgroundBrush(theme.brush("canvas"))
        theme.changed.connect(self._restyle)
        self.attach()

    def detach(self) -> None:
        self._clock.stop()
        self._outdating.stop()
        theme.changed.disconnect(self._restyle)
        super().detach()

    # ------------------------------------------------ after changes

    def _document_changed(self, refs: frozenset[Ref]) -> None:
        self.end_glide()
        glides, self._glides = self._glides, False
        start = {ref: QtCore.QPointF(self.cards[ref.key].pos()) for ref in refs
                 if ref.kind == "card" and ref.key in self.cards} if glides else {}
        super()._document_changed(refs)
        items = self.document.items
        if any(ref.kind in ("card", "frame") for ref in refs):
            self._place_groups()
        gone = {ref for ref in self._selection if ref not in items}
        if gone:
            self._selection -= gone
            self._place_halo()
            self.selection_changed.emit()
        if self._hover.ref is not None and self._hover.ref not in items:
            self._hover = NOWHERE
        if self._shows_gradients and any(ref.kind == "wire" for ref in refs):
            self._mark_backward()
        if self.results:
            self._outdating.start()
        self.rearranged.emit()
        if 0 < len(start) <= MOST_GLIDING:
            self._start_glide(start)

    def _inference_changed(self, ids: frozenset[str]) -> None:
        super()._inference_changed(ids)
        self.rearranged.emit()

    def _show_cards(self, ids: Iterable[str]) -> None:
        chosen = list(ids)
        before = {id: self.cards[id].geometry.height for id in chosen if id in self.cards}
        super()._show_cards(chosen)
        self._place_halo()
        if any(self.cards[id].geometry.height != height for id, height in before.items() if id in self.cards):
            self.rearranged.emit()

    def enter(self, level: str) -> None:
        if level == self.level:
            return
        self.end_glide()
        self.set_hover(None)
        super().enter(level)
        self.select([])
        self._place_groups()
        self.rearranged.emit()
        self.entered.emit()

    def hide_constants(self, hide: bool) -> None:
        super().hide_constants(hide)
        self.rearranged.emit()

    # ------------------------------------------------ telling

    def tooltip(self, hit: Hit) -> str:
        """What there is to say about a place, as rich text; empty if nothing."""
        return tip(self, hit)

    def group_tooltip(self, at: QtCore.QPointF) -> str:
        """About the loop whose area is at a place, as rich text; empty if there is none."""
        for group in self.groups:
            if group.isVisible() and any(area.holds(at.x(), at.y()) for area in group.areas):
                return group_tip(group.name, group.tip)
        return ""

    def refused(self, card_id: str, number: int | None = None) -> str:
        """Why the wire that is being dragged does not fit; empty if it does, or none is dragged."""
        return self._reasons.get((card_id, number)) or self._reasons.get(card_id, "")

    # ------------------------------------------------ selection, hovering, dragging

    def selected(self) -> set[Ref]:
        return set(self._selection)

    def select(self, refs: Iterable[Ref], mode: str = "replace") -> None:
        """mode : "replace", "add" or "toggle"."""
        given = {ref for ref in refs if ref in self.document.items and ref.kind != "setting"
                 and (ref.kind == "wire" or level_of(self.document, ref) == self.level)}
        wanted = given if mode == "replace" else self._selection | given if mode == "add" else self._selection ^ given
        changed = wanted ^ self._selection
        if not changed:
            return
        self._selection = wanted
        for ref in changed:
            item = self.item(ref)
            if item is not None:
                item.set_state(selected=ref in wanted)
                if isinstance(item, CardItem):
                    item.setZValue(11 if ref in wanted else 10)
        self._place_halo()
        self.selection_changed.emit()
        self.rearranged.emit()

    @property
    def hover(self) -> Hit:
        return self._hover

    def set_hover(self, hit: Hit | None) -> None:
        """Show what the pointer is on; the wires of a socket under it light up with it."""
        hit = hit or NOWHERE
        if hit == self._hover:
            return
        old, self._hover = self._hover, hit
        for ref in {ref for ref in (old.ref, hit.ref) if ref is not None}:
            item = self.item(ref)
            on = ref == hit.ref
            if isinstance(item, CardItem):
                item.set_state(part=self._row_part(item, hit) if on else None)
            elif item is not None:
                item.set_state(hovered=on)
        lit, dark = set(self._wires_of(hit)), set(self._wires_of(old))
        for ref in lit ^ dark:
            if ref in self.wires:
                self.wires[ref].set_state(hovered=ref in lit or ref == hit.ref)
        if "wire" in (old.kind, hit.kind):
            for view in self.views():       # the label of a wire is higher than the wire
                view.viewport().update()

    @staticmethod
    def _row_part(item: CardItem, hit: Hit) -> tuple[str, int]:
        if hit.part == "input" and hit.number in item.look.numbers:
            return "input", item.look.numbers.index(hit.number)
        return hit.part, hit.number

    def _wires_of(self, hit: Hit) -> Iterator[Ref]:
        if hit.kind != "card" or hit.ref is None or hit.part not in ("input", "output"):
            return
        for end in self.ends_behind(hit.ref.key, hit.part, hit.number):
            if hit.part == "input":
                yield Ref("wire", end)
            else:
                yield from (wire.ref for wire in self.document.wires_from(*end))

    def preview_positions(self, positions: Mapping[Ref, QtCore.QPointF]) -> None:
        """Show items elsewhere while they are dragged; the document still has them where they were."""
        moved: set[Ref] = set()
        for ref, at in positions.items():
            item = self.item(ref)
            if isinstance(item, CardItem):
                item.setPos(at)
                moved.update(self._wires_at(ref.key))
            elif isinstance(item, NoteItem):
                item.setPos(at)
            elif isinstance(item, FrameItem):
                item.set_frame(item.frame, (at.x(), at.y()), item.count)
                for inner, frame in self._folded.items():
                    if frame == ref.key and inner.kind == "card":
                        moved.update(self._wires_at(inner.key))
        for wire in moved:
            if wire in self.wires:
                self._route(self.wires[wire])
        self._place_halo()
        self._place_groups({ref.key for ref in positions if ref.kind == "card"})
        self.rearranged.emit()

    def glide(self) -> None:
        """Let the cards that the next edit moves go there smoothly, unless motion is reduced or there are too many."""
        self._glides = theme.motion(GLIDE_MS) > 0

    def _start_glide(self, start: Mapping[Ref, QtCore.QPointF]) -> None:
        self._ways = {ref: (at, QtCore.QPointF(self.cards[ref.key].pos())) for ref, at in start.items()
                      if ref.key in self.cards and self.cards[ref.key].pos() != at}
        self._show_glide(0.0)
        self._glide.start()

    def _show_glide(self, part: float) -> None:
        if self._ways:
            self.preview_positions({ref: end if part == 1.0 else start + (end - start) * part
                                    for ref, (start, end) in self._ways.items()})

    def rest_rect(self, ref: Ref) -> QtCore.QRectF:
        found = super().rest_rect(ref)
        return found.translated(self._ways[ref][1] - found.topLeft()) if ref in self._ways else found

    def end_glide(self) -> None:
        """At once where they were going."""
        self._glide.stop()
        self._show_glide(1.0)
        self._ways = {}

    def end_preview(self) -> None:
        """Everything is where the document has it."""
        self._document_changed(frozenset(ref for ref in self.document.items if ref.kind != "setting"))

    def dim(self, reasons: Mapping[Any, str]) -> None:
        """Fade what a dragged wire does not fit.

        reasons : sentences by id of a card, or by (card, number of an input)
        """
        self._reasons = reasons
        inputs: dict[str, set[int]] = {}
        for key in reasons:
            if isinstance(key, tuple):
                inputs.setdefault(key[0], set()).add(key[1])
        for id, item in self.cards.items():
            item.setOpacity(DIMMED if id in reasons else 1.0)
            rows = {i for i, number in enumerate(item.look.numbers) if number in inputs.get(id, ())}
            item.set_state(unfit=frozenset(rows))

    def undim(self) -> None:
        self.dim({})

    # ------------------------------------------------ results

    def makers(self) -> Makers:
        """What tells whether cards still compute the same, and whether variables still learn the same."""
        return Makers({card.id: self.signatures.of(card.id) for card in self.document.cards}, self._losses())

    def show_previews(self, previews: Mapping[tuple[str, int], Preview], makers: Makers | None = None) -> None:
        """makers : what computed them; the graph as it is if None."""
        cards = {id for id, _ in previews}
        for id in cards:
            self._result(id).made_by = self.signatures.of(id) if makers is None else makers.cards.get(id)
        for (id, output), preview in previews.items():
            self._result(id).previews[output] = preview
        self._show_results(cards)
        self._mark_outdated()

    def _losses(self) -> tuple[int, ...]:
        """Signatures of what trainings make small: others, once an edit has changed the model."""
        wires = (self.document.wires_into(card.id).get(0) for card in self.document.cards if card.kind == TRAIN)
        return tuple(self.signatures.of(wire.source) for wire in wires if wire is not None)

    def _mark_outdated(self) -> None:
        """Fade values that cards would no longer compute; undoing the edit makes them good again."""
        losses = self._losses()
        for id, result in self.results.items():
            item = self.cards.get(id)
            if item is not None:
                item.set_state(outdated=bool(result.previews) and result.made_by != self.signatures.of(id),
                               unlearnt=result.norm is not None and result.learnt_by != losses)
        for id in self._ports:
            states = [self.cards[inner].state for inner in self._inner(self.cards[id].look.card)]
            self.cards[id].set_state(outdated=any(state.outdated for state in states),
                                     unlearnt=any(state.unlearnt for state in states))

    def show_gradients(self, norms: Mapping[str, float], weights: Mapping[str, Preview],
                       makers: Makers | None = None) -> None:
        """makers : what computed them; the graph as it is if None."""
        losses = self._losses() if makers is None else makers.losses
        for id, norm in norms.items():
            self._result(id).norm, self._result(id).learnt_by = norm, losses
        for id, weight in weights.items():
            self._result(id).weight = weight
        self._show_results({*norms, *weights})
        self._mark_outdated()

    def forget_training(self) -> None:
        """Let cards show what comes out of them again, in place of curves and weights.

        Of a training itself, which nothing comes out of, the curve stays.
        """
        changed = set()
        for id, result in self.results.items():
            card = self.document.card(id)
            if (result.weight is not None or result.series) and (card is None or card.kind != TRAIN):
                result.weight, result.series = None, ()
                changed.add(id)
        self._show_results(changed)

    def show_heat(self, seconds: Mapping[str, float]) -> None:
        """Times of cards; the others have none any more."""
        slowest = max(seconds.values(), default=0.0)
        changed = {id for id, result in self.results.items() if result.seconds is not None} | set(seconds)
        for id in changed:
            result = self._result(id)
            result.seconds = seconds.get(id)
            result.share = seconds.get(id, 0.0) / slowest if slowest else 0.0
        self._show_results(changed)

    def show_series(self, card_id: str, values: Sequence[float]) -> None:
        self._result(card_id).series = tuple(values)
        self._show_results({card_id})

    def show_groups(self, kernels: Iterable[KernelInfo]) -> None:
        """Frames around the cards of each kernel that has several; none for an empty list."""
        for group in self.groups:
            self.removeItem(group)
        self.groups = []
        for kernel in kernels:
            cards = [id for id in dict.fromkeys(kernel.cards) if id in self.cards]
            if len(cards) > 1:
                title = self.tr("fused: {title}").format(title=kernel.title)
                group = GroupItem(title, self.tr("fused: {count} cards").format(count=len(cards)), cards, kernel.reason)
                self.groups.append(group)
                self.addItem(group)
        self._place_groups()

    def show_running(self, running: bool, cards: Iterable[str] = ()) -> None:
        """Let the dashes of wires run, and the dots of `cards` say that they are computed."""
        before = self._running or frozenset()
        self._running = frozenset(cards) if running else None
        self._show_cards((before | (self._running or frozenset())) & self.cards.keys())
        for wire in self.wires.values():
            wire.set_state(running=running)
        self._run_clock()

    def clear_results(self) -> None:
        """Forget previews, gradients, times, curves and groups."""
        changed = set(self.results)
        self.results.clear()
        self.show_groups([])
        self._show_results(changed)

    def show_gradient_overlay(self, on: bool) -> None:
        """The backward pass as dashed violet wires against the direction of the forward pass."""
        self._shows_gradients = on
        self._mark_backward()

    def show_heat_overlay(self, on: bool) -> None:
        """Times and bars of heat on the cards."""
        self._shows_heat = on
        for item in self.cards.values():
            item.set_state(heat=on)

    def enlarge_preview(self, card_id: str, large: bool | None = None) -> None:
        """Let a card's strip be high, or as high as usual; None: the other way than now."""
        if large if large is not None else card_id not in self._large:
            self._large.add(card_id)
        else:
            self._large.discard(card_id)
        self._show_results({card_id})

    def _result(self, id: str) -> CardResults:
        return self.results.setdefault(id, CardResults())

    def _show_results(self, ids: Iterable[str]) -> None:
        """Only what results change: no shapes are asked for again."""
        grown = False
        for id in self._with_around(ids):
            item = self.cards.get(id)
            if item is not None:
                height = item.geometry.height
                results = self._results_of(item.look.card)
                item.set_look(replace(item.look, results=results, large=id in self._large))
                grown = grown or item.geometry.height != height
        if grown:
            self._place_groups()

    def _place_groups(self, moved: set[str] | None = None) -> None:
        """Around their cards; of groups without a card that moved, nothing changes while it is dragged."""
        groups = [group for group in self.groups if moved is None or not moved.isdisjoint(group.cards)]
        if not groups:
            return
        shown = {id: item.box for id, item in self.cards.items() if item.isVisible()}
        for group in groups:
            inside = set(group.cards)
            boxes = [shown[id] for id in group.cards if id in shown]
            group.setVisible(len(boxes) > 1)
            if len(boxes) > 1:
                group.surround(boxes, [box for id, box in shown.items() if id not in inside])

    def _place_halo(self) -> None:
        self._halo.surround([self.wires[ref] for ref in self._selection if ref in self.wires])

    def _mark_backward(self) -> None:
        marked = self._backward_wires() if self._shows_gradients else set()
        for ref, item in self.wires.items():
            item.set_state(backward=ref in marked)
        self._run_clock()

    def _backward_wires(self) -> set[Ref]:
        """Wires of floating numbers from which a loss is reached: those that carry a gradient back."""
        ends = [card.id for card in self.document.cards if self._family(card) == "Training"]
        ends = ends or [card.id for card in self.document.cards if self._family(card) == "Losses"]
        ends = ends or [card.id for card in self.document.cards if not self.document.wires_from(card.id)]
        found: set[Ref] = set()
        seen: set[str] = set()
        while ends:
            id = ends.pop()
            if id in seen:
                continue
            seen.add(id)
            card = self.document.card(id)
            for number, wire in self.document.wires_into(id).items():
                if card is not None and self._family(card) == "Training" and number != 0:
                    continue        # metrics are watched, not made small
                if self._carried(wire).startswith(("float", "bfloat", "complex")):
                    found.add(wire.ref)
                    ends.append(wire.source)
        return found

    def _family(self, card: Card) -> str:
        kind = self.kinds.get(card.kind)
        return kind.family if kind is not None else ""

    # ------------------------------------------------ movement, look

    def _run_clock(self) -> None:
        moving = (self._running is not None or self._shows_gradients) and not theme.reduced_motion
        if moving and not self._clock.isActive():
            self._clock.start()
        elif not moving:
            self._clock.stop()

    def _march(self) -> None:
        """One step of the dashes on wires that are seen from near enough."""
        self._phase = (self._phase + MARCH_STEP) % (2 * DASH)
        for view in self.views():
            if view.transform().m11() < 0.35 or not view.isVisible():
                continue
            area = view.mapToScene(view.viewport().rect()).boundingRect()
            for item in self.items(area, QtCore.Qt.ItemSelectionMode.IntersectsItemBoundingRect):
                if isinstance(item, WireItem):
                    item.march(self._phase)

    def set_caching(self, on: bool) -> None:
        """Keep pictures of cards. Off while the zoom changes: every step would fill all of them anew."""
        mode = CacheMode.DeviceCoordinateCache if on else CacheMode.NoCache
        items: list[CardItem | NoteItem] = [*self.cards.values(), *self.notes.values()]
        for item in items:
            item.setCacheMode(mode)

    def _restyle(self) -> None:
        self.setBackgroundBrush(inks().canvas_brush)
        items: list[CardItem | NoteItem] = [*self.cards.values(), *self.notes.values()]
        for item in items:
            item.forget_face()
        for wire in self.wires.values():
            wire.refresh()
        for frame in self.frames.values():
            frame.set_frame(frame.frame, (frame.box.x, frame.box.y), frame.count)
        self._place_groups()
        self._run_clock()
        self.update()


