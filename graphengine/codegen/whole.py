"""A tiny program as one kernel: the texts of its kernels, sizes as constants, inside the loop of its steps.

What a program of known sizes runs comes in, row by row; text of a kernel of the usual signature goes out, whose
outermost loop is that of the steps. Statements stay what they are and keep their order, but a sum that may be added up
in any order is added up as suits its known length.
"""
from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping, Sequence

from ..values import dataclass
from .emit import Kernel
from .kernels.texts import SCOPES


@dataclass(frozen=True)
class Row:
    """A kernel as a program of known sizes runs it.

    text : of a function of the usual signature; None of a kernel that is called
    extent : steps of its outermost loop
    numbers : its part of the table of sizes
    first, first_size : where its parts of the tables of addresses and of sizes begin
    buffers : for each of its addresses what is there; others are elsewhere in memory
    """

    text: str | None
    extent: int
    numbers: tuple[int, ...]
    first: int
    first_size: int
    buffers: tuple[int, ...]


def whole(rows: Sequence[Row], moves: Mapping[int, int], end: int) -> Kernel:
    """A kernel that runs all rows in turn, as often as its slice says.

    Parameters
    ----------
    moves : place in the table of addresses -> bytes that it is further in each step
    end : place in the table of sizes. A failure leaves its row and its step there; what follows are the addresses of
        the kernels that are called
    """
    parsed = [None if row.text is None else ast.parse(row.text).body[0] for row in rows]
    written = {buffer for row, function in zip(rows, parsed, strict=True) if isinstance(function, ast.FunctionDef)
               for buffer in _written(row, function)}
    # What is only read shares scope 0; those for which no scope is left share the last one.
    scopes = {buffer: min(k, SCOPES - 1) for k, buffer in enumerate(sorted(written), 1)}
    places: dict[int, None] = {}
    body: list[str] = []
    called = 0
    for k, (row, function) in enumerate(zip(rows, parsed, strict=True)):
        failure = (f"s[{end}] = {k}", f"s[{end + 1}] = step")
        if isinstance(function, ast.FunctionDef):
            inliner = _Inliner(row, k, moves, scopes, failure)
            body += inliner.lines(function)
            places |= inliner.places
        else:
            moved = [p for p in range(row.first, row.first + len(row.buffers)) if moves.get(p)]
            places |= dict.fromkeys(moved)
            body += [f"b[{p}] = p{p} + step * {moves[p]}" for p in moved]
            body += [f"code = call_kernel(s[{end + 2 + called}], offset(b, {row.first}), offset(s, {row.first_size}), "
                     f"0, {row.extent})"]
            body += ["if code != 0:", *(f"    {line}" for line in (*failure, "return code"))]
            called += 1
    lines = [*(f"    p{p} = b[{p}]" for p in places), "    for step in range(lo, hi):",
             *(f"        {line}" for line in body), "    return 0"]
    text = "\n".join(("def KERNEL(b, s, lo, hi):", *lines)) + "\n"
    name = "k" + hashlib.sha256(text.encode()).hexdigest()[:20]
    return Kernel(name, text.replace("KERNEL", name), (), (), 1)


def _written(row: Row, function: ast.FunctionDef) -> list[int]:
    calls = [n for n in ast.walk(function) if isinstance(n, ast.Call)]
    return [row.buffers[_number(n.args[-1])] for n in calls if isinstance(n.func, ast.Name) and n.func.id == "store"]


def _number(node: ast.expr) -> int:
    """A pointer's number, which is the last argument of a load or a store, or a place in a table."""
    assert isinstance(node, ast.Constant) and isinstance(node.value, int), "pointers and places are literals"
    return node.value


class _Inliner(ast.NodeTransformer):
    """The statements of a kernel among those of others: names of their own, numbers in the place of sizes."""

    def __init__(
        self, row: Row, k: int, moves: Mapping[int, int], scopes: Mapping[int, int], failure: tuple[str, ...]
    ) -> None:
        self.row = row
        self.prefix = f"k{k}_"
        self.moves = moves
        self.scopes = scopes
        self.failure = failure
        self.places: dict[int, None] = {}   # of addresses, each a name of the text around
        self.own: set[str] = set()

    def lines(self, function: ast.FunctionDef) -> list[str]:
        names = [n for n in ast.walk(function) if isinstance(n, ast.Name)]
        self.own = {n.id for n in names if isinstance(n.ctx, ast.Store)}
        self.generic_visit(function)
        return ast.unparse(ast.Module(function.body, [])).split("\n")

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.own:
            return ast.Name(self.prefix + node.id, node.ctx)
        bounds = {"lo": 0, "hi": self.row.extent}
        return ast.Constant(bounds[node.id]) if node.id in bounds else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        place = _number(node.slice)
        if isinstance(node.value, ast.Name) and node.value.id == "s":
            return _expression(str(self.row.numbers[place]))
        place += self.row.first
        self.places[place] = None
        return _expression(f"p{place} + step * {self.moves[place]}" if self.moves.get(place) else f"p{place}")

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in ("load", "store"):
            buffer = self.row.buffers[_number(node.args[-1])]
            node.args[-1] = ast.Constant(self.scopes.get(buffer, 0))
        return node

    def visit_Return(self, node: ast.Return) -> list[ast.stmt] | None:
        self.generic_visit(node)
        assert node.value is not None, "a kernel returns a code"
        code = ast.unparse(node.value)
        if code == "0":
            return None
        return ast.parse("\n    ".join((f"if {code} != 0:", *self.failure, f"return {code}"))).body


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
