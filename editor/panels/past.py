"""A slider through a training: what the cards showed is kept with its epoch, and shown again."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from PySide6 import QtCore, QtWidgets

from editor.model.meaning import OTHERS, Makers
from editor.run.messages import Output, Preview

from .amounts import number

MOST = 100                                  # looks that are kept; of a longer training every second, and so on
MOST_BYTES = 64 * 2**20                     # of them, likewise
BYTES = 600                                 # of a preview without picture and histogram


@dataclass(frozen=True)
class Look:
    """What cards showed: values, norms of gradients, and weights. makers : what computed them."""

    epoch: float
    previews: Mapping[Output, Preview]
    norms: Mapping[str, float]
    weights: Mapping[str, Preview]
    makers: Makers = OTHERS

    @cached_property
    def bytes(self) -> int:
        """Memory that it takes, about."""
        shown = [*self.previews.values(), *self.weights.values()]
        pictures = sum(p.thumbnail.nbytes for p in shown if p.thumbnail is not None)
        return pictures + sum(BYTES + 36 * len(p.histogram) for p in shown)


class Past(QtWidgets.QSlider):
    """The looks of one training; at the right end is what the cards would show now.

    Attributes
    ----------
    now : what came last, also after the training; None while that is the newest look

    Signals
    -------
    looked(Look) : one moved to it
    """

    looked = QtCore.Signal(object)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(QtCore.Qt.Orientation.Horizontal, parent)
        self.looks: list[Look] = []
        self.now: Look | None = None
        self.setFixedWidth(110)
        self.setAccessibleName(self.tr("Look back"))
        self.valueChanged.connect(self._moved)
        self.forget()

    @property
    def is_back(self) -> bool:
        """Whether the cards show something earlier."""
        return self.value() < self.maximum()

    def forget(self) -> None:
        """Begin with nothing, as another training does."""
        self.looks, self.now = [], None
        self._count, self._every = 0, 1     # looks that came, and one in how many is kept
        self._stand(0)

    def add(self, look: Look) -> None:
        """Keep what the cards show now; who looks back stays there."""
        at = self.value() if self.is_back else None
        if (self._count - 1) % self._every and self.looks:
            self.looks.pop()                # the newest is there only as long as it is that
        self.looks.append(look)
        self.now = None
        self._count += 1
        while len(self.looks) > MOST or (len(self.looks) > 2 and sum(k.bytes for k in self.looks) > MOST_BYTES):
            self.looks = [*self.looks[:-1:2], look]
            self._every *= 2
            at = None if at is None else at // 2
        self._stand(len(self.looks) - 1 if at is None else at)

    def return_to_now(self) -> None:
        """Stand at the right end, whatever the cards show."""
        self._stand(max(len(self.looks) - 1, 0))

    def _stand(self, at: int) -> None:
        with QtCore.QSignalBlocker(self):
            self.setRange(0, max(len(self.looks) - 1, 0))
            self.setValue(at)
        self.setEnabled(len(self.looks) > 1)
        self._name()

    def _moved(self, at: int) -> None:
        self._name()
        if at < len(self.looks):
            self.looked.emit(self.looks[at] if self.is_back else self.now or self.looks[at])

    def _name(self) -> None:
        where = self.tr("epoch {0}").format(number(self.looks[self.value()].epoch)) if self.looks else ""
        what = self.tr("Look back: values, gradients and weights on the cards as they were while it trained")
        self.setToolTip(f"{what} · {where}" if where else what)
