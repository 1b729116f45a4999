"""Objects as configurations and back: plain data of Keras's form, as it stands in files and in `get_config`.

A name in a configuration is looked up among what was registered, here by the modules of this package and by programs
through `register_keras_serializable`, or passed as ``custom_objects``. Nothing is imported or run because of a
configuration, unless the program trusts it: see `bytecode`.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from types import EllipsisType
from typing import Any, TypeVar, overload

import numpy as np

from ..dtypes import DType
from ..errors import InvalidArgumentError, suggestion
from ..frontend.build import constant
from ..ir.dims import Shape
from ..ir.eager import EagerTensor
from . import bytecode
from .naming import to_snake_case

T = TypeVar("T")
Config = dict[str, Any]

PLAIN = (str, int, float, bool, type(None))

_public: dict[str, dict[str, Any]] = {}         # "losses" -> name -> class or function
_later: dict[str, tuple[str, ...]] = {}         # "losses" -> modules that register more of them when they are loaded
_homes: dict[Any, tuple[str, str]] = {}         # class or function -> ("losses", its name)
_custom: dict[str, Any] = {}                    # "package>name" -> class or function of a program
_custom_names: dict[Any, str] = {}
_scope: ContextVar[Mapping[str, Any] | None] = ContextVar("graphengine_custom_objects", default=None)


@overload
def register(module: str, *aliases: str, name: str | None = None) -> Callable[[T], T]: ...


@overload
def register(module: T) -> T: ...


def register(module: Any, *aliases: str, name: str | None = None) -> Any:
    """Make a class or function of this package known by its name.

    Parameters
    ----------
    module : where Keras has it: "losses" for keras.losses, "optimizers.schedules", or "" for keras itself. A class or
        function instead of a name is known by the folder or file of this package that it is written in.
    aliases : further names that `get_object` takes
    name : its name in configurations, if that is not the one of the class or function
    """
    if not isinstance(module, str):
        return register(module.__module__.removeprefix(f"{__package__}.").partition(".")[0])(module)

    def add(obj: T) -> T:
        own: str = name or obj.__name__  # type: ignore[attr-defined]
        table = _public.setdefault(module, {})
        table.update(dict.fromkeys((own, *aliases), obj))
        _homes.setdefault(obj, (module, own))
        return obj

    return add


def register_later(module: str, *homes: str) -> None:
    """Let Python modules of this package be loaded when a name is wanted that is not registered yet.

    module : as of `register`
    """
    _later[module] = tuple(dict.fromkeys((*_later.get(module, ()), *homes)))


def _table(module: str, name: str | None = None) -> Mapping[str, Any]:
    """What a module has registered; all of it, unless a name is given and there already."""
    if name is None or name not in _public.get(module, {}):
        for home in _later.pop(module, ()):
            import_module(home)
    return _public.get(module, {})


def registered(module: str) -> Mapping[str, Any]:
    """The classes and functions of a module, each under its own name."""
    return {name: obj for name, obj in _table(module).items() if _homes[obj] == (module, name)}


# -------------------------------------------------------------------- what programs register

def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Make a class or function of a program known to configurations as ``package>name``.

    Examples
    --------
    >>> from graphengine.keras.registry import deserialize_keras_object, serialize_keras_object
    >>> @register_keras_serializable("mine")
    ... def cube(x):
    ...     return x * x * x
    >>> deserialize_keras_object(serialize_keras_object(cube)) is cube
    True
    """
    def add(obj: T) -> T:
        if inspect.isclass(obj) and not hasattr(obj, "get_config"):
            raise InvalidArgumentError(f"class {obj.__name__} has no get_config()", op="register_keras_serializable")
        full = f"{package}>{name or obj.__name__}"  # type: ignore[attr-defined]
        _custom[full] = obj
        _custom_names[obj] = full
        return obj

    return add


def get_custom_objects() -> dict[str, Any]:
    """What programs have registered, by name; it may be changed."""
    return _custom


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any] | None) -> Iterator[None]:
    """Inside the ``with`` block, these names mean these classes and functions."""
    token = _scope.set({**(_scope.get() or {}), **(custom_objects or {})})
    try:
        yield
    finally:
        _scope.reset(token)


