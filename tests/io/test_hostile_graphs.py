"""Broken and hostile graph files: an error that says what, where and what to do, never a crash."""

import dataclasses
import json
import os
import pathlib
import re

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from graphengine.errors import AttributeValueError, FileFormatError, GraphEngineError, ShapeError
from graphengine.io import load, save
from graphengine.io.graphfile import MAX_DOCUMENT_BYTES
from graphengine.io.nodes import MAX_NODES
from graphengine.ir import Graph
from graphengine.ops import OPS

X = {"id": "x", "op": "placeholder", "attributes": {"shape": [2]}}
Y = {"id": "y", "op": "placeholder", "attributes": {"shape": [3]}}


def document(*nodes, **parts):
    return {"format": "graphengine", "version": 1, "nodes": list(nodes), **parts}


def const(value):
    return document({"id": "c", "op": "const", "attributes": {"value": value}})


def array(dtype, shape, values):
    return const({"dtype": dtype, "shape": shape, "values": values})


def node(op, inputs=(), **rest):
    return {"id": "n", "op": op, "inputs": list(inputs), **rest}


CASES = {
    # name: (document, what the message says, the node it names)
    "top is a list": ([1, 2], "a list of 2, not an object", None),
    "top is a string": ("graph", "'graph', not an object", None),
    "top is null": (None, "null, not an object", None),
    "no format": ({"version": 1, "nodes": []}, "names no format", None),
    "other format": ({"format": "keras", "version": 1}, "its format is 'keras'", None),
    "no version": ({"format": "graphengine", "nodes": []}, "version is null", None),
    "version is true": ({"format": "graphengine", "version": True}, "version is true", None),
    "version 0": ({"format": "graphengine", "version": 0}, "version is 0", None),
    "version is a string": ({"format": "graphengine", "version": "1"}, "version is '1'", None),
    "newer version": ({"format": "graphengine", "version": 3}, "version 3; this graphengine reads up to 2", None),
    "enormous version": ({"format": "graphengine", "version": 10**300}, "reads up to 2", None),
    "no nodes": ({"format": "graphengine", "version": 1}, "has no nodes", None),
    "nodes is an object": ({"format": "graphengine", "version": 1, "nodes": {}}, "nodes is an object", None),
    "node is a string": (document("x"), "entry 0 of nodes is 'x'", None),
    "node without id": (document({"op": "no_op"}), "id of entry 0 of nodes is null", None),
    "id is a number": (document({"id": 1, "op": "no_op"}), "id of entry 0 of nodes is 1", None),
    "empty id": (document({"id": "", "op": "no_op"}), "no node can be called ''", ""),
    "id with a colon": (document({"id": "a:0", "op": "no_op"}), "no node can be called 'a:0'", "a:0"),
    "duplicate id": (document(X, X), "two nodes have the id 'x'", "x"),
    "node without op": (document({"id": "n"}), "op is null", "n"),
    "op is a list": (document({"id": "n", "op": ["add"]}), "op is a list", "n"),
    "inputs is a string": (document(X, {"id": "n", "op": "exp", "inputs": "x"}), "inputs is 'x'", "n"),
    "inputs is null": (document({"id": "n", "op": "exp", "inputs": None}), "inputs is null", "n"),
    "attributes is a list": (document({"id": "n", "op": "exp", "attributes": []}), "attributes is a list", "n"),
    "input is a number": (document(node("exp", [3])), "reads 3, which is no name of a result", "n"),
    "input is a list": (document(node("exp", [["x"]])), "reads a list of 1", "n"),
    "input with two colons": (document(X, node("exp", ["x:0:0"])), "reads 'x:0:0'", "n"),
    "input with a negative result": (document(X, node("exp", ["x:-1"])), "reads 'x:-1'", "n"),
    "input of no node": (document(X, node("exp", ["xx"])), "reads 'xx', but there is no such node", "n"),
    "input without such a result": (document(X, node("exp", ["x:1"])), "'x' has 1 results|has 1 results, but", None),
    "enormous result": (document(X, node("exp", ["x:999999999"])), "999999999.? is read|has 1 results", None),
    "enormous result of an unknown op": (document(node("future"), {"id": "m", "op": "exp", "inputs": ["n:99999999"]}),
                                         "an op may have 1,000", "n"),
    "input of a node without results": (document({"id": "w", "op": "no_op"}, node("exp", ["w"])),
                                        "'w' has 0 results", "n"),
    "reads what comes later": (document(node("exp", ["x"]), X), "reads 'x', which comes later", "n"),
    "waits for what comes later": (document(node("no_op", after=["x"]), X), "reads 'x', which comes later", "n"),
    "reads itself": (document(node("exp", ["n"])), "circle: 'n' <- 'n'", "n"),
    "circle": (document(X, node("add", ["x", "b"]), {"id": "a", "op": "exp", "inputs": ["n"]},
                        {"id": "b", "op": "exp", "inputs": ["a"]}), "circle: 'n' <- 'b' <- 'a' <- 'n'", "n"),
    "circle through after": (document(node("no_op", after=["b"]), {"id": "b", "op": "no_op", "after": ["n"]}),
                             "circle: 'n' <- 'b' <- 'n'", "n"),
    "long circle": (document(*[{"id": f"n{k}" if k else "n", "op": "no_op", "after": [f"n{k + 1}" if k < 99 else "n"]}
                               for k in range(100)]), "'n' <- 'n1' .* <- ... 93 more <- 'n99' <- 'n'", "n"),
    "waits for a result": (document(X, node("no_op", after=["x:0"])), "waits for 'x:0', which is a result", "n"),
    "too few inputs": (document(X, node("add", ["x"])), r"add takes 2 inputs \(x, y\), not 1", "n"),
    "too many inputs": (document(X, node("exp", ["x", "x"])), "exp takes 1 inputs", "n"),
    "inputs of a source": (document(X, node("placeholder", ["x"])), "placeholder takes 0 inputs, not 1", "n"),
    "no input for a list": (document(node("concat", [], attributes={"axis": 0})), "concat", "n"),
    "unknown part of a node": (document({**X, "atributes": {}}), "no part 'atributes'", "x"),
    "unknown attribute": (document(X, node("reduce_sum", ["x"], attributes={"keepdim": True})),
                          "reduce_sum has no attribute 'keepdim'", "n"),
    "attribute of an op that has none": (document(X, node("exp", ["x"], attributes={"a": 1})), "it has none", "n"),
    "missing attribute": (document(X, node("reshape", ["x"])), "reshape needs the attribute 'shape'", "n"),
    "string for a bool": (document(X, node("reduce_sum", ["x"], attributes={"keepdims": "yes"})),
                          "'keepdims': it is 'yes', but should be true or false", "n"),
    "number for a bool": (document(X, node("reduce_sum", ["x"], attributes={"keepdims": 1})), "it is 1", "n"),
    "string for a number": (document(X, node("leaky_relu", ["x"], attributes={"alpha": "0.2"})),
                            "'alpha': it is '0.2', but should be a number", "n"),
    "bool for a number": (document(X, node("leaky_relu", ["x"], attributes={"alpha": True})), "it is true", "n"),
    "null for a number": (document(X, node("leaky_relu", ["x"], attributes={"alpha": None})), "it is null", "n"),
    "fraction for a whole number": (document(X, node("argmax", ["x"], attributes={"axis": 0.0})), "it is 0.0", "n"),
    "enormous whole number": (document(X, node("argmax", ["x"], attributes={"axis": 10**100})),
                              "outside the whole", "n"),
    "string in a list": (document(X, node("reduce_sum", ["x"], attributes={"axis": ["0"]})), "it is '0'", "n"),
    "object for a list": (document(X, node("reduce_sum", ["x"], attributes={"axis": {}})), "it is an object", "n"),
    "attribute out of range": (document(node("iota", attributes={"size": 3, "rank": 0})), "rank=0 is outside", "n"),
    "dtype that does not exist": (document(node("placeholder", attributes={"dtype": "float33"})),
                                  "no dtype 'float33'", "n"),
    "dtype is a number": (document(node("placeholder", attributes={"dtype": 32})), "the name of a dtype", "n"),
    "negative size": (document(node("placeholder", attributes={"shape": [-2]})), "-2 is no size", "n"),
    "fraction of a size": (document(node("placeholder", attributes={"shape": [1.5]})), "1.5 is no size", "n"),
    "size beyond 64 bits": (document(node("placeholder", attributes={"shape": [2**63]})), "is no size", "n"),
    "const is a number": (const(3), "it is 3, but should be an array", "c"),
    "const without dtype": (const({"shape": [], "values": [1]}), "an array is written with", "c"),
    "const with a strange key": (const({"dtype": "int32", "shape": [], "values": [1], "code": "x"}),
                                 "is written with", "c"),
    "const of 10^12 elements": (array("float32", [10**6, 10**6], [1.0]),
                                "has 1000000000000 elements, but 1 values are given", "c"),
    "const of more elements than bytes count": (array("float32", [2**62] * 9, [1.0]), "1 values are given", "c"),
    "const with an absurd empty shape": (array("float32", [0] + [2**62] * 3, []), "no array can have the shape", "c"),
    "const of 100 axes": (array("float32", [1] * 100, [1.0]), "no array can have the shape", "c"),
    "const with unknown size": (array("float32", [None], [1.0]), "no list of sizes", "c"),
    "const with negative size": (array("float32", [-1], []), "no list of sizes", "c"),
    "const with nested values": (array("float32", [1, 1], [[1.0]]), "value 0 of the float32 array is a list", "c"),
    "string where numbers are": (array("float32", [2], [1.0, "2"]), "value 1 of the float32 array is '2'", "c"),
    "null where numbers are": (array("float32", [1], [None]), "value 0 of the float32 array is null", "c"),
    "fraction in int32": (array("int32", [1], [1.5]), "value 0 of the int32 array is 1.5", "c"),
    "nan in int32": (array("int32", [1], ["nan"]), "value 0 of the int32 array is 'nan'", "c"),
    "bool in int32": (array("int32", [1], [True]), "value 0 of the int32 array is true", "c"),
    "number in bool": (array("bool", [1], [1]), "value 0 of the bool array is 1", "c"),
    "too large for int32": (array("int32", [1], [2**31]), "does not fit into int32", "c"),
    "too large for int64": (array("int64", [1], [2**63]), "does not fit into int64", "c"),
    "too large for float32": (array("float32", [1], [1e39]), "1e\\+39, does not fit into float32", "c"),
    "enormous in float64": (array("float64", [1], [10**400]), "does not fit into float64", "c"),
    "values is a string": (array("float32", [1], "1.0"), "values are '1.0'", "c"),
    "array without a file": (const({"dtype": "int32", "shape": [1], "array": "w"}), "but the file has no arrays", "c"),
    "name of an array is a number": (const({"dtype": "int32", "shape": [1], "array": 1}), "name is 1", "c"),
    "broken array of an unknown op": (
        document(node("future", attributes={"w": {"dtype": "int32", "shape": [9], "values": []}})),
        "9 elements, but 0 values", "n"),
}


