"""dtypes and shapes of all cards while the graph is being drawn, and what is wrong with it."""
from __future__ import annotations

from .inference import UNKNOWN, Inference, InputState, Result, shape_text
from .offers import kinds_accepting, kinds_giving
from .problem import Fix, Problem

__all__ = ["UNKNOWN", "Fix", "Inference", "InputState", "Problem", "Result", "kinds_accepting", "kinds_giving",
           "shape_text"]
