"""Images against numbers worked out by hand and against scipy, whose pixels are the same squares."""
import tracemalloc

import numpy as np
import pytest
from scipy import ndimage

import graphengine as tf
from graphengine import errors
from graphengine.ops.images import Resize

pytestmark = pytest.mark.usefixtures("own_graph")


def run(build, value, shape=None):
    x = tf.placeholder(value.dtype, shape or [None] * value.ndim)
    return tf.Session().run(build(x), {x: value})


def test_bilinear_by_hand():
    row = np.array([0.0, 10.0], "float32").reshape(1, 2, 1)
    assert run(lambda x: tf.image.resize(x, [1, 4]), row).ravel().tolist() == [0, 2.5, 7.5, 10]
    row = np.arange(4, dtype="float32").reshape(1, 4, 1)
    assert run(lambda x: tf.image.resize(x, (1, 2)), row).ravel().tolist() == [0.5, 2.5]


@pytest.mark.parametrize("size", [(6, 8), (9, 12), (5, 7), (2, 3), (3, 4)])
def test_bilinear_against_scipy(size, rng):
    image = rng.normal(size=(3, 4, 2)).astype("float32")
    grid = np.meshgrid(*[(np.arange(n) + 0.5) * old / n - 0.5 for n, old in zip(size, (3, 4), strict=True)],
                       indexing="ij")
    wanted = np.stack([ndimage.map_coordinates(image[..., c], grid, order=1, mode="nearest") for c in range(2)], -1)
    np.testing.assert_allclose(run(lambda x: tf.image.resize(x, size), image), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(run(lambda x: tf.image.resize(x, size), image[None])[0], wanted, rtol=1e-5, atol=1e-6)


def test_nearest_by_hand():
    row = np.arange(5, dtype="int32").reshape(1, 5, 1)
    for width, wanted in ((2, [1, 3]), (10, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]), (3, [0, 2, 4])):
        got = run(lambda x, n=width: tf.image.resize(x, [1, n], tf.image.ResizeMethod.NEAREST_NEIGHBOR), row)
        assert (got.dtype, got.ravel().tolist()) == (np.int32, wanted)


def test_antialias_averages():
    """Half the size: the triangle is two old pixels wide on each side, 1 3 3 1 over 8."""
    row = np.array([0.0, 0.0, 8.0, 0.0, 0.0, 0.0, 0.0, 0.0], "float32").reshape(1, 8, 1)
    got = run(lambda x: tf.image.resize(x, [1, 4], antialias=True), row).ravel()
    np.testing.assert_allclose(got, [8 / 7, 3, 0, 0], rtol=1e-6)
    larger = run(lambda x: tf.image.resize(x, [1, 16], antialias=True), row)
    np.testing.assert_allclose(larger, run(lambda x: tf.image.resize(x, [1, 16]), row), rtol=1e-6, atol=1e-6)


# How many pixels of an image of twice the size are made of the first one, along each axis.
TOUCHED = {"bilinear": 3, "bicubic": 5, "area": 2, "lanczos3": 7, "lanczos5": 11, "gaussian": 4, "mitchellcubic": 5}


@pytest.mark.parametrize(("method", "count"), TOUCHED.items())
def test_what_is_not_finite_spoils_only_its_neighbors(method, count):
    image = np.zeros((8, 8, 1), "float32")
    image[0, 0] = np.nan
    resized = lambda x: tf.image.resize(x, [16, 16], method)
    for found in (run(resized, image), Resize([16, 16], method).reference(image)):
        assert np.isnan(found).sum() == count**2 and np.isnan(found[:count, :count]).all()
    image[0, 0] = np.inf
    for found in (run(resized, image), Resize([16, 16], method).reference(image)):
        assert (~np.isfinite(found)).sum() <= count**2 and np.isfinite(found[count:]).all()


@pytest.mark.parametrize(("method", "antialias", "wanted"), [
    ("lanczos3", False, 7), ("bicubic", True, 9), ("area", False, 3)])
def test_a_pixel_reads_those_that_it_covers_alone(method, antialias, wanted):
    """Work grows with the image, not with its square."""
    assert Resize([100, 100], method, antialias=antialias).covered(200, 100) == wanted


@pytest.mark.parametrize("method", ["gaussian", "lanczos3", "mitchellcubic", "bicubic"])
@pytest.mark.parametrize("size", [5, 9, 30])
def test_curves_by_their_definition(method, size, rng):
    """Weights of a row of pixels by the curves' formulas, each pixel against each."""
    curve = {
        "gaussian": lambda t: np.exp(-2 * t * t) * (t < 1.5),
        "lanczos3": lambda t: np.sinc(t) * np.sinc(t / 3) * (t < 3),
        "mitchellcubic": lambda t: np.select(
            [t < 1, t < 2], [(7 * t**3 - 12 * t**2 + 16 / 3) / 6, (-7 / 3 * t**3 + 12 * t**2 - 20 * t + 32 / 3) / 6]),
        "bicubic": lambda t: np.select(
            [t < 1, t < 2], [1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2]),
    }[method]
    row = rng.normal(size=(1, 13, 1)).astype("float32")
    width = 13 / size
    places = (np.arange(size)[:, None] + 0.5) * width - 0.5
    weights = curve(np.abs(places - np.arange(13)) / max(width, 1))
    wanted = (weights / weights.sum(1, keepdims=True)) @ row[0]
    got = run(lambda x: tf.image.resize(x, [1, size], method, antialias=True), row)
    np.testing.assert_allclose(got[0], wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float64", "float16", "uint8"])
def test_resized_images_are_float32(dtype, rng):
    image = rng.uniform(0, 255, (6, 5, 2)).astype(dtype)
    for method in ("bilinear", "area", "lanczos3"):
        got = run(lambda x, method=method: tf.image.resize(x, [4, 9], method), image)
        wanted = run(lambda x, method=method: tf.image.resize(x, [4, 9], method), image.astype("float32"))
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, wanted)
    assert run(lambda x: tf.image.resize(x, [4, 9], "nearest"), image).dtype == dtype


