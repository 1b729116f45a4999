"""Errors say what, where and how to fix it: each in the form of class, fact, node, line of this file, operands, fix."""
import inspect
import os
import re

import numpy as np
import pytest

import graphengine as tf
from graphengine import errors

pytestmark = pytest.mark.usefixtures("own_graph")

FILE = os.path.basename(__file__)


def line_with(text):
    frame = inspect.currentframe().f_back
    source, first = inspect.getsourcelines(frame.f_code)
    return next(first + k for k, line in enumerate(source) if text in line and "line_with" not in line)


def place(number):
    return f"{FILE}:{number}"


def rows(error):
    """The labeled rows of an error's text."""
    found = {}
    for line in str(error.value).splitlines()[1:]:
        match = re.fullmatch(r"  (\S+)\s+(.*)", line)
        assert match, f"{line!r} is no row of an error"
        found[match[1]] = match[2]
    return found


def head(error):
    return str(error.value).splitlines()[0]


# ------------------------------------------------------------------ while the graph is drawn

def test_inner_sizes_of_a_product():
    hidden = tf.placeholder(tf.float32, [None, 784], name="hidden")
    w2 = tf.placeholder(tf.float32, [128, 10], name="w2")
    with pytest.raises(ValueError) as error:
        tf.matmul(hidden, w2, name="logits")
    assert isinstance(error.value, errors.ShapeError)
    assert head(error) == "matmul: inner sizes differ: 784 (a, axis -1) and 128 (b, axis -2)"
    assert rows(error) == {
        "node": "logits = matmul(hidden, w2)",
        "at": f'{place(line_with("tf.matmul(hidden"))}    tf.matmul(hidden, w2, name="logits")',
        "a": f'hidden   float32 (None, 784)    {place(line_with("hidden = tf."))}'
             '    hidden = tf.placeholder(tf.float32, [None, 784], name="hidden")',
        "b": f'w2   float32 (128, 10)    {place(line_with("w2 = tf."))}'
             '    w2 = tf.placeholder(tf.float32, [128, 10], name="w2")',
        "fix": "transpose one operand, or check the layer's input size",
    }


def test_sizes_of_a_sum():
    x, y = tf.placeholder(tf.float32, [4, 3]), tf.placeholder(tf.float32, [4, 2])
    with pytest.raises(errors.ShapeError) as error:
        x + y
    assert head(error) == "add: sizes differ on axis -1: 3 (x) and 2 (y)"
    assert rows(error)["at"].startswith(place(line_with("        x + y")))
    assert rows(error)["fix"] == "make them equal, or one of them 1"


def test_the_line_is_the_users_inside_functions_too():
    def layer(x, w):
        return x @ w

    with pytest.raises(errors.ShapeError) as error:
        layer(tf.placeholder(tf.float32, [2, 3]), tf.placeholder(tf.float32, [2, 3]))
    assert rows(error)["at"].startswith(place(line_with("return x @ w")))


def test_dtypes_that_differ():
    x, n = tf.placeholder(tf.float32, [3]), tf.placeholder(tf.int32, [3])
    with pytest.raises(TypeError) as error:
        x * n
    assert isinstance(error.value, errors.DTypeError)
    assert head(error) == "multiply: dtypes differ: float32 (x) and int32 (y)"
    assert rows(error)["fix"] == "cast one of them, e.g. cast(y, float32)"
    assert rows(error)["at"].startswith(place(line_with("        x * n")))


def test_dtype_that_an_op_does_not_take():
    n = tf.placeholder(tf.int32, [3])
    with pytest.raises(errors.DTypeError, match=r"^tanh: x is int32; it takes float32, float64") as error:
        tf.tanh(n)
    assert rows(error)["fix"] == "cast(x, float32)"


def test_numbers_that_lose_their_fraction():
    n = tf.placeholder(tf.int32, [3])
    with pytest.raises(errors.DTypeError, match="holds fractions but int32 is needed"):
        n + 1.5


