"""Promises that each op makes by being registered, tried on its own samples in each dtype that it takes."""
import functools
import zlib

import checks
import numpy as np
import pytest

from graphengine.autodiff import gradients
from graphengine.ops import OPS, Dynamic, Effect, NoGradient, Source, function
from graphengine.ops.language import L

CASES = checks.cases()
# Places of several indices refuse sizes that they do not know, extents a number of sizes; place_like only
# exists while a program is compiled.
NEEDS_SIZES = checks.labels_of("gather_nd", "scatter_nd", "tensor_scatter_nd", "extent")
NEEDS_SIZES_TO_DIFFERENTIATE = {*NEEDS_SIZES, "place_like-0", "place_like-1"}



def for_each(cases):
    """A test of one case as one test for each op, which tries all of its cases and then tells those that fail.

    Forty thousand tests of half a millisecond each would spend most of their time between two of them.
    """
    by_op = {}
    for case in cases:
        by_op.setdefault(type(case.op).name, []).append(case)

    def decorated(test):
        @pytest.mark.parametrize("name", by_op)
        @functools.wraps(test)
        def of_op(name):
            failed = []
            for case in by_op[name]:
                try:
                    test(case)
                except Exception as error:
                    error.add_note(case.label)
                    failed.append(error)
            if failed:
                raise ExceptionGroup(", ".join(e.__notes__[-1] for e in failed), failed)

        del of_op.__wrapped__           # pytest would ask it for its arguments
        return of_op

    return decorated


def rng_of(case):
    """Other numbers than those of its arrays."""
    return np.random.default_rng([zlib.crc32(case.label.encode()), 1])


every_case, in_every_dtype = for_each(CASES), for_each(checks.cases(every_narrow=True))
smooth_case = for_each([c for c in CASES if c.dtype.name == "float64" and c.sample.smooth and c.has_gradient])


def hidden_shapes(arrays, rng):
    """Shapes of which about half the sizes are not known; an axis of size 1 stays, since it broadcasts."""
    return [tuple(None if s != 1 and rng.random() < 0.5 else s for s in a.shape) for a in arrays]


def needs_sizes(case, which=NEEDS_SIZES):
    return case.label.rpartition("-")[0] in which


@in_every_dtype
def test_reference_has_the_inferred_shape_and_dtype(case):
    arrays = case.arrays()
    node = checks.placed(case.op, arrays)
    for found, result in zip(checks.wanted(case.op, arrays), node.outputs, strict=True):
        known = tuple(f if s is None else s for f, s in zip(found.shape, result.shape, strict=True))
        assert (found.shape, found.dtype) == (known, result.dtype.numpy)
        assert isinstance(case.op, Dynamic) or None not in result.shape


@every_case
def test_inference_from_parts_of_the_sizes_agrees_with_the_whole(case):
    rng = rng_of(case)
    arrays = case.arrays()
    whole = checks.placed(case.op, arrays).outputs
    nothing, ranks = [None] * len(arrays), [(None,) * a.ndim for a in arrays]
    for shapes in (hidden_shapes(arrays, rng), hidden_shapes(arrays, rng), ranks, nothing):
        if needs_sizes(case) and None not in shapes:
            continue
        for part, result in zip(checks.placed(case.op, arrays, shapes).outputs, whole, strict=True):
            assert part.dtype is result.dtype
            if part.shape.rank is not None:
                agree = [p is None or p == w for p, w in zip(part.shape, result.shape, strict=True)]
                assert all(agree), f"{part.shape} inferred from {shapes}, {result.shape} from the whole"


@in_every_dtype
def test_decomposition_equals_the_reference(case):
    arrays = case.arrays()
    node = checks.placed(case.op, arrays)
    outputs, feeds = checks.opened(node.outputs, node.inputs)
    found = checks.value(outputs, checks.feeds_of(feeds, arrays))
    for got, want in zip(found, checks.wanted(case.op, arrays), strict=True):
        checks.assert_close(got, want, max([a.size for a in arrays]), case.label)


