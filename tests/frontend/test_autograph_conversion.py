"""What AutoGraph converts, what it leaves alone, and what it says of what it cannot convert."""
from __future__ import annotations

import functools

import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import DTypeError, GraphMismatchError, InvalidArgumentError, ShapeError

# -------------------------------------------------------------------- what is converted, and what is not

class Counter:
    def __init__(self):
        self.__total = tf.Variable(0.0)

    @property
    def total(self):
        return float(self.__total.numpy())

    def add(self, x):
        if x > 0.0:
            self.__total.assign_add(x)
        return self.__total.read_value()

    def __call__(self, x):
        return self.add(x)


class Doubled(Counter):
    def add(self, x):
        if x > 100.0:
            return super().add(x * 0.0)
        return super().add(2.0 * x)


def test_methods_private_names_super_and_variables():
    counter = Doubled()
    step = tf.function(lambda x: counter(x))
    assert [float(step(tf.constant(v))) for v in (1.0, -3.0, 2.0, 101.0)] == [2.0, 2.0, 6.0, 6.0]
    assert counter.total == 6.0


def decorated(function):
    @functools.wraps(function)
    def wrapped(*args, scale=1.0, **kwargs):
        return function(*args, **kwargs) * scale
    return wrapped


@decorated
def with_defaults(x, low=0.0, *, high=1.0):
    if x < low:
        return low
    return high if x > high else x


def test_defaults_and_decorators():
    f = tf.function(with_defaults)
    assert [float(f(tf.constant(v))) for v in (-1.0, 0.5, 3.0)] == [0.0, 0.5, 1.0]
    assert float(f(tf.constant(3.0), high=2.0, scale=10.0)) == 20.0


def test_layers_and_models_of_the_user():
    from graphengine import keras

    class Bounded(keras.layers.Layer):
        def call(self, x):
            if tf.reduce_max(x) > 1.0:
                x = x / tf.reduce_max(x)
            return x

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.bounded, self.out = Bounded(), keras.layers.Dense(1, kernel_initializer="ones")

        def call(self, x):
            return self.out(self.bounded(x))

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x) - y) ** 2)
            rate = 0.0
            if loss > 1.0:
                rate = 0.25
            for v, g in zip(self.trainable_variables, tape.gradient(loss, self.trainable_variables), strict=True):
                v.assign_sub(rate * g)
            return {"loss": loss}

    net = Net()
    net.compile("sgd", "mse")
    x = np.array([[2.0, 4.0]], "f4")
    assert net.predict(x, verbose=0).tolist() == [[1.5]]
    losses = net.fit(x, np.array([[4.0]], "f4"), epochs=3, verbose=0).history["loss"]
    # kernel (1, 1), input (0.5, 1): error -2.5; gradient -5 * (0.5, 1, 1), a quarter of it off: +2.8125
    assert losses == pytest.approx([6.25, 0.3125 ** 2, 0.3125 ** 2])


def test_what_is_not_to_be_converted():
    @tf.autograph.experimental.do_not_convert
    def plain(x):
        return x if x > 0.0 else -x

    with pytest.raises(InvalidArgumentError, match="Python cannot decide"):
        tf.function(plain)(tf.constant(1.0))
    with pytest.raises(InvalidArgumentError, match="Python cannot decide"):
        tf.function(size, autograph=False)(tf.constant(1.0))
    namespace = {}
    exec("def no_source(x):\n    return x if x > 0.0 else -x", namespace)
    with pytest.raises(InvalidArgumentError, match="Python cannot decide"):
        tf.function(namespace["no_source"])(tf.constant(1.0))


def size(x):
    if x < 0.0:
        return -x
    return x


def test_converted_source_can_be_read_and_called():
    text = tf.autograph.to_code(size)
    assert text.startswith("def size(x):") and "if_returning" in text
    assert tf.autograph.to_graph(size)(-2.0) == 2.0
    assert tf.autograph.to_code(tf.function(size)) == text
    assert tf.autograph.to_code(lambda x: -x if x < 0 else x).startswith("def lambda__(x):")
    with pytest.raises(ValueError, match="no source"):
        tf.autograph.to_code(eval("lambda x: x"))


def test_nodes_and_errors_keep_the_lines_of_the_program():
    line = test_nodes_and_errors_keep_the_lines_of_the_program.__code__.co_firstlineno

    @tf.function
    def f(x):
        if x[0] > 0.0:
            x = x + tf.zeros([7])
        return x

    with pytest.raises(ShapeError, match=rf"test_autograph_conversion\.py:{line + 6} "):
        f(tf.constant([1.0, 2.0]))


# -------------------------------------------------------------------- errors

def one_branch(x):
    if x > 0.0:
        y = x
    return y + 1.0


def other_type(x):
    if x > 0.0:
        y = 1
    else:
        y = x
    return tf.cast(y, tf.float32) if x > 100.0 else tf.size(x)


def other_structure(x):
    if x > 0.0:
        return x, x
    return x


def grows(x):
    y = tf.ones([1])
    while x > 0.0:
        y = tf.concat([y, y], 0)
        x = x - 1.0
    return y


def changes_its_type(x):
    n = 0
    while x > 0.0:
        n = n + x
        x = x - 1.0
    return n


def returns_what_grows(x):
    y = tf.ones(tf.cast(x, tf.int32))
    while x > 0.0:
        if x < 1.0:
            return y
        x = x - 1.0
    return y + x


def assigns_items(x):
    found = [0.0, 0.0]
    for k in tf.range(tf.cast(x, tf.int32)):
        found[k] = x
    return found


def keeps_a_tensor_of_a_step(x):
    found = []
    for k in tf.range(tf.cast(x, tf.int32)):
        found.append(k)
    return found


