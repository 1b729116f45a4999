"""The public functions of all ops, arranged in namespaces (math, nn, ...) as the ops say."""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from types import ModuleType
from typing import Any

from ..errors import nearest
from ..ops import OWNERS
from ..ops.language import L
from . import (
    arrangement,
    asserting,
    calls,
    custom_gradient,
    derivatives,
    devices,
    folds,
    function,
    generator,
    images,
    matrices,
    moments,
    nest,
    pieces,
    printing,
    random,
    random_images,
    signal,
    sums,
    variable_parts,  # noqa: F401 - gives tensors that are parts of variables `assign`
)
from .absent import is_recorded, reason, recorded

PACKAGE = __name__.partition(".")[0]
ABOUT = {
    "math": "Mathematical functions.", "nn": "Building blocks of neural networks.", "linalg": "Linear algebra.",
    "random": "Random numbers.", "image": "Images: (height, width, channels), or a batch of them.",
    "signal": "Signals along the last axis.",
    "debugging": "Conditions that values have to meet.", "nest": "Nested lists, tuples and dicts of tensors.",
}

# Functions that are no single op, in the namespaces where TensorFlow has them.
PIECES: dict[str, Callable[..., Any]] = {
    "hessians": derivatives.hessians, "recompute_grad": derivatives.recompute_grad,
    "grad_pass_through": derivatives.grad_pass_through, "autodiff.ForwardAccumulator": derivatives.ForwardAccumulator,
    "autodiff.GradientTape": derivatives.GradientTape,
    "vectorized_map": folds.vectorized_map,
    "numpy_function": calls.numpy_function, "py_function": calls.py_function,
    "custom_gradient": custom_gradient.custom_gradient, "print": printing.print_,
    "is_tensor": pieces.is_tensor, "identity_n": pieces.identity_n, "ensure_shape": pieces.ensure_shape,
    "nest.flatten": nest.flatten, "nest.map_structure": nest.map_structure,
    "nest.pack_sequence_as": nest.pack_sequence_as, "nest.is_nested": nest.is_nested,
    "nest.assert_same_structure": nest.assert_same_structure,
    "boolean_mask": pieces.boolean_mask, "dynamic_partition": pieces.dynamic_partition,
    "image.ResizeMethod": pieces.ResizeMethod,
    "math.bincount": pieces.bincount, "math.confusion_matrix": pieces.confusion_matrix, "linalg.eye": pieces.eye,
    "linalg.einsum": pieces.einsum, "math.segment_sum": pieces.segment_sum, "math.segment_prod": pieces.segment_prod,
    "math.segment_mean": pieces.segment_mean, "math.segment_max": pieces.segment_max,
    "math.segment_min": pieces.segment_min,
    "nn.moments": moments.moments, "nn.sufficient_statistics": moments.sufficient_statistics,
    "nn.normalize_moments": moments.normalize_moments, "nn.weighted_moments": moments.weighted_moments,
    "nn.batch_norm_with_global_normalization": moments.batch_norm_with_global_normalization,
    "nn.batch_normalization": moments.batch_normalization, "nn.layer_normalization": moments.layer_normalization,
    "linalg.global_norm": moments.global_norm, "linalg.adjoint": pieces.adjoint, "linalg.normalize": pieces.normalize,
    "random.set_seed": random.set_seed, "random.uniform": random.uniform, "random.normal": random.normal,
    "random.truncated_normal": random.truncated_normal, "random.gamma": random.gamma,
    "random.categorical": random.categorical, "random.shuffle": random.shuffle,
    "random.stateless_uniform": random.stateless_uniform, "random.stateless_normal": random.stateless_normal,
    "random.stateless_truncated_normal": random.stateless_truncated_normal,
    "random.stateless_gamma": random.stateless_gamma, "random.stateless_categorical": random.stateless_categorical,
    **{f"random.{space}{f.__name__}": f for f in generator.PUBLIC for space in ("", "experimental.")},
    "random.split": random.split, "random.fold_in": random.fold_in,
    "random.experimental.stateless_split": random.split, "random.experimental.stateless_fold_in": random.fold_in,
    "random.experimental.stateless_shuffle": random.stateless_shuffle,
    "config.list_physical_devices": devices.list_physical_devices,
    "config.list_logical_devices": devices.list_logical_devices,
    "config.get_visible_devices": devices.list_physical_devices,
    "config.set_visible_devices": devices.set_visible_devices,
    "config.set_soft_device_placement": devices.set_soft_device_placement,
    "config.get_soft_device_placement": devices.get_soft_device_placement,
    "config.PhysicalDevice": devices.PhysicalDevice, "config.LogicalDevice": devices.LogicalDevice,
    "config.threading.set_intra_op_parallelism_threads": devices.set_intra_op_parallelism_threads,
    "config.threading.get_intra_op_parallelism_threads": devices.get_intra_op_parallelism_threads,
    "config.threading.set_inter_op_parallelism_threads": devices.set_inter_op_parallelism_threads,
    "config.threading.get_inter_op_parallelism_threads": devices.get_inter_op_parallelism_threads,
    "config.experimental.list_physical_devices": devices.list_physical_devices,
    "config.experimental.list_logical_devices": devices.list_logical_devices,
    "config.experimental.set_memory_growth": devices.set_memory_growth,
    "config.run_functions_eagerly": function.run_functions_eagerly,
    "config.functions_run_eagerly": function.functions_run_eagerly,
    "config.experimental_run_functions_eagerly": function.run_functions_eagerly,
    "config.experimental_functions_run_eagerly": function.functions_run_eagerly,
    **{f"debugging.{name}": f for name, f in asserting.FUNCTIONS.items()},
    **{name: asserting.FUNCTIONS[name] for name in asserting.AT_TOP},
    **arrangement.FUNCTIONS,
    **{f"image.{name}": f for functions in (images, random_images) for name, f in functions.FUNCTIONS.items()},
    **{f"linalg.{name}": f for name, f in matrices.FUNCTIONS.items()},
    **{f"math.{name}": f for name, f in sums.FUNCTIONS.items()},
    **{f"signal.{name}": f for name, f in signal.FUNCTIONS.items()},
    "realdiv": sums.realdiv, "scalar_mul": sums.scalar_mul,
    "nn.dropout": random.dropout, "nn.experimental.stateless_dropout": random.stateless_dropout,
    "nn.experimental.general_dropout": random.general_dropout,
}

