"""Weights and masks after `set_random_seed`, and with seeds of layers: those of Keras 3.15 on TensorFlow."""
from __future__ import annotations

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.keras import layers


def first(x):
    return np.asarray(x).reshape(-1)[:4]


def test_weights_of_dense_layers():
    """Dropout draws a seed between the two, as it does there."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Dropout(0.5), layers.Dense(4)])
    kernels = model.get_weights()[::2]
    np.testing.assert_allclose(first(kernels[0]), [-0.5280049, 0.7940814, 0.9604876, -0.3434476], rtol=1e-6)
    np.testing.assert_allclose(first(kernels[1]), [0.004887104, -0.2090032, -0.9921074, -0.6716657], rtol=1e-6)


def test_weights_of_recurrent_layers():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([layers.Embedding(5, 3), layers.LSTM(2), layers.Dense(2)])
    model.build((None, 4))
    wanted = [[-0.02410002, 0.03624469, 0.04384006, -0.01567616], [0.1348013, -0.144273, 0.45943, 0.09369296],
              [0.1836694, 0.7321503, -0.1890315, -0.3019818], [0.0, 0.0, 1.0, 1.0],
              [-0.7683146, -0.8444713, 0.8245429, 0.5524026], [0.0, 0.0]]
    for found, expected in zip(model.get_weights(), wanted, strict=True):
        np.testing.assert_allclose(first(found), expected, rtol=1e-5, atol=1e-6)


def test_masks_of_dropout():
    layer, ones = layers.Dropout(0.5, seed=3), np.ones(12, np.float32)
    assert layer(ones, training=True).numpy().tolist() == [0, 2, 2, 2, 0, 0, 0, 0, 2, 2, 2, 0]
    assert layer(ones, training=True).numpy().tolist() == [0, 2, 0, 2, 2, 0, 2, 0, 0, 2, 2, 2]


@pytest.mark.parametrize("layer, expected", [
    (layers.GaussianNoise(0.5, seed=2), [0.6802853, 0.9064971, 0.5857724, 0.9063382]),
    (layers.GaussianDropout(0.3, seed=2), [0.5813952, 0.877576, 0.4576487, 0.8773679]),
    (layers.AlphaDropout(0.3, seed=2), [1.315045] * 4), (layers.SpatialDropout1D(0.5, seed=2), [2.0] * 4),
])
def test_noise(layer, expected):
    np.testing.assert_allclose(first(layer(np.ones((1, 4, 3), np.float32), training=True)), expected, rtol=1e-5)


def test_the_seed_of_tensorflow_alone_is_enough():
    def kernel():
        tf.random.set_seed(5)
        layer = layers.Dense(2)
        layer.build((None, 3))
        return layer.get_weights()[0]

    np.testing.assert_array_equal(kernel(), kernel())
    keras.utils.set_random_seed(5)
    assert not np.array_equal(layers.Dense(2).kernel_initializer((3, 2)), kernel())
