"""Differentiation of graphs."""
from .reverse import gradients, why_unconnected

__all__ = ["gradients", "why_unconnected"]
