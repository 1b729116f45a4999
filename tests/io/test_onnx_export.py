"""ONNX files that are written: each op and whole models against the standard's checker and its reference evaluator."""
from __future__ import annotations

import errno
import functools
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from checks import assert_close, cases, placed, wanted

import graphengine as tf
from graphengine import config, keras
from graphengine.errors import InvalidArgumentError, NotFoundError, UnimplementedError
from graphengine.io import files, onnx_write
from graphengine.io.onnx_write import NotExportedError
from graphengine.keras import layers
from graphengine.ops import OPS
from graphengine.ops.kinds import Control
from graphengine.tools.export import export_file

onnx = pytest.importorskip("onnx")
from onnx.reference import ReferenceEvaluator  # noqa: E402
from onnx.reference.ops import op_loop  # noqa: E402

DTYPES = ("float32", "int64", "bool")

# What the evaluator itself does otherwise, by the beginning of a sample's label.
OF_THE_EVALUATOR = {
    "softsign-2": "takes no tensor without axes",
    "fourier-4": "transforms no axis without elements",
    "max_pool-2": "pads one axis wrongly",
    "convolution_input_gradient-3": "mixes up groups of a transposed convolution",
}
ORDERING = {"arg_reduce", "argmax", "argmin", "argsort", "argsort_rows", "sort", "top_k"}   # NaN is left open

# Ops that no samples export: what ONNX lacks.
LACKING = {
    "bitcast", "cholesky", "cholesky_solve", "combined_non_max_suppression", "convolution_filter_gradient",
    "convolution_like", "convolve", "convolve_filter", "digamma", "eigh", "eigh_rows", "eigvalsh", "finished", "inv",
    "largest_of_windows", "largest_of_windows_back", "largest_of_windows_pick", "lgamma", "logdet", "lstsq",
    "lu_factor", "lu_inverse", "lu_solve", "matrix_rank", "max_pool_gradient", "max_pool_pick", "nextafter", "pinv",
    "qr", "qr_gradient", "slogdet", "solve", "svd", "svd_rows", "triangular_solve", "triangular_solve_stack",
}


@pytest.fixture(autouse=True)
def stacking_loops(monkeypatch):
    """The standard has what a loop collects stacked along a new axis; the evaluator joins it along the first one."""
    def stacked(rows):
        return np.stack(rows) if rows else np.zeros(0, "f4")

    monkeypatch.setattr(op_loop, "np", SimpleNamespace(array=np.array, empty=np.empty, vstack=stacked))


def evaluated(path, feeds):
    """What the checked model in a file gives, by the names of its outputs."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")     # of numpy, about means of nothing and the like
        found = ReferenceEvaluator(model).run(None, feeds)
    return dict(zip((o.name for o in model.graph.output), found, strict=True))


# -------------------------------------------------------------------- every op

@functools.cache
def exported_cases():
    """By category the samples of its ops in the types that models have."""
    found = {}
    for case in cases():
        is_first = f"{case.op.name}-0-" in case.label       # of its samples: it comes in each type, the rest in float32
        is_wanted = case.dtype.name == "float32" or (is_first and case.dtype.name in DTYPES)
        has_nan = any(a.dtype.kind == "f" and np.isnan(a).any() for a in case.arrays()) if is_wanted else False
        if is_wanted and not (has_nan and case.op.name in ORDERING) and not case.label.startswith(
                tuple(OF_THE_EVALUATOR)):
            found.setdefault(case.op.category, []).append(case)
    return found


def read_back(path, feeds):
    """What our own reader and a session make of a file."""
    graph, outputs = tf.load(path), [o.name.replace(":", "_") for o in onnx.load(path).graph.output]
    with config.override(tier="interpreter"):   # kernels are compared with it elsewhere
        return tf.Session(graph).run(outputs, feeds)


def exported(case, arrays, shapes, path):
    """Whether a sample can be written; the inputs' names."""
    node = placed(case.op, arrays, shapes)
    try:
        node.graph.save(path, node.outputs)
    except NotExportedError:
        return None
    return [n.name for n in node.graph.nodes[:len(arrays)]]


