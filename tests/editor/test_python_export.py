"""Programs that build drawn graphs again: node by node the same, and with the same numbers."""

import contextlib
import io
import pathlib
import re
from itertools import pairwise

import numpy as np
import pytest

import graphengine as ge
from editor.infer import Inference
from editor.io.python import python_source, save_python
from editor.model.build import build
from editor.model.document import GraphDocument
from editor.model.files import open_document, save
from editor.model.items import Card, Setting, Wire
from editor.model.kinds import catalog
from editor.run.graph import RunningGraph
from graphengine.ops import OPS
from graphengine.tools.drawn import files as engine

SAMPLES = pathlib.Path(__file__).parents[2] / "samples"
NAMES = sorted(file.name.removesuffix(".graph.json") for file in SAMPLES.glob("*.graph.json"))


def program(source, file="program.py"):
    """The names that a program defines."""
    names = {"__name__": "program", "__file__": str(file)}
    exec(compile(source, str(file), "exec"), names)
    return names


def described(graph):
    """Each node as a file has it."""
    arrays = {}
    return {node["id"]: node for node in engine.nodes_of(graph, lambda name, a: engine.store(a, arrays), "graph")}


def weights(graph):
    """The values of layers' variables, by the names of their nodes."""
    return {v.handle_in(graph).node.name: v.numpy() for v in ge.global_variables(graph)}


def printed(main):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        main()
    return out.getvalue()


def assert_builds_the_same(document, **arguments):
    source = python_source(document)
    built = build(document, **arguments)
    assert not built.problems
    assert described(program(source)["build"](**arguments)) == described(built.graph)
    return source


def chain(*cards, seed=0):
    """Cards in a row, each reading the one before; (kind, attributes)."""
    items = [Card(f"c{k}", kind, attributes) for k, (kind, attributes) in enumerate(cards)]
    return GraphDocument([*items, *(Wire(a.id, 0, b.id, 0) for a, b in pairwise(items)),
                          Setting("seed", seed)])


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_built_again(name):
    assert_builds_the_same(open_document(SAMPLES / f"{name}.graph.json"))


def test_a_program_reads_well():
    source = python_source(open_document(SAMPLES / "iris.graph.json"))
    for line in ('x = tf.placeholder(tf.float32, [None, 4], name="x")',
                 'matmul = tf.matmul(x, hidden_w, name="matmul")',
                 'ArgMax = tf.argmax(add_1, axis=1, name="ArgMax")',
                 'accuracy = tf.reduce_mean(Cast, name="accuracy")',
                 'graph.document["train"] = {', "training = tf.Training(build(), Path(__file__).parent)"):
        assert line in source
    assert "add_node" not in source
    assert max(map(len, source.splitlines())) <= 120
    assert source.index("hidden_w =") < source.index("matmul =") < source.index("output_w =")


@pytest.mark.parametrize("name", ["xor", "iris"])
def test_a_program_trains_to_the_same_numbers(name):
    file = SAMPLES / f"{name}.graph.json"
    said = printed(program(python_source(open_document(file)), SAMPLES / f"{name}.py")["main"])
    training = ge.Training.of_file(file)
    training.fit()
    expected = [f"{part} {label}: {value:.6g}" for part in ("train", "test")
                for label, value in training.evaluate(part).items()]
    assert said.splitlines() == expected


def test_a_program_without_training_prints_what_nobody_reads():
    example = {"dtype": "float32", "shape": [2, 2], "values": [1.0, 2.0, 3.0, 5.0]}
    document = GraphDocument([Card("x", "op/placeholder", {"shape": [None, 2]}, example=example),
                              Card("s", "op/reduce_sum", {"axis": [0]}), Wire("x", 0, "s", 0)])
    assert printed(program(python_source(document))["main"]) == "s:0 = [4. 7.]\n"


@pytest.mark.parametrize("name", ["gaussian_process", "pca_eigh", "gradient_of_gradient", "mandelbrot"])
def test_programs_of_samples_run(name):
    document = open_document(SAMPLES / f"{name}.graph.json")
    assert printed(program(python_source(document), SAMPLES / f"{name}.py")["main"])


