"""`keras.ops` gives Keras's numbers, shapes and dtypes, on arrays, inside a function, and on symbols."""

import importlib.util
import json
import pathlib

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.keras import ops

FOLDER = pathlib.Path(__file__).parents[1] / "data"
KNOWN = json.loads((FOLDER / "keras_ops.json").read_text())
_spec = importlib.util.spec_from_file_location("keras_ops", FOLDER / "keras_ops.py")
recorded = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recorded)


def compare(got, want):
    if isinstance(want, list):
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            compare(g, w)
        return
    assert (got["dtype"], got["shape"]) == (want["dtype"], want["shape"])
    rtol = 2e-3 if want["dtype"] == "float16" else 3e-5
    np.testing.assert_allclose(np.array(got["values"], float), np.array(want["values"], float), rtol, rtol / 10)


def test_all_calls_are_recorded():
    assert list(KNOWN) == recorded.calls()


@pytest.mark.parametrize("call", KNOWN)
def test_as_keras(call):
    compare(recorded.result(ops, np, call), KNOWN[call])


def test_a_layer_written_with_ops():
    class Scaled(keras.layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(shape[-1], 3), initializer="ones", name="w")

        def call(self, x):
            return ops.softmax(ops.matmul(x, self.w) / ops.sqrt(ops.cast(ops.shape(x)[-1], "float32")))

    x = np.arange(8.0, dtype=np.float32).reshape(2, 4)
    symbol = keras.Input((4,))
    model = keras.Model(symbol, Scaled()(symbol))
    np.testing.assert_allclose(model(x), np.full((2, 3), 1 / 3), rtol=1e-6)
    model.compile("sgd", "mse")
    model.fit(x, np.ones((2, 3)), verbose=0)
    assert model.predict(x, verbose=0).shape == (2, 3)


def test_symbols_and_functions():
    symbol = keras.Input((3,))
    model = keras.Model(symbol, ops.concatenate([ops.relu(symbol), ops.sum(symbol, axis=1, keepdims=True)], axis=1))
    np.testing.assert_array_equal(model(np.array([[-1.0, 2.0, 3.0]], np.float32)), [[0.0, 2.0, 3.0, 4.0]])

    @tf.function
    def f(x):
        return ops.einsum("ij->i", ops.expand_dims(x, 0) * 2)

    assert float(f(tf.constant([1.0, 2.0]))[0]) == 6.0


def test_gradients_pass():
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = ops.sum(ops.square(x) * ops.take([3.0, 4.0], [1, 0]))
    np.testing.assert_allclose(tape.gradient(y, x), [8.0, 12.0])


def test_unknown_name_suggests():
    with pytest.raises(AttributeError, match="did you mean 'concatenate'"):
        _ = ops.concat_enate


def test_gradients_of_spectra():
    """Those of the power in a band are, by Parseval's equation, twice what a filter of that band leaves."""
    signal = np.sin(np.arange(12, dtype=np.float32) ** 2)
    passed = np.zeros(7, np.float32)
    passed[2:4] = 1.0

    @tf.function
    def power(x):
        real, imag = ops.rfft(x)
        return ops.sum((ops.square(real) + ops.square(imag)) * passed)

    x = tf.constant(signal)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = power(x)
    filtered = np.fft.irfft(np.fft.rfft(signal) * passed)
    np.testing.assert_allclose(tape.gradient(y, x), 12 * filtered, rtol=1e-4, atol=1e-4)
