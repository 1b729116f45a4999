"""Models and weights in files: one that Keras wrote, our own, and files that are broken or dangerous."""
import io
import json
import pathlib
import sys
import zipfile

import h5py
import numpy as np
import pytest

from graphengine import keras
from graphengine.errors import FileFormatError, InvalidArgumentError
from graphengine.keras import layers
from graphengine.keras.saving import hdf5 as hdf5_file
from graphengine.keras.saving.hdf5 import Groups, groups_bytes

SAVED = pathlib.Path(__file__).parent / "saved"


@pytest.fixture
def recorded():
    with np.load(SAVED / "net.npz") as data:
        return dict(data)


def small(inputs=4):
    return keras.Sequential([keras.Input((inputs,)), layers.Dense(3, "relu"), layers.Dense(2)])


def trained(model, inputs=4):
    x = np.linspace(-1, 1, 6 * inputs, dtype="f4").reshape(6, inputs)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(x, x[:, :2], batch_size=3, epochs=2, verbose=0, shuffle=False)
    return model


def same(a, b):
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


# -------------------------------------------------------------------- Keras's file

def test_a_model_that_keras_saved(recorded):
    model = keras.models.load_model(SAVED / "net.keras")
    x = [recorded["a"], recorded["b"]]
    np.testing.assert_allclose(model.predict(x, verbose=0), recorded["p"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.evaluate(x, recorded["y"], verbose=0), recorded["e"], rtol=1e-5)
    assert (model.name, int(model.optimizer.iterations)) == ("net", 6)
    model.fit(x, recorded["y"], verbose=0)
    assert int(model.optimizer.iterations) == 7


def test_without_compiling(recorded):
    model = keras.models.load_model(SAVED / "net.keras", compile=False)
    assert not model.compiled
    assert model.get_layer("first").kernel_regularizer.get_config()["l2"] == pytest.approx(0.01)
    same([model.get_layer("inner").get_weights()[0].shape], [(16, 4)])


def groups_of(data):
    """Paths, names, shapes and types in an HDF5 file."""
    found = {}
    with h5py.File(io.BytesIO(data)) as file:
        file.visititems(lambda path, item: found.update({
            path: (item.attrs.get("name"), getattr(item, "shape", None), str(getattr(item, "dtype", None)))}))
    return found


def test_what_is_saved_has_keras_paths(tmp_path):
    keras.models.load_model(SAVED / "net.keras").save(tmp_path / "m.keras")
    files = [zipfile.ZipFile(p).read("model.weights.h5") for p in (SAVED / "net.keras", tmp_path / "m.keras")]
    theirs, ours = map(groups_of, files)
    assert {p for p, (_, shape, _) in ours.items() if shape is not None} == {
        p for p, (_, shape, _) in theirs.items() if shape is not None}
    differ = {p for p in theirs if p in ours and theirs[p][1:] != ours[p][1:]}
    assert differ == {"optimizer/vars/0"}       # the count of steps: int32 there, int64 here
    config = json.loads(zipfile.ZipFile(tmp_path / "m.keras").read("config.json"))
    assert config["module"] == "keras.src.models.functional"
    assert zipfile.ZipFile(tmp_path / "m.keras").namelist() == ["metadata.json", "config.json", "model.weights.h5"]


# -------------------------------------------------------------------- our own

def test_training_goes_on_where_it_was(tmp_path):
    model = trained(small())
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    same(model.get_weights(), again.get_weights())
    same([np.asarray(v) for v in model.optimizer.variables], [np.asarray(v) for v in again.optimizer.variables])
    x = np.ones((6, 4), "f4")
    for m in (model, again):
        m.fit(x, x[:, :2], epochs=2, verbose=0, shuffle=False)
    same(model.get_weights(), again.get_weights())


def test_compile_arguments_are_kept(tmp_path):
    model = small()
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9)
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), keras.losses.Huber(0.5),
                  metrics=["mae", keras.metrics.RootMeanSquaredError(name="rms")])
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.get_compile_config() == model.get_compile_config()
    x = np.ones((2, 4), "f4")
    assert again.evaluate(x, x[:, :2], verbose=0) == model.evaluate(x, x[:, :2], verbose=0)


