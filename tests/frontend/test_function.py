"""What a traced function does besides ops, what it is told of sizes, and what it takes: TensorFlow's answers."""
import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import GraphEngineError, InvalidArgumentError, ShapeError, SignatureError


def traced_with(look):
    """A function that notes what it sees of sizes, and its notes."""
    seen = []

    @tf.function
    def f(x):
        seen.append(look(x))
        return x * 2.0

    return f, seen


def at_sizes(f, *sizes):
    for size in sizes:
        assert f(tf.ones([size, 2])).shape == (size, 2)


# -------------------------------------------------------------------- sizes

@pytest.mark.parametrize("look", [
    lambda x: len(x.shape), lambda x: x.shape[1], lambda x: x.shape[-1], lambda x: x.shape[1:], lambda x: x.shape.rank,
    lambda x: tf.matmul(x, tf.ones([2, 3])).shape[1], lambda x: tf.reshape(x, [-1, x.shape[1], 1]).dtype,
    lambda x: tf.shape(x)[0].dtype,
])
def test_who_looks_at_no_free_size_is_traced_once(look):
    f, seen = traced_with(look)
    at_sizes(f, 3, 4, 5, 3)
    assert (len(seen), f.experimental_get_tracing_count()) == (1, 1)


@pytest.mark.parametrize(("look", "expected"), [
    (lambda x: x.shape[0], 3), (lambda x: str(x.shape), "(3, 2)"), (lambda x: x.shape.as_list(), [3, 2]),
    (lambda x: x.get_shape() == (3, 2), True), (lambda x: tuple(x.shape), (3, 2)),
    (lambda x: x.shape + (1,), (3, 2, 1)), (lambda x: (5,) + x.shape, (5, 3, 2)),
    (lambda x: 3 in x.shape, True), (lambda x: [*x.shape[:1]], [3]), (lambda x: tf.concat([x, x], 0).shape[0], 6),
    (lambda x: tf.zeros(x.shape).shape == (3, 2), True),
    (lambda x: tf.matmul(x, x, transpose_b=True).shape == (3, 3), True),
    (lambda x: x.shape.num_elements(), 6), (lambda x: len(tf.unstack(x)), 3),
    (lambda x: len([a + b for a, b in zip(x, x, strict=True)]), 3),
    (lambda x: hash(x.shape) == hash(tf.TensorShape([3, 2])), True),
])
def test_the_body_runs_once_and_sees_the_sizes_of_the_call(look, expected):
    f, seen = traced_with(look)
    at_sizes(f, 3)
    assert seen == [expected]
    at_sizes(f, 3, 3)
    assert len(seen) == 1
    at_sizes(f, 5, 3)
    assert len(seen) == 2


def test_after_the_trace_only_what_holds_for_every_call_is_told():
    kept = []

    @tf.function
    def f(x):
        kept.append(x)
        return x

    f(tf.ones([3]))
    assert kept[0].shape.as_list() == [None]


def test_with_a_signature_free_sizes_stay_unknown():
    seen = []

    @tf.function(input_signature=[tf.TensorSpec([None])])
    def f(x):
        seen.append(x.shape)
        return x

    f(tf.ones([3]))
    assert seen == [[None]]


# -------------------------------------------------------------------- variables

class Scale(tf.Module):
    def __init__(self, start):
        super().__init__()
        self.start, self.v = start, None

    @tf.function
    def __call__(self, x):
        if self.v is None:
            self.v = tf.Variable(self.start(x), name="scale")
        self.v.assign_add(x)
        return self.v * x


