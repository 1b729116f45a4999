"""The object-code cache: shared between processes, never trusted blindly, bounded."""
import json
import os
import pathlib
import subprocess
import sys
import textwrap
import warnings

import pytest
from checks import ROOT

from graphengine.codegen.emit import Kernel
from graphengine.runtime.cache import ObjectCache
from graphengine.runtime.compiler import Compiler

PROGRAM = textwrap.dedent("""
    import json, sys
    import numpy as np
    import graphengine as tf
    from graphengine import config
    from graphengine.runtime.compiler import default_compiler

    with config.override(tier="kernels"):
        x = tf.placeholder(tf.float32, [None, 4])
        w = tf.Variable(np.ones((4, 3), "f4"))
        loss = tf.reduce_mean(tf.square(tf.nn.softmax(x @ w)))
        step = tf.train.AdamOptimizer(0.1).minimize(loss)
        rows = tf.gather(x, [0, 1])
        session = tf.Session()
        session.run(tf.global_variables_initializer())
        feed = {x: np.arange(12, dtype="f4").reshape(3, 4)}
        losses = session.run_steps([loss, step], feed, steps=5, collect=True)[0]
        picked = session.run(rows, feed)
    counts = default_compiler().counts
    print(json.dumps({
        "losses": losses.tolist(), "picked": picked.tolist(), "compiled": counts.compiled, "loaded": counts.loaded,
        "numba": "numba" in sys.modules,
    }))
""")


def start(folder, program=PROGRAM):
    environment = {**os.environ, "GRAPHENGINE_CACHE_DIR": str(folder)}
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def result(process):
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return json.loads(out)


