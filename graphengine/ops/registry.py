"""The decorator `op`: checks that an op class is complete, names it, and makes its public function.

The registry is the only list of ops. Public functions, operators, documentation, the editor's palette,
saved graphs and the systematic tests are read from it.
"""
from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from ..dtypes import DType
from ..errors import InvalidArgumentError, NotFoundError, OpDefinitionError, suggestion
from ..ir.eager import EagerTensor
from ..ir.node import Tensor
from ..ir.operand import Operand
from .apply import apply
from .kinds import (
    REQUIRED,
    Composite,
    Control,
    Dynamic,
    Effect,
    Elementwise,
    External,
    Library,
    Movement,
    NoGradient,
    Op,
    Reduction,
    Source,
)
from .operands import operands_in
from .samples import Sample

_OPS: dict[str, type[Op]] = {}
_OWNERS: dict[str, type[Op]] = {}             # public name -> op
OPS: Mapping[str, type[Op]] = MappingProxyType(_OPS)
OWNERS: Mapping[str, type[Op]] = MappingProxyType(_OWNERS)

C = TypeVar("C", bound=type[Op])

# operator -> method, reflected method
_METHODS = {
    "+": ("__add__", "__radd__"), "-": ("__sub__", "__rsub__"), "*": ("__mul__", "__rmul__"),
    "/": ("__truediv__", "__rtruediv__"), "//": ("__floordiv__", "__rfloordiv__"), "%": ("__mod__", "__rmod__"),
    "**": ("__pow__", "__rpow__"), "@": ("__matmul__", "__rmatmul__"), "&": ("__and__", "__rand__"),
    "|": ("__or__", "__ror__"), "^": ("__xor__", "__rxor__"), "<": ("__lt__", None), "<=": ("__le__", None),
    ">": ("__gt__", None), ">=": ("__ge__", None), "==": ("__eq__", None), "!=": ("__ne__", None),
    "neg": ("__neg__", None), "abs": ("__abs__", None), "~": ("__invert__", None),
}
_OPERATOR_NAMES = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "&": "and", "|": "or", "^": "xor",
}
_OPERATORS: dict[str, list[Op]] = {}


def op(cls: C) -> C:
    """Complete, check and register an op class.

    Raises
    ------
    OpDefinitionError that lists everything the class lacks.
    """
    dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    cls.name = _snake(cls.__name__)
    cls.node_name = cls.__dict__.get("node_name", cls.__name__)
    if not cls.names and not cls.internal:
        cls.names = (cls.name,)
    if not cls.__module__.startswith(f"{__package__}."):    # those of the engine are checked by its tests
        found = lacks(cls)
        if found:
            raise OpDefinitionError(f"op {cls.__name__} lacks {'; '.join(found)}")
    if cls.name in _OPS:
        raise OpDefinitionError(f"there are two ops called {cls.name!r}")
    taken = next((n for n in cls.names if n in _OWNERS), None)
    if taken is not None:
        raise OpDefinitionError(f"op {cls.__name__} lacks a public name of its own: "
                                f"{taken} is {_OWNERS[taken].__name__}'s")
    _OPS[cls.name] = cls
    _OWNERS.update(dict.fromkeys(cls.names, cls))
    if cls.operator is not None:
        _install_operator(cls)
    return cls


def abstract(cls: C) -> C:
    """Let the attributes that a base of several ops declares be inherited by them."""
    dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    return cls


def by_name(name: str) -> type[Op]:
    """The op class saved as `name`.

    Raises
    ------
    NotFoundError that suggests the nearest.
    """
    try:
        return _OPS[name]
    except KeyError:
        raise NotFoundError(f"there is no op {name!r}", fix=suggestion(name, _OPS)) from None


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