def write(folder, value):
    path = folder / "x.graph.json"
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return path


def refusal(path, kind=FileFormatError):
    """The error of loading; it names the file and what to do."""
    with pytest.raises(kind) as caught:
        load(path)
    error = caught.value
    assert error.fix, error
    assert str(path) in error.at
    assert len(str(error)) < 1000 + 3 * len(str(path))
    return error


@pytest.mark.parametrize(("value", "message", "name"), CASES.values(), ids=CASES)
def test_refused(tmp_path, value, message, name):
    error = refusal(write(tmp_path, value))
    assert re.search(message, error.problem), error
    assert name is None or f"node {name!r}" in error.at


TEXTS = {
    "empty": (b"", "ends in the middle"),
    "no JSON": (b"hello", "not JSON"),
    "truncated": (json.dumps(document(X)).encode()[:-5], "ends in the middle|not JSON"),
    "binary": (bytes(range(256)), "not text in UTF-8"),
    "pickle": (b"\x80\x04\x95K", "not text in UTF-8"),
    "NUL": (b"\x00" * 100, "not JSON"),
    "NaN": (b'{"format": NaN}', "NaN is no number"),
    "Infinity": (b'{"format": -Infinity}', "-Infinity is no number"),
    "overflow": (b'{"format": 1e999}', "too large"),
    "number of many digits": (b'{"format": ' + b"9" * 10_000 + b"}", "cannot be read"),
    "key twice": (b'{"format": "graphengine", "format": "x"}', "'format' twice"),
    "brackets": (b"[" * 100_000, "nests too deeply"),
    "matched brackets": (b"[" * 100_000 + b"]" * 100_000, "nests too deeply"),
    "objects": (b'{"a":' * 100_000, "nests too deeply"),
}


