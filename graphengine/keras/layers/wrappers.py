"""Layers around layers: one in both directions of time, one for each step."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import ShapeError
from ...frontend.folds import map_fn
from ...frontend.structure import flatten
from ...ops.language import L
from ..layer import Layer
from ..registry import deserialize_keras_object, register, serialize_keras_object
from .core import Wrapper
from .rnn import steps_first
from .settings import Configured

MERGES = ("concat", "sum", "mul", "ave", None)


@register
class Bidirectional(Configured):
    """A recurrent layer in both directions of time.

    Parameters
    ----------
    layer : a recurrent layer; two of its kind are made, of which one goes backwards
    merge_mode : how the outputs are joined: "concat", "sum", "mul" or "ave"; None returns both
    weights : of both layers, to begin with
    backward_layer : the one that goes backwards; one like `layer` if None

    Raises
    ------
    AttributeValueError if the layers are none, go in the same direction, or do not return the same kinds of results.

    Shapes
    ------
    sequences : (batch, steps, n)
    result : as that of `layer`, with twice its last size for "concat"; with return_state followed by the states of the
        forward and of the backward layer

    Notes
    -----
    Outputs of all steps are in the order of the sequences. Steps that do not count give 0 in them.
    """

    def __init__(
        self, layer: Any, merge_mode: str | None = "concat", weights: Any = None, backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (("layer", layer), ("backward_layer", backward_layer)):
            if not isinstance(value, Layer) and (name == "layer" or value is not None):
                raise self.refuse(name, value, "a recurrent layer")
        if merge_mode not in MERGES:
            raise self.refuse("merge_mode", merge_mode, "one of " + ", ".join(map(repr, MERGES)))
        self.merge_mode = merge_mode
        self.forward_layer = _like(layer, "forward_", layer.go_backwards)
        self.backward_layer = backward_layer or _like(layer, "backward_", True)
        self._check_layers()
        for one in (self.forward_layer, self.backward_layer):
            one.zero_output_for_mask = one.return_sequences
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True
        self.input_spec = layer.input_spec
        self._first_weights = weights

    def _check_layers(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise self.refuse("go_backwards", forward.go_backwards, "True for one layer and False for the other")
        for name in ("stateful", "return_sequences", "return_state"):
            if getattr(forward, name) != getattr(backward, name):
                raise self.refuse(name, getattr(backward, name), f"in both layers the same, {getattr(forward, name)}")

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        for one in (self.forward_layer, self.backward_layer):
            if not one.built:
                one.build(sequences_shape)
                one.built = True
        if self._first_weights is not None:
            self.set_weights(self._first_weights)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None) -> Any:
        half = 0 if initial_state is None else len(initial_state) // 2
        begin = (None, None) if initial_state is None else (initial_state[:half], initial_state[half:])
        found = [one(sequences, initial_state=states, mask=mask, training=training)
                 for one, states in zip((self.forward_layer, self.backward_layer), begin, strict=True)]
        states: tuple[Any, ...] = ()
        if self.return_state:
            states = (*found[0][1:], *found[1][1:])
            found = [result[0] for result in found]
        if self.return_sequences:
            found[1] = L.reverse(found[1], [1])
        outputs = found if self.merge_mode is None else [self._merged(*found)]
        results = (*outputs, *states)
        return results if len(results) > 1 else results[0]

    def _merged(self, a: Any, b: Any) -> Any:
        if self.merge_mode == "concat":
            return L.concat([a, b], -1)
        if self.merge_mode == "mul":
            return a * b
        return (a + b) / 2 if self.merge_mode == "ave" else a + b

    @property
    def states(self) -> Any:
        """Variables with the states of the last batch, forward and backward, if the layers are stateful."""
        return (*self.forward_layer.states, *self.backward_layer.states) if self.stateful else None

    def reset_state(self) -> None:
        """Begin the next batch with zeros."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """As `reset_state`."""
        self.reset_state()

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        mask = flatten(previous_mask)[1][0] if self.return_sequences else None
        outputs = [mask] * (2 if self.merge_mode is None else 1)
        count = 2 * len(flatten(self.forward_layer.state_size)[1]) if self.return_state else 0
        return [*outputs, *[None] * count] if len(outputs) + count > 1 else mask

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        found = self.forward_layer.compute_output_shape(sequences_shape)
        shape, states = (found[0], tuple(found[1:])) if self.return_state else (found, ())
        if self.merge_mode == "concat":
            shape = (*shape[:-1], 2 * shape[-1])
        outputs = (shape, shape) if self.merge_mode is None else (shape,)
        results = (*outputs, *states, *states)
        return results if len(results) > 1 else shape

    def get_config(self) -> dict[str, Any]:
        inside = {"layer": self.forward_layer, "backward_layer": self.backward_layer}
        return Layer.get_config(self) | {"merge_mode": self.merge_mode} | {
            name: serialize_keras_object(one) for name, one in inside.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        inside = {name: config[name] if isinstance(config.get(name), Layer) else deserialize_keras_object(config[name])
                  for name in ("layer", "backward_layer") if config.get(name) is not None}
        return super().from_config({**config, **inside})


def _like(layer: Any, prefix: str, backwards: bool) -> Any:
    """A new layer with the same arguments."""
    name = f"{prefix}{layer.name.removeprefix(prefix)}"
    return type(layer).from_config({**layer.get_config(), "name": name, "go_backwards": backwards})


@register
class TimeDistributed(Wrapper):
    """A layer applied to each step of sequences.

    Parameters
    ----------
    layer : what is applied; the same weights for all steps

    Raises
    ------
    ShapeError if the inputs have no steps, or the mask is not of their batch and steps.

    Shapes
    ------
    inputs : (batch, steps, ...), what follows being a sample of the layer
    result : (batch, steps, ...)

    Notes
    -----
    Steps become samples of one large batch, unless the layer keeps something from one to the next (in training, a layer
    with variables that are not trained, such as the averages of BatchNormalization or the state of a seed) or the
    number of steps is not known: then they come one after the other.
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        super().build(self._step_shape(input_shape))

    def _step_shape(self, shape: Sequence[int | None]) -> tuple[int | None, ...]:
        if len(shape) < 3:
            raise ShapeError(f"inputs of shape {tuple(shape)} have no steps; (batch, steps, ...) is needed",
                             op="TimeDistributed")
        return (shape[0], *shape[2:])

    def compute_output_shape(self, input_shape: Any) -> Any:
        inner = self.layer.compute_output_shape(self._step_shape(input_shape))
        return (inner[0], input_shape[1], *inner[1:])

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        self._check_mask(inputs, mask)
        tensors = [inputs] if mask is None or "mask" not in self.layer._takes else [inputs, mask]
        together = all(isinstance(s, int) for s in inputs.shape[1:])
        if together and not (training and self._remembers()):
            steps = inputs.shape[1]
            found = self._applied([L.reshape(x, (-1, *x.shape[2:])) for x in tensors], training)
            return L.reshape(found, (-1, steps, *found.shape[1:]))
        # As Keras, one step after the other: averages move with each.
        found, losses = map_fn(lambda pieces: self._step(pieces, training), [steps_first(x) for x in tensors])
        for loss in losses:
            self.add_loss(L.reduce_sum(loss, 0))
        return steps_first(found)

    def _step(self, pieces: Sequence[Any], training: Any) -> tuple[Any, list[Any]]:
        """Results of a step, and the losses added in it, which layers inside a loop cannot keep."""
        before = {id(x): len(x._collected_losses) for x in self.layer._flatten_layers()}
        found, losses = self._applied(pieces, training), []
        for layer in self.layer._flatten_layers():
            losses += layer._collected_losses[before[id(layer)]:]
            del layer._collected_losses[before[id(layer)]:]
        return found, losses

    def _remembers(self) -> bool:
        """Whether the layer keeps something from one call to the next that training changes."""
        inside = self.layer._flatten_layers()
        return any(not w.trainable for w in self.layer.weights) or any(hasattr(x, "seed_generator") for x in inside)

    def _applied(self, tensors: Sequence[Any], training: Any) -> Any:
        told = {"mask": tensors[1]} if len(tensors) > 1 else {}
        return self.layer(tensors[0], training=training, **told)

    @staticmethod
    def _check_mask(inputs: Any, mask: Any) -> None:
        if mask is None:
            return
        sizes = tuple(mask.shape)[:2], tuple(inputs.shape)[:2]
        fits = len(sizes[0]) == 2 and all(
            a == b or not (isinstance(a, int) and isinstance(b, int)) for a, b in zip(*sizes, strict=True))
        if not fits:
            raise ShapeError(f"a mask of shape {mask.shape} for inputs of shape {inputs.shape}", op="TimeDistributed",
                             fix="give it the shape (batch, steps)")
