"""Layers that move pixels: images are mirrored, turned, scaled, moved, sheared, bent and cut, at random or not."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...ops.language import L
from .. import warping
from ..default_seeds import make_default_seed
from ..registry import register
from ..utils import bounding_boxes as boxes_of
from ..warping import FILL_MODES, INTERPOLATIONS, as_float, chosen, extent
from .images import ImageLayer, RandomImageLayer, Transformation, factor_of, interval, per_image
from .settings import one_of


class _Moving(RandomImageLayer):
    """Pixels come from other places; those of masks from the nearest.

    Parameters
    ----------
    fill_mode : what lies beyond the border: "reflect", "wrap", "constant" or "nearest"
    interpolation : "bilinear" or "nearest"
    fill_value : of pixels that come from nowhere
    """

    def __init__(self, fill_mode: str = "reflect", interpolation: str = "bilinear", fill_value: float = 0.0,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fill_mode = chosen("fill_mode", fill_mode, FILL_MODES, type(self).__name__)
        self.interpolation = chosen("interpolation", interpolation, INTERPOLATIONS, type(self).__name__)
        self.fill_value = fill_value

    def transform_images(self, images: Any, transformation: Transformation, training: bool = True) -> Any:
        return self._moved(images, transformation, training, self.interpolation)

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Transformation,
                                     training: bool = True) -> Any:
        return self._moved(segmentation_masks, transformation, training, "nearest")

    def _moved(self, images: Any, transformation: Transformation, training: bool, interpolation: str) -> Any:
        x = self.as_computed(images)
        return self.moved(x, transformation, interpolation) if training and transformation is not None else x

    def moved(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        """The images after what was drawn."""
        transform = self.matrix(transformation, *self.sizes_of(images)[1:])
        return self.channels_back(warping.projected(
            self.channels_last(images), transform, interpolation, self.fill_mode, self.fill_value))

    def matrix(self, transformation: Transformation, height: Any, width: Any) -> Any:
        """The map of each image, as `warping.projected` takes it."""
        raise NotImplementedError

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Transformation, training: bool = True
                                 ) -> Any:
        if not training or transformation is None:
            return bounding_boxes
        return self.boxes_moved(bounding_boxes, transformation)

    def boxes_moved(self, found: Mapping[str, Any], transformation: Transformation) -> Mapping[str, Any]:
        """The boxes after what was drawn."""
        return found

    def _boxes_in(self, found: Any, source: str, target: str, transformation: Transformation) -> Any:
        height, width = (transformation["input_shape"][axis] for axis in self.space_axes)
        return boxes_of.convert_format(found, source, target, height, width)

    def _shape(self, data: Any) -> tuple[Any, ...]:
        """The images' sizes, as they stand in what was drawn."""
        images = data["images"] if isinstance(data, Mapping) else data
        return tuple(extent(images, k) for k in range(images.shape.rank))


def _with_columns(rows: Any, *columns: Any) -> Any:
    """Maps from eight columns, each a tensor of shape (batch,) or a number."""
    like = L.zeros_like(rows)
    return L.stack([like + c if isinstance(c, float) else c for c in columns], 1)