@pytest.mark.parametrize("start", [
    lambda x: tf.ones([x.shape[-1]]) * 2.0, lambda x: 2.0 * tf.ones_like(x), lambda x: [2.0, 2.0],
    lambda x: (lambda: tf.fill([2], 2.0)), lambda x: tf.constant([2.0, 2.0]), lambda x: x - x + 2.0,
])
def test_variables_of_the_first_call(start):
    module, other = Scale(start), Scale(start)
    x = tf.constant([2.0, 3.0])
    np.testing.assert_array_equal(module(x), [8.0, 15.0])
    np.testing.assert_array_equal(module(x), [12.0, 24.0])
    np.testing.assert_array_equal(module.v.numpy(), [6.0, 8.0])
    np.testing.assert_array_equal(other(x), [8.0, 15.0])
    assert [v.name for v in module.trainable_variables] == ["scale:0"]


def test_a_variable_of_the_first_call_begins_with_tensorflows_numbers():
    made = []

    @tf.function
    def f(x):
        if not made:
            made.append(tf.Variable(lambda: tf.random.normal([2])))
        return made[0] * x

    tf.random.set_seed(3)
    for _ in range(2):
        np.testing.assert_allclose(f(tf.constant(1.0)), [-1.864718, 0.802645], rtol=1e-6)


def test_gradients_of_variables_made_in_a_function():
    module = Scale(lambda x: tf.ones_like(x))
    with tf.GradientTape() as tape:
        y = module(tf.constant([2.0, 3.0]))
    np.testing.assert_array_equal(tape.gradient(y, module.v), [2.0, 3.0])


@pytest.mark.parametrize("make", [
    lambda x, made: tf.Variable(x),
    lambda x, made: made.append(tf.Variable(1.0)) or made[-1],
])
def test_a_variable_in_each_call_is_refused(make):
    made = []
    f = tf.function(lambda x: make(x, made) + 1.0)
    with pytest.raises(ValueError, match="in its first call only") as error:
        f(tf.constant(1.0))
    assert "test_function.py" in error.value.at


def test_a_variable_in_a_later_trace_is_refused():
    made = []

    @tf.function
    def f(x):
        if x.shape.rank or not made:
            made.append(tf.Variable(0.0))
        return made[0] + x

    assert float(f(tf.constant(1.0))) == 1.0
    with pytest.raises(ValueError, match="in its first call only"):
        f(tf.ones([2]))


def test_first_values_that_cannot_be_known():
    v = tf.Variable(1.0)

    def after_an_assignment(x):
        return tf.Variable(v.assign_add(1.0))

    for f in (after_an_assignment, lambda x: tf.cond(x > 0.0, lambda: tf.Variable(x * 2.0) * 1.0, lambda: x)):
        with pytest.raises(InvalidArgumentError, match="initial_value"):
            tf.function(f)(tf.constant(1.0))
    with pytest.raises(InvalidArgumentError, match="depends on x, which has no value yet"):
        tf.function(lambda x: tf.Variable(x) * 1.0).get_concrete_function(tf.TensorSpec([]))
    assert float(v) == 1.0


# -------------------------------------------------------------------- arguments

@pytest.mark.parametrize(("value", "expected"), [
    ([3.0], [6.0]), ([3], [6.0]), (np.ones(2), [2.0, 2.0]), (np.ones(2, np.int32), [2.0, 2.0]), ((1.0, 2), [2.0, 4.0]),
    (tf.constant([4.0]), [8.0]), ([tf.constant(1.0), 2.0], [2.0, 4.0]),
])
def test_a_signature_makes_tensors(value, expected):
    f = tf.function(lambda x: x * 2.0, input_signature=[tf.TensorSpec([None])])
    np.testing.assert_array_equal(f(value), expected)
    np.testing.assert_array_equal(f(x=value), expected)
    assert f.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("value", [
    tf.constant([3]), [[1.0]], 3.0, tf.ones([2, 2]), "a", None, tf.constant([1.0], tf.float64), [True, 1.0j],
])
def test_what_does_not_fit_a_signature(value):
    f = tf.function(lambda x: x * 2.0, input_signature=[tf.TensorSpec([None])])
    with pytest.raises(TypeError, match=r"^<lambda>: x is ") as error:
        f(value)
    assert isinstance(error.value, SignatureError)


