"""Parts of tensors by position: slices and `x[...]`.

A position counted from the end, or a slice that may reach beyond it, is an expression of the axis' size, so that
one graph serves all sizes with Python's meaning. A single index outside the axis, or a `slice` that does not fit,
is an error when the sizes become known.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtypes import bool as boolean
from ..errors import InvalidArgumentError, ShapeError
from ..ir.dims import Dim, Shape, Size, merge, smaller
from ..ir.eager import EagerTensor
from ..ir.node import Tensor
from ..ir.operand import Operand
from .kinds import (
    REQUIRED,
    AnyType,
    Array,
    AxisSource,
    Composite,
    Movement,
    Placement,
    attr,
    port,
)
from .known import is_number, known_numbers
from .language import L
from .registry import op
from .rules import as_int, as_sizes
from .samples import normal, sample

SHAPE_ONLY = None                           # gradient of an operand that only lends its shape

Entry = Any                                 # int, (start, stop, step) with None for defaults, "..." or "newaxis"


# -------------------------------------------------------------------- sizes

def at_most(a: Any, b: Any) -> Any:
    """min(a, b) of sizes, exact also for expressions; None if one is not known."""
    return None if a is None or b is None else smaller(a, b)


def difference(a: Any, b: Any) -> Any:
    return None if a is None or b is None else a - b


def interval(entry: tuple[Any, Any, int], size: Any) -> tuple[Any, Any]:
    """First index and number of indices of a slice of an axis; None for what is not known."""
    start, stop, step = entry
    if isinstance(size, int):
        found = range(*slice(start, stop, step).indices(size))
        return found.start, len(found)
    if (start, stop, abs(step)) == (None, None, 1):
        return 0 if step > 0 else difference(size, 1), size

    if step > 0:
        first = 0 if start is None else before(start, size)
        last = size if stop is None else before(stop, size)
        return first, steps_between(first, last, step, in_order(start, stop))
    # Backward, a position counts the elements up to and including it, so that none is negative.
    first = size if start is None else before(start + 1, size) if start != -1 else size
    last = 0 if stop is None else before(stop + 1, size) if stop != -1 else size
    return difference(first, 1), steps_between(last, first, -step, in_order(stop, start))


def before(place: int, size: Any) -> Any:
    """Number of elements before a place, which may be counted from the end and lie outside the axis."""
    return at_most(place, size) if place >= 0 else difference(size, at_most(-place, size))


def in_order(low: int | None, high: int | None) -> bool | None:
    """Whether the interval from `low` to `high` is one, for every size; None if that depends on the size."""
    if low is None or high is None:
        return True
    return low <= high if (low < 0) == (high < 0) else None


def steps_between(first: Any, last: Any, step: int, ordered: bool | None) -> Any:
    """How many steps fit from `first` to before `last`; 0 if it lies behind."""
    if ordered is False:
        return 0
    distance = difference(last, first if ordered else at_most(first, last))
    return None if distance is None else (distance + step - 1) // step


def single(place: int, size: Any, axis: int) -> Any:
    """The index `place` counted from the front.

    Raises
    ------
    ShapeError if the axis is shorter; for an axis of a size not yet known, when it is.
    """
    if isinstance(size, int) and not -size <= place < size:
        raise ShapeError(f"index {place} is outside [{-size}, {size}) of axis {axis}")
    if isinstance(size, Dim):
        needed = place + 1 if place >= 0 else -place
        merge(at_most(needed, size), needed, f"index {place} is outside axis {axis} of size {size}")
    return place if place >= 0 else difference(size, -place)


# -------------------------------------------------------------------- primitives

def slices(begin: Sequence[Any], size: Sequence[Any], strides: Sequence[int]) -> tuple[Any, ...]:
    """Python's slices of `size` elements each."""
    found = []
    for first, count, step in zip(begin, size, strides, strict=True):
        end = first + count * step
        found.append(slice(first, None if end < 0 else end, step) if count else slice(0, 0))
    return tuple(found)


