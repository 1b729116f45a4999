"""Models made of functions and operators called on symbols: played back, saved as Keras saves them, copied, drawn."""
from __future__ import annotations

import gc
import json
import weakref
import zipfile
from pathlib import Path

import keras_operations
import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.errors import FileFormatError, InvalidArgumentError
from graphengine.keras import ops
from graphengine.keras.operation import PLAIN, Operation, _function

FOLDER = Path(__file__).parent
KNOWN = json.loads((FOLDER / "operations.json").read_text(encoding="utf8"))
SAVED = FOLDER / "saved" / "operations.keras"
DATA = [keras_operations.X, keras_operations.Y]


@pytest.fixture(scope="module")
def wanted():
    with np.load(FOLDER / "saved" / "operations.npz") as file:
        return file["result"]


def config_of(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("config.json"))


def test_a_file_of_keras(wanted):
    np.testing.assert_allclose(keras.models.load_model(SAVED).predict(DATA, verbose=0), wanted, rtol=1e-5)


def test_saved_as_keras_saves_it(tmp_path, wanted):
    keras.utils.clear_session()
    model = keras_operations.model(keras)
    np.testing.assert_allclose(model.predict(DATA, verbose=0), wanted, rtol=1e-5)
    model.save(tmp_path / "m.keras")
    ours, theirs = (config_of(p)["config"]["layers"] for p in (tmp_path / "m.keras", SAVED))
    assert [c["name"] for c in ours] == [c["name"] for c in theirs]
    for own, other in zip(ours, theirs, strict=True):
        if Operation.is_config(other):
            assert own == other
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(DATA, verbose=0), model.predict(DATA, verbose=0))


def test_copies_and_drawings(wanted):
    model = keras_operations.model(keras)
    copy = keras.models.clone_model(model)
    np.testing.assert_allclose(copy.predict(DATA, verbose=0), wanted, rtol=1e-5)
    assert [x.name for x in copy.layers] == [x.name for x in model.layers]
    kinds = [item["kind"] for item in model.to_document()["items"] if item["item"] == "card"]
    assert {"op/multiply", "op/reduce_mean", "op/einsum", "layer/Dense"} <= set(kinds)


@pytest.mark.parametrize("name", sorted(set(KNOWN) & set(ops.__all__) - set(PLAIN.split())))
def test_the_class_is_that_of_keras(name):
    module, cls, operands, _ = KNOWN[name]
    made = Operation(name, {}).as_config()
    assert (made["module"], made["class_name"]) == (module, cls)
    assert len(_function(name)[1]) == len([x for x in operands if x])


def test_functions_of_tensorflow_that_keras_has_too_are_saved_as_its_own(tmp_path):
    x = keras.Input((3,))
    model = keras.Model(x, tf.concat([tf.reduce_sum(tf.exp(x), 1, keepdims=True), tf.reshape(x, (-1, 3))], -1))
    model.save(tmp_path / "m.keras")
    names = [c["class_name"] for c in config_of(tmp_path / "m.keras")["config"]["layers"]]
    assert names == ["InputLayer", "Exp", "Sum", "Reshape", "Concatenate"]
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(DATA[0], verbose=0), model.predict(DATA[0], verbose=0))


def test_functions_that_keras_does_not_have_are_played_back_but_not_saved(tmp_path):
    x = keras.Input((3,))
    model = keras.Model(x, tf.nn.l2_normalize(x, 1))
    assert model.predict(DATA[0], verbose=0).shape == (4, 3)
    with pytest.raises(InvalidArgumentError, match=r"do not know: l2_normalize(?s:.*)keras\.ops"):
        model.save(tmp_path / "m.keras")


@pytest.mark.parametrize(("change", "match"), [
    ({"class_name": "Vectorize"}, "no operation 'Vectorize'"), ({"class_name": "__import__"}, "no operation"),
    ({"config": {"name": "mean", "axis": 1, "key": "os"}}, "no argument 'key'"),
    ({"config": {"name": "mean", "axis": 1, "key": 0}}, "no argument 'key'"),
    ({"config": ["axis"]}, "makes no model"),
])
def test_files_with_other_operations_are_refused(tmp_path, change, match):
    with zipfile.ZipFile(SAVED) as archive, zipfile.ZipFile(tmp_path / "m.keras", "w") as changed:
        for name in archive.namelist():
            data = archive.read(name)
            if name == "config.json":
                config = json.loads(data)
                next(c for c in config["config"]["layers"] if c["class_name"] == "Mean").update(change)
                data = json.dumps(config).encode()
            changed.writestr(name, data)
    with pytest.raises((InvalidArgumentError, FileFormatError), match=match):
        keras.models.load_model(tmp_path / "m.keras")


def freed(made):
    """Whether nothing of what `made` returns weak references to is left."""
    references = made()
    gc.collect()
    return [r() for r in references] == [None] * len(references)


def trained_model_of_operations():
    model = operations_and_layers()
    model.compile("adam", "mse")
    model.fit(DATA[0], DATA[0][:, :2], verbose=0)
    model.predict(DATA[0], verbose=0)
    model(DATA[0])
    return [weakref.ref(model), weakref.ref(model.layers[-1]), weakref.ref(model.layers[-1].kernel)]


def operations_and_layers():
    x = keras.Input((3,))
    return keras.Model(x, keras.layers.Dense(2)(ops.relu(x * 2.0)))


def drawn_sequence():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Embedding(5, 3, mask_zero=True), keras.layers.LSTM(2)])
    return [weakref.ref(model), weakref.ref(model.layers[1]), weakref.ref(model.layers[0].embeddings)]


@pytest.mark.parametrize("made", [trained_model_of_operations, drawn_sequence])
def test_a_model_that_nobody_holds_is_freed(made):
    assert freed(made)


def test_a_symbol_keeps_what_led_to_it():
    x = keras.Input((3,))
    y = keras.layers.Dense(2, kernel_initializer="ones", name="kept")(ops.relu(x))
    gc.collect()
    model = keras.Model(x, y)
    assert model.get_layer("kept").input.shape == (None, 3)
    np.testing.assert_allclose(model(DATA[0]), np.maximum(DATA[0], 0) @ np.ones((3, 2)), rtol=1e-6)
