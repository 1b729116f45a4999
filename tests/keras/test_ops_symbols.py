"""Functions of `keras.ops` on symbols of unknown sizes, inside functions, with gradients; those that apply others."""
from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.errors import AttributeValueError, DTypeError, ShapeError
from graphengine.keras import ops

X = np.array([[-1.5, 0.25, 0.75], [2.5, -0.5, 1.25]], np.float32)
HOLES = np.array([[1.0, np.nan, 3.0], [2.0, 5.0, np.nan]], np.float32)
IMAGE = np.sin(np.arange(150, dtype=np.float32)).reshape(3, 5, 5, 2)

# What is called, its definition in numpy, and what it is called on; the size of the first axis is not known.
CALLS = {
    "quantile of rows": (lambda x: ops.quantile(x, [0.2, 0.4], axis=1),
                         lambda x: np.quantile(x, [0.2, 0.4], axis=1), X),
    "quantile of columns": (lambda x: ops.quantile(x, 0.2, axis=0, keepdims=True),
                            lambda x: np.quantile(x, 0.2, axis=0, keepdims=True), X),
    "quantile of all": (lambda x: ops.percentile(x, 30), lambda x: np.percentile(x, 30), X),
    "nanquantile of columns": (lambda x: ops.nanquantile(x, 0.3, axis=0),
                               lambda x: np.nanquantile(x, 0.3, axis=0), HOLES),
    "nanquantile of rows": (lambda x: ops.nanpercentile(x, [30], axis=-1),
                            lambda x: np.nanpercentile(x, [30], axis=-1), HOLES),
    "nanmedian of one row": (lambda x: ops.nanmedian(x, axis=1), lambda x: np.nanmedian(x, axis=1), HOLES[:1]),
    "nanstd": (lambda x: ops.nanstd(x, axis=1), lambda x: np.nanstd(x, axis=1), HOLES),
    "nanargmin": (lambda x: ops.nanargmin(x, axis=1), lambda x: np.nanargmin(x, axis=1), HOLES),
    "digitize": (lambda x: ops.digitize(x, [0.0, 1.0]), lambda x: np.digitize(x, [0.0, 1.0]), X),
    "isin": (lambda x: ops.isin(x, [0.25, 2.5]), lambda x: np.isin(x, [0.25, 2.5]), X),
    "unique": (lambda x: ops.unique(x), np.unique, X.round()),
    "unique rows": (lambda x: ops.unique(x, axis=0), lambda x: np.unique(x, axis=0), X[[0, 1, 0]]),
    "unique to a size": (lambda x: ops.unique(x, size=8, fill_value=-9),
                         lambda x: np.pad(np.unique(x), (0, 2), constant_values=-9), X),
    "rot90": (lambda x: ops.rot90(x, 3), lambda x: np.rot90(x, 3), X),
    "rot90 of images": (lambda x: ops.rot90(x, 2, (1, 2)), lambda x: np.rot90(x, 2, (1, 2)), IMAGE),
    "axes taken apart": (lambda x: ops.rearrange(x, "b h w (c d) -> b d (w h) c", d=2),
                         lambda x: x.transpose(0, 3, 2, 1).reshape(3, 2, 25, 1), IMAGE),
    "axes joined": (lambda x: ops.rearrange(x, "b h w c -> (b w) h c"),
                    lambda x: x.transpose(0, 2, 1, 3).reshape(15, 5, 2), IMAGE),
    "softmax along two axes": (lambda x: ops.softmax(x, axis=(1, 2)),
                               lambda x: np.exp(x) / np.exp(x).sum((1, 2), keepdims=True), IMAGE),
    "unfold and fold": (lambda x: ops.fold(ops.unfold(ops.transpose(x, (0, 3, 1, 2)), 2, stride=1), (5, 5), 2),
                        lambda x: x.transpose(0, 3, 1, 2) * np.outer([1, 2, 2, 2, 1], [1, 2, 2, 2, 1]), IMAGE),
    "pooled to a size": (lambda x: ops.adaptive_max_pool(x, (1, 5)), lambda x: x.max(1, keepdims=True), IMAGE),
    "upper triangle": (lambda x: ops.triu(x, 1), lambda x: np.triu(x, 1), X),
    "lower triangle": (lambda x: ops.tril(x, -1), lambda x: np.tril(x, -1), X),
    "triangles of images": (lambda x: ops.tril(x, 7) + ops.triu(x), lambda x: np.tril(x, 7) + np.triu(x), IMAGE),
    "grid": (lambda x: ops.meshgrid(x[:, 0], x[0])[1], lambda x: np.meshgrid(x[:, 0], x[0])[1], X),
    "grid in order": (lambda x: ops.meshgrid(x[:, 0], x[0], indexing="ij")[0],
                      lambda x: np.meshgrid(x[:, 0], x[0], indexing="ij")[0], X),
    "kron": (lambda x: ops.kron(x, [[1.0, 2.0]]), lambda x: np.kron(x, [[1.0, 2.0]]), X),
    "cdist": (lambda x: ops.cdist(x, X), lambda x: np.linalg.norm(x[:, None] - X, axis=-1), X[:1] + 1),
    "corrcoef": (ops.corrcoef, np.corrcoef, X),
    "gcd": (lambda x: ops.gcd(x, 12), lambda x: np.gcd(x, 12), np.array([[18, 0, -8]], np.int32)),
    "lcm": (lambda x: ops.lcm(x, 12), lambda x: np.lcm(x, 12), np.array([[18, 0, -8]], np.int32)),
    "view": (lambda x: ops.view(x, "uint8"), lambda x: x.view("uint8"), X),
    "array_split": (lambda x: ops.array_split(x, 2, axis=1)[0], lambda x: np.array_split(x, 2, axis=1)[0], X),
    "bincount of rows": (lambda x: ops.bincount(x, minlength=4),
                         lambda x: np.stack([np.bincount(r, minlength=4) for r in x]),
                         np.array([[1, 1], [0, 3]], np.int32)),
    "nuclear norm": (lambda x: ops.norm(x, "nuc", axis=(1, 2)),
                     lambda x: np.linalg.svd(x, compute_uv=False).sum(-1), IMAGE[:, 0]),
    "lu_factor": (lambda x: ops.lu_factor(x)[1], lambda x: np.array([[1, 0], [0, 1]]),
                  np.array([[[1.0, 2.0], [3.0, 4.0]], [[3.0, 4.0], [1.0, 2.0]]], np.float32)),
    "logspace": (lambda x: ops.logspace(x, 2.0, 3), lambda x: np.logspace(x, 2.0, 3), X),
    "select": (lambda x: ops.select([x > 1, x > 0], [x, x * 10], -1),
               lambda x: np.select([x > 1, x > 0], [x, x * 10], -1), X),
    "map": (lambda x: ops.map(lambda row: ops.sum(row) * row, x), lambda x: x * x.sum(1, keepdims=True), X),
    "scan": (lambda x: ops.scan(lambda s, row: (s + row, s), ops.zeros(3), x)[0], lambda x: x.sum(0), X),
    "while_loop": (lambda x: ops.while_loop(lambda y: ops.max(y) < 20, lambda y: y * 2, x), lambda x: x * 8, X),
    "fori_loop": (lambda x: ops.fori_loop(0, 3, lambda k, y: y + 1, x), lambda x: x + 3, X),
    "cond": (lambda x: ops.cond(ops.sum(x) > 0, lambda: ops.ones(2), lambda: ops.zeros(2)), lambda x: np.ones(2), X),
    "associative_scan": (lambda x: ops.associative_scan(lambda a, b: a * b, x, reverse=True, axis=1),
                         lambda x: np.cumprod(x[:, ::-1], axis=1)[:, ::-1], X),
    "vectorize": (lambda x: ops.vectorize(lambda a, b: a * b + 1)(x, 2.0), lambda x: x * 2 + 1, X),
    "vectorize of rows": (lambda x: ops.vectorize(lambda a: ops.max(a), signature="(n)->()")(x),
                          lambda x: x.max(-1), IMAGE),
    "jvp": (lambda x: ops.jvp(lambda v: v * v, (x,), (x,))[1], lambda x: 2 * x * x, X),
}


