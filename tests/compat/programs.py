"""Programs over TensorFlow 1's surface, each a function of the module `tf`; recorded.json has what TensorFlow gives.

    python programs.py tensorflow.compat.v1 > recorded.json

writes it again, in an environment that has TensorFlow (2.21 was used). With a file behind the module it is that file's
CASES that run.
"""
import json
import sys

import numpy as np

DATA = (np.arange(12, dtype="float32").reshape(4, 3) % 5 - 2) / 2
TARGET = np.array([1.0, -0.5, 0.25, 2.0], "float32")
START = np.array([[0.3], [-0.2], [0.1]], "float32")


def trained(tf, make, steps=6):
    x, y = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None])
    w = tf.get_variable("w", initializer=tf.constant(START))
    b = tf.get_variable("b", [], initializer=tf.zeros_initializer())
    loss = tf.reduce_mean(tf.square(tf.squeeze(tf.matmul(x, w), 1) + b - y))
    step = make(tf).minimize(loss, global_step=tf.train.get_or_create_global_step())
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(steps):
            sess.run(step, {x: DATA, y: TARGET})
        return sess.run([w, b])


OPTIMIZERS = {
    "sgd": lambda tf: tf.train.GradientDescentOptimizer(0.1),
    "momentum": lambda tf: tf.train.MomentumOptimizer(0.1, 0.9),
    "nesterov": lambda tf: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "adam": lambda tf: tf.train.AdamOptimizer(0.05),
    "rmsprop": lambda tf: tf.train.RMSPropOptimizer(0.05),
    "rmsprop_momentum": lambda tf: tf.train.RMSPropOptimizer(0.05, decay=0.8, momentum=0.5),
    "rmsprop_centered": lambda tf: tf.train.RMSPropOptimizer(0.05, momentum=0.5, centered=True),
    "adagrad": lambda tf: tf.train.AdagradOptimizer(0.3),
    "adadelta": lambda tf: tf.train.AdadeltaOptimizer(1.0, rho=0.9, epsilon=1e-3),
    "ftrl": lambda tf: tf.train.FtrlOptimizer(0.5),
    "ftrl_strong": lambda tf: tf.train.FtrlOptimizer(
        0.5, l1_regularization_strength=0.2, l2_regularization_strength=0.1,
        l2_shrinkage_regularization_strength=0.05),
    "proximal": lambda tf: tf.train.ProximalGradientDescentOptimizer(0.1),
    "proximal_strong": lambda tf: tf.train.ProximalGradientDescentOptimizer(
        0.1, l1_regularization_strength=0.3, l2_regularization_strength=0.2),
    "proximal_adagrad": lambda tf: tf.train.ProximalAdagradOptimizer(
        0.3, l1_regularization_strength=0.05, l2_regularization_strength=0.1),
    "adagrad_da": lambda tf: tf.train.AdagradDAOptimizer(0.3, tf.train.get_or_create_global_step()),
    "adagrad_da_strong": lambda tf: tf.train.AdagradDAOptimizer(
        0.3, tf.train.get_or_create_global_step(), 0.5, l1_regularization_strength=0.05,
        l2_regularization_strength=0.1),
}

SCHEDULES = {
    "exponential": lambda tf, s: tf.train.exponential_decay(0.1, s, 10, 0.5),
    "staircase": lambda tf, s: tf.train.exponential_decay(0.1, s, 10, 0.5, staircase=True),
    "natural": lambda tf, s: tf.train.natural_exp_decay(0.1, s, 10, 0.5),
    "inverse": lambda tf, s: tf.train.inverse_time_decay(0.1, s, 10, 0.5, staircase=True),
    "polynomial": lambda tf, s: tf.train.polynomial_decay(0.1, s, 20, 0.01, power=2.0),
    "polynomial_cycle": lambda tf, s: tf.train.polynomial_decay(0.1, s, 10, 0.01, cycle=True),
    "cosine": lambda tf, s: tf.train.cosine_decay(0.1, s, 20, alpha=0.1),
    "restarts": lambda tf, s: tf.train.cosine_decay_restarts(0.1, s, 8, m_mul=0.5, alpha=0.1),
    "even_restarts": lambda tf, s: tf.train.cosine_decay_restarts(0.1, s, 6, t_mul=1.0),
    "linear_cosine": lambda tf, s: tf.train.linear_cosine_decay(0.1, s, 20, num_periods=1.5, alpha=0.2, beta=0.01),
    "noisy_cosine": lambda tf, s: tf.train.noisy_linear_cosine_decay(0.1, s, 20, initial_variance=0.0),
    "piecewise": lambda tf, s: tf.train.piecewise_constant(s, [10, 20], [1.0, 0.5, 0.1]),
}


