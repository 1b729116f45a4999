"""Edits: functions that read a document and say what an edit changes, as one `Change` each."""
