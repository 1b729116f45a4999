"""The engine beside other frameworks on eleven workloads, and beside what the machine could do.

    python tests/benchmarks/peers.py [W4 W5_fused_10k ...] [--threads 2] [--python PY] [--peers FOLDER]

Each line: our figure, the quickest framework's with its ratio to ours, the floor with its ratio, and whether results
agree. A figure is the time of one step: with one thread the median of the process's own CPU time, on one core, which
a busy machine disturbs little; with more the quickest batch on the wall clock. Each is from a fresh process with cold
caches; W8_compile_warm has the caches that W8_compile_cold filled.

PY is an interpreter in which frameworks are installed, FOLDER holds their programs and ``worker.py``, which runs one
and prints a line of JSON; those that are not installed are compared by the figures in ``peers_recorded.json``.
"""
from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
RECORDED: dict[str, Any] = json.loads((HERE / "peers_recorded.json").read_text())
TOLERANCE = 1e-3                            # relative, of the check values
COMPILED_S = 4.0                            # of the processor, after which everything is compiled that is worth it
BY_HAND = "numba-hand"                      # loops written by hand for one workload: no framework

MODULES = {"tf": "tensorflow", "keras": "keras"}        # what a framework is imported as, where not by its name
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
                   "NUMEXPR_MAX_THREADS", "NUMBA_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
                   "GRAPHENGINE_THREADS")
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "PYTHONWARNINGS": "ignore"}

# Operations and bytes that a step cannot do without, for the floors. The products of the networks count forward, by
# weights and, but for the first layer, by inputs; an operation of the chain is not fused, so it counts as two.
WORK: dict[str, tuple[float, float]] = {
    "W3_mlp_digits": (4.44e6, 0), "W4_mlp_wide": (2.448e9, 0), "W5_fused_10M": (0, 160e6), "W5_fused_10k": (0, 0),
    "W6_softmax_xent_ln": (0, 33.6e6), "W7_cnn_digits": (4.63e8, 0), "W8_compile_cold": (3.9e7, 0),
    "W8_compile_warm": (3.9e7, 0), "W9_transformer": (1.46e9, 0), "W11_chain200": (4.02e7, 0),
}


# -------------------------------------------------------------------- in the measured process

