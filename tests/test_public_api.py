"""The names that programs may use. A name that goes or comes shows here, and is meant.

Functions of ops are made from the registry, which is their list; what is written by hand is listed here.
"""
import functools
import inspect
import pathlib
import re
import types

import graphengine as tf
from graphengine.ops import OPS

SNAPSHOT = pathlib.Path(__file__).parent / "snapshots" / "public_names.txt"


def public_names():
    """Every public name that is no op's, with its kind; functions with their arguments."""
    lines = []
    for name in sorted(tf.__all__):
        value = getattr(tf, name)
        if isinstance(value, types.ModuleType):
            lines += names_inside(name, value)
        elif not is_op(value):
            lines.append(describe(name, value))
    return "".join(f"{line}\n" for line in lines)


def names_inside(name, module):
    lines = []
    for short in [n for n in dir(module) if not n.startswith("_")]:
        value = getattr(module, short)
        if isinstance(value, types.ModuleType) and value.__name__ == f"{module.__name__}.{short}":
            if not getattr(value, "__file__", None):        # one with a file is a part of the engine
                lines += names_inside(f"{name}.{short}", value)
        elif is_listed(value, module):
            lines.append(describe(f"{name}.{short}", value))
    return lines


def is_op(value):
    return not inspect.isclass(value) and hasattr(value, "op")


def is_listed(value, module):
    """Whether a name of a namespace is part of it; a module with a file also holds what it imports."""
    home = getattr(value, "__module__", None) or ""
    is_own = home == module.__name__ if getattr(module, "__file__", None) else home.startswith("graphengine")
    return callable(value) and is_own and not is_op(value)


def describe(name, value):
    if inspect.isclass(value):
        return f"{name}: class"
    if callable(value):
        parameters = inspect.signature(value).parameters.values()
        texts = [str(p.replace(annotation=inspect.Parameter.empty)) for p in parameters]
        return re.sub(r"<function (\w+) at 0x\w+>", r"\1", f"{name}({', '.join(texts)})")
    return f"{name}: {type(value).__name__}"


def test_public_names(request):
    found = public_names()
    if request.config.getoption("--update-snapshots"):
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(found)
    assert found == SNAPSHOT.read_text(), "read the difference, then run with --update-snapshots"


def test_ops_are_where_their_names_say():
    for cls in OPS.values():
        for name in cls.names:
            space, _, short = name.rpartition(".")
            found = functools.reduce(getattr, name.split("."), tf)
            assert found.op is cls
            assert space or short in tf.__all__


def test_every_public_name_is_documented():
    missing = [n for n in tf.__all__ if callable(getattr(tf, n)) and not (getattr(tf, n).__doc__ or "").strip()]
    assert not missing
