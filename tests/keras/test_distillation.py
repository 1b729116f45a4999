"""A student learns from a teacher; values of Keras 3.15 on TensorFlow."""
from __future__ import annotations

import json

import numpy as np
import pytest

from graphengine import keras
from graphengine.keras import distillation, layers

TEACHER = np.array([[2.0, -1.0, 0.5], [0.0, 1.0, 3.0]], np.float32)
STUDENT = np.array([[1.0, 0.0, 0.2], [0.5, 0.5, 1.0]], np.float32)
X = np.sin(np.arange(24)).reshape(8, 3).astype(np.float32)
Y = np.cos(np.arange(16)).reshape(8, 2).astype(np.float32)
BOTH = {"a": TEACHER, "b": TEACHER}, {"a": STUDENT, "b": STUDENT}


@pytest.mark.parametrize("loss, outputs, expected", [
    (distillation.LogitsDistillation(), (TEACHER, STUDENT), 0.9722366333007812),
    (distillation.LogitsDistillation(2.0, keras.losses.KLDivergence()), (TEACHER, STUDENT), 0.38336658477783203),
    (distillation.LogitsDistillation(2.0, "mse"), (TEACHER, STUDENT), 0.2745833396911621),
    (distillation.LogitsDistillation(4.0, {"a": "mse", "b": None}), BOTH, 0.06864583492279053),
    (distillation.FeatureDistillation(), (TEACHER, STUDENT), 1.0983333587646484),
])
def test_losses(loss, outputs, expected):
    loss.validate_outputs(*outputs)
    np.testing.assert_allclose(loss.compute_loss(*outputs), expected, rtol=1e-5)
    again = type(loss).from_config(json.loads(json.dumps(loss.get_config())))
    np.testing.assert_allclose(again.compute_loss(*outputs), expected, rtol=1e-5)


def models():
    symbol = keras.Input((3,))
    hidden = layers.Dense(4, "tanh", kernel_initializer="ones", name="th")(symbol)
    teacher = keras.Model(symbol, layers.Dense(2, kernel_initializer="ones")(hidden))
    tenth, fifth = (keras.initializers.Constant(v) for v in (0.1, 0.2))
    student = keras.Sequential([keras.Input((3,)), layers.Dense(4, kernel_initializer=tenth, name="sh"),
                                layers.Dense(2, kernel_initializer=fifth)])
    return teacher, student


def distiller():
    parts = [distillation.LogitsDistillation(2.0, keras.losses.KLDivergence()),
             distillation.FeatureDistillation("mse", "th", "sh")]
    model = distillation.Distiller(*models(), parts, [1.0, 0.5], student_loss_weight=0.3)
    model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
    return model


def test_training():
    model = distiller()
    before = [w.copy() for w in model.teacher.get_weights()]
    history = model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    wanted = {"distillation_loss": [0.17741, 0.1625059], "loss": [0.2707976, 0.2592173], "mae": [0.6181551, 0.6156316],
              "student_loss": [0.488702, 0.4848771], "total_loss": [0.2707976, 0.2592173]}
    assert {*history} == {*wanted}
    for name, values in wanted.items():
        np.testing.assert_allclose(history[name], values, rtol=2e-5)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.teacher.get_weights(), strict=True))
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    np.testing.assert_allclose([found[k] for k in ("distillation_loss", "loss", "mae", "student_loss")],
                               [0.15143296, 0.25085825, 0.6129154, 0.48285055], rtol=2e-5)
    np.testing.assert_array_equal(model.predict(X, verbose=0), model.student.predict(X, verbose=0))


