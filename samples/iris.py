"""A network of one hidden layer tells three species of iris apart by four lengths.

Fisher's 150 flowers: 105 train it, the other 45 judge it.
"""
from pathlib import Path

import numpy as np

import graphengine as tf

FLOWERS = Path(__file__).with_name("data") / "iris.csv"
TRAIN_ROWS, BATCH, EPOCHS = 105, 15, 1_000
RATE, MOMENTUM = 0.1, 0.9


def build():
    """4 lengths, 4 sigmoids, 3 species."""
    random = np.random.default_rng(0)

    def dense(x, inputs, outputs, name):
        limit = np.sqrt(6 / (inputs + outputs))                   # Glorot and Bengio (2010), equation 16
        w = tf.Variable(random.uniform(-limit, limit, (inputs, outputs)).astype("float32"), name=f"{name}/w")
        b = tf.Variable(tf.zeros([outputs]), name=f"{name}/b")
        return x @ w + b

    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 4], name="x")
        species = tf.placeholder(tf.int64, [None], name="species")
        hidden = tf.sigmoid(dense(x, 4, 4, "hidden"))
        logits = dense(hidden, 4, 3, "output")
        tf.nn.softmax(logits, name="probabilities")
        tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(species, logits), name="loss")
        right = tf.equal(tf.argmax(logits, axis=1), species)
        tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")
    lengths = ["sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"]
    graph.document["train"] = {
        "data": {"file": "data/iris.csv", "feeds": {"x": lengths, "species": "species"},
                 "scale": {"x": "standard"}, "train_rows": TRAIN_ROWS},
        "loss": "loss",
        "optimizer": {"name": "SGD", "learning_rate": RATE, "momentum": MOMENTUM},
        "epochs": EPOCHS, "batch_size": BATCH, "seed": 0,
        "metrics": {"accuracy": "accuracy"},
    }
    return graph


def main():
    table = np.loadtxt(FLOWERS, np.float32, delimiter=",", skiprows=1)
    x, species = table[:, :4], table[:, 4].astype(int)
    x = (x - x[:TRAIN_ROWS].mean(0)) / x[:TRAIN_ROWS].std(0)
    random = np.random.default_rng(0)
    rows = np.concatenate([random.permutation(TRAIN_ROWS).reshape(-1, BATCH) for _ in range(EPOCHS)])

    with build().as_default() as graph, tf.Session() as session:
        optimizer = tf.train.MomentumOptimizer(RATE, MOMENTUM)
        step = optimizer.minimize(graph.get_tensor_by_name("loss:0"))
        session.run(tf.global_variables_initializer())
        session.run_steps(step, {"x": tf.Rows(x, rows), "species": tf.Rows(species, rows)})
        for part, chosen in ("train", slice(TRAIN_ROWS)), ("test", slice(TRAIN_ROWS, None)):
            accuracy = session.run("accuracy", {"x": x[chosen], "species": species[chosen]})
            print(f"{part} accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    main()
