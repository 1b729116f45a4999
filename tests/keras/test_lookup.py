"""Lookups of whole numbers and texts; the numbers are Keras 3.15's on TensorFlow 2.21."""
import tracemalloc

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.errors import DTypeError, FailedPreconditionError, InvalidArgumentError, ShapeError
from graphengine.keras import layers
from graphengine.keras.hashing import bucket

VOCABULARY = [12, 36, 1138, 42]
SENTENCES = ["The cat sat, on the MAT.", "the dog"]


def lookup(**arguments):
    return layers.IntegerLookup(vocabulary=VOCABULARY[:2], **arguments)


def test_the_most_frequent_entries_come_first():
    layer = layers.IntegerLookup()
    layer.adapt(np.array([12, 12, 7, 3, 3, 5, 7, 12]))
    assert layer.get_vocabulary() == [-1, 12, 7, 3, 5] and layer.vocabulary_size() == 5
    result = layer(np.array([[12, 99], [7, 5]], "i4"))
    assert result.dtype is tf.int64 and result.numpy().tolist() == [[1, 0], [2, 4]]
    few = layers.IntegerLookup(max_tokens=3)
    few.adapt(tf.data.Dataset.from_tensor_slices([5, 5, 5, 4, 4, 3]).batch(2))
    assert few.get_vocabulary() == [-1, 5, 4]


@pytest.mark.parametrize(("layer", "given", "expected"), [
    (layers.IntegerLookup(vocabulary=VOCABULARY), [[12, 1138, 42], [42, 1000, 36]], [[1, 3, 4], [4, 0, 2]]),
    (layers.IntegerLookup(vocabulary=VOCABULARY, num_oov_indices=2), [[12, 1138], [37, -36]], [[2, 4], [1, 0]]),
    (lookup(mask_token=0), [0, 12, 36, 5], [0, 2, 3, 1]),
    (lookup(num_oov_indices=0), [12, 36], [0, 1]),
    (lookup(output_mode="one_hot"), [[12], [5]], [[0, 1, 0], [1, 0, 0]]),
    (lookup(output_mode="multi_hot"), [[12, 5, 12], [36, 36, 36]], [[1, 1, 0], [0, 0, 1]]),
    (lookup(output_mode="count"), [[12, 5, 12], [36, 36, 36]], [[1, 2, 0], [0, 0, 3]]),
    (lookup(output_mode="multi_hot", max_tokens=6, pad_to_max_tokens=True), [[12, 36]], [[0, 1, 1, 0, 0, 0]]),
    (lookup(output_mode="tf_idf", idf_weights=[0.25, 0.75]), [[12, 5, 12], [36] * 3], [[0.5, 0.5, 0], [0, 0, 2.25]]),
    (layers.IntegerLookup(vocabulary=VOCABULARY, invert=True), [[1, 3, 4], [4, 0, 2]], [[12, 1138, 42], [42, -1, 36]]),
    (layers.StringLookup(vocabulary=["a", "b"], mask_token=""), ["a", "", "q", b"b"], [2, 0, 1, 3]),
    (layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot"), ["a", "q"], [[0, 1, 0], [1, 0, 0]]),
    (layers.StringLookup(vocabulary=["a", "b"], invert=True), [1, 2, 0], ["a", "b", "[UNK]"]),
    (layers.Hashing(num_bins=3), [[1], [2], [3], [4], [5]], [[0], [1], [0], [2], [1]]),
    (layers.Hashing(num_bins=100), [0, -1, 12345678901, 7], [35, 30, 32, 88]),
    (layers.Hashing(num_bins=100), ["A", "B"], [64, 28]),
    (layers.Hashing(num_bins=1, mask_value=0), [5, 0], [0, 0]),
    (layers.Hashing(num_bins=1, mask_value=0, output_mode="one_hot"), [5, 0], [[1], [1]]),
    (layers.Hashing(num_bins=2, mask_value=0), [5, 0], [1, 0]),
    (layers.Hashing(num_bins=100, salt=[133, 137]), [0, 1, 2], [69, 26, 57]),
])
def test_numbers_of_entries(layer, given, expected):
    result = layer(np.array(given))
    assert np.asarray(result).tolist() == expected
    again = type(layer).from_config(layer.get_config())
    assert np.asarray(again(np.array(given))).tolist() == expected


def test_weights_of_rare_entries():
    layer = layers.IntegerLookup(output_mode="tf_idf")
    layer.adapt(np.array([[1, 2, 2], [2, 3, 4], [2, 2, 2]]))
    assert layer.get_vocabulary() == [-1, 2, 4, 3, 1]
    np.testing.assert_allclose(layer(np.array([[1, 2, 9]])), [[0.82712203, 0.5596158, 0, 0, 0.91629076]], rtol=1e-6)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_type_of_hashed_vectors(mode):
    for given in ([36, 7], ["A", "B"]):         # as Keras 3.15
        found = layers.Hashing(num_bins=4, output_mode=mode)(np.array(given))
        assert found.dtype.name == ("int64" if mode == "int" else "float32")


def test_in_a_model_that_is_saved(tmp_path):
    number, code = keras.Input((1,)), keras.Input((1,), dtype="int64")
    known = lookup(output_mode="one_hot")(code)
    binned = layers.Hashing(num_bins=4, output_mode="one_hot")(code)
    model = keras.Model([number, code], layers.concatenate([number, known, binned]))
    given = [np.array([[0.5], [1.5]], "f4"), np.array([[36], [7]])]
    expected = np.concatenate([given[0], [[0, 0, 1], [1, 0, 0]], np.eye(4)[[bucket(b"36", 4), bucket(b"7", 4)]]], 1)
    np.testing.assert_array_equal(model.predict(given, verbose=0), expected)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(given, verbose=0), expected)


