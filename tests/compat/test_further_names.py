"""Recurrent cells, rows of variables, threads, options and files by TensorFlow 1's names; `test` and `version`."""
import threading

import numpy as np
import pytest

import graphengine
import graphengine.compat.v1 as tf


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, c, h, kernel, bias):
    i, j, f, o = np.split(np.concatenate([x, h], 1) @ kernel + bias, 4, 1)
    c = c * sigmoid(f + 1.0) + sigmoid(i) * np.tanh(j)
    return c, np.tanh(c) * sigmoid(o)


def gru(x, h, kernel, bias, candidate, candidate_bias):
    r, u = np.split(sigmoid(np.concatenate([x, h], 1) @ kernel + bias), 2, 1)
    n = np.tanh(np.concatenate([x, r * h], 1) @ candidate + candidate_bias)
    return u * h + (1 - u) * n


def sequences(rng):
    return rng.standard_normal((2, 5, 3)).astype(np.float32), np.array([5, 3], np.int32)


def test_a_dynamic_rnn_of_lstm_cells_is_the_definition_step_by_step(rng):
    values, lengths = sequences(rng)
    with tf.Graph().as_default(), tf.Session() as session:
        x, n = tf.placeholder(tf.float32, [None, 5, 3]), tf.placeholder(tf.int32, [None])
        outputs, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), x, n, dtype=tf.float32)
        variables = tf.trainable_variables()
        assert [v.name for v in variables] == ["rnn/basic_lstm_cell/kernel:0", "rnn/basic_lstm_cell/bias:0"]
        gradients = tf.gradients(tf.reduce_sum(outputs), variables)
        session.run(tf.global_variables_initializer())
        fetches = [outputs, state, *variables, gradients]
        found, last, kernel, bias, slopes = session.run(fetches, {x: values, n: lengths})
    assert isinstance(state, tf.nn.rnn_cell.LSTMStateTuple) and all(np.any(g) for g in slopes)
    c, h, wanted = np.zeros((2, 4)), np.zeros((2, 4)), []
    for k in range(5):
        lives = (lengths > k)[:, None]
        new = lstm(values[:, k], c, h, kernel, bias)
        c, h = np.where(lives, new[0], c), np.where(lives, new[1], h)
        wanted.append(np.where(lives, new[1], 0))
    np.testing.assert_allclose(found, np.stack(wanted, 1), 1e-4, 1e-6)
    np.testing.assert_allclose([last[0], last[1]], [c, h], 1e-4, 1e-6)


def test_a_static_rnn_of_gru_cells_is_the_definition_step_by_step(rng):
    values, _ = sequences(rng)
    with tf.Graph().as_default(), tf.Session() as session:
        steps = [tf.constant(values[:, k]) for k in range(5)]
        outputs, state = tf.nn.static_rnn(tf.nn.rnn_cell.GRUCell(4), steps, dtype=tf.float32)
        session.run(tf.global_variables_initializer())
        found, last, *weights = session.run([outputs, state, *tf.trainable_variables()])
    h = np.zeros((2, 4))
    assert (weights[1] == 1).all()
    for k in range(5):
        h = gru(values[:, k], h, *weights)
        np.testing.assert_allclose(found[k], h, 1e-4, 1e-6)
    np.testing.assert_array_equal(last, found[-1])


def test_cells_on_top_of_each_other_give_the_same_in_both_ways(rng):
    values, lengths = sequences(rng)
    with tf.Graph().as_default(), tf.Session() as session:
        cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.LSTMCell(4), tf.nn.rnn_cell.BasicRNNCell(2)])
        x = tf.constant(values)
        outputs, state = tf.nn.dynamic_rnn(cell, x, lengths, dtype=tf.float32)
        listed, last = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float32, sequence_length=lengths)
        assert len(tf.trainable_variables()) == 4
        session.run(tf.global_variables_initializer())
        one, other, end, same = session.run([outputs, tf.stack(listed, 1), state[1], last[1]])
    np.testing.assert_allclose(one, other, 1e-5, 1e-7)
    np.testing.assert_allclose(end, same, 1e-5, 1e-7)