def test_weights_alone(tmp_path):
    model, other = trained(small()), small()
    model.save_weights(tmp_path / "m.weights.h5")
    other.load_weights(tmp_path / "m.weights.h5")
    same(model.get_weights(), other.get_weights())
    model.save(tmp_path / "m.keras")
    third = small()
    third.load_weights(tmp_path / "m.keras")
    same(model.get_weights(), third.get_weights())
    with pytest.raises(FileExistsError):
        model.save_weights(tmp_path / "m.weights.h5", overwrite=False)


@keras.saving.register_keras_serializable("tests")
class Blocks(keras.Model):
    def __init__(self, width=3, **settings):
        super().__init__(**settings)
        self.width = width
        self.blocks = [layers.Dense(width, "tanh"), layers.Dense(width)]
        self.named = {"end": layers.Dense(1), "nested": [layers.Dense(2)]}
        self._hidden = layers.LayerNormalization()

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.named["end"](self._hidden(x)) + self.named["nested"][0](x)

    def get_config(self):
        return {**super().get_config(), "width": self.width}


def test_a_subclassed_model(tmp_path):
    model = Blocks()
    x = np.ones((2, 4), "f4")
    before = np.asarray(model(x))
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert isinstance(again, Blocks)
    np.testing.assert_array_equal(before, np.asarray(again(x)))
    paths = groups_of(zipfile.ZipFile(tmp_path / "m.keras").read("model.weights.h5"))
    assert {"blocks/dense/vars/0", "blocks/dense_1/vars/0", "named/dense/vars/0", "named/container/dense/vars/0",
            "_hidden/vars/0"} <= set(paths)


def test_variables_that_a_layer_saves_its_own_way(tmp_path):
    class Counted(layers.Dense):
        def save_own_variables(self, store):
            super().save_own_variables(store)
            store["extra"] = np.float32(3)

        def load_own_variables(self, store):
            self.found = float(store["extra"])
            super().load_own_variables({k: v for k, v in store.items() if k != "extra"})

    model = keras.Sequential([keras.Input((2,)), Counted(1)])
    model.save_weights(tmp_path / "m.weights.h5")
    model.load_weights(tmp_path / "m.weights.h5")
    assert model.layers[0].found == 3.0


def test_json():
    model = small()
    again = keras.models.model_from_json(model.to_json())
    assert again.get_config() == model.get_config()


def test_bfloat16_and_other_types():
    import ml_dtypes

    arrays = {"0": np.arange(3).astype(ml_dtypes.bfloat16), "1": np.array([True, False]), "2": np.int8(-3),
              "3": np.zeros((0, 2), "f8")}
    with Groups(groups_bytes({"a/b": ("name", arrays), "": (None, {})}), "file") as groups:
        found = groups["a/b"]
        assert list(groups.paths()) == ["a/b"]
        assert groups["nothing"] == {}
    assert [found[k].dtype for k in found] == [np.asarray(arrays[k]).dtype for k in arrays]
    same(found.values(), arrays.values())


# -------------------------------------------------------------------- what does not fit

def test_nothing_changes_unless_all_fits(tmp_path):
    trained(small()).save_weights(tmp_path / "m.weights.h5")
    other = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(5)])
    before = other.get_weights()
    with pytest.raises(InvalidArgumentError, match=r"layers/dense_1: .*shape"):
        other.load_weights(tmp_path / "m.weights.h5")
    same(before, other.get_weights())
    with pytest.warns(UserWarning, match="1 part does not fit"):
        other.load_weights(tmp_path / "m.weights.h5", skip_mismatch=True)
    assert not np.array_equal(before[0], other.get_weights()[0])
    same(before[2:], other.get_weights()[2:])


