"""Modules with their traced functions in folders, and called again."""
import json

import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import FileFormatError, InvalidArgumentError, NotFoundError


class Inner(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="w")

    @tf.function(input_signature=[tf.TensorSpec([None, 2])])
    def __call__(self, x):
        return x @ self.w


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.parts = [Inner(), Inner()]
        self.count = tf.Variable(0, trainable=False, name="count")
        self.table = {"first": self.parts[0], "b": tf.Variable(0.5)}
        self.rate = 3
        self.plain = tf.function(lambda x: x + 1.0)

    @tf.function
    def forward(self, x, scale=2.0, training=False):
        self.count.assign_add(1)
        h = self.parts[1](self.parts[0](x)) + self.table["b"]
        return {"y": h * scale, "count": self.count.read_value()} if training else (h * scale, None)

    @tf.function
    def reset(self):
        self.count.assign(0)


@pytest.fixture
def net():
    net = Net()
    net.parts[1].w.assign([[0.5, 0.0], [0.0, -0.5]])
    return net


X = tf.constant([[1.0, 2.0], [3.0, -1.0], [0.0, 1.0]])


def saved(net, folder, **settings):
    tf.saved_model.save(net, folder, **settings)
    return tf.saved_model.load(folder)


def test_functions_are_called_again(net, tmp_path):
    wanted = net.forward(X)[0].numpy()
    net.forward(X, training=True)
    net.reset()
    net.plain(X)
    again = saved(net, tmp_path / "deep" / "m")
    np.testing.assert_array_equal(again.forward(X)[0], wanted)
    assert again.forward(X)[1] is None
    more = again.forward(tf.constant([[1.0, 2.0]] * 5), 2.0, training=True)
    assert (list(more), more["y"].shape, int(more["count"])) == (["y", "count"], (5, 2), 3)
    assert int(again.count) == 3
    again.reset()
    assert int(again.count) == 0
    np.testing.assert_array_equal(again.plain(X), X + 1.0)
    np.testing.assert_array_equal(again.parts[0](X.numpy()), net.parts[0](X))
    assert int(net.count) == 0


def test_objects_are_as_before(net, tmp_path):
    again = saved(net, tmp_path / "m")
    assert again.name == "net"
    assert again.table["first"] is again.parts[0]
    assert sorted(v.name for v in again.trainable_variables) == sorted(v.name for v in net.trainable_variables)
    assert [v.name for v in again.non_trainable_variables] == ["count:0"]
    assert not hasattr(again, "rate")
    assert tf.saved_model.contains_saved_model(tmp_path / "m")


def test_a_change_of_a_variable_is_seen(net, tmp_path):
    again = saved(net, tmp_path / "m")
    again.parts[0].w.assign([[0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_array_equal(again.parts[0](X), X.numpy()[:, ::-1])


def test_gradients_and_graphs(net, tmp_path):
    again = saved(net, tmp_path / "m")
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(again.parts[0](X))
    np.testing.assert_allclose(tape.gradient(y, again.parts[0].w), np.repeat(X.numpy().sum(0)[:, None], 2, 1))

    @tf.function
    def twice(x):
        return again.parts[1](again.parts[0](x)) * 2.0

    np.testing.assert_allclose(twice(X), net.parts[1](net.parts[0](X)) * 2.0)
    wanted = (X @ net.parts[0].w).numpy()
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 2])
        np.testing.assert_allclose(session.run(again.parts[0](x), {x: X.numpy()}), wanted)


def test_it_is_saved_again(net, tmp_path):
    saved(net, tmp_path / "m", signatures={"apply": net.parts[0].__call__})
    assert saved(Restorable(), tmp_path / "n").half(tf.constant(4.0)).numpy() == 2.0


class Restorable(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([])])
    def half(self, x):
        return x / 2.0


class Ordered(tf.Module):
    @tf.function
    def minus(self, b, a):
        return b - a


def test_arguments_by_name_keep_their_places(tmp_path):
    module = Ordered()
    module.minus(a=tf.constant(1.0), b=tf.constant(5.0))
    again = saved(module, tmp_path)
    one, five = tf.constant(1.0), tf.constant(5.0)
    found = [again.minus(five, one), again.minus(a=one, b=five), again.minus(five, a=one)]
    assert [float(x) for x in found] == [4.0, 4.0, 4.0]


def test_signatures(net, tmp_path):
    @tf.function(input_signature=[tf.TensorSpec([None, 2]), tf.TensorSpec([])])
    def scaled(x, factor):
        return net.parts[0](x) * factor

    again = saved(net, tmp_path / "m", signatures={"scaled": scaled, "inner": net.parts[1].__call__})
    found = again.signatures["scaled"](x=X, factor=2.0)
    assert list(found) == ["output_0"]
    np.testing.assert_allclose(found["output_0"], net.parts[0](X) * 2.0)
    np.testing.assert_allclose(again.signatures["inner"](X)["output_0"], net.parts[1](X))
    default = saved(net, tmp_path / "n", signatures=scaled)
    assert list(default.signatures) == ["serving_default"]


def test_other_arguments(net, tmp_path):
    net.forward(X)
    again = saved(net, tmp_path / "m")
    assert again.forward(x=X, scale=2.0)[0].shape == (3, 2)
    for call in (lambda: again.forward(X, 3.0), lambda: again.forward(tf.constant([1.0])), lambda: again.forward(),
                 lambda: again.forward(tf.constant([[1, 2]])), lambda: again.forward(X, wrong=1)):
        with pytest.raises(InvalidArgumentError, match=r"float32 \(None, 2\)"):
            call()
    with pytest.raises(InvalidArgumentError, match="no __call__"):
        again(X)
    with pytest.raises(AttributeError, match="nothing"):
        again.nothing


