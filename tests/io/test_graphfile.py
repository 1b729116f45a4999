"""Round trips of graphs through files: the same graph, the same bytes."""

import json
import math

import hypothesis
import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import ml_dtypes
import numpy as np
import pytest

from graphengine import dtypes
from graphengine.errors import FileFormatError, NotFoundError
from graphengine.interpret import evaluate_node
from graphengine.io import load, save
from graphengine.io.document import migrate
from graphengine.io.values import decode, encode
from graphengine.ir import Graph
from graphengine.ops import OPS, Op
from graphengine.ops.state import ArrayValue


def add(graph, op, *inputs, name=None, after=(), **attributes):
    return graph.add(OPS[op](**attributes), inputs, name, after).outputs[0]


def const(graph, value, name=None):
    return add(graph, "const", name=name, value=np.asarray(value))


def small_graph():
    graph = Graph()
    with graph.name_scope("layer"):
        x = add(graph, "placeholder", name="x", dtype="float32", shape=[None, 3])
        w = add(graph, "variable", const(graph, np.float32([1, 2, 3])), name="w", trainable=False)
        y = add(graph, "multiply", x, w)
        twice = add(graph, "add", y, y)
        add(graph, "reduce_sum", twice, axis=[1], keepdims=True, after=[x.node, w.node])
    return graph


def assert_same(got, wanted):
    """Equal in everything that a file holds."""
    rows = [
        [(n.name, n.op, [t.name for t in n.inputs], [c.name for c in n.control_inputs],
          [(t.dtype, t.shape) for t in n.outputs]) for n in graph.nodes]
        for graph in (got, wanted)
    ]
    assert rows[0] == rows[1]
    assert got.document == wanted.document


def through_file(graph, folder):
    """The graph as it comes back; saving that gives the same bytes."""
    save(graph, folder / "a.graph.json")
    first = {p.name: p.read_bytes() for p in folder.iterdir()}
    back = load(folder / "a.graph.json")
    save(back, folder / "a.graph.json")
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == first
    return back


def test_small_graph(tmp_path):
    graph = small_graph()
    assert_same(through_file(graph, tmp_path), graph)


def test_text_of_a_file(tmp_path):
    graph = small_graph()
    graph.document = {"view": {"b": 1, "a": [2.5, None]}, "made_by": "hand", "train": {}}
    save(graph, tmp_path / "a.graph.json")
    assert (tmp_path / "a.graph.json").read_text() == """\
{
  "format": "graphengine",
  "version": 2,
  "nodes": [
    {"id": "layer/x", "op": "placeholder", "attributes": {"shape": [null, 3]}},
    {"id": "layer/Const", "op": "const", "attributes": {"value": {"dtype": "float32", "shape": [3], "values": [1.0, 2.0, 3.0]}}},
    {"id": "layer/w", "op": "variable", "inputs": ["layer/Const"], "attributes": {"trainable": false}},
    {"id": "layer/Mul", "op": "multiply", "inputs": ["layer/x", "layer/w"]},
    {"id": "layer/Add", "op": "add", "inputs": ["layer/Mul", "layer/Mul"]},
    {"id": "layer/Sum", "op": "reduce_sum", "inputs": ["layer/Add"], "attributes": {"axis": [1], "keepdims": true}, "after": ["layer/x", "layer/w"]}
  ],
  "train": {},
  "view": {"a": [2.5, null], "b": 1},
  "made_by": "hand"
}
"""  # noqa: E501


def test_empty_graph(tmp_path):
    assert through_file(Graph(), tmp_path).nodes == []


def test_equal_sections_give_equal_bytes(tmp_path):
    files = []
    for keys in ("abc", "cab"):
        graph = small_graph()
        graph.document = {"view": {key * 60: {"x": [1] * 40} for key in keys}, **dict.fromkeys(keys, 1)}
        save(graph, tmp_path / "a.graph.json")
        files.append((tmp_path / "a.graph.json").read_bytes())
        assert load(tmp_path / "a.graph.json").document == graph.document
    assert files[0] == files[1]


