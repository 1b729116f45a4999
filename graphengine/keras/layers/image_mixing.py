"""Layers that put something else into images: noise in a rectangle, or another image of the batch."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...frontend.arrangement import counted
from ...frontend.build import convert_to_tensor
from ...ops.language import L
from .. import random
from ..registry import register
from ..warping import as_float, extent
from .image_color import BYTE
from .images import RandomImageLayer, Transformation, factor_of, per_image


def _images(data: Any) -> Any:
    return convert_to_tensor(data["images"] if isinstance(data, Mapping) else data)


def _order(data: Any, seed: Any) -> Any:
    """The numbers of a batch's images in another order."""
    images = _images(data)
    return random.shuffle(counted(images if images.shape.rank == 4 else L.expand_dims(images, 0), 0), seed=seed)


class _Cutting(RandomImageLayer):
    """A rectangle of each image becomes something else."""

    def _span(self, size: Any, share: Any, seed: Any) -> tuple[Any, Any]:
        """Where rectangles begin and end along an axis, in pixels."""
        length = share * as_float(size)
        start = self.uniform((extent(share, 0),), 0.0, 1.0, seed) * (as_float(size) - length)
        return start, start + length

    def _inside(self, data: Any, columns: tuple[Any, Any], rows: tuple[Any, Any]) -> Any:
        """Whether pixels lie in the rectangles, in a shape that broadcasts against the images."""
        found, images = [], _images(data)
        for axis, ends in zip(self.space_axes, (rows, columns), strict=True):
            numbers = L.cast(counted(images, axis), "float32")
            place = L.reshape(numbers, tuple(-1 if k - 4 == axis else 1 for k in range(4)))
            found.append(L.logical_and(place >= per_image(ends[0]), place < per_image(ends[1])))
        return L.logical_and(*found)


@register
class RandomErasing(_Cutting):
    """A rectangle of each image filled with noise or a color, at random while training.

    Parameters
    ----------
    factor : share of the images that lose one, in [0, 1], or two ends
    scale : of the image's area that is lost the least and the largest share, in [0, 1]
    fill_value : what it is filled with: a number, one for each channel, or None for normal noise
    value_range : the least and the largest number that a pixel may be

    References
    ----------
    Zhong et al. (2020), "Random erasing data augmentation".
    """

    def __init__(
        self, factor: Any = 1.0, scale: Any = (0.02, 0.33), fill_value: Any = None, value_range: Any = BYTE,
        seed: int | None = None, data_format: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor, self.scale = factor_of(self, factor, 0, 1), factor_of(self, scale, 0, 1, "scale")
        self.fill_value, self.value_range = fill_value, value_range
        if isinstance(fill_value, (tuple, list)) and len(fill_value) != 3:
            raise self.refuse("fill_value", fill_value, "a number, three numbers or None")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training:
            return None
        batch, height, width = self.sizes_of(data)
        shares = L.sqrt(self.uniform((batch, 2), *self.scale, seed))
        columns = self._span(width, shares[:, 0], seed)
        rows = self._span(height, shares[:, 1], seed)
        is_chosen = self.is_chosen(batch, seed)
        return {"apply_erasing": is_chosen, "batch_masks": self._inside(data, columns, rows),
                "fill_value": self.in_range(self._filling(data, seed))}

    def _filling(self, data: Any, seed: Any) -> Any:
        if self.fill_value is None:
            noise = random.normal(L.shape_of(_images(data)), seed=self.generator if seed is None else seed)
            return noise * float(self.value_range[1])
        values = np.array(self.fill_value, np.float32)
        is_column = values.ndim and self.is_channels_first
        return convert_to_tensor(values.reshape(-1, 1, 1) if is_column else values)

    def transform_images(self, images: Any, transformation: Transformation = None, training: bool = True) -> Any:
        x = self.as_computed(images)
        if not training or transformation is None:
            return x
        is_erased = L.logical_and(per_image(transformation["apply_erasing"]), transformation["batch_masks"])
        return L.where(is_erased, transformation["fill_value"], x)


class _OfTwo:
    """Labels of images of which each is partly another one of the batch."""

    def _mixed_labels(self, labels: Any, transformation: Transformation) -> Any:
        share = L.reshape(transformation["mix_weight"], (-1, *(1,) * (labels.shape.rank - 1)))
        own = L.cast(labels, share.dtype)
        return share * own + (1.0 - share) * L.gather(own, transformation["permutation_order"])


@register
class MixUp(_OfTwo, RandomImageLayer):
    """Each image mixed with another one of the batch, and labels, as vectors, in the same shares, while training.

    alpha : both parameters of the beta distribution of the shares, above 0

    Notes
    -----
    An image gets the boxes of both. (Of these labels Keras 3.15 makes a longer batch, and it mixes single numbers of
    masks.)

    References
    ----------
    Zhang et al. (2018), "mixup: beyond empirical risk minimization".
    """

    def __init__(self, alpha: float = 0.2, data_format: str | None = None, seed: int | None = None, **kwargs: Any
                 ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.alpha = alpha

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training:
            return None
        source = self.generator if seed is None else seed
        batch = self.sizes_of(data)[0]
        order = _order(data, source)
        return {"mix_weight": random.beta([batch], self.alpha, self.alpha, seed=source), "permutation_order": order}

    def transform_images(self, images: Any, transformation: Transformation = None, training: bool = True) -> Any:
        x = self.as_computed(images)
        if not training or transformation is None:
            return x
        share = per_image(L.cast(transformation["mix_weight"], x.dtype))
        return share * x + (1.0 - share) * L.gather(x, transformation["permutation_order"])

    def transform_labels(self, labels: Any, transformation: Transformation, training: bool = True) -> Any:
        return self._mixed_labels(labels, transformation) if training and transformation is not None else labels

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Transformation,
                                     training: bool = True) -> Any:
        return self.transform_images(segmentation_masks, transformation) if training else segmentation_masks

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Transformation, training: bool = True
                                 ) -> Any:
        if not training or transformation is None:
            return bounding_boxes
        order = transformation["permutation_order"]
        return {**bounding_boxes, **{name: L.concat([bounding_boxes[name], L.gather(bounding_boxes[name], order)], 1)
                                     for name in ("boxes", "labels")}}


