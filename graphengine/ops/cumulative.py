"""Running sums and products along an axis, and products of whole axes."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..dtypes import DType, int64
from ..dtypes import bool as boolean
from ..ir.dims import Shape, product
from ..ir.node import Tensor
from .kinds import REQUIRED, Array, Call, Composite, Floating, Library, Numeric, Reduction, attr, port
from .language import L
from .parts import Composed
from .quiet import quiet
from .reduce import AxisReduction, outer_size_inner
from .registry import abstract, op
from .rules import as_int, normal_axes, normal_axis, sizes_of
from .samples import normal, sample, values

# -------------------------------------------------------------------- kernels

@abstract
class _Scan(Library):
    category = "Reduction"
    internal = True
    exclusive: bool = attr(False, "whether a place holds the total before its own element")
    reverse: bool = attr(False, "whether the axis is walked from its end")
    kernel = ""

    def result_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        outer, size, inner = sizes_of(inputs[0])
        flags = int(self.exclusive), int(self.reverse)
        return Call(f"{self.kernel}_{inputs[0].dtype.code}", (outer, size, inner, *flags), extent=outer)

    def met(self, o: Any, total: Any, *terms: Any) -> Any:
        """The total with one more place, as nodes of ONNX."""
        raise AssertionError(f"{self.name} has an operator of its own")

    def to_onnx(self, o: Any, *arrays: Any) -> Any:
        """A loop along the axis, whose steps' totals are stacked."""
        dtype, (outer, size, inner) = arrays[0].dtype, arrays[0].shape
        count = o.reshape(o.size(size), ())
        begin = o.Expand(np.array(self.none(dtype), dtype.numpy), o.sizes((outer, inner)))
        inside = o.inside()
        step, goes_on, total = inside.given(int64), inside.given(boolean), inside.given(dtype, (outer, inner))
        at = inside.Sub(inside.Sub(count, np.array(1)), step) if self.reverse else step
        after = self.met(inside, total, *(inside.Gather(x, at, axis=1) for x in arrays))
        body = inside.body([goes_on, after, total if self.exclusive else after])
        found = o.Loop(count, np.array(True), begin, body=body, results=2)[1]
        found = o.reshape(found, (size, outer, inner))          # of no steps evaluators know no sizes
        found = o.Slice(found, [-1], [-(2**63)], [0], [-1]) if self.reverse else found
        return o.Transpose(found, perm=[1, 0, 2])

    def none(self, dtype: DType) -> float:
        """The total of no terms."""
        return 0.0


@op
class CumsumRows(_Scan):
    """Running sums along the middle axis of (outer, n, inner)."""

    inputs = (port("x", Numeric, "terms"),)
    kernel = "cumsum"

    def reference(self, x: Array) -> Array:
        return running(np.add, x, 1, self.exclusive, self.reverse)

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.CumSum(x, np.array(1), exclusive=int(self.exclusive), reverse=int(self.reverse))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.cumsum_rows(g, self.exclusive, not self.reverse)

    samples = (sample(normal(2, 4, 3)), sample(normal(1, 5, 1), exclusive=True), sample(normal(2, 3, 2), reverse=True),
               sample(normal(1, 3, 2), exclusive=True, reverse=True), sample(normal(2, 0, 3)))


@op
class CumprodRows(_Scan):
    """Running products along the middle axis of (outer, n, inner).

    Notes
    -----
    The gradient divides by nothing, so it is right where factors are 0: with p the product of the factors before one,
    it is p times the sum of the gradients behind, each times the factors in between, which a recurrence adds up.
    """

    inputs = (port("x", Numeric, "factors"),)
    kernel = "cumprod"

    def none(self, dtype: DType) -> float:
        return 1.0

    def met(self, o: Any, total: Any, *terms: Any) -> Any:
        return o.Mul(total, *terms)

    def reference(self, x: Array) -> Array:
        return running(np.multiply, x, 1, self.exclusive, self.reverse)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        before = L.cumprod_rows(x, True, self.reverse)
        if self.exclusive:
            return before * L.recurrence(g, x, True, not self.reverse)
        return before * (g + L.recurrence(x * g, x, True, not self.reverse))

    samples = (sample(normal(2, 4, 3)), sample(normal(1, 5, 1), exclusive=True), sample(normal(2, 3, 2), reverse=True),
               sample(values([[[2.0], [0.0], [3.0], [0.0], [4.0]]])), sample(normal(2, 0, 3), exclusive=True))


