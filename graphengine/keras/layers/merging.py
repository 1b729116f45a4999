"""Layers of several inputs, and functions that apply them."""
from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from string import ascii_lowercase
from typing import Any

from ...errors import InvalidArgumentError, ShapeError
from ...frontend.pieces import einsum
from ...ops.language import L
from ..registry import register
from .settings import Configured


def _of_one_dtype(inputs: Any) -> list[Any]:
    """Inputs in the dtype in which theirs meet: numbers of classes beside measurements, say."""
    if len({x.dtype for x in inputs}) == 1:
        return list(inputs)
    from ..ops.promotion import together

    return together(*inputs)


class _Merge(Configured):
    """Takes a list of inputs. Where they differ in rank, the lower ones get axes of size 1 behind the batch."""

    takes_list = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def merged(self, inputs: list[Any]) -> Any:
        """The result for inputs of one rank."""
        raise NotImplementedError

    def check_shapes(self, shapes: list[tuple[int | None, ...]]) -> None:
        """Raise ShapeError unless these shapes broadcast and have one batch size."""
        batches = {s[0] for s in shapes if s} - {None}
        rank = max(len(s) for s in shapes)
        for k in range(1, rank):
            sizes = {s[-k] for s in shapes if len(s) > k} - {None, 1}
            if len(sizes) > 1 or len(batches) > 1:
                raise ShapeError(f"inputs of shapes {', '.join(map(str, shapes))} do not fit together",
                                 op=type(self).__name__)

    def build(self, input_shape: Any) -> None:
        if not isinstance(input_shape, list) or not input_shape:
            raise InvalidArgumentError(f"it takes a list of inputs, got one of shape {input_shape}",
                                       op=type(self).__name__, fix=f"{type(self).__name__}()([x, y])")
        self.check_shapes([tuple(s) for s in input_shape])

    def call(self, inputs: Any) -> Any:
        rank = max(x.shape.rank for x in inputs)
        return self.merged([
            reduce(lambda y, _: L.expand_dims(y, 1), range(rank - x.shape.rank), x) for x in _of_one_dtype(inputs)])

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        if previous_mask is None or any(m is None for m in previous_mask):
            return None
        return reduce(L.logical_or, previous_mask)


@register
class Add(_Merge):
    """Sum of the inputs."""

    def merged(self, inputs: list[Any]) -> Any:
        return reduce(L.add, inputs)


@register
class Subtract(_Merge):
    """The first of two inputs less the second."""

    def check_shapes(self, shapes: list[tuple[int | None, ...]]) -> None:
        if len(shapes) != 2:
            raise InvalidArgumentError(f"it takes 2 inputs, got {len(shapes)}", op="Subtract")
        super().check_shapes(shapes)

    def merged(self, inputs: list[Any]) -> Any:
        return L.subtract(*inputs)


@register
class Multiply(_Merge):
    """Product of the inputs; an input is left out at steps that its mask does not count."""

    def merged(self, inputs: list[Any]) -> Any:
        return reduce(L.multiply, inputs)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return super().call(inputs)
        kept = [None if m is None else L.expand_dims(m, -1) for m in mask]
        product = super().call([x if m is None else L.where(m, x, 1) for x, m in zip(inputs, kept, strict=True)])
        return product if None in mask else L.where(reduce(L.logical_or, kept), product, 0)


@register
class Average(_Merge):
    """Mean of the inputs."""

    def merged(self, inputs: list[Any]) -> Any:
        return reduce(L.add, inputs) / len(inputs)


@register
class Maximum(_Merge):
    """The largest input, element by element."""

    def merged(self, inputs: list[Any]) -> Any:
        return reduce(L.maximum, inputs)


@register
class Minimum(_Merge):
    """The smallest input, element by element."""

    def merged(self, inputs: list[Any]) -> Any:
        return reduce(L.minimum, inputs)


