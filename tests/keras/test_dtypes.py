"""The dtype of layers: by `floatx`, by a policy, by the layer's own argument."""
from __future__ import annotations

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.errors import AttributeValueError
from graphengine.keras import config, dtype_policies
from graphengine.keras.config import _settings


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    monkeypatch.setattr(_settings, "floatx", "float32")
    monkeypatch.setattr(_settings, "dtype", None)


def test_layers_follow_floatx():
    assert keras.layers.Dense(1).dtype == config.dtype_policy().name == "float32"
    config.set_floatx("float64")
    assert keras.layers.Dense(1).dtype == config.dtype_policy().compute_dtype == "float64"
    assert keras.Input((2,)).dtype is tf.float64


def test_a_policy_says_what_layers_have_and_nothing_else():
    config.set_dtype_policy("float64")
    assert keras.layers.Dense(1).dtype_policy == keras.DTypePolicy("float64")
    assert keras.layers.Dense(1, dtype="float32").dtype == "float32"
    assert keras.layers.Dense(1, dtype=keras.DTypePolicy("bfloat16")).dtype == "bfloat16"
    assert config.floatx() == "float32"
    assert keras.Input((2,)).dtype is tf.float32
    assert keras.DTypePolicy().name == "float64"


def test_a_model_of_float64_learns_in_float64():
    config.set_floatx("float64")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x, y = np.array([[1.0, 1e-12]]), np.array([[1.0]])
    model.fit(x, y, epochs=1, verbose=0)
    kernel = model.get_weights()[0]
    assert kernel.dtype == np.float64
    np.testing.assert_allclose(kernel[:, 0], [0.2, 0.2e-12], rtol=1e-12)    # 0.1 times 2 (0 - 1) x
    assert model.predict(x, verbose=0).dtype == np.float64


def test_policies_as_objects():
    policy = keras.DTypePolicy("float32")
    assert (policy.variable_dtype, policy.quantization_mode) == ("float32", None)
    assert repr(policy) == '<DTypePolicy "float32">'
    saved = dtype_policies.serialize(policy)
    assert saved == {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"},
                     "registered_name": None}
    assert policy == dtype_policies.deserialize(saved) == dtype_policies.get("float32") == dtype_policies.get(policy)
    assert len({policy, keras.FloatDTypePolicy("float32")}) == 1
    assert keras.DTypePolicy.from_config(policy.get_config()) == policy


@pytest.mark.parametrize("name", ["mixed_float16", "floaty"])
def test_names_that_are_no_dtype(name):
    with pytest.raises(AttributeValueError, match="no dtype that layers can have"):
        keras.DTypePolicy(name)


@pytest.mark.parametrize("ask", [
    keras.DTypePolicy, config.set_dtype_policy, dtype_policies.get, lambda name: keras.layers.Dense(1, dtype=name),
])
def test_policies_of_two_dtypes_are_refused_with_the_reason(ask):
    with pytest.raises(ValueError, match=r"(?s)'mixed_bfloat16' is .* keeps weights in float32.*one dtype here"):
        ask("mixed_bfloat16")


def test_old_names_of_the_policy():
    old = keras.mixed_precision
    assert (old.Policy, old.global_policy()) == (keras.DTypePolicy, keras.config.dtype_policy())
    with pytest.raises(ValueError, match="a layer has one dtype here"):
        old.set_global_policy("mixed_float16")
