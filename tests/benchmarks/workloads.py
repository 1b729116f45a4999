"""The workloads of the benchmarks, written as a user would write them.

The iris network is the peers' second workload: 4-4-3, sigmoid and softmax, SGD 0.1 with momentum 0.9, batch 15.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parents[2] / "samples" / "data"


def iris_data() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Standardized measurements (150, 4) and one-hot species (150, 3), float32."""
    table = np.loadtxt(DATA / "iris.csv", delimiter=",", skiprows=1)
    x = table[:, :4]
    x = (x - x.mean(0)) / x.std(0)
    return x.astype("float32"), np.eye(3, dtype="float32")[table[:, 4].astype(int)]


def iris(tf: Any) -> dict[str, Any]:
    """The network with its training step."""
    rng = np.random.default_rng(2)
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 4], name="x")
        y = tf.placeholder(tf.float32, [None, 3], name="y")
        w0 = tf.Variable((rng.standard_normal((4, 4)) / 2).astype("float32"), name="w0")
        b0 = tf.Variable(np.zeros(4, "float32"), name="b0")
        w1 = tf.Variable((rng.standard_normal((4, 3)) / 2).astype("float32"), name="w1")
        b1 = tf.Variable(np.zeros(3, "float32"), name="b1")
        logits = tf.matmul(tf.sigmoid(tf.matmul(x, w0) + b0), w1) + b1
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=logits))
        train = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
        init = tf.global_variables_initializer()
    return {"graph": graph, "x": x, "y": y, "loss": loss, "train": train, "init": init}


def linear_regression(tf: Any) -> dict[str, Any]:
    """One weight, one bias, one sample a step."""
    with tf.Graph().as_default() as graph:
        x, y = tf.placeholder(tf.float32, [], name="x"), tf.placeholder(tf.float32, [], name="y")
        w, b = tf.Variable(1.0, name="w"), tf.Variable(0.5, name="b")
        train = tf.train.GradientDescentOptimizer(0.01).minimize(tf.square(w * x + b - y))
        init = tf.global_variables_initializer()
    return {"graph": graph, "x": x, "y": y, "w": w, "b": b, "train": train, "init": init}
