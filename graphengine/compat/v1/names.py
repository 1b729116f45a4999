"""Functions under the names, and with the arguments, that TensorFlow 1 has for them.

`FUNCTIONS` holds all functions of the surface: today's, with the old arguments accepted too, and the old names.
"""
from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from ... import dtypes
from ...errors import InvalidArgumentError
from ...frontend import control, random
from ...frontend.build import convert_to_tensor
from ...frontend.surface import public_function, public_names
from ...ir.graph import get_default_graph
from ...ops.language import L
from . import rnn, updates

_REDUCED = {"reduction_indices": "axis", "keep_dims": "keepdims"}
_AXIS = {"dimension": "axis"}

# Today's public name -> what its arguments were called; an argument that asks for nothing now stands with "".
OLD_ARGUMENTS: dict[str, Mapping[str, str]] = {
    **dict.fromkeys([f"reduce_{kind}" for kind in (
        "sum", "mean", "max", "min", "prod", "all", "any", "logsumexp")], _REDUCED),
    "math.count_nonzero": {**_REDUCED, "input_tensor": "input"},
    "norm": {"keep_dims": "keepdims"}, "nn.moments": {"keep_dims": "keepdims"},
    "nn.weighted_moments": {"keep_dims": "keepdims"},
    "argmax": _AXIS, "argmin": _AXIS, "expand_dims": {"dim": "axis"}, "squeeze": {"squeeze_dims": "axis"},
    "concat": {"concat_dim": "axis"}, "reverse": {"dims": "axis"},
    "ones_like": {"tensor": "input", "optimize": ""}, "zeros_like": {"tensor": "input", "optimize": ""},
    "nn.softmax": {"dim": "axis"}, "nn.log_softmax": {"dim": "axis"},
    "nn.l2_normalize": {"dim": "axis"}, "math.l2_normalize": {"dim": "axis"}, "linalg.l2_normalize": {"dim": "axis"},
    "nn.conv1d": {"value": "input", "use_cudnn_on_gpu": ""}, "nn.conv2d": {"filter": "filters", "use_cudnn_on_gpu": ""},
    "nn.conv3d": {"filter": "filters"},
    "nn.conv2d_transpose": {"value": "input", "filter": "filters"}, "nn.conv3d_transpose": {"filter": "filters"},
    "nn.convolution": {"filter": "filters", "dilation_rate": "dilations"},
    "nn.depthwise_conv2d": {"rate": "dilations"}, "nn.separable_conv2d": {"rate": "dilations"},
    "nn.max_pool": {"value": "input"}, "nn.avg_pool": {"value": "input"},
    "nn.max_pool2d": {"value": "input"}, "nn.avg_pool2d": {"value": "input"},
    "nn.embedding_lookup": {"partition_strategy": "", "validate_indices": ""},
    "nn.weighted_cross_entropy_with_logits": {"targets": "labels"},
}