@pytest.mark.parametrize(("text", "message"), TEXTS.values(), ids=TEXTS)
def test_refused_text(tmp_path, text, message):
    error = refusal(write(tmp_path, text))
    assert re.search(message, error.problem), error


def test_error_in_the_text_has_its_place(tmp_path):
    path = write(tmp_path, b'{\n  "format": oops\n}')
    assert refusal(path).at == f"{path}:2:13"


@pytest.mark.parametrize("depth", [90, 300, 450, 900, 980])
@pytest.mark.parametrize("op", ["future", "reduce_sum"])
def test_deep_attributes(tmp_path, depth, op):
    """Near the interpreter's limit it depends on the depth who refuses; none may crash."""
    attributes = f'{{"axis": {"[" * depth + "]" * depth}}}'
    nodes = f'[{{"id": "n", "op": "{op}", "attributes": {attributes}}}]'
    deep = f'{{"format": "graphengine", "version": 2, "nodes": {nodes}}}'.encode()
    path = write(tmp_path, deep)
    try:
        graph = load(path)
        save(graph, tmp_path / "y.graph.json")
    except FileFormatError as error:
        assert error.fix
    else:
        assert op == "future"
        assert json.loads((tmp_path / "y.graph.json").read_bytes()) == json.loads(deep)


