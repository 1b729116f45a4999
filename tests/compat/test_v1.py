"""TensorFlow 1's surface against what TensorFlow gives (recorded.json), and what only this one does."""
import functools
import importlib
import inspect
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import graphengine
import graphengine.compat.v1 as tf
from graphengine.errors import FailedPreconditionError, FileFormatError, InvalidArgumentError, NotFoundError, ShapeError

HERE = pathlib.Path(__file__).parent


def file_module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


programs = file_module(HERE / "programs.py")
check = file_module(HERE.parent / "data" / "oracle" / "check.py")


@functools.cache
def recorded():
    return json.loads((HERE / "recorded.json").read_text())


@pytest.mark.parametrize("name", programs.CASES)
def test_as_tensorflow(name):
    assert programs.problems(programs.result(tf, name), recorded()[name]) == []


@pytest.mark.parametrize("case", check.program_cases(), ids=lambda c: c["id"])
def test_recorded_program(case):
    with tf.Graph().as_default():
        assert check.program_problems(tf, case) == []


def test_the_whole_process_draws():
    text = ("import graphengine.compat.v1 as tf\ntf.disable_v2_behavior()\n"
            "a, b = tf.placeholder(tf.float32), tf.placeholder(tf.float32)\nprint(a + b)\n"
            "print(tf.constant(1.0) + 1.0)\nx = tf.Variable(2.0)\nsess = tf.InteractiveSession()\n"
            "tf.global_variables_initializer().run()\nprint(x.eval(), (a + b).eval({a: 1.0, b: [2.0]}))\nsess.close()\n"
            "print(tf.get_default_session())")
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        'Tensor("add:0", dtype=float32)', 'Tensor("add_1:0", shape=(), dtype=float32)', "2.0 [3.]", "None"]


@pytest.fixture
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def test_everything_of_today_is_here():
    assert [n for n in graphengine.__all__ if not hasattr(tf, n)] == []
    assert graphengine.compat.v1 is tf
    with pytest.raises(AttributeError, match="did you mean 'reduce_sum'"):
        tf.reduce_summ


def test_import_of_today_leaves_it_out():
    text = "import sys, graphengine; print('graphengine.compat' in sys.modules); graphengine.compat.v1.Session"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_an_argument_under_both_names(graph):
    with pytest.raises(InvalidArgumentError, match="keep_dims and keepdims"):
        tf.reduce_sum([1.0], keep_dims=True, keepdims=True)


def test_reuse(graph):
    with tf.variable_scope("a"):
        tf.get_variable("v", [2])
        with pytest.raises(InvalidArgumentError, match="a/v already exists"):
            tf.get_variable("v", [2])
    with tf.variable_scope("a", reuse=True):
        with pytest.raises(InvalidArgumentError, match="a/u does not exist"):
            tf.get_variable("u", [2])
        with pytest.raises(ShapeError, match="shape"):
            tf.get_variable("v", [3])
    with tf.variable_scope("a") as scope:
        scope.reuse_variables()
        assert tf.get_variable("v").name == "a/v:0"
    with tf.Graph().as_default():
        assert tf.get_variable("a/v", [1]).shape == (1,)


INITIALIZERS = {
    "zeros": (tf.zeros_initializer(), 0, 0), "ones": (tf.ones_initializer, 1, 0),
    "constant": (tf.constant_initializer(2.5), 2.5, 0),
    "normal": (tf.random_normal_initializer(1.0, 2.0), 1, 2),
    "truncated": (tf.truncated_normal_initializer(stddev=1 / 0.87962566), 0, 1),
    "uniform": (tf.random_uniform_initializer(-1.0, 1.0), 0, 3**-0.5),
    "glorot": (None, 0, (2 / 500) ** 0.5), "glorot_normal": (tf.glorot_normal_initializer(), 0, (2 / 500) ** 0.5),
    "he": (tf.initializers.he_normal(), 0, (2 / 200) ** 0.5),
    "he_uniform": (tf.initializers.he_uniform(), 0, (2 / 200) ** 0.5),
    "lecun": (tf.initializers.lecun_normal(), 0, (1 / 200) ** 0.5),
    "orthogonal": (tf.orthogonal_initializer(), 0, (1 / 300) ** 0.5),
}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initializer(graph, name):
    initializer, mean, deviation = INITIALIZERS[name]
    tf.set_random_seed(3)
    v = tf.get_variable("v", [200, 300], initializer=initializer)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        first = session.run(v)
    assert first.shape == (200, 300)
    assert abs(first.mean() - mean) < 0.02 * (1 + deviation)
    assert abs(first.std() - deviation) < 0.02 * deviation + 1e-9
    if name == "orthogonal":
        np.testing.assert_allclose(first @ first.T, np.eye(200), atol=1e-5)