@pytest.mark.parametrize("call, text", [
    (lambda x: tf.one_hot(tf.argmax(x), -1), r"depth=-1 is outside \[0, inf\]"),
    (lambda x: tf.argmax(x, output_type=tf.float32), "output_type=.*float32.*; it takes one of"),
    (lambda x: tf.reduce_sum(x, axis=2), r"axis 2 is outside \[-2, 2\) of a tensor of rank 2"),
    (lambda x: tf.transpose(x, [0, 0]), r"perm=\[0, 0\] is no order of the 2 axes"),
    (lambda x: tf.reshape(x, [5, -1]), r"12 elements of shape \(3, 4\) do not fit"),
    (lambda x: x[5], r"index 5 is outside \[-3, 3\) of axis 0"),
    (lambda x: tf.cast(x, "complex64"), "no dtype"),
    (lambda x: x * 1j, "complex numbers"),
    (lambda x: tf.cast(x, "flaot32"), "did you mean 'float32'"),
    (lambda x: tf.expand_dims(x, 1.5), "1.5 is not a whole number"),
])
def test_attributes_out_of_range(call, text):
    with pytest.raises(errors.GraphEngineError, match=text) as error:
        call(tf.placeholder(tf.float32, [3, 4]))
    assert not isinstance(error.value, errors.CompileError)


def test_unknown_argument_shows_the_signature():
    with pytest.raises(TypeError, match=r"reduce_sum\(input_tensor, axis=None, keepdims=False, name=None\)"):
        tf.reduce_sum(tf.placeholder(tf.float32, [3]), axes=1)


def test_a_tensor_decides_nothing_in_python():
    x = tf.placeholder(tf.float32, [])
    with pytest.raises(errors.InvalidArgumentError) as error:
        if x > 0:
            pass
    assert rows(error)["fix"] == "use where(condition, x, y), or cond and while_loop with functions"
    with pytest.raises(errors.InvalidArgumentError, match="numpy cannot read it"):
        np.sin(x)
    with pytest.raises(errors.InvalidArgumentError, match="cannot iterate"):
        list(tf.placeholder(tf.float32, [None]))


def test_tensors_of_two_graphs():
    x = tf.placeholder(tf.float32, [3], name="x")
    with tf.Graph().as_default():
        y = tf.placeholder(tf.float32, [3], name="y")
    with pytest.raises(errors.GraphMismatchError, match="belongs to another graph") as error:
        x + y
    assert rows(error)["at"].startswith(place(line_with("        x + y")))
    assert rows(error)["fix"] == "build both inside the same `with graph.as_default():`"


# ------------------------------------------------------------------ feeds and fetches

def test_missing_feed():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    with pytest.raises(errors.FeedError) as error:
        tf.Session().run(x * 2.0)
    assert head(error) == "placeholder 'x' (float32 (None, 4)) has no value"
    assert rows(error)["at"].startswith(place(line_with("x = tf.placeholder")))
    assert rows(error)["fix"] == "feed it: feed_dict={x: ...}, or --feed 'x=...' on the command line"


def test_feed_of_a_wrong_shape():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    with pytest.raises(errors.FeedError) as error:
        tf.Session().run(x * 2.0, {x: np.zeros((4, 3), "f4")})
    assert head(error) == "the value fed for x has shape (4, 3); the placeholder takes (None, 4)"
    assert place(line_with("x = tf.placeholder")) in rows(error)["feed"]
    assert "fix" in rows(error)


def test_feed_of_a_wrong_dtype():
    n = tf.placeholder(tf.int32, [None], name="n")
    with pytest.raises(errors.DTypeError, match="the value fed for n:0 holds fractions but int32 is needed"):
        tf.Session().run(n * 2, {n: [0.5]})
    with pytest.raises(errors.InvalidArgumentError, match="not numbers"):
        tf.Session().run(n * 2, {n: ["one"]})
    with pytest.raises(errors.InvalidArgumentError, match="is no array"):
        tf.Session().run(n * 2, {n: [[1, 2], [3]]})


def test_feed_that_is_a_tensor():
    x = tf.placeholder(tf.float32, [3])
    with pytest.raises(errors.FeedError, match="is a tensor, not numbers"):
        tf.Session().run(x * 2.0, {x: tf.ones([3])})


