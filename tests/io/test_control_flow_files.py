"""Loops and branches in files: the same numbers after loading, the same bytes, and what broken regions are told."""

import json
import re

import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import DTypeError, FileFormatError, GraphEngineError, InvalidArgumentError, NotFoundError
from graphengine.io import load, save
from graphengine.io.nodes import MAX_DEPTH


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def x_of(*shape, dtype=tf.float32):
    return tf.placeholder(dtype, shape, name="x")


def fibonacci():
    return tf.while_loop(lambda k, a, b: k < 10, lambda k, a, b: (k + 1, b, a + b), [0, 0, 1]), {}


def limited():
    return tf.while_loop(lambda n: n < 7, lambda n: [n + 1], [tf.constant(2)], maximum_iterations=3), {}


def choice():
    x = x_of(None)
    y = tf.cond(tf.reduce_sum(x) > 0.0, lambda: x * 2.0, lambda: x - 1.0)
    return [y, tf.gradients(y, [x])[0]], {"x": [3.0, -1.0]}


def choice_of_many():
    k = tf.placeholder(tf.int32, [], name="x")
    return [tf.switch_case(k, [lambda: tf.constant([1.0, 2.0]), lambda: tf.constant([3.0, 4.0])])], {"x": 1}


def folds():
    x = x_of(None, 2)
    begin = tf.constant([1.0, 2.0])
    scanned = tf.scan(lambda a, v: tf.tanh(a * 0.5 + v), x, begin, reverse=True)
    return [scanned, tf.gradients(scanned, [x])[0], tf.foldl(lambda a, v: a * v, x, begin),
            tf.map_fn(lambda v: (v, tf.reduce_sum(v)), x)[1]], {"x": np.arange(6.0).reshape(3, 2)}


def nested():
    x = x_of(None, dtype=tf.int32)
    y = tf.map_fn(lambda n: tf.cond(n % 2 == 0, lambda: n, lambda: tf.while_loop(
        lambda k, s: k <= n, lambda k, s: (k + 1, s + k), (0, 0))[1]), x)
    return [y], {"x": [1, 2, 3, 4, 5]}


def assigning():
    w, n = tf.Variable([1.0, 2.0], name="w"), tf.Variable(0, name="n")

    def body(i, s):
        n.assign_add(1)
        w.assign(w * 2.0)
        return i + 1, s + tf.reduce_sum(w)

    total = tf.while_loop(lambda i, s: i < 3, body, (0, 0.0))[1]
    with tf.control_dependencies([total]):
        return [total, w.read_value(), n.read_value()], {}


def assigning_in_a_branch_of_a_loop():
    w = tf.Variable(1.0, name="w")
    x = x_of(None)
    y = tf.map_fn(lambda v: tf.cond(v > 0.0, lambda: w.assign_add(v), lambda: w * 1.0), x)
    return [y], {"x": [1.0, -1.0, 3.0]}


def recurrent():
    """A network whose gradients go through time."""
    random = np.random.default_rng(1)
    u, w = (tf.Variable(random.normal(size=(4, 4)), dtype=tf.float32, name=name) for name in "uw")
    x = x_of(None, 2, 4)
    h = tf.scan(lambda h, v: tf.tanh(h @ u + v @ w), x, tf.zeros([2, 4]))
    loss = tf.reduce_sum(tf.square(h), name="loss")
    return [loss, *tf.gradients(loss, [u, w])], {"x": random.normal(size=(5, 2, 4))}


def noise():
    x = x_of(None, 8)
    return [tf.map_fn(lambda v: tf.nn.dropout(v, rate=0.5, seed=3), x)], {"x": np.ones((3, 8))}


def noise_in_a_branch():
    x = x_of(None, 8)
    y = tf.cond(tf.reduce_sum(x) > 0.0, lambda: tf.nn.dropout(x, rate=0.5, seed=3), lambda: x * 2.0)
    return [y, tf.gradients(y, [x])[0]], {"x": np.ones((3, 8))}


def long_constant():
    """More numbers than a document holds itself, made inside a body."""
    x = x_of(None, dtype=tf.float64)
    return [tf.map_fn(lambda v: tf.reduce_sum(tf.constant(np.arange(2000.0)) * v), x)], {"x": [1, 2]}


def names_that_meet():
    """A node of the body is called what the variable is called that it reads."""
    v = tf.Variable(3.0, name="w")
    return [tf.map_fn(lambda e: tf.multiply(e, v, name="w"), x_of(None))], {"x": [1.0, 2.0]}


CASES = [fibonacci, limited, choice, choice_of_many, folds, nested, assigning, assigning_in_a_branch_of_a_loop,
         recurrent, noise, noise_in_a_branch, long_constant, names_that_meet]