_KINDS = (Elementwise, Reduction, Movement, Control, Library, Composite, External, Dynamic, Source, Effect)
_LOWERING = {
    Elementwise: ("expression",), Reduction: ("step", "identity", "axes"), Library: ("call",),
    Control: ("regions", "evaluate", "specialized", "pruned", "infer", "gradient"),
    Composite: ("decompose",), Effect: ("updated",),
}
_UNARY = ("neg", "abs", "~")
_WITH_NONE = ("==", "!=")


def lacks(cls: type[Op]) -> list[str]:
    """What is missing or does not fit together, in words; empty for a complete op."""
    kind = next((k for k in _KINDS if issubclass(cls, k)), None)
    if kind is None:
        return [f"a kind: one of {', '.join(k.__name__ for k in _KINDS)} as its base"]
    found = [*_lacks_of_words(cls), *_lacks_of_lowering(cls, kind)]
    if issubclass(cls, (Source, Effect, External)) or kind is Control:
        return found
    for method, text in (("reference", ""), ("gradient", ", or gradient = NoGradient('why')")):
        if not _overrides(cls, kind, method):
            found.append(method + text)
    if not cls.inputs:
        found.append("inputs")
    return found + _lacks_of_samples(cls)


def _overrides(cls: type[Op], kind: type[Op], attribute: str) -> bool:
    own = getattr(cls, attribute, None)
    return own is not None and own is not getattr(kind, attribute, None)


def _lacks_of_words(cls: type[Op]) -> list[str]:
    lacks = []
    if not (cls.__doc__ or "").strip() or (cls.__doc__ or "").startswith(f"{cls.__name__}("):
        lacks.append("a docstring")
    if not getattr(cls, "category", None):
        lacks.append("category")
    attributes = dataclasses.fields(cls)  # type: ignore[arg-type]
    lacks += [f"a meaning of port {p.name}" for p in cls.inputs if not p.doc]
    lacks += [f"attr(default, meaning) of {f.name}" for f in attributes if not f.metadata.get("doc")]
    names = [p.name for p in cls.inputs] + [f.name for f in attributes] + ["name"]
    lacks += [f"a single meaning of argument {n}" for n in dict.fromkeys(names) if names.count(n) > 1]
    return lacks


def _lacks_of_lowering(cls: type[Op], kind: type[Op]) -> list[str]:
    lacks = [name for name in _LOWERING.get(kind, ()) if not _overrides(cls, kind, name) and not _is_field(cls, name)]
    if kind is Movement and not (cls.is_reshape or any(_overrides(cls, kind, m) for m in ("view", "placements"))):  # type: ignore[attr-defined]
        lacks.append("one of view, is_reshape, placements")
    if kind not in (Elementwise, Reduction, Control, Effect) and not _overrides(cls, kind, "result_shape"):
        lacks.append("result_shape")
    if kind is Elementwise and "expression" not in lacks:
        used = set(re.findall(r"\{(\w+)\}", cls.expression)) - {"T", "R"}  # type: ignore[attr-defined]
        ports = {p.name for p in cls.inputs}
        if not _overrides(cls, kind, "failure"):        # which may read the others
            lacks += [f"{{{name}}} in its expression" for name in sorted(ports - used)]
        lacks += [f"a port {name}, which its expression reads" for name in sorted(used - ports)]
    if cls.operator is not None:
        wanted = 1 if cls.operator in _UNARY else 2
        if cls.operator not in _METHODS or len(cls.inputs) != wanted:
            lacks.append(f"the operands of operator {cls.operator!r}")
    return lacks


def _is_field(cls: type[Op], name: str) -> bool:
    return any(f.name == name for f in dataclasses.fields(cls))  # type: ignore[arg-type]


def _lacks_of_samples(cls: type[Op]) -> list[str]:
    if not cls.samples or not all(isinstance(s, Sample) for s in cls.samples):
        return ["samples"]
    lacks = []
    is_list = bool(cls.inputs) and cls.inputs[0].variadic
    for k, made in enumerate(cls.samples):
        if not is_list and len(made.operands) != len(cls.inputs):
            lacks.append(f"an operand for each port in samples[{k}]")
        lacks += [f"attribute {name}, which samples[{k}] gives" for name in made.attributes if not _is_field(cls, name)]
    return lacks


