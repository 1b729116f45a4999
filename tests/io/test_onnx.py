"""ONNX files against the standard: its own cases of each operator, and whole models run by its reference.

The cases are a second oracle of the ops, too: each is read from a file and computed in a session.
"""
from __future__ import annotations

import functools
import json
import sys
import warnings

import numpy as np
import pytest

import graphengine as tf
from graphengine import config
from graphengine.errors import FileFormatError, NotFoundError
from graphengine.io.onnx_file import supported
from graphengine.tools.run import run_file

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

DTYPES = ("bool", "int32", "int64", "float32", "float64")

# -------------------------------------------------------------------- cases of the standard


@functools.cache
def cases():
    """Cases of one operator each, by the operator."""
    from onnx.backend.test.loader import load_model_tests

    found = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for case in load_model_tests(kind="node"):
            nodes = case.model.graph.node
            if len(nodes) == 1 and nodes[0].domain == "":
                found.setdefault(nodes[0].op_type, []).append(case)
    return found


def as_array(value):
    """Numbers of a case as an array; sequences and texts as one of objects."""
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    return value if isinstance(value, (np.ndarray, np.generic)) else np.array(None, object)


def with_constants(case, arrays):
    """The model of a case, of which all but the first input are known."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    names = [given.name for given in model.graph.input]
    model.graph.initializer.extend(numpy_helper.from_array(np.asarray(a), n)
                                   for n, a in list(zip(names, arrays, strict=True))[1:])
    return model


def computed(model, path, arrays):
    """What the reader and a session make of a model."""
    onnx.save(model, path)
    graph = tf.load(path)
    names = [given.name for given in model.graph.input]
    feeds = {n: a for n, a in zip(names, arrays, strict=True)
             if n in graph.by_name and graph.by_name[n].op.name == "placeholder"}
    return tf.Session(graph).run([wanted.name for wanted in model.graph.output], feeds)


@pytest.mark.parametrize("operator", supported())
def test_cases_of_the_standard(operator, tmp_path):
    checked, refused = [], {}
    for case in cases().get(operator, ()):
        (given, wanted), *_ = case.data_sets
        arrays, wanted = list(map(as_array, given)), list(map(as_array, wanted))
        if not all(a.dtype.name in DTYPES for a in (*arrays, *wanted)):
            continue
        for model in [case.model, *([with_constants(case, arrays)] if len(arrays) > 1 else [])]:
            try:
                found = computed(model, tmp_path / "case.onnx", arrays)
            except FileFormatError as error:    # it says what it does not mean; what it does compute is right
                refused[case.name] = error
                assert operator in str(error) or "version" in str(error)
                continue
            for g, w in zip(found, wanted, strict=True):
                assert (np.shape(g), np.asarray(g).dtype) == (w.shape, w.dtype), case.name
                np.testing.assert_allclose(g, w, rtol=case.rtol, atol=max(case.atol, 1e-5), err_msg=case.name)
            checked.append(case.name)
    if not checked:
        pytest.skip("; ".join(sorted({e.problem for e in refused.values()})) or "the standard has no such case")


def test_what_models_are_made_of_can_be_read():
    assert {"Conv", "MaxPool", "BatchNormalization", "Gemm", "Flatten", "Softmax", "MatMul", "Transpose", "Reshape",
            "Slice", "Gather", "Constant"} <= set(supported())


# -------------------------------------------------------------------- whole models

def model_of(nodes, inputs, outputs, weights, version=17):
    graph = helper.make_graph(
        nodes, "model", [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
        [numpy_helper.from_array(a, n) for n, a in weights.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8)


def random(rng, **shapes):
    return {name: rng.normal(size=shape).astype("f4") * 0.4 for name, shape in shapes.items()}


def node(operator, inputs, output, **attributes):
    return helper.make_node(operator, inputs.split(), output.split(), **attributes)


def mlp(rng):
    weights = random(rng, w0=(8, 4), b0=(8,), w1=(3, 8), b1=(3,))
    return model_of([
        node("Gemm", "x w0 b0", "h", transB=1, name="first"), node("Relu", "h", "a", name="act"),
        node("Gemm", "a w1 b1", "scores", transB=1, alpha=0.5), node("Softmax", "scores", "p", axis=-1),
    ], {"x": ["n", 4]}, ["p"], weights), {"x": (5, 4)}


def cnn(rng):
    weights = random(rng, k0=(6, 2, 3, 3), c0=(6,), k1=(6, 3, 3, 3), scale=(6,), bias=(6,), mean=(6,), w=(54, 5),
                     b=(5,))
    weights["variance"] = rng.random(6).astype("f4") + 0.5
    return model_of([
        node("Conv", "x k0 c0", "y0", pads=[1, 1, 1, 1], strides=[2, 2]),
        node("BatchNormalization", "y0 scale bias mean variance", "y1"), node("Relu", "y1", "y2"),
        node("Conv", "y2 k1", "y3", group=2, pads=[0, 1, 2, 1]), node("LeakyRelu", "y3", "y4"),
        node("MaxPool", "y4", "y5", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("AveragePool", "y5", "y6", kernel_shape=[2, 2], strides=[1, 1], pads=[0, 0, 1, 1]),
        node("Flatten", "y6", "y7"), node("Gemm", "y7 w b", "y8"), node("Softmax", "y8", "p"),
    ], {"x": ["batch", 2, 12, 12]}, ["p"], weights), {"x": (3, 2, 12, 12)}


def attention(rng):
    """Heads by reshapes whose sizes are computed from the shape, as PyTorch writes them."""
    weights = {**random(rng, wq=(8, 8), wk=(8, 8), wv=(8, 8), wo=(8, 8), g=(8,), b=(8,)),
               "zero": np.array(0), "one": np.array(1), "axis0": np.array([0]), "heads": np.array([2, 4]),
               "width": np.array([8]), "scale": np.array(0.5, "f4"), "starts": np.array([0]), "ends": np.array([-1]),
               "second": np.array([1]), "last": np.array([-1, 0])}
    sizes = [node("Shape", "x", "shape"), node("Gather", "shape zero", "n"), node("Gather", "shape one", "t"),
             node("Unsqueeze", "n axis0", "n1"), node("Unsqueeze", "t axis0", "t1"),
             node("Concat", "n1 t1 heads", "split", axis=0), node("Concat", "n1 t1 width", "joined", axis=0)]
    parts = [made for letter in "qkv" for made in (
        node("MatMul", f"x w{letter}", letter), node("Reshape", f"{letter} split", f"{letter}1"),
        node("Transpose", f"{letter}1", f"{letter}2", perm=[0, 2, 3, 1] if letter == "k" else [0, 2, 1, 3]))]
    return model_of([
        *sizes, *parts, node("MatMul", "q2 k2", "s"), node("Mul", "s scale", "s1"),
        node("Softmax", "s1", "p", axis=-1), node("MatMul", "p v2", "o"),
        node("Transpose", "o", "o1", perm=[0, 2, 1, 3]), node("Reshape", "o1 joined", "o2"),
        node("MatMul", "o2 wo", "o3"), node("Add", "o3 x", "r"), node("LayerNormalization", "r g b", "y", axis=-1),
        node("Slice", "y starts ends second", "most"), node("Gather", "y last", "ends_of_it", axis=1),
    ], {"x": ["n", "t", 8]}, ["y", "most", "ends_of_it"], weights), {"x": (2, 5, 8)}


def pictures(rng):
    """Up by nearest pixels and to a size by lines between them, as decoders have it; normalized in groups."""
    weights = {**random(rng, k=(4, 2, 3, 3), s=(4,), b=(4,)), "twice": np.array([1, 1, 2, 2], "f4"),
               "sizes": np.array([2, 4, 15, 11]), "none": np.zeros(0, "f4")}
    return model_of([
        node("Resize", "x none twice", "up", mode="nearest", coordinate_transformation_mode="asymmetric",
             nearest_mode="floor"),
        node("Conv", "up k", "y", pads=[1, 1, 1, 1]), node("GroupNormalization", "y s b", "n", num_groups=2),
        helper.make_node("Resize", ["n", "", "", "sizes"], ["z"], mode="linear"),
        node("DepthToSpace", "z", "p", blocksize=2, mode="CRD"),
    ], {"x": [2, 2, 5, 6]}, ["p"], weights, 21), {"x": (2, 2, 5, 6)}


def sequence(rng, version):
    """As PyTorch writes it: names are numbers; a state of zeros, a mask and positions follow from computed sizes."""
    weights = {**random(rng, **{"1": (1, 16, 4), "2": (1, 16, 4), "3": (1, 32), "4": (4,), "5": (4,), "6": (1, 1, 4)}),
               **{str(k): np.array(v) for k, v in enumerate(
                   [0, 1, [0], [1], [1], [4], [0], [9], [1], [-1], [1], [0]], 10)},
               "30": np.array(1e-5, "f4"), "31": np.array(2.0, "f4"), "32": np.array(np.sqrt(2), "f4"),
               "33": np.array(0.5, "f4"), "34": np.array(1.0, "f4"), "35": np.array(-1e9, "f4")}
    unsqueezed = (lambda x, y: node("Unsqueeze", f"{x} 12", y)) if version >= 13 else (
        lambda x, y: node("Unsqueeze", x, y, axes=[0]))
    middle = (lambda x, y: node("Squeeze", f"{x} 13", y)) if version >= 13 else (
        lambda x, y: node("Squeeze", x, y, axes=[1]))
    mean = (lambda x, y: node("ReduceMean", f"{x} 19", y)) if version >= 18 else (
        lambda x, y: node("ReduceMean", x, y, axes=[-1]))
    return model_of([
        node("Shape", "0", "40"), node("Gather", "40 10", "41"), node("Gather", "40 11", "42"),
        unsqueezed("41", "43"), unsqueezed("42", "44"), node("Concat", "13 44 15", "45", axis=0),
        helper.make_node("ConstantOfShape", ["45"], ["46"], value=numpy_helper.from_array(np.zeros(1, "f4"))),
        helper.make_node("LSTM", ["0", "1", "2", "3", "", "46", "46"], ["47", "48", "49"], hidden_size=4),
        middle("47", "50"),                                             # (time, batch, units)
        mean("50", "51"), node("Sub", "50 51", "52"), node("Pow", "52 31", "53"), mean("53", "54"),
        node("Add", "54 30", "55"), node("Sqrt", "55", "56"), node("Div", "52 56", "57"), node("Mul", "57 4", "58"),
        node("Add", "58 5", "59"),                                      # a normalization by its parts
        node("Div", "59 32", "60"), node("Erf", "60", "61"), node("Add", "61 34", "62"), node("Mul", "59 62", "63"),
        node("Mul", "63 33", "64"),                                     # and an activation
        node("Concat", "43 44 15", "65", axis=0), node("Shape", "65", "66"),
        helper.make_node("ConstantOfShape", ["66"], ["67"], value=numpy_helper.from_array(np.ones(1, "i8"))),
        node("Mul", "67 19", "68"), node("Equal", "65 68", "69"), node("Where", "69 67 65", "70"),
        node("Expand", "6 70", "71"), node("Add", "64 71", "72"),       # x.expand(n, t, -1)
        node("Transpose", "72", "73", perm=[1, 0, 2]), node("Transpose", "73", "74", perm=[0, 2, 1]),
        node("MatMul", "73 74", "75"), node("Range", "10 41 11", "76"), node("Unsqueeze", "76 13", "77")
        if version >= 13 else node("Unsqueeze", "76", "77", axes=[1]), node("Less", "77 76", "78"),
        node("Where", "78 35 75", "79"), node("Softmax", "79", "80", axis=2), node("MatMul", "80 73", "81"),
        node("Shape", "81", "82"), node("Gather", "82 11", "83"), unsqueezed("83", "84"), node("Sub", "84 13", "85"),
        node("Slice", "81 12 85 13", "86"), node("Flatten", "86", "87"),
    ], {"0": ["t", "n", 4]}, ["87", "48"], weights, version), {"0": (5, 3, 4)}


@pytest.mark.parametrize("version", [11, 14, 18, 21])
def test_sequences_as_pytorch_writes_them(version, rng, tmp_path):
    model, shapes = sequence(rng, version)
    for shape in (shapes["0"], (3, 1, 4)):
        x = rng.normal(size=shape).astype("f4")
        wanted = ReferenceEvaluator(model).run(None, {"0": x})
        with config.override(tier="interpreter"):           # kernels are compared with it elsewhere
            found = computed(model, tmp_path / "m.onnx", [x])
        for g, w in zip(found, wanted, strict=True):
            np.testing.assert_allclose(g, w, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", [mlp, cnn, attention, pictures], ids=lambda make: make.__name__)
def test_models_give_what_the_reference_gives(make, rng, tmp_path):
    model, shapes = make(rng)
    feeds = random(rng, **shapes)
    wanted = ReferenceEvaluator(model).run(None, feeds)
    found = computed(model, tmp_path / "model.onnx", list(feeds.values()))
    for g, w in zip(found, wanted, strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-4, atol=1e-5)


def test_names_and_sizes_are_those_of_the_file(rng, tmp_path):
    model, _ = mlp(rng)
    onnx.save(model, tmp_path / "m.onnx")
    graph = tf.load(tmp_path / "m.onnx")
    assert [n.name for n in graph.nodes if n.op.name == "placeholder"] == ["x"]
    assert str(graph.as_tensor("p").shape) == "(None, 3)"
    assert {"act", "w0", "b0", "first/MatMul", "first/add"} <= {n.name for n in graph.nodes}
    model, _ = attention(rng)
    onnx.save(model, tmp_path / "m.onnx")
    graph = tf.load(tmp_path / "m.onnx")
    assert graph.as_tensor("y").shape.rank == 3 and {"y", "most", "ends_of_it"} <= {n.name for n in graph.nodes}
    again = tmp_path / "m.graph.json"
    graph.save(again)
    assert [n.name for n in tf.load(again).nodes] == [n.name for n in graph.nodes]


def test_a_flattening_by_its_shape_draws_nothing_of_it(rng, tmp_path):
    weights = {"zero": np.array(0), "axis": np.array([0]), "rest": np.array([-1])}
    model = model_of([node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Unsqueeze", "n axis", "n1"),
                      node("Concat", "n1 rest", "to", axis=0), node("Reshape", "x to", "y")],
                     {"x": [2, 3, 4]}, ["y"], weights)
    onnx.save(model, tmp_path / "m.onnx")
    assert [n.name for n in tf.load(tmp_path / "m.onnx").nodes] == ["x", "y"]


def test_sizes_of_which_some_are_known_are_followed(tmp_path):
    """Past what is not known: the batch keeps any size, the others are known before the run."""
    weights = {"zero": np.array(0), "axis": np.array([0]), "rest": np.array([2, 6])}
    model = model_of([node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Unsqueeze", "n axis", "n1"),
                      node("Concat", "n1 rest", "to", axis=0), node("Reshape", "x to", "y")],
                     {"x": [None, 3, 4]}, ["y"], weights)
    onnx.save(model, tmp_path / "m.onnx")
    graph = tf.load(tmp_path / "m.onnx")
    assert [n.name for n in graph.nodes] == ["x", "y"] and str(graph.as_tensor("y").shape) == "(None, 2, 6)"


@pytest.mark.parametrize(("slicing", "wanted"), [
    (["s", "one", "three", "axis", "one"], (3, 4)), (["s", "one", "three"], (3, 4)),
    (["s", "last", "axis", "", "last"], (4, 3)), (["s", "axis", "three", "axis", "two"], (2, 4)),
], ids=["as PyTorch writes it", "short", "backward", "every second"])
def test_a_part_of_sizes_of_which_some_are_known(slicing, wanted, tmp_path):
    weights = {"axis": np.array([0]), "one": np.array([1]), "two": np.array([2]), "three": np.array([3]),
               "last": np.array([-1])}
    model = model_of([node("Shape", "x", "s"), helper.make_node("Slice", slicing, ["p"]),
                      node("ConstantOfShape", "p", "y")], {"x": [None, 3, 4]}, ["y"], weights)
    found, = computed(model, tmp_path / "m.onnx", [np.zeros((2, 3, 4), "f4")])
    assert found.shape == wanted


@pytest.mark.parametrize(("base", "powers"), [
    (np.array([4, 9, -2], "i4"), np.array([0.5, 1.5, 3], "f4")),
    (np.arange(1, 40, dtype="i8"), np.full(39, 5, "f4")),
    (np.array([2, 3], "f4"), np.array([2, -1], "i8")),
    (np.array([2, 3], "f4"), np.array([0.5, 1 / 3], "f8")),
], ids=["roots", "whole", "integer", "double"])
def test_powers_are_of_the_type_of_the_base(base, powers, tmp_path):
    kinds = {name: helper.np_dtype_to_tensor_dtype(a.dtype) for name, a in (("x", base), ("y", powers))}
    graph = helper.make_graph(
        [node("Pow", "x y", "z")], "g", [helper.make_tensor_value_info(n, k, [None]) for n, k in kinds.items()],
        [helper.make_tensor_value_info("z", kinds["x"], None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    found, = computed(model, tmp_path / "m.onnx", [base, powers])
    assert found.dtype == base.dtype
    np.testing.assert_allclose(found, (base.astype("f8") ** powers).astype(base.dtype), rtol=1e-6)


# -------------------------------------------------------------------- parts inside nodes

def part(nodes, inputs, outputs):
    """A part of a model, whose inputs and outputs say no sizes: {name: type}."""
    values = [[helper.make_tensor_value_info(n, t, None) for n, t in found.items()] for found in (inputs, outputs)]
    return helper.make_graph(nodes, "part", *values)


def test_a_loop_that_stops_by_itself_gives_what_it_collected(tmp_path):
    """Its value grows from step to step, and each step's sum is collected; it begins with the sizes of the feed."""
    body = part([node("Concat", "v w", "v1", axis=0), node("ReduceSum", "v1", "total", keepdims=0),
                 node("Less", "total bound", "on")],
                {"k": TensorProto.INT64, "c": TensorProto.BOOL, "v": TensorProto.FLOAT},
                {"on": TensorProto.BOOL, "v1": TensorProto.FLOAT, "total": TensorProto.FLOAT})
    for most in ("", "most"):
        model = model_of([helper.make_node("Loop", [most, "", "x"], ["last", "sums"], body=body)], {"x": [1]},
                         ["last", "sums"], {"w": np.array([2, 3], "f4"), "bound": np.array(14, "f4"),
                                            "most": np.array(2)})
        last, sums = computed(model, tmp_path / "m.onnx", [np.array([1], "f4")])
        np.testing.assert_array_equal(last, [1, 2, 3, 2, 3] if most else [1, 2, 3, 2, 3, 2, 3])
        np.testing.assert_array_equal(sums, [6, 11] if most else [6, 11, 16])