def test_constants_fill_in_order(graph):
    v = tf.get_variable("v", [2, 2], initializer=tf.constant_initializer([1, 2, 3]))
    assert tf.Session().run(v.initial_value).tolist() == [[1, 2], [3, 3]]


# The names that TensorFlow 2.21 has there, those aside that `absent` gives a reason for.
NAMES = {
    "initializers": """
        constant global_variables glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal lecun_uniform
        local_variables ones orthogonal random_normal random_uniform tables_initializer truncated_normal
        uniform_unit_scaling variables variance_scaling zeros
    """,
    "losses": """
        Reduction absolute_difference add_loss compute_weighted_loss cosine_distance get_losses get_regularization_loss
        get_regularization_losses get_total_loss hinge_loss huber_loss log_loss mean_pairwise_squared_error
        mean_squared_error sigmoid_cross_entropy softmax_cross_entropy sparse_softmax_cross_entropy
    """,
    "logging": """
        DEBUG ERROR FATAL INFO TaskLevelStatusMessage WARN debug error fatal flush get_verbosity info log log_every_n
        log_first_n log_if set_verbosity vlog warn warning
    """,
    "dtypes": """
        DType as_dtype bfloat16 bool cast double float16 float32 float64 half int16 int32 int64 int8 saturate_cast
        uint16 uint32 uint8
    """,
}


@pytest.mark.parametrize("space", NAMES)
def test_a_namespace_has_tensorflows_names_and_no_others(space):
    module = getattr(tf, space)
    assert all(hasattr(module, name) for name in NAMES[space].split())
    if space != "dtypes":
        assert sorted(module.__all__) == NAMES[space].split()
    with pytest.raises(AttributeError, match=f"{space} has no 'nothing'"):
        module.nothing


# All of them are TensorFlow's too.
MODULES = """
    app autodiff bitwise config data debugging dtypes errors flags gfile image initializers layers linalg logging losses
    manip math metrics nest nn random saved_model signal spectral summary test train
"""


def test_files_of_the_folder_are_no_namespaces():
    assert sorted(name for name in tf.__all__ if inspect.ismodule(getattr(tf, name))) == MODULES.split()


def test_initializers_have_short_names():
    with tf.Graph().as_default(), tf.Session() as session:
        filled = tf.initializers.constant([1, 2, 3])([2, 2])
        diagonal = tf.initializers.identity(2.0)([2, 3])
        assert session.run([filled, diagonal])[0].tolist() == [[1, 2], [3, 3]]
        assert session.run(diagonal).tolist() == [[2, 0, 0], [0, 2, 0]]


# -------------------------------------------------------------------- collections

def test_collections(graph):
    with tf.variable_scope("gen"):
        a = tf.get_variable("a", [1])
    b = tf.Variable(0.0, trainable=False)
    c = tf.Variable(0.0, collections=[tf.GraphKeys.LOCAL_VARIABLES])
    d = tf.Variable(0.0, trainable=False, collections=["own", tf.GraphKeys.GLOBAL_VARIABLES])
    assert tf.global_variables() == [a, b, d]
    assert tf.trainable_variables() == [a] == tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="gen")
    assert tf.trainable_variables("other") == []
    assert tf.local_variables() == [c]
    assert tf.get_collection("own") == [d]
    tf.add_to_collection("ops", b)
    assert graph.get_collection("ops") == [b]


# -------------------------------------------------------------------- sessions

def test_settings_are_accepted(graph):
    config = tf.ConfigProto(allow_soft_placement=True, gpu_options=tf.GPUOptions(allow_growth=True))
    config.gpu_options.per_process_gpu_memory_fraction = 0.5
    with tf.Session(config=config, graph=graph) as session, tf.device("/cpu:0"):
        assert tf.get_default_session() is session
        assert tf.constant(2.0).eval() == 2.0
    with pytest.raises(InvalidArgumentError, match="grpc"):
        tf.Session("grpc://elsewhere")


