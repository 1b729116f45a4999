"""What tests of the engine share: tolerances, calls made from an op's samples, and their values in numpy."""
from __future__ import annotations

import dataclasses
import pathlib
import signal
import subprocess
import sys
import textwrap
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphengine import dtypes, interpret
from graphengine.autodiff import gradients
from graphengine.ir.dims import Claim, Dim, Shape, SizeFacts, evaluate
from graphengine.ir.graph import Graph
from graphengine.ir.node import Node, Tensor
from graphengine.ir.walk import needed
from graphengine.ops import OPS, Composite, Effect, NoGradient, Source
from graphengine.ops.kinds import Op, Port
from graphengine.ops.language import L
from graphengine.ops.samples import Sample
from graphengine.ops.state import Placeholder

ROOT = pathlib.Path(__file__).parents[1]    # where processes that tests start find the package
HANGS_S = 120                               # that nothing takes, whatever else the machine does
EPSILON = {"float32": 2.0**-23, "float64": 2.0**-52, "float16": 2.0**-10, "bfloat16": 2.0**-7}


def tolerance(dtype: Any, length: int = 1) -> dict[str, float]:
    """rtol and atol for results of `dtype` that are sums of `length` terms of size about 1."""
    epsilon = EPSILON.get(np.dtype(dtype).name, 0.0) * (8 + length)
    return {"rtol": epsilon, "atol": epsilon}


def assert_close(got: Any, want: Any, length: int = 1, label: str = "") -> None:
    """Equal shape and dtype, and values within the tolerance of the dtype; NaN equals NaN."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, f"{label}: shape {got.shape}, expected {want.shape}"
    assert got.dtype == want.dtype, f"{label}: dtype {got.dtype}, expected {want.dtype}"
    dtype = want.dtype
    with np.errstate(all="ignore"):
        if want.dtype.kind == "V":          # numpy compares no bfloat16
            got, want = got.astype("float32"), want.astype("float32")
        np.testing.assert_allclose(got, want, **tolerance(dtype, length), err_msg=label)


# ------------------------------------------------------------------ calls made from samples

@dataclasses.dataclass(frozen=True)
class Case:
    """One sample of an op with operands of one dtype."""

    op: Op
    sample: Sample
    dtype: dtypes.DType
    label: str

    @property
    def has_gradient(self) -> bool:
        return not isinstance(type(self.op).gradient, NoGradient)

    def arrays(self) -> list[np.ndarray[Any, Any]]:
        rng = np.random.default_rng(zlib.crc32(self.label.encode()))
        arrays = [np.asarray(make(rng, self.dtype)) for make in self.sample.operands]
        if not self.dtype.is_narrow:
            return arrays
        ports = self.op.ports(len(arrays))
        return [a.astype(self.dtype.numpy) if p.same == main_port(type(self.op)).same else a
                for p, a in zip(ports, arrays, strict=True)]


def main_port(cls: type[Op]) -> Port:
    """The input whose dtypes are tried."""
    return next((p for p in cls.inputs if p.same == "T"), cls.inputs[0])


def cases(every_narrow: bool = False) -> list[Case]:
    """Every op that computes something, with each of its samples, in each wide dtype that it takes and one narrow one.

    Samples of an op take turns through its narrow dtypes, beginning with another for each op; `every_narrow` gives all.
    """
    found = []
    computing = [cls for cls in OPS.values() if cls.samples and not issubclass(cls, (Source, Effect))]
    for place, cls in enumerate(computing):
        accepted = main_port(cls).accepts
        narrow = [t for t in accepted if t.is_narrow]
        for k, sample in enumerate(cls.samples):
            op = cls(**sample.attributes)
            turn = narrow if every_narrow else [narrow[(place + k) % len(narrow)]] if narrow else []
            tried = [*(t for t in accepted if not t.is_narrow), *turn]
            found += [Case(op, sample, dtype, f"{cls.name}-{k}-{dtype.name}") for dtype in tried]
    return found


def labels_of(*beginnings: str) -> set[str]:
    """Labels, without the dtype, of the samples of all ops whose names begin so."""
    return {f"{name}-{k}" for name, cls in OPS.items() if name.startswith(beginnings) for k in range(len(cls.samples))}


def placed(op: Op, arrays: Sequence[np.ndarray[Any, Any]], shapes: Sequence[Any] | None = None) -> Node:
    """A node of `op` in a new graph, over placeholders for the arrays, whose shapes may be given in part."""
    graph = Graph()
    wanted = shapes if shapes is not None else [a.shape for a in arrays]
    sources = [Placeholder(a.dtype, s) for a, s in zip(arrays, wanted, strict=True)]
    return graph.add(op, [graph.add(source, (), "x").outputs[0] for source in sources])


def symbolic(arrays: Sequence[np.ndarray[Any, Any]]) -> tuple[list[Shape], dict[str, int]]:
    """Shapes with a symbol for each size but 1, as a program has while it is compiled, and the symbols' values."""
    facts = SizeFacts()
    shapes, sizes = [], {}
    for k, a in enumerate(arrays):
        named = {axis: f"s{k}_{axis}" for axis, s in enumerate(a.shape) if s != 1}
        sizes.update({name: a.shape[axis] for axis, name in named.items()})
        shapes.append(Shape(facts.symbol(named[axis]) if axis in named else 1 for axis in range(a.ndim)))
    return shapes, sizes


