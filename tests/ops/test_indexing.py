"""`x[...]` means what it means in numpy, whatever is known of the sizes, and says so where it cannot."""
import checks
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import graphengine as tf
from graphengine import errors
from graphengine.autodiff import gradients
from graphengine.ir.dims import SizeFacts, evaluate
from graphengine.ir.graph import Graph
from graphengine.ops.indexing import GetItem, at_most
from graphengine.ops.language import L
from graphengine.ops.state import Placeholder

places = st.one_of(st.none(), st.integers(-7, 7))
slices = st.builds(slice, places, places, st.one_of(st.none(), st.integers(-3, 3).filter(bool)))
entries = st.one_of(slices, st.integers(-4, 4), st.just(Ellipsis), st.none())
indices = st.lists(entries, max_size=5).map(tuple)
shapes = st.lists(st.integers(0, 5), max_size=3).map(tuple)


def numpy_part(x, index):
    """x[index], or None where numpy refuses it."""
    try:
        return x[index]
    except IndexError:
        return None


@given(shapes, indices)
def test_known_sizes(shape, index):
    assume(index.count(Ellipsis) < 2)
    x = np.arange(np.prod(shape, dtype=int), dtype="float32").reshape(shape)
    want = numpy_part(x, index)
    if want is None:
        with pytest.raises(errors.ShapeError):
            checks.placed(GetItem(index), [x])
        return
    node = checks.placed(GetItem(index), [x])
    assert tuple(node.outputs[0].shape) == want.shape
    outputs, feeds = checks.opened(node.outputs, node.inputs)
    np.testing.assert_array_equal(checks.value(outputs, checks.feeds_of(feeds, [x]))[0], want)


@given(shapes, indices)
def test_sizes_known_when_bound(shape, index):
    """The same with symbols for sizes: what numpy refuses breaks a claim about the symbols."""
    assume(index.count(Ellipsis) < 2)
    assume(sum(e is not Ellipsis and e is not None for e in index) <= len(shape))
    x = np.arange(np.prod(shape, dtype=int), dtype="float32").reshape(shape)
    want = numpy_part(x, index)
    symbols, sizes = checks.symbolic([x])
    try:
        node = checks.placed(GetItem(index), [x], symbols)
    except errors.ShapeError:               # an axis of size 1 keeps its number
        assert want is None
        return
    holds = all(evaluate(c.a, sizes) == evaluate(c.b, sizes) for c in checks.claims(symbols))
    assert holds == (want is not None)
    if want is not None:
        outputs, feeds = checks.opened(node.outputs, node.inputs)
        assert [evaluate(s, sizes) for s in outputs[0].shape] == list(want.shape)
        np.testing.assert_array_equal(checks.value(outputs, checks.feeds_of(feeds, [x]), sizes)[0], want)


@given(shapes, indices)
def test_gradient_puts_ones_where_elements_were_read(shape, index):
    assume(index.count(Ellipsis) < 2)
    x = np.ones(shape, "float32")
    assume(numpy_part(x, index) is not None)
    want = np.zeros(shape, "float32")
    want[index] = 1
    node = checks.placed(GetItem(index), [x], [(None,) * x.ndim])
    (g,) = gradients(node.outputs, node.inputs)
    np.testing.assert_array_equal(checks.value([g], checks.feeds_of(node.inputs, [x]))[0], want)


@given(st.integers(0, 12), st.integers(0, 12))
def test_smaller_of_two_sizes(a, b):
    facts = SizeFacts()
    s, t = facts.symbol("s"), facts.symbol("t")
    sizes = {"s": a, "t": b}
    assert [evaluate(at_most(*pair), sizes) for pair in ((s, t), (s, b), (a, t), (a, b))] == [min(a, b)] * 4


def test_neighbours_of_one_axis_have_the_same_size():
    """x[1:] and x[:-1] can be subtracted without a claim."""
    x = symbolic_vector()
    difference = x[1:] - x[:-1]
    assert difference.shape == x[1:].shape
    assert x.shape[0].facts.claims == []


def test_a_slice_that_reaches_beyond_a_symbolic_axis_ends_with_it():
    x = symbolic_vector()
    assert [evaluate(x[:3].shape[0], {"n": n}) for n in (0, 2, 3, 9)] == [0, 2, 3, 3]
    assert [evaluate(x[-3:].shape[0], {"n": n}) for n in (0, 2, 3, 9)] == [0, 2, 3, 3]


def symbolic_vector():
    return Graph().add(Placeholder("float32", (SizeFacts().symbol("n"),)), ()).outputs[0]


@pytest.mark.parametrize(("index", "problem"), [
    (4, r"index 4 is outside \[-3, 3\) of axis 0"), ((0, -5), r"index -5 is outside \[-4, 4\) of axis 1"),
    ((0, 0, 0), "3 indices for 2 axes"), ((..., ...), "more than one ..."),
    (slice(None, None, 0), "a slice has step 0"), (True, "index True; it takes whole numbers"),
    ([0, 1], r"index \[0, 1\] is a list"), (1.5, "1.5 is not a whole number"),
    (np.array([0, 1]), r"it takes whole numbers"), ("a", "'a' is not a whole number"),
])
def test_wrong_index_is_an_error_at_the_line(index, problem):
    x = Graph().add(Placeholder("float32", (3, 4)), ()).outputs[0]
    with pytest.raises(errors.InvalidArgumentError, match=problem):
        x[index]


