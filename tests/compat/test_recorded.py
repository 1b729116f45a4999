"""Programs over TensorFlow 1's layers, metrics and so on, against what TensorFlow gives."""
import functools
import importlib
import json
import pathlib

import pytest

import graphengine.compat.v1 as tf
from graphengine import config

HERE = pathlib.Path(__file__).parent
TOPICS = ("function", "layer", "metric", "rnn")


@functools.cache
def file_module(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def recorded(topic):
    return json.loads((HERE / f"recorded_{topic}s.json").read_text())


CASES = [(topic, name) for topic in TOPICS for name in file_module(f"{topic}_programs").CASES]


@pytest.mark.parametrize(("topic", "name"), CASES, ids=[name for _, name in CASES])
def test_as_tensorflow(topic, name):
    programs = file_module("programs")
    with config.override(tier="interpreter"):           # kernels are compared with it elsewhere
        found = programs.result(tf, name, file_module(f"{topic}_programs").CASES)
    assert programs.problems(found, recorded(topic)[name]) == []
