"""A network of two hidden layers reads handwritten digits of 8 by 8 pixels.

It is trained as its document says, which is what `graphengine train samples/digits.graph.json` does as well.
"""
from pathlib import Path

import numpy as np

import graphengine as tf


def build():
    """64 pixels, twice 128 rectified units, 10 digits."""
    random = np.random.default_rng(0)

    def dense(x, inputs, outputs, name):
        limit = np.sqrt(6 / inputs)                               # He et al. (2015), equation 10
        w = tf.Variable(random.uniform(-limit, limit, (inputs, outputs)).astype("float32"), name=f"{name}/w")
        b = tf.Variable(tf.zeros([outputs]), name=f"{name}/b")
        return x @ w + b

    with tf.Graph().as_default() as graph:
        image = tf.placeholder(tf.float32, [None, 64], name="image")
        digit = tf.placeholder(tf.int64, [None], name="digit")
        hidden = tf.nn.relu(dense(image, 64, 128, "first"))
        hidden = tf.nn.relu(dense(hidden, 128, 128, "second"))
        logits = dense(hidden, 128, 10, "output")
        read = tf.argmax(logits, axis=1, name="read")
        tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(digit, logits), name="loss")
        tf.reduce_mean(tf.cast(tf.equal(read, digit), tf.float32), name="accuracy")
    graph.document["train"] = {
        "data": {"file": "data/digits.npz", "feeds": {"image": "images", "digit": "labels"},
                 "scale": {"image": {"divide": 16}}, "train_rows": 1347},
        "loss": "loss",
        "optimizer": {"name": "Adam", "learning_rate": 0.001},
        "epochs": 20, "batch_size": 32, "seed": 0,
        "metrics": {"accuracy": "accuracy"},
    }
    return graph


def main():
    training = tf.Training(build(), Path(__file__).parent)
    training.fit()
    print(f"test accuracy: {training.evaluate('test')['accuracy']:.4f}")


if __name__ == "__main__":
    main()
