"""First pass over a function's source: `return`, `break` and `continue` move to the ends of branches.

What follows an ``if`` that may jump moves into its branches, so that a branch either jumps at its end or runs through:

    if a:               if a:
        return x            return x
    y = f(y)            else:
    return y                y = f(y)
                            return y

A ``continue`` is then the end of its branch; a ``break`` sets a flag that the loop asks for; a ``return`` in a loop
keeps its value, breaks, and returns behind the loop. Statements whose jumps cannot move (out of ``with`` and ``try``)
are marked `plain`: they stay Python's.
"""
from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence

HELPERS = "autograph__"                     # what `convert` gives converted code to call
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
LOOPS = (ast.While, ast.For, ast.AsyncFor)
UNMOVABLE = "`del`, `global`, `nonlocal` or `yield`"
MOST_COPIED = 20_000                        # pieces of syntax that move into several branches
_YIELDS = (ast.Yield, ast.YieldFrom, ast.Await)


def plain(statement: ast.stmt) -> str | None:
    """Why a statement stays as the user wrote it; None if it does not."""
    return getattr(statement, "plain", UNMOVABLE if is_unmovable(statement) else None)


def broken_flag(loop: ast.stmt) -> str | None:
    """The variable that tells whether a loop has been left by ``break``; None if none does."""
    return getattr(loop, "flag", None)


