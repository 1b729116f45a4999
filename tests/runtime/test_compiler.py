"""Machine code from kernel text: several kernels in one process, and what the compiler refuses."""
import ctypes
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from graphengine.codegen.emit import Kernel
from graphengine.errors import CompileError
from graphengine.runtime.cache import ObjectCache
from graphengine.runtime.compiler import Compiler

PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


def less_than(code):
    """A comparison: its vectorized form keeps constants beside the code."""
    name = f"less_{code}"
    text = f"""def {name}(b, s, lo, hi):
    a0 = pointer_{code}(b[0])
    a1 = pointer_{code}(b[1])
    a2 = pointer_b1(b[2])
    for i0 in range(lo, hi):
        store(a2, i0, load(a0, i0, 0) < load(a1, i0, 1), 2)
    return 0
"""
    return Kernel(name, text, (0, 1, 2), (), 1)


def test_each_of_several_kernels_finds_its_own_constants():
    compiler = Compiler(ObjectCache(None))
    codes = {"f32": "f4", "f64": "f8", "i32": "i4", "i64": "i8"}
    for kernel, dtype in zip(map(less_than, codes), codes.values(), strict=True):
        (address,) = compiler.addresses([kernel])
        x = np.arange(100).astype(dtype)
        y = x[::-1].copy()
        result = np.zeros(100, bool)
        buffers = np.array([a.ctypes.data for a in (x, y, result)], np.int64)
        assert PROTOTYPE(address)(buffers.ctypes.data, 0, 0, 100) == 0
        np.testing.assert_array_equal(result, x < y)


def test_code_that_would_need_python_is_refused():
    text = "def power(b, s, lo, hi):\n    return int32(s[0] ** s[1])\n"
    kernel = Kernel("power", text.replace("int32", "i32"), (), (), 1)
    with pytest.raises(CompileError, match=r"kernel power calls .*numba|numba refuses"):
        Compiler(ObjectCache(None)).addresses([kernel])


def test_text_that_is_no_kernel_is_refused_with_the_text():
    kernel = Kernel("broken", "def broken(b, s, lo, hi):\n    return b + 'x'\n", (), (), 1)
    with pytest.raises(CompileError, match="def broken"):
        Compiler(ObjectCache(None)).addresses([kernel])


def test_an_entry_that_cannot_be_compiled_is_told_of_once(monkeypatch):
    def refuses(kernel):
        raise CompileError("numba has had enough")

    monkeypatch.setattr("graphengine.runtime.compiler.object_code", refuses)
    compiler = Compiler(ObjectCache(None))
    assert compiler.entry() is None
    compiler.entry(prepare=True)
    compiler._entry.exception(20)
    with pytest.warns(RuntimeWarning, match="slower way.*had enough"):
        assert compiler.entry(prepare=True) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compiler.entry(prepare=True) is None


AT_EXIT = """
import atexit
import graphengine as tf
x = tf.placeholder(tf.float32, [None])
y = tf.sin(x) * 2.0 + 1.0
session = tf.Session()
atexit.register(lambda: print(session.run(y, {x: [0.0, 0.0]}).tolist()))
"""


@pytest.mark.parametrize("earlier", ["", "import concurrent.futures.thread"])
@pytest.mark.parametrize("tier", ["kernels", "auto"])
def test_a_process_that_ends_compiles_though_no_thread_is_started(tmp_path, tier, earlier):
    environment = {**os.environ, "GRAPHENGINE_TIER": tier, "GRAPHENGINE_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", earlier + AT_EXIT], capture_output=True, text=True, env=environment)
    assert done.stdout == "[1.0, 1.0]\n" and done.stderr == ""