def test_deep_view(tmp_path):
    graph = Graph()
    graph.document["view"] = deep = []
    for _ in range(100_000):
        deep.append([])
        deep = deep[0]
    with pytest.raises(FileFormatError, match="nests too deeply"):
        save(graph, tmp_path / "a.graph.json")
    assert not list(tmp_path.iterdir())
    while graph.document["view"]:           # take it apart, for Python's own clean-up recurses
        graph.document["view"] = graph.document["view"][0]


IDS = ["nan", "set", "object", "numpy"]


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object(), np.float32(1)], ids=IDS)
def test_view_that_is_no_json(tmp_path, value):
    graph = Graph()
    graph.document["view"] = {"a": value}
    with pytest.raises(FileFormatError, match="view: it cannot be written as JSON"):
        save(graph, tmp_path / "a.graph.json")
    assert not list(tmp_path.iterdir())


def test_too_many_nodes(tmp_path):
    error = refusal(write(tmp_path, document(*[{"id": "a", "op": "no_op"}] * (MAX_NODES + 1))))
    assert "100,001 nodes; a graph may have 100,000" in error.problem


def test_too_large_file(tmp_path):
    path = tmp_path / "x.graph.json"
    with open(path, "wb") as file:
        file.truncate(MAX_DOCUMENT_BYTES + 1)
    assert "67,108,865 bytes; a graph may have 67,108,864" in refusal(path).problem


def test_no_regular_file(tmp_path):
    assert "is a folder" in refusal(tmp_path).problem
    os.mkfifo(tmp_path / "x.graph.json")
    assert "no regular file" in refusal(tmp_path / "x.graph.json").problem