def test_a_choice_that_is_known_leaves_no_trace(tmp_path):
    """PyTorch writes one for each squeeze; the branches have other numbers of axes."""
    weights = {"one": np.array([1]), "axis": np.array([1])}
    floats = {"y": TensorProto.FLOAT}
    branches = {"then_branch": part([node("Squeeze", "x axis", "y")], {}, floats),
                "else_branch": part([node("Identity", "x", "y")], {}, floats)}
    nodes = [node("Shape", "x", "shape", start=1, end=2), node("Equal", "shape one", "c"),
             helper.make_node("If", ["c"], ["z"], **branches), node("Neg", "z", "n")]
    for size, shape in ((1, (2,)), (3, (2, 3))):
        onnx.save(model_of(nodes, {"x": [2, size]}, ["n"], weights), tmp_path / "m.onnx")
        graph = tf.load(tmp_path / "m.onnx")
        assert "switch" not in {n.op.name for n in graph.nodes} and graph.as_tensor("n").shape == shape


@pytest.mark.parametrize(("broken", "said"), [
    (part([], {"k": TensorProto.INT64}, {"k": TensorProto.INT64}), "gives 1 values, and 2 are carried"),
    (part([node("Not", "c", "on"), node("Squeeze", "v", "w")],
          {"k": TensorProto.INT64, "c": TensorProto.BOOL, "v": TensorProto.FLOAT},
          {"on": TensorProto.BOOL, "w": TensorProto.FLOAT}), "has 2 axes and gets"),
    (part([node("Identity", "c", "on"), node("Identity", "v", "w")],
          {"k": TensorProto.INT64, "c": TensorProto.BOOL, "v": TensorProto.FLOAT},
          {"on": TensorProto.BOOL, "w": TensorProto.FLOAT}), "nothing ends it"),
], ids=["values", "axes", "endless"])
def test_loops_that_cannot_run_are_named(broken, said, tmp_path):
    onnx.save(model_of([helper.make_node("Loop", ["", "", "x"], ["y"], body=broken, name="round")], {"x": [1, 2]},
                       ["y"], {}), tmp_path / "m.onnx")
    with pytest.raises(FileFormatError, match=rf"{said}[\s\S]*node 'round'"):
        tf.load(tmp_path / "m.onnx")


