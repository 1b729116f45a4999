"""Convolution and pooling kernels against plain loops over windows."""

import functools
import itertools

import numba
import numpy as np
import pytest
from handwritten import DTYPES, call, compiled, run

import graphengine as tf
from graphengine.codegen import abi
from graphengine.codegen.kernels import convolution, vectors
from graphengine.config import override
from graphengine.errors import ShapeError
from graphengine.ops.convolution import Convolve, ConvolveFilter
from graphengine.ops.language import L

FLOATS = ("f32", "f64")
every_float = pytest.mark.parametrize("code", FLOATS)


def tolerance(code, terms):
    return 4 * np.finfo(DTYPES[code]).eps * max(terms, 1)


# -------------------------------------------------------------------- sums over windows, as the kernel counts them

def places(extents, strides):
    """Where each step of four counters is, the last counter running fastest."""
    return [sum(p * s for p, s in zip(place, strides, strict=True))
            for place in itertools.product(*map(range, extents))]


def windows_by_hand(x, b, rows, depth, groups, apart, width):
    """c[i, g * width + j] = sum over l of x[row(i) + depth(l) + g * apart] * b[l, g * width + j]"""
    c = np.zeros((len(rows), groups * width))
    for i, row in enumerate(rows):
        for g in range(groups):
            for line, place in enumerate(depth):
                c[i, g * width:(g + 1) * width] += x[row + place + g * apart] * b[line, g * width:(g + 1) * width]
    return c


WINDOWS = {
    # name: extents and strides of rows, extents and strides of depth, groups, x from group to group, columns of a group
    "one product": ((1, 1, 1, 1), (0, 0, 0, 0), (1, 1, 1, 1), (0, 0, 0, 0), 1, 0, 1),
    "a row of one tile": ((1, 1, 1, 8), (0, 0, 0, 3), (1, 1, 1, 5), (0, 0, 0, 1), 1, 0, 32),
    "less than a tile": ((1, 1, 1, 3), (0, 0, 0, 2), (1, 1, 2, 3), (0, 0, 7, 1), 1, 0, 5),
    "more than a tile": ((1, 1, 1, 19), (0, 0, 0, 2), (1, 1, 2, 3), (0, 0, 45, 1), 1, 0, 37),
    "image": ((2, 1, 5, 6), (200, 0, 24, 3), (1, 3, 3, 3), (0, 24, 3, 1), 1, 0, 17),
    "strides": ((2, 1, 3, 3), (200, 0, 48, 6), (1, 3, 2, 3), (0, 24, 3, 1), 1, 0, 4),
    "dilation": ((1, 1, 4, 3), (0, 0, 24, 3), (1, 2, 3, 3), (0, 72, 9, 1), 1, 0, 18),
    "volume": ((2, 2, 2, 5), (300, 60, 15, 3), (2, 2, 2, 3), (60, 15, 3, 1), 1, 0, 9),
    "groups": ((2, 1, 3, 4), (100, 0, 20, 4), (1, 2, 2, 2), (0, 20, 4, 1), 2, 2, 7),
    "groups of one column": ((1, 1, 3, 4), (0, 0, 20, 4), (1, 2, 2, 2), (0, 20, 4, 1), 3, 2, 1),
    "each channel by itself": ((2, 1, 3, 5), (300, 0, 35, 5), (1, 3, 2, 1), (0, 35, 5, 1), 5, 1, 1),
    "many channels by themselves": ((1, 1, 2, 9), (0, 0, 400, 37), (1, 2, 3, 1), (0, 400, 37, 1), 37, 1, 1),
    "depth of several panels": ((1, 1, 2, 5), (0, 0, 70, 9), (1, 3, 40, 20), (0, 2000, 40, 1), 1, 0, 35),
    "depth of many panels": ((1, 1, 1, 3), (0, 0, 0, 7), (2, 3, 5, 900), (9000, 3000, 900, 1), 1, 0, 33),
    "no depth": ((1, 1, 2, 3), (0, 0, 4, 1), (1, 0, 2, 2), (0, 1, 1, 1), 1, 0, 3),
    "rows with gaps at each end": ((3, 2, 3, 3), (500, 130, 31, 5), (1, 1, 2, 2), (0, 0, 3, 1), 1, 0, 6),
}


