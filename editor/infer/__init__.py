"""dtypes and shapes of all cards while the graph is being drawn, and what is wrong with it."""