@op
class Recurrence(_Scan):
    """y[k] = g[k] + a[k] * y[k - 1] along the middle axis of (outer, n, inner), y before the first being 0."""

    inputs = (port("g", Numeric, "terms"), port("a", Numeric, "factors"))
    kernel = "recurrence"

    def met(self, o: Any, total: Any, *terms: Any) -> Any:
        return o.Add(terms[0], o.Mul(terms[1], total))

    def reference(self, g: Array, a: Array) -> Array:
        y, total = np.zeros_like(g), np.zeros_like(g[:, :0].sum(1, dtype=g.dtype))
        for k in reversed(range(g.shape[1])) if self.reverse else range(g.shape[1]):
            after = g[:, k] + a[:, k] * total
            y[:, k] = total if self.exclusive else after
            total = after
        return y

    def gradient(self, h: Any, y: Any, g: Any, a: Any) -> Any:
        before = L.recurrence(g, a, True, self.reverse)
        if self.exclusive:
            arriving = L.recurrence(h, a, True, not self.reverse)
        else:
            arriving = h + L.recurrence(a * h, a, True, not self.reverse)
        return arriving, arriving * before

    samples = (sample(normal(2, 4, 3), normal(2, 4, 3)), sample(normal(1, 5, 1), normal(1, 5, 1), exclusive=True),
               sample(normal(1, 3, 2), normal(1, 3, 2), reverse=True), sample(normal(2, 0, 1), normal(2, 0, 1)))


@op
class LogsumexpRows(_Scan):
    """log(exp(x[0]) + ... + exp(x[k])) along the middle axis of (outer, n, inner); -inf of no terms.

    Notes
    -----
    With y the result, the gradient is a recurrence whose factors are at most 1:

        dx[k] = exp(x[k] - y[k]) r[k],    r[k] = g[k] + exp(y[k] - y[k + 1]) r[k + 1]
    """

    inputs = (port("x", Floating, "logarithms"),)
    kernel = "logsumexp"

    def none(self, dtype: DType) -> float:
        return -np.inf

    def met(self, o: Any, total: Any, *terms: Any) -> Any:
        largest = o.Max(total, *terms)
        out = o.Where(o.IsInf(largest), o.number(0, largest), largest)
        return o.Add(out, o.Log(o.Add(o.Exp(o.Sub(total, out)), o.Exp(o.Sub(terms[0], out)))))

    @quiet
    def reference(self, x: Array) -> Array:
        line = x[:, ::-1] if self.reverse else x
        if self.exclusive and line.shape[1]:
            line = np.concatenate([np.full_like(line[:, :1], -np.inf), line[:, :-1]], 1)
        found = np.logaddexp.accumulate(line, axis=1)
        return found[:, ::-1] if self.reverse else found

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        if self.exclusive:                  # a place holds what is the total of the one before
            y, g = L.logsumexp_rows(x, False, self.reverse), self._next(g, 0.0)
        total = L.maximum(y, x.dtype.min)   # so that no difference is that of infinities where all terms are 0
        kept = L.exp(total - self._next(total, x.dtype.max))
        return L.exp(x - total) * L.recurrence(g, kept, False, not self.reverse)

    def _next(self, x: Any, last: float) -> Any:
        """What stands at the next place of the walk."""
        width = (1, 0) if self.reverse else (0, 1)
        return L.pad_constant(x, ((0, 0), width, (0, 0)), last)[:, :-1 if self.reverse else None][:, 1 - width[0]:]

    # Among the results of exclusive ones is -inf, which has no differences: smooth=False.
    samples = (sample(normal(2, 4, 3)), sample(normal(2, 3, 2), reverse=True), sample(normal(2, 0, 3)),
               sample(normal(1, 5, 1), exclusive=True, smooth=False), sample(normal(2, 0, 3), exclusive=True),
               sample(normal(1, 3, 2), exclusive=True, reverse=True, smooth=False),
               sample(values([[[-np.inf], [-np.inf], [1000.0], [-1000.0], [1000.0]]]), smooth=False),
               sample(values([[[1.0], [np.inf], [2.0], [np.inf], [np.nan], [0.0]]]), smooth=False))