def test_loops_in_loops_are_drawn_so_often_that_deep_ones_are_refused(tmp_path):
    kinds = {"i": TensorProto.INT64, "c": TensorProto.BOOL}
    inner, name = [node("Identity", "x", "y")], "y"
    for depth in range(30):
        body = part([*inner, node("Identity", "c", "on")], kinds, {"on": TensorProto.BOOL, name: TensorProto.FLOAT})
        name = f"y{depth}"
        inner = [helper.make_node("Loop", ["n", ""], [name], body=body)]
        onnx.save(model_of(inner, {"x": [2]}, [name], {"n": np.array(1)}), tmp_path / "m.onnx")
        if depth == 3:
            assert tf.load(tmp_path / "m.onnx").as_tensor(name).shape.rank == 5
    with pytest.raises(FileFormatError, match="Loop: more than 8 parts are nested"):
        tf.load(tmp_path / "m.onnx")


def registers(level, depth, count=6):
    """A body that moves what it carries on by one place, the last one doubled; inside it the next."""
    own = [f"v{level}_{k}" for k in range(count)]
    inner = [node("Identity", own[k + 1], f"{own[k]}_new") for k in range(count - 1)]
    inner += [node("Concat", f"{own[-1]} {own[-1]}", f"{own[-1]}_new", axis=0),
              node("Identity", f"c{level}", f"on{level}")]
    if level + 1 < depth:
        inner.append(helper.make_node("Loop", ["n", "", *["x"] * count], [f"{name}_unused" for name in own],
                                      body=registers(level + 1, depth)))
    return part(inner, {f"i{level}": TensorProto.INT64, f"c{level}": TensorProto.BOOL,
                        **dict.fromkeys(own, TensorProto.FLOAT)},
                {f"on{level}": TensorProto.BOOL, **{f"{name}_new": TensorProto.FLOAT for name in own}})


