"""What a drawn graph is, without Qt: items, the catalog of kinds of cards, and the graph that the engine makes."""