def test_eval_wants_a_session(graph):
    x = tf.constant(2.0)
    with pytest.raises(FailedPreconditionError, match="no default session"):
        x.eval()
    session = tf.Session()
    with session.as_default():
        assert x.eval() == 2.0
    assert x.eval(session=session) == 2.0


# -------------------------------------------------------------------- optimizers

def test_an_optimizer_keeps_its_slots(graph):
    w = tf.get_variable("w", [2])
    optimizer = tf.train.AdamOptimizer()
    pairs = optimizer.compute_gradients(tf.reduce_sum(w * w))
    optimizer.apply_gradients([(tf.clip_by_norm(g, 1.0), v) for g, v in pairs])
    count = len(tf.global_variables())
    optimizer.apply_gradients(pairs)
    assert len(tf.global_variables()) == count == 1 + len(optimizer.variables())
    assert optimizer.get_slot(w, "nothing") is None


def test_steps_are_counted(graph):
    w = tf.get_variable("w", [2])
    count = tf.train.get_or_create_global_step()
    step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(w * w), global_step=count)
    assert tf.train.get_global_step() is count is tf.train.get_or_create_global_step()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run_steps(step, steps=7)
        assert tf.train.global_step(session, count) == 7
    with pytest.raises(InvalidArgumentError, match="has a global step"):
        tf.train.create_global_step()


# -------------------------------------------------------------------- files

def test_save_and_restore(graph, tmp_path):
    x = tf.placeholder(tf.float32, [], name="x")
    w, b = tf.get_variable("w", initializer=[1.0, 2.0]), tf.get_variable("b", initializer=3.0)
    y = tf.identity(w * x + b, name="y")
    saver = tf.train.Saver(max_to_keep=2)
    with tf.Session() as session:
        with pytest.raises(FailedPreconditionError):
            saver.save(session, tmp_path / "deep" / "m")
        session.run(tf.global_variables_initializer())
        paths = [saver.save(session, tmp_path / "deep" / "m", global_step=k) for k in (1, 2, 3)]
        session.run(w.assign([0.0, 0.0]))
        saver.restore(session, paths[-1])
        assert session.run(y, {x: 2.0}).tolist() == [5.0, 7.0]
    assert saver.last_checkpoints == paths[1:]
    assert tf.train.latest_checkpoint(tmp_path / "deep") == paths[-1]
    assert [tf.train.checkpoint_exists(p) for p in paths] == [False, True, True]
    assert tf.train.list_variables(paths[-1]) == [("b", []), ("w", [2])]
    assert tf.train.load_variable(tmp_path / "deep", "w").tolist() == [1.0, 2.0]
    (tmp_path / "deep").rename(tmp_path / "moved")
    with tf.Graph().as_default(), tf.Session() as session:
        latest = tf.train.latest_checkpoint(tmp_path / "moved")
        again = tf.train.import_meta_graph(latest + ".meta")
        again.restore(session, latest)
        assert session.run("y:0", {"x:0": 2.0}).tolist() == [5.0, 7.0]
        assert [v.name for v in tf.trainable_variables()] == ["w:0", "b:0"]