def test_signatures_of_methods_structures_and_defaults():
    class M(tf.Module):
        @tf.function(input_signature=[{"a": tf.TensorSpec([None]), "b": [tf.TensorSpec([], tf.int32)]}])
        def f(self, x, scale=2.0):
            return x["a"][0] + tf.cast(x["b"][0], tf.float32) * scale

    m = M()
    assert float(m.f({"a": [1.0, 2.0], "b": [3]})) == float(m.f(x={"a": (1.0,), "b": (3,)})) == 7.0
    for wrong in ({"a": [1.0]}, {"a": [1.0], "b": []}, [1.0]):
        with pytest.raises(TypeError, match="x"):
            m.f(wrong)
    with pytest.raises(TypeError):
        m.f()
    f = tf.function(lambda x, n: x * tf.cast(n, tf.float32),
                    input_signature=[tf.TensorSpec([None]), tf.TensorSpec([], tf.int32)])
    np.testing.assert_array_equal(f(tf.constant([3.0]), 2), [6.0])
    with pytest.raises(TypeError):
        f([1.0])


# -------------------------------------------------------------------- errors

def test_errors_name_arguments_and_say_nothing_of_feeds():
    @tf.function
    def f(x, *ys, z):
        return x + ys[1] + z["a"]

    with pytest.raises(ShapeError, match=r"2 \(axis 0 of ys_1\) and 3 \(axis 0 of z\)") as error:
        f(1.0, tf.ones([2]), tf.ones([2]), z={"a": tf.ones([3])})
    assert "feed" not in str(error.value)


@pytest.mark.parametrize("f", [lambda x: 1.0 if x > 0 else 2.0, lambda x: tf.while_loop(lambda i: x, lambda i: i, [x])])
def test_errors_have_the_line(f):
    with pytest.raises(GraphEngineError) as error:
        tf.function(f)(tf.ones([2]))
    assert "test_function.py" in error.value.at


def test_slices_end_where_numbers_of_the_run_say(rng):
    x = rng.normal(size=(5, 4)).astype("f4")
    held, at = tf.Variable(x), tf.Variable(0)

    @tf.function
    def parts(a, b):
        with tf.GradientTape() as tape:
            tape.watch(held)
            loss = tf.reduce_sum(held[..., a:b] ** 2.0)
        return (held[a:b], held[b::-1], held[a:, 1:b], held[:at], held[..., :at + 1], held[a, b - 1:],
                tf.constant(x)[a - 4:tf.cond(b > 2, lambda: 5, lambda: b)], tape.gradient(loss, held))

    for a, b in ((0, 2), (1, 3), (3, 1), (0, -1), (-4, 9)):
        at.assign(abs(b))
        first, n = a - 4, abs(b)
        gradient = np.zeros_like(x)
        gradient[..., a:b] = 2 * x[..., a:b]
        wanted = (x[a:b], x[b::-1], x[a:, 1:b], x[:n], x[..., :n + 1], x[a, b - 1:], x[first:5 if b > 2 else b],
                  gradient)
        for found, part in zip(parts(tf.constant(a), tf.constant(b)), wanted, strict=True):
            np.testing.assert_allclose(found, part, rtol=1e-6)


