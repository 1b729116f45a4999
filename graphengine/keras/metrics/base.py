"""The base of metrics, and those that add up: sums and means, also of a function's values."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...dtypes import as_dtype
from ...errors import InvalidArgumentError
from ...frontend.build import init_scope
from ...ir.graph import is_drawing
from ...ops.language import L
from .. import initializers
from ..config import floatx
from ..losses.base import masked_weight
from ..masks import get_mask
from ..naming import auto_name
from ..operands import count_of, same_rank, to_tensor
from ..registry import Config, deserialize_keras_object, register, serialize_keras_object
from ..variable import Variable, scope


@register("metrics")
class Metric:
    """A number about all batches since the last reset, kept in variables.

    A program's own defines ``__init__`` with `add_variable`, `update_state`, and `result`. All of them run inside the
    compiled steps of training, so they are written with ops.

    Parameters
    ----------
    dtype : of its variables; `config.floatx()` if None
    name : "my_metric" of a class MyMetric if None

    Examples
    --------
    >>> from graphengine import keras
    >>> class Count(keras.metrics.Metric):
    ...     def __init__(self, name="count", **kwargs):
    ...         super().__init__(name=name, **kwargs)
    ...         self.total = self.add_variable((), "zeros", name="total")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.total.assign_add(len(y_true))
    ...     def result(self):
    ...         return self.total.read_value()
    >>> print(Count()([1, 2, 3], [1, 2, 2]).numpy())
    3.0
    """

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.dtype: str = as_dtype(dtype or floatx()).name
        self._own: list[Variable] = []

    # ------------------------------------------------ to be defined by subclasses

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Let a batch count."""
        raise InvalidArgumentError("it does not define update_state(y_true, y_pred)", op=type(self).__name__)

    def result(self) -> Any:
        """The number so far, a tensor."""
        raise InvalidArgumentError("it does not define result()", op=type(self).__name__)

    def get_config(self) -> Config:
        """The arguments of an equal metric."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: Config) -> Any:
        return cls(**config)

    # ------------------------------------------------ variables

    def add_variable(
        self, shape: Sequence[int] = (), initializer: Any = None, dtype: Any = None, aggregation: Any = "sum",
        name: str | None = None,
    ) -> Variable:
        """A variable that batches change; zeros unless an initializer says otherwise."""
        del aggregation
        kind = dtype or self.dtype
        with init_scope(), scope(self):
            value = initializers.get(initializer or "zeros")(tuple(shape), kind)
            variable = Variable(value, trainable=False, name=name or "variable", dtype=kind)
        self._own.append(variable)
        return variable

    def add_weight(
        self, shape: Sequence[int] = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """As `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """Its variables, and those of metrics among its attributes."""
        return [*self._own, *(v for m in self._parts() for v in m.variables)]

    def _parts(self) -> Iterator[Metric]:
        for value in vars(self).values():
            yield from (m for m in (value if isinstance(value, (list, tuple)) else [value]) if isinstance(m, Metric))

    def reset_state(self) -> None:
        """Forget all batches."""
        for v in self.variables:
            if is_drawing():
                v.assign(np.zeros(tuple(v.shape), v.dtype.numpy))
            else:
                v.array.fill(0)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Let a batch count; the number so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


# -------------------------------------------------------------------- sums and means

def samplewise(values: Any, sample_weight: Any, reduce: Callable[..., Any], dtype: Any) -> tuple[Any, Any]:
    """A weighted value for each sample, and a weight for each; other axes are reduced.

    reduce : ``L.reduce_sum`` or ``L.reduce_mean``
    """
    mask = get_mask(values)
    values = to_tensor(values, dtype)
    if sample_weight is None:
        return (reduce(values, _from(1, values)) if values.shape.rank > 1 else values), None
    weight = to_tensor(sample_weight, dtype)
    weight = masked_weight(weight, mask, dtype, "sum")
    values, weight = same_rank(values, weight)
    if values.shape.rank > weight.shape.rank:
        values = reduce(values, _from(weight.shape.rank, values))
    weight = weight if weight.shape.rank == 0 == values.shape.rank else L.broadcast_like(weight, values)
    values = values * weight
    if weight.shape.rank > 1:
        weight = reduce(weight, _from(1, weight))
    if values.shape.rank > 1:
        values = reduce(values, _from(1, values))
    return values, weight


def _from(first: int, x: Any) -> list[int]:
    return list(range(first, x.shape.rank))


@register("metrics")
class Sum(Metric):
    """The sum of values, each times its weight.

    Examples
    --------
    >>> from graphengine import keras
    >>> print(keras.metrics.Sum()([1, 3, 5, 7]).numpy())
    16.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        summed, _ = samplewise(values, sample_weight, L.reduce_sum, self.dtype)
        self.total.assign_add(L.reduce_sum(summed))

    def result(self) -> Any:
        return L.identity(self.total)


@register("metrics")
class Mean(Metric):
    """The mean of values, each times its weight; a sample with several values counts with their mean.

    Examples
    --------
    >>> from graphengine import keras
    >>> print(keras.metrics.Mean()([1, 3, 5, 7], sample_weight=[1, 1, 0, 0]).numpy())
    2.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable(name="total")
        self.count = self.add_variable(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        means, weight = samplewise(values, sample_weight, L.reduce_mean, self.dtype)
        self.total.assign_add(L.reduce_sum(means))
        self.count.assign_add(count_of(means, self.dtype) if weight is None else L.reduce_sum(weight))

    def result(self) -> Any:
        return L.divide_no_nan(self.total, self.count)


@register("metrics")
class MeanMetricWrapper(Mean):
    """The mean of a function of ``(y_true, y_pred)`` with a value for each sample.

    kwargs : further arguments of the function
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name or auto_name(type(self).__name__), dtype)
        self._fn = fn
        self._arguments = kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        mask = get_mask(y_pred)
        values = self._fn(y_true, y_pred, **self._arguments)
        super().update_state(values, masked_weight(sample_weight, mask, self.dtype, "sum"))

    def get_config(self) -> Config:
        return {**super().get_config(), "fn": serialize_keras_object(self._fn), **self._arguments}

    @classmethod
    def from_config(cls, config: Config) -> Any:
        return cls(**deserialize_keras_object(config))


class MeanOfFunction(MeanMetricWrapper):
    """A mean with a function of its own; further arguments of the constructor are those of the function.

    function : what gives the values
    """

    function: Callable[..., Any]

    def __init__(self, name: str | None, dtype: Any, **arguments: Any) -> None:
        super().__init__(type(self).function, name, dtype, **arguments)
        vars(self).update(arguments)

    def get_config(self) -> Config:
        return {**Metric.get_config(self), **self._arguments}

    @classmethod
    def from_config(cls, config: Config) -> Any:
        return cls(**config)
