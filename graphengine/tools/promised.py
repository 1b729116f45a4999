"""What programs written for TensorFlow's core may expect here, compared with what there is."""
from __future__ import annotations

import sys
from functools import reduce

import typer

from ..frontend.absent import ABSENT

# By namespace; the first is the package itself.
PROMISED = {
    "": """
        placeholder placeholder_with_default constant zeros ones zeros_like ones_like fill range linspace eye identity
        stop_gradient group no_op Variable convert_to_tensor cast where clip_by_value clip_by_norm clip_by_global_norm
        reduce_sum reduce_mean reduce_max reduce_min reduce_prod reduce_any reduce_all reduce_logsumexp argmax argmin
        cumsum unique boolean_mask tensordot einsum norm stack unstack split concat tile pad reverse roll repeat
        meshgrid gather gather_nd scatter_nd tensor_scatter_nd_update tensor_scatter_nd_add tensor_scatter_nd_sub
        tensor_scatter_nd_min tensor_scatter_nd_max sort argsort searchsorted shape size rank reshape transpose
        expand_dims squeeze broadcast_to slice one_hot matmul cond case while_loop map_fn scan foldl gradients
        numpy_function py_function
    """,
    "math": """
        abs acos acosh add add_n argmax argmin asin asinh atan atan2 atanh bincount ceil confusion_matrix
        cos cosh count_nonzero cumsum cumprod cumulative_logsumexp digamma divide divide_no_nan equal erf erfc erfinv
        exp expm1 floor floordiv floormod greater greater_equal is_finite is_inf is_nan less less_equal lgamma log log1p
        log_sigmoid logical_and logical_not logical_or logical_xor maximum minimum mod multiply multiply_no_nan negative
        nextafter not_equal pow reciprocal reduce_any reduce_all reduce_euclidean_norm reduce_logsumexp reduce_max
        reduce_mean reduce_min reduce_prod reduce_std reduce_sum reduce_variance rint round rsqrt segment_max
        segment_mean segment_min segment_prod segment_sum sigmoid sign sin sinh softplus softsign sqrt square
        squared_difference subtract tan tanh top_k truediv unsorted_segment_max unsorted_segment_mean
        unsorted_segment_min unsorted_segment_prod unsorted_segment_sqrt_n unsorted_segment_sum xdivy xlog1py xlogy
        zero_fraction
    """,
    "linalg": """
        matmul tensordot einsum norm diag diag_part trace inv solve cholesky triangular_solve det slogdet eigh svd qr
        eye global_norm l2_normalize
    """,
    "nn": """
        relu relu6 leaky_relu elu selu gelu silu swish softplus softsign softmax log_softmax sigmoid tanh crelu dropout
        conv1d conv2d conv3d depthwise_conv2d separable_conv2d conv1d_transpose conv2d_transpose conv3d_transpose
        max_pool avg_pool max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d moments weighted_moments
        batch_normalization layer_normalization l2_normalize l2_loss local_response_normalization embedding_lookup
        bias_add top_k zero_fraction softmax_cross_entropy_with_logits sparse_softmax_cross_entropy_with_logits
        sigmoid_cross_entropy_with_logits weighted_cross_entropy_with_logits log_poisson_loss
    """,
    "image": "resize flip_left_right flip_up_down rgb_to_grayscale per_image_standardization",
    "random": """
        normal uniform truncated_normal gamma shuffle categorical stateless_normal stateless_uniform
        stateless_truncated_normal stateless_categorical stateless_gamma
    """,
}


def promised() -> list[str]:
    """Public names, with their namespaces."""
    return [f"{space}.{name}" if space else name for space, names in PROMISED.items() for name in names.split()]


def exists(name: str) -> bool:
    """Whether the package has something of this name."""
    return reduce(lambda found, part: getattr(found, part, None), name.split("."), _package()) is not None


def _package() -> object:
    return sys.modules[__name__.partition(".")[0]]


def missing() -> list[str]:
    """Promised names that do not exist."""
    return [name for name in promised() if not exists(name)]


def list_missing() -> None:
    """Print what is promised and does not exist, then what is left out on purpose, and why."""
    names = missing()
    typer.echo(f"promised: {len(promised())}, missing: {len(names)}")
    for name in names:
        typer.echo(f"  {name}")
    typer.echo("left out:")
    width = max(map(len, ABSENT))
    for name, reason in ABSENT.items():
        typer.echo(f"  {name:{width}}  {reason}")
