"""Files: graphs, weights, and what a graph is to be trained on. JSON and safetensors, never pickle, never code."""
from .graphfile import load, save

__all__ = ["load", "save"]
