"""Input pipelines: the elements, types and numbers that TensorFlow gives, and what `fit` makes of them."""

import importlib.util
import json
import pathlib

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.errors import DTypeError, InvalidArgumentError, ShapeError
from graphengine.runtime.loop import CompiledLoop

FOLDER = pathlib.Path(__file__).parents[1] / "data"
KNOWN = json.loads((FOLDER / "pipelines.json").read_text())
_spec = importlib.util.spec_from_file_location("pipelines", FOLDER / "pipelines.py")
pipelines = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pipelines)

Dataset = tf.data.Dataset


def test_all_pipelines_are_recorded():
    assert list(KNOWN) == pipelines.PIPELINES


@pytest.mark.parametrize("expression", KNOWN)
def test_as_tensorflow(expression):
    assert pipelines.facts(tf, np, expression) == KNOWN[expression]


def numbers(dataset):
    return [int(x) for x in dataset]


def test_shuffle_gives_each_element_once_in_another_order_each_time():
    whole = Dataset.range(100).shuffle(100, seed=3)
    first, second = numbers(whole), numbers(whole)
    assert sorted(first) == sorted(second) == list(range(100)) and first != second != list(range(100))
    assert numbers(Dataset.range(100).shuffle(100, seed=3)) == first
    near = numbers(Dataset.range(100).shuffle(5, seed=3))
    assert sorted(near) == list(range(100)) and max(v - k for k, v in enumerate(near)) < 5
    fixed = Dataset.range(100).shuffle(100, reshuffle_each_iteration=False)
    assert numbers(fixed) == numbers(fixed)


@pytest.mark.parametrize("count, size, drop_remainder", [(10, 3, False), (10, 3, True), (10, 20, False), (1, 1, True),
                                                         (0, 4, False)])
def test_batches_of_shuffled_rows_are_cut_at_once(monkeypatch, count, size, drop_remainder):
    """The rows of each pass are in the order in which they come without batches, and are never taken one by one."""
    x = np.asfortranarray(np.arange(count * 6, dtype=np.float32).reshape(count, 2, 3))
    rows = Dataset.from_tensor_slices({"x": x, "n": np.arange(count)})
    one_by_one = rows.shuffle(20, seed=5)
    orders = [[int(e["n"]) for e in one_by_one] for _ in range(2)]
    batches = rows.shuffle(20, seed=5).batch(size, drop_remainder)
    monkeypatch.setattr("graphengine.data.sources.pieces", None)
    monkeypatch.setattr("graphengine.data.dataset.stacked", None)
    for order in orders:
        parts = [order[k:k + size] for k in range(0, count, size)]
        expected = [part for part in parts if len(part) == size or not drop_remainder]
        got = list(batches)
        assert [b["n"].numpy().tolist() for b in got] == expected
        assert all(np.array_equal(b["x"].numpy(), x[part]) for b, part in zip(got, expected, strict=True))
    assert count < 2 or orders[0] != orders[1]


def test_shuffle_follows_from_the_seed_of_all():
    def order():
        tf.random.set_seed(7)
        return numbers(Dataset.range(50).shuffle(50))

    assert order() == order() != list(range(50))


def test_sample_from_datasets_takes_all_by_weight():
    mixed = Dataset.sample_from_datasets([Dataset.range(50), Dataset.range(100, 150)], [0.5, 0.5], seed=1)
    assert sorted(numbers(mixed)) == [*range(50), *range(100, 150)]


@pytest.mark.parametrize("weights", [[1.0, 0.0], (1, 0), np.array([0.5, 0.0])])
def test_a_dataset_of_weight_0_is_never_drawn_from(weights):
    assert numbers(Dataset.sample_from_datasets([Dataset.range(3), Dataset.range(10, 13)], weights)) == [0, 1, 2]
    assert numbers(Dataset.sample_from_datasets([Dataset.range(3), Dataset.range(10, 13)], [0.0, 0.0])) == []


