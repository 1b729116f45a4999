"""Layers that put images together: parts erased, two images mixed, several changes one after the other."""
from __future__ import annotations

import random as python_random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import AttributeValueError
from ...frontend.arrangement import counted
from ...frontend.build import convert_to_tensor
from ...frontend.control import switch_case
from ...ops.language import L
from .. import random
from ..layer import Layer
from ..masks import masks_of
from ..registry import deserialize_keras_object, register, serialize_keras_object
from ..warping import as_float, extent
from . import image_color, image_geometry
from .image_color import BYTE
from .images import ImageLayer, RandomImageLayer, Transformation, factor_of, per_image


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


# -------------------------------------------------------------------- one after the other

SHAPING = ("random_shear", "random_translation", "random_rotation")
COLORING = ("random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness")
REDUCING = ("random_posterization", "solarization", "auto_contrast", "equalization")


class _Several(RandomImageLayer):
    """Holds one layer of each kind, which change images as strongly as its `factor` says."""

    def hold(self, names: Sequence[str]) -> None:
        """Make the layers."""
        shared = {"data_format": self.data_format, "bounding_box_format": self.bounding_box_format}
        own = {"seed": self.seed, **shared}
        moved = {"interpolation": self.interpolation, **own}
        colored = {"value_range": self.value_range, **own}
        factor, plain = self.factor, {"value_range": self.value_range, **shared}
        for name in names:
            layer: ImageLayer
            match name:
                case "random_shear":
                    layer = image_geometry.RandomShear(x_factor=factor, y_factor=factor, **moved)
                case "random_translation":
                    layer = image_geometry.RandomTranslation(factor, factor, **moved)
                case "random_rotation":
                    layer = image_geometry.RandomRotation(factor, **moved)
                case "random_posterization":
                    layer = image_color.RandomPosterization(max(1, int(8 * factor[1])), **colored)
                case "solarization":
                    layer = image_color.Solarization(factor, factor, **colored)
                case "auto_contrast":
                    layer = image_color.AutoContrast(**plain)
                case "equalization":
                    layer = image_color.Equalization(**plain)
                case _:
                    made = {"random_brightness": image_color.RandomBrightness,
                            "random_color_degeneration": image_color.RandomColorDegeneration,
                            "random_contrast": image_color.RandomContrast,
                            "random_sharpness": image_color.RandomSharpness}[name]
                    layer = made(factor, **colored)
            setattr(self, name, layer)


@register
class RandAugment(_Several):
    """Some of eleven changes of images one after the other, chosen for each batch while training.

    Parameters
    ----------
    value_range : the least and the largest number that a pixel may be
    num_ops : how many
    factor : how strong they are at most, in [0, 1], or two ends
    interpolation : "bilinear" or "nearest"

    References
    ----------
    Cubuk et al. (2020), "RandAugment: practical automated data augmentation with a reduced search space".
    """

    names = (*SHAPING, *COLORING, *REDUCING)

    def __init__(
        self, value_range: Any = BYTE, num_ops: int = 2, factor: Any = 0.5, interpolation: str = "bilinear",
        seed: int | None = None, data_format: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.value_range, self.num_ops, self.interpolation = value_range, num_ops, interpolation
        self.factor = factor_of(self, factor, 0, 1)
        self.hold(self.names)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training:
            return None
        places = random.randint((self.num_ops,), 0, len(self.names), seed=self.generator)
        drawn = {name: getattr(self, name).get_random_transformation(data, training=training, seed=self.generator)
                 for name in self.names}
        return {"transforms": drawn, "layer_idxes": places}

    def _applied(self, what: str, x: Any, transformation: Transformation) -> Any:
        for k in range(self.num_ops):
            ways = [lambda name=name, x=x: getattr(getattr(self, name), what)(x, transformation["transforms"][name])
                    for name in self.names]
            x = switch_case(transformation["layer_idxes"][k], ways)
        return x

    def transform_images(self, images: Any, transformation: Transformation, training: bool = True) -> Any:
        x = self.as_computed(images)
        return self._applied("transform_images", x, transformation) if training and transformation else x

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Transformation,
                                     training: bool = True) -> Any:
        if not training or not transformation:
            return segmentation_masks
        return self._applied("transform_segmentation_masks", self.as_computed(segmentation_masks), transformation)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Transformation, training: bool = True
                                 ) -> Any:
        if not training or not transformation:
            return bounding_boxes
        return self._applied("transform_bounding_boxes", bounding_boxes, transformation)


