"""The address of a BLAS matrix product, looked up when a product is large enough to want it."""
from __future__ import annotations

import ctypes
from functools import cache

from ..codegen.kernels import library


def wants_blas(m: int, n: int, k: int) -> bool:
    """Whether a product of these sizes is left to BLAS."""
    return m * n * k >= library.BLAS_FROM


@cache
def gemm_address(code: str) -> int:
    """Address of ``sgemm`` or ``dgemm`` as scipy exposes it to Cython; 0 for dtypes that BLAS does not know."""
    name = {"f32": "sgemm", "f64": "dgemm"}.get(code)
    if name is None:
        return 0
    from scipy.linalg import cython_blas

    capsule = cython_blas.__pyx_capi__[name]
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetName.argtypes = [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    return int(api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule)) or 0)