def inside(node: ast.AST, stops: tuple[type, ...] = SCOPES) -> Iterator[ast.AST]:
    """What a node holds, itself left out, without what is in a scope of its own."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, stops):
            yield from inside(child, stops)


def is_unmovable(s: ast.stmt) -> bool:
    """Whether a statement holds what cannot stand in a function of its own."""
    return any(isinstance(x, (ast.Delete, ast.Global, ast.Nonlocal, *_YIELDS)) for x in inside(s))


def is_generator(function: ast.FunctionDef) -> bool:
    """Whether calling the function gives a generator."""
    return any(isinstance(x, _YIELDS) for x in inside(function))


def assign(name: str, value: ast.expr, like: ast.AST) -> ast.stmt:
    """``name = value`` at the line of `like`."""
    made = ast.Assign(targets=[ast.Name(name, ast.Store())], value=value)
    return ast.fix_missing_locations(ast.copy_location(made, like))


class Jumps:
    """Moves the jumps of one function."""

    def __init__(self) -> None:
        self._flags = 0
        self._copied = 0

    def moved(self, statements: Sequence[ast.stmt], flag: str | None = None) -> list[ast.stmt]:
        """A block whose jumps are at the ends of branches.

        flag : what a ``break`` of this block sets
        """
        statements = self._returning_behind(statements)
        done: list[ast.stmt] = []
        for k, s in enumerate(statements):
            if isinstance(s, ast.Return):
                return [*done, s]
            if isinstance(s, ast.Continue):
                return done
            if isinstance(s, ast.Break):
                assert flag is not None, "Python has seen that it is in a loop"
                return [*done, assign(flag, ast.Constant(True), s)]
            if isinstance(s, ast.If) and _own_jumps([s]):
                if _is_stuck(s) or is_unmovable(s):
                    s.plain = _why(s)                       # type: ignore[attr-defined]
                else:
                    rest = list(statements[k + 1:])
                    self._copied += sum(1 for r in rest for _ in ast.walk(r))
                    if self._copied > MOST_COPIED:
                        raise SyntaxError("there are too many ways through its `return`, `break` and `continue`")
                    s.body = self.moved([*s.body, *copy.deepcopy(rest)], flag) or [ast.copy_location(ast.Pass(), s)]
                    s.orelse = self.moved([*s.orelse, *rest], flag)
                    return [*done, s]
            elif isinstance(s, LOOPS):
                done += self._loop(s)
                continue
            self._within(s, flag)
            done.append(s)
        return done

    def _returning_behind(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        """A block whose loops, from the inside out, break where they returned, and return behind."""
        done: list[ast.stmt] = []
        for s in statements:
            if isinstance(s, SCOPES):
                done.append(s)
                continue
            for part in (s, *getattr(s, "handlers", ()), *getattr(s, "cases", ())):
                for name in ("body", "orelse", "finalbody"):
                    if getattr(part, name, None):
                        setattr(part, name, self._returning_behind(getattr(part, name)))
            done += self._broken(s) if isinstance(s, (ast.While, ast.For)) else [s]
        return done

    def _broken(self, s: ast.While | ast.For) -> list[ast.stmt]:
        returns = _returns(s)
        if not returns or s.orelse or is_unmovable(s) or any(_is_stuck(x) for x in s.body):
            return [s]
        self._flags += 1
        returned, result = f"returned_{self._flags}__", f"result_{self._flags}__"
        value = ast.Name(result, ast.Load()) if any(x.value is not None for x in returns) else None
        s.body = _breaking(s.body, returned, None if value is None else result)
        behind = ast.If(ast.Name(returned, ast.Load()), [ast.Return(value)], [])
        before = [assign(returned, ast.Constant(False), s)]
        if value is not None:
            before.append(assign(result, ast.Attribute(ast.Name(HELPERS, ast.Load()), "UNRETURNED", ast.Load()), s))
        return [*before, s, ast.fix_missing_locations(ast.copy_location(behind, s))]

    def _within(self, s: ast.AST, flag: str | None) -> None:
        """Blocks of a statement that stays where it is; jumps in it stay too."""
        if isinstance(s, ast.FunctionDef):
            if not is_generator(s):
                s.body = self.moved(s.body) or [ast.copy_location(ast.Pass(), s)]
            return
        if isinstance(s, SCOPES):
            return
        for name in ("body", "orelse", "finalbody"):
            block = getattr(s, name, None)
            if block:
                jumps = any(_own_jumps([x]) for x in block)
                setattr(s, name, self._kept(block) if jumps else self.moved(block, flag))
        for part in (*getattr(s, "handlers", ()), *getattr(s, "cases", ())):
            self._within(part, flag)

    def _kept(self, block: Sequence[ast.stmt]) -> list[ast.stmt]:
        """A block whose jumps stay; what does not jump out of it is gone through all the same."""
        done: list[ast.stmt] = []
        for s in block:
            if isinstance(s, LOOPS):
                done += self._loop(s)
                continue
            if isinstance(s, ast.If) and _own_jumps([s]):
                s.plain = _why(s)                           # type: ignore[attr-defined]
            self._within(s, None)
            done.append(s)
        return done

    def _loop(self, s: ast.While | ast.For | ast.AsyncFor) -> list[ast.stmt]:
        """A loop, after the flag that a ``break`` in it sets."""
        is_stuck = isinstance(s, ast.AsyncFor) or is_unmovable(s) or any(_is_stuck(x) for x in s.body)
        if s.orelse or _returns(s) or is_stuck:
            s.plain = "the `else` of a loop" if s.orelse else _why(s)   # type: ignore[union-attr]
            s.body, s.orelse = self._kept(s.body), self._kept(s.orelse)
            return [s]
        if not any(isinstance(x, ast.Break) for x in _own_jumps(s.body)):
            s.body = self.moved(s.body) or [ast.copy_location(ast.Pass(), s)]
            return [s]
        self._flags += 1
        flag = f"broken_{self._flags}__"
        s.body = self.moved(s.body, flag)
        s.flag = flag                                       # type: ignore[union-attr]
        return [assign(flag, ast.Constant(False), s), s]


def _breaking(statements: Sequence[ast.stmt], returned: str, result: str | None) -> list[ast.stmt]:
    """A block of a loop that sets names and breaks where it returned."""
    done: list[ast.stmt] = []
    for s in statements:
        if isinstance(s, ast.Return):
            kept = [] if result is None else [assign(result, s.value or ast.Constant(None), s)]
            return [*done, *kept, assign(returned, ast.Constant(True), s), ast.copy_location(ast.Break(), s)]
        if isinstance(s, ast.If):
            s.body, s.orelse = (_breaking(block, returned, result) for block in (s.body, s.orelse))
        done.append(s)
    return done


def _own_jumps(statements: Sequence[ast.stmt]) -> list[ast.AST]:
    """Jumps out of a block: each ``return``, and what leaves the loop around it."""
    found: list[ast.AST] = []
    for s in statements:
        if isinstance(s, (ast.Return, ast.Break, ast.Continue)):
            found.append(s)
        elif isinstance(s, LOOPS):
            found += _returns(s)
        elif not isinstance(s, SCOPES):
            for part in ast.iter_child_nodes(s):
                if isinstance(part, (ast.stmt, ast.ExceptHandler, ast.match_case)):
                    blocks = [part] if isinstance(part, ast.stmt) else part.body
                    found += _own_jumps(blocks)
    return found


def _why(s: ast.stmt) -> str:
    """What keeps a statement with jumps from being moved."""
    if is_unmovable(s):
        return UNMOVABLE
    within = isinstance(s, LOOPS) or any(isinstance(x, LOOPS) and _returns(x) for x in inside(s))
    return "a `return` in a loop" if within and _returns(s) else "a jump out of `with`, `try` or a loop"


def _returns(s: ast.AST) -> list[ast.Return]:
    return [x for x in inside(s) if isinstance(x, ast.Return)]


def _is_stuck(s: ast.stmt) -> bool:
    """Whether a jump out of this statement leaves a block that something has to happen after."""
    held = [s, *inside(s)]
    blocks = [x for x in held if isinstance(x, (ast.With, ast.AsyncWith, ast.Try, ast.Match))
              or type(x).__name__ == "TryStar"]
    return any(_own_jumps(list(ast.iter_child_nodes(x))) for x in blocks) or any(  # type: ignore[arg-type]
        _returns(x) for x in held if isinstance(x, LOOPS))
