"""`keras.utils.bounding_boxes`: forms of boxes, what images do with them, how alike they are; values of Keras 3.15."""
from __future__ import annotations

import numpy as np
import pytest

import graphengine as tf
from graphengine.keras.utils import bounding_boxes as b

BOXES = np.array([[[1, 2, 5, 7], [0, 0, 4, 3]], [[2, 1, 9, 6], [3, 3, 3, 8]]], np.float32)
OTHERS = np.array([[[1, 1, 5, 6], [2, 0, 4, 3]], [[0, 1, 9, 7], [3, 2, 4, 8]]], np.float32)
NONE = np.where(np.arange(2)[:, None] == 1, np.float32(-1), BOXES[0])       # the second is no box
FORMS = ("yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh")
CLIPPED = {"boxes": BOXES - 2, "labels": np.array([[1, 2], [3, 4]])}
RECORDED = {
    "yxyx": [2.0, 1.0, 7.0, 5.0, 0.0, 0.0, 3.0, 4.0, 1.0, 2.0, 6.0, 9.0, 3.0, 3.0, 8.0, 3.0],
    "xywh": [1.0, 2.0, 4.0, 5.0, 0.0, 0.0, 4.0, 3.0, 2.0, 1.0, 7.0, 5.0, 3.0, 3.0, 0.0, 5.0],
    "center_xywh": [3.0, 4.5, 4.0, 5.0, 2.0, 1.5, 4.0, 3.0, 5.5, 3.5, 7.0, 5.0, 3.0, 5.5, 0.0, 5.0],
    "center_yxhw": [4.5, 3.0, 5.0, 4.0, 1.5, 2.0, 3.0, 4.0, 3.5, 5.5, 5.0, 7.0, 5.5, 3.0, 5.0, 0.0],
    "rel_xyxy": [0.05, 0.2, 0.25, 0.7, 0.0, 0.0, 0.2, 0.3, 0.1, 0.1, 0.45, 0.6, 0.15, 0.3, 0.15, 0.8],
    "rel_yxyx": [0.2, 0.05, 0.7, 0.25, 0.0, 0.0, 0.3, 0.2, 0.1, 0.1, 0.6, 0.45, 0.3, 0.15, 0.8, 0.15],
    "rel_xywh": [0.05, 0.2, 0.2, 0.5, 0.0, 0.0, 0.2, 0.3, 0.1, 0.1, 0.35, 0.5, 0.15, 0.3, 0.0, 0.5],
    "rel_center_xywh": [0.15, 0.45, 0.2, 0.5, 0.1, 0.15, 0.2, 0.3, 0.275, 0.35, 0.35, 0.5, 0.15, 0.55, 0.0, 0.5],
    "affine": [2.056101, 3.634937, 8.574018, 9.965063, -0.005203247, 2.402886, 5.361178, 7.000962, -2.438645,
        -1.459634, 9.204197, 9.019956, -1.482378, 1.889656, -0.180017, 9.09268],
    "clip": [0.0, 0.0, 3.0, 4.0, 0.0, 0.0, 2.0, 1.0, 0.0, 0.0, 5.0, 4.0, 1.0, 1.0, 1.0, 4.0],
    "clip labels": [[1, 2], [3, -1]],
    "crop": [0.0, 1.0, 3.0, 4.0, 0.0, 0.0, 2.0, 2.0, 0.0, 0.0, 5.0, 4.0, 1.0, 2.0, 1.0, 4.0],
    "pad": [3.0, 3.0, 7.0, 8.0, 2.0, 1.0, 6.0, 4.0, 4.0, 2.0, 11.0, 7.0, 5.0, 4.0, 5.0, 9.0],
    "iou": [0.6666667, 0.08333334, 0.2307692, 0.5, 0.6481481, 0.1081081, 0.0, 0.0],
    "iou flat": [0.3703704, 0.2380952, 0.137931, 0.05882353],
    "iou mask": [0.6666667, 0.08333334, -3.0, -3.0],
    "iou rel": [0.6250001, 0.09302326, 0.1666667, 0.3333333, 0.5600001, 0.3030304, 0.2083333, 0.6],
    "ciou": [0.5997057, 0.2444445, 0.5349894, 0.5870643],
    "deltas": [-2.5, -1.0, -0.9116079, -1.115718, -1.25, 1.0, -1.43841, -4.581454, 0.0, -1.875, 0.0, 0.5889151,
        -1.666667, 0.0, 0.0, 0.0],
    "decoded": [0.4447026, 0.1025577, 9.555298, 6.697443, -0.5247881, -0.1836493, 3.524788, 5.783649, -1.034382,
        -3.108611, 9.034382, 14.10861, 0.9361477, 3.0, 12.06385, 3.0]
}
MADE = {
    **{form: lambda form=form: b.convert_format(BOXES, "xyxy", form, height=10, width=20) for form in FORMS},
    "affine": lambda: b.affine_transform(BOXES, np.array([30.0, -10.0]), np.array([0.1, 0.0]), np.array([0.0, 0.2]),
                                         np.array([1.0, 1.5]), np.array([5.0, 0.0]), np.array([0.0, 8.0]), 10, 20),
    "clip": lambda: b.clip_to_image_size(CLIPPED, height=4, width=5)["boxes"],
    "clip labels": lambda: b.clip_to_image_size(CLIPPED, height=4, width=5)["labels"],
    "crop": lambda: b.crop(BOXES, 1, 2, 4, 5), "pad": lambda: b.pad(BOXES, 1, 2),
    "iou": lambda: b.compute_iou(BOXES, OTHERS, "xyxy"),
    "iou flat": lambda: b.compute_iou(BOXES[0], OTHERS[1], "yxyx"),
    "iou mask": lambda: b.compute_iou(NONE, OTHERS[0], "xyxy", use_masking=True, mask_val=-3),
    "iou rel": lambda: b.compute_iou(BOXES / 10, OTHERS / 10, "rel_xywh", image_shape=(10, 20, 3)),
    "ciou": lambda: b.compute_ciou(BOXES, OTHERS, "xywh"),
    "deltas": lambda: b.encode_box_to_deltas(BOXES + np.float32([0, 0, 1, 1]), OTHERS, "xyxy", "xyxy",
                                             variance=[0.1, 0.1, 0.2, 0.2]),
    "decoded": lambda: b.decode_deltas_to_boxes(BOXES, OTHERS / 10, "xyxy", "yxyx", encoded_format="center_xywh"),
}