def running(combine: Any, x: Array, axis: int, exclusive: bool, reverse: bool) -> Array:
    """`combine` accumulated along an axis."""
    line = np.moveaxis(x, axis, 0)
    line = line[::-1] if reverse else line
    found = combine.accumulate(line, axis=0, dtype=x.dtype)
    if exclusive:
        found = np.concatenate([np.full_like(line[:1], combine.identity), found[:-1]])
    return np.moveaxis(found[::-1] if reverse else found, 0, axis)


# -------------------------------------------------------------------- public

@abstract
class _Cumulative(Composite):
    category = "Reduction"
    inputs = (port("x", Numeric, "numbers"),)
    axis: int = attr(0, "axis to walk along", convert=as_int)
    exclusive: bool = attr(False, "whether a place holds the total before its own element")
    reverse: bool = attr(False, "whether the axis is walked from its end")
    rows = ""
    combine: ClassVar[Any] = None

    def result_shape(self, x: Shape) -> Shape:
        normal_axis(self.axis, len(x))
        return x

    def decompose(self, x: Any) -> Any:
        blocks = L.reshape(x, outer_size_inner(x.shape, normal_axis(self.axis, x.rank)))
        return L.reshape(getattr(L, self.rows)(blocks, self.exclusive, self.reverse), tuple(x.shape))

    def reference(self, x: Array) -> Array:
        return running(self.combine, x, normal_axis(self.axis, x.ndim), self.exclusive, self.reverse)

    samples = (sample(normal(3, 4)), sample(normal(2, 3, 4), axis=1, exclusive=True), sample(normal(5), reverse=True),
               sample(normal(2, 5), axis=-1, exclusive=True, reverse=True), sample(normal(0, 3)),
               sample(values(2.0, 0.0, 3.0, 0.0, 5.0)), sample(normal(2, 0, 3), axis=1, exclusive=True))


@op
class Cumsum(_Cumulative):
    """Running sum along an axis.

        y[k] = x[0] + ... + x[k]          or up to x[k - 1] if exclusive

    Raises
    ------
    ShapeError if `axis` is outside [-rank, rank).

    Shapes
    ------
    x : any with at least one axis
    y : the shape of x
    """

    names = ("cumsum", "math.cumsum")
    onnx = "CumSum"
    rows = "cumsum_rows"
    combine = np.add

    def to_onnx(self, o: Any, x: Any) -> Any:
        axis = np.array(normal_axis(self.axis, x.rank))
        return o.CumSum(x, axis, exclusive=int(self.exclusive), reverse=int(self.reverse))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.cumsum(g, self.axis, self.exclusive, not self.reverse)


@op
class Cumprod(_Cumulative, Composed):
    """Running product along an axis.

        y[k] = x[0] * ... * x[k]          or up to x[k - 1] if exclusive

    Notes
    -----
    The gradient is right where factors are 0.
    """

    names = ("math.cumprod",)
    rows = "cumprod_rows"
    combine = np.multiply


@op
class CumulativeLogsumexp(_Cumulative, Composed):
    """Running logarithm of a sum along an axis, whose terms are given as logarithms.

        y[k] = log(exp(x[0]) + ... + exp(x[k]))       or up to x[k - 1] if exclusive

    Notes
    -----
    The largest term is taken out of each sum, so nothing overflows. The logarithm of the sum of no terms is -inf, as
    in TensorFlow.
    """

    names = ("math.cumulative_logsumexp",)
    inputs = (port("x", Floating, "logarithms"),)
    rows = "logsumexp_rows"

    def reference(self, x: Array) -> Array:
        line = np.moveaxis(x, self.axis, 0)
        found = LogsumexpRows(self.exclusive, self.reverse).reference(line[None])
        return np.moveaxis(found[0], 0, self.axis)

    samples = (sample(normal(3, 4)), sample(normal(2, 3, 4), axis=1, reverse=True), sample(normal(0, 3)),
               sample(normal(2, 5), axis=-1, exclusive=True, smooth=False), sample(values(-1e4, 3.0, 1e4, 0.0)),
               sample(normal(5), exclusive=True, reverse=True, smooth=False), sample(normal(2, 0, 3), axis=1))