@pytest.mark.parametrize(("arguments", "texts", "vocabulary", "given", "expected"), [
    ({}, SENTENCES, ["", "[UNK]", "the", "sat", "on", "mat", "dog", "cat"], ["the mat", "a dog sat on it!"],
     [[2, 5, 0, 0, 0], [1, 6, 3, 4, 1]]),
    ({"max_tokens": 5, "output_sequence_length": 4}, SENTENCES, ["", "[UNK]", "the", "sat", "on"],
     ["the mat", "a dog sat on it!"], [[2, 1, 0, 0], [1, 1, 3, 4]]),
    ({"ngrams": 2, "output_mode": "multi_hot"}, ["the cat sat", "the dog"],
     ["[UNK]", "the", "the dog", "the cat", "sat", "dog", "cat sat", "cat"], ["the cat"], [[0, 1, 0, 1, 0, 0, 0, 1]]),
    ({"split": "character", "standardize": "lower"}, ["Ab b"], ["", "[UNK]", "b", "a", " "], ["ab"], [[3, 2]]),
    ({"output_mode": "count", "max_tokens": 3}, ["the cat", "the dog"], ["[UNK]", "the", "dog"], ["the the cat zz"],
     [[2, 2, 0]]),
    ({"standardize": lambda text: text.upper(), "split": lambda text: text.split(";")}, ["a;b;b"],
     ["", "[UNK]", "B", "A"], [["b;c"]], [[2, 1]]),
])
def test_words(arguments, texts, vocabulary, given, expected):
    layer = layers.TextVectorization(**arguments)
    layer.adapt(texts)
    assert layer.get_vocabulary() == vocabulary
    assert layer(given).numpy().tolist() == expected


