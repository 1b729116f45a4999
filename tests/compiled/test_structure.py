"""Promises about the compiled program: how many kernels, which are shared, what is written in place."""
import gc
import tracemalloc

import numpy as np
import pytest

import graphengine as tf
from graphengine import config
from graphengine.codegen.kernels.texts import SCOPES
from graphengine.runtime.compiler import default_compiler
from graphengine.schedule.fuse import MOST_BUFFERS

pytestmark = pytest.mark.usefixtures("own_graph")


def texts(compilation):
    return {k.name for k in compilation.kernels}


def writers(compilation, variable):
    """Instructions that write the variable's own buffer."""
    program = compilation.program
    (home,) = [b.index for b in program.buffers if b.kind == "state" and b.name == variable]
    return [i for i in program.instructions if home in i.writes]


def copies(compilation):
    return [i for i in compilation.program.instructions if "copy" in i.title]


def kernel_count(fetches, feeds):
    return len(tf.Session().explain(fetches, feeds).kernels)


class Network:
    """tanh layers of one width with a squared error, trained by SGD."""

    def __init__(self, layers=50, width=64, rate=0.01):
        rng = np.random.default_rng(0)
        self.x = tf.placeholder(tf.float32, [None, width])
        self.y = tf.placeholder(tf.float32, [None, width])
        self.rate = tf.placeholder(tf.float32, [])
        h = self.x
        for _ in range(layers):
            w = tf.Variable((rng.standard_normal((width, width)) / np.sqrt(width)).astype("float32"))
            h = tf.tanh(tf.matmul(h, w) + tf.Variable(np.zeros(width, "float32")))
        self.loss = tf.reduce_mean(tf.square(h - self.y))
        self.step = tf.train.GradientDescentOptimizer(self.rate if rate is None else rate).minimize(self.loss)

    def feeds(self, batch, rate=None):
        rng = np.random.default_rng(batch)
        width = self.x.shape[1]
        found = {self.x: rng.standard_normal((batch, width)).astype("float32"),
                 self.y: rng.standard_normal((batch, width)).astype("float32")}
        return found if rate is None else {**found, self.rate: rate}


# ------------------------------------------------------------------ how much is one kernel

def test_sums_of_columns_count_among_the_arrays_of_a_kernel():
    """They grow in memory, also where only the same kernel reads them."""
    xs = [tf.placeholder(tf.float64, [5, 8]) for _ in range(30)]
    total = tf.add_n([tf.reduce_sum(tf.sin(x) * k, 0) for k, x in enumerate(xs)])
    values = np.random.default_rng(0).normal(size=(30, 5, 8))
    feeds = dict(zip(xs, values, strict=True))
    got = tf.Session().run(total, feeds)
    np.testing.assert_allclose(got, np.einsum("k,kij->j", np.arange(30), np.sin(values)), rtol=1e-12, atol=1e-12)
    assert kernel_count(total, feeds) < 6
    assert MOST_BUFFERS < SCOPES, "each array of a kernel has a scope of its own"


# ------------------------------------------------------------------ parts of variables

def test_a_part_is_assigned_where_the_variable_is():
    """The kernel has the variable as table and as result: it touches the part alone, after who reads the old."""
    v = tf.Variable(np.arange(6, dtype="f4"), name="v")
    place, old = tf.placeholder(tf.int32, [None, 1]), tf.reduce_sum(v)
    change = tf.group(tf.compat.v1.scatter_nd_update(v, place, tf.reverse(v[:2], [0])))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        feeds = {place: [[3], [0]]}
        compilation = session.explain([old, change], feeds).compilation
        writer, = writers(compilation, "v")
        assert writer.nodes[0].op.name == "scatter_rows"
        assert writer.writes[0] in writer.reads
        assert "put_update_4_i32" in texts(compilation)
        apart = session.explain(tf.tensor_scatter_nd_update(v, place, v[:2]), feeds).compilation
        assert "copy_put_update_4_i32" in texts(apart) and "put_update_4_i32" not in texts(apart)
        assert [i.nodes[0].outputs[0].shape.num_elements() for i in copies(compilation)] == [2]
        assert session.run([old, change], feeds)[0] == 15
        np.testing.assert_array_equal(session.run(v), [0, 1, 2, 1, 4, 5])
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"index 6 is outside \[0, 6\)"):
            session.run(change, {place: [[2], [6]]})
        np.testing.assert_array_equal(session.run(v), [0, 1, 2, 1, 4, 5])