@register
class AugMix(_Several):
    """A mean of images changed in several chains, mixed with the images themselves, while training.

    Which changes make a chain is chosen by Python's `random` when the layer is called; in a `function` or a model that
    `fit` trains that is once, when it is traced.

    Parameters
    ----------
    value_range : the least and the largest number that a pixel may be
    num_chains, chain_depth : number of chains, and of changes in each at most
    factor : how strong they are at most, in [0, 1], or two ends
    alpha : of the distributions of the shares, above 0
    all_ops : whether brightness, colors, contrast and sharpness are changed too
    interpolation : "bilinear" or "nearest"

    References
    ----------
    Hendrycks et al. (2020), "AugMix: a simple data processing method to improve robustness and uncertainty".
    """

    def __init__(
        self, value_range: Any = BYTE, num_chains: int = 3, chain_depth: int = 3, factor: Any = 0.3,
        alpha: float = 1.0, all_ops: bool = True, interpolation: str = "bilinear", seed: int | None = None,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.value_range, self.num_chains, self.chain_depth = value_range, num_chains, chain_depth
        self.alpha, self.all_ops, self.interpolation = alpha, all_ops, interpolation
        self.factor = factor_of(self, factor, 0, 1)
        self.names = (*SHAPING, *REDUCING, *(COLORING if all_ops else ()))
        self.hold(self.names)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training:
            return None
        source = self.generator if seed is None else seed
        weights = random.gamma((self.num_chains,), self.alpha, seed=source)
        share = random.beta((), self.alpha, self.alpha, seed=source)
        chains = []
        for _ in range(self.num_chains):
            names = [python_random.choice([*self.names, None]) for _ in range(self.chain_depth)]
            chains.append([{"layer_name": name, "transformation":
                            getattr(self, name).get_random_transformation(data, seed=self.generator)}
                           for name in names if name is not None])
        return {"chain_mixing_weights": weights / L.reduce_sum(weights), "weight_sample": share,
                "chain_transforms": chains}

    def _applied(self, what: str, x: Any, transformation: Transformation) -> Any:
        mixed = L.zeros_like(x)
        for k, chain in enumerate(transformation["chain_transforms"]):
            changed = x
            for step in chain:
                changed = getattr(getattr(self, step["layer_name"]), what)(changed, step["transformation"])
            mixed = mixed + changed * transformation["chain_mixing_weights"][k]
        share = transformation["weight_sample"]
        return share * x + (1.0 - share) * mixed

    def transform_images(self, images: Any, transformation: Transformation, training: bool = True) -> Any:
        x = self.as_computed(images)
        return self.in_range(self._applied("transform_images", x, transformation)) if training and transformation else x

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Transformation,
                                     training: bool = True) -> Any:
        if not training or not transformation:
            return segmentation_masks
        return self._applied("transform_segmentation_masks", self.as_computed(segmentation_masks), transformation)


@register
class Pipeline(Layer):
    """Layers one after the other, as one; what they take and give may be dicts.

    layers : the layers
    """

    def __init__(self, layers: Sequence[Layer], name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self._pipeline_layers = list(layers)
        if not all(callable(layer) for layer in self._pipeline_layers):
            raise AttributeValueError(f"layers={layers!r}; it takes a list of layers", op="Pipeline")

    @property
    def layers(self) -> list[Layer]:
        return self._pipeline_layers

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        for layer in self._pipeline_layers:
            given = {"training": training} if "training" in layer._takes else {}
            if "mask" in layer._takes:
                given["mask"] = mask
            inputs = layer(inputs, **given)
            mask = masks_of(inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {"layers": serialize_keras_object(self._pipeline_layers), "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        made = [layer if isinstance(layer, Layer) else deserialize_keras_object(layer) for layer in config["layers"]]
        return cls(**{**config, "layers": made})