def wanted(op: Op, arrays: Sequence[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
    """What the op's reference says: one array for each result."""
    return [np.asarray(a) for a in op.values_of(*arrays)]


# ------------------------------------------------------------------ values

def feeds_of(tensors: Sequence[Tensor], arrays: Sequence[Any]) -> dict[Tensor, Any]:
    return dict(zip(tensors, arrays, strict=True))


def value(outputs: Sequence[Tensor], feeds: Mapping[Tensor, Any], sizes: Mapping[str, int] | None = None) -> list[Any]:
    """Values of tensors by the ops' numpy references."""
    values = {id(t): np.asarray(a) for t, a in feeds.items()}
    for node in needed([t.node for t in outputs], feeds):
        if not all(id(t) in values for t in node.outputs):
            results = interpret.evaluate_node(node, [values[id(t)] for t in node.inputs], {}, sizes or {})
            values.update((id(t), r) for t, r in zip(node.outputs, results, strict=True))
    return [values[id(t)] for t in outputs]


def opened(outputs: Sequence[Tensor], feeds: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """The same tensors in a new graph without composites, and its placeholders."""
    graph = Graph()
    known: dict[int, Tensor] = {}
    with graph.as_default():
        for node in needed([t.node for t in outputs]):
            results = _opened(graph, node.op, [known[id(t)] for t in node.inputs])
            known.update((id(t), r) for t, r in zip(node.outputs, results, strict=True))
    return [known[id(t)] for t in outputs], [known[id(t)] for t in feeds]


def _opened(graph: Graph, op: Op, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
    computing = op.computing_types([t.dtype for t in inputs])
    if computing != tuple(t.dtype for t in inputs):
        results = _opened(graph, op, [L.cast(t, dtype) for t, dtype in zip(inputs, computing, strict=True)])
        return [L.cast(r, dtype) for r, (dtype, _) in zip(results, op.infer(inputs), strict=True)]
    if not isinstance(op, Composite):
        return graph.add(op, inputs).outputs
    scratch = Graph()
    stand_ins = [scratch.add(Placeholder(t.dtype, t.shape), ()).outputs[0] for t in inputs]
    with scratch.as_default():
        results = op.decompose(*stand_ins)
    wanted = list(results) if isinstance(results, (tuple, list)) else [results]
    known = {id(s): t for s, t in zip(stand_ins, inputs, strict=True)}
    for node in needed([t.node for t in wanted], stand_ins):
        if not all(id(t) in known for t in node.outputs):
            results = _opened(graph, node.op, [known[id(t)] for t in node.inputs])
            known.update((id(t), r) for t, r in zip(node.outputs, results, strict=True))
    return [known[id(t)] for t in wanted]


def size_value(size: Any, sizes: Mapping[str, int]) -> int:
    return evaluate(size, sizes)


def claims(shapes: Sequence[Shape]) -> list[Claim]:
    """What was assumed about the symbols in `shapes`."""
    facts = {id(s.facts): s.facts for shape in shapes for s in shape if isinstance(s, Dim)}
    return [claim for f in facts.values() for claim in f.claims]


# ------------------------------------------------------------------ gradients

def floating(tensors):
    return [t for t in tensors if t.dtype.is_floating]


def weighted_sum(y, rng):
    """A number that depends on each element of y in another way."""
    weights = rng.uniform(0.5, 1.5, [int(s) for s in y.shape]) * rng.choice([-1, 1], [int(s) for s in y.shape])
    return L.reduce_sum(y * weights)


def compare_with_differences(loss, tensors, arrays, rng, label, step=1e-6):
    """Directional derivatives of `loss` along random directions, against central differences."""
    xs = floating(tensors)
    if not loss.dtype.is_floating or not xs:
        return
    found = gradients([loss], xs)
    names = [k for k, t in enumerate(tensors) if t.dtype.is_floating]
    slopes = value([g for g in found if g is not None], feeds_of(tensors, arrays))
    kept = iter(slopes)
    for k, g in zip(names, found, strict=True):
        slope = next(kept) if g is not None else np.zeros(arrays[k].shape)
        for _ in range(3):
            direction = rng.choice([-1.0, 1.0], arrays[k].shape) * rng.uniform(0.5, 1.0, arrays[k].shape)
            ends = []
            for sign in (1, -1):
                moved = [a + sign * step * direction if j == k else a for j, a in enumerate(arrays)]
                ends.append(float(value([loss], feeds_of(tensors, moved))[0]))
            want = (ends[0] - ends[1]) / (2 * step)
            got = float(np.sum(slope * direction))
            size = max(abs(ends[0]), abs(ends[1]), float(np.sum(np.abs(slope))), 1.0)
            assert abs(got - want) <= 2e-7 * size, f"{label}: input {k}: rule {got}, differences {want}"


# ------------------------------------------------------------------ processes

def hear_interrupts() -> None:
    """For `preexec_fn`: a child process hears Ctrl-C even where the tests ignore it, as in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupted(program: str, after_s: float) -> list[str]:
    """What a program that would run for ever prints after its line "ready" and then an interrupt, as words."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        preexec_fn=hear_interrupts,
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            time.sleep(after_s)
            process.send_signal(signal.SIGINT)
            return process.communicate(timeout=HANGS_S)[0].split()
        finally:
            process.kill()
