"""What datasets are made of, or left out of them, by methods that few programs need, and by their former names."""
import errno
import json
import os
import threading

import numpy as np
import pytest

import graphengine as tf

ex = tf.data.experimental
OLD = {                                     # what a transformation makes of 0 .. 5, recorded from TensorFlow 2.21
    "bucket": (lambda: ex.bucket_by_sequence_length(lambda x: x, [3], [2, 2]), [[0, 1], [3, 4], [2], [5]]),
    "enumerate": (lambda: ex.enumerate_dataset(3), [(3, 0), (4, 1), (5, 2), (6, 3), (7, 4), (8, 5)]),
    "group_by_window": (lambda: ex.group_by_window(lambda x: x % 2, lambda k, w: w.batch(3), 3),
                        [[0, 2, 4], [1, 3, 5]]),
    "group_by_reducer": (lambda: ex.group_by_reducer(lambda x: x % 3, ex.Reducer(
        lambda key: np.int64(0), lambda state, x: state + x, lambda state: state * 10)), [30, 50, 70]),
    "map_and_batch": (lambda: ex.map_and_batch(lambda x: x * x, 4), [[0, 1, 4, 9], [16, 25]]),
    "parallel_interleave": (lambda: ex.parallel_interleave(
        lambda x: tf.data.Dataset.from_tensors(x).repeat(2), 2), [0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5]),
    "scan": (lambda: ex.scan(np.int64(0), lambda s, x: (s + x, s + x)), [0, 1, 3, 6, 10, 15]),
    "take_while": (lambda: ex.take_while(lambda x: x < 2), [0, 1]),
    "unique": (lambda: ex.unique(), [0, 1, 2, 3, 4, 5]),
}


def listed(dataset):
    return [x.tolist() if isinstance(x, np.ndarray) else x for x in dataset.as_numpy_iterator()]


@pytest.mark.parametrize("name", OLD)
def test_transformations_by_their_old_names(name):
    make, expected = OLD[name]
    assert listed(tf.data.Dataset.range(6).apply(make())) == expected


def test_unbatch_and_shuffle():
    assert listed(tf.data.Dataset.range(6).batch(4).apply(ex.unbatch())) == [0, 1, 2, 3, 4, 5]
    both = listed(tf.data.Dataset.range(6).apply(ex.shuffle_and_repeat(6, 2, 1)))
    assert sorted(both[:6]) == sorted(both[6:]) == [0, 1, 2, 3, 4, 5]


def test_numbers_without_end():
    assert listed(ex.Counter(1, 2).take(2)) == [1, 3] and int(ex.Counter().cardinality()) == -1
    assert ex.Counter(dtype=tf.int32).element_spec == tf.TensorSpec((), "int32")
    drawn = tf.data.Dataset.random(seed=1).take(3)
    assert listed(drawn) == listed(drawn) == listed(ex.RandomDataset(seed=1).take(3))
    assert all(0 <= n < 2**32 for n in listed(drawn)) and drawn.element_spec == tf.TensorSpec((), "int64")
    other = tf.data.Dataset.random(1, rerandomize_each_iteration=True).take(3)
    assert listed(other) != listed(other)


def test_lists_and_single_elements():
    pairs = ex.from_list([(1, 2.5), (3, 4.5)])
    assert listed(pairs) == [(1, 2.5), (3, 4.5)] and len(pairs) == 2
    for wrong in ([], [1, (2, 3)]):
        with pytest.raises(ValueError, match=r"empty|differ"):
            ex.from_list(wrong)
    assert int(ex.get_single_element(tf.data.Dataset.range(1))) == 0
    assert int(ex.at(tf.data.Dataset.range(3), 2)) == 2
    for k in (3, -1):
        with pytest.raises(tf.errors.OutOfRangeError, match=f"no element {k}"):
            ex.at(tf.data.Dataset.range(3), k)


def test_choice_goes_on_behind_a_dataset_that_has_ended():
    three = tf.data.Dataset.range(3)
    choices = tf.data.Dataset.from_tensor_slices(np.array([0, 1, 0, 1, 0, 0, 1]))
    assert listed(ex.choose_from_datasets([three, three], choices)) == [0, 0, 1, 1, 2, 2]


def test_an_iterator_gives_its_elements_and_tells_the_end():
    iterator = iter(tf.data.Dataset.range(2))
    assert isinstance(iterator, tf.data.Iterator) and iterator.element_spec == tf.TensorSpec((), "int64")
    assert [int(iterator.get_next()), int(next(iterator))] == [0, 1]
    with pytest.raises(tf.errors.OutOfRangeError, match="End of sequence"):
        iterator.get_next()