def test_rnn_errors():
    cell = tf.nn.rnn_cell.BasicRNNCell(2)
    with tf.Graph().as_default():
        with pytest.raises(tf.errors.InvalidArgumentError, match="initial_state and dtype"):
            tf.nn.dynamic_rnn(cell, tf.zeros([2, 3, 4]))
        with pytest.raises(tf.errors.InvalidArgumentError, match="known features"):
            tf.nn.dynamic_rnn(cell, tf.placeholder(tf.float32, [None, 3, None]), dtype=tf.float32)


def test_rows_of_variables():
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        session.run(tf.global_variables_initializer())
        assert session.run(tf.scatter_update(v, [0, 2], [[9.0, 9.0], [8.0, 8.0]])).tolist() == [[9, 9], [3, 4], [8, 8]]
        assert session.run(tf.scatter_add(v, 0, [1.0, 1.0])).tolist() == [[10, 10], [3, 4], [8, 8]]
        assert session.run(tf.scatter_sub(v, [1, 1], [[1.0, 1.0], [1.0, 1.0]])).tolist() == [[10, 10], [1, 2], [8, 8]]
        assert session.run(tf.scatter_nd_add(v, [[2, 0]], [5.0])).tolist() == [[10, 10], [1, 2], [13, 8]]


def test_print_shows_its_values_when_the_tensor_is_computed(capfd):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2])
        y = tf.Print(x * 2, [x], "x is ", first_n=1)
        assert session.run(y, {x: [1, 2]}).tolist() == [2, 4]
        session.run(y, {x: [3, 4]})
    assert capfd.readouterr().err == "x is [1 2]\n"


def test_threads_stop_together():
    coordinator = tf.train.Coordinator()

    def work(fails):
        with coordinator.stop_on_exception():
            while not coordinator.should_stop():
                if fails:
                    raise ValueError("broken")

    threads = [threading.Thread(target=work, args=(k == 1,)) for k in range(3)]
    for thread in threads:
        thread.start()
    with pytest.raises(ValueError, match="broken"):
        coordinator.join(threads)
    assert not any(t.is_alive() for t in threads)


def test_options_of_a_command_line():
    flags = tf.flags.FlagValues()
    flags.define("steps", 3, "how many", type=int)
    assert flags.steps == 3 and flags(["program", "--steps", "5", "rest"]) == ["program", "rest"] and flags.steps == 5
    flags.steps = 7
    assert flags.flag_values_dict() == {"steps": 7}
    with pytest.raises(AttributeError, match="did you mean 'steps'"):
        flags.step
    with pytest.raises(SystemExit) as ended:
        tf.app.run(lambda argv: len(argv), ["program", "one", "two"])
    assert ended.value.code == 3


def test_files(tmp_path):
    folder = tmp_path / "a" / "b"
    tf.gfile.MakeDirs(folder)
    with tf.gfile.Open(folder / "x.txt", "w") as file:
        file.write("text")
    assert graphengine.io.gfile.glob(folder / "*.txt") == [str(folder / "x.txt")] and tf.gfile.IsDirectory(folder)
    tf.gfile.Copy(folder / "x.txt", folder / "y.txt")
    with pytest.raises(tf.errors.AlreadyExistsError, match="is there already"):
        tf.gfile.Copy(folder / "x.txt", folder / "y.txt")
    assert sorted(tf.gfile.ListDirectory(folder)) == ["x.txt", "y.txt"]
    tf.gfile.DeleteRecursively(tmp_path / "a")
    assert not tf.gfile.Exists(folder)


class Comparisons(graphengine.test.TestCase):
    def test_values(self):
        x = graphengine.constant([1.0, 2.0])
        self.assertAllClose(x * 3, [3.0, 6.0])
        self.assertAllEqual({"a": x}, {"a": [1.0, 2.0]})
        self.assertAllInRange(x, 1.0, 2.0)
        self.assertNotAllClose(x, x + 1e-3)
        self.assertAllCloseAccordingToType(x, x + 1e-7)
        with self.assertRaises(AssertionError):
            self.assertAllClose(x, [1.0, 2.1])
        with self.assertRaises(AssertionError):
            self.assertAllEqual(x, [[1.0, 2.0]])
        with self.assertRaisesOpError("inner sizes differ"):
            graphengine.matmul(np.ones((2, 3)), np.ones((2, 3)))

    def test_a_graph(self):
        with self.session() as session:
            x = graphengine.placeholder(graphengine.float32, [])
            self.assertEqual(session.run(x * 2, {x: 2.0}), 4.0)
            self.assertAllClose(graphengine.fill([2], 0.5), [0.5, 0.5])
            self.assertEqual(self.evaluate(graphengine.constant(3) + 4), 7)


