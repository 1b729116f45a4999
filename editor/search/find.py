"""Finding items of a document: by name, kind, shape, dtype, attribute, and the text of notes and frames.

    dense relu              words, each somewhere in an item
    (?, 128)                a shape of a result; ? is any size, ... any number of them
    float64                 a dtype of a result
    units=128  padding:same an attribute; also name: op: category: dtype: shape: is:error is:bypassed
"""
from __future__ import annotations

import re
from collections.abc import Callable

from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.items import Card, Frame, Item, Note, Ref
from editor.model.kinds import catalog
from editor.model.values import value_of, written

_TERMS = re.compile(r"[\w.]+[=:]\([^)]*\)?|\([^)]*\)?|\S+")
Test = Callable[[Item], bool]


def find(query: str, document: GraphDocument, inference: Inference) -> list[Ref]:
    """The items that answer all terms of a query, in the order of the document; nothing for an empty query."""
    tests = [_test(term, inference) for term in _TERMS.findall(query)]
    return [ref for ref, item in document.items.items()
            if isinstance(item, Card | Frame | Note) and tests and all(test(item) for test in tests)]


def _test(term: str, inference: Inference) -> Test:
    """What a term asks of an item."""
    if term.startswith("("):
        return lambda item: _has_shape(item, term, inference)
    name, sign, value = re.match(r"([A-Za-z_]\w*)([=:])(.+)|", term, re.DOTALL).groups()  # type: ignore[union-attr]
    if sign:
        return lambda item: isinstance(item, Card) and _has(item, name.lower(), value, inference)
    if any(term.lower() == dtype for dtype in ("bool",)) or re.fullmatch(r"(float|bfloat|int|uint)\d+", term.lower()):
        return lambda item: _has_dtype(item, term, inference) or _says(item, term)
    return lambda item: _says(item, term)


def _has(card: Card, name: str, value: str, inference: Inference) -> bool:
    """Whether a property or attribute of a card has a value; a part of it is enough for texts."""
    kind = catalog().get(card.kind)
    if name == "name":
        return value.lower() in card.id.lower()
    if name in ("op", "kind"):
        return value.lower() in (f"{card.kind} {kind.title}" if kind is not None else card.kind).lower()
    if name == "category":
        return kind is not None and value.lower() in f"{kind.family} {kind.category}".lower()
    if name == "is":
        return _is(card, value.lower(), inference)
    field = kind.field(name) if kind is not None else None
    if field is None:
        if name == "shape":
            return _has_shape(card, value, inference)
        return name == "dtype" and _has_dtype(card, value, inference)
    if name == "shape" and _has_shape(card, value, inference):
        return True
    if name == "dtype" and _has_dtype(card, value, inference):
        return True
    text = written(value_of(card, field), field.form).lower()
    is_number = field.form in ("int", "float", "bool", "dtype")
    return text == value.lower() if is_number else value.lower().strip("()") in text


def _is(card: Card, state: str, inference: Inference) -> bool:
    problem = inference.problem(card.id)
    return {"bypassed": card.bypassed, "collapsed": card.collapsed,
            "error": problem is not None and problem.severity == "error",
            "warning": problem is not None and problem.severity == "warning",
            "problem": problem is not None}.get(state, False)


def _has_dtype(item: Item, dtype: str, inference: Inference) -> bool:
    return isinstance(item, Card) and any(r.dtype == dtype.lower() for r in inference.outputs(item.id))


def _has_shape(item: Item, pattern: str, inference: Inference) -> bool:
    if not isinstance(item, Card):
        return False
    wanted = [part.strip() for part in pattern.strip("() ").split(",") if part.strip()]
    if not wanted and not pattern.strip().startswith("("):
        return False
    return any(result.sizes is not None and _fits(wanted, [None if s is None else str(s) for s in result.sizes])
               for result in inference.outputs(item.id))


def _fits(wanted: list[str], sizes: list[str | None]) -> bool:
    """Whether sizes are those wanted, where "?" and "*" stand for any one and "..." for any number."""
    if not wanted:
        return not sizes
    if wanted[0] in ("...", "…"):
        return any(_fits(wanted[1:], sizes[k:]) for k in range(len(sizes) + 1))
    return bool(sizes) and wanted[0] in ("?", "*", "None", sizes[0]) and _fits(wanted[1:], sizes[1:])


def _says(item: Item, word: str) -> bool:
    """Whether a word stands somewhere in an item: what it is called, what it is, its values, its text."""
    word = word.lower()
    if isinstance(item, Note):
        return word in item.text.lower()
    if isinstance(item, Frame):
        return word in item.title.lower()
    if not isinstance(item, Card):
        return False
    kind = catalog().get(item.kind)
    texts = [item.id, item.kind]
    if kind is not None:
        texts += [kind.title, kind.category, *kind.words]
    if any(word in text.lower() for text in texts):
        return True
    return any(word == str(value).lower() for value in item.attributes.values() if isinstance(value, (str, int, float)))