def _install_operator(cls: type[Op]) -> None:
    symbol = cls.operator
    assert symbol is not None
    method, reflected = _METHODS[symbol]
    node_name = _OPERATOR_NAMES.get(symbol)
    instance = cls()
    others = _OPERATORS.setdefault(symbol, [])      # of one symbol, each for other types
    others.append(instance)
    if len(others) > 1:
        def taker(x: Any) -> Op:
            kind = getattr(x, "dtype", None)
            return next((o for o in others if kind in o.inputs[0].accepts), others[0])

        if len(cls.inputs) == 1:
            setattr(Operand, method, lambda self: apply(taker(self), (self,), node_name))
            return
        setattr(Operand, method, lambda self, other: apply(taker(self), (self, other), node_name))
        setattr(Operand, str(reflected), lambda self, other: apply(taker(self), (other, self), node_name))
        return
    if len(cls.inputs) == 1:
        setattr(Operand, method, lambda self: apply(instance, (self,), node_name))
        return
    if symbol in _WITH_NONE:                # asked of everything: `x == None` is a plain answer, as in TensorFlow
        answer = symbol == "!="
        setattr(Operand, method, lambda self, other: (
            answer if other is None else apply(instance, (self, other), node_name)))
        return
    setattr(Operand, method, lambda self, other: apply(instance, (self, other), node_name))
    if reflected:
        setattr(Operand, reflected, lambda self, other: apply(instance, (other, self), node_name))


def has_gradient(cls: type[Op]) -> bool:
    return not isinstance(cls.gradient, NoGradient)


# -------------------------------------------------------------------- public functions

MOST_INSTANCES = 256                        # of an op, kept to be applied again
_PLAIN = frozenset({int, bool, str, type(None), DType})


def function(cls: type[Op]) -> Callable[..., Any]:
    """The public function of an op: ports, then attributes, then ``name=None``."""
    ports = [p.name for p in cls.inputs]
    signature = _signature(cls)
    takes_list = bool(cls.inputs) and cls.inputs[0].variadic
    sized = [f for f in dataclasses.fields(cls) if f.metadata["sizes"]]  # type: ignore[arg-type]
    made: dict[Any, Op] = {}                # instances by their attributes as they were written
    count = len(ports) if cls.alone is None and not takes_list else sys.maxsize

    def call(*args: Any, **kwargs: Any) -> Any:
        if () in made and not kwargs and len(args) == count:
            return apply(made[()], args)
        written = _plain((*args[count:], *kwargs.items())) if len(args) >= count else None
        if written in made:
            return apply(made[written], args[:count])
        try:
            bound = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"{cls.name}(): {error}; the signature is {cls.name}{signature}") from None
        name = bound.pop("name", None)
        operands = [bound.pop(p, None) for p in ports]
        if cls.alone is not None and operands[1:].count(None) == len(operands) - 1:
            return apply(by_name(cls.alone)(**bound), operands[:1], name)
        given = next((f for f in sized if _is_symbolic(bound.get(f.name))), None)
        if given is not None:
            return apply_sized(cls.name, operands, given, bound, name)
        lacks = cls.needed is not None and bound.get(cls.needed) is None
        if cls.at_run_time is not None and (lacks or any(map(_is_symbolic, bound.values()))):
            return cls.at_run_time(*operands, **bound, name=name)
        op_instance = cls(**bound)
        if written is not None and name is None and len(made) < MOST_INSTANCES:
            made[written] = op_instance
        return apply(op_instance, _listed(operands[0], op_instance, ports[0]) if takes_list else operands, name)

    if cls.fields:
        call = _named(call, namedtuple(cls.node_name, cls.fields))
    call.__name__ = call.__qualname__ = cls.names[0].rpartition(".")[2] if cls.names else cls.name
    call.__doc__ = documentation(cls)
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__module__ = "graphengine"
    call.op = cls  # type: ignore[attr-defined]
    return call


