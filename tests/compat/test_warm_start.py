"""Variables that start with values of a checkpoint."""
import os

import numpy as np
import pytest

import graphengine.compat.v1 as tf
from graphengine.errors import InvalidArgumentError, NotFoundError, ShapeError

VALUES = {"old/a": np.array([1.0, 2.0], "f4"), "old/b": np.array([[3.0]], "f4"), "c": np.float32(4.0)}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    with tf.Graph().as_default(), tf.Session() as session:
        variables = [tf.get_variable(name, initializer=value) for name, value in VALUES.items()]
        session.run(tf.global_variables_initializer())
        assert [v.op.name for v in variables] == list(VALUES)
        return tf.train.Saver().save(session, str(tmp_path_factory.mktemp("saved") / "m"))


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def begun(*variables):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [np.asarray(x).tolist() for x in session.run(list(variables))]


def test_one_by_one(saved):
    a, c = tf.get_variable("a", [2]), tf.get_variable("scope/c", [])
    tf.train.init_from_checkpoint(saved, {"old/a": a, "c": "scope/c"})
    assert begun(a, c) == [[1.0, 2.0], 4.0]


@pytest.mark.parametrize(("prefix", "target"), [("old/", "new/"), ("old/", "new")])
def test_all_of_a_scope(saved, prefix, target):
    with tf.variable_scope("new"):
        a, b = tf.get_variable("a", [2]), tf.get_variable("b", [1, 1])
    other = tf.get_variable("other", initializer=7.0)
    tf.train.init_from_checkpoint(os.path.dirname(saved), {prefix: target})
    assert begun(a, b, other) == [[1.0, 2.0], [[3.0]], 7.0]


def test_all_of_all(saved):
    with tf.variable_scope("old"):
        a = tf.get_variable("a", [2])
    c = tf.get_variable("c", [])
    tf.train.init_from_checkpoint(saved, {"/": "/"})
    assert begun(a, c) == [[1.0, 2.0], 4.0]


def test_what_does_not_fit(saved):
    a = tf.get_variable("a", [3])
    with pytest.raises(ShapeError, match=r"\(3,\), 'old/a' of the checkpoint has \(2,\)"):
        tf.train.init_from_checkpoint(saved, {"old/a": a})
    with pytest.raises(NotFoundError, match="holds no 'nothing'"):
        tf.train.init_from_checkpoint(saved, {"nothing": a})
    with pytest.raises(NotFoundError, match="no variable 'b'"):
        tf.train.init_from_checkpoint(saved, {"old/a": "b"})


def test_warm_start(saved):
    with tf.variable_scope("old"):
        a, b = tf.get_variable("a", [2]), tf.get_variable("b", [1, 1], trainable=False, initializer=tf.ones_initializer)
    d = tf.get_variable("d", [])
    tf.train.warm_start(saved, var_name_to_prev_var_name={"d": "c"})
    assert begun(a, b, d) == [[1.0, 2.0], [[1.0]], 4.0]
    tf.train.warm_start(saved, ["old/b"])
    assert begun(b) == [[[3.0]]]
    with pytest.raises(InvalidArgumentError, match="names 'e'"):
        tf.train.warm_start(saved, [a], var_name_to_prev_var_name={"e": "c"})
    with pytest.raises(InvalidArgumentError, match="vocabularies are texts"):
        tf.train.warm_start(saved, [a], {"old/a": "words"})


def test_when_checkpoints_were_written(saved):
    assert tf.train.get_checkpoint_mtimes([saved, saved + "-nothing"]) == [os.path.getmtime(saved + ".safetensors")]