@pytest.mark.parametrize("depth", [1, 2, 8])
def test_bodies_are_not_drawn_again_without_end(depth, tmp_path):
    """Each size that changes is seen only after a drawing, which draws all that is inside."""
    model = model_of([helper.make_node("Loop", ["n", "", *["x"] * 6], [f"y{k}" for k in range(6)],
                                       body=registers(0, depth))], {"x": [2]}, ["y0", "y5"], {"n": np.array(3)})
    if depth < 8:
        found = computed(model, tmp_path / "m.onnx", [np.array([1, 2], "f4")])
        assert [len(y) for y in found] == [2, 16]           # doubled three times; on its way for two steps more
    else:
        onnx.save(model, tmp_path / "m.onnx")
        with pytest.raises(FileFormatError, match=r"Loop: sizes of what nested loops carry change[\s\S]*node"):
            tf.load(tmp_path / "m.onnx")


# -------------------------------------------------------------------- what cannot be read

def test_all_unknown_operators_are_named_with_their_nodes(tmp_path):
    graph = helper.make_graph(
        [node("NonMaxSuppression", "x y", "a", name="boxes"), node("Relu", "z", "b"),
         helper.make_node("Fancy", ["z"], ["c"], name="own", domain="com.example"),
         node("NonMaxSuppression", "x y", "d")], "g",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in "xyz"],
        [helper.make_tensor_value_info("b", TensorProto.FLOAT, None)])
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
    onnx.save(helper.make_model(graph, opset_imports=versions, ir_version=8), tmp_path / "m.onnx")
    with pytest.raises(FileFormatError) as raised:
        tf.load(tmp_path / "m.onnx")
    assert "NonMaxSuppression (nodes boxes, d); com.example.Fancy (node own)" in str(raised.value)


