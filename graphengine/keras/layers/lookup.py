"""Layers that give the numbers of the entries of a vocabulary: of whole numbers, of texts, of the words of texts.

There are no tensors of strings: texts come as lists or arrays of str, where a layer is called on data, and what goes on
are numbers. A model takes these; the layer of texts stands before it.
"""
from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DTypeError, FailedPreconditionError, InvalidArgumentError, ShapeError
from ...frontend.asserting import Assert
from ...frontend.build import convert_to_tensor
from ...frontend.calls import numpy_function
from ...frontend.pieces import ensure_shape
from ...ops.language import L
from ..config import floatx
from ..hashing import bucket
from ..registry import register
from ..symbolic import is_symbol
from .preprocessing import batches, encoded
from .settings import Configured, one_of

Array = np.ndarray[Any, Any]
MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")
WORD = re.compile(r"\S+", re.ASCII)
LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class Lookup(Configured):
    """What the lookups share: a vocabulary, given or found in data, and the forms of results.

    A vocabulary begins with the token that stands for nothing, if there is one, and those for unknown entries.
    """

    output_mode: str
    kept_as: Any = None                         # the dtype of arrays of entries; None: what numpy finds
    _entries: list[Any] | None = None           # without the special tokens; None: not known yet
    _idf: Array | None = None

    def start(self, arguments: Mapping[str, Any]) -> None:
        """Keep the arguments of the constructor, and take the vocabulary if it is among them."""
        self.keep(arguments)
        if self.output_mode == "binary":
            self.output_mode = "multi_hot"
        one_of(self, "output_mode", MODES)
        if self.sparse:
            raise self.refuse("sparse", True, "False: tensors are dense")
        if self.max_tokens is not None and self.max_tokens <= len(self._special()):
            raise self.refuse("max_tokens", self.max_tokens, f"None, or a number above {len(self._special())}")
        if self.vocabulary is not None:
            self.set_vocabulary(self.vocabulary, self.idf_weights)

    def argument(self, name: str) -> Any:
        if name == "vocabulary":
            return self._entries
        return (None if self._idf is None else self._idf.tolist()) if name == "idf_weights" else super().argument(name)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """An equal layer; what Keras's files say besides is what is done here."""
        return super().from_config({k: v for k, v in config.items() if k not in ("vocabulary_size", "oov_method")})

    # ------------------------------------------------ the vocabulary

    def _special(self) -> list[Any]:
        has_mask = self.mask_token is not None and self.output_mode == "int"
        return [self.mask_token] * has_mask + [self.oov_token] * self.num_oov_indices

    def _first(self) -> int:
        """The number of the first token for unknown entries."""
        return len(self._special()) - self.num_oov_indices

    def _entry(self, x: Any) -> Any:
        raise NotImplementedError

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take entries, or the lines of a file; special tokens at the beginning are left out.

        Raises
        ------
        InvalidArgumentError for an entry that is there twice, for more of them than `max_tokens`, or for tf_idf
        without a weight of each.

        Notes
        -----
        Models follow. A `function` of the program that was traced before keeps the old entries, as in Keras.
        """
        name = type(self).__name__
        if isinstance(vocabulary, (str, Path)):
            vocabulary = Path(vocabulary).read_text("utf-8").split("\n")
            vocabulary = vocabulary[:-1] if vocabulary[-1] == "" else vocabulary
        entries = [self._entry(x) for x in np.asarray(vocabulary, self.kept_as).tolist()]
        special = self._special()
        weights = None if idf_weights is None else np.asarray(idf_weights, floatx())
        if special and entries[:len(special)] == special:
            entries = entries[len(special):]
            weights = weights if weights is None else weights[len(special):]
        twice = [x for x, n in Counter(entries).items() if n > 1]
        if twice:
            raise InvalidArgumentError(f"the vocabulary has {twice[0]!r} twice", op=name)
        if self.max_tokens is not None and len(entries) + len(special) > self.max_tokens:
            raise InvalidArgumentError(f"{len(entries)} entries and {len(special)} special tokens are more than "
                                       f"max_tokens={self.max_tokens}", op=name)
        if (self.output_mode == "tf_idf") != (weights is not None) or (
                weights is not None and len(weights) != len(entries)):
            raise InvalidArgumentError(
                f"{len(entries)} entries and {'no' if weights is None else len(weights)} idf_weights for "
                f"output_mode={self.output_mode!r}", op=name, fix='a weight for each entry, for "tf_idf" only')
        self._entries, self._idf = entries, weights
        self._places = {x: k for k, x in enumerate(entries, len(special))}
        self._has_adapted()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The entries, in the order of their numbers."""
        return (self._special() if include_special_tokens else []) + list(self._entries or ())

    def vocabulary_size(self) -> int:
        """How many numbers there are, those of special tokens among them."""
        return len(self.get_vocabulary())

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take the entries of data, the most frequent first; of equally frequent ones the greatest.

        data : an array, a list, or something that yields batches, of which `steps` are taken
        """
        del batch_size
        found: Counter[Any] = Counter()
        documents: Counter[Any] = Counter()
        rows = 0
        plain = np.asarray(data, self.kept_as) if isinstance(data, (list, tuple, str)) else data
        for k, batch in enumerate(batches(plain, self.kept_as)):
            if steps is not None and k >= steps:
                break
            for row in self._rows(batch):
                found.update(row)
                documents.update(set(row))
                rows += 1
        for token in self._special():
            found.pop(token, None)
        ordered = sorted(found, reverse=True)
        ordered.sort(key=lambda x: -found[x])           # stable: equal counts stay in the order of the entries
        if self.max_tokens is not None:
            ordered = ordered[:self.max_tokens - len(self._special())]
        idf = np.log(1 + rows / (1 + np.array([documents[x] for x in ordered], np.float64)))
        self.set_vocabulary(ordered, idf if self.output_mode == "tf_idf" else None)

    def _rows(self, batch: Array) -> Iterable[list[Any]]:
        """The entries of each sample."""
        rows = batch.reshape(len(batch), -1) if batch.ndim else batch.reshape(1, 1)
        return ([self._entry(x) for x in row] for row in rows.tolist())

    def _known(self) -> list[Any]:
        if self._entries is None:
            raise FailedPreconditionError("it has no vocabulary yet", op=type(self).__name__,
                                          fix="call adapt(data), or give vocabulary=...")
        return self._entries

    # ------------------------------------------------ results

    def _given_form(self, numbers: Any) -> Any:
        """Numbers of entries in the form that `output_mode` names."""
        if self.output_mode == "int":
            return numbers
        depth = (self.max_tokens if self.pad_to_max_tokens else None) or self.vocabulary_size()
        if self.output_mode != "tf_idf":
            return encoded(numbers, self.output_mode, depth, "int64")
        assert self._idf is not None, "set_vocabulary takes them"
        weights = np.zeros(depth, floatx())
        unknown = np.full(self.num_oov_indices, self._idf.mean() if len(self._idf) else 0)
        weights[:self.vocabulary_size()] = np.concatenate([unknown, self._idf])
        return encoded(numbers, "count", depth, floatx()) * weights


@register("layers")
class IntegerLookup(Lookup):
    """Whole numbers as their places in a vocabulary; or the other way round.

    Parameters
    ----------
    max_tokens : the most entries, special ones among them; None for any number
    num_oov_indices : among how many numbers unknown entries are shared out; 0 to refuse them
    mask_token : the entry whose number is 0
    oov_token : what `invert` gives for unknown numbers
    vocabulary : the entries, or a file with one a line; `adapt` finds them if None
    idf_weights : for "tf_idf", what each entry counts
    invert : whether to give the entries of numbers
    output_mode : "int" for numbers of entries; "one_hot" for a vector for each; "multi_hot", "count" or "tf_idf" for
        one that tells which stand along the last axis, how often, and weighted by how few samples have them
    pad_to_max_tokens : whether vectors have `max_tokens` places

    Shapes
    ------
    inputs : any, whole numbers
    result : that of inputs, int64; of vectors as of `CategoryEncoding`

    Examples
    --------
    >>> from graphengine import keras
    >>> layer = keras.layers.IntegerLookup(vocabulary=[12, 36, 1138])
    >>> print(layer([36, 5, 1138]).numpy())
    [2 0 3]
    """

    def __init__(
        self, max_tokens: int | None = None, num_oov_indices: int = 1, mask_token: int | None = None,
        oov_token: int = -1, vocabulary: Any = None, vocabulary_dtype: str = "int64", idf_weights: Any = None,
        invert: bool = False, output_mode: str = "int", sparse: bool = False, pad_to_max_tokens: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.start(locals())

    def _entry(self, x: Any) -> int:
        return int(x)

    def call(self, inputs: Any) -> Any:
        entries = self._known()
        x = L.cast(inputs, "int64")
        first = len(self._special())
        if self.invert:
            values = np.array([*self._special(), *entries], np.int64)
            is_known = (x >= 0) & (x < len(values))
            return L.where(is_known, L.gather(values, L.where(is_known, x, L.zeros_like(x))), np.int64(self.oov_token))
        unknown = x % np.int64(self.num_oov_indices) + self._first() if self.num_oov_indices > 1 else L.zeros_like(
            x) + np.int64(self._first())
        if self.mask_token is not None and self._first():
            unknown = L.where(x == np.int64(self.mask_token), L.zeros_like(x), unknown)
        numbers = unknown
        if entries:
            order = np.argsort(np.array(entries, np.int64))
            ordered = np.array(entries, np.int64)[order]
            flat = L.reshape(x, [-1])
            place = L.minimum(L.cast(L.searchsorted(ordered, flat), "int64"), np.int64(len(ordered) - 1))
            place = L.reshape(place, L.shape_of(x))
            is_known = L.gather(ordered, place) == x
            numbers = L.where(is_known, L.gather((order + first).astype(np.int64), place), unknown)
        if not self.num_oov_indices:
            known = L.reduce_all(is_known) if entries else False
            Assert(known, ["with num_oov_indices=0 each number has to be in the vocabulary"])
        return self._given_form(numbers)


class OfTexts(Lookup):
    """A lookup that is called on lists and arrays of str or bytes."""

    takes_texts = True
    kept_as = object                            # numpy's texts are all as wide as the longest

    def _entry(self, x: Any) -> str:
        return x.decode(self.encoding) if isinstance(x, bytes) else str(x)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if args and not getattr(self, "invert", False):
            args = (self._numbers(self._texts(args[0])), *args[1:])
        return super().__call__(*args, **kwargs)

    def _texts(self, given: Any) -> Array:
        """Texts as an array.

        Raises
        ------
        DTypeError for anything else than texts, and for symbols.
        """
        name = type(self).__name__
        if is_symbol(given) or hasattr(given, "node"):
            raise DTypeError("it is called on a symbol, and there are no tensors of strings", op=name,
                             fix="call it on the texts, and give the model the numbers")
        texts = np.asarray(given.numpy() if hasattr(given, "numpy") else given, self.kept_as)
        others = {type(x).__name__ for x in texts.reshape(-1).tolist() if not isinstance(x, (str, bytes))}
        if others:
            raise DTypeError(f"it is called on {', '.join(sorted(others))}; it takes texts", op=name)
        return texts

    def _rows(self, batch: Array) -> Iterable[list[Any]]:
        return super()._rows(self._texts(batch))

    def _numbers(self, texts: Array) -> Array:
        """The number of each text's entry, int64."""
        self._known()
        found = [self._number(self._entry(x)) for x in texts.reshape(-1).tolist()]
        return np.array(found, np.int64).reshape(texts.shape)

    def _number(self, entry: str) -> int:
        if entry in self._places:
            return self._places[entry]
        if entry == self.mask_token and self._first():
            return 0
        if not self.num_oov_indices:
            raise InvalidArgumentError(f"{entry!r} is not in the vocabulary", op=type(self).__name__,
                                       fix="num_oov_indices=1 gives such entries a number")
        return self._first() + (bucket(entry.encode(self.encoding), self.num_oov_indices)
                                if self.num_oov_indices > 1 else 0)

    def call(self, inputs: Any) -> Any:
        return self._given_form(inputs)


