"""Graphs run in a process of their own: messages, the process, what is looked at on the way."""
