"""Each op through a session: what its kernels compute is what its numpy reference says, on its own samples.

Samples of an op are built into one graph and run together, which compiles one program instead of dozens.
"""
import checks
import numpy as np
import pytest

import graphengine as tf
from graphengine import interpret
from graphengine.autodiff import gradients
from graphengine.ops import OPS, Dynamic, Elementwise
from graphengine.ops.language import L

CASES = checks.cases()
OP_NAMES = list(dict.fromkeys(type(c.op).name for c in CASES))
every_op = pytest.mark.parametrize("name", OP_NAMES)
# These want to know ranks before the first feed.
NEEDS_SIZES = checks.labels_of("gather_nd", "scatter_nd", "tensor_scatter_nd", "extent")


def cases_of(name, cases=CASES):
    return [c for c in cases if type(c.op).name == name]


def length_of(arrays):
    return max([a.size for a in arrays], default=1)


class Together:
    """Many cases in one graph and one run."""

    def __init__(self):
        self.graph = tf.Graph()
        self.runs = []

    def add(self, case, shapes=None):
        """A node of the case over placeholders of these shapes; returns its result."""
        arrays = case.arrays()
        with self.graph.as_default():
            xs = [tf.placeholder(a.dtype, s) for a, s in zip(arrays, shapes or [a.shape for a in arrays], strict=True)]
            ys = self.graph.add(case.op, xs).outputs
        self.runs.append((case, xs, ys))
        return xs, ys[0]

    def compare(self, session, change=lambda arrays: arrays):
        """Run all of it on the cases' arrays, which `change` may replace."""
        fed = [change(case.arrays()) for case, _, _ in self.runs]
        inputs = [x for _, xs, _ in self.runs for x in xs]
        feeds = dict(zip(inputs, [a for arrays in fed for a in arrays], strict=True))
        results = session.run([ys for _, _, ys in self.runs], feeds)
        for (case, _, _), arrays, found in zip(self.runs, fed, results, strict=True):
            for got, want in zip(found, checks.wanted(case.op, arrays), strict=True):
                checks.assert_close(got, want, length_of(arrays), case.label)


def reversed_memory(arrays):
    """The same numbers, walked through backward and with gaps."""
    found = []
    for a in arrays:
        if not a.ndim:
            found.append(a)
            continue
        wide = np.zeros([2 * s for s in a.shape], a.dtype)
        view = wide[tuple(slice(None, None, -2) for _ in a.shape)]
        view[...] = a
        found.append(view)
    return found


def transposed_memory(arrays):
    return [np.array(a, order="F") for a in arrays]


@every_op
def test_static_shapes(name):
    together = Together()
    for case in cases_of(name):
        together.add(case)
    with tf.Session(together.graph) as session:
        together.compare(session)
        together.compare(session, reversed_memory)
        together.compare(session, transposed_memory)


NARROW = checks.cases(every_narrow=True)


@pytest.mark.slow
@every_op
def test_every_narrow_dtype(name):
    together = Together()
    for case in cases_of(name, NARROW):
        together.add(case)
    with tf.Session(together.graph) as session:
        together.compare(session)


@every_op
def test_unknown_sizes(name):
    together = Together()
    for case in cases_of(name):
        if case.label.rpartition("-")[0] not in NEEDS_SIZES:
            # An axis of size 1 stays, since it broadcasts; what happens to unknown sizes of 1 is tried below.
            together.add(case, [tuple(None if s != 1 else 1 for s in a.shape) for a in case.arrays()])
    with tf.Session(together.graph) as session:
        together.compare(session)
        together.compare(session, reversed_memory)


def cases_with_size_one(name):
    known = [c for c in cases_of(name) if c.label.rpartition("-")[0] not in NEEDS_SIZES]
    return [c for c in known if any(1 in a.shape for a in c.arrays())]


@pytest.mark.parametrize("name", [n for n in OP_NAMES if cases_with_size_one(n)])
def test_unknown_sizes_that_turn_out_to_be_one(name):
    together = Together()
    for case in cases_with_size_one(name):
        together.add(case, [(None,) * a.ndim for a in case.arrays()])
    with tf.Session(together.graph) as session:
        together.compare(session)


@every_op
def test_unknown_rank(name):
    together = Together()
    cases = [c for c in cases_of(name) if c.label.rpartition("-")[0] not in NEEDS_SIZES]
    for case in cases[:6]:
        together.add(case, [None] * len(case.sample.operands))
    with tf.Session(together.graph) as session:
        together.compare(session)


ELEMENTWISE = [name for name in OP_NAMES if issubclass(OPS[name], Elementwise)]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_no_elements(name):
    together = Together()
    cases = [c for c in cases_of(name) if all(a.ndim for a in c.arrays())]
    for case in cases:
        together.add(case, [(None,) * a.ndim for a in case.arrays()])
    with tf.Session(together.graph) as session:
        together.compare(session, lambda arrays: [np.zeros(a.shape[:-1] + (0,), a.dtype) for a in arrays])


# ------------------------------------------------------------------ gradients

def smooth_cases(name):
    """Those with a gradient: of a float result with respect to some float operand."""
    smooth = [c for c in cases_of(name) if c.dtype.name == "float64" and c.sample.smooth and c.has_gradient]
    return [c for c in smooth if is_differentiable(c)]


def is_differentiable(case):
    node = checks.placed(case.op, case.arrays())
    return node.outputs[0].dtype.is_floating and any(
        g is not None for g in gradients(node.outputs[:1], [x for x in node.inputs if x.dtype.is_floating])
    )


def has_kernels(name):
    """Whether a program computes it, not Python between two."""
    return not issubclass(OPS[name], Dynamic)


@pytest.mark.parametrize("name", [n for n in OP_NAMES if has_kernels(n) and smooth_cases(n)])
def test_gradients_equal_those_of_the_interpreter(name):
    """The interpreter's are held to differences in tests/ops."""
    together, wanted = Together(), []
    for case in smooth_cases(name):
        xs, y = together.add(case)
        with together.graph.as_default():
            weights = np.linspace(0.5, 1.5, y.shape.num_elements()).reshape(tuple(y.shape))
            found = gradients([L.reduce_sum(y * weights.astype(y.dtype.numpy))], [x for x in xs if x.dtype.is_floating])
        wanted += [(case, g) for g in found if g is not None]
    feeds = {x: a for case, xs, _ in together.runs for x, a in zip(xs, case.arrays(), strict=True)}
    with tf.Session(together.graph) as session:
        fetches = [g for _, g in wanted]
        expected = interpret.run(session.explain(fetches, feeds).compilation.source, list(feeds.values()), {})[0]
        results = session.run(fetches, feeds)
    for (case, _), got, want in zip(wanted, results, expected, strict=True):
        checks.assert_close(got, want, 64, case.label)
