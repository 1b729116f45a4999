"""Settings and dtypes of Keras's backend; the functions that it had before `keras.ops` are loaded when asked for."""
from __future__ import annotations

from ..frontend.surface import refusing
from ..later import later
from .config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from .naming import get_uid
from .symbolic import clear_session
from .symbolic import is_symbol as is_keras_tensor
from .utils.dtypes import is_float_dtype, is_int_dtype, result_type, standardize_dtype

_OLD = tuple("""
    abs all any arange argmax argmin batch_dot batch_flatten batch_get_value batch_set_value cast cast_to_floatx
    categorical_focal_crossentropy clip concatenate constant cos count_params cumprod cumsum dot dropout dtype elu
    equal eval exp expand_dims eye flatten foldl foldr gather get_value gradients greater greater_equal int_shape
    less less_equal log max maximum mean min minimum moving_average_update name_scope ndim not_equal one_hot ones
    ones_like permute_dimensions pow prod random_bernoulli random_normal random_normal_variable random_uniform
    random_uniform_variable repeat repeat_elements reshape resize_images resize_volumes reverse round set_value
    shape sigmoid sign sin softplus softsign spatial_2d_padding spatial_3d_padding sqrt square squeeze stack std sum
    tanh temporal_padding tile transpose truncated_normal update update_add update_sub var variable zeros zeros_like
""".split())  # noqa: SIM905 - a list of quoted names would take a screen
_NETWORKS = tuple("""
    batch_normalization bias_add binary_crossentropy binary_focal_crossentropy categorical_crossentropy conv1d
    conv2d conv2d_transpose conv3d depthwise_conv2d hard_sigmoid in_top_k l2_normalize map_fn pool2d pool3d relu rnn
    separable_conv2d softmax sparse_categorical_crossentropy stop_gradient switch
""".split())  # noqa: SIM905 - a list of quoted names would take a screen
__all__ = [
    "backend", "clear_session", "epsilon", "floatx", "get_uid", "image_data_format", "is_float_dtype", "is_int_dtype",
    "is_keras_tensor", "result_type", "set_epsilon", "set_floatx", "set_image_data_format", "standardize_dtype",
]
__all__ += (*_OLD, *_NETWORKS)
__getattr__, __dir__ = later(
    __name__, {name: f"..{file}:{name}" for file, names in (("old_backend", _OLD), ("old_networks", _NETWORKS))
               for name in names}, refusing(__name__, lambda: __all__))
