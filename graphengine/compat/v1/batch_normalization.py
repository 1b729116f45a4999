"""Batch normalization whose training is told by a bool or a tensor, and whose updates are collected in the graph."""
from __future__ import annotations

from typing import Any

from ...dtypes import float32
from ...errors import InvalidArgumentError
from ...frontend import control
from ...frontend.moments import batch_normalization
from ...keras import layers
from ...ops.language import L
from .layer import Layer


class BatchNormalization(Layer, layers.BatchNormalization):
    """Numbers with mean `beta` and standard deviation `gamma` for each channel.

    Parameters
    ----------
    axis, momentum, epsilon, center, scale, and those of renorm : as for Keras's layer of the same name
    fused : whether the moving variance follows that of the batch without its bias, n / (n - 1) times as much, as
        TensorFlow's own kernel has it; None for images whose other options allow it
    virtual_batch_size : samples that share a mean and a variance while training; a divisor of the batch
    adjustment : function of the shape of the inputs that gives a factor and an offset, applied while training before
        `gamma` and `beta`
    """

    def __init__(
        self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None,
        beta_constraint: Any = None, gamma_constraint: Any = None, renorm: bool = False, renorm_clipping: Any = None,
        renorm_momentum: float = 0.99, fused: bool | None = None, trainable: bool = True,
        virtual_batch_size: int | None = None, adjustment: Any = None, name: str | None = None, **kwargs: Any,
    ) -> None:
        settings = {k: v for k, v in locals().items() if k not in (
            "self", "kwargs", "__class__", "fused", "virtual_batch_size", "adjustment")}
        super().__init__(**settings, **kwargs)
        self.fused, self.virtual_batch_size, self.adjustment = fused, virtual_batch_size, adjustment

    def call(self, inputs: Any, training: Any = False) -> Any:  # type: ignore[override]
        """The normalized inputs.

        Parameters
        ----------
        training : whether mean and variance are those of the batch: a bool or a tensor

        Raises
        ------
        InvalidArgumentError for a tensor where `renorm`, `virtual_batch_size` or `adjustment` is in use.
        """
        is_told = isinstance(training, (bool, int))
        if not is_told and (self.renorm or self.virtual_batch_size is not None or self.adjustment is not None):
            raise InvalidArgumentError("training is a tensor; renorm, virtual_batch_size and adjustment want a bool",
                                       op="BatchNormalization", fix="training=True, or training=False")
        x = L.cast(inputs, float32) if inputs.dtype.size < 4 else inputs
        axis = self.axis % x.shape.rank
        vectors = [1 if k != axis else -1 for k in range(x.shape.rank)]
        if is_told and not training:
            return L.cast(self._scaled(x, self.moving_mean, self.moving_variance, vectors), inputs.dtype)
        if self.virtual_batch_size is not None:
            return L.cast(self._in_groups(x, axis), inputs.dtype)
        axes = [k for k in range(x.shape.rank) if k != axis]
        if is_told:
            mean, variance = L.reduce_mean(x, axes), L.reduce_variance(x, axes)
        else:
            mean, variance = control.cond(training, lambda: (L.reduce_mean(x, axes), L.reduce_variance(x, axes)),
                                          lambda: (self.moving_mean.read_value(), self.moving_variance.read_value()))
        if self.renorm:
            gamma, beta, updates = self.renormed(mean, variance)
            self.add_update(updates)
            mean, variance, beta, gamma = (L.reshape(v, vectors) for v in (mean, variance, beta, gamma))
            return L.cast(batch_normalization(x, mean, variance, beta, gamma, self.epsilon), inputs.dtype)
        self._follow(mean, variance * self._correction(x, axes), True if is_told else training)
        return L.cast(self._scaled(x, mean, variance, vectors, adjusts=True), inputs.dtype)

    def _scaled(self, x: Any, mean: Any, variance: Any, vectors: Any, adjusts: bool = False) -> Any:
        gamma, beta = (None if v is None else L.reshape(v, vectors) for v in (self.gamma, self.beta))
        mean, variance = L.reshape(mean, vectors), L.reshape(variance, vectors)
        if not adjusts or self.adjustment is None:
            return batch_normalization(x, mean, variance, beta, gamma, self.epsilon)
        factor, offset = self.adjustment(L.shape_of(x))
        y = batch_normalization(x, mean, variance, None, None, self.epsilon) * factor + offset
        return batch_normalization(y, 0.0, 1.0, beta, gamma, 0.0)

    def _correction(self, x: Any, axes: list[int]) -> Any:
        """What the variance of the batch is multiplied with for the moving one: n / (n - 1), or 1."""
        plain = self.renorm or self.adjustment is not None or self.fused is False or x.shape.rank != 4
        if plain or self.axis % 4 == 2:
            return 1.0
        count = L.cast(L.count_along(x, axes), x.dtype)
        return count / L.maximum(count - 1, 1)

    def _follow(self, mean: Any, variance: Any, training: Any) -> None:
        """Let the moving moments take a step, of length 0 where `training` does not hold."""
        share = 1 - self.momentum if training is True else L.cast(training, float32) * (1 - self.momentum)
        self.add_update([moving.assign_sub((moving - value) * share) for moving, value in (
            (self.moving_mean, mean), (self.moving_variance, variance))])

    def _in_groups(self, x: Any, axis: int) -> Any:
        """Each group of samples with its own mean and variance; the moving ones follow their means."""
        rest = tuple(x.shape)[1:]
        groups = L.reshape(x, (self.virtual_batch_size, -1, *rest))
        axes = [k for k in range(len(rest) + 2) if k not in (1, axis + 1)]
        mean, variance = L.reduce_mean(groups, axes, True), L.reduce_variance(groups, axes, True)
        self._follow(L.reshape(L.reduce_mean(mean, 1), (-1,)), L.reshape(L.reduce_mean(variance, 1), (-1,)), True)
        sizes = [1 if k != axis + 1 else -1 for k in range(len(rest) + 2)]
        gamma, beta = (None if v is None else L.reshape(v, sizes) for v in (self.gamma, self.beta))
        return L.reshape(batch_normalization(groups, mean, variance, beta, gamma, self.epsilon), (-1, *rest))