def schedule(tf, make):
    step = tf.train.get_or_create_global_step()
    rate = make(tf, step)
    found = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for value in (0, 3, 10, 15, 20, 27):
            step.load(value, sess)
            found.append(sess.run(rate))
    return np.array(found)


LABELS = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]], "float32")
LOGITS = np.array([[0.1, 1.2, -0.3], [2.0, -1.0, 0.0], [0.5, 0.2, -0.7], [-3.0, 4.0, 1.0]], "float32")
WEIGHTS = np.array([[1.0], [0.0], [2.0], [0.5]], "float32")

LOSSES = {
    "absolute": lambda tf, r: tf.losses.absolute_difference(LABELS, LOGITS, WEIGHTS, reduction=r),
    "squared": lambda tf, r: tf.losses.mean_squared_error(LABELS, LOGITS, WEIGHTS, reduction=r),
    "huber": lambda tf, r: tf.losses.huber_loss(LABELS, LOGITS, WEIGHTS, delta=0.8, reduction=r),
    "hinge": lambda tf, r: tf.losses.hinge_loss(LABELS, LOGITS, WEIGHTS, reduction=r),
    "log": lambda tf, r: tf.losses.log_loss(LABELS, tf.sigmoid(LOGITS), WEIGHTS, reduction=r),
    "cosine": lambda tf, r: tf.losses.cosine_distance(
        tf.nn.l2_normalize(LABELS, 1), tf.nn.l2_normalize(LOGITS, 1), axis=1, weights=WEIGHTS, reduction=r),
    "sigmoid": lambda tf, r: tf.losses.sigmoid_cross_entropy(LABELS, LOGITS, WEIGHTS, 0.1, reduction=r),
    "softmax": lambda tf, r: tf.losses.softmax_cross_entropy(LABELS, LOGITS, WEIGHTS[:, 0], 0.1, reduction=r),
    "sparse": lambda tf, r: tf.losses.sparse_softmax_cross_entropy(
        np.array([1, 0, 2, 1]), LOGITS, WEIGHTS[:, 0], reduction=r),
}
REDUCTIONS = ("NONE", "SUM", "MEAN", "SUM_OVER_BATCH_SIZE", "SUM_BY_NONZERO_WEIGHTS")

METRICS = {
    "mean": lambda tf, y, p: tf.metrics.mean(p, weights=[1.0, 2.0, 0.0, 1.0]),
    "accuracy": lambda tf, y, p: tf.metrics.accuracy(y, p),
    "squared": lambda tf, y, p: tf.metrics.mean_squared_error(y, p),
    "absolute": lambda tf, y, p: tf.metrics.mean_absolute_error(y, p),
    "precision": lambda tf, y, p: tf.metrics.precision(y, p),
    "recall": lambda tf, y, p: tf.metrics.recall(y, p),
}
BATCHES = (([1, 0, 1, 1], [1, 1, 0, 1]), ([0, 0, 1, 0], [0, 1, 1, 0]))


def metric(tf, make):
    y, p = tf.placeholder(tf.float32, [4]), tf.placeholder(tf.float32, [4])
    value, update = make(tf, y, p)
    found = []
    with tf.Session() as sess:
        sess.run(tf.local_variables_initializer())
        for batch in BATCHES:
            found.append(sess.run(update, dict(zip((y, p), batch, strict=True))))
            found.append(sess.run(value))
    return np.array(found)


def names(tf):
    """Names of variables and of a tensor made in nested and entered scopes."""
    with tf.variable_scope("a"):
        v = tf.get_variable("v", [2])
        with tf.variable_scope("b"):
            w = tf.Variable(1.0, name="w")
            t = tf.identity(w, name="t")
    with tf.variable_scope("a", reuse=True):
        again = tf.get_variable("v")
        second = tf.Variable(1.0, name="w")
    with tf.variable_scope("a", reuse=tf.AUTO_REUSE):
        third = tf.get_variable("v"), tf.get_variable("fresh", [1])
    with tf.variable_scope(None, "layer") as one:
        pass
    with tf.variable_scope(None, "layer") as two:
        u = tf.get_variable("u", [1])
    with tf.variable_scope(two, reuse=True):
        same = tf.get_variable("u") is u
    found = [v, w, again, second, *third, u]
    return [x.name for x in found] + [t.name, one.name, two.name, str(again is v and third[0] is v and same)]


def slots(tf):
    w = tf.get_variable("scope/w", [2])
    optimizer = tf.train.AdamOptimizer()
    optimizer.minimize(tf.reduce_sum(w * w))
    return [v.name for v in tf.global_variables()] + [optimizer.get_slot(w, "v").name, *optimizer.get_slot_names()]