def values(graph, names, feeds):
    """Two runs in a new session."""
    with tf.Session(graph) as session:
        session.run([n for n in graph.nodes if n.name in ("init", "init_1")])
        return [session.run(names, feeds) for _ in range(2)]


@pytest.mark.parametrize("build", CASES, ids=lambda f: f.__name__)
def test_same_numbers_and_bytes(tmp_path, graph, build):
    fetches, feeds = build()
    names = [t.name for t in fetches]
    tf.global_variables_initializer()
    path = tmp_path / "a.graph.json"
    save(graph, path)
    first = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    back = load(path)
    save(back, path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == first
    for wanted, found in zip(values(graph, names, feeds), values(back, names, feeds), strict=True):
        for a, b in zip(wanted, found, strict=True):
            np.testing.assert_array_equal(a, b)


def test_training_after_loading(tmp_path, graph):
    _, feeds = recurrent()
    save(graph, tmp_path / "a.graph.json")
    ends = []
    for each in (graph, load(tmp_path / "a.graph.json")):
        with each.as_default(), tf.Session() as session:
            step = tf.train.GradientDescentOptimizer(0.01).minimize(each.get_tensor_by_name("loss:0"))
            session.run(tf.global_variables_initializer())
            before = session.run("loss", feeds)
            session.run_steps(step, {"x": np.stack([feeds["x"]] * 20)})
            ends.append(session.run("loss", feeds))
            assert ends[-1] < 0.8 * before
    assert ends[0] == ends[1]


def test_text_of_a_loop(tmp_path, graph):
    tf.foldl(lambda a, v: a + v, x_of(None), 0.0)
    save(graph, tmp_path / "a.graph.json")
    assert (tmp_path / "a.graph.json").read_text() == """\
{
  "format": "graphengine",
  "version": 2,
  "nodes": [
    {"id": "x", "op": "placeholder", "attributes": {"shape": [null]}},
    {"id": "foldl/Const", "op": "const", "attributes": {"value": {"dtype": "float32", "shape": [], "values": [0.0]}}},
    {"id": "foldl/loop", "op": "loop", "inputs": ["foldl/Const", "x"], "attributes": {"body": {"inputs": ["fn_0", "fn_1"], "nodes": [
      {"id": "fn_0", "op": "placeholder", "attributes": {"shape": []}},
      {"id": "fn_1", "op": "placeholder", "attributes": {"shape": []}},
      {"id": "add", "op": "add", "inputs": ["fn_0", "fn_1"]}
    ], "outputs": ["add", "fn_0"]}, "carried": 1, "walked": 1}}
  ]
}
"""  # noqa: E501


def test_an_unknown_op_inside_keeps_its_loop(tmp_path, graph):
    y = tf.map_fn(lambda v: tf.cond(v > 0.0, lambda: tf.exp(v), lambda: v), x_of(None))
    tf.identity(y, name="y")
    path = tmp_path / "a.graph.json"
    save(graph, path)
    text = path.read_text().replace('"op": "exp"', '"op": "exponential_of_tomorrow", "color": "red"')
    path.write_text(text)
    back = load(path)
    save(back, path)
    assert path.read_text() == text
    with pytest.raises(NotFoundError, match=r"no op 'exponential_of_tomorrow'.*which 'map/loop' needs"):
        back.by_name["map/loop"].op.reference(None)


# -------------------------------------------------------------------- broken files

FLOAT = {"dtype": "float32", "shape": [], "values": [1.0]}
A = {"id": "a", "op": "placeholder", "attributes": {"shape": []}}
SUM = {"id": "sum", "op": "add", "inputs": ["a", "a"]}
BODY = {"inputs": ["a"], "nodes": [A, SUM], "outputs": ["sum"]}
C = {"id": "c", "op": "const", "attributes": {"value": FLOAT}}
K = {"id": "k", "op": "const", "attributes": {"value": {"dtype": "int32", "shape": [], "values": [0]}}}


def with_loop(body=BODY, inputs=("c",), **attributes):
    loop = {"id": "n", "op": "loop", "inputs": list(inputs),
            "attributes": {"body": body, "carried": 1, "limit": 3, **attributes}}
    return [C, K, loop]


def with_switch(*branches, inputs=("k", "c"), **attributes):
    return [C, K, {"id": "n", "op": "switch", "inputs": list(inputs),
                   "attributes": {"branches": list(branches), **attributes}}]


def body(*nodes, inputs=("a",), outputs=("sum",), **parts):
    return {"inputs": list(inputs), "nodes": list(nodes) or [A, SUM], "outputs": list(outputs), **parts}


def state(**attributes):
    return {"id": "s", "op": "state", "attributes": {"variable": "v", **attributes}}


def deep(levels):
    inner = BODY
    for _ in range(levels - 1):
        loop = {"id": "in", "op": "loop", "inputs": ["a"], "attributes": {"body": inner, "carried": 1, "limit": 1}}
        inner = body(A, loop, outputs=["in"])
    return with_loop(inner)


V = {"id": "v", "op": "variable", "inputs": ["c"]}
ASSIGN = {"id": "w", "op": "assign", "inputs": ["s", "a"]}

BROKEN = {
    # name: (nodes, what the message says, where)
    "region is a list": (with_loop([]), "region is a list of 0", "node 'n', body"),
    "region is null": (with_loop(None), "region is null", "node 'n', body"),
    "branches is an object": (with_switch()[:2] + [{"id": "n", "op": "switch", "inputs": ["k"], "attributes":
                                                    {"branches": {}}}], "should be a list of regions", "node 'n'"),
    "region without nodes": (with_loop({"inputs": [], "outputs": []}), "nodes of the region is null", "node 'n', body"),
    "region with another part": (with_loop(body(code="x")), "no part 'code'", "node 'n', body"),
    "no body": ([C, {"id": "n", "op": "loop", "inputs": ["c"]}], "needs the attribute 'body'", "node 'n'"),
    "input that does not exist": (with_loop(body(inputs=["b"])), "inputs of the region name 'b'", "node 'n', body"),
    "input that is no placeholder": (with_loop(body(inputs=["sum"])), "'sum' of the region is no placeholder",
                                     "node 'n', body, node 'sum'"),
    "input twice": (with_loop(body(inputs=["a", "a"])), "the same placeholder", "node 'n', body"),
    "input is a number": (with_loop(body(inputs=[1])), "reads 1, which is no name", "node 'n', body"),
    "placeholder that is no input": (with_loop(body(inputs=[])), "so it has no value", "node 'n', body, node 'a'"),
    "output that does not exist": (with_loop(body(outputs=["summ"])), "outputs of the region name 'summ'",
                                   "node 'n', body"),
    "output that the node does not have": (with_loop(body(outputs=["sum:1"])), "'sum' has 1 results",
                                           "node 'n', body"),
    "target that does not exist": (with_loop(body(targets=["b"])), "targets of the region name 'b'", "node 'n', body"),
    "target is a result": (with_loop(body(targets=["sum:0"])), "which is a result, not a node", "node 'n', body"),
    "targets is a string": (with_loop(body(targets="sum")), "targets of the region is 'sum'", "node 'n', body"),
    "circle": (with_loop(body(A, {"id": "sum", "op": "exp", "inputs": ["b"]}, {"id": "b", "op": "exp",
               "inputs": ["sum"]})), "circle: 'sum' <- 'b' <- 'sum'", "node 'n', body, node 'sum'"),
    "name from outside": (with_loop(body(A, {"id": "sum", "op": "exp", "inputs": ["c"]})), "reads 'c', but there is no",
                          "node 'n', body, node 'sum'"),
    "two nodes of one name": (with_loop(body(A, A)), "two nodes have the id 'a'", "node 'n', body, node 'a'"),
    "unknown attribute inside": (with_loop(body(A, {**SUM, "attributes": {"b": 1}})),
                                 "add has no attribute 'b'", "node 'n', body, node 'sum'"),
    "second branch": (with_switch(BODY, body(outputs=["b"])), "outputs of the region name 'b'",
                      "node 'n', branches 1"),
    "too deep": (deep(MAX_DEPTH + 1), "21 deep; a file may have 20", "node 'in', body"),
    "far too deep": (deep(150), "21 deep; a file may have 20", "node 'in', body"),
    "state of no variable": (with_loop(body(A, SUM, state())), "the variable 'v', but there is no", "body, node 's'"),
    "state of a constant": (with_loop(body(A, SUM, state(variable="c"))), "'c', but there is no", "body, node 's'"),
    "state of another type": ([C, V, *with_loop(body(A, SUM, state(dtype="int32")))[1:]],
                              r"'v' is int32 \(\); the variable is float32", "body, node 's'"),
    "state of another shape": ([C, V, *with_loop(body(A, SUM, state(shape=[3])))[1:]],
                               r"'v' is float32 \(3,\); the variable is float32 \(\)", "body, node 's'"),
    "state outside of no variable": ([state()], "the variable 'v', but there is no", "node 's'"),
    "variable inside": (with_loop(body(A, SUM, {"id": "v", "op": "variable", "inputs": ["a"]})),
                        "cannot stand inside a region", "body, node 'v'"),
    "assignment to no variable": (with_loop(body(A, SUM, {"id": "w", "op": "assign", "inputs": ["a", "sum"]})),
                                  "assign changes or reads 'a', which is no variable", "body, node 'w'"),
    "assignment outside to no variable": ([C, {"id": "w", "op": "assign", "inputs": ["c", "c"]}],
                                          "'c', which is no variable", "node 'w'"),
}

UNFIT = {
    # name: (nodes, error, what it says)
    "too few operands": (with_loop(inputs=[]), InvalidArgumentError, "takes 1 values, but 0 are given"),
    "too many operands": (with_loop(inputs=["c", "c"]), InvalidArgumentError, "takes 1 values, but 2 are given"),
    "operand of another type": (with_loop(inputs=["k"]), DTypeError, "a, is float32; int32 is given"),
    "carries more than the body gives": (with_loop(carried=2), InvalidArgumentError, "carries 2"),
    "walks more than the body takes": (with_loop(walked=10**9), InvalidArgumentError, "walks 1000000000"),
    "negative limit": (with_loop(limit=-1), InvalidArgumentError, "limit=-1 is below 0"),
    "no end": (with_loop(limit=None), InvalidArgumentError, "nothing ends the loop"),
    "no number of steps": (with_loop(inputs=[], counted=True), InvalidArgumentError, "operand 0, a single int32"),
    "number of steps is a float": (with_loop(inputs=["c", "c"], counted=True), DTypeError, "a single int32"),
    "condition is a float": (with_loop(body(outputs=["sum", "sum"]), inputs=["c", "c"], conditional=True), DTypeError,
                             "a single bool"),
    "stops by itself and walks backward": (
        [C, K, {"id": "t", "op": "less", "inputs": ["k", "k"]},
         with_loop(body(A, SUM, {"id": "b", "op": "less", "inputs": ["a", "sum"]}, outputs=["sum", "b"]),
                   inputs=["t", "c"], conditional=True, backward=True)[-1]],
        InvalidArgumentError, "stops by itself cannot walk backward"),
    "no branch": (with_switch(), InvalidArgumentError, "there is no branch"),
    "no index": (with_switch(BODY, inputs=[]), InvalidArgumentError, "operand 0, a single int32, is missing"),
    "branches of different numbers": (with_switch(BODY, body(outputs=[])), InvalidArgumentError, "branch 1 0"),
    "branch that gives less than is shared": (with_switch(BODY, body(outputs=[]), shared=1), InvalidArgumentError,
                                              "branch 1 gives 0 values, but 1 are shared"),
    "fewer than none shared": (with_switch(BODY, BODY, shared=-1), InvalidArgumentError, "shared=-1 is below 0"),
    "branch that takes more": (with_switch(BODY, inputs=["k"]), InvalidArgumentError, "but 0 are given"),
}


def refusal(folder, nodes):
    path = folder / "x.graph.json"
    path.write_text(json.dumps({"format": "graphengine", "version": 1, "nodes": nodes}))
    with pytest.raises(GraphEngineError) as caught:
        load(path)
    assert str(path) in caught.value.at
    return caught.value


@pytest.mark.parametrize(("nodes", "message", "place"), BROKEN.values(), ids=BROKEN)
def test_broken_regions_are_refused(tmp_path, nodes, message, place):
    error = refusal(tmp_path, nodes)
    assert isinstance(error, FileFormatError) and error.fix
    assert re.search(message, error.problem), error
    assert error.at.endswith(place), error


@pytest.mark.parametrize(("nodes", "kind", "message"), UNFIT.values(), ids=UNFIT)
def test_regions_that_do_not_fit_are_refused(tmp_path, nodes, kind, message):
    error = refusal(tmp_path, nodes)
    assert isinstance(error, kind) and message in error.problem, error
    assert "node 'n'" in error.at


def test_the_ones_that_are_whole(tmp_path):
    path = tmp_path / "x.graph.json"
    for nodes in (with_loop(), deep(MAX_DEPTH), with_switch(BODY, BODY),
                  with_switch(BODY, body(outputs=["sum", "a"]), shared=1),
                  [C, V, *with_loop(body(A, SUM, state(shape=[]), ASSIGN, targets=["w"]))[1:]]):
        path.write_text(json.dumps({"format": "graphengine", "version": 1, "nodes": nodes}))
        graph = load(path)
        found = tf.Session(graph)
        with graph.as_default():
            found.run(tf.global_variables_initializer())
        assert found.run("n:0") in (8.0, 2.0)


def test_too_deep_is_not_saved(tmp_path, graph):
    def nest(x, depth):
        return tf.cond(x > 0.0, lambda: nest(x, depth - 1), lambda: x) if depth else x

    nest(x_of(), MAX_DEPTH + 1)
    with pytest.raises(FileFormatError, match="21 deep"):
        save(graph, tmp_path / "a.graph.json")
    assert not list(tmp_path.iterdir())
