"""Sums of many terms in float32 keep the digits that float32 has."""
from __future__ import annotations

import numpy as np
import pytest

import graphengine as tf
from graphengine.config import override


@pytest.mark.parametrize("shape", [(2, 1_000_001), (1_000_001,), (3, 4096), (2, 4097)])
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_sums_of_long_rows(shape, known):
    x = np.full(shape, 0.1, np.float32)         # whose rounding errors all go one way
    with tf.Graph().as_default(), override(tier="kernels"):
        given = tf.placeholder(tf.float32, shape if known else [None] * len(shape))
        total, mean = tf.Session().run([tf.reduce_sum(given, -1), tf.reduce_mean(given * given, -1)], {given: x})
    exact = x.astype(np.float64)
    np.testing.assert_allclose(total, exact.sum(-1), rtol=5e-6)
    np.testing.assert_allclose(mean, (exact * exact).mean(-1), rtol=5e-6)
