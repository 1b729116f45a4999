"""Which variables of a function are read after a loop, or in its next step, before they get another value.

Takes a function whose jumps have been moved, and notes the names at each loop. Names that inner functions read are
read everywhere, since nobody knows when those are called.
"""
from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from .jumps import LOOPS, SCOPES, inside

Names = frozenset[str]
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def live(loop: ast.stmt) -> Names:
    """The names that a loop was marked with."""
    return getattr(loop, "live", frozenset())


def mark(function: ast.FunctionDef) -> None:
    """Note at each loop of a function which names are read behind it."""
    held = list(inside(function))
    shared = {n for x in held if isinstance(x, (ast.Global, ast.Nonlocal)) for n in x.names}
    inner = [x for x in held if isinstance(x, SCOPES)]
    _before(function.body, frozenset(), frozenset(shared) | _read(inner))


def _before(block: Sequence[ast.stmt], after: Names, always: Names) -> Names:
    """What is read from the beginning of a block on; `after` is what is read behind it."""
    found = after | always
    for s in reversed(block):
        found = _before_one(s, found, always) | always
    return found


def _before_one(s: ast.stmt, after: Names, always: Names) -> Names:
    if isinstance(s, (ast.Return, ast.Raise)):
        return _read([s])
    if isinstance(s, LOOPS):
        head, kept = (_read([s.test]), frozenset()) if isinstance(s, ast.While) else (frozenset(), _bound([s.target]))
        again = after | head
        for _ in range(2):                  # what a step reads of the one before it, after which nothing is new
            again |= head | (_before(s.body, again, always) - kept)
        s.live = again                      # type: ignore[union-attr]
        return again | _before(s.orelse, after, always) | (frozenset() if isinstance(s, ast.While) else _read([s.iter]))
    if isinstance(s, ast.If):
        return _read([s.test]) | _before(s.body, after, always) | _before(s.orelse, after, always)
    if isinstance(s, SCOPES):
        return after
    if isinstance(s, ast.With):
        held = [x.optional_vars for x in s.items if x.optional_vars is not None]
        return _read(s.items) | (_before(s.body, after, always) - _bound(held))
    parts = [getattr(s, name) for name in _BLOCKS if getattr(s, name, None)]
    if not parts:
        return (after - _bound([s])) | _read([s])
    blocks = [b for part in parts for b in ([part] if isinstance(part[0], ast.stmt) else [x.body for x in part])]
    for block in blocks:                    # any other may run behind it, and from the middle of a `try` too
        behind = after.union(*(_read(other) for other in blocks if other is not block))
        _before(block, behind, always | behind)
    return after | _read([s])


def _bound(parts: Iterable[ast.AST]) -> Names:
    return frozenset(x.id for p in parts for x in (p, *inside(p))
                     if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store))


def _read(parts: Iterable[ast.AST]) -> Names:
    held = [x for p in parts for x in ast.walk(p)]
    own = [x.target for x in held if isinstance(x, ast.AugAssign)]
    return frozenset(x.id for x in (*held, *own)
                     if isinstance(x, ast.Name) and (isinstance(x.ctx, ast.Load) or x in own))
