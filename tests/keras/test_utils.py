"""keras.utils and keras.datasets."""
import json
import pathlib
import random
import xml.etree.ElementTree

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.errors import AttributeValueError, FileFormatError, InvalidArgumentError, NotFoundError, ShapeError
from graphengine.keras import datasets, utils
from graphengine.keras.preprocessing import sequence
from graphengine.keras.utils import progress

# What Keras 3.15.1 writes for these updates: steps done, seconds since the last update, values.
BARS = json.loads((pathlib.Path(__file__).parent / "progress.json").read_text())
UPDATES = {
    "bar": ({"target": 20}, [(1, 0.5, [("loss", 1.25)]), (7, 3.0, [("loss", 0.75), ("acc", 0.5)]),
                             (9, 0.01, [("loss", 3.0)]), (20, 0.002, [("loss", 0.00025), ("acc", 1.0)])]),
    "means": ({"target": 3, "stateful_metrics": ["acc"], "interval": 0},
              [(k, 0.01, [("loss", float(k)), ("acc", k / 10)]) for k in (1, 2, 3)]),
    "line": ({"target": 10, "verbose": 2, "stateless_metrics": []},
             [(5, 1.5, [("loss", 1.0)]), (10, 90.0, [("loss", -0.5), ("b", 12345.678)])]),
    "open": ({"target": None, "interval": 0}, [(1, 0.2, [("loss", 1.0)]), (2, 0.2, [("loss", 2.0)])]),
    "long": ({"target": 1000, "width": 10, "unit_name": "sample"},
             [(1, 10.0, []), (2, 10.0, []), (500, 2000.0, [("x", -1e-9)]), (1000, 7000.0, [])]),
    "silent": ({"target": 2, "verbose": 0}, [(2, 1.0, [("a", 1.0)])]),
}


@pytest.mark.parametrize("name", UPDATES)
def test_bar_writes_what_keras_writes(name, capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "time", lambda: now[0])
    settings, updates = UPDATES[name]
    bar = utils.Progbar(**settings)
    for current, seconds, values in updates:
        now[0] += seconds
        bar.update(current, values)
    assert capsys.readouterr().out == BARS[name]


def test_bar_counts_on(capsys):
    bar = utils.Progbar(3, verbose=2)
    for _ in range(3):
        bar.add(1, [("a", 1.0)])
    assert capsys.readouterr().out.startswith("3/3 - ")
    with pytest.raises(ValueError, match="both"):
        utils.Progbar(3, stateful_metrics=[], stateless_metrics=[])


def test_to_categorical():
    eye = np.eye(3)
    np.testing.assert_array_equal(utils.to_categorical([0, 2, 1]), eye[[0, 2, 1]])
    np.testing.assert_array_equal(utils.to_categorical([[0], [1]], 3), eye[[0, 1]])
    np.testing.assert_array_equal(utils.to_categorical([[0, 1], [2, 0]]), eye[[[0, 1], [2, 0]]])
    assert utils.to_categorical([], 4).shape == (0, 4) and utils.to_categorical(2, 3).tolist() == [0, 0, 1]
    found = utils.to_categorical(tf.constant([[2], [0]]), 3)
    assert found.dtype is tf.float32
    np.testing.assert_array_equal(found, eye[[2, 0]])
    for numbers in ([3], [-1]):
        with pytest.raises(InvalidArgumentError, match="outside"):
            utils.to_categorical(numbers, 3)
    with pytest.raises(InvalidArgumentError, match="num_classes"):
        utils.to_categorical(tf.constant([1]))


@pytest.mark.parametrize("order", [1, 2, np.inf])
@pytest.mark.parametrize("axis", [0, -1])
def test_normalize(rng, order, axis):
    x = rng.standard_normal((3, 4)).astype("float32")
    x[1] = 0
    x[:, 2] = 0
    length = np.linalg.norm(x, order, axis, keepdims=True)
    expected = x / np.where(length == 0, 1, length)
    np.testing.assert_allclose(utils.normalize(x, axis, order), expected, rtol=1e-6)
    np.testing.assert_allclose(utils.normalize(tf.constant(x), axis, order), expected, rtol=1e-5)


