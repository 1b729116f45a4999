"""Names of a package that are loaded when they are first used: most programs do without them."""
from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def later(
    package: str, where: Mapping[str, str], otherwise: Callable[[str], Any] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : or a module, from whose name those of the others are reckoned
    where : for each name ``.module`` if it is one, ``.module:name`` if it is in one
    otherwise : makes, or refuses, any other name
    """
    def missing(name: str) -> Any:
        if name in where:
            module, _, inside = where[name].partition(":")
            value = import_module(module, package)
            value = getattr(value, inside) if inside else value
        elif otherwise is not None:
            value = otherwise(name)
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        known = vars(sys.modules[package])
        return sorted({*known, *known.get("__all__", ()), *where})

    return missing, names