@register
class RandomFlip(RandomImageLayer):
    """Images mirrored at random while training.

    Parameters
    ----------
    mode : "horizontal", "vertical" or "horizontal_and_vertical": then an image is mirrored both ways, or not at all
    """

    def __init__(self, mode: str = "horizontal_and_vertical", seed: int | None = None, data_format: str | None = None,
                 **kwargs: Any) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.mode = mode
        one_of(self, "mode", ("horizontal", "vertical", "horizontal_and_vertical"))

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training:
            return None
        batch, height, width = self.sizes_of(data)
        sizes = (height, width, 3) if not self.is_channels_first else (3, height, width)
        return {"flips": self.uniform((batch, 1, 1, 1), 0.0, 1.0, seed) <= 0.5, "input_shape": (batch, *sizes)}

    def transform_images(self, images: Any, transformation: Transformation, training: bool = True) -> Any:
        x = self.as_computed(images)
        if training and transformation is not None:
            for word, axis in zip(("vertical", "horizontal"), self.space_axes, strict=True):
                if word in self.mode:
                    x = L.where(per_image(transformation["flips"]), L.reverse(x, [axis]), x)
        return x

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Transformation,
                                     training: bool = True) -> Any:
        return self.transform_images(segmentation_masks, transformation, training)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Transformation, training: bool = True
                                 ) -> Any:
        if not training or transformation is None:
            return bounding_boxes
        height, width = (transformation["input_shape"][axis] for axis in self.space_axes)
        found = boxes_of.convert_format(bounding_boxes, self.bounding_box_format, "rel_xyxy", height, width)
        left, top, right, bottom = (found["boxes"][..., k] for k in range(4))
        flips = L.reshape(transformation["flips"], (-1, 1))
        if "horizontal" in self.mode:
            left, right = L.where(flips, 1 - right, left), L.where(flips, 1 - left, right)
        if "vertical" in self.mode:
            top, bottom = L.where(flips, 1 - bottom, top), L.where(flips, 1 - top, bottom)
        found = {**found, "boxes": L.stack([left, top, right, bottom], -1)}
        found = boxes_of.clip_to_image_size(found, bounding_box_format="rel_xyxy")
        return boxes_of.convert_format(found, "rel_xyxy", self.bounding_box_format, height, width)