@op
class StridedSlice(Movement):
    """Every stride-th element along each axis."""

    category = "Indexing"
    internal = True
    inputs = (port("x", AnyType, "the elements"),)
    begin: tuple[Size, ...] = attr(REQUIRED, "first index along each axis", convert=as_sizes)
    size: tuple[Size, ...] = attr(REQUIRED, "number of elements along each axis", convert=as_sizes)
    strides: tuple[int, ...] = attr(REQUIRED, "step along each axis, not 0", convert=tuple)

    def result_shape(self, x: Shape) -> Shape:
        return Shape(self.size)

    def view(self, x: Shape, y: Shape) -> tuple[AxisSource, ...]:
        return tuple(AxisSource(k, *place) for k, place in enumerate(zip(self.begin, self.strides, strict=True)))

    def reference(self, x: Array) -> Array:
        return np.asarray(x[slices(self.begin, self.size, self.strides)])

    def to_onnx(self, o: Any, x: Any) -> Any:
        kept = zip(self.begin, self.size, self.strides, x.shape, strict=True)
        cut = [k for k, (first, count, step, whole) in enumerate(kept) if (first, count, step) != (0, whole, 1)]
        if not cut:
            return o.Identity(x)
        begin, size, strides = ([values[k] for k in cut] for values in (self.begin, self.size, self.strides))
        ends = [a + n * step for a, n, step in zip(begin, size, strides, strict=True)]
        begin, ends = ([0 if n == 0 else place for n, place in zip(size, places, strict=True)]
                       for places in (begin, ends))
        stops = o.sizes([-(2**63) if isinstance(end, int) and end < 0 else end for end in ends])
        if any(isinstance(end, Dim) for end in ends):   # below 0 they would count from the end
            stops = o.Where(o.Less(stops, [0]), [-(2**63)], stops)
        return o.Slice(x, o.sizes(begin), stops, cut, o.sizes(strides))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.place_like(g, x, self.begin, self.strides)

    samples = (sample(normal(5, 4), begin=(1, 3), size=(2, 4), strides=(2, -1)),
               sample(normal(3), begin=(0,), size=(0,), strides=(1,)),
               sample(normal(3), begin=(2,), size=(1,), strides=(-5,)))


@op
class PlaceLike(Movement):
    """Zeros in the shape of `like`, with g at every stride-th place: the transpose of a strided slice."""

    category = "Indexing"
    internal = True
    inputs = (port("g", AnyType, "the elements"), port("like", AnyType, "lends its shape", same="L"))
    begin: tuple[Size, ...] = attr(REQUIRED, "first index along each axis", convert=as_sizes)
    strides: tuple[int, ...] = attr(REQUIRED, "step along each axis, not 0", convert=tuple)
    fill = 0.0

    def result_shape(self, g: Shape, like: Shape) -> Shape:
        return like

    def placements(self, inputs: Sequence[Shape], y: Shape) -> tuple[Placement | None, ...]:
        return Placement(self.begin, self.strides), None

    def reference(self, g: Array, like: Array) -> Array:
        result = np.zeros(like.shape, g.dtype)
        result[slices(self.begin, g.shape, self.strides)] = g
        return result

    def to_onnx(self, o: Any, g: Any, like: Any) -> Any:
        if any(step != 1 for step in self.strides) or not g.rank:
            return None
        after = [whole - first - n for whole, first, n in zip(like.shape, self.begin, g.shape, strict=True)]
        return o.Pad(g, o.sizes([*self.begin, *after]))

    def gradient(self, h: Any, y: Any, g: Any, like: Any) -> Any:
        return L.strided_slice(h, self.begin, tuple(g.shape), self.strides), SHAPE_ONLY

    samples = (sample(normal(2, 4), normal(5, 4), begin=(1, 3), strides=(2, -1)),
               sample(normal(0), normal(3), begin=(0,), strides=(1,)))


# -------------------------------------------------------------------- slice

