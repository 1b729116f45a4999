"""Steps of a model's own, single batches, and the order of losses, as Keras 3 on TensorFlow has them."""
from __future__ import annotations

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.keras import layers


class Steps(keras.Model):
    """Nothing but steps, as a GAN is; `x` alone comes as itself, not in a tuple."""

    def __init__(self):
        super().__init__()
        self.inner = keras.Sequential([keras.Input((2,)), layers.Dense(1, kernel_initializer="ones")])
        self.rate = keras.metrics.Mean(name="rate")

    @property
    def metrics(self):
        return [self.rate]

    def train_step(self, data):
        rows = tf.shape(data)[0]
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(self.inner(data)) / tf.cast(rows, tf.float32)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.inner.trainable_weights),
                                           self.inner.trainable_weights, strict=True))
        self.rate.update_state(tf.cast(rows, tf.float32))
        return {"rate": self.rate.result(), "loss": loss}

    def test_step(self, data):
        return {"rows": tf.shape(data)[0]}


@pytest.mark.parametrize("source", [np.asarray, tf.constant, lambda x: tf.data.Dataset.from_tensor_slices(x).batch(3)],
                         ids=["array", "tensor", "dataset"])
def test_a_model_without_a_call_trains_on_x_alone(source):
    x = np.arange(12, dtype="f4").reshape(6, 2)
    model = Steps()
    model.compile(keras.optimizers.SGD(0.5))
    batch = {} if source not in (np.asarray, tf.constant) else {"batch_size": 3}
    history = model.fit(source(x), epochs=1, shuffle=False, verbose=0, **batch).history
    first, second = x[:3].mean(0), x[3:].mean(0)
    np.testing.assert_allclose(model.inner.get_weights()[0][:, 0], 1 - 0.5 * (first + second))
    assert history["rate"] == [3.0]
    assert model.evaluate(source(x), verbose=0, return_dict=True, **batch) == {"rows": 3}


def test_a_single_batch_is_measured_by_itself():
    x, y = np.array([[1.0], [3.0]], "f4"), np.zeros((2, 1), "f4")
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"])
    assert model.test_on_batch(x[:1], y[:1]) == [1.0, 1.0]
    assert model.test_on_batch(x[1:], y[1:]) == [9.0, 3.0]
    assert model.train_on_batch(x[:1], y[:1]) == [1.0, 1.0]
    assert model.train_on_batch(x[1:], y[1:]) == [9.0, 3.0]


def test_losses_by_name_are_listed_in_the_order_of_compile():
    a = keras.Input((1,))
    outputs = {"r": layers.Dense(1, kernel_initializer="ones")(a), "c": layers.Rescaling(2.0)(a)}
    model = keras.Model(a, outputs)
    model.compile("sgd", loss={"r": "mae", "c": "mse"})
    x, zero = np.ones((2, 1), "f4"), np.zeros((2, 1), "f4")
    assert model.evaluate(x, {"r": zero, "c": zero}, verbose=0) == [5.0, 1.0, 4.0]


def test_the_value_of_a_keras_variable_is_what_tapes_know():
    v = keras.Variable([[2.0]])
    with tf.GradientTape() as tape:
        loss = v.value * v.value
    assert float(tape.gradient(loss, v.value)[0, 0]) == 4.0
    assert float(tf.matmul(v.value, v.value)[0, 0]) == 4.0


def test_an_epoch_does_not_look_at_all_layers_again(monkeypatch):
    """What a trace relies on is asked for once a `fit`, for an epoch of a small model is microseconds."""
    walks = []
    walk = layers.Layer._flatten_layers
    monkeypatch.setattr(layers.Layer, "_flatten_layers",
                        lambda self, *args, **settings: walks.append(self) or walk(self, *args, **settings))
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((8, 2), "f4")
    counts = []
    for epochs in (2, 2, 40):
        walks.clear()
        model.fit(x, x[:, :1], batch_size=4, epochs=epochs, verbose=0)
        counts.append(len(walks))
    assert counts[1] == counts[2]


