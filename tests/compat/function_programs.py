"""Programs over functions of TensorFlow 1; recorded_functions.json has what TensorFlow gives.

    python programs.py tensorflow.compat.v1 function_programs.py > recorded_functions.json
"""
import numpy as np

PICTURES = ((np.arange(2 * 5 * 4 * 2) * 7 % 17 - 8) / 8).astype("float32").reshape(2, 5, 4, 2)
KERNEL = ((np.arange(3 * 2 * 2 * 3) * 5 % 11 - 5) / 10).astype("float32").reshape(3, 2, 2, 3)
THIN = ((np.arange(3 * 2 * 2 * 2) * 5 % 11 - 5) / 10).astype("float32").reshape(3, 2, 2, 2)
VOLUME = ((np.arange(2 * 3 * 4 * 3 * 2) * 7 % 17 - 8) / 8).astype("float32").reshape(2, 3, 4, 3, 2)
CUBE = ((np.arange(2 * 2 * 2 * 2 * 3) * 5 % 11 - 5) / 10).astype("float32").reshape(2, 2, 2, 2, 3)
SCALE, OFFSET = np.array([1.5, -0.5], "float32"), np.array([0.25, 1.0], "float32")
MEAN, VARIANCE = np.array([0.1, -0.2], "float32"), np.array([0.5, 2.0], "float32")

RESIZED = {f"{name} {size} {setting or 'plain'}": (name, size, {setting: True} if setting else {})
           for name in ("nearest_neighbor", "bilinear", "bicubic", "area") for size in ((3, 7), (8, 2), (5, 4), (1, 9))
           for setting in (None, "align_corners", "half_pixel_centers")
           if (name, setting) != ("area", "half_pixel_centers")}


def gradients_of_convolutions(tf):
    x, k = tf.constant(PICTURES), tf.constant(KERNEL)
    y = tf.nn.conv2d(x, k, [1, 2, 1, 1], "SAME")
    g = tf.constant(np.arange(np.prod(y.shape.as_list())).reshape(y.shape.as_list()) % 5 / 4, "float32")
    z = tf.nn.depthwise_conv2d_native(x, THIN, [1, 1, 1, 1], "VALID")
    h = tf.constant(np.arange(np.prod(z.shape.as_list())).reshape(z.shape.as_list()) % 5 / 4, "float32")
    v = tf.nn.conv3d(tf.constant(VOLUME), CUBE, [1, 1, 2, 1, 1], "SAME")
    d = tf.constant(np.arange(np.prod(v.shape.as_list())).reshape(v.shape.as_list()) % 5 / 4, "float32")
    return [
        tf.nn.conv2d_backprop_input(PICTURES.shape, k, g, [1, 2, 1, 1], "SAME"),
        tf.nn.conv2d_backprop_filter(x, KERNEL.shape, g, [1, 2, 1, 1], "SAME"), z,
        tf.nn.depthwise_conv2d_native_backprop_input(PICTURES.shape, THIN, h, [1, 1, 1, 1], "VALID"),
        tf.nn.depthwise_conv2d_native_backprop_filter(x, THIN.shape, h, [1, 1, 1, 1], "VALID"),
        tf.nn.conv3d_backprop_filter(VOLUME, CUBE.shape, d, [1, 1, 2, 1, 1], "SAME"),
        tf.nn.conv3d_backprop_filter_v2(VOLUME, CUBE.shape, d, [1, 1, 2, 1, 1], "SAME"),
    ]


def normalization(tf):
    return [*tf.nn.fused_batch_norm(PICTURES, SCALE, OFFSET),
            *tf.nn.fused_batch_norm(PICTURES, SCALE, OFFSET, MEAN, VARIANCE, exponential_avg_factor=0.3),
            tf.nn.fused_batch_norm(PICTURES, SCALE, OFFSET, MEAN, VARIANCE, 0.01, is_training=False)[0]]


def pools(tf):
    return [tf.nn.max_pool_v2(PICTURES, 2, 2, "SAME"), tf.nn.avg_pool_v2(PICTURES, [1, 2, 2, 1], 1, "VALID")]


def sets(tf):
    return [*tf.setdiff1d([1, 2, 3, 4, 5, 6, 3], [1, 3, 5]), *tf.setdiff1d([1.5, 2.5], [0.0], tf.int64),
            *tf.setdiff1d(tf.constant([], tf.int32), [1])]