def test_whole_number_for_a_float_is_the_same_graph(tmp_path):
    files = []
    for alpha in (1, 1.0):
        graph = Graph()
        add(graph, "leaky_relu", const(graph, np.float32(1)), alpha=alpha)
        save(graph, tmp_path / "a.graph.json")
        files.append((tmp_path / "a.graph.json").read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize("shape", [None, [], [None], [0], [None, 3, 2**62]], ids=str)
@pytest.mark.parametrize("dtype", [t.name for t in dtypes.ALL])
def test_placeholder(tmp_path, shape, dtype):
    graph = Graph()
    add(graph, "placeholder", dtype=dtype, shape=shape)
    assert_same(through_file(graph, tmp_path), graph)


def samples(cls):
    """Those of an op, without what no file holds: Python functions, and ops that the schedule puts inside another."""
    return [s for s in cls.samples if not any(callable(v) or isinstance(v, Op) for v in s.attributes.values())]


@pytest.mark.parametrize("name", [name for name, cls in OPS.items() if samples(cls)])
def test_every_op(tmp_path, rng, name):
    """Whatever an op class declares as an attribute goes through a file."""
    graph = Graph()
    cls = OPS[name]
    for sample in samples(cls):
        ports = cls(**sample.attributes).ports(len(sample.operands))
        inputs = [const(graph, make(rng, p.accepts[0])) for make, p in zip(sample.operands, ports, strict=True)]
        add(graph, name, *inputs, **sample.attributes)
    assert_same(through_file(graph, tmp_path), graph)


# -------------------------------------------------------------------- names

def test_names_made_after_loading_are_new(tmp_path):
    graph = load_saved(small_graph(), tmp_path)
    with graph.name_scope("layer") as scope:
        assert scope == "layer_1/"
    assert add(graph, "placeholder", name="layer/x").node.name == "layer/x_1"


def load_saved(graph, folder):
    save(graph, folder / "names.graph.json")
    return load(folder / "names.graph.json")


@pytest.mark.parametrize("names", [
    ["a_1", "a", "a_2"], ["a/b", "a", "a/b/c"], ["a", "a/b"], ["X", "x"], ["//b"], ["größe 1", "日本"], ['"\\'], ["^a"],
])
def test_names_come_back_exactly(tmp_path, names):
    graph = Graph()
    for name in names:
        add(graph, "placeholder", name=f"{name}/")
    assert [n.name for n in load_saved(graph, tmp_path).nodes] == names


@pytest.mark.parametrize("name", ["", "a:1", "a/", "a\nb", "x" * 1001])
def test_names_that_no_file_can_hold(tmp_path, name):
    graph = Graph()
    add(graph, "placeholder", name=f"{name}/")
    with pytest.raises(FileFormatError, match="no node can be called"):
        save(graph, tmp_path / "a.graph.json")
    assert not list(tmp_path.iterdir())


def test_two_nodes_of_one_name_are_not_saved(tmp_path):
    graph = Graph()
    add(graph, "placeholder", name="x/")
    add(graph, "placeholder", name="x/")
    with pytest.raises(FileFormatError, match="two nodes are called 'x'"):
        save(graph, tmp_path / "a.graph.json")


def test_origin_is_the_node_of_the_file(tmp_path):
    graph = load_saved(small_graph(), tmp_path)
    assert str(graph.nodes[0].origin).endswith("names.graph.json, node 'layer/x'")


# -------------------------------------------------------------------- values

def no_arrays(*unused):
    raise AssertionError("no file of arrays is needed")


@hypothesis.given(hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.int32, np.int64, np.bool_]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
))
def test_small_arrays(array):
    text = json.dumps(encode(ArrayValue(array), ArrayValue, "a", no_arrays), allow_nan=False)
    back = decode(json.loads(text), ArrayValue, no_arrays).array
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)
    if array.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(back[~np.isnan(back)]), np.signbit(array[~np.isnan(array)]))


@pytest.mark.parametrize("dtype", dtypes.Numeric, ids=str)
def test_extremes(dtype):
    numbers = [dtype.min, dtype.max, 0]
    if dtype.is_floating:
        info = ml_dtypes.finfo(dtype.numpy)
        numbers += [info.tiny, info.smallest_subnormal, -0.0, math.nan, math.inf, -math.inf, 0.1]
    array = np.array(numbers, dtype.numpy)
    text = json.dumps(encode(ArrayValue(array), ArrayValue, "a", no_arrays), allow_nan=False)
    assert decode(json.loads(text), ArrayValue, no_arrays) == ArrayValue(array)


def test_floats_have_few_digits():
    assert encode(ArrayValue(np.float32([0.1, 1 / 3])), ArrayValue, "a", no_arrays)["values"] == [0.1, 0.33333334]


