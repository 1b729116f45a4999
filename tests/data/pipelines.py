"""Pipelines as expressions over `tf` and `np`, with what TensorFlow 2.21 gives for each; `record` writes it.

    python tests/data/pipelines.py > tests/data/pipelines.json      # where TensorFlow is installed
"""

PIPELINES = """
D.range(5)
D.range(2, 20, 5)
D.from_tensor_slices([1, 2, 3])
D.from_tensor_slices(([1.5, 2.5], [3, 4]))
D.from_tensor_slices({'a': [[1, 2], [3, 4]], 'b': np.array([1, 0], np.uint8)})
D.from_tensor_slices(({'a': [1, 2]}, np.eye(2)))
D.from_tensors([1, 2, 3])
D.from_tensors(([1, 2], 3.0)).repeat(2)
D.range(7).batch(3)
D.range(7).batch(3, drop_remainder=True)
D.from_tensor_slices((np.arange(7), np.arange(14.0).reshape(7, 2))).batch(3)
D.from_tensor_slices((np.arange(7), np.arange(14.0).reshape(7, 2))).batch(3, True)
D.range(7).batch(3).unbatch()
D.range(7).batch(3).rebatch(2)
D.range(4).map(lambda x: x * x)
D.range(4).map(lambda x: (x, tf.cast(x, tf.float32) / 2.0))
D.range(4).map(lambda x: {'x': x, 'y': [x, x + 1]})
D.from_tensor_slices(([1, 2], [3, 4])).map(lambda a, b: a * b)
D.from_tensor_slices(({'a': [1, 2]}, [3, 4])).map(lambda f, b: f['a'] + b)
D.from_tensor_slices(np.arange(12.0).reshape(4, 3)).batch(2).map(lambda x: tf.reduce_sum(x, axis=1))
D.range(10).filter(lambda x: x % 3 == 1)
D.range(3).flat_map(lambda x: D.from_tensors(x).repeat(2))
D.range(1, 6).interleave(lambda x: D.from_tensors(x).repeat(6), cycle_length=2, block_length=4)
D.range(3).interleave(lambda x: D.range(x + 1), cycle_length=2, block_length=1)
D.range(3).repeat(3)
D.range(3).repeat().take(7)
D.range(3).repeat(0)
D.range(9).take(4).skip(1)
D.range(9).take(-1).skip(7)
D.range(9).skip(-1)
D.range(10).shard(3, 1)
D.range(10).take_while(lambda x: x < 4)
D.range(3).concatenate(D.range(10, 12))
D.range(3).enumerate(start=5)
D.range(3).cache().repeat(2)
D.range(3).prefetch(tf.data.AUTOTUNE)
D.zip((D.range(3), D.range(10, 20)))
D.zip(D.range(3), D.range(10, 12))
D.zip({'a': D.range(2), 'b': D.range(3)})
D.range(7).window(3).flat_map(lambda w: w.batch(3))
D.range(7).window(3, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(3))
D.range(10).window(2, shift=4, stride=2).flat_map(lambda w: w.batch(2))
D.range(1, 5).map(lambda x: tf.fill([x], x)).padded_batch(2)
D.range(1, 5).map(lambda x: tf.fill([x], x)).padded_batch(2, [5], tf.constant(-1, tf.int64))
D.range(5).scan(tf.constant(0, tf.int64), lambda s, x: (s + x, s + x))
D.from_tensor_slices([1, 37, 2, 37, 2, 1]).unique()
D.choose_from_datasets([D.range(3), D.range(10, 13)], D.from_tensor_slices(np.array([0, 1, 0, 1, 1])))
D.from_generator(lambda: iter([1, 2, 3]), output_signature=S((), tf.int32))
D.from_generator(lambda: ((k, [k] * k) for k in range(3)), output_signature=(S((), tf.int64), S([None])))
D.from_generator(lambda: iter([1, 2, 3]), output_types=tf.float32, output_shapes=())
D.range(5).apply(lambda d: d.batch(2))
""".strip().splitlines()


def facts(tf, np, expression):
    """Elements of a pipeline, types and shapes of one, and how many it says that there are, as plain data."""
    dataset = eval(expression, {"tf": tf, "np": np, "D": tf.data.Dataset, "S": tf.TensorSpec})
    return {"elements": [plain(e, np) for e in dataset.as_numpy_iterator()], "spec": spec(dataset.element_spec),
            "cardinality": int(dataset.cardinality())}


def plain(value, np):
    if isinstance(value, dict):
        return {k: plain(v, np) for k, v in value.items()}
    if isinstance(value, tuple):
        return [plain(v, np) for v in value]
    return {"dtype": np.asarray(value).dtype.name, "values": np.asarray(value).tolist()}


def spec(value):
    if isinstance(value, dict):
        return {k: spec(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return [spec(v) for v in value]
    return f"{value.dtype.name} {list(value.shape) if value.shape.rank is not None else None}"


def record():
    import json

    import numpy as np
    import tensorflow as tf

    print(json.dumps({e: facts(tf, np, e) for e in PIPELINES}, indent=None, separators=(",", ":")).replace(
        '},"D.', '},\n"D.'))


if __name__ == "__main__":
    record()