def _listed(given: Any, op: Op, port: str) -> list[Any]:
    """The operands of an op that takes as many as there are.

    Raises
    ------
    InvalidArgumentError for none, or for what is no list.
    """
    found = list(given) if hasattr(given, "__iter__") else []
    if not found or isinstance(given, str):
        raise InvalidArgumentError(f"{port}={given!r}; it takes a list of tensors, one at least", op=op.name)
    return found


def _named(call: Callable[..., Any], kind: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the same that gives its results names."""
    return lambda *args, **kwargs: kind(*call(*args, **kwargs))


def _plain(values: tuple[Any, ...]) -> Any:
    """Values with their types, to tell them apart; None if there are others than names, whole numbers and the like."""
    found = []
    for v in values:
        kind = type(v)
        if kind is tuple:
            inner = _plain(v)
            if inner is None:
                return None
            found.append((tuple, inner))
        elif kind in _PLAIN:
            found.append((kind, v))
        else:
            return None
    return tuple(found)


def _is_symbolic(value: Any) -> bool:
    """Whether a value is, or holds, a tensor whose numbers cannot be read off it."""
    return not all(isinstance(x, EagerTensor) or _is_fixed(x) for x in operands_in([value]))


def _is_fixed(x: Any) -> bool:
    """Whether numpy can read a tensor of whole numbers: a constant, or one that follows from sizes."""
    if not isinstance(x, Tensor) or not x.dtype.is_integer:
        return False
    try:
        return np.asarray(x) is not None
    except InvalidArgumentError:
        return False


def apply_sized(
    of: str, operands: Sequence[Any], given: dataclasses.Field[Any], attributes: dict[str, Any], name: str | None
) -> Any:
    """The result of an op one of whose attributes, sizes, is given as a tensor."""
    others = tuple((key, value) for key, value in attributes.items() if key != given.name)
    is_open = given.metadata["sizes"] == "open"
    whole = apply(by_name("size_of")(), operands[:1]) if is_open else -1
    extent = apply(by_name("extent")(), [attributes[given.name], whole])
    return apply(by_name("sized")(of, given.name, others), [*operands, extent], name or by_name(of).node_name)


def _signature(cls: type[Op]) -> inspect.Signature:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    may_lack = [cls.alone is not None and k > 0 for k in range(len(cls.inputs))]
    defaults = [None if lacks else inspect.Parameter.empty for lacks in may_lack]
    parameters = [inspect.Parameter(p.name, kind, default=d) for p, d in zip(cls.inputs, defaults, strict=True)]
    for f in dataclasses.fields(cls):  # type: ignore[arg-type]
        default = inspect.Parameter.empty if f.default is REQUIRED else f.default
        parameters.append(inspect.Parameter(f.name, kind, default=default))
    return inspect.Signature([*parameters, inspect.Parameter("name", kind, default=None)])


def documentation(cls: type[Op]) -> str:
    """The op's docstring with its parameters, from the declaration."""
    text = inspect.cleandoc(cls.__doc__ or "")
    rows = [f"{p.name} : {', '.join(t.name for t in p.accepts)}; {p.doc}" for p in cls.inputs]
    for f in dataclasses.fields(cls):  # type: ignore[arg-type]
        shown = f.default.name if isinstance(f.default, DType) else repr(f.default)
        rows.append(f"{f.name} : {f.metadata['doc']} ({'required' if f.default is REQUIRED else f'default {shown}'})")
    if not rows:
        return text
    summary, _, rest = text.partition("\n\n")
    return "\n\n".join(part for part in (summary, "Parameters\n----------\n" + "\n".join(rows), rest) if part)