def old_arguments(tf):
    x = tf.constant(DATA)
    results = [
        tf.reduce_sum(x, reduction_indices=[1], keep_dims=True), tf.argmax(x, dimension=1), tf.expand_dims(x, dim=0),
        tf.nn.softmax(x, dim=0), tf.nn.l2_normalize(x, dim=1), tf.to_int32(x), tf.div(tf.constant([7, -7]), 2),
        tf.div(x, 2.0), tf.where(tf.constant([True, False, True, False]), x, -x), tf.log(tf.exp(x)),
        tf.nn.softmax_cross_entropy_with_logits(labels=LABELS, logits=x), tf.matrix_transpose(x),
        tf.squared_difference(x, 1.0), tf.nn.max_pool(value=tf.reshape(x, [1, 4, 3, 1]), ksize=[1, 2, 2, 1],
                                                      strides=[1, 1, 1, 1], padding="SAME"),
        tf.while_loop(lambda i: i < 5, lambda i: i + 2, [tf.constant(0)]),
        tf.cond(tf.constant(True), lambda: [tf.constant(1.5)], lambda: [tf.constant(2.5)]),
        tf.nn.dropout(x, keep_prob=1.0), tf.count_nonzero(x, keep_dims=False), tf.to_float(tf.constant(3)),
    ]
    with tf.Session() as sess:
        return sess.run(results)


def averages(tf):
    w = tf.get_variable("w", initializer=tf.constant([1.0, 2.0]))
    average = tf.train.ExponentialMovingAverage(0.9)
    change = tf.assign_add(w, [1.0, -1.0])
    with tf.control_dependencies([change]):
        keep = average.apply([w])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            sess.run(keep)
        return [sess.run(average.average(w)), average.average_name(w), sorted(average.variables_to_restore())]


def regularized(tf):
    with tf.variable_scope("net", regularizer=lambda v: 0.5 * tf.reduce_sum(tf.square(v))):
        tf.get_variable("a", initializer=tf.constant([1.0, 2.0]))
        tf.get_variable("b", initializer=tf.constant([3.0]), regularizer=lambda v: tf.reduce_sum(v))
    tf.losses.mean_squared_error([1.0], [3.0])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run([tf.losses.get_regularization_loss(), tf.losses.get_total_loss()])


CASES = {
    **{f"optimizer {n}": (lambda tf, m=m: trained(tf, m)) for n, m in OPTIMIZERS.items()},
    **{f"schedule {n}": (lambda tf, m=m: schedule(tf, m)) for n, m in SCHEDULES.items()},
    **{f"loss {n} {r}": (lambda tf, m=m, r=r: tf.Session().run(m(tf, getattr(tf.losses.Reduction, r))))
       for n, m in LOSSES.items() for r in REDUCTIONS},
    **{f"metric {n}": (lambda tf, m=m: metric(tf, m)) for n, m in METRICS.items()},
    **{f"pairwise loss {n}": (lambda tf, w=w: tf.Session().run(
        tf.losses.mean_pairwise_squared_error(LABELS, LOGITS, w)))
       for n, w in (("plain", 1.0), ("weighted", WEIGHTS))},
    **{f.__name__: f for f in (names, slots, old_arguments, averages, regularized)},
}


def plain(value):
    """Numbers and strings in nested lists."""
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, str):
        return value
    array = np.asarray(value)
    values = array.ravel().tolist()
    return {"shape": list(array.shape), "dtype": array.dtype.name,
            "values": [float(f"{v:.8g}") for v in values] if array.dtype.kind == "f" else values}


def problems(found, wanted, where=""):
    """What differs between two results of `plain`, beyond rounding."""
    if isinstance(wanted, list):
        assert len(found) == len(wanted), where
        return [p for k, (f, w) in enumerate(zip(found, wanted, strict=True)) for p in problems(f, w, f"{where}[{k}]")]
    if isinstance(wanted, str):
        return [] if found == wanted else [f"{where}: {found}, TensorFlow has {wanted}"]
    same = (found["shape"], found["dtype"]) == (wanted["shape"], wanted["dtype"])
    close = same and np.allclose(found["values"], wanted["values"], rtol=1e-5, atol=1e-6, equal_nan=True)
    return [] if close else [f"{where}: {found}, TensorFlow has {wanted}"]


def result(tf, name, cases=CASES):
    with tf.Graph().as_default():
        return plain(cases[name](tf))


if __name__ == "__main__":
    import importlib
    import runpy

    v1 = importlib.import_module(sys.argv[1])
    v1.disable_v2_behavior()
    cases = runpy.run_path(sys.argv[2])["CASES"] if len(sys.argv) > 2 else CASES
    rows = [f"{json.dumps(name)}: {json.dumps(result(v1, name, cases))}" for name in cases]
    print("{\n" + ",\n".join(rows) + "\n}")
