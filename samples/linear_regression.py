"""A line through four points, found one point at a time.

The points lie on y = x / 2 + 3 / 2, so the answer is known.
"""
from pathlib import Path

import numpy as np

import graphengine as tf

POINTS = Path(__file__).with_name("data") / "line.csv"
RATE, EPOCHS = 0.01, 1_000


def build():
    """The line w * x + b and its squared distance from y."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None], name="x")
        y = tf.placeholder(tf.float32, [None], name="y")
        w = tf.Variable(1.0, name="w")
        b = tf.Variable(0.5, name="b")
        line = tf.add(w * x, b, name="line")
        tf.reduce_mean(tf.square(line - y), name="loss")
    graph.document["train"] = {
        "data": {"file": "data/line.csv", "feeds": {"x": "x", "y": "y"}},
        "loss": "loss",
        "optimizer": {"name": "SGD", "learning_rate": RATE},
        "epochs": EPOCHS, "batch_size": 1, "shuffle": False,
    }
    return graph


def main():
    points = np.loadtxt(POINTS, np.float32, delimiter=",", skiprows=1)
    x, y = np.tile(points, (EPOCHS, 1)).T[:, :, np.newaxis]       # 4,000 steps of one point each

    with build().as_default() as graph, tf.Session() as session:
        optimizer = tf.train.GradientDescentOptimizer(RATE)
        step = optimizer.minimize(graph.get_tensor_by_name("loss:0"))
        session.run(tf.global_variables_initializer())
        session.run_steps(step, {"x": x, "y": y})
        w, b = session.run(["w", "b"])
    print(f"w = {w:.5f}, b = {b:.5f}")


if __name__ == "__main__":
    main()