@register
class RandomRotation(_Moving):
    """Images turned around their middle at random while training.

    Parameters
    ----------
    factor : how far at most, as a share of a full turn, or two ends; positive is counterclockwise
    fill_mode : what lies beyond the border: "reflect", "wrap", "constant" or "nearest"
    interpolation : "bilinear" or "nearest"
    fill_value : of pixels that come from nowhere
    """

    def __init__(
        self, factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear", seed: int | None = None,
        fill_value: float = 0.0, data_format: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_of(self, factor, -1, 1)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training:
            return None
        batch, height, width = self.sizes_of(data)
        angle = self.uniform((batch,), self.factor[0] * 360.0, self.factor[1] * 360.0, seed)
        return {"angle": angle, "rotation_matrix": warping.around_center(angle, height, width),
                "image_height": height, "image_width": width, "batch_size": batch}

    def matrix(self, transformation: Transformation, height: Any, width: Any) -> Any:
        return transformation["rotation_matrix"]

    def boxes_moved(self, found: Mapping[str, Any], transformation: Transformation) -> Mapping[str, Any]:
        height, width, zero = transformation["image_height"], transformation["image_width"], 0 * transformation["angle"]
        found = boxes_of.convert_format(found, self.bounding_box_format, "xyxy", height, width)
        moved = boxes_of.affine_transform(found["boxes"], transformation["angle"], zero, zero, zero + 1.0, zero, zero,
                                          height, width)
        found = boxes_of.clip_to_image_size({**found, "boxes": moved}, height, width)
        return boxes_of.convert_format(found, "xyxy", self.bounding_box_format, height, width)


@register
class RandomTranslation(_Moving):
    """Images moved at random while training.

    Parameters
    ----------
    height_factor, width_factor : how far down and to the right at most, as shares of the image, or two ends of each
    fill_mode : what lies beyond the border: "reflect", "wrap", "constant" or "nearest"
    interpolation : "bilinear" or "nearest"
    fill_value : of pixels that come from nowhere
    """

    def __init__(
        self, height_factor: Any, width_factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear",
        seed: int | None = None, fill_value: float = 0.0, data_format: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._rows = interval(self, "height_factor", height_factor, -1, 1)
        self._columns = interval(self, "width_factor", width_factor, -1, 1)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training:
            return None
        batch, height, width = self.sizes_of(data)
        down = self.uniform((batch, 1), *self._rows, seed) * as_float(height)
        right = self.uniform((batch, 1), *self._columns, seed) * as_float(width)
        return {"translations": L.concat([right, down], 1), "input_shape": self._shape(data)}

    def matrix(self, transformation: Transformation, height: Any, width: Any) -> Any:
        right, down = (transformation["translations"][:, k] for k in range(2))
        return _with_columns(right, 1.0, 0.0, -right, 0.0, 1.0, -down, 0.0, 0.0)

    def boxes_moved(self, found: Mapping[str, Any], transformation: Transformation) -> Mapping[str, Any]:
        found = self._boxes_in(found, self.bounding_box_format, "xyxy", transformation)
        steps = L.tile(transformation["translations"], (1, 2))
        height, width = (transformation["input_shape"][axis] for axis in self.space_axes)
        found = {**found, "boxes": found["boxes"] + L.expand_dims(steps, 1)}
        found = boxes_of.clip_to_image_size(found, height, width)
        return self._boxes_in(found, "xyxy", self.bounding_box_format, transformation)


@register
class RandomZoom(_Moving):
    """Images seen from nearer or farther at random while training.

    Parameters
    ----------
    height_factor, width_factor : by how much at most, as shares: 0.2 for 20 % farther, -0.2 for nearer, a number
        alone for both; None for the width is what is drawn for the height
    fill_mode : what lies beyond the border: "reflect", "wrap", "constant" or "nearest"
    interpolation : "bilinear" or "nearest"
    fill_value : of pixels that come from nowhere
    """

    def __init__(
        self, height_factor: Any, width_factor: Any = None, fill_mode: str = "reflect",
        interpolation: str = "bilinear", seed: int | None = None, fill_value: float = 0.0,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._rows = interval(self, "height_factor", height_factor, -1, 1, is_open=True)
        self._columns = None if width_factor is None else interval(self, "width_factor", width_factor, -1, 1,
                                                                   is_open=True)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training:
            return None
        batch = self.sizes_of(data)[0]
        down = self.uniform((batch, 1), 1.0 + self._rows[0], 1.0 + self._rows[1], seed)
        across = down
        if self._columns is not None:
            across = self.uniform((batch, 1), 1.0 + self._columns[0], 1.0 + self._columns[1], seed)
        return {"height_zoom": down, "width_zoom": across, "input_shape": self._shape(data)}

    def matrix(self, transformation: Transformation, height: Any, width: Any) -> Any:
        across, down = transformation["width_zoom"][:, 0], transformation["height_zoom"][:, 0]
        right, below = ((as_float(n) - 1.0) / 2.0 * (1.0 - zoom) for n, zoom in ((width, across), (height, down)))
        return _with_columns(across, across, 0.0, right, 0.0, down, below, 0.0, 0.0)

    def boxes_moved(self, found: Mapping[str, Any], transformation: Transformation) -> Mapping[str, Any]:
        height, width = (transformation["input_shape"][axis] for axis in self.space_axes)
        found = boxes_of.convert_format(found, self.bounding_box_format, "xyxy", height, width)
        zooms = L.expand_dims(L.concat([transformation["width_zoom"], transformation["height_zoom"]], 1), 1)
        size = L.stack([L.cast(n, "float32") for n in (width, height)])
        start = (size - 1.0) / 2.0 * (1.0 - zooms)                      # (batch, 1, 2), left and top of what is seen
        end = zooms * size + start
        first, second = (L.minimum(L.maximum(found["boxes"][..., k:k + 2], start), end) - start for k in (0, 2))
        shares = L.concat([first / (end - start), second / (end - start)], -1)
        found = boxes_of.clip_to_image_size({**found, "boxes": shares}, bounding_box_format="rel_xyxy")
        return boxes_of.convert_format(found, "rel_xyxy", self.bounding_box_format, height, width)


@register
class RandomShear(_Moving):
    """Images sheared at random while training.

    Parameters
    ----------
    x_factor, y_factor : how far at most, as shares of the image in [0, 1], or two ends of each
    interpolation : "bilinear" or "nearest"
    fill_mode : what lies beyond the border: "reflect", "wrap", "constant" or "nearest"
    fill_value : of pixels that come from nowhere
    """

    def __init__(
        self, x_factor: Any = 0.0, y_factor: Any = 0.0, interpolation: str = "bilinear", fill_mode: str = "reflect",
        fill_value: float = 0.0, data_format: str | None = None, seed: int | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.x_factor, self.y_factor = x_factor, y_factor
        self._columns = interval(self, "x_factor", x_factor, 0, 1)
        self._rows = interval(self, "y_factor", y_factor, 0, 1)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """An equal layer; (-a, a), which Keras writes for a number, is that number."""
        named = {name: value[1] for name, value in config.items()
                 if name in ("x_factor", "y_factor") and isinstance(value, (tuple, list)) and value[0] == -value[1]}
        return super().from_config({**config, **named})

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training:
            return None
        batch = self.sizes_of(data)[0]
        invert = L.where(self.uniform((batch, 1), 0.0, 1.0, seed) > 0.5, -1.0, 1.0)
        down, across = (self.uniform((batch, 1), *ends, seed) for ends in (self._rows, self._columns))
        return {"shear_factor": L.concat([across, down], 1) * invert, "input_shape": self._shape(data)}

    def matrix(self, transformation: Transformation, height: Any, width: Any) -> Any:
        across, down = (transformation["shear_factor"][:, k] for k in range(2))
        return _with_columns(across, 1.0, across, 0.0, down, 1.0, 0.0, 0.0, 0.0)

    def boxes_moved(self, found: Mapping[str, Any], transformation: Transformation) -> Mapping[str, Any]:
        found = self._boxes_in(found, self.bounding_box_format, "rel_xyxy", transformation)
        across, down = (transformation["shear_factor"][:, k:k + 1] for k in range(2))
        left, top, right, bottom = (found["boxes"][..., k] for k in range(4))
        left, right = (left - across * L.where(across < 0, top, bottom),
                       right - across * L.where(across < 0, bottom, top))
        top, bottom = (top - down * L.where(down > 0, right, left), bottom - down * L.where(down > 0, left, right))
        found = {**found, "boxes": L.stack([left, top, right, bottom], -1)}
        found = boxes_of.clip_to_image_size(found, bounding_box_format="rel_xyxy")
        return self._boxes_in(found, "rel_xyxy", self.bounding_box_format, transformation)


@register
class RandomPerspective(_Moving):
    """Images seen from a side, at random while training.

    Parameters
    ----------
    factor : share of the images that are changed, in [0, 1], or two ends
    scale : how far corners are moved at most, as a share of the image in [0, 1]
    interpolation : "bilinear" or "nearest"
    fill_value : of pixels that come from nowhere
    """

    def __init__(
        self, factor: Any = 1.0, scale: float = 1.0, interpolation: str = "bilinear", fill_value: float = 0.0,
        seed: int | None = None, data_format: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__("constant", interpolation, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_of(self, factor, 0, 1)
        self.scale = scale
        if not 0 <= scale <= 1:
            raise self.refuse("scale", scale, "a number in [0, 1]")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training:
            return None
        batch, height, width = self.sizes_of(data)
        is_changed = self.is_chosen(batch, seed)
        moved = self.uniform((batch, 4, 2), -0.5 * self.scale, 0.5 * self.scale, seed)
        far, low = as_float(width) - 1.0, as_float(height) - 1.0
        corners = L.reshape(L.stack([L.cast(v, "float32") for v in (0.0, 0.0, far, 0.0, 0.0, low, far, low)]), (4, 2))
        start = L.zeros_like(moved) + corners
        return {"apply_perspective": is_changed, "start_points": start, "end_points": start + start * moved,
                "input_shape": self._shape(data)}

    def moved(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        seen = super().moved(images, transformation, interpolation)
        return L.where(per_image(transformation["apply_perspective"]), seen, images)

    def matrix(self, transformation: Transformation, height: Any, width: Any) -> Any:
        return warping.of_corners(transformation["start_points"], transformation["end_points"])

    def boxes_moved(self, found: Mapping[str, Any], transformation: Transformation) -> Mapping[str, Any]:
        height, width = (transformation["input_shape"][axis] for axis in self.space_axes)
        found = boxes_of.convert_format(found, self.bounding_box_format, "xyxy", height, width)
        there = self.matrix(transformation, height, width)
        back = L.inv(L.reshape(L.concat([there, L.ones_like(there[:, :1])], 1), (-1, 3, 3)))
        left, top, right, bottom = (found["boxes"][..., k] for k in range(4))
        places = L.stack([L.stack(p, -1) for p in ((left, top), (right, bottom), (left, bottom), (right, top))], -2)
        homogeneous = L.concat([places, L.ones_like(places[..., :1])], -1)      # (batch, n, 4, 3)
        moved = L.matmul(homogeneous, L.expand_dims(L.transpose(back, (0, 2, 1)), 1))
        moved = moved[..., :2] / moved[..., 2:]
        around = L.concat([L.reduce_min(moved, -2), L.reduce_max(moved, -2)], -1)
        is_changed = L.reshape(transformation["apply_perspective"], (-1, 1, 1))
        kept = {**found, "boxes": L.where(is_changed, around, found["boxes"])}
        kept = boxes_of.clip_to_image_size(kept, height, width)
        return boxes_of.convert_format(kept, "xyxy", self.bounding_box_format, height, width)


@register
class RandomElasticTransform(_Moving):
    """Images bent at random while training.

    Parameters
    ----------
    factor : share of the images that are changed, in [0, 1], or two ends
    scale : how much they are bent, in [0, 1], or two ends
    interpolation : "bilinear" or "nearest"
    fill_mode : what lies beyond the border: "reflect", "wrap", "constant" or "nearest"
    fill_value : of pixels that come from nowhere
    value_range : the least and the largest number that a pixel may be

    Raises
    ------
    ShapeError if height or width are not known.
    """

    def __init__(
        self, factor: Any = 1.0, scale: Any = 1.0, interpolation: str = "bilinear", fill_mode: str = "reflect",
        fill_value: float = 0.0, value_range: Any = (0, 255), seed: int | None = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_of(self, factor, 0, 1)
        self.scale = factor_of(self, scale, 0, 1, "scale")
        self.value_range = value_range

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training or not self.scale[1] or not self.factor[1]:
            return None
        is_changed = self.is_chosen(self.sizes_of(data)[0], seed)
        strength = self.uniform((), *self.scale, seed)
        return {"apply_transform": is_changed, "distortion_factor": strength,
                "seed": self.generator.next() if seed is None else seed}

    def moved(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        _, height, width = self.sizes_of(images)
        if not isinstance(height, int) or not isinstance(width, int):
            raise ShapeError(f"images of shape {images.shape}: how far they bend depends on their size",
                             op="RandomElasticTransform", fix="give Input(shape=...) numbers for height and width")
        strength, small = transformation["distortion_factor"], min(height, width) * 0.05
        alpha, sigma = max(height, width) * (0.1 * strength), min(height, width) * (0.05 * strength)
        bent = self.channels_back(warping.bent(
            self.channels_last(images), alpha, sigma, small * self.scale[1], interpolation, self.fill_mode,
            self.fill_value, transformation["seed"]))
        found = L.where(per_image(transformation["apply_transform"]), bent, images)
        return self.in_range(found)

    def boxes_moved(self, found: Mapping[str, Any], transformation: Transformation) -> Mapping[str, Any]:
        raise self.boxes_stay_behind()


# -------------------------------------------------------------------- cut

def _fitting(height: int, width: int, wanted: tuple[int, int]) -> tuple[int, int]:
    """The largest part that has the proportions of another size."""
    return (max(min(height, int(width * wanted[0] / wanted[1])), 1),
            max(min(width, int(height * wanted[1] / wanted[0])), 1))


class _Cutting(ImageLayer):
    def _known(self, data: Any) -> tuple[int, int]:
        height, width = self.sizes_of(data)[1:]
        if not isinstance(height, int) or not isinstance(width, int):
            raise ShapeError("height and width of the images have to be known", op=type(self).__name__,
                             fix="give Input(shape=...) numbers for both")
        return height, width

    def _part(self, images: Any, begin: tuple[Any, Any], size: tuple[int, int]) -> Any:
        """Rows and columns from a place on, as many as there are up to a size."""
        for axis, first, count in zip(self.space_axes, begin, size, strict=True):
            k = images.shape.rank + axis
            if isinstance(first, int):
                images = images[tuple(slice(first, first + count) if j == k else slice(None)
                                      for j in range(images.shape.rank))]
            else:
                images = L.gather(images, np.arange(count, dtype=np.int32) + first, None, k)
        return images

    def _resized(self, images: Any) -> Any:
        size = (self.height, self.width)
        return self.channels_back(self.as_computed(L.resize(self.channels_last(images), size, "bilinear")))


@register
class RandomCrop(RandomImageLayer, _Cutting):
    """A part of the images from a random place while training; images that are too small are resized.

    height, width : of the part in pixels

    Notes
    -----
    Boxes move with the pixels; Keras 3.15 takes the first row for a column there.
    """

    def __init__(self, height: int, width: int, seed: int | None = None, data_format: str | None = None, **kwargs: Any
                 ) -> None:
        drawn = make_default_seed() if seed is None else seed      # one more than other layers draw, as in Keras
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.seed = drawn
        self.height, self.width = height, width

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        height, width = self._known(data)
        if training and height > self.height and width > self.width:
            return tuple(L.cast(self.uniform((), 0.0, float(size - part + 1), seed), "int32")
                         for size, part in ((height, self.height), (width, self.width)))
        kept = _fitting(height, width, (self.height, self.width))
        return (height - kept[0]) // 2, (width - kept[1]) // 2

    def transform_images(self, images: Any, transformation: Transformation, training: bool = True) -> Any:
        if not training:
            return images
        part = self._part(self.as_computed(images), transformation, (self.height, self.width))
        found = tuple(part.shape[axis] for axis in self.space_axes)
        return part if found == (self.height, self.width) else self._resized(part)

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Transformation,
                                     training: bool = True) -> Any:
        return self.transform_images(segmentation_masks, transformation)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Transformation, training: bool = True
                                 ) -> Any:
        if not training:
            return bounding_boxes
        size = self.height, self.width
        boxes = boxes_of.convert_format(bounding_boxes["boxes"], self.bounding_box_format, "xyxy", *size)
        top, left = (L.cast(v, boxes.dtype) for v in transformation)
        moved = L.maximum(boxes - L.stack([left, top, left, top]), 0.0)
        return {"boxes": boxes_of.convert_format(moved, "xyxy", self.bounding_box_format, *size),
                "labels": bounding_boxes["labels"]}


@register
class CenterCrop(_Cutting):
    """The middle of images; those that are too small are cut to its proportions and resized.

    height, width : of the middle in pixels
    """

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = height, width

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        return {"input_shape": self._known(data)}

    def _kept(self, height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Where what is kept begins, and its size."""
        size = (self.height, self.width)
        if height < self.height or width < self.width:
            size = _fitting(height, width, size)
        return ((height - size[0]) // 2, (width - size[1]) // 2), size

    def transform_images(self, images: Any, transformation: Transformation = None, training: bool = True) -> Any:
        begin, size = self._kept(*self._known(images))
        part = self._part(self.as_computed(images), begin, size)
        return part if size == (self.height, self.width) else self._resized(part)

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Transformation,
                                     training: bool = True) -> Any:
        return self.transform_images(segmentation_masks, transformation, training)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Transformation, training: bool = True
                                 ) -> Any:
        height, width = transformation["input_shape"]
        (top, left), size = self._kept(height, width)
        found = boxes_of.convert_format(bounding_boxes, self.bounding_box_format, "xyxy", height, width)
        found = {**found, "boxes": boxes_of.crop(found["boxes"], top, left, *size)}
        if size != (self.height, self.width):
            found = boxes_of.convert_format(found, "xyxy", "rel_xyxy", *size)
            found = boxes_of.convert_format(found, "rel_xyxy", "xyxy", self.height, self.width)
        found = boxes_of.clip_to_image_size(found, self.height, self.width)
        return boxes_of.convert_format(found, "xyxy", self.bounding_box_format, self.height, self.width)
