"""Functions of TensorFlow 1 that are others today, or that came from elsewhere."""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import numpy as np

from ... import dtypes
from ...errors import InvalidArgumentError
from ...frontend import control, counts, printing, random
from ...frontend.build import control_dependencies, convert_to_tensor
from ...frontend.calls import numpy_function
from ...frontend.pieces import boolean_mask
from ...ir.graph import get_default_graph, is_drawing
from ...ops.body import changes_variables
from ...ops.language import L
from ...ops.state import SEEN


def to_float(x: Any, name: str = "ToFloat") -> Any:
    """As float32."""
    return L.cast(x, dtypes.float32, name=name)


def to_double(x: Any, name: str = "ToDouble") -> Any:
    """As float64."""
    return L.cast(x, dtypes.float64, name=name)


def to_bfloat16(x: Any, name: str = "ToBFloat16") -> Any:
    """As bfloat16."""
    return L.cast(x, dtypes.bfloat16, name=name)


def to_int32(x: Any, name: str = "ToInt32") -> Any:
    """As int32, towards zero."""
    return L.cast(x, dtypes.int32, name=name)


def to_int64(x: Any, name: str = "ToInt64") -> Any:
    """As int64, towards zero."""
    return L.cast(x, dtypes.int64, name=name)


def div(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, rounded down where both are whole numbers: Python 2's division."""
    x = convert_to_tensor(x)
    return L.floordiv(x, y, name=name) if x.dtype.is_integer else L.divide(x, y, name=name)


def where(condition: Any, x: Any, y: Any, name: str | None = None) -> Any:
    """`x` where the condition holds, `y` elsewhere; a condition of one axis chooses whole rows.

    Shapes
    ------
    condition : that of x and y, or (rows,)
    x, y : the same
    """
    condition, x = convert_to_tensor(condition), convert_to_tensor(x)
    if condition.shape.rank == 1 and (x.shape.rank or 0) > 1:
        condition = L.reshape(condition, (-1, *[1] * (x.shape.rank - 1)))
    return L.where(condition, x, y, name=name)


def multinomial(
    logits: Any, num_samples: int, seed: int | None = None, name: str | None = None, output_dtype: Any = None
) -> Any:
    """Classes drawn with the probabilities ``softmax(logits)``: `random.categorical`."""
    return random.categorical(logits, num_samples, output_dtype, seed, name)


def dropout(
    x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: int | None = None, name: str | None = None,
    rate: Any = None,
) -> Any:
    """Elements set to 0 at random, and the others divided by the chance to be kept.

    Parameters
    ----------
    keep_prob : chance of an element to be kept, in (0, 1]
    rate : chance of an element to become 0; in the place of `keep_prob`
    """
    if (keep_prob is None) == (rate is None):
        raise InvalidArgumentError("one of keep_prob and rate is to be given", op="dropout")
    return random.dropout(x, 1 - keep_prob if rate is None else rate, noise_shape, seed, name)


def _by_name(function: str, _sentinel: Any, labels: Any, logits: Any) -> None:
    if _sentinel is not None or labels is None or logits is None:
        raise InvalidArgumentError("labels and logits are given by name, since their order has changed", op=function,
                                   fix=f"{function}(labels=..., logits=...)")


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, dim: int | None = None, name: str | None = None,
    axis: int | None = None,
) -> Any:
    """Cross-entropy of given probabilities and the softmax of logits; no gradient goes to `labels`."""
    _by_name("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    chosen = next((k for k in (axis, dim) if k is not None), -1)
    return L.softmax_cross_entropy_with_logits(L.stop_gradient(labels), logits, chosen, name=name)


def softmax_cross_entropy_with_logits_v2(
    labels: Any, logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Any:
    """Cross-entropy of given probabilities and the softmax of logits."""
    chosen = next((k for k in (axis, dim) if k is not None), -1)
    return L.softmax_cross_entropy_with_logits(labels, logits, chosen, name=name)


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """Cross-entropy of one given class and the softmax of logits."""
    _by_name("sparse_softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    return L.sparse_softmax_cross_entropy_with_logits(labels, logits, name=name)


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """Cross-entropy of independent labels and the sigmoid of logits, element by element."""
    _by_name("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)
    return L.sigmoid_cross_entropy_with_logits(labels, logits, name=name)


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """``x @ weights + biases``."""
    return L.add(L.matmul(x, weights), biases, name=name or "xw_plus_b")


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """``relu(x @ weights + biases)``."""
    return L.relu(xw_plus_b(x, weights, biases), name=name or "relu_layer")


def cond(
    pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
    strict: bool = False, name: str | None = None, fn1: Callable[[], Any] | None = None,
    fn2: Callable[[], Any] | None = None,
) -> Any:
    """What one of two functions returns; without `strict`, a list of one value is that value."""
    return _single(control.cond(pred, true_fn or fn1, false_fn or fn2, name), strict)


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
    maximum_iterations: int | None = None, return_same_structure: bool = False,
) -> Any:
    """Apply `body` to `loop_vars` while `cond` holds; without `return_same_structure`, one value comes as it is."""
    found = control.while_loop(cond, body, loop_vars, shape_invariants, maximum_iterations=maximum_iterations,
                               name=name)
    return _single(found, return_same_structure)


def _single(found: Any, is_kept: bool) -> Any:
    return found[0] if isinstance(found, (list, tuple)) and len(found) == 1 and not is_kept else found


def name_scope(
    name: str | None = None, default_name: str | None = None, values: Any = None
) -> AbstractContextManager[str]:
    """Put ``name/``, or ``default_name/`` if it is None, before the names of nodes made inside."""
    return get_default_graph().name_scope(default_name if name is None else name)


def Print(
    input_: Any, data: Any, message: str | None = None, first_n: int | None = None, summarize: int | None = None,
    name: str | None = None,
) -> Any:
    """The tensor itself; each time that it is computed, `data` is printed with a text before it.

    Parameters
    ----------
    first_n : print so many times only; always if None
    summarize : elements to show at both ends of each axis
    """
    left = [-1 if first_n is None else first_n]

    class Stream:
        @staticmethod
        def write(text: str) -> None:
            if left[0]:
                sys.stderr.write(text)
                left[0] -= text.endswith("\n")

        @staticmethod
        def flush() -> None:
            """Nothing is kept back."""

    x = convert_to_tensor(input_)
    shown = printing.print_(message or "", *data, output_stream=Stream(), summarize=summarize or 3, sep="")
    if shown is None:
        return x
    with control_dependencies([shown] if not isinstance(shown, (list, tuple)) else list(shown)):
        return L.identity(x, name=name)


def lin_space(start: Any, stop: Any, num: Any, name: str | None = None) -> Any:
    """`linspace`."""
    return L.linspace(start, stop, num, name=name)


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Any:
    """A tensor whose norm, divided by the number of its elements, is at most `clip_norm`."""
    x = convert_to_tensor(t)
    average = L.sqrt(L.reduce_sum(x * x)) / L.cast(L.size_of(x), x.dtype) if x.shape.rank is None else \
        L.sqrt(L.reduce_sum(x * x)) / L.count_along(x, list(range(x.shape.rank)))
    return L.multiply(x, clip_norm / L.maximum(average, clip_norm), name=name)


def verify_tensor_all_finite(t: Any = None, msg: str = "", name: str | None = None, x: Any = None) -> Any:
    """The tensor itself; an error, when run, if an element is NaN or infinite."""
    value = convert_to_tensor(t if x is None else x)
    return L.checked(value, L.logical_not(L.is_finite(value)), f"{msg} : Tensor had NaN or Inf values", name=name)


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Any:
    """Elements of each batch element by its own indices: `gather` with ``batch_dims``."""
    places = convert_to_tensor(indices)
    rank = places.shape.rank - 1
    return L.gather(params, L.cast(places, dtypes.int32), None, rank, rank, name=name)


class ListDiff(NamedTuple):
    """What `setdiff1d` gives: elements, and their places."""

    out: Any
    idx: Any


def setdiff1d(x: Any, y: Any, index_dtype: Any = dtypes.int32, name: str | None = None) -> ListDiff:
    """The elements of a vector that are not among those of another, in their order, and where they stand."""
    x = convert_to_tensor(x)
    others = L.expand_dims(convert_to_tensor(y, x.dtype), 0)
    alone = L.logical_not(L.reduce_any(L.equal(L.expand_dims(x, 1), others), 1))
    places = L.cast(L.reshape(L.places_where(alone), (-1,)), index_dtype)
    return ListDiff(boolean_mask(x, alone, name=name or "setdiff1d"), places)


@contextmanager
def op_scope(values: Any, name: str | None, default_name: str | None = None) -> Iterator[str]:
    """`name_scope` with its arguments in another order."""
    with name_scope(name, default_name) as scope:
        yield scope


def no_regularizer(_: Any) -> None:
    """No loss: the regularizer of a variable that is to have none."""


def random_poisson(
    lam: Any, shape: Any, dtype: Any = dtypes.float32, seed: int | None = None, name: str | None = None
) -> Any:
    """`random.poisson` with its first arguments in another order."""
    return counts.poisson(shape, lam, dtype, seed, name)


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """The two seeds of an op that is given one, or none; both None where neither graph nor op has one."""
    first, second = random.seeds(get_default_graph(), op_seed)
    return first, None if first is None else second


def add_check_numerics_ops() -> Any:
    """A node that fails, when run, if a tensor of the graph has NaN or infinity; variables are left out."""
    graph = get_default_graph()
    found = [t for n in graph.nodes if not isinstance(n.op, SEEN) and not changes_variables(n)
             for t in n.outputs if t.dtype.is_floating]
    names = [t.name for t in found]

    def check(*arrays: Any) -> None:
        for name, x in zip(names, arrays, strict=True):
            if not np.isfinite(x).all():
                raise InvalidArgumentError(f"{name} : Tensor had NaN or Inf values", op="add_check_numerics_ops")

    return numpy_function(check, found, [])


def executing_eagerly_outside_functions() -> bool:
    """Whether ops compute at once where no function is traced."""
    return not is_drawing() or bool(get_default_graph().root.in_order)
