"""Second pass over a function's source: ``if``, ``while``, ``for`` and the operators that decide become calls.

    if test:                        def state__():              # the names that a branch assigns
        x = f(x)                        return (lambda: x,)
                                    def assign__(values):
                                        nonlocal x
                                        (x,) = values
                                    def body__():
                                        nonlocal x
                                        x = f(x)
                                    def orelse__():
                                        nonlocal x
                                    autograph__.if_(test, body__, orelse__, state__, assign__, ("x",))

What is called decides when it sees the test: Python's own statement for Python's values, a branch or loop of the graph
for tensors. All lines keep their numbers, so errors and nodes point into the user's file.
"""
from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import liveness
from .jumps import HELPERS, SCOPES, broken_flag, inside, is_generator, plain

Place = ast.Attribute | ast.Subscript       # that a statement assigns
NOT_CALLED = ("super", "locals", "globals", "vars", "dir", "eval", "exec")      # they look at the frame they stand in


class Rewriter(ast.NodeTransformer):
    """Rewrites one function whose jumps have been moved.

    owner : class whose private names (``__x``) the function uses, or None
    """

    def __init__(self, owner: str | None = None) -> None:
        self.owner = None if owner is None else owner.lstrip("_")
        self._shared: list[set[str]] = []           # of each function around: names that inner functions assign
        self._elsewhere: list[dict[str, str]] = []  # of each function around: names it declares global or nonlocal
        self._first: list[str | None] = []          # of each function around: its first argument

    # ------------------------------------------------ scopes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if is_generator(node):
            return node
        liveness.mark(node)
        arguments = [*node.args.posonlyargs, *node.args.args]
        self._first.append(arguments[0].arg if arguments else (self._first[-1] if self._first else None))
        self._shared.append(set())
        self._elsewhere.append({
            name: "global" if isinstance(x, ast.Global) else "nonlocal"
            for x in inside(node) if isinstance(x, (ast.Global, ast.Nonlocal)) for name in x.names
        })
        body = self._block(node.body)
        elsewhere, shared = self._elsewhere.pop(), self._shared.pop()
        self._first.pop()
        own = sorted(shared - set(elsewhere))
        if own:                                     # the names are this function's, whoever assigns them
            never = ast.If(ast.Constant(False), [ast.Assign([_name(n, ast.Store()) for n in own], ast.Constant(None))],
                           [])
            body.insert(1 if body and _is_text(body[0]) else 0, _at(never, node))
        node.body = body or [_at(ast.Pass(), node)]
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        return node

    def _block(self, statements: Iterable[ast.stmt]) -> list[ast.stmt]:
        done: list[ast.stmt] = []
        for s in statements:
            made = self.visit(s)
            done += made if isinstance(made, list) else [made]
        return done

    # ------------------------------------------------ statements

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        """Without the annotation: a name that inner functions assign may not have one."""
        if node.value is None:
            return _at(ast.Pass(), node)
        return _at(ast.Assign([self.visit(node.target)], self.visit(node.value)), node)

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        text = ast.Constant(ast.unparse(node.test))
        self.generic_visit(node)
        return _at(ast.Expr(_call("assert_", node.test, _lambda(node.msg or text))), node)

    def _as_written(self, node: ast.If | ast.While | ast.For) -> ast.stmt:
        """A statement that Python runs: a tensor cannot decide there."""
        self.generic_visit(node)
        part = "iter" if isinstance(node, ast.For) else "test"
        setattr(node, part, _at(_call("by_python", getattr(node, part), ast.Constant(plain(node))), node))
        return node

    def visit_If(self, node: ast.If) -> Any:
        if plain(node):
            return self._as_written(node)
        returns = any(isinstance(x, ast.Return) for x in inside(node))
        names = _assigned([*node.body, *node.orelse])
        places, others = _places([*node.body, *node.orelse])
        test = self.visit(node.test)
        body, orelse = self._block(node.body), self._block(node.orelse)
        call = _call("if_returning" if returns else "if_", test, *_names("body__", "orelse__", "state__", "assign__"),
                     _texts([*names, *places]), _texts(others))
        made: list[ast.stmt] = [
            *self._access(names, places), self._function("body__", names, body),
            self._function("orelse__", names, orelse),
            ast.Return(call) if returns else ast.Expr(call),
        ]
        return [_at(s, node) for s in made]

    def visit_While(self, node: ast.While) -> Any:
        if plain(node):
            return self._as_written(node)
        options = _options(node.body)
        held = _assigned([_at(ast.Expr(node.test), node)])
        names = list(dict.fromkeys([*held, *_assigned(node.body)]))
        places, others = _places(node.body)
        live = _live(node, names, places)
        test = self._unless_broken(node, self.visit(node.test))
        call = _call("while_", *_names("test__", "body__", "state__", "assign__"), _texts([*names, *places]),
                     _texts([*others, *(f"{n} in its test" for n in held)]), live)
        call.keywords = [self.visit(k) for k in options]
        made: list[ast.stmt] = [
            *self._access(names, places), self._function("test__", held, [ast.Return(test)]),
            self._function("body__", names, self._block(node.body)), ast.Expr(call),
        ]
        return [_at(s, node) for s in made]

    def visit_For(self, node: ast.For) -> Any:
        if plain(node):
            return self._as_written(node)
        options = _options(node.body)
        names = _assigned([node])
        places, others = _places([node])
        live = _live(node, names, places)
        step = _at(ast.Assign([node.target], _name("item__")), node)
        body = self._function("body__", names, [step, *self._block(node.body)], "item__")
        flag = broken_flag(node)
        test: ast.expr = ast.Constant(None) if flag is None else _lambda(_call("not_", _name(flag)))
        call = _call("for_", self.visit(node.iter), _name("body__"), test, *_names("state__", "assign__"),
                     _texts([*names, *places]), _texts(others), live)
        call.keywords = [self.visit(k) for k in options]
        made: list[ast.stmt] = [*self._access(names, places), body, ast.Expr(call)]
        return [_at(s, node) for s in made]

    def _unless_broken(self, loop: ast.While, test: ast.expr) -> ast.expr:
        flag = broken_flag(loop)
        if flag is None:
            return test
        return _call("and_", _lambda(_call("not_", _name(flag))), _lambda(test))

    def _function(self, name: str, names: Sequence[str], body: list[ast.stmt], *arguments: str) -> ast.stmt:
        """``def name(arguments): body`` that assigns `names` of the function around."""
        made = ast.FunctionDef(name, _arguments(*arguments), [*self._declared(names), *body], [])
        if not made.body:
            made.body = [ast.Pass()]
        made.type_params = []                       # type: ignore[attr-defined]
        return made

    def _declared(self, names: Sequence[str]) -> list[ast.stmt]:
        """``nonlocal`` and ``global`` for the names."""
        around = self._elsewhere[-1]
        is_global = [n for n in names if around.get(n) == "global"]
        shared = [n for n in names if n not in is_global]
        self._shared[-1].update(shared)
        return [kind(found) for kind, found in ((ast.Global, is_global), (ast.Nonlocal, shared)) if found]

    def _access(self, names: Sequence[str], places: Mapping[str, Place]) -> list[ast.stmt]:
        """How the values of the names, and of the places behind them, are read and set from outside."""
        found = {text: self.visit(copy.deepcopy(place)) for text, place in places.items()}
        read = ast.Return(ast.Tuple([_lambda(e) for e in (*map(_name, names), *found.values())], ast.Load()))
        write: list[ast.stmt] = []
        if names or places:
            targets: list[ast.expr] = [_name(n, ast.Store()) for n in names]
            targets.append(ast.Starred(_name("places__", ast.Store()), ast.Store()))
            write = [ast.Assign([ast.Tuple(targets, ast.Store())], _name("values__"))]
        for k, place in enumerate(found.values()):
            is_item = isinstance(place, ast.Subscript)
            key = place.slice if isinstance(place, ast.Subscript) else ast.Constant(place.attr)
            value = ast.Subscript(_name("places__"), ast.Constant(k), ast.Load())
            call = _call("set_item" if is_item else "set_attribute", _lambda(place.value), key, value)
            write.append(ast.Expr(call))
        return [self._function("state__", [], [read]), self._function("assign__", names, write, "values__")]

    # ------------------------------------------------ expressions

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        if _binds(node):
            self.generic_visit(node)
            return node
        values = [self.visit(v) for v in node.values]
        made = values[-1]
        for v in reversed(values[:-1]):
            made = _call("and_" if isinstance(node.op, ast.And) else "or_", _lambda(v), _lambda(made))
        return _at(made, node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        return _at(_call("not_", node.operand), node) if isinstance(node.op, ast.Not) else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        if _binds(node):
            self.generic_visit(node)
            return node
        self.generic_visit(node)
        return _at(_call("if_expression", node.test, _lambda(node.body), _lambda(node.orelse)), node)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """``a < b < c`` is ``a < b and b < c`` where `b` is as cheap to write twice."""
        between = node.comparators[:-1]
        if not between or not all(isinstance(b, (ast.Name, ast.Constant)) for b in between):
            self.generic_visit(node)
            return node
        operands = [node.left, *node.comparators]
        pairs = [ast.Compare(operands[k], [op], [operands[k + 1]]) for k, op in enumerate(node.ops)]
        return self.visit_BoolOp(_at(ast.BoolOp(ast.And(), list(pairs)), node))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name == "super" and not node.args and self._first[-1] is not None:
            node.args = [_at(_name("__class__"), node), _at(_name(self._first[-1]), node)]
            return node
        self.generic_visit(node)
        if name not in NOT_CALLED:
            node.func = _at(_call("callee", node.func), node.func)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        node.attr = self._own(node.attr)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self._own(node.arg)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        node.id = self._own(node.id)
        return node

    def _own(self, name: str) -> str:
        """A private name as Python spells it inside its class."""
        private = self.owner and name.startswith("__") and not name.endswith("__")
        return f"_{self.owner}{name}" if private else name


# -------------------------------------------------------------------- pieces of syntax

def _at(made: Any, like: ast.AST) -> Any:
    """New nodes at the line of the statement that they stand for; those that were there before keep theirs."""
    for child in ast.walk(made):
        if not hasattr(child, "lineno") and isinstance(child, (ast.stmt, ast.expr, ast.arg, ast.keyword)):
            ast.copy_location(child, like)
            child.end_lineno, child.end_col_offset = child.lineno, child.col_offset     # a call counts as at its end
    return made


def _name(name: str, context: ast.expr_context | None = None) -> ast.expr:
    return ast.Name(name, context or ast.Load())


def _names(*names: str) -> list[ast.expr]:
    return [_name(n) for n in names]


def _texts(names: Sequence[str]) -> ast.expr:
    return ast.Tuple([ast.Constant(n) for n in names], ast.Load())


def _arguments(*names: str) -> ast.arguments:
    return ast.arguments([], [ast.arg(n) for n in names], None, [], [], None, [])


def _lambda(body: ast.expr) -> ast.expr:
    return ast.Lambda(_arguments(), body)


def _call(helper: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(_name(HELPERS), helper, ast.Load()), list(arguments), [])


def _is_text(s: ast.stmt) -> bool:
    return isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) and isinstance(s.value.value, str)