def test_an_attribute_without_a_meaning_here_names_its_node(tmp_path):
    model = model_of([node("MaxPool", "x", "y", kernel_shape=[2, 2], dilations=[2, 2], name="far")],
                     {"x": [1, 1, 8, 8]}, ["y"], {})
    onnx.save(model, tmp_path / "m.onnx")
    with pytest.raises(FileFormatError, match=r"MaxPool: max pooling has dilations[\s\S]*node 'far'"):
        tf.load(tmp_path / "m.onnx")


def test_places_of_entries_count_from_the_end_below_0(rng, tmp_path):
    x, places = rng.normal(size=(2, 3, 4)).astype("f4"), np.array([[-1, 2], [0, -3]])
    values = rng.normal(size=(2, 4)).astype("f4")
    for used, wanted in (
        (node("GatherND", "x i", "y"), x[[1, 0], [2, 0]]),
        (node("GatherND", "x i", "y", batch_dims=1), x[[0, 1], [2, 0], [2, 1]]),
        (node("ScatterND", "x i v", "y"), np.stack([[values[1], *x[0, 1:]], [*x[1, :2], values[0]]])),
    ):
        model = model_of([used], {"x": ["n", 3, 4]}, ["y"], {"i": places, "v": values})
        np.testing.assert_array_equal(computed(model, tmp_path / "m.onnx", [x])[0], wanted)


