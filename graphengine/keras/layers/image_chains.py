"""Layers that change images in several ways, one after the other or beside each other."""
from __future__ import annotations

import random as python_random
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import AttributeValueError
from ...frontend.control import switch_case
from ...ops.language import L
from .. import random
from ..layer import Layer
from ..masks import masks_of
from ..registry import deserialize_keras_object, register, serialize_keras_object
from . import image_color, image_geometry
from .image_color import BYTE
from .images import ImageLayer, RandomImageLayer, Transformation, factor_of

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
