"""Models: layers that can be trained, saved and looked at."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError, NotFoundError, suggestion
from ..frontend.structure import flatten, form_of
from ..ir.eager import EagerTensor
from ..ir.graph import is_drawing
from ..ir.node import Tensor
from ..ops.apply import is_recording
from .bytecode import trusting
from .functional import InputLayer, Playback, matched_inputs
from .layer import Layer, apart, is_in_call, one_or_list
from .naming import auto_name, is_of_this_package
from .operation import Operation
from .places import as_call, at_places, ends_of, place, places_in, read, written
from .registry import register
from .saving.methods import Saved
from .shapes import shape_from_json
from .steps import loosened, traced
from .symbolic import LayerCall, call_of, is_symbol
from .trainer import Trainer

MOST_CALLS = 64                             # traces of calls that a model keeps


@register("models")
class Model(Saved, Trainer, Layer):
    """Layers that are trained together.

    Three ways to make one: ``Model(inputs, outputs)`` of symbols; `Sequential`; a subclass with `call`.

    Parameters
    ----------
    inputs, outputs : symbols, or lists or dicts of them
    name : "model", "functional" and so on if None

    Examples
    --------
    >>> from graphengine import keras
    >>> inputs = keras.Input(shape=(3,))
    >>> model = keras.Model(inputs, inputs * 2.0)
    >>> print(model([[1.0, 2.0, 3.0]]))
    tf.Tensor([[2. 4. 6.]], shape=(1, 3), dtype=float32)
    """

    _calls: dict[Any, Any]                  # compiled calls, by training, types and settings
    _plain: bool | None                     # whether all layers are this package's; None: not looked at yet

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return super().__new__(Functional if cls is Model and _are_symbols(args, kwargs) else cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if _are_symbols(args, kwargs):          # a subclass that adds to training, say, but is made of symbols
            _let_inherit(type(self), Functional)
            Functional.__init__(self, *args, **kwargs)  # type: ignore[arg-type]
            return
        Trainer.__init__(self)
        Layer.__init__(self, *args, **kwargs)
        self.forget_functions()

    def call(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no call(self, inputs, training=None)")

    @property
    def _has_call(self) -> bool:
        return type(self).call is not Model.call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Results for inputs: symbols, eager tensors or arrays. A model of this package's layers runs compiled."""
        if self._runs_compiled(args, kwargs):
            return self._called(args[0], bool(kwargs.get("training")))
        return super().__call__(*args, **kwargs)

    def _runs_compiled(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        if is_drawing() or is_in_call() or not self.built or len(args) != 1 or not kwargs.keys() <= {"training"}:
            return False
        if is_recording() and self._shows_results_inside:
            return False                        # a tape may be asked for derivatives with respect to these
        return self._is_of_this_package and all(isinstance(x, (EagerTensor, np.ndarray)) for x in flatten(args[0])[1])

    @property
    def _shows_results_inside(self) -> bool:
        """Whether an output is computed from another one, such as a layer's result beside the model's."""
        return False

    @property
    def _is_of_this_package(self) -> bool:
        """Whether all layers are ours and so may run compiled."""
        if self._plain is None:
            inside = list(self._flatten_layers(include_self=False))
            self._plain = type(self) in (Functional, Sequential) and all(
                is_of_this_package(type(x)) and x.activity_regularizer is None
                and type(x).__name__ != "Lambda" and (not isinstance(x, Model) or type(x) in (Functional, Sequential))
                for x in inside)
        return self._plain

    def _called(self, x: Any, training: bool) -> Any:
        structure, leaves = flatten(x)
        tensors = [self._converted(v) for v in leaves]
        types = tuple([(t.dtype, t.array.shape[1:]) for t in tensors])
        if symbols := self._symbols_left_open():
            types = loosened(types, (structure.fill(range(len(types))), symbols[0]))
        key = training, form_of(x), types, self._settings_inside()
        step = self._calls.get(key)
        if step is None:
            def call(data: Any) -> Any:
                return Layer.__call__(self, data, training=training)

            if len(self._calls) >= MOST_CALLS:
                self._calls.clear()
            step = self._calls[key] = traced(call, structure, types)
        return step.result.fill(step.concrete(*tensors))

    def forget_functions(self) -> None:
        super().forget_functions()
        self._calls = {}
        self._plain = None

    @property
    def layers(self) -> list[Layer]:
        """The layers directly inside."""
        return list(self._layers)

    def _trackable_children(self) -> Iterator[tuple[str, Any]]:
        if not isinstance(self, (Functional, Sequential)):
            yield from super()._trackable_children()
            return
        for k, layer in enumerate(self.layers):     # an input that comes later does not change their numbers
            yield f"layer-{k}", layer

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by name or by place.

        Raises
        ------
        NotFoundError that suggests the nearest name.
        """
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise NotFoundError(f"model {self.name!r} has {len(self.layers)} layers, no number {index}")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise NotFoundError(f"model {self.name!r} has no layer {name!r}",
                            fix=suggestion(str(name), [x.name for x in self.layers]))

    def summary(
        self, line_length: int | None = None, positions: Any = None, print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False, show_trainable: bool = False, layer_range: Any = None,
    ) -> None:
        """Print the layers, the shapes of their results and their numbers of weights; see `print_summary`."""
        from .summary import print_summary

        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def to_document(self, path: Any = None) -> dict[str, Any]:
        """The model as a drawing, which the editor opens; see `drawing.to_document`."""
        from .drawing import to_document

        return to_document(self, path)

    def reset_states(self) -> None:
        """Let recurrent layers begin anew."""
        for layer in self._flatten_layers(include_self=False):
            reset = getattr(layer, "reset_states", None) or getattr(layer, "reset_state", None)
            if reset is not None and not isinstance(layer, Model):
                reset()

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "trainable": self._trainable}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        """The model of a configuration: of symbols, or of a subclass's arguments."""
        if cls is Model and "input_layers" in config:
            return Functional.from_config(config, custom_objects)
        return cls(**config)

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        shape = config.get("input_shape")
        if shape is not None and not self.built and type(self).build is Layer.build:
            given = shape_from_json(shape)
            self.compute_output_shape(given)        # a call makes the weights of the layers inside
            self._build_shapes = {"": given}
            self.built = True
        else:
            super().build_from_config(config)


@register("models")
@register("src.models.functional")      # its home in Keras's files
class Functional(Model):
    """A model of symbols; what ``Model(inputs, outputs)`` makes."""

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        Model.__init__(self, name=name or auto_name(type(self).__name__), **kwargs)
        self._input_structure, symbols = flatten(inputs)
        self._output_structure, results = flatten(outputs)
        self._inputs_given, self._outputs_given = inputs, outputs
        self._playback = Playback(symbols, results)
        self._input_keys = _keys(inputs) if isinstance(inputs, Mapping) else None
        self.built = True

    @property
    def _layers(self) -> list[Layer]:
        return self._playback.layers if "_playback" in self.__dict__ else []

    @property
    def inputs(self) -> list[Tensor]:
        return list(self._playback.inputs)

    @property
    def outputs(self) -> list[Tensor]:
        return list(self._playback.outputs)

    @property
    def input(self) -> Any:
        return self._inputs_given

    @property
    def output(self) -> Any:
        return self._outputs_given

    @property
    def input_shape(self) -> Any:
        return one_or_list([tuple(t.shape) for t in self.inputs])

    @property
    def output_shape(self) -> Any:
        return self._output_structure.fill([tuple(t.shape) for t in self.outputs])

    @property
    def input_names(self) -> list[str]:
        if self._input_keys is not None:
            return [str(k) for k in self._input_keys]
        return [_layer_of(t).name if _layer_of(t) is not None else t.node.name for t in self.inputs]

    @property
    def output_names(self) -> list[str]:
        if isinstance(self._outputs_given, Mapping):
            return [str(k) for k in _keys(self._outputs_given)]
        names: list[str] = []
        for t in self.outputs:
            layer = _layer_of(t)
            names.append(layer.name if layer is not None else t.node.name)
        return names

    @property
    def _has_symbols(self) -> bool:
        return True

    @property
    def _shows_results_inside(self) -> bool:
        return self._playback.shows_results_inside

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        del training, mask                      # layers find it in the context of the call
        shapes = [tuple(t.shape) for t in self.inputs]
        tensors = matched_inputs(self.input_names, shapes, inputs, self.name)
        tensors = [self._converted(x) for x in tensors]
        return self._output_structure.fill(self._playback.run(tensors))

    # ------------------------------------------------ as a configuration

    def get_config(self) -> dict[str, Any]:
        """Layers with their configurations, and which results of which calls each is called on.

        Raises
        ------
        InvalidArgumentError if a function that is none of `keras.ops` was called on symbols outside of a layer.
        """
        from .registry import serialize_keras_object

        places = self._places()
        layers = []
        for layer in self._playback.operations:
            calls = [c for c in self._playback.steps if isinstance(c, LayerCall) and c.layer is layer]
            nodes = [{"args": written(list(c.args), places, self.name),
                      "kwargs": written(dict(c.kwargs), places, self.name)} for c in calls]
            config = layer.as_config() if isinstance(layer, Operation) else serialize_keras_object(layer)
            layers.append({**config, "name": layer.name, "inbound_nodes": nodes})
        named = lambda x: list(place(x, places, self.name))
        inputs, outputs = _mapped(self._inputs_given, named), _mapped(self._outputs_given, named)
        return {"name": self.name, "trainable": self._trainable, "layers": layers,
                "input_layers": inputs, "output_layers": outputs}

    def _places(self) -> dict[int, tuple[str, int, int]]:
        """For each symbol the layer, the number of its call and of the result."""
        found: dict[int, tuple[str, int, int]] = {}
        for t in self.inputs:
            layer = _layer_of(t)
            found[id(t)] = (layer.name if layer is not None else t.node.name, 0, 0)
        counts: dict[int, int] = {}
        for step in self._playback.steps:
            if isinstance(step, LayerCall):
                number = counts.get(id(step.layer), 0)
                counts[id(step.layer)] = number + 1
                found.update((id(t), (step.layer.name, number, k)) for k, t in enumerate(step.outputs))
        return found

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        """The model of a configuration, with new weights."""
        from .registry import deserialize_keras_object

        def made_of(d: Mapping[str, Any]) -> Any:
            if Operation.is_config(d):
                return Operation.from_config({**d, "config": deserialize_keras_object(d["config"])})
            return deserialize_keras_object(d, custom_objects=custom_objects)

        layers = {d["name"]: made_of(d) for d in config["layers"]}
        made: dict[tuple[str, int], list[Any]] = {}
        waiting = []
        for d in config["layers"]:
            layer = layers[d["name"]]
            if isinstance(layer, InputLayer):
                made[d["name"], 0] = [layer.output]
            waiting += [(d["name"], k, as_call(node)) for k, node in enumerate(d.get("inbound_nodes", ()))]
        while waiting:
            left = []
            for name, k, node in waiting:
                if not all(place in made for place in places_in(node)):
                    left.append((name, k, node))
                    continue
                args, kwargs = read(node["args"], made), read(node["kwargs"], made)
                made[name, k] = flatten(layers[name](*args, **kwargs))[1]
            if len(left) == len(waiting):
                raise InvalidArgumentError(f"the layers of model {config.get('name')!r} wait for each other")
            waiting = left
        pick = lambda place: made[place[0], place[1]][place[2]]
        inputs, outputs = (at_places(places, pick) for places in ends_of(config))
        return Functional(inputs, outputs, name=config.get("name"), trainable=config.get("trainable", True))

    def _converted(self, x: Any) -> Any:
        return x if isinstance(x, Mapping) and not x else super()._converted(x)


def _are_symbols(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether a model is made with inputs and outputs."""
    return len(args) >= 2 or "inputs" in kwargs or bool(args and is_symbol(next(iter(flatten(args[0])[1]), None)))


def _let_inherit(cls: type, model: type) -> None:
    """Let a subclass of `Model` be one of `model`, as Keras does."""
    if not issubclass(cls, model):
        own = next(base for base in cls.__bases__ if issubclass(base, Model))
        if own is Model:
            cls.__bases__ = tuple(model if base is Model else base for base in cls.__bases__)
        else:
            _let_inherit(own, model)


def _keys(given: Mapping[Any, Any]) -> list[Any]:
    """The keys of a dict in the order in which `flatten` takes what stands there."""
    return flatten({k: k for k in given})[1]


def _mapped(given: Any, f: Callable[[Any], Any]) -> Any:
    structure, leaves = flatten(given)
    return structure.fill([f(x) for x in leaves])


def _layer_of(t: Tensor) -> Any:
    call = call_of(t)
    return None if call is None else call.layer


@register("models")
class Sequential(Model):
    """Layers one after another.

    Parameters
    ----------
    layers : list of layers; more come with `add`
    name : "sequential" and so on if None

    Examples
    --------
    >>> from graphengine import keras
    >>> model = keras.Sequential([keras.Input(shape=(3,)), keras.layers.Dense(2)])
    >>> print(model.output_shape, model.count_params())
    (None, 2) 8
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return object.__new__(cls)

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        Model.__init__(self, trainable=trainable, name=name)
        self._stack: list[Layer] = []
        self._functional: Functional | None = None
        for layer in layers or ():
            self.add(layer, rebuild=False)
        self._draw()

    @property
    def _layers(self) -> list[Layer]:
        return self.__dict__.get("_stack", [])

    @property
    def layers(self) -> list[Layer]:
        return [x for x in self._stack if not isinstance(x, InputLayer)]

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end.

        Raises
        ------
        InvalidArgumentError if it is no layer, or its name is taken.
        """
        if is_symbol(layer):
            layer = _layer_of(layer)
        if not isinstance(layer, Layer):
            if not callable(layer):
                raise InvalidArgumentError(f"{layer!r} is no layer", op="Sequential.add")
            from .layers import Lambda

            layer = Lambda(layer)
        if any(layer is x or layer.name == x.name for x in self._stack):
            raise InvalidArgumentError(f"model {self.name!r} has a layer {layer.name!r} already", op="Sequential.add",
                                       fix="give the layer another name")
        if not self._stack and not isinstance(layer, InputLayer):
            shape = layer.input_shape_given
            if shape is None and isinstance(layer, (Functional, Sequential)) and layer.built:
                shape = getattr(layer, "input_shape", None)
            if shape is not None:
                self._stack.append(InputLayer(batch_shape=shape, dtype=getattr(layer, "input_dtype", None)))
        self._stack.append(layer)
        if rebuild:
            self._draw()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer off."""
        if not self.layers:
            raise InvalidArgumentError(f"model {self.name!r} has no layer to pop", op="Sequential.pop")
        layer = self._stack.pop()
        if rebuild:
            self._draw()
        return layer

    def _draw(self) -> None:
        """The same layers as a functional model, if the shape of the input is known."""
        self._functional = None
        self.forget_functions()
        if len(self._stack) > 1 and isinstance(self._stack[0], InputLayer):
            x = symbol = self._stack[0].output
            with self._scope():
                for layer in self._stack[1:]:
                    x = layer(x)
            self._functional = Functional(symbol, x, name=self.name)
            self.built = True

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of this shape, batch axis included."""
        if self._stack and not isinstance(self._stack[0], InputLayer) and input_shape is not None:
            self._stack.insert(0, InputLayer(batch_shape=tuple(input_shape)))
        self._draw()
        self.built = True

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        del training
        if self._functional is not None:
            return self._functional.call(inputs)
        x = inputs
        for layer in self._stack:
            if not isinstance(layer, InputLayer):
                x = layer(x)
        return x

    def _ensure_built(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        if not self.built and self.layers:
            from .shapes import shapes_of

            shape = shapes_of(args[0])
            if isinstance(shape, tuple) and all(s is None or isinstance(s, int) for s in shape):
                dtype = getattr(args[0], "dtype", None)
                if self._stack and not isinstance(self._stack[0], InputLayer):
                    name = None if dtype is None else dtype.name
                    self._stack.insert(0, InputLayer(batch_shape=(None, *shape[1:]), dtype=name))
                with apart():
                    self._draw()
            self.built = True

    def _drawn(self) -> Functional:
        if self._functional is None:
            raise InvalidArgumentError(f"model {self.name!r} does not know the shape of its input", op="Sequential",
                                       fix="begin with keras.Input(shape=...), or call build(input_shape)")
        return self._functional

    @property
    def inputs(self) -> list[Tensor]:
        return self._drawn().inputs

    @property
    def outputs(self) -> list[Tensor]:
        return self._drawn().outputs

    @property
    def input(self) -> Any:
        return self._drawn().input

    @property
    def output(self) -> Any:
        return self._drawn().output

    @property
    def input_shape(self) -> Any:
        return self._drawn().input_shape

    @property
    def output_shape(self) -> Any:
        return self._drawn().output_shape

    @property
    def input_names(self) -> list[str]:
        return self._drawn().input_names

    @property
    def output_names(self) -> list[str]:
        return self._drawn().output_names

    @property
    def _has_symbols(self) -> bool:
        return self._functional is not None

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return None

    def get_config(self) -> dict[str, Any]:
        from .registry import serialize_keras_object

        config = {"name": self.name, "trainable": self._trainable,
                  "layers": [serialize_keras_object(x) for x in self._stack]}
        if self._functional is not None:
            config["build_input_shape"] = self.input_shape
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        from .registry import deserialize_keras_object

        model = cls(name=config.get("name"), trainable=config.get("trainable", True))
        for layer in config["layers"]:
            model.add(deserialize_keras_object(layer, custom_objects=custom_objects), rebuild=False)
        model._draw()
        if not model.built and config.get("build_input_shape"):
            model.build(config["build_input_shape"])
        return model


def clone_model(model: Any, input_tensors: Any = None, clone_function: Any = None) -> Any:
    """A model of equal layers with weights of its own."""
    del input_tensors, clone_function
    with trusting(True):                    # functions without a name are the program's own
        return type(model).from_config(model.get_config())


