"""Texts as lists of numbers of words: Keras 1's way, which many programs still use.

    from graphengine.keras.preprocessing.text import Tokenizer
"""
from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ...errors import FailedPreconditionError, FileFormatError, InvalidArgumentError
from ...frontend.surface import refusing

Array = np.ndarray[Any, Any]
Analyzer = Callable[[str], Sequence[str]]

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
COUNTS = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")


def text_to_word_sequence(input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """The words of a text, what stands in `filters` taken for ends of words.

    Examples
    --------
    >>> from graphengine.keras.preprocessing.text import text_to_word_sequence
    >>> text_to_word_sequence("A cat, a hat!")
    ['a', 'cat', 'a', 'hat']
    """
    text = input_text.lower() if lower else input_text
    return [word for word in text.translate(dict.fromkeys(map(ord, filters), split)).split(split) if word]


def one_hot(
    input_text: str, n: int, filters: str = FILTERS, lower: bool = True, split: str = " ",
    analyzer: Analyzer | None = None,
) -> list[int]:
    """The words of a text as numbers from 1 to ``n - 1`` by Python's `hash`, other ones in each process."""
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


def hashing_trick(
    text: str, n: int, hash_function: Callable[[str], int] | str | None = None, filters: str = FILTERS,
    lower: bool = True, split: str = " ", analyzer: Analyzer | None = None,
) -> list[int]:
    """The words of a text as numbers from 1 to ``n - 1``; different words may have the same.

    hash_function : "md5" for numbers that stay the same, a function of a word, or Python's `hash` if None
    """
    if hash_function == "md5":
        number: Any = lambda word: int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)
    else:
        number = hash_function or hash
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    return [number(word) % (n - 1) + 1 for word in words]