def test_an_empty_document_is_a_program():
    assert printed(program(python_source(GraphDocument()))["main"]) == "0 nodes\n"


# -------------------------------------------------------------------- every kind

def graph_of(cls, sample):
    """A graph with one node of an op, fed with the operands of a sample."""
    graph = ge.Graph()
    with graph.as_default():
        operands = [ge.placeholder(np.asarray(a).dtype, np.shape(a)) for a in sample.operands]
        graph.add(cls(**sample.attributes), operands, "it")
    return graph


def public(cls):
    kind = catalog().get(f"op/{cls.name}")
    return kind is not None and not kind.hidden and cls.samples and cls.inputs


@pytest.mark.parametrize("cls", [c for c in OPS.values() if public(c)], ids=lambda c: c.name)
def test_every_op(cls):
    from editor.model.files import from_engine

    for k, sample in enumerate(cls.samples[:3]):
        try:
            graph = graph_of(cls, sample)
            nodes = list(described(graph).values())
        except (ge.errors.GraphEngineError, TypeError, ValueError):
            continue                        # operands that a placeholder cannot stand for
        arrays = {}
        nodes = engine.nodes_of(graph, lambda name, a, arrays=arrays: engine.store(a, arrays), "graph")
        document = from_engine({"nodes": nodes}, arrays, "graph")
        source = assert_builds_the_same(document)
        assert k or "add_node" not in source


JUDGES = [key for key in catalog() if key.startswith(("loss/", "metric/"))]


@pytest.mark.parametrize("key", JUDGES)
def test_every_loss_and_metric(key):
    is_class = "sparse" in key.lower()
    shape = [4] if is_class else [4, 3]
    document = GraphDocument([
        Card("right", "op/placeholder", {"shape": shape, **({"dtype": "int32"} if is_class else {})}),
        Card("said", "op/placeholder", {"shape": [4, 3]}), Card("judge", key),
        Wire("right", 0, "judge", 0), Wire("said", 0, "judge", 1)])
    if not build(document).problems:
        assert_builds_the_same(document)


RANDOM = [key for key in catalog() if key.startswith("random/")]


def test_every_random_function_is_a_card():
    assert {"random/normal", "random/uniform", "random/truncated_normal", "random/gamma"} == set(RANDOM)


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("key", RANDOM)
def test_random_numbers(key, seed, tmp_path):
    """Of given sizes and another tensor's, with a seed of their own and with one that follows from the document's."""
    kind = catalog()[key]
    sized = {**kind.starting, "shape": [4, 3]}
    needed = {**kind.starting, "shape": None} if kind.inputs else sized
    wires = [Wire("x", 0, "b", 0), Wire("x", 0, "c", 0)] if kind.inputs else []
    document = GraphDocument([
        Card("x", "op/placeholder", {"shape": [None, 3]}), Card("a", key, sized), Card("b", key, needed),
        Card("c", key, {**needed, "seed": 5}), *wires, Setting("seed", seed)])
    program(assert_builds_the_same(document))
    inference = Inference(document)
    size = "(?, 3)" if kind.inputs else "(4, 3)"
    assert [inference.outputs(card)[0].shape for card in "abc"] == ["(4, 3)", size, size]
    save(document, tmp_path / "r.graph.json")
    assert open_document(tmp_path / "r.graph.json").card("c") == document.card("c")

    def drawn():
        built = build(document)
        return ge.Session(built.graph).run([built.tensors[card, 0] for card in "abc"],
                                           {"x": np.zeros((4, 3), np.float32)})

    first, again = drawn(), drawn()
    assert [x.shape for x in first] == [(4, 3)] * 3
    assert all(np.array_equal(x, y) for x, y in zip(first, again, strict=True))
    assert len({x.tobytes() for x in first}) == 3
    bare = Card("a", key, {**kind.starting, "shape": None})
    assert "shape is not given" in Inference(GraphDocument([bare])).problem("a").text


