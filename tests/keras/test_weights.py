"""Initializers, regularizers and constraints beside their recorded values: distributions, seeds, names, errors."""
import json
import math
import sys

import numpy as np
import pytest
from scipy import stats

import graphengine as tf
from graphengine import errors, keras
from graphengine.keras import constraints, initializers, layers, regularizers

SHAPE = (40, 60)
UNIFORM = {"GlorotUniform": math.sqrt(6 / 100), "LecunUniform": math.sqrt(3 / 40), "HeUniform": math.sqrt(6 / 40)}
NORMAL = {"GlorotNormal": math.sqrt(2 / 100), "LecunNormal": math.sqrt(1 / 40), "HeNormal": math.sqrt(2 / 40)}


@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_weights(name):
    limit = UNIFORM[name]
    x = getattr(initializers, name)(seed=3)(SHAPE).numpy()
    assert x.dtype == "float32" and x.shape == SHAPE and abs(x).max() <= limit
    assert stats.kstest(x.ravel(), stats.uniform(-limit, 2 * limit).cdf).pvalue > 0.01


@pytest.mark.parametrize("name", NORMAL)
def test_truncated_weights(name):
    """The standard deviation is that of the truncated numbers."""
    x = getattr(initializers, name)(seed=3)(SHAPE).numpy()
    scale = NORMAL[name] / initializers.TRUNCATED_DEVIATION
    assert stats.kstest(x.ravel(), stats.truncnorm(-2, 2, scale=scale).cdf).pvalue > 0.01
    assert abs(x.std() / NORMAL[name] - 1) < 0.05


def test_plain_distributions():
    x = initializers.RandomNormal(1.0, 0.5, seed=1)(SHAPE).numpy()
    assert stats.kstest(x.ravel(), stats.norm(1.0, 0.5).cdf).pvalue > 0.01
    x = initializers.RandomUniform(2.0, 3.0, seed=1)(SHAPE).numpy()
    assert stats.kstest(x.ravel(), stats.uniform(2.0, 1.0).cdf).pvalue > 0.01
    x = initializers.TruncatedNormal(1.0, 0.5, seed=1)(SHAPE).numpy()
    assert x.min() >= 0 and x.max() <= 2
    x = initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal", seed=1)(SHAPE).numpy()
    assert stats.kstest(x.ravel(), stats.norm(0, math.sqrt(2 / 60)).cdf).pvalue > 0.01


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 3, 4)])
def test_orthogonal(shape):
    x = initializers.Orthogonal(gain=2.0, seed=4)(shape).numpy().reshape(-1, shape[-1])
    small = x @ x.T if x.shape[0] < x.shape[1] else x.T @ x
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-5)


def test_seeds():
    """A function of the seed and the shape; without a seed of the state that set_seed restarts."""
    assert (initializers.HeNormal(5)((3,)).numpy() == initializers.HeNormal(5)((3,)).numpy()).all()
    assert (initializers.HeNormal(5)((3,)).numpy() != initializers.HeNormal(6)((3,)).numpy()).any()
    first, second = initializers.HeNormal(), initializers.HeNormal()
    assert (first((3,)).numpy() == first((3,)).numpy()).all()
    assert (first((3,)).numpy() != second((3,)).numpy()).any()
    drawn = []
    for _ in range(2):
        tf.random.set_seed(11)
        drawn.append([initializers.GlorotUniform()((2, 2)).numpy() for _ in range(2)])
    np.testing.assert_array_equal(drawn[0], drawn[1])
    tf.random.set_seed(None)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtypes(dtype):
    for make in (initializers.Zeros(), initializers.GlorotNormal(1), initializers.Orthogonal(seed=1)):
        assert make((3, 2), dtype).dtype.name == dtype


def test_at_once_inside_a_graph():
    with tf.Graph().as_default() as graph:
        assert initializers.GlorotUniform()((2, 2)).numpy().shape == (2, 2)
        assert not graph.nodes


def test_default_float():
    keras.config.set_floatx("float64")
    try:
        assert initializers.Ones()((2,)).dtype is tf.float64
    finally:
        keras.config.set_floatx("float32")
    with pytest.raises(errors.AttributeValueError, match="'int8' is none of"):
        keras.config.set_floatx("int8")


@pytest.mark.parametrize("shape, fans", [((), (1, 1)), ((5,), (5, 5)), ((2, 3), (2, 3)), ((3, 5, 2, 4), (30, 60))])
def test_fans(shape, fans):
    assert initializers.compute_fans(shape) == fans


def test_fans_of_named_axes():
    assert initializers.compute_fans((2, 3, 4), input_axes=(0,), output_axes=(1, 2)) == (2, 12)


OBJECTS = [
    initializers.Zeros(), initializers.Constant(2.0), initializers.Identity(3.0),
    initializers.RandomNormal(1.0, 2.0, 3), initializers.VarianceScaling(2.0, "fan_out", "uniform", 5),
    initializers.GlorotUniform(7), initializers.Orthogonal(2.0),
    regularizers.L1(0.5), regularizers.L2(0.5), regularizers.L1L2(0.1, 0.2), regularizers.OrthogonalRegularizer(0.1),
    constraints.MaxNorm(3.0), constraints.NonNeg(), constraints.UnitNorm(1), constraints.MinMaxNorm(0.1, 0.9, 0.5, 1),
]


@pytest.mark.parametrize("made", OBJECTS, ids=lambda o: type(o).__name__)
def test_configuration_returns(made):
    module = sys.modules[type(made).__module__]
    config = json.loads(json.dumps(module.serialize(made)))
    assert config["module"] == module.__name__.replace("graphengine.", "")
    again = module.deserialize(config)
    assert type(again) is type(made) and again.get_config() == made.get_config()
    assert type(module.get({"class_name": type(made).__name__, "config": made.get_config()})) is type(made)