# Old name -> today's.
OLD_NAMES: dict[str, str] = {
    **{name: f"math.{name}" for name in (
        "bincount", "ceil", "confusion_matrix", "count_nonzero", "cumprod", "digamma", "erf", "erfc", "expm1",
        "floordiv", "floormod", "invert_permutation", "is_finite", "is_inf", "is_nan", "lgamma", "log", "log1p",
        "log_sigmoid", "logical_xor", "mod", "reciprocal", "rint", "rsqrt", "segment_max", "segment_mean",
        "segment_min", "segment_prod", "segment_sum", "squared_difference", "unsorted_segment_max",
        "unsorted_segment_mean", "unsorted_segment_min", "unsorted_segment_prod", "unsorted_segment_sqrt_n",
        "unsorted_segment_sum")},
    "div_no_nan": "math.divide_no_nan",
    **{name: f"linalg.{name}" for name in ("cholesky", "cholesky_solve", "cross", "global_norm", "qr", "svd", "trace")},
    **{f"matrix_{name}": f"linalg.{today}" for name, today in (
        ("band_part", "band_part"), ("determinant", "det"), ("diag", "diag"), ("diag_part", "diag_part"),
        ("inverse", "inv"), ("set_diag", "set_diag"), ("solve", "solve"), ("solve_ls", "lstsq"),
        ("transpose", "matrix_transpose"), ("triangular_solve", "triangular_solve"))},
    "self_adjoint_eig": "linalg.eigh", "self_adjoint_eigvals": "linalg.eigvalsh",
    "diag_part": "linalg.diag_part", "diag": "linalg.diag",
    "random_uniform": "random.uniform", "random_normal": "random.normal", "random_gamma": "random.gamma",
    "random_shuffle": "random.shuffle", "truncated_normal": "random.truncated_normal",
    "set_random_seed": "random.set_seed", "random.set_random_seed": "random.set_seed",
    "depth_to_space": "nn.depth_to_space", "space_to_depth": "nn.space_to_depth",
    "sub": "subtract", "mul": "multiply", "neg": "negative", "pack": "stack", "arg_max": "argmax", "arg_min": "argmin",
    "image.resize_images": "image.resize", "py_func": "numpy_function", "image.transpose_image": "image.transpose",
    "image.resize_image_with_crop_or_pad": "image.resize_with_crop_or_pad",
    "image.resize_image_with_pad": "image.resize_with_pad", "image.extract_image_patches": "image.extract_patches",
    "extract_image_patches": "image.extract_patches", "random_crop": "image.random_crop",
    "floor_div": "math.floordiv", "accumulate_n": "math.accumulate_n", "where_v2": "where", "reverse_v2": "reverse",
    "is_non_decreasing": "math.is_non_decreasing", "is_strictly_increasing": "math.is_strictly_increasing",
    "is_numeric_tensor": "debugging.is_numeric_tensor", "check_numerics": "debugging.check_numerics",
    "betainc": "math.betainc", "igamma": "math.igamma", "igammac": "math.igammac", "lbeta": "math.lbeta",
    "polygamma": "math.polygamma", "zeta": "math.zeta", "batch_to_space_nd": "batch_to_space",
    "spectral.dct": "signal.dct", "spectral.idct": "signal.idct", "linalg.transpose": "linalg.matrix_transpose",
    "debugging.is_finite": "math.is_finite", "debugging.is_inf": "math.is_inf", "debugging.is_nan": "math.is_nan",
    "debugging.is_non_decreasing": "math.is_non_decreasing",
    "debugging.is_strictly_increasing": "math.is_strictly_increasing",
    **{f"tensor_scatter_{kind}": f"tensor_scatter_nd_{kind}" for kind in ("add", "sub", "update")},
    **{f"assert_{kind}": f"debugging.assert_{kind}" for kind in (
        "greater_equal", "less_equal", "near", "negative", "non_negative", "non_positive", "none_equal", "positive",
        "rank_at_least", "scalar", "type")},
    **{f"manip.{name}": name for name in (
        "batch_to_space", "gather_nd", "reshape", "reverse", "roll", "scatter_nd", "tile")},
}


def with_old_arguments(call: Callable[..., Any], old: Mapping[str, str]) -> Callable[..., Any]:
    """The function, taking arguments by their old names too.

    Raises
    ------
    InvalidArgumentError if an argument is given under both names.
    """
    @functools.wraps(call)
    def renamed(*args: Any, **settings: Any) -> Any:
        for before, today in old.items():
            value = settings.pop(before, None)
            if value is None or not today:
                continue
            if settings.get(today) is not None:
                raise InvalidArgumentError(f"{before} and {today} are the same argument", op=call.__name__,
                                           fix=f"leave out {before}")
            settings[today] = value
        return call(*args, **settings)

    return renamed


# -------------------------------------------------------------------- functions that are others today

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


CHANGED: dict[str, Callable[..., Any]] = {
    "to_float": to_float, "to_double": to_double, "to_bfloat16": to_bfloat16, "to_int32": to_int32,
    "to_int64": to_int64, "div": div, "where": where, "multinomial": multinomial, "random.multinomial": multinomial,
    "nn.dropout": dropout, "nn.xw_plus_b": xw_plus_b, "nn.relu_layer": relu_layer,
    "nn.softmax_cross_entropy_with_logits": softmax_cross_entropy_with_logits,
    "nn.softmax_cross_entropy_with_logits_v2": softmax_cross_entropy_with_logits_v2,
    "nn.sparse_softmax_cross_entropy_with_logits": sparse_softmax_cross_entropy_with_logits,
    "nn.sigmoid_cross_entropy_with_logits": sigmoid_cross_entropy_with_logits,
    "cond": cond, "while_loop": while_loop, "name_scope": name_scope,
}


def _all() -> dict[str, Any]:
    """All functions of the surface by their names."""
    today = {name: public_function(name) for name in public_names()}
    found = dict(today)
    for name, old in OLD_ARGUMENTS.items():
        plain = with_old_arguments(today[name], old)
        found.update((public, plain) for public, call in today.items() if call is today[name])
    found.update((before, found[name]) for before, name in OLD_NAMES.items())
    return found | CHANGED | rnn.FUNCTIONS | updates.FUNCTIONS


FUNCTIONS = _all()
