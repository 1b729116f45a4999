"""What is wrong with a card, in words for its strip, for the list of problems, and as edits that mend it."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import graphengine as ge

from ..model.document import Change, GraphDocument

_TWO_SIZES = re.compile(r"^(.*?) differ\w*(?: on axis -?\d+)?: (\S+) \(.*?\) and (\S+) \(.*?\)$")


@dataclass(frozen=True)
class Fix:
    """An edit that mends a problem. label : what it does: "Insert Transpose"."""

    label: str
    change: Callable[[GraphDocument], Change]


@dataclass(frozen=True)
class Problem:
    """What keeps a card from being run.

    card : its id
    input : number of the input whose wire does not fit; None if it is not about one
    severity : "error", or "warning" where something is only missing yet
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
    found = _TWO_SIZES.match(error.problem)
    return f"{found[1]} {found[2]} ≠ {found[3]}" if found else error.problem


def detailed(error: ge.errors.GraphEngineError) -> str:
    """The whole error: what, and what to do about it."""
    fix = f"\n{error.fix[:1].upper()}{error.fix[1:]}." if error.fix else ""
    head = f"{error.op}: " if error.op and not error.problem.startswith(error.op) else ""
    return f"{head}{error.problem}.{fix}"


def blamed(error: ge.errors.GraphEngineError, names: list[str]) -> int | None:
    """The number of the operand that an error is about: the last one that it names, or the last of all."""
    text = f"{error.problem} {error.fix or ''}"
    said = [k for k, name in enumerate(names) if re.search(rf"\b{re.escape(name)}\b", text)]
    return said[-1] if said else len(names) - 1 if names else None
