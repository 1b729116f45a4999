"""Objects as configurations and back."""
import json

import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import InvalidArgumentError
from graphengine.keras import registry
from graphengine.keras.naming import auto_name, restart_names, to_snake_case
from graphengine.keras.registry import deserialize_keras_object, serialize_keras_object


class Ball:
    def __init__(self, size=1.0, color="red"):
        self.size, self.color = size, color

    def get_config(self):
        return {"size": self.size, "color": self.color}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def bounce(x):
    return -x


@pytest.fixture
def registered():
    before, names = dict(registry.get_custom_objects()), dict(registry._custom_names)
    registry.register_keras_serializable("toys")(Ball)
    registry.register_keras_serializable("toys")(bounce)
    yield
    registry.get_custom_objects().clear()
    registry.get_custom_objects().update(before)
    registry._custom_names.clear()
    registry._custom_names.update(names)


@pytest.mark.parametrize("value", [
    None, 3, 2.5, "text", True, [1, "a"], {"a": [1, {"b": None}]}, b"bytes", ..., slice(1, None, 2),
])
def test_values_return(value):
    text = json.dumps(serialize_keras_object(value))
    assert deserialize_keras_object(json.loads(text)) == value


def test_numbers_and_arrays():
    assert serialize_keras_object(np.float32(2)) == 2.0
    assert serialize_keras_object((1, np.int64(2))) == [1, 2]
    assert serialize_keras_object(np.zeros(2)) == {"class_name": "__numpy__",
                                                   "config": {"value": [0.0, 0.0], "dtype": "float64"}}
    config = serialize_keras_object(tf.constant([[1, 2]]))
    assert config == {"class_name": "__tensor__", "config": {"value": [[1, 2]], "dtype": "int32"}}
    assert deserialize_keras_object(config).numpy().tolist() == [[1, 2]]
    assert serialize_keras_object(tf.float32) == "float32"


def test_object_and_function_of_a_program(registered):
    config = serialize_keras_object(Ball(2.0))
    assert config == {"module": None, "class_name": "Ball", "config": {"size": 2.0, "color": "red"},
                      "registered_name": "toys>Ball"}
    again = deserialize_keras_object(json.loads(json.dumps(config)))
    assert type(again) is Ball and again.size == 2.0
    assert serialize_keras_object(bounce) == {"module": "builtins", "class_name": "function", "config": "toys>bounce",
                                              "registered_name": "function"}
    assert deserialize_keras_object(serialize_keras_object(bounce)) is bounce


def test_custom_objects_instead_of_registration():
    config = serialize_keras_object(Ball(3.0))
    with pytest.raises(InvalidArgumentError, match="no class 'Ball'"):
        deserialize_keras_object(config)
    assert deserialize_keras_object(config, custom_objects={"Ball": Ball}).size == 3.0
    with registry.custom_object_scope({"Ball": Ball, "bounce": bounce}):
        assert deserialize_keras_object(config).size == 3.0
        assert registry.get_object("losses", "bounce") is bounce
        with registry.custom_object_scope({"other": bounce}):
            assert deserialize_keras_object(config).size == 3.0
    with pytest.raises(InvalidArgumentError):
        deserialize_keras_object(config)


def test_a_configuration_runs_nothing():
    """Names of modules in a file are never imported, whatever they are."""
    hostile = {"module": "os", "class_name": "system", "config": {"command": "true"}, "registered_name": None}
    with pytest.raises(InvalidArgumentError, match="no class 'system'"):
        deserialize_keras_object(hostile)
    with pytest.raises(InvalidArgumentError, match="safe_mode=False"):
        deserialize_keras_object({"class_name": "__lambda__", "config": {"value": ["", None, None]}})
    with pytest.raises(InvalidArgumentError, match="no function 'eval'"):
        deserialize_keras_object({"module": "builtins", "class_name": "function", "config": "eval"})


def test_what_cannot_be_found_again():
    something = object()
    with pytest.raises(InvalidArgumentError, match="no plain data"):
        serialize_keras_object(lambda x: (x, something))
    with pytest.raises(InvalidArgumentError, match="get_config"):
        serialize_keras_object(something)


def test_config_that_does_not_fit(registered):
    with pytest.raises(InvalidArgumentError, match="Ball: its config does not fit its constructor"):
        deserialize_keras_object({"class_name": "Ball", "config": {"weight": 1}, "registered_name": "toys>Ball"})


def test_names():
    assert to_snake_case("MeanSquaredError") == "mean_squared_error"
    assert to_snake_case("MeanIoU") == "mean_io_u"
    restart_names()
    assert [auto_name("Dense"), auto_name("Dense"), auto_name("AUC")] == ["dense", "dense_1", "auc"]
    restart_names()
