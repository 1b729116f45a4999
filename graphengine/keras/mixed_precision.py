"""Old names of what `keras.config` says of the dtypes of layers; those of two dtypes are refused with the reason."""
from ..frontend.surface import refusing
from .config import DTypePolicy, dtype_policy, set_dtype_policy

__all__ = ["DTypePolicy", "Policy", "dtype_policy", "global_policy", "set_dtype_policy", "set_global_policy"]
__getattr__ = refusing(__name__, lambda: __all__)

Policy, global_policy, set_global_policy = DTypePolicy, dtype_policy, set_dtype_policy