CustomObjectScope = custom_object_scope


def get_registered_name(obj: Any) -> str:
    """The name by which a class or function is registered, else its own."""
    return _custom_names.get(obj, obj.__name__)


def get_registered_object(
    name: str | None, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """What a program registered by this name, or None."""
    for names in (_scope.get(), _custom, custom_objects, module_objects):
        if names and name is not None and name in names:
            return names[name]
    return None


# -------------------------------------------------------------------- by name

def find(module: str, name: str) -> Any:
    """The class or function of a module by its name, an alias, or its class's name in small letters; or None."""
    table = _table(module, name)
    if name in table:
        return table[name]
    return next((obj for label, obj in table.items()
                 if inspect.isclass(obj) and name in (to_snake_case(label), label.lower())), None)


def get_object(module: str, identifier: Any) -> Any:
    """What users mean by an identifier: a name, a configuration, a class, or already the object.

    module : "losses", "optimizers", ...
    identifier : of a class, a new instance is made; None stays None

    Raises
    ------
    InvalidArgumentError for a name that is not known; the nearest is suggested.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        obj = deserialize(module, identifier)
    elif isinstance(identifier, str):
        obj = get_registered_object(identifier) or find(module, identifier)
    else:
        obj = identifier
    if inspect.isclass(obj):
        obj = obj()
    if obj is None or not (callable(obj) or hasattr(obj, "get_config")):
        known = _table(module)
        raise InvalidArgumentError(
            f"{identifier!r} names nothing", op=f"keras.{module}.get",
            fix=suggestion(identifier, known) if isinstance(identifier, str) else "a name, a config or an object",
        )
    return obj


def deserialize(module: str, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """An object of one module from its configuration; a class's name alone, without "module", is enough."""
    if isinstance(config, str):
        with custom_object_scope(custom_objects):
            return get_object(module, config)
    if isinstance(config, dict) and "class_name" in config and not config.get("module"):
        config = {"module": f"keras.{module}", "config": {}, "registered_name": None, **config}
        config["module"] = config["module"] or f"keras.{module}"
    return deserialize_keras_object(config, custom_objects)


# -------------------------------------------------------------------- objects to configurations

def serialize_keras_object(obj: Any) -> Any:
    """An object as plain data that JSON can hold, in Keras's form.

    Raises
    ------
    InvalidArgumentError for an object without `get_config`.
    """
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, PLAIN):
        return obj
    if isinstance(obj, (list, tuple, Shape)):
        return [serialize_keras_object(x) for x in obj]
    if isinstance(obj, Mapping) and not hasattr(obj, "get_config"):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, DType):
        return obj.name
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode()}}
    if isinstance(obj, EllipsisType):
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, slice):
        parts = {"start": obj.start, "stop": obj.stop, "step": obj.step}
        return {"class_name": "__slice__", "config": serialize_keras_object(parts)}
    if isinstance(obj, (np.ndarray, EagerTensor)):
        array = np.asarray(obj)
        kind = "__numpy__" if isinstance(obj, np.ndarray) else "__tensor__"
        return {"class_name": kind, "config": {"value": array.tolist(), "dtype": array.dtype.name}}
    if inspect.isclass(obj) or not hasattr(obj, "get_config"):
        return _function_config(obj)
    return _object_config(obj)


def _function_config(obj: Any) -> Config:
    name = getattr(obj, "__name__", None)
    if name is None or inspect.isclass(obj):
        raise InvalidArgumentError(f"{obj!r} has no get_config()", op="serialize_keras_object",
                                   fix="give its class a method get_config that returns the constructor's arguments")
    if name == "<lambda>":
        found = bytecode.written(obj)
        parts = [found.pop(part) for part in ("code", "defaults", "closure")]
        return {"class_name": "__lambda__", "config": {"value": parts, **found}}
    return {"module": "builtins", "class_name": "function", "config": get_registered_name(obj),
            "registered_name": "function"}


