"""Metrics beside their recorded values: variables, masks, configurations, names, errors, what is compiled."""
import json

import numpy as np
import pytest

import graphengine as tf
from graphengine import errors, keras
from graphengine.keras import metrics
from graphengine.keras.masks import set_mask


class Largest(metrics.Metric):
    """A program's own metric, with a metric inside."""

    def __init__(self, name="largest", **kwargs):
        super().__init__(name=name, **kwargs)
        self.found = self.add_weight((), "zeros", name="found")
        self.mean = metrics.Mean()

    def update_state(self, y_true, y_pred, sample_weight=None):
        error = tf.abs(y_true - y_pred)
        self.found.assign(tf.maximum(self.found, tf.reduce_max(error)))
        self.mean.update_state(error)

    def result(self):
        return self.found + self.mean.result()


@pytest.mark.parametrize("traced", [False, True])
def test_own_metric(traced):
    metric = Largest()
    step = tf.function(metric) if traced else metric
    zeros = tf.zeros([2])
    assert float(step(zeros, tf.constant([1.0, 3.0]))) == 5
    assert float(step(zeros, tf.constant([1.0, 1.0]))) == 4.5
    assert [v.name for v in metric.variables] == ["found", "total", "count"]
    assert not any(v.trainable for v in metric.variables)
    metric.reset_state()
    assert float(metric.result()) == 0


def test_a_step_of_several_metrics_is_one_program():
    """Updates happen in the order of the program, without a return to Python, whatever the batch's size."""
    found = [metrics.SparseCategoricalAccuracy(), metrics.SparseCategoricalCrossentropy(), metrics.Mean()]
    traced = 0

    @tf.function
    def step(y, p):
        nonlocal traced
        traced += 1
        return [m(y, p) for m in found[:2]] + [found[2](p)]

    y, p = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6]], "float32")
    step(tf.constant(y), tf.constant(p))
    values = step(tf.constant(y[:1]), tf.constant(p[:1]))
    np.testing.assert_allclose(values[0], 3 / 4)
    np.testing.assert_allclose(values[1], -np.log([0.9, 0.2, 0.6, 0.9]).mean(), rtol=1e-6)
    np.testing.assert_allclose(values[2], 0.5, rtol=1e-6)
    assert traced == 1


def test_mask_of_outputs():
    p = tf.constant([[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]])
    set_mask(p, tf.constant([[True, True, False]]))
    assert float(metrics.SparseCategoricalAccuracy()(np.array([[0, 0, 1]]), p)) == 0.5


def test_nothing_counted():
    for metric in (metrics.Mean(), metrics.Precision(), metrics.AUC(), metrics.BinaryAccuracy(), metrics.MeanIoU(2),
                   metrics.F1Score(), metrics.AUC(multi_label=True)):
        assert float(metric.result()) == 0
    assert float(metrics.Mean()(np.zeros((0, 3)))) == 0
    assert float(metrics.Precision()(np.zeros((0, 1)), np.zeros((0, 1)))) == 0


def test_many_batches_add_up(rng):
    """The area under the curve of batches is that of all samples."""
    y, p = rng.integers(0, 2, 60), rng.uniform(size=60).astype("float32")
    whole, parts = metrics.AUC(), metrics.AUC()
    whole.update_state(y, p)
    for k in range(0, 60, 7):
        parts.update_state(y[k:k + 7], p[k:k + 7])
    assert float(whole.result()) == pytest.approx(float(parts.result()))
    above = (p[y == 1][:, None] > p[y == 0]).mean()     # the chance that a positive is above a negative
    assert float(whole.result()) == pytest.approx(above, abs=0.02)


def test_even_and_uneven_thresholds_count_alike(rng):
    """Buckets between even thresholds give what comparing with each gives; outputs on thresholds are not above."""
    y = rng.integers(0, 2, 40).astype("float32")
    p = np.concatenate([np.linspace(0, 1, 5), rng.uniform(size=35)]).astype("float32")
    even, split = metrics.TruePositives([0.0, 0.25, 0.5, 0.75, 1.0]), []
    even.update_state(y, p)
    for limit in even.thresholds:
        split.append(float(metrics.TruePositives(limit)(y, p)))
    assert even.result().numpy().tolist() == split


@pytest.mark.parametrize("name, cls", [
    ("mse", "MeanSquaredError"), ("MAE", "MeanAbsoluteError"), ("AUC", "AUC"), ("auc", "AUC"),
    ("binary_accuracy", "BinaryAccuracy"), ("CategoricalAccuracy", "CategoricalAccuracy"), ("precision", "Precision"),
    ("mean_squared_error", "MeanSquaredError"), ("f1_score", "F1Score"), (metrics.Recall, "Recall"),
])
def test_names(name, cls):
    assert type(metrics.get(name)).__name__ == cls


def test_automatic_names():
    keras.naming.restart_names()
    assert [metrics.Precision().name, metrics.Precision().name, metrics.MeanSquaredError().name] == [
        "precision", "precision_1", "mean_squared_error"]


