"""Python's statements on tensors: each program is run by Python on numbers, and traced, on tensors."""
from __future__ import annotations

import linecache

import numpy as np
import pytest

import graphengine as tf

# -------------------------------------------------------------------- programs; Python runs them on numbers


def branches(x, y):
    if x > y:
        z = x - y
    elif x == y:
        z = x * 0.0
    else:
        z = y - x
        y = y + 1.0
    return z, y


def returns(x, y):
    """Ends in several places."""
    if x > 3.0:
        return x, y
    y = y * 2.0
    if y > 3.0:
        if x > 1.0:
            return y, x
        y = y + 100.0
    else:
        x = x - 1.0
    return x, y


def operators(x, y):
    small = 0.0 < x < 2.0
    if (small and not y > 1.0) or x == 7.0:
        x = x + 10.0
    return (x if y > 0.0 else -x), y


def collatz(n, m):
    steps = 0
    while n > 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
        if steps >= m:
            break
    return steps, n


def jumps(n, m):
    total = 0
    k = 0
    while True:
        k += 1
        if k % 3 == 0:
            continue
        if k > n:
            break
        for j in range(m):
            if j == k:
                break
            if j % 2 == 1:
                continue
            total += j * k
        else_ = total
        total = else_ + 1
    return total, k


def loops_in_branches(n, m):
    found = 0
    if n > m:
        for k in range(n):
            found += k
    else:
        while found < m:
            found += 7
    return found, n


def helper(x):
    if x < 0.0:
        return -x
    return x


def calls(x, y):
    clip = lambda v: 5.0 if v > 5.0 else v

    def inner(v):
        nonlocal y
        if v > 1.0:
            y = y + v
        return helper(v) + (1.0 if y > 2.0 else 0.0)

    def early(v, way="down"):
        for k in range(9):
            if k == 1:
                continue
            if k == 3:
                break
            v = v + 1.0
        if way == "up":
            return v * 100.0
        if v > 3.0:
            return v
        return v - 1.0

    def numbers():
        for k in range(3):
            if k == 2:
                return
            yield float(k)

    return inner(x) + clip(y) + early(x) + sum(numbers()), y


def structures(x, y):
    pair, named = (x, y), {"a": x, "b": [y, 2.0]}
    if x > y:
        pair = (pair[1], pair[0])
        named = {"a": y, "b": [x, 3.0]}
    return pair[0] - named["a"], pair[1] + named["b"][0] * named["b"][1]


def values_of_python(x, y):
    mode, scale, nothing = "double", 2, None
    if x > y:
        mode = "double"
    for _ in range(3):
        scale *= 2
    if mode == "double" and nothing is None:
        x = x * scale
    with_try = 0.0
    try:
        if x > 20.0:
            with_try = x
    finally:
        with_try += 1.0
    return x, with_try


class Holder:
    """Something with attributes, one of them private."""

    def __init__(self):
        self.value = 0.0
        self.__hidden = [1.0]

    def add(self, x):
        self.value += x
        if self.value > 3.0:
            self.__hidden[0] = self.value
        return self.__hidden[0]


def places(x, y):
    named, pair, found, key = {"a": 1.0, 2: {}, "later": 0.0}, [0.0, 1.0], Holder(), "a"
    if x > y:
        named[key] = x
        named[2]["b"] = y
        pair[-1] += y
    else:
        named[2]["b"] = x
        found.value = y
    total = 0.0
    while pair[0] < y + 2.0:
        pair[0] += 1.0
        found.value = found.value + pair[0]
        total += found.value
        named["later"] = total
    total += found.add(x)
    return named["a"] + 10.0 * named[2]["b"] + 100.0 * found.value, pair[0] + 10.0 * pair[1] + 100.0 * total


def first_values(n, m):
    best = before = None
    count = 0
    for k in range(n):
        count += (5 * k) % 7
        if best is None:
            best = k - 100
        elif (5 * k) % 7 > best:
            best = (5 * k) % 7
        latest = count
        if before is not None:
            count += before
        before = k
    for k in range(m - m):
        latest = k
    while m > 0:
        m = m // 2
        halved = m
        for k in range(m):
            count += k
    return best + latest * 1000, halved + count


def returns_in_loops(n, m):
    scale = 2
    for way in (scale, 3):
        if way == 4:
            return 0, 0
    while n > 5:
        if n % 7 == 3:
            return n, -m
        n -= 2
        for k in range(m):
            for j in range(3):
                if k * j == 6:
                    return k + 100, j + n
                if n + k == 7 and m > 5:
                    n += 1
                    break
            if k > 8:
                return k, n
        m = m // 2
    for _ in range(m):
        return n, 1
    return n - m, m


PAIRS = {
    "floats": [(1.0, 2.0), (2.0, 2.0), (5.0, 0.5), (-1.5, 4.0), (7.0, 3.0), (1.5, -2.0), (0.5, 1.0), (2.0, 1.9)],
    "counts": [(1, 1), (4, 2), (20, 9)],
    "ints": [(27, 1000), (27, 10), (1, 5), (8, 3), (13, 7), (0, 4)],
}


@pytest.mark.parametrize("program, kind", [
    (branches, "floats"), (returns, "floats"), (operators, "floats"), (calls, "floats"), (structures, "floats"),
    (values_of_python, "floats"), (places, "floats"), (first_values, "counts"),
    (collatz, "ints"), (jumps, "ints"), (loops_in_branches, "ints"), (returns_in_loops, "ints"),
], ids=lambda p: getattr(p, "__name__", p))
def test_a_traced_program_gives_what_python_gives(program, kind):
    traced = tf.function(program)
    for pair in PAIRS[kind]:
        want = program(*pair)
        got = traced(*(tf.constant(v) for v in pair))
        assert [float(v) for v in got] == pytest.approx([float(v) for v in want], rel=1e-6), pair
    assert traced.experimental_get_tracing_count() == 1         # so the graph has decided, not Python


