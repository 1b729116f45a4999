"""Generators of random numbers, and what is computed at once, beside numbers recorded from TensorFlow 2.21 on a CPU."""
import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import AttributeValueError, ShapeError

Generator = tf.random.Generator


@pytest.mark.parametrize("how", [lambda f: f, tf.function], ids=["at once", "traced"])
def test_tensorflows_numbers(how):
    g = Generator.from_seed(5)
    draw = how(lambda: (
        g.uniform([3]), g.normal([2]), g.uniform([2], 0, 10, tf.int32), g.uniform_full_int([2]),
        g.uniform_full_int([2], tf.int32), g.uniform([2], dtype=tf.float64), g.normal([2], 1.0, 2.0), g.make_seeds(2)))
    found = draw()
    expected = [
        [0.567016, 0.2077086, 0.18223882], [-1.6569936, 0.98407227], [2, 4],
        [-7510218365337338431, 9047598624014121064], [-1134708546, 875194502], [0.60143, 0.95602], [-0.15622, 0.14202],
        [[758379901417081158, 3407697721166169069], [0, 0]],
    ]
    for mine, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-4)
    assert g.state.numpy().tolist() == [5 + 256 * 17, 0, 0]
    again = draw()
    assert not np.array_equal(again[0], found[0])


def test_states():
    assert Generator.from_seed([1, 2]).state.numpy().tolist() == [0, 1, 2]
    assert Generator.from_seed(-3).state.numpy().tolist() == [-3, -1, -1]
    assert Generator.from_seed(2**63 + 5).state.numpy().tolist() == [5 - 2**63, 0, 0]
    g = Generator.from_key_counter(9, [1, 2], "philox")
    assert (g.state.numpy().tolist(), int(g.key), g.algorithm) == ([1, 2, 9], 9, 1)
    np.testing.assert_allclose(g.uniform([2]), [0.89609694, 0.52281094], rtol=1e-6)
    g.reset([1, 2, 3])
    np.testing.assert_allclose(Generator(copy_from=g).uniform([2]), [0.45901167, 0.53342485], rtol=1e-6)
    g.reset_from_seed(5)
    assert g.skip(3).numpy().tolist() == [5, 0, 0]
    assert g.state.numpy().tolist() == [773, 0, 0]
    g.reset_from_key_counter(9, [1, 2])
    assert g.state.numpy().tolist() == [1, 2, 9]
    states = [Generator.from_non_deterministic_state().state.numpy().tolist() for _ in range(2)]
    assert states[0] != states[1]


def test_split():
    g = Generator.from_state([4357, 0, 0], "philox")
    first, second = g.split(2)
    assert first.state.numpy().tolist()[:2] == second.state.numpy().tolist()[:2] == [0, 0]
    assert int(first.key) != int(second.key)
    assert g.state.numpy()[0] == 4357 + 512


def test_a_state_moves_on_by_the_size_that_is_drawn():
    g = Generator.from_seed(1)
    noise = tf.function(lambda x: x + g.normal(tf.shape(x)))
    noise(tf.zeros([3]))
    noise(tf.zeros([5]))
    assert g.state.numpy()[0] == 1 + 8 * 256
    np.testing.assert_allclose(Generator.from_seed(1).normal([3]), noise_from(1, 3), rtol=1e-6)
    low = np.asarray(g.truncated_normal([1000]))
    assert abs(low).max() <= 2.0


def noise_from(seed, size):
    g = Generator.from_seed(seed)
    return tf.function(lambda x: x + g.normal(tf.shape(x)))(tf.zeros([size]))


def test_in_a_session():
    g = Generator.from_seed(5)
    with tf.Graph().as_default(), tf.Session() as session:
        drawn = g.uniform([3])
        np.testing.assert_allclose(session.run(drawn), [0.567016, 0.2077086, 0.18223882], rtol=1e-6)
        assert not np.array_equal(session.run(drawn), session.run(drawn))


def test_the_generator_of_the_program():
    before = tf.random.get_global_generator()
    try:
        tf.random.set_global_generator(Generator.from_seed(7))
        np.testing.assert_allclose(tf.random.get_global_generator().uniform([2]), [0.39932835, 0.7840713], rtol=1e-6)
    finally:
        tf.random.set_global_generator(before)


def test_errors():
    with pytest.raises(AttributeValueError, match="threefry"):
        Generator.from_seed(1, alg="threefry")
    with pytest.raises(ShapeError, match=r"\(2,\)"):
        Generator.from_state([1, 2], "philox")
    with pytest.raises(ShapeError, match="up to 3"):
        Generator.from_seed([1, 2, 3, 4])


def test_what_is_computed_at_once_gets_tensorflows_numbers():
    """Recorded from TensorFlow 2.21."""
    def drawn():
        tf.random.set_seed(5)
        return [
            tf.random.uniform([3]), tf.random.normal([3]), tf.nn.dropout(tf.ones([8]), 0.5),
            tf.random.uniform([2], 0, 100, tf.int32), tf.random.uniform([2], dtype=tf.float64),
            tf.random.uniform([2], seed=3), tf.random.normal([2], seed=3), tf.random.uniform([2], seed=3),
            tf.nn.dropout(tf.ones([8]), 0.5, seed=3), tf.random.normal([2], seed=3),
            tf.random.uniform([2], seed=3, dtype=tf.float64), tf.random.uniform([2], 0, 9, seed=3, dtype=tf.int32)]

    expected = [
        [0.6263931, 0.5298432, 0.7584572], [0.22652864, 0.8106553, 0.7466094], [0, 0, 0, 0, 2, 0, 2, 2], [63, 89],
        [0.99146, 0.48174], [0.2886784, 0.6889242], [-1.46170, -0.59019], [0.50560665, 0.73339117],
        [2, 2, 2, 2, 0, 2, 2, 2], [-1.16155, -0.12166], [0.30943, 0.51955], [5, 8]]
    for _ in range(2):                      # set_seed begins all of them again
        for mine, wanted in zip(drawn(), expected, strict=True):
            np.testing.assert_allclose(mine, wanted, atol=1e-5)


@pytest.mark.parametrize("draw", [
    lambda: (lambda g: lambda: g.uniform([3]))(Generator.from_seed(5)),
    lambda: (lambda g: lambda: tf.keras.random.uniform((3,), seed=g))(tf.keras.random.SeedGenerator(5)),
], ids=["Generator", "SeedGenerator"])
def test_draws_of_one_run_are_those_at_once(draw):
    with tf.Graph().as_default():
        number = draw()
        both = [number(), number()]
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            found = [x for _ in range(2) for x in session.run(both)]
    number = draw()
    np.testing.assert_allclose(found, [number() for _ in range(4)], rtol=1e-6)