def test_a_row_is_put_into_what_a_loop_carries():
    """As for a TensorArray: a step touches its row alone, whether or not somebody reads the rows before."""
    n = tf.placeholder(tf.int32, [])

    def step(k, rows, total):
        return k + 1, tf.tensor_scatter_nd_update(rows, [[k]], [total]), total + rows[0] + 1.0

    found = tf.while_loop(lambda k, rows, total: k < n, step, [tf.constant(0), tf.fill([7], 1.0), tf.constant(2.0)])
    with tf.Session() as session:
        rows, total = session.run(found[1:], {n: 4})
        np.testing.assert_array_equal(rows, [2, 4, 7, 10, 1, 1, 1])
        assert total == 13
        body, = session.explain(found[1:], {n: 4}).compilation.inner
        writer, = [i for i in body.compilation.program.instructions if i.title == "scatter_rows"]
        assert writer.writes[0] in writer.reads


# ------------------------------------------------------------------ sharing

def test_fifty_layers_share_their_kernels():
    net = Network()
    session = tf.Session()
    compilation = session.explain([net.step, net.loss], net.feeds(32)).compilation
    assert len(texts(compilation)) <= 15
    assert not copies(compilation)


def test_new_batch_sizes_and_rates_compile_nothing():
    net = Network(layers=3, width=8, rate=None)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    session.run(net.step, net.feeds(32, 0.1))
    before = default_compiler().counts.compiled
    for batch, rate in ((16, 0.1), (33, 0.2), (1000, 1e-3)):
        session.run(net.step, net.feeds(batch, rate))
    assert default_compiler().counts.compiled == before


def test_a_new_constant_rate_compiles_nothing():
    for k, rate in enumerate((0.01, 0.5, 1e-4)):
        with tf.Graph().as_default():
            net = Network(layers=3, width=8, rate=rate)
            session = tf.Session()
            session.run(tf.global_variables_initializer())
            before = default_compiler().counts.compiled
            session.run(net.step, net.feeds(32))
            assert k == 0 or default_compiler().counts.compiled == before


def test_other_widths_share_their_kernels_too():
    found = []
    for width in (8, 24):
        with tf.Graph().as_default():
            net = Network(layers=3, width=width)
            found.append(texts(tf.Session().explain(net.step, net.feeds(32))))
    assert found[0] == found[1]


# ------------------------------------------------------------------ fusion

def test_softmax_over_the_last_axis_is_one_kernel(rng):
    x = tf.placeholder(tf.float32, [None, None])
    assert kernel_count(tf.nn.softmax(x), {x: rng.standard_normal((5, 7)).astype("f4")}) == 1
    assert kernel_count(tf.nn.log_softmax(x), {x: rng.standard_normal((5, 7)).astype("f4")}) == 1


def test_normalizing_rows_is_one_kernel(rng):
    x = tf.placeholder(tf.float32, [None, 16])
    scale, shift = tf.placeholder(tf.float32, [16]), tf.placeholder(tf.float32, [16])
    mean = tf.reduce_mean(x, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.square(x - mean), axis=-1, keepdims=True)
    y = (x - mean) / tf.sqrt(variance + 1e-5) * scale + shift
    feeds = {x: np.ones((3, 16), "f4"), scale: np.ones(16, "f4"), shift: np.ones(16, "f4")}
    assert kernel_count(y, feeds) == 1


def test_layer_normalization_is_one_kernel_and_three_with_gradients(rng):
    """The two further are that of x, over rows, and the sums over columns for gamma and beta."""
    x, weights = tf.placeholder(tf.float32, [None, None]), tf.placeholder(tf.float32, [None, None])
    gamma, beta = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
    y = tf.nn.layer_normalization(x, gamma, beta)
    ones = np.ones((5, 7), "f4")
    feeds = {x: ones, gamma: ones[0], beta: ones[0]}
    assert kernel_count(y, feeds) == 1
    slopes = tf.gradients(tf.reduce_sum(y * weights), [x, gamma, beta])
    assert kernel_count([y, *slopes], {**feeds, weights: ones}) == 3


