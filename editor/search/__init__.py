"""Finding by typing: how well a text answers what was typed, kinds by that, cards of a document by that. No Qt."""
