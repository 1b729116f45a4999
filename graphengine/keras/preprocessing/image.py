"""Older names of functions of pictures in `utils`, and `smart_resize`."""
from __future__ import annotations

from ...frontend.surface import refusing
from ..utils.images import array_to_img, img_to_array, load_img, save_img, smart_resize

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]
__getattr__ = refusing(__name__, lambda: __all__)
