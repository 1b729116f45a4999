"""What layers for images have in common: pictures alone, or a dict in which labels, boxes and masks go along."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import AttributeValueError, InvalidArgumentError, ShapeError
from ...frontend.build import convert_to_tensor
from ...ops.language import L
from .. import random
from ..warping import extent
from .settings import CHANNELS_FIRST, Configured, order_of_axes

Transformation = Any
ALONG = ("labels", "segmentation_masks")        # what of a dict is a tensor that changes with the images


class ImageLayer(Configured):
    """Changes images while training.

    A subclass says what it draws for a batch (`get_random_transformation`) and what that does with images, and with
    what belongs to them (`transform_images`, `transform_labels`, `transform_bounding_boxes`,
    `transform_segmentation_masks`). With equal seeds both are Keras's on TensorFlow.

    Parameters
    ----------
    bounding_box_format : of boxes that are passed along, as `keras.utils.bounding_boxes` names them

    Shapes
    ------
    inputs : images (batch, height, width, channels), or channels before height for channels_first; or one image; or a
        dict of these as "images", with "labels", "bounding_boxes" and "segmentation_masks" or some of them
    """

    def __init__(self, data_format: str | None = None, bounding_box_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format
        self.data_format = order_of_axes(self)
        self.bounding_box_format: Any = bounding_box_format

    def get_config(self) -> dict[str, Any]:
        boxes = {} if self.bounding_box_format is None else {"bounding_box_format": self.bounding_box_format}
        return {**super().get_config(), "data_format": self.data_format, **boxes}

    # ------------------------------------------------ for subclasses

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        """What is drawn for a batch: whatever the ``transform_`` methods take."""
        return None

    def transform_images(self, images: Any, transformation: Transformation, training: bool = True) -> Any:
        """The images, (batch, ...), after what was drawn."""
        raise NotImplementedError(f"{type(self).__name__} has no transform_images()")

    def transform_labels(self, labels: Any, transformation: Transformation, training: bool = True) -> Any:
        return labels

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Transformation, training: bool = True
                                 ) -> Any:
        return bounding_boxes

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Transformation,
                                     training: bool = True) -> Any:
        return segmentation_masks

    def boxes_stay_behind(self) -> InvalidArgumentError:
        """The error where boxes cannot go along."""
        return InvalidArgumentError("bounding boxes do not go along with what it does", op=type(self).__name__,
                                    fix="leave them out of the dict")

    # ------------------------------------------------ calling

    def call(self, inputs: Any, training: bool = True) -> Any:
        parts = dict(inputs) if isinstance(inputs, Mapping) else {"images": inputs}
        rank = parts["images"].shape.rank
        if rank not in (3, 4):
            raise ShapeError(f"images of shape {parts['images'].shape}; they are (batch, height, width, channels), or "
                             "one image without the first axis", op=type(self).__name__)
        drawn = self.get_random_transformation(inputs, training=training)
        parts = _each(parts, lambda x: L.expand_dims(x, 0)) if rank == 3 else parts
        parts["images"] = self.transform_images(parts["images"], drawn, training=training)
        if "bounding_boxes" in parts:
            if not self.bounding_box_format:
                raise AttributeValueError("there are bounding boxes, of no known form", op=type(self).__name__,
                                          fix="give bounding_box_format='xyxy', or the form they have")
            parts["bounding_boxes"] = self.transform_bounding_boxes(
                _as_boxes(parts["bounding_boxes"]), drawn, training=training)
        for name in ALONG:
            if name in parts:
                parts[name] = getattr(self, f"transform_{name}")(parts[name], drawn, training=training)
        parts = _each(parts, lambda x: x[0]) if rank == 3 else parts
        return parts if isinstance(inputs, Mapping) else parts["images"]

    # ------------------------------------------------ what they say of images

    @property
    def is_channels_first(self) -> bool:
        return bool(self.data_format == CHANNELS_FIRST)

    @property
    def space_axes(self) -> tuple[int, int]:
        """Rows and columns, counted from the end."""
        return (-2, -1) if self.is_channels_first else (-3, -2)

    @property
    def channels_axis(self) -> int:
        return -3 if self.is_channels_first else -1

    def sizes_of(self, data: Any) -> tuple[Any, Any, Any]:
        """Number of images, height and width: whole numbers where they are known, else tensors."""
        images = convert_to_tensor(data["images"] if isinstance(data, Mapping) else data)
        batch = 1 if images.shape.rank == 3 else extent(images, 0)
        height, width = (extent(images, axis) for axis in self.space_axes)
        return batch, height, width

    def as_computed(self, images: Any) -> Any:
        return L.cast(images, self.compute_dtype)

    def channels_last(self, images: Any) -> Any:
        return L.transpose(images, (0, 2, 3, 1)) if self.is_channels_first else images

    def channels_back(self, images: Any) -> Any:
        """As before `channels_last`."""
        return L.transpose(images, (0, 3, 1, 2)) if self.is_channels_first else images

    def in_range(self, images: Any) -> Any:
        """No number outside of `value_range`."""
        return L.clip_by_value(images, float(self.value_range[0]), float(self.value_range[1]))


class RandomImageLayer(ImageLayer):
    """One that draws numbers from a sequence of its own.

    seed : whole number that the sequence follows from; None: another one each time
    """

    factor: Any

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = random.SeedGenerator(seed)

    def uniform(self, shape: Sequence[Any], low: Any, high: Any, seed: Any = None) -> Any:
        """Numbers between two bounds, from `seed`, or else from the layer's own sequence."""
        return random.uniform(list(shape), low, high, None, self.generator if seed is None else seed)

    def is_chosen(self, batch: Any, seed: Any) -> Any:
        """For each image whether it is changed: with a probability between the ends of `factor`."""
        limits = self.uniform((batch,), self.factor[0], self.factor[1], seed)
        return self.uniform((batch,), 0.0, 1.0, seed) < limits