def test_a_slice_that_ends_at_half_of_a_size_is_known_with_it(rng):
    x = tf.placeholder(tf.float32, [None, 4])
    half = x[:tf.shape(x)[0] // 2, 1:tf.shape(x)[1]]
    assert half.shape == (None, 3) or half.shape[1] == 3
    value = rng.normal(size=(7, 4)).astype("f4")
    np.testing.assert_array_equal(tf.Session().run(half, {x: value}), value[:3, 1:])


def test_numpy_is_not_given_a_variable_that_a_trace_would_keep():
    v = tf.Variable(2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="has no value while a function is traced"):
        tf.function(lambda: tf.zeros(np.asarray(v)))()


def test_blocks_begin_and_end_where_numbers_of_the_run_say(rng):
    x, at = rng.normal(size=(5, 4)).astype("f4"), tf.Variable(0)

    @tf.function
    def blocks(a, n):
        return (tf.slice(x, [a, 0], [2, -1]), tf.slice(x, [at, 1], [n, 2]), tf.slice(x, tf.stack([a, a]), [-1, n]),
                tf.strided_slice(x, [a, 0], [a + n, 4], [1, 2]), tf.slice(x, [0, 1], [tf.shape(x)[0] - 1, 2]),
                tf.slice(x, tf.stack([a, 0]), tf.stack([-1, n])))

    for a, n in ((0, 2), (3, 1), (2, 0)):
        at.assign(a)
        wanted = (x[a:a + 2], x[a:a + n, 1:3], x[a:, a:a + n], x[a:a + n, ::2], x[:4, 1:3], x[a:, :n])
        for found, part in zip(blocks(tf.constant(a), tf.constant(n)), wanted, strict=True):
            np.testing.assert_array_equal(found, part)
    with pytest.raises(tf.errors.InvalidArgumentError, match="slice: the block does not fit into axis 0"):
        blocks(tf.constant(4), tf.constant(1))


def test_a_block_is_told_of_sizes_that_do_not_fit():
    with pytest.raises(ShapeError, match="begin has 1 entries, size 2"):
        tf.slice(tf.zeros([2, 2]), [0], [1, 1])
    with pytest.raises(ShapeError, match="begin has 1 entries, size 2"):
        tf.function(lambda k: tf.slice(tf.zeros([2, 2]), [k], [1, 1]))(tf.constant(0))


def test_how_many_and_how_far_are_numbers_of_the_run(rng):
    x, at = rng.normal(size=(3, 5)).astype("f4"), tf.Variable(0)

    @tf.function
    def moved(n):
        best = tf.nn.top_k(x, at)
        return best.values, best.indices, tf.roll(x, n, 1), tf.roll(x, [at, n], [0, -1]), tf.roll(x[0], at - n, 0)

    for k, n in ((2, 1), (5, -7), (0, 12)):
        at.assign(k)
        places = np.argsort(-x, -1)[:, :k]
        wanted = (np.take_along_axis(x, places, -1), places, np.roll(x, n, 1), np.roll(x, [k, n], [0, 1]),
                  np.roll(x[0], k - n))
        for found, part in zip(moved(tf.constant(n)), wanted, strict=True):
            np.testing.assert_array_equal(found, part)
    at.assign(6)
    with pytest.raises(tf.errors.InvalidArgumentError, match="top_k: k is negative, or more than the last axis has"):
        moved(tf.constant(0))


def test_random_numbers_of_a_shape_that_is_known_in_the_run():
    rows = tf.Variable(2)

    @tf.function
    def drawn(n, x):
        return (tf.random.normal([n]), tf.random.uniform((rows, n + 1)), tf.random.normal([tf.shape(x)[0], n]),
                tf.random.stateless_normal([n], [1, 2]))

    first = drawn(tf.constant(3), tf.zeros([4]))
    rows.assign(5)
    second = drawn(tf.constant(3), tf.zeros([4]))
    assert [x.shape for x in first] == [(3,), (2, 4), (4, 3), (3,)]
    assert second[1].shape == (5, 4)
    assert not np.any(np.equal(first[0], second[0])) and not np.any(np.equal(first[2], second[2]))
    np.testing.assert_allclose(second[3], tf.random.stateless_normal([3], [1, 2]), rtol=1e-6)

    def sequence(f):
        tf.random.set_seed(1)
        return np.concatenate([f().numpy() for _ in range(3)])

    with_number = tf.function(lambda n: tf.random.normal([n], seed=7))
    of_size = tf.function(lambda: tf.random.normal([3], seed=7))
    np.testing.assert_allclose(sequence(lambda: with_number(tf.constant(3))), sequence(of_size), rtol=1e-6)
