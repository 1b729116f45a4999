"""Dataclasses that cost an import little.

    from .values import dataclass

The standard decorator writes six methods of each class as text and compiles them: over the engine's classes a third of
the time that importing it took. Here they are written once, for all classes. To type checkers it is the standard one.
"""
from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    def dataclass(*, frozen=False, eq=True, repr=True):
        """The standard decorator, for classes whose fields are all arguments and parts of their value."""
        def complete(cls):
            dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
            methods = {"__init__": _initializer(cls)}
            if frozen:
                methods |= {"__setattr__": _refuse, "__delattr__": _refuse}
            if repr:
                methods["__repr__"] = _repr
            if eq:
                key = attrgetter(*cls.__match_args__) if cls.__match_args__ else _nothing
                methods |= {"__eq__": _equality(key), "__hash__": (lambda self: hash(key(self))) if frozen else None}
            for name, method in methods.items():
                if cls.__dict__.get(name) is None:          # __hash__ is None where a class brings its own __eq__
                    setattr(cls, name, method)
            return cls

        return complete


def _initializer(cls: type) -> Any:
    names: tuple[str, ...] = cls.__match_args__  # type: ignore[attr-defined]
    defaults = {f.name: f.default for f in dataclasses.fields(cls)  # type: ignore[arg-type]
                if f.default is not dataclasses.MISSING}
    made = {f.name: f.default_factory for f in dataclasses.fields(cls)  # type: ignore[arg-type]
            if f.default_factory is not dataclasses.MISSING}
    completes = hasattr(cls, "__post_init__")

    def __init__(self: Any, *args: Any, **given: Any) -> None:
        values = self.__dict__
        if len(args) != len(names) or given:
            values.update(defaults)
            values.update({name: make() for name, make in made.items() if name not in given})
            values.update(given)
        values.update(zip(names, args, strict=False))
        if given or len(values) != len(names) or len(args) > len(names):
            _check(cls.__name__, names, args, given, values)
        if completes:
            self.__post_init__()

    return __init__


def _check(of: str, names: tuple[str, ...], args: tuple[Any, ...], given: dict[str, Any], values: Any) -> None:
    if len(args) > len(names):
        raise TypeError(f"{of}() takes {len(names)} values, got {len(args)}")
    for name in given:
        if name not in names:
            raise TypeError(f"{of}() got an unexpected keyword argument {name!r}")
        if name in names[:len(args)]:
            raise TypeError(f"{of}() got multiple values for argument {name!r}")
    lacks = [name for name in names if name not in values]
    if lacks:
        raise TypeError(f"{of}() lacks {', '.join(lacks)}")


def _equality(key: Any) -> Any:
    def __eq__(self: Any, other: Any) -> Any:
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _nothing(_: Any) -> tuple[()]:
    return ()


def _repr(self: Any) -> str:
    return f"{type(self).__qualname__}({', '.join(f'{n}={getattr(self, n)!r}' for n in self.__match_args__)})"


def _refuse(self: Any, name: str, *_: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot change {name!r} of {type(self).__name__}")
