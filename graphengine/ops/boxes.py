"""Boxes in images: which of those that cover each other to keep."""
from __future__ import annotations

import numpy as np

from ..dtypes import DType, int32
from ..errors import ShapeError
from ..ir.dims import Shape, merge
from .kinds import REQUIRED, Array, Dynamic, Floating, NoGradient, attr, port
from .registry import op
from .rules import as_int
from .samples import distinct, normal, sample, uniform


@op
class NonMaxSuppression(Dynamic):
    """The boxes with the highest scores, without those that overlap with a better one.

    Shapes
    ------
    boxes : (n, 4): two opposite corners, y1, x1, y2, x2
    scores : (n,)
    result : (m,), numbers of the boxes in the order of their scores; m is known when it has run

    Raises
    ------
    ShapeError for other shapes.
    """

    category = "Image"
    names = ("image.non_max_suppression",)
    inputs = (port("boxes", Floating, "corners"), port("scores", Floating, "how good each box is"))
    max_output_size: int = attr(REQUIRED, "most boxes to keep", low=0, convert=as_int)
    iou_threshold: float = attr(0.5, "largest shared part of the area that two boxes cover", low=0.0, high=1.0,
                                convert=float)
    score_threshold: float = attr(float("-inf"), "scores up to this are left out", convert=float)
    gradient = NoGradient("numbers of boxes are whole")

    def result_dtype(self, *types: DType) -> DType:
        return int32

    def result_shape(self, boxes: Shape, scores: Shape) -> Shape:
        if len(boxes) != 2 or len(scores) != 1:
            raise ShapeError(f"boxes has shape {boxes} and scores {scores}; they have (n, 4) and (n,)")
        merge(boxes[1], 4, "a box has four numbers")
        merge(boxes[0], scores[0], "boxes and scores differ in number")
        return Shape((None,))

    def reference(self, boxes: Array, scores: Array) -> Array:
        low = np.minimum(boxes[:, :2], boxes[:, 2:])
        high = np.maximum(boxes[:, :2], boxes[:, 2:])
        areas = np.prod(high - low, 1)
        kept: list[int] = []
        for k in np.argsort(-scores, kind="stable"):
            if len(kept) == self.max_output_size or not scores[k] > self.score_threshold:
                break
            shared = np.prod(np.maximum(np.minimum(high[k], high[kept]) - np.maximum(low[k], low[kept]), 0), 1)
            whole = areas[k] + areas[kept] - shared
            parts = np.where((areas[k] > 0) & (areas[kept] > 0), shared / np.where(whole > 0, whole, 1), 0)
            if not (parts > self.iou_threshold).any():
                kept.append(int(k))
        return np.array(kept, np.int32)

    samples = (sample(uniform(0.0, 1.0, 12, 4), distinct(12), max_output_size=5, iou_threshold=0.2),
               sample(uniform(0.0, 1.0, 6, 4), distinct(6), max_output_size=9, score_threshold=0.0),
               sample(normal(0, 4), normal(0), max_output_size=3))
