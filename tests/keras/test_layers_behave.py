"""Layers at random, with masks, with data to adapt to, with unknown sizes; their errors; their kernels."""
import json

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.errors import InvalidArgumentError, ShapeError
from graphengine.keras import layers

# -------------------------------------------------------------------- at random

RANDOM = [
    (layers.Dropout(0.3), 1.0, np.sqrt(0.3 / 0.7)),
    (layers.SpatialDropout1D(0.5), 1.0, 1.0),
    (layers.GaussianNoise(2.0), 1.0, 2.0),
    (layers.GaussianDropout(0.2), 1.0, 0.5),
]


@pytest.mark.parametrize("layer, mean, spread", RANDOM, ids=lambda v: type(v).__name__)
def test_random_layers_keep_the_mean(layer, mean, spread):
    x = np.ones((2000, 2, 20), np.float32)
    np.testing.assert_array_equal(layer(x), x)
    first = np.asarray(layer(x, training=True))
    assert abs(first.mean() - mean) < 0.03 and abs(first.std() - spread) < 0.03
    traced = tf.function(lambda v: layer(v, training=True))
    second, third = np.asarray(traced(tf.constant(x))), np.asarray(traced(tf.constant(x)))
    assert abs(second.mean() - mean) < 0.03 and (second != third).any()


def test_alpha_dropout_keeps_mean_and_variance(rng):
    x = rng.standard_normal((300, 400)).astype(np.float32)
    y = np.asarray(layers.AlphaDropout(0.3)(x, training=True))
    assert abs(y.mean()) < 0.02 and abs(y.std() - 1) < 0.02


def test_noise_shapes():
    """What shares a decision becomes 0 together."""
    y = np.asarray(layers.Dropout(0.5, noise_shape=(None, 1, 3))(np.ones((40, 5, 3)), training=True))
    assert (y == y[:, :1]).all() and {0.0, 2.0} == set(np.unique(y))
    y = np.asarray(layers.SpatialDropout2D(0.5, data_format="channels_first")(np.ones((9, 8, 2, 3)), training=True))
    assert (y == y[:, :, :1, :1]).all() and {0.0, 2.0} == set(np.unique(y))
    assert not np.asarray(layers.Dropout(1)(np.ones((2, 3)), training=True)).any()


def test_seeds():
    """Layers with one seed draw alike in programs that begin alike."""
    def drawn():
        tf.random.set_seed(3)
        return np.asarray(layers.Dropout(0.5, seed=7)(np.ones((4, 9)), training=True))

    np.testing.assert_array_equal(drawn(), drawn())


# -------------------------------------------------------------------- masks, with values from Keras 3.15

def test_masks_travel():
    symbol = keras.Input((4,), dtype="int32")
    angles = np.arange(10.0).reshape(5, 2)
    a = layers.Embedding(5, 2, mask_zero=True, weights=np.sin(angles))(symbol)
    b = layers.Embedding(5, 2, weights=np.cos(angles))(symbol)
    c = layers.Embedding(5, 2, mask_zero=True, weights=np.cos(angles))(symbol)
    normal = layers.LayerNormalization()(layers.Dropout(0.5)(layers.Activation("relu")(a)))
    pooled = [layers.GlobalAveragePooling1D()(x) for x in (
        normal, layers.Add()([a, a]), layers.Add()([a, b]), layers.Concatenate(axis=1)([a, b]),
        layers.Concatenate()([a, b]), layers.BatchNormalization()(a), layers.Conv1D(2, 1, kernel_initializer="ones")(a),
        layers.Dense(2, kernel_initializer="ones")(a))]
    model = keras.Model(symbol, [*pooled, layers.Multiply()([a, b]), layers.Multiply()([a, c])])
    *pooled, product, masked = model(np.array([[1, 0, 2, 0], [3, 3, 0, 1]]))
    expected = [
        [[0.498314, -0.498314], [-0.33139, 0.33139]], [[0.152495, -0.817804], [0.233644, 0.970062]],
        [[0.270676, 0.309853], [0.713665, 0.83867]], [[0.180451, -0.073922], [0.407809, 0.35903]],
        [[0.038124, 0.216284, 0.232552, 0.093569], [0.087617, 0.574141, 0.626048, 0.264529]],
        [[0.076209, -0.408698], [0.116764, 0.484789]], [[0.254408, 0.254408], [0.661758, 0.661758]],
        [[-0.332655, -0.332655], [0.601853, 0.601853]],
    ]
    for found, values in zip(pooled, expected, strict=True):
        np.testing.assert_allclose(found, values, atol=2e-6)
    np.testing.assert_allclose(product[0], [[-0.378401, -0.139708], [1, 0.540302], [0.494679, -0.272011],
                                            [1, 0.540302]], atol=2e-6)
    np.testing.assert_allclose(masked[0], [[-0.378401, -0.139708], [0, 0], [0.494679, -0.272011], [0, 0]], atol=2e-6)


