"""What `@op` accepts, what it refuses and how it says so, and what it makes of an op's declaration."""
import inspect
import re

import numpy as np
import pytest

from graphengine import errors
from graphengine.ir.graph import Graph
from graphengine.ops import OPS, Composite, Elementwise, Library, Movement, NoGradient, Reduction, by_name, function, op
from graphengine.ops.kinds import Floating, Op, attr, port
from graphengine.ops.registry import lacks
from graphengine.ops.samples import normal, sample
from graphengine.ops.state import Placeholder

X = port("x", Floating, "numbers")
COMPLETE = {
    "__doc__": "Twice the number.", "category": "Arithmetic", "inputs": (X,), "expression": "{x} + {x}",
    "reference": lambda self, x: 2 * x, "gradient": lambda self, g, y, x: 2 * g, "samples": (sample(normal(3)),),
}


def declared(base, **changes):
    """A class with the parts of a complete elementwise op; None takes a part away."""
    parts = {key: part for key, part in {**COMPLETE, **changes}.items() if part is not None}
    return type("Doubled", (base,), parts)


@pytest.mark.parametrize(("base", "changes", "message"), [
    (Elementwise, {"__doc__": None}, "a docstring"),
    (Elementwise, {"category": None}, "category"),
    (Elementwise, {"inputs": ()}, "inputs"),
    (Elementwise, {"expression": None}, "expression"),
    (Elementwise, {"expression": "{z} + 1"}, re.escape("{x} in its expression; a port z, which its expression reads")),
    (Elementwise, {"reference": None}, "reference"),
    (Elementwise, {"gradient": None}, re.escape("gradient, or gradient = NoGradient('why')")),
    (Elementwise, {"samples": ()}, "samples"),
    (Elementwise, {"samples": (sample(normal(3), normal(3)),)}, re.escape("an operand for each port in samples[0]")),
    (Elementwise, {"samples": (sample(normal(3), slope=1.0),)}, re.escape("attribute slope, which samples[0] gives")),
    (Elementwise, {"inputs": (port("x", Floating, ""),)}, "a meaning of port x"),
    (Elementwise, {"__annotations__": {"slope": float}, "slope": 0.5}, re.escape("attr(default, meaning) of slope")),
    (Elementwise, {"__annotations__": {"x": float}, "x": attr(0.5, "again")}, "a single meaning of argument x"),
    (Elementwise, {"names": ("exp",)}, "a public name of its own: exp is Exp's"),
    (Elementwise, {"operator": "+"}, re.escape("the operands of operator '+'")),
    (Reduction, {}, "step; identity; axes"),
    (Movement, {}, "one of view, is_reshape, placements; result_shape"),
    (Library, {}, "call; result_shape"),
    (Composite, {}, "decompose; result_shape"),
    (Op, {}, "a kind: one of Elementwise, Reduction, Movement, Control, Library, Composite, External, Dynamic, "
     "Source, Effect as its base"),
])
def test_incomplete_op_is_refused(base, changes, message):
    with pytest.raises(errors.OpDefinitionError, match=f"^op Doubled lacks .*{message}"):
        op(declared(base, **changes))
    assert "doubled" not in OPS


def test_ops_of_the_engine_are_complete():
    """Where they are declared nothing is checked, for that would be a tenth of the time that an import takes."""
    assert {name: lacks(cls) for name, cls in OPS.items() if lacks(cls)} == {}


def test_everything_missing_is_listed_at_once():
    with pytest.raises(errors.OpDefinitionError) as caught:
        op(type("Nothing", (Composite,), {}))
    assert str(caught.value) == (
        "op Nothing lacks a docstring; category; decompose; result_shape; reference; "
        "gradient, or gradient = NoGradient('why'); inputs; samples"
    )


def test_a_second_op_of_the_same_name_is_refused():
    second = type("Exp", (Elementwise,), {**COMPLETE, "names": ("doubled",)})
    with pytest.raises(errors.OpDefinitionError, match="there are two ops called 'exp'"):
        op(second)
    assert by_name("exp").expression == "exp_{T}({x})"


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(errors.NotFoundError, match="did you mean 'matmul'"):
        by_name("matmull")


# ------------------------------------------------------------------ the functions made from declarations

