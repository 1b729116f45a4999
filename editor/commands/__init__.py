"""Edits: functions that read a document and say what an edit changes, as one `Change` each.

An edit that cannot be made is `Refused`, with a sentence for the person who wanted it.
"""
from .cards import (
    add_card,
    bypass,
    collapse,
    rename,
    replace_kind,
    set_attribute,
    set_example,
    set_value,
    show_preview,
)
from .clipboard import copy_text, duplicate, paste
from .edit import Box, Refused, counted, made
from .places import (
    add_note,
    arrange,
    bare_box,
    content,
    edit_frame,
    edit_note,
    frame_around,
    frame_selection,
    keep_weights,
    move,
    resize,
    set_setting,
    with_content,
)
from .subgraphs import expand, group, placed, unpack
from .wires import (
    CIRCLE,
    connect,
    delete,
    delete_and_reconnect,
    disconnect,
    insert_on_wire,
    reconnect,
    refusal,
    rewire,
    set_bends,
    set_portal,
)

__all__ = [
    "add_card", "bypass", "collapse", "rename", "replace_kind", "set_attribute", "set_example", "set_value",
    "show_preview",
    "copy_text", "duplicate", "paste",
    "Box", "Refused", "counted", "made",
    "add_note", "arrange", "bare_box", "content", "edit_frame", "edit_note", "frame_around", "frame_selection",
    "keep_weights", "move", "resize", "set_setting", "with_content",
    "expand", "group", "placed", "unpack",
    "CIRCLE", "connect", "delete", "delete_and_reconnect", "disconnect", "insert_on_wire", "reconnect", "refusal",
    "rewire", "set_bends", "set_portal",
]
