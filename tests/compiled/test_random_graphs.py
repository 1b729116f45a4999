"""Random graphs, compiled against the interpreter: elementwise ops, reductions, movement, products, variables."""
import os

import checks
import numpy as np
from hypothesis import example, given, note, settings
from hypothesis import strategies as st

import graphengine as tf
from graphengine import interpret
from graphengine.autodiff import gradients
from graphengine.ops.language import L

EXAMPLES = 60 if "CI" in os.environ else 40
LENGTH = 4000                               # rounding adds up over a graph; no formula here is that long

UNARY = [L.tanh, L.sigmoid, L.square, L.negative, L.relu, L.softplus, L.abs, L.identity]
SMOOTH_UNARY = [L.tanh, L.sigmoid, L.square, L.negative, L.softplus, L.identity]
BINARY = [L.add, L.subtract, L.multiply, L.maximum, L.squared_difference]
SMOOTH_BINARY = [L.add, L.subtract, L.multiply, L.squared_difference]
REDUCTIONS = [L.reduce_sum, L.reduce_mean, L.reduce_max, L.reduce_logsumexp]
SMOOTH_REDUCTIONS = [L.reduce_sum, L.reduce_mean, L.reduce_logsumexp]


class Builder:
    """Draws a graph: a list of tensors of rank 0 to 3, each of which a later op may use again."""

    def __init__(self, data, smooth, dtype):
        self.data, self.smooth = data, smooth
        self.dtype = dtype
        self.sizes = data.draw(st.lists(st.integers(1, 4), min_size=3, max_size=3), label="sizes")
        self.feeds = {}
        self.tensors = [self.placeholder() for _ in range(data.draw(st.integers(1, 3), label="placeholders"))]

    def placeholder(self):
        rank = self.data.draw(st.integers(0, 3), label="rank")
        shape = [self.data.draw(st.sampled_from([s, 1]), label="size") for s in self.sizes[3 - rank:]]
        known = [s if self.data.draw(st.booleans(), label="known") else None for s in shape]
        x = tf.placeholder(self.dtype, known)
        seed = self.data.draw(st.integers(0, 99), label="seed")
        self.feeds[x] = np.random.default_rng(seed).standard_normal(shape).astype(self.dtype)
        return x

    def pick(self, label="operand"):
        return self.data.draw(st.sampled_from(self.tensors), label=label)

    def grow(self, steps):
        for _ in range(steps):
            kind = self.data.draw(st.sampled_from(KINDS), label="kind")
            made = kind(self)
            if made is not None:
                note(f"{made.node.equation()} {made.node.op.changed_attributes()} {made.shape}")
                self.tensors.append(made)

    def value_shape(self, tensor):
        """The shape that a tensor will have, from the interpreter."""
        return checks.value([tensor], self.feeds)[0].shape


def unary(b):
    return b.data.draw(st.sampled_from(SMOOTH_UNARY if b.smooth else UNARY), label="op")(b.pick())


def binary(b):
    x, y = b.pick(), b.pick("other")
    if not broadcasts(b.value_shape(x), b.value_shape(y)):
        return None
    return b.data.draw(st.sampled_from(SMOOTH_BINARY if b.smooth else BINARY), label="op")(x, y)


def choice(b):
    x, y, z = b.pick(), b.pick("other"), b.pick("third")
    shapes = [b.value_shape(t) for t in (x, y, z)]
    if not broadcasts(*shapes):
        return None
    return L.tanh(x) * y if b.smooth else L.where(x > y, z, y)


def reduction(b):
    x = b.pick()
    rank = x.shape.rank
    axes = b.data.draw(st.one_of(st.none(), st.sets(st.integers(0, rank - 1)) if rank else st.none()), label="axes")
    keep = b.data.draw(st.booleans(), label="keepdims")
    op = b.data.draw(st.sampled_from(SMOOTH_REDUCTIONS if b.smooth else REDUCTIONS), label="op")
    return op(x, axis=None if axes is None else sorted(axes), keepdims=keep)


def softmax(b):
    x = b.pick()
    if not x.shape.rank:
        return None
    return L.softmax(x, b.data.draw(st.integers(-x.shape.rank, -1), label="axis"))


def transposition(b):
    x = b.pick()
    return L.transpose(x, b.data.draw(st.permutations(range(x.shape.rank)), label="perm"))