def _object_config(obj: Any) -> Config:
    cls = type(obj)
    home = _homes.get(cls)
    config = {
        "module": None if home is None else ".".join(part for part in ("keras", home[0]) if part),
        "class_name": cls.__name__ if home is None else home[1],
        "config": serialize_keras_object(obj.get_config()),
        "registered_name": get_registered_name(cls) if home is None else None,
    }
    for key, ask in (("build_config", "get_build_config"), ("compile_config", "get_compile_config")):
        more = getattr(obj, ask, lambda: None)()
        if more is not None:
            config[key] = serialize_keras_object(more)
    return config


# -------------------------------------------------------------------- configurations to objects

_VALUES: dict[str, Callable[[Config], Any]] = {
    "__numpy__": lambda c: np.array(c["value"], c["dtype"]),
    "__tensor__": lambda c: constant(np.array(c["value"]), c["dtype"]),
    "__bytes__": lambda c: c["value"].encode(),
    "__ellipsis__": lambda c: ...,
    "__slice__": lambda c: slice(c["start"], c["stop"], c["step"]),
}


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True, **kwargs: Any
) -> Any:
    """The object that a configuration of `serialize_keras_object` describes.

    Parameters
    ----------
    custom_objects : classes and functions of the program by name, beside those it has registered
    safe_mode : False lets the configuration hold functions as Python code, which may do anything

    Raises
    ------
    InvalidArgumentError for a name that is not known; the nearest is suggested.
    """
    module_objects = kwargs.pop("module_objects", None) or {}
    with bytecode.trusting(not safe_mode), custom_object_scope({**module_objects, **(custom_objects or {})}):
        return _deserialized(config)


def _deserialized(config: Any) -> Any:
    if isinstance(config, (list, tuple)):
        return [_deserialized(x) for x in config]
    if isinstance(config, str):
        found = get_registered_object(config)
        return config if found is None else found
    if not isinstance(config, Mapping):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: _deserialized(value) for key, value in config.items()}
    name, inner = config["class_name"], config["config"]
    if name in _VALUES:
        return _VALUES[name](_deserialized(inner))
    if name == "function":
        return _named_function(inner)
    if name == "__lambda__":
        from .. import keras

        own = {key.rpartition(">")[2]: obj for key, obj in _custom.items()}
        return bytecode.read(inner, {"keras": keras, "ops": keras.ops, **own, **(_scope.get() or {})})
    cls = _named_class(name, config.get("module"), config.get("registered_name"))
    try:
        made = cls.from_config(dict(inner or {}))
    except TypeError as error:
        raise InvalidArgumentError(f"its config does not fit its constructor: {error}", op=name) from error
    if config.get("build_config") and not getattr(made, "built", True):
        made.build_from_config(config["build_config"])
    if config.get("compile_config"):
        made.compile_from_config(config["compile_config"])
    return made


def _named_function(name: str) -> Any:
    found = get_registered_object(name)
    for table in () if found is not None else _public.values():
        found = table.get(name) if not inspect.isclass(table.get(name)) else None
        if found is not None:
            break
    if found is None:
        known = [n for table in _public.values() for n, obj in table.items() if not inspect.isclass(obj)]
        raise _unknown("function", name, [*known, *_custom])
    return found


def _named_class(name: str, module: str | None, registered: str | None) -> Any:
    found = get_registered_object(registered or name) or get_registered_object(name)
    if found is None and (module or "keras").partition(".")[0] == "keras":
        home = (module or "keras").partition(".")[2]
        tables = ([_table(home, name)] if home in _public or home in _later
                  else [_table(known, name) for known in list(_public)])
        found = next((table[name] for table in tables if name in table), None)
    if found is None:
        raise _unknown("class", name, [*(n for table in _public.values() for n in table), *_custom])
    return found


def _unknown(what: str, name: str, known: list[str]) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"there is no {what} {name!r}", op="deserialize_keras_object",
        fix=suggestion(name, known) or "decorate it with register_keras_serializable(), or pass it in custom_objects",
    )