def test_elements_that_raise_errors_are_left_out(caplog):
    inverse = tf.data.Dataset.from_tensor_slices([1.0, 2.0, 0.0, 4.0]).map(
        lambda x: tf.debugging.check_numerics(1.0 / x, "division"))
    assert listed(inverse.apply(ex.ignore_errors())) == [1.0, 0.5, 0.25]
    assert listed(inverse.map(lambda x: x * 2).filter(lambda x: x < 2).ignore_errors(log_warning=True)) == [1.0, 0.5]
    assert "division" in caplog.text and int(inverse.ignore_errors().cardinality()) == -2


BEHIND_AN_ERROR = {                         # recorded from TensorFlow
    "batch": (lambda d: d.batch(2), [[0, 1], [4, 5], [6, 7]]),
    "take": (lambda d: d.take(5), [0, 1, 3, 4, 5]),
    "skip": (lambda d: d.skip(1), [1, 3, 4, 5, 6, 7]),
    "enumerate": (lambda d: d.enumerate().map(lambda k, x: k), [0, 1, 3, 4, 5, 6, 7]),
    "repeat": (lambda d: d.repeat(2), [0, 1, 3, 4, 5, 6, 7] * 2),
    "flat_map": (lambda d: d.flat_map(tf.data.Dataset.from_tensors), [0, 1, 3, 4, 5, 6, 7]),
    "zip": (lambda d: tf.data.Dataset.zip((d, d)).map(lambda a, b: a * 10 + b), [0, 11, 33, 44, 55, 66, 77]),
    "interleave": (lambda d: d.interleave(lambda x: tf.data.Dataset.from_tensors(x).repeat(2), 2, 1),
                   [0, 1, 0, 1, 3, 4, 3, 4, 5, 6, 5, 6, 7, 7]),
    "cache": (lambda d: d.cache(), [0, 1, 3, 4, 5, 6, 7]),
    "concatenate": (lambda d: d.concatenate(tf.data.Dataset.range(2)), [0, 1, 3, 4, 5, 6, 7, 0, 1]),
    "shard": (lambda d: d.shard(3, 1), [1, 5]),
    "scan": (lambda d: d.scan(np.int64(0), lambda s, x: (s + x, s + x)), [0, 1, 4, 8, 13, 19, 26]),
    "unbatch": (lambda d: d.map(lambda x: tf.stack([x, x])).unbatch(), [0, 0, 1, 1, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7]),
    "unique": (lambda d: d.map(lambda x: x // 2).unique(), [0, 1, 2, 3]),
    "take_while": (lambda d: d.take_while(lambda x: x < 6), [0, 1, 3, 4, 5]),
    "window": (lambda d: d.window(2).flat_map(lambda w: w), [0, 1, 4, 5, 6, 7]),
}


def one_raises():
    def made(x):
        if int(x) == 2:
            raise tf.errors.InvalidArgumentError(None, None, "two")
        return x

    return tf.data.Dataset.range(8).map(made)


@pytest.mark.parametrize("name", BEHIND_AN_ERROR)
def test_elements_behind_an_error(name):
    change, expected = BEHIND_AN_ERROR[name]
    assert [x.tolist() for x in change(one_raises()).ignore_errors().as_numpy_iterator()] == expected


def test_elements_behind_an_error_in_another_order():
    assert sorted(listed(one_raises().shuffle(3).ignore_errors())) == [0, 1, 3, 4, 5, 6, 7]


def test_threads_share_an_iterator():
    numbers, taken = iter(tf.data.Dataset.range(400).batch(1).unbatch().shuffle(8)), []
    threads = [threading.Thread(target=lambda: taken.extend(int(x) for x in numbers)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(400))


def test_a_number_of_elements_is_asserted():
    four = tf.data.Dataset.range(6).filter(lambda x: x < 4)
    known = four.apply(ex.assert_cardinality(4))
    assert len(known) == 4 and listed(known) == [0, 1, 2, 3]
    for wrong, said in ((3, "3 elements but contained more"), (5, "5 elements but contained 4")):
        with pytest.raises(tf.errors.FailedPreconditionError, match=said):
            list(four.apply(ex.assert_cardinality(wrong)))


def test_dicts_are_padded_to_a_number():
    two = tf.data.Dataset.from_tensor_slices({"a": [[1, 2], [3, 4]]})
    filled = list(two.apply(ex.pad_to_cardinality(3)).as_numpy_iterator())
    assert [d["a"].tolist() for d in filled] == [[1, 2], [3, 4], [0, 0]]
    assert [bool(d["valid"]) for d in filled] == [True, True, False]
    for wrong, count in ((two, 1), (tf.data.Dataset.range(2), 3), (two.filter(lambda d: True), 3)):
        with pytest.raises(ValueError, match="it takes dicts"):
            wrong.apply(ex.pad_to_cardinality(count))


@pytest.mark.parametrize("known", [None, [0.5, 0.5]])
def test_classes_are_resampled_to_their_shares(known):
    parity = tf.data.Dataset.range(4000).map(lambda x: x % 2)
    found = listed(parity.apply(ex.rejection_resample(lambda x: tf.cast(x, tf.int32), [0.2, 0.8], known, seed=1)))
    assert all(of == element for of, element in found)
    assert abs(np.mean([of for of, _ in found]) - 0.8) < 0.04 and len(found) > 2000


# -------------------------------------------------------------------- files

def of_many_kinds():
    return tf.data.Dataset.range(3).map(
        lambda k: (tf.range(k), {"x": tf.cast(k, tf.float32), "y": (tf.zeros([0, 2]), k > 1)}))


def test_elements_of_several_ranks_are_kept(tmp_path):
    wanted = [np.zeros((2, 0)), np.float64(3.0), np.ones((2, 3)), np.arange(4.0)]
    spec = tf.TensorSpec(None, tf.float64)
    tf.data.Dataset.from_generator(lambda: iter(wanted), output_signature=spec).save(tmp_path / "d")
    back = [x.numpy() for x in tf.data.Dataset.load(tmp_path / "d")]
    assert [x.shape for x in back] == [np.shape(x) for x in wanted]
    for x, y in zip(back, wanted, strict=True):
        np.testing.assert_array_equal(x, y)


def test_a_dataset_is_read_from_the_folder_it_was_written_to(tmp_path):
    of_many_kinds().save(tmp_path / "d")
    back = tf.data.Dataset.load(tmp_path / "d")
    assert len(back) == 3 and repr(back.element_spec) == repr(of_many_kinds().element_spec)
    for (n, d), (n2, d2) in zip(of_many_kinds().as_numpy_iterator(), back.as_numpy_iterator(), strict=True):
        np.testing.assert_array_equal(n, n2)
        assert d["x"] == d2["x"] and d["y"][1] == d2["y"][1] and d2["y"][0].shape == (0, 2)
    ex.save(tf.data.Dataset.range(0), tmp_path / "none")
    assert listed(ex.load(tmp_path / "none")) == []


def test_a_save_that_fails_leaves_the_dataset_that_was_there(tmp_path, monkeypatch):
    tf.data.Dataset.range(5).save(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    replace = os.replace

    def full(source, target):
        if str(target).endswith("dataset.json"):
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as m:
        m.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            tf.data.Dataset.range(100, 105).save(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    tf.data.Dataset.range(100, 103).save(tmp_path)
    assert listed(tf.data.Dataset.load(tmp_path)) == [100, 101, 102] and len(list(tmp_path.iterdir())) == 2


def test_a_snapshot_is_written_once(tmp_path):
    calls = []
    counted = tf.data.Dataset.range(3).filter(lambda x: calls.append(1) or x >= 0)
    for _ in range(2):
        assert listed(counted.apply(ex.snapshot(tmp_path / "s"))) == [0, 1, 2]
    assert len(calls) == 3


def test_a_snapshot_takes_no_more_than_is_asked_for(tmp_path):
    calls = []
    counted = tf.data.Dataset.range(3).repeat().filter(lambda x: calls.append(1) or x >= 0)
    assert listed(counted.snapshot(tmp_path / "s").take(5)) == [0, 1, 2, 0, 1]
    assert len(calls) == 5 and not (tmp_path / "s").exists()


def test_a_range_keeps_the_type_of_its_limit():
    assert tf.range(tf.constant(3, tf.int64)).dtype is tf.int64 and tf.range(tf.constant(3)).dtype is tf.int32


def test_folders_that_hold_no_dataset(tmp_path):
    with pytest.raises(tf.errors.NotFoundError, match="holds no dataset"):
        tf.data.Dataset.load(tmp_path)
    tf.data.Dataset.range(3).save(tmp_path)
    index = tmp_path / "dataset.json"
    whole = json.loads(index.read_text())
    for part, value in (("count", 2), ("count", "x"), ("element", {"dtype": "float32", "shape": []}), ("format", "x"),
                        ("element", {"tuple": [{"dtype": "int64", "shape": []}] * 2}), ("element", {"tuple": []}),
                        ("element", {"dtype": "int64", "shape": [5]}), ("arrays", "../elements"), ("arrays", 3)):
        index.write_text(json.dumps({**whole, part: value}))
        with pytest.raises(tf.errors.DataLossError, match="damaged"):
            tf.data.Dataset.load(tmp_path)


def test_arrays_of_equal_bytes_and_other_shapes_are_other_elements():
    arrays = [np.zeros((2, 1)), np.zeros((1, 2)), np.zeros(2), np.zeros((2, 1))]
    source = tf.data.Dataset.from_generator(lambda: iter(arrays), output_signature=tf.TensorSpec(None, tf.float64))
    assert [np.asarray(x).shape for x in source.unique()] == [(2, 1), (1, 2), (2,)]