def test_batch_normalization_in_training_walks_through_memory_four_times(rng):
    """Mean; variance; the result with the sums for all gradients; the gradient of x."""
    x, weights = (tf.placeholder(tf.float32, [None] * 4) for _ in range(2))
    offset, scale = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
    mean, variance = tf.nn.moments(x, [0, 1, 2])
    y = tf.nn.batch_normalization(x, mean, variance, offset, scale, 1e-3)
    ones = np.ones((2, 3, 4, 5), "f4")
    feeds = {x: ones, offset: ones[0, 0, 0], scale: ones[0, 0, 0]}
    assert kernel_count(y, feeds) == 3
    slopes = tf.gradients(tf.reduce_sum(y * weights), [x, offset, scale])
    assert kernel_count([y, *slopes], {**feeds, weights: ones}) == 4


def test_a_long_chain_of_elementwise_ops_becomes_few_kernels():
    x = tf.placeholder(tf.float32, [None])
    y = x
    for k in range(100):
        y = tf.tanh(y) * (1.0 + 0.01 * k)
    assert kernel_count(y, {x: np.ones(10, "f4")}) <= 4


def test_more_results_than_a_kernel_has_room_for(rng):
    """Every link of a chain is fetched, then every link also enters a matrix product."""
    x = tf.placeholder(tf.float32, [None, 4])
    links = [x]
    for _ in range(60):
        links.append(tf.tanh(links[-1]))
    products = [link @ np.eye(4, dtype="f4") for link in links[1:]]
    value = rng.standard_normal((3, 4)).astype("f4")
    session = tf.Session()
    for fetches in (links[1:], products):
        want = value
        for got in session.run(fetches, {x: value}):
            want = np.tanh(want)
            np.testing.assert_allclose(got, want, rtol=1e-4)


def test_more_operands_than_a_kernel_has_room_for():
    xs = [tf.placeholder(tf.float32, [None]) for _ in range(90)]
    total = tf.add_n(xs)
    feeds = {x: np.full(5, k, "f4") for k, x in enumerate(xs)}
    np.testing.assert_array_equal(tf.Session().run(total, feeds), np.full(5, 90 * 89 / 2, "f4"))
    assert kernel_count(total, feeds) <= 4


def test_movement_costs_no_kernel():
    x, y = tf.placeholder(tf.float32, [None, 6]), tf.placeholder(tf.float32, [6, None])
    z = tf.transpose(x)[::-1] * y + tf.expand_dims(tf.reduce_sum(y, axis=1), 1)
    feeds = {x: np.ones((3, 6), "f4"), y: np.ones((6, 3), "f4")}
    assert kernel_count(z, feeds) == 1


def test_transposed_factors_are_read_where_they_are():
    x, w = tf.placeholder(tf.float32, [None, 6]), tf.placeholder(tf.float32, [4, 6])
    feeds = {x: np.ones((3, 6), "f4"), w: np.ones((4, 6), "f4")}
    program = tf.Session().explain(x @ tf.transpose(w), feeds).compilation.program
    assert [i.title for i in program.instructions] == ["batch_matmul"]


# ------------------------------------------------------------------ updates

