"""Each rewrite rule on its own pattern: it fires, and both sides are equal, bit by bit where the rule says exact."""
import checks
import numpy as np
import pytest

import graphengine as tf
from graphengine import interpret
from graphengine.ops.conversion import Cast
from graphengine.ops.cumulative import ProdAxes
from graphengine.ops.elementary import Log
from graphengine.ops.kinds import Elementwise
from graphengine.ops.language import L
from graphengine.ops.math import Divide, Pow
from graphengine.ops.movement import BroadcastTo, Reshape, Transpose
from graphengine.ops.nn import Softmax
from graphengine.ops.reduce import MaxAxes, MinAxes, ReduceSum, SumAxes
from graphengine.pipeline import PHASES
from graphengine.rewrite.pattern import Applied, Hole, Number
from graphengine.rewrite.specialize import Feed, specialize

SIZES = (3, 4)
# One instance of each op class that a pattern leaves open.
ATTRIBUTES = {
    Cast: {"dtype": "float64"}, Reshape: {"shape": (4, 3)}, Transpose: {"perm": (1, 0)},
    BroadcastTo: {"shape": (2, 3, 4)}, Softmax: {}, Log: {}, ReduceSum: {"axis": 1}, SumAxes: {"axes": (1,)},
}
INNER_ATTRIBUTES = {**ATTRIBUTES, BroadcastTo: {"shape": (1, 3, 4)}, Reshape: {"shape": (2, 6)}}


class Make:
    """The left side of a rule: from its pattern, or by hand where the rule has a condition."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.feeds = []

    def operand(self, shape=SIZES, dtype=None, unknown=False):
        known = [None] * len(shape) if unknown else shape
        x = tf.placeholder(dtype or self.dtype, known)
        self.feeds.append((x, shape))
        return x

    # ------------------------------------------------ by pattern

    def of(self, pattern, found, inner=False):
        if isinstance(pattern, Hole):
            if pattern.name not in found:
                is_condition = pattern.name == "z"
                found[pattern.name] = self.operand(dtype="bool" if is_condition else None)
            return found[pattern.name]
        if isinstance(pattern, Number):
            return tf.constant(np.asarray(pattern.value, self.dtype))
        assert isinstance(pattern, Applied)
        operands = [self.of(p, found, inner=True) for p in pattern.operands]
        op = pattern.op or pattern.cls(**(INNER_ATTRIBUTES if inner else ATTRIBUTES).get(pattern.cls, {}))
        return tf.get_default_graph().add(op, operands).outputs[0]

    # ------------------------------------------------ by hand; the rules ask for these by name

    def matmul_of_transpose(self, left):
        a, b = self.operand((5, 2, 3)), self.operand((5, 3, 4))
        swapped = L.transpose(L.transpose(a if left else b, (0, 2, 1)) * 1.5, (0, 2, 1))
        return L.matmul(swapped, b) if left else L.matmul(a, swapped)

    def with_constant(self, value):
        op = {4.0: Divide, 2.0: Pow}[value]()
        constant = tf.constant(np.asarray(value, self.dtype))
        return tf.get_default_graph().add(op, [self.operand(), constant]).outputs[0]

    def booleans(self):
        return L.logical_not(L.logical_not(self.operand(dtype="bool")))

    def reshape_to_same(self):
        return L.reshape(self.operand(), SIZES)

    def transpose_in_order(self):
        return L.transpose(self.operand(), (0, 1))

    def broadcast_to_same(self):
        return L.broadcast_to(self.operand(), SIZES)

    def placed_neighbors(self):
        whole = self.operand((3, 4))
        parts = [L.place_like(self.operand((3, n)), whole, (0, start), (1, 1)) for start, n in ((0, 1), (1, 2))]
        return parts[1] + parts[0]

    def sum_with_gap(self, largest=False, smallest=False, product=False):
        op = (MaxAxes if largest else MinAxes if smallest else ProdAxes if product else SumAxes)((0, 2))
        return tf.get_default_graph().add(op, [self.operand((2, 3, 4))]).outputs[0]


def rules():
    return [(phase, rule) for phase in PHASES if phase.rules for rule in phase.rules.rules]


EXACT = [(p, r) for p, r in rules() if r.equation.endswith(", exact")]
NUMBERS = [-np.inf, -1e30, -3.0, -1.0, -1e-30, -0.0, 0.0, 1e-30, 0.5, 1.0, 2.0, 100.0, 1e30, np.inf, np.nan]


def dtype_of(rule):
    """The rule of equal casts wants a cast to the operand's own type."""
    return "float64" if rule.name == "cast_to_same" else "float32"


def left_side(rule, dtype):
    make = Make(dtype)
    y = rule.example(make) if rule.example is not None else make.of(rule.pattern, {})
    return make.feeds, y


def both_sides(phase, rule, arrays_of, fast):
    """Values before and after the phase, and the rules that fired."""
    with tf.Graph().as_default():
        feeds, y = left_side(rule, dtype_of(rule))
        arrays = [arrays_of(shape, x.dtype.numpy) for x, shape in feeds]
        computation = specialize([y], [], [Feed(x, tuple(x.shape)) for x, _ in feeds])
        log = []
        after = phase(computation, log, fast)
        with np.errstate(all="ignore"):
            (want,), (got,) = interpret.run(computation, arrays, {})[0], interpret.run(after, arrays, {})[0]
    return want, got, [f.rule for f in log], (computation, after)


