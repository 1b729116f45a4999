"""Where cards stand: by layers, aligned, distributed, and what they snap to while they are dragged. No Qt."""
from .align import align, distribute, straighten
from .boxes import Arrangement, Box, Link
from .guides import GRID, Guide, Snap, snap
from .layered import layered
from .room import cleared, made_room, made_room_in, parted

__all__ = ["GRID", "Arrangement", "Box", "Guide", "Link", "Snap", "align", "cleared", "distribute", "layered",
           "made_room", "made_room_in", "parted", "snap", "straighten"]
