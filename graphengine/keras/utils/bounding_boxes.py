"""Boxes around things in images: four numbers each, in one of several forms.

    xyxy            left, top, right, bottom          yxyx            top, left, bottom, right
    xywh            left, top, width, height          center_xywh     middle, width, height
    center_yxhw     middle (y first), height, width

With ``rel_`` before it, numbers are shares of the image's width and height; else they are pixels.
"""
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...errors import AttributeValueError, InvalidArgumentError, ShapeError
from ...frontend.build import convert_to_tensor
from ...ops.language import L
from ..config import epsilon

FORMATS = ("xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh")

Boxes = Any


def _columns(boxes: Boxes) -> list[Any]:
    return [boxes[..., k:k + 1] for k in range(4)]


def _corners(boxes: Boxes, form: str) -> list[Any]:
    """Left, top, right and bottom, in the units of the boxes."""
    a, b, c, d = _columns(boxes)
    match form:
        case "yxyx":
            return [b, a, d, c]
        case "xywh":
            return [a, b, a + c, b + d]
        case "center_yxhw":
            a, b, c, d = b, a, d, c
    if form.startswith("center"):
        return [a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0]
    return [a, b, c, d]


def _formed(corners: list[Any], form: str) -> list[Any]:
    """From left, top, right and bottom to a form."""
    left, top, right, bottom = corners
    width, height = right - left, bottom - top
    match form:
        case "yxyx":
            return [top, left, bottom, right]
        case "xywh":
            return [left, top, width, height]
        case "center_xywh":
            return [left + width / 2.0, top + height / 2.0, width, height]
        case "center_yxhw":
            return [top + height / 2.0, left + width / 2.0, height, width]
    return corners


def convert_format(
    boxes: Any, source: str, target: str, height: Any = None, width: Any = None, dtype: str = "float32"
) -> Any:
    """Boxes in another form.

    Parameters
    ----------
    boxes : (..., 4), or a dict that has them as "boxes"
    source, target : the forms, see above
    height, width : of the image in pixels; needed between shares and pixels

    Raises
    ------
    ShapeError unless the last axis has size 4. AttributeValueError for a form that there is not, or without a size.
    """
    if isinstance(boxes, Mapping):
        return {**boxes, "boxes": convert_format(boxes["boxes"], source, target, height, width, dtype)}
    x = L.cast(convert_to_tensor(boxes), dtype)
    if not x.shape.rank or x.shape[-1] != 4:
        raise ShapeError(f"boxes has shape {x.shape}; its last axis has size 4", op="convert_format")
    source, target = source.lower(), target.lower()
    for name, form in (("source", source), ("target", target)):
        if form not in FORMATS:
            raise AttributeValueError(f"{name}={form!r}; it takes one of {', '.join(FORMATS)}", op="convert_format")
    relative = source.startswith("rel_"), target.startswith("rel_")
    if any(relative) and (height is None or width is None):
        raise AttributeValueError(f"between {source!r} and {target!r} the image's size counts", op="convert_format",
                                  fix="give height and width in pixels")
    if source == target:
        return x
    corners = _corners(x, source.removeprefix("rel_"))
    if relative[0] != relative[1]:
        sizes = [L.cast(n, dtype) for n in (width, height)] * 2
        corners = [c * n if relative[0] else c / n for c, n in zip(corners, sizes, strict=True)]
    return L.concat(_formed(corners, target.removeprefix("rel_")), -1)


