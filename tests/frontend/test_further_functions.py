"""What a program asks about where it is, conditions, averages, states in checkpoints, and summaries of media."""
import io
import logging
import threading
import time
import wave

import numpy as np
import pytest

import graphengine as tf


def test_scopes_graphs_and_tensors():
    assert tf.get_current_name_scope() == ""
    with tf.name_scope("a"), tf.name_scope("b"):
        assert tf.get_current_name_scope() == "a/b"
    seen = []

    @tf.function
    def traced(x):
        seen.append((tf.inside_function(), tf.is_symbolic_tensor(x)))
        return x

    traced(tf.constant(1.0))
    with tf.Graph().as_default():
        seen.append((tf.inside_function(), tf.is_symbolic_tensor(tf.constant(1.0))))
    seen.append((tf.inside_function(), tf.is_symbolic_tensor(tf.constant(1.0))))
    assert seen == [(True, True), (False, True), (False, False)]
    assert tf.get_logger() is logging.getLogger("graphengine")


def test_the_time_is_that_of_the_run(monkeypatch):
    found = tf.timestamp()
    assert abs(float(found) - time.time()) < 3600 and found.dtype is tf.float64     # clocks are set, also back
    now = tf.function(lambda: tf.timestamp())
    seconds = iter([5.0, 7.0])
    with monkeypatch.context() as clock:
        clock.setattr(time, "time", lambda: next(seconds))
        assert [float(now()), float(now())] == [5.0, 7.0]


def test_tensors_that_are_there_together():
    assert [x if x is None else float(x) for x in tf.tuple([tf.constant(1.0), None, 3.0])] == [1.0, None, 3.0]
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(1.0)
        x, nothing, _ = tf.tuple([tf.constant(5.0), None, v.assign_add(1.0)])
        session.run(tf.global_variables_initializer())
        assert nothing is None and session.run(x) == 5.0 and session.run(v) == 2.0
        with pytest.raises(ValueError, match="no tensor"):
            tf.tuple([None])


def test_tracing_prints_once(capsys):
    @tf.function
    def traced(x):
        tf.autograph.trace("x is", x)
        return x

    traced(tf.constant(1.0))
    traced(tf.constant(2.0))
    assert capsys.readouterr().out.count("x is Tensor(") == 1


def test_names_that_are_others():
    assert tf.dtypes.half is tf.float16 and tf.dtypes.double is tf.float64
    assert tf.dtypes.cast(1.5, tf.int32).numpy() == 1
    assert tf.dtypes.saturate_cast(tf.constant(300), tf.uint8).numpy() == 255
    assert isinstance(np.int32(1), tf.compat.integral_types) and isinstance(1.5, tf.compat.real_types)
    assert tf.compat.dimension_value(3) == 3 and tf.compat.dimension_value(None) is None
    assert tf.compat.dimension_at_index(tf.TensorShape([2, None]), 0) == 2
    assert tf.compat.dimension_at_index(tf.TensorShape(None), 0) is None
    assert tf.random.Algorithm.PHILOX.value == 1 and tf.random.experimental.Algorithm is tf.random.Algorithm
    made = tf.random.Generator.from_seed(1, alg=tf.random.Algorithm.PHILOX)
    np.testing.assert_array_equal(made.normal([2]), tf.random.Generator.from_seed(1).normal([2]))
    np.testing.assert_array_equal(tf.random.stateless_uniform([2], [1, 2], alg=tf.random.Algorithm.AUTO_SELECT),
                                  tf.random.stateless_uniform([2], [1, 2]))
    assert tf.version.GIT_VERSION.endswith(tf.version.VERSION) and tf.version.COMPILER_VERSION
    tf.config.experimental.enable_op_determinism()
    assert tf.config.experimental_functions_run_eagerly() is False


# -------------------------------------------------------------------- conditions

@pytest.mark.parametrize(("wrong", "kind", "says"), [
    (lambda: tf.debugging.assert_rank_in(tf.ones([2]), [0, 2]), ValueError, r"one of \(0, 2\) axes"),
    (lambda: tf.debugging.assert_integer(1.5), TypeError, "float32"),
    (lambda: tf.debugging.assert_proper_iterable(5), TypeError, "int"),
    (lambda: tf.debugging.assert_proper_iterable(tf.ones(3)), TypeError, "Tensor"),
    (lambda: tf.debugging.assert_proper_iterable("abc"), TypeError, "str"),
    (lambda: tf.debugging.assert_same_float_dtype([tf.ones(1), tf.ones(1, tf.float64)]), ValueError, "float64"),
    (lambda: tf.debugging.assert_same_float_dtype([tf.constant(1)]), ValueError, "no fractions"),
])
def test_what_conditions_refuse(wrong, kind, says):
    with pytest.raises(kind, match=says):
        wrong()


