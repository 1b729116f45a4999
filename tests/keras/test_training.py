"""Models as people build and train them: structure, errors, interruptions, callbacks."""
from __future__ import annotations

import os

import checks
import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.errors import InvalidArgumentError, NotFoundError, ShapeError
from graphengine.keras import layers
from graphengine.runtime.compiler import default_compiler
from graphengine.runtime.loop import CompiledLoop


@pytest.fixture
def data(rng):
    x = rng.normal(size=(50, 4)).astype(np.float32)
    return x, (x.sum(1) > 0).astype(np.int32)


def small(**settings):
    model = keras.Sequential([keras.Input(shape=(4,)), layers.Dense(8, activation="relu"),
                              layers.Dense(2, activation="softmax")])
    defaults = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
    model.compile(**{**defaults, **settings})
    return model


def test_three_ways_to_the_same_numbers(data):
    x, y = data
    sequential = small()

    class Subclass(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.out = layers.Dense(8, activation="relu"), layers.Dense(2, activation="softmax")

        def call(self, x):
            return self.out(self.hidden(x))

    inputs = keras.Input(shape=(4,))
    functional = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.Dense(8, activation="relu")(inputs)))
    subclass = Subclass()
    subclass(x[:1])
    losses, start = [], sequential.get_weights()
    for model in (sequential, functional, subclass):
        model.set_weights(start)
        model.compile(optimizer=keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy")
        losses.append(model.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
    np.testing.assert_allclose(losses[2], losses[0], rtol=1e-5)


def test_other_sizes_compile_nothing(data):
    x, y = data
    model = small()
    model.fit(x, y, batch_size=16, epochs=2, verbose=0)
    compiled = default_compiler().counts.compiled
    model.fit(x[:41], y[:41], batch_size=10, epochs=2, verbose=0)
    assert default_compiler().counts.compiled == compiled
    (step,) = [s for (kind, *_), s in model._compiled.steps.items() if kind == "train"]
    # three of them are for the loss that may not be NaN: what is added up beside it has to wait for the check
    assert len(step.concrete.explain(x[:10], y[:10]).kernels) <= 19


def test_an_epoch_is_two_calls_of_loops_that_are_set_up_once(data, monkeypatch):
    x, y = data
    model = small()
    model.fit(x, y, batch_size=16, validation_data=(x, y), verbose=0)
    made, run = [], []
    set_up, run_loop = CompiledLoop.__init__, CompiledLoop.run
    monkeypatch.setattr(CompiledLoop, "__init__", lambda self, *args: (made.append(1), set_up(self, *args))[1])
    monkeypatch.setattr(
        CompiledLoop, "run", lambda self, steps, *args: (run.append(steps), run_loop(self, steps, *args))[1])
    model.fit(x, y, batch_size=16, epochs=5, validation_data=(x, y), verbose=0)
    assert len(made) == 4                   # whole batches and the short one, of training and of validation
    assert run == [3, 1] * 10


def test_steps_per_epoch_go_on_where_the_epoch_before_ended(data):
    x, y = data
    seen = []
    by_batch = [keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))]
    models = []
    for steps, epochs, callbacks in ((3, 4, None), (6, 2, None), (3, 4, by_batch)):     # of 5 batches
        keras.utils.set_random_seed(0)
        model = small()
        model.fit(x, y, batch_size=10, epochs=epochs, steps_per_epoch=steps, verbose=0, callbacks=callbacks)
        models.append(model)
    assert [int(m.optimizer.iterations) for m in models] == [10, 10, 10]
    assert seen == [0, 1, 2, 0, 1, 0, 1, 2, 0, 1]
    for a, b, c in zip(*(m.get_weights() for m in models), strict=True):
        assert np.array_equal(a, b)
        np.testing.assert_allclose(a, c, rtol=1e-5, atol=1e-7)