def _binds(e: ast.expr) -> bool:
    return any(isinstance(x, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)) for x in ast.walk(e))


def _assigned(statements: Sequence[ast.stmt]) -> list[str]:
    """Names that the statements bind in the function they stand in, in the order of the source."""
    found: dict[str, None] = {}
    comprehensions = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    for s in statements:
        for x in (s, *inside(s, (*SCOPES, *comprehensions))):
            if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store):
                found[x.id] = None
            elif isinstance(x, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found[x.name] = None
            elif isinstance(x, ast.alias):
                found[(x.asname or x.name).partition(".")[0]] = None
            elif isinstance(x, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and x.name:
                found[x.name] = None
            elif isinstance(x, ast.MatchMapping) and x.rest:
                found[x.rest] = None
    return list(found)


def _places(statements: Sequence[ast.stmt]) -> tuple[dict[str, Place], list[str]]:
    """Attributes and items that the statements assign, of objects from outside.

    Returns
    -------
    By their text those that are the same place whenever they are asked for; and the others, which only Python can keep.
    """
    own = _assigned(statements)
    found: dict[str, Place] = {}
    others: dict[str, None] = {}
    for s in statements:
        for x in (s, *inside(s)):
            if not (isinstance(x, (ast.Attribute, ast.Subscript)) and isinstance(x.ctx, ast.Store)):
                continue
            base: ast.expr = x
            stays = True
            while isinstance(base, (ast.Attribute, ast.Subscript)):
                stays &= isinstance(base, ast.Attribute) or _is_fixed(base.slice, own)
                base = base.value
            if isinstance(base, ast.Name) and base.id in own:
                continue
            if isinstance(base, ast.Name) and stays:
                place = copy.deepcopy(x)
                place.ctx = ast.Load()
                found[ast.unparse(x)] = place
            else:
                others[ast.unparse(x)] = None
    return found, list(others)


def _is_fixed(key: ast.expr, own: Sequence[str]) -> bool:
    """Whether a key is the same in all steps."""
    return all(isinstance(x, (ast.Constant, ast.Tuple, ast.UnaryOp, ast.USub, ast.Load))
               or (isinstance(x, ast.Name) and x.id not in own) for x in ast.walk(key))


def _live(loop: ast.stmt, names: Sequence[str], places: Iterable[str]) -> ast.expr:
    """Those of a loop's variables that are read behind it or in its next step; places may always be."""
    return _texts([*(n for n in names if n in liveness.live(loop)), *places])


def _last_name(e: ast.expr) -> str:
    return str(getattr(e, "attr", getattr(e, "id", "")))


def _options(body: list[ast.stmt]) -> list[ast.keyword]:
    """What `set_loop_options` at the beginning of a loop asks for; the call is taken out."""
    for s in body:
        call = s.value if isinstance(s, ast.Expr) else None
        if isinstance(call, ast.Call) and _last_name(call.func) == "set_loop_options":
            body.remove(s)
            if not body:
                body.append(ast.copy_location(ast.Pass(), s))
            return call.keywords
    return []
