"""Products of matrices: C[b,i,j] = sum over l of A[b,i,l] * B[b,l,j], any strides of A and B, a dense C.

Buffers: A, B, C. Sizes: batch, m, n, k, then the strides of A and of B along batch, row and column in elements, then
the address of a Fortran BLAS routine or 0. lo..hi is a slice of the batch.
"""

from collections.abc import Callable
from typing import Any

from .. import abi


def build(name: str) -> Callable[..., int]:
    """`gemm_f32` and the like."""
    code = name.removeprefix("gemm_")
    pointer, constant = abi.POINTERS[code], abi.CONSTANTS[code]
    load, store = abi.load, abi.store

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        a, b, c = pointer(buffers[0]), pointer(buffers[1]), pointer(buffers[2])
        m, n, k = sizes[1], sizes[2], sizes[3]
        for batch in range(lo, hi):
            for i in range(m):
                for j in range(n):
                    start_a = batch * sizes[4] + i * sizes[5]
                    start_b = batch * sizes[7] + j * sizes[9]
                    total = constant(0)
                    for l in range(k):
                        x = load(a, start_a + l * sizes[6], 0)
                        total += x * load(b, start_b + l * sizes[8], 1)
                    store(c, (batch * m + i) * n + j, total, 2)
        return 0

    return kernel