def test_pad_sequences():
    rows = [[1], [2, 3], [4, 5, 6], []]
    assert utils.pad_sequences(rows).tolist() == [[0, 0, 1], [0, 2, 3], [4, 5, 6], [0, 0, 0]]
    found = utils.pad_sequences(rows, 2, "float32", padding="post", truncating="post", value=-1)
    assert found.dtype == np.float32 and found.tolist() == [[1, -1], [2, 3], [4, 5], [-1, -1]]
    assert utils.pad_sequences(rows, 2).tolist() == [[0, 1], [2, 3], [5, 6], [0, 0]]
    assert utils.pad_sequences([np.ones((1, 2)), np.ones((2, 2))]).shape == (2, 2, 2)
    with pytest.raises(AttributeValueError):
        utils.pad_sequences(rows, padding="both")
    with pytest.raises(ShapeError):
        utils.pad_sequences([np.ones((1, 2)), np.ones((2, 3))])


def test_split_dataset():
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    (_, y0), (x1, y1) = utils.split_dataset((x, y), left_size=0.7)
    assert len(y0) == 7 and len(y1) == 3 and x1.tolist() == x[7:].tolist() and y0.tolist() == y[:7].tolist()
    left, right = utils.split_dataset(y, right_size=4)
    assert left.tolist() == y[:6].tolist() and right.tolist() == y[6:].tolist()
    (a, b), (c, d) = utils.split_dataset((x, y), 3, 0.5, shuffle=True, seed=1)
    assert len(b) == 3 and len(d) == 5 and (a[:, 0] == 2 * b).all() and (c[:, 0] == 2 * d).all()
    assert utils.split_dataset(y, 3, shuffle=True, seed=1)[0].tolist() == b.tolist()
    assert not set(b) & set(d)
    with pytest.raises(InvalidArgumentError, match="neither"):
        utils.split_dataset(y)
    for sizes in ((0, None), (1.0, None), (10, None), (None, 11), (6, 5), (0.6, 0.6)):
        with pytest.raises(AttributeValueError):
            utils.split_dataset(y, *sizes)


def test_seed_rules_everything_random():
    def drawn():
        utils.set_random_seed(7)
        numbers = np.random.rand(2).tolist(), random.random(), tf.random.normal([2]).numpy().tolist()  # noqa: NPY002
        return numbers, keras.initializers.GlorotUniform()((2, 2)).numpy().tolist()

    assert drawn() == drawn()
    with pytest.raises(InvalidArgumentError):
        utils.set_random_seed("7")
    utils.set_random_seed(0)
    tf.random.set_seed(None)


def test_mnist_is_read_from_a_file_of_this_machine(tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / "datasets").mkdir(parents=True)
    monkeypatch.setenv("KERAS_HOME", str(home))
    with pytest.raises(NotFoundError, match="nothing is fetched"):
        datasets.mnist.load_data("absent.npz")
    with pytest.raises(NotFoundError) as refused:
        datasets.mnist.load_data(tmp_path / "absent.npz")
    assert str(refused.value).count("absent.npz") == 1
    arrays = {f"{name}_{part}": np.full((n, *size), n, np.uint8)
              for part, n in (("train", 3), ("test", 2)) for name, size in (("x", (28, 28)), ("y", ()))}
    np.savez(home / "datasets" / "small.npz", **arrays)
    for path in ("small.npz", home / "datasets" / "small.npz"):
        (x, y), (x_test, y_test) = datasets.mnist.load_data(path)
        assert x.shape == (3, 28, 28) and y.tolist() == [3, 3, 3]
        assert x_test.shape == (2, 28, 28) and y_test.tolist() == [2, 2]
    np.savez(tmp_path / "less.npz", x_train=arrays["x_train"])
    np.save(tmp_path / "array.npy", arrays["x_train"])
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 no archive")
    for name in ("less.npz", "array.npy", "broken.npz"):
        with pytest.raises(FileFormatError, match="x_train"):
            datasets.mnist.load_data(tmp_path / name)


def test_names_that_are_elsewhere():
    with pytest.raises(AttributeError, match="network"):
        utils.get_file
    with pytest.raises(AttributeError, match="does not come with the package"):
        datasets.cifar10
    with pytest.raises(AttributeError, match="'iris'"):
        datasets.irises
    assert utils.Sequence is utils.PyDataset
    with pytest.raises(NotImplementedError, match="__len__"):
        len(utils.PyDataset())


