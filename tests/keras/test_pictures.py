"""Pictures between files and arrays; the numbers are those of Keras 3.15. Pillow may be missing."""
import sys

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.keras.preprocessing import image as older
from graphengine.keras.utils import array_to_img, img_to_array, load_img, save_img

X = (np.arange(6 * 8 * 3).reshape(6, 8, 3) * 7 % 256).astype("f4")


def test_arrays():
    assert img_to_array(X[:, :, 0]).shape == (6, 8, 1) and img_to_array(X).dtype == np.float32
    assert img_to_array(X, data_format="channels_first").shape == (3, 6, 8)
    assert img_to_array(X, dtype="uint8").dtype == np.uint8
    with pytest.raises(ValueError, match="two or three axes"):
        img_to_array(X[None])


def test_another_size_in_the_same_proportions():
    assert isinstance(older.smart_resize(X, (4, 4)), np.ndarray)
    assert round(float(older.smart_resize(X, (4, 4)).sum()), 2) == 5880.0
    many = older.smart_resize(tf.constant(X[None]), (3, 9))
    np.testing.assert_allclose(many.numpy().ravel()[:5], [80, 87, 94, 97.5, 104.5], rtol=1e-5)
    assert round(float(many.numpy().sum()), 2) == 10332.5


def test_without_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.delitem(sys.modules, "PIL.Image", raising=False)
    for call in (lambda: load_img("x.png"), lambda: array_to_img(X)):
        with pytest.raises(ImportError, match="pip install pillow"):
            call()


def test_files(tmp_path):
    save_img(tmp_path / "x.png", X, scale=False)
    np.testing.assert_array_equal(img_to_array(load_img(tmp_path / "x.png")), X)
    assert load_img(tmp_path / "x.png", color_mode="grayscale").mode == "L"
    small = img_to_array(load_img(tmp_path / "x.png", target_size=(3, 5)))
    assert small.shape == (3, 5, 3) and {*small.ravel()} <= {*X.ravel()}
    wide = load_img(tmp_path / "x.png", target_size=(4, 10), interpolation="bilinear", keep_aspect_ratio=True)
    assert wide.size == (10, 4)
    save_img(tmp_path / "x.jpg", np.dstack([X, X[:, :, :1]]))           # a JPEG file has no opacity
    assert load_img(tmp_path / "x.jpg", color_mode="rgba").mode == "RGBA"
    with pytest.raises(ValueError, match="color_mode"):
        load_img(tmp_path / "x.png", color_mode="cmyk")


def test_images_of_pillow():
    stretched = array_to_img(np.array([[[1.0], [2.0]]]))
    assert [stretched.getpixel((k, 0)) for k in range(2)] == [0, 255]
    assert array_to_img(np.full((2, 2, 1), 300.0), scale=False).mode == "I"
    assert array_to_img(np.zeros((3, 2, 5)), data_format="channels_first").size == (5, 2)
    assert array_to_img(np.zeros((2, 2, 3))).getpixel((0, 0)) == (0, 0, 0)
    with pytest.raises(ValueError, match="channels"):
        array_to_img(np.zeros((2, 2, 2)))


def test_older_names_are_the_same():
    assert older.img_to_array is keras.utils.img_to_array and older.load_img is keras.utils.load_img