def clip_to_image_size(
    bounding_boxes: Mapping[str, Any], height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> dict[str, Any]:
    """Boxes without what lies outside of the image; those of which nothing is left get the label -1.

    Parameters
    ----------
    bounding_boxes : "boxes" (..., n, 4) and, if there are any, "labels" (..., n)
    bounding_box_format : "xyxy" or "rel_xyxy"
    """
    if bounding_box_format not in ("xyxy", "rel_xyxy"):
        raise AttributeValueError(f"bounding_box_format={bounding_box_format!r}; it takes 'xyxy' or 'rel_xyxy'",
                                  op="clip_to_image_size", fix="use convert_format first")
    is_relative = bounding_box_format == "rel_xyxy"
    if not is_relative and (height is None or width is None):
        raise AttributeValueError("boxes in pixels are clipped to height and width", op="clip_to_image_size",
                                  fix="give both")
    boxes = convert_to_tensor(bounding_boxes["boxes"])
    clipped = crop(boxes, 0.0, 0.0, *((1.0, 1.0) if is_relative else (height, width)))
    found = {**bounding_boxes, "boxes": clipped}
    if found.get("labels") is not None:
        labels = convert_to_tensor(found["labels"])
        left, top, right, bottom = (clipped[..., k] for k in range(4))
        found["labels"] = L.where((right - left) * (bottom - top) > 0.0, labels, L.cast(-1, labels.dtype))
    return found


def _only_corners(bounding_box_format: str, op: str) -> None:
    if bounding_box_format != "xyxy":
        raise AttributeValueError(f"bounding_box_format={bounding_box_format!r}; it takes 'xyxy'", op=op,
                                  fix="use convert_format first")


def crop(boxes: Any, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy") -> Any:
    """Boxes in a part of the image: it begins at a row and a column and has this height and width, in pixels."""
    _only_corners(bounding_box_format, "crop")
    x = convert_to_tensor(boxes)
    moved = [c - L.cast(n, x.dtype) for c, n in zip(_columns(x), (left, top, left, top), strict=True)]
    ends = [L.cast(n, x.dtype) for n in (width, height, width, height)]
    return L.concat([L.minimum(L.maximum(c, L.zeros_like(c)), n) for c, n in zip(moved, ends, strict=True)], -1)


def pad(
    boxes: Any, top: Any, left: Any, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> Any:
    """Boxes in an image that has got rows above and columns on the left.

    height, width : of no effect, as in Keras
    """
    del height, width
    _only_corners(bounding_box_format, "pad")
    x = convert_to_tensor(boxes)
    return L.concat([c + L.cast(n, x.dtype) for c, n in zip(_columns(x), (left, top, left, top), strict=True)], -1)


def affine_transform(
    boxes: Any, angle: Any, translate_x: Any, translate_y: Any, scale: Any, shear_x: Any, shear_y: Any, height: Any,
    width: Any, center_x: Any = None, center_y: Any = None, bounding_box_format: str = "xyxy",
) -> Any:
    """The smallest boxes around boxes that are turned, moved, scaled and sheared with their image.

    Parameters
    ----------
    angle, shear_x, shear_y : in degrees
    translate_x, translate_y : shares of the width and the height
    scale : factor, dimensionless
    height, width : of the image in pixels
    center_x, center_y : what stays where it is, as shares; the middle if None

    Shapes
    ------
    boxes, result : (batch, n, 4)
    angle, translate_x, translate_y, scale, shear_x, shear_y : (batch,)
    """
    _only_corners(bounding_box_format, "affine_transform")
    angle, translate_x, translate_y, scale, shear_x, shear_y = (
        L.cast(convert_to_tensor(v), "float32") for v in (angle, translate_x, translate_y, scale, shear_x, shear_y))
    across, down = (L.cast(n, "float32") - 1.0 for n in (width, height))
    cx, cy = (n * (0.5 if c is None else c) for n, c in ((across, center_x), (down, center_y)))
    turn, sx, sy = (-v * (math.pi / 180) for v in (angle, shear_x, shear_y))
    a = L.cos(turn - sy) / L.cos(sy)
    b = a * L.tan(sx) + L.sin(turn)
    c = -L.sin(turn - sy) / L.cos(sy)
    d = L.cos(turn) - c * L.tan(sx)
    x0, y0 = cx - translate_x * across, cy - translate_y * down
    lines = []
    for one, two, middle in ((d * scale, -b * scale, cx), (-c * scale, a * scale, cy)):
        lines.append([L.reshape(v, (-1, 1)) for v in (one, two, middle - one * x0 - two * y0)])
    left, top, right, bottom = (L.cast(convert_to_tensor(boxes), "float32")[..., k] for k in range(4))
    points = ((left, top), (right, top), (right, bottom), (left, bottom))
    places = [L.stack([one * x + two * y + rest for x, y in points], -1) for one, two, rest in lines]
    return L.stack([L.reduce_min(p, -1) for p in places] + [L.reduce_max(p, -1) for p in places], -1)


# -------------------------------------------------------------------- how alike boxes are

def _size(image_shape: Any) -> tuple[Any, Any]:
    return (None, None) if image_shape is None else tuple(image_shape)[:2]


def _overlap(begin1: Any, end1: Any, begin2: Any, end2: Any) -> Any:
    """The length that two intervals share."""
    return L.maximum(L.minimum(end1, end2) - L.maximum(begin1, begin2), 0.0)


def compute_iou(
    boxes1: Any, boxes2: Any, bounding_box_format: str, use_masking: bool = False, mask_val: float = -1,
    image_shape: Any = None,
) -> Any:
    """Of each pair the area that both boxes share over that of either.

    Parameters
    ----------
    use_masking : give `mask_val` for pairs of which one has only numbers below 0, as what is no box may have
    image_shape : (height, width, channels), needed for relative forms

    Shapes
    ------
    boxes1, boxes2 : (m, 4) and (n, 4), or (batch, m, 4) and (batch, n, 4), or one of each
    result : (m, n), or (batch, m, n)
    """
    height, width = _size(image_shape)
    first, second = (convert_format(b, bounding_box_format, "xyxy", height, width) for b in (boxes1, boxes2))
    for name, boxes in (("boxes1", first), ("boxes2", second)):
        if boxes.shape.rank not in (2, 3):
            raise ShapeError(f"{name} has shape {boxes.shape}; it is (n, 4) or (batch, n, 4)", op="compute_iou")
    one, two = L.expand_dims(first, -2), L.expand_dims(second, -3)
    (l1, t1, r1, b1), (l2, t2, r2, b2) = ([v[..., k] for k in range(4)] for v in (one, two))
    shared = _overlap(t1, b1, t2, b2) * _overlap(l1, r1, l2, r2)
    either = (b1 - t1) * (r1 - l1) + (b2 - t2) * (r2 - l2) - shared
    found = shared / (either + epsilon())
    if not use_masking:
        return found
    is_none = L.logical_or(L.reduce_max(one, -1) < 0.0, L.reduce_max(two, -1) < 0.0)
    return L.where(is_none, L.cast(mask_val, found.dtype), found)


def compute_ciou(boxes1: Any, boxes2: Any, bounding_box_format: str, image_shape: Any = None) -> Any:
    """Of each box and the one at its place: how much they share, less for distance and another shape.

    Raises
    ------
    InvalidArgumentError for relative forms.

    Shapes
    ------
    boxes1, boxes2 : (..., 4)
    result : (...)

    References
    ----------
    Zheng et al. (2020), "Distance-IoU loss: faster and better learning for bounding box regression", section 3.3.
    """
    if "rel" in bounding_box_format:
        raise InvalidArgumentError(f"{bounding_box_format!r} tells no lengths", op="compute_ciou",
                                   fix="use convert_format first")
    small, (height, width) = epsilon(), _size(image_shape)
    first, second = (convert_format(b, bounding_box_format, "xyxy", height, width) for b in (boxes1, boxes2))
    (l1, t1, r1, b1), (l2, t2, r2, b2) = ([v[..., k] for k in range(4)] for v in (first, second))
    width1, height1, width2, height2 = r1 - l1, b1 - t1 + small, r2 - l2, b2 - t2 + small
    shared = _overlap(l1, r1, l2, r2) * _overlap(t1, b1, t2, b2)
    either = width1 * height1 + width2 * height2 - shared + small
    iou = shared / (either + small)
    reach = (L.square(L.maximum(r1, r2) - L.minimum(l1, l2)) + L.square(L.maximum(b1, b2) - L.minimum(t1, t2)) + small)
    apart = L.square((l1 + r1) / 2.0 - (l2 + r2) / 2.0) + L.square((t1 + b1) / 2.0 - (t2 + b2) / 2.0)
    v = 4 / math.pi**2 * L.square(L.atan(width2 / height2) - L.atan(width1 / height1))
    return iou - (apart / reach + v * (v / (v - iou + (1 + small))))


# -------------------------------------------------------------------- boxes by their distance from others

def _deltas(encoding: str, variance: Any, op: str) -> Any:
    """The variance as a tensor, or None."""
    if encoding not in ("center_xywh", "center_yxhw"):
        raise AttributeValueError(f"{encoding!r} is no encoding; it takes 'center_xywh' or 'center_yxhw'", op=op)
    if variance is None:
        return None
    found = L.cast(convert_to_tensor(variance), "float32")
    if found.shape[-1] != 4:
        raise ShapeError(f"variance has shape {found.shape}; it is 4 numbers", op=op)
    return found


def encode_box_to_deltas(
    anchors: Any, boxes: Any, anchor_format: str, box_format: str, encoding_format: str = "center_yxhw",
    variance: Any = None, image_shape: Any = None,
) -> Any:
    """Boxes as distances from anchors over their sizes, and logarithms of ratios of sizes, all over `variance`.

    References
    ----------
    Girshick et al. (2014), "Rich feature hierarchies for accurate object detection and semantic segmentation",
    appendix C.
    """
    scale, (height, width) = _deltas(encoding_format, variance, "encode_box_to_deltas"), _size(image_shape)
    near, far = (convert_format(b, form, encoding_format, height, width)
                 for b, form in ((anchors, anchor_format), (boxes, box_format)))
    own, wanted = (L.maximum(b[..., 2:], epsilon()) for b in (near, far))
    found = L.concat([(far[..., :2] - near[..., :2]) / own, L.log(wanted / own)], -1)
    return found if scale is None else found / scale


def decode_deltas_to_boxes(
    anchors: Any, boxes_delta: Any, anchor_format: str, box_format: str, encoded_format: str = "center_yxhw",
    variance: Any = None, image_shape: Any = None,
) -> Any:
    """Boxes from what `encode_box_to_deltas` made of them; of dicts those under each key."""
    if isinstance(anchors, Mapping) and isinstance(boxes_delta, Mapping):
        return {key: decode_deltas_to_boxes(anchor, boxes_delta[key], anchor_format, box_format, encoded_format,
                                            variance, image_shape) for key, anchor in anchors.items()}
    scale, (height, width) = _deltas(encoded_format, variance, "decode_deltas_to_boxes"), _size(image_shape)
    near, steps = convert_format(anchors, anchor_format, encoded_format, height, width), convert_to_tensor(boxes_delta)
    steps = steps if scale is None else steps * scale
    own = near[..., 2:]
    found = L.concat([steps[..., :2] * own + near[..., :2], L.exp(steps[..., 2:]) * own], -1)
    return convert_format(found, encoded_format, box_format, height, width)


__all__ = ["affine_transform", "clip_to_image_size", "compute_ciou", "compute_iou", "convert_format", "crop",
           "decode_deltas_to_boxes", "encode_box_to_deltas", "pad"]
