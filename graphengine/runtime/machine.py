"""The processor that kernels are compiled for."""
from __future__ import annotations

import llvmlite.binding as llvm


def processor() -> tuple[str, list[str]]:
    """Name of the processor, and the instruction sets that it has, both as LLVM calls them."""
    features = llvm.get_host_cpu_features()
    return llvm.get_host_cpu_name(), sorted(name for name, has in features.items() if has)