@every_case
def test_decomposition_with_symbols_for_sizes_equals_the_reference(case):
    if needs_sizes(case):
        return
    arrays = case.arrays()
    shapes, sizes = checks.symbolic(arrays)
    node = checks.placed(case.op, arrays, shapes)
    outputs, feeds = checks.opened(node.outputs, node.inputs)
    found = checks.value(outputs, checks.feeds_of(feeds, arrays), sizes)
    for result, got, want in zip(outputs, found, checks.wanted(case.op, arrays), strict=True):
        checks.assert_close(got, want, max([a.size for a in arrays]), case.label)
        known = [size if s is None else checks.size_value(s, sizes)
                 for s, size in zip(result.shape, want.shape, strict=True)]
        assert known == list(want.shape)
    for claim in checks.claims(shapes):
        assert checks.size_value(claim.a, sizes) == checks.size_value(claim.b, sizes), claim


# ------------------------------------------------------------------ gradients

@smooth_case
def test_gradient_equals_differences(case):
    rng = rng_of(case)
    arrays = case.arrays()
    node = checks.placed(case.op, arrays)
    loss = checks.weighted_sum(node.outputs[0], rng)
    checks.compare_with_differences(loss, node.inputs, arrays, rng, case.label)


@smooth_case
def test_second_gradient_equals_differences_of_the_first(case):
    rng = rng_of(case)
    arrays = case.arrays()
    node = checks.placed(case.op, arrays)
    first = gradients([checks.weighted_sum(node.outputs[0], rng)], checks.floating(node.inputs))
    terms = [checks.weighted_sum(g, rng) for g in first if g is not None]
    loss = L.add_n(terms)
    checks.compare_with_differences(loss, node.inputs, arrays, rng, case.label)


@smooth_case
def test_gradient_in_a_graph_of_unknown_sizes_is_the_same(case):
    rng = rng_of(case)
    if needs_sizes(case, NEEDS_SIZES_TO_DIFFERENTIATE):
        return
    arrays = case.arrays()
    node = checks.placed(case.op, arrays)
    found = connected(node)
    wanted = checks.value(found, checks.feeds_of(node.inputs, arrays))
    opened, feeds = checks.opened(found, node.inputs)
    results = [checks.value(opened, checks.feeds_of(feeds, arrays))]
    for shapes in (hidden_shapes(arrays, rng), [(None,) * a.ndim for a in arrays]):
        node = checks.placed(case.op, arrays, shapes)
        results.append(checks.value(connected(node), checks.feeds_of(node.inputs, arrays)))
    for result in results:
        for got, want in zip(result, wanted, strict=True):
            checks.assert_close(got, want, 50, case.label)


def connected(node):
    """Gradients of a node's result with respect to its inputs, without those that do not exist."""
    return [g for g in gradients(checks.floating(node.outputs), checks.floating(node.inputs)) if g is not None]


@for_each([c for c in CASES if c.has_gradient])
def test_rules_give_operands_of_the_inputs_shape_and_dtype(case):
    arrays = case.arrays()
    node = checks.placed(case.op, arrays)
    if not node.outputs[0].dtype.is_floating:
        return
    inputs = checks.floating(node.inputs)
    for x, g in zip(inputs, gradients(checks.floating(node.outputs), inputs), strict=True):
        if g is not None:
            assert (g.dtype, tuple(g.shape)) == (x.dtype, tuple(x.shape))
            (actual,) = checks.value([g], checks.feeds_of(node.inputs, arrays))
            assert actual.shape == tuple(x.shape)


# ------------------------------------------------------------------ declarations

COMPUTING = [cls for cls in OPS.values() if not issubclass(cls, (Source, Effect))]


@pytest.mark.parametrize("cls", COMPUTING, ids=lambda c: c.name)
def test_documentation_names_every_port_and_attribute(cls):
    text = function(cls).__doc__
    for name in function(cls).__signature__.parameters:
        assert name == "name" or f"{name} : " in text


def test_public_names_are_unique():
    names = [name for cls in OPS.values() for name in cls.names]
    assert sorted(names) == sorted(set(names))


def test_each_reason_for_no_gradient_is_stated():
    for cls in COMPUTING:
        rule = cls.gradient
        assert not isinstance(rule, NoGradient) or rule.why