def run(folder):
    return result(start(folder))


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder that one process has filled, and what that process printed."""
    folder = tmp_path_factory.mktemp("cache") / "kernels"
    return folder, run(folder)


def entries(folder):
    return sorted(pathlib.Path(folder).glob("*/*.o"))


def test_a_second_process_compiles_nothing_and_never_imports_numba(filled):
    folder, first = filled
    assert first["compiled"] == len(entries(folder)) > 5 and first["numba"]
    second = run(folder)
    assert (second["compiled"], second["numba"]) == (0, False)
    assert second["loaded"] == first["compiled"]
    assert (second["losses"], second["picked"]) == (first["losses"], first["picked"])


def test_two_processes_may_fill_the_folder_at_once(filled, tmp_path):
    folder = tmp_path / "kernels"
    both = [start(folder), start(folder)]
    for found in map(result, both):
        assert (found["losses"], found["picked"]) == (filled[1]["losses"], filled[1]["picked"])
    assert {p.name for p in entries(folder)} == {p.name for p in entries(filled[0])}
    assert not [p for p in folder.glob("*/*") if p.suffix != ".o"], "temporary files are left"
    assert run(folder)["compiled"] == 0


def test_the_folder_is_private(filled):
    folder, _ = filled
    for made in (folder, *folder.iterdir()):
        assert made.stat().st_mode & 0o777 == 0o700


# ------------------------------------------------------------------ entries that are not what they should be

def answer(value):
    name = f"answer_{value}"
    text = f"def {name}(b, s, lo, hi):\n    return i32({value})\n"
    return Kernel(name, text, (), (), 1)


def value_of(compiler, kernel):
    import ctypes

    (address,) = compiler.addresses([kernel])
    prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
    return prototype(address)(0, 0, 0, 1)


@pytest.fixture
def one_entry(tmp_path):
    cache = ObjectCache(tmp_path / "kernels")
    assert value_of(Compiler(cache), answer(7)) == 7
    (file,) = entries(tmp_path / "kernels")
    return cache, file


def damages(data):
    yield "empty", b""
    yield "head only", data[:20]
    yield "without its end", data[:-1]
    yield "half", data[:len(data) // 2]
    yield "longer", data + b"\0"
    for place in (0, 25, 60, len(data) // 2, len(data) - 1):
        yield f"byte {place} changed", data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]
    yield "text", b"not an object"
    yield "zeros", bytes(len(data))
    yield "an older version", data.replace(b"graphengine object", b"graphengine abject")


def test_damaged_entries_are_compiled_again(one_entry):
    cache, file = one_entry
    good = file.read_bytes()
    for what, data in damages(good):
        file.write_bytes(data)
        compiler = Compiler(cache)
        assert value_of(compiler, answer(7)) == 7, what
        assert (compiler.counts.compiled, compiler.counts.loaded) == (1, 0), what
        compiler = Compiler(cache)
        assert value_of(compiler, answer(7)) == 7, what
        assert (compiler.counts.compiled, compiler.counts.loaded) == (0, 1), f"{what}: not replaced"


def test_an_entry_under_another_name_is_not_taken(one_entry):
    cache, file = one_entry
    compiler = Compiler(cache)
    assert value_of(compiler, answer(8)) == 8
    (other,) = [p for p in entries(cache.root) if p != file]
    other.write_bytes(file.read_bytes())
    compiler = Compiler(cache)
    assert value_of(compiler, answer(8)) == 8
    assert (compiler.counts.compiled, compiler.counts.loaded) == (1, 0)


def test_entries_of_other_versions_are_left_alone(one_entry):
    cache, file = one_entry
    elsewhere = cache.root / "0123456789abcdef"
    elsewhere.mkdir()
    file.rename(elsewhere / file.name)
    compiler = Compiler(cache)
    assert value_of(compiler, answer(7)) == 7
    assert compiler.counts.compiled == 1
    assert len(cache.entries()) == 2


def test_a_folder_in_the_place_of_an_entry(one_entry):
    cache, file = one_entry
    file.unlink()
    file.mkdir()
    compiler = Compiler(cache)
    with pytest.warns(RuntimeWarning, match="is not used"):
        assert value_of(compiler, answer(7)) == 7


# ------------------------------------------------------------------ folders that cannot be used

@pytest.mark.skipif(os.name != "posix", reason="about permissions of POSIX")
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_may_write_to_is_not_used(tmp_path, mode):
    folder = tmp_path / "kernels"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.warns(RuntimeWarning, match="others may write to it"):
        cache = ObjectCache(folder)
    assert value_of(Compiler(cache), answer(7)) == 7
    assert not list(folder.iterdir())


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root may give a folder away")
def test_a_folder_of_somebody_else_is_not_used(tmp_path):
    folder = tmp_path / "kernels"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, -1)
    with pytest.warns(RuntimeWarning, match="belongs to another user"):
        cache = ObjectCache(folder)
    assert cache.read("anything") is None
    assert not list(folder.iterdir())


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(RuntimeWarning, match="is not used"):
        cache = ObjectCache(tmp_path / "file" / "kernels")
    assert value_of(Compiler(cache), answer(7)) == 7
    assert cache.entries() == [] and cache.trim(0) == 0


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_read_and_warned_about_once(one_entry):
    cache, file = one_entry
    file.parent.chmod(0o500)
    try:
        compiler = Compiler(cache)
        assert value_of(compiler, answer(7)) == 7
        assert compiler.counts.loaded == 1
        with pytest.warns(RuntimeWarning) as seen:
            assert [value_of(compiler, answer(k)) for k in (1, 2, 3)] == [1, 2, 3]
        assert len(seen) == 1
    finally:
        file.parent.chmod(0o700)


def test_a_folder_that_vanishes_costs_one_warning(one_entry):
    cache, file = one_entry
    file.unlink()
    file.parent.rmdir()
    compiler = Compiler(cache)
    with pytest.warns(RuntimeWarning) as seen:
        assert [value_of(compiler, answer(k)) for k in (1, 2, 3)] == [1, 2, 3]
    assert len(seen) == 1


def test_no_folder_no_entries():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cache = ObjectCache(None)
        assert value_of(Compiler(cache), answer(7)) == 7
        assert cache.entries() == []


# ------------------------------------------------------------------ size

def test_the_oldest_entries_go_first(tmp_path):
    cache = ObjectCache(tmp_path / "kernels")
    for k in range(5):
        cache.write(f"k{k}", "symbol", bytes(1000))
        os.utime(cache.folder / f"k{k}.o", (1000 + k, 1000 + k))
    sizes = {size for _, size, _ in cache.entries()}
    (size,) = sizes
    assert cache.trim(2 * size) == 3
    assert [file.name for file, _, _ in cache.entries()] == ["k3.o", "k4.o"]
    assert cache.read("k4") == ("symbol", bytes(1000)) and cache.read("k0") is None
    assert cache.trim(2 * size) == 0


def test_compiling_keeps_the_folder_within_its_bound(tmp_path):
    from graphengine import config

    cache = ObjectCache(tmp_path / "kernels")
    with config.override(cache_bytes=5000):
        compiler = Compiler(cache)
        for k in range(12):
            assert value_of(compiler, answer(k)) == k
    assert 0 < sum(size for _, size, _ in cache.entries()) <= 5000