def test_ratio_is_kept():
    image = np.zeros((10, 20, 1), "float32")
    build = lambda x: tf.image.resize(x, [6, 6], preserve_aspect_ratio=True)
    assert run(build, image, (10, 20, 1)).shape == run(build, image).shape == (3, 6, 1)


def test_what_is_no_image_is_refused():
    for build in (
        lambda x: tf.image.resize(x, [2, 2]), lambda x: tf.image.flip_up_down(x), tf.image.rgb_to_grayscale,
        lambda x: tf.image.resize(x[None], [2]), lambda x: tf.image.resize(x[None], [2, 0]),
        lambda x: tf.image.resize(x[None], [2, 2], "cubic"), lambda x: tf.image.rgb_to_grayscale(x[None]),
    ):
        with pytest.raises(errors.InvalidArgumentError):
            build(tf.zeros([4, 4]))


def test_flips_and_colors(rng):
    image = rng.uniform(size=(2, 3, 4, 3)).astype("float32")
    np.testing.assert_array_equal(run(tf.image.flip_left_right, image), image[:, :, ::-1])
    np.testing.assert_array_equal(run(tf.image.flip_up_down, image[0]), image[0, ::-1])
    gray = image @ np.float32([0.2989, 0.587, 0.114])
    np.testing.assert_allclose(run(tf.image.rgb_to_grayscale, image)[..., 0], gray, rtol=1e-6)
    np.testing.assert_array_equal(run(tf.image.grayscale_to_rgb, gray[..., None]), np.stack([gray] * 3, -1))


def test_standardized_images(rng):
    image = rng.normal(5.0, 3.0, (2, 6, 7, 3))
    got = run(tf.image.per_image_standardization, image)
    np.testing.assert_allclose(got.mean((1, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(got.std((1, 2, 3)), 1, rtol=1e-12)
    assert not run(tf.image.per_image_standardization, np.full((2, 2, 1), 3.0)).any()


def test_flips_cost_nothing():
    x = tf.placeholder(tf.float32, [None, None, None, None])
    y = tf.image.adjust_brightness(tf.image.flip_left_right(x), 0.5)
    assert len(tf.Session().explain(y, {x: np.ones((2, 3, 4, 1))}).kernels) == 1


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float64"])
def test_parts_of_images_are_float32(dtype):
    image = np.array([0, 250], dtype).reshape(1, 1, 2, 1)
    got = run(lambda x: tf.image.crop_and_resize(x, [[0.0, 0.0, 1.0, 1.0]], [0], [1, 3]), image)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(np.ravel(got), [0.0, 125.0, 250.0])


def test_parts_between_two_elements_take_the_second():
    image = np.arange(5, dtype="f4").reshape(1, 1, 5, 1)
    boxes = [[0.0, 0.125, 1.0, 0.625], [0.0, 0.375, 1.0, 0.3]]
    got = run(lambda x: tf.image.crop_and_resize(x, boxes, [0, 0], [1, 2], "nearest"), image)
    np.testing.assert_array_equal(np.reshape(got, (2, 2)), [[1.0, 3.0], [2.0, 1.0]])


def test_a_part_over_the_border_of_an_image_of_unknown_size():
    part = lambda x: tf.image.crop_to_bounding_box(x, 2, 1, 4, 2)
    image = np.arange(6 * 3, dtype="f4").reshape(6, 3, 1)
    np.testing.assert_array_equal(run(part, image), image[2:, 1:])
    with pytest.raises(errors.ShapeError):
        run(part, image[:5])


def test_suppression_does_not_compare_each_box_with_each():
    corners = np.random.default_rng(0).random((2000, 2)).astype("float32")
    boxes = np.concatenate([corners, corners + 0.01], 1)
    tracemalloc.start()
    tf.image.non_max_suppression(boxes, corners[:, 0], 10)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 2000 * 2000


@pytest.mark.parametrize(("name", "boxes", "scores"), [
    ("non_max_suppression_padded", (2, 5, 4), (2, 3)), ("non_max_suppression_padded", (2, 5, 4), (1, 5)),
    ("non_max_suppression_padded", (2, 5, 3), (2, 5)), ("combined_non_max_suppression", (1, 5, 2, 4), (1, 5, 3)),
    ("combined_non_max_suppression", (1, 5, 1, 5), (1, 5, 3)),
    ("combined_non_max_suppression", (1, 4, 1, 4), (1, 5, 3)),
    ("combined_non_max_suppression", (2, 5, 1, 4), (1, 5, 3)),
])
def test_boxes_that_do_not_fit_their_scores_are_refused(name, boxes, scores):
    more = (2, 2) if name.startswith("combined") else (2, 0.5, 0.0, True)
    with pytest.raises(tf.errors.InvalidArgumentError):
        getattr(tf.image, name)(np.zeros(boxes, "float32"), np.zeros(scores, "float32"), *more)