def test_what_does_not_fit_is_refused(graph, tmp_path):
    w = tf.get_variable("w", initializer=[1.0, 2.0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver({"other": w}).save(session, tmp_path / "m", write_meta_graph=False)
        with pytest.raises(NotFoundError, match="holds no 'w'"):
            tf.train.Saver().restore(session, path)
        with pytest.raises(FileFormatError, match="no file"):
            tf.train.Saver().restore(session, tmp_path / "nothing")
    with tf.Graph().as_default(), tf.Session() as session:
        other = tf.get_variable("w", initializer=[1.0])
        with pytest.raises(ShapeError):
            tf.train.Saver({"other": other}).restore(session, path)
        with pytest.raises(InvalidArgumentError, match="None"):
            tf.train.Saver().restore(session, tf.train.latest_checkpoint(tmp_path / "empty"))
    with tf.Graph().as_default(), pytest.raises(InvalidArgumentError, match="no variables"):
        tf.train.Saver()


def test_a_broken_list_of_checkpoints(tmp_path):
    (tmp_path / "checkpoint").write_text("model_checkpoint_path: 3\n")
    with pytest.raises(FileFormatError, match="names no checkpoint"):
        tf.train.latest_checkpoint(tmp_path)
    assert tf.train.latest_checkpoint(tmp_path / "nothing") is None


# -------------------------------------------------------------------- layers

def test_layers(graph, rng):
    x = tf.placeholder(tf.float32, [None, 6, 6, 2])
    h = tf.layers.max_pooling2d(tf.layers.conv2d(x, 3, 3, padding="same", activation=tf.nn.relu), 2, 2)
    h = tf.layers.dropout(tf.layers.flatten(h), 0.4)
    y = tf.layers.dense(tf.layers.dense(h, 5, tf.nn.tanh), 4, name="out")
    assert y.shape.as_list() == [None, 4]
    assert [v.name for v in tf.trainable_variables()] == [
        f"{layer}/{part}:0" for layer in ("conv2d", "dense", "out") for part in ("kernel", "bias")]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        data = rng.standard_normal((2, 6, 6, 2)).astype("f4")
        got, values = session.run([y, tf.trainable_variables()], {x: data})
    h = np.tanh(check_conv(data, values[0], values[1]).reshape(2, -1) @ values[2] + values[3])
    np.testing.assert_allclose(got, h @ values[4] + values[5], rtol=1e-4, atol=1e-5)


def check_conv(x, kernel, bias):
    """3x3 convolution with zeros around, rectified, and the largest of each 2x2 window."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    y = np.maximum(np.einsum("nhwcij,ijco->nhwo", windows, kernel) + bias, 0)
    return y.reshape(len(x), 3, 2, 3, 2, -1).max((2, 4))


def test_a_session_in_a_python_function_of_another_answers_for_itself():
    with tf.Graph().as_default(), tf.Session() as outer, tf.Session() as inner:
        v = tf.Variable(1.0)
        asked, answers = tf.is_variable_initialized(v), []
        outer.run(v.initializer)
        call = tf.numpy_function(lambda x: (answers.append(bool(inner.run(asked))), x)[1], [1.0], tf.float32)
        branch = tf.cond(tf.placeholder_with_default(True, ()), lambda: tf.is_variable_initialized(v), lambda: False)
        outer.run(call)
        assert (answers, bool(outer.run(asked)), bool(inner.run(asked))) == ([False], True, False)
        assert (bool(outer.run(branch)), bool(inner.run(branch))) == (True, False)


def scattered(change, value, places, rows, dtype):
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(np.array(value, dtype))
        session.run(v.initializer)
        session.run(change(v, places, np.array(rows, dtype)))
        return session.run(v).tolist()


@pytest.mark.parametrize(("change", "value", "rows", "dtype", "wanted"), [
    (tf.scatter_div, 2147483647, [65536, 65536], "int32", 0), (tf.scatter_div, -7, [2, 1], "int32", -3),
    (tf.scatter_div, 1e-30, [1e-30, 1e30], "float32", 1e-30), (tf.scatter_mul, 1e-30, [1e30, 1e30], "float32", 1e30)])
def test_rows_meet_a_variable_one_after_the_other(change, value, rows, dtype, wanted):
    np.testing.assert_allclose(scattered(change, [value, 5], [0, 0], rows, dtype), [wanted, 5], rtol=1e-5)


@pytest.mark.parametrize("change", [tf.scatter_mul, tf.scatter_div])
def test_rows_outside_of_a_variable_meet_none(change):
    for place in (-1, 2):
        with pytest.raises(InvalidArgumentError):
            scattered(change, [1.0, 2.0], [place], [2.0], "float32")
    if change is tf.scatter_div:
        with pytest.raises(InvalidArgumentError, match="by 0"):
            scattered(change, [1, 2], [0], [0], "int32")


def test_averages_of_tensors_make_up_for_their_beginning_at_0():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, (1,))
        plain, made_up = (tf.train.ExponentialMovingAverage(0.9, zero_debias=z) for z in (False, True))
        steps = [each.apply([x]) for each in (plain, made_up)]
        session.run(tf.global_variables_initializer())
        found = []
        for value in (10.0, 20.0):
            session.run(steps, {x: [value]})
            found.append([float(session.run(each.average(x))[0]) for each in (plain, made_up)])
        np.testing.assert_allclose(found, [[1.0, 10.0], [2.9, 2.9 / 0.19]], rtol=1e-5)


def test_a_condition_alone_gives_the_places_where_it_holds():
    condition = np.array([[False, True], [True, False], [True, True]])
    places = tf.where(condition)
    assert places.dtype is tf.int64
    np.testing.assert_array_equal(places, np.argwhere(condition))