INTERRUPTED = """
    import numpy as np
    from graphengine import keras
    from graphengine.keras import layers

    x = np.random.default_rng(0).normal(size=(47, 4)).astype("float32")

    def model():
        keras.utils.set_random_seed(0)
        made = keras.Sequential([keras.Input(shape=(4,)), layers.Dense(3, activation="tanh"), layers.Dense(1)])
        made.compile(optimizer=keras.optimizers.SGD(1e-3, momentum=0.5), loss="mse", metrics=["mae"])
        return made

    def train(made, epochs, callbacks=()):
        made.fit(x, x[:, 0], batch_size=10, epochs=epochs, verbose=0, shuffle=False, validation_data=(x, x[:, 1]),
                 callbacks=list(callbacks))

    def tell(epoch, logs):
        if epoch == 2:                      # the training runs, however long it took to begin
            print("ready", flush=True)

    broken, whole = model(), model()
    try:
        train(broken, 10**9, [keras.callbacks.LambdaCallback(on_epoch_end=tell)])
    except KeyboardInterrupt:
        epochs, steps = divmod(int(broken.optimizer.iterations), 5)
        train(whole, epochs)
        for first in range(0, 10 * steps, 10):
            whole.train_on_batch(x[first:first + 10], x[first:first + 10, 0])
        assert all(np.array_equal(a, b) for a, b in zip(broken.get_weights(), whole.get_weights(), strict=True))
        seen = broken.history
        assert epochs - 1 <= len(seen.epoch) <= epochs and seen.epoch == list(range(len(seen.epoch)))
        assert set(map(len, seen.history.values())) == {len(seen.epoch)}
        assert sorted(seen.history) == ["loss", "mae", "val_loss", "val_mae"]
        train(broken, 2)
        print("intact", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="interrupts a process by a signal")
def test_an_interrupt_leaves_the_last_whole_step_and_whole_epochs_in_the_history():
    assert checks.interrupted(INTERRUPTED, 0.3) == ["intact"]


def test_an_interrupt_without_a_history(data):
    def interrupt(epoch, logs):
        raise KeyboardInterrupt

    callbacks = keras.callbacks.CallbackList([keras.callbacks.LambdaCallback(on_epoch_end=interrupt)])
    with pytest.raises(KeyboardInterrupt):
        small().fit(*data, callbacks=callbacks, verbose=0)


def test_a_history_that_was_broken_off_between_its_lists_is_settled():
    class Broken(dict):
        def setdefault(self, name, value):
            if len(self) == 2:
                raise KeyboardInterrupt
            return super().setdefault(name, value)

    history = keras.callbacks.History()
    history.set_model(small())
    history.on_train_begin()
    history.history = Broken()
    with pytest.raises(KeyboardInterrupt):
        history.on_epoch_end(0, {"a": 1.0, "b": 2.0, "c": 3.0})
    history.settle()
    assert (history.epoch, history.history) == ([0], {"a": [1.0], "b": [2.0], "c": [3.0]})


def test_training_learns_and_predict_agrees_with_call(data):
    x, y = data
    keras.utils.set_random_seed(0)
    model = small()
    history = model.fit(x, y, epochs=150, batch_size=8, verbose=0, validation_split=0.2)
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert history.history["accuracy"][-1] > 0.9
    np.testing.assert_allclose(model.predict(x, batch_size=7, verbose=0), model(x).numpy(), rtol=1e-5, atol=1e-6)
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert model.evaluate(x, y, verbose=0, return_dict=True) == {"loss": loss, "accuracy": accuracy}


def test_eager_training_gives_the_same(data):
    x, y = data
    first, second = small(), small(run_eagerly=True)
    second.set_weights(first.get_weights())
    runs = [m.fit(x, y, batch_size=25, epochs=2, shuffle=False, verbose=0).history["loss"] for m in (first, second)]
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-4)


def test_generators_and_sequences(data):
    x, y = data

    def batches():
        while True:
            yield x[:10], y[:10]

    model = small()
    assert len(model.fit(batches(), steps_per_epoch=3, epochs=2, verbose=0).history["loss"]) == 2


def test_custom_train_step(data):
    x, y = data

    class Custom(keras.Model):
        def __init__(self):
            super().__init__()
            self.out = layers.Dense(1)

        def call(self, x):
            return self.out(x)

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self(x, training=True)[:, 0] - tf.cast(y, tf.float32)))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"mine": loss}

    model = Custom()
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    mine = model.fit(x, y, epochs=5, verbose=0).history["mine"]
    assert mine[-1] < mine[0]


def test_frozen_layers_stay(data):
    x, y = data
    model = small()
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(x, y, epochs=2, verbose=0)
    after = model.get_weights()
    assert np.array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (2, 2)


def test_two_inputs_by_name_and_branches(rng):
    a, b = keras.Input(shape=(3,), name="a"), keras.Input(shape=(2,), name="b")
    joined = layers.Concatenate()([layers.Dense(4)(a), b])
    model = keras.Model({"a": a, "b": b}, [layers.Dense(1, name="p")(joined), layers.Dense(2, name="q")(joined * 2.0)])
    model.compile(optimizer="sgd", loss={"p": "mse", "q": "mse"}, loss_weights={"p": 1.0, "q": 0.5})
    x = {"a": rng.normal(size=(20, 3)), "b": rng.normal(size=(20, 2))}
    history = model.fit(x, [np.zeros((20, 1)), np.zeros((20, 2))], epochs=2, verbose=0).history
    assert set(history) == {"loss", "p_loss", "q_loss"}
    with pytest.raises(InvalidArgumentError, match="'b'"):
        model.predict({"a": x["a"]}, verbose=0)


def test_inputs_by_name_and_in_a_list_are_told_apart():
    """A dict's leaves come by sorted keys, a list's as the model has its inputs."""
    b, a = keras.Input((1,), name="b"), keras.Input((1,), name="a")
    model = keras.Model([b, a], b * 10.0 + a)
    model.compile(loss="mae")
    x = {name: np.full((4, 1), value, "f4") for name, value in (("a", 3.0), ("b", 2.0))}
    zeros = np.zeros((4, 1))
    for given in (x, [x["b"], x["a"]], (x["b"], x["a"])):
        assert model(given).numpy().tolist() == model.predict(given, verbose=0).tolist() == [[23.0]] * 4
        assert model.evaluate(given, zeros, batch_size=2, verbose=0) == 23.0


def test_a_model_inside_a_model_and_its_copy():
    inner = keras.Sequential([keras.Input(shape=(3,)), layers.Dense(4, name="inside")])
    inputs = keras.Input(shape=(3,))
    model = keras.Model(inputs, layers.Dense(1)(inner(inputs)))
    assert (model.count_params(), [x.name for x in model.layers][1]) == (21, inner.name)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(copy(np.ones((2, 3))), model(np.ones((2, 3))), rtol=1e-6)


def test_stop_training_and_epochs_seen(data):
    x, y = data

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    model = small()
    history = model.fit(x, y, epochs=10, verbose=0, callbacks=[Stop()])
    assert history.epoch == [0, 1]


@pytest.mark.parametrize(("error", "match", "act"), [
    (ShapeError, "x has 50 samples, y has 49", lambda m, x, y: m.fit(x, y[:-1], verbose=0)),
    (ShapeError, r"shape \(None, 3\); the model takes \(None, 4\)", lambda m, x, y: m.fit(x[:, :3], y, verbose=0)),
    (InvalidArgumentError, "before compile", lambda m, x, y: keras.models.clone_model(m).fit(x, y)),
    (InvalidArgumentError, "(?i)accuracy", lambda m, x, y: m.compile(loss="mse", metrics=["acuracy"])),
    (InvalidArgumentError, "metrics names the output 'wrong'", lambda m, x, y: (
        m.compile(loss="sparse_categorical_crossentropy", metrics={"wrong": ["accuracy"]}), m.fit(x, y, verbose=0))),
    (NotFoundError, "no layer 'dens'", lambda m, x, y: m.get_layer("dens")),
    (ShapeError, "4 weights, 1 were given", lambda m, x, y: m.set_weights([x])),
    (InvalidArgumentError, "label|class|outside", lambda m, x, y: m.fit(x, y + 7, verbose=0)),
])
def test_errors_come_before_anything_is_lost(data, error, match, act):
    model = small()
    before = model.get_weights()
    with pytest.raises(error, match=match):
        act(model, *data)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_who_does_not_say_otherwise_sees_a_bar(data, capsys):
    """As in Keras, also of predictions."""
    x, y = data
    model = small()
    model.predict(x, verbose=0)
    model.evaluate(x, y, verbose=0)
    assert capsys.readouterr().out == ""
    for call in (lambda: model.predict(x), lambda: model.evaluate(x, y), lambda: model.fit(x, y)):
        call()
        assert "2/2" in capsys.readouterr().out
    model.predict(x, verbose=2)
    assert capsys.readouterr().out.startswith("2/2 - 0s - ")


def test_a_subclass_may_be_made_of_symbols():
    """The way of Keras's guide to `train_step`: a class that only trains in another way."""
    class Own(keras.Model):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.tracker = keras.metrics.Mean(name="own")

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self(x, training=True) - y))
            variables = self.trainable_variables
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            self.tracker.update_state(loss)
            return {"own": self.tracker.result()}

        @property
        def metrics(self):
            return [self.tracker]

    class Plain(keras.Model):
        pass

    symbol = keras.Input((3,))
    model = Own(symbol, keras.layers.Dense(1)(symbol))
    model.compile(keras.optimizers.SGD(0.1))
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    found = model.fit(x, x[:, :1], epochs=3, verbose=0).history
    assert list(found) == ["own"] and found["own"][2] < found["own"][0]
    assert model.output_shape == (None, 1) and model.name.startswith("own")
    assert Plain(inputs=symbol, outputs=keras.layers.Dense(2)(symbol)).layers