WITH_ARGUMENTS = {
    "IoU": (3, [0, 2]), "MeanIoU": (3,), "OneHotIoU": (3, [1]), "OneHotMeanIoU": (3,),
    "SensitivityAtSpecificity": (0.5,), "SpecificityAtSensitivity": (0.5,), "PrecisionAtRecall": (0.5,),
    "RecallAtPrecision": (0.5,), "MeanMetricWrapper": (keras.losses.huber,),
}
CLASSES = [n for n in metrics.__all__ if isinstance(getattr(metrics, n), type) and n != "Metric"]


@pytest.mark.parametrize("name", CLASSES)
def test_configuration_returns(name):
    metric = getattr(metrics, name)(*WITH_ARGUMENTS.get(name, ()))
    config = json.loads(json.dumps(metrics.serialize(metric)))
    assert config["module"] == "keras.metrics" and config["class_name"] == name
    again = metrics.deserialize(config)
    assert type(again) is type(metric) and again.get_config() == metric.get_config()


@pytest.mark.parametrize("call, problem", [
    (lambda: metrics.get("precison"), "did you mean 'Precision'"),
    (lambda: metrics.Precision(thresholds=1.5), r"thresholds=1.5 are not all in \[0, 1\]"),
    (lambda: metrics.AUC(curve="LIFT"), "curve='LIFT'"),
    (lambda: metrics.AUC(summation_method="simpson"), "summation_method='simpson'"),
    (lambda: metrics.AUC(num_thresholds=1), "num_thresholds=1 is below 2"),
    (lambda: metrics.AUC(num_labels=3), "num_labels=3 is for multi_label=True"),
    (lambda: metrics.AUC(multi_label=True)([0.0, 1.0], [0.0, 1.0]), "with multi_label they are"),
    (lambda: metrics.Recall(class_id=0)([0, 1], [0.0, 1.0]), "with class_id they are"),
    (lambda: metrics.RecallAtPrecision(2.0), r"precision=2.0 is outside \[0, 1\]"),
    (lambda: metrics.PrecisionAtRecall(0.5, 0), "num_thresholds=0 is not positive"),
    (lambda: metrics.F1Score("mean"), "average='mean'"),
    (lambda: metrics.FBetaScore(beta=0.0), "beta=0.0 is no positive number"),
    (lambda: metrics.F1Score(threshold=1.5), r"threshold=1.5 is outside \(0, 1\]"),
    (lambda: metrics.F1Score()([0.0, 1.0], [0.0, 1.0]), "it takes .batch, classes."),
    (lambda: metrics.R2Score()([0.0, 1.0], [0.0, 1.0]), "it takes .batch, outputs."),
    (lambda: metrics.R2Score("sum"), "class_aggregation='sum'"),
    (lambda: metrics.R2Score(num_regressors=-1), "num_regressors=-1 is negative"),
    (lambda: metrics.IoU(2, [2]), r"target_class_ids=\[2\] are not all in \[0, 2\)"),
    (lambda: metrics.Metric().result(), "it does not define result"),
])
def test_errors(call, problem):
    with pytest.raises(errors.InvalidArgumentError, match=problem):
        call()


# -------------------------------------------------------------------- as `fit` and `evaluate` report them

def _compiled(**settings):
    weights = [np.linspace(-1, 1, 12).reshape(4, 3), np.zeros(3)]
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, settings.pop("activation", None))])
    model.set_weights(weights)
    model.compile(keras.optimizers.SGD(0.01), **settings)
    return model, np.linspace(-1, 1, 80).reshape(20, 4), np.eye(3)[np.arange(20) % 3]


def test_metrics_whose_result_is_a_vector(capsys):
    """Recorded from Keras 3.15."""
    model, x, y = _compiled(activation="softmax", loss="categorical_crossentropy", metrics=[metrics.F1Score()])
    wanted = [0.47058818, 0.0, 0.37499994]
    history = model.fit(x, y, epochs=2, verbose=2, shuffle=False, batch_size=8, validation_data=(x, y)).history
    np.testing.assert_allclose(history["f1_score"], [wanted, wanted], rtol=1e-6)
    assert np.shape(history["val_f1_score"]) == (2, 3)
    assert " - f1_score: 0.2819 - " in capsys.readouterr().out      # their mean
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0)[1], wanted, rtol=1e-6)
    np.testing.assert_allclose(model.train_on_batch(x, y)[1], wanted, rtol=1e-6)
    np.testing.assert_allclose(model.test_on_batch(x, y, return_dict=True)["f1_score"], wanted, rtol=1e-6)


def test_metrics_of_one_name_are_told_apart():
    """Names and numbers recorded from Keras 3.15."""
    model, x, y = _compiled(loss="mse", metrics=["mae", "mae", "mse"], weighted_metrics=["mae", "mae", "mse"])
    found = model.evaluate(x, y, sample_weight=np.linspace(0.1, 2, 20), verbose=0, return_dict=True)
    assert found == pytest.approx({
        "loss": 0.447525, "mae": 0.489528, "mae_1": 0.489528, "mse": 0.403711, "weighted_mae": 0.505675,
        "weighted_mae_1": 0.505675, "weighted_mse": 0.426214}, rel=1e-5)
