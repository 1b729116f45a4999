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


def trained(steps):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse")
    x = np.ones((8, 3), "f4")
    return model, [model.train_on_batch(x, x[:, :1]) for _ in range(steps)]


@pytest.mark.parametrize("given", [lambda m: {"root": m}, lambda m: {"model": m}, lambda m: {"held": {"two": [m]}},
                                   lambda m: {"model": m, "optimizer": m.optimizer}],
                         ids=["root", "model", "held", "by name"])
def test_a_compiled_model_is_saved_with_its_optimizer(given, tmp_path):
    model, _ = trained(3)
    path = tf.train.Checkpoint(**given(model)).save(tmp_path / "c")
    other, _ = trained(1)
    status = tf.train.Checkpoint(**given(other)).restore(path)
    status.assert_consumed()
    assert int(other.optimizer.iterations) == 3
    waiting, _ = trained(0)
    tf.train.Checkpoint(**given(waiting)).restore(path)
    x = np.ones((8, 3), "f4")
    wanted = model.train_on_batch(x, x[:, :1])
    assert other.train_on_batch(x, x[:, :1]) == wanted
    assert waiting.train_on_batch(x, x[:, :1]) == wanted


def test_an_optimizer_that_has_a_name_of_its_own_keeps_it(tmp_path):
    model, _ = trained(2)
    path = tf.train.Checkpoint(model=model, optimizer=model.optimizer).save(tmp_path / "c")
    kept = [name for name, _ in tf.train.list_variables(path) if "optimizer" in name]
    assert kept and all(name.startswith("optimizer/") for name in kept)


def test_a_model_that_is_compiled_after_it_was_restored(tmp_path):
    model, _ = trained(3)
    path = tf.train.Checkpoint(model=model).save(tmp_path / "c")
    other = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    tf.train.Checkpoint(model=other).restore(path)
    other.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse")
    assert int(other.optimizer.iterations) == 3
