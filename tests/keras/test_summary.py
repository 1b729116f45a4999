"""The tables of `summary`, character for character as Keras 3.15 prints them."""
from __future__ import annotations

import json
from pathlib import Path

import keras_summaries
import numpy as np
import pytest

from graphengine import keras
from graphengine.errors import InvalidArgumentError

WANTED = json.loads(Path(__file__).with_name("summaries.json").read_text(encoding="utf8"))


@pytest.fixture(autouse=True)
def width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("name", keras_summaries.CASES)
def test_the_table_is_that_of_keras(name):
    assert keras_summaries.text(keras, name) == WANTED[name]


def test_without_a_function_it_is_printed(capsys):
    keras_summaries.nested(keras).summary()
    assert capsys.readouterr().out == WANTED["nested"]


def test_a_batch_that_a_model_was_built_with_is_not_its_only_size(capsys):
    model = keras_summaries.subclass(keras, is_built=False)
    model.predict(np.ones((1, 4), "float32"), verbose=0)
    model.summary()
    out = capsys.readouterr().out
    assert "(None, 3)" in out and "(None, 2)" in out


@pytest.mark.parametrize(("settings", "match"), [
    ({"line_length": 12}, "column of 3"), ({"layer_range": ["nobody", "out"]}, "no layers from 'nobody' to 'out'"),
])
def test_tables_that_cannot_be(settings, match):
    with pytest.raises(InvalidArgumentError, match=match):
        keras_summaries.nested(keras).summary(**settings)
