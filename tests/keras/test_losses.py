"""Losses beside their recorded values: saturation, masks and weights, configurations, errors, what is compiled."""
import json

import numpy as np
import pytest

import graphengine as tf
from graphengine import errors, keras
from graphengine.keras import losses
from graphengine.keras.masks import set_mask
from graphengine.ops.language import L

LOGITS = np.array([[90.0, -90.0, 0.0], [0.0, 200.0, 0.0]], "float32")


@pytest.mark.parametrize("loss, y, activation", [
    (losses.SparseCategoricalCrossentropy(), np.array([1, 0]), "softmax"),
    (losses.CategoricalCrossentropy(), np.eye(3, dtype="float32")[[1, 0]], "softmax"),
    (losses.BinaryCrossentropy(), np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]], "float32"), "sigmoid"),
])
def test_saturated_outputs_of_a_graph_keep_their_gradients(loss, y, activation):
    """Probabilities that round to 0 and 1 still tell how wrong they are: the loss goes back to the logits."""
    from_logits = type(loss)(from_logits=True)

    @tf.function
    def both(x):
        p = getattr(keras.activations, activation)(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = loss(y, getattr(keras.activations, activation)(x))
        return value, tape.gradient(value, x), p

    x = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(x)
        expected = from_logits(y, x)
    value, gradient, _ = both(x)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    np.testing.assert_allclose(gradient, tape.gradient(expected, x), rtol=1e-6, atol=1e-7)
    assert float(value) > 20


def test_softmax_along_another_axis_is_not_the_classes():
    @tf.function
    def traced(x):
        return losses.categorical_crossentropy(np.full((2, 3), 1 / 3, "float32"), keras.activations.softmax(x, axis=0))

    p = keras.activations.softmax(LOGITS / 50, axis=0)
    np.testing.assert_allclose(traced(tf.constant(LOGITS / 50)),
                               losses.categorical_crossentropy(np.full((2, 3), 1 / 3, "float32"), p), rtol=1e-5)


def test_certain_probabilities_have_finite_losses():
    y, p = np.eye(2, dtype="float32"), tf.constant(np.eye(2, dtype="float32")[::-1])
    for loss in (losses.BinaryCrossentropy(), losses.CategoricalCrossentropy(), losses.KLDivergence(),
                 losses.Poisson(), losses.BinaryFocalCrossentropy(), losses.CategoricalFocalCrossentropy()):
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = loss(y, p)
        assert np.isfinite(value) and np.isfinite(tape.gradient(value, p)).all()


@pytest.mark.parametrize("reduction", losses.base.REDUCTIONS)
def test_no_samples(reduction):
    value = losses.MeanSquaredError(reduction)(np.zeros((0, 3)), np.zeros((0, 3)))
    assert np.asarray(value).sum() == 0


def masked(values, mask):
    x = tf.constant(np.asarray(values, "float32"))
    set_mask(x, tf.constant(mask))
    return x


def test_mask_of_outputs():
    """Only what the mask keeps counts, in the sum and in the number of values."""
    y, p = np.zeros((2, 3, 1)), masked([[[1.0], [2.0], [9.0]], [[3.0], [9.0], [9.0]]],
                                       [[True, True, False], [True, False, False]])
    assert float(losses.MeanSquaredError()(y, p)) == pytest.approx((1 + 4 + 9) / 3)
    assert float(losses.MeanSquaredError("sum")(y, p)) == pytest.approx(14)
    assert losses.MeanSquaredError(None)(y, p).numpy().tolist() == [[1, 4, 0], [9, 0, 0]]
    by_step = np.array([[1.0, 2.0, 5.0], [3.0, 5.0, 5.0]])
    assert float(losses.MeanSquaredError()(y, p, by_step)) == pytest.approx((1 + 8 + 27) / 3)
    by_sample = np.array([2.0, 1.0])
    assert float(losses.MeanSquaredError()(y, p, by_sample)) == pytest.approx((2 + 8 + 9) / 3)
    assert float(losses.MeanSquaredError("mean_with_sample_weight")(y, p, by_sample)) == pytest.approx(19 / 5)


def test_weights_of_samples_of_sequences(rng):
    y, p, w = rng.normal(size=(4, 5, 2)), rng.normal(size=(4, 5, 2)), rng.uniform(size=4)
    expected = ((y - p) ** 2).mean(-1) * w[:, None]
    np.testing.assert_allclose(losses.MeanSquaredError()(y, p, w), expected.mean(), rtol=1e-5)


def test_ignored_class_has_no_gradient(rng):
    x = tf.constant(rng.normal(size=(3, 4)).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)(np.array([1, -1, 2]), x)
    gradient = tape.gradient(value, x).numpy()
    assert not gradient[1].any() and gradient[0].any()


def test_targets_of_any_integer_type(rng):
    p = rng.dirichlet(np.ones(4), 3).astype("float32")
    found = [float(losses.SparseCategoricalCrossentropy()(np.array([1, 0, 3], t), p))
             for t in ("uint8", "int16", "int32", "int64", "float32")]
    assert max(found) - min(found) < 1e-6


def test_classes_on_another_axis(rng):
    x, y = rng.normal(size=(2, 3, 4)).astype("float32"), rng.integers(0, 3, (2, 4))
    last = losses.sparse_categorical_crossentropy(y, x.transpose(0, 2, 1), from_logits=True)
    np.testing.assert_allclose(losses.sparse_categorical_crossentropy(y, x, from_logits=True, axis=1), last, rtol=1e-6)
    p = np.exp(x)
    last = losses.sparse_categorical_crossentropy(y, p.transpose(0, 2, 1))
    np.testing.assert_allclose(losses.sparse_categorical_crossentropy(y, p, axis=1), last, rtol=1e-6)


class Cubed(losses.Loss):
    def call(self, y_true, y_pred):
        return (y_pred - y_true) ** 3


def test_own_loss():
    """Targets come in the loss's dtype, whatever they were."""
    assert float(Cubed()(np.array([0, 1]), np.array([2.0, 1.0]))) == 4
    assert Cubed("c", "sum").get_config() == {"name": "c", "reduction": "sum"}
    assert Cubed(dtype="float64")(np.zeros(2), np.ones(2)).dtype is tf.float64
    with pytest.raises(errors.InvalidArgumentError, match=r"Loss: it does not define call"):
        losses.Loss()(np.zeros(2), np.zeros(2))


OBJECTS = [getattr(losses, name)() for name in losses.__all__
           if isinstance(getattr(losses, name), type) and name not in ("Loss", "LossFunctionWrapper")]


@pytest.mark.parametrize("loss", [
    *OBJECTS, losses.Huber(0.3, name="mine"), losses.BinaryCrossentropy(True, 0.1, reduction="sum"),
    losses.SparseCategoricalCrossentropy(True, 3), losses.LossFunctionWrapper(losses.huber, delta=0.3),
], ids=lambda loss: loss.name)
def test_configuration_returns(loss):
    config = json.loads(json.dumps(losses.serialize(loss)))
    assert config["module"] == "keras.losses"
    again = losses.deserialize(config)
    assert type(again) is type(loss) and again.get_config() == loss.get_config() and again.name == loss.name


def test_names():
    assert losses.get("mse") is losses.mean_squared_error and losses.get("BCE") is losses.binary_crossentropy
    assert isinstance(losses.get("MeanSquaredError"), losses.MeanSquaredError)
    assert losses.get(None) is None and losses.get(losses.huber) is losses.huber
    assert losses.deserialize("kl_divergence") is losses.kl_divergence


@pytest.mark.parametrize("call, problem", [
    (lambda: losses.get("binary_crossentrpy"), "did you mean 'binary_crossentropy'"),
    (lambda: losses.MeanSquaredError(reduction="median"), "reduction='median'"),
    (lambda: losses.CategoricalGeneralizedCrossEntropy(1.5), r"q=1.5 is outside \(0, 1\)"),
    (lambda: losses.categorical_crossentropy([1, 2], [[0.5, 0.5], [0.5, 0.5]]), "use sparse_categorical_crossentropy"),
    (lambda: losses.sparse_categorical_crossentropy(np.eye(2), np.eye(2)), "use categorical_crossentropy"),
    (lambda: losses.sparse_categorical_crossentropy([0, 2], np.eye(2)), "label 2 is outside 0 to 1, the 2 classes"),
])
def test_errors(call, problem):
    with pytest.raises(errors.InvalidArgumentError, match=problem):
        call()


def kernels(batch):
    """Names of the kernels that give the loss of a softmax and its gradient."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 10])
        y = tf.placeholder(tf.int64, [None])
        value = losses.SparseCategoricalCrossentropy()(y, L.softmax(x))
        feeds = {x: np.zeros((batch, 10), "float32"), y: np.zeros(batch, "int64")}
        return [k.name for k in tf.Session().explain([value, *tf.gradients(value, [x])], feeds).compilation.kernels]


def test_fused_with_its_gradient():
    """Row sums, mean, its factor, gradient; another number of samples compiles nothing new."""
    assert len(kernels(32)) <= 4
    assert kernels(32) == kernels(7)


VECTORS = np.sin(1.0 + 2.3 * np.arange(24)).reshape(6, 4)
VECTORS = (VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)).astype(np.float32)
CLASSES = np.array([0, 1, 0, 2, 1, 0])


@pytest.mark.parametrize("gamma, margin, remove, values, mean, slopes", [
    (80.0, 0.4, True, [169.3811, 293.0394, 288.4319, 0.0, 292.1256, 287.5756], 266.1107482910156,
     [-2.667068, 37.43114, -47.21188, 25.48114, -14.93938, -65.9879, 102.8717, -71.09398]),
    (2.0, 0.25, False, [5.3681, 8.335731, 7.97916, 2.436732, 8.335147, 8.198195], 6.775510311126709,
     [-0.07007971, 0.7606691, -0.9435515, 0.4966624, -0.2776543, -1.46608, 2.231282, -1.50722]),
])
def test_circle(gamma, margin, remove, values, mean, slopes):
    """What Keras 3.15 computes; the fourth vector is alone in its class, and counts only where it is its own pair."""
    found = losses.circle(CLASSES, VECTORS, gamma=gamma, margin=margin, remove_diagonal=remove)
    np.testing.assert_allclose(found, values, rtol=2e-5, atol=1e-5)
    loss, x = losses.Circle(gamma, margin, remove), tf.constant(VECTORS)
    with tf.GradientTape() as tape:
        tape.watch(x)
        whole = loss(CLASSES, x)
    np.testing.assert_allclose(whole, mean, rtol=2e-5)
    np.testing.assert_allclose(tape.gradient(whole, x).numpy().reshape(-1)[:8], slopes, rtol=2e-3, atol=2e-4)
    again = losses.deserialize(losses.serialize(loss))
    np.testing.assert_allclose(again(CLASSES, VECTORS), whole)


def test_circle_of_others():
    found = losses.circle(CLASSES, VECTORS, np.array([0, 1]), VECTORS[:2] * 0.5, gamma=3.0)
    np.testing.assert_allclose(found, [0.0, 0.0, 0.9210554, 0.0, 5.138603, 3.764897], rtol=2e-5, atol=1e-5)