def test_a_large_triangle_is_drawn_without_its_entries(tmp_path, monkeypatch):
    monkeypatch.setattr(np, "ones", lambda *_: pytest.fail("a matrix is made"))
    onnx.save(model_of([node("Trilu", "x", "y")], {"x": [10**6, 10**6]}, ["y"], {}), tmp_path / "m.onnx")
    assert all(n.op.name != "const" or np.size(n.op.value.array) < 3 for n in tf.load(tmp_path / "m.onnx").nodes)


@pytest.mark.parametrize("announced", [1, 3, 10**7])
def test_parts_that_nobody_takes_are_refused(announced, tmp_path):
    model = model_of([node("Split", "x", "a b", num_outputs=announced)], {"x": [10**7]}, ["a", "b"], {}, version=18)
    onnx.save(model, tmp_path / "m.onnx")
    with pytest.raises(FileFormatError, match=f"{announced} parts are announced for 2 results"):
        tf.load(tmp_path / "m.onnx")


def test_local_functions_are_put_in_place(tmp_path):
    inside = [node("Add", "a a", "b")]
    double = helper.make_function("own", "Double", ["a"], ["b"], inside, [helper.make_opsetid("", 17)])
    graph = helper.make_graph([helper.make_node("Double", ["x"], ["y"], domain="own")], "g",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [3])])
    onnx.save(helper.make_model(graph, functions=[double], ir_version=8, opset_imports=[
        helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]), tmp_path / "m.onnx")
    loaded = tf.load(tmp_path / "m.onnx")
    np.testing.assert_array_equal(tf.Session(loaded).run("y", {"x": [1, 2, 3]}), [2, 4, 6])