def test_missing_file(tmp_path):
    write(tmp_path, document())
    path = tmp_path / "y.graph.json"
    assert "did you mean 'x.graph.json'" in refusal(path).fix
    with pytest.raises(FileNotFoundError):
        load(path)


def test_errors_of_ops_keep_their_class(tmp_path):
    path = write(tmp_path, document(X, Y, node("add", ["x", "y"])))
    error = refusal(path, ShapeError)
    assert error.at == f"{path}, node 'n'"
    assert "n = add(x, y)" in str(error)


def test_attribute_errors_are_of_the_file(tmp_path):
    error = refusal(write(tmp_path, document(node("iota", attributes={"size": 3, "axis": -1}))))
    assert isinstance(error.__cause__, AttributeValueError)


def test_wide_scopes_are_fast(tmp_path):
    """Names and references of a large file cost no more than the file is long."""
    nodes = [{"id": f"a/b{k}/c", "op": "no_op", "after": [f"a/b{k - 1}/c"] if k else []} for k in range(5000)]
    assert len(load(write(tmp_path, document(*nodes))).nodes) == 5000


# -------------------------------------------------------------------- the file of arrays

def saved_with_arrays(folder):
    graph = Graph()
    graph.add(OPS["const"](np.arange(2000, dtype=np.float32)), [], "w")
    save(graph, folder / "x.graph.json")
    arrays, = folder.glob("*.safetensors")
    return folder / "x.graph.json", arrays


def edited(path, change):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))
    return path


NAMES = [
    "../x.safetensors", "/etc/x.safetensors", "a/b.safetensors", "a\\b.safetensors", "C:x.safetensors", "..", "",
    ".safetensors", "x.graph.json", "x\x00.safetensors", "x\n.safetensors",
]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_arrays_only_from_the_same_folder(tmp_path, name):
    path, _ = saved_with_arrays(tmp_path)
    edited(path, lambda d: d["arrays"].update(file=name))
    assert "the file of arrays is called" in refusal(path).problem


ENTRIES = [
    "x.safetensors", [], {}, {"file": 3}, {"file": "x.safetensors", "url": "http://"},
    {"file": "x.safetensors", "sha256": "0" * 63}, {"file": "x.safetensors", "sha256": 1},
]


@pytest.mark.parametrize("entry", ENTRIES, ids=repr)
def test_arrays_entry(tmp_path, entry):
    path, _ = saved_with_arrays(tmp_path)
    edited(path, lambda d: d.update(arrays=entry))
    assert "arrays is" in refusal(path).problem or "sha256" in refusal(path).problem


def test_missing_arrays(tmp_path):
    path, arrays = saved_with_arrays(tmp_path)
    arrays.unlink()
    assert f"{arrays.name!r} is missing" in refusal(path).problem


def test_arrays_is_a_folder(tmp_path):
    path, arrays = saved_with_arrays(tmp_path)
    arrays.unlink()
    arrays.mkdir()
    with pytest.raises(FileFormatError, match="is a folder"):
        load(path)


DAMAGE = {
    "cut off": lambda b: b[:-1],
    "empty": lambda b: b"",
    "header only": lambda b: b[:8],
    "longer": lambda b: b + b"\0",
    "a bit": lambda b: b[:-1] + bytes([b[-1] ^ 1]),
    "enormous header": lambda b: b"\xff" * 7 + b"\x7f" + b[8:],
}


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_arrays(tmp_path, damage, checked):
    path, arrays = saved_with_arrays(tmp_path)
    arrays.write_bytes(DAMAGE[damage](arrays.read_bytes()))
    if checked:
        assert "damaged" in refusal(path).problem
    elif damage != "a bit":                 # which only the checksum can tell
        edited(path, lambda d: d["arrays"].pop("sha256"))
        assert "no whole safetensors file" in refusal(path).problem


