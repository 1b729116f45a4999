"""Kernels written by hand, and the scalar functions that generated kernels call."""