@pytest.mark.parametrize("attributes", [
    ("layer/Dense", {"units": 5, "activation": "relu"}), ("layer/Dense", {"units": 5, "kernel_initializer": "zeros"}),
    ("layer/Dense", {"units": 3, "use_bias": False, "kernel_initializer": "he_normal"}),
    ("layer/Dropout", {"rate": 0.5}), ("layer/BatchNormalization", {}), ("layer/LayerNormalization", {"axis": -1}),
], ids=str)
def test_layers(attributes):
    document = chain(("op/placeholder", {"shape": [None, 4]}), attributes, seed=7)
    assert_builds_the_same(document)
    built, again = build(document), program(python_source(document))["build"]()
    first, second = weights(built.graph), weights(again)
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name])


def test_layers_of_images_and_sequences():
    assert_builds_the_same(chain(
        ("op/placeholder", {"shape": [None, 8, 8, 1]}), ("layer/Conv2D", {"filters": 4, "kernel_size": [3, 3]}),
        ("layer/MaxPooling2D", {"pool_size": [2, 2]}), ("layer/Flatten", {}), ("layer/Dense", {"units": 2})))
    assert_builds_the_same(chain(
        ("op/placeholder", {"shape": [None, 6, 3]}), ("layer/LSTM", {"units": 4, "return_sequences": True}),
        ("layer/GRU", {"units": 2})))


def test_layers_with_several_results_and_lists():
    document = GraphDocument([
        Card("x", "op/placeholder", {"shape": [None, 6, 3]}),
        Card("lstm", "layer/LSTM", {"units": 4, "return_state": True}),
        Card("joined", "layer/Concatenate"), Wire("x", 0, "lstm", 0), Wire("lstm", 1, "joined", 0),
        Wire("lstm", 2, "joined", 1)])
    assert "lstm[2]" in assert_builds_the_same(document)


def training_document(*extra):
    return GraphDocument([
        Card("iris", "data/iris", {"train_rows": 105, "scale": {"x": "standard"}}),
        Card("x", "op/placeholder", {"shape": [None, 4]}),
        Card("y", "op/placeholder", {"dtype": "int64", "shape": [None]}),
        Card("hidden", "layer/Dense", {"units": 8, "activation": "tanh"}), *extra,
        Card("logits", "layer/Dense", {"units": 3}),
        Card("loss", "loss/SparseCategoricalCrossentropy", {"from_logits": True}),
        Card("accuracy", "metric/sparse_categorical_accuracy"), Card("adam", "optimizer/Adam"),
        Card("train", "train", {"epochs": 20, "batch_size": 15}),
        Wire("iris", 0, "x", 0), Wire("iris", 1, "y", 0), Wire("x", 0, "hidden", 0),
        *([Wire("hidden", 0, extra[0].id, 0), Wire(extra[0].id, 0, "logits", 0)] if extra
          else [Wire("hidden", 0, "logits", 0)]),
        Wire("y", 0, "loss", 0), Wire("logits", 0, "loss", 1), Wire("y", 0, "accuracy", 0),
        Wire("logits", 0, "accuracy", 1), Wire("loss", 0, "train", 0), Wire("adam", 0, "train", 1),
        Wire("accuracy", 0, "train", 2)])


def test_layers_train_to_the_same_numbers():
    document = training_document()
    said = printed(program(assert_builds_the_same(document))["main"])
    training = ge.Training(build(document).graph, ".")
    training.fit()
    assert said.splitlines() == [f"{part} {label}: {value:.6g}" for part in ("train", "test")
                                 for label, value in training.evaluate(part).items()]


@pytest.mark.parametrize("seed", [{"seed": 3}, {}])
def test_layers_that_know_training_are_judged_without_it(seed):
    document = training_document(Card("noise", "layer/Dropout", {"rate": 0.2, **seed}))
    source = assert_builds_the_same(document, training=True)
    assert "training=training" in source
    rows = re.findall(r"^(train|test) (loss|accuracy): (.*)$", printed(program(source)["main"]), re.MULTILINE)
    assert len(rows) == 4
    assert all(float(value) > 0.5 for _, label, value in rows if label == "accuracy")