def test_iteration_over_the_first_axis():
    x = Graph().add(Placeholder("float32", (3, 4)), ()).outputs[0]
    assert [row.shape for row in x] == [(4,)] * 3


# ------------------------------------------------------------------ slice, concat, gather

@pytest.mark.parametrize(("begin", "size", "problem"), [
    ([0, 3], [1, 2], "a block of 2 from 3 does not fit axis 1 of size 4"),
    ([4, 0], [-1, 1], "a block of the rest from 4"),
    ([-1, 0], [1, 1], "a block of 1 from -1"), ([0], [1], "begin has 1 entries, size 1, the tensor 2 axes"),
])
def test_block_that_does_not_fit(begin, size, problem):
    x = Graph().add(Placeholder("float32", (3, 4)), ()).outputs[0]
    with pytest.raises(errors.ShapeError, match=problem):
        L.slice(x, begin, size)


def test_block_of_a_symbolic_axis_claims_that_it_fits():
    x = symbolic_vector()
    L.slice(x, [2], [3])
    (claim,) = x.shape[0].facts.claims
    assert [evaluate(claim.a, {"n": n}) == evaluate(claim.b, {"n": n}) for n in (4, 5, 6)] == [False, True, True]


def test_concat_names_the_operand_that_does_not_fit():
    graph = Graph()
    xs = [graph.add(Placeholder("float32", s), ()).outputs[0] for s in [(2, 3), (2, 4), (3, 3)]]
    with pytest.raises(errors.ShapeError, match="values 0 and 2 differ on axis 0: 2 and 3"):
        L.concat(xs, -1)


@pytest.mark.parametrize("index", [-1, 5])
def test_gather_outside_the_axis_raises(index):
    graph = Graph()
    params = graph.add(Placeholder("float32", (5, 2)), ()).outputs[0]
    with graph.as_default():
        rows = L.gather(params, [0, index])
    with pytest.raises(errors.IndexOutsideError, match=rf"index {index} is outside \[0, 5\)"):
        checks.value([rows], {params: np.ones((5, 2), "float32")})


def test_gather_adds_up_the_gradient_of_an_element_read_twice():
    graph = Graph()
    params = graph.add(Placeholder("float32", (None, 2)), ()).outputs[0]
    (g,) = gradients([L.gather(params, [1, 1, 0])], [params])
    got = checks.value([g], {params: np.ones((3, 2), "float32")})[0]
    assert got.tolist() == [[1, 1], [2, 2], [0, 0]]


# -------------------------------------------------------------------- numbers and masks that are tensors

@pytest.mark.parametrize("index", [
    lambda i, j: (i,), lambda i, j: (i, j), lambda i, j: (slice(1, None), j), lambda i, j: (..., j),
    lambda i, j: (None, i, ..., j), lambda i, j: (i, ..., None, slice(None, None, -1)), lambda i, j: (1, j, -1),
])
@pytest.mark.parametrize("known", [True, False])
def test_numbers_known_when_it_runs(index, known):
    value = np.arange(24.0).reshape(3, 4, 2)[:, :2]
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, value.shape if known else [None] * 3)
        i, j = tf.placeholder(tf.int32, []), tf.placeholder(tf.int64, [])
        part = x[index(i, j)]
        (slope,) = tf.gradients(part * part, [x])
        for a, b in ((0, 1), (2, 0), (-1, -2)):
            found, grad = tf.Session().run([part, slope], {x: value, i: a, j: b})
            expected = np.zeros_like(value)
            expected[index(a, b)] = 2 * value[index(a, b)]
            np.testing.assert_array_equal(found, value[index(a, b)])
            np.testing.assert_array_equal(grad, expected)
        with pytest.raises(errors.IndexOutsideError, match=r"outside \[0, 3\)"):
            tf.Session().run(x[i], {x: value, i: 3})


def test_a_loop_reads_where_it_is():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None])
        total = tf.while_loop(lambda i, s: i < tf.size(x), lambda i, s: (i + 1, s + x[i] * x[-1 - i]), (0, 0.0))[1]
        assert tf.Session().run(total, {x: [1.0, 2.0, 5.0]}) == 14.0


def test_masks():
    value = np.arange(6.0).reshape(3, 2)
    holds = np.array([True, False, True])
    assert tf.constant(value)[tf.constant(holds)].numpy().tolist() == value[holds].tolist()
    assert tf.constant(value)[tf.constant(value) > 2.0].numpy().tolist() == value[value > 2.0].tolist()
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [None, 2])
        part = x[x > 2.0]
        found, grad = tf.Session().run([part, tf.gradients(part * part, [x])[0]], {x: value})
    assert found.tolist() == value[value > 2.0].tolist()
    np.testing.assert_array_equal(grad, np.where(value > 2.0, 2 * value, 0.0))