# -------------------------------------------------------------------- product

@op
class ProdAxes(Reduction):
    """Product along axes, which stay with size 1."""

    category = "Reduction"
    internal = True
    inputs = (port("x", Numeric, "factors"),)
    axes: tuple[int, ...] = attr(REQUIRED, "axes, counted from the front", convert=tuple)
    onnx = "ReduceProd"
    step = "multiply_step({acc}, {x})"

    def identity(self, dtype: DType) -> Any:
        return 1

    def reference(self, x: Array) -> Array:
        return np.prod(x, axis=self.axes, keepdims=True, dtype=x.dtype)  # type: ignore[no-any-return]

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.product_of_others(x, self.axes)

    samples = (sample(normal(3, 4), axes=(0,)), sample(normal(2, 3, 4), axes=(0, 2)), sample(normal(0, 3), axes=(0,)),
               sample(values([[0.0, 2.0], [3.0, 0.0]]), axes=(0,)))


@op
class ProductOfOthers(Composed):
    """For each element the product of all others that a product along axes folds with it."""

    category = "Reduction"
    internal = True
    inputs = (port("x", Numeric, "factors"),)
    axes: tuple[int, ...] = attr(REQUIRED, "axes, counted from the front", convert=tuple)

    def result_shape(self, x: Shape) -> Shape:
        return x

    def decompose(self, x: Any) -> Any:
        order = (*(k for k in range(x.rank) if k not in self.axes), *self.axes)
        last = L.transpose(x, order)
        kept = len(order) - len(self.axes)
        rows = L.reshape(last, (product(last.shape[:kept]), product(last.shape[kept:]), 1))
        others = L.cumprod_rows(rows, True, False) * L.cumprod_rows(rows, True, True)
        back = tuple(order.index(k) for k in range(x.rank))
        return L.transpose(L.reshape(others, tuple(last.shape)), back)

    def reference(self, x: Array) -> Array:
        result = np.empty_like(x)
        for place in np.ndindex(x.shape):
            ones = np.array(x)
            ones[place] = 1
            whole = tuple(slice(None) if k in self.axes else place[k] for k in range(x.ndim))
            result[place] = np.prod(ones[whole], dtype=x.dtype)
        return result

    samples = (sample(normal(3, 4), axes=(0,)), sample(normal(2, 3, 2), axes=(0, 2)), sample(normal(0, 3), axes=(0,)),
               sample(values([[0.0, 2.0], [3.0, 0.0], [0.0, 5.0]]), axes=(0,)))


@op
class ReduceProd(AxisReduction):
    """Product of elements along axes; 1 of no elements.

    Notes
    -----
    The gradient multiplies the others before and behind each element, so it is right where elements are 0.
    """

    node_name = "Prod"
    names = ("reduce_prod", "math.reduce_prod")
    inputs = (port("input_tensor", Numeric, "factors"),)
    onnx = "ReduceProd"

    def decompose(self, x: Any) -> Any:
        return self.finished(L.prod_axes(x, normal_axes(self.axis, x.rank)), x)

    def reference(self, x: Array) -> Array:
        return np.asarray(np.prod(x, axis=self.axis, keepdims=self.keepdims, dtype=x.dtype))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.restore_axes(g, x, self.axis) * L.others_along(x, self.axis)

    samples = (sample(normal(3, 4)), sample(normal(3, 4), axis=1), sample(normal(2, 3, 4), axis=[0, -1], keepdims=True),
               sample(normal(0, 3), axis=0), sample(normal()), sample(values([[0.0, 2.0], [3.0, 0.0]]), axis=1))


@op
class OthersAlong(AxisReduction, Composed):
    """`ProductOfOthers` along axes that may be counted from the end."""

    internal = True
    inputs = (port("input_tensor", Numeric, "factors"),)

    def result_shape(self, x: Shape) -> Shape:
        return x

    def decompose(self, x: Any) -> Any:
        return L.product_of_others(x, normal_axes(self.axis, x.rank))

    def reference(self, x: Array) -> Array:
        return ProductOfOthers(normal_axes(self.axis, x.ndim)).reference(x)

    samples = (sample(normal(3, 4)), sample(normal(2, 3), axis=-1))