@op
class Slice(Composite):
    """A block of elements: `size` of them along each axis, from `begin` on.

    Raises
    ------
    ShapeError if the block reaches beyond the tensor; for sizes not yet known, when they are. IndexOutsideError, when
    run, for numbers that are known only then.
    """

    category = "Indexing"
    names = ("slice",)
    inputs = (port("input_", AnyType, "the elements"),)
    begin: tuple[Any, ...] = attr(REQUIRED, "first index along each axis", convert=as_sizes)
    size: tuple[Size, ...] = attr(REQUIRED, "number of elements along each axis, -1 for the rest", convert=as_sizes)

    @staticmethod
    def at_run_time(x: Any, begin: Any, size: Any, name: str | None = None) -> Any:
        """The block where some numbers are tensors: along those axes elements are gathered."""
        firsts, counts = numbers_in(begin), numbers_in(size)
        if len(firsts) != len(counts):
            raise ShapeError(f"begin has {len(firsts)} entries, size {len(counts)}", op="slice")
        pairs = list(zip(firsts, counts, strict=True))
        open_axes = [k for k, pair in enumerate(pairs) if any(isinstance(n, Tensor) for n in pair)]
        if not open_axes:
            return L.slice(x, tuple(firsts), tuple(counts), name=name)
        found = L.slice(x, *zip(*((0, -1) if k in open_axes else pair for k, pair in enumerate(pairs)), strict=True))
        for k in open_axes:
            first, count, whole = (L.cast(n, "int64") for n in (firsts[k], counts[k], L.shape_of(found)[k]))
            behind = L.where(count < 0, whole, first + count)
            outside = (first < 0) | (first > whole) | (behind > whole)
            first = L.checked(first, outside, f"the block does not fit into axis {k}", "slice")
            is_known = isinstance(counts[k], int) and counts[k] >= 0
            places = first + np.arange(counts[k]) if is_known else L.range(first, behind, L.cast(1, "int64"))
            found = L.gather(found, places, None, k)
        return L.identity(found, name=name)

    def result_shape(self, x: Shape) -> Shape:
        if not len(x) == len(self.begin) == len(self.size):
            raise ShapeError(f"begin has {len(self.begin)} entries, size {len(self.size)}, the tensor {len(x)} axes")
        return Shape(self._length(k, s) for k, s in enumerate(x))

    def _length(self, k: int, extent: Any) -> Any:
        begin, size = self.begin[k], self.size[k]
        is_rest = size == -1
        problem = f"a block of {'the rest' if is_rest else size} from {begin} does not fit axis {k} of size {extent}"
        if (isinstance(size, int) and size < -1) or begin < 0:
            raise ShapeError(problem)
        if extent is None:
            return None if is_rest else size
        end = begin if is_rest else begin + size
        merge(at_most(end, extent), end, problem)
        return extent - begin if is_rest else size

    def decompose(self, x: Any) -> Any:
        return L.strided_slice(x, self.begin, tuple(self.result_shape(x.shape)), (1,) * x.rank)

    def reference(self, x: Array) -> Array:
        return np.asarray(x[slices(self.begin, self.result_shape(Shape(x.shape)), (1,) * x.ndim)])

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        whole = [(b, None if s == -1 else b + s, 1) for b, s in zip(self.begin, self.size, strict=True)]
        return L.place_index(g, x, whole)

    samples = (sample(normal(3, 4), begin=[1, 0], size=[2, -1]), sample(normal(5), begin=[1], size=[3]),
               sample(normal(3, 4), begin=[0, 4], size=[0, -1]), sample(normal(0), begin=[0], size=[-1]))


# -------------------------------------------------------------------- x[...]

def as_index(index: Any) -> tuple[Entry, ...]:
    """What stands in the brackets of `x[...]` in the form that is kept: see `Entry`."""
    return tuple(_as_entry(e) for e in (index if isinstance(index, (tuple, list)) else (index,)))


def _as_entry(entry: Any) -> Entry:
    if entry is None or (isinstance(entry, str) and entry == "newaxis"):
        return "newaxis"
    if entry is Ellipsis or (isinstance(entry, str) and entry == "..."):
        return "..."
    if isinstance(entry, slice):
        entry = (entry.start, entry.stop, entry.step)
    if isinstance(entry, (tuple, list)) and len(entry) == 3:
        start, stop, step = (None if part is None else as_int(part) for part in entry)
        if step == 0:
            raise InvalidArgumentError("a slice has step 0")
        return start, stop, 1 if step is None else step
    if isinstance(entry, (bool, np.bool_)) or np.ndim(entry):
        raise InvalidArgumentError(
            f"index {entry!r}; it takes whole numbers, slices, ... and newaxis",
            fix="gather(x, indices) or where(mask, x, y)",
        )
    return as_int(entry)


