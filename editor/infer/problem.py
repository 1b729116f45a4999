"""What is wrong with a card, in words for its strip, for the list of problems, and as edits that mend it."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import graphengine as ge
from graphengine.tools.drawn.draw import STAND_IN

from ..model.document import Change, GraphDocument
from ..model.sentences import sentence, stopped

_NAMED = re.compile(rf"^layer '{STAND_IN}' \(\w+\) ")
_UNKNOWN = re.compile(r"\bNone\b(?=[,)])")
_CODE = re.compile(r"\w[_.]\w|\w\(")
_TWO_SIZES = re.compile(r"^(.*?) differ\w*(?: on axis -?\d+)?: (\S+) \(.*?\) and (\S+) \(.*?\)$")


@dataclass(frozen=True)
class Fix:
    """An edit that mends a problem. label : what it does: "Insert Transpose"."""

    label: str
    change: Callable[[GraphDocument], Change]


@dataclass(frozen=True)
class Problem:
    """What keeps a card from being run, or from doing what is meant.

    card : its id
    input : number of the input whose wire does not fit; None if it is not about one
    severity : "error", or "warning" where something is only missing yet, or can be run but is hardly meant
    text : a short sentence; detail : all that is known
    """

    card: str
    input: int | None
    severity: str
    text: str
    detail: str
    fixes: tuple[Fix, ...] = ()


def short(error: ge.errors.GraphEngineError) -> str:
    """The error in the few words that fit on a card: "inner sizes 128 ≠ 64"."""
    problem = said(error)
    found = _TWO_SIZES.match(problem)
    return f"{found[1]} {found[2]} ≠ {found[3]}" if found else problem


def detailed(error: ge.errors.GraphEngineError, has_fixes: bool) -> str:
    """The whole error: what, and what to do about it where no button does it. What a program would call is no help."""
    fix = error.fix or ""
    helps = fix and not has_fixes and not _CODE.search(fix)
    return f"{stopped(said(error))}\n{sentence(fix)}" if helps else stopped(said(error))


def said(error: ge.errors.GraphEngineError) -> str:
    """The problem without the name that the card has while its types are looked for, sizes as cards write them."""
    return _UNKNOWN.sub("?", _NAMED.sub("", error.problem))


def blamed(error: ge.errors.GraphEngineError, names: list[str]) -> int | None:
    """The number of the operand that an error is about: the last one that it names, or the last of all; None if it is
    about an attribute.
    """
    if isinstance(error, ge.errors.AttributeValueError):
        return None
    text = f"{error.problem} {error.fix or ''}"
    said = [k for k, name in enumerate(names) if re.search(rf"\b{re.escape(name)}\b", text)]
    return said[-1] if said else len(names) - 1 if names else None
