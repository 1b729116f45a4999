"""A loss that is NaN ends `fit` before it spoils the weights, and says in which step and where it began."""

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.errors import InvalidArgumentError


def model(rate=0.1, loss="mse", **kwargs):
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(rate), loss, **kwargs)
    return made


def data(count=24, bad=None):
    x = np.random.default_rng(3).normal(size=(count, 2)).astype(np.float32)
    y = x.sum(1, keepdims=True)
    if bad is not None:
        x[bad] = np.nan
    return x, y


EVERY_BATCH = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)


@pytest.mark.parametrize("bad, step", [(0, 0), (9, 1), (23, 2)])
@pytest.mark.parametrize("callbacks", [None, [EVERY_BATCH]], ids=["compiled", "by batch"])
@pytest.mark.parametrize("eager", [False, True], ids=["traced", "eager"])
def test_batch_with_nan_is_named_and_changes_nothing(bad, step, callbacks, eager):
    x, y = data(bad=bad)
    spoiled, whole = model(run_eagerly=eager), model(run_eagerly=eager)
    whole.set_weights(spoiled.get_weights())
    with pytest.raises(InvalidArgumentError, match=f"the loss is NaN in step {step} of epoch 1") as caught:
        spoiled.fit(x, y, batch_size=8 if bad < 23 else 10, shuffle=False, verbose=0, callbacks=callbacks)
    assert eager or "the data of the batch holds NaN" in caught.value.problem
    if step:
        whole.fit(x, y, batch_size=8 if bad < 23 else 10, shuffle=False, verbose=0, steps_per_epoch=step)
    for a, b in zip(spoiled.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_first_node_is_named_with_the_users_line():
    """log of a number below 0 gives the first NaN; everything before is finite."""
    def loss(y_true, y_pred):
        return tf.reduce_mean(tf.math.log(y_pred - 1e6) * y_true)      # this line

    with pytest.raises(InvalidArgumentError) as caught:
        model(loss=loss).fit(*data(), epochs=2, verbose=0)
    assert "log(" in caught.value.node and "test_nan_loss.py" in caught.value.at
    assert "this line" in caught.value.at and "in step 0 of epoch 1" in caught.value.problem


def test_infinity_is_followed_back_to_where_it_began():
    """exp overflows; NaN comes of the difference of two infinities only later."""
    def loss(y_true, y_pred):
        grown = tf.exp(y_pred * 0.0 + 100.0)
        return tf.reduce_mean((grown - grown * 2.0) + y_true)

    with pytest.raises(InvalidArgumentError) as caught:
        model(loss=loss).fit(*data(), verbose=0)
    assert "exp(" in caught.value.node


def test_terminate_on_nan_keeps_keras_way():
    found = model().fit(*data(bad=9), batch_size=8, shuffle=False, verbose=0, epochs=3,
                        callbacks=[keras.callbacks.TerminateOnNaN()])
    assert len(found.history["loss"]) == 1 and np.isnan(found.history["loss"][0])


def test_only_fit_refuses():
    x, y = data(bad=0)
    made = model()
    assert np.isnan(made.evaluate(x, y, verbose=0)) and np.isnan(made.train_on_batch(x, y))

