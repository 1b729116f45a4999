"""Functions of `keras.ops.image`; the numbers are sums that Keras 3.15 gives: of the elements, and weighted."""
import numpy as np
import pytest

import graphengine as tf
from graphengine.keras import Input, Model, ops

ONE = 0.5 + 0.5 * np.sin(np.arange(7 * 9 * 3, dtype=np.float32)).reshape(7, 9, 3)
BATCH = np.stack([ONE, ONE[::-1]])
BYTES = (BATCH * 255).astype(np.uint8)
FIRST = BATCH.transpose(0, 3, 1, 2).copy()
MAP = np.array([1.1, 0.2, -1, 0.1, 0.9, 0.5, 0.001, 0.002], np.float32)
START = np.array([[0, 0], [8, 0], [0, 6], [8, 6]], np.float32)
END = np.array([[1, 0], [7, 1], [0, 5], [8, 6]], np.float32)
PLACES = 6 + 8 * np.cos(np.arange(40, dtype=np.float32)).reshape(2, 5, 4)
SCALE, MOVED = np.array([1.3, 0.5], np.float32), np.array([0.3, -0.2], np.float32)
image = ops.image
CASES = {
    "gray": lambda: image.rgb_to_grayscale(BATCH), "gray of bytes": lambda: image.rgb_to_grayscale(BYTES),
    "gray, channels first": lambda: image.rgb_to_grayscale(FIRST, "channels_first"),
    "hsv": lambda: image.rgb_to_hsv(ONE), "rgb": lambda: image.hsv_to_rgb(BATCH),
    "size": lambda: image.resize(BATCH, (4, 5)), "size of bytes": lambda: image.resize(BYTES, (4, 5)),
    "size, cut": lambda: image.resize(FIRST, (4, 8), crop_to_aspect_ratio=True, data_format="channels_first"),
    "map": lambda: image.affine_transform(BATCH, MAP), "map of bytes": lambda: image.affine_transform(BYTES, MAP),
    "map in a mirror": lambda: image.affine_transform(ONE, MAP, "nearest", "reflect"),
    "perspective": lambda: image.perspective_transform(BATCH, START, END, fill_value=5.0),
    "blur": lambda: image.gaussian_blur(BATCH, (3, 5), (1.0, 2.0)),
    "pad": lambda: image.pad_images(ONE, 1, 2, target_height=10, target_width=12),
    "crop": lambda: image.crop_images(FIRST, 1, 2, 3, 4, data_format="channels_first"),
    "patches": lambda: image.extract_patches(BATCH, (3, 2), (1, 2), padding="same"),
    "patches with gaps": lambda: image.extract_patches(ONE, 2, 1, 2),
    "patches of volumes": lambda: image.extract_patches_3d(BATCH[..., None], 2),
    **{f"coordinates, {mode}, {order}": lambda mode=mode, order=order: image.map_coordinates(
        ONE[:, :, 0], PLACES, order, mode, 7.0)
       for mode in ("constant", "nearest", "wrap", "reflect") for order in (0, 1)},
    **{f"scale, {method}": lambda method=method: image.scale_and_translate(
        BATCH, (2, 10, 5, 3), SCALE, MOVED, (1, 2), method) for method in ("linear", "cubic", "lanczos3", "lanczos5")},
    "scale with steps": lambda: image.scale_and_translate(BATCH, (2, 10, 5, 3), SCALE, MOVED, (1, 2), "cubic", False),
    "edges": lambda: image.sobel_edges(FIRST, "channels_first"),
    "likeness": lambda: image.ssim(BATCH, BATCH * 0.9, filter_size=5),
}
FOUND = {
    "gray": [2, 7, 9, 1, 62.90626, 0.1598619],
    "gray of bytes": [2, 7, 9, 1, 15922, 42.22739],
    "gray, channels first": [2, 1, 7, 9, 62.90626, 0.1598619],
    "hsv": [7, 9, 3, 124.2508, -5.557348],
    "rgb": [2, 7, 9, 3, 129.3626, 40.84017],
    "size": [2, 4, 5, 3, 59.89161, 0.8915163],
    "size of bytes": [2, 4, 5, 3, 15212, 225.6168],
    "size, cut": [2, 3, 4, 8, 96.17106, 0.7501842],
    "map": [2, 7, 9, 3, 168.071, 9.504253],
    "map of bytes": [2, 7, 9, 3, 42508, 2422.377],
    "map in a mirror": [7, 9, 3, 90.89929, 13.61742],
    "perspective": [2, 7, 9, 3, 624.1114, 11.67349],
    "blur": [2, 7, 9, 3, 149.2167, -0.0640359],
    "pad": [10, 12, 3, 94.43617, -1.487886],
    "crop": [2, 3, 3, 3, 27.02625, 0.4031975],
    "patches": [2, 7, 5, 18, 513.2557, 0.09585607],
    "patches with gaps": [5, 7, 12, 209.6765, -0.2436522],
    "patches of volumes": [2, 3, 4, 1, 8, 95.6569, -0.1920436],
    "coordinates, constant, 0": [5, 4, 140, 7.920686],
    "coordinates, constant, 1": [5, 4, 138.1934, 9.436581],
    "coordinates, nearest, 0": [5, 4, 6.730958, -2.539949],
    "coordinates, nearest, 1": [5, 4, 7.158722, -1.749826],
    "coordinates, wrap, 0": [5, 4, 6.24941, -0.8185045],
    "coordinates, wrap, 1": [5, 4, 7.987605, -0.2022238],
    "coordinates, reflect, 0": [5, 4, 7.845634, -1.041663],
    "coordinates, reflect, 1": [5, 4, 8.351298, -0.4168992],
    "scale, linear": [2, 10, 5, 3, 108.0033, -0.3973832],
    "scale, cubic": [2, 10, 5, 3, 108.0081, -0.3955864],
    "scale, lanczos3": [2, 10, 5, 3, 108.005, -0.3809674],
    "scale, lanczos5": [2, 10, 5, 3, 108.002, -0.3601255],
    "scale with steps": [2, 10, 5, 3, 108.7432, -0.5332975],
    "edges": [2, 3, 7, 9, 2, 0.9891097, -0.07330309],
    "likeness": [2, 1.978008, 1.523365],
}