@pytest.mark.parametrize("name, rows, columns, classes", [
    ("iris", 150, (4,), 3), ("digits", 1797, (8, 8), 10), ("wine", 178, (13,), 3), ("breast_cancer", 569, (30,), 2),
    ("diabetes", 442, (10,), None),
])
def test_datasets(name, rows, columns, classes):
    module = getattr(datasets, name)
    (x, y), (x_test, y_test) = module.load_data()
    assert x.shape[1:] == x_test.shape[1:] == columns and len(x) == len(y) == int(0.8 * rows)
    assert len(x) + len(x_test) == len(y) + len(y_test) == rows
    assert np.isfinite(x).all()
    if classes:
        assert set(y.tolist()) == set(y_test.tolist()) == set(range(classes))
    if hasattr(module, "FEATURES"):
        assert len(module.FEATURES) == columns[0]
    (again, _), (rest, _) = module.load_data(test_split=0.0, seed=5)
    assert len(again) == rows and len(rest) == 0
    assert sorted(map(bytes, again)) == sorted(map(bytes, np.concatenate([x, x_test])))
    with pytest.raises(AttributeValueError):
        module.load_data(test_split=1.0)


# -------------------------------------------------------------------- pictures

def drawn(model, tmp_path, **how):
    text = utils.plot_model(model, tmp_path / "model.svg", **how)
    assert (tmp_path / "model.svg").read_text(encoding="utf-8") == text
    root = xml.etree.ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    words = [t.text for t in root.iter(f"{space}text")]
    return words, len(list(root.iter(f"{space}path"))), root


@pytest.fixture
def branched():
    x = keras.Input(shape=(4,), name="x")
    return keras.Model(x, tf.nn.relu(x) * 2.0 + x, name="branched")


def test_picture_of_a_model(branched, tmp_path):
    words, lines, root = drawn(branched, tmp_path, show_shapes=True, show_dtype=True, show_layer_names=True)
    assert words[0] == "x (InputLayer)" and "Output shape: (None, 4)" in words and "Output dtype: float32" in words
    assert lines == 4                       # x to relu and to the sum, relu to the product, that to the sum
    assert float(root.get("height")) > float(root.get("width"))
    wide = drawn(branched, tmp_path, rankdir="LR")[2]
    assert float(wide.get("width")) > float(wide.get("height"))


def test_picture_wants_what_it_can_draw(branched, tmp_path):
    for wrong in ({"to_file": "model.gif"}, {"rankdir": "XY"}):
        with pytest.raises(InvalidArgumentError):
            utils.plot_model(branched, **{"to_file": tmp_path / "m.svg", **wrong})
    with pytest.raises(InvalidArgumentError, match="shape of its input"):
        utils.plot_model(keras.Sequential([]), tmp_path / "m.svg")


def test_timeseries_generator():
    """Values of Keras 3.15."""
    data = np.arange(20).reshape(10, 2)
    made = sequence.TimeseriesGenerator(data, np.arange(10), length=4, sampling_rate=2, stride=2, batch_size=2,
                                        start_index=1, reverse=True)
    assert len(made) == 2
    x, y = made[0]
    assert x.tolist() == [[[6, 7], [2, 3]], [[10, 11], [6, 7]]] and y.tolist() == [5, 7]
    x, y = made[1]
    assert x.tolist() == [[[14, 15], [10, 11]]] and y.tolist() == [9]
    assert json.loads(made.to_json())["config"]["length"] == 4
    mixed = sequence.TimeseriesGenerator(data, data, length=3, shuffle=True, batch_size=5)[0]
    assert mixed[0].shape == (5, 3, 2) and (mixed[1][:, 0] - mixed[0][:, -1, 0] == 2).all()
    with pytest.raises(ValueError, match="10 steps of data, 3 targets"):
        sequence.TimeseriesGenerator(data, [1, 2, 3], 2)
    with pytest.raises(ValueError, match="smaller length"):
        sequence.TimeseriesGenerator(data, data, 10)


def test_skipgrams_are_those_of_keras():
    random.seed(4)
    pairs, labels = sequence.skipgrams([3, 0, 1, 2], 5, window_size=2, seed=1)
    assert pairs == [[2, 1], [2, 2], [1, 3], [3, 4], [1, 1], [3, 1], [1, 4], [1, 2]]
    assert labels == [1, 0, 1, 0, 0, 1, 0, 1]
    random.seed(4)
    table = sequence.make_sampling_table(5, 0.3)
    np.testing.assert_allclose(table, [0.5459853, 0.5459853, 0.9484663, 1.0, 1.0], rtol=1e-6)
    pairs, labels = sequence.skipgrams([3, 4, 1, 2], 5, 1, 0.5, categorical=True, sampling_table=table, shuffle=False)
    assert pairs == [[3, 4], [4, 3], [4, 1], [1, 4], [1, 2], [2, 1], [1, 1], [4, 2], [4, 3]]
    assert labels == [[0, 1]] * 6 + [[1, 0]] * 3