def rows_of_variables(tf):
    whole = tf.Variable([[8, 9], [-7, 7], [5, 6]])
    v, w = tf.Variable([[1.0, 2.0], [3.0, 4.0]]), tf.Variable(np.zeros([2, 3, 2], "f4"))
    found = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for change in (tf.scatter_mul(v, [0, 0], [[2.0, 3.0], [1.0, 2.0]]), tf.scatter_div(v, [1], [[2.0, 4.0]]),
                       tf.scatter_div(v, 0, 2.0), tf.scatter_mul(whole, [1, 2], [[2, 3], [4, 5]]),
                       tf.scatter_div(whole, [[0], [1]], [[[3, 2]], [[4, 4]]]),
                       tf.batch_scatter_update(w, [[2, 0], [1, 2]], [[[1.0, 2.0], [3.0, 4.0]],
                                                                     [[5.0, 6.0], [7.0, 8.0]]])):
            found.append(sess.run(change))
        return found


def counted(tf):
    v = tf.Variable(1)
    step = tf.count_up_to(v, 3)
    found = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            try:
                found.append(sess.run(step))
            except tf.errors.OutOfRangeError:
                found.append("the end")
        return [*found, sess.run(v)]


def seeds(tf):
    found = [str(tf.get_seed(None)), str(tf.random.get_seed(7))]
    tf.set_random_seed(5)
    return [*found, str(tf.get_seed(7)), str(tf.get_seed(None)[0])]


def questions(tf):
    """What is asked of tensors, variables and scopes."""
    x = tf.placeholder(tf.float32, [2, 3])
    a, b = tf.Variable(1.0, name="a"), tf.Variable(2.0, name="b")
    known = tf.is_variable_initialized(a), tf.is_variable_initialized(b)
    all_known = tf.assert_variables_initialized([a])
    with tf.op_scope([x], None, "inside"):
        inside = x + 1.0
    with tf.variable_op_scope([x], None, "outer"):
        v = tf.get_variable("v", [1])
    tf.assert_integer(tf.constant([1]))
    tf.assert_rank_in(x, (1, 2))
    tf.assert_proper_iterable([x])
    with tf.Session() as sess:
        before = [bool(k) for k in sess.run(known)]
        sess.run(a.initializer)
        sess.run(all_known)
        after = [bool(k) for k in sess.run(known)]
    return [str(before), str(after), inside.name.partition("/")[0], v.name, str(tf.no_regularizer(v)),
            str(tf.executing_eagerly_outside_functions()),
            str(tf.dimension_value(tf.Dimension(3))), str(tf.dimension_value(None)), str(tf.Dimension(None)),
            str(tf.Dimension(3) * 2 + tf.Dimension(1)), repr(tf.Dimension(4)), str(tf.Dimension(3) == 3),
            str(tf.Dimension(None) == 3), str(tf.Dimension(7) // 2), str(tf.Dimension(None) - 1),
            str(tf.dimension_at_index(tf.TensorShape([2, None]), 1)), str(int(tf.Dimension(5)))]


def slots_in_scopes(tf):
    with tf.variable_scope("net"):
        w = tf.get_variable("w", [2])
    for make in (tf.train.AdamOptimizer, lambda: tf.train.MomentumOptimizer(0.1, 0.9)):
        with tf.variable_scope("opt"):
            make().minimize(tf.reduce_sum(w * w))
        with tf.name_scope("other"):
            make().minimize(tf.reduce_sum(w * w))
    return [v.name for v in tf.global_variables()]


def poisson(tf):
    drawn = tf.random_poisson([1.0, 10.0], [4000], seed=1)
    with tf.Session() as sess:
        found = sess.run(drawn)
    return [str(found.shape), found.dtype.name, str(np.round(found.mean(0) / [1.0, 10.0], 1).tolist())]


def blocks(tf):
    x = tf.constant(PICTURES[:, :4])
    y = tf.manip.space_to_batch_nd(x, [2, 2], [[0, 0], [1, 1]])
    return tf.Session().run([y, tf.manip.batch_to_space_nd(y, [2, 2], [[0, 0], [1, 1]])])


def initializers(tf):
    v = tf.get_variable("v", initializer=1.0)
    w = tf.get_local_variable("w", initializer=2.0)
    u = tf.get_variable("u", [200, 300], initializer=tf.initializers.uniform_unit_scaling(seed=3))
    with tf.Session() as sess:
        sess.run(tf.initializers.global_variables())
        sess.run(tf.initializers.local_variables())
        found = sess.run([v, w])
        sess.run(tf.initializers.variables([u]))
        return [*found, str(round(float(np.std(sess.run(u))), 2))]


CASES = {
    **{f"resize {name}": lambda tf, s=s: tf.Session().run(getattr(tf.image, f"resize_{s[0]}")(PICTURES, s[1], **s[2]))
       for name, s in RESIZED.items()},
    **{f.__name__: lambda tf, f=f: tf.Session().run(f(tf)) for f in (
        gradients_of_convolutions, normalization, pools, sets)},
    **{f.__name__: f for f in (rows_of_variables, counted, seeds, questions, initializers,
                                 slots_in_scopes, poisson, blocks)},
}
