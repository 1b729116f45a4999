"""Models as drawings: the editor's cards and weights compute what the model predicts."""
from __future__ import annotations

import json

import numpy as np
import pytest

import graphengine as ge
from editor.infer import Inference
from editor.model.build import build
from editor.model.files import from_text, open_document, save
from graphengine import keras
from graphengine.keras import layers


def dense():
    return keras.Sequential([keras.Input((8,)), layers.Dense(4, "relu", name="h"), layers.Dropout(0.2),
                             layers.Dense(3, "softmax", kernel_initializer="he_normal")])


def two_inputs():
    a, b = keras.Input((8,), name="a"), keras.Input((3,), name="b")
    joined = layers.Concatenate()([layers.Dense(4)(a), b]) * 2.0
    return keras.Model([a, b], layers.Dense(1)(joined))


def recurrent():
    return keras.Sequential([keras.Input((6, 8)), layers.Bidirectional(layers.LSTM(4)), layers.Dense(2)])


def images():
    return keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3, padding="same", activation="relu"),
                             layers.BatchNormalization(), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10)])


def attention():
    q = keras.Input((6, 8))
    return keras.Model(q, layers.MultiHeadAttention(2, 4)(q, q))


def nested():
    inner = keras.Sequential([keras.Input((8,)), layers.Dense(4, "tanh", name="inside")], name="inner")
    x = keras.Input((8,), name="x")
    return keras.Model(x, layers.Dense(2)(inner(x)))


MODELS = (dense, two_inputs, recurrent, images, attention, nested)


@pytest.mark.parametrize("make", MODELS, ids=lambda f: f.__name__)
def test_a_drawing_computes_what_the_model_predicts(make, rng, tmp_path):
    model = make()
    feeds = [rng.normal(size=(5, *t.shape[1:])).astype("float32") for t in model.inputs]
    wanted = model.predict(feeds if len(feeds) > 1 else feeds[0], verbose=0)
    document = from_text(json.dumps(model.to_document()))
    assert Inference(document).problems() == []
    built = build(document)
    assert not built.problems
    last = [c.id for c in document.cards][-1]
    fed = dict(zip(model.input_names, feeds, strict=True))
    got = ge.Session(built.graph).run(built.tensors[last, 0], fed)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
    save(document, tmp_path / "a.graph.json")                   # what the editor saves, the engine runs
    graph = ge.load(tmp_path / "a.graph.json")
    with graph.as_default():
        session = ge.Session(graph)
        session.run(ge.global_variables_initializer())
        got = session.run(built.tensors[last, 0].name, fed)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_a_file_of_a_drawing_opens(tmp_path):
    model = dense()
    model.to_document(tmp_path / "a.graph.json")
    assert [c.id for c in open_document(tmp_path / "a.graph.json").cards][1] == "h"


def test_only_what_differs_from_the_defaults_is_written():
    cards = {i["id"]: i for i in dense().to_document()["items"] if i["item"] == "card"}
    assert cards["h"]["attributes"] == {"units": 4, "activation": "relu"}


def test_what_cannot_be_drawn_is_said():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ge.errors.InvalidArgumentError, match="not made of symbols"):
        Own().to_document()
    shared, x = layers.Dense(3, name="twice"), keras.Input((3,))
    with pytest.raises(ge.errors.InvalidArgumentError, match="'twice' is called twice"):
        keras.Model(x, shared(shared(x))).to_document()
