"""A model of functions of `keras.ops` called on symbols; `keras` is either package. As a program it records Keras's.

    KERAS_BACKEND=tensorflow python tests/keras_operations.py     # with Keras 3.15

It writes keras/saved/operations.keras and .npz with what the model gives, and keras/operations.json with the class that
Keras has for each function, what it is called on, and its settings.
"""
from __future__ import annotations

import ast
import inspect
import json
import textwrap
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).with_name("keras")
X = np.sin(np.arange(12, dtype="float32")).reshape(4, 3)
Y = np.cos(np.arange(12, dtype="float32")).reshape(4, 3)


def model(keras):
    ops = keras.ops
    x, y = keras.Input((3,), name="x"), keras.Input((3,), name="y")
    z = ops.add(x, y) * 2.0
    z = ops.concatenate([ops.mean(z, axis=1, keepdims=True), x], axis=-1)
    z = 1.0 - (-z[:, 1:])
    z = ops.where(z > 0, z, np.zeros((1, 3), "float32"))
    z = ops.clip(z, -1, 1)
    z = ops.softmax(z) + ops.average(z, axis=1, weights=np.array([1.0, 2.0, 3.0], "float32"))[:, None]
    z = ops.einsum("ij,ik->ijk", z, y)
    z = ops.reshape(z, (-1, 3, 3)) @ ops.expand_dims(x, -1)
    z = ops.pad(z, [[0, 0], [1, 0], [0, 0]], constant_values=2.0)
    z = ops.cast(ops.cast(z, "int32"), "float32") + ops.leaky_relu(z, negative_slope=0.125)
    a, b = ops.split(z, 2, axis=1)
    z = ops.abs(a) ** 2.0 / (1.0 + ops.relu(b))
    z = keras.layers.Flatten(name="flat")(further(ops, z, x))
    return keras.Model([x, y], keras.layers.Dense(2, name="out", kernel_initializer="ones")(z), name="of_operations")


def further(ops, z, x):
    """Functions of which each has its own kind of arguments."""
    z = ops.rot90(z, axes=(1, 2))
    places = ops.digitize(z, np.array([0.0, 1.0]))
    z = ops.diff(ops.nancumsum(z, axis=-1), n=1, axis=-1) + ops.cast(places, "float32")[..., 1:]
    z = ops.select([z > 2.0, z > 0.0], [z, ops.cbrt(z)], 0.5) + ops.nanmax(x, axis=1)[:, None, None]
    z = ops.fmax(z, ops.hypot(z, ops.abs(z))) * ops.quantile(x, [0.25, 0.5], axis=1, method="lower")[1][:, None, None]
    z = ops.average_pool(ops.transpose(z, (0, 2, 1)), 2, 1, "same", "channels_last")
    z = ops.stack(ops.dsplit(ops.concatenate([z, z + 1.0], -1), 2), axis=-1)[..., 0]
    return ops.concatenate([z, ops.trapezoid(z, dx=0.5, axis=-1)[..., None], ops.ptp(z, axis=-1, keepdims=True)], -1)


def known_class(function):
    """Module and class of a function of Keras, what an object of it is called on, and its settings."""
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "symbolic_call":
            made = node.func.value
            cls = getattr(inspect.getmodule(function), made.func.id)
            operands = [ast.unparse(a).lstrip("*") for a in node.args] + [k.arg for k in node.keywords if k.arg]
            settings = [p for p in inspect.signature(cls.__init__).parameters if p not in ("self", "name")]
            return [cls.__module__, cls.__name__, operands, settings]
    return None


if __name__ == "__main__":
    import keras

    net = model(keras)
    net.save(FOLDER / "saved" / "operations.keras")
    np.savez(FOLDER / "saved" / "operations.npz", result=net.predict([X, Y], verbose=0))
    functions = {name: f for name, f in sorted(vars(keras.ops).items()) if inspect.isfunction(f)}
    found = {name: known_class(f) for name, f in functions.items()}
    text = ",\n".join(f" {json.dumps(name)}: {json.dumps(known)}" for name, known in found.items() if known)
    (FOLDER / "operations.json").write_text(f"{{\n{text}\n}}\n", encoding="utf8")
