"""Losses as objects: the functions of `functions` with their arguments."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import AttributeValueError
from ..registry import Config, register
from . import functions
from .base import Loss, LossFunctionWrapper

MEAN = "sum_over_batch_size"


class _OfFunction(LossFunctionWrapper):
    """A loss with a function of its own; further arguments of the constructor are those of the function.

    function : what gives the values
    """

    function: Callable[..., Any]

    def __init__(self, reduction: str | None, name: str, dtype: Any, **arguments: Any) -> None:
        super().__init__(type(self).function, reduction, name, dtype, **arguments)
        vars(self).update(arguments)

    def get_config(self) -> Config:
        return {**Loss.get_config(self), **self.arguments}

    @classmethod
    def from_config(cls, config: Config) -> Any:
        return cls(**config)


@register("losses")
class MeanSquaredError(_OfFunction):
    """Mean of squared differences.

    Examples
    --------
    >>> from graphengine import keras
    >>> print(keras.losses.MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]]).numpy())
    0.5
    """

    function = staticmethod(functions.mean_squared_error)

    def __init__(self, reduction: str | None = MEAN, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


@register("losses")
class MeanAbsoluteError(_OfFunction):
    """Mean of absolute differences."""

    function = staticmethod(functions.mean_absolute_error)

    def __init__(self, reduction: str | None = MEAN, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


@register("losses")
class MeanAbsolutePercentageError(_OfFunction):
    """Mean of absolute differences, in percent of the targets."""

    function = staticmethod(functions.mean_absolute_percentage_error)

    def __init__(
        self, reduction: str | None = MEAN, name: str = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


@register("losses")
class MeanSquaredLogarithmicError(_OfFunction):
    """Mean of squared differences of ``log(1 + y)``."""

    function = staticmethod(functions.mean_squared_logarithmic_error)

    def __init__(
        self, reduction: str | None = MEAN, name: str = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


@register("losses")
class CosineSimilarity(_OfFunction):
    """Minus the cosine of the angle between targets and outputs along `axis`."""

    function = staticmethod(functions.cosine_similarity)

    def __init__(
        self, axis: int = -1, reduction: str | None = MEAN, name: str = "cosine_similarity", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


@register("losses")
class Huber(_OfFunction):
    """Squared differences that go on as straight lines beyond `delta`."""

    function = staticmethod(functions.huber)

    def __init__(
        self, delta: float = 1.0, reduction: str | None = MEAN, name: str = "huber_loss", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype, delta=delta)


@register("losses")
class LogCosh(_OfFunction):
    """Logarithm of the hyperbolic cosine of differences."""

    function = staticmethod(functions.log_cosh)

    def __init__(self, reduction: str | None = MEAN, name: str = "log_cosh", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


@register("losses")
class Hinge(_OfFunction):
    """``max(1 - y_true y_pred, 0)`` for targets of -1 and 1, or of 0 and 1."""

    function = staticmethod(functions.hinge)

    def __init__(self, reduction: str | None = MEAN, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


@register("losses")
class SquaredHinge(_OfFunction):
    """The square of `Hinge`'s values."""

    function = staticmethod(functions.squared_hinge)

    def __init__(self, reduction: str | None = MEAN, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


@register("losses")
class CategoricalHinge(_OfFunction):
    """How far the best wrong class comes within 1 of the right one."""

    function = staticmethod(functions.categorical_hinge)

    def __init__(self, reduction: str | None = MEAN, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


@register("losses")
class KLDivergence(_OfFunction):
    """Kullback-Leibler divergence of the outputs from the targets, in nats."""

    function = staticmethod(functions.kl_divergence)

    def __init__(self, reduction: str | None = MEAN, name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


@register("losses")
class Poisson(_OfFunction):
    """``y_pred - y_true log(y_pred)``, for outputs that are rates of counts."""

    function = staticmethod(functions.poisson)

    def __init__(self, reduction: str | None = MEAN, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


@register("losses")
class BinaryCrossentropy(_OfFunction):
    """Cross-entropy of yes-or-no targets, in nats; see `binary_crossentropy`."""

    function = staticmethod(functions.binary_crossentropy)

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = MEAN,
        name: str = "binary_crossentropy", dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


@register("losses")
class BinaryFocalCrossentropy(_OfFunction):
    """Cross-entropy of yes-or-no targets with less weight on easy ones; see `binary_focal_crossentropy`."""

    function = staticmethod(functions.binary_focal_crossentropy)

    def __init__(
        self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
        label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = MEAN,
        name: str = "binary_focal_crossentropy", dtype: Any = None,
    ) -> None:
        super().__init__(
            reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
            apply_class_balancing=apply_class_balancing, alpha=alpha, gamma=gamma,
        )


@register("losses")
class CategoricalCrossentropy(_OfFunction):
    """Cross-entropy of probabilities of classes, in nats; see `categorical_crossentropy`."""

    function = staticmethod(functions.categorical_crossentropy)

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = MEAN,
        name: str = "categorical_crossentropy", dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


@register("losses")
class CategoricalFocalCrossentropy(_OfFunction):
    """Cross-entropy of classes with less weight on easy samples; see `categorical_focal_crossentropy`."""

    function = staticmethod(functions.categorical_focal_crossentropy)

    def __init__(
        self, alpha: Any = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0,
        axis: int = -1, reduction: str | None = MEAN, name: str = "categorical_focal_crossentropy", dtype: Any = None,
    ) -> None:
        super().__init__(
            reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis, alpha=alpha,
            gamma=gamma,
        )


@register("losses")
class SparseCategoricalCrossentropy(_OfFunction):
    """Cross-entropy of numbers of classes, in nats; see `sparse_categorical_crossentropy`.

    Examples
    --------
    >>> from graphengine import keras
    >>> loss = keras.losses.SparseCategoricalCrossentropy()
    >>> print(round(float(loss([1, 2], [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]])), 3))
    1.177
    """

    function = staticmethod(functions.sparse_categorical_crossentropy)

    def __init__(
        self, from_logits: bool = False, ignore_class: int | None = None, reduction: str | None = MEAN, axis: int = -1,
        name: str = "sparse_categorical_crossentropy", dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis)


@register("losses")
class CategoricalGeneralizedCrossEntropy(_OfFunction):
    """Between cross-entropy and absolute error, for labels that may be wrong.

    Raises
    ------
    AttributeValueError unless q is in (0, 1).
    """

    function = staticmethod(functions.categorical_generalized_cross_entropy)

    def __init__(
        self, q: float = 0.5, reduction: str | None = MEAN, name: str = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise AttributeValueError(f"q={q} is outside (0, 1)", op="CategoricalGeneralizedCrossEntropy")
        super().__init__(reduction, name, dtype, q=q)


@register("losses")
class Dice(_OfFunction):
    """1 minus twice the overlap divided by the sum of targets and outputs."""

    function = staticmethod(functions.dice)

    def __init__(
        self, reduction: str | None = MEAN, name: str = "dice", axis: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


@register("losses")
class Tversky(_OfFunction):
    """1 minus the overlap divided by itself and the weighted rests; see `tversky`."""

    function = staticmethod(functions.tversky)

    def __init__(
        self, alpha: float = 0.5, beta: float = 0.5, reduction: str | None = MEAN, name: str = "tversky",
        axis: Any = None, dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


@register("losses")
class Circle(_OfFunction):
    """How far vectors of one class are apart, and of different classes together; see `circle`.

    Parameters
    ----------
    gamma : scale, dimensionless
    margin : how much nearer than needed vectors of a class are drawn, in [0, 1]
    remove_diagonal : whether a vector is no neighbor of itself
    """

    function = staticmethod(functions.circle)

    def __init__(
        self, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True, reduction: str | None = MEAN,
        name: str = "circle", dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, gamma=gamma, margin=margin, remove_diagonal=remove_diagonal)
