"""Exclusive or, which no single neuron computes: two hidden ones do."""
import numpy as np

import graphengine as tf

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
RATE, MOMENTUM, EPOCHS = 0.5, 0.9, 500


def build():
    """2 inputs, 2 units of tanh, the probability of "either, not both"."""
    random = np.random.default_rng(1)
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        either = tf.placeholder(tf.float32, [None], name="either")
        w1 = tf.Variable(random.uniform(-1, 1, (2, 2)).astype("float32"), name="w1")
        b1 = tf.Variable(tf.zeros([2]), name="b1")
        w2 = tf.Variable(random.uniform(-1, 1, (2, 1)).astype("float32"), name="w2")
        b2 = tf.Variable(tf.zeros([1]), name="b2")
        logit = tf.squeeze(tf.tanh(x @ w1 + b1) @ w2 + b2, axis=1)
        tf.sigmoid(logit, name="probability")
        tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(either, logit), name="loss")
    graph.document["train"] = {
        "data": {"file": "data/xor.csv", "feeds": {"x": ["a", "b"], "either": "either"}},
        "loss": "loss",
        "optimizer": {"name": "SGD", "learning_rate": RATE, "momentum": MOMENTUM},
        "epochs": EPOCHS,
    }
    return graph


def main():
    with build().as_default() as graph, tf.Session() as session:
        optimizer = tf.train.MomentumOptimizer(RATE, MOMENTUM)
        step = optimizer.minimize(graph.get_tensor_by_name("loss:0"))
        session.run(tf.global_variables_initializer())
        session.run_steps(step, {"x": INPUTS, "either": [0, 1, 1, 0]}, steps=EPOCHS)
        probability = session.run("probability", {"x": INPUTS})
    for (a, b), p in zip(INPUTS, probability, strict=True):
        print(f"{a:.0f} xor {b:.0f} = {p:.0f}   ({p:.4f})")


if __name__ == "__main__":
    main()
