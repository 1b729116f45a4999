"""Models written as modules: what they answer, without Keras."""
from __future__ import annotations

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.errors import InvalidArgumentError
from graphengine.keras import layers


def images():
    return keras.Sequential([
        keras.Input(shape=(6, 6, 1)), layers.Conv2D(3, 3, activation="relu"), layers.BatchNormalization(),
        layers.GlobalAveragePooling2D(), layers.Dropout(0.5), layers.Dense(2, activation="softmax")], name="2 images")


def words():
    return keras.Sequential([
        keras.Input(shape=(5,), dtype="int32"), layers.Embedding(7, 4, mask_zero=True), layers.LSTM(3),
        layers.Dense(1)])


def two():
    a, b = keras.Input(shape=(3,), name="a"), keras.Input(shape=(2,), name="b")
    return keras.Model({"a": a, "b": b}, {"sum": layers.Dense(1)(a) + layers.Dense(1)(b), "same": a})


EXAMPLES = {
    images: lambda rng: rng.normal(size=(4, 6, 6, 1)).astype("f4"),
    words: lambda rng: rng.integers(0, 7, (4, 5)).astype("i4"),
    two: lambda rng: {"a": rng.normal(size=(4, 3)).astype("f4"), "b": rng.normal(size=(4, 2)).astype("f4")},
}


@pytest.mark.parametrize("make", EXAMPLES)
@pytest.mark.parametrize("save", [lambda m, path: m.export(path), tf.saved_model.save])
def test_what_is_loaded_answers_as_the_model(make, save, rng, tmp_path):
    model, x = make(), EXAMPLES[make](rng)
    save(model, tmp_path)
    loaded = tf.saved_model.load(tmp_path)
    wanted, found = model(x), loaded.serve(x)
    if isinstance(wanted, dict):
        assert list(wanted) == list(found)
        wanted, found = wanted["sum"], found["sum"]
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    named = loaded.signatures["serving_default"](x)
    np.testing.assert_allclose(named.get("output_0", named.get("sum")), wanted, rtol=1e-6)
    assert len(loaded.variables) == len(model.weights)


def test_a_model_of_its_own_class(tmp_path):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(2)

        def call(self, x, training=None):
            return self.inner(x) if training else -self.inner(x)

    model = Own()
    with pytest.raises(InvalidArgumentError, match=r"inputs of model 'own.*' are not known"):
        model.export(tmp_path)
    x = np.ones((3, 4), "f4")
    wanted = model(x)
    for signature in (None, [tf.TensorSpec([None, 4])]):
        model.export(tmp_path / "m", input_signature=signature)
        np.testing.assert_allclose(tf.saved_model.load(tmp_path / "m").serve(x), wanted, rtol=1e-6)
    with pytest.raises(InvalidArgumentError, match="'litert'; a model is exported as 'tf_saved_model' or 'onnx'"):
        model.export(tmp_path, format="litert")