TENSORFLOW = {                              # names and defaults of the arguments, in TensorFlow's order
    "add": "(x, y, name=None)",
    "cast": "(x, dtype, name=None)",
    "where": "(condition, x=None, y=None, name=None)",
    "clip_by_value": "(t, clip_value_min, clip_value_max, name=None)",
    "reduce_sum": "(input_tensor, axis=None, keepdims=False, name=None)",
    "reduce_mean": "(input_tensor, axis=None, keepdims=False, name=None)",
    "reduce_max": "(input_tensor, axis=None, keepdims=False, name=None)",
    "reduce_min": "(input_tensor, axis=None, keepdims=False, name=None)",
    "reduce_logsumexp": "(input_tensor, axis=None, keepdims=False, name=None)",
    "matmul": "(a, b, transpose_a=False, transpose_b=False, name=None)",
    "reshape": "(tensor, shape, name=None)",
    "transpose": "(a, perm=None, name=None)",
    "broadcast_to": "(input, shape, name=None)",
    "expand_dims": "(input, axis, name=None)",
    "squeeze": "(input, axis=None, name=None)",
    "concat": "(values, axis, name=None)",
    "stack": "(values, axis=0, name=None)",
    "slice": "(input_, begin, size, name=None)",
    "gather": "(params, indices, validate_indices=None, axis=None, batch_dims=0, name=None)",
    "one_hot": "(indices, depth, on_value=None, off_value=None, axis=None, dtype=None, name=None)",
    "zeros_like": "(input, dtype=None, name=None)",
    "ones_like": "(input, dtype=None, name=None)",
    "add_n": "(inputs, name=None)",
    "leaky_relu": "(features, alpha=0.2, name=None)",
    "relu": "(features, name=None)",
    "softplus": "(features, name=None)",
    "softmax": "(logits, axis=-1, name=None)",
    "log_softmax": "(logits, axis=-1, name=None)",
    "bias_add": "(value, bias, data_format=None, name=None)",
    "softmax_cross_entropy_with_logits": "(labels, logits, axis=-1, name=None)",
    "sparse_softmax_cross_entropy_with_logits": "(labels, logits, name=None)",
    "sigmoid_cross_entropy_with_logits": "(labels, logits, name=None)",
}


@pytest.mark.parametrize("name", TENSORFLOW)
def test_arguments_are_tensorflows(name):
    assert str(inspect.signature(function(by_name(name)))) == TENSORFLOW[name]


def test_arguments_of_argmax():
    parameters = inspect.signature(function(by_name("argmax"))).parameters
    assert list(parameters) == ["input", "axis", "output_type", "name"]
    assert (parameters["axis"].default, parameters["output_type"].default) == (None, np.int64)


def test_wrong_argument_shows_the_signature():
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'axes'.* softmax\(logits, axis=-1, name=None\)"):
        function(by_name("softmax"))(1.0, axes=0)


@pytest.mark.parametrize(("expression", "name", "kind"), [
    (lambda x, y: x + y, "add", "Add"), (lambda x, y: x - y, "sub", "Subtract"),
    (lambda x, y: x * y, "mul", "Multiply"), (lambda x, y: x**y, "pow", "Pow"),
    (lambda x, y: x / y, "truediv", "Divide"), (lambda x, y: x // y, "floordiv", "Floordiv"),
    (lambda x, y: x % y, "mod", "Floormod"), (lambda x, y: x @ y, "matmul", "Matmul"),
    (lambda x, y: -x, "Neg", "Negative"), (lambda x, y: abs(x), "Abs", "Abs"), (lambda x, y: x < y, "Less", "Less"),
    (lambda x, y: x <= y, "LessEqual", "LessEqual"), (lambda x, y: x > y, "Greater", "Greater"),
    (lambda x, y: x >= y, "GreaterEqual", "GreaterEqual"), (lambda x, y: 2.0 - x, "sub", "Subtract"),
    (lambda x, y: 2.0 / x, "truediv", "Divide"), (lambda x, y: np.eye(2) @ x, "matmul", "Matmul"),
    (lambda x, y: (x < y) & (x > y), "and", "LogicalAnd"), (lambda x, y: (x < y) | (x > y), "or", "LogicalOr"),
    (lambda x, y: (x < y) ^ (x > y), "xor", "LogicalXor"), (lambda x, y: ~(x < y), "LogicalNot", "LogicalNot"),
    (lambda x, y: x[0], "strided_slice", "GetItem"),
])
def test_operators_make_nodes_with_tensorflows_names(expression, name, kind):
    graph = Graph()
    x, y = (graph.add(Placeholder("float32", (2, 2)), ()).outputs[0] for _ in range(2))
    node = expression(x, y).node
    assert (node.name, node.type) == (name, kind)


def test_equality_of_tensors_compares_elements():
    graph = Graph()
    x = graph.add(Placeholder("float32", (2,)), ()).outputs[0]
    y = graph.add(Placeholder("float32", (2,)), ()).outputs[0]
    assert (x == y).node.op == by_name("equal")()
    assert (x != 1.0).node.op == by_name("not_equal")()
    assert ((x == None), (x != None)) == (False, True)  # noqa: E711 - what TensorFlow answers
    assert {x: 1, y: 2}[x] == 1


def test_reason_for_no_gradient_is_inherited():
    assert isinstance(by_name("less_equal").gradient, NoGradient)
