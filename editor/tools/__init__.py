"""What the mouse and the keys do on the canvas: gestures that end in one edit each, and edits of what is selected."""
from .interaction import KIND_MIME, Interaction, SearchRequest
from .selection import SelectionEdits

__all__ = ["KIND_MIME", "Interaction", "SearchRequest", "SelectionEdits"]