def test_a_generator_that_runs_out_ends_training():
    rows = [(np.ones((2, 3), "f4"), np.ones((2, 1), "f4"))] * 2
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="ran out of data"):
        history = model.fit(iter(rows), epochs=3, verbose=0)
    assert len(history.history["loss"]) == 1
    with pytest.warns(UserWarning, match="ran out of data"), pytest.raises(InvalidArgumentError, match="no data"):
        model.evaluate(iter([]), verbose=0)
    with pytest.warns(UserWarning, match="ran out of data"), pytest.raises(InvalidArgumentError, match="no data"):
        model.fit(iter([]), verbose=0)
    with pytest.raises(InvalidArgumentError, match="no data"):
        model.evaluate(np.ones((0, 3)), np.ones((0, 1)), verbose=0)


def test_a_model_that_is_called_follows_its_layers():
    norm, drop = layers.BatchNormalization(), layers.Dropout(0.0)
    model = keras.Sequential([keras.Input((3,)), norm, drop])
    x = np.arange(6, dtype="f4").reshape(2, 3)
    model(x, training=True)
    norm.trainable, drop.rate = False, 0.999
    before = norm.moving_mean.numpy()
    assert (model(x, training=True).numpy() == 0).mean() > 0.5
    np.testing.assert_array_equal(norm.moving_mean.numpy(), before)
    norm.trainable, drop.rate = True, 0.0
    model(x, training=True)
    assert (norm.moving_mean.numpy() != before).any()


