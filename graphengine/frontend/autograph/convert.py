"""Python functions converted by the two passes over their source, and what converted code calls instead of a function.

Functions of the user's own files are converted when they are called while a graph is drawn, each once. Those of
installed packages, those without source and generators run as they are: there a tensor in an ``if`` is an error that
says what to write.
"""
from __future__ import annotations

import ast
import copy
import functools
import inspect
import linecache
import os
import sysconfig
import types
import warnings
from collections.abc import Callable
from typing import Any

from ...ir.source import PACKAGE_FOLDER
from . import statements
from .jumps import HELPERS, Jumps
from .rewrite import Rewriter
from .undefined import UNRETURNED

INSTALLED = tuple(
    {os.path.join(sysconfig.get_paths()[name], "") for name in ("stdlib", "platstdlib", "purelib", "platlib")})
LEFT_ALONE = "_not_converted"               # set on functions that their authors want to run as they are
_GENERATORS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

_converted: set[types.CodeType] = set()     # code that is the result of a conversion


def callee(function: Any) -> Any:
    """What to call instead of `function` while a graph is drawn."""
    if isinstance(function, types.FunctionType):
        return converted(function)
    if isinstance(function, types.MethodType) and isinstance(function.__func__, types.FunctionType):
        made = converted(function.__func__)
        return function if made is function.__func__ else types.MethodType(made, function.__self__)
    if type(function) is functools.partial:
        made = callee(function.func)
        return function if made is function.func else functools.partial(made, *function.args, **function.keywords)
    if isinstance(function, (type, types.BuiltinFunctionType)):
        return statements.BUILTINS.get(function, function)
    call = inspect.getattr_static(type(function), "__call__", None)
    if isinstance(call, types.FunctionType):
        made = converted(call)
        return function if made is call else types.MethodType(made, function)
    return function


_HELPERS = types.SimpleNamespace(
    if_=statements.if_, if_returning=statements.if_returning, while_=statements.while_, for_=statements.for_,
    and_=statements.and_, or_=statements.or_, not_=statements.not_, if_expression=statements.if_expression,
    by_python=statements.by_python, assert_=statements.assert_, set_item=statements.set_item,
    set_attribute=statements.set_attribute, callee=callee, UNRETURNED=UNRETURNED,
)


def converted(function: types.FunctionType) -> Callable[..., Any]:
    """The function with its statements as calls; itself where there is nothing to convert."""
    code = function.__code__
    if code in _converted or getattr(function, LEFT_ALONE, False) or not _is_users(code):
        return function
    new = _code(code)
    if new is None:
        return function
    cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
    cells[HELPERS] = types.CellType(_HELPERS)
    made = types.FunctionType(new, function.__globals__, function.__name__, function.__defaults__,
                              tuple(cells[name] for name in new.co_freevars))
    made.__kwdefaults__, made.__doc__ = function.__kwdefaults__, function.__doc__
    made.__qualname__, made.__module__ = function.__qualname__, function.__module__
    made.__dict__.update(function.__dict__)
    return made


def source(function: Callable[..., Any]) -> str:
    """The converted source of a function, to read.

    Raises
    ------
    ValueError for a function without source.
    """
    plain = getattr(function, "python_function", function)
    code = getattr(plain, "__func__", plain).__code__
    found = _rewritten(code)
    if found is None:
        raise ValueError(f"{code.co_name} has no source that can be converted")
    return ast.unparse(found)


def _is_users(code: types.CodeType) -> bool:
    file = code.co_filename
    return not file.startswith(PACKAGE_FOLDER) and not file.startswith(INSTALLED) and not code.co_flags & _GENERATORS


@functools.lru_cache(maxsize=1024)
def _code(code: types.CodeType) -> types.CodeType | None:
    """The converted code; None where there is no source."""
    try:
        function = _rewritten(code)
        if function is None:
            return None
        free = [*code.co_freevars, HELPERS]
        around = ast.FunctionDef("around__", ast.arguments([], [ast.arg(n) for n in free], None, [], [], None, []),
                                 [function, ast.Return(ast.Name(function.name, ast.Load()))], [])
        around.type_params = []             # type: ignore[attr-defined]
        module = ast.fix_missing_locations(ast.Module([around], []))
        made = _inner(_inner(compile(module, code.co_filename, "exec", dont_inherit=True), "around__"), function.name)
    except SyntaxError as error:            # what the passes do not know runs as it is written
        warnings.warn(f"{code.co_name} could not be converted and runs as it is: {error}", stacklevel=2)
        return None
    _remember(made)
    return made


def _rewritten(code: types.CodeType) -> ast.FunctionDef | None:
    """The function's source after both passes."""
    found = _definition(code)
    if found is None:
        return None
    found.decorator_list = []
    found.args.defaults = [ast.Constant(None) for _ in found.args.defaults]     # the function keeps its own
    found.args.kw_defaults = [None if d is None else ast.Constant(None) for d in found.args.kw_defaults]
    for argument in ast.walk(found.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    found.returns = None
    found.body = Jumps().moved(found.body) or [ast.Pass()]
    qualified = code.co_qualname.split(".")
    owner = qualified[-2] if len(qualified) > 1 and qualified[-2] != "<locals>" else None
    return Rewriter(owner).visit_FunctionDef(found)


def _definition(code: types.CodeType) -> ast.FunctionDef | None:
    """The syntax of a function, from its file."""
    lines = linecache.getlines(code.co_filename)
    if not lines:
        return None
    try:
        tree = _tree("".join(lines))
    except (SyntaxError, ValueError):       # the file has been edited since
        return None
    if code.co_name == "<lambda>":
        return _of_lambda(code, [n for n in ast.walk(tree) if isinstance(n, ast.Lambda)])
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                return copy.deepcopy(node)
    return None


def _of_lambda(code: types.CodeType, known: list[ast.Lambda]) -> ast.FunctionDef | None:
    """A lambda as a function that returns; None if others like it begin on its line."""
    names = code.co_varnames[:code.co_argcount]
    same = [n for n in known if n.lineno == code.co_firstlineno
            and tuple(a.arg for a in (*n.args.posonlyargs, *n.args.args)) == names]
    if len(same) != 1:
        return None
    found = copy.deepcopy(same[0])
    made = ast.FunctionDef("lambda__", found.args, [ast.copy_location(ast.Return(found.body), found.body)], [])
    made.type_params = []                   # type: ignore[attr-defined]
    return ast.copy_location(made, found)


@functools.lru_cache(maxsize=4)
def _tree(text: str) -> ast.Module:
    return ast.parse(text)


def _inner(code: types.CodeType, name: str) -> types.CodeType:
    """The code of a function that is defined in this code."""
    return next(c for c in code.co_consts if isinstance(c, types.CodeType) and c.co_name == name)


def _remember(code: types.CodeType) -> None:
    _converted.add(code)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            _remember(inner)
