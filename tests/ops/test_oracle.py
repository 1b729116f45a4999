"""Values and gradients that TensorFlow recorded, computed in a graph by the ops' references and gradient rules."""
import importlib.util
import pathlib

import checks
import numpy as np
import pytest

import graphengine
from graphengine.autodiff import gradients
from graphengine.ir.graph import Graph
from graphengine.ops.apply import constant_tensor
from graphengine.ops.state import Placeholder

FILE = pathlib.Path(__file__).parent.parent / "data" / "oracle" / "check.py"
spec = importlib.util.spec_from_file_location("oracle_check", FILE)
oracle = importlib.util.module_from_spec(spec)
spec.loader.exec_module(oracle)

CASES = {case["id"]: case for case in oracle.gradient_cases()}


@pytest.mark.parametrize("known", ["every size", "the ranks"])
@pytest.mark.parametrize("name", CASES)
def test_expression(name, known):
    case = CASES[name]
    arrays = [oracle.array(i) for i in case["inputs"]]
    graph = Graph()
    with graph.as_default():
        shapes = [a.shape if known == "every size" else tuple(None if s != 1 else 1 for s in a.shape) for a in arrays]
        xs = [graph.add(Placeholder("float32", s), ()).outputs[0] for s in shapes]
        result = eval(case["expr"], {"tf": graphengine, **{f"x{k}": x for k, x in enumerate(xs)}})
        ys = list(result) if isinstance(result, (list, tuple)) else [result]
        outputs = checks.value(ys, checks.feeds_of(xs, arrays))
        found = gradients(ys, xs, [constant_tensor(ramp(y), graph) for y in outputs])
    present = [g for g in found if g is not None]
    values = iter(checks.value(present, checks.feeds_of(xs, arrays)))
    got = [None if g is None else next(values) for g in found]
    assert problems(case, outputs, case["outputs"]) == []
    assert problems(case, got, case["grads"]) == []


def problems(case, got, want):
    about = oracle.load("gradients.json")["about"]
    assert len(got) == len(want)
    found = []
    for k, (g, w) in enumerate(zip(got, want, strict=True)):
        if g is None or w is None:
            found += [] if g is w else [f"{k}: {g} where TensorFlow gives {w}"]
        else:
            wrong = oracle.array_problem(g, oracle.array(w), about["rtol"] * case["tol"], about["atol"] * case["tol"])
            found += [f"{k}: {wrong}"] if wrong else []
    return found


def ramp(y):
    k = np.arange(y.size)
    w = (1 + 0.37 * k / max(y.size, 1)) * np.where(k % 3 == 1, -1, 1)
    return w.reshape(y.shape).astype("float32")