def test_a_step_of_its_own_may_take_other_data_than_the_call():
    """Batches of three arrays are x, y and weights to `fit`; a net of three towers takes them all."""
    towers = [keras.Input((2,)) for _ in range(3)]
    shared = layers.Dense(1, kernel_initializer="ones")
    anchor, near, far = map(shared, towers)

    class Triplets(keras.Model):
        def __init__(self):
            super().__init__()
            self.net = keras.Model(towers, [tf.abs(anchor - near), tf.abs(anchor - far)])

        def call(self, inputs):
            return self.net(inputs)

        def train_step(self, data):
            with tf.GradientTape() as tape:
                near, far = self.net(data)
                loss = tf.reduce_mean(tf.maximum(near - far + 0.5, 0.0))
            weights = self.net.trainable_weights
            self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            return {"loss": loss}

    model = Triplets()
    model.compile("sgd")
    rows = np.ones((4, 2), "f4")
    history = model.fit(tf.data.Dataset.from_tensor_slices((rows, 2 * rows, rows)).batch(4), verbose=0).history
    assert history["loss"] == [2.5]                 # |2 - 4| - |2 - 2| + 0.5
    np.testing.assert_allclose(shared.kernel.numpy(), np.ones((2, 1)) - 0.01)


def test_targets_are_for_the_outputs_that_have_a_loss():
    """Recorded from Keras 3.15."""
    x = np.arange(24, dtype="f4").reshape(8, 3) / 24
    y = x[:, :1] * 2 - x[:, 1:2]
    inputs = keras.Input((3,))
    inside = layers.Dense(2, kernel_initializer="ones", name="h")(inputs)
    first = layers.Dense(1, kernel_initializer="ones", name="o")(inside)
    second = layers.Dense(1, kernel_initializer="zeros", name="o2")(inside)
    model = keras.Model(inputs, [first, inside])
    model.compile("sgd", loss=["mse", None], metrics=["mae", None])
    history = model.fit(x, y, epochs=2, verbose=0, shuffle=False).history
    assert list(history) == ["loss", "o_mae"]
    np.testing.assert_allclose(history["loss"], [8.19704818725586, 5.406422138214111], rtol=1e-6)
    model = keras.Model(inputs, [first, inside, second])
    model.compile("sgd", loss=["mse", None, "mae"])
    history = model.fit(x, [y, y], verbose=0, shuffle=False).history
    assert {name: round(values[0], 5) for name, values in history.items()} == {
        "loss": 4.18598, "o2_loss": 0.40625, "o_loss": 3.77973}


def test_a_loss_of_a_program_may_lack_the_argument_training():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(1, kernel_initializer="ones")

        def call(self, x):
            return self.inner(x)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, allow_empty=False):
            assert not allow_empty
            return tf.reduce_mean(tf.square(y - y_pred))

    model = Own()
    model.compile("sgd")
    assert model.evaluate(np.ones((2, 3), "f4"), np.ones((2, 1), "f4"), verbose=0) == 4.0


def test_a_tape_goes_from_a_models_output_to_a_layers_result_beside_it():
    """What Grad-CAM does."""
    inputs = keras.Input((3,))
    inside = layers.Dense(2, kernel_initializer="ones")(inputs)
    model = keras.Model(inputs, [inside, tf.square(inside)])
    with tf.GradientTape() as tape:
        result, squares = model(np.ones((1, 3), "f4"))
    np.testing.assert_array_equal(tape.gradient(squares, result).numpy(), [[6.0, 6.0]])


@pytest.mark.parametrize("shape", [(4, 1), (1, 4), (4,)])
def test_a_loss_of_a_tensor_whose_number_of_axes_is_not_known(shape):
    @tf.function(input_signature=[tf.TensorSpec(None), tf.TensorSpec([None])])
    def loss(targets, outputs):
        return keras.losses.MeanSquaredError()(keras.ops.squeeze(targets), outputs)

    assert loss(np.zeros(shape, "f4"), np.arange(4, dtype="f4")).numpy() == 3.5         # (0 + 1 + 4 + 9) / 4