def test_what_is_refused(net, tmp_path):
    with pytest.raises(InvalidArgumentError, match="no Module"):
        tf.saved_model.save(tf.Variable(1.0), tmp_path / "m")
    with pytest.raises(InvalidArgumentError, match="no traced function"):
        tf.saved_model.save(net, tmp_path / "m", signatures=len)
    with pytest.raises(NotFoundError, match="holds no"):
        tf.saved_model.load(tmp_path / "nothing")


NEXT = {"format": "graphengine.saved_model", "version": 2}
EMPTY = {"format": "graphengine.saved_model", "version": 1, "objects": [], "signatures": {}}


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps(NEXT), json.dumps(EMPTY), "[" * 100_000],
                         ids=["nothing", "a list", "no format", "next version", "no objects", "deep"])
def test_a_damaged_index(net, tmp_path, text):
    tf.saved_model.save(net, tmp_path)
    (tmp_path / "saved_model.json").write_text(text)
    with pytest.raises(FileFormatError):
        tf.saved_model.load(tmp_path)


def index_with(change, tmp_path):
    path = tmp_path / "saved_model.json"
    index = json.loads(path.read_text())
    forward = index["objects"][0]["methods"]["forward"]
    change(index, forward, forward["traces"][0])
    path.write_text(json.dumps(index))


@pytest.mark.parametrize("change", [
    lambda index, forward, trace: trace.update(result={"tuple": [0, 7]}),
    lambda index, forward, trace: trace.update(result={"tuple": ["0", -1]}),
    lambda index, forward, trace: trace.update(arguments={"list": [{"list": []}, {"dict": {}}]}),
    lambda index, forward, trace: trace["arguments"]["list"][0]["list"][0].update(dtype="int32"),
    lambda index, forward, trace: trace["arguments"]["list"][0]["list"][0].update(shape=[None, 3]),
    lambda index, forward, trace: trace["arguments"]["list"][0]["list"][0].update(tensor=5),
    lambda index, forward, trace: trace.update(inputs=trace["outputs"]),
    lambda index, forward, trace: trace.update(graph="../../function_0"),
    lambda index, forward, trace: trace.update(graph=99),
    lambda index, forward, trace: trace.update(variables={}),
    lambda index, forward, trace: trace.update(variables=dict.fromkeys(trace["variables"], 0)),
    lambda index, forward, trace: forward["parameters"][0].update(kind="replace"),
    lambda index, forward, trace: forward["parameters"].append({"name": "not a name", "kind": "KEYWORD_ONLY"}),
    lambda index, forward, trace: index["objects"][0].update(children={"_methods": 2}),
    lambda index, forward, trace: index["objects"].append(index["objects"].pop(0)),
    lambda index, forward, trace: index["objects"].__setitem__(0, {"kind": "list", "children": {"0": 0}}),
])
def test_an_index_that_says_what_is_not_so(net, tmp_path, change):
    net.forward(X)
    tf.saved_model.save(net, tmp_path)
    index_with(change, tmp_path)
    with pytest.raises(FileFormatError):
        tf.saved_model.load(tmp_path)


def test_names_in_the_index_are_attributes_and_no_more(net, tmp_path):
    net.forward(X)
    tf.saved_model.save(net, tmp_path)
    index_with(lambda index, *_: index["objects"][0]["children"].update(__class__=2, __getattr__=3), tmp_path)
    again = tf.saved_model.load(tmp_path)
    assert type(again).__name__ == "Restored" and not hasattr(again, "nothing")


def test_concrete_functions_of_methods_are_signatures(net, tmp_path):
    concrete = net.forward.get_concrete_function(tf.TensorSpec([None, 2]), training=True)
    again = saved(net, tmp_path, signatures={"train": concrete, "inner": net.parts[1].__call__})
    wanted = net.forward(X, training=True)["y"]
    np.testing.assert_array_equal(again.signatures["train"](x=X, training=True)["y"], wanted)


def test_branches_and_loops_with_variables_inside(tmp_path):
    class Flow(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable([[1.0, 1.0], [0.0, 2.0]])

        @tf.function
        def __call__(self, x):
            y = tf.cond(tf.reduce_sum(x) > 0.0, lambda: x @ self.w, lambda: -x)
            return tf.while_loop(lambda k, y: k < 3, lambda k, y: (k + 1, y @ self.w), (0, y))[1]

    flow = Flow()
    wanted = [flow(x).numpy() for x in (X, -X)]
    again = saved(flow, tmp_path)
    for x, y in zip((X, -X), wanted, strict=True):
        np.testing.assert_array_equal(again(x), y)


def test_files_are_plain_graphs(net, tmp_path):
    tf.saved_model.save(net, tmp_path)
    index = json.loads((tmp_path / "saved_model.json").read_text())
    assert index["version"] == 1
    graph = tf.load(tmp_path / "function_0.graph.json")
    assert [n.op.name for n in graph.nodes if n.op.name == "variable"] == ["variable"]
    for path in tmp_path.glob("*.json"):
        path.read_text()
    (tmp_path / "variables.safetensors").write_bytes(b"broken")
    with pytest.raises(FileFormatError):
        tf.saved_model.load(tmp_path)
