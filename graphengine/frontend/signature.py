"""Arguments of a traced function: their names, and the form that its input_signature gives them."""
from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import GraphEngineError, SignatureError
from ..ir.eager import EagerTensor
from .build import convert_to_tensor
from .structure import flatten
from .variables import Variable

if TYPE_CHECKING:
    from .function import TensorSpec

Arguments = tuple[tuple[Any, ...], Mapping[str, Any]]


def fitted(
    specs: Sequence[Any], python_function: Any, owners: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Arguments:
    """The arguments of a call as tensors of the types that input_signature says.

    Parameters
    ----------
    specs : a TensorSpec, or a structure of them, for each argument
    owners : how many arguments come before those, 1 for a method

    Raises
    ------
    TypeError for too many or too few arguments; SignatureError for one that is no such tensor.
    """
    bound = inspect.signature(python_function).bind(*args, **kwargs)
    bound.apply_defaults()
    values = bound.args
    names = [n for n, p in bound.signature.parameters.items() if p.kind is not p.VAR_POSITIONAL][:len(values)]
    last = owners + len(specs)
    if len(values) < last or len(values) > max(last, len(names)):
        raise SignatureError(f"{len(values) - owners} arguments for an input_signature of {len(specs)}",
                             op=python_function.__name__)
    tensors = [_fitted(spec, x, _name(names, owners + k), python_function.__name__)
               for k, (spec, x) in enumerate(zip(specs, values[owners:], strict=False))]
    return (*values[:owners], *tensors, *values[last:]), bound.kwargs


def _name(names: Sequence[str], k: int) -> str:
    return names[k] if k < len(names) else f"argument {k}"


def _fitted(spec: Any, value: Any, name: str, function: str) -> Any:
    """A value in the structure of its spec, with a tensor for each TensorSpec."""
    if isinstance(spec, Mapping):
        if not isinstance(value, Mapping) or set(value) != set(spec):
            raise SignatureError(f"{name} is no dict with the keys {list(spec)}", op=function)
        return {key: _fitted(s, value[key], f"{name}[{key!r}]", function) for key, s in spec.items()}
    if isinstance(spec, (list, tuple)):
        if not isinstance(value, (list, tuple)) or len(value) != len(spec):
            raise SignatureError(f"{name} is no {type(spec).__name__} of {len(spec)} values", op=function)
        parts = [_fitted(s, x, f"{name}[{k}]", function) for k, (s, x) in enumerate(zip(spec, value, strict=True))]
        return type(spec)(*parts) if hasattr(spec, "_fields") else type(spec)(parts)
    if not hasattr(spec, "placeholder"):
        return value
    return _tensor(spec, value, name, function)


def _tensor(spec: TensorSpec, value: Any, name: str, function: str) -> Any:
    if hasattr(value, "placeholder"):       # another spec
        found = value
    else:
        is_typed = isinstance(value, (EagerTensor, Variable))
        try:
            found = convert_to_tensor(value, None if is_typed else spec.dtype)
        except GraphEngineError as error:
            raise SignatureError(f"{name} is no {spec.dtype.name} tensor: {error.problem}", op=function) from None
    if found.dtype is not spec.dtype or not fits(found.shape, spec.shape):
        raise SignatureError(f"{name} is {found.dtype.name} {found.shape}; input_signature says {spec.dtype.name} "
                             f"{spec.shape}", op=function)
    return found


def fits(sizes: Sequence[Any], shape: Any) -> bool:
    """Whether values of a shape may stand where another is asked for, in which None is any size."""
    return shape.rank is None or (
        getattr(sizes, "rank", 0) is not None and len(shape) == len(sizes)
        and all(a is None or a == b for a, b in zip(shape, sizes, strict=True)))


def names_of(python_function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[str]:
    """For each leaf of the arguments, as `flatten` has them, the name of the parameter that it came with."""
    try:
        parameters = list(inspect.signature(python_function).parameters.values())
    except (TypeError, ValueError):         # of what is not written in Python
        parameters = []
    places = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "arg")
    named = [*((places[k] if k < len(places) else rest, x) for k, x in enumerate(args)), *sorted(kwargs.items())]
    return [name for name, value in named for _ in flatten(value)[1]]