# Those that few programs use, by the module that is loaded when one of them is first asked for.
LATER: dict[str, str] = {name: module for module, names in {
    "batch_losses": "nn.compute_average_loss nn.scale_regularization_loss",
    "blocks": """
        batch_to_space nn.space_to_batch nn.with_space_to_batch required_space_to_batch_paddings space_to_batch
        space_to_batch_nd
    """,
    "boxes": "image.draw_bounding_boxes image.non_max_suppression_padded",
    "checking": "debugging.disable_check_numerics debugging.enable_check_numerics",
    "convolution_gradients": """
        conv2d_backprop_filter_v2 conv2d_backprop_input_v2 nn.depthwise_conv2d_backprop_filter
        nn.depthwise_conv2d_backprop_input
    """,
    "convolving": "conv nn.atrous_conv2d nn.atrous_conv2d_transpose nn.conv_transpose nn.pool",
    "counts": """
        random.poisson random.stateless_binomial random.stateless_parameterized_truncated_normal
        random.stateless_poisson
    """,
    "diagonals": "linalg.diag linalg.diag_part linalg.set_diag",
    "fractional": "nn.fractional_avg_pool nn.fractional_max_pool",
    "glimpses": "image.extract_glimpse",
    "index_shuffle": "random.experimental.index_shuffle random_index_shuffle",
    "isotonic": "nn.isotonic_regression",
    "sampled_boxes": "image.sample_distorted_bounding_box image.stateless_sample_distorted_bounding_box",
    "sobol": "math.sobol_sample",
    "solving": "linalg.banded_triangular_solve linalg.experimental.conjugate_gradient",
    "surroundings": """
        get_current_name_scope get_logger inside_function is_symbolic_tensor timestamp tuple
        config.experimental.enable_op_determinism
    """,
    "top_k": "approx_top_k math.approx_max_k math.approx_min_k nn.approx_max_k nn.approx_min_k",
    "windows": """
        extract_volume_patches image.extract_patches nn.dilation2d nn.erosion2d nn.max_pool_with_argmax
    """,
}.items() for name in names.split()}


