"""The surfaces of earlier versions of TensorFlow, and what helps programs that run with several."""
import numbers
import os
from typing import Any

import numpy as np

from ..frontend.surroundings import dimension_at_index, dimension_value
from . import v1

integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)

bytes_or_text_types = (bytes, str)


def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """A text, or bytes decoded as one."""
    if not isinstance(bytes_or_text, (*bytes_or_text_types, bytearray)):
        raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")
    return bytes_or_text if isinstance(bytes_or_text, str) else bytes_or_text.decode(encoding)


def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """Bytes, or a text encoded as such."""
    if not isinstance(bytes_or_text, (*bytes_or_text_types, bytearray)):
        raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")
    return bytes_or_text.encode(encoding) if isinstance(bytes_or_text, str) else bytes(bytes_or_text)


def as_str_any(value: Any, encoding: str = "utf-8") -> str:
    """Anything as a text; bytes are decoded."""
    return as_text(value, encoding) if isinstance(value, bytes) else str(value)


def path_to_str(path: Any) -> Any:
    """A path as a text; what is no path, as it is."""
    return as_str_any(os.fspath(path)) if isinstance(path, os.PathLike) else path


as_str = as_text

__all__ = ["as_bytes", "as_str", "as_str_any", "as_text", "bytes_or_text_types", "dimension_at_index",
           "dimension_value", "integral_types", "path_to_str", "real_types", "v1"]