attribute_values = st.one_of(
    st.tuples(st.booleans(), st.just(bool)),
    st.tuples(st.integers(-2**63, 2**63 - 1), st.just(int)),
    st.tuples(st.floats(allow_nan=False), st.just(float)),
    st.tuples(st.text(), st.just(str)),
    st.tuples(st.none() | st.integers(-9, 9), st.just(int | None)),
    st.tuples(st.lists(st.integers(-9, 9)).map(tuple), st.just(tuple[int, ...])),
    st.tuples(st.none() | st.lists(st.floats(allow_nan=False)).map(tuple), st.just(tuple[float, ...] | None)),
    st.tuples(st.sampled_from(dtypes.ALL), st.just(dtypes.DType)),
    st.tuples(st.none() | st.sampled_from(dtypes.ALL), st.just(dtypes.DType | None)),
)


@hypothesis.given(attribute_values)
def test_attribute_values(pair):
    value, hint = pair
    back = decode(json.loads(json.dumps(encode(value, hint, "a", no_arrays), allow_nan=False)), hint, no_arrays)
    assert back == value and type(back) is type(value)


def test_nan_attribute():
    assert encode(math.nan, float, "a", no_arrays) == "nan"
    assert math.isnan(decode("nan", float, no_arrays))


@hypothesis.given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
))
def test_view_is_kept_as_it_is(tmp_path_factory, view):
    path = tmp_path_factory.mktemp("view") / "a.graph.json"
    graph = Graph()
    graph.document = {"view": view}
    save(graph, path)
    assert load(path).document == {"view": view}


def test_half_a_surrogate_pair(tmp_path):
    graph = Graph()
    graph.document = {"view": "\ud800 \\ud800"}
    assert through_file(graph, tmp_path).document == graph.document


# -------------------------------------------------------------------- large arrays

def test_large_arrays_stand_beside(tmp_path):
    graph = Graph()
    arrays = [np.arange(2000).astype(t.numpy).reshape(2, 1000) for t in dtypes.ALL]
    for array in arrays:
        const(graph, array)
    const(graph, np.zeros((0, 5000)))
    const(graph, np.float32(np.full((40, 50), math.nan)).T)
    back = through_file(graph, tmp_path)
    assert len(list(tmp_path.glob("a.*.safetensors"))) == 1
    for node, wanted in zip(back.nodes, graph.nodes, strict=True):
        assert node.op.value == wanted.op.value


def test_1024_elements_stay_inline(tmp_path):
    graph = Graph()
    const(graph, np.arange(1024))
    save(graph, tmp_path / "a.graph.json")
    assert [p.name for p in tmp_path.iterdir()] == ["a.graph.json"]


def test_previous_arrays_are_removed(tmp_path):
    for values in (np.arange(2000), np.arange(3000)):
        graph = Graph()
        const(graph, values)
        save(graph, tmp_path / "a.graph.json")
        assert len(list(tmp_path.iterdir())) == 2
    save(Graph(), tmp_path / "a.graph.json")
    assert [p.name for p in tmp_path.iterdir()] == ["a.graph.json"]


def test_arrays_that_a_copy_needs_stay(tmp_path):
    graph = Graph()
    const(graph, np.arange(2000))
    save(graph, tmp_path / "a.graph.json")
    (tmp_path / "copy.graph.json").write_bytes((tmp_path / "a.graph.json").read_bytes())
    save(Graph(), tmp_path / "a.graph.json")
    assert load(tmp_path / "copy.graph.json").nodes[0].op == graph.nodes[0].op


def test_arrays_of_a_neighbor_with_a_longer_name_stay(tmp_path):
    graph = Graph()
    const(graph, np.arange(2000))
    save(graph, tmp_path / "a.b.graph.json")
    save(graph, tmp_path / "a.graph.json")
    save(Graph(), tmp_path / "a.graph.json")
    assert len(load(tmp_path / "a.b.graph.json").nodes) == 1


def test_arrays_by_hand_need_no_checksum(tmp_path):
    import safetensors.numpy

    safetensors.numpy.save_file({"w": np.float32([1, 2])}, tmp_path / "mine.safetensors")
    value = {"dtype": "float32", "shape": [2], "array": "w"}
    document = {"format": "graphengine", "version": 1, "arrays": {"file": "mine.safetensors"},
                "nodes": [{"id": "w", "op": "const", "attributes": {"value": value}}]}
    (tmp_path / "a.graph.json").write_text(json.dumps(document))
    assert load(tmp_path / "a.graph.json").nodes[0].op.value == ArrayValue(np.float32([1, 2]))


