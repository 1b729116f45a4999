"""Speed of the engine beside numpy and hand-written loops, in one run: medians, and ratios to trust.

    python tests/benchmarks/speed.py [--quick]

Each line: what was measured, our time, the other's time, their ratio, and what is to be reached. Nothing is
asserted: times depend on the machine and on what else it does.
"""
from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):      # set on some machines; they slow numpy down
    os.environ.pop(name, None)
sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import numpy as np  # noqa: E402
from benchmarks import floors, workloads  # noqa: E402

import graphengine as tf  # noqa: E402


@dataclass(frozen=True)
class Line:
    """A result: times in seconds."""

    what: str
    ours: float
    other: str
    theirs: float
    reach: str

    def __str__(self) -> str:
        ratio = self.theirs / self.ours
        left = f"{self.what:<46}{_show(self.ours):>11}  {self.other:<22}{_show(self.theirs):>11}"
        return f"{left}  x{ratio:<8.2f}{self.reach}"


def _show(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3f} us"


def median_time(run: Callable[[], object], repeats: int, calls: int = 1) -> float:
    """Median over `repeats` of the time of one of `calls` calls."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(calls):
            run()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times)


def fused(size: int, repeats: int) -> Line:
    rng = np.random.default_rng(5)
    arrays = [rng.standard_normal(size, dtype=np.float32) for _ in range(3)]
    with tf.Graph().as_default():
        a, b, c = (tf.placeholder(tf.float32, [None]) for _ in range(3))
        session = tf.Session()
        f = session.make_callable(tf.sigmoid(a * b + c) * tf.tanh(a) - tf.exp(-b * b), [a, b, c])
    out = np.empty(size, np.float32)
    ours = median_time(lambda: f(*arrays, out=out), repeats)
    theirs = median_time(lambda: floors.fused(*arrays), max(repeats // 2, 1))
    return Line(f"fused expression, {size:,} float32, kept buffer", ours, "numpy", theirs, "6 times numpy")


def call_overhead(repeats: int) -> Line:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [8])
        w, b = tf.Variable(np.ones(8, "float32")), tf.Variable(np.zeros(8, "float32"))
        session = tf.Session()
        session.run(tf.global_variables_initializer())
        f = session.make_callable(x * w + b, [x])
    value, one, zero = np.arange(8, dtype="float32"), np.ones(8, "float32"), np.zeros(8, "float32")
    ours = median_time(lambda: f(value), repeats, 5000)
    theirs = median_time(lambda: value * one + zero, repeats, 5000)
    return Line("make_callable, x * w + b, 8 elements", ours, "numpy", theirs, "at most 3 us")


def linear_regression(repeats: int) -> list[Line]:
    model = workloads.linear_regression(tf)
    session = tf.Session(model["graph"])
    session.run(model["init"])
    xs, ys = np.array([1, 3, 5, 7], "float32"), np.array([2, 3, 4, 5], "float32")
    f = session.make_callable(model["train"], [model["x"], model["y"]])
    called = median_time(lambda: [f(xs[i], ys[i]) for i in range(4)], repeats, 1000) / 4
    many = 100_000
    feeds = {model["x"]: np.tile(xs, many // 4), model["y"]: np.tile(ys, many // 4)}
    looped = median_time(lambda: session.run_steps(model["train"], feeds), repeats) / many
    loop = floors.linear_regression_loop()
    by_hand = median_time(
        lambda: loop(feeds[model["x"]], feeds[model["y"]], np.float32(1), np.float32(0.5), np.float32(0.01)), repeats
    ) / many
    return [
        Line("linear regression step, make_callable", called, "hand-written numba", by_hand, "at most 6 us"),
        Line("linear regression step, run_steps", looped, "hand-written numba", by_hand, "at most 1 us"),
    ]


def iris(repeats: int) -> list[Line]:
    x, y = workloads.iris_data()
    rng = np.random.default_rng(0)
    rows = rng.permuted(np.tile(np.arange(150), (400, 1)), axis=1).reshape(-1, 15)
    model = workloads.iris(tf)
    session = tf.Session(model["graph"])
    session.run(model["init"])
    feeds = {model["x"]: tf.Rows(x, rows), model["y"]: tf.Rows(y, rows)}
    ours = median_time(lambda: session.run_steps(model["train"], feeds), repeats) / len(rows)
    shapes = [(4, 4), (4,), (4, 3), (3,)]
    params = [rng.standard_normal(s).astype("float32") / 2 for s in shapes]
    sums = [np.zeros(s, "float32") for s in shapes]
    loop = floors.iris_loop()
    by_hand = median_time(lambda: loop(x, y, rows, *params, *sums), repeats) / len(rows)
    xb, yb = x[:15].copy(), y[:15].copy()
    numpy_time = median_time(lambda: floors.iris_step_numpy(xb, yb, params, sums), repeats, 500)
    return [
        Line("iris step, run_steps", ours, "hand-written numba", by_hand, "at most 6 us"),
        Line("iris step, run_steps", ours, "numpy", numpy_time, ""),
    ]


FIRST_STEP = """
import numpy as np, graphengine as tf
from benchmarks import workloads
m = workloads.iris(tf)
s = tf.Session(m["graph"])
s.run(m["init"])
x, y = np.ones((15, 4), "float32"), np.eye(3, dtype="float32")[np.arange(15) % 3]
print(s.run([m["train"], m["loss"]], {m["x"]: x, m["y"]: y})[1])
"""


def second_process(repeats: int) -> Line:
    """Interpreter start to first result of the iris step, with every kernel in the cache."""
    ours = median_time(lambda: run_python(FIRST_STEP), repeats)
    theirs = median_time(lambda: run_python("import numpy, llvmlite.binding"), repeats)
    return Line("second process, start to first iris step", ours, "import numpy, llvmlite", theirs, "at most twice")


def run_python(code: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, Path(__file__).parents[1:3]))
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, stdout=subprocess.DEVNULL)


def measure(quick: bool = False) -> list[Line]:
    """All lines; `quick` on small sizes, only to see that everything runs."""
    repeats = 2 if quick else 9
    return [
        fused(10_000 if quick else 10_000_000, repeats), call_overhead(repeats), *linear_regression(repeats),
        *iris(repeats), second_process(repeats),
    ]


if __name__ == "__main__":
    for line in measure("--quick" in sys.argv):
        print(line)