# -------------------------------------------------------------------- adapted to data, with values from Keras 3.15

def test_normalization_adapts():
    layer = layers.Normalization(axis=1)
    layer.adapt([np.arange(12.0).reshape(2, 3, 2), np.arange(6.0).reshape(1, 3, 2)])
    mean, variance, count = layer.get_weights()
    np.testing.assert_allclose(mean, [2.5, 4.5, 6.5], rtol=1e-6)
    np.testing.assert_allclose(variance, [8.25] * 3, rtol=1e-6)
    assert count == 0
    np.testing.assert_allclose(layer(np.full((1, 3, 1), 4.5))[0, :, 0], (4.5 - mean) / np.sqrt(8.25), rtol=1e-6)
    with pytest.raises(ShapeError, match="built for"):
        layer.adapt(np.ones((2, 4, 2)))
    with pytest.raises(InvalidArgumentError, match="no data"):
        layers.Normalization().adapt(np.ones((0, 2)))
    with pytest.raises(InvalidArgumentError, match="were given"):
        layers.Normalization(mean=0, variance=1).adapt(np.ones((3, 2)))


@pytest.mark.parametrize("data, boundaries", [
    (np.arange(100.0).reshape(50, 2), [23.999998, 49.0, 74.0]),
    ([np.sin(np.arange(40.0)), np.sin(np.arange(40.0, 80.0))], [-0.65041184, 0.0, 0.70138156]),
], ids=["array", "batches"])
def test_discretization_adapts(data, boundaries):
    layer = layers.Discretization(num_bins=4, epsilon=0.1)
    with pytest.raises(RuntimeError, match="adapt"):
        layer(np.ones(3))
    layer.adapt(data)
    np.testing.assert_allclose(layer.bin_boundaries, boundaries, rtol=1e-6)
    again = layers.Discretization.from_config(json.loads(json.dumps(layer.get_config())))
    np.testing.assert_array_equal(again([-9.0, 0.0, 30.0, 99.0]), layer([-9.0, 0.0, 30.0, 99.0]))


def test_count_weights():
    layer = layers.CategoryEncoding(4, output_mode="count")
    found = layer(np.array([[0, 1, 0], [2, 1, 1]]), count_weights=np.array([[0.1, 0.2, 0.3], [1.0, 0.5, 0.25]]))
    np.testing.assert_allclose(found, [[0.4, 0.2, 0, 0], [0, 0.75, 1, 0]], rtol=1e-6)


# -------------------------------------------------------------------- wrapped

def test_spectral_normalization():
    """One step of the power method by hand; the kernel stays divided."""
    layer = layers.SpectralNormalization(layers.Dense(3))
    layer.build((None, 2))
    assert [v.name for v in layer.weights] == ["kernel", "vector_u", "bias"]
    kernel, u = np.array([[1.0, 2, 3], [0, 1, -1]], np.float32), np.array([[0.1, 0.2, 0.3]], np.float32)
    layer.set_weights([kernel, u, np.zeros(3, np.float32)])
    np.testing.assert_allclose(layer(np.ones((1, 2))), [[1, 3, 2]])
    v = u @ kernel.T / np.linalg.norm(u @ kernel.T)
    u = v @ kernel / np.linalg.norm(v @ kernel)
    divided = kernel / (v @ kernel @ u.T)
    np.testing.assert_allclose(layer(np.ones((1, 2)), training=True), [divided.sum(0)], rtol=1e-5)
    np.testing.assert_allclose(layer.get_weights()[0], divided, rtol=1e-5)
    np.testing.assert_allclose(layer.get_weights()[1], u, rtol=1e-5)
    config = json.loads(json.dumps(layers.serialize(layer)))
    assert layers.deserialize(config).layer.units == 3