def spread(index: tuple[Entry, ...], rank: int) -> list[Entry]:
    """The entries with `...` written out, so that all axes are named.

    Raises
    ------
    ShapeError if there are more entries than axes, or more than one `...`.
    """
    named = sum(e not in ("...", "newaxis") for e in index)
    if named > rank or index.count("...") > 1:
        raise ShapeError(f"{named} indices for {rank} axes" if named > rank else "an index has more than one ...")
    rest: list[Entry] = [(None, None, 1)] * (rank - named)
    place = index.index("...") if "..." in index else len(index)
    return [*index[:place], *rest, *index[place + 1:]]


def located(index: tuple[Entry, ...], x: Shape) -> tuple[list[Any], list[Any], list[int], list[Any]]:
    """begin, size and stride along each axis of x, and the sizes of the result, whose axes differ."""
    begin: list[Any] = []
    size: list[Any] = []
    strides: list[int] = []
    result: list[Any] = []
    for entry in spread(index, len(x)):
        if entry == "newaxis":
            result.append(1)
            continue
        axis = len(begin)
        if isinstance(entry, int):
            first, count, step = single(entry, x[axis], axis), 1, 1
        else:
            step = entry[2]
            first, count = interval(entry, x[axis])
            result.append(count)
        begin.append(first)
        size.append(count)
        strides.append(step)
    return begin, size, strides, result


def python_index(index: tuple[Entry, ...]) -> tuple[Any, ...]:
    """The entries as numpy takes them."""
    words = {"...": Ellipsis, "newaxis": None}
    return tuple(words[e] if isinstance(e, str) else slice(*e) if isinstance(e, tuple) else e for e in index)


@op
class GetItem(Composite):
    """Part of a tensor by Python's basic indexing: whole numbers, slices, ... and newaxis.

    Raises
    ------
    ShapeError if there are more indices than axes, or a whole number is outside its axis; for sizes not yet known,
    when they are.
    """

    category = "Indexing"
    internal = True                         # users write x[...]
    node_name = "strided_slice"
    inputs = (port("x", AnyType, "the elements"),)
    index: tuple[Entry, ...] = attr(REQUIRED, "what stands in the brackets", convert=as_index)

    def result_shape(self, x: Shape) -> Shape:
        return Shape(located(self.index, x)[3])

    def decompose(self, x: Any) -> Any:
        begin, size, strides, result = located(self.index, x.shape)
        part = L.strided_slice(x, tuple(begin), tuple(size), tuple(strides))
        return part if len(result) == len(size) and result == size else L.reshape(part, tuple(result))

    def reference(self, x: Array) -> Array:
        return np.asarray(x[python_index(self.index)])

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.place_index(g, x, self.index)

    samples = (sample(normal(3, 4), index=1), sample(normal(3, 4), index=(slice(None), -1)),
               sample(normal(5), index=slice(1, -1)),
               sample(normal(5, 4), index=(slice(None, None, -2), slice(-3, None))),
               sample(normal(5), index=slice(10, -10, -3)), sample(normal(2, 3, 4), index=(..., None, 0)),
               sample(normal(5), index=slice(4, 2)), sample(normal(3), index=()),
               sample(normal(0, 3), index=slice(1, 9)), sample(normal(2, 3), index=(None, ..., None)))


@op
class PlaceIndex(Composite):
    """Zeros in the shape of `like`, with g in the part that an index names: the transpose of indexing."""

    category = "Indexing"
    internal = True
    inputs = (port("g", AnyType, "the elements"), port("like", AnyType, "lends its shape", same="L"))
    index: tuple[Entry, ...] = attr(REQUIRED, "what stands in the brackets", convert=as_index)

    def result_shape(self, g: Shape, like: Shape) -> Shape:
        return like

    def decompose(self, g: Any, like: Any) -> Any:
        begin, size, strides, _ = located(self.index, like.shape)
        return L.place_like(L.reshape(g, tuple(size)), like, tuple(begin), tuple(strides))

    def reference(self, g: Array, like: Array) -> Array:
        result = np.zeros(like.shape, g.dtype)
        result[python_index(self.index)] = g
        return result

    def gradient(self, h: Any, y: Any, g: Any, like: Any) -> Any:
        return get_item(h, self.index), SHAPE_ONLY

    samples = (sample(normal(4), normal(3, 4), index=1),
               sample(normal(3, 2), normal(3, 4), index=(..., slice(None, None, -2))),
               sample(normal(1, 3), normal(3), index=(None,)))