@pytest.mark.parametrize("category", sorted({cls.category for cls in OPS.values() if cls.samples} - {"Random"}))
def test_each_op_gives_what_the_evaluator_gives(category, tmp_path):
    path, written, tried = tmp_path / "m.onnx", set(), set()
    for case in exported_cases().get(category, ()):
        arrays = case.arrays()
        tried.add(case.op.name)
        names = exported(case, arrays, None, path)
        if names is None:
            continue
        written.add(case.op.name)
        tf.load(path)
        found = evaluated(path, dict(zip(names, arrays, strict=True)))
        for got, want in zip(found.values(), wanted(case.op, arrays), strict=True):
            assert_close(got, want, 50, case.label)
    dynamic = {name for name in tried if OPS[name].kind == "Dynamic"}
    assert tried - written - dynamic == (LACKING & tried) - dynamic


@pytest.mark.parametrize("category", ["Activation", "Arithmetic", "Shape", "Indexing", "Reduction", "Convolution"])
def test_sizes_that_are_not_known_follow_from_the_inputs(category, tmp_path):
    path, count = tmp_path / "m.onnx", 0
    for case in exported_cases()[category]:
        arrays = case.arrays()
        if case.dtype.name != "float32" or not any(a.ndim for a in arrays):
            continue
        shapes = [[None if k == 0 and s != 1 else s for k, s in enumerate(a.shape)] for a in arrays]
        try:
            names = exported(case, arrays, shapes, path)
        except tf.errors.GraphEngineError:
            continue                        # an op that wants to know the size
        if names is not None:
            feeds = dict(zip(names, arrays, strict=True))
            found = evaluated(path, feeds)
            for got, want in zip(found.values(), wanted(case.op, arrays), strict=True):
                assert_close(got, want, 50, case.label)
            if f"{case.op.name}-0-" in case.label:
                for got, want in zip(read_back(path, feeds), wanted(case.op, arrays), strict=True):
                    assert_close(got, want, 50, case.label)
            count += 1
    assert count > 20


# -------------------------------------------------------------------- models

def mlp():
    return keras.Sequential([keras.Input((8,)), layers.Dense(6, activation="relu"), layers.Dense(3),
                             layers.Softmax()])


def cnn():
    return keras.Sequential([
        keras.Input((8, 8, 3)), layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
        layers.BatchNormalization(), layers.SeparableConv2D(4, 3, padding="same"), layers.MaxPooling2D(2),
        layers.Conv2DTranspose(2, 3, strides=2, padding="same"), layers.AveragePooling2D(3, 1, padding="same"),
        layers.Dropout(0.5), layers.Flatten(), layers.Dense(3)])


def lstm():
    return keras.Sequential([keras.Input((5, 3)), layers.LSTM(4, return_sequences=True), layers.GRU(3)])


def words():
    return keras.Sequential([
        keras.Input((5,), dtype="int32"), layers.Embedding(7, 4, mask_zero=True), layers.Bidirectional(layers.LSTM(3)),
        layers.Dense(2)])


def transformer():
    x = keras.Input((None, 8))
    h = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    return keras.Model(x, h + layers.Dense(8)(layers.Dense(16, activation="gelu")(h)))


MODELS = {mlp: (4, 8), cnn: (2, 8, 8, 3), lstm: (2, 5, 3), words: (3, 5), transformer: (2, 6, 8)}


