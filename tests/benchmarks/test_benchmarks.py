"""The benchmarks run, and what they time computes the right numbers. No time is asserted."""
from __future__ import annotations

import numpy as np
from benchmarks import floors, speed, workloads

import graphengine as tf


def test_all_lines_are_measured() -> None:
    lines = speed.measure(quick=True)
    assert len(lines) == 7
    assert all(line.ours > 0 and line.theirs > 0 for line in lines)


def test_iris_steps_equal_numpy_and_the_hand_written_loop() -> None:
    x, y = workloads.iris_data()
    rows = np.random.default_rng(1).permuted(np.tile(np.arange(150), (3, 1)), axis=1).reshape(-1, 15)
    model = workloads.iris(tf)
    session = tf.Session(model["graph"])
    session.run(model["init"])
    names = ["w0", "b0", "w1", "b1"]
    start = [session.variables()[n] for n in names]
    session.run_steps(model["train"], {model["x"]: tf.Rows(x, rows), model["y"]: tf.Rows(y, rows)})
    ours = [session.variables()[n] for n in names]

    params, sums = [p.copy() for p in start], [np.zeros_like(p) for p in start]
    for row in rows:
        floors.iris_step_numpy(x[row], y[row], params, sums)
    by_hand, hand_sums = [p.copy() for p in start], [np.zeros_like(p) for p in start]
    floors.iris_loop()(x, y, rows, *by_hand, *hand_sums)
    for a, b, c in zip(ours, params, by_hand, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(c, b, rtol=1e-4, atol=1e-5)
