"""What the pointer is told: about a wire its dtype, shape, bytes and range, about a socket its documentation,
about a problem the whole message."""
from __future__ import annotations

import html
from typing import TYPE_CHECKING

from PySide6 import QtCore

from editor.model.items import Wire
from editor.run.messages import Preview
from editor.widgets.language import told

from . import wording
from .geometry import ENLARGE, GRADIENT, Hit

if TYPE_CHECKING:
    from .scene import GraphScene


def tip(scene: GraphScene, hit: Hit) -> str:
    """Rich text; empty if there is nothing to say."""
    if hit.ref is None:
        return ""
    if hit.kind == "wire":
        return _wire(scene, scene.document.items.get(hit.ref))
    if hit.kind != "card":
        return ""
    id = hit.ref.key
    refused = scene.refused(id, hit.number if hit.part == "input" else None)
    if refused:
        return _rich([_plain(refused.lstrip("!"))])
    if hit.part in ("input", "output"):
        behind = scene.ends_behind(id, hit.part, hit.number)
        return (_input if hit.part == "input" else _output)(scene, *behind[0]) if behind else ""
    if hit.part == "badge":
        return _badge(scene, id, hit.number)
    if hit.part == "row":
        return _row(scene, id, hit.number)
    if hit.part == "title":
        look = scene.cards[id].look
        summary = look.kind.summary if look.kind else ""
        return _rich([f"<b>{_plain(look.title)}</b> {_plain(id)}", _plain(summary)])
    return ""


def group_tip(title: str, reason: str) -> str:
    """About cards that became one loop, and why no more did."""
    return _rich([f"<b>{_plain(title)}</b>", _plain(reason)])


def _tr(text: str) -> str:
    return QtCore.QCoreApplication.translate("Tips", text)


def _plain(text: str) -> str:
    return html.escape(text)


def _rich(lines: list[str]) -> str:
    """Lines below each other; a tag at the front makes Qt wrap long ones."""
    shown = [line for line in lines if line]
    return "<p>" + "<br>".join(shown) + "</p>" if shown else ""


def _values(preview: Preview | None) -> list[str]:
    if preview is None:
        return []
    lines = [f"{wording.sizes(preview.shape)} · {wording.bytes_of(preview.bytes)}"]
    if preview.minimum is not None and preview.maximum is not None:
        lines.append(_tr("last: {low} to {high}").format(
            low=wording.number(preview.minimum), high=wording.number(preview.maximum)))
    if preview.nans or preview.infs:
        lines.append(_tr("{nans} NaN, {infs} infinite").format(nans=preview.nans, infs=preview.infs))
    return lines


def _tensor(scene: GraphScene, id: str, output: int) -> list[str]:
    """What comes out at an output."""
    results = scene.inference.outputs(id)
    known = results[output] if output < len(results) else None
    found = scene.results.get(id)
    head = [_plain(f"{known.dtype} {known.shape}")] if known is not None and known.dtype else []
    return head + _values(found.previews.get(output) if found else None)


def _wire(scene: GraphScene, wire: object) -> str:
    if not isinstance(wire, Wire):
        return ""
    lines = [f"<b>{_plain(wire.source)} → {_plain(wire.target)}</b>", *_tensor(scene, wire.source, wire.output)]
    problem = scene.inference.problem(wire.target)
    if problem is not None and problem.input == wire.input:
        lines.append(_plain(told(problem.text)))
    return _rich(lines)


def _input(scene: GraphScene, id: str, number: int) -> str:
    card = scene.document.card(id)
    kind = scene.kinds.get(card.kind) if card else None
    socket = kind.input(number) if kind else None
    if socket is None:
        return ""
    dtypes = ", ".join(socket.accepts[:6]) + (", …" if len(socket.accepts) > 6 else "")
    wire = scene.document.wires_into(id).get(number)
    notes = [_tr("optional") if socket.optional else "", _tr("any number of wires") if socket.many else ""]
    return _rich([f"<b>{_plain(socket.name)}</b> {_plain(socket.doc)}",
                  _plain(dtypes or ("" if socket.carries == "tensor" else socket.carries)),
                  ", ".join(note for note in notes if note),
                  *(_tensor(scene, wire.source, wire.output) if wire else [])])


def _output(scene: GraphScene, id: str, number: int) -> str:
    kind = scene.cards[id].look.kind
    socket = kind.outputs[number] if kind and number < len(kind.outputs) else None
    head = f"<b>{_plain(socket.name)}</b> {_plain(socket.doc)}" if socket else ""
    return _rich([head, *_tensor(scene, id, number)])


def _badge(scene: GraphScene, id: str, number: int) -> str:
    look = scene.cards[id].look
    problem = scene.inference.problem(id)
    if number == ENLARGE:
        return _rich([_tr("larger or smaller")])
    if number == GRADIENT:
        return _rich([_tr("norm of the gradient: {norm}").format(norm=look.chip[2:])])
    if problem is not None:
        return f"<p>{_plain(told(problem.text))}</p><pre>{_plain(told(problem.detail))}</pre>"
    return _rich([{"running": _tr("is being computed"), "bypassed": _tr("bypassed: the first input goes through")}.get(
        look.state, _tr("no problems"))])


def _row(scene: GraphScene, id: str, number: int) -> str:
    fields = scene.shown_fields(id)
    if number >= len(fields):
        return ""
    return _rich([f"<b>{_plain(fields[number].name)}</b> {_plain(fields[number].doc)}"])