def test_local_functions_that_double_again_and_again_are_refused_before_they_fill_the_memory(tmp_path):
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    functions = [helper.make_function("own", "Twice0", ["a"], ["b"], [node("Add", "a a", "b")], versions)]
    for k in range(1, 50):
        calls = [helper.make_node(f"Twice{k - 1}", [x], [y], domain="own") for x, y in ("at", "tb")]
        functions.append(helper.make_function("own", f"Twice{k}", ["a"], ["b"], calls, versions))
    graph = helper.make_graph([helper.make_node("Twice49", ["x"], ["y"], domain="own")], "g",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [3])])
    onnx.save(helper.make_model(graph, functions=functions, ir_version=8, opset_imports=versions), tmp_path / "m.onnx")
    with pytest.raises(FileFormatError, match="its local functions come to"):
        tf.load(tmp_path / "m.onnx")


def test_what_takes_long_is_left_for_the_run(tmp_path):
    """A product over five axes of 50,000 would never end; a graph of it is drawn at once."""
    model = model_of([node("Einsum", "v v v v v", "y", equation="a,b,c,d,e->")], {"x": [1]}, ["y"],
                     {"v": np.ones(50_000, "f4")})
    onnx.save(model, tmp_path / "m.onnx")
    assert tf.load(tmp_path / "m.onnx").as_tensor("y").shape == ()


IMAGE = {"x": [1, 2, 3, 3]}
FILTERS = {"w": np.ones((2, 3, 2, 2), "f4")}


@pytest.mark.parametrize(("used", "inputs", "weights", "said"), [
    (node("Split", "x p", "y z"), {"x": [2, 3]}, {"p": np.array([5, 5])}, r"axis of 2 is split into 2 of \[5, 5\]"),
    (node("Split", "x p", "y z"), {"x": [4, 3]}, {"p": np.array([1, 1])}, r"axis of 4 is split into 2 of \[1, 1\]"),
    (node("Split", "x p", "y z"), {"x": [2, 3]}, {"p": np.array([3, -1])}, r"split into 2 of \[3, -1\]"),
    (node("Split", "x p", "y z"), {"x": [2, 3]}, {"p": np.array([2])}, r"split into 2 of \[2\]"),
    (node("Split", "x", "y z", axis=9), {"x": [2, 3]}, {}, "axis 9 is outside"),
    (node("TopK", "x k", "y z", largest=0), {"x": [2, 3]}, {"k": np.array([99])}, "k=99 elements"),
    (node("TopK", "x k", "y z", largest=0), {"x": [2, 3]}, {"k": np.array([-1])}, "k=-1"),
    (node("TopK", "x k", "y z", axis=5), {"x": [2, 3]}, {"k": np.array([1])}, "axis 5 is outside"),
    (node("DFT", "x n", "y"), {"x": [2, 3, 1]}, {"n": np.array(-2)}, "the length is -2"),
    (node("DFT", "x", "y"), {"x": [2, 3, None]}, {}, "the size of the last axis"),
    (node("Slice", "x s e", "y"), {"x": [2, 3]}, {"s": np.zeros(3, "i8"), "e": np.ones(3, "i8")}, "axis 2 is outside"),
    (node("Softmax", "x", "y", axis=7), {"x": [2, 3]}, {}, "axis 7 is outside"),
    (node("Flatten", "x", "y", axis=7), {"x": [2, 3]}, {}, "axis 7 is outside"),
    (node("Reshape", "x s", "y"), {"x": [2, 3]}, {"s": np.array([2, 3, 0])}, "Reshape: it is broken"),
    (node("ConvTranspose", "x w", "y", strides=[0, 0]), IMAGE, FILTERS, r"by strides \[0, 0\]"),
    (node("ConvTranspose", "x w", "y", pads=[1]), IMAGE, FILTERS, r"pads=\[1\]"),
    (node("ConvTranspose", "x w", "y", output_padding=[1]), IMAGE, FILTERS, r"output_padding=\[1\]"),
    (node("ConvTranspose", "x w", "y", output_shape=[1]), IMAGE, FILTERS, r"output_shape=\[1\]"),
    (node("Conv", "x v", "y", pads=[1]), IMAGE, {"v": np.ones((3, 2, 2, 2), "f4")}, "1 pads are given for 2 axes"),
    (node("MaxPool", "x", "y", kernel_shape=[2]), IMAGE, {}, "windows of 1 sizes"),
])
def test_what_is_not_valid_is_refused_with_its_node(used, inputs, weights, said, tmp_path):
    used.name = "wrong"
    onnx.save(model_of([used], inputs, list(used.output), weights), tmp_path / "m.onnx")
    with pytest.raises(FileFormatError, match=rf"{said}[\s\S]*node 'wrong'"):
        tf.load(tmp_path / "m.onnx")


