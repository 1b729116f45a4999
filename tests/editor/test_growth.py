"""Cards that grow with their values, offscreen."""
from __future__ import annotations

import numpy as np

from editor.model.document import GraphDocument
from editor.model.items import Card, Frame, Ref
from editor.run import messages as m
from editor.run.previews import preview


def test_a_folded_frame_has_room_for_what_has_grown_in_it(open_window):
    frame = Frame("f", "F", -20, -40, 240, 130, collapsed=True)
    shown = open_window(GraphDocument([Card("a", "op/exp"), frame]))
    before = shown.scene.cards["a"].geometry.height
    assert before < 90, "the card lies in the frame"
    shown.running.received.emit(m.Values({("a", 0): preview(np.arange(12, dtype=np.float32))}))
    grown = shown.document.items[Ref("frame", "f")]
    height = shown.scene.cards["a"].geometry.height
    assert height > before and grown.y + grown.height >= height
    assert not shown.document.is_modified, "which is no edit"