@register("layers")
class StringLookup(OfTexts):
    """Texts as the numbers of their entries in a vocabulary; or the other way round, as an array of str.

    It is called on lists and arrays of str or bytes, and not on symbols. The parameters are those of `IntegerLookup`.

    Examples
    --------
    >>> from graphengine import keras
    >>> layer = keras.layers.StringLookup(vocabulary=["red", "green"])
    >>> print(layer(["green", "blue"]).numpy())
    [2 0]
    """

    def __init__(
        self, max_tokens: int | None = None, num_oov_indices: int = 1, mask_token: str | None = None,
        oov_token: str = "[UNK]", vocabulary: Any = None, idf_weights: Any = None, invert: bool = False,
        output_mode: str = "int", pad_to_max_tokens: bool = False, sparse: bool = False, encoding: str = "utf-8",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.start(locals())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.invert:
            return super().__call__(*args, **kwargs)
        self._known()
        entries = self.get_vocabulary()
        numbers = convert_to_tensor(args[0]).numpy()
        texts = [entries[k] if 0 <= k < len(entries) else self.oov_token for k in numbers.reshape(-1).tolist()]
        return np.array(texts, object).reshape(numbers.shape)


@register("layers")
class TextVectorization(OfTexts):
    """Texts as the numbers of their words.

    It is called on a text, or on lists and arrays of them, and not on symbols.

    Parameters
    ----------
    max_tokens, vocabulary, idf_weights, output_mode, pad_to_max_tokens : as of `IntegerLookup`
    standardize : "lower_and_strip_punctuation", "lower", "strip_punctuation", None, or a function of a text
    split : "whitespace", "character", None, or a function of a text; with None each text along the last axis is a word
    ngrams : the most words of an entry, or a tuple of how many words entries have
    output_sequence_length : how many numbers a text has; as many as the longest if None

    Shapes
    ------
    inputs : (...,) or (..., 1), or (..., words) if `split` is None
    result : (..., words), int64, with 0 behind the last word; for other modes than "int" (..., entries)

    Notes
    -----
    As in Keras, other letters than those of ASCII are not made small, and other spaces do not end a word.

    Examples
    --------
    >>> from graphengine import keras
    >>> layer = keras.layers.TextVectorization()
    >>> layer.adapt(["The cat sat.", "A cat!"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'cat', 'the', 'sat', 'a']
    >>> print(layer(["the dog sat", "cat"]).numpy())
    [[3 1 4]
     [2 0 0]]
    """

    mask_token, oov_token, num_oov_indices = "", "[UNK]", 1

    def __init__(
        self, max_tokens: int | None = None, standardize: str | Callable[[str], str] | None =
        "lower_and_strip_punctuation", split: str | Callable[[str], Sequence[str]] | None = "whitespace",
        ngrams: int | tuple[int, ...] | None = None, output_mode: str = "int",
        output_sequence_length: int | None = None, pad_to_max_tokens: bool = False, vocabulary: Any = None,
        idf_weights: Any = None, sparse: bool = False, ragged: bool = False, encoding: str = "utf-8", **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.start(locals())
        words = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
        for name, choices in (("standardize", words), ("split", ("whitespace", "character"))):
            value = getattr(self, name)
            if value is not None and not callable(value):
                one_of(self, name, choices)
        if ragged:
            raise self.refuse("ragged", True, "False: there are no ragged tensors")

    def words(self, *texts: Any) -> list[str]:
        """The entries that a text, or texts that follow each other, are made of."""
        parts = [part for text in texts for part in self._parts(self._entry(text))]
        if self.ngrams is None:
            return parts
        lengths = range(1, self.ngrams + 1) if isinstance(self.ngrams, int) else self.ngrams
        return [" ".join(parts[k:k + n]) for n in lengths for k in range(len(parts) - n + 1)]

    def _parts(self, text: str) -> list[str]:
        if callable(self.standardize):
            text = self.standardize(text)
        elif self.standardize is not None:
            text = text.translate(LOWER) if "lower" in self.standardize else text
            text = PUNCTUATION.sub("", text) if "punctuation" in self.standardize else text
        if callable(self.split):
            return list(self.split(text))
        return [text] if self.split is None else list(text) if self.split == "character" else WORD.findall(text)

    def _rows(self, batch: Array) -> Iterable[list[str]]:
        texts = self._texts(batch)
        return self._words_of(texts if texts.ndim > 1 else texts.reshape(-1, 1))

    def _words_of(self, texts: Array) -> Iterable[list[str]]:
        """The words of the texts along the last axis.

        Raises
        ------
        ShapeError for more texts than one if they are split.
        """
        count = texts.shape[-1]
        if self.split is not None and count != 1:
            raise ShapeError(f"texts of shape {texts.shape}, of which each is split", op="TextVectorization",
                             fix="one text each, (batch,) or (batch, 1), or split=None for words")
        return (self.words(*row) for row in texts.reshape(math.prod(texts.shape[:-1]), count).tolist())

    def _numbers(self, texts: Array) -> Array:
        self._known()
        is_one = texts.ndim == 0
        if is_one or (self.split is not None and texts.ndim == 1):
            texts = texts[..., None]            # the last axis is that of the words
        rows = [[self._number(x) for x in row] for row in self._words_of(texts)]
        length = max((len(row) for row in rows), default=0)
        if self.output_mode == "int":
            length = self.output_sequence_length or length
        found = np.full((len(rows), length), 0 if self.output_mode == "int" else -1, np.int64)
        for k, row in enumerate(rows):
            found[k, :min(len(row), length)] = row[:length]         # a place without a word is none of the entries
        is_number = is_one and self.split is None and self.output_mode == "int" and length == 1
        return found.reshape(() if is_number else (*texts.shape[:-1], length))


@register("layers")
class Hashing(Configured):
    """Whole numbers, or texts, as the numbers of buckets that they fall into, the same everywhere.

    Parameters
    ----------
    num_bins : how many buckets there are; the first of several for `mask_value` alone, if that is given
    mask_value : the entry of bucket 0
    salt : one number, or two, that the buckets depend on
    output_mode : "int" for numbers of buckets, or vectors as of `CategoryEncoding`

    Notes
    -----
    A number is hashed as the text that it is written as. In a graph numpy does it.

    Examples
    --------
    >>> from graphengine import keras
    >>> print(keras.layers.Hashing(num_bins=3)([1, 2, 3, 4, 5]).numpy())
    [0 1 0 2 1]
    """

    def __init__(
        self, num_bins: int, mask_value: Any = None, salt: Any = None, output_mode: str = "int",
        sparse: bool = False, **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        if not isinstance(num_bins, int) or num_bins < 1:
            raise self.refuse("num_bins", num_bins, "a whole number from 1 on")
        if sparse:
            raise self.refuse("sparse", True, "False: tensors are dense")
        one_of(self, "output_mode", MODES[:4])
        self.salt = None if salt is None else [salt, salt] if isinstance(salt, int) else list(salt)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = args[0] if args else None
        if not hasattr(given, "node") and not hasattr(given, "numpy") and np.asarray(given).dtype.kind in "OSU":
            args = (convert_to_tensor(self._buckets(np.asarray(given))), *args[1:])
            return encoded_or_int(args[0], self.output_mode, self.num_bins)
        return super().__call__(*args, **kwargs)

    def _buckets(self, x: Array) -> Array:
        has_mask = self.mask_value is not None and self.num_bins > 1
        bins = self.num_bins - has_mask
        found = [0 if has_mask and v == self.mask_value else has_mask + bucket(
            v if isinstance(v, bytes) else str(v).encode(), bins, self.salt) for v in x.reshape(-1).tolist()]
        return np.array(found, np.int64).reshape(x.shape)

    def call(self, inputs: Any) -> Any:
        if not inputs.dtype.is_integer:
            raise DTypeError(f"it is called on {inputs.dtype.name}; it takes whole numbers or texts", op="Hashing")
        numbers = numpy_function(self._buckets, [inputs], "int64")
        return encoded_or_int(ensure_shape(numbers, inputs.shape), self.output_mode, self.num_bins)


def encoded_or_int(numbers: Any, mode: str, depth: int) -> Any:
    """Numbers as they are for "int", or as vectors."""
    return numbers if mode == "int" else encoded(numbers, mode, depth, floatx())
