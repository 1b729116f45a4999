"""Layers that change images, for values recorded from Keras on TensorFlow and for the test that compares with them.

With equal seeds both draw the same numbers, so that whole calls are compared. Where Keras draws from a gamma
distribution, whose numbers differ here, what it drew is recorded too, and given to the layer.
"""
from __future__ import annotations

import numpy as np


def pictures(shape=(3, 6, 8, 3), high=255.0):
    """Smooth images with some noise, between 0 and `high`, that follow from their shape alone."""
    k = np.arange(int(np.prod(shape)))
    waves = 0.5 + 0.3 * np.sin(0.11 * k + 0.4) + 0.2 * np.sin(2.3 * k)
    return (high * waves).reshape(shape).astype(np.float32)


def case(layer, name="", data=None, given=False, **arguments):
    """One layer.

    data : "one" image, "first" channels, "bytes", "unit" range or a "dict" of all that goes along; float batches if
        None
    given : what was drawn is recorded
    """
    return {"id": layer + (f"/{name or data or ''}" if name or data else ""), "layer": layer, "data": data,
            "given": given, "arguments": arguments}


def inputs_of(case):
    match case["data"]:
        case "one":
            return pictures((6, 8, 3))
        case "first":
            return pictures((3, 3, 6, 8))
        case "bytes":
            return pictures().astype(np.uint8)
        case "unit":
            return pictures(high=1.0)
        case "dict":
            boxes = np.array([[[1, 1, 4, 3], [2, 0, 8, 6]], [[0, 2, 3, 5], [5, 1, 7, 4]], [[3, 3, 6, 6], [1, 1, 2, 2]]])
            return {"images": pictures(), "labels": np.eye(3, dtype=np.float32),
                    "bounding_boxes": {"boxes": boxes.astype(np.float32), "labels": np.array([[1, 2], [0, 1], [2, 2]])},
                    "segmentation_masks": (np.arange(144).reshape(3, 6, 8, 1) % 5).astype(np.float32)}
    return pictures()


def parts_of(result):
    """What a call gives, by name."""
    if not isinstance(result, dict):
        return {"images": result}
    return {key: value for name, x in result.items() for key, value in
            ({f"{name}.{inner}": v for inner, v in x.items()} if isinstance(x, dict) else {name: x}).items()}


