"""Modules: objects that hold variables, functions and other modules."""
from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from ..errors import InvalidArgumentError
from .build import name_scope
from .restoring import is_waiting, settle_waiting
from .variables import Variable


class Module:
    """Base of objects with variables, which it finds by itself among attributes, in lists and dicts too.

    Parameters
    ----------
    name : a Python name; the class's in small letters if None

    Examples
    --------
    >>> import graphengine as tf
    >>> class Line(tf.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope, self.height = tf.Variable(2.0, name="slope"), tf.Variable(1.0, name="height")
    ...     def __call__(self, x):
    ...         return self.slope * x + self.height
    >>> line = Line()
    >>> [v.name for v in line.trainable_variables]
    ['height:0', 'slope:0']
    """

    def __init__(self, name: str | None = None) -> None:
        label = _snake_case(type(self).__name__) if name is None else name
        if not re.fullmatch(r"[A-Za-z_]\w*", label):
            raise InvalidArgumentError(f"{label!r} is no Python name", op="Module")
        self._name = label

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if is_waiting() and (isinstance(value, (Variable, Module)) or children(value)):
            settle_waiting()

    @property
    def name(self) -> str:
        return self._name

    @property
    def name_scope(self) -> AbstractContextManager[str]:
        """A ``with`` block that puts the module's name before names."""
        return name_scope(f"{self._name}/")

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator of a method that runs within `name_scope`."""
        @functools.wraps(method)
        def scoped(self: Any, *args: Any, **settings: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **settings)

        return scoped

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Its variables by the names of its attributes, then those of the modules inside."""
        return tuple(x for _, x in found_in(self) if isinstance(x, Variable))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """Those that optimizers change."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        """Those that they do not."""
        return tuple(v for v in self.variables if not v.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """All modules inside, and inside those."""
        return tuple(x for _, x in found_in(self) if isinstance(x, Module))


def children(value: Any) -> list[tuple[str, Any]]:
    """Names and values of what an object holds: of a module, a dict, a list, and of all that has weights."""
    if isinstance(value, Module):
        return sorted(vars(value).items())
    if isinstance(value, Mapping):
        return [(str(key), value[key]) for key in sorted(value, key=str)]
    if isinstance(value, (list, tuple)):
        return [(str(k), x) for k, x in enumerate(value)]
    parts = None if isinstance(value, type) else getattr(value, "_trackable_children", None)
    if parts is not None:                   # a layer, a model
        return list(parts())
    for name in ("weights", "variables"):   # a metric; an optimizer
        held = None if isinstance(value, type) else getattr(value, name, None)
        if isinstance(held, (list, tuple)) and all(isinstance(v, Variable) for v in held):
            return [(str(k), v) for k, v in enumerate(held)]
    return []


def found_in(owner: Any) -> Iterator[tuple[str, Any]]:
    """Paths and values of all variables and modules below an object, each once; what modules hold comes last."""
    yield from _found(children(owner), "", {id(owner)})


def _found(items: Sequence[tuple[str, Any]], path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    later = []
    for name, value in _flat(items, path, seen):
        yield name, value
        if isinstance(value, Module):
            later.append((name, value))
    for name, module in later:
        yield from _found(children(module), f"{name}/", seen)


def _flat(items: Sequence[tuple[str, Any]], path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Variables and modules among values, those in lists and dicts too."""
    for key, value in items:
        inside = [] if isinstance(value, (Variable, Module)) else children(value)
        if id(value) in seen or not (inside or isinstance(value, (Variable, Module))):
            continue
        seen.add(id(value))
        name = path + key.replace("/", ".S")
        if inside:
            yield from _flat(inside, f"{name}/", seen)
        else:
            yield name, value


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
