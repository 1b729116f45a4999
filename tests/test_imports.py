"""What a program loads that draws a graph and runs it: nothing that it does not use."""
import copy
import dataclasses
import pickle
import subprocess
import sys

import pytest

import graphengine as tf
from graphengine.values import dataclass

PROGRAM = """
import sys
import graphengine as tf
x = tf.placeholder(tf.float32, [None, 3])
w = tf.Variable(tf.ones([3, 2]))
step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.tanh(x @ w)))
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    session.run(step, {x: [[1, 2, 3]]})
print(*sorted(name for name in sys.modules if name.startswith(("graphengine.", "numba.", "scipy."))))
"""
LATER = (
    "graphengine.compat", "graphengine.frontend.explanation", "graphengine.frontend.saved_model", "graphengine.io",
    "graphengine.keras", "graphengine.tools", "numba", "scipy",
)


def test_a_run_loads_only_what_it_uses(monkeypatch):
    monkeypatch.setenv("GRAPHENGINE_TIER", "interpreter")
    loaded = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout.split()
    assert "graphengine.ops" in loaded
    assert [name for name in loaded if name.startswith(tuple(f"{later}." for later in LATER)) or name in LATER] == []


FIT = """
import sys
import numpy as np
from graphengine import keras
model = keras.Sequential([keras.layers.Dense(2)])
model.compile("sgd", "mse")
model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
print(*sorted(sys.modules))
"""
LATER_THAN_A_FIT = (
    "graphengine.compat", "graphengine.data", "graphengine.io", "graphengine.keras.datasets", "graphengine.keras.ops",
    "graphengine.keras.preprocessing", "graphengine.keras.saving.files", "ml_dtypes", "safetensors",
)


def test_a_fit_loads_no_files_and_data_sets(monkeypatch):
    monkeypatch.setenv("GRAPHENGINE_TIER", "interpreter")
    loaded = subprocess.run([sys.executable, "-c", FIT], capture_output=True, text=True, check=True).stdout.split()
    assert "graphengine.keras.trainer" in loaded
    assert not {*LATER_THAN_A_FIT} & {*loaded}


def test_names_made_later_are_there():
    assert {"matmul", "explain", "keras", "saved_model", "nn"} <= set(dir(tf))
    assert "relu" in dir(tf.nn) and tf.nn.relu is tf.nn.relu
    assert tf.matmul is tf.linalg.matmul
    assert {"datasets", "ops"} <= set(dir(tf.keras)) and tf.keras.models.load_model is tf.keras.saving.load_model
    with pytest.raises(AttributeError, match="has no 'opps'; did you mean 'ops'"):
        tf.keras.opps
    names = {}
    exec("from graphengine import keras, explain, matmul; from graphengine.nn import *", names)
    assert names["matmul"] is tf.matmul and names["relu"] is tf.nn.relu


@dataclass(frozen=True)
class Point:
    x: int
    y: int = 2


@dataclass()
class Basket:
    owner: str
    things: list = dataclasses.field(default_factory=list)


STANDARD = dataclasses.make_dataclass("Point", [("x", int), ("y", int, 2)], frozen=True)


@pytest.mark.parametrize("given", [((1,), {}), ((1, 3), {}), ((), {"x": 1}), ((1,), {"y": 0}), ((), {"y": 5, "x": 4})])
def test_light_dataclasses_are_as_the_standard_ones(given):
    args, named = given
    ours, theirs = Point(*args, **named), STANDARD(*args, **named)
    assert repr(ours) == repr(theirs) and dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert hash(ours) == hash(theirs) and ours == Point(*args, **named) and ours != Point(9, 9) and ours != theirs
    assert dataclasses.replace(ours, y=7) == Point(ours.x, 7)
    assert pickle.loads(pickle.dumps(ours)) == copy.deepcopy(ours) == ours
    with pytest.raises(dataclasses.FrozenInstanceError):
        ours.x = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        del ours.x


@pytest.mark.parametrize("given", [((), {}), ((1, 2, 3), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((), {"y": 1})])
def test_light_dataclasses_refuse_what_the_standard_ones_refuse(given):
    args, named = given
    for cls in Point, STANDARD:
        with pytest.raises(TypeError):
            cls(*args, **named)


def test_made_defaults_belong_to_one_value():
    first, second = Basket("a"), Basket("a")
    first.things.append(1)
    assert (first, second.things) == (Basket("a", [1]), []) and Basket.__hash__ is None