def test_sizes_that_disagree_at_run_time_name_both():
    x = tf.placeholder(tf.float32, [None], name="x")
    y = tf.placeholder(tf.float32, [None], name="y")
    with pytest.raises(errors.ShapeError) as error:
        tf.Session().run(x * y, {x: np.zeros(3, "f4"), y: np.zeros(4, "f4")})
    assert re.fullmatch(r"sizes differ: [34] \(axis 0 of [xy]\) and [34] \(axis 0 of [xy]\)", head(error))
    assert f"at {place(line_with('x * y'))}" in rows(error)["node"]


def test_unknown_fetch_suggests_the_nearest():
    tf.placeholder(tf.float32, [3], name="images")
    for name in ("image", "image:0"):
        with pytest.raises(KeyError) as error:
            tf.Session().run(name)
        assert isinstance(error.value, errors.NotFoundError)
        assert rows(error)["fix"] == "did you mean 'images'?"
    with pytest.raises(errors.NotFoundError, match="has 1 results, so there is no 'images:1'"):
        tf.Session().run("images:1")


def test_fetch_of_what_is_no_tensor():
    with pytest.raises(errors.InvalidArgumentError, match=r"3 is not a node or tensor of a graph"):
        tf.Session().run(3)


def test_fetch_and_feed_of_another_graph():
    x = tf.placeholder(tf.float32, [3], name="x")
    with tf.Graph().as_default():
        session = tf.Session()
        y = tf.placeholder(tf.float32, [3])
    with pytest.raises(errors.GraphMismatchError, match="x belongs to another graph"):
        session.run(x)
    with pytest.raises(errors.GraphMismatchError, match="x belongs to another graph"):
        session.run(y, {x: np.zeros(3, "f4")})


def test_uninitialized_variable():
    w = tf.Variable([1.0], name="w")
    with pytest.raises(errors.FailedPreconditionError) as error:
        tf.Session().run(w * 2.0)
    assert head(error) == "variable 'w' is read before it has a value"
    assert rows(error)["at"].startswith(place(line_with("w = tf.Variable")))
    assert rows(error)["fix"] == "run global_variables_initializer() first, or load its value"


def test_uninitialized_variable_in_the_compiled_loop():
    w = tf.Variable([1.0], name="w")
    with pytest.raises(errors.FailedPreconditionError, match="'w' is read before"):
        tf.Session().run_steps(w.assign_add([1.0]), steps=2)


def test_closed_session():
    x = tf.placeholder(tf.float32, [])
    session = tf.Session()
    call = session.make_callable(x * 2.0, [x])
    assert call(1.0) == 2.0
    session.close()
    for run in (lambda: session.run(x, {x: 1.0}), lambda: call(1.0)):
        with pytest.raises(errors.InvalidArgumentError, match="the session is closed"):
            run()


# ------------------------------------------------------------------ gradients

def test_gradient_of_whole_numbers():
    n = tf.placeholder(tf.int32, [3], name="n")
    with pytest.raises(errors.GradientError, match="only float values have gradients"):
        tf.gradients(n * 2, [n])


def test_gradient_that_does_not_exist_names_the_path_and_the_cut():
    w = tf.Variable([1.0, 2.0], name="w")
    loss = tf.reduce_sum(tf.floor(w * 3.0, name="steps"), name="loss")
    with pytest.raises(errors.GradientError) as error:
        tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    text = head(error)
    assert "no variable has a gradient of loss:0" in text
    assert "w -> mul -> steps" in text
    assert f"floor 'steps' ({place(line_with('tf.floor'))}" in text
    assert "fix" in rows(error)


def test_gradient_without_any_path():
    tf.Variable([1.0], name="w")
    x = tf.placeholder(tf.float32, [])
    with pytest.raises(errors.GradientError, match="no path leads from w to"):
        tf.train.GradientDescentOptimizer(0.1).minimize(x * 2.0)


def test_gradient_is_none_where_there_is_none():
    x, y = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    assert tf.gradients(x * 2.0, [y]) == [None]


# ------------------------------------------------------------------ while running

def test_index_out_of_range_names_node_and_line():
    rows_ = tf.placeholder(tf.float32, [None, 2], name="table")
    index = tf.placeholder(tf.int32, [None], name="index")
    y = tf.gather(rows_, index, name="picked")
    with pytest.raises(IndexError) as error:
        tf.Session().run(y, {rows_: np.zeros((3, 2), "f4"), index: [0, 7]})
    assert isinstance(error.value, errors.IndexOutsideError)
    assert rows(error)["node"].startswith("picked")
    assert rows(error)["at"].startswith(place(line_with("y = tf.gather")))