class Tokenizer:
    """Words as numbers, the most frequent from 1 on; 0 stands for none.

    Parameters
    ----------
    num_words : numbers below this one are given; None for all
    filters, lower, split : as of `text_to_word_sequence`
    char_level : whether characters are the words
    oov_token : the word that unknown ones are taken for, number 1; None to leave them out
    analyzer : gives the words of a text

    Attributes
    ----------
    word_index, index_word : numbers of words, and the other way round
    word_counts, word_docs, index_docs : how often words stand in texts, and in how many, by word and by number
    document_count : how many texts there were

    Examples
    --------
    >>> from graphengine.keras.preprocessing.text import Tokenizer
    >>> tokenizer = Tokenizer(oov_token="?")
    >>> tokenizer.fit_on_texts(["the cat", "the hat"])
    >>> tokenizer.texts_to_sequences(["the cat in the hat"])
    [[2, 3, 1, 2, 4]]
    """

    def __init__(
        self, num_words: int | None = None, filters: str = FILTERS, lower: bool = True, split: str = " ",
        char_level: bool = False, oov_token: str | None = None, analyzer: Analyzer | None = None,
        document_count: int = 0,
    ) -> None:
        self.num_words, self.filters, self.lower, self.split = num_words, filters, lower, split
        self.char_level, self.oov_token, self.analyzer = char_level, oov_token, analyzer
        self.document_count = document_count
        self.word_counts: dict[str, int] = {}
        self.word_docs: dict[str, int] = defaultdict(int)
        self.index_docs: dict[int, int] = defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text: str | list[str]) -> Sequence[str]:
        if isinstance(text, list):
            return [word.lower() for word in text] if self.lower else text
        if self.char_level:
            return text.lower() if self.lower else text
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[str | list[str]]) -> None:
        """Count the words of texts, or of lists of words, and give them numbers."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in dict.fromkeys(words):
                self.word_docs[word] += 1
        ordered = sorted(self.word_counts, key=lambda word: -self.word_counts[word])
        first = [] if self.oov_token is None else [self.oov_token]
        self.word_index = {word: k for k, word in enumerate([*first, *ordered], 1)}
        self.index_word = {k: word for word, k in self.word_index.items()}
        self.index_docs.update({self.word_index[word]: count for word, count in self.word_docs.items()})

    def fit_on_sequences(self, sequences: Sequence[Sequence[int]]) -> None:
        """Count in how many lists numbers stand, for "tfidf" of texts that were numbered elsewhere."""
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in dict.fromkeys(sequence):
                self.index_docs[number] += 1

    def texts_to_sequences(self, texts: Iterable[str | list[str]]) -> list[list[int]]:
        """The numbers of the words of each text."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[str | list[str]]) -> Iterator[list[int]]:
        """The same, one by one."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        for text in texts:
            numbers = [self.word_index.get(word, unknown) for word in self._words(text)]
            limited = [unknown if k is not None and self._is_beyond(k) else k for k in numbers]
            yield [k for k in limited if k is not None]

    def _is_beyond(self, number: int) -> bool:
        return bool(self.num_words) and number >= (self.num_words or 0)

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """The words of numbers, with spaces between."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """The same, one by one."""
        for sequence in sequences:
            words = [self.oov_token if self._is_beyond(k) else self.index_word.get(k, self.oov_token) for k in sequence]
            yield " ".join(word for word in words if word is not None)

    def texts_to_matrix(self, texts: Iterable[str | list[str]], mode: str = "binary") -> Array:
        """A row for each text, as of `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Sequence[Sequence[int]], mode: str = "binary") -> Array:
        """A row for each list of numbers.

        mode : "binary" for which numbers it has, "count" for how often, "freq" for their shares, "tfidf" for
            ``(1 + log(count)) * log(1 + texts / (1 + texts with it))``

        Raises
        ------
        InvalidArgumentError for another mode; FailedPreconditionError before any text was counted.

        Shapes
        ------
        result : (lists, num_words), or as many as there are words and 0
        """
        if mode not in ("binary", "count", "freq", "tfidf"):
            raise InvalidArgumentError(f"mode is {mode!r}", op="Tokenizer", fix='"binary", "count", "freq" or "tfidf"')
        width = self.num_words or (len(self.word_index) + 1 if self.word_index else 0)
        if not width or (mode == "tfidf" and not self.document_count):
            raise FailedPreconditionError("it has seen no texts", op="Tokenizer", fix="call fit_on_texts(texts)")
        found = np.zeros((len(sequences), width))
        for row, sequence in zip(found, sequences, strict=True):
            for k, count in Counter(k for k in sequence if k < width).items():
                row[k] = {"binary": 1, "count": count, "freq": count / len(sequence)}.get(mode) or (
                    1 + np.log(count)) * np.log(1 + self.document_count / (1 + self.index_docs.get(k, 0)))
        return found

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor but `analyzer`, and what was counted, as texts of JSON."""
        plain = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
        return {name: getattr(self, name) for name in plain} | {
            name: json.dumps(getattr(self, name)) for name in COUNTS}

    def to_json(self, **kwargs: Any) -> str:
        """All of it as a text, for `tokenizer_from_json`."""
        return json.dumps({"class_name": "Tokenizer", "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The tokenizer that `to_json` wrote, of Keras too.

    Raises
    ------
    FileFormatError for any other text.
    """
    try:
        config = dict(json.loads(json_string)["config"])
        counts = {name: json.loads(config.pop(name)) for name in COUNTS}
        made = Tokenizer(**config)
        made.word_counts, made.word_index = counts["word_counts"], counts["word_index"]
        made.word_docs.update(counts["word_docs"])
        made.index_docs.update({int(k): n for k, n in counts["index_docs"].items()})
        made.index_word = {int(k): word for k, word in counts["index_word"].items()}
    except (TypeError, KeyError, ValueError, AttributeError, RecursionError) as error:
        raise FileFormatError(f"the text is no tokenizer: {error}", fix="give what Tokenizer.to_json() wrote") from None
    return made


__all__ = ["Tokenizer", "hashing_trick", "one_hot", "text_to_word_sequence", "tokenizer_from_json"]
__getattr__ = refusing(__name__, lambda: __all__)