def test_what_is_trained_may_change_to_and_fro_without_new_traces():
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(3)])
    model = keras.Sequential([inner, layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 3), "f4"), np.ones((4, 1), "f4")
    for trained in [True, False] * 3:
        inner.trainable = trained
        model.train_on_batch(x, y)
        layers.Dense(2).trainable = False       # of nobody's concern here
    assert len(model._compiled.steps) == 2


def sequences(steps, with_targets_of_the_same_length=False):
    """A model for sequences of any length, or of one, and data."""
    keras.utils.set_random_seed(3)
    inputs = keras.Input((steps, 4))
    hidden = layers.GRU(3, return_sequences=True)(inputs)
    if with_targets_of_the_same_length:
        return keras.Model(inputs, layers.Dense(1)(hidden))
    return keras.Model(inputs, layers.Dense(1)(layers.LSTM(3)(hidden)))


@pytest.mark.parametrize("for_each_step", [False, True])
def test_sequences_of_another_length_are_trained_without_a_new_trace_and_as_by_a_model_of_that_length(
        for_each_step, rng):
    lengths = 5, 3, 6
    free = sequences(None, for_each_step)
    free.compile("sgd", "mse", metrics=["mae"])
    for n in lengths:
        x = rng.normal(size=(6, n, 4)).astype("f4")
        y = x.sum(2, keepdims=True) if for_each_step else x.sum((1, 2))
        exact = sequences(n, for_each_step)
        exact.set_weights(free.get_weights())
        exact.compile("sgd", "mse", metrics=["mae"])
        settings = {"batch_size": 3, "verbose": 0, "sample_weight": np.linspace(0.5, 1.5, 6, dtype="f4")}
        for ours, theirs in zip(free.fit(x, y, shuffle=False, **settings).history.values(),
                                exact.fit(x, y, shuffle=False, **settings).history.values(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)
        np.testing.assert_allclose(free.evaluate(x, y, verbose=0), exact.evaluate(x, y, verbose=0), rtol=1e-5)
        np.testing.assert_allclose(free.predict(x, verbose=0), exact.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(free(x), exact(x), rtol=1e-5, atol=1e-6)
    steps = {**free._compiled.steps, **free._prediction_steps}
    assert sorted(key[0] for key in steps) == ["predict", "test", "train"] and len(free._calls) == 1


class AddsToLoss(layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = layers.Dense(2)

    def call(self, x):
        self.add_loss(keras.ops.sum(x))
        return self.inner(x)


def test_losses_that_layers_add_are_those_of_a_call_and_none_of_a_trace():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, AddsToLoss()(inputs))
    assert model.losses == []
    model.compile("sgd", "mse")
    x = np.ones((2, 3), "f4")
    model.fit(x, x[:, :2], verbose=0)
    assert model.losses == []
    model(x)
    assert [float(v) for v in model.losses] == [6.0]


def test_a_list_as_data_is_said_to_mean_several_arrays(data):
    x, y = data
    for given, label in (((x.tolist(), y), "x"), ((x, y.tolist()), "y")):
        with pytest.raises(InvalidArgumentError, match=rf"{label} is a list of numbers(?s:.*)np.array\({label}\)"):
            small().fit(*given, verbose=0)
    with pytest.raises(InvalidArgumentError, match=r"takes 1 input, got a list of 2(?s:.*)np\.array"):
        small().predict([x, x], verbose=0)