# -------------------------------------------------------------------- ops that this version does not have

UNKNOWN = {
    "format": "graphengine", "version": 2,
    "nodes": [
        {"id": "x", "op": "placeholder", "attributes": {"shape": [2]}},
        {"id": "s/y", "op": "fft_of_tomorrow", "inputs": ["x"], "attributes": {
            "b": {"deep": [1, {"a": None}]}, "a": {"dtype": "float32", "shape": [2], "values": [1.5, "nan"]}, "e": []},
         "after": ["x"], "color": "red"},
        {"id": "z", "op": "argmax", "inputs": ["s/y:2"], "attributes": {"axis": 0}},
        {"id": "t", "op": "add", "inputs": ["x", "x"], "after": ["s/y"]},
    ],
    "cells": [1, 2],
}


def unknown_graph(folder):
    (folder / "a.graph.json").write_text(json.dumps(UNKNOWN))
    return load(folder / "a.graph.json")


def test_unknown_ops_survive(tmp_path):
    back = through_file(unknown_graph(tmp_path), tmp_path)
    assert json.loads((tmp_path / "a.graph.json").read_text()) == UNKNOWN
    assert [n.op.name for n in back.nodes] == ["placeholder", "fft_of_tomorrow", "argmax", "add"]
    assert len(back.nodes[1].outputs) == 3
    assert back.nodes[1].outputs[2].shape.rank is None
    assert back.nodes[2].inputs[0] is back.nodes[1].outputs[2]
    assert str(back)


def test_unknown_ops_keep_large_arrays(tmp_path):
    graph = Graph()
    const(graph, np.arange(2000), name="k")
    save(graph, tmp_path / "a.graph.json")
    path = tmp_path / "a.graph.json"
    text = path.read_text().replace('"op": "const"', '"op": "sparse_const"')
    path.write_text(text)
    back = load(path)
    with back.as_default():
        const(back, np.arange(3000.0))
    save(back, path)
    (tmp_path / "a.graph.json").write_text(path.read_text().replace('"op": "sparse_const"', '"op": "const"'))
    np.testing.assert_array_equal(load(path).nodes[0].op.value.array, np.arange(2000))


@pytest.mark.parametrize("use", ["decompose", "reference"])
def test_unknown_ops_do_not_run(tmp_path, use):
    graph = unknown_graph(tmp_path)
    with pytest.raises(NotFoundError, match=r"(?s)fft_of_tomorrow.*not run.*s/y"):
        getattr(graph.nodes[1].op, use)(None)
    with pytest.raises(NotFoundError, match=r"(?s)argmax: .*'fft_of_tomorrow', which 'z' needs"):
        getattr(graph.nodes[2].op, use)(None)


def test_unknown_ops_do_not_run_in_the_interpreter(tmp_path):
    node = unknown_graph(tmp_path).nodes[1]
    with pytest.raises(NotFoundError, match=r"(?s)fft_of_tomorrow: .*not run.*a\.graph\.json, node 's/y'"):
        evaluate_node(node, [np.zeros(2, np.float32)], {}, {})


def test_unknown_op_suggests_the_nearest(tmp_path):
    document = {**UNKNOWN, "nodes": [{"id": "x", "op": "placeholdr"}]}
    (tmp_path / "a.graph.json").write_text(json.dumps(document))
    with pytest.raises(NotFoundError, match="did you mean 'placeholder'"):
        load(tmp_path / "a.graph.json").nodes[0].op.reference()


# -------------------------------------------------------------------- versions

def test_old_versions_are_migrated():
    steps = [lambda d: {**d, "nodes": d["nodes"] + ["a"]}, lambda d: {**d, "nodes": d["nodes"] + ["b"]}]
    document = {"format": "graphengine", "nodes": []}
    for version, wanted in ((1, ["a", "b"]), (2, ["b"]), (3, [])):
        assert migrate({**document, "version": version}, "f", steps) == {**document, "version": 3, "nodes": wanted}
    with pytest.raises(FileFormatError, match=r"(?s)version 4; this graphengine reads up to 3.*newer graphengine"):
        migrate({**document, "version": 4}, "f", steps)
