"""Types of a drawing that are known already, where others infer them."""
from __future__ import annotations

from collections.abc import Mapping

from graphengine.tools.drawn.draw import Type

from ..model.document import GraphDocument
from ..model.items import Card
from .inference import Inference, State, shown


class KnownTypes(Inference):
    """What `Inference` says, of a document whose cards are nodes of a graph that is there: nothing is wrong with it.

    Parameters
    ----------
    types : of the results of each card
    """

    def __init__(self, document: GraphDocument, types: Mapping[str, tuple[Type, ...]]) -> None:
        self._types = types
        super().__init__(document)

    def _state(self, card: Card) -> State:
        types = self._types[card.id]
        return State(types, tuple(shown(t) for t in types), None)