def test_what_conditions_let_pass():
    tf.debugging.assert_rank_in(tf.ones([2, 1]), [0, 2])
    tf.debugging.assert_integer(tf.constant(1, tf.int8))
    tf.debugging.assert_proper_iterable([1, 2])
    assert tf.debugging.assert_same_float_dtype() is tf.float32
    assert tf.debugging.assert_same_float_dtype([tf.ones(1, tf.float64)]) is tf.float64


def test_numbers_are_looked_at_while_it_is_wanted():
    tf.debugging.enable_check_numerics()
    try:
        tf.debugging.enable_check_numerics()
        tf.math.log(tf.constant([1.0]))
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)^log: .*NaN and -Inf.*input 0 +\[-1\.  0\.\]"):
            tf.math.log(tf.constant([-1.0, 0.0]))
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"\+Inf"):
            tf.function(lambda x: tf.exp(x) + 1.0)(tf.constant(1000.0))
    finally:
        tf.debugging.disable_check_numerics()
    assert np.isnan(tf.math.log(tf.constant(-1.0)))


def test_each_thread_looks_at_its_own_numbers():
    def other():
        try:
            tf.debugging.enable_check_numerics()
            with pytest.raises(tf.errors.InvalidArgumentError, match="NaN"):
                tf.math.log(tf.constant(-1.0))
            tf.debugging.disable_check_numerics()
            assert np.isnan(tf.math.log(tf.constant(-1.0)))
        except BaseException as error:
            found.append(error)

    found = []
    tf.debugging.enable_check_numerics()
    try:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert not found
        with pytest.raises(tf.errors.InvalidArgumentError, match="NaN"):
            tf.math.log(tf.constant(-1.0))
    finally:
        tf.debugging.disable_check_numerics()
    assert np.isnan(tf.math.log(tf.constant(-1.0)))


def test_derivatives_by_differences():
    exact, measured = tf.test.compute_gradient(
        lambda x, y: tf.matmul(x, y), [tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 0.5], [4.0, 1.0]])])
    wanted = [[[3, 4], [0.5, 1]], [[1, 0, 2, 0], [0, 1, 0, 2]]]
    for found in (exact, measured):
        for f, w in zip(found, wanted, strict=True):
            np.testing.assert_allclose(f, w, atol=1e-3)
    assert tf.test.is_cpu_target_available("x86") != tf.test.is_cpu_target_available("aarch64")


# -------------------------------------------------------------------- averages and checkpoints

def test_averages_of_variables():
    v, count = tf.Variable([1.0, 2.0]), tf.Variable(0)
    averages = tf.train.ExponentialMovingAverage(0.9)
    capped = tf.train.ExponentialMovingAverage(0.9, num_updates=count)
    for each in (averages, capped):
        assert each.apply([v]) is None and each.average(tf.Variable(0.0)) is None
    v.assign([3.0, 4.0])
    for each in (averages, capped):
        each.apply([v])
    np.testing.assert_allclose(averages.average(v), [1.2, 2.2], 1e-6)           # recorded from TensorFlow
    np.testing.assert_allclose(capped.average(v), [2.8, 3.8], 1e-6)             # decay 1 / 10
    assert averages.average(v).name == "Variable/ExponentialMovingAverage:0" and not averages.average(v).trainable
    assert averages.variables_to_restore() == {"Variable/ExponentialMovingAverage": v}


class Kept(tf.train.experimental.PythonState):
    def __init__(self, text):
        self.text = text

    def serialize(self):
        return self.text.encode()

    def deserialize(self, string_value):
        self.text = string_value.decode()


def test_states_of_python_are_saved_with_variables(tmp_path):
    kept, v = {"inside": Kept("päst")}, tf.Variable(1.0)
    checkpoint = tf.train.Checkpoint(v=v, kept=kept)
    path = checkpoint.save(tmp_path / "c")
    kept["inside"].text = "now"
    v.assign(2.0)
    checkpoint.restore(path).assert_consumed()
    assert kept["inside"].text == "päst" and float(v) == 1.0
    with pytest.raises(TypeError, match="abstract"):
        tf.train.experimental.PythonState()