def test_built_by_hand():
    """The config of a layer that a program has built says what it was built for."""
    layer = layers.Dense(3)
    layer.build((None, 4))
    assert layer.built and layer.get_build_config() == {"input_shape": (None, 4)}
    layer(np.ones((2, 4)))
    assert len(layer.weights) == 2
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert [tuple(v.shape) for v in again.weights] == [(4, 3), (3,)]


def test_moving_moments_in_a_compiled_epoch(rng):
    """Each step of fit moves them once."""
    model = keras.Sequential([keras.Input((3,)), layers.BatchNormalization(momentum=0.8), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    x = rng.standard_normal((12, 3)).astype(np.float32) + 2
    model.fit(x, np.zeros((12, 1)), epochs=2, batch_size=4, shuffle=False, verbose=0)
    mean, variance = np.zeros(3), np.ones(3)
    for batch in np.split(x, 3) * 2:
        mean, variance = 0.8 * mean + 0.2 * batch.mean(0), 0.8 * variance + 0.2 * batch.var(0)
    np.testing.assert_allclose(model.layers[0].moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(model.layers[0].moving_variance, variance, rtol=1e-5)


def test_lambda():
    layer = layers.Lambda(keras.activations.relu, arguments={"max_value": 1.0})
    np.testing.assert_array_equal(layer([[-1.0, 0.5, 2.0]]), [[0, 0.5, 1]])
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    np.testing.assert_array_equal(again([[-1.0, 0.5, 2.0]]), [[0, 0.5, 1]])
    with pytest.raises(InvalidArgumentError, match="uses Lambda, which is no plain data"):
        layers.Lambda(lambda x: again(x)).get_config()


# -------------------------------------------------------------------- unknown sizes

UNKNOWN = [
    layers.Conv2D(4, 3), layers.Conv2DTranspose(4, 3, strides=2), layers.SeparableConv2D(4, 2), layers.MaxPooling2D(),
    layers.AveragePooling2D(2, padding="same"), layers.GlobalAveragePooling2D(), layers.Flatten(),
    layers.Reshape((-1, 3)), layers.GroupNormalization(3), layers.LayerNormalization(), layers.BatchNormalization(),
    layers.ZeroPadding2D(), layers.Cropping2D(1), layers.UpSampling2D(), layers.Resizing(4, 5), layers.Dropout(0.5),
    layers.Dense(2), layers.PReLU(shared_axes=[1, 2]), layers.UnitNormalization(), layers.Softmax(),
]


@pytest.mark.parametrize("layer", UNKNOWN, ids=lambda v: v.name)
def test_unknown_height_and_width(layer, rng):
    symbol = keras.Input((None, None, 3))
    model = keras.Model(symbol, layer(symbol))
    for shape in ((2, 6, 5, 3), (1, 4, 7, 3)):
        x = rng.standard_normal(shape).astype(np.float32)
        np.testing.assert_allclose(model(x), layer(x), rtol=1e-5, atol=1e-6)


# -------------------------------------------------------------------- errors

@pytest.mark.parametrize("wrong, message", [
    (lambda: layers.Conv1D(3, 2)(np.ones((2, 3))), "expects 3 axes, got 2"),
    (lambda: layers.Conv2D(4, 2, groups=2)(np.ones((1, 4, 4, 3))), "3 channels .* groups=2"),
    (lambda: layers.Conv2D(4, 5)(np.ones((1, 4, 4, 3))), "window of 5 does not fit 4"),
    (lambda: layers.Cropping1D(2)(np.ones((1, 4, 3))), "leaves nothing of axis 1 with size 4"),
    (lambda: layers.Dense(3)(keras.Input((None,))), "axis -1 .* is not known"),
    (lambda: layers.Reshape((3, 5))(np.ones((2, 4))), "4 elements .* of 15"),
    (lambda: layers.Add()([np.ones((1, 4)), np.ones((1, 3))]), "do not fit together"),
    (lambda: layers.Concatenate()([np.ones((1, 4)), np.ones((2, 4))]), "differ beside axis -1"),
    (lambda: layers.Dot(1)([np.ones((1, 4)), np.ones((1, 3))]), "4 and 3"),
    (lambda: layers.GroupNormalization(4)(np.ones((1, 6))), "6 channels .* 4 groups"),
    (lambda: layers.BatchNormalization(axis=3)(np.ones((2, 4))), "no axis 3"),
    (lambda: layers.EinsumDense("ab,bc->ac", 3)(np.ones((2, 3, 4))), "has not the axes 'ab'"),
], ids=lambda v: "" if isinstance(v, str) else None)
def test_shapes_that_do_not_fit(wrong, message):
    with pytest.raises(ShapeError, match=message):
        wrong()


@pytest.mark.parametrize("wrong, message", [
    (lambda: layers.Dense(0), "units=0"), (lambda: layers.Dense("a"), "units='a'"),
    (lambda: layers.Conv2D(3, (2, 2, 2)), "kernel_size"), (lambda: layers.Conv2D(3, 2, padding="sam"), "valid, same"),
    (lambda: layers.Conv2D(3, 2, padding="causal"), "padding='causal'"),
    (lambda: layers.Conv2D(3, 2, groups=2), "divisor of filters=3"),
    (lambda: layers.Conv2D(3, 2, strides=2, dilation_rate=2), "one of them has to be 1"),
    (lambda: layers.Conv1DTranspose(3, 2, strides=2, output_padding=2), "below strides"),
    (lambda: layers.Conv2D(3, 2, data_format="nhwc"), "channels_last"),
    (lambda: layers.Dropout(1.5), r"\[0, 1\]"), (lambda: layers.GaussianNoise(-1), "stddev=-1"),
    (lambda: layers.Permute((2, 3)), "dims"), (lambda: layers.Embedding(0, 2), "input_dim=0"),
    (lambda: layers.ReLU(negative_slope=-1), "negative_slope=-1"), (lambda: layers.Wrapper(3), "a Layer"),
    (lambda: layers.CategoryEncoding(), "num_tokens=None"), (lambda: layers.Dot(0), "axes=0"),
    (lambda: layers.EinsumDense("ab-bc", 3)(np.ones((2, 3))), "equation"),
    (lambda: layers.Discretization(), "either bin_boundaries or num_bins"),
    (lambda: layers.Add()(np.ones((1, 4))), "list of inputs"),
    (lambda: layers.Subtract()([np.ones((1, 4))] * 3), "2 inputs, got 3"),
    (lambda: layers.Dense(3, activation="rellu"), "did you mean 'relu'"),
    (lambda: layers.Dense(3, untis=1), "no argument 'untis'"),
], ids=lambda v: "" if isinstance(v, str) else None)
def test_arguments_that_do_not_fit(wrong, message):
    with pytest.raises(InvalidArgumentError, match=message):
        wrong()


# -------------------------------------------------------------------- structure

@pytest.mark.parametrize("layer, shape, training, kernels", [
    (layers.Dense(8, activation="relu"), (4, 16), False, 1),            # the product adds its bias and is rectified
    (layers.Dense(8, activation="relu"), (4, 5, 16), False, 1),         # one product for all axes before the last
    (layers.Dense(8, activation="tanh"), (4, 16), False, 2),            # the product; bias and activation
    (layers.Conv2D(8, 3, activation="relu"), (2, 8, 8, 3), False, 1),
    (layers.BatchNormalization(), (4, 6, 5, 3), False, 2),              # scales of channels; everything else
    (layers.BatchNormalization(), (4, 6, 5, 3), True, 3),               # mean; variance; everything else
    (layers.LayerNormalization(), (4, 6, 8), False, 1),
    (layers.GlobalAveragePooling2D(), (2, 8, 8, 3), False, 1),
], ids=lambda v: v.name if isinstance(v, layers.Layer) else None)
def test_kernels(layer, shape, training, kernels):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, *shape[1:]])
        y = layer(x, training=training)
        assert len(tf.Session().explain(y, {x: np.ones(shape, np.float32)}).kernels) == kernels


@pytest.mark.parametrize("tied", [True, False])
def test_reversible_embedding_goes_back(tied):
    layer = layers.ReversibleEmbedding(5, 3, tie_weights=tied, logit_soft_cap=0.5, mask_zero=True)
    vectors = layer(np.array([[1, 0, 4]]))
    weights = layer.get_weights()
    assert [w.shape for w in weights] == [(5, 3)] + [(3, 5)] * (not tied)
    scores = layer(vectors, reverse=True)
    expected = np.tanh(vectors.numpy() @ (weights[0].T if tied else weights[1]) / 0.5) * 0.5
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)
    assert layer.compute_mask(tf.constant([[1, 0]])).numpy().tolist() == [[True, False]]
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(layer(np.array([[1, 2]])), reverse=True))
    assert all(g is not None for g in tape.gradient(total, layer.trainable_weights))