def public_names() -> list[str]:
    """Public names of all functions: ``reduce_sum``, ``nn.relu`` ..."""
    return list(dict.fromkeys((*OWNERS, *PIECES, *LATER)))


def public_function(name: str) -> Callable[..., Any]:
    """The function of a public name."""
    if name in LATER:
        return getattr(import_module(f".{LATER[name]}", __package__), name.rpartition(".")[2])  # type: ignore[no-any-return]
    return PIECES[name] if name in PIECES else getattr(L, OWNERS[name].name)  # type: ignore[no-any-return]


def namespaces(
    names: Iterable[str], make: Callable[[str], Any], package: str = PACKAGE
) -> tuple[list[str], dict[str, ModuleType]]:
    """Names in the package itself, and the modules that hold the others or have modules that do.

    A module makes a function when it is first asked for it: a program uses few of them.
    """
    top: list[str] = []
    modules: dict[str, ModuleType] = {}
    for name in names:
        space, _, short = name.rpartition(".")
        if space:
            _module(space, modules, make, package).__all__.append(short)
        else:
            top.append(short)
    return top, {name: module for name, module in modules.items() if "." not in name}


def hint(name: str, known: Iterable[str], space: str = "") -> str:
    """Why a name of a namespace is left out, where it is instead, or what is nearest: the end of an error message."""
    why = reason(f"{space}.{name}" if space else name)
    if why is not None and is_recorded(space, name):
        return f": {why}"
    for public in (*PIECES, *LATER, *OWNERS):
        if public.rpartition(".")[2] == name:
            return f"; it is {PACKAGE}.{public}"
    for elsewhere, names in recorded().items():
        why = reason(f"{elsewhere}.{name}") if name in names else None
        if why is not None:
            return f": {why}"
    close = nearest(name, known)
    return f"; did you mean {close!r}?" if close else ""


def refusing(package: str, known: Callable[[], Iterable[str]]) -> Callable[[str], Any]:
    """A module's ``__getattr__`` for names that it does not have."""
    def missing(name: str) -> Any:
        ending = "" if name.startswith("_") else hint(name, known(), package.partition(".")[2])
        raise AttributeError(f"{package} has no {name!r}{ending}")

    return missing


def _module(name: str, modules: dict[str, ModuleType], make: Callable[[str], Any], package: str) -> ModuleType:
    """The module of a namespace, made and hung into the one around it if it is not there yet."""
    if name in modules:
        return modules[name]
    full = f"{package}.{name}"
    module = modules[name] = sys.modules.get(full) or ModuleType(full, ABOUT.get(name, f"Functions of {name}."))
    sys.modules[full] = module              # it may be one with a file, such as the settings
    functions: list[str] = []

    def missing(attribute: str) -> Any:
        if attribute in functions:
            value = module.__dict__[attribute] = make(f"{name}.{attribute}")
            return value
        return refuse(attribute)

    refuse = refusing(full, lambda: [known for known in dir(module) if not known.startswith("_")])

    vars(module).update(__all__=functions, __getattr__=missing, __dir__=lambda: sorted({*vars(module), *functions}))
    space, _, short = name.rpartition(".")
    if space:
        setattr(_module(space, modules, make, package), short, module)
    return module
