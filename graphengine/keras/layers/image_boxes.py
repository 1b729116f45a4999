"""A layer for what goes along with images: boxes, as many for each."""
from __future__ import annotations

from typing import Any

from ...ops.language import L
from ..registry import register
from .images import ImageLayer, Transformation


@register
class MaxNumBoundingBoxes(ImageLayer):
    """As many boxes for each image: the first ones, and boxes of `fill_value` where there are fewer.

    max_number : how many
    """

    def __init__(self, max_number: int, fill_value: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_number, self.fill_value = int(max_number), int(fill_value)

    def transform_images(self, images: Any, transformation: Transformation = None, training: bool = True) -> Any:
        return images

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Transformation, training: bool = True
                                 ) -> Any:
        return {**bounding_boxes, **{name: self._filled(bounding_boxes[name]) for name in ("boxes", "labels")}}

    def _filled(self, x: Any) -> Any:
        first = x[:, :self.max_number]
        missing = self.max_number - self.known_size(tuple(first.shape), 1)
        return L.pad(first, ((0, 0), (0, missing)) + ((0, 0),) * (x.shape.rank - 2), "CONSTANT", self.fill_value)