def test_saved(tmp_path):
    model = distiller()
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "d.keras")
    again = keras.models.load_model(tmp_path / "d.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    for a, b in zip(model.fit(X, Y, verbose=0).history.values(), again.fit(X, Y, verbose=0).history.values(),
                    strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("make, said", [
    (lambda t, s: distillation.Distiller(t, s, None), "no distillation_losses"),
    (lambda t, s: distillation.Distiller(t, "student", distillation.LogitsDistillation()), "no model"),
    (lambda t, s: distillation.Distiller(t, s, [distillation.LogitsDistillation()], [1.0, 2.0]), "2 weights for 1"),
    (lambda t, s: distillation.Distiller(t, s, distillation.LogitsDistillation(), student_loss_weight=2), r"\[0, 1\]"),
    (lambda t, s: distillation.Distiller(t, keras.Sequential([keras.Input((4,)), layers.Dense(2)]),
                                         distillation.LogitsDistillation()), "inputs of the teacher"),
    (lambda t, s: distillation.Distiller(t, s, distillation.FeatureDistillation("mse", "thh", "sh")), "th"),
    (lambda t, s: distillation.LogitsDistillation(0.0), "above 0"),
    (lambda t, s: distillation.LogitsDistillation(loss=[None]), "no loss"),
])
def test_refused(make, said):
    with pytest.raises((ValueError, LookupError), match=said):
        make(*models())


def normalized(x):
    h = layers.BatchNormalization(name="bn")(layers.Dense(3, name="h")(x))
    return layers.Dense(2, name="end")(layers.Dropout(0.5)(h))


def with_normalized_student(losses):
    teacher, student = keras.Input((3,)), keras.Input((3,))
    model = distillation.Distiller(
        keras.Model(teacher, layers.Dense(2)(layers.Dense(3, name="h")(teacher))),
        keras.Model(student, normalized(student)), losses)
    model.compile(keras.optimizers.SGD(0.01), "mse")
    return model


def test_evaluation_changes_nothing_and_a_step_of_training_runs_the_student_once():
    model = with_normalized_student([distillation.FeatureDistillation("mse", "h", "bn")])
    before = [w.copy() for w in model.get_weights()]
    first, second = (model.evaluate(X, Y, verbose=0, return_dict=True) for _ in range(2))
    assert first == second
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    model = with_normalized_student([distillation.FeatureDistillation("mse", "h", "bn")])
    norm, dense = model.student.get_layer("bn"), model.student.get_layer("h")
    mean = np.asarray(dense(X)).mean(0)
    model.train_on_batch(X, Y)
    np.testing.assert_allclose(norm.moving_mean, mean * (1 - norm.momentum), rtol=1e-4, atol=1e-6)


def test_a_layer_of_the_student_alone_is_compared_with_the_outputs_of_the_teacher():
    plain, inner = (distillation.FeatureDistillation("mse", None, n) for n in (None, "half"))
    teacher, student = keras.Input((3,)), keras.Input((3,))
    half = layers.Dense(2, name="half")(student)
    student = keras.Model(student, layers.Dense(2)(half))
    teacher = keras.Model(teacher, layers.Dense(2)(teacher))
    wanted = {plain: student(X), inner: student.get_layer("half")(X)}
    for loss, outputs in wanted.items():
        model = distillation.Distiller(teacher, student, loss, student_loss_weight=0.0)
        model.compile("sgd", "mse")
        found = model.evaluate(X, Y, verbose=0, return_dict=True)["distillation_loss"]
        np.testing.assert_allclose(found, np.mean(np.square(np.asarray(teacher(X)) - np.asarray(outputs))), rtol=1e-5)


def test_what_layers_of_the_student_add_counts_and_weights_of_samples_are_refused():
    symbol = keras.Input((3,))
    made = [layers.Dense(2, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(10.0))
            for _ in range(2)]
    model = distillation.Distiller(*(keras.Model(symbol, layer(symbol)) for layer in made),
                                   distillation.LogitsDistillation())
    model.compile("sgd", "mse")
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    expected = 0.5 * found["student_loss"] + 0.5 * found["distillation_loss"] + 10.0 * 6
    np.testing.assert_allclose([found["loss"], found["total_loss"]], [expected] * 2, rtol=1e-5)
    with pytest.raises(ValueError, match="sample_weight"):
        model.fit(X, Y, sample_weight=np.zeros(8), verbose=0)