def test_conv_lstm_drops_the_same_in_all_steps():
    layer = layers.ConvLSTM2D(2, 2, dropout=0.5, recurrent_dropout=0.5, seed=3, return_sequences=True)
    x = np.ones((2, 3, 4, 4, 3), np.float32)
    noise = [layer(x, training=True).numpy() for _ in range(2)]
    assert noise[0].shape == (2, 3, 3, 3, 2) and not np.array_equal(noise[0], layer(x).numpy())
    first = layers.ConvLSTM2D(2, 2, stateful=True)
    first(x), first.set_weights(layer.get_weights())
    first.reset_state()
    for _ in range(2):
        last = first(x)
    np.testing.assert_allclose(last, layer(np.concatenate([x, x], 1))[:, -1], rtol=1e-5, atol=1e-6)


def test_conv_lstm_wants_known_places():
    with pytest.raises(ValueError, match="sizes of space"):
        layers.ConvLSTM1D(2, 3)(keras.Input((None, None, 2)))


@pytest.mark.parametrize(("layer", "shape"), [
    (lambda: layers.MaxPooling2D(9), (2, 6, 7, 1)), (lambda: layers.AveragePooling1D(4), (2, 3, 1)),
    (lambda: layers.MaxPooling3D((1, 1, 3), data_format="channels_first"), (2, 5, 4, 4, 2)),
    (lambda: layers.ConvLSTM3D(2, 2), (2, 2, 1, 1, 1, 1)), (lambda: layers.ConvLSTM1D(2, 3), (1, 2, 2, 1)),
])
def test_windows_that_fit_nowhere_are_refused(layer, shape):
    with pytest.raises(ValueError, match=r"no window of .* fits into inputs of shape"):
        layer()(np.ones(shape, np.float32))


@pytest.mark.parametrize("method", ["bilinear", "bicubic", "area", "lanczos3", "lanczos5"])
@pytest.mark.parametrize("order", ["channels_last", "channels_first"])
def test_upsampling_of_images_whose_size_is_not_known(method, order):
    """As `Resizing` to that size; a model of segmentation takes pictures of any."""
    last = order == "channels_last"
    shape = (None, None, 2) if last else (2, None, None)
    model = keras.Sequential([keras.Input(shape), layers.UpSampling2D((2, 3), order, method)])
    assert model.output_shape == (None, *shape)
    for height, width in ((4, 3), (2, 5)):
        x = np.sin(np.arange(2 * 2 * height * width, dtype=np.float32)).reshape(2, 2, height, width)
        x = x.transpose(0, 2, 3, 1) if last else x
        wanted = layers.Resizing(2 * height, 3 * width, method, data_format=order)(x)
        np.testing.assert_allclose(model.predict(x, verbose=0), wanted, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(layers.UpSampling2D((2, 3), order, method)(x), wanted, rtol=1e-4, atol=1e-5)