def _each(parts: Mapping[str, Any], change: Any) -> dict[str, Any]:
    """A dict with all its tensors changed, those in the dict of boxes too."""
    return {name: _each(x, change) if isinstance(x, Mapping) else change(convert_to_tensor(x))
            for name, x in parts.items()}


def _as_boxes(found: Any) -> dict[str, Any]:
    """
    Raises
    ------
    AttributeValueError unless it is a dict of "boxes" and "labels".
    """
    if not isinstance(found, Mapping) or not {"boxes", "labels"} <= {*found}:
        raise AttributeValueError("bounding_boxes is no dict with 'boxes' and 'labels'", op="bounding_boxes",
                                  fix="{'boxes': (batch, n, 4), 'labels': (batch, n)}")
    return {**found, "boxes": L.cast(convert_to_tensor(found["boxes"]), "float32"),
            "labels": convert_to_tensor(found["labels"])}


# -------------------------------------------------------------------- forms of arguments

def interval(
    layer: Configured, name: str, value: Any, low: float, high: float, is_mirrored: bool = True, is_open: bool = False
) -> tuple[Any, Any]:
    """An argument that is two ends, or a number: then the other end is minus that, or 0.

    Parameters
    ----------
    is_mirrored : whether the other end is minus the number, as far as `low` allows it
    is_open : whether `low` itself is refused

    Raises
    ------
    AttributeValueError for ends outside of [low, high].
    """
    is_pair = isinstance(value, (tuple, list)) and len(value) == 2
    ends = value if is_pair else (value,)
    if any(isinstance(v, bool) or not isinstance(v, (int, float)) or not low <= v <= high or (is_open and v == low)
           for v in ends):
        raise layer.refuse(name, value, f"a number in {'(' if is_open else '['}{low}, {high}], or two")
    if is_pair:
        return min(value), max(value)
    return (-abs(value) if is_mirrored else 0), abs(value)


def factor_of(layer: Configured, value: Any, low: float, high: float, name: str = "factor") -> tuple[Any, Any]:
    """As `interval`; a number's other end is not below `low`."""
    first, second = interval(layer, name, value, low, high)
    return max(first, low), second


def value_range_of(layer: Configured, value: Any) -> list[Any]:
    """The least and the largest number that a pixel may be."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise layer.refuse("value_range", value, "two numbers")
    return sorted(value)


def rescaled(images: Any, source: Sequence[float], target: Sequence[float]) -> Any:
    """Pixels from one range in another."""
    if tuple(source) == tuple(target):
        return images
    shares = (images - float(source[0])) / (float(source[1]) - float(source[0]))
    return shares * (float(target[1]) - float(target[0])) + float(target[0])


def per_image(numbers: Any) -> Any:
    """One number for each image, in a shape that broadcasts against images."""
    return L.reshape(numbers, (-1, 1, 1, 1))