OPTIMIZERS = {
    "sgd": lambda: tf.train.GradientDescentOptimizer(0.1),
    "momentum": lambda: tf.train.MomentumOptimizer(0.1, 0.9),
    "nesterov": lambda: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "adam": lambda: tf.train.AdamOptimizer(0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_variable_is_written_once_and_in_place(name):
    """By one kernel with its slots, but for plain descent and momentum, where the product takes one step itself."""
    x = tf.placeholder(tf.float32, [None, 4])
    w = tf.Variable(np.ones((4, 3), "f4"), name="w")
    v = tf.Variable(np.ones((3, 2), "f4"), name="v")
    loss = tf.reduce_sum(tf.square(tf.tanh(x @ w) @ v))
    step = OPTIMIZERS[name]().minimize(loss)
    compilation = tf.Session().explain(step, {x: np.ones((5, 4), "f4")}).compilation
    assert not copies(compilation)
    for variable in ("w", "v"):
        (writer,) = writers(compilation, variable)
        written = {compilation.program.buffers[b].name for b in writer.writes}
        slots = {b.name for b in compilation.program.buffers if b.kind == "state" and b.name.startswith(variable + "/")}
        if name == "momentum":
            assert written == {variable}
            ((slot,),) = [writers(compilation, s) for s in slots]
            assert (slot.title, len(slot.writes)) == ("batch_matmul, finished", 1)
        else:
            assert written == {variable, *slots}
        assert (writer.title == "batch_matmul, finished") == (name == "sgd")


def layered(activation=tf.nn.relu, momentum=None, dtype=tf.float32):
    """Two convolutions with a bias, a dense layer and a linear one; the loss, and a step."""
    rng = np.random.default_rng(0)
    x, y = tf.placeholder(dtype, [None, 6, 5, 2], name="x"), tf.placeholder(dtype, [None, 3], name="y")

    def parameters(*shape):
        return (tf.Variable(rng.standard_normal(shape).astype(dtype.as_numpy_dtype) / 3),
                tf.Variable(rng.standard_normal(shape[-1]).astype(dtype.as_numpy_dtype)))

    h = x
    for channels in ((2, 5), (5, 4)):
        w, b = parameters(3, 3, *channels)
        h = activation(tf.nn.conv2d(h, w, 1, "SAME") + b)
    h = tf.reshape(h, [-1, 120])
    w, b = parameters(120, 17)
    h = activation(b + h @ w)
    w, b = parameters(17, 3)
    loss = tf.reduce_mean(tf.square(h @ w + b - y))
    optimizer = (tf.train.MomentumOptimizer(0.01, momentum) if momentum else
                 tf.train.GradientDescentOptimizer(0.01))
    return x, y, loss, optimizer.minimize(loss)


def test_a_training_step_of_rectified_layers_has_few_kernels():
    x, y, loss, step = layered()
    feeds = {x: np.ones((7, 6, 5, 2), "f4"), y: np.ones((7, 3), "f4")}
    compilation = tf.Session().explain([loss, step], feeds).compilation
    titles = [i.title for i in compilation.program.instructions]
    assert len(copies(compilation)) == 1                            # filters the other way round
    assert titles.count("convolve, finished") == 2                  # with bias and rectifier
    assert titles.count("convolve_filter, finished") == 2           # with the update
    assert titles.count("batch_matmul, finished") == 1 + 2          # a layer, two updates
    assert titles.count("batch_matmul") == 1 + 2                    # the last layer, two gradients of inputs
    biases = [t for t in titles if t.endswith("sum_axes + multiply + subtract")]
    assert len(biases) == 4
    assert not any(t in titles for t in ("add + maximum", "multiply + subtract"))


@pytest.mark.parametrize("tier", ["kernels", "interpreter"])
@pytest.mark.parametrize("momentum", [None, 0.9])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_finished_sums_train_as_the_definition_says(dtype, momentum, tier, rng):
    """Five steps against the same steps with an activation that nothing is made of but its definition."""
    values = rng.standard_normal((7, 6, 5, 2)), rng.standard_normal((7, 3))
    found = []
    for activation in (tf.nn.relu, lambda t: tf.where(t > 0, t, tf.zeros_like(t))):
        with tf.Graph().as_default(), config.override(tier=tier):
            x, y, loss, step = layered(activation, momentum, dtype)
            session = tf.Session()
            session.run(tf.global_variables_initializer())
            feeds = {x: values[0].astype(dtype.as_numpy_dtype), y: values[1].astype(dtype.as_numpy_dtype)}
            losses = [session.run([loss, step], feeds)[0] for _ in range(5)]
            found.append((losses, list(session.variables().values())))
    tolerance = 1e-4 if dtype is tf.float32 else 1e-12
    for a, b in zip(found[0][0] + found[0][1], found[1][0] + found[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_what_others_read_too_is_not_finished(rng):
    """A sum that is fetched, read twice, or added to what a kernel computes stays as it is."""
    x, w = tf.placeholder(tf.float32, [None, 4]), tf.Variable(rng.standard_normal((4, 4)).astype("f4"))
    b = tf.Variable(rng.standard_normal(4).astype("f4"))
    value = rng.standard_normal((3, 4)).astype("f4")
    product = x @ w
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    sums, bias = value @ session.run(w), session.run(b)
    cases = [
        ([product, tf.nn.relu(product + b)], [sums, np.maximum(sums + bias, 0)]),
        ([tf.nn.relu(product + b) * product], [np.maximum(sums + bias, 0) * sums]),
        ([tf.nn.relu(product + tf.exp(x))], [np.maximum(sums + np.exp(value), 0)]),
        ([w.assign_sub(0.5 * (w @ w))], [session.run(w) - 0.5 * session.run(w) @ session.run(w)]),
    ]
    for fetches, wanted in cases:
        for got, want in zip(session.run(fetches, {x: value}), wanted, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_an_update_that_others_read_runs_last_and_in_place():
    w = tf.Variable(np.ones(4, "f4"), name="w")
    y = w * 3.0
    step = w.assign_sub(y)
    compilation = tf.Session().explain([y, step], {}).compilation
    assert len(writers(compilation, "w")) == 1
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    first, second = session.run([y, step])
    np.testing.assert_array_equal(first, np.full(4, 3.0, "f4"))
    np.testing.assert_array_equal(second, np.full(4, -2.0, "f4"))


def test_two_variables_change_places():
    a, b = tf.Variable([1.0, 2.0], name="a"), tf.Variable([3.0, 4.0], name="b")
    swap = tf.group(a.assign(b), b.assign(a))
    old_a, old_b = tf.identity(a), tf.identity(b)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    _, x, y = session.run([swap, old_a, old_b])
    assert (x.tolist(), y.tolist()) == ([1.0, 2.0], [3.0, 4.0])
    assert {n: v.tolist() for n, v in session.variables().items()} == {"a": [3.0, 4.0], "b": [1.0, 2.0]}
    session.run_steps(swap, steps=3)
    assert session.variables()["a"].tolist() == [1.0, 2.0]


def test_three_variables_change_places():
    names = "abc"
    v = [tf.Variable(np.full((3, 3), k, "f4"), name=n) for k, n in enumerate(names)]
    turn = tf.group(*[v[k].assign(v[(k + 1) % 3] * 1.0) for k in range(3)])
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    session.run(turn)
    assert [session.variables()[n][0, 0] for n in names] == [1.0, 2.0, 0.0]


def test_a_transposed_update_of_a_variable_by_itself():
    start = np.arange(9, dtype="f4").reshape(3, 3)
    w = tf.Variable(start, name="w")
    step = w.assign(tf.transpose(w) + w[::-1])
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    np.testing.assert_array_equal(session.run(step), start.T + start[::-1])


def test_an_old_value_is_read_before_its_element_is_replaced():
    """One kernel holds the new value of v, and of w, which is made from both values of v."""
    start = np.arange(3, dtype="f4")
    v, w = tf.Variable(start, name="v"), tf.Variable(start, name="w")
    first = w.assign(v)
    with tf.control_dependencies([first]):
        second = v.assign(v * 10.0 + 1.0)
    with tf.control_dependencies([second]):
        third = w.assign_add(v.read_value())
    total = tf.reduce_sum(v * 1.0)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    _, got = session.run([third, total])
    assert got == start.sum()
    np.testing.assert_array_equal(session.variables()["v"], start * 10 + 1)
    np.testing.assert_array_equal(session.variables()["w"], start * 11 + 1)


@pytest.mark.parametrize("axis", [0, 1])
def test_old_values_beside_folds_that_replace_them(axis):
    start = np.arange(4, dtype="f4")
    matrix = np.arange(16, dtype="f4").reshape(4, 4)
    x = tf.placeholder(tf.float32, [4, 4])
    v = tf.Variable(start, name="v")
    folded = tf.reduce_sum(x, axis=axis)
    for new, want in ((folded, matrix.sum(axis)), (v * 2.0 + folded, start * 2 + matrix.sum(axis))):
        session = tf.Session()
        session.run(v.initializer)
        old, changed, sums = session.run([v * 3.0, v.assign(new), folded - v], {x: matrix})
        np.testing.assert_array_equal(old, start * 3)
        np.testing.assert_array_equal(sums, matrix.sum(axis) - start)
        np.testing.assert_array_equal(changed, want)


@pytest.mark.parametrize("shape", [(2, 1, 3), (1, 2, 3), (2, 3, 1), (1, 1, 3), (2, 1, 1), (2, 1, 3, 1, 4)])
def test_sums_across_axes_of_size_one(shape, rng):
    x = tf.placeholder(tf.float32, [s if s == 1 else None for s in shape])
    value = rng.standard_normal(shape).astype("f4")
    rank = len(shape)
    axes = [(k, j) for k in range(rank) for j in range(k + 1, rank)] + [(k,) for k in range(rank)]
    shifted = [tf.exp(x - tf.reduce_max(x, axis=a, keepdims=True)) for a in axes]
    fetches = shifted + [tf.reduce_sum(x, axis=a) for a in axes]
    want = [np.exp(value - value.max(axis=a, keepdims=True)) for a in axes] + [value.sum(axis=a) for a in axes]
    for got, w in zip(tf.Session().run(fetches, {x: value}), want, strict=True):
        np.testing.assert_allclose(got, w, rtol=1e-5, atol=1e-5)


# ------------------------------------------------------------------ a step in the compiled loop

def test_steps_in_the_loop_allocate_nothing():
    net = Network(layers=3, width=16)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    feeds = net.feeds(16)
    session.run_steps(net.step, feeds, steps=3)

    def peak(steps):
        gc.collect()
        tracemalloc.start()
        session.run_steps(net.step, feeds, steps=steps)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert abs(peak(2000) - peak(10)) < 4096


# ------------------------------------------------------------------ several passes over a row

def norm_gelu_softmax(x):
    centered = x - tf.reduce_mean(x, -1, keepdims=True)
    y = centered * tf.math.rsqrt(tf.reduce_mean(tf.square(centered), -1, keepdims=True) + 1e-5)
    return tf.nn.softmax(tf.nn.gelu(y, approximate=True))


def test_what_is_dear_is_computed_once_for_all_passes():
    x = tf.placeholder(tf.float32, [None, None])
    y = norm_gelu_softmax(x)
    (kernel,) = tf.Session().explain([y, tf.gradients(y * y, [x])[0]], {x: np.ones((3, 5), "f4")}).kernels
    assert kernel.text.count("tanh_f32(") == 1
    assert kernel.text.count("exp_f32(") == 1


def test_cheap_values_are_computed_again():
    x = tf.placeholder(tf.float32, [None, None])
    centered = x - tf.reduce_mean(x, -1, keepdims=True)
    compilation = tf.Session().explain(tf.reduce_mean(centered * centered, -1), {x: np.ones((3, 5), "f4")}).compilation
    assert not any(i.kept for i in compilation.program.instructions)


@pytest.mark.parametrize("shape", [(6, 7), (1, 9), (5, 1), (0, 4), (9,), (3, 4, 5)])
def test_values_kept_between_passes_are_right(shape, rng):
    x = tf.placeholder(tf.float32, [None] * len(shape))
    y = norm_gelu_softmax(x)
    fetches = [y, tf.gradients(tf.exp(y) * y, [x])[0], tf.nn.log_softmax(x) * tf.nn.softmax(x)]
    value = rng.standard_normal(shape).astype("f4")
    found = tf.Session().run(fetches, {x: value})
    with config.override(tier="interpreter"):
        wanted = tf.Session().run(fetches, {x: value})
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_rows_of_two_axes_are_kept(rng):
    x = tf.placeholder(tf.float32, [None, None, None])
    e = tf.exp(x - tf.reduce_max(x, [1, 2], keepdims=True))
    y = e / tf.reduce_sum(e, [1, 2], keepdims=True)
    value = rng.standard_normal((3, 4, 5)).astype("f4")
    session = tf.Session()
    assert any(i.kept for i in session.explain(y, {x: value}).compilation.program.instructions)
    np.testing.assert_allclose(session.run(y, {x: value}).sum((1, 2)), np.ones(3), rtol=1e-6)