@pytest.mark.parametrize("name", CALLS)
def test_called_now_in_a_function_and_on_symbols(name):
    call, definition, x = CALLS[name]
    want = definition(x)
    np.testing.assert_allclose(call(x), want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(tf.function(call)(tf.constant(x)), want, rtol=1e-5, atol=1e-6)
    symbol = keras.Input(x.shape[1:], dtype=x.dtype.name)
    result = call(symbol)
    assert all(size in (None, n) for size, n in zip(result.shape, want.shape, strict=True))
    np.testing.assert_allclose(keras.Model(symbol, result)(x), want, rtol=1e-5, atol=1e-6)


SMOOTH = {
    "cbrt": ops.cbrt, "sinc": ops.sinc, "i0": ops.i0, "hypot": lambda x: ops.hypot(x, 2.0),
    "ldexp": lambda x: ops.ldexp(x, 2),
    "logaddexp2": lambda x: ops.logaddexp2(x, 1.0), "fmod": lambda x: ops.fmod(x, 1.1),
    "fmax": lambda x: ops.fmax(x, 0.3),
    "quantile": lambda x: ops.quantile(x, 0.3, axis=1), "nanquantile": lambda x: ops.nanquantile(x, 0.3, axis=0),
    "median": ops.median, "nanprod": ops.nanprod, "nanvar": ops.nanvar, "nanmax": ops.nanmax, "corrcoef": ops.corrcoef,
    "trapezoid": ops.trapezoid,
    "norm": lambda x: ops.norm(x, "nuc"), "mul at places": lambda x: ops.scatter_update(x, [[0, 1]], [3.0], "mul"),
    "correlate": lambda x: ops.correlate(x[0], x[1, :2], "full"),
    "vectorize": lambda x: ops.vectorize(lambda a: a * a)(x),
    "associative_scan": lambda x: ops.associative_scan(lambda a, b: a * b, x, axis=-1),
    "pool": lambda x: ops.adaptive_average_pool(x[..., None], 2), "unfold": lambda x: ops.unfold(x[None, None], 2),
    "conv_transpose": lambda x: ops.conv_transpose(x[..., None], np.ones((2, 2, 1), np.float32), 2),
    "kron": lambda x: ops.kron(x, x),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_are_those_of_differences(name):
    def total(x):
        y = SMOOTH[name](x)
        return tf.reduce_sum(y * tf.cast(tf.reshape(tf.range(tf.size(y)), tf.shape(y)) + 1, y.dtype))

    x = tf.Variable(X, dtype=tf.float64)
    with tf.GradientTape() as tape:
        y = total(x)
    found, step = np.asarray(tape.gradient(y, x)), 1e-6
    for place in np.ndindex(X.shape):
        more = np.zeros(X.shape)
        more[place] = step
        slope = (total(tf.constant(X + more)) - total(tf.constant(X - more))) / (2 * step)
        np.testing.assert_allclose(found[place], slope, rtol=1e-5, atol=1e-5)


def test_models_of_functions_that_apply_functions_are_saved_as_keras_saves_them(tmp_path):
    x = keras.Input((3,))
    model = keras.Model(x, ops.map(lambda row: row * 2.0, ops.fori_loop(0, 2, lambda k, y: y + 1.0, x)))
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        layers = json.loads(file.read("config.json"))["config"]["layers"]
    assert [c["class_name"] for c in layers] == ["InputLayer", "ForiLoop", "Map"]
    assert layers[1]["config"]["body_fun"]["class_name"] == "__lambda__"
    again = keras.models.load_model(tmp_path / "m.keras", safe_mode=False)
    np.testing.assert_array_equal(again(X), (X + 2) * 2)
    with pytest.raises(ValueError, match="safe_mode"):
        keras.models.load_model(tmp_path / "m.keras")


@pytest.mark.parametrize(("settings", "shape", "first"), [
    ({}, (2, 9, 18), [0.943, 0.9098, 0.8238, 0.7075]),
    ({"padding": "same"}, (2, 10, 18), [0.9309, 0.7874, 0.2912, -0.8221]),
    ({"expand_dims": True}, (2, 9, 9, 2), [0.943, 0.943 + np.log(2), 0.9098, 0.9098 + np.log(2)]),
    ({"data_format": "channels_first"}, (2, 18, 9), [0.943, -1.3198, 0.4049, 0.193]),
    ({"mode": "stft"}, (2, 9, 36), [2.5677, 0.8702, -1.7316, -1.7204]),
])
def test_spectra_of_signals_of_unknown_length(settings, shape, first):
    """Numbers of Keras 3.15 for the first channel."""
    signal = np.random.RandomState(0).randn(2, 40, 1).astype(np.float32)
    signal = np.concatenate([signal, 2 * signal], -1)
    is_first = "data_format" in settings
    symbol = keras.Input((2, None) if is_first else (None, 2))
    found = keras.layers.STFTSpectrogram(frame_length=8, frame_step=4, fft_length=16, **settings)(symbol)
    assert [a for a, b in zip(found.shape, shape, strict=True) if a is not None and a != b] == []
    values = keras.Model(symbol, found).predict(signal.transpose(0, 2, 1) if is_first else signal, verbose=0)
    assert values.shape == shape
    np.testing.assert_allclose(values.reshape(-1)[:4], first, atol=1e-4)


def test_a_gradient_of_ones_own():
    @ops.custom_gradient
    def tripled(x):
        return x * 1.0, lambda upstream: upstream * 3.0

    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = ops.sum(tripled(x))
    np.testing.assert_array_equal(tape.gradient(y, x), [3.0, 3.0])


def test_what_is_excluded_is_handed_on():
    scaled = ops.vectorize(lambda x, how: x * len(how), excluded={1})
    np.testing.assert_array_equal(scaled(X, "abc"), X * 3)


@pytest.mark.parametrize(("call", "error", "match"), [
    (lambda: ops.gcd(1.5, 2), DTypeError, "float32 numbers"),
    (lambda: ops.ldexp(1.0, 0.5), DTypeError, "exponent of float32"),
    (lambda: ops.quantile(X, 0.5, axis=2), ShapeError, "axes \\[2\\]"),
    (lambda: ops.quantile(X, 0.5, method="middle"), AttributeValueError, "it takes linear"),
    (lambda: ops.diff(X, n=-1), AttributeValueError, "n=-1"),
    (lambda: ops.histogram(X), ShapeError, "2 axes"),
    (lambda: ops.rot90(X, axes=(0, 0)), AttributeValueError, "two different ones"),
    (lambda: ops.rot90(X[0]), ShapeError, "a plane has two"),
    (lambda: ops.select([], []), AttributeValueError, "condlist is no list"),
    (lambda: ops.view(X, "float64"), ShapeError, "no whole number of float64"),
    (lambda: ops.rearrange(X, "a b -> a"), AttributeValueError, "same axes"),
    (lambda: ops.rearrange(X, "a (b c) -> a b c"), AttributeValueError, "sizes of b and c"),
    (lambda: ops.rearrange(X, "a (b c) -> a b c", b=2), ShapeError, "an axis of 3"),
    (lambda: ops.correlate(X[0], X[0], "half"), AttributeValueError, "full, same or valid"),
    (lambda: ops.norm(X, "max"), AttributeValueError, "of matrices"),
    (lambda: ops.associative_scan(lambda a, b: a + b, (X, X[:1])), ShapeError, "numbers of slices"),
    (lambda: ops.vectorize(3), AttributeValueError, "it is a function"),
    (lambda: ops.cross([1.0], [2.0]), ShapeError, "1 and of 1 components"),
])
def test_errors_say_what_is_wrong(call, error, match):
    with pytest.raises(error, match=match):
        call()


@pytest.mark.parametrize(("name", "x", "wanted"), [
    ("hypot", 3.0, 0.5**0.5), ("logaddexp", 3.0, 0.5), ("logaddexp2", -2.0, 0.5)])
def test_gradients_where_both_are_equal_are_halves_of_one(name, x, wanted):
    both = [tf.Variable(x), tf.Variable(x)]
    with tf.GradientTape() as tape:
        y = getattr(ops, name)(*both)
    np.testing.assert_allclose(y, getattr(np, name)(np.float32(x), np.float32(x)), rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(y, both), [wanted] * 2, rtol=1e-6)


@pytest.mark.parametrize("name", ["hypot", "logaddexp", "logaddexp2"])
def test_infinities_of_two(name):
    a, b = np.array([[np.inf, np.inf, -np.inf, 1.0], [np.inf, 2.0, -np.inf, -np.inf]], np.float32)
    np.testing.assert_array_equal(getattr(ops, name)(a, b), getattr(np, name)(a, b))


def test_singular_values_that_do_not_count():
    a = np.diag([1.0, 0.001]).astype("float32")
    np.testing.assert_allclose(ops.lstsq(a, np.ones(2, "float32"), rcond=0.1), [1, 0], atol=1e-6)
    np.testing.assert_allclose(ops.lstsq(a, np.ones((2, 1), "float32")), [[1], [1000]], rtol=1e-4)


def test_the_neighbor_of_a_float32_is_one():
    x = np.array([1.0, -1.0, 0.0], np.float32)
    np.testing.assert_array_equal(ops.nextafter(x, np.float32(2.0)), np.nextafter(x, np.float32(2.0)))


@pytest.mark.parametrize(("pattern", "sizes"), [
    ("b c -> c b", {"b": 7}), ("b c -> c b", {"z": 7}), ("... b c -> c b ...", {}), ("(b d) c -> b d c", {"b": 0})])
def test_axes_that_are_not_there_are_refused(pattern, sizes):
    with pytest.raises(tf.errors.InvalidArgumentError):
        ops.rearrange(np.ones((4, 3)), pattern, **sizes)


SPECTRUM = [[[18, -9.5, 4.5, -2], [3, -2, 0, 1]], [[0, -2.5981, -0.866, 0], [0, 1.7321, -1.7321, 0]]]


@pytest.mark.parametrize("length", [None, 6])
def test_spectra_of_lines_of_unknown_length(length):
    x = np.array([[1, 2, 4, 8, 3, 0], [0, 0, 0, 1, 2, 0]], np.float32)
    traced = tf.function(lambda x: ops.rfft(x, length), input_signature=[tf.TensorSpec([None, None])])
    np.testing.assert_allclose(traced(x if length is None else x[:, :5]), SPECTRUM, atol=1e-4)
    back = tf.function(lambda a, b: ops.irfft((a, b), length), input_signature=[tf.TensorSpec([None, None])] * 2)
    np.testing.assert_allclose(back(*np.array(SPECTRUM, np.float32)), x, atol=1e-4)


def test_an_array_of_float64_has_a_spectrum_of_float32():
    assert ops.rfft(np.arange(4.0))[0].dtype == "float32"
    assert ops.rfft(tf.constant(np.arange(4.0)))[0].dtype == "float64"


def test_elements_at_places_of_a_symbol():
    x = keras.Input((4,))
    places = np.array([[0, 0.5, 1, 2.6, -1], [0.4, 3.3, 7, -2.2, 1]], np.float32)
    model = keras.Model(x, ops.image.map_coordinates(x, places, 1, "nearest"))
    np.testing.assert_allclose(model(np.arange(12, dtype=np.float32).reshape(3, 4)), [0.4, 5, 7, 8, 1], rtol=1e-6)


def test_places_of_zeros_with_signs():
    for values, largest, least in (([-0.0, 0.0], 1, 0), ([0.0, -0.0, np.nan], 0, 1), ([-1.0, -0.0, 0.0], 2, 0)):
        for dtype in ("float16", "float32", "float64"):
            x = np.array(values, dtype)
            assert (int(ops.argmax(x)), int(ops.argmin(x))) == (largest, least)


def test_an_infinity_is_near_itself_alone():
    x, y = np.array([[np.inf, -np.inf, np.inf, 1, np.inf], [np.inf, -np.inf, -np.inf, np.inf, 1]])
    assert ops.isclose(x, y).numpy().tolist() == np.isclose(x, y).tolist()
