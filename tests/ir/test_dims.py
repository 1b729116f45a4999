"""Sizes as expressions: slices of slices equal Python's for every size, and stay short."""
import itertools
import random

import numpy as np
import pytest

from graphengine.ir.dims import Shape, SizeFacts, evaluate, smaller, substitute
from graphengine.ops.indexing import interval

PLACES = [None, -3, -2, -1, 0, 1, 2, 3]
ENTRIES = [(a, b, s) for a, b in itertools.product(PLACES, PLACES) for s in (1, 2, -1, -2)]


@pytest.mark.parametrize("seed", range(4))
def test_chains_of_slices_equal_pythons(seed):
    random.seed(seed)
    for _ in range(200):
        chain = [random.choice(ENTRIES) for _ in range(random.randint(1, 4))]
        size, found = SizeFacts().symbol("s"), []
        for entry in chain:
            first, size = interval(entry, size)
            found.append((first, size))
        for n in range(9):
            x = np.arange(n)
            for entry, (first, count) in zip(chain, found, strict=True):
                y = x[slice(*entry)]
                assert evaluate(count, {"s": n}) == len(y), (chain, n)
                assert not len(y) or x[evaluate(first, {"s": n})] == y[0], (chain, n)
                x = y


@pytest.mark.parametrize("entry", [(1, None, 1), (None, -1, 1), (1, -1, 1), (2, -3, 1)])
def test_slices_of_slices_stay_short(entry):
    """Each used to be about eight times as long as the one before."""
    size = SizeFacts().symbol("s")
    for _ in range(12):
        _, size = interval(entry, size)
    assert len(repr(size)) < 200


def test_the_smaller_of_two_sizes():
    facts = SizeFacts()
    a, b = facts.symbol("a"), facts.symbol("b")
    for m, n in itertools.product(range(6), range(6)):
        sizes = {"a": m, "b": n}
        for x, y in ((a, b), (b, a), (a, 3), (3, b), (a + b, 4), (a, smaller(b, 2)), (smaller(2, a), a - smaller(1, a)),
                     (a - smaller(2, a), b - smaller(1, b))):
            want = min(evaluate(x, sizes), evaluate(y, sizes))
            assert evaluate(smaller(x, y), sizes) == want
            assert substitute(smaller(x, y), sizes) == want


def test_a_shape_is_found_as_the_tuple_that_it_equals():
    assert {(2, 3): 1}[Shape([2, 3])] == 1
    assert (2, 3) in {Shape([2, 3])}
    assert Shape(None) not in {(): 1}
