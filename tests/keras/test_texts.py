"""Keras 1's tokenizer; the numbers are those of `tf.keras.preprocessing.text` in TensorFlow 2.21."""
import numpy as np
import pytest

from graphengine.errors import FailedPreconditionError, FileFormatError
from graphengine.keras.preprocessing import text

TEXTS = ["The cat sat on the mat.", "The dog ate my homework; the cat too!", ["Own", "words", "cat"]]
GIVEN = ["the cat flew on the mat", "dog"]


def fitted(**arguments):
    made = text.Tokenizer(**arguments)
    made.fit_on_texts(TEXTS)
    return made


def test_numbers_of_words():
    made = fitted()
    assert list(made.word_index) == ["the", "cat", "sat", "on", "mat", "dog", "ate", "my", "homework", "too", "own",
                                     "words"]
    assert made.texts_to_sequences(GIVEN) == [[1, 2, 4, 1, 5], [6]]
    assert made.sequences_to_texts([[1, 99, 2]]) == ["the cat"]


def test_words_that_are_too_rare_or_unknown():
    few = fitted(num_words=3)
    assert few.texts_to_sequences(GIVEN) == [[1, 2, 1], []]
    marked = fitted(num_words=4, oov_token="<oov>")
    assert marked.texts_to_sequences(GIVEN) == [[2, 3, 1, 1, 2, 1], [1]]
    assert marked.sequences_to_texts([[2, 9, 99]]) == ["the <oov> <oov>"]
    assert fitted(lower=False, oov_token="?").texts_to_sequences(GIVEN) == [[4, 2, 1, 6, 4, 7], [8]]


def test_characters():
    made = text.Tokenizer(char_level=True)
    made.fit_on_texts(TEXTS[:2])
    assert list(made.word_index.items())[:6] == [(" ", 1), ("t", 2), ("e", 3), ("o", 4), ("h", 5), ("a", 6)]
    assert made.texts_to_sequences(["dog"]) == [[12, 4, 13]]


@pytest.mark.parametrize(("mode", "expected"), [
    ("binary", [0, 1, 1, 1]), ("count", [0, 2, 2, 1]), ("freq", [0, 0.4, 0.4, 0.2]),
    ("tfidf", [0, 2.3472, 1.1736, 0.559616]),
])
def test_rows_of_a_matrix(mode, expected):
    rows = fitted(num_words=4, oov_token="<oov>").texts_to_matrix(["the cat flew the mat", ""], mode)
    np.testing.assert_allclose(rows[0], expected, rtol=1e-5)
    assert not rows[1].any()


def test_lists_that_were_numbered_elsewhere():
    made = text.Tokenizer(num_words=5)
    made.fit_on_sequences([[1, 2], [2, 3]])
    np.testing.assert_allclose(made.sequences_to_matrix([[1, 2, 2, 9]], "tfidf"), [[0, 0.693147, 0.864903, 0, 0]],
                               rtol=1e-5)


def test_written_and_read():
    made = fitted(oov_token="?")
    again = text.tokenizer_from_json(made.to_json())
    assert again.texts_to_sequences(GIVEN) == made.texts_to_sequences(GIVEN)
    assert again.get_config() == made.get_config()


def test_words_without_a_vocabulary():
    assert text.hashing_trick("a cat, a hat", 50, "md5") == [15, 32, 15, 39]
    assert text.text_to_word_sequence("A,b  c", lower=False) == ["A", "b", "c"]
    assert text.text_to_word_sequence("a-b_c", split="_") == ["a", "b", "c"]
    numbers = text.one_hot("a cat a", 50)
    assert numbers[0] == numbers[2] and all(0 < n < 50 for n in numbers)


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: text.Tokenizer().texts_to_matrix(["a"]), FailedPreconditionError, "fit_on_texts"),
    (lambda: fitted().texts_to_matrix(["a"], "sum"), ValueError, "sum"),
    (lambda: text.tokenizer_from_json("[]"), FileFormatError, "no tokenizer"),
    (lambda: text.tokenizer_from_json("[" * 100_000), FileFormatError, "no tokenizer"),
    (lambda: text.tokenizer_from_json('{"config": {"word_index": "{}"}}'), FileFormatError, "no tokenizer"),
])
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