@pytest.mark.parametrize("make", MODELS)
def test_models_answer_the_same(make, rng, tmp_path):
    model, path = make(), tmp_path / "m.onnx"
    shape = MODELS[make]
    x = rng.integers(0, 7, shape).astype("i4") if make is words else rng.normal(size=shape).astype("f4")
    model.export(path, format="onnx")
    name, = (i.name for i in onnx.load(path).graph.input)
    expected = np.asarray(model(x))
    np.testing.assert_allclose(evaluated(path, {name: x})["output_0"], expected, rtol=1e-4, atol=1e-5)
    assert onnx.load(path).graph.input[0].type.tensor_type.shape.dim[0].dim_param == f"{name}_0"
    graph, more = tf.load(path), np.concatenate([x, x[:1]])
    back, longer = (tf.Session(graph).run("output_0", {name: given}) for given in (x, more))
    np.testing.assert_allclose(back, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(longer, np.asarray(model(more)), rtol=1e-4, atol=1e-5)
    assert not any(isinstance(n.op, Control) and n.op.is_stepped for n in graph.nodes), "loops are compiled whole"


def test_what_a_model_gives_keeps_its_keys(tmp_path):
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    model = keras.Model({"a": a, "b": b}, {"sum": layers.Dense(1)(a) + layers.Dense(1)(b), "same": a})
    model.export(tmp_path / "m.onnx", format="onnx")
    feeds = {"a": np.ones((4, 3), "f4"), "b": np.ones((4, 2), "f4")}
    found = evaluated(tmp_path / "m.onnx", feeds)
    np.testing.assert_allclose(found["sum"], np.asarray(model(feeds)["sum"]), rtol=1e-5)
    np.testing.assert_array_equal(found["same"], feeds["a"])


# -------------------------------------------------------------------- graphs

def line():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        w = tf.Variable([[1.0], [2.0]], name="w")
        tf.add(x @ w, 0.5, name="layer/y")
    return graph


def test_sizes_that_only_numbers_tell(tmp_path, rng):
    """Of a model in ONNX they are sizes like others; halves of a size not known, which are ranges, too."""
    x = rng.normal(size=(6, 4)).astype("f4")
    with tf.Graph().as_default() as graph:
        given = tf.placeholder(tf.float32, [None, None], name="x")
        half = tf.shape(given)[0] // 2
        graph.save(tmp_path / "m.onnx", {
            "half": tf.nn.relu(given[:half]) @ tf.transpose(given[half:]), "places": tf.where(given > 0),
            "rows": tf.boolean_mask(given, given[:, 0] > 0) * 2.0,
            "counts": tf.math.bincount(tf.cast(tf.abs(given) * 3.0, tf.int32))})
    wanted = [np.maximum(x[:3], 0) @ x[3:].T, np.argwhere(x > 0), x[x[:, 0] > 0] * 2,
              np.bincount((np.abs(x) * 3).astype(int).ravel())]
    for got, back, want in zip(evaluated(tmp_path / "m.onnx", {"x": x}).values(),
                               read_back(tmp_path / "m.onnx", {"x": x}), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5)
        np.testing.assert_allclose(back, want, rtol=1e-5)


def test_names_of_nodes_and_values_of_variables_are_kept(tmp_path):
    graph, path = line(), tmp_path / "m.onnx"
    x = np.array([[1, 1], [2, 3]], "f4")
    graph.save(path)
    assert [n.name for n in onnx.load(path).graph.node] == ["matmul", "layer/y"]
    weight = onnx.load(path).graph.initializer[0]
    assert (weight.name, list(weight.dims)) == ("w", [2, 1])
    np.testing.assert_array_equal(evaluated(path, {"x": x})["layer/y"], [[3.5], [8.5]])
    session = tf.Session(graph)
    session.load_variables({"w": np.array([[0.0], [1.0]], "f4")})
    graph.save(path, ["layer/y"], session)
    np.testing.assert_array_equal(evaluated(path, {"x": x})["layer/y"], [[1.5], [3.5]])
    with pytest.raises(InvalidArgumentError, match="that of another graph"):
        graph.save(path, session=tf.Session(tf.Graph()))
    with pytest.raises(InvalidArgumentError, match="for names that end with"):
        graph.save(tmp_path / "m.graph.json", ["layer/y"])


def test_of_a_graph_that_is_trained_the_loss_is_what_nobody_reads(tmp_path):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        y = tf.matmul(x, tf.Variable(tf.ones([2, 1]), name="w"), name="y")
        step = tf.compat.v1.train.AdamOptimizer(0.1).minimize(tf.reduce_mean(y * y, name="loss"))
        session = tf.Session()
        session.run(tf.global_variables_initializer())
        session.run(step, {x: np.ones((3, 2))})
        weights = session.run("w:0")
    graph.save(tmp_path / "m.onnx", session=session)
    found = evaluated(tmp_path / "m.onnx", {"x": np.array([[1, 2]], "f4")})
    wanted = np.array([1, 2], "f4") @ weights
    assert list(found) == ["loss"]
    np.testing.assert_allclose(found["loss"], wanted.item() ** 2, rtol=1e-6)
    with pytest.raises(InvalidArgumentError, match="'Adam' gives no results"):
        graph.save(tmp_path / "m.onnx", [step], session)


def test_two_sizes_never_get_one_name(tmp_path):
    with tf.Graph().as_default() as graph:
        a, b, c = (tf.placeholder(tf.float32, [None], name=name) for name in ("a_b", "a/b", "a_b_0"))
        total = tf.add_n([tf.reduce_sum(t) for t in (a, b, c)], name="total")
    graph.save(tmp_path / "m.onnx", [total])
    sizes = [i.type.tensor_type.shape.dim[0].dim_param for i in onnx.load(tmp_path / "m.onnx").graph.input]
    assert len(set(sizes)) == 3 and all(sizes)
    feeds = {"a_b": np.ones(1, "f4"), "a/b": np.ones(3, "f4"), "a_b_0": np.ones(2, "f4")}
    found = evaluated(tmp_path / "m.onnx", feeds)
    assert found["total"] == 6


def test_outputs_may_be_inputs_constants_or_the_same_twice(tmp_path):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2], name="x")
        same = tf.stop_gradient(x, name="same")
        again = tf.stop_gradient(x, name="again")
        graph.save(tmp_path / "m.onnx", [x, same, again, tf.constant([1, 2], name="c")])
    found = evaluated(tmp_path / "m.onnx", {"x": np.array([3, 4], "f4")})
    assert {name: y.tolist() for name, y in found.items()} == {
        "x_1": [3, 4], "same": [3, 4], "again": [3, 4], "c": [1, 2]}


