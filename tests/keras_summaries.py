"""Models whose tables are compared with Keras's; `keras` is either package. As a program it records those of Keras.

    python tests/keras_summaries.py > tests/keras/summaries.json        # with COLUMNS=80, Keras 3.15 and TensorFlow
"""
from __future__ import annotations

import json

import numpy as np


def nested(keras, frozen=False):
    layers = keras.layers
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="in1"), layers.Dropout(0.1, name="drop"),
                              layers.BatchNormalization(name="bn")], name="inner")
    x = keras.Input((3,), name="x")
    inner.trainable = not frozen
    return keras.Model(x, layers.Dense(2, name="out")(inner(x)), name="outer")


def frozen(keras):
    return nested(keras, frozen=True)


def two(keras):
    layers = keras.layers
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    h = layers.Concatenate(name="cat")([layers.Dense(4, name="d")(a), b])
    return keras.Model([a, b], [layers.Dense(1, name="p")(h), layers.Dense(2, name="q")(h)], name="two")


def deep(keras):
    layers = keras.layers
    core = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="c1")], name="core")
    x = keras.Input((3,), name="mi")
    mid = keras.Model(x, layers.Activation("relu", name="act")(core(x)), name="mid")
    return keras.Sequential([keras.Input((3,)), mid, layers.Dense(1, name="end")], name="deep")


def trained(keras):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, name="da")], name="tr")
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 4)), verbose=0)
    return model


def unbuilt(keras):
    return keras.Sequential([keras.layers.Dense(3, name="u")], name="unb")


def subclass(keras, is_built=True):
    class Sub(keras.Model):
        def __init__(self):
            super().__init__(name="sub")
            self.a, self.b = keras.layers.Dense(3, name="sa"), keras.layers.Dense(2, name="sb")

        def call(self, x):
            return self.b(self.a(x))

    model = Sub()
    if is_built:
        model(np.ones((2, 4), "float32"))
    return model


def long_names(keras):
    layers = keras.layers
    return keras.Sequential([keras.Input((5, 3)), layers.Bidirectional(layers.LSTM(4), name="bi"),
                             layers.Dense(1, name="a_very_long_name_for_a_layer_that_is_here")], name="lst")


def shared(keras):
    layers = keras.layers
    a, d = keras.Input((3,), name="a"), layers.Dense(3, name="d")
    return keras.Model(a, layers.Dense(1, name="e")(d(layers.Add(name="add")([d(a), a]))), name="merge")


NEST = {"expand_nested": True}
ALL = {"expand_nested": True, "show_trainable": True}
CASES = {
    "nested": (nested, {}), "nested, expanded": (nested, NEST), "nested, with all": (nested, ALL),
    "frozen": (frozen, ALL), "two inputs": (two, {}), "two inputs, with all": (two, ALL), "deep": (deep, NEST),
    "trained": (trained, {}), "not built": (unbuilt, {}), "subclass": (subclass, {}), "long names": (long_names, {}),
    "wide": (long_names, {"line_length": 100}), "narrow": (long_names, {"line_length": 50}), "shared": (shared, {}),
    "part": (two, {"layer_range": ["d", "cat"]}), "columns": (nested, {"positions": [0.5, 0.7, 0.9]}),
}


def text(keras, name):
    make, settings = CASES[name]
    found = []
    make(keras).summary(print_fn=lambda part, **_: found.append(part), **settings)
    return "".join(found)


if __name__ == "__main__":
    import keras

    print(json.dumps({name: text(keras, name) for name in CASES}, ensure_ascii=False, indent=1))
