"""What opens over the window for a moment: adding by name, all commands, the keys, finding, the first hints."""