# -------------------------------------------------------------------- symbols, names, logs

def test_symbols_and_their_inputs():
    x, y = keras.Input((3,), name="x"), keras.Input((3,), name="y")
    z = keras.layers.Dense(2)(keras.ops.add(x, y * 2.0)) + 1.0
    assert utils.get_source_inputs(z) == [x, y]
    assert utils.get_source_inputs(x) == [x]
    assert utils.get_source_inputs(3) == 3
    assert [utils.is_keras_tensor(v) for v in (z, x, tf.ones(2), np.ones(2), keras.Variable([1.0]))] == [
        True, True, False, False, False]


@pytest.mark.parametrize(("given", "name"), [
    (None, "float32"), (int, "int64"), (float, "float32"), (bool, "bool"), ("int", "int64"), ("bfloat16", "bfloat16"),
    (np.float64, "float64"), (np.dtype("int8"), "int8"), (tf.float16, "float16"),
])
def test_dtypes_by_name(given, name):
    assert utils.standardize_dtype(given) == name


def test_no_dtype():
    with pytest.raises(ValueError, match="'float' is no dtype"):
        utils.standardize_dtype("float")


def test_batches_packed():
    assert utils.pack_x_y_sample_weight(1) == 1
    assert utils.pack_x_y_sample_weight([1]) == ([1],)
    assert utils.pack_x_y_sample_weight(1, 2) == (1, 2)
    assert utils.pack_x_y_sample_weight(1, 2, 3) == (1, 2, 3)


def test_what_training_says_goes_to_the_log(capsys, caplog):
    assert keras.config.is_interactive_logging_enabled()
    utils.disable_interactive_logging()
    try:
        with caplog.at_level("INFO", logger="graphengine"):
            progress.print_message("said")
        assert not keras.config.is_interactive_logging_enabled()
    finally:
        keras.config.enable_interactive_logging()
    assert caplog.messages == ["said"]
    caplog.clear()
    progress.print_message("said")
    assert capsys.readouterr().out == "said\n"


def test_config():
    config = utils.Config(rate=0.1)
    config.seed = 3
    config["name"] = "run"
    assert (config.rate, config["seed"], len(config), "name" in config) == (0.1, 3, 3, True)
    assert list(config) == ["name", "rate", "seed"]
    assert config.as_dict() == {"rate": 0.1, "seed": 3, "name": "run"} == json.loads(config.to_json())
    config.update(seed=4)
    assert (config.pop("name"), config.get("name"), config.get("seed")) == ("run", None, 4)
    assert repr(config) == "<Config {'rate': 0.1, 'seed': 4}>"
    config.freeze()
    assert config.frozen
    for change in (lambda: config.update(rate=1), lambda: config.pop("rate"), lambda: setattr(config, "rate", 1)):
        with pytest.raises(ValueError, match="frozen"):
            change()
    config.unfreeze()
    del config["rate"]
    with pytest.raises(AttributeError, match="did you mean 'seed'"):
        _ = config.sead


def test_a_model_for_graphviz(tmp_path):
    x = keras.Input((3,), name="x")
    dense = keras.layers.Dense(2, name="dense")
    model = keras.Model(x, keras.layers.Add(name="add")([dense(x), dense(x)]), name="net")
    dot = utils.model_to_dot(model, show_shapes=True, rankdir="LR")
    text = dot.to_string()
    assert text.startswith('digraph G {\nrankdir="LR";')
    assert 'label="{dense (Dense)|Input shape: (None, 3)|Output shape: (None, 2)}"' in text
    assert text.count(" -> ") == 4
    assert xml.etree.ElementTree.fromstring(dot.create(format="svg")).tag.endswith("svg")
    assert dot.write(tmp_path / "m.dot") and (tmp_path / "m.dot").read_text() == text
    assert utils.model_to_dot(model, subgraph=True).to_string().startswith('subgraph "cluster_net" {')
    with pytest.raises(AttributeValueError, match="svg, dot or raw"):
        dot.create(format="pdf")


def test_versions_and_backend():
    assert keras.version() == keras.__version__
    assert keras.__version__.startswith("3.")
    assert keras.backend.backend() == "tensorflow"


def test_a_variable_has_a_value_and_tapes_know_it():
    w = keras.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(w.value * w.value)
    np.testing.assert_array_equal(tape.gradient(y, w), [2.0, 4.0])
    w.assign([3.0, 4.0])
    np.testing.assert_array_equal(w.value, [3.0, 4.0])
    np.testing.assert_array_equal(w.value.numpy(), [3.0, 4.0])