def assigns_in_its_test(x):
    s = 0.0
    while (s := s + 3.0) < x:
        pass
    return s


def number_as_test(x):
    if x:
        return x
    return -x


@pytest.mark.parametrize("program, kind, match", [
    (one_branch, InvalidArgumentError, "'y' has a value in only one branch"),
    (other_type, DTypeError, "the returned value is float32 in one branch of the `if` and int32 in the other"),
    (other_structure, InvalidArgumentError, "the returned value has another structure in each branch"),
    (grows, ShapeError, "'y' changes its size on axis 0"),
    (changes_its_type, DTypeError, r"dtypes differ: int32 \(x\) and float32 \(y\)\n.*\n.*n = n \+ x"),
    (returns_what_grows, InvalidArgumentError, "a `return` in a loop on a tensor has unknown sizes"),
    (number_as_test, DTypeError, "pred is float32"),
    (assigns_items, InvalidArgumentError, r"`for` on a tensor assigns to found\[k\]"),
    (keeps_a_tensor_of_a_step, GraphMismatchError, "outside of the loop or branch(?s:.*)return it from there"),
    (assigns_in_its_test, InvalidArgumentError, "`while` on a tensor assigns to s in its test"),
], ids=lambda p: getattr(p, "__name__", None))
def test_errors_name_the_variable(program, kind, match):
    with pytest.raises(kind, match=match):
        tf.function(program)(tf.constant(3.0))


def test_a_loop_that_gives_a_first_value_takes_a_step():
    """What it would have assigned without one is not assigned."""
    v = tf.Variable(0.0)

    @tf.function
    def last(x):
        for row in x:
            v.assign_add(row)
            found = v * 2.0
        return found

    @tf.function
    def halves(n):
        while n > 1.0:
            n = n / 2.0
            found = {"n": n}
        return found

    assert float(last(tf.ones([20]))) == 40.0
    assert float(halves(tf.constant(5.0))["n"]) == 0.625
    for call in (lambda: last(tf.zeros([0])), lambda: halves(tf.constant(1.0))):
        with pytest.raises(InvalidArgumentError, match=r"found gets its first value in a .* at least one step"):
            call()
    assert float(v) == 20.0


def test_assertions():
    @tf.function
    def f(x):
        assert x.shape == (), "known while it is drawn"
        assert x > 0.0, "has to be positive"
        for _ in tf.range(3):
            assert x < 10.0
            x = x * 2.0
        return x

    assert float(f(tf.constant(1.0))) == 8.0
    with pytest.raises(InvalidArgumentError, match=r"(?s)has to be positive.*assert x > 0.0"):
        f(tf.constant(-1.0))
    with pytest.raises(InvalidArgumentError, match=r"assertion failed: x < 10\.0"):
        f(tf.constant(9.0))
    with pytest.raises(AssertionError, match="known while"):
        f(tf.constant([1.0]))


# -------------------------------------------------------------------- datasets

def test_a_loop_over_a_dataset_and_an_element_of_one_around():
    total = tf.function(lambda ds: functools.reduce(lambda s, b: s + tf.reduce_sum(b), ds, tf.constant(0, tf.int64)))
    assert int(total(tf.data.Dataset.range(6).map(lambda x: x * 2).batch(2))) == 30
    elements = iter(tf.data.Dataset.range(10))
    with pytest.raises(InvalidArgumentError, match="a graph would hold this one element for ever"):
        tf.function(lambda it: next(it))(elements)
    assert int(next(elements)) == 0


def test_values_that_begin_in_a_loop_inside_a_block():
    @tf.function
    def under_a_tape(x, n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            for i in tf.range(n):
                y = x * tf.cast(i + 1, tf.float32)
            z = y * y
        return tape.gradient(z, x)

    assert float(under_a_tape(tf.constant(3.0), tf.constant(4))) == 96.0

    @tf.function
    def tried(x, n):
        try:
            i = tf.constant(0)
            while i < n:
                y = x * tf.cast(i + 1, tf.float32)
                i += 1
            z = y + 1.0
        except ValueError:
            z = x
        else:
            for _ in tf.range(n):
                w = z * 2.0
        finally:
            x = w + 1.0
        return x

    assert float(tried(tf.constant(3.0), tf.constant(4))) == 27.0


def test_a_tape_in_a_loop():
    v = tf.Variable(2.0)

    @tf.function
    def descend(x, n):
        for i in tf.range(n):
            with tf.GradientTape() as tape:
                part = x[i:i + 2]
                loss = v * v * tf.reduce_sum(part)
            v.assign_sub(0.1 * tape.gradient(loss, v))
        return loss                             # its first value is of the loop

    @tf.function
    def until(n):
        k, total = tf.constant(0), 0.0
        while k < n:
            with tf.GradientTape(persistent=True) as outer, tf.GradientTape() as tape:
                cube = v**3.0
                slope = tape.gradient(cube, v)
            total += outer.gradient(slope, v)
            k += 1
        return total

    wanted = 2.0
    for size in (1.0, 3.0, 5.0):
        loss = wanted**2 * size
        wanted -= 0.1 * 2 * wanted * size
    assert float(descend(tf.range(4.0), tf.constant(3))) == pytest.approx(loss)
    assert float(v) == pytest.approx(wanted)
    v.assign(2.0)
    assert float(until(tf.constant(3))) == 36.0


def test_a_loop_of_at_most_no_steps_takes_none():
    @tf.function
    def f(n):
        i = tf.constant(0)
        while i < n:
            tf.autograph.experimental.set_loop_options(maximum_iterations=0)
            first = i * 2
            i += first + 1
        return i

    assert int(f(tf.constant(5))) == 0