CHANGES = {
    "dtype": ({"dtype": "int32"}, r"is float32 \[2000\], but the graph says int32 \[2000\]"),
    "shape": ({"shape": [1000, 2]}, r"is float32 \[2000\], but the graph says float32 \[1000, 2\]"),
    "size": ({"shape": [10**12]}, "but the graph says float32"),
    "name": ({"array": "w.valu"}, "has no 'w.valu'"),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES)
def test_arrays_that_do_not_fit(tmp_path, change, message):
    path, _ = saved_with_arrays(tmp_path)
    edited(path, lambda d: d["nodes"][0]["attributes"]["value"].update(change))
    assert re.search(message, refusal(path).problem)


def test_bool_array_of_other_bytes(tmp_path):
    graph = Graph()
    graph.add(OPS["const"](np.ones(2000, bool)), [], "w")
    save(graph, tmp_path / "x.graph.json")
    arrays, = tmp_path.glob("*.safetensors")
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"\x07")
    path = edited(tmp_path / "x.graph.json", lambda d: d["arrays"].pop("sha256"))
    assert "other than 0 and 1" in refusal(path).problem


# -------------------------------------------------------------------- any damage at all

def base_text():
    value = {"dtype": "float32", "shape": [2], "values": [1, "inf"]}
    nodes = [X, {"id": "w", "op": "const", "attributes": {"value": value}},
             {"id": "a/b", "op": "add", "inputs": ["x", "w:0"]}, {"id": "f", "op": "future", "inputs": ["a/b"]},
             {"id": "s", "op": "reduce_sum", "inputs": ["a/b"], "attributes": {"axis": [0]}, "after": ["f"]}]
    return json.dumps(document(*nodes, view={"x": [1, 2]}))


pieces = st.sampled_from([
    "null", "-1", "1e308", '""', "[]", "{}", "true", '"x"', '"a/b"', "[", "}", ":", ",", "9" * 20, '"nan"',
])
edits = st.lists(st.tuples(st.integers(0, len(base_text())), st.integers(0, 12), pieces), min_size=1, max_size=3)


@hypothesis.given(edits)
def test_any_damage_is_an_error_of_ours_or_none(tmp_path_factory, edits):
    text = base_text()
    for place, length, piece in edits:
        text = text[:place] + piece + text[place + length:]
    path = write(tmp_path_factory.mktemp("damage"), text.encode())
    try:
        graph = load(path)
    except GraphEngineError as error:
        assert str(path) in error.at
    else:
        save(graph, path)
        assert load(path).document == graph.document


words = st.text(max_size=3) | st.sampled_from(["x", "nan", "float32"])
leaves = st.none() | st.booleans() | st.integers() | st.floats() | words
values = st.recursive(leaves, lambda v: st.lists(v, max_size=3) | st.dictionaries(
    st.sampled_from(["dtype", "shape", "values", "array", "a"]), v, max_size=4), max_leaves=6)


@pytest.mark.parametrize("name", sorted(OPS))
@hypothesis.settings(max_examples=15)
@hypothesis.given(data=st.data())
def test_any_attribute_of_any_op(tmp_path_factory, name, data):
    """Values of any kind for the attributes of each op: it is built, or refused with a reason."""
    cls = OPS[name]
    fields = [f.name for f in dataclasses.fields(cls)]
    attributes = {f: data.draw(values, f) for f in fields}
    inputs = ["x"] * len(cls.inputs)
    value = document(X, node(name, inputs, attributes=attributes))
    path = tmp_path_factory.mktemp("attribute") / "x.graph.json"
    path.write_text(json.dumps(value))
    try:
        load(path)
    except GraphEngineError as error:
        assert str(path) in error.at


def test_nothing_is_left_open(tmp_path):
    path, _ = saved_with_arrays(tmp_path)
    for _ in range(5):
        load(path)
    opened = [os.path.realpath(entry) for entry in pathlib.Path("/proc/self/fd").iterdir()]
    assert not [file for file in opened if file.startswith(str(tmp_path))]
