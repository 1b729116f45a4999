"""Differentiation of graphs."""
from .reverse import check_connected, check_seed, gradients, why_unconnected

__all__ = ["check_connected", "check_seed", "gradients", "why_unconnected"]