@pytest.mark.parametrize("is_known", [True, False], ids=["constant", "fed"])
def test_parts_add_up_to_an_axis_that_is_known_only_in_the_run(is_known, tmp_path):
    sizes = np.array([1, 2])
    graph = helper.make_graph(
        [node("Split", "x p", "y z")], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"]), *(
            [] if is_known else [helper.make_tensor_value_info("p", TensorProto.INT64, [2])])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in "yz"],
        [numpy_helper.from_array(sizes, "p")] if is_known else [])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    session, further = tf.Session(tf.load(tmp_path / "m.onnx")), {} if is_known else {"p": sizes}
    y, z = session.run(["y", "z"], {"x": [1, 2, 3], **further})
    assert (y.tolist(), z.tolist()) == ([1], [2, 3])
    with pytest.raises(tf.errors.InvalidArgumentError):
        session.run(["y", "z"], {"x": [1, 2, 3, 4], **further})


@pytest.mark.parametrize("content", [b"", b"\x08\x08 no model", b"{}", b"\xff" * 300],
                         ids=["empty", "text", "json", "bytes"])
def test_what_is_no_model_is_refused(content, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        tf.load(path)
    with pytest.raises(FileFormatError):
        tf.load(tmp_path / "none.onnx")


def test_any_broken_byte_is_an_error_or_a_graph(rng, tmp_path):
    whole = mlp(rng)[0].SerializeToString()
    path = tmp_path / "m.onnx"
    for _ in range(150):
        broken = bytearray(whole)
        broken[rng.integers(len(broken))] = rng.integers(256)
        path.write_bytes(bytes(broken))
        try:
            assert isinstance(tf.load(path), tf.Graph)
        except FileFormatError as error:
            assert "m.onnx" in str(error)


def test_without_the_package_one_is_told_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(NotFoundError, match=r"pip install graphengine\[onnx\]"):
        tf.load(tmp_path / "m.onnx")


# -------------------------------------------------------------------- where it is used

def test_a_result_that_no_memory_holds_names_its_node(tmp_path):
    model = model_of([node("Tile", "x r", "y")], {"x": [2, 3]}, ["y"], {"r": np.array([2**31, 2**31])})
    onnx.save(model, tmp_path / "m.onnx")
    session = tf.Session(tf.load(tmp_path / "m.onnx"))
    with config.override(tier="kernels"), pytest.raises(tf.errors.ResourceExhaustedError, match="finds no room"):
        session.run("y", {"x": np.ones((2, 3), "f4")})


def test_the_command_runs_a_file(rng, tmp_path):
    model, _ = mlp(rng)
    onnx.save(model, tmp_path / "m.onnx")
    x = rng.normal(size=(2, 4)).astype("f4")
    said = run_file(tmp_path / "m.onnx", [f"x={json.dumps(x.tolist())}"], [], None, True)
    wanted, = ReferenceEvaluator(model).run(None, {"x": x})
    np.testing.assert_allclose(json.loads(said)["p"], wanted, rtol=1e-4, atol=1e-6)
