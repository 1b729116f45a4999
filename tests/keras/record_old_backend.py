"""Writes old_backend.json: what TensorFlow's `tf.keras.backend` gives for the cases of keras_old_backend.py.

    PYTHONPATH=tests python tests/keras/record_old_backend.py       # with TensorFlow 2.21 installed
"""
import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras_old_backend import cases, result_types


def plain(value):
    value = value.numpy() if hasattr(value, "numpy") else value
    if isinstance(value, (np.ndarray, np.generic)):
        short = np.round(value, 6) if value.dtype.kind == "f" else value
        return {"dtype": value.dtype.name, "values": short.tolist()}
    return list(value) if isinstance(value, tuple) else value


if __name__ == "__main__":
    found = {name: plain(value) for name, value in cases(tf, tf.keras.backend).items()}
    found["result_types"] = result_types(keras.backend)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items())
    Path(__file__).with_name("old_backend.json").write_text("{\n" + lines + "\n}\n", "ascii")