@register
class CutMix(_OfTwo, _Cutting):
    """A rectangle of each image from another one of the batch, and labels, as vectors, mixed by area, while training.

    factor : both parameters of the beta distribution of the areas at most, in [0, 1], or two ends

    References
    ----------
    Yun et al. (2019), "CutMix: regularization strategy to train strong classifiers with localizable features".
    """

    def __init__(self, factor: Any = 1.0, seed: int | None = None, data_format: str | None = None, **kwargs: Any
                 ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_of(self, factor, 0, 1)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training:
            return None
        source = self.generator if seed is None else seed
        batch, height, width = self.sizes_of(data)
        alpha = self.uniform((), self.factor[0], self.factor[1], seed) + 1e-6
        ratio = L.sqrt(1.0 - random.beta([batch], alpha, alpha, seed=source))
        columns, rows = self._span(width, ratio, seed), self._span(height, ratio, seed)
        area = (columns[1] - columns[0]) * (rows[1] - rows[0])
        return {"batch_masks": self._inside(data, columns, rows),
                "mix_weight": per_image(1.0 - area / (as_float(width) * as_float(height))),
                "permutation_order": _order(data, source)}

    def transform_images(self, images: Any, transformation: Transformation = None, training: bool = True) -> Any:
        x = self.as_computed(images)
        if not training or transformation is None:
            return x
        return L.where(transformation["batch_masks"], L.gather(x, transformation["permutation_order"]), x)

    def transform_labels(self, labels: Any, transformation: Transformation, training: bool = True) -> Any:
        return self._mixed_labels(labels, transformation) if training and transformation is not None else labels

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Transformation,
                                     training: bool = True) -> Any:
        return self.transform_images(segmentation_masks, transformation, training)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Transformation, training: bool = True
                                 ) -> Any:
        raise self.boxes_stay_behind()
