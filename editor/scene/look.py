"""What is known about a card: itself, its sockets, what inference and runs say. `face` makes texts and colors of it."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from editor.infer import Result
from editor.model.catalog import REQUIRED, Field, Kind, Socket
from editor.model.items import Card
from editor.model.values import EXAMPLE
from editor.run.messages import Preview

from . import wording
from .geometry import LARGE_PREVIEW, PREVIEW, CardGeometry
from .preview import Strip, strip_of

FIELDS = 6                  # attribute rows at most


@dataclass
class CardResults:
    """What running a graph told about one card; not in the document, so undo keeps it.

    previews : by the number of the output
    norm : of the gradient; weight : what its variables look like
    seconds, share : time of a run, and of it the share of the slowest card
    series : a curve, as of the loss
    made_by : signature of the card as it was when it computed the previews; None: another one than now
    learnt_by : signatures of the losses when the gradient was computed; None: other ones than now
    """

    previews: dict[int, Preview] = field(default_factory=dict)
    norm: float | None = None
    weight: Preview | None = None
    seconds: float | None = None
    share: float = 0.0
    series: Sequence[float] = ()
    made_by: int | None = None
    learnt_by: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class CardLook:
    """What a card shows.

    inputs : of each row the socket, whether a wire ends there, and the dtype that comes
    numbers : of each row the number of its input
    outputs : what inference says of each
    problem : its sentence and severity
    """

    card: Card
    kind: Kind | None
    inputs: tuple[tuple[Socket, bool, str], ...] = ()
    numbers: tuple[int, ...] = ()
    outputs: tuple[Result, ...] = ()
    problem: tuple[str, str] | None = None
    results: CardResults = field(default_factory=CardResults)
    running: bool = False
    large: bool = False

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The attributes that have rows: those that must be given and those that were."""
        if self.kind is None:
            return ()
        found = [f for f in self.kind.fields if f.default is REQUIRED or f.name in self.card.attributes][:FIELDS]
        return tuple(found if self.card.example is None else [EXAMPLE, *found])

    @cached_property
    def strip(self) -> Strip | None:
        if not self.card.preview:
            return None
        return strip_of(self.results.series, self.results.weight, self.results.previews.get(0))

    @cached_property
    def geometry(self) -> CardGeometry:
        height = 0.0 if self.strip is None else LARGE_PREVIEW if self.large else PREVIEW
        return CardGeometry(self.card.width, len(self.inputs), len(self.outputs), len(self.fields), height,
                            self.problem is not None, self.card.collapsed)

    @property
    def title(self) -> str:
        return self.kind.title if self.kind else self.card.kind.rpartition("/")[2]

    @property
    def name(self) -> str:
        """The card's id, unless it is only the kind's name or title, with a number."""
        plain = _letters(self.card.id.rstrip("0123456789"))
        return "" if self.kind and plain in (_letters(self.kind.name), _letters(self.kind.title)) else self.card.id

    @property
    def category(self) -> str:
        return self.kind.category if self.kind else ""

    @property
    def state(self) -> str:
        """ "error", "warning", "running", "bypassed" or "ok"; drawn as a dot whose form says it too."""
        if self.problem is not None:
            return self.problem[1]
        if self.running:
            return "running"
        return "bypassed" if self.card.bypassed else "ok"

    @property
    def chip(self) -> str:
        norm = self.results.norm
        if norm is None:
            return ""
        return f"∂ {wording.small(norm) if math.isfinite(norm) and norm else wording.number(norm)}"


@lru_cache(4096)                            # names of kinds, and of cards that are drawn again and again
def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def carried(output: Result) -> str:
    """The dtype that comes out, or what else does."""
    return output.dtype or ("" if output.carries == "tensor" else output.carries)


def reserved_height(look: CardLook) -> float:
    """How high the card gets once it shows values: what layout keeps free for it."""
    geometry = look.geometry
    if geometry.collapsed or geometry.preview or not look.card.preview or not look.outputs:
        return geometry.height
    values: Mapping[str, Any] = {**vars(geometry), "preview": PREVIEW}
    return CardGeometry(**values).height
