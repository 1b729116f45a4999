"""Boxes in images: which of those that cover each other to keep."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from ..dtypes import DType, int32
from ..errors import ShapeError
from ..ir.dims import Shape, merge
from .kinds import REQUIRED, Array, Dynamic, Floating, NoGradient, attr, port
from .registry import op
from .rules import as_int
from .samples import distinct, normal, sample, uniform


def _check(boxes: Shape, scores: Shape) -> None:
    if len(boxes) != 2 or len(scores) != 1:
        raise ShapeError(f"boxes has shape {boxes} and scores {scores}; they have (n, 4) and (n,)")
    merge(boxes[1], 4, "a box has four numbers")
    merge(boxes[0], scores[0], "boxes and scores differ in number")


Overlaps = Callable[[int, Sequence[int]], Array]    # of one candidate with some others


def shared_parts(boxes: Array) -> Overlaps:
    """The part of the area that a box and others cover both; 0 with boxes that have none."""
    low, high = np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])
    areas = np.prod(high - low, 1)

    def of(k: int, others: Sequence[int]) -> Array:
        shared = np.prod(np.maximum(np.minimum(high[k], high[others]) - np.maximum(low[k], low[others]), 0), 1)
        whole = areas[k] + areas[others] - shared
        return np.where((areas[k] > 0) & (areas[others] > 0), shared / np.where(whole > 0, whole, 1), 0)

    return of


def chosen(
    overlaps: Overlaps, scores: Array, most: int, threshold: float, least: float, sigma: float = 0.0
) -> tuple[Array, Array]:
    """Numbers of the candidates to keep, the best first, and their scores.

    Parameters
    ----------
    overlaps : those of one candidate with some others
    most : how many to keep
    threshold : without sigma, a candidate that overlaps more than this with one that is kept is left out
    least : scores up to this are left out
    sigma : if not 0, scores shrink instead, by ``exp(-overlap**2 / (2 sigma))`` for each one that is kept

    References
    ----------
    Bodla, Singh, Chellappa and Davis (2017), "Soft-NMS: improving object detection with one line of code", equation 3.
    """
    waiting = [(-float(s), k, 0) for k, s in enumerate(scores) if s > least]
    heapify(waiting)
    kept: list[int] = []
    found: list[float] = []
    while waiting and len(kept) < most:
        score, k, seen = heappop(waiting)
        against = overlaps(k, kept[seen:])
        if not sigma and (against > threshold).any():
            continue
        weight = float(np.prod(np.exp(against * against * (-0.5 / sigma)))) if sigma and against.size else 1.0
        if weight == 1.0:
            kept.append(k)
            found.append(-score)
        elif -score * weight > least:
            heappush(waiting, (score * weight, k, len(kept)))
    return np.array(kept, np.int32), np.array(found, scores.dtype)


class _Suppression(Dynamic):
    category = "Image"
    gradient = NoGradient("numbers of boxes are whole")

    def result_dtype(self, *types: DType) -> Any:
        return int32


@op
class NonMaxSuppression(_Suppression):
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

    names = ("image.non_max_suppression",)
    inputs = (port("boxes", Floating, "corners"), port("scores", Floating, "how good each box is"))
    max_output_size: int = attr(REQUIRED, "most boxes to keep", low=0, convert=as_int)
    iou_threshold: float = attr(0.5, "largest shared part of the area that two boxes cover", low=0.0, high=1.0,
                                convert=float)
    score_threshold: float = attr(float("-inf"), "scores up to this are left out", convert=float)

    def result_shape(self, boxes: Shape, scores: Shape) -> Shape:
        _check(boxes, scores)
        return Shape((None,))

    def reference(self, boxes: Array, scores: Array) -> Array:
        return chosen(shared_parts(boxes), scores, self.max_output_size, self.iou_threshold, self.score_threshold)[0]

    samples = (sample(uniform(0.0, 1.0, 12, 4), distinct(12), max_output_size=5, iou_threshold=0.2),
               sample(uniform(0.0, 1.0, 6, 4), distinct(6), max_output_size=9, score_threshold=0.0),
               sample(normal(0, 4), normal(0), max_output_size=3))


@op
class NonMaxSuppressionWithScores(_Suppression):
    """The boxes with the highest scores, where those that overlap with a better one lose some of theirs.

    Shapes
    ------
    boxes : (n, 4): two opposite corners, y1, x1, y2, x2
    scores : (n,)
    result : numbers of boxes in the order of their new scores, and these, (m,); m is known when it has run
    """

    names = ("image.non_max_suppression_with_scores",)
    fields = ("selected_indices", "selected_scores")
    inputs = NonMaxSuppression.inputs
    max_output_size: int = attr(REQUIRED, "most boxes to keep", low=0, convert=as_int)
    iou_threshold: float = attr(0.5, "largest shared part of the area that two boxes cover, without soft_nms_sigma",
                                low=0.0, high=1.0, convert=float)
    score_threshold: float = attr(float("-inf"), "scores up to this are left out", convert=float)
    soft_nms_sigma: float = attr(0.0, "how slowly scores shrink with the overlap; 0 leaves them as they are", low=0.0,
                                 convert=float)

    def result_dtype(self, *types: DType) -> tuple[DType, DType]:
        return int32, types[1]

    def result_shape(self, boxes: Shape, scores: Shape) -> tuple[Shape, Shape]:
        _check(boxes, scores)
        return Shape((None,)), Shape((None,))

    def reference(self, boxes: Array, scores: Array) -> tuple[Array, Array]:
        return chosen(shared_parts(boxes), scores, self.max_output_size, self.iou_threshold, self.score_threshold,
                      self.soft_nms_sigma)

    samples = (sample(uniform(0.0, 1.0, 12, 4), distinct(12), max_output_size=5, soft_nms_sigma=0.5),
               sample(normal(0, 4), normal(0), max_output_size=3))


@op
class NonMaxSuppressionOverlaps(_Suppression):
    """The candidates with the highest scores, without those that overlap with a better one.

    Shapes
    ------
    overlaps : (n, n), of each candidate with each other
    scores : (n,)
    result : (m,), numbers of the candidates in the order of their scores; m is known when it has run
    """

    names = ("image.non_max_suppression_overlaps",)
    inputs = (port("overlaps", Floating, "of each with each"), port("scores", Floating, "how good each is"))
    max_output_size: int = attr(REQUIRED, "most candidates to keep", low=0, convert=as_int)
    overlap_threshold: float = attr(0.5, "largest overlap of two that are kept", convert=float)
    score_threshold: float = attr(float("-inf"), "scores up to this are left out", convert=float)

    def result_shape(self, overlaps: Shape, scores: Shape) -> Shape:
        if len(overlaps) != 2 or len(scores) != 1:
            raise ShapeError(f"overlaps has shape {overlaps} and scores {scores}; they have (n, n) and (n,)")
        merge(overlaps[0], scores[0], "overlaps and scores differ in number")
        merge(overlaps[1], scores[0], "overlaps and scores differ in number")
        return Shape((None,))

    def reference(self, overlaps: Array, scores: Array) -> Array:
        return chosen(lambda k, others: overlaps[k, others], scores, self.max_output_size, self.overlap_threshold,
                      self.score_threshold)[0]

    samples = (sample(uniform(0.0, 1.0, 8, 8), distinct(8), max_output_size=4, overlap_threshold=0.7),
               sample(normal(0, 0), normal(0), max_output_size=3))


@op
class BestBoxes(_Suppression):
    """The boxes to keep of each of several images, as many places for each.

    Shapes
    ------
    boxes : (images, n, 4)
    scores : (images, n)
    result : numbers of the boxes in the order of their scores, (images, max_output_size), then zeros; how many count,
        (images,)
    """

    internal = True
    has_parts = False
    inputs = NonMaxSuppression.inputs
    max_output_size: int = attr(REQUIRED, "places for each image", low=0, convert=as_int)
    iou_threshold: float = attr(0.5, "shared part of the area from which on a box is left out", convert=float)
    score_threshold: float = attr(float("-inf"), "scores up to this are left out", convert=float)

    def result_dtype(self, *types: DType) -> tuple[DType, DType]:
        return int32, int32

    def result_shape(self, boxes: Shape, scores: Shape) -> tuple[Shape, Shape]:
        if len(boxes) != 3 or len(scores) != 2:
            raise ShapeError(f"boxes has shape {boxes} and scores {scores}; they have (..., n, 4) and (..., n)")
        merge(boxes[0], scores[0], "boxes and scores are of different numbers of images")
        _check(Shape(boxes[1:]), Shape(scores[1:]))
        return Shape((boxes[0], self.max_output_size)), Shape((boxes[0],))

    def reference(self, boxes: Array, scores: Array) -> tuple[Array, Array]:
        places = np.zeros((len(boxes), self.max_output_size), np.int32)
        counts = np.zeros(len(boxes), np.int32)
        least = np.nextafter(self.iou_threshold, -np.inf)       # here also as much is too much
        for k, (own, rank) in enumerate(zip(boxes, scores, strict=True)):
            kept, _ = chosen(shared_parts(own), rank, self.max_output_size, least, self.score_threshold)
            counts[k] = len(kept)
            places[k, :len(kept)] = kept
        return places, counts

    samples = (sample(uniform(0.0, 1.0, 2, 6, 4), distinct(2, 6), max_output_size=4, iou_threshold=0.3),
               sample(normal(0, 3, 4), normal(0, 3), max_output_size=2))


@op
class CombinedNonMaxSuppression(_Suppression):
    """The boxes with the highest scores among all classes of each image, without those that a better one covers.

    Shapes
    ------
    boxes : (images, n, classes or 1, 4): two opposite corners, y1, x1, y2, x2, for each class or for all
    scores : (images, n, classes)
    result : boxes (images, m, 4), scores (images, m), classes (images, m), filled up with zeros, and how many of them
        count, (images,); m is `max_total_size`
    """

    names = ("image.combined_non_max_suppression",)
    has_parts = False
    fields = ("nmsed_boxes", "nmsed_scores", "nmsed_classes", "valid_detections")
    inputs = (port("boxes", Floating, "corners"), port("scores", Floating, "how good each box is for each class"))
    max_output_size_per_class: int = attr(REQUIRED, "most boxes of a class to keep", low=0, convert=as_int)
    max_total_size: int = attr(REQUIRED, "most boxes of an image to keep", low=0, convert=as_int)
    iou_threshold: float = attr(0.5, "largest shared part of the area that two boxes cover", low=0.0, high=1.0,
                                convert=float)
    score_threshold: float = attr(float("-inf"), "scores up to this are left out", convert=float)
    pad_per_class: bool = attr(False, "whether there are no more places than all classes fill")
    clip_boxes: bool = attr(True, "whether corners are brought to [0, 1]")

    def result_dtype(self, *types: DType) -> tuple[DType, ...]:
        return types[0], types[1], types[1], int32

    def result_shape(self, boxes: Shape, scores: Shape) -> tuple[Shape, ...]:
        if len(boxes) != 4 or len(scores) != 3:
            raise ShapeError(f"boxes has shape {boxes} and scores {scores}; they have (images, n, q, 4) and "
                             "(images, n, classes)")
        merge(boxes[0], scores[0], "boxes and scores are of different numbers of images")
        _check(Shape((boxes[1], boxes[3])), Shape((scores[1],)))
        if boxes[2] != 1:
            merge(boxes[2], scores[2], "boxes are neither for all classes nor for as many as there are scores")
        count: Any = self.max_total_size
        if self.pad_per_class:
            count = min(count, self.max_output_size_per_class * scores[2]) if isinstance(scores[2], int) else None
        return Shape((boxes[0], count, 4)), Shape((boxes[0], count)), Shape((boxes[0], count)), Shape((boxes[0],))

    def reference(self, boxes: Array, scores: Array) -> tuple[Array, ...]:
        shapes: Any = self.result_shape(Shape(boxes.shape), Shape(scores.shape))
        corners, ranks, classes, counts = (
            np.zeros(tuple(s), t) for s, t in zip(shapes, (boxes.dtype, scores.dtype, scores.dtype, np.int32),
                                                  strict=True))
        for image in range(len(boxes)):
            found: list[tuple[float, int, int, Array]] = []
            for k in range(scores.shape[2]):
                own = boxes[image, :, k if boxes.shape[2] > 1 else 0]
                kept, _ = chosen(shared_parts(own), scores[image, :, k], self.max_output_size_per_class,
                                 self.iou_threshold, self.score_threshold)
                found += [(-float(scores[image, n, k]), k, int(n), own[n]) for n in kept]
            found = sorted(found, key=lambda row: row[:3])[:corners.shape[1]]
            counts[image] = len(found)
            for place, (score, k, _, box) in enumerate(found):
                corners[image, place] = np.clip(box, 0, 1) if self.clip_boxes else box
                ranks[image, place], classes[image, place] = -score, k
        return corners, ranks, classes, counts

    samples = (sample(uniform(0.0, 1.0, 2, 5, 1, 4), distinct(2, 5, 3), max_output_size_per_class=2, max_total_size=5),
               sample(uniform(-0.5, 1.5, 1, 4, 2, 4), distinct(1, 4, 2), max_output_size_per_class=1, max_total_size=5,
                      pad_per_class=True, score_threshold=0.0),
               sample(normal(0, 3, 1, 4), normal(0, 3, 2), max_output_size_per_class=1, max_total_size=2))