@pytest.mark.parametrize("names", ["a", "ba"])
def test_types_and_shapes_of_generators_may_be_dicts(names):
    types = {name: tf.int32 if name == "a" else tf.float32 for name in names}
    shapes = {"a": (), "b": (2,)}
    given = Dataset.from_generator(lambda: iter([{"a": 1, "b": [2, 3]}]), types, {name: shapes[name] for name in names})
    assert given.element_spec == {name: tf.TensorSpec(shapes[name], types[name]) for name in names}


def test_reduce_and_single_element():
    assert int(Dataset.range(5).reduce(np.int64(0), lambda s, x: s + x)) == 10
    assert int(Dataset.range(1).get_single_element()) == 0
    with pytest.raises(InvalidArgumentError, match="more than one"):
        Dataset.range(2).get_single_element()


@pytest.mark.parametrize("make, error, says", [
    (lambda: Dataset.from_tensor_slices(3.0), ShapeError, "no rows"),
    (lambda: Dataset.from_tensor_slices((np.ones(3), np.ones(2))), ShapeError, "3 and 2 rows"),
    (lambda: Dataset.from_tensor_slices(["a", "b"]), DTypeError, "tensors of numbers only"),
    (lambda: Dataset.range(3).batch(0), InvalidArgumentError, "batch_size=0"),
    (lambda: Dataset.range(3).shuffle(0), InvalidArgumentError, "buffer_size=0"),
    (lambda: list(Dataset.range(1, 3).map(lambda x: tf.fill([x], x)).batch(2)), ShapeError, "padded_batch"),
    (lambda: len(Dataset.range(3).repeat()), TypeError, "infinite"),
    (lambda: len(Dataset.range(3).filter(lambda x: x > 1)), TypeError, "unknown"),
    (lambda: tf.data.TFRecordDataset, AttributeError, "files are read by Python"),
])
def test_errors(make, error, says):
    with pytest.raises(error, match=says):
        make()


# -------------------------------------------------------------------- models

def model():
    keras.utils.set_random_seed(1)
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    made.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


@pytest.fixture
def arrays(rng):
    return rng.normal(size=(50, 4)).astype(np.float32), rng.integers(0, 3, 50)


def test_rows_in_batches_are_trained_on_in_the_compiled_loop(arrays, monkeypatch):
    ran = []
    run = CompiledLoop.run
    monkeypatch.setattr(CompiledLoop, "run", lambda self, steps, *args: (ran.append(steps), run(self, steps, *args))[1])
    made = model()
    dataset = Dataset.from_tensor_slices(arrays).batch(16).prefetch(tf.data.AUTOTUNE)
    found = made.fit(dataset, epochs=2, validation_data=dataset, verbose=0)
    assert ran == [3, 1] * 4
    known = model()
    expected = known.fit(*arrays, batch_size=16, epochs=2, shuffle=False, validation_data=arrays, verbose=0,
                         validation_batch_size=16)
    assert found.history == expected.history
    np.testing.assert_array_equal(made.predict(dataset, verbose=0), known.predict(arrays[0], verbose=0, batch_size=16))
    assert made.evaluate(dataset, verbose=0) == known.evaluate(*arrays, verbose=0, batch_size=16)


def test_other_pipelines_give_the_same(arrays):
    """What has a function in it is taken batch by batch."""
    made, known = model(), model()
    dataset = Dataset.from_tensor_slices(arrays).map(lambda x, y: (x, y)).batch(16)
    found = made.fit(dataset, epochs=2, verbose=0).history
    expected = known.fit(Dataset.from_tensor_slices(arrays).batch(16), epochs=2, verbose=0).history
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5)


def test_an_endless_dataset_goes_on_where_the_epoch_before_ended(arrays):
    """5 batches of 10, 3 steps an epoch: two epochs take batches 0 to 2, then 3, 4 and 0."""
    seen = []
    x, _ = arrays
    y = np.repeat(np.arange(5) % 3, 10)
    x[:, 0] = np.repeat(np.arange(5), 10)

    def noted(a, b):
        if tf.executing_eagerly():
            seen.append(float(a[0, 0]))
        return a, b

    dataset = Dataset.from_tensor_slices((x, y)).batch(10).map(noted).repeat()
    model().fit(dataset, steps_per_epoch=3, epochs=2, verbose=0)
    assert seen[:6] == [0, 1, 2, 3, 4, 0]


