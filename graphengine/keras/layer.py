"""The base of all layers: weights that are made when the first input comes, and a function of tensors."""
from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property, wraps
from types import FunctionType, NoneType
from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import GraphEngineError, InvalidArgumentError, ShapeError
from ..frontend.build import convert_to_tensor, init_scope
from ..frontend.drawing import as_drawn
from ..frontend.restoring import settle_waiting
from ..frontend.structure import flatten
from ..frontend.variables import Variable
from ..ir.eager import EagerTensor
from ..ir.graph import is_drawing
from ..ir.node import Tensor
from ..ops.language import L
from .attributes import NOT_TRACKED, inside, values_of
from .config import DTypePolicy, name_of_dtype
from .input_spec import check_inputs
from .masks import masks_of, set_mask
from .naming import auto_name
from .operation import apart_from
from .shapes import flat_shapes, shape_from_json, shape_given, shapes_of
from .symbolic import LayerCall, SymbolicGraph, is_symbol
from .variable import Variable as OwnVariable
from .variable import scope


@dataclass
class CallContext:
    """The outermost call of a layer that is running.

    training : what `training` is for layers that are not told
    """

    training: bool | None = None


class _Changes:
    """Counts the settings of layers that are set, so that nobody has to look for changes at each step."""

    count = 0


_MOST_SETTINGS = 256                        # that a layer knows again
_numbers = itertools.count()
_PLAIN = (int, float, str, NoneType, FunctionType)
_context: ContextVar[CallContext | None] = ContextVar("graphengine_keras_call", default=None)
_only_types: ContextVar[bool] = ContextVar("graphengine_keras_only_types", default=False)


def is_in_call() -> bool:
    """Whether a layer is being called."""
    return _context.get() is not None


@contextmanager
def apart() -> Iterator[None]:
    """A ``with`` block outside of the calls and graphs around: layers called on symbols inside are remembered."""
    token = _context.set(None)
    try:
        with init_scope():
            yield
    finally:
        _context.reset(token)


@contextmanager
def only_types() -> Iterator[None]:
    """A ``with`` block in which the weights that layers make have dtypes and shapes, but no memory and no values."""
    token = _only_types.set(True)
    try:
        yield
    finally:
        _only_types.reset(token)


