"""The graph editor: draw a graph, run it, watch it train, see what the compiler did. The engine does not need it."""