def test_slices_outside_a_fed_array():
    x = tf.placeholder(tf.float32, [None], name="x")
    for y in (tf.slice(x, [2], [5]), x[5], x[-6], tf.reshape(x, [7]), tf.broadcast_to(x, [7]),
              tf.placeholder(tf.float32, [1, 7]) @ tf.expand_dims(x, 1)):
        with pytest.raises(errors.ShapeError) as error:
            feeds = {t: np.ones((1, 7), "f4") for t in y.node.inputs if t.shape == (1, 7)}
            tf.Session().run(y, {x: np.zeros(4, "f4"), **feeds})
        assert FILE in str(error.value)


def test_index_out_of_range_in_the_compiled_loop_names_the_step():
    table = tf.placeholder(tf.float32, [3])
    index = tf.placeholder(tf.int32, [1], name="index")
    y = tf.gather(table, index)
    with pytest.raises(errors.IndexOutsideError, match=r"\(step 2\)"):
        tf.Session().run_steps(y, {table: np.zeros(3, "f4"), index: np.array([[0], [1], [3], [0]], "i4")})


def test_a_row_outside_the_data():
    x = tf.placeholder(tf.float32, [None, 2])
    rows_ = tf.Rows(np.zeros((3, 2), "f4"), np.array([[0, 1], [2, 3]]))
    with pytest.raises(errors.IndexOutsideError, match="row index is outside the fed array"):
        tf.Session().run_steps(tf.reduce_sum(x), {x: rows_})


# ------------------------------------------------------------------ variables

def test_assignment_of_another_shape():
    w = tf.Variable(np.zeros((2, 3), "f4"), name="w")
    with pytest.raises(errors.ShapeError, match=r"the variable has shape \(2, 3\), the value \(3,\)") as error:
        w.assign(np.zeros(3, "f4"))
    assert rows(error)["at"].startswith(place(line_with("w.assign(")))


def test_loading_values_that_do_not_fit_changes_nothing():
    tf.Variable([1.0, 2.0], name="w")
    tf.Variable([1.0], name="v")
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    with pytest.raises(errors.ShapeError, match=r"variable 'v' has shape \(1,\), the value \(2,\)"):
        session.load_variables({"w": [5.0, 6.0], "v": [1.0, 2.0]})
    with pytest.raises(errors.NotFoundError, match="no variable 'u'"):
        session.load_variables({"w": [5.0, 6.0], "u": [1.0]})
    assert session.variables()["w"].tolist() == [1.0, 2.0]


def test_variable_of_unknown_size():
    x = tf.placeholder(tf.float32, [None])
    with pytest.raises(errors.ShapeError, match="a variable's sizes have to be known"):
        tf.Variable(x)


# ------------------------------------------------------------------ steps

def test_feeds_for_different_numbers_of_steps():
    x, y = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    with pytest.raises(errors.FeedError, match=r"different numbers of steps: \[3, 4\]"):
        tf.Session().run_steps(x + y, {x: np.zeros(3, "f4"), y: np.zeros(4, "f4")})
    with pytest.raises(errors.FeedError, match="and steps=5"):
        tf.Session().run_steps(x + 1.0, {x: np.zeros(3, "f4")}, steps=5)
    with pytest.raises(errors.FeedError, match="0 steps"):
        tf.Session().run_steps(x + 1.0, {x: 1.0}, steps=0)


def test_arrays_to_write_results_into():
    x = tf.placeholder(tf.float32, [None])
    call = tf.Session().make_callable(x * 2.0, [x])
    with pytest.raises(errors.FeedError, match="1 values expected, got 2"):
        call([1.0], [2.0])
    for out in (np.zeros(3, "f4"), np.zeros(2, "f8"), np.zeros(4, "f4")[::2], [0.0, 0.0]):
        with pytest.raises(errors.InvalidArgumentError):
            call([1.0, 2.0], out=out)
    locked = np.zeros(2, "f4")
    locked.setflags(write=False)
    with pytest.raises(errors.InvalidArgumentError, match="writable"):
        call([1.0, 2.0], out=locked)