def test_loops_and_choices(tmp_path):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None], name="x")
        _, doubled = tf.while_loop(lambda k, y: tf.reduce_max(y) < 50, lambda k, y: (k + 1, y * 2), (0, x))
        sums = tf.scan(lambda total, y: total + y, x, reverse=True)
        chosen = tf.cond(x[0] > 0, lambda: tf.cond(x[1] > 5, lambda: x, lambda: x + 1), lambda: -x)
        graph.save(tmp_path / "m.onnx", [doubled, sums, chosen])
    for values in ([1, 2, 3], [1, 9, 3, 4], [-1, 2]):
        x = np.array(values, "f4")
        first, second, third = evaluated(tmp_path / "m.onnx", {"x": x}).values()
        factor = 2.0 ** np.ceil(np.log2(50 / x.max()))
        np.testing.assert_allclose(first, x * factor)
        np.testing.assert_allclose(second, np.cumsum(x[::-1])[::-1])
        np.testing.assert_allclose(third, -x if x[0] < 0 else x if x[1] > 5 else x + 1)
        for got, want in zip(read_back(tmp_path / "m.onnx", {"x": x}), (first, second, third), strict=True):
            np.testing.assert_allclose(got, want)


@pytest.mark.parametrize("name", ["a b", "a:0 ö\n", "\udc80", "x" * 5000])
def test_any_name_is_one_of_the_file(name, tmp_path):
    with tf.Graph().as_default() as graph:
        graph.add(tf.identity(tf.placeholder(tf.float32, [1], name="x")).op.op, [graph.as_tensor("x")], name + "/")
    graph.save(tmp_path / "m.onnx", [graph.nodes[-1].outputs[0]])
    found, = evaluated(tmp_path / "m.onnx", {"x": np.ones(1, "f4")}).values()
    assert found == [1]


