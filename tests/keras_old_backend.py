"""Calls of functions that Keras's backend had before `keras.ops`, for TensorFlow and for the engine."""
import numpy as np


def numbers(*sizes):
    return (np.arange(np.prod(sizes)).reshape(sizes) % 7 - 2).astype("f4") / 4


def cases(tf, K):
    c = tf.constant
    x, image = c(numbers(2, 3)), c(numbers(1, 3, 3, 2))
    p = c(np.array([[0.2, 0.3, 0.5], [1e-9, 0.6, 0.4]], "f4"))
    t = c(np.array([[0, 0, 1], [0, 1, 0]], "f4"))
    marks = c([[True, False, True], [True, True, False]])
    walk = (lambda now, states: (now + states[0], [now + states[0]]), c(numbers(2, 3, 2)), [c(numbers(2, 2))])
    return {
        "sum": K.sum(x, axis=1, keepdims=True), "mean of truths": K.mean(c([True, False, True])),
        "std": K.std(x, axis=0),
        "var": K.var(x), "max": K.max(x, axis=-1), "prod": K.prod(x, axis=0), "any": K.any(x, axis=0), "all": K.all(x),
        "argmax": K.argmax(x), "argmin": K.argmin(x, 0), "cumsum": K.cumsum(x), "cumprod": K.cumprod(x, 1),
        "mean of whole numbers": K.mean(c([1, 2, 4])), "arange": K.arange(3),
        "zeros": K.zeros((2, 3)), "eye": K.eye(2), "constant": K.constant([[1, 2]]), "variable": K.variable([1, 2]),
        "constant of a shape": K.constant(3, shape=(2,)), "count_params": K.count_params(K.ones((3, 4))),
        "int_shape": K.int_shape(x), "dtype": K.dtype(x), "cast_to_floatx": K.cast_to_floatx([1, 2]),
        "update_add": K.update_add(K.variable([1.0, 2.0]), [1.0, 1.0]),
        "moving_average_update": K.moving_average_update(K.variable([1.0, 2.0]), c([0.0, 1.0]), 0.9),
        "dot": K.dot(x, c(numbers(3, 4))), "dot of several axes": K.dot(c(numbers(2, 2, 3)), c(numbers(2, 3, 2))),
        "batch_dot of vectors": K.batch_dot(c(numbers(3, 4)), c(numbers(3, 4))),
        "batch_dot": K.batch_dot(c(numbers(2, 2, 3)), c(numbers(2, 3, 2))),
        "batch_dot axes=1": K.batch_dot(c(numbers(2, 2, 3)), c(numbers(2, 2)), axes=1),
        "batch_dot axes=(1, 2)": K.batch_dot(c(numbers(2, 2, 3, 2)), c(numbers(2, 3, 2)), axes=(1, 2)),
        "batch_flatten": K.batch_flatten(image), "flatten": K.flatten(x), "expand_dims": K.expand_dims(x),
        "concatenate": K.concatenate([x, x]), "gather": K.gather(x, [1, 0]), "one_hot": K.one_hot(c([0, 2]), 3),
        "repeat": K.repeat(x, 2), "repeat_elements": K.repeat_elements(x, 2, 1), "reverse": K.reverse(x, 1),
        "temporal_padding": K.temporal_padding(c(numbers(1, 2, 2))), "shape": K.shape(x),
        "spatial_2d_padding": K.spatial_2d_padding(image, ((1, 0), (0, 2))),
        "spatial_3d_padding": K.spatial_3d_padding(c(numbers(1, 1, 1, 2, 1)), data_format="channels_first"),
        "resize_images": K.resize_images(image, 1, 2, "channels_last"),
        "resize_images bilinear": K.resize_images(image, 1, 2, "channels_first", "bilinear"),
        "resize_volumes": K.resize_volumes(c(numbers(1, 2, 1, 2, 1)), 2, 1, 3, "channels_last"),
        "relu": K.relu(x), "relu of a slope": K.relu(x, 0.1, 0.5, 0.2), "hard_sigmoid": K.hard_sigmoid(x * 4),
        "softmax": K.softmax(x), "softmax of two axes": K.softmax(x, (0, 1)), "l2_normalize": K.l2_normalize(x, 1),
        "elu": K.elu(x, 0.5), "batch_normalization": K.batch_normalization(
            x, c(numbers(3)), c(abs(numbers(3)) + 1), c(numbers(3)), c(numbers(3) + 2)),
        "bias_add": K.bias_add(image, c(numbers(2))),
        "bias_add first": K.bias_add(image, c(numbers(3)), "channels_first"),
        "bias_add of all axes": K.bias_add(c(numbers(1, 2, 3, 2)), c(numbers(3, 2, 2)), "channels_first"),
        "conv1d": K.conv1d(c(numbers(1, 4, 2)), c(numbers(2, 2, 2)), padding="causal", dilation_rate=2),
        "conv2d": K.conv2d(image, c(numbers(2, 2, 2, 2)), padding="same"),
        "conv2d_transpose": K.conv2d_transpose(image, c(numbers(2, 2, 1, 2)), (1, 6, 6, 1), (2, 2), "same"),
        "conv2d_transpose first": K.conv2d_transpose(
            c(numbers(1, 2, 2, 2)), c(numbers(2, 2, 1, 2)), (None, 1, 4, 4), (2, 2), "same", "channels_first"),
        "depthwise_conv2d": K.depthwise_conv2d(image, c(numbers(2, 2, 2, 1))),
        "separable_conv2d": K.separable_conv2d(image, c(numbers(2, 2, 2, 1)), c(numbers(1, 1, 2, 3))),
        "pool2d": K.pool2d(image, (2, 2), pool_mode="avg"), "pool3d": K.pool3d(c(numbers(1, 2, 2, 2, 1)), (2, 2, 2)),
        "in_top_k": K.in_top_k(p, c([2, 0]), 1), "binary_crossentropy": K.binary_crossentropy(t, p),
        "binary_crossentropy of logits": K.binary_crossentropy(t, x, True),
        "categorical_crossentropy": K.categorical_crossentropy(t, p),
        "sparse_categorical_crossentropy": K.sparse_categorical_crossentropy(c([2, 0]), p),
        "ignore_class": K.sparse_categorical_crossentropy(c([2, 0]), p, ignore_class=0),
        "binary_focal_crossentropy": K.binary_focal_crossentropy(t, p),
        "balanced": K.binary_focal_crossentropy(t, x, True, from_logits=True),
        "categorical_focal_crossentropy": K.categorical_focal_crossentropy(t, p),
        "map_fn": K.map_fn(lambda v: v * 2, x), "foldl": K.foldl(lambda a, b: a + b, x),
        "switch": K.switch(c(True), lambda: c(1.0), lambda: c(2.0)),
        "switch of a column": K.switch(c([[True], [False]]), x, -x),
        "rnn": K.rnn(*walk)[1], "rnn of a mask": K.rnn(*walk, mask=marks)[1],
        "permute": K.permute_dimensions(x, (1, 0)),
        "rnn backwards": K.rnn(*walk, go_backwards=True, zero_output_for_mask=True, mask=marks)[1],
        "clip": K.clip(x, -0.1, 0.2), "pow": K.pow(x, 2), "cast": K.cast(x, "int32"), "round": K.round(x * 2),
        "get_value": K.get_value(K.variable([3.0])), "eval": K.eval(x * 2), "ndim": K.ndim(x),
    }


def result_types(backend):
    pairs = [("int32", "float16"), ("int64", "float32"), ("bool", "uint8"), ("int8", "uint8"), (int, "int8"),
             (float, "int32"), ("bfloat16", "float16"), ("uint32", "int32"), (int,), (float,), ("float64", float),
             (bool, int)]
    return [backend.result_type(*pair) for pair in pairs]