def test_moving_averages_go_with_a_step_of_training():
    document = training_document(Card("norm", "layer/BatchNormalization"))
    names = program(assert_builds_the_same(document, training=True))
    ours, theirs = names["build"](training=True), build(document, training=True).graph
    updates = [[node.name for node in graph.get_collection("update_ops")] for graph in (ours, theirs)]
    assert updates[0] == updates[1] != []
    assert names["build"]().get_collection("update_ops") == []


# -------------------------------------------------------------------- what else a document holds

def large(rng):
    array = rng.standard_normal((20, 30)).astype("float32")
    arrays = {}
    value = {"dtype": "float32", "shape": [20, 30], "array": engine.store(array, arrays)}
    return array, GraphDocument([Card("table", "op/const", {"value": value}), Card("s", "op/reduce_sum"),
                                 Wire("table", 0, "s", 0)], arrays)


def test_large_arrays_are_in_the_text_or_beside(rng, tmp_path):
    array, document = large(rng)
    assert_builds_the_same(document)
    save_python(document, tmp_path / "drawn.py")
    assert sorted(file.name for file in tmp_path.glob("drawn*")) == ["drawn.py", "drawn_arrays.npz"]
    source = (tmp_path / "drawn.py").read_text()
    names = program(source, tmp_path / "drawn.py")
    assert described(names["build"]()) == described(build(document).graph)
    np.testing.assert_array_equal(names["unpacked"]("table", "float32", (20, 30)), array)
    names["ARRAYS"].close()


@pytest.mark.parametrize("value", [
    {"dtype": "bfloat16", "shape": [2], "values": [1.5, -2.0]}, {"dtype": "bool", "shape": [], "values": [True]},
    {"dtype": "float32", "shape": [3], "values": ["nan", "inf", "-inf"]},
    {"dtype": "float16", "shape": [0, 2], "values": []},
    {"dtype": "float32", "shape": [1, 1], "values": [0.1]}, {"dtype": "float64", "shape": [], "values": [0.1]},
    {"dtype": "uint8", "shape": [2], "values": [0, 255]}, {"dtype": "int64", "shape": [], "values": [2**62]},
], ids=str)
def test_constants_of_every_sort(value):
    assert_builds_the_same(GraphDocument([Card("c", "op/const", {"value": value})]))
    document = GraphDocument([Card("v/initial_value", "op/const", {"value": value}), Card("v", "op/variable"),
                              Wire("v/initial_value", 0, "v", 0)])
    assert "initial_value" not in assert_builds_the_same(document)


def test_large_arrays_of_narrow_types(rng):
    array = rng.standard_normal(100).astype(ge.bfloat16.as_numpy_dtype)
    arrays = {}
    value = {"dtype": "bfloat16", "shape": [100], "array": engine.store(array, arrays)}
    assert_builds_the_same(GraphDocument([Card("c", "op/const", {"value": value})], arrays))


def test_names_that_python_has_already():
    names = ["class", "tf", "np", "build", "print", "None", "1st", "a/b", "a_b", "match", "graph", "x"]
    document = GraphDocument([Card(name, "op/placeholder", {"shape": [2]}) for name in names])
    assert_builds_the_same(document)
    assert printed(program(python_source(document))["main"]).count("=") == len(names)


def test_what_does_not_fit_is_left_out_and_said():
    document = GraphDocument([
        Card("x", "op/placeholder", {"shape": [2, 3]}), Card("m", "op/matmul"), Card("e", "op/exp"),
        Wire("x", 0, "m", 0), Wire("x", 0, "m", 1), Wire("m", 0, "e", 0), Card("alone", "op/add"),
        Card("odd", "op/nothing"), Card("r", "op/relu", bypassed=True), Card("s", "op/square"),
        Wire("x", 0, "r", 0), Wire("r", 0, "s", 0)])
    source = python_source(document)
    assert set(described(program(source)["build"]())) == {"x", "s"}
    for line in ('# "m" is left out: inner sizes differ', '# "e" is left out: it reads', '# "alone" is left out',
                 "s = tf.square(x"):
        assert line in source


