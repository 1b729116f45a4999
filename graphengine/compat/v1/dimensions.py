"""Sizes of axes as objects, and whether shapes are shown as TensorFlow 1 shows them."""
from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from ...errors import InvalidArgumentError
from ...ir import dims
from ...ir.dims import Shape


class Dimension:
    """The size of an axis; `value` is None if it is not known, and then so are sums and comparisons with it."""

    def __init__(self, value: Any) -> None:
        found = value.value if isinstance(value, Dimension) else value
        self.value: int | None = None if found is None or isinstance(found, dims.Dim) else operator.index(found)
        if self.value is not None and self.value < 0:
            raise InvalidArgumentError(f"a size is {self.value}; it is at least 0", op="Dimension")

    def __repr__(self) -> str:
        return f"Dimension({self.value})"

    def __str__(self) -> str:
        return "?" if self.value is None else str(self.value)

    def __int__(self) -> int:
        return operator.index(self)

    def __index__(self) -> int:
        return self.value  # type: ignore[return-value]  # None raises TypeError, as it is to

    def __hash__(self) -> int:
        return hash(self.value)

    def is_compatible_with(self, other: Any) -> bool:
        """Whether both may be the same size."""
        other = Dimension(other).value
        return self.value is None or other is None or self.value == other

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise InvalidArgumentError unless both may be the same size."""
        if not self.is_compatible_with(other):
            raise InvalidArgumentError(f"sizes {self} and {other} differ", op="Dimension")

    def merge_with(self, other: Any) -> Dimension:
        """The size that both are."""
        self.assert_is_compatible_with(other)
        return Dimension(other) if self.value is None else Dimension(self.value)


def _combined(work: Callable[[int, int], Any], is_size: bool, turned: bool = False) -> Callable[[Dimension, Any], Any]:
    def combine(self: Dimension, other: Any) -> Any:
        try:
            other = Dimension(other).value
        except (TypeError, InvalidArgumentError):
            return NotImplemented
        if self.value is None or other is None:
            return Dimension(None) if is_size else None
        found = work(other, self.value) if turned else work(self.value, other)
        return Dimension(found) if is_size else found

    return combine


for _name, _work in (("add", operator.add), ("sub", operator.sub), ("mul", operator.mul),
                     ("floordiv", operator.floordiv), ("mod", operator.mod)):
    setattr(Dimension, f"__{_name}__", _combined(_work, True))
    setattr(Dimension, f"__r{_name}__", _combined(_work, True, turned=True))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Dimension, f"__{_name}__", _combined(getattr(operator, _name), False))


def dimension_value(dimension: Any) -> int | None:
    """The size as a number, or None."""
    return dimension.value if isinstance(dimension, Dimension) else dimension


def dimension_at_index(shape: Any, index: int) -> Dimension:
    """The size of an axis."""
    return Dimension(None if Shape(shape).rank is None else Shape(shape).as_list()[index])


class OldShape(Shape):
    """A shape whose sizes are `Dimension`, which `get_shape` gives after `disable_v2_tensorshape`."""

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return OldShape(tuple.__getitem__(self, key))
        return Dimension(None if self.rank is None else tuple.__getitem__(self, key))

    @property
    def dims(self) -> Any:
        return None if self.rank is None else [self[k] for k in range(self.rank)]


def disable_v2_tensorshape() -> None:
    """From now on sizes that are not known are shown as ``?``, and those of `get_shape` have a ``value``.

    What an attribute ``shape`` holds stays numbers and None.
    """
    dims.show_shapes("?", _old_shape)


def enable_v2_tensorshape() -> None:
    """Undo `disable_v2_tensorshape`."""
    dims.show_shapes()


def _old_shape(shape: Shape) -> OldShape:
    return OldShape(None if shape.rank is None else shape.as_list())
