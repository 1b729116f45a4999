"""How well a text answers what somebody types: a score, and which characters to mark. Every search asks here.

From best to worst: the same text, its beginning, whole words' beginnings ("mm" and "matm" both mean MatMul), a part,
characters in order. Case does not count; several words have to be found each.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

SAME, BEGINNING, WORDS, PART, ORDER = 100.0, 80.0, 60.0, 45.0, 12.0
LONGEST = 200                       # characters of a text that are looked at
_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]|(?<=[a-z0-9])[A-Z]|(?<=[A-Z])[A-Z](?=[a-z])|(?<=[A-Za-z])\d")

T = TypeVar("T")


class Match(NamedTuple):
    """score : more than 0, the better the higher; places : indices of the characters that answer."""

    score: float
    places: tuple[int, ...]


class Part(NamedTuple):
    """A text by which a thing is found. weight : 1 for its name; loose : its characters may be scattered."""

    text: str
    weight: float = 1.0
    loose: bool = True


def match(query: str, text: str, loose: bool = True) -> Match | None:
    """How well `text` answers the word `query`; None if it does not. An empty word is answered by everything.

    Parameters
    ----------
    loose : whether characters may be scattered over the text; False for sentences, which have all of them somewhere
    """
    word, whole = query.lower(), text[:LONGEST].lower()
    if not word:
        return Match(0.0, ())
    length = min(len(whole), LONGEST) / LONGEST             # of two that match alike the shorter is better
    if whole == word:
        return Match(SAME, tuple(range(len(word))))
    if whole.startswith(word):
        return Match(BEGINNING - length, tuple(range(len(word))))
    starts = word_starts(text[:LONGEST])
    places = _along_words(word, whole, starts) if loose else None
    if places:
        gaps = sum(b - a > 1 for a, b in pairwise(places))
        return Match(WORDS - 2 * gaps - 4 * (places[0] > 0) - length, places)
    at = next((k for k in sorted(starts) if whole.startswith(word, k)), whole.find(word))
    if at >= 0:
        return Match(PART + 10 * (at in starts) - length, tuple(range(at, at + len(word))))
    places = _in_order(word, whole) if loose and len(word) > 1 else None
    if not places:
        return None
    spread = (places[-1] - places[0] + 1) / len(word)
    return Match(max(ORDER - 3 * (spread - 1), 1.0) - length, places) if spread <= 5 else None


def word_starts(text: str) -> set[int]:
    """Where words begin: after a sign, at a capital after a small letter, at a digit after a letter."""
    return {m.start() for m in _START.finditer(text)}


def _along_words(word: str, whole: str, starts: set[int]) -> tuple[int, ...] | None:
    """Places of the characters where each one follows the one before or begins a word; None if there are none."""
    dead: set[tuple[int, int]] = set()                      # no way on from here

    def places(k: int, after: int) -> tuple[int, ...] | None:
        if k == len(word):
            return ()
        if (k, after) in dead:
            return None
        for at in ([after] if k else []) + [s for s in sorted(starts) if s >= after and not (k and s == after)]:
            if at < len(whole) and whole[at] == word[k]:
                rest = places(k + 1, at + 1)
                if rest is not None:
                    return (at, *rest)
        dead.add((k, after))
        return None

    return places(0, 0) if len(word) <= 64 else None


def _in_order(word: str, whole: str) -> tuple[int, ...] | None:
    """The first places where the characters come in order, drawn together from the last one back."""
    at = -1
    for character in word:
        at = whole.find(character, at + 1)
        if at < 0:
            return None
    found = []
    for character in reversed(word):
        at = whole.rfind(character, 0, at + 1)
        found.append(at)
        at -= 1
    return tuple(reversed(found))


def match_parts(query: str, parts: Sequence[Part]) -> Match | None:
    """How well a thing answers all words of `query` by one or another of its parts; places are those in the first.

    Returns
    -------
    None if a word is found nowhere.
    """
    score, places = 0.0, set[int]()
    for word in query.split():
        best: Match | None = None
        for k, part in enumerate(parts):
            found = match(word, part.text, part.loose)
            if found and k == 0:
                places.update(found.places)
            if found and (best is None or found.score * part.weight > best.score):
                best = Match(found.score * part.weight, ())
        if best is None:
            return None
        score += best.score
    return Match(score / max(len(query.split()), 1), tuple(sorted(places)))


def rank(
    query: str, things: Iterable[T], parts: Callable[[T], Sequence[Part]],
    bonus: Callable[[T], float] = lambda thing: 0.0,
) -> list[tuple[T, Match]]:
    """The things that answer `query`, the best first; equal ones stay in the order they came in.

    Parameters
    ----------
    parts : the texts by which a thing is found; the first is the one that is shown
    bonus : added to its score: for favourites and what was used recently
    """
    found = [(thing, m) for thing in things if (m := match_parts(query, parts(thing))) is not None]
    if any(m.score >= PART for _, m in found):      # then scattered letters were not meant
        found = [(thing, m) for thing, m in found if m.score > ORDER]
    return sorted(found, key=lambda pair: -(pair[1].score + bonus(pair[0])))