# -------------------------------------------------------------------- what is not written

def test_all_nodes_without_a_form_are_named_and_nothing_is_written(tmp_path):
    path = tmp_path / "m.onnx"
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [3, 3], name="x")
        y = tf.math.lgamma(x, name="first") + tf.linalg.cholesky(x, name="second")
        graph.save(path, [tf.identity(x)])
        before = path.read_bytes()
        with pytest.raises(NotExportedError, match=r"first: ONNX has no operator for lgamma; second: .* cholesky") as e:
            graph.save(path, [y])
        assert [r.node for r in e.value.refusals] == ["first", "second"]
        v = tf.Variable(0.0)
        for reason, build in {
            "draws random numbers": lambda: tf.nn.dropout(x, 0.5), "changes a variable": lambda: v.assign_add(1.0),
            "depend on the numbers": lambda: tf.image.non_max_suppression(x[:, :1] * [[1.0, 0.0, 2.0, 1.0]], x[0], 2),
            "calls a Python function": lambda: tf.numpy_function(np.sin, [x], tf.float32),
            "number of axes is not known": lambda: -tf.placeholder(tf.float32),
        }.items():
            with pytest.raises(NotExportedError, match=reason):
                graph.save(path, [build()])
    assert path.read_bytes() == before


def test_a_loop_that_draws_is_named(tmp_path):
    path = tmp_path / "m.onnx"
    graph = tf.Graph()
    with graph.as_default():
        tf.scan(lambda found, x: found + x * tf.random.uniform([]), tf.placeholder(tf.float32, [3]), name="walk")
    with pytest.raises(NotExportedError, match=r"walk.*: it draws random numbers"):
        graph.save(path)
    assert not path.exists()


def test_a_result_cannot_have_the_name_of_an_input(tmp_path):
    path = tmp_path / "m.onnx"
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2], name="x")
        with pytest.raises(InvalidArgumentError, match="a result is to be called 'x', as an input of the model is"):
            graph.save(path, {"y": x + 1.0, "x": x * 2.0})
        assert not path.exists()
        graph.save(path, {"y": x + 1.0, "twice": x * 2.0})
    found = evaluated(path, {"x": np.array([1.0, 3.0], np.float32)})
    assert {name: value.tolist() for name, value in found.items()} == {"y": [2.0, 4.0], "twice": [2.0, 6.0]}


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "m.onnx"
    line().save(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="what was there is unchanged"):
        line().save(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["m.onnx"]


def test_weights_of_2_gb_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_write, "MOST_BYTES", 8)
    with pytest.raises(UnimplementedError, match=r"the weights take 12 bytes; .* less than 2 GB"):
        line().save(tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def test_without_the_package_one_is_told_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(NotFoundError, match=r"pip install graphengine\[onnx\]"):
        line().save(tmp_path / "m.onnx")


def test_the_command_writes_a_model(tmp_path):
    line().save(tmp_path / "m.graph.json")
    said = export_file(tmp_path / "m.graph.json", tmp_path / "m.onnx", [], None)
    assert said.endswith("m.onnx: layer/y")
    found = evaluated(tmp_path / "m.onnx", {"x": np.ones((1, 2), "f4")})
    np.testing.assert_array_equal(found["layer/y"], [[3.5]])
    with pytest.raises(InvalidArgumentError, match="let it end with"):
        export_file(tmp_path / "m.graph.json", tmp_path / "m.keras", [], None)
