"""Narrow types through a session: wrap-around, rounding, what is promised about kernels, and errors."""
import subprocess
import sys

import checks
import ml_dtypes
import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphengine as tf
from graphengine import dtypes, errors
from graphengine.codegen import abi
from graphengine.ops.language import L

pytestmark = pytest.mark.usefixtures("own_graph")

HALVES = [tf.float16, tf.bfloat16]
SMALL = [t for t in dtypes.NARROW if t.is_integer]


def run(function, *arrays):
    xs = [tf.placeholder(a.dtype, a.shape) for a in arrays]
    return tf.Session().run(function(*xs), dict(zip(xs, arrays, strict=True)))


def compiled(fetches, *feeds):
    return tf.Session().explain(fetches, dict(feeds)).compilation


def every_value(dtype):
    """All numbers of 8 bits; of more, those around powers of two."""
    if dtype.size == 1:
        return np.arange(dtype.min, dtype.max + 1).astype(dtype.numpy)
    powers = 2 ** np.arange(8 * dtype.size)
    numbers = np.concatenate([powers - 1, powers, powers + 1, -powers, [12345, 54321, 100, 7]])
    return np.unique(numbers.astype(dtype.numpy))


# ------------------------------------------------------------------ whole numbers

WHOLE = {
    "add": (lambda x, y: x + y, np.add), "subtract": (lambda x, y: x - y, np.subtract),
    "multiply": (lambda x, y: x * y, np.multiply), "maximum": (L.maximum, np.maximum),
    "less": (lambda x, y: x < y, np.less), "equal": (L.equal, np.equal),
    "and": (L.bitwise_and, np.bitwise_and), "xor": (L.bitwise_xor, np.bitwise_xor),
    "negative": (lambda x, y: -x, lambda x, y: np.negative(x)), "abs": (lambda x, y: abs(x), lambda x, y: np.abs(x)),
    "invert": (lambda x, y: L.invert(x), lambda x, y: np.invert(x)),
    "sum": (lambda x, y: L.reduce_sum(x * y, 1), lambda x, y: np.sum(x * y, 1, dtype=x.dtype)),
    "product": (lambda x, y: L.reduce_prod(x + y, 1), lambda x, y: np.prod(x + y, 1, dtype=x.dtype)),
    "smallest": (lambda x, y: L.reduce_min(x - y, 0), lambda x, y: np.min(x - y, 0)),
    "matmul": (lambda x, y: L.matmul(x - y, x - y, transpose_b=True), lambda x, y: (x - y) @ (x - y).T),
    "division": (lambda x, y: x // L.where(y > 0, y, 1), lambda x, y: x // np.where(y > 0, y, np.ones_like(y))),
    "remainder": (lambda x, y: x % L.where(y > 0, y, 1), lambda x, y: x % np.where(y > 0, y, np.ones_like(y))),
    "quotient": (lambda x, y: x / y, lambda x, y: np.true_divide(x, y).astype("f8" if x.dtype == "uint32" else "f4")),
    "left": (lambda x, y: L.left_shift(x, y % 9), lambda x, y: x << np.minimum(y % 9, 8 * x.itemsize - 1)),
    "right": (lambda x, y: L.right_shift(x, y % 9), lambda x, y: x >> np.minimum(y % 9, 8 * x.itemsize - 1)),
}


@pytest.mark.parametrize("dtype", SMALL, ids=lambda t: t.name)
def test_whole_numbers_wrap_around_as_in_numpy(dtype):
    x = every_value(dtype)
    x, y = (np.ascontiguousarray(a) for a in np.broadcast_arrays(x[:, None], x[None]))
    a, b = tf.placeholder(dtype, [None, None]), tf.placeholder(dtype, [None, None])
    found = tf.Session().run({name: ours(a, b) for name, (ours, _) in WHOLE.items()}, {a: x, b: y})
    with np.errstate(all="ignore"):
        for name, (_, theirs) in WHOLE.items():
            want = theirs(x, y)
            assert found[name].dtype == want.dtype, name
            np.testing.assert_array_equal(found[name], want, err_msg=name)


@pytest.mark.parametrize("dtype", SMALL, ids=lambda t: t.name)
def test_extremes_of_nothing(dtype):
    empty = np.zeros((0, 2), dtype.numpy)
    assert run(lambda x: L.reduce_max(x, 0), empty).tolist() == [dtype.min] * 2
    assert run(lambda x: L.reduce_min(x, 0), empty).tolist() == [dtype.max] * 2
    segments = run(lambda x: L.unsorted_segment_max(x, np.zeros(0, "int32"), 2), empty)
    assert segments.tolist() == [[dtype.min] * 2] * 2


# ------------------------------------------------------------------ casts

@pytest.mark.parametrize("source", dtypes.ALL, ids=lambda t: t.name)
def test_casts_between_all_types(source):
    """Numbers that the smallest type has, and for whole numbers also those that wrap around."""
    x = np.array([0, 1, 2, 3, 100, 127], source.numpy)
    a = tf.placeholder(source, [None])
    found = tf.Session().run([tf.cast(a, t) for t in dtypes.ALL], {a: x})
    for got, target in zip(found, dtypes.ALL, strict=True):
        assert got.dtype == target.numpy
        np.testing.assert_array_equal(got, x.astype(target.numpy))
    if source.is_integer:
        x = every_value(source) if source.is_narrow else np.array([source.min, -1, 255, 256, 70000, source.max])
        x = x.astype(source.numpy)
        found = tf.Session().run([tf.cast(a, t) for t in dtypes.Integer], {a: x})
        for got, target in zip(found, dtypes.Integer, strict=True):
            np.testing.assert_array_equal(got, x.astype(target.numpy))


@pytest.mark.parametrize("dtype", HALVES, ids=lambda t: t.name)
def test_every_pattern_goes_through_kernels(dtype):
    """Moves keep every bit; casts to float32 and back keep every number."""
    bits = np.arange(2**16, dtype=np.uint16).reshape(256, 256)
    x = bits.view(dtype.numpy)
    a = tf.placeholder(dtype, [256, 256])
    wide = tf.placeholder(tf.float32, [256, 256])
    session = tf.Session()
    moved, picked = session.run([tf.transpose(a), tf.gather(a, np.arange(256)[::-1])], {a: x})
    np.testing.assert_array_equal(moved.view(np.uint16), bits.T)
    np.testing.assert_array_equal(picked.view(np.uint16), bits[::-1])
    numbers = session.run(tf.cast(a, tf.float32), {a: x})
    back = session.run(tf.cast(wide, dtype), {wide: numbers})
    is_nan = np.isnan(numbers)
    assert np.isnan(back[is_nan].astype("float32")).all()
    np.testing.assert_array_equal(back[~is_nan].view(np.uint16), bits[~is_nan])


@pytest.mark.parametrize("dtype", HALVES, ids=lambda t: t.name)
@pytest.mark.parametrize("op", [L.add, L.subtract, L.multiply, L.divide], ids=lambda f: f.__name__)
def test_arithmetic_is_rounded_once(dtype, op, rng):
    """The nearest number to the exact result: 24 bits are more than twice those of a half, so no tie is lost."""
    bits = rng.integers(0, 2**16, (2, 50_000)).astype(np.uint16)
    x, y = bits.view(dtype.numpy)
    with np.errstate(all="ignore"):
        want = getattr(np, op.__name__)(x.astype("f8"), y.astype("f8")).astype("f4").astype(dtype.numpy)
    checks.assert_close(run(op, x, y).astype("f4"), want.astype("f4"), 0)
    np.testing.assert_array_equal(run(op, x, y).astype("f4"), want.astype("f4"))


def test_numbers_between_ops_are_not_rounded():
    """300 * 300 is no float16, but is never stored as one; a cast that the user writes does store it."""
    x = np.full(5, 300, "float16")
    assert run(lambda x: x * x / 300.0, x).tolist() == [300] * 5
    assert run(lambda x: L.reshape(x * x, [5, 1]) / 300.0, x).tolist() == [[300]] * 5
    stored = lambda x: tf.cast(tf.cast(tf.cast(x, "float32") ** 2.0, "float16"), "float32")
    assert np.isinf(run(lambda x: stored(x) / 300.0, x)).all()


@pytest.mark.parametrize("dtype", HALVES, ids=lambda t: t.name)
def test_sums_keep_the_digits_of_float32(dtype):
    """One by one, ones add up to 2048 in float16 and to 256 in bfloat16, and no further."""
    ones = np.ones((4096, 3), dtype.numpy)
    assert run(lambda x: L.reduce_sum(x, 0), ones).tolist() == [4096] * 3
    assert run(lambda x: L.reduce_sum(x), ones).tolist() == 12288
    assert run(lambda x: L.reduce_mean(x), np.ones((400, 400), dtype.numpy)).tolist() == 1
    assert run(lambda x: L.matmul(x, x, transpose_a=True), ones).tolist() == [[4096] * 3] * 3
    assert run(lambda x: L.cumsum(x)[-1], ones).tolist() == [4096] * 3


@pytest.mark.parametrize("dtype", HALVES, ids=lambda t: t.name)
def test_small_constants_of_composites_survive(dtype):
    """1e-12 is no float16: taken as one it would be 0, and 0 / 0 the result."""
    assert run(lambda x: L.l2_normalize(x), np.zeros(3, dtype.numpy)).tolist() == [0, 0, 0]


# ------------------------------------------------------------------ kernels

def test_pixels_become_fractions_in_the_first_kernel():
    """Bytes are read as they were fed: one kernel, no copy, vectors of bytes."""
    images = tf.placeholder(tf.uint8, [None, 28, 28])
    scaled = tf.tanh(tf.cast(images, tf.float32) / 255.0 - 0.5)
    compilation = compiled(scaled, (images, np.zeros((2, 28, 28), "uint8")))
    (kernel,) = compilation.kernels
    assert [b.dtype.name for b in compilation.program.buffers] == ["uint8", "float32"]
    assert "pointer_u8" in kernel.text
    assert "x i8>" in machine_text(kernel)


@pytest.mark.parametrize("dtype", HALVES, ids=lambda t: t.name)
def test_a_chain_of_halves_is_one_kernel_of_vectors(dtype):
    x = tf.placeholder(dtype, [None])
    y = tf.nn.softplus(x * 2.0 + 1.0) * tf.tanh(x) - x
    compilation = compiled(y, (x, np.zeros(4, dtype.numpy)))
    (kernel,) = compilation.kernels
    assert {b.dtype for b in compilation.program.buffers} == {dtype}
    assert kernel.text.count(f"to_{dtype.code}(") == 1
    text = machine_text(kernel)
    assert "x float>" in text and "extendhf" not in text and "truncsf" not in text


def machine_text(kernel):
    names = abi.namespace()
    exec(kernel.text, names)
    return numba.cfunc(abi.SIGNATURE, error_model="numpy")(names[kernel.name]).inspect_llvm()


def test_float32_programs_know_nothing_of_it():
    x = tf.placeholder(tf.float32, [None])
    compilation = compiled(tf.reduce_sum(tf.tanh(x)), (x, np.zeros(3, "f4")))
    assert not [f for f in compilation.fired if f.rule == "widen"]


# ------------------------------------------------------------------ gradients, variables, steps

@pytest.mark.parametrize("dtype", HALVES, ids=lambda t: t.name)
def test_gradients_are_stored_as_the_numbers_are(dtype, rng):
    x = tf.placeholder(dtype, [4, 3])
    w = tf.Variable(np.ones((3, 2), dtype.numpy), name="w")
    loss = tf.reduce_mean(tf.square(tf.matmul(tf.tanh(x), w)))
    found = tf.gradients(loss, [x, w])
    assert [g.dtype for g in found] == [dtype] * 2
    value = rng.standard_normal((4, 3)).astype(dtype.numpy)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    got = session.run(found, {x: value})
    t = np.tanh(value.astype("f8"))
    residual = 2 * (t @ np.ones((3, 2))) / 8
    for g, want in zip(got, (residual @ np.ones((2, 3)) * (1 - t**2), t.T @ residual), strict=True):
        checks.assert_close(g, want.astype(dtype.numpy), 8)


@pytest.mark.parametrize("dtype", HALVES, ids=lambda t: t.name)
def test_a_line_is_fitted(dtype, rng):
    x = tf.placeholder(dtype, [None])
    w, b = (tf.Variable(np.zeros((), dtype.numpy), name=name) for name in "wb")
    loss = tf.reduce_mean(tf.square(w * x + b - (x * 2.0 + 1.0)))
    step = tf.train.MomentumOptimizer(0.0625, 0.5).minimize(loss)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    given = np.linspace(-1, 1, 64).astype(dtype.numpy)
    session.run_steps(step, {x: given}, steps=200)
    np.testing.assert_allclose([float(session.variables()[name]) for name in "wb"], [2, 1], atol=0.05)


@pytest.mark.parametrize("dtype", dtypes.NARROW, ids=lambda t: t.name)
def test_steps_pick_rows_of_narrow_arrays(dtype):
    data = np.arange(12).reshape(6, 2).astype(dtype.numpy)
    x = tf.placeholder(dtype, [None, 2])
    rows = np.array([[0, 5], [3, 3]])
    session = tf.Session()
    got = session.run_steps(tf.reduce_sum(x, 0), {x: tf.Rows(data, rows)}, collect=True)
    np.testing.assert_array_equal(got, data[rows].sum(1, dtype=dtype.numpy))


# ------------------------------------------------------------------ random graphs of whole numbers

BINARY = [L.add, L.subtract, L.multiply, L.maximum, L.minimum, L.bitwise_xor, L.right_shift]


@settings(max_examples=15)
@given(st.data())
def test_random_graphs_of_whole_numbers_are_exact(data):
    kinds = [*SMALL, tf.int32, tf.int64]
    with tf.Graph().as_default(), tf.Session() as session:
        feeds, tensors = {}, []
        for k in range(3):
            dtype = data.draw(st.sampled_from(kinds), label="dtype")
            x = tf.placeholder(dtype, [None, 3])
            info = np.iinfo(dtype.numpy)
            feeds[x] = np.random.default_rng(k).integers(info.min, info.max, (4, 3), dtype.numpy, endpoint=True)
            tensors.append(x)
        for _ in range(data.draw(st.integers(1, 10), label="steps")):
            x, y = (data.draw(st.sampled_from(tensors), label="operand") for _ in range(2))
            form = data.draw(st.sampled_from(["binary", "binary", "sum", "cast", "choice"]), label="form")
            if form == "binary":
                made = data.draw(st.sampled_from(BINARY), label="op")(x, tf.cast(y, x.dtype))
            elif form == "sum":
                made = x - L.reduce_sum(x, data.draw(st.integers(0, 1), label="axis"), True)
            elif form == "choice":
                made = L.where(x > tf.cast(y, x.dtype), x, L.reverse(x, [0]))
            else:
                made = tf.cast(x, data.draw(st.sampled_from(kinds), label="dtype"))
            tensors.append(made)
        got = session.run(tensors[3:], feeds)
        want = checks.value(tensors[3:], feeds)
        for g, w, t in zip(got, want, tensors[3:], strict=True):
            assert g.dtype == t.dtype.numpy
            np.testing.assert_array_equal(g, w, err_msg=str(t))


# ------------------------------------------------------------------ what is said

@pytest.mark.parametrize(("dtype", "call", "problem"), [
    ("float16", lambda x: x + tf.constant([1.0]), r"dtypes differ: float16 \(x\) and float32 \(y\)"),
    ("uint8", lambda x: x * tf.constant([1]), r"dtypes differ: uint8 \(x\) and int32 \(y\)"),
    ("bfloat16", lambda x: x - tf.cast(x, tf.float16), r"dtypes differ: bfloat16 \(x\) and float16 \(y\)"),
    ("uint8", lambda x: x + 300, r"y holds numbers outside uint8, \[0, 255\]"),
    ("uint8", lambda x: x + -1, r"y holds numbers outside uint8"),
    ("int8", lambda x: x * 1.5, "y holds fractions but int8 is needed"),
    ("int16", lambda x: tf.tanh(x), "x is int16; it takes float32, float64, float16, bfloat16"),
    ("uint8", lambda x: tf.gather([1.0, 2.0], x), "indices is uint8; it takes int32, int64"),
    ("float16", lambda x: tf.argmax(x, output_type="uint8"), "output_type"),
])
def test_what_does_not_fit_is_said(dtype, call, problem):
    x = tf.placeholder(dtype, [1])
    with pytest.raises((errors.DTypeError, errors.AttributeValueError), match=problem) as caught:
        call(x)
    assert "differ" not in problem or "cast" in caught.value.fix


def test_python_numbers_take_the_dtype_where_they_fit():
    assert run(lambda x: x + 200, np.array([1, 100], "uint8")).tolist() == [201, 44]
    assert run(lambda x: x * 0.1, np.array([1.0], "float16")).dtype == "float16"
    assert np.isinf(run(lambda x: x + 1e6, np.array([1.0], "float16"))).all()


def test_limits():
    assert [(t.min, t.max) for t in (tf.uint8, tf.int8, tf.int16, tf.uint16, tf.uint32)] == [
        (0, 255), (-128, 127), (-32768, 32767), (0, 65535), (0, 2**32 - 1)]
    assert (float(tf.float16.max), float(tf.bfloat16.max)) == (65504.0, float(ml_dtypes.finfo("bfloat16").max))
    assert (tf.uint8.is_unsigned, tf.int8.is_unsigned, tf.bfloat16.is_floating, tf.bfloat16.size) == (
        True, False, True, 2)


@pytest.mark.parametrize("spec", ["bfloat16", ml_dtypes.bfloat16, np.dtype(ml_dtypes.bfloat16), tf.bfloat16], ids=repr)
def test_names_of_bfloat16(spec):
    assert tf.as_dtype(spec) is tf.bfloat16
    assert tf.as_dtype("half") is tf.float16


def test_ml_dtypes_is_imported_for_bfloat16_only():
    script = """
import sys, graphengine as tf
with tf.Graph().as_default():
    x = tf.placeholder(tf.float16, [2])
    print(tf.Session().run(x * 2.0, {x: [1.0, 2.0]}).tolist(), "ml_dtypes" in sys.modules)
    tf.placeholder("bfloat16", [2]) + 1.0
    print("ml_dtypes" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=checks.ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.split("\n")[:2] == ["[2.0, 4.0] False", "True"], done.stderr


# ------------------------------------------------------------------ saturation, images

def test_what_is_too_large_becomes_the_limit():
    x = np.array([-np.inf, -1e30, -1.5, 0.0, 254.9, 255.0, 256.0, 1e30, np.inf], "float32")
    assert run(lambda x: tf.saturate_cast(x, "uint8"), x).tolist() == [0, 0, 0, 0, 254, 255, 255, 255, 255]
    assert run(lambda x: tf.saturate_cast(x, "int32"), x)[[1, -1]].tolist() == [-(2**31), 2147483520]
    assert run(lambda x: tf.saturate_cast(x, "float16"), x)[[0, -1]].tolist() == [-65504, 65504]
    y = np.array([-(2**31), -129, -1, 127, 128, 2**31 - 1], "int32")
    assert run(lambda y: tf.saturate_cast(y, "int8"), y).tolist() == [-128, -128, -1, 127, 127, 127]
    assert run(lambda y: tf.saturate_cast(y, "uint32"), y).tolist() == [0, 0, 0, 127, 128, 2**31 - 1]


def test_images_change_their_scale():
    """The numbers of TensorFlow's documentation and of its definition."""
    convert = tf.image.convert_image_dtype
    pixels = np.arange(256).astype("uint8")
    fractions = run(lambda x: convert(x, "float32"), pixels)
    np.testing.assert_array_equal(fractions, pixels.astype("f4") * np.float32(1 / 255))
    np.testing.assert_array_equal(run(lambda x: convert(x, "uint8"), fractions), pixels)
    np.testing.assert_array_equal(run(lambda x: convert(x, "uint16"), pixels), pixels.astype("u2") * 256)
    np.testing.assert_array_equal(run(lambda x: convert(x, "int8"), pixels), pixels // 2)
    beyond = np.array([-0.5, 2.0], "float32")
    assert run(lambda x: convert(x, "uint8", saturate=True), beyond).tolist() == [0, 255]
