"""Saving is all or nothing: real disks that are full, real folders that refuse."""

import contextlib
import os
import pathlib
import resource
import stat
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest

from graphengine.errors import FileFormatError
from graphengine.io import load, save
from graphengine.io.files import read_file, write_file
from graphengine.io.weights import save_weights
from graphengine.ir import Graph
from graphengine.ops import OPS


def graph_of(count):
    graph = Graph()
    graph.add(OPS["const"](np.arange(count, dtype=np.float64)), [], "w")
    return graph


def content(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@contextlib.contextmanager
def largest_file(size_bytes):
    """Writing beyond this size fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def many_nodes(count, arrays=0):
    graph = graph_of(arrays) if arrays else Graph()
    for k in range(count):
        graph.add(OPS["no_op"](), [], f"n{k}")
    return graph


@pytest.mark.parametrize("new", [graph_of(100_000), many_nodes(2000), many_nodes(2000, arrays=1500)],
                         ids=["arrays do not fit", "graph does not fit", "arrays fit, graph does not"])
def test_write_that_stops_half_way(tmp_path, new):
    save(graph_of(2000), tmp_path / "a.graph.json")
    before = content(tmp_path)
    with largest_file(30_000), pytest.raises(OSError, match="what was there is unchanged"):
        save(new, tmp_path / "a.graph.json")
    assert content(tmp_path) == before
    assert len(load(tmp_path / "a.graph.json").nodes) == 1


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(folder)]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk(small_disk):
    path = small_disk / "a.graph.json"
    save(graph_of(5000), path)
    before = content(small_disk)
    for count in (100_000, 27_000):         # no room for the arrays; room for the arrays, but not for the graph
        with pytest.raises(OSError, match="No space left on device; what was there is unchanged"):
            save(graph_of(count), path)
        assert content(small_disk) == before
    save_weights(small_disk / "w.safetensors", {"w": np.zeros(100)})
    before = content(small_disk)
    with pytest.raises(OSError, match="No space left on device; what was there is unchanged"):
        save_weights(small_disk / "w.safetensors", {"w": np.zeros(100_000)})
    assert content(small_disk) == before


def test_last_step_fails(tmp_path):
    """Everything is written, then the name cannot be taken: a folder has it."""
    (tmp_path / "a.graph.json").mkdir()
    with pytest.raises(OSError, match=r"a\.graph\.json"):
        save(graph_of(2000), tmp_path / "a.graph.json")
    assert [p.name for p in tmp_path.iterdir()] == ["a.graph.json"]


def test_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        save(Graph(), tmp_path / "no" / "a.graph.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission(tmp_path):
    save(Graph(), tmp_path / "a.graph.json")
    tmp_path.chmod(0o500)
    before = content(tmp_path)
    with pytest.raises(PermissionError):
        save(graph_of(2000), tmp_path / "a.graph.json")
    tmp_path.chmod(0o700)
    assert content(tmp_path) == before


def test_graph_that_cannot_be_saved(tmp_path):
    save(graph_of(2000), tmp_path / "a.graph.json")
    before = content(tmp_path)
    bad = graph_of(3000)
    bad.document["view"] = {1j}
    with pytest.raises(FileFormatError):
        save(bad, tmp_path / "a.graph.json")
    assert content(tmp_path) == before


def test_killed_at_any_moment(tmp_path):
    """A process that is killed while it saves leaves a graph that loads, with its own arrays."""
    path = tmp_path / "a.graph.json"
    program = f"""
import numpy as np
from graphengine.io import save
from graphengine.ir import Graph
from graphengine.ops import OPS
k = 0
while True:
    graph = Graph()
    for name in "ab":
        graph.add(OPS["const"](np.full(20_000, k)), [], name)
    save(graph, {str(path)!r})
    if not k:
        print("first", flush=True)
    k += 1
"""
    for wait_s in (0.01, 0.023, 0.037):
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=pathlib.Path.cwd())
        try:
            assert process.stdout.readline() == b"first\n"
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(wait_s)
        finally:
            process.kill()
            process.communicate()
        a, b = load(path).nodes
        assert a.op.value == b.op.value


def test_two_that_save_at_once(tmp_path):
    """Whoever is last wins, and what is there is whole."""
    path = tmp_path / "a.graph.json"
    errors = []

    def many(start):
        try:
            for k in range(15):
                save(graph_of(2000 + start + k), path)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=many, args=(100 * k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(load(path).nodes) == 1
    assert not list(tmp_path.glob(".*"))


def test_load_while_another_saves(tmp_path):
    path = tmp_path / "a.graph.json"
    save(graph_of(2000), path)
    stop = threading.Event()

    def keep_saving():
        count = 2000
        while not stop.is_set():
            save(graph_of(count), path)
            count += 1

    thread = threading.Thread(target=keep_saving)
    thread.start()
    try:
        for _ in range(100):
            values = load(path).nodes[0].op.value.array
            np.testing.assert_array_equal(values, np.arange(len(values)))
    finally:
        stop.set()
        thread.join()


def test_permissions_are_kept(tmp_path):
    path = tmp_path / "a.graph.json"
    save(Graph(), path)
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o640)
    save(graph_of(2000), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_links_are_followed(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "a.graph.json"
    link.symlink_to(tmp_path / "real" / "b.graph.json")
    save(graph_of(2000), link)
    assert link.is_symlink()
    assert load(link).nodes[0].op == load(tmp_path / "real" / "b.graph.json").nodes[0].op


def test_data_that_cannot_be_written(tmp_path):
    write_file(tmp_path / "a", b"old")
    with pytest.raises(TypeError):
        write_file(tmp_path / "a", "no bytes")
    assert content(tmp_path) == {"a": b"old"}


def test_long_names(tmp_path):
    name = "n" * 240 + ".graph.json"
    save(Graph(), tmp_path / name)
    assert load(tmp_path / name).nodes == []
    with pytest.raises(OSError):
        save(graph_of(2000), tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_reading_takes_the_memory_of_what_is_there(tmp_path):
    """The limit may be more than the machine has."""
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(5000))
    tracemalloc.start()
    try:
        assert len(read_file(path, 16 * 2**30, "a model")) == 5000
        assert tracemalloc.get_traced_memory()[1] < 10**6
    finally:
        tracemalloc.stop()
    with pytest.raises(FileFormatError, match=r"has 5,000 bytes; a model may have 4,999"):
        read_file(path, 4999, "a model")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /proc")
def test_file_whose_size_is_not_told_is_read():
    assert b"\nMemFree:" in read_file("/proc/meminfo", 2**20, "a table")


def test_what_killed_processes_left_goes_and_what_others_still_write_stays(tmp_path):
    """A temporary file older than the document may be another save's, which waits for its turn."""
    path = tmp_path / "a.graph.json"
    save(graph_of(2000), path)
    waiting, left = (tmp_path / f".a.graph.json.{digit * 16}.tmp" for digit in "01")
    for file, age_s in ((waiting, 60), (left, 2 * 24 * 3600)):
        file.write_bytes(b"{")
        written = path.stat().st_mtime - age_s
        os.utime(file, (written, written))
    save(graph_of(3000), path)
    assert waiting.exists() and not left.exists()