def window_case(rng, code, name):
    rows, row_steps, depth, depth_steps, groups, apart, width = WINDOWS[name]
    row, place = places(rows, row_steps), places(depth, depth_steps)
    x = rng.normal(size=max(row) + max(place, default=0) + groups * apart + 1).astype(DTYPES[code])
    b = rng.normal(size=(len(place), groups * width)).astype(DTYPES[code])
    sizes = [*rows, *row_steps, *depth, *depth_steps, groups, apart, width, groups * width, *[0] * 13, 0]
    return x, b, windows_by_hand(x, b, row, place, groups, apart, width), sizes


@every_float
@pytest.mark.parametrize("name", WINDOWS)
def test_windows(name, code, rng):
    x, b, expected, sizes = window_case(rng, code, name)
    c = np.full(expected.shape, np.nan, DTYPES[code])
    assert run(f"windows_{code}", [x, b, c], sizes, 0, len(c)) == 0
    bound = tolerance(code, len(b)) * max(np.abs(expected).max(initial=1), len(b) ** 0.5)
    np.testing.assert_allclose(c, expected, rtol=0, atol=bound)


@every_float
@pytest.mark.parametrize("processor", [None, vectors.Processor(32, 16), vectors.Processor(16, 16)], ids=str)
@pytest.mark.parametrize("name", WINDOWS)
def test_finished_windows(name, processor, code, rng):
    kernel = compiled(f"windows_{code}") if processor is None else _built(code, processor)
    x, b, sums, sizes = window_case(rng, code, name)
    whole, row = rng.normal(size=sums.shape).astype(x.dtype), rng.normal(size=sums.shape[1]).astype(x.dtype)
    alpha, beta = np.array([0.7], x.dtype), np.array([-1.3], x.dtype)
    bound = tolerance(code, len(b)) * max(np.abs(sums).max(initial=1), len(b) ** 0.5) + tolerance(code, 4)
    cases = [(whole, False), (whole, True), *([(row, False)] if row.size > 1 else [])]
    for (d, in_place), rectified, subtracts in itertools.product(cases, (0, 1), (0, 1)):
        c = d.copy() if in_place else np.full(sums.shape, np.nan, x.dtype)
        finish = [1, int(d.ndim == 2), rectified, subtracts]
        given = [x, b, c if in_place else d, alpha, beta, c]
        assert call(kernel, given, [*sizes[:-1], *finish], 0, len(c)) == 0
        wanted = (-0.7 if subtracts else 0.7) * sums - 1.3 * d
        np.testing.assert_allclose(c, np.maximum(wanted, 0) if rectified else wanted, rtol=0, atol=bound)


@functools.cache
def _built(code, processor):
    return numba.cfunc(abi.SIGNATURE, error_model="numpy")(convolution.build(f"windows_{code}", processor))


@every_float
@pytest.mark.parametrize("name", ["image", "each channel by itself", "rows with gaps at each end"])
def test_slices_of_rows_leave_the_rest_alone(name, code, rng):
    x, b, expected, sizes = window_case(rng, code, name)
    for lo, hi in ((0, 0), (0, 1), (3, 4), (1, 11), (7, len(expected)), (len(expected), len(expected))):
        c = np.full(expected.shape, 7, DTYPES[code])
        assert run(f"windows_{code}", [x, b, c], sizes, lo, hi) == 0
        np.testing.assert_allclose(c[lo:hi], expected[lo:hi], rtol=0, atol=100 * tolerance(code, len(b)))
        assert (c[:lo] == 7).all() and (c[hi:] == 7).all()


# -------------------------------------------------------------------- largest elements of windows

POOLS = {
    # name: batch, extents of x, of a window, strides, padding before, extents of y, channels
    "one element": (1, (1, 1, 1), (1, 1, 1), (1, 1, 1), (0, 0, 0), (1, 1, 1), 1),
    "side by side": (2, (1, 4, 6), (1, 2, 2), (1, 2, 2), (0, 0, 0), (1, 2, 3), 16),
    "overlapping": (2, (1, 5, 6), (1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 5, 6), 5),
    "padded": (1, (1, 5, 5), (1, 3, 2), (1, 2, 2), (0, 1, 0), (1, 3, 3), 33),
    "volume": (2, (3, 4, 5), (2, 2, 3), (1, 2, 2), (0, 0, 1), (2, 2, 3), 7),
    "gaps between windows": (1, (1, 7, 7), (1, 2, 2), (1, 3, 3), (0, 0, 0), (1, 2, 2), 17),
    "no channels": (1, (1, 2, 2), (1, 2, 2), (1, 1, 1), (0, 0, 0), (1, 1, 1), 0),
}