def reshaping(b):
    x = b.pick()
    if b.data.draw(st.booleans(), label="flat"):
        return L.reshape(x, [-1])
    if x.shape.rank == 3:
        return None
    return L.expand_dims(x, b.data.draw(st.integers(0, x.shape.rank), label="axis"))


def slicing(b):
    x = b.pick()
    if not x.shape.rank:
        return None
    step = b.data.draw(st.sampled_from([1, -1, 2, -2]), label="step")
    axis = b.data.draw(st.integers(0, x.shape.rank - 1), label="axis")
    return x[(*[slice(None)] * axis, slice(None, None, step))]


def joining(b):
    x, y = b.pick(), b.pick("other")
    shape, other = b.value_shape(x), b.value_shape(y)
    fits = [k for k in range(len(shape)) if len(other) == len(shape)
            and all(s == t for j, (s, t) in enumerate(zip(shape, other, strict=True)) if j != k)]
    return L.concat([x, y], b.data.draw(st.sampled_from(fits), label="axis")) if fits else None


def product(b):
    x, y = b.pick(), b.pick("other")
    shape, other = b.value_shape(x), b.value_shape(y)
    if len(shape) < 2 or len(other) < 2:
        return None
    ta, tb = b.data.draw(st.booleans(), label="transpose_a"), b.data.draw(st.booleans(), label="transpose_b")
    inner = shape[-2] if ta else shape[-1]
    fits = inner == (other[-1] if tb else other[-2]) and broadcasts(shape[:-2], other[:-2])
    return L.matmul(x, y, ta, tb) if fits else None


KINDS = (
    unary, unary, binary, binary, choice, reduction, reduction, softmax, transposition, reshaping, slicing, joining,
    product,
)


def broadcasts(*shapes):
    try:
        return max((len(s) for s in (np.broadcast_shapes(*shapes), *shapes)), default=0) <= 3
    except ValueError:
        return False


def scale(values):
    """Sizes that numbers may reach: graphs of squares grow, and differences are then compared at that size."""
    return max([1.0, *(float(np.max(np.abs(v), initial=0.0)) for v in values)])


def compare(session, fetches, feeds):
    got = session.run(fetches, feeds)
    source = session.explain(fetches, feeds).compilation.source
    arrays = [np.asarray(a) for a in feeds.values()]
    want = interpret.run(source, arrays, {})[0]
    for g, w, tensor in zip(got, want, fetches, strict=True):
        assert (np.shape(g), np.asarray(g).dtype) == (w.shape, w.dtype), tensor
        bound = checks.tolerance(w.dtype, LENGTH)
        size = scale(intermediate(source, arrays))
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(g, w, bound["rtol"], bound["atol"] * size, err_msg=str(tensor))


def intermediate(source, arrays):
    """Every value on the way: rounding of the largest may show in the smallest."""
    sizes = interpret.measure(source, arrays)
    values = {id(t): a for t, a in zip(source.feeds, arrays, strict=True)}
    for node in source.nodes:
        if not all(id(t) in values for t in node.outputs):
            results = interpret.evaluate_node(node, [values[id(t)] for t in node.inputs], {}, sizes)
            values.update((id(t), r) for t, r in zip(node.outputs, results, strict=True))
    return [v for v in values.values() if v.dtype.kind == "f" and np.isfinite(v).all()]


@settings(max_examples=EXAMPLES)
@given(st.data())
def test_random_graphs(data):
    with tf.Graph().as_default(), tf.Session() as session:
        builder = Builder(data, smooth=False, dtype="float32")
        builder.grow(data.draw(st.integers(1, 12), label="steps"))
        last = builder.tensors[-1]
        others = data.draw(st.lists(st.sampled_from(builder.tensors), max_size=3), label="fetches")
        compare(session, [last, *others], builder.feeds)


