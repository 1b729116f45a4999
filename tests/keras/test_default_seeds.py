"""Weights and masks after `set_random_seed`, and with seeds of layers: those of Keras 3.15 on TensorFlow."""
from __future__ import annotations

import json

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


@pytest.mark.parametrize(("layer", "shapes", "kernel", "after"), [
    (lambda: layers.Conv2D(3, 2), [(1, 8, 8, 2)], [-0.2000074, 0.2518103, 0.4972396], 0.9387455),
    (lambda: layers.SeparableConv2D(3, 2), [(1, 8, 8, 2)], [-0.2582085, 0.3250857, 0.6419336], 1.070968),
    (lambda: layers.SimpleRNN(3, dropout=0.1), [(1, 4, 2)], [0.9387455, 0.8308091, -0.7005768], 0.7760209),
    (lambda: layers.Bidirectional(layers.LSTM(3)), [(1, 4, 2)], [0.4637612, 0.1278895, 0.3431741], 0.8341372),
    (lambda: layers.ConvLSTM1D(2, 2), [(1, 3, 8, 2)], [0.4693727, 0.4154046, -0.3502884], 0.7760209),
    (lambda: layers.MultiHeadAttention(2, 3, dropout=0.1), [(2, 4, 6)] * 2, [0.6059576, 0.5362849, -0.4522203],
     -0.956382),
    (lambda: layers.Dense(3, kernel_initializer="orthogonal"), [(1, 4)], [-0.676789, 0.514643, -0.09100486],
     0.9387455),
])
def test_each_layer_draws_as_many_seeds_as_there(layer, shapes, kernel, after):
    """The first weights, and those of a layer that is made behind it."""
    keras.utils.set_random_seed(7)
    made = layer()
    made(*(np.ones(shape, np.float32) for shape in shapes))
    behind = layers.Dense(2)
    behind.build((None, 3))
    np.testing.assert_allclose(first(made.get_weights()[0])[:3], kernel, rtol=1e-5)
    np.testing.assert_allclose(first(behind.get_weights()[0])[0], after, rtol=1e-5)


@pytest.mark.parametrize(("layer", "after"), [
    (lambda: layers.Attention(dropout=0.2), 0.9387455), (lambda: layers.RandomFlip(), 0.9387455),
    (lambda: layers.Dropout(0.0), -0.4000148),
])
def test_layers_without_weights_draw_a_seed_where_they_draw_numbers(layer, after):
    keras.utils.set_random_seed(7)
    layer()
    behind = layers.Dense(2)
    behind.build((None, 3))
    np.testing.assert_allclose(first(behind.get_weights()[0])[0], after, rtol=1e-5)


def test_a_random_crop_draws_two_seeds():
    keras.utils.set_random_seed(7)
    layer, behind = layers.RandomCrop(5, 5), layers.Dense(2)
    behind.build((None, 3))
    assert layer.get_config()["seed"] == 347712783
    np.testing.assert_allclose(first(behind.kernel), [1.070968, -0.4270516, 0.09965611, -0.1792769], rtol=1e-5)
    ramp = np.add.outer(10.0 * np.arange(8), np.arange(8))[None, :, :, None]
    assert [float(layer(ramp, training=True)[0, 0, 0, 0]) for _ in range(3)] == [31.0, 1.0, 32.0]


@pytest.mark.parametrize(("seed", "weights", "mask", "drawn"), [
    (2**31 - 3, [-0.6523218, 0.1753043, -0.03583217], [0, 2, 0, 0], [0.2336907, 0.3754208]),
    (2**31 - 2, [-0.7078647, 0.5046194, 0.7350021], [0, 2, 2, 2], [0.2110155, 0.08216608]),
    (2**31 - 1, [0.927103, -0.09802794, 0.2456625], [2, 0, 2, 0], [0.8784882, 0.09827709]),
    (2**32 - 1, [-0.7448584, 1.076172, 0.07905781], [0, 2, 2, 2], [0.1959128, 0.4414147]),
    (2**40 + 7, [-0.6072105, 0.1842468, -0.3439175], [0, 2, 0, 0], [0.2521074, 0.3116479]),
    (-1, [-0.6523218, 0.1753043, -0.03583217], [0, 2, 0, 0], [0.2336907, 0.3754208]),
])
def test_large_and_negative_seeds(seed, weights, mask, drawn):
    np.testing.assert_allclose(first(keras.initializers.GlorotUniform(seed=seed)((3, 1))), weights, rtol=1e-5)
    assert first(layers.Dropout(0.5, seed=seed)(np.ones(8, np.float32), training=True)).tolist() == mask
    generator = keras.random.SeedGenerator(seed)
    found = [float(keras.random.uniform((2,), seed=generator)[0]) for _ in drawn]
    np.testing.assert_allclose(found, drawn, rtol=1e-6)
    assert generator.state.numpy().tolist() == [seed, 2]


def test_an_initializer_with_a_generator_draws_anew_in_each_call():
    made = keras.initializers.RandomNormal(seed=keras.random.SeedGenerator(4))
    np.testing.assert_allclose(made((3,)), [-0.02909243, 0.04326795, -0.07830938], rtol=1e-5)
    np.testing.assert_allclose(made((3,)), [0.06917163, 0.02707669, -0.02750664], rtol=1e-5)
    made = keras.initializers.HeNormal(seed=keras.random.SeedGenerator(4))
    config = keras.initializers.serialize(made)
    for copy in (keras.initializers.deserialize(json.loads(json.dumps(config))), made.clone(), made):
        np.testing.assert_allclose(first(copy((3, 1))), [-0.5400905, 0.8032539, -1.453785], rtol=1e-5)