def pool_by_hand(x, window, strides, before, out):
    """The largest of each window, and in which place of x it first stands."""
    y = np.empty((len(x), *out, x.shape[-1]), x.dtype)
    first = np.empty(y.shape, object)
    for n, *o, c in np.ndindex(*y.shape):
        starts = [a * s - b for a, s, b in zip(o, strides, before, strict=True)]
        inside = [range(max(a, 0), min(a + w, e)) for a, w, e in zip(starts, window, x.shape[1:4], strict=True)]
        best = None
        for place in itertools.product(*inside):
            value = x[(n, *place, c)]
            if best is None or value > x[best] or (np.isnan(value) and not np.isnan(x[best])):
                best = (n, *place, c)
        y[(n, *o, c)], first[(n, *o, c)] = x[best], best
    return y, first


def pool_case(rng, code, name, values=None):
    batch, extents, window, strides, before, out, channels = POOLS[name]
    shape = (batch, *extents, channels)
    x = (rng.normal(size=shape) if values is None else rng.choice(values, shape)).astype(DTYPES[code])
    return x, *pool_by_hand(x, window, strides, before, out), [
        batch, *extents, *out, channels, *window, *strides, *before]


@every_float
@pytest.mark.parametrize("values", [None, (0.0, 1.0), (-np.inf, 2.0, np.nan)], ids=["different", "ties", "infinite"])
@pytest.mark.parametrize("name", POOLS)
def test_max_pool(name, values, code, rng):
    x, expected, first, sizes = pool_case(rng, code, name, values)
    y = np.full_like(expected, 7)
    assert run(f"max_pool_{code}", [x, y], sizes, 0, len(x)) == 0
    np.testing.assert_array_equal(y, expected)
    g = rng.integers(-9, 10, y.shape).astype(x.dtype)               # whole numbers, so that sums are exact
    back, wanted = np.full_like(x, 7), np.zeros_like(x)
    assert run(f"max_pool_back_{code}", [g, x, y, back], sizes, 0, len(x)) == 0
    for place in np.ndindex(*y.shape):
        wanted[first[place]] += g[place]
    np.testing.assert_array_equal(back, wanted)
    h, picked = rng.normal(size=x.shape).astype(x.dtype), np.full_like(y, 7)
    assert run(f"max_pool_pick_{code}", [h, x, y, picked], sizes, 0, len(x)) == 0
    np.testing.assert_array_equal(picked, np.array([h[p] for p in first.reshape(-1)], x.dtype).reshape(y.shape))


@every_float
def test_slices_of_the_batch_leave_the_rest_alone(code, rng):
    x, expected, _, sizes = pool_case(rng, code, "overlapping")
    y = np.full_like(expected, 7)
    assert run(f"max_pool_{code}", [x, y], sizes, 1, 2) == 0
    assert (y[0] == 7).all()
    np.testing.assert_array_equal(y[1], expected[1])
    g, back = np.ones_like(y), np.full_like(x, 7)
    assert run(f"max_pool_back_{code}", [g, x, expected, back], sizes, 1, 2) == 0
    assert (back[0] == 7).all()
    assert back[1].sum() == g[1].size


# -------------------------------------------------------------------- as users call them

