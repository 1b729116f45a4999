"""Python functions traced once into graphs, which are compiled and run by the engine.

A function is called on symbols when it meets arguments of new types and ranks for the first time; then its graph runs.
The first axis of a traced array may change its size without a new trace, unless the function looks at it. Variables
are shared with the program around: things happen to them in the order in which the function says so.
"""
from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..dtypes import DType, as_dtype
from ..errors import GraphEngineError, InvalidArgumentError
from ..ir.dims import Shape
from ..ir.eager import EagerTensor, Typed
from ..ir.graph import is_drawing
from ..ir.node import Node, Tensor
from ..ir.source import last_line
from ..ops.body import acts
from .build import convert_to_tensor
from .concrete import Concrete
from .drawing import as_drawn
from .signature import fits, fitted, names_of
from .structure import Structure, flatten, form_of
from .tracing import Tracing
from .variables import Variable

if TYPE_CHECKING:
    from .explanation import Explanation

Array = np.ndarray[Any, Any]

MOST_TYPES = 64                             # of arguments, that a function remembers besides its graphs


@dataclass(frozen=True)
class TensorSpec:
    """Type and shape that an argument of a function has to have.

    shape : None for sizes that may change
    """

    shape: Any = None
    dtype: Any = "float32"
    name: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", Shape(self.shape))
        object.__setattr__(self, "dtype", as_dtype(self.dtype))

    def placeholder(self) -> tuple[DType, Shape]:
        return self.dtype, self.shape

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype=tf.{self.dtype.name}, name={self.name!r})"