def test_order_that_was_said_is_kept():
    document = GraphDocument([
        Card("zero", "op/const", {"value": {"dtype": "float32", "shape": [], "values": [0.0]}}),
        Card("v", "op/variable"),
        Card("one", "op/const", {"value": {"dtype": "float32", "shape": [], "values": [1.0]}}),
        Card("up", "op/assign_add"), Card("after", "op/identity", after=("up",)), Wire("zero", 0, "v", 0),
        Wire("v", 0, "up", 0), Wire("one", 0, "up", 1), Wire("one", 0, "after", 0)])
    source = assert_builds_the_same(document)
    assert 'up = v.assign_add(one, name="up")' in source
    assert "with tf.control_dependencies([up]):" in source


def test_saved_weights_come_along(rng):
    value = rng.standard_normal((4, 2)).astype("float32")
    document = chain(("op/placeholder", {"shape": [None, 4]}), ("layer/Dense", {"units": 2}))
    plain = {"dtype": "float32", "shape": [4, 2], "values": value.reshape(-1).tolist()}
    name = next(name for name, value in weights(build(document).graph).items() if value.ndim == 2)
    document = GraphDocument([*document.items.values(), Setting("weights", {name: plain})])
    for graph in (build(document).graph, program(python_source(document))["build"]()):
        np.testing.assert_array_equal(weights(graph)[name], value)


@pytest.mark.parametrize("name", ['a"b', "a'b", "a\nimport os", "\u2028x", '""" + x', "a\\"])
def test_hostile_names_stay_text(name):
    """Either the engine refuses a name, or the program holds it as text."""
    document = GraphDocument([Card(name, "op/placeholder", {"shape": [2]}), Card("e", "op/exp"), Wire(name, 0, "e", 0)])
    graph, built = program(python_source(document))["build"](), build(document)
    assert [node.name for node in graph.nodes] == [node.name for node in built.graph.nodes]


def test_a_placeholder_of_unknown_shape_gets_as_many_numbers_as_in_the_editor():
    document = GraphDocument([
        Card("x", "op/placeholder", {"dtype": "float32"}), Card("y", "op/negative"), Wire("x", 0, "y", 0)])
    numbers = re.findall(r"-?\d+\.\d+", printed(program(python_source(document))["main"]))
    graph = RunningGraph(build(document), {}, "")
    wanted = graph.session.run(graph.outputs["y", 0], graph.feeds())
    np.testing.assert_allclose([float(n) for n in numbers], wanted, rtol=1e-5)


def test_rows_that_feed_a_placeholder_are_read_without_a_training_too(tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n1.5,2.5\n3.5,4.5\n5.5,6.5\n")
    document = GraphDocument([
        Card("x", "op/placeholder", {"dtype": "float32", "shape": [None]}), Card("y", "op/negative"),
        Card("z", "op/placeholder", {"dtype": "float32", "shape": [None]}), Card("sum", "op/add"),
        Card("rows", "data/csv", {"file": "rows.csv", "feeds": {"b": "b"}}),
        Wire("rows", 0, "x", 0), Wire("x", 0, "y", 0), Wire("y", 0, "sum", 0), Wire("z", 0, "sum", 1)])
    numbers = re.findall(r"-?\d+\.\d+", printed(program(python_source(document), tmp_path / "made.py")["main"]))
    graph = RunningGraph(build(document), {}, str(tmp_path))
    wanted = graph.session.run(graph.outputs["sum", 0], graph.feeds())
    assert wanted.shape == (3,)
    np.testing.assert_allclose([float(n) for n in numbers], wanted, rtol=1e-5)