def test_whole_numbers_of_narrow_types():
    found = keras.random.randint((4,), 0, 255, dtype="uint8", seed=5)
    assert found.dtype == "uint8" and found.numpy().tolist() == [48, 121, 178, 56]
    assert keras.random.randint((4,), -300, 300, dtype="int16", seed=5).numpy().tolist() == [243, -119, 13, 11]


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


@pytest.mark.parametrize(("layer", "shape", "calls"), [
    (lambda: layers.LSTM(2, dropout=0.4), (1, 3, 3), [[0.1802868, -0.04776232], [-0.04476476, -0.2040697]]),
    (lambda: layers.GRU(2, dropout=0.4, recurrent_dropout=0.3), (1, 3, 3),
     [[-0.3016253, -0.697422], [-0.6479195, -0.3336774]]),
    (lambda: layers.SimpleRNN(2, dropout=0.4, recurrent_dropout=0.3), (1, 3, 3),
     [[-0.1673644, -0.3237674], [0.9998111, 0.9454975]]),
    (lambda: layers.RNN([layers.LSTMCell(2, recurrent_dropout=0.3), layers.GRUCell(2, dropout=0.2)]), (1, 3, 3),
     [[-0.04856229, -0.09310877], [-0.1061025, -0.1000155]]),
    (lambda: layers.GRU(2, dropout=0.4, seed=3), (1, 3, 3), [[0.579832, -0.6868426], [0.6136085, 0.01958429]]),
    (lambda: layers.ConvLSTM1D(1, 2, dropout=0.4, recurrent_dropout=0.3), (1, 2, 4, 2),
     [[-0.3134668, -0.3263745, -0.3049784]]),
])
def test_what_recurrent_layers_drop(layer, shape, calls):
    keras.utils.set_random_seed(7)
    made, x = layer(), np.ones(shape, np.float32)
    made.build(shape)
    for expected in calls:
        np.testing.assert_allclose(np.reshape(made(x, training=True), -1), expected, rtol=1e-4)


@pytest.mark.parametrize(("name", "expected"), [
    ("HeNormal", [-0.76643145, -0.40777865, -2.1367972]), ("GlorotNormal", [-0.48473382, -0.25790188, -1.3514293]),
    ("LecunNormal", [-0.54194885, -0.28834304, -1.5109439]),
    ("TruncatedNormal", [-0.033708639, -0.017934628, -0.093979083]),
])
def test_truncated_normal_weights(name, expected):
    made = getattr(keras.initializers, name)(seed=7)((2, 3))
    np.testing.assert_allclose(first(made)[:3], expected, rtol=1e-5)


def test_functions_without_a_seed_draw_from_one_generator():
    draw = keras.random
    for _ in range(2):
        keras.utils.set_random_seed(3)
        np.testing.assert_allclose(draw.normal((2,)), [0.1179796, 1.175018], rtol=1e-5)
        np.testing.assert_allclose(draw.uniform((2,)), [0.4419647, 0.9056631], rtol=1e-5)
        np.testing.assert_allclose(draw.truncated_normal((2,)), [-0.4083178, 0.5229457], rtol=1e-5)
        assert draw.dropout(np.ones(6, np.float32), 0.5).numpy().tolist() == [2, 0, 2, 2, 2, 2]
        assert draw.randint((4,), 0, 9).numpy().tolist() == [8, 2, 2, 4]
        assert draw.shuffle(np.arange(6)).numpy().tolist() == [3, 5, 0, 2, 4, 1]
    traced = tf.function(lambda: draw.uniform((2,)))
    np.testing.assert_allclose([traced(), traced()], [[0.3219042, 0.4847625], [0.1871499, 0.9351572]], rtol=1e-5)
    with tf.Graph().as_default(), tf.Session() as session:      # each draw for itself
        a, b = session.run([draw.uniform((3,)), draw.uniform((3,))])
        assert (a != b).all()


def test_the_seed_of_tensorflow_alone_is_enough():
    def kernel():
        tf.random.set_seed(5)
        layer = layers.Dense(2)
        layer.build((None, 3))
        return np.append(layer.get_weights()[0], keras.random.uniform((2,)))

    np.testing.assert_array_equal(kernel(), kernel())
    keras.utils.set_random_seed(5)
    assert not np.array_equal(layers.Dense(2).kernel_initializer((3, 2)), kernel()[:6].reshape(3, 2))


def test_a_training_with_dropout():
    """Rows in their order: the losses of three epochs, and weights."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((5,)), layers.Dense(8, activation="relu"), layers.Dropout(0.5),
                              layers.GaussianNoise(0.3), layers.Dense(2)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(12, n)).astype(np.float32) for n in (5, 2))
    losses = model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(losses, [3.68467975, 1.34303558, 1.00920522], rtol=1e-5)
    np.testing.assert_allclose(first(model.get_weights()[0]), [0.1132151, -0.4651803, 0.6091139, -0.4928375], rtol=1e-4)
