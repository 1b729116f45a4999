"""Layers without an order of their own: matrix products, embeddings, functions, and what wraps another layer."""
from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ...errors import ShapeError
from ...frontend.pieces import einsum
from ...ops.language import L
from .. import bytecode
from ..initializers import VarianceScaling
from ..input_spec import InputSpec
from ..layer import Layer
from ..registry import deserialize_keras_object, register, serialize_keras_object
from .settings import Configured


@register
class Dense(Configured):
    """Each result a weighted sum of all inputs.

        y = activation(x @ kernel + bias)

    Parameters
    ----------
    units : number of results
    activation : function of the results; None for none
    use_bias : whether to add a number to each result

    Raises
    ------
    ShapeError if the size of the last axis is not known, or is another than the layer was built for.

    Shapes
    ------
    inputs : (batch, ..., n)
    result : (batch, ..., units)
    kernel : (n, units)
    bias : (units,)
    """

    def __init__(
        self, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.keep(locals())
        if not isinstance(units, int) or isinstance(units, bool) or units < 1:
            raise self.refuse("units", units, "a whole number from 1 on")
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        size = self.known_size(input_shape, -1)
        self.kernel = self.add_weight((size, self.units), self.kernel_initializer, name="kernel",
                                      regularizer=self.kernel_regularizer, constraint=self.kernel_constraint)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight((self.units,), self.bias_initializer, name="bias",
                                        regularizer=self.bias_regularizer, constraint=self.bias_constraint)
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})

    def call(self, inputs: Any) -> Any:
        x = self.fractions(inputs)
        y = L.matmul(x, self.kernel) if x.shape.rank == 2 else L.tensordot(x, self.kernel, 1)
        return self.activation(y if self.bias is None else y + self.bias)


@register
class EinsumDense(Configured):
    """A product of the inputs with a kernel, summed as an equation says.

    Parameters
    ----------
    equation : such as "abc,cd->abd": axes of the inputs, of the kernel, of the result; may begin with an ellipsis
    output_shape : sizes of the result without the batch; None where they follow from the inputs
    bias_axes : letters of the result along which a bias differs; None for no bias

    Raises
    ------
    AttributeValueError if the equation or the letters do not fit; ShapeError if a size of the kernel is not known.
    """

    def __init__(
        self, equation: str, output_shape: Any, activation: Any = None, bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        bias_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)

    def build(self, input_shape: Any) -> None:
        sizes, kernel, result = self._axes(input_shape)
        unknown = [k for k in kernel if sizes.get(k) is None]
        if unknown:
            raise ShapeError(f"the size of {unknown[0]!r} in {self.equation!r} is not known", op="EinsumDense",
                             fix="give it in output_shape, or in the shape of the input")
        start = self.kernel_initializer
        if isinstance(start, VarianceScaling):
            start = start.for_axes([i for i, k in enumerate(kernel) if k not in result],
                                   [i for i, k in enumerate(kernel) if k in result])
        self.kernel = self.add_weight(tuple(sizes[k] for k in kernel), start, name="kernel",
                                      regularizer=self.kernel_regularizer, constraint=self.kernel_constraint)
        self.bias = None
        if self.bias_axes is not None:
            self.bias = self.add_weight(self._bias_shape(sizes, result), self.bias_initializer, name="bias",
                                        regularizer=self.bias_regularizer, constraint=self.bias_constraint)

    def _axes(self, input_shape: tuple[int | None, ...]) -> tuple[dict[str, int | None], str, str]:
        """Sizes by letter, the kernel's letters, and the result's."""
        left, arrow, result = self.equation.replace(" ", "").partition("->")
        inputs, comma, kernel = left.partition(",")
        if not arrow or not comma or "." in kernel or ("." in inputs) != ("." in result):
            raise self.refuse("equation", self.equation, "inputs,kernel->result, as in 'ab,bc->ac'")
        sizes = _by_letter(inputs, tuple(input_shape))
        for letter, size in _by_letter(result, (input_shape[0], *self.output_shape)).items():
            if size is not None and sizes.get(letter) not in (None, size):
                raise ShapeError(f"{letter!r} in {self.equation!r} has size {sizes[letter]} in the input and {size} "
                                 "in output_shape", op="EinsumDense")
            sizes[letter] = sizes.get(letter) if size is None else size
        return sizes, kernel, result

    def _bias_shape(self, sizes: Mapping[str, int | None], result: str) -> tuple[int, ...]:
        letters = result.replace("...", "")
        if any(k not in letters for k in self.bias_axes):
            raise self.refuse("bias_axes", self.bias_axes, f"letters of the result {result!r}")
        first = min(letters.index(k) for k in self.bias_axes)
        shape = [self.known_size((sizes[k],), 0) if k in self.bias_axes else 1 for k in letters[first:]]
        if "..." in result[first:] and not result.startswith("..."):
            elided = len(self.output_shape) + 1 - len(letters)
            shape += [1] * elided
        return tuple(shape)

    def call(self, inputs: Any) -> Any:
        y = einsum(self.equation, self.fractions(inputs), self.kernel)
        return self.activation(y if self.bias is None else y + self.bias)


def _by_letter(letters: str, shape: tuple[int | None, ...]) -> dict[str, int | None]:
    """Sizes of the axes that letters stand for; an ellipsis stands for any number of them."""
    before, dots, after = letters.partition("...")
    n = len(before) + len(after)
    if (n > len(shape)) if dots else (n != len(shape)):
        raise ShapeError(f"shape {shape} has not the axes {letters!r}", op="EinsumDense")
    return dict(zip(before + after, (*shape[:len(before)], *shape[len(shape) - len(after):]), strict=True))


