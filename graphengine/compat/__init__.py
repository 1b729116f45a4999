"""The surfaces of earlier versions of TensorFlow, and what helps programs that run with several."""
import numbers

import numpy as np

from ..frontend.surroundings import dimension_at_index, dimension_value
from . import v1

integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)

__all__ = ["dimension_at_index", "dimension_value", "integral_types", "real_types", "v1"]
