"""Programs over TensorFlow 1's recurrent networks; recorded_rnns.json has what TensorFlow gives with Keras 2.

    TF_USE_LEGACY_KERAS=1 python programs.py tensorflow.compat.v1 rnn_programs.py > recorded_rnns.json
"""
import numpy as np

X = ((np.arange(2 * 5 * 3) * 5 % 13 - 6) / 6).astype("float32").reshape(2, 5, 3)
LENGTHS = np.array([5, 3], "int32")


def ramp(shape, dtype=None, partition_info=None):
    """Numbers that are the same wherever they are made."""
    return ((np.arange(np.prod([int(s) for s in shape])) * 7 % 11 - 5) / 10).astype("float32").reshape(
        [int(s) for s in shape])


CELLS = {
    "basic": lambda c: c.BasicRNNCell(4), "gru": lambda c: c.GRUCell(4), "lstm": lambda c: c.LSTMCell(4),
    "basic lstm": lambda c: c.BasicLSTMCell(4, forget_bias=0.5),
    "lstm peepholes": lambda c: c.LSTMCell(4, use_peepholes=True, initializer=ramp, cell_clip=0.3),
    "lstm projected": lambda c: c.LSTMCell(4, num_proj=2, proj_clip=0.25, state_is_tuple=True),
    "lstm joined": lambda c: c.LSTMCell(4, num_proj=2, state_is_tuple=False),
    "residual": lambda c: c.ResidualWrapper(c.GRUCell(3)),
    "residual function": lambda c: c.ResidualWrapper(c.BasicRNNCell(4), lambda x, y: y * 2),
    "several": lambda c: c.MultiRNNCell([c.ResidualWrapper(c.BasicRNNCell(3)), c.LSTMCell(2)]),
}


def run(tf, make):
    with tf.variable_scope("net", initializer=ramp):
        found = make(tf, tf.nn.rnn_cell)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return [*sess.run(found), [v.name for v in tf.global_variables()]]


def flat(*found):
    leaves = []
    for value in found:
        leaves += flat(*value) if isinstance(value, (list, tuple)) else [value]
    return leaves


def both_ways(tf, c, **settings):
    return flat(tf.nn.bidirectional_dynamic_rnn(c.GRUCell(2), c.LSTMCell(3), tf.constant(X), dtype=tf.float32,
                                                **settings))


def listed(tf, c, lengths):
    return flat(tf.nn.static_bidirectional_rnn(c.GRUCell(2), c.BasicRNNCell(3), tf.unstack(tf.constant(X), axis=1),
                                               dtype=tf.float32, sequence_length=lengths))


def raw(tf, c, counts):
    """What `dynamic_rnn` does, and with `counts` the sum of its outputs beside it."""
    cell, x = c.GRUCell(4), tf.constant(X.transpose(1, 0, 2))
    limits = tf.constant(LENGTHS)

    def loop(time, output, state, own):
        done = time >= limits
        x_next = tf.cond(tf.reduce_all(done), lambda: tf.zeros([2, 3]), lambda: x[tf.minimum(time, 4)])
        if output is None:
            return done, x_next, cell.zero_state(2, tf.float32), None, tf.constant(0.0) if counts else None
        return done, x_next, state, output, own + tf.reduce_sum(output) if counts else None

    outputs, state, own = tf.nn.raw_rnn(cell, loop)
    return flat(outputs.stack(), state, [own] if counts else [])


def kept(tf, c):
    """Two runs over a state that a variable keeps."""
    class Keeper:
        def __init__(self):
            self.value = tf.get_variable("kept", [2, 4], initializer=tf.zeros_initializer(), trainable=False)

        def state(self, name):
            return self.value

        def save_state(self, name, value):
            return tf.assign(self.value, value)

    outputs, state = tf.nn.static_state_saving_rnn(c.GRUCell(4), tf.unstack(tf.constant(X), axis=1), Keeper(), "h")
    return [outputs[0], outputs[-1], state]


WAYS = {
    "both ways": lambda tf, c: both_ways(tf, c), "both ways in time": lambda tf, c: both_ways(tf, c, time_major=True),
    "both ways with lengths": lambda tf, c: both_ways(tf, c, sequence_length=LENGTHS),
    "both ways listed": lambda tf, c: listed(tf, c, None),
    "both ways listed with lengths": lambda tf, c: listed(tf, c, LENGTHS),
    "raw": lambda tf, c: raw(tf, c, False), "raw with a state": lambda tf, c: raw(tf, c, True),
    "kept state": kept,
}

CASES = {
    **{f"cell {name}": lambda tf, m=m: run(tf, lambda tf, c: flat(
        tf.nn.dynamic_rnn(m(c), tf.constant(X), LENGTHS, dtype=tf.float32))) for name, m in CELLS.items()},
    **{f"rnn {name}": lambda tf, m=m: run(tf, m) for name, m in WAYS.items()},
}