@pytest.mark.parametrize(("call", "message"), [
    (lambda p: small().save(p / "m.onnx"), "has to end with .keras"),
    (lambda p: small().save(p / "m.keras", zipped=False), "other formats"),
    (lambda p: small().save_weights(p / "m.keras"), "has to end with .weights.h5"),
    (lambda p: keras.models.load_model(p / "m.onnx"), "has to end with .keras"),
    (lambda p: keras.Sequential([layers.Dense(2)]).save_weights(p / "m.weights.h5"), "no weights yet"),
    (lambda p: keras.models.load_model(p / "nothing.keras"), "no file"),
])
def test_what_is_refused(tmp_path, call, message):
    with pytest.raises(InvalidArgumentError, match=message):
        call(tmp_path)
    assert list(tmp_path.iterdir()) == []


def archive(path, **parts):
    """A .keras file of other parts than a model's own; None leaves one out."""
    buffer = io.BytesIO()
    small().save(path)
    with zipfile.ZipFile(path) as old:
        found = {name: old.read(name) for name in old.namelist()}
    found |= {name.replace("__", "."): data for name, data in parts.items()}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in found.items():
            if data is not None:
                new.writestr(name, data)
    path.write_bytes(buffer.getvalue())
    return path


def hdf5(make):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        make(file.create_group("layers/dense/vars"))
    return buffer.getvalue()


def changed_config(change):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(small())))
    change(config)
    return json.dumps(config).encode()


HOSTILE = {
    "no archive": (lambda p: p.write_bytes(b"no archive"), "no .keras archive"),
    "no config": (lambda p: archive(p, config__json=None), "has no config.json"),
    "no JSON": (lambda p: archive(p, config__json=b"{"), "no JSON"),
    "deep JSON": (lambda p: archive(p, config__json=b"[" * 100_000), "no JSON"),
    "a list": (lambda p: archive(p, config__json=b"[]"), "config.json holds a list"),
    "no model": (lambda p: archive(p, config__json=json.dumps(
        keras.saving.serialize_keras_object(keras.losses.Huber())).encode()), "no model"),
    "a bomb": (lambda p: archive(p, **{"model__weights__h5": bytes(2**25)}), "unpacks to"),
    "no HDF5": (lambda p: archive(p, **{"model__weights__h5": b"no"}), "no whole HDF5"),
    "a link": (lambda p: archive(p, **{"model__weights__h5": hdf5(
        lambda g: g.update({"0": h5py.ExternalLink("/etc/hostname", "/a")}))}), "link to elsewhere"),
    "a soft link": (lambda p: archive(p, **{"model__weights__h5": hdf5(
        lambda g: g.update({"0": h5py.SoftLink("/layers")}))}), "link to elsewhere"),
    "text": (lambda p: archive(p, **{"model__weights__h5": hdf5(lambda g: g.update({"0": "text"}))}), "no array"),
    "sizes without numbers": (lambda p: archive(p, **{"model__weights__h5": hdf5(
        lambda g: g.create_dataset("0", (2**28,), "f4", chunks=(2**20,), compression="gzip"))}), "says that it has"),
    "a group around itself": (lambda p: archive(p, **{"model__weights__h5": hdf5(
        lambda g: g.update({"a": g.file["/"]}))}), "around itself|no array"),
    "no layers": (lambda p: archive(p, config__json=changed_config(lambda c: c["config"].pop("layers"))), "no model"),
    "a class that is a number": (lambda p: archive(p, config__json=changed_config(
        lambda c: c.update(class_name=7))), "no model|7"),
    "a shape that is text": (lambda p: archive(p, config__json=changed_config(
        lambda c: c["config"]["layers"][0]["config"].update(batch_shape="x"))), "no model"),
    "a root around itself": (lambda p: archive(p, **{"model__weights__h5": hdf5(
        lambda g: g.file.update({"a": g.file["/"]}))}), "around itself"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(tmp_path, name):
    make, message = HOSTILE[name]
    make(tmp_path / "m.keras")
    with pytest.raises(FileFormatError, match=message):
        keras.models.load_model(tmp_path / "m.keras")


def test_many_datasets_without_numbers_count_together(monkeypatch):
    monkeypatch.setattr(hdf5_file, "LARGEST_PLAIN_BYTES", 2**20)
    def make(group):
        for k in range(3):
            group.create_dataset(str(k), (2**17,), "f4", chunks=(2**10,), compression="gzip")

    with Groups(hdf5(make), "m") as groups, pytest.raises(FileFormatError, match="'2' says that it has"):
        groups["layers/dense"]


def with_function(path, code):
    """A file of a model with a Lambda layer that has this function in its configuration."""
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(small())))
    config["config"]["layers"].append({
        "module": "keras.layers", "class_name": "Lambda", "registered_name": None,
        "config": {"name": "lambda", "trainable": True, "dtype": "float32", "arguments": {}, "function": {
            "class_name": "__lambda__", "config": code}}})
    return archive(path, config__json=json.dumps(config).encode())