def test_a_return_in_a_loop_has_a_gradient_and_any_structure():
    @tf.function
    def f(x, n):
        for k in tf.range(n):
            x = x * 1.5
            if tf.reduce_sum(x) > 10.0:
                return {"x": x, "k": (k, x[0])}
        return {"x": x * 0.5, "k": (-1, x[1])}

    for x, factor, k in (([3.0, 1.0], 1.5**3, 2), ([0.0, 1.0], 1.5**4 * 0.5, -1)):
        given = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(given)
            found = f(given, 4)
            total = tf.reduce_sum(found["x"])
        assert found["k"][0] == k
        np.testing.assert_allclose(total, sum(x) * factor, rtol=1e-6)
        np.testing.assert_allclose(tape.gradient(total, given), [factor, factor], rtol=1e-6)


def rows(x):
    total = x[0] * 0.0
    count = 0
    for row in x:
        if row[0] < 0.0:
            continue
        total = total + row
        count += 1
        if count == 30:
            break
    return total, count


def python_rows(x):
    kept = x[x[:, 0] >= 0][:30]
    return kept.sum(0), len(kept)


@pytest.mark.parametrize("n", [1, 5, 40, 100])
@pytest.mark.parametrize("known", [True, False])
def test_loops_over_rows(rng, n, known):
    x = rng.normal(size=(n, 2)).astype("f4")
    signature = [tf.TensorSpec([n if known else None, 2])]
    total, count = tf.function(rows, input_signature=signature)(tf.constant(x))
    want, kept = python_rows(x)
    np.testing.assert_allclose(total.numpy(), want, rtol=1e-5, atol=1e-5)
    assert int(count) == kept


def test_gradients_through_branches_and_loops(rng):
    x = rng.normal(size=(50, 2)).astype("f4")

    @tf.function
    def f(x):
        total, _ = rows(x)
        if tf.reduce_sum(total) > 0.0:
            total = total * total
        return tf.reduce_sum(total)

    with tf.GradientTape() as tape:
        value = tf.constant(x)
        tape.watch(value)
        y = f(value)
    total, _ = python_rows(x)
    kept = np.flatnonzero(x[:, 0] >= 0)[:30]
    want = np.zeros_like(x)
    want[kept] = 2 * total if total.sum() > 0 else 1.0
    np.testing.assert_allclose(tape.gradient(y, value).numpy(), want, rtol=1e-4)


def test_a_while_has_a_gradient_where_its_steps_are_bounded():
    def root(a, bounded):
        x, k = a, 0
        while k < 20:
            if bounded:
                x = 0.5 * (x + a / x)
            k += 1
        return x

    @tf.function
    def with_limit(a, n):
        x, k = a, 0
        while k < n:
            tf.autograph.experimental.set_loop_options(maximum_iterations=50)
            x = 0.5 * (x + a / x)
            k += 1
        return x

    @tf.function
    def without(a, n):
        x, k = a, 0
        while k < n:
            x = 0.5 * (x + a / x)
            k += 1
        return x

    a, n = tf.constant(9.0), tf.constant(20)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(a)
        y, z = with_limit(a, n), without(a, n)
    assert float(y) == float(z) == root(9.0, True) == 3.0
    assert float(tape.gradient(y, a)) == float(tape.gradient(z, a)) == pytest.approx(1 / 6)


def test_a_test_sees_the_variables_that_the_body_assigns():
    v, w = tf.Variable(0.0), tf.Variable(8.0)

    @tf.function
    def up(n):
        while v < n:
            v.assign_add(2.0)
        return v.read_value()

    @tf.function
    def down():
        n = 0
        while tf.abs(w) > 1.0 and n < 20:
            w.assign(w / 2.0)
            n += 1
        return n

    assert (float(up(tf.constant(5.0))), int(down()), float(w.numpy())) == (6.0, 3, 1.0)
    v.assign(0.0)
    loop = tf.function(lambda n: tf.while_loop(
        lambda i: (v < n) & (i < 10), lambda i: [v.assign_add(2.0), i + 1][1:], [tf.constant(0)]))
    assert (int(loop(tf.constant(5.0))[0]), float(v.numpy())) == (3, 6.0)


def test_items_of_what_a_branch_makes_itself_may_be_assigned():
    @tf.function
    def f(x):
        if x > 0.0:
            d = {}
            d["a"] = x * 2.0
            y = d["a"]
        else:
            y = x
        return y

    assert [float(f(tf.constant(v))) for v in (2.0, -2.0)] == [4.0, -2.0]


def test_too_many_ways_through_a_function_leave_it_as_it_is():
    lines = ["def f(x, a):"] + [f"    if a[{k}]:\n        if a[{k} + 1]:\n            return {k}" for k in range(20)]
    namespace, text = {}, "\n".join([*lines, "    return x"])
    linecache.cache["many ways"] = (len(text), None, text.splitlines(keepends=True), "many ways")
    exec(compile(text, "many ways", "exec"), namespace)
    with pytest.warns(UserWarning, match="too many ways"):
        assert int(tf.function(namespace["f"])(tf.constant(7), (0,) * 30)) == 7


def test_functions_given_to_loops_and_branches_are_converted(rng):
    x = rng.normal(size=(40,)).astype("f4")

    def positive(v):
        if v > 0.0:
            return v
        return v * 0.0

    with tf.Graph().as_default():
        given = tf.placeholder(tf.float32, [None])
        got = tf.Session().run(tf.map_fn(positive, given), {given: x})
    np.testing.assert_array_equal(got, np.maximum(x, 0))
