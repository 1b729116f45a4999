"""Logistic regression: is an iris a virginica, by the length and width of its petals?

Plain gradient descent over all rows at once. The weights say how the odds change per standard deviation.
"""
from pathlib import Path

import numpy as np

import graphengine as tf

FLOWERS = Path(__file__).with_name("data") / "iris.csv"
TRAIN_ROWS, RATE, EPOCHS = 105, 1.0, 1_000
PENALTY = 0.01                              # keeps the weights finite where a line separates the species
VIRGINICA = 2


def build():
    """Log odds that are linear in two lengths."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        species = tf.placeholder(tf.int64, [None], name="species")
        w = tf.Variable(tf.zeros([2]), name="w")
        b = tf.Variable(0.0, name="b")
        log_odds = tf.add(tf.reduce_sum(x * w, axis=1), b, name="log_odds")
        label = tf.cast(tf.equal(species, VIRGINICA), tf.float32)
        tf.sigmoid(log_odds, name="probability")
        likelihood = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(label, log_odds))
        tf.add(likelihood, PENALTY * tf.reduce_sum(w * w), name="loss")
        right = tf.equal(log_odds > 0, label > 0.5)
        tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")
    graph.document["train"] = {
        "data": {"file": "data/iris.csv",
                 "feeds": {"x": ["petal_length_cm", "petal_width_cm"], "species": "species"},
                 "scale": {"x": "standard"}, "train_rows": TRAIN_ROWS},
        "loss": "loss",
        "optimizer": {"name": "SGD", "learning_rate": RATE},
        "epochs": EPOCHS, "shuffle": False,
        "metrics": {"accuracy": "accuracy"},
    }
    return graph


def main():
    table = np.loadtxt(FLOWERS, np.float32, delimiter=",", skiprows=1)
    petals, species = table[:, 2:4], table[:, 4].astype(int)
    x = (petals - petals[:TRAIN_ROWS].mean(0)) / petals[:TRAIN_ROWS].std(0)

    with build().as_default() as graph, tf.Session() as session:
        step = tf.train.GradientDescentOptimizer(RATE).minimize(graph.get_tensor_by_name("loss:0"))
        session.run(tf.global_variables_initializer())
        session.run_steps(step, {"x": x[:TRAIN_ROWS], "species": species[:TRAIN_ROWS]}, steps=EPOCHS)
        w, b = session.run(["w", "b"])
        accuracy = session.run("accuracy", {"x": x[TRAIN_ROWS:], "species": species[TRAIN_ROWS:]})
    print(f"log odds = {w[0]:.3f} * length + {w[1]:.3f} * width + {b:.3f}")
    print(f"test accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    main()
