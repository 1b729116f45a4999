"""Writes images.json: what Keras's layers for images give for the cases of image_cases.py.

    KERAS_BACKEND=tensorflow python tests/keras/record_images.py        # with Keras 3.15 and TensorFlow 2.21 installed
"""
from __future__ import annotations

import json
import pathlib

import keras
import numpy as np
from image_cases import CASES, inputs_of, parts_of
from layer_cases import fingerprint
from record_layers import rounded


def recorded(case):
    layer = getattr(keras.layers, case["layer"])(**case["arguments"])
    if case["given"]:
        return given(layer, case)
    runs = []
    for options in ({}, {}, {"training": False}):
        parts = parts_of(layer(inputs_of(case), **options))
        runs.append({name: fingerprint(np.asarray(x)) for name, x in parts.items()})
    return {"runs": runs}


def given(layer, case):
    images, labels = inputs_of(case), np.eye(3, dtype=np.float32)
    drawn = layer.get_random_transformation(images, training=True)
    return {"drawn": {name: {"value": np.asarray(x).tolist(), "dtype": np.asarray(x).dtype.name}
                      for name, x in drawn.items()},
            "images": fingerprint(np.asarray(layer.transform_images(images, drawn))),
            "labels": fingerprint(np.asarray(layer.transform_labels(labels, drawn)))}


if __name__ == "__main__":
    lines = [f"{json.dumps(case['id'])}: {json.dumps(rounded(recorded(case)))}" for case in CASES]
    pathlib.Path(__file__).with_name("images.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