BOXES = {"bounding_box_format": "xyxy", "data": "dict"}
CASES = [
    *(case("RandomFlip", mode, mode=mode, seed=4) for mode in ("horizontal", "vertical", "horizontal_and_vertical")),
    case("RandomFlip", data="one", seed=5), case("RandomFlip", data="first", data_format="channels_first", seed=4),
    case("RandomFlip", **BOXES, seed=4),
    *(case("RandomRotation", f"{mode} {way}", factor=0.4, fill_mode=mode, interpolation=way, seed=1, fill_value=7.0)
      for mode in ("reflect", "wrap", "constant", "nearest") for way in ("bilinear", "nearest")),
    case("RandomRotation", data="first", factor=(-0.1, 0.3), data_format="channels_first", seed=2),
    case("RandomRotation", data="one", factor=0.3, seed=2), case("RandomRotation", **BOXES, factor=0.2, seed=1),
    *(case("RandomTranslation", mode, height_factor=0.9, width_factor=(-1.0, 1.0), fill_mode=mode, seed=3)
      for mode in ("reflect", "wrap", "constant", "nearest")),
    case("RandomTranslation", data="first", height_factor=0.4, width_factor=0.2, data_format="channels_first", seed=3),
    case("RandomTranslation", **BOXES, height_factor=0.3, width_factor=0.2, seed=3),
    *(case("RandomZoom", mode, height_factor=(0.5, 0.9), fill_mode=mode, seed=1, fill_value=3.0)
      for mode in ("reflect", "wrap", "constant", "nearest")),
    case("RandomZoom", "both", height_factor=0.4, width_factor=(-0.5, 0.2), interpolation="nearest", seed=1),
    case("RandomZoom", data="one", height_factor=-0.3, seed=1),
    case("RandomZoom", **BOXES, height_factor=0.4, width_factor=0.3, seed=6),
    case("RandomShear", x_factor=0.4, y_factor=(0.1, 0.3), seed=1),
    case("RandomShear", "constant", x_factor=0.4, fill_mode="constant", interpolation="nearest", fill_value=9.0,
         seed=2),
    case("RandomShear", **BOXES, x_factor=0.3, y_factor=0.2, seed=1),
    case("RandomPerspective", factor=0.8, scale=0.7, seed=1),
    case("RandomPerspective", "nearest", interpolation="nearest", scale=0.5, fill_value=5.0, seed=2),
    case("RandomPerspective", **BOXES, scale=0.5, seed=3),
    case("RandomElasticTransform", seed=1), case("RandomElasticTransform", "nearest", interpolation="nearest",
                                                 fill_mode="nearest", scale=(0.5, 0.8), factor=0.6, seed=2),
    case("RandomElasticTransform", "wrap", fill_mode="wrap", seed=3),
    case("RandomElasticTransform", "constant", fill_mode="constant", fill_value=3.0, seed=4),
    case("RandomCrop", height=4, width=5, seed=1), case("RandomCrop", "too small", height=9, width=5, seed=1),
    case("RandomCrop", data="first", height=4, width=5, data_format="channels_first", seed=1),
    case("RandomCrop", data="one", height=2, width=3, seed=8),
    case("CenterCrop", height=3, width=5), case("CenterCrop", "too small", height=9, width=4),
    case("CenterCrop", data="first", height=3, width=5, data_format="channels_first"),
    case("CenterCrop", **BOXES, height=3, width=5), case("CenterCrop", "larger dict", **BOXES, height=9, width=4),
    case("RandomBrightness", factor=0.4, seed=1), case("RandomBrightness", data="unit", factor=(0.1, 0.3),
                                                       value_range=(0, 1), seed=1),
    case("RandomBrightness", data="one", factor=0.4, seed=2),
    case("RandomContrast", factor=0.6, seed=1), case("RandomContrast", data="first", factor=(0.2, 0.9),
                                                     data_format="channels_first", seed=1),
    case("RandomFlip", data="bytes", seed=3), case("RandomRotation", data="bytes", factor=0.5, seed=3),
    case("RandomSaturation", factor=0.8, seed=1), case("RandomSaturation", data="unit", factor=(0.6, 0.9),
                                                       value_range=(0, 1), seed=1),
    case("RandomSaturation", data="first", factor=0.3, data_format="channels_first", seed=1),
    case("RandomHue", factor=0.9, seed=1), case("RandomHue", data="unit", factor=0.5, value_range=(0, 1), seed=1),
    case("RandomHue", data="first", factor=0.5, data_format="channels_first", seed=1),
    case("RandomColorDegeneration", factor=0.9, seed=1),
    case("RandomColorDegeneration", data="first", factor=0.5, data_format="channels_first", seed=1),
    case("RandomColorJitter", brightness_factor=0.2, contrast_factor=0.4, saturation_factor=0.7, hue_factor=0.3,
         seed=1),
    case("RandomColorJitter", "some", brightness_factor=0.2, hue_factor=0.3, seed=2),
    case("RandomGrayscale", factor=0.6, seed=1), case("RandomGrayscale", data="first", factor=0.6, seed=1,
                                                      data_format="channels_first"),
    case("RandomInvert", factor=0.8, seed=1), case("RandomInvert", data="unit", value_range=(0, 1), seed=1),
    case("RandomPosterization", factor=3, seed=1), case("RandomPosterization", data="unit", factor=(2, 6),
                                                        value_range=(0, 1), seed=1),
    case("RandomPosterization", data="bytes", factor=(1, 8), seed=2),
    case("RandomSharpness", factor=0.9, seed=1), case("RandomSharpness", data="first", factor=(0.1, 0.4), seed=1,
                                                      data_format="channels_first"),
    case("RandomGaussianBlur", seed=1), case("RandomGaussianBlur", "sizes", kernel_size=(5, 3), sigma=(0.5, 0.9),
                                             factor=0.7, seed=1),
    case("RandomGaussianBlur", data="first", kernel_size=5, data_format="channels_first", seed=3),
    case("Solarization", addition_factor=0.3, threshold_factor=(0.4, 0.9), seed=1),
    case("Solarization", data="unit", threshold_factor=0.7, value_range=(0, 1), seed=1),
    case("AutoContrast"), case("AutoContrast", data="unit", value_range=(0, 1)), case("AutoContrast", data="bytes"),
    case("Equalization"), case("Equalization", data="first", bins=32, data_format="channels_first"),
    case("Equalization", data="unit", value_range=(0, 1)), case("Equalization", data="bytes"),
    case("ContrastLimitedAdaptiveHistogramEqualization", tile_grid_size=(2, 3)),
    case("ContrastLimitedAdaptiveHistogramEqualization", "no limit", clip_limit=0, tile_grid_size=(4, 3)),
    case("ContrastLimitedAdaptiveHistogramEqualization", data="first", tile_grid_size=(2, 2),
         data_format="channels_first"),
    case("RandomErasing", seed=1), case("RandomErasing", "color", fill_value=(1.0, 20.0, 255.0), factor=0.7, seed=2),
    case("RandomErasing", "gray", fill_value=9.0, scale=(0.3, 0.5), seed=3),
    case("RandomErasing", data="first", data_format="channels_first", seed=1),
    case("RandAugment", seed=1), case("RandAugment", "three", num_ops=3, factor=(0.2, 0.7), seed=6),
    case("RandAugment", data="first", data_format="channels_first", seed=5),
    case("MixUp", given=True, seed=1), case("CutMix", given=True, seed=1),
    case("CutMix", data="first", given=True, seed=2, data_format="channels_first"),
    case("MaxNumBoundingBoxes", **BOXES, max_number=3), case("MaxNumBoundingBoxes", "fewer", **BOXES, max_number=1),
]
