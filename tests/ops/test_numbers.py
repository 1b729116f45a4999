"""Single facts about ops that the systematic tests do not see: edges, reasons, messages."""
import checks
import numpy as np
import pytest

import graphengine as tf
from graphengine import config, dtypes, errors
from graphengine.autodiff import gradients
from graphengine.ir.graph import Graph
from graphengine.keras.data import as_array as keras_array
from graphengine.ops.language import L
from graphengine.ops.state import Placeholder


def fed(*arrays, unknown=False):
    """Placeholders for arrays in one graph, and their values."""
    graph = Graph()
    shapes = [(None,) * np.ndim(a) if unknown else np.shape(a) for a in arrays]
    arrays = [np.asarray(a, None if isinstance(a, np.ndarray) else "float32") for a in arrays]
    tensors = [graph.add(Placeholder(a.dtype, s), ()).outputs[0] for a, s in zip(arrays, shapes, strict=True)]
    return tensors, checks.feeds_of(tensors, arrays)


def slope(function, *arrays):
    """Gradient by the first operand, through the decomposition's references."""
    xs, feeds = fed(*arrays)
    (g,) = gradients([function(*xs)], xs[:1])
    return checks.value([g], feeds)[0]


def result(function, *arrays):
    xs, feeds = fed(*arrays)
    outputs, placeholders = checks.opened([function(*xs)], xs)
    return checks.value(outputs, checks.feeds_of(placeholders, feeds.values()))[0]


@pytest.mark.parametrize(("function", "at", "want"), [
    (L.relu, 0.0, 0.0), (L.relu6, 6.0, 0.0), (L.leaky_relu, 0.0, np.float32(0.2)), (L.elu, 0.0, 1.0), (L.abs, 0.0, 0.0),
    (L.sqrt, 0.0, np.inf), (L.sign, 0.0, 0.0), (lambda x: x**0.0, 0.0, 0.0), (lambda x: x**1.0, 0.0, 1.0),
    (lambda x: L.maximum(x, 2.0), 2.0, 1.0), (lambda x: L.minimum(x, 2.0), 2.0, 1.0),
    (lambda x: L.clip_by_value(x, 0.0, 1.0), 1.0, 1.0), (lambda x: L.clip_by_value(x, 0.0, 1.0), 2.0, 0.0),
    (lambda x: L.divide_no_nan(1.0, x), 0.0, 0.0),
])
def test_slope_at_a_kink(function, at, want):
    assert slope(function, [at]).tolist() == [want]


def test_third_derivative_of_a_square_is_zero_at_zero():
    (x,), feeds = fed([0.0, 2.0])
    y = x**2.0
    for _ in range(3):
        (y,) = gradients([y], [x])
    assert checks.value([y], feeds)[0].tolist() == [0, 0]


def test_equal_largest_elements_share_the_gradient():
    assert slope(lambda x: L.reduce_max(x, 1), [[3.0, 1.0, 3.0], [2.0, 2.0, 2.0]]).tolist() == [
        [0.5, 0, 0.5], [np.float32(1 / 3)] * 3
    ]


@pytest.mark.parametrize("reduce", [L.reduce_max, L.reduce_min, L.reduce_sum, L.reduce_mean, L.reduce_logsumexp])
def test_nan_reaches_the_result(reduce):
    assert np.isnan(result(reduce, [1.0, np.nan, 2.0]))


def test_logsumexp_of_rows_without_a_finite_largest_element():
    rows = [[-np.inf, -np.inf], [np.inf, 0.0], [1000.0, 1000.0]]
    assert result(lambda x: L.reduce_logsumexp(x, 1), rows).tolist() == [-np.inf, np.inf, np.float32(1000 + np.log(2))]
    assert slope(lambda x: L.reduce_logsumexp(x, 1), rows[::2]).tolist() == [[0, 0], [0.5, 0.5]]