@register
class Concatenate(_Merge):
    """The inputs behind each other along an axis.

    axis : which one

    Raises
    ------
    ShapeError if sizes of another axis differ.
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def check_shapes(self, shapes: list[tuple[int | None, ...]]) -> None:
        rank = len(shapes[0])
        others = [k for k in range(rank) if k != self.axis % rank]
        if any(len(s) != rank for s in shapes) or any(len({s[k] for s in shapes} - {None}) > 1 for k in others):
            raise ShapeError(f"inputs of shapes {', '.join(map(str, shapes))} differ beside axis {self.axis}",
                             op="Concatenate")

    def call(self, inputs: Any) -> Any:
        return L.concat(_of_one_dtype(inputs), self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        if previous_mask is None or all(m is None for m in previous_mask):
            return None
        masks = []
        for x, mask in zip(inputs, previous_mask, strict=True):
            whole = L.ones_like(x, "bool")
            for _ in range(0 if mask is None else x.shape.rank - mask.shape.rank):
                mask = L.expand_dims(mask, -1)
            masks.append(whole if mask is None else L.logical_and(mask, whole))
        return L.reduce_any(L.concat(masks, self.axis), -1)


@register
class Dot(_Merge):
    """Products of two inputs, sample by sample, summed along one axis of each.

    Parameters
    ----------
    axes : the axis of both, or one for each
    normalize : whether to divide by lengths along that axis first, which makes it the cosine of an angle

    Shapes
    ------
    result : the first input's axes and then the second's without the batch, both without the axis that is summed;
        (batch, 1) if nothing is left
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        both = (axes, axes) if isinstance(axes, int) else tuple(axes)
        if len(both) != 2 or not all(isinstance(k, int) for k in both) or 0 in both:
            raise self.refuse("axes", axes, "one or two axes, from 1 on or from the end")
        self.axes, self.normalize = axes, normalize

    def _axes(self, ranks: tuple[int, int]) -> tuple[int, int]:
        first, second = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        return first % ranks[0], second % ranks[1]

    def check_shapes(self, shapes: list[tuple[int | None, ...]]) -> None:
        if len(shapes) != 2 or min(map(len, shapes)) < 2:
            raise ShapeError(f"it takes two inputs with a batch and further axes, got {shapes}", op="Dot")
        (x, y), (a, b) = shapes, self._axes((len(shapes[0]), len(shapes[1])))
        if None not in (x[a], y[b]) and x[a] != y[b]:
            raise ShapeError(f"axis {a} of shape {x} and axis {b} of shape {y} differ: {x[a]} and {y[b]}", op="Dot")

    def call(self, inputs: Any) -> Any:
        x, y = inputs
        a, b = self._axes((x.shape.rank, y.shape.rank))
        if self.normalize:
            x, y = L.l2_normalize(x, a), L.l2_normalize(y, b)
        letters = iter(ascii_lowercase)
        first = [next(letters) for _ in range(x.shape.rank)]
        second = [first[0] if k == 0 else first[a] if k == b else next(letters) for k in range(y.shape.rank)]
        result = [k for k in first if k != first[a]] + [k for k in second[1:] if k != first[a]]
        z = einsum(f"{''.join(first)},{''.join(second)}->{''.join(result)}", x, y)
        return L.expand_dims(z, 1) if len(result) == 1 else z

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None


# -------------------------------------------------------------------- as functions

def _function(layer: type[_Merge]) -> Callable[..., Any]:
    def apply(inputs: Any, **kwargs: Any) -> Any:
        return layer(**kwargs)(inputs)

    apply.__name__ = apply.__qualname__ = layer.__name__.lower()
    apply.__doc__ = f"The result of the layer `{layer.__name__}`, made with `kwargs`, for a list of inputs."
    return apply


add, subtract, multiply, average, maximum, minimum = map(
    _function, (Add, Subtract, Multiply, Average, Maximum, Minimum))


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """The inputs behind each other along an axis; see `Concatenate`."""
    return Concatenate(axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """Products of two inputs summed along one axis of each; see `Dot`."""
    return Dot(axes, **kwargs)(inputs)