def sums(x):
    x = np.asarray(x)
    return [*x.shape, x.sum(dtype=float), float(x.ravel() @ np.cos(np.arange(x.size)))]


@pytest.mark.parametrize("name", CASES)
def test_as_keras(name):
    np.testing.assert_allclose(sums(CASES[name]()), FOUND[name], rtol=1e-4, atol=1e-3)


def test_symbols_seeds_and_compiled():
    x = Input((7, 9, 3))
    model = Model(x, image.resize(image.rgb_to_hsv(x), (4, 4)))
    np.testing.assert_allclose(model(BATCH), image.resize(image.rgb_to_hsv(BATCH), (4, 4)), rtol=1e-6)
    once, again, other = (image.elastic_transform(ONE, seed=seed).numpy() for seed in (3, 3, 4))
    assert once.shape == ONE.shape and (once == again).all() and not (once == other).all()
    call = tf.function(lambda x: image.affine_transform(x, MAP))
    np.testing.assert_allclose(call(tf.constant(BATCH)), image.affine_transform(BATCH, MAP), rtol=1e-5)


@pytest.mark.parametrize(("call", "said"), [
    (lambda: image.pad_images(ONE, 1, 2), "exactly two"), (lambda: image.crop_images(ONE, 8, 2, 3, 4), "margins"),
    (lambda: image.gaussian_blur(ONE[0]), "three axes"), (lambda: image.map_coordinates(ONE, PLACES, 1), "a row for"),
    (lambda: image.map_coordinates(ONE[0], PLACES, 2), "order=2"), (lambda: image.rgb_to_hsv(ONE, "last"), "data_form"),
    (lambda: image.affine_transform(ONE, MAP, fill_mode="mirror"), "reflect"),
])
def test_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_the_other_spaces_are_parts_of_ops():
    assert ops.nn.relu is ops.relu and ops.numpy.mean is ops.mean and ops.linalg.norm is ops.norm
    from graphengine.keras.ops import linalg, numpy
    assert "svd" in linalg.__all__ and "svd" not in numpy.__all__
    with pytest.raises(AttributeError, match="dynamic program"):
        _ = ops.nn.ctc_loss


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float64", "float16"])
@pytest.mark.parametrize("size", [(14, 18), (4, 9), (7, 9)])
def test_masks_of_another_size_keep_their_numbers(dtype, size):
    x = (ONE * 200).astype(dtype)
    got = np.asarray(image.resize(x, size, "nearest"))
    rows, columns = ((np.arange(n) * 2 + 1) * old // (2 * n) for n, old in zip(size, x.shape, strict=False))
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, x[rows][:, columns])


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_images_of_another_size_are_computed_in_float32(dtype):
    x = ONE.astype(dtype)
    got = np.asarray(image.resize(x, (5, 4), "bicubic"))
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, np.asarray(image.resize(x.astype(np.float32), (5, 4), "bicubic")).astype(dtype))