def test_states_in_objects_that_refer_to_each_other(tmp_path):
    """Each object is looked at once, however often it is held."""
    class Node(tf.Module):
        pass

    child, parent = Node(), Node()
    child.parent, parent.child, parent.me = parent, child, parent
    child.kept, parent.v = Kept("deep"), tf.Variable(1.0)
    top = parent
    for _ in range(40):
        above = Node()
        above.left = above.right = top
        top = above
    for checkpoint in (tf.train.Checkpoint(parent), tf.train.Checkpoint(x=parent), tf.train.Checkpoint(top)):
        child.kept.text = "deep"
        path = checkpoint.write(tmp_path / "c")
        child.kept.text = "now"
        checkpoint.read(path).assert_consumed()
        assert child.kept.text == "deep"


def test_states_that_cannot_be_restored_leave_the_variables_and_missing_ones_are_told(tmp_path):
    class Refusing(Kept):
        def deserialize(self, string_value):
            raise ValueError("not this")

    v = tf.Variable(1.0)
    path = tf.train.Checkpoint(v=v, kept=Kept("a")).write(tmp_path / "a")
    without = tf.train.Checkpoint(v=v).write(tmp_path / "b")
    v.assign(5.0)
    with pytest.raises(ValueError, match="not this"):
        tf.train.Checkpoint(v=v, kept=Refusing("b")).read(path)
    assert float(v) == 5.0
    status = tf.train.Checkpoint(v=v, kept=Kept("b")).read(without)
    assert float(v) == 1.0 and status.missing == ["kept/.python_state"]
    with pytest.raises(AssertionError, match="kept"):
        status.assert_existing_objects_matched()


def test_what_objects_hold():
    class Pair(tf.Module):
        def __init__(self):
            super().__init__()
            self.x, self.parts, self.number = tf.Variable(1.0), [tf.Variable(2.0)], 3

    pair = Pair()
    view = tf.train.TrackableView(pair)
    assert view.root is pair and set(view.children(pair)) == {"x", "parts"}
    found = view.descendants()
    assert found[0] is pair and {id(pair.x), id(pair.parts[0])} <= set(map(id, found)) and len(found) == 4


def test_new_checkpoints_as_they_come(tmp_path):
    checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
    assert list(tf.train.checkpoints_iterator(tmp_path, timeout=0)) == []
    asked = []
    first = checkpoint.save(tmp_path / "c")

    def is_over():
        asked.append(1)
        if len(asked) == 2:
            checkpoint.save(tmp_path / "c")
        return len(asked) == 5

    paths = tf.train.checkpoints_iterator(tmp_path, timeout=0.1, timeout_fn=is_over)
    assert next(paths) == first
    assert next(paths) == str(tmp_path / "c-2") and len(asked) == 2
    assert list(paths) == [] and len(asked) == 5


def test_threads_end_together():
    assert tf.train.Coordinator().should_stop() is False


# -------------------------------------------------------------------- summaries

def messages(folder):
    """The data of all records but the first."""
    (file,) = folder.iterdir()
    data, found = file.read_bytes(), []
    while data:
        size = int.from_bytes(data[:8], "little")
        found.append(data[12:12 + size])
        data = data[16 + size:]
    return found[1:]


def test_pictures_sounds_and_texts_are_written(tmp_path):
    from graphengine.io.png import read_png

    picture = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(1, 2, 3, 3)
    clip = np.array([[[0.0], [1.0], [-1.0]]], np.float32)
    writer = tf.summary.create_file_writer(tmp_path)
    with writer.as_default(step=7):
        assert tf.summary.image("p", picture)
        assert tf.summary.image("f", np.ones((5, 1, 1, 1), np.float32), max_outputs=2)
        assert tf.summary.audio("s", clip, 8000) and tf.summary.text("t", ["one", "two"])
        assert tf.summary.write("w", tf.constant([1.5]), metadata=b"\x22\x00")
        with tf.name_scope("around"), tf.summary.experimental.summary_scope("n", values=[]) as (tag, scope):
            assert (tag, scope) == ("around/n", "around/n/")
        tf.function(lambda x: tf.summary.image("g", x))(tf.ones([1, 1, 1, 3]))
        with pytest.raises(ValueError, match="encoding='mp3'"):
            tf.summary.audio("s", clip, 8000, encoding="mp3")
        with pytest.raises(ValueError, match="up to 4 channels"):
            tf.summary.image("p", np.ones((2, 2)))
    writer.close()
    first, fraction, sound, text, tensor, traced = messages(tmp_path)
    (tmp_path / "p.png").write_bytes(first[first.index(b"\x89PNG"):])
    np.testing.assert_array_equal(read_png(tmp_path / "p.png", "p.png"), picture[0])
    assert b"f/0" in fraction and b"f/1" in fraction and b"f/2" not in fraction and traced.count(b"PNG") == 1
    with wave.open(io.BytesIO(sound[sound.index(b"RIFF"):])) as back:
        assert (back.getframerate(), back.getnframes(), back.getnchannels()) == (8000, 3, 1)
        assert np.frombuffer(back.readframes(3), "<i2").tolist() == [0, 32767, -32767]
    assert b"one" in text and b"two" in text and np.float32(1.5).tobytes() in tensor


