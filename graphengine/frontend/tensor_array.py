"""Arrays of tensors that are written one by one, as loops do it."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtypes import as_dtype, int32
from ..errors import InvalidArgumentError, OutOfRangeError
from ..ir.dims import UNKNOWN, Shape
from ..ir.eager import EagerTensor
from ..ir.graph import is_drawing
from ..ir.node import Tensor
from ..ops.language import L
from .build import convert_to_tensor
from .structure import Nested
from .variables import Variable


class TensorArray(Nested):
    """Tensors of one type and shape, each written once, by index.

    Parameters
    ----------
    dtype : of the tensors
    size : number of tensors; may be a tensor
    dynamic_size : whether it grows when something is written behind its end. In a loop of the graph Python takes the
        steps then, and no gradient passes; unless `size` is a tensor, which says how many there will be, or each step
        of ``for i in tf.range(n)`` writes at `i`
    element_shape : shape of each; if None, what is written first tells it
    clear_after_read, tensor_array_name, infer_shape, name : accepted for TensorFlow's sake

    Notes
    -----
    As in TensorFlow, `write` gives the array to go on with. Where Python knows the index, tensors are kept one by one;
    a loop of the graph keeps them as rows of one tensor, zeros where nothing has been written.

    Examples
    --------
    >>> import graphengine as tf
    >>> @tf.function
    ... def squares(n):
    ...     found = tf.TensorArray(tf.int32, size=n)
    ...     for k in tf.range(n):
    ...         found = found.write(k, k * k)
    ...     return found.stack()
    >>> print(squares(tf.constant(5)))
    tf.Tensor([ 0  1  4  9 16], shape=(5,), dtype=int32)
    """

    def __init__(
        self, dtype: Any, size: Any = None, dynamic_size: bool | None = None, clear_after_read: bool | None = None,
        tensor_array_name: str | None = None, infer_shape: bool = True, element_shape: Any = None,
        name: str | None = None,
    ) -> None:
        del clear_after_read, tensor_array_name, infer_shape, name
        self.dtype = as_dtype(dtype)
        self.dynamic_size = bool(dynamic_size)
        self.element_shape = UNKNOWN if element_shape is None else Shape(element_shape)
        self._size = 0 if size is None else _known(size)
        self.grows = self.dynamic_size and isinstance(self._size, int)
        self.written: tuple[Any, ...] = ()  # the indices, as long as nothing else happens to it
        self._items: dict[int, Any] = {}
        self._rows: Any = None              # all of them as one tensor, instead of the items

    # ------------------------------------------------ writing

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with `value` at `index`.

        Raises
        ------
        OutOfRangeError for an index behind the end; InvalidArgumentError, DTypeError for a value of another shape or
        type than the others.
        """
        del name
        tensor, k = convert_to_tensor(value, self.dtype), _known(index)
        made = self._copy()
        made.element_shape = self._merged(tensor.shape)
        made.written = (*self.written, index)
        if isinstance(k, int) and self._rows is None:
            if k < 0 or (isinstance(self._size, int) and k >= self._size and not self.dynamic_size):
                raise OutOfRangeError(f"index {k} is outside of a TensorArray of {self._size}", op="TensorArray.write",
                                      fix="give it a larger size, or dynamic_size=True")
            made._items[k] = tensor
            if isinstance(self._size, int):
                made._size = max(self._size, k + 1)
            return made
        at, rows = L.cast(convert_to_tensor(index), int32), made.rows()
        count = L.shape_of(rows)[0]
        if self.grows:
            more = L.maximum(at + 1 - count, 0)
            rows = L.concat([rows, made._zeros([more, *map(int, tensor.shape)])], 0)
            made._size = L.maximum(count, at + 1)
        else:
            size = self._size if isinstance(self._size, int) else "its size"
            at = L.checked(at, (at < 0) | (at >= count), f"the index is outside of a TensorArray of {size}; give it a "
                           "larger size, or dynamic_size=True", "TensorArray.write")
        made._rows = L.tensor_scatter_nd_update(rows, L.reshape(at, (1, 1)), tensor[None])
        made._items = {}
        return made

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The array of the slices of a tensor along its first axis."""
        del name
        rows = convert_to_tensor(value, self.dtype)
        made = self._copy()
        made.element_shape = self._merged(Shape(rows.shape[1:]))
        made._rows, made._items, made.written = rows, {}, (None,)
        made._size = rows.shape[0] if isinstance(rows.shape[0], int) else L.shape_of(rows)[0]
        return made

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with the slices of `value` at `indices`."""
        del name
        places, rows = _known(indices), convert_to_tensor(value, self.dtype)
        made = self
        if isinstance(places, Tensor):
            made = self._copy()
            made.element_shape = self._merged(Shape(rows.shape[1:]))
            made._rows = L.tensor_scatter_nd_update(made.rows(), L.cast(places, int32)[:, None], rows)
            made._items = {}
            return made
        for k, index in enumerate(np.asarray(places).reshape(-1)):
            made = made.write(int(index), rows[k])
        return made

    # ------------------------------------------------ reading

    def read(self, index: Any, name: str | None = None) -> Any:
        """The tensor at an index.

        Raises
        ------
        OutOfRangeError for one that nothing was written to.
        """
        del name
        k = _known(index)
        if self._rows is None and isinstance(k, int):
            if k not in self._items:
                raise OutOfRangeError(f"nothing was written to index {k} of the TensorArray", op="TensorArray.read")
            return self._items[k]
        return L.gather(self.rows(), convert_to_tensor(index))

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """The tensors at some indices, (len(indices), ...)."""
        del name
        return L.gather(self.rows(), convert_to_tensor(indices))

    def stack(self, name: str | None = None) -> Any:
        """All tensors, (size, ...)."""
        del name
        return self.rows()

    def concat(self, name: str | None = None) -> Any:
        """All tensors along their first axes: (size * n, ...), or as many rows as they have together."""
        del name
        if self._rows is None and isinstance(self._size, int) and len(self._items) == self._size > 0:
            return L.concat([self._items[k] for k in range(self._size)], 0)
        rows = self.rows()
        return L.reshape(rows, L.concat([[-1], L.shape_of(rows)[2:]], 0))

    def size(self, name: str | None = None) -> Any:
        """Number of tensors, int32."""
        del name
        return convert_to_tensor(self._size, int32)

    def identity(self) -> TensorArray:
        """The array itself."""
        return self

    def rows(self) -> Any:
        """All tensors as one; zeros where nothing was written.

        Raises
        ------
        InvalidArgumentError if their shape is not known.
        """
        if self._rows is not None:
            return self._rows
        if isinstance(self._size, int) and 0 < len(self._items) == self._size:
            return L.stack([self._items[k] for k in range(self._size)])
        if not self.element_shape.is_fully_defined():
            raise InvalidArgumentError("nothing tells the shape of the tensors yet", op="TensorArray",
                                       fix="give the TensorArray element_shape=")
        rows = self._zeros([self._size, *self.element_shape.numbers()])
        for k, x in self._items.items():
            rows = L.tensor_scatter_nd_update(rows, convert_to_tensor([[k]], int32), x[None])
        return rows

    def _zeros(self, sizes: Sequence[Any]) -> Any:
        if all(isinstance(n, int) for n in sizes):
            return convert_to_tensor(np.zeros(sizes, self.dtype.numpy))
        return L.broadcast_to(convert_to_tensor(np.zeros((), self.dtype.numpy)), L.stack(sizes))

    # ------------------------------------------------ as a variable of a loop

    @property
    def shape_in_loops(self) -> Shape | None:
        """The shape of `leaves` in all steps of a loop; None if it keeps its size."""
        return Shape((None, *self.rows().shape[1:])) if self.grows else None

    def leaves(self) -> list[Any]:
        """The tensors that make it up, for `structure`."""
        return [self.rows()]

    def with_leaves(self, leaves: Sequence[Any]) -> TensorArray:
        """The same array with other tensors."""
        made = self._copy()
        (made._rows,) = leaves
        made._items, made.written = {}, (None,)
        if self.grows:
            made._size = L.shape_of(made._rows)[0]
        return made

    def shaped(self, other: TensorArray) -> TensorArray:
        """The same array with tensors of the shape of another one's."""
        made = self._copy()
        made.element_shape = other.element_shape
        return made

    def sized(self, rows: Tensor) -> TensorArray:
        """The same array with room for at least as many tensors as there are rows."""
        if not (self.grows and self._rows is None):
            return self
        made = self._copy()
        known = rows.shape[0]
        made._size = max(known, self._size) if isinstance(known, int) else L.maximum(L.shape_of(rows)[0], self._size)
        made.grows = False
        return made

    def _copy(self) -> TensorArray:
        made = TensorArray.__new__(TensorArray)
        made.__dict__.update(self.__dict__, _items=dict(self._items))
        return made

    def _merged(self, shape: Shape) -> Shape:
        if self.element_shape.rank is None:
            return shape
        if shape.rank is not None and len(shape) == len(self.element_shape) and all(
                a is None or b is None or a == b for a, b in zip(shape, self.element_shape, strict=True)):
            return Shape(a if b is None else b for a, b in zip(shape, self.element_shape, strict=True))
        raise InvalidArgumentError(f"a tensor of shape {shape} for a TensorArray of {self.element_shape}",
                                   op="TensorArray.write", fix="let all have the same shape")


def _known(value: Any) -> Any:
    """An index or size as a number of Python if it is known, else a tensor."""
    if isinstance(value, Variable) and is_drawing():
        value = convert_to_tensor(value)
    if isinstance(value, Tensor):
        return value
    array = np.asarray(value.array if isinstance(value, EagerTensor) else value)
    return int(array) if array.ndim == 0 else array