@register
class Embedding(Configured):
    """A vector of weights for each whole number.

    Parameters
    ----------
    input_dim : how many numbers there are, from 0 on
    output_dim : length of the vectors
    mask_zero : whether 0 stands for a step that is none; layers behind then see a mask
    weights : the vectors to begin with

    Shapes
    ------
    inputs : any, whole numbers in [0, input_dim)
    result : (..., output_dim)
    embeddings : (input_dim, output_dim)
    """

    def __init__(
        self, input_dim: int, output_dim: int, embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None, embeddings_constraint: Any = None, mask_zero: bool = False,
        weights: Any = None, **kwargs: Any,
    ) -> None:
        kwargs.pop("input_length", None)            # of Keras 2, where it was a hint
        super().__init__(**kwargs)
        self.keep({name: value for name, value in locals().items() if name != "weights"})
        for name in ("input_dim", "output_dim"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise self.refuse(name, getattr(self, name), "a whole number from 1 on")
        self.supports_masking = mask_zero
        self.autocast = False
        if weights is not None:
            self.build(None)
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def build(self, input_shape: Any) -> None:
        self.embeddings = self.add_weight((self.input_dim, self.output_dim), self.embeddings_initializer,
                                          name="embeddings", regularizer=self.embeddings_regularizer,
                                          constraint=self.embeddings_constraint)

    def call(self, inputs: Any) -> Any:
        return L.gather(self.embeddings, inputs if inputs.dtype.is_integer else L.cast(inputs, "int32"))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return L.not_equal(inputs, L.cast(0, inputs.dtype)) if self.mask_zero else None

    def get_config(self) -> dict[str, Any]:
        return {name: value for name, value in super().get_config().items() if name != "weights"}


@register
class ReversibleEmbedding(Embedding):
    """A vector of weights for each whole number, and back: scores of all numbers for a vector.

    Parameters
    ----------
    input_dim, output_dim, embeddings_initializer, embeddings_regularizer, embeddings_constraint, mask_zero : as of
        `Embedding`
    tie_weights : whether the same vectors serve both ways; else there are others for the way back
    reverse_dtype : type in which scores are computed
    logit_soft_cap : bound of the scores, which are bent towards it by tanh; None for none

    Shapes
    ------
    inputs : whole numbers in [0, input_dim); with reverse=True (..., output_dim)
    result : (..., output_dim); with reverse=True (..., input_dim)
    """

    def __init__(
        self, input_dim: int, output_dim: int, tie_weights: bool = True, embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None, embeddings_constraint: Any = None, mask_zero: bool = False,
        reverse_dtype: Any = None, logit_soft_cap: float | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(input_dim, output_dim, embeddings_initializer, embeddings_regularizer, embeddings_constraint,
                         mask_zero, **kwargs)
        self.tie_weights, self.reverse_dtype, self.logit_soft_cap = tie_weights, reverse_dtype, logit_soft_cap

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight((self.output_dim, self.input_dim), self.embeddings_initializer,
                                                      name="reverse_embeddings")

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        if not reverse:
            return super().call(inputs)
        x, kernel = inputs, L.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        if self.reverse_dtype is not None:
            x, kernel = L.cast(x, self.reverse_dtype), L.cast(kernel, self.reverse_dtype)
        scores = L.tensordot(x, kernel, 1)
        return scores if self.logit_soft_cap is None else L.tanh(scores / self.logit_soft_cap) * self.logit_soft_cap

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None if inputs.dtype.is_floating else super().compute_mask(inputs, previous_mask)


@register
class Identity(Configured):
    """The inputs as they are."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs


@register
class Lambda(Configured):
    """A function of tensors as a layer. Weights that the function uses are not seen; write a `Layer` for these.

    Parameters
    ----------
    function : of the inputs, and of `mask` and `training` if it has such arguments
    output_shape : shape of the result without the batch, or a function of the inputs' shape; found by drawing if None
    mask : mask of the result, or a function of inputs and mask
    arguments : further arguments of the function
    """

    def __init__(
        self, function: Any, output_shape: Any = None, mask: Any = None, arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function, self.output_shape, self.mask = function, output_shape, mask
        self.arguments = dict(arguments or {})
        if mask is not None:
            self.supports_masking = True
        parameters = inspect.signature(function).parameters
        self._passes_on = [name for name in ("mask", "training") if name in parameters]

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        told = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: told[name] for name in self._passes_on})

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self.output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self.output_shape):
            return tuple(self.output_shape(input_shape))
        several = isinstance(input_shape[0], (list, tuple))
        return (input_shape[0][0] if several else input_shape[0], *self.output_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments; functions without a name as Python code.

        Raises
        ------
        InvalidArgumentError for a function whose values around it are no plain data.
        """
        config = super().get_config()
        for name in ("function", "output_shape", "mask"):
            if getattr(config[name], "__name__", "") == "<lambda>":
                config[name] = {"class_name": "__lambda__", "config": bytecode.written(config[name])}
            elif callable(config[name]):
                config[name] = serialize_keras_object(config[name])
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        made = dict(config)
        for name in ("function", "output_shape", "mask"):
            if isinstance(made.get(name), (dict, str)):
                made[name] = deserialize_keras_object(made[name])
        return super().from_config(made)


@register
class Wrapper(Configured):
    """The base of layers around a layer.

    Parameters
    ----------
    layer : what is inside
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise self.refuse("layer", layer, "a Layer")
        self.layer = layer

    def build(self, input_shape: Any) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        inner = config["layer"]
        made = inner if isinstance(inner, Layer) else deserialize_keras_object(inner)
        return super().from_config({**config, "layer": made})