def test_a_writer_that_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with tf.summary.create_noop_writer().as_default(step=1):
        assert not tf.summary.scalar("x", 1.0) and not tf.summary.should_record_summaries()
    assert list(tmp_path.iterdir()) == []


# -------------------------------------------------------------------- variables, and numbers given as tensors

HOW = pytest.mark.parametrize("how", [lambda f: f(), lambda f: tf.function(f)()], ids=["at once", "traced"])


@HOW
def test_slices_of_variables_change(how):
    v, m = tf.Variable([1.0, 2.0, 3.0, 4.0]), tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    steps = [                               # recorded from TensorFlow 2.21
        (v.scatter_add, ([10.0, 20.0], [1, 1]), [1, 32, 3, 4]), (v.scatter_update, ([5.0], [0]), [5, 32, 3, 4]),
        (v.scatter_max, ([0.0, 50.0], [0, 1]), [5, 50, 3, 4]), (v.scatter_min, ([0.0], [3]), [5, 50, 3, 0]),
        (v.scatter_sub, ([1.0], [2]), [5, 50, 2, 0])]
    for method, (values, places), wanted in steps:
        found = how(lambda method=method, values=values, places=places: tf.identity(
            method(tf.IndexedSlices(tf.constant(values), tf.constant(places)))))
        assert found.numpy().tolist() == v.numpy().tolist() == wanted
    steps = [
        (m.scatter_nd_update, [[0, 1], [1, 0]], [9.0, 8.0], [[1, 9], [8, 4]]),
        (m.scatter_nd_add, [[0]], [[1.0, 1.0]], [[2, 10], [8, 4]]),
        (m.scatter_nd_max, [[0, 0]], [100.0], [[100, 10], [8, 4]]),
        (m.scatter_nd_min, [[1, 1]], [-1.0], [[100, 10], [8, -1]]),
        (m.scatter_nd_sub, [[0, 1]], [10.0], [[100, 0], [8, -1]])]
    for method, places, values, wanted in steps:
        how(lambda method=method, values=values, places=places: tf.identity(method(places, values)))
        assert m.numpy().tolist() == wanted
    assert how(lambda: m.gather_nd([[0, 0]])).numpy().tolist() == [100]
    assert how(lambda: m.sparse_read([1])).numpy().tolist() == [[8, -1]]


@HOW
@pytest.mark.parametrize(("call", "wanted"), [
    (lambda: tf.concat([[1], [2]], axis=tf.constant(0)), [1, 2]),
    (lambda: tf.reduce_sum([[1, 2]], axis=tf.constant([0, 1])), 3),
    (lambda: tf.argmax([[1, 2]], axis=tf.constant(1)), [1]),
    (lambda: tf.gather([1, 2], [1], axis=tf.constant(0)), [2]),
    (lambda: tf.split([1, 2], tf.constant(2), axis=tf.constant(0))[1], [2]),
    (lambda: tf.cumsum([1, 2], axis=tf.constant(0)), [1, 3]),
    (lambda: tf.expand_dims([1], axis=tf.constant(0)), [[1]]),
    (lambda: tf.reverse([1, 2], axis=tf.constant([0])), [2, 1]),
    (lambda: tf.linspace(0.0, 1.0, num=tf.constant(3)), [0.0, 0.5, 1.0]),
    (lambda: tf.eye(tf.constant(2)), [[1, 0], [0, 1]]),
    (lambda: tf.roll([1, 2, 3], shift=tf.constant(1), axis=tf.constant(0)), [3, 1, 2]),
    (lambda: tf.transpose([[1, 2]], perm=tf.constant([1, 0])), [[1], [2]]),
    (lambda: tf.pad([1], tf.constant([[1, 0]])), [0, 1]),
    (lambda: tf.unstack([1, 2], num=tf.constant(2))[0], 1),
    (lambda: tf.nn.softmax([1.0, 1.0], axis=None), [0.5, 0.5]),
    (lambda: tf.math.count_nonzero([[1, 0]], axis=tf.constant(1)), [1]),
])
def test_axes_and_numbers_of_things_given_as_constants(how, call, wanted):
    assert how(call).numpy().tolist() == wanted