@settings(max_examples=EXAMPLES // 2)
@given(st.data())
def test_gradients_of_random_graphs(data):
    with tf.Graph().as_default(), tf.Session() as session:
        builder = Builder(data, smooth=True, dtype="float64")
        builder.grow(data.draw(st.integers(1, 8), label="steps"))
        xs = list(builder.feeds)
        loss = L.reduce_sum(L.tanh(builder.tensors[-1]))
        found = [g for g in gradients([loss], xs) if g is not None]
        compare(session, [loss, *found], builder.feeds)


# ------------------------------------------------------------------ variables

STEPS = st.lists(
    st.tuples(st.sampled_from(["assign", "add", "subtract", "read"]), st.integers(0, 2), st.integers(0, 2),
              st.integers(-3, 3)),
    min_size=1, max_size=8,
)


@settings(max_examples=EXAMPLES)
@example([("assign", 1, 0, 0), ("assign", 0, 2, 1), ("add", 1, 0, 0)], [False] * 8, 1)
@given(STEPS, st.lists(st.booleans(), min_size=8, max_size=8), st.integers(1, 3))
def test_assignments_in_order_equal_a_sequential_program(steps, fetched, runs):
    """Each step waits for those before it, so that a program of them runs line by line."""
    with tf.Graph().as_default(), tf.Session() as session:
        start = [np.arange(k, k + 3, dtype="f4") for k in range(3)]
        variables = [tf.Variable(v, name=f"v{k}") for k, v in enumerate(start)]
        session.run(tf.global_variables_initializer())
        results, before = [], []
        for kind, target, source, number in steps:
            with tf.control_dependencies(before):
                value = variables[source].read_value() + float(number)
                change = {"assign": variables[target].assign, "add": variables[target].assign_add,
                          "subtract": variables[target].assign_sub}.get(kind)
                results.append(value if change is None else change(value))
            before = [results[-1]]
        wanted = [r for r, keep in zip(results, fetched, strict=False) if keep]
        done = tf.group(*results)
        model = [v.copy() for v in start]
        for _ in range(runs):
            expected = sequential(model, steps)
            got = session.run([*wanted, done], {})[:-1]
            for g, w in zip(got, [e for e, keep in zip(expected, fetched, strict=False) if keep], strict=True):
                np.testing.assert_array_equal(g, w)
            for k, want in enumerate(model):
                np.testing.assert_array_equal(session.variables()[f"v{k}"], want)
        session.run_steps(done, steps=2)
        sequential(model, steps)
        sequential(model, steps)
        for k, want in enumerate(model):
            np.testing.assert_array_equal(session.variables()[f"v{k}"], want)


def sequential(model, steps):
    """The same program on numpy arrays; changes `model` and returns each step's value."""
    values = []
    for kind, target, source, number in steps:
        value = model[source] + np.float32(number)
        if kind == "assign":
            model[target] = value
        elif kind == "add":
            model[target] = model[target] + value
        elif kind == "subtract":
            model[target] = model[target] - value
        values.append(value if kind == "read" else model[target])
    return values


FORMS = st.lists(st.sampled_from(["plain", "reversed", "total", "scaled"]), min_size=3, max_size=3)


@settings(max_examples=EXAMPLES)
@given(st.permutations(range(3)), FORMS, st.booleans())
def test_assignments_side_by_side_all_see_the_old_values(order, forms, fetch_old):
    """Without control dependencies a plain use of a variable means its value when the run begins."""
    shape = {"plain": lambda v: v, "reversed": lambda v: v[::-1], "total": lambda v: v * 0.5 + L.reduce_sum(v),
             "scaled": lambda v: v * 3.0}
    with tf.Graph().as_default(), tf.Session() as session:
        start = [np.arange(k, k + 4, dtype="f4") for k in range(3)]
        variables = [tf.Variable(v, name=f"v{k}") for k, v in enumerate(start)]
        session.run(tf.global_variables_initializer())
        sources = [variables[s] for s in order]
        changes = [v.assign(shape[f](s)) for v, s, f in zip(variables, sources, forms, strict=True)]
        numpy_forms = {**shape, "total": lambda v: v * np.float32(0.5) + v.sum()}
        old = [L.identity(v) for v in variables] if fetch_old else []
        model = start
        for _ in range(2):
            got = session.run([*changes, *old])
            new = [np.asarray(numpy_forms[f](model[s]), "f4") for s, f in zip(order, forms, strict=True)]
            for g, w in zip(got, [*new, *(model if fetch_old else [])], strict=True):
                np.testing.assert_array_equal(g, w)
            model = new
        for k, want in enumerate(model):
            np.testing.assert_array_equal(session.variables()[f"v{k}"], want)
