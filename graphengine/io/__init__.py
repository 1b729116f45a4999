"""Files: graphs, weights, and what a graph is to be trained on. JSON and safetensors, never pickle, never code."""
from typing import TYPE_CHECKING

from ..later import later

if TYPE_CHECKING:
    from . import gfile
    from .graphfile import load, save

__all__ = ["gfile", "load", "save"]
__getattr__, __dir__ = later(__name__, {"gfile": ".gfile", "load": ".graphfile:load", "save": ".graphfile:save"})
