"""`keras.random`: a whole number as seed gives the same again, a generator or none other numbers in each call."""

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.keras import random

DRAWS = {
    "normal": lambda seed: random.normal((400,), 3.0, 0.5, seed=seed),
    "truncated_normal": lambda seed: random.truncated_normal((400,), 3.0, 0.5, seed=seed),
    "uniform": lambda seed: random.uniform((400,), 2.0, 4.0, seed=seed),
    "randint": lambda seed: random.randint((400,), 0, 7, seed=seed),
    "categorical": lambda seed: random.categorical(np.zeros((1, 7), np.float32), 400, seed=seed),
    "gamma": lambda seed: random.gamma((400,), 3.0, seed=seed),
    "beta": lambda seed: random.beta((400,), 2.0, 3.0, seed=seed),
    "binomial": lambda seed: random.binomial((400,), 100.0, 0.5, seed=seed),
    "shuffle": lambda seed: random.shuffle(np.arange(400), seed=seed),
    "dropout": lambda seed: random.dropout(np.ones(400, np.float32), 0.5, seed=seed),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_seeds(draw):
    first = draw(5).numpy()
    np.testing.assert_array_equal(draw(5), first)
    assert not np.array_equal(draw(6), first) and not np.array_equal(draw(None), draw(None))
    generator = keras.random.SeedGenerator(5)
    assert not np.array_equal(draw(generator), draw(generator))


@pytest.mark.parametrize("name, mean", [("normal", 3.0), ("truncated_normal", 3.0), ("uniform", 3.0), ("randint", 3.0),
                                        ("categorical", 3.0), ("gamma", 3.0), ("dropout", 1.0)])
def test_means(name, mean):
    """400 numbers whose deviation is at most 2: their mean is within half of what is expected."""
    assert abs(float(DRAWS[name](1).numpy().mean()) - mean) < 0.5


def test_a_layer_with_a_generator_draws_anew_in_each_step():
    class Noisy(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seeds = keras.random.SeedGenerator(1)

        def call(self, x):
            return x + keras.random.normal(tf.shape(x), seed=self.seeds)

    symbol = keras.Input((3,))
    model = keras.Model(symbol, Noisy()(symbol))
    x = np.zeros((4, 3), np.float32)
    assert not np.array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))
    found = model.predict(x, batch_size=1, verbose=0)
    assert len(np.unique(found)) == 12


def test_seed_generator():
    assert keras.random.SeedGenerator.from_config(keras.random.SeedGenerator(3).get_config()).seed == 3
    with pytest.raises(ValueError, match="whole number"):
        keras.random.SeedGenerator("a")


def test_numbers_of_a_generator_are_those_of_keras():
    """What Keras 3.15.1 gives on TensorFlow."""
    generator = keras.random.SeedGenerator(5)
    wanted = [[0.06185329, 0.8316691, 0.97357714], [0.6156385, 0.9509727, 0.11595309]]
    for row in wanted:
        np.testing.assert_allclose(random.uniform((3,), seed=generator), row, rtol=1e-6)
    np.testing.assert_allclose(random.normal((3,), seed=generator), [-0.77272797, 2.0677035, -1.7053593], rtol=2e-6)
    np.testing.assert_array_equal(random.dropout(np.ones(8, "f4"), 0.5, seed=generator), [2, 2, 2, 2, 2, 0, 0, 0])
    assert generator.state.numpy().tolist() == [5, 4]


def test_binomial_numbers_have_their_mean_and_variance():
    counts, chances = np.array([10.0, 20.0, 5.0], np.float32), np.array([0.5, 0.1, 0.9], np.float32)
    drawn = np.asarray(keras.random.binomial((20000, 3), counts, chances, seed=1))
    assert drawn.dtype == np.float32 and drawn.min() >= 0 and (drawn <= counts).all() and (drawn == drawn.round()).all()
    np.testing.assert_allclose(drawn.mean(0), counts * chances, atol=0.05)
    np.testing.assert_allclose(drawn.var(0), counts * chances * (1 - chances), rtol=0.05)
    np.testing.assert_array_equal(keras.random.binomial((20000, 3), counts, chances, seed=1), drawn)
    assert keras.random.binomial((2,), 3, 0.5, dtype="int32").dtype is tf.int32


@pytest.mark.parametrize("seed", [None, 4])
def test_parameters_broadcast_to_the_shape(seed):
    drawn = np.asarray(keras.random.gamma((20000, 2), [[1.0, 4.0]], seed=seed))
    np.testing.assert_allclose(drawn.mean(0), [1.0, 4.0], rtol=0.05)
    drawn = np.asarray(keras.random.beta((20000, 2), [1.0, 2.0], 3.0, seed=seed))
    np.testing.assert_allclose(drawn.mean(0), [0.25, 0.4], rtol=0.05)
