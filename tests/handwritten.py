"""Runs kernels written by hand on numpy arrays, each compiled once in a test session."""

import ctypes
import functools

import llvmlite.binding as llvm
import numba
import numpy as np

from graphengine.codegen import abi
from graphengine.codegen.kernels import library

DTYPES = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64}
PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)

# What the C library of every system has, and LLVM calls by itself for copies and zeros.
FROM_C = {"memcpy", "memset", "memmove"}


@functools.cache
def compiled(name):
    return numba.cfunc(abi.SIGNATURE, error_model="numpy")(library.build(name))     # as the compiler does


def call(kernel, arrays, sizes, lo, hi):
    """The result code of a compiled kernel on these arrays."""
    buffers = np.array([a.ctypes.data for a in arrays], np.int64)
    table = np.array(sizes, np.int64)
    return PROTOTYPE(kernel.address)(buffers.ctypes.data, table.ctypes.data, lo, hi)


def run(name, arrays, sizes, lo, hi):
    return call(compiled(name), arrays, sizes, lo, hi)


@functools.cache
def _machine():
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        opt=3, cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), reloc="pic"
    )


def foreign_symbols(kernel):
    """What the object code of a compiled kernel takes from elsewhere."""
    module = llvm.parse_assembly(kernel.inspect_llvm())
    declared = {f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")}
    object_code = llvm.ObjectFileRef.from_data(_machine().emit_object(module))
    strings = next((s.data() for s in object_code.sections() if s.name() in (".strtab", "__strtab")), b"")
    named = {text for text in strings.decode().split("\0") if text in FROM_C or "numba" in text or "Py" in text}
    return declared | named
