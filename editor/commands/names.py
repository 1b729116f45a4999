"""What a card may be called: the names of nodes in the engine's files."""
from __future__ import annotations

import graphengine as ge
from graphengine.tools.drawn.files import check_name as check_node

from ..model.sentences import sentence
from .edit import Edit, Refused


def check_name(name: str) -> None:
    """Refuse a name that no node can have."""
    try:
        check_node(name, "")
    except ge.errors.FileFormatError as error:
        raise Refused(sentence(f"{error.problem}: {error.fix}")) from None


def check_free(edit: Edit, name: str, instead_of: str) -> None:
    """Refuse a name that another card has; case does not tell names apart."""
    taken = next((card.id for card in edit.document.cards
                  if card.id.lower() == name.lower() and card.id != instead_of), None)
    if taken is not None:
        raise Refused("There is a card called {0!r} already.", taken)
