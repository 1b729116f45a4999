"""What TensorBoard is told of numbers that are none, as after a training that diverged."""
from __future__ import annotations

import struct

import numpy as np
import pytest

import graphengine as tf
from graphengine.ops import summaries


@pytest.mark.parametrize("values", [[1.0, np.nan, 3.0, np.inf], [-np.inf, 1.0, 3.0]])
def test_a_histogram_is_of_the_finite_values(values):
    assert summaries.histogram("w", values) == summaries.histogram("w", [1.0, 3.0])
    assert summaries.histogram("w", [np.nan]) == summaries.histogram("w", [])


@pytest.mark.parametrize(("value", "told"), [(1e300, np.inf), (-1e300, -np.inf), (np.nan, np.nan), (0.5, 0.5)])
def test_a_scalar_is_what_float32_makes_of_it(value, told):
    assert summaries.scalar("loss", value).endswith(struct.pack("<f", told))


def test_a_step_below_0_is_its_64_bits():
    assert summaries.field(2, summaries.NUMBER, -1) == b"\x10" + b"\xff" * 9 + b"\x01"


def test_a_graph_tells_of_nan():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float64, (None,))
        node = tf.compat.v1.summary.histogram("w", x)
        first, second = (session.run(node, {x: v}) for v in ([1.0, np.nan, 3.0], [1.0, 3.0]))
        np.testing.assert_array_equal(first, second)
