"""The graph editor, which comes with a later release. The engine does not need it."""
