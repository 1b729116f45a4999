"""Graphs that use variables of the program around them, in files: these become variables of the graph."""
import json

import numpy as np
import pytest

import graphengine as tf


@pytest.fixture
def w():
    return tf.Variable([1.0, 2.0], name="w")


def nodes_of(path):
    return {n["id"]: n for n in json.loads(path.read_text())["nodes"]}


def initialized(path):
    graph = tf.load(path)
    session = tf.Session(graph)
    with graph.as_default():
        session.run(tf.global_variables_initializer())
    return session


def test_a_variable_is_saved_with_what_it_holds(w, tmp_path):
    n = tf.Variable(3, trainable=False, name="n")
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2], name="x")
        tf.identity(w * x, name="y")
        tf.identity(n, name="z")
        tf.identity(w.assign_add(x), name="changed")
    w.assign([5.0, 6.0])
    graph.save(tmp_path / "a.json")
    w.assign([0.0, 0.0])
    session = initialized(tmp_path / "a.json")
    y, z, changed = session.run(["y:0", "z:0", "changed:0"], {"x:0": [2.0, 3.0]})
    assert (y.tolist(), int(z), changed.tolist()) == ([10.0, 18.0], 3, [7.0, 9.0])
    assert session.variables()["w"].tolist() == [7.0, 9.0]
    assert w.numpy().tolist() == [0.0, 0.0]
    assert [v.name for v in tf.trainable_variables(session.graph)] == ["w:0"]
    tf.load(tmp_path / "a.json").save(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_inside_a_loop_and_with_a_taken_name(w, tmp_path):
    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="w/initial_value")

        def step(k):
            w.assign_add([1.0, 10.0])
            return k + 1

        tf.identity(tf.while_loop(lambda k: k < 3, step, [0])[0], name="k")
        graph.save(tmp_path / "a.json")
    session = initialized(tmp_path / "a.json")
    assert session.run("k:0") == 3
    assert session.variables()["w"].tolist() == [4.0, 32.0]


def test_large_values_stand_beside_the_document(tmp_path, rng):
    values = rng.standard_normal((50, 50)).astype("f4")
    w = tf.Variable(values, name="w")
    with tf.Graph().as_default() as graph:
        tf.reduce_sum(w, name="sum")
        graph.save(tmp_path / "a.graph.json")
    assert len(list(tmp_path.glob("a.*.safetensors"))) == 1
    np.testing.assert_array_equal(initialized(tmp_path / "a.graph.json").run("w:0"), values)


def test_the_order_of_a_function_is_kept(w, tmp_path):
    @tf.function
    def f(x):
        before = w * 1.0
        w.assign(before * x)
        between = w + 0.0
        w.assign_add([1.0, 1.0])
        return before, between, w * 2.0

    concrete = f.get_concrete_function(tf.TensorSpec([2]))
    concrete.graph.save(tmp_path / "f.json")
    assert nodes_of(tmp_path / "f.json")["AssignAdd"]["after"] == ["w/Read_1"]
    found = initialized(tmp_path / "f.json").run([t.name for t in concrete.outputs], {"x:0": [2.0, 2.0]})
    for mine, wanted in zip(found, f(tf.constant([2.0, 2.0])), strict=True):
        assert mine.tolist() == wanted.numpy().tolist()
