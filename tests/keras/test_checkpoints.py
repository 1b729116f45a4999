"""Checkpoints of models and optimizers, restored before they are built."""
from __future__ import annotations

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.keras import layers


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.last = layers.Dense(1)         # called, and so built, after what stands below it
        self.first = [layers.Dense(4, activation="tanh"), layers.BatchNormalization()]

    def call(self, x, training=None):
        for layer in self.first:
            x = layer(x, training=training)
        return self.last(x)


def sequential():
    return keras.Sequential([layers.Dense(4, activation="tanh"), layers.BatchNormalization(), layers.Dense(1)])


@pytest.mark.parametrize("make", [Own, sequential])
def test_a_model_that_is_not_built_yet_answers_as_it_was_saved(make, rng, tmp_path):
    x, y = rng.normal(size=(20, 3)).astype("f4"), rng.normal(size=(20, 1)).astype("f4")
    models = [make(), make()]
    optimizers = [keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.5)]
    models[0].compile(optimizers[0], "mse")
    models[0].fit(x, y, epochs=2, verbose=0)
    path = tf.train.Checkpoint(model=models[0], optimizer=optimizers[0]).save(tmp_path / "m")
    status = tf.train.Checkpoint(model=models[1], optimizer=optimizers[1]).restore(path)
    np.testing.assert_allclose(models[1](x), models[0](x), rtol=1e-5, atol=1e-6)
    models[1].compile(optimizers[1], "mse")
    for model in models:
        model.fit(x, y, epochs=2, verbose=0, shuffle=False)
    status.assert_consumed()
    for a, b in zip(*(m.get_weights() for m in models), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    assert float(optimizers[1].learning_rate) == pytest.approx(0.01)


@pytest.mark.parametrize("name", ["SGD", "Adam", "Nadam", "Adafactor", "Ftrl"])
def test_what_an_optimizer_keeps_is_there_when_it_is_built(name, tmp_path):
    """Also what only some of them make."""
    v = tf.Variable(np.ones((2, 3), "f4"))
    optimizers = [getattr(keras.optimizers, name)() for _ in range(2)]
    optimizers[0].apply_gradients([(tf.constant(np.full((2, 3), 0.5, "f4")), v)])
    path = tf.train.Checkpoint(optimizer=optimizers[0]).write(tmp_path / "m")
    tf.train.Checkpoint(optimizer=optimizers[1]).read(path)
    optimizers[1].build([v])
    for a, b in zip(*(o.variables for o in optimizers), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
