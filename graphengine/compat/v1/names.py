"""Functions under the names, and with the arguments, that TensorFlow 1 has for them.

`FUNCTIONS` holds all functions of the surface: today's, with the old arguments accepted too, and the old names.
"""
from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import InvalidArgumentError
from ...frontend.surface import public_function, public_names
from ...io import gfile
from . import control, convolving, draws, neural, resizing, rnn, scatter, tensors

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
    "diag_part": "linalg.tensor_diag_part", "diag": "linalg.tensor_diag",
    "random_uniform": "random.uniform", "random_normal": "random.normal", "random_gamma": "random.gamma",
    "random_shuffle": "random.shuffle", "truncated_normal": "random.truncated_normal",
    "set_random_seed": "random.set_seed", "random.set_random_seed": "random.set_seed",
    "depth_to_space": "nn.depth_to_space", "space_to_depth": "nn.space_to_depth",
    "sub": "subtract", "mul": "multiply", "neg": "negative", "pack": "stack", "arg_max": "argmax", "arg_min": "argmin",
    "py_func": "numpy_function", "image.transpose_image": "image.transpose",
    "image.resize_image_with_crop_or_pad": "image.resize_with_crop_or_pad",
    "image.resize_image_with_pad": "image.resize_with_pad", "image.extract_image_patches": "image.extract_patches",
    "extract_image_patches": "image.extract_patches", "random_crop": "image.random_crop",
    "floor_div": "math.floordiv", "accumulate_n": "math.accumulate_n", "where_v2": "where", "reverse_v2": "reverse",
    "is_non_decreasing": "math.is_non_decreasing", "is_strictly_increasing": "math.is_strictly_increasing",
    "nn.depthwise_conv2d_native_backprop_input": "nn.depthwise_conv2d_backprop_input",
    "nn.depthwise_conv2d_native_backprop_filter": "nn.depthwise_conv2d_backprop_filter",
    "nn.max_pool_v2": "nn.max_pool", "nn.avg_pool_v2": "nn.avg_pool",
    "random.stateless_multinomial": "random.stateless_categorical", "manip.batch_to_space_nd": "batch_to_space",
    "manip.space_to_batch_nd": "space_to_batch_nd",
    "is_numeric_tensor": "debugging.is_numeric_tensor", "check_numerics": "debugging.check_numerics",
    "betainc": "math.betainc", "igamma": "math.igamma", "igammac": "math.igammac", "lbeta": "math.lbeta",
    "polygamma": "math.polygamma", "zeta": "math.zeta", "batch_to_space_nd": "batch_to_space",
    "spectral.dct": "signal.dct", "spectral.idct": "signal.idct", "linalg.transpose": "linalg.matrix_transpose",
    "debugging.is_finite": "math.is_finite", "debugging.is_inf": "math.is_inf", "debugging.is_nan": "math.is_nan",
    "debugging.is_non_decreasing": "math.is_non_decreasing",
    "debugging.is_strictly_increasing": "math.is_strictly_increasing",
    **{f"tensor_scatter_{kind}": f"tensor_scatter_nd_{kind}" for kind in ("add", "sub", "update")},
    **{name: f"math.{name}" for name in ("angle", "conj", "imag", "real")},
    **{f"assert_{kind}": f"debugging.assert_{kind}" for kind in (
        "greater_equal", "integer", "less_equal", "near", "negative", "non_negative", "non_positive", "none_equal",
        "positive", "proper_iterable", "rank_at_least", "rank_in", "same_float_dtype", "scalar", "type")},
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


FILES: dict[str, Any] = {
    **{f"gfile.{old}": gfile.FUNCTIONS[new] for old, new in (
        ("Copy", "copy"), ("DeleteRecursively", "rmtree"), ("Exists", "exists"), ("FastGFile", "GFile"),
        ("GFile", "GFile"), ("Glob", "glob"), ("IsDirectory", "isdir"), ("ListDirectory", "listdir"),
        ("MakeDirs", "makedirs"), ("MkDir", "mkdir"), ("Open", "GFile"), ("Remove", "remove"), ("Rename", "rename"),
        ("Stat", "stat"), ("Walk", "walk"))},
}


def _all() -> dict[str, Any]:
    """All functions of the surface by their names."""
    today = {name: public_function(name) for name in public_names()}
    found = dict(today)
    for name, old in OLD_ARGUMENTS.items():
        plain = with_old_arguments(today[name], old)
        found.update((public, plain) for public, call in today.items() if call is today[name])
    found.update((before, found[name]) for before, name in OLD_NAMES.items())
    for module in (control, convolving, draws, neural, resizing, rnn, scatter, tensors):
        found.update(module.FUNCTIONS)
    return found | FILES


FUNCTIONS = _all()