@pytest.mark.parametrize("label", [4, -1])
def test_class_that_does_not_exist_is_an_error(label):
    logits, labels = np.zeros((3, 4), "float32"), np.array([1, label, 0])
    for value in (result, slope):
        with pytest.raises(errors.InvalidArgumentError, match=r"label.* is outside"):
            value(lambda x, k: L.sparse_softmax_cross_entropy_with_logits(k, x), logits, labels)


def test_impossible_class_does_not_spoil_the_loss_of_another():
    loss = result(lambda x, k: L.sparse_softmax_cross_entropy_with_logits(k, x), [[0.0, -np.inf]], np.array([0]))
    assert loss.tolist() == [0.0]


def test_whole_numbers_divide_to_float64():
    (x, y), feeds = fed(np.array([7, -7, 1], "int32"), np.array([2, 2, 0], "int32"))
    quotient = x / y
    assert quotient.dtype.name == "float64"
    with np.errstate(all="ignore"):
        assert checks.value([quotient], feeds)[0].tolist() == [3.5, -3.5, np.inf]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_remainder_has_pythons_signs(dtype):
    x, y = np.array([7, -7, 7, -7], dtype), np.array([3, 3, -3, -3], dtype)
    assert result(lambda x, y: x // y, x, y).tolist() == [7 // 3, -7 // 3, 7 // -3, -7 // -3]
    assert result(lambda x, y: x % y, x, y).tolist() == [7 % 3, -7 % 3, 7 % -3, -7 % -3]


def test_int32_divides_exactly():
    x = np.array([2**31 - 1, -(2**31), 2**31 - 1, -(2**31) + 1], "int32")
    y = np.array([2, 3, 2**31 - 1, -1], "int32")
    assert result(lambda x, y: x // y, x, y).tolist() == [int(a) // int(b) for a, b in zip(x, y, strict=True)]


@pytest.mark.parametrize(("call", "kind", "problem"), [
    (lambda x: x @ x, errors.ShapeError, r"inner sizes differ: 3 \(a, axis -1\) and 2 \(b, axis -2\)"),
    (lambda x: L.matmul(x, x, True, True), errors.ShapeError, r"2 \(a, axis -2\) and 3 \(b, axis -1\)"),
    (lambda x: x @ [1.0, 2.0, 3.0], errors.ShapeError, r"b has shape \(3,\); a matrix has at least two axes"),
    (lambda x: x + [1.0, 2.0], errors.ShapeError, r"sizes differ on axis -1: 3 \(x\) and 2 \(y\)"),
    (lambda x: L.sqrt(L.cast(x, "int32")), errors.DTypeError, "x is int32; it takes float32, float64"),
    (lambda x: x & x, errors.DTypeError, "x is float32; it takes bool"),
    (lambda x: x + L.cast(x, "float64"), errors.DTypeError, r"dtypes differ: float32 \(x\) and float64 \(y\)"),
    (lambda x: L.cast(x, "float8"), errors.DTypeError, "no dtype 'float8'"),
    (lambda x: L.where(x > 0, None, x), errors.InvalidArgumentError, "x is None"),
    (lambda x: L.squeeze(x, 0), errors.ShapeError, "axis 0 cannot be dropped; its size and 1 differ: 2 and 1"),
    (lambda x: L.expand_dims(x, 4), errors.ShapeError, r"axis 4 is outside \[-3, 3\)"),
    (lambda x: L.reduce_sum(x, 2), errors.ShapeError, r"axis 2 is outside \[-2, 2\)"),
    (lambda x: L.softmax(x, 2), errors.ShapeError, r"axis 2 is outside \[-2, 2\)"),
    (lambda x: L.gather(x, [0.5]), errors.DTypeError, "indices is float32; it takes int32, int64"),
    (lambda x: L.gather(x, [0], batch_dims=1), errors.ShapeError, "params and indices differ on axis 0: 2 and 1"),
    (lambda x: L.one_hot([0], -1), errors.AttributeValueError, r"depth=-1 is outside \[0, inf\]"),
    (lambda x: L.one_hot([0], 2, on_value=1.0, off_value=0), errors.AttributeValueError, "1.0 and 0 differ in dtype"),
    (lambda x: L.argmax(x, output_type="float32"), errors.AttributeValueError, "output_type=.*it takes one of"),
    (lambda x: L.add_n([x, x[0]]), errors.ShapeError, r"operand 0 has shape \(2, 3\), operand 1 has shape \(3,\)"),
    (lambda x: L.sparse_softmax_cross_entropy_with_logits([[0]], x), errors.ShapeError, "logits have one axis more"),
    (lambda x: L.softmax_cross_entropy_with_logits(x[:, :2], x), errors.ShapeError, "differ on axis 1: 2 and 3"),
    (lambda x: L.bias_add(x, [1.0, 2.0]), errors.ShapeError, r"\(value, axis 1\) and bias differ in size: 3 and 2"),
])
def test_what_does_not_fit_is_said(call, kind, problem):
    (x,), _ = fed(np.zeros((2, 3), "float32"))
    with x.graph.as_default(), pytest.raises(kind, match=problem):
        call(x)


def test_no_type_is_none():
    assert not any(t == None for t in dtypes.ALL)  # noqa: E711 - what callers of `==` with an optional type rely on


def test_argmax_of_nothing():
    (x,), _ = fed(np.zeros((2, 0), "float32"))
    with pytest.raises(errors.ShapeError, match="axis 1 has no elements to choose from"):
        L.argmax(x, 1)


def test_matmul_of_matrices_is_one_product_without_a_batch():
    """A stack on the left of a plain matrix is folded into its rows."""
    (a, b), _ = fed(np.zeros((5, 3, 4), "float32"), np.zeros((4, 2), "float32"))
    (y,), _ = checks.opened([a @ b], [a, b])
    product = next(t for t in y.graph.nodes if t.type == "BatchMatmul")
    assert product.outputs[0].shape == (1, 15, 2)
    call = product.op.call(product.inputs, product.outputs)
    assert (call.kernel, call.sizes, call.extent) == ("gemm_f32", (1, 15, 2, 4, 0, 4, 1, 0, 2, 1, 0), 1)


@pytest.mark.parametrize("reverse", [False, True])
def test_gradient_of_an_exclusive_running_logsumexp(rng, reverse):
    """The first place holds no term; differences would drown in the -inf that stands there."""
    with tf.Graph().as_default():
        x, g = tf.placeholder(tf.float64, [None]), rng.normal(size=5)
        y = tf.math.cumulative_logsumexp(x, exclusive=True, reverse=reverse)
        inner = tf.math.cumulative_logsumexp(x, reverse=reverse)
        weights = g[:-1] if reverse else g[1:]
        moved = inner[1:] if reverse else inner[:-1]
        values = rng.normal(size=5) * 30
        found, expected = tf.Session().run(
            [tf.gradients(y, [x], grad_ys=[g])[0], tf.gradients(moved, [x], grad_ys=[weights])[0]], {x: values})
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300)


def test_running_logsumexp_does_not_overflow():
    with tf.Graph().as_default():
        y = tf.math.cumulative_logsumexp([1000.0, 1000.0, -1000.0, 2000.0])
        np.testing.assert_allclose(tf.Session().run(y), [1000.0, 1000.0 + np.log(2), 1000.0 + np.log(2), 2000.0])


def test_arrays_in_another_order_of_bytes():
    big = np.arange(3, dtype=">f4")
    assert tf.constant(big).numpy().tolist() == [0.0, 1.0, 2.0]
    assert tf.constant(big).dtype == tf.float32
    assert keras_array(big, "x").dtype == keras_array(big.astype(">f8"), "x").dtype == np.float32


@pytest.mark.parametrize("tier", ["kernels", "interpreter"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_running_logsumexp_of_no_terms(tier, dtype):
    """Recorded from TensorFlow 2.21."""
    with config.override(tier=tier), tf.Graph().as_default():
        x = tf.placeholder(dtype, [None])
        y = [tf.math.cumulative_logsumexp(x, exclusive=True, reverse=reverse) for reverse in (False, True)]
        assert [v.tolist() for v in tf.Session().run(y, {x: [1.0, 2.0]})] == [[-np.inf, 1.0], [2.0, -np.inf]]