@pytest.mark.parametrize(("arguments", "given", "expected"), [
    ({}, [["a b"], ["b a"]], [[2, 3], [3, 2]]),
    ({}, [[["a b"], ["b"]]], [[[2, 3], [3, 0]]]),
    ({"split": None}, [["a", "b"], ["b", "q"]], [[2, 3], [3, 1]]),
    ({"split": None}, [[["a", "b"], ["b", "q"]]], [[[2, 3], [3, 1]]]),
    ({"split": None}, ["a", "b"], [2, 3]),
    ({"split": None}, "a", 2),
    ({"split": None, "output_sequence_length": 3}, [["a", "b"], ["b", "q"]], [[2, 3, 0], [3, 1, 0]]),
    ({"split": None, "ngrams": 2}, [["a", "b"], ["b", "q"]], [[2, 3, 4], [3, 1, 1]]),
    ({"split": None, "output_mode": "count"}, [["a", "b"], ["b", "q"]], [[0, 1, 1, 0], [1, 0, 1, 0]]),
    ({"split": None, "output_mode": "count"}, ["a", "q"], [1, 1, 0, 0]),
    ({"split": None, "output_mode": "count"}, "a", [0, 1, 0, 0]),
    ({"vocabulary": ["é", "a", "b"]}, ["É", "é", "A"], [[1], [2], [3]]),
    ({"vocabulary": ["k"]}, ["\u212a", "K"], [[1], [2]]),
    ({}, ["a\u00a0b", "a\x1cb", "a\x85b", "a\u2003b", "a\x0bb", "a\x0cb", "a\rb"],
     [[1, 0], [1, 0], [1, 0], [1, 0], [2, 3], [2, 3], [2, 3]]),
])
def test_texts_of_any_shape(arguments, given, expected):
    layer = layers.TextVectorization(**{"vocabulary": ["a", "b", "a b"], **arguments})
    assert layer(given).numpy().tolist() == expected


def test_words_of_rows_are_found():
    layer = layers.TextVectorization(split=None, output_mode="tf_idf")
    layer.adapt([["a", "b"], ["b", "q"]])
    assert layer.get_vocabulary() == ["[UNK]", "b", "q", "a"]
    np.testing.assert_allclose(layer([["a", "b"], ["b", "q"]]), [[0, 0.51082563, 0, 0.6931472],
                                                                [0, 0.51082563, 0.6931472, 0]], rtol=1e-6)
    alone = layers.TextVectorization(split=None, output_mode="tf_idf")
    alone.adapt(["a", "b", "b", "q"])
    np.testing.assert_allclose(alone(["a", "b", "b"]), [0, 1.6945957, 0, 1.0986123], rtol=1e-6)


def test_no_texts():
    assert layers.TextVectorization(vocabulary=["a"])([]).shape == (0, 0)
    assert layers.StringLookup(vocabulary=["a"])([]).shape == (0,)
    for mode in ("multi_hot", "count"):
        assert layers.CategoryEncoding(3, output_mode=mode)(np.zeros((1, 0), "i4")).numpy().tolist() == [[0, 0, 0]]
        assert layers.TextVectorization(vocabulary=["a"], output_mode=mode)(["", ""]).numpy().tolist() == [[0, 0]] * 2
    layer = layers.TextVectorization()
    layer.adapt([])
    assert layer.get_vocabulary() == ["", "[UNK]"]


@pytest.mark.parametrize("data", [
    ["word"] * 300 + ["x " * 20_000], lambda: iter([["word"] * 300 + ["x " * 20_000]])], ids=["a list", "batches"])
def test_a_long_text_does_not_make_the_others_long(data):
    tracemalloc.start()
    try:
        layer = layers.TextVectorization()
        layer.adapt(data() if callable(data) else data)
        assert tracemalloc.get_traced_memory()[1] < 20e6        # as numpy's texts 301 x 40,000 x 4 bytes, 48 MB
    finally:
        tracemalloc.stop()
    assert layer.get_vocabulary() == ["", "[UNK]", "x", "word"]


def test_words_that_few_texts_have():
    layer = layers.TextVectorization(output_mode="tf_idf")
    layer.adapt(["the cat", "the dog"])
    np.testing.assert_allclose(layer(["the the cat zz"]), [[0.63237333, 1.02165127, 0, 0.69314718]], rtol=1e-6)
    assert layers.TextVectorization(vocabulary=["x"])("x y").numpy().tolist() == [2, 1]