def get_item(x: Any, index: Any) -> Any:
    return L.get_item(x, index)


def _getitem(self: Operand, index: Any) -> Any:
    if isinstance(index, list):             # numpy's choice of elements, not basic indexing
        raise InvalidArgumentError(f"index {index!r} is a list", op="strided_slice", fix="gather(x, indices)")
    if isinstance(index, (Tensor, EagerTensor)) and index.dtype is boolean and index.rank:
        return L.masked(self, index, L.places_where(index), 0)
    entries = [as_read(e) for e in (index if isinstance(index, tuple) else (index,))]
    for k, entry in enumerate(entries):
        if isinstance(entry, Tensor) and entry.dtype.is_integer and not entry.shape.rank:
            self, entries[k] = _at_number(self, entries, k), 0
        elif isinstance(entry, slice) and any(isinstance(end, Tensor) for end in (entry.start, entry.stop)):
            self, entries[k] = _in_interval(self, entries, k)
    return get_item(self, tuple(entries))


def as_read(entry: Any) -> Any:
    """An entry of an index with variables read: what they hold now, not when a function is traced."""
    if isinstance(entry, slice):
        return slice(as_read(entry.start), as_read(entry.stop), as_read(entry.step))
    is_variable = isinstance(entry, Operand) and not isinstance(entry, (Tensor, EagerTensor))
    return L.identity(entry) if is_variable else entry


def _axis_of(entries: Sequence[Any], k: int) -> int:
    """The axis that entry k is for."""
    named = [e is not Ellipsis and e is not None for e in entries]
    return -sum(named[k:]) if any(e is Ellipsis for e in entries[:k]) else sum(named[:k])


def _at_number(x: Any, entries: Sequence[Any], k: int) -> Any:
    """The slice of x that entry k, a number known when the program runs, is for; its axis stays with size 1."""
    axis, number = _axis_of(entries, k), entries[k]
    size = L.cast(L.shape_of(x)[axis], number.dtype)
    return L.gather(x, L.reshape(L.where(number < 0, number + size, number), (1,)), None, axis)


def _in_interval(x: Any, entries: Sequence[Any], k: int) -> tuple[Any, slice]:
    """The part of x that entry k, a slice, is for, and the slice that is left to be taken of it.

    Ends that follow from sizes are sizes; with others, which are known when the program runs, elements are gathered.
    """
    ends = [as_size(end) for end in (entries[k].start, entries[k].stop)]
    if not any(isinstance(end, Tensor) for end in ends):
        return x, slice(ends[0], ends[1], entries[k].step)
    axis, step = _axis_of(entries, k), 1 if entries[k].step is None else as_int(entries[k].step)
    if not step:
        raise InvalidArgumentError("a slice has step 0")
    size = L.cast(L.shape_of(x)[axis], "int64")
    low, high = (L.cast(0, "int64"), size) if step > 0 else (L.cast(-1, "int64"), size - 1)

    def within(end: Any, default: Any) -> Any:
        if end is None:
            return default
        number = L.reshape(L.cast(end, "int64"), ())
        return L.minimum(L.maximum(L.where(number < 0, number + size, number), low), high)

    first, last = (low, high) if step > 0 else (high, low)
    places = L.range(within(ends[0], first), within(ends[1], last), L.cast(step, "int64"))
    return L.gather(x, places, None, axis), slice(None)


def numbers_in(given: Any) -> list[Any]:
    """The numbers of a vector: tensors, where they are known only when the program runs."""
    held = as_read(given)
    items = held if isinstance(held, (Tensor, list, tuple)) else np.asarray(held)
    if not isinstance(items, (list, tuple)) and len(items.shape) == 0:
        raise ShapeError(f"{given!r} is a single number; it takes a list of them")
    return [as_size(as_read(n)) for n in items]


def as_size(end: Any) -> Any:
    """A tensor's number where it has one, or where it follows from sizes."""
    end = end.array if isinstance(end, EagerTensor) else end
    if isinstance(end, (np.ndarray, np.generic)) and not end.ndim:
        return end.item()
    numbers = known_numbers(end) if isinstance(end, Tensor) else None
    return numbers.item() if numbers is not None and numbers.size == 1 and is_number(numbers.item()) else end


Operand.__getitem__ = _getitem  # type: ignore[method-assign]