@pytest.mark.parametrize("module, name, cls", [
    (initializers, "glorot_uniform", "GlorotUniform"), (initializers, "GlorotUniform", "GlorotUniform"),
    (initializers, "zeros", "Zeros"), (initializers, "one", "Ones"), (initializers, "normal", "RandomNormal"),
    (initializers, "he_normal", "HeNormal"), (initializers, "OrthogonalInitializer", "Orthogonal"),
    (regularizers, "l1", "L1"), (regularizers, "L1L2", "L1L2"), (constraints, "non_neg", "NonNeg"),
    (constraints, "max_norm", "MaxNorm"), (constraints, constraints.UnitNorm, "UnitNorm"),
])
def test_names(module, name, cls):
    assert type(module.get(name)).__name__ == cls


def test_nothing_and_functions():
    assert initializers.get(None) is regularizers.get(None) is constraints.get(None) is None
    assert constraints.get(abs) is abs


def test_function_of_activations():
    activations = keras.activations
    assert activations.get("swish") is activations.silu and activations.get(None) is activations.linear
    assert activations.serialize(activations.relu) == "relu"
    assert activations.deserialize("relu") is activations.relu
    assert activations.get(keras.registry.serialize_keras_object(activations.gelu)) is activations.gelu


@pytest.mark.parametrize("call, problem", [
    (lambda: initializers.get("glorot_unifrom"), "did you mean 'glorot_uniform'|did you mean 'GlorotUniform'"),
    (lambda: keras.activations.get("rellu"), "did you mean 'relu'"),
    (lambda: initializers.get(3), "3 names nothing"),
    (lambda: initializers.GlorotUniform("a"), "seed='a' is no whole number"),
    (lambda: initializers.VarianceScaling(-1.0), "scale=-1.0 is not positive"),
    (lambda: initializers.VarianceScaling(mode="fan"), "mode='fan'"),
    (lambda: initializers.VarianceScaling(distribution="beta"), "distribution='beta'"),
    (lambda: initializers.Identity()((2,)), r"shape \(2,\) has 1 axes"),
    (lambda: initializers.Orthogonal()((2,)), "fewer than 2 axes"),
    (lambda: initializers.get(np.zeros(3))((4,)), r"shape \(4,\), the values for it \(3,\)"),
    (lambda: regularizers.L1(-1.0), "l1=-1.0 is no finite number from 0 on"),
    (lambda: regularizers.L2(math.inf), "l2=inf"),
    (lambda: regularizers.OrthogonalRegularizer(mode="both"), "mode='both'"),
    (lambda: regularizers.OrthogonalRegularizer()(np.zeros(3, "float32")), "it has two axes"),
])
def test_errors(call, problem):
    with pytest.raises((errors.InvalidArgumentError, errors.AttributeValueError), match=problem):
        call()


def test_names_and_paths_are_those_of_keras():
    keras.utils.clear_session()
    inner = keras.Sequential([layers.Dense(3)], name="in")
    model = keras.Sequential([layers.Dense(2), inner])
    model(np.ones((2, 4), "f4"))
    assert [w.path for w in model.weights] == ["sequential/dense_1/kernel", "sequential/dense_1/bias",
                                               "sequential/in/dense/kernel", "sequential/in/dense/bias"]
    assert [w.name for w in model.weights] == ["kernel", "bias"] * 2
    assert [layer.path for layer in model.layers] == ["sequential/dense_1", "sequential/in"]
    model.compile("adam", "mse")
    model.fit(np.ones((2, 4)), np.ones((2, 3)), verbose=0)
    assert [v.path for v in model.optimizer.variables][2:4] == ["adam/sequential_dense_1_kernel_momentum",
                                                                 "adam/sequential_dense_1_kernel_velocity"]
    x = keras.Input((5, 3))
    memory = layers.Bidirectional(layers.LSTM(2))
    memory(x)
    assert memory.weights[0].path == "bidirectional/forward_lstm/lstm_cell/kernel"


def test_variables_of_a_program():
    v = keras.Variable(np.ones, shape=(2, 3), dtype="float32", trainable=False, name="v")
    assert (v.name, v.path, v.shape, v.dtype.name, v.trainable) == ("v", "v", tf.TensorShape((2, 3)), "float32", False)
    with pytest.raises(errors.InvalidArgumentError, match="wants a shape"):
        keras.Variable(np.ones)


@pytest.mark.parametrize(("equation", "sizes", "given", "expected"), [
    ("abc,cde->abde", (None, 2, 3), {}, [-0.619633, 0.46905094, 0.6697392]),
    ("abde,dec->abc", (None, 6), {}, [-0.619633, 0.46905094, 0.6697392]),
    ("abc,cde->abde", (None, 2, 3), {"input_axes": [0, 1], "output_axes": [2]}, [-0.5542166, 0.41953188, 0.59903294]),
])
def test_kernels_of_einsum_dense_begin_with_the_size_of_what_they_sum(equation, sizes, given, expected):
    """Keras 3.15's numbers: inputs are the axes of the kernel that the result has not."""
    layer = layers.EinsumDense(equation, sizes, kernel_initializer=keras.initializers.GlorotUniform(seed=5, **given))
    layer.build((2, 4, 6) if len(sizes) == 3 else (2, 4, 2, 3))
    np.testing.assert_allclose(np.ravel(layer.get_weights()[0])[:3], expected, rtol=1e-5)