def test_the_version_is_that_of_the_package():
    assert graphengine.__version__ == graphengine.version.VERSION


def test_rnn_over_no_steps_gives_its_first_state():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, None, 3])
        start = tf.placeholder(tf.float32, [None, 2])
        y, last = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicRNNCell(2), x, initial_state=start)
        session.run(tf.global_variables_initializer())
        found = session.run([y, last], {x: np.zeros((2, 0, 3)), start: [[1.0, 2.0], [3.0, 4.0]]})
        assert found[0].shape == (2, 0, 2)
        assert found[1].tolist() == [[1, 2], [3, 4]]


def test_rnn_calls_its_cell_once_a_step():
    class Counting(tf.nn.rnn_cell.RNNCell):
        state_size = output_size = 2

        def __init__(self):
            super().__init__()
            self.calls = graphengine.Variable(0)

        def call(self, inputs, state):
            self.calls.assign_add(1)
            return state + 1.0, state + 1.0

    cell = Counting()
    last = tf.function(lambda x: tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)[1])(np.zeros((1, 4, 3), "f4"))
    assert last.numpy().tolist() == [[4, 4]]
    assert cell.calls.numpy() == 4


def test_options_defined_late_and_switched_off():
    flags = tf.flags.FlagValues()
    flags.define("early", 1, "100% of it", type=int)
    assert flags(["program", "--early=3", "--late=7", "--nodebug"], known_only=True)[1:] == ["--late=7", "--nodebug"]
    flags.early = 4
    flags.define("late", 2, None, type=int)
    flags.define("debug", True, None, type=tf.flags._truth, nargs="?", const=True)
    assert flags.flag_values_dict() == {"early": 4, "late": 7, "debug": False}
    assert flags(["program", "--debug"]) == ["program"] and flags.debug is True
    assert "100% of it" in flags.__dict__["_parser"].format_help()


@pytest.mark.parametrize("call", ["GFile", "listdir", "remove", "rmtree", "stat"])
def test_missing_files_are_told_by_both_errors(tmp_path, call):
    with pytest.raises(tf.errors.NotFoundError, match="nobody") as caught:
        getattr(graphengine.io.gfile, call)(tmp_path / "nobody")
    assert isinstance(caught.value, FileNotFoundError) and caught.value.errno == 2


@pytest.mark.parametrize(("number", "name", "function"), [
    (0, "bilinear", "bilinear"), (1, "nearest", "nearest_neighbor"), (2, "bicubic", "bicubic"), (3, "area", "area")])
def test_images_of_another_size_are_those_of_tensorflow_1(number, name, function):
    """Pixels are points: recorded numbers stand beside the four functions, one for each method."""
    v1 = tf.compat.v1.image
    images = np.sin(np.arange(60, dtype=np.float32)).reshape(1, 5, 6, 2)
    for align in (False, True):
        wanted = getattr(v1, f"resize_{function}")(images, [3, 8], align)
        for method in (number, name):
            np.testing.assert_array_equal(v1.resize_images(images, [3, 8], method, align), wanted)
        np.testing.assert_array_equal(v1.resize(images[0], [3, 8], number, align), wanted[0])
    assert v1.resize_images(images, [10, 3], number, preserve_aspect_ratio=True).shape == (1, 2, 3, 2)
    np.testing.assert_array_equal(v1.resize_images(images, [5, 6], number), images)
    with pytest.raises(ValueError, match="resize_images: method=7"):
        v1.resize_images(images, [3, 8], 7)


def test_options_that_are_given_several_times():
    flags = tf.flags
    flags.DEFINE_multi_string("several_word", "one", "words")
    flags.DEFINE_multi_integer("several_count", [1, 2])
    flags.DEFINE_multi_float("several_share", None)
    assert flags.FLAGS(["program", "--several_count=5", "rest", "--several_count=-6"]) == ["program", "rest"]
    assert (flags.FLAGS.several_word, flags.FLAGS.several_count, flags.FLAGS.several_share) == (["one"], [5, -6], None)