def written(function):
    return layers.Lambda(function).get_config()["function"]["config"]


def test_code_in_a_file_is_not_run_unless_it_is_trusted(tmp_path):
    ran = []
    path = with_function(tmp_path / "m.keras", written(lambda x: (note(x), x)[1]))  # noqa: F821 (given when loaded)
    for load in (keras.models.load_model, lambda p: keras.models.load_model(p, safe_mode=True)):
        with pytest.raises(InvalidArgumentError, match="pass safe_mode=False"):
            load(path)
    keras.models.load_model(path, {"note": ran.append}, safe_mode=False)
    assert ran
    with pytest.raises(InvalidArgumentError, match="pass safe_mode=False"):      # that was for one file
        keras.models.load_model(path)


@pytest.mark.parametrize("change, says", [
    ({"code": "4wAAAA=="}, "no code of Python"), ({"code": "TgAA"}, "no code of Python"), ({"code": None}, "no code"),
    ({"python": "2.7"}, "written by Python 2.7"), ({"closure": [1]}, "uses 0 values around it, and has 1"),
])
def test_code_that_is_none(tmp_path, change, says):
    path = with_function(tmp_path / "m.keras", written(lambda x: x) | change)
    with pytest.raises(InvalidArgumentError, match=says):
        keras.models.load_model(path, safe_mode=False)


def test_a_lambda_with_all_that_it_uses(tmp_path):
    scale = 3.0
    model = keras.Sequential([keras.Input((2,)), layers.Lambda(lambda x, shift=1.0: keras.ops.abs(x) * scale + shift)])
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", safe_mode=False)
    np.testing.assert_array_equal(again(np.array([[-1.0, 2.0]])), [[4.0, 7.0]])
    again.save(tmp_path / "n.keras")
    assert keras.models.clone_model(again)(np.array([[-1.0, 2.0]])).shape == (1, 2)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="Keras wrote the file with Python 3.11")
def test_a_lambda_of_keras():
    """Saved by Keras 3.15: ``Lambda(lambda x, k=2.0: x * k + 1, output_shape=(4,))`` and ``Dense(1)``."""
    model = keras.models.load_model(SAVED / "lambda.keras", safe_mode=False)
    x = np.arange(8.0, dtype=np.float32).reshape(2, 4)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(model.predict(x, verbose=0), (x * 2 + 1) @ kernel + bias, rtol=1e-6)


def test_a_class_that_is_not_known(tmp_path):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(small())))
    config["config"]["layers"][1] |= {"class_name": "system", "module": "os", "registered_name": None}
    path = archive(tmp_path / "m.keras", config__json=json.dumps(config).encode())
    with pytest.raises(InvalidArgumentError, match="no class 'system'"):
        keras.models.load_model(path)


def test_a_failed_save_leaves_the_old_file(tmp_path):
    trained(small()).save(tmp_path / "m.keras")
    before = (tmp_path / "m.keras").read_bytes()
    other = small()
    model = keras.Sequential([keras.Input((2,)), layers.Lambda(lambda x: (x, other)[0])])
    with pytest.raises(InvalidArgumentError, match="no plain data"):
        model.save(tmp_path / "m.keras")
    assert (tmp_path / "m.keras").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