def padding_before(size, window, stride, dilation, padding):
    """How much is put before an axis, and how many windows there are (TensorFlow's rule)."""
    reach = (window - 1) * dilation + 1
    if padding == "VALID":
        return 0, max(0, -(-(size - reach + 1) // stride))
    count = -(-size // stride)
    return max((count - 1) * stride + reach - size, 0) // 2, count


def terms_of_convolution(x, w, stride, dilation, padding):
    """Batch, place of y, place in the window, place of x: of each product of an NHWC convolution."""
    axes = [padding_before(x.shape[1 + k], w.shape[k], stride[k], dilation[k], padding) for k in (0, 1)]
    for n, i, j, a, b in np.ndindex(len(x), axes[0][1], axes[1][1], *w.shape[:2]):
        u, v = i * stride[0] + a * dilation[0] - axes[0][0], j * stride[1] + b * dilation[1] - axes[1][0]
        if 0 <= u < x.shape[1] and 0 <= v < x.shape[2]:
            yield n, (i, j), (a, b), (u, v)


def convolution_by_hand(x, w, stride, dilation, padding):
    """NHWC convolution in groups, a gradient g that arrives, and those of x and w."""
    sizes = [padding_before(x.shape[1 + k], w.shape[k], stride[k], dilation[k], padding)[1] for k in (0, 1)]
    y = np.zeros((len(x), *sizes, w.shape[3]))
    g = np.sin(np.arange(y.size).reshape(y.shape))
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    groups = x.shape[3] // w.shape[2]
    mine, its = w.shape[2], w.shape[3] // groups
    for n, at, inside, source in terms_of_convolution(x, w, stride, dilation, padding):
        for k in range(groups):
            c, o = slice(k * mine, (k + 1) * mine), slice(k * its, (k + 1) * its)
            y[(n, *at)][o] += x[(n, *source)][c] @ w[inside][:, o]
            dx[(n, *source)][c] += w[inside][:, o] @ g[(n, *at)][o]
            dw[inside][:, o] += np.outer(x[(n, *source)][c], g[(n, *at)][o])
    return y, g, dx, dw


CONVOLUTIONS = [
    # image, filters, strides, dilations
    ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1), (1, 1)),
    ((2, 5, 7, 3), (3, 3, 3, 4), (1, 1), (1, 1)),
    ((2, 6, 5, 2), (2, 3, 2, 17), (2, 1), (1, 1)),
    ((1, 9, 8, 3), (3, 2, 3, 5), (1, 1), (2, 3)),
    ((2, 7, 7, 4), (3, 3, 2, 6), (2, 2), (1, 1)),                   # two groups
    ((1, 6, 6, 5), (3, 3, 1, 5), (1, 1), (1, 1)),                   # each channel by itself
    ((1, 4, 4, 18), (1, 1, 18, 33), (1, 1), (1, 1)),                # a product of matrices
    ((1, 5, 4, 1), (5, 4, 1, 2), (1, 1), (1, 1)),                   # the window is as large as the image
    # Images and channels enough for tiles that pass over padding, and some that are left over.
    ((9, 3, 4, 16), (3, 3, 16, 8), (1, 1), (1, 1)),
    ((8, 5, 3, 8), (3, 2, 8, 35), (2, 1), (1, 1)),
    ((16, 4, 4, 16), (3, 3, 8, 16), (1, 2), (2, 1)),                # two groups
    ((8, 4, 3, 33), (4, 3, 1, 33), (1, 1), (1, 1)),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_conv2d_and_its_gradients(case, padding, layout, dtype, rng):
    image, filters, strides, dilations = case
    x, w = rng.normal(size=image).astype(dtype), rng.normal(size=filters).astype(dtype)
    y, g, dx, dw = convolution_by_hand(x, w, strides, dilations, padding)
    order = (0, 1, 2, 3) if layout == "NHWC" else (0, 3, 1, 2)
    with tf.Graph().as_default(), override(tier="kernels"):
        xs, ws = tf.placeholder(dtype, [None] * 4), tf.placeholder(dtype, [None] * 4)
        found = tf.nn.conv2d(xs, ws, strides=strides, padding=padding, data_format=layout, dilations=dilations)
        arriving = tf.placeholder(dtype, [None] * 4)
        grads = tf.gradients(found, [xs, ws], grad_ys=[arriving])
        feeds = {xs: x.transpose(order), ws: w, arriving: g.transpose(order)}
        values = tf.Session().run([found, *grads], feeds)
    bound = 40 * np.finfo(dtype).eps
    for value, wanted in zip(values, (y.transpose(order), dx.transpose(order), dw), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=0, atol=bound * max(1, np.abs(wanted).max(initial=0)))


@every_float
@pytest.mark.parametrize("more", [0, 1])
def test_padding_is_passed_over(more, code, rng):
    """Its places hold what is no number here: as many images and channels as a tile has rows never meet them."""
    rows = convolution.WindowTiles(code).rows
    batch, channels = 2 * rows + more, 2 * rows
    x = np.full((batch, 1, 5, 7, channels), np.nan, DTYPES[code])
    x[:, :, 1:4, 2:6] = rng.normal(size=(batch, 1, 3, 4, channels))
    w = rng.normal(size=(1, 3, 3, channels, 20)).astype(x.dtype)
    g = rng.normal(size=(batch, 1, 3, 5, 20)).astype(x.dtype)
    filled = (0, 1, 2, 1, 3, 4)
    with tf.Graph().as_default(), override(tier="kernels"):
        xs, ws, gs = (tf.placeholder(a.dtype, [None, *a.shape[1:]]) for a in (x, w, g))
        y = L.convolve(xs, ws, g.shape[1:4], filled=filled)
        dw = L.convolve_filter(xs, gs, w.shape, filled=filled)
        found, back = tf.Session().run([y, dw], {xs: x, ws: w, gs: g})
    plain, bound = np.nan_to_num(x), tolerance(code, 400)
    wanted = Convolve(g.shape[1:4]).reference(plain, w)
    np.testing.assert_allclose(found[:2 * rows], wanted[:2 * rows], rtol=0, atol=bound)
    np.testing.assert_allclose(found[2 * rows:, :, 1, 2:4], wanted[2 * rows:, :, 1, 2:4], rtol=0, atol=bound)
    np.testing.assert_allclose(back, ConvolveFilter(w.shape).reference(plain, g), rtol=0, atol=bound)


@every_float
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_meets_padding_in_every_image(bad, code, rng):
    """Zero times infinity is no number, whether or not an image stands in a full tile."""
    rows = convolution.WindowTiles(code).rows
    batch, channels = rows + 1, 2 * rows
    x = np.zeros((batch, 1, 5, 7, channels), DTYPES[code])
    x[:, :, 1:4, 2:6] = rng.uniform(1, 2, (batch, 1, 3, 4, channels))
    w = rng.normal(size=(1, 3, 3, channels, 20)).astype(x.dtype)
    g = rng.normal(size=(batch, 1, 3, 5, 20)).astype(x.dtype)
    w[0, 0, 0, 1, 2] = g[3, 0, 0, 0, 4] = bad
    filled = (0, 1, 2, 1, 3, 4)
    with tf.Graph().as_default(), override(tier="kernels"):
        xs, ws, gs = (tf.placeholder(a.dtype, [None, *a.shape[1:]]) for a in (x, w, g))
        results = [L.convolve(xs, ws, g.shape[1:4], filled=filled), L.convolve_filter(xs, gs, w.shape, filled=filled)]
        found = tf.Session().run(results, {xs: x, ws: w, gs: g})
    with np.errstate(invalid="ignore"):
        wanted = [sum(np.einsum("nhwc,ck->nhwk", x[:, 0, i:i + 3, j:j + 5], w[0, i, j])
                      for i in range(3) for j in range(3))[:, None],
                  np.stack([np.stack([np.einsum("nhwc,nhwk->ck", x[:, 0, i:i + 3, j:j + 5], g[:, 0])
                                      for j in range(3)]) for i in range(3)])[None]]
    assert np.isnan(wanted[0][:, 0, 0, 0, 2]).all() and np.isnan(wanted[1][0, 0, 0, :, 4]).all()
    for value, by_hand in zip(found, wanted, strict=True):
        np.testing.assert_allclose(value, by_hand, rtol=0, atol=tolerance(code, 1000))


def test_a_window_larger_than_the_image(rng):
    x, w = rng.normal(size=(8, 2, 2, 8)), rng.normal(size=(5, 5, 8, 2))
    y, g, _, dw = convolution_by_hand(x, w, (1, 1), (1, 1), "SAME")
    with tf.Graph().as_default(), override(tier="kernels"):
        xs, ws = tf.placeholder(tf.float64, [None] * 4), tf.constant(w)
        found = tf.nn.conv2d(xs, ws, 1, "SAME")
        values = tf.Session().run([found, *tf.gradients(found, [ws], grad_ys=[tf.constant(g)])], {xs: x})
        for value, wanted in zip(values, (y, dw), strict=True):     # some taps meet nothing but padding
            np.testing.assert_allclose(value, wanted, rtol=1e-12, atol=1e-12)
        with pytest.raises(ShapeError, match="does not fit"):
            tf.Session().run(tf.nn.conv2d(xs, w, 1, "VALID"), {xs: x})
