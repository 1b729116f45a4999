"""Programs over TensorFlow 1's layers; recorded_layers.json has what TensorFlow gives with Keras 2 (tf_keras).

    TF_USE_LEGACY_KERAS=1 python programs.py tensorflow.compat.v1 layer_programs.py > recorded_layers.json
"""
import numpy as np

SIGNAL = ((np.arange(2 * 6 * 4) * 5 % 13 - 6) / 6).astype("float32").reshape(2, 6, 4)
PICTURES = ((np.arange(4 * 6 * 5 * 3) * 7 % 17 - 8) / 8).astype("float32").reshape(4, 6, 5, 3)
SMALL = PICTURES[:, :3, :2, :2] * [1.0, 0.5] + [0.25, -1.0]
VOLUME = ((np.arange(2 * 4 * 4 * 4 * 2) * 7 % 17 - 8) / 8).astype("float32").reshape(2, 4, 4, 4, 2)


def ramp(shape, dtype=None, partition_info=None):
    """Numbers that are the same wherever they are made."""
    return ((np.arange(np.prod([int(s) for s in shape])) * 7 % 11 - 5) / 10).astype("float32").reshape(
        [int(s) for s in shape])


LAYERS = {
    "dense": lambda L, tf: L.dense(SIGNAL, 3, tf.nn.tanh, bias_initializer=ramp),
    "dense named": lambda L, tf: L.dense(PICTURES[:, 0, 0], 2, use_bias=False, name="out"),
    "conv1d": lambda L, tf: L.conv1d(SIGNAL, 3, 2, 2, "same", bias_initializer=ramp),
    "conv2d": lambda L, tf: L.conv2d(PICTURES, 2, (3, 2), (1, 2), "same", activation=tf.nn.relu),
    "conv2d dilated": lambda L, tf: L.conv2d(PICTURES, 2, 2, dilation_rate=(2, 1)),
    "conv3d": lambda L, tf: L.conv3d(VOLUME, 2, 3, padding="SAME"),
    "separable_conv1d": lambda L, tf: L.separable_conv1d(SIGNAL, 3, 2, depth_multiplier=2),
    "separable_conv2d": lambda L, tf: L.separable_conv2d(PICTURES, 3, 3, padding="same", bias_initializer=ramp),
    "conv2d_transpose": lambda L, tf: L.conv2d_transpose(PICTURES, 2, 3, 2, "same"),
    "conv2d_transpose valid": lambda L, tf: L.conv2d_transpose(PICTURES, 2, (2, 3), (2, 1)),
    "conv3d_transpose": lambda L, tf: L.conv3d_transpose(VOLUME, 1, 2, 2),
    "max_pooling1d": lambda L, tf: L.max_pooling1d(SIGNAL, 2, 2),
    "max_pooling2d": lambda L, tf: L.max_pooling2d(PICTURES, (3, 2), 2, "same"),
    "max_pooling3d": lambda L, tf: L.max_pooling3d(VOLUME, 2, 2),
    "average_pooling1d": lambda L, tf: L.average_pooling1d(SIGNAL, 3, 2, "same"),
    "average_pooling2d": lambda L, tf: L.average_pooling2d(PICTURES, 2, 1),
    "average_pooling3d": lambda L, tf: L.average_pooling3d(VOLUME, 2, 2, "same"),
    "flatten": lambda L, tf: L.flatten(PICTURES),
    "flatten channels": lambda L, tf: L.flatten(PICTURES, data_format="channels_first"),
    "dropout": lambda L, tf: L.dropout(SIGNAL, 0.4),
    "class": lambda L, tf: L.Conv1D(2, 3, name="c").apply(SIGNAL),
    "twice": lambda L, tf: (lambda layer: layer(SIGNAL) + layer(2 * SIGNAL))(L.Dense(2, name="twice")),
    "twice by name": lambda L, tf: L.dense(SIGNAL, 2, name="d") * L.dense(SIGNAL, 2, name="d", reuse=True),
    "twice unnamed": lambda L, tf: L.dense(SIGNAL, 2) * L.dense(SIGNAL, 3)[:, :, :2],
}


def layer(tf, make):
    """Values, and the names of the variables."""
    with tf.variable_scope("net", initializer=ramp):
        y = make(tf.layers, tf)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return [sess.run(y), [v.name for v in tf.trainable_variables()], y.shape.as_list()]


NORMALIZED = {
    "plain": {}, "signal": {"axis": 1}, "unfused": {"fused": False}, "bare": {"center": False, "scale": False},
    "renorm": {"renorm": True, "renorm_clipping": {"rmax": 2.0, "rmin": 0.6, "dmax": 0.4}, "momentum": 0.7},
    "groups": {"virtual_batch_size": 2}, "frozen": {"trainable": False},
    "adjusted": {"adjustment": lambda shape: (np.float32(1.5), np.float32(0.25))},
}


def normalized(tf, settings, is_told):
    """Steps of training with the updates, then an inference; and what the variables are."""
    x, training = tf.placeholder(tf.float32, [None, 3, 2, 2]), True if is_told else tf.placeholder(tf.bool, [])
    y = tf.layers.batch_normalization(x, momentum=settings.pop("momentum", 0.9), training=training, name="bn",
                                      gamma_initializer=ramp if settings.get("scale", True) else None, **settings)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    z = tf.layers.batch_normalization(x, name="bn", reuse=True, **settings)
    found = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for k in range(2):
            feeds = {x: SMALL * (k + 1)} if is_told else {x: SMALL * (k + 1), training: True}
            found.append(sess.run(y, feeds))
            sess.run(updates, feeds)
        found.append(sess.run(z, {x: SMALL}))
        if not is_told:
            sess.run(updates, {x: SMALL, training: False})
            found.append(sess.run(y, {x: SMALL, training: False}))
        keys = sorted(v.name for v in tf.global_variables() if "renorm" not in v.name and "stddev" not in v.name)
        return [*found, keys, [v.name for v in tf.trainable_variables()],
                len(updates) > 0,
                *(np.ravel(sess.run(v)) for v in tf.global_variables() if "moving_v" in v.name or "moving_m" in v.name)]


CASES = {
    **{f"layer {name}": (lambda tf, m=m: layer(tf, m)) for name, m in LAYERS.items()},
    **{f"batch_normalization {name}": (lambda tf, s=s: normalized(tf, dict(s), True))
       for name, s in NORMALIZED.items()},
    **{f"batch_normalization {name} by tensor": (lambda tf, s=NORMALIZED[name]: normalized(tf, dict(s), False))
       for name in ("plain", "unfused")},
}