def measure(name: str, budget_s: float) -> dict[str, Any]:
    """Our figures for one workload, in this process."""
    from benchmarks.peer_workloads import WORKLOADS

    import graphengine  # noqa: F401 - importing is not part of the first call

    start, cpu = time.perf_counter(), time.process_time()
    case = WORKLOADS[name]()
    result = case.step()
    first, first_cpu = time.perf_counter() - start, time.process_time() - cpu
    for _ in range(case.checked - 1 if case.steps == 1 else 0):
        result = case.step()
    found = {"first_call_s": first, "first_call_cpu_s": first_cpu, "check": case.value(result)}
    end = time.process_time() + COMPILED_S
    while time.process_time() < end:
        case.step()
    found |= timed(case.step, case.steps, budget_s)
    if case.rebatch is not None:
        start = time.perf_counter()
        case.rebatch(33)
        found["rebatch33_s"] = time.perf_counter() - start
    found["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def timed(step: Callable[[], Any], steps: int, budget_s: float, batch_s: float = 0.01) -> dict[str, float]:
    """Microseconds of one step over batches of calls: median of CPU time, median and minimum of the wall clock."""
    def batch(calls: int) -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(calls):
            step()
        return time.perf_counter() - wall, time.process_time() - cpu

    end = time.perf_counter() + min(0.3, budget_s / 5)
    while time.perf_counter() < end:
        step()
    calls, took = 1, batch(1)[0]
    while took < batch_s:
        calls = max(calls + 1, int(calls * min(batch_s / max(took, 1e-9), 10)) + 1)
        took = batch(calls)[0]
    gc.collect()
    gc.disable()
    samples = []
    end = time.perf_counter() + budget_s
    while time.perf_counter() < end or len(samples) < 3:
        samples.append(batch(calls))
    gc.enable()
    walls, cpus = zip(*samples, strict=True)
    scale = 1e6 / calls / steps
    return {"steady_cpu_us": statistics.median(cpus) * scale, "steady_us": statistics.median(walls) * scale,
            "steady_min_us": min(walls) * scale}


def measure_floors(budget_s: float = 1.0) -> dict[str, float]:
    """What this machine can do: operations and bytes a second, and microseconds of loops written by hand."""
    import numpy as np
    from benchmarks import floors
    from benchmarks.peer_workloads import glorot

    def quickest(run: Callable[[], Any]) -> float:
        run()
        return timed(run, 1, budget_s)["steady_min_us"]

    rng = np.random.default_rng(0)
    a, b = rng.random((1024, 1024), np.float32), rng.random((1024, 1024), np.float32)
    long, other = rng.random(10_000_000, np.float32), np.empty(10_000_000, np.float32)
    f = np.float32
    xs, ys = np.tile(f([1, 3, 5, 7]), 1000), np.tile(f([2, 3, 4, 5]), 1000)
    line = floors.linear_regression_loop()
    flowers, rows = floors.iris_loop(), np.arange(24000).reshape(1600, 15) % 120
    shapes = [(4, 4), (4,), (4, 3), (3,)]
    x, y = rng.random((120, 4), np.float32), np.eye(3, dtype=np.float32)[np.arange(120) % 3]
    values, sums = [glorot(rng, *s) for s in shapes], [np.zeros(s, np.float32) for s in shapes]
    dot = floors.dot_loop()
    return {
        "flops": 2 * 1024**3 / quickest(lambda: np.matmul(a, b)) * 1e6,
        "bandwidth": 8 * long.size / quickest(lambda: np.copyto(other, long)) * 1e6,
        "W1_scalar_linreg": quickest(lambda: line(xs, ys, f(1), f(0.5), f(0.01))) / 4000,
        "W2_iris_fit": quickest(lambda: flowers(x, y, rows, *values, *sums)) / 1600,
        "W10_overhead": quickest(lambda: dot(xs[:8], ys[:8], f(0.5))),
    }


# -------------------------------------------------------------------- processes

@dataclass(frozen=True)
class Runner:
    """Starts processes that measure one thing each."""

    python: str
    folder: Path | None
    threads: int
    budget_s: float
    frameworks: tuple[str, ...] | None = None

    def run(self, command: Sequence[str], cache: str) -> dict[str, Any] | None:
        """The JSON that a command prints in its last line; None if it fails."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
        environment |= QUIET | {name: str(self.threads) for name in THREAD_SETTINGS}
        environment |= {"XDG_CACHE_HOME": cache, "GRAPHENGINE_CACHE_DIR": cache + "/graphengine",
                        "NUMBA_CACHE_DIR": cache + "/numba", "BENCH_JAX_CACHE": cache + "/jax",
                        "PYTENSOR_FLAGS": f"base_compiledir={cache}/pytensor,floatX=float32",
                        "TORCHINDUCTOR_CACHE_DIR": cache + "/inductor", "CACHEDB": cache + "/tinygrad.db"}
        core = {max(os.sched_getaffinity(0))} if self.threads == 1 else None
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=600,
            preexec_fn=(lambda: os.sched_setaffinity(0, core)) if core else None,
        )
        lines = done.stdout.strip().splitlines()
        if done.returncode or not lines or not lines[-1].startswith("{"):
            print(done.stderr[-2000:], file=sys.stderr)
            return None
        found: dict[str, Any] = json.loads(lines[-1])
        return found

    def ours(self, name: str, cache: str) -> dict[str, Any] | None:
        return self.run([sys.executable, __file__, "--one", name, "--budget", str(self.budget_s)], cache)

    def theirs(self, name: str, framework: str, cache: str) -> dict[str, Any] | None:
        assert self.folder is not None
        return self.run([self.python, str(self.folder / "worker.py"), "--workload", name, "--peer", framework,
                         "--threads", str(self.threads), "--budget", str(self.budget_s)], cache)

    def installed(self, frameworks: Sequence[str]) -> list[str]:
        """Those that the interpreter can import."""
        if self.folder is None:
            return []
        names = {f: MODULES.get(f.split("-")[0], f.split("-")[0]) for f in frameworks}
        code = "import importlib.util as u, sys; print(*[n for n in sys.argv[1:] if u.find_spec(n)])"
        found = subprocess.run([self.python, "-c", code, *sorted(set(names.values()))], capture_output=True, text=True,
                               check=True).stdout.split()
        return [f for f in frameworks if names[f] in found and f in (self.frameworks or frameworks)]


# -------------------------------------------------------------------- the table

@dataclass(frozen=True)
class Line:
    """A row of the table, in microseconds; `check` is None where nothing is compared."""

    what: str
    ours: float
    peer: str
    theirs: float | None
    floor: float | None
    check: bool | None

    def __str__(self) -> str:
        peer = f"{self.peer:<24}{shown(self.theirs):>10}{ratio(self.theirs, self.ours)}" if self.theirs else " " * 42
        floor = f"{shown(self.floor):>10}{ratio(self.ours, self.floor)}" if self.floor else " " * 18
        agrees = {None: "", True: "agrees", False: "DIFFERS"}[self.check]
        return f"{self.what:<34}{shown(self.ours):>10}  {peer}  {floor}  {agrees}".rstrip()


HEADER = (f"{'workload':<34}{'ours':>10}  {'quickest framework':<24}{'time':>10}{'/ ours':>8}  "
          f"{'floor':>10}{'ours /':>8}  check")


def shown(us: float | None) -> str:
    if us is None:
        return "-"
    return f"{us / 1e3:.2f} ms" if us >= 1000 else f"{us:.3g} us" if us < 100 else f"{us:.0f} us"


def ratio(a: float | None, b: float | None) -> str:
    return f"{a / b:8.2f}" if a and b else " " * 8


def figure(result: dict[str, Any], threads: int) -> float:
    return float(result["steady_cpu_us" if threads == 1 else "steady_min_us"])


def floor_us(name: str, machine: dict[str, float], threads: int) -> float | None:
    """The least time that the machine needs for a workload's operations or bytes, or a loop written by hand."""
    if name in machine:
        return machine[name]
    operations, moved = WORK[name]
    scale = threads if operations else 1
    return max(operations / machine["flops"] / scale, moved / machine["bandwidth"]) * 1e6 or None


def quickest(recorded: dict[str, float], measured: dict[str, float]) -> tuple[str, float | None]:
    """The quickest framework and its figure, in this run or, of those that were not run, as recorded."""
    known = {f"{k} (recorded)": v for k, v in recorded.items() if k not in measured and k != BY_HAND} | measured
    return min(known.items(), key=lambda item: item[1], default=("", None))


def table(names: Sequence[str], runner: Runner) -> Iterator[Line]:
    """Lines as they are measured."""
    recorded = RECORDED["steps"][str(runner.threads)]
    with tempfile.TemporaryDirectory() as folder:
        machine = runner.run([sys.executable, __file__, "--floors"], folder) or {}
        installed = runner.installed(sorted({f for by in RECORDED["steps"]["1"].values() for f in by} - {BY_HAND}))
        for name in names:
            def cache(framework: str, name: str = name) -> str:
                return f"{folder}/{name.removesuffix('_warm').removesuffix('_cold')}-{framework}"

            ours = runner.ours(name, cache("ours"))
            if ours is None:
                continue
            theirs = {f: r for f in installed if f in RECORDED["steps"]["1"][name]
                      if (r := runner.theirs(name, f, cache(f))) is not None and "steady_us" in r}
            times = {f: figure(r, runner.threads) for f, r in theirs.items()}
            wanted = RECORDED["checks"][name]
            agrees = all(abs(r["check"] - wanted) <= TOLERANCE * abs(wanted) for r in (ours, *theirs.values()))
            yield Line(name, figure(ours, runner.threads), *quickest(recorded.get(name, {}), times),
                       floor_us(name, machine, runner.threads) if machine else None, agrees)
            if "rebatch33_s" in ours:
                yield _seconds(f"{name}, first call", "first_call_cpu_s", RECORDED["first_call_s"][name], ours, theirs)
                yield _seconds(f"{name}, batch of 33", "rebatch33_s", RECORDED["new_batch_s"][name], ours, theirs)


def _seconds(
    what: str, key: str, recorded: dict[str, float], ours: dict[str, Any], theirs: dict[str, dict[str, Any]]
) -> Line:
    in_us = {k: v * 1e6 for k, v in recorded.items()}
    return Line(what, ours[key] * 1e6, *quickest(in_us, {f: r[key] * 1e6 for f, r in theirs.items()}), None, None)


def main() -> int:
    """The exit code is 1 if a check value differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", help="names or their beginnings; all if none")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--budget", type=float, default=2.0, help="seconds of timing for each figure")
    parser.add_argument("--python", default=sys.executable)
    beside = PROJECT.parent / "peers"
    parser.add_argument("--peers", type=Path, default=beside if (beside / "worker.py").exists() else None)
    parser.add_argument("--frameworks", help="names with commas between them; all that are installed if not given")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--floors", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one or given.floors:
        sys.path[:0] = [str(PROJECT), str(HERE.parent)]
        print(json.dumps(measure_floors() if given.floors else measure(given.one, given.budget)))
        return 0
    names = [n for n in RECORDED["checks"] if not given.workloads or any(n.startswith(w) for w in given.workloads)]
    print(f"recorded: {RECORDED['date']}, {RECORDED['machine']}\n{HEADER}", flush=True)
    is_right = True
    chosen = None if given.frameworks is None else tuple(given.frameworks.split(","))
    for line in table(names, Runner(given.python, given.peers, given.threads, given.budget, chosen)):
        print(line, flush=True)
        is_right &= line.check is not False
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