@pytest.mark.parametrize("name", RECORDED)
def test_values(name):
    found = MADE[name]().numpy()
    np.testing.assert_allclose(found.reshape(-1), np.reshape(RECORDED[name], -1), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("form", FORMS)
def test_there_and_back(form):
    there = b.convert_format({"boxes": BOXES, "labels": 7}, "xyxy", form, 10, 20)
    back = b.convert_format(there, form, "xyxy", 10, 20)
    np.testing.assert_allclose(back["boxes"], BOXES, rtol=1e-6, atol=1e-5)
    assert back["labels"] == 7


def test_in_a_function():
    compiled = tf.function(lambda x: b.compute_iou(x, OTHERS, "xyxy"))
    np.testing.assert_allclose(compiled(tf.constant(BOXES)), MADE["iou"](), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make, said", [
    (lambda: b.convert_format(np.ones((2, 3)), "xyxy", "xywh"), "last axis has size 4"),
    (lambda: b.convert_format(BOXES, "xyxx", "xywh"), "source='xyxx'"),
    (lambda: b.convert_format(BOXES, "xyxy", "rel_xywh"), "height and width"),
    (lambda: b.clip_to_image_size(CLIPPED), "height and width"),
    (lambda: b.crop(BOXES, 0, 0, 1, 1, "xywh"), "use convert_format first"),
    (lambda: b.compute_ciou(BOXES, BOXES, "rel_xyxy"), "no lengths"),
    (lambda: b.encode_box_to_deltas(BOXES, BOXES, "xyxy", "xyxy", variance=[1.0]), "4 numbers"),
])
def test_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