def test_a_vocabulary_in_a_file(tmp_path):
    (tmp_path / "words.txt").write_text("[UNK]\nred\ngreen\n", "utf-8")
    layer = layers.StringLookup(vocabulary=tmp_path / "words.txt")
    assert layer.get_vocabulary() == ["[UNK]", "red", "green"]


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: layers.IntegerLookup()([1]), FailedPreconditionError, "adapt"),
    (lambda: layers.StringLookup()(["a"]), FailedPreconditionError, "adapt"),
    (lambda: layers.IntegerLookup(vocabulary=[1, 1]), InvalidArgumentError, "1 twice"),
    (lambda: layers.IntegerLookup(vocabulary=[1, 2], max_tokens=2), InvalidArgumentError, "max_tokens=2"),
    (lambda: lookup(output_mode="tf_idf"), InvalidArgumentError, "idf_weights"),
    (lambda: lookup(num_oov_indices=0)([37]), InvalidArgumentError, "vocabulary"),
    (lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=0)(["b"]), InvalidArgumentError, "'b' is not"),
    (lambda: layers.StringLookup(vocabulary=["a"])([1]), DTypeError, "takes texts"),
    (lambda: layers.StringLookup(vocabulary=["a"])(np.array(["a", np.nan], object)), DTypeError, "float"),
    (lambda: layers.StringLookup().adapt(np.array([1, 2])), DTypeError, "takes texts"),
    (lambda: layers.StringLookup().adapt([["a"], ["b", "c"]]), DTypeError, "list"),
    (lambda: layers.TextVectorization(vocabulary=["a"])([["a b", "c"]]), ShapeError, r"\(1, 2\)"),
    (lambda: layers.TextVectorization().adapt([["a b", "c"]]), ShapeError, "split=None"),
    (lambda: layers.TextVectorization(vocabulary=["a"])(keras.Input(())), DTypeError, "on a symbol"),
    (lambda: layers.Hashing(num_bins=3)([0.5]), DTypeError, "whole numbers"),
    (lambda: layers.Hashing(num_bins=0), ValueError, "num_bins"),
    (lambda: lookup(output_mode="ragged"), ValueError, "output_mode"),
    (lambda: lookup(sparse=True), ValueError, "dense"),
])
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(("text", "fast", "keyed"), [
    (b"", 397263, 450900), (b"a", 363939, 841354), (b"word", 554880, 109134), (b"graphengine", 457885, 186002),
    (b"a text of more than 16", 640101, 597268), (b"t" * 40, 439005, 119888), (b"long " * 30, 105063, 66149),
])
def test_buckets_are_tensorflows(text, fast, keyed):
    """Recorded from `tf.strings.to_hash_bucket_fast` and `to_hash_bucket_strong`."""
    assert bucket(text, 10**6) == fast and bucket(text, 10**6, (133, 137)) == keyed


@pytest.mark.parametrize("change", [
    lambda layer: layer.set_vocabulary([3, 2, 1]), lambda layer: layer.adapt(np.array([3, 3, 7])),
], ids=["set_vocabulary", "adapt"])
def test_a_model_follows_its_vocabulary(change):
    layer, x = layers.IntegerLookup(vocabulary=[1, 2, 3]), np.array([[3]])
    inside = keras.Sequential([keras.Input((1,), dtype="int64"), layer])
    model = keras.Sequential([keras.Input((1,), dtype="int64"), inside])
    model.compile(loss="mse")
    results = lambda: [int(model(x)), model.predict(x, verbose=0).item(), model.evaluate(x, x, verbose=0)]
    assert results() == [3, 3, 0]
    change(layer)
    assert results() == [1, 1, 4]


def test_a_model_follows_its_boundaries():
    layer, x = layers.Discretization(num_bins=3), np.array([[5.0]])
    layer.adapt(np.arange(10.0))
    model = keras.Sequential([keras.Input((1,)), layer])
    assert [int(model(x)), model.predict(x, verbose=0).item()] == [1, 1]
    layer.adapt(np.arange(100.0))
    assert [int(model(x)), model.predict(x, verbose=0).item()] == [0, 0]
