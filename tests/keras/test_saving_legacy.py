"""Models and weights in ``.h5`` files: one that Keras wrote, our own, of Keras 2's form, and dangerous ones."""
from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from graphengine import keras
from graphengine.errors import FileFormatError, InvalidArgumentError
from graphengine.keras import layers
from graphengine.keras.saving import legacy

SAVED = Path(__file__).parent / "saved"     # written by Keras 3.15.1 on TensorFlow after a step of training


@pytest.fixture(scope="module")
def recorded():
    with np.load(SAVED / "net_h5.npz") as data:
        return dict(data)


def small():
    return keras.Sequential([keras.Input((3,)), layers.Dense(2, name="a"), layers.BatchNormalization(name="b")])


def changed(path, change, source=SAVED / "net.h5"):
    """A copy of a file with something changed."""
    path.write_bytes(source.read_bytes())
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def test_a_model_that_keras_saved(recorded, tmp_path):
    model = keras.models.load_model(SAVED / "net.h5")
    np.testing.assert_allclose(model.predict(recorded["x"], verbose=0), recorded["p"], rtol=1e-5, atol=1e-6)
    assert int(model.optimizer.iterations) == 1 and model.get_compile_config()["metrics"] == ["mae"]
    assert model.get_layer("d").kernel_regularizer.get_config()["l2"] == pytest.approx(0.01)
    model.save(tmp_path / "m.h5")
    again = keras.models.load_model(tmp_path / "m.h5")
    np.testing.assert_array_equal(again.predict(recorded["x"], verbose=0), model.predict(recorded["x"], verbose=0))
    for ours, theirs in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    names = []
    for path in (SAVED / "net.h5", tmp_path / "m.h5"):
        with h5py.File(path) as file:
            found = {}
            file.visititems(lambda p, item, found=found: found.update({p: getattr(item, "shape", None)}))
            names.append((found, list(file["model_weights"].attrs["layer_names"])))
    assert names[0] == names[1]


def test_weights_by_order_and_by_name(tmp_path):
    model, other = small(), small()
    model.save(tmp_path / "m.h5")
    other.load_weights(tmp_path / "m.h5")
    for ours, theirs in zip(other.weights, model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    third = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="other"), layers.Dense(2, name="a")])
    before = [w.numpy() for w in third.weights]
    with pytest.raises(InvalidArgumentError, match="'a' has weights"):
        third.load_weights(tmp_path / "m.h5")
    for w, b in zip(third.weights, before, strict=True):
        np.testing.assert_array_equal(w, b)
    fourth = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="other"), layers.BatchNormalization(name="z"),
                               layers.Dense(1, name="last")])
    fourth.load_weights(tmp_path / "m.h5", by_name=True)
    with pytest.raises(InvalidArgumentError, match="3 layers with weights, the file 2"):
        fourth.load_weights(tmp_path / "m.h5")


def test_the_form_of_keras_2(tmp_path, recorded):
    dense = {"class_name": "Dense", "name": "d", "inbound_nodes": [[["x", 0, 0, {}]]], "config": {
        "name": "d", "trainable": True, "dtype": "float32", "units": 3, "activation": "linear", "use_bias": True,
        "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}}}}
    add = {"class_name": "Add", "name": "add", "inbound_nodes": [[["d", 0, 0, {}], ["x", 0, 0, {}]]],
           "config": {"name": "add", "trainable": True, "dtype": "float32"}}
    first = {"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
             "config": {"batch_input_shape": [None, 3], "dtype": "float32", "sparse": False, "name": "x"}}
    config = {"class_name": "Functional", "config": {"name": "old", "layers": [first, dense, add],
                                                    "input_layers": [["x", 0, 0]], "output_layers": [["add", 0, 0]]}}
    kernel, bias = np.full((3, 3), 0.5, "f4"), np.array([1, 2, 3], "f4")
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"x", b"d", b"add"]
        for name in ("x", "d", "add"):
            inner = group.create_group(name)
            inner.attrs["weight_names"] = [b"d/kernel:0", b"d/bias:0"] if name == "d" else []
        group["d"]["d/kernel:0"], group["d"]["d/bias:0"] = kernel, bias
    x = recorded["x"]
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "old.h5").predict(x, verbose=0),
                               x @ kernel + bias + x, rtol=1e-5)


def test_long_lists_of_names_are_parted(tmp_path):
    with h5py.File(tmp_path / "n.h5", "w") as file:
        words = [f"a_name_that_is_long_{k:06}" for k in range(5000)]
        legacy._say(file, "layer_names", words)
        assert "layer_names" not in file.attrs and "layer_names1" in file.attrs
    with legacy.LegacyFile((tmp_path / "n.h5").read_bytes(), "n.h5") as file:
        assert file._words(file._file, "layer_names") == words


def _text(name, value):
    return lambda file: file.attrs.__setitem__(name, value)


def _soft_link(file):
    del file["model_weights/d/d"]
    file["model_weights/d/d"] = h5py.SoftLink("/model_weights/bn")


def _outside(file):
    del file["model_weights/d/d/kernel"]
    file["model_weights/d/d/kernel"] = h5py.ExternalLink("/etc/hostname", "/x")


def _vast(file):
    del file["model_weights/d/d/kernel"]
    file["model_weights/d/d"].create_dataset("kernel", (2**20, 2**12), "f4", chunks=(64, 64))


@pytest.mark.parametrize(("change", "match"), [
    (_text("model_config", "{"), "no JSON"), (_text("model_config", 7), "no text"),
    (_text("model_config", "[]"), "no configuration"),
    (_text("model_config", '{"class_name": "Dense", "config": {"units": 2}}'), "no model"),
    (_text("model_config", '{"class_name": "Functional", "config": {"layers": []}}'), "makes no model"),
    (lambda file: file.attrs.pop("model_config"), "weights alone"),
    (lambda file: file["model_weights"].attrs.__setitem__("layer_names", [b"x", b"nobody"]), "there is no"),
    (lambda file: file["model_weights"].attrs.__setitem__("layer_names", [1, 2]), "are no names"),
    (lambda file: file["model_weights/d"].attrs.__setitem__("weight_names", [b"../bn/bn/beta", b"x"]), "there is no"),
    (_soft_link, "link to elsewhere"), (_outside, "link to elsewhere"), (_vast, "bytes, of which 0"),
])
def test_broken_and_dangerous_files(tmp_path, change, match):
    with pytest.raises(FileFormatError, match=match):
        keras.models.load_model(changed(tmp_path / "m.h5", change))


def test_a_class_that_is_not_known_and_a_file_that_is_none(tmp_path):
    path = changed(tmp_path / "m.h5", _text("model_config", '{"class_name": "os.system", "config": {}}'))
    with pytest.raises(InvalidArgumentError, match=r"no class 'os\.system'"):
        keras.models.load_model(path)
    path.write_bytes(b"no file of this form")
    with pytest.raises(FileFormatError, match="no whole HDF5"):
        keras.models.load_model(path)


def test_compiled_in_an_unknown_way_is_said(tmp_path):
    unknown = '{"optimizer_config": {"class_name": "Nobody", "config": {}}}'
    path = changed(tmp_path / "m.h5", _text("training_config", unknown))
    with pytest.warns(UserWarning, match="compile it again"):
        model = keras.models.load_model(path)
    assert not model.compiled
