"""Adding a card by typing, at the pointer: all kinds, or those that fit a wire that was pulled into the empty."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6 import QtCore, QtWidgets

from editor.kept import Kept
from editor.model.catalog import Kind
from editor.model.kinds import catalog
from editor.search.fuzzy import Match
from editor.search.kinds import Preferences, rank_kinds
from editor.widgets.rows import Row

from .search_popup import SearchPopup

Offer = tuple[Kind, int]            # a kind, and the number of its socket that the wire would go to
MOST = 60


class AddSearch(SearchPopup):
    """Signals: chosen(key, number) with the kind and the socket that the wire goes to (0 where there is no wire).

    Parameters
    ----------
    preferences : favourites and recent kinds
    kinds : those that are offered without a wire; all of the catalog that are not hidden, if left out
    kept : subgraphs of the person's own, which are offered without a wire too
    """

    chosen = QtCore.Signal(str, int)

    def __init__(self, preferences: Preferences | None = None, kinds: Mapping[str, Kind] | None = None,
                 kept: Kept | None = None, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("addSearch", self.tr("Add a card"), self.tr("Add an op, layer, loss, data …"), 400, parent)
        self.kinds = [kind for kind in (catalog() if kinds is None else kinds).values() if not kind.hidden]
        self.preferences = preferences or Preferences()
        self.kept = kept
        self._own: list[Kind] = []
        self._offers: dict[str, Offer] | None = None
        self._side, self._source = "input", ""

    def ask(self, place: QtCore.QPoint, query: str = "") -> None:
        """Offer all kinds, at a place of the screen."""
        self._offers = None
        self._own = list(self.kept.kinds().values()) if self.kept is not None else []
        self.open_at(place, query)

    def ask_fitting(self, place: QtCore.QPoint, offers: Sequence[Offer], side: str, what: str) -> None:
        """Offer what fits a wire.

        Parameters
        ----------
        offers : kinds with the number of the socket that fits, the best first
        side : "input" if the new card takes the wire, "output" if it gives it
        what : what the wire carries, in words: "float32 (?, 128)"
        """
        self._offers = {}
        for kind, number in offers:
            self._offers.setdefault(kind.key, (kind, number))
        self._side, self._source = side, what
        self.open_at(place)

    def rows(self, query: str) -> list[Row]:
        if self._offers is None:
            return [self._row(kind, 0, match, kind.summary) for kind, match in
                    rank_kinds(query, [*self._own, *self.kinds], self.preferences)[:MOST]]
        offered = [kind for kind, _ in self._offers.values()]
        return [self._row(kind, self._offers[kind.key][1], match, self._reason(*self._offers[kind.key]))
                for kind, match in rank_kinds(query, offered, self.preferences)[:MOST]]

    def _row(self, kind: Kind, number: int, match: Match, detail: str) -> Row:
        return Row(kind.title, kind.key, match.places, kind.category, note=f"{kind.family} · {kind.category}"
                   if kind.family != kind.category else kind.family, detail=detail, data=number)

    def _reason(self, kind: Kind, number: int) -> str:
        """Why a kind fits: the socket that takes the wire, or gives it."""
        if self._side == "input":
            socket = kind.input(number)
            name = socket.name if socket else str(number)
            words = self.tr("takes {0} at {1}").format(self._source, name)
        else:
            name = kind.outputs[number].name if number < len(kind.outputs) else ""
            words = self.tr("gives {0} for {1}").format(name, self._source) if name else \
                self.tr("gives a value for {0}").format(self._source)
        return f"{words} · {kind.summary}"

    def footer(self, rows: Sequence[Row]) -> str:
        if self._offers is None:
            return ""
        if self._side == "input":
            return self.tr("Only what takes {0} is shown.").format(self._source)
        return self.tr("Only what can go into {0} is shown.").format(self._source)

    def nothing(self, query: str) -> str:
        if self._offers is None:
            return super().nothing(query)
        others = rank_kinds(query, self.kinds, self.preferences) if query else []
        if not others:
            return self.tr("Nothing fits {0}.").format(self._source) if not query else super().nothing(query)
        words = self.tr("{0} does not take {1}.") if self._side == "input" else self.tr("{0} does not give {1}.")
        return words.format(others[0][0].title, self._source)

    def take(self, row: Row) -> None:
        self.preferences.use(row.key)
        self.chosen.emit(row.key, row.data)