class Function:
    """A Python function that runs as a compiled graph; see `function`."""

    def __init__(
        self, python_function: Callable[..., Any], input_signature: Sequence[TensorSpec] | None = None,
        autograph: bool = True,
    ) -> None:
        functools.update_wrapper(self, python_function)
        self.python_function = python_function
        self.input_signature = input_signature
        self.autograph = autograph
        self._traced: dict[Any, list[tuple[list[Shape], Concrete]]] = {}
        self._by_types: dict[tuple[Typed, ...], Concrete] = {}
        self._kept_alive: list[Any] = []
        self._begun: set[int | None] = set()    # objects whose method it has been traced as
        self._count = 0
        self.is_method = False              # whether its first argument is the object whose method it is

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        self.is_method = True
        return Method(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if is_drawing():                    # inside another graph it is part of that
            return self._drawn(*args, **kwargs)
        is_plain = not kwargs and (self.input_signature is None or len(self.input_signature) == len(args))
        if not is_plain or any(type(x) is not EagerTensor for x in args):
            concrete, operands = self._concrete(args, kwargs)
            results = concrete(*operands)
        else:
            concrete = self._of_tensors(args)
            results = concrete(*args)
        assert concrete.structured_outputs is not None, "a traced function knows what it returns"
        return concrete.structured_outputs.fill(results)

    def _of_tensors(self, args: tuple[EagerTensor, ...]) -> Concrete:
        """The graph for arguments that are all tensors, which is known by their types once it was looked for."""
        types = tuple([x.type for x in args])
        found = self._by_types.get(types)
        if found is None:
            if len(self._by_types) >= MOST_TYPES:
                self._by_types.clear()
            found = self._by_types[types] = self._concrete(args, {})[0]
        return found

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> Any:
        """The graph for arguments like these, or those of `input_signature`; TensorSpecs may stand for tensors."""
        return self.concrete_function(None, args, kwargs)

    def concrete_function(self, owner: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> ConcreteFunction:
        """As `get_concrete_function`, of a method of `owner` unless that is None."""
        self.is_method = self.is_method or owner is not None
        if not args and not kwargs and self.input_signature is not None:
            args = tuple(self.input_signature)
        concrete, _ = self._concrete(args if owner is None else (owner, *args), kwargs)
        return ConcreteFunction(concrete, inspect.signature(self.python_function), owner)

    @property
    def traces(self) -> list[Concrete]:
        """The graphs that it has been traced to."""
        return [concrete for known in self._traced.values() for _, concrete in known]

    def experimental_get_tracing_count(self) -> int:
        """How often the Python function has been traced."""
        return self._count

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        """What the compiler makes of a call with these arguments."""
        concrete, operands = self._concrete(args, kwargs)
        return concrete.explain(*(x.array for x in operands))

    # ------------------------------------------------ tracing

    def _drawn(self, *args: Any, **kwargs: Any) -> Any:
        """What the Python function gives while a graph is drawn."""
        drawn = as_drawn(self.python_function) if self.autograph else self.python_function
        return drawn(*args, **kwargs)

    def _concrete(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Concrete, list[Any]]:
        if self.input_signature is not None:
            args, kwargs = fitted(self.input_signature, self.python_function, self.is_method, args, kwargs)
        structure, leaves = flatten((args, dict(sorted(kwargs.items()))))
        leaves = [convert_to_tensor(x) if isinstance(x, (np.ndarray, np.generic)) else x for x in leaves]
        operands = [x for x in leaves if isinstance(x, (EagerTensor, TensorSpec))]
        key = (form_of((args, kwargs)), tuple([
            (x.dtype, len(x.array.shape)) if isinstance(x, EagerTensor) else
            (as_dtype(x.dtype), Shape(x.shape)) if isinstance(x, TensorSpec) else _fixed(x) for x in leaves
        ]))
        known = self._traced.setdefault(key, [])
        for shapes, concrete in known:
            if all(isinstance(x, TensorSpec) or fits(x.array.shape, s)        # a spec's shape is part of the key
                   for x, s in zip(operands, shapes, strict=True)):
                return concrete, operands
        names = names_of(self.python_function, args, kwargs)
        owner = id(args[0]) if self.is_method else None
        types, concrete = self._first(structure, leaves, self._types(operands), names, owner)
        known.append(([s for _, s in types], concrete))
        self._begun.add(owner)
        self._kept_alive.append(leaves)     # as long as an object lives nobody else has its id
        return concrete, operands

    def _types(self, operands: Sequence[Any]) -> list[tuple[DType, Shape]]:
        """dtype and shape of each symbol: first axes are free."""
        asked = [] if self.input_signature is None else flatten(tuple(self.input_signature))[1]
        return [spec.placeholder() for spec in asked] + [
            x.placeholder() if isinstance(x, TensorSpec) else
            (x.dtype, Shape((None, *x.array.shape[1:]) if x.array.shape else ()))
            for x in operands[len(asked):]
        ]

    def _first(
        self, structure: Structure, leaves: Sequence[Any], types: list[tuple[DType, Shape]], names: Sequence[str],
        owner: int | None,
    ) -> tuple[list[tuple[DType, Shape]], Concrete]:
        """The graph for new types of arguments, and the types that it is for: all sizes that the function wants."""
        exact = types
        if self.input_signature is None:
            operands = [x for x in leaves if isinstance(x, (EagerTensor, TensorSpec))]
            exact = [(t, Shape(x.array.shape) if isinstance(x, EagerTensor) else s)
                     for x, (t, s) in zip(operands, types, strict=True)]
        may_make = owner not in self._begun
        try:
            concrete, tracing = self._trace(structure, leaves, types, names, may_make)
        except (GraphEngineError, TypeError, ValueError):
            if exact == types:
                raise
            types = exact                   # an op wants to know the size of a first axis
            concrete, tracing = self._trace(structure, leaves, types, names, may_make)
        if tracing.variable_count:          # as in TensorFlow: now it has to do without making any
            concrete, tracing = self._trace(structure, leaves, types, names, False)
        self._count += 1
        return exact if tracing.has_looked else types, concrete

    def _trace(
        self, structure: Structure, leaves: Sequence[Any], types: Sequence[Any], names: Sequence[str], may_make: bool
    ) -> tuple[Concrete, Tracing]:
        given = [x if isinstance(x, (EagerTensor, TensorSpec)) else None for x in leaves]
        operands = [x for x in given if x is not None]
        graph = Tracing(types, [n for n, x in zip(names, given, strict=True) if x is not None],
                        operands, self.input_signature is None, may_make, _value_of)
        with graph.as_default():
            symbols = iter(graph.inputs)
            filled = [x if g is None else next(symbols) for x, g in zip(leaves, given, strict=True)]
            args, kwargs = structure.fill(filled)
            try:
                result = self._drawn(*args, **kwargs)
            except GraphEngineError as error:
                line = last_line(error.__traceback__)
                error.located(at=str(line) if line else None)
                raise
            returned, found = flatten(result)
            outputs = [x if x is None or isinstance(x, Node) else graph.adopt(convert_to_tensor(x)) for x in found]
        graph.finish()
        tensors = [x for x in outputs if isinstance(x, Tensor)]
        targets = [n for n in graph.nodes if acts(n)]
        specs = iter([TensorSpec(shape, dtype) for dtype, shape in types])
        arguments = structure.fill([x if g is None else next(specs) for x, g in zip(leaves, given, strict=True)])
        made = Concrete(graph, graph.inputs, tensors, targets, _with_none(returned, outputs), arguments=arguments)
        return made, graph


def _value_of(feeds: Sequence[tuple[Tensor, EagerTensor]], tensor: Tensor) -> EagerTensor:
    """A tensor of a graph that is being traced, for values of some of its symbols."""
    return Concrete(tensor.graph, [t for t, _ in feeds], [tensor]).call([x.array for _, x in feeds])[0]


_traced_call = Function.__call__


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Let functions run in Python, to look at them with a debugger, or traced and compiled again."""
    call = (lambda f, *args, **kwargs: f.python_function(*args, **kwargs)) if run_eagerly else _traced_call
    setattr(Function, "__call__", call)  # noqa: B010 (compiled calls do not have to ask)


def functions_run_eagerly() -> bool:
    """Whether functions run in Python."""
    return Function.__call__ is not _traced_call


class Method:
    """A traced function of a class, on one of its objects."""

    def __init__(self, function: Function, owner: Any) -> None:
        self.__func__ = function
        self.__self__ = owner
        self.__doc__ = function.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__func__(self.__self__, *args, **kwargs)

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The graph for arguments like these, or those of `input_signature`; TensorSpecs may stand for tensors."""
        return self.__func__.concrete_function(self.__self__, args, kwargs)

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        """What the compiler makes of a call with these arguments."""
        return self.__func__.explain(self.__self__, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__func__, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Method) and (self.__func__, self.__self__) == (other.__func__, other.__self__)

    def __hash__(self) -> int:
        return hash((self.__func__, id(self.__self__)))


class ConcreteFunction:
    """A traced function with the types of its arguments settled.

    Parameters
    ----------
    concrete : its graph
    python_signature : arguments of the Python function
    owner : object whose method it is, or None
    """

    def __init__(self, concrete: Concrete, python_signature: inspect.Signature, owner: Any) -> None:
        self.concrete = concrete
        self.signature = python_signature
        self.owner = owner
        self.graph, self.inputs, self.outputs = concrete.graph, concrete.inputs, concrete.outputs

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Results for tensors, by place or by name; what was settled when it was traced may be left out.

        Raises
        ------
        InvalidArgumentError if there are more or fewer tensors than it takes.
        """
        operands = [convert_to_tensor(x) for x in self._tensors(args, kwargs) if x is not None]
        if len(operands) != len(self.inputs):
            raise InvalidArgumentError(f"{len(operands)} tensors for a function of {len(self.inputs)}",
                                       op="ConcreteFunction")
        found = self.concrete(*operands)
        structure = self.concrete.structured_outputs
        return found if structure is None else structure.fill(found)

    def _tensors(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Any]:
        given = flatten(args)[1]
        if not kwargs and len(given) == len(self.inputs):
            return given
        first = () if self.owner is None else (self.owner,)
        asked = self.signature.bind(*self.concrete.arguments[0], **self.concrete.arguments[1]).arguments
        bound = self.signature.bind_partial(*first, *args, **kwargs).arguments
        specs, values = (flatten([found.get(name) for name in asked])[1] for found in (asked, bound))
        unknown = [value for name, value in bound.items() if name not in asked]
        if len(specs) != len(values):
            return values
        return [value for spec, value in zip(specs, values, strict=True) if isinstance(spec, TensorSpec)] + unknown


def _with_none(structure: Structure, outputs: Sequence[Any]) -> Structure:
    """A structure that is filled with tensors only; None stays where the function returned it."""
    def build(values: Any) -> Any:
        return structure.fill([next(values) if isinstance(x, Tensor) else None for x in outputs])

    return Structure(build, False)


def _fixed(x: Any) -> Any:
    """What is no tensor decides by its value, or by what it is."""
    try:
        hash(x)
    except TypeError:
        return ("object", id(x))
    if isinstance(x, Variable):
        return (type(x), id(x))
    return (type(x), repr(x)) if isinstance(x, float) else (type(x), x)


def function(
    func: Callable[..., Any] | None = None, input_signature: Sequence[TensorSpec] | None = None,
    autograph: bool = True, jit_compile: bool | None = None, reduce_retracing: bool = False,
    experimental_implements: Any = None, experimental_autograph_options: Any = None,
    experimental_attributes: Any = None,
) -> Any:
    """Let a Python function run as a compiled graph.

    It is traced once for each structure, dtype and rank of its arguments; a first axis of another size traces nothing
    anew, unless the function has looked at sizes that depend on it (``x.shape[0]``): then it is traced for each. What
    Python does besides happens while it is traced only: once, or twice where an op turns out to want a size that was
    left open, and in a first call that makes variables.

    A function may make variables in its first call (a method in the first call on each object), with values that
    depend on its arguments; in later traces it has to do without, as in TensorFlow.

    Parameters
    ----------
    func : the function; without it a decorator is returned
    input_signature : a TensorSpec, or a structure of them, for each argument; then it is traced once, for these. Lists,
        arrays and numbers become tensors of their types.
    autograph : whether ``if``, ``while`` and ``for`` on tensors become branches and loops of the graph; see `autograph`
    jit_compile, reduce_retracing : accepted for TensorFlow's sake: it is always compiled

    Raises
    ------
    When called: SignatureError, a TypeError, for an argument that is no tensor of its TensorSpec; InvalidArgumentError
    if it makes variables in another than the first call.

    Examples
    --------
    >>> import graphengine as tf
    >>> @tf.function
    ... def double(x):
    ...     return x + x
    >>> print(double(tf.constant([1.0, 2.0])))
    tf.Tensor([2. 4.], shape=(2,), dtype=float32)
    """
    del jit_compile, reduce_retracing, experimental_implements, experimental_autograph_options
    del experimental_attributes
    if func is None:
        return lambda f: Function(f, input_signature, autograph)
    return Function(func, input_signature, autograph)