class Layer:
    """A function of tensors with weights.

    Subclasses define `call`, and make weights in ``__init__`` or in `build` with `add_weight`.

    Parameters
    ----------
    activity_regularizer : function of the layer's result whose value is added to the loss
    trainable : whether optimizers change its weights
    dtype : type of its weights, by name or as a policy; see `keras.config.dtype_policy` for None
    name : "dense", "dense_1" and so on if None
    """

    takes_list = False                      # whether its operands come as one list

    def __init__(
        self, *, activity_regularizer: Any = None, trainable: bool = True, dtype: Any = None, autocast: bool = True,
        name: str | None = None, **kwargs: Any,
    ) -> None:
        self.input_shape_given = shape_given(kwargs)
        if kwargs:
            raise InvalidArgumentError(f"{type(self).__name__} has no argument {', '.join(map(repr, kwargs))}")
        self.name = str(name) if name is not None else auto_name(type(self).__name__)
        self.autocast = autocast
        self.built = False
        self.supports_masking = False
        self.input_spec: Any = None
        self._dtype = name_of_dtype(dtype)
        self._trainable = bool(trainable)
        self.calls_on_symbols: list[LayerCall] = []
        self._around: str | None = None
        self._own_weights: list[Variable] = []
        self._collected_losses: list[Any] = []
        self._weight_losses: list[Callable[[], Any]] = []
        self._constraints: dict[int, Any] = {}
        self._build_shapes: dict[str, Any] = {}
        from . import regularizers

        self.activity_regularizer = regularizers.get(activity_regularizer)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _settling(cls.build)  # type: ignore[method-assign]

    # ------------------------------------------------ to be defined by subclasses

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape: a tuple with None for unknown sizes, or a structure of them."""
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The results for these inputs."""
        raise NotImplementedError(f"{type(self).__name__} has no call()")

    def get_config(self) -> dict[str, Any]:
        """The arguments of an equal layer."""
        return {"name": self.name, "trainable": self._trainable, "dtype": self._dtype}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        return cls(**config)

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build` was called with, to build an equal layer before weights are loaded."""
        shapes = self._build_shapes
        if not shapes:
            return None
        return {"shapes_dict": shapes} if len(shapes) > 1 else {"input_shape": next(iter(shapes.values()))}

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Build as `get_build_config` says."""
        shape: Any = config.get("input_shape")
        several: Any = config.get("shapes_dict")
        if self.built or (shape is None and several is None):
            return
        shapes = {"": shape_from_json(shape)} if several is None else shape_from_json(several)
        with init_scope():
            if several is not None:
                self.build(**shapes)
            else:
                self.build(*shapes.values())
        self._build_shapes = shapes
        self.built = True

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the results."""
        return previous_mask if self.supports_masking else None

    # ------------------------------------------------ weights

    def add_weight(
        self, shape: Any = None, initializer: Any = None, dtype: Any = None, trainable: bool = True,
        autocast: bool = True, regularizer: Any = None, constraint: Any = None, aggregation: Any = "none",
        overwrite_with_gradient: bool = False, name: str | None = None,
    ) -> Variable:
        """A new weight.

        Parameters
        ----------
        shape : its sizes; () for a single number
        initializer : what it begins with: name, object or function of shape and dtype; "glorot_uniform" for floats,
            "zeros" for whole numbers
        regularizer : function of the weight that is added to the loss
        constraint : function that the optimizer applies to the weight after each update
        """
        from . import constraints, initializers, regularizers

        del autocast, aggregation, overwrite_with_gradient
        kind = as_dtype(dtype or self._dtype)
        sizes = tuple(int(s) for s in (() if shape is None else (shape,) if isinstance(shape, int) else shape))
        make = initializers.get(initializer or ("glorot_uniform" if kind.is_floating else "zeros"))
        label = name or "variable"
        with init_scope(), scope(self):
            weight = (OwnVariable.of_type(kind, sizes, trainable, label) if _only_types.get()
                      else OwnVariable(make(sizes, kind.name), trainable=trainable, name=label, dtype=kind))
        self._own_weights.append(weight)
        rule, limit = regularizers.get(regularizer), constraints.get(constraint)
        if rule is not None:
            self._weight_losses.append(lambda: rule(weight))
        if limit is not None:
            self._constraints[id(weight)] = limit
        return weight

    def add_loss(self, loss: Any) -> None:
        """Add a number, or several, to what training makes small."""
        self._collected_losses += flatten(loss)[1]

    def _forget_losses(self) -> None:
        """Drop what the layers inside have added."""
        for layer in self._flatten_layers():
            layer._collected_losses.clear()

    def _own(self) -> list[Variable]:
        """The layer's own weights: those of `add_weight`, and variables among its attributes."""
        found = {id(v): v for v in self._own_weights}
        for value in values_of(self, Variable):
            found.setdefault(id(value), value)
        return list(found.values())

    @property
    def _layers(self) -> list[Layer]:
        """Layers among the attributes, in lists and dicts too."""
        return list({id(x): x for x in values_of(self, Layer)}.values())

    def _trackable_children(self) -> Iterator[tuple[str, Any]]:
        """What checkpoints find in it: its own weights by number, and layers by the names of the attributes."""
        yield from ((str(k), v) for k, v in enumerate(self._own()))
        for name, value in vars(self).items():
            if name not in NOT_TRACKED and next(inside(value, Layer), None) is not None:
                yield name, value

    _seen_settings: tuple[int, tuple[int, int, int]] = -1, (0, 0, 0)    # since which change, what was found
    _times_adapted: int = 0

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        _Changes.count += name[0] != "_" and name not in NOT_TRACKED        # `history` is set after each epoch

    def _has_adapted(self) -> None:
        """Let no trace be used again that holds what the layer has found in data, or was given, before."""
        self._times_adapted += 1
        _Changes.count += 1

    def _settings_inside(self) -> tuple[int, int, int]:
        """Numbers that stand for which layers are trained, for their settings as far as they are plain, and for what
        layers have adapted to.

        A trace relies on them; the same settings have the same numbers again.
        """
        if self._seen_settings[0] != _Changes.count:
            layers = list(self._flatten_layers())
            trained = tuple([layer._trainable for layer in layers])
            plain = tuple([(name, value) for layer in layers for name, value in vars(layer).items()
                           if name[0] != "_" and isinstance(value, _PLAIN)])
            known = vars(self).setdefault("_known_settings", {})
            if len(known) > _MOST_SETTINGS:
                known.clear()
            adapted = sum(layer._times_adapted for layer in layers)
            found = known.setdefault(trained, next(_numbers)), known.setdefault(plain, next(_numbers)), adapted
            self._seen_settings = _Changes.count, found
        return self._seen_settings[1]

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> Iterator[Layer]:
        if include_self:
            yield self
        for layer in self._layers:
            yield layer
            if recursive:
                yield from layer._flatten_layers(include_self=False)

    @property
    def weights(self) -> list[Variable]:
        """All weights: the layer's own, those that are trained first, then those of the layers inside."""
        own = self._own()
        found = [v for v in own if v.trainable] + [v for v in own if not v.trainable]
        for layer in self._layers:
            found += layer.weights
        return list({id(v): v for v in found}.values())

    @property
    def variables(self) -> list[Variable]:
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """Those that optimizers change now."""
        if not self.trainable:
            return []
        found = [v for v in self._own() if v.trainable]
        for layer in self._layers:
            found += layer.trainable_weights
        return list({id(v): v for v in found}.values())

    @property
    def non_trainable_weights(self) -> list[Variable]:
        trained = {id(v) for v in self.trainable_weights}
        return [v for v in self.weights if id(v) not in trained]

    @property
    def trainable_variables(self) -> list[Variable]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        return self.non_trainable_weights

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self._layers:
            layer.trainable = value

    @property
    def dtype(self) -> str:
        return self._dtype

    @property
    def dtype_policy(self) -> DTypePolicy:
        """Its dtype as an object."""
        return DTypePolicy(self._dtype)

    @property
    def compute_dtype(self) -> str:
        return self._dtype

    @property
    def variable_dtype(self) -> str:
        return self._dtype

    @property
    def constraints(self) -> dict[int, Any]:
        """For the id of a weight the function that keeps it inside its bounds."""
        found = dict(self._constraints)
        for layer in self._layers:
            found.update(layer.constraints)
        return found

    @property
    def losses(self) -> list[Any]:
        """What is added to the loss: of the last call, and of the weights' regularizers."""
        found = []
        for layer in self._flatten_layers():
            found += layer._collected_losses
        for layer in self._flatten_layers():
            if layer.trainable:
                found += [make() for make in layer._weight_losses]
        return found

    def get_weights(self) -> list[Any]:
        """Copies of all weights."""
        return [np.asarray(v.numpy()) for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give all weights values; nothing changes unless all fit.

        Raises
        ------
        ShapeError if their number or a shape differs.
        """
        own, given = self.weights, [np.asarray(w) for w in weights]
        if len(own) != len(given):
            raise ShapeError(f"layer {self.name!r} has {len(own)} weights, {len(given)} were given",
                             fix="build the layer first, or give as many arrays as get_weights() returns")
        for v, w in zip(own, given, strict=True):
            if tuple(v.shape) != w.shape:
                raise ShapeError(f"layer {self.name!r}: weight {v.name} has shape {tuple(v.shape)}, given {w.shape}")
        for v, w in zip(own, given, strict=True):
            v.assign(w.astype(v.dtype.numpy))

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put the values of its own weights, not of those of layers inside, into a mapping, by their numbers."""
        own = self._own()
        ordered = [v for v in own if v.trainable] + [v for v in own if not v.trainable]
        store.update({str(k): np.asarray(v.numpy()) for k, v in enumerate(ordered)})

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take the values of its own weights from where `save_own_variables` put them.

        Raises
        ------
        ShapeError if their number or a shape differs.
        """
        own = self._own()
        ordered = [v for v in own if v.trainable] + [v for v in own if not v.trainable]
        if len(ordered) != len(store):
            raise ShapeError(f"layer {self.name!r} has {len(ordered)} weights of its own, {len(store)} were saved",
                             fix="build the layer first" if not self.built else None)
        for k, v in enumerate(ordered):
            if tuple(v.shape) != np.shape(store[str(k)]):
                raise ShapeError(f"layer {self.name!r}: weight {v.name} has shape {tuple(v.shape)}, saved was "
                                 f"{np.shape(store[str(k)])}")
        for k, v in enumerate(ordered):
            v.assign(np.asarray(store[str(k)]).astype(v.dtype.numpy))

    def count_params(self) -> int:
        """Number of elements of all weights."""
        return sum(v.shape.num_elements() or 0 for v in self.weights)

    # ------------------------------------------------ calling

    @cached_property
    def _call_arguments(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.call).parameters)

    @cached_property
    def _takes(self) -> frozenset[str]:
        parameters = inspect.signature(self.call).parameters.values()
        return frozenset(p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))

    @cached_property
    def _trains_alone(self) -> bool:
        """Whether `call` works as in training where nobody says: its own default."""
        default = inspect.signature(self.call).parameters["training"].default
        return default is not inspect.Parameter.empty and bool(default)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Results for inputs: symbols, eager tensors or arrays."""
        args = tuple(self._converted(a) for a in args)
        kwargs = {k: self._converted(v) if k not in ("training",) else v for k, v in kwargs.items()}
        if self.input_spec is not None and args:
            check_inputs(self.input_spec, args[0], self.name, type(self).__name__)
        outer = _context.get()
        symbols = [x for x in flatten((args, kwargs))[1] if is_symbol(x)]
        if symbols and outer is None and not is_drawing():
            graph = symbols[0].graph
            assert isinstance(graph, SymbolicGraph), "a symbol without its graph"
            with graph.call(self, args, kwargs) as found:
                result = self._run(args, kwargs, CallContext(kwargs.get("training") or False))
                result = apart_from(result, symbols)
                found.append(result)
            self._forget_losses()               # of symbols: nobody can add them up
            return result
        return self._run(args, kwargs, outer)

    @contextmanager
    def _scope(self) -> Iterator[None]:
        """A ``with`` block in which what is made belongs to this layer."""
        with scope(self) as around:
            if self._around is None:
                self._around = around
            yield

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any], outer: CallContext | None) -> Any:
        with self._scope():
            return self._run_inside(args, kwargs, outer)

    def _run_inside(self, args: tuple[Any, ...], kwargs: dict[str, Any], outer: CallContext | None) -> Any:
        self._ensure_built(args, kwargs)
        context = CallContext() if outer is None else outer
        training = kwargs.get("training")
        before = context.training
        if training is None:
            training = before
        if "training" in self._takes:
            kwargs = {**kwargs, "training": self._trains_alone if training is None else bool(training)}
        else:
            kwargs = {k: v for k, v in kwargs.items() if k != "training"}
        if "mask" in self._takes and kwargs.get("mask") is None:
            mask = masks_of(args[0]) if args else None
            if mask is not None:
                kwargs["mask"] = mask
        context.training = training
        token = _context.set(context)
        if outer is None:
            self._forget_losses()
        try:
            result = (as_drawn(self.call) if is_drawing() else self.call)(*args, **kwargs)
            if self.activity_regularizer is not None:
                for x in flatten(result)[1]:
                    share = L.cast(L.shape_of(x)[0], x.dtype) if x.shape.rank else 1.0
                    self.add_loss(self.activity_regularizer(x) / share)
        except GraphEngineError as error:
            raise error.located(node=f"layer {self.name!r} ({type(self).__name__})") from None
        finally:
            _context.reset(token)
            context.training = before
        self.built = True
        self._pass_mask(args, kwargs, result)
        return result

    def _converted(self, x: Any) -> Any:
        """Arrays as tensors, fractions in the layer's type."""
        if isinstance(x, (list, tuple, Mapping)):
            structure, leaves = flatten(x)
            if leaves and all(isinstance(v, (int, float, np.generic)) and not isinstance(v, bool) for v in leaves):
                return self._converted(np.asarray(x))
            return structure.fill([self._converted(v) for v in leaves])
        if isinstance(x, np.ndarray) and x.dtype.kind in "fiub":
            x = convert_to_tensor(x)
        is_fraction = isinstance(x, (EagerTensor, Tensor)) and x.dtype.is_floating
        if is_fraction and self.autocast and x.dtype.name != self._dtype and as_dtype(self._dtype).is_floating:
            return L.cast(x, self._dtype)
        return x

    def _ensure_built(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        if self.built:
            return
        names = list(inspect.signature(self.build).parameters)
        named = dict(zip(self._call_arguments, args, strict=False)) | dict(kwargs)
        shapes = {n: shapes_of(named[n.removesuffix("_shape")]) for n in names
                  if n.endswith("_shape") and n.removesuffix("_shape") in named} if len(names) > 1 else {}
        if not shapes and args:
            shapes = {"": shapes_of(args[0])}       # whatever build calls its first argument
        self._build_shapes = shapes
        if names and shapes and type(self).build is not Layer.build:
            with init_scope():
                if len(shapes) > 1:
                    self.build(**shapes)
                else:
                    self.build(*shapes.values())
            self.built = True

    def _pass_mask(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> None:
        if not args:
            return
        previous = kwargs.get("mask")
        if previous is None:
            previous = masks_of(args[0])
        if previous is None and type(self).compute_mask is Layer.compute_mask:
            return
        mask = self.compute_mask(args[0], previous)
        if mask is not None:
            outputs = flatten(result)[1]
            given = mask if isinstance(mask, (list, tuple)) else [mask] * len(outputs)
            for x, m in zip(outputs, given, strict=False):
                if m is not None:
                    set_mask(x, m)

    # ------------------------------------------------ shapes

    def compute_output_shape(self, *shapes: Any, **kwargs: Any) -> Any:
        """The shape of the results for inputs of a shape: found by drawing the call."""
        from ..ops.state import Placeholder

        graph = SymbolicGraph()
        structure, leaves = flat_shapes(shapes[0])
        with graph.as_default():
            symbols = [graph.add(Placeholder(self._dtype, s), (), "x").outputs[0] for s in leaves]
            result = self._run((structure(symbols),), dict(kwargs), CallContext(False))
        self._forget_losses()
        found, outputs = flatten(result)
        return found.fill([tuple(x.shape) for x in outputs])

    @property
    def path(self) -> str:
        """The names of the layers that it was first called or built in, and its own."""
        return f"{self._around}/{self.name}" if self._around else self.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    @property
    def input(self) -> Any:
        """The symbols of the first call."""
        return one_or_list(self._first_call().inputs)

    @property
    def output(self) -> Any:
        return one_or_list(list(self._first_call().outputs))

    def _first_call(self) -> Any:
        if self.calls_on_symbols:
            return self.calls_on_symbols[0]
        raise InvalidArgumentError(f"layer {self.name!r} has not been called on an Input")


def _settling(build: Callable[..., None]) -> Callable[..., None]:
    """`build` after which the layer is built, whoever calls it."""
    @wraps(build)
    def settled(self: Layer, *shapes: Any, **named: Any) -> None:
        if not self._build_shapes:
            given = inspect.signature(build).bind(self, *shapes, **named).arguments
            self._build_shapes = {name: shape for name, shape in list(given.items())[1:] if shape is not None}
        with self._scope():
            build(self, *shapes, **named)
        self.built = True
        settle_waiting()

    return settled


def one_or_list(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
