"""`keras.backend`: what older programs import as ``K``. The values are TensorFlow 2.21's (`record_old_backend`)."""
import json
from pathlib import Path

import numpy as np
import pytest
from keras_old_backend import cases, result_types

import graphengine as tf
from graphengine import keras
from graphengine.errors import ShapeError
from graphengine.keras import backend as K

RECORDED = json.loads(Path(__file__).with_name("old_backend.json").read_text("ascii"))


def test_values_and_dtypes():
    found = cases(tf, K)
    assert {*found, "result_types"} == set(RECORDED)
    for name, value in found.items():
        expected = RECORDED[name]
        if isinstance(expected, dict):
            array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
            assert array.dtype.name == expected["dtype"], name
            np.testing.assert_allclose(array, expected["values"], 1e-5, 1e-5, err_msg=name)
        else:
            assert (list(value) if isinstance(value, tuple) else value) == expected, name


def test_dtypes_meet():
    assert result_types(K) == RECORDED["result_types"]
    assert K.is_float_dtype("bfloat16") and not K.is_float_dtype("int8")
    assert K.is_int_dtype("uint8") and not K.is_int_dtype("bool")


def test_random_numbers_have_the_given_shape():
    assert K.int_shape(K.random_normal((2, 3))) == (2, 3)
    assert K.truncated_normal((2,)).dtype.name == "float32"
    np.testing.assert_array_equal(K.random_bernoulli((3,), 1.0), np.ones(3))
    drawn = K.random_uniform_variable((50,), 2.0, 3.0, seed=1).numpy()
    assert drawn.min() >= 2.0 and drawn.max() < 3.0
    assert K.dropout(tf.ones((4,)), 0.0).numpy().tolist() == [1.0] * 4


@pytest.mark.parametrize("draw", [
    lambda: K.random_normal((9,)), lambda: K.random_uniform((9,)), lambda: K.truncated_normal((9,)),
    lambda: K.random_bernoulli((9,), 0.5), lambda: K.dropout(tf.ones((9,)), 0.5),
    lambda: K.random_normal_variable((9,), 0.0, 1.0), lambda: K.random_uniform_variable((9,), 0.0, 1.0),
])
def test_random_numbers_follow_from_a_seed(draw):
    def drawn():
        keras.utils.set_random_seed(1)
        return [np.asarray(draw()).tolist() for _ in range(4)]

    first = drawn()
    assert first == drawn() and len({tuple(x) for x in first}) > 1


@pytest.mark.parametrize("known", [
    (2, 3, 4), (None, 3, 4), (None, None, 4), (None, None, None), (2, None, 4), (2, 3, None), None])
@pytest.mark.parametrize("shape", [(2, 3, 4), (0, 3, 4), (2, 0, 4)])
def test_samples_in_rows(known, shape):
    if known is not None:
        known = tuple(n if k is not None else None for k, n in zip(known, shape, strict=True))
    x = np.arange(np.prod(shape), dtype="f4").reshape(shape)
    found = tf.function(K.batch_flatten, input_signature=[tf.TensorSpec(known)])(x).numpy()
    expected = x.reshape(shape[0], shape[1] * shape[2])
    np.testing.assert_array_equal(found, expected, strict=True)
    np.testing.assert_array_equal(K.batch_flatten(x), expected)


def test_rows_of_symbols_have_a_known_size():
    assert K.int_shape(K.batch_flatten(keras.Input((3, 4)))) == (None, 12)


def test_an_older_variational_autoencoders_layer():
    """Symbols go through, as in a Lambda."""
    def sampled(moments):
        mean, log_variance = moments
        noise = K.random_normal((K.shape(mean)[0], K.int_shape(mean)[1]), stddev=0.0)
        return mean + K.exp(0.5 * log_variance) * noise

    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Lambda(sampled, output_shape=(3,))([inputs, inputs]))
    x = np.arange(6, dtype="f4").reshape(2, 3)
    np.testing.assert_array_equal(model.predict(x, verbose=0), x)


def test_gradients_of_a_graph():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder("float32", (2,))
        (slope,) = K.gradients(K.sum(K.square(x)), [x])
        np.testing.assert_array_equal(session.run(slope, {x: [1.0, 3.0]}), [2.0, 6.0])


@pytest.mark.parametrize(("call", "words"), [
    (lambda: K.batch_dot(tf.ones((2, 3)), tf.ones((2, 3)), axes=0), "axis 0"),
    (lambda: K.batch_dot(tf.ones((3,)), tf.ones((2, 3))), "beside the batch"),
    (lambda: K.softmax(tf.ones((3,))), "two axes"),
    (lambda: K.repeat(tf.ones((3,)), 2), r"\(batch, features\)"),
    (lambda: K.pool2d(tf.ones((1, 2, 2, 1)), (2, 2), pool_mode="sum"), "pool_mode"),
    (lambda: K.switch(tf.constant([[True]]), tf.ones((1,)), tf.ones((1,))), "condition of shape"),
    (lambda: K.variable(1.0, constraint=abs), "constraint"),
    (lambda: K.rnn(lambda x, s: (x, s), tf.ones((2, 0, 3)), []), "no steps"),
    (lambda: K.rnn(lambda x, s: (x, s), tf.ones((0, 2, 3)), [], time_major=True), "no steps"),
])
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("call", [
    lambda x: K.batch_dot(x, x), lambda x: K.switch(tf.constant([True]), x, x),
    lambda x: K.bias_add(x, tf.ones((2, 2))), lambda x: K.rnn(lambda a, s: (a, s), x, []),
    lambda x: K.bias_add(x, tf.ones((2,)), "channels_first"),
])
def test_the_number_of_axes_has_to_be_known(call):
    with tf.Graph().as_default(), pytest.raises(ShapeError, match="not known"):
        call(tf.compat.v1.placeholder("float32"))


def test_matrices_and_biases_of_an_unknown_number_of_axes():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder("float32")
        found = session.run([K.dot(x, tf.constant([[1.0], [2.0]])), K.bias_add(x, [10.0, 20.0])], {x: [[3.0, 4.0]]})
    assert [y.tolist() for y in found] == [[[11.0]], [[13.0, 24.0]]]


def test_names_are_counted():
    first = K.get_uid("a prefix that nothing else has")
    assert K.get_uid("a prefix that nothing else has") == first + 1


def test_a_setting_is_the_one_of_config():
    K.set_epsilon(1e-3)
    try:
        assert keras.config.epsilon() == 1e-3
    finally:
        K.set_epsilon(1e-7)
