"""Ops give infinity and NaN without warnings, whatever numpy does elsewhere, and leave numpy as it was."""
import threading

import numpy as np
import pytest

import graphengine as tf
from graphengine.ops.quiet import quiet


@pytest.mark.parametrize("state", ["raise", "warn", "ignore"])
def test_ops_ignore_what_numpy_is_told_elsewhere(state):
    zero = tf.constant([0.0])
    with np.errstate(all=state):
        before = np.geterr()
        assert np.isnan((zero / zero).numpy()).all()
        assert np.isposinf(tf.exp(tf.constant([1e3])).numpy()).all()
        assert np.geterr() == before


def test_one_definition_may_run_inside_another_and_in_several_threads():
    @quiet
    def quotient(x, y):
        return np.divide(x, y)

    @quiet
    def outer(x, y):
        inside = []
        other = threading.Thread(target=lambda: inside.append(quotient(x, y)))
        other.start()
        other.join()
        return quotient(x, y) + inside[0]

    with np.errstate(all="raise"):
        assert np.isposinf(outer(np.ones(2), np.zeros(2))).all()
        with pytest.raises(FloatingPointError):
            np.divide(np.ones(2), np.zeros(2))
