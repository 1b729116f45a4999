"""What frames, groups and notes have in common on the scene."""
from __future__ import annotations

from PySide6 import QtWidgets


class LaidItem(QtWidgets.QGraphicsItem):
    """An item beside the cards. selected, hovered : how it is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.selected = self.hovered = False

    def set_state(self, **changes: bool) -> None:
        """selected, hovered; repaints if one of them is another now."""
        if any(getattr(self, name) != value for name, value in changes.items()):
            for name, value in changes.items():
                setattr(self, name, value)
            self.update()
