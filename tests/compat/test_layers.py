"""TensorFlow 1's layers beside what test_recorded compares: classes, scopes, collections."""
import numpy as np
import pytest

import graphengine.compat.v1 as tf
from graphengine.errors import InvalidArgumentError


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


class Scale(tf.layers.Layer):
    def build(self, input_shape):
        self.scale = self.add_variable("scale", shape=[int(input_shape[-1])], initializer=tf.ones_initializer(),
                                       regularizer=lambda v: 0.5 * tf.reduce_sum(v))
        self.built = True

    def call(self, inputs):
        return inputs * self.scale


def test_a_layer_of_ones_own():
    x = tf.placeholder(tf.float32, [None, 3])
    layer = Scale()
    with pytest.raises(InvalidArgumentError, match="first call"):
        layer.scope_name
    y = layer.apply(layer(x))
    assert [v.name for v in layer.trainable_variables] == ["scale/scale:0"] == [v.name for v in layer.variables]
    assert layer.scope_name == "scale"
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        layer.set_weights([np.array([1.0, 2.0, 3.0], "f4")])
        assert session.run(y, {x: [[1.0, 1.0, 1.0]]}).tolist() == [[1.0, 4.0, 9.0]]
        assert layer.get_weights()[0].tolist() == [1.0, 2.0, 3.0]
        assert session.run(layer.losses) == [3.0] == session.run(tf.losses.get_regularization_losses())


def test_a_variable_that_exists_is_not_made_again():
    x = tf.placeholder(tf.float32, [None, 3])
    tf.layers.dense(x, 2, name="d")
    with pytest.raises(ValueError, match="d/kernel already exists"):
        tf.layers.dense(x, 2, name="d")
    with pytest.raises(ValueError, match="e/kernel does not exist"):
        tf.layers.dense(x, 2, name="e", reuse=True)
    assert tf.layers.Dense(2, name="d")(x).shape.as_list() == [None, 2]
    assert [v.op.name for v in tf.global_variables()] == ["d/kernel", "d/bias", "d_1/kernel", "d_1/bias"]


def test_layers_take_the_dtype_of_what_comes():
    y = tf.layers.dense(tf.placeholder(tf.float64, [2, 3]), 2)
    assert y.dtype == tf.float64
    assert {v.dtype for v in tf.global_variables()} == {tf.float64}


def test_dropout_while_a_tensor_holds():
    x, training = tf.placeholder(tf.float32, [None]), tf.placeholder_with_default(False, [])
    y = tf.layers.dropout(x, 0.25, training=training, seed=1)
    with tf.Session() as session:
        assert session.run(y, {x: np.ones(8)}).tolist() == [1.0] * 8
        assert set(np.unique(session.run(y, {x: np.ones(999), training: True}))) == {np.float32(0), np.float32(4 / 3)}


def test_a_network_with_batch_normalization_learns():
    x, y = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.float32, [None, 1])
    training = tf.placeholder(tf.bool, [])
    h = tf.layers.batch_normalization(tf.layers.dense(x, 8, tf.nn.relu), training=training, momentum=0.5)
    loss = tf.losses.mean_squared_error(y, tf.layers.dense(h, 1))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        step = tf.train.AdamOptimizer(0.05).minimize(loss)
    data = np.random.default_rng(0).normal(3.0, 2.0, (64, 4)).astype("f4")
    feeds = {x: data, y: data[:, :1] - data[:, 1:2]}
    with tf.Session() as session:
        tf.set_random_seed(1)
        session.run(tf.global_variables_initializer())
        before = session.run(loss, {**feeds, training: False})
        for _ in range(100):
            session.run(step, {**feeds, training: True})
        assert session.run(loss, {**feeds, training: False}) < 0.1 * before


def test_tensors_tell_of_training_where_they_can():
    x = tf.placeholder(tf.float32, [4, 2])
    with pytest.raises(InvalidArgumentError, match="want a bool"):
        tf.layers.batch_normalization(x, training=tf.placeholder(tf.bool, []), renorm=True)