def ids(pair):
    return f"{pair[0].name}-{pair[1].name}"


every_rule = pytest.mark.parametrize("pair", rules(), ids=ids)


@every_rule
def test_it_fires_and_both_sides_are_equal(pair, rng):
    phase, rule = pair
    draw = lambda shape, dtype: (rng.uniform(0.5, 2.0, shape) * (1 if dtype.kind == "f" else rng.integers(0, 2, shape))
                                 ).astype(dtype)
    want, got, fired, _ = both_sides(phase, rule, draw, rule.fast)
    assert rule.name in fired
    checks.assert_close(got, want, 16, rule.equation)


@pytest.mark.parametrize("pair", EXACT, ids=ids)
def test_exact_means_every_bit(pair, rng):
    """Also for infinities, zeros of both signs, and what is hardly a number."""
    phase, rule = pair
    draw = lambda shape, dtype: rng.choice(NUMBERS, shape).astype(dtype)
    for _ in range(20):
        want, got, _, _ = both_sides(phase, rule, draw, rule.fast)
        np.testing.assert_array_equal(np.isnan(want), np.isnan(got))
        kept = ~np.isnan(want)
        assert want[kept].tobytes() == got[kept].tobytes(), rule.equation


@every_rule
def test_it_leaves_no_more_ops_than_it_found(pair, rng):
    phase, rule = pair
    if phase.name != "simplify" or rule.name in ("small_power", "sum_in_two_steps", "maximum_in_two_steps",
                                                 "minimum_in_two_steps", "product_in_two_steps"):
        pytest.skip("stable forms may be longer, and two loops replace one that cannot be")
    _, _, _, (before, after) = both_sides(phase, rule, lambda s, t: np.ones(s, t), rule.fast)
    assert computing(after) <= computing(before)


def computing(computation):
    return sum(bool(n.inputs) for n in computation.nodes)


@every_rule
def test_its_docstring_is_an_equation_that_says_how_good_it_is(pair):
    _, rule = pair
    assert "->" in rule.equation
    claims = ("exact", "within rounding", "more accurate", "no overflow", "wrong for", "keeps its precision")
    assert any(c in rule.equation for c in claims)
    assert rule.fast == ("wrong for" in rule.equation)


def test_fast_rules_stay_out_of_exact_mathematics():
    for phase, rule in rules():
        if rule.fast:
            draw = lambda shape, dtype: np.full(shape, np.nan, dtype)
            want, got, fired, _ = both_sides(phase, rule, draw, False)
            assert rule.name not in fired
            np.testing.assert_array_equal(got, want)


# ------------------------------------------------------------------ what the stable forms are for

@pytest.mark.parametrize("make, value, want", [
    (lambda x: L.log(L.softmax(x)), [0.0, 1000.0], [-1000.0, 0.0]),
    (lambda x: L.log(x + 1.0), [1e-10, 0.0], [1e-10, 0.0]),
    (lambda x: L.log(1.0 + x), [1e-10, 0.0], [1e-10, 0.0]),
    (lambda x: L.exp(x) - 1.0, [1e-10, 0.0], [1e-10, 0.0]),
    (lambda x: L.log(1.0 + L.exp(x)), [200.0, 0.0], [200.0, np.log(2.0)]),
    (lambda x: L.log(L.sigmoid(x)), [-200.0, 0.0], [-200.0, -np.log(2.0)]),
    (lambda x: 1.0 / (1.0 + L.exp(-x)), [-88.0, 0.0], [np.exp(-88.0), 0.5]),
    (lambda x: L.log(L.reduce_sum(L.exp(x))), [500.0, 500.0], 500.0 + np.log(2.0)),
    (lambda x: L.log(L.reduce_sum(L.exp(x), axis=[0], keepdims=True)), [500.0, 500.0], [500.0 + np.log(2.0)]),
])
def test_stable_forms_survive(make, value, want):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2])
        np.testing.assert_allclose(session.run(make(x), {x: value}), np.array(want, "f4"), rtol=1e-6)


def test_stable_forms_differentiate(rng):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float64, [4])
        value = rng.standard_normal(4)
        for make in (lambda x: L.log(L.softmax(x)), lambda x: L.log(1.0 + L.exp(x)), lambda x: L.log(L.sigmoid(x))):
            (g,) = tf.gradients(make(x)[1], [x])
            got = session.run(g, {x: value})
            step = 1e-6
            ends = [session.run(make(x)[1], {x: value + s * step * np.eye(4)[k]}) for k in range(4) for s in (1, -1)]
            np.testing.assert_allclose(got, np.subtract(ends[::2], ends[1::2]) / (2 * step), rtol=1e-7, atol=1e-9)


def test_elementwise_commutative_patterns_match_both_orders():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None])
        for y in (1.0 * x, x * 1.0, 0.0 + x, x + 0.0):
            stages = session.explain(y, {x: [1.0]}).compilation.stages
            ops = [n.op for n in stages[-1].computation.nodes if isinstance(n.op, Elementwise)]
            assert not ops
