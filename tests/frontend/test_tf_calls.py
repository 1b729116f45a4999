"""Functions of TensorFlow against what it gives (tests/data/tf_calls.json): at once, traced, and their gradients."""
from __future__ import annotations

import functools
import importlib.util
import json

import checks
import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import scipy.special

import graphengine as tf
from graphengine.config import override

DATA = checks.ROOT / "tests" / "data"


def file_module():
    spec = importlib.util.spec_from_file_location("tf_calls", DATA / "tf_calls.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


recorded = file_module()
TIGHT, LOOSE = 2e-5, 3e-4                   # of float32: of a formula or two, and of long or iterated ones
LOOSE_NAMES = {
    "image.adjust_hue", "image.adjust_saturation", "image.hsv_to_rgb", "image.rgb_to_hsv", "image.ssim",
    "image.ssim_multiscale", "linalg.expm", "linalg.lu", "linalg.lu_matrix_inverse", "linalg.lu_reconstruct",
    "linalg.lu_solve", "linalg.tridiagonal_solve", "math.polygamma",
}


@functools.cache
def wanted():
    return json.loads((DATA / "tf_calls.json").read_text())


@functools.cache
def known():
    return recorded.names(tf, np)


def compare(found, want, call):
    if isinstance(want, list):
        assert len(found) == len(want)
        for f, w in zip(found, want, strict=True):
            compare(f, w, call)
        return
    assert (found["dtype"], found["shape"]) == (want["dtype"], want["shape"])
    is_loose = call.startswith("gradient of ") or call.partition("(")[0] in LOOSE_NAMES
    tolerance = LOOSE if is_loose else TIGHT
    size = max([1.0, *(abs(v) for v in want["values"] if np.isfinite(v))]) if "expm" in call else 1.0
    np.testing.assert_allclose(found["values"], want["values"], tolerance, tolerance * size)


def test_everything_is_recorded():
    assert list(wanted()) == [*recorded.calls(), *(f"gradient of {call}" for call in recorded.gradients())]


@pytest.mark.parametrize("call", recorded.calls())
def test_at_once(call):
    compare(recorded.plain(eval(call, known()), np), wanted()[call], call)


@pytest.mark.parametrize("call", recorded.gradients())
def test_gradient(call):
    compare(recorded.gradient(tf, np, call, known()), wanted()[f"gradient of {call}"], call)


@pytest.mark.parametrize("tier", ["interpreter", "kernels"])
def test_in_a_program(tier):
    """Those of ordinary ops, and those that scipy computes between two programs, in a graph with a placeholder."""
    values = np.array([[0.5, 1.5], [2.5, 3.0]], np.float32)
    with tf.Graph().as_default(), override(tier=tier), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 2])
        y = tf.math.zeta(x + 1.0, 2.0) * 2.0
        found = session.run([y, tf.gradients(tf.math.bessel_i0(x * 2.0), [x])[0], tf.linalg.expm(x), tf.signal.dct(x),
                             tf.bitcast(x, tf.int32)], {x: values})
    special = scipy.special
    wanted = [2 * special.zeta(values + 1.0, 2.0), 2 * special.i1(2 * values), scipy.linalg.expm(values),
              scipy.fft.dct(values), values.view(np.int32)]
    for f, w in zip(found, wanted, strict=True):
        np.testing.assert_allclose(f, w, 1e-5)


def test_a_loop_over_what_scipy_computes():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [])
        (y,) = tf.while_loop(lambda k: k < 3.0, lambda k: tf.math.bessel_i0(k) + 1.0, [x])
        first = scipy.special.i0(0.5) + 1
        np.testing.assert_allclose(session.run(y, {x: 0.5}), scipy.special.i0(first) + 1, 1e-6)


@pytest.mark.parametrize(("call", "says"), [
    (lambda: tf.image.central_crop(np.ones((4, 4, 1)), 0.0), "central_fraction=0.0"),
    (lambda: tf.image.crop_to_bounding_box(np.ones((4, 4, 1)), 2, 0, 3, 4), "3 from 2 on of a height of 4"),
    (lambda: tf.image.pad_to_bounding_box(np.ones((4, 4, 1)), 0, 0, 3, 4), "larger than 3 by 4"),
    (lambda: tf.image.rot90(np.ones((4, 4))), "is not that of images"),
    (lambda: tf.image.ssim(np.ones((4, 4, 1)), np.ones((4, 4, 1)), 1.0), "4 pixels and a window of 11"),
    (lambda: tf.image.random_crop(np.ones((4, 4, 1)), [5, 4, 1]), "size=\\[5, 4, 1\\]"),
    (lambda: tf.image.random_hue(np.ones((4, 4, 3)), 0.7), "max_delta=0.7"),
    (lambda: tf.image.random_contrast(np.ones((4, 4, 3)), 0.7, 0.7), "lower=0.7"),
    (lambda: tf.image.random_contrast(np.ones((4, 4, 3)), -0.7, 0.7), "lower=-0.7 is negative"),
    (lambda: tf.image.stateless_random_saturation(np.ones((4, 4, 3)), -0.7, 0.7, [1, 2]), "lower=-0.7 is negative"),
    (lambda: tf.signal.dct(np.ones(3), 5), "type=5"),
    (lambda: tf.signal.linear_to_mel_weight_matrix(upper_edge_hertz=5000.0), "125.0 to 5000.0"),
    (lambda: tf.unravel_index([6], [2, 3]), "outside of a tensor of shape \\(2, 3\\)"),
    (lambda: tf.dynamic_stitch([], []), "0 indices"),
    (lambda: tf.broadcast_static_shape([2], [3]), "2 .* and 3"),
    (lambda: tf.space_to_batch(np.ones((1, 3, 2)), [2], [[0, 0]]), "no multiple of 2: 3"),
    (lambda: tf.bitcast(np.ones(3, np.float32), tf.float64), "2 of float32 make one float64"),
])
def test_errors(call, says):
    with pytest.raises(tf.errors.InvalidArgumentError, match=says):
        call()


@pytest.mark.parametrize("flip", [tf.image.random_flip_left_right, tf.image.random_flip_up_down])
def test_about_half_of_the_images_are_flipped(flip):
    batch = np.arange(4.0, dtype=np.float32).reshape(1, 2, 2, 1) * np.ones((400, 1, 1, 1), np.float32)
    tf.random.set_seed(3)
    turned = np.mean(flip(batch).numpy() != batch, axis=(1, 2, 3))
    assert set(turned.tolist()) == {0.0, 1.0} and 0.4 < turned.mean() < 0.6


def test_random_changes_stay_within_their_limits():
    tf.random.set_seed(1)
    image = np.full((3, 3, 3), 0.5, np.float32)
    shifts = [float(tf.image.random_brightness(image, 0.25)[0, 0, 0]) - 0.5 for _ in range(20)]
    assert max(map(abs, shifts)) < 0.25 and len(set(shifts)) == 20
    part = tf.image.random_crop(np.arange(30).reshape(5, 6, 1), [2, 3, 1]).numpy()[..., 0]
    assert (np.diff(part, axis=0) == 6).all() and (np.diff(part, axis=1) == 1).all()