@pytest.mark.parametrize("change", [lambda d: d, lambda d: d.map(lambda x, y: (x, y))], ids=["rows", "batches"])
def test_weights_of_classes(arrays, change):
    made, known = model(), model()
    weights = {0: 1.0, 1: 0.25, 2: 3.0}
    found = made.fit(change(Dataset.from_tensor_slices(arrays).batch(16)), class_weight=weights, verbose=0).history
    expected = known.fit(*arrays, batch_size=16, shuffle=False, class_weight=weights, verbose=0).history
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-5)


def test_what_belongs_into_the_batches(arrays):
    dataset = Dataset.from_tensor_slices(arrays).batch(16)
    for more in ({"y": arrays[1]}, {"sample_weight": arrays[1]}, {"validation_split": 0.5}):
        with pytest.raises(InvalidArgumentError, match="x gives batches"):
            model().fit(dataset, **more, verbose=0)


def test_dropped_remainder_drops_the_rows(arrays):
    steps = []
    watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(batch))
    model().fit(Dataset.from_tensor_slices(arrays).batch(16, drop_remainder=True), verbose=0, callbacks=[watch])
    assert steps == [0, 1, 2]


def test_normalization_adapts_to_a_dataset(arrays):
    layer = keras.layers.Normalization()
    layer.adapt(Dataset.from_tensor_slices(arrays[0]).batch(7))
    np.testing.assert_allclose(layer.mean.numpy().ravel(), arrays[0].mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.variance.numpy().ravel(), arrays[0].var(0), rtol=1e-5)


# Recorded from Keras 3.15: keras.utils.timeseries_dataset_from_array(np.arange(10), ...).
def test_windows_of_a_time_series():
    def windows(**kwargs):
        return [[e.numpy().tolist() for e in (b if isinstance(b, tuple) else (b,))] for b in
                keras.utils.timeseries_dataset_from_array(np.arange(10), **kwargs)]

    assert windows(targets=None, sequence_length=3, sequence_stride=2, batch_size=3) == [
        [[[0, 1, 2], [2, 3, 4], [4, 5, 6]]], [[[6, 7, 8]]]]
    assert windows(targets=np.arange(3, 10), sequence_length=3, batch_size=4) == [
        [[[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]], [3, 4, 5, 6]], [[[4, 5, 6], [5, 6, 7], [6, 7, 8]], [7, 8, 9]]]
    assert windows(targets=None, sequence_length=3, sampling_rate=2, start_index=1, end_index=8, batch_size=9) == [
        [[[1, 3, 5], [2, 4, 6], [3, 5, 7]]]]


def test_groups_of_elements_with_the_same_key():
    groups = Dataset.range(10).group_by_window(lambda x: x % 2, lambda key, window: window.batch(5), 5)
    assert [g.numpy().tolist() for g in groups] == [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]
    rest = Dataset.range(7).group_by_window(lambda x: x % 3, lambda key, window: window.batch(2), 2)
    assert [g.numpy().tolist() for g in rest] == [[0, 3], [1, 4], [2, 5], [6]]


def test_batches_of_about_the_same_length():
    lists = [[0], [1, 2, 3, 4], [5, 6, 7], [7, 8, 9, 10, 11], [13, 14, 15, 16, 19, 20], [21, 22]]
    ragged = Dataset.from_generator(lambda: iter(lists), output_signature=tf.TensorSpec([None], tf.int64))
    found = ragged.bucket_by_sequence_length(lambda x: tf.shape(x)[0], [3, 5], [2, 2, 2])
    assert [g.numpy().tolist() for g in found] == [
        [[1, 2, 3, 4], [5, 6, 7, 0]], [[7, 8, 9, 10, 11, 0], [13, 14, 15, 16, 19, 20]], [[0, 0], [21, 22]]]
    with pytest.raises(InvalidArgumentError, match="2 batch sizes and 2 boundaries"):
        ragged.bucket_by_sequence_length(lambda x: 1, [3, 5], [2, 2])
