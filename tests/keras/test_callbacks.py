"""Callbacks: what they do and print against what Keras did, when they are called, what they write."""
import csv
import json
import os
import pathlib
import re
import struct
import threading

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.errors import AttributeValueError, FailedPreconditionError, InvalidArgumentError
from graphengine.keras import callbacks
from graphengine.keras.callbacks.events import EventFile, crc32c

# What Keras 3.15.1 did with the model and data below: histories, final weights, and everything it printed.
RECORDED = json.loads((pathlib.Path(__file__).parent / "callbacks.json").read_text())
X = np.float32([[0, 1], [1, 0], [1, 1], [2, 1], [0, 3], [2, 2], [1, -1], [-1, 0.5]])
Y = np.float32([[1], [2], [2.5], [4.5], [1.5], [4], [1], [-2]])
BATCH, STEPS = 3, 3
TRAININGS = {
    "early": lambda: callbacks.EarlyStopping(
        monitor="loss", min_delta=0.05, patience=2, verbose=1, restore_best_weights=True),
    "early_baseline": lambda: callbacks.EarlyStopping(monitor="loss", baseline=0.01, patience=3, verbose=1),
    "early_max": lambda: callbacks.EarlyStopping(
        monitor="val_loss", mode="max", patience=1, restore_best_weights=True, verbose=1, start_from_epoch=2),
    "plateau": lambda: callbacks.ReduceLROnPlateau(
        monitor="loss", factor=0.5, patience=1, min_delta=0.1, cooldown=1, min_lr=0.02, verbose=1),
    "scheduler": lambda: callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.5 if epoch else lr, verbose=1),
    "scheduler_epoch": lambda: callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)),
}


def model_to_train(optimizer=0.1, **compiled):
    model = keras.Sequential([keras.Input(shape=(2,)), keras.layers.Dense(1, name="d")])
    model.set_weights([np.float32([[0.5], [-0.5]]), np.float32([0.25])])
    chosen = keras.optimizers.SGD(optimizer) if isinstance(optimizer, float) else optimizer
    model.compile(chosen, "mse", **compiled)
    return model


def fit(model, *watching, epochs=2, **how):
    return model.fit(X, Y, **{"batch_size": BATCH, "epochs": epochs, "shuffle": False, "verbose": 0,
                              "callbacks": list(watching), **how})


@pytest.mark.parametrize("name", TRAININGS)
def test_what_keras_did(name, capsys):
    model, expected = model_to_train(), RECORDED[name]
    history = fit(model, TRAININGS[name](), epochs=8, **({"validation_split": 0.25} if name == "early_max" else {}))
    assert capsys.readouterr().out == expected["text"]
    assert history.epoch == expected["epoch"] and list(history.history) == list(expected["history"])
    for key, values in expected["history"].items():
        np.testing.assert_allclose(history.history[key], values, rtol=1e-4, atol=2e-6)
    for weight, values in zip(model.get_weights(), expected["weights"], strict=True):
        np.testing.assert_allclose(weight.ravel(), values, rtol=1e-4, atol=1e-5)


# -------------------------------------------------------------------- who is called, and when

class Recorder(callbacks.Callback):
    """Writes down all calls but those for batches."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append("train begin")

    def on_train_end(self, logs=None):
        self.calls.append(("train end", sorted(logs)))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(("epoch begin", epoch))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(("epoch end", epoch, sorted(logs)))

    def on_test_begin(self, logs=None):
        self.calls.append("test begin")

    def on_test_end(self, logs=None):
        self.calls.append(("test end", sorted(logs)))

    def on_predict_begin(self, logs=None):
        self.calls.append("predict begin")

    def on_predict_end(self, logs=None):
        self.calls.append("predict end")


class BatchRecorder(Recorder):
    """Writes down the calls for batches too."""

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(("train batch begin", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(("train batch end", batch, sorted(logs)))

    def on_test_batch_end(self, batch, logs=None):
        self.calls.append(("test batch end", batch))

    def on_predict_batch_end(self, batch, logs=None):
        self.calls.append(("predict batch end", batch, logs["outputs"].shape))


def test_epochs_are_told():
    seen = Recorder()
    fit(model_to_train(), seen, validation_data=(X, Y))
    epoch = ["test begin", ("test end", ["loss"])]
    assert seen.calls == ["train begin"] + [
        c for k in (0, 1) for c in (("epoch begin", k), *epoch, ("epoch end", k, ["loss", "val_loss"]))
    ] + [("train end", ["loss", "val_loss"])]
    assert not seen.wants_batches and seen.params["epochs"] == 2 and seen.params["steps"] == STEPS


def test_batches_are_told_to_who_asks():
    seen, model = BatchRecorder(), model_to_train()
    plain = fit(model_to_train()).history["loss"]
    assert fit(model, seen).history["loss"] == pytest.approx(plain, rel=1e-6)
    batches = [c for c in seen.calls if "batch" in c[0]]
    assert batches == [c for _ in range(2) for k in range(STEPS)
                       for c in (("train batch begin", k), ("train batch end", k, ["loss"]))]
    seen.calls.clear()
    model.evaluate(X, Y, batch_size=BATCH, verbose=0, callbacks=[seen])
    model.predict(X, batch_size=BATCH, callbacks=[seen])
    assert seen.calls == [
        "test begin", *(("test batch end", k) for k in range(STEPS)), ("test end", ["loss"]), "predict begin",
        ("predict batch end", 0, (3, 1)), ("predict batch end", 1, (3, 1)), ("predict batch end", 2, (2, 1)),
        "predict end"]


@pytest.mark.parametrize("made, wanted", [
    (lambda folder: callbacks.Callback(), ""), (lambda folder: callbacks.History(), ""),
    (lambda folder: callbacks.ProgbarLogger(), ""), (lambda folder: callbacks.EarlyStopping(), ""),
    (lambda folder: callbacks.TerminateOnNaN(), "train"),
    (lambda folder: callbacks.ModelCheckpoint(folder / "m.keras"), ""),
    (lambda folder: callbacks.ModelCheckpoint(folder / "m.keras", save_freq=2), "train"),
    (lambda folder: callbacks.TensorBoard(folder), ""),
    (lambda folder: callbacks.TensorBoard(folder, update_freq="batch"), "train"),
    (lambda folder: callbacks.BackupAndRestore(folder), ""),
    (lambda folder: callbacks.BackupAndRestore(folder, save_freq=5), "train"),
    (lambda folder: callbacks.LambdaCallback(on_epoch_end=print), ""),
    (lambda folder: callbacks.LambdaCallback(on_train_batch_end=print), "train"),
    (lambda folder: callbacks.LambdaCallback(on_test_batch_end=print), "test"),
    (lambda folder: BatchRecorder(), "train test predict"),
])
def test_who_wants_batches(made, wanted, tmp_path):
    watching = callbacks.CallbackList([made(tmp_path)])
    assert [kind for kind in ("train", "test", "predict") if watching.wants(kind)] == wanted.split()
    assert watching.wants_batches == bool(wanted)


def test_list_of_callbacks():
    first, second = Recorder(), callbacks.History()
    nested = callbacks.CallbackList([first, [second]], add_history=True, verbose=0, epochs=1, steps=1)
    assert nested.callbacks == [first, second] and first.params == {"verbose": 0, "epochs": 1, "steps": 1}
    grown = callbacks.CallbackList(first, add_history=True, add_progbar=True, verbose=0, epochs=1, steps=1)
    assert [type(c).__name__ for c in grown.callbacks] == ["Recorder", "History", "ProgbarLogger"]
    given = []
    shared = callbacks.CallbackList([callbacks.LambdaCallback(on_epoch_end=lambda e, logs: logs.update(a=1)),
                                     callbacks.LambdaCallback(on_epoch_end=lambda e, logs: given.append(logs))])
    logs = {"loss": np.float32(0.5)}
    shared.on_epoch_end(0, logs)
    assert given == [{"loss": 0.5, "a": 1}] and type(given[0]["loss"]) is float and logs == {"loss": 0.5}
    shared.on_epoch_end(epoch=1, logs=logs)
    shared.on_train_batch_begin(batch=0)
    assert len(given) == 2
    with pytest.raises(TypeError, match="no argument 'batch'"):
        shared.on_epoch_end(batch=1)


def test_functions_as_callbacks():
    seen = []
    fit(model_to_train(), callbacks.LambdaCallback(
        on_train_begin=lambda logs: seen.append("begin"), on_epoch_end=lambda epoch, logs: seen.append(epoch),
        on_train_end=lambda logs: seen.append("end")))
    assert seen == ["begin", 0, 1, "end"]


def test_history_goes_on():
    model = model_to_train()
    history = fit(model)
    assert model.history is history and history.epoch == [0, 1]
    again = model.fit(X, Y, epochs=4, initial_epoch=2, verbose=0)
    assert again.epoch == [2, 3] and len(again.history["loss"]) == 2


# -------------------------------------------------------------------- progress

def lines(text):
    """What remains to be seen after redrawing, without colors and times."""
    for code in ("\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m", "\b"):
        text = text.replace(code, "")
    return [line.rpartition("\r")[2] for line in text.split("\n")]


def test_progress_of_fit(capsys):
    fit(model_to_train(), verbose=1)
    shown = lines(capsys.readouterr().out)
    assert shown[0] == "Epoch 1/2" and shown[2] == "Epoch 2/2" and shown[4] == ""
    assert shown[1].startswith("3/3 " + "━" * 20) and shown[1].rstrip().endswith(" - loss: 3.6582")
    fit(model_to_train(), verbose=2, validation_data=(X, Y))
    shown = lines(capsys.readouterr().out)
    assert re.fullmatch(r"3/3 - \d+s - \d+\w?s/step - loss: 3.6582 - val_loss: \d.\d{4}", shown[1])
    fit(model_to_train(), epochs=1)
    assert capsys.readouterr().out == ""


def test_progress_of_evaluate_and_predict(capsys):
    model = model_to_train()
    model.evaluate(X, Y, batch_size=BATCH)
    model.predict(X, batch_size=BATCH, verbose=2)
    shown = lines(capsys.readouterr().out)
    assert shown[0].startswith("3/3 ━") and " - loss: " in shown[0] and shown[1].startswith("3/3 - ")
    model.predict(X)
    assert lines(capsys.readouterr().out)[0].startswith("1/1 ━")
    model.predict(X, verbose=0)
    assert capsys.readouterr().out == ""


def test_unknown_number_of_steps(capsys):
    model = model_to_train()
    model.fit(((X, Y) for _ in range(4)), epochs=1, verbose=1)
    shown = lines(capsys.readouterr().out)
    assert shown[-2].startswith("4/4 ━")


class Halves(keras.utils.PyDataset):
    """The data in two batches; remembers what was asked for."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def __len__(self):
        return 2

    def __getitem__(self, index):
        self.asked.append(index)
        return X[4 * index:4 * index + 4], Y[4 * index:4 * index + 4]

    def on_epoch_end(self):
        self.asked.append("end")


def test_data_by_batches():
    data = Halves()
    history = model_to_train().fit(data, epochs=2, shuffle=False, verbose=0)
    assert data.asked == [0, 1, "end", 0, 1, "end"]
    plain = model_to_train().fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], plain.history["loss"], rtol=1e-6)
    keras.utils.set_random_seed(3)
    data.asked.clear()
    model_to_train().fit(data, epochs=12, verbose=0)
    firsts = data.asked[::3]
    assert sorted(set(firsts)) == [0, 1] and sorted(data.asked[:2]) == [0, 1]


# -------------------------------------------------------------------- stopping, averages

def test_training_ends_where_the_loss_does(capsys):
    with np.errstate(all="ignore"):
        history = fit(model_to_train(1e30), callbacks.TerminateOnNaN(), epochs=8)
        assert history.epoch == [0] and not np.isfinite(history.history["loss"][0])
        with pytest.raises(RuntimeError, match="NaN or Inf loss"):
            fit(model_to_train(1e30), callbacks.TerminateOnNaN(raise_error=True))
    assert capsys.readouterr().out == "Batch 1: Invalid loss, terminating training\n"


def test_averages_are_evaluated():
    def averaging():
        return model_to_train(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))

    plain, swapped = averaging(), averaging()
    kept = fit(plain, validation_data=(X, Y))
    found = fit(swapped, callbacks.SwapEMAWeights(), validation_data=(X, Y))
    assert found.history["loss"] == pytest.approx(kept.history["loss"])
    assert found.history["val_loss"] != pytest.approx(kept.history["val_loss"])
    # At the end the weights are the averages, so evaluation gives what the last validation gave.
    assert plain.evaluate(X, Y, verbose=0) == pytest.approx(found.history["val_loss"][-1], rel=1e-5)
    for a, b in zip(plain.get_weights(), swapped.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    by_epoch = averaging()
    fit(by_epoch, callbacks.SwapEMAWeights(swap_on_epoch=True))
    for a, b in zip(plain.get_weights(), by_epoch.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    with pytest.raises(FailedPreconditionError, match="use_ema"):
        fit(model_to_train(), callbacks.SwapEMAWeights())


def test_scaled_losses_train_alike():
    plain, scaled = model_to_train(), model_to_train(keras.optimizers.SGD(0.1, loss_scale_factor=1024.0))
    assert fit(scaled).history["loss"] == pytest.approx(fit(plain).history["loss"], rel=1e-6)


def test_what_is_better_is_known_or_asked():
    history = fit(model_to_train(metrics=["mae"]), callbacks.EarlyStopping(monitor="mae"))
    assert set(history.history) == {"loss", "mae"}
    for name, sign in (("val_accuracy", 1), ("loss", -1), ("val_out_loss", -1), ("auc", 1), ("f1_score", 1),
                       ("mean_absolute_error", -1), ("false_positives", -1), ("true_positives", 1)):
        watching = callbacks.EarlyStopping(monitor=name)
        assert watching._direction() == sign, name
    unknown = callbacks.EarlyStopping(monitor="size")
    unknown.on_epoch_end(0, {"size": 1.0})
    with pytest.raises(InvalidArgumentError, match="mode='max'"):
        unknown.on_epoch_end(1, {"size": 2.0})
    with pytest.warns(UserWarning, match="not available. Available metrics are: loss"):
        callbacks.EarlyStopping().on_epoch_end(0, {"loss": 1.0})
    with pytest.warns(UserWarning, match="fallback to auto"):
        callbacks.EarlyStopping(mode="large")
    with pytest.raises(AttributeValueError):
        callbacks.ReduceLROnPlateau(factor=1.0)


# -------------------------------------------------------------------- files

def test_csv(tmp_path):
    path = tmp_path / "log.csv"
    fit(model_to_train(), callbacks.CSVLogger(path))
    fit(model_to_train(), callbacks.CSVLogger(path, append=True), validation_data=(X, Y))
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == ["epoch", "loss", "val_loss"] and len(rows) == 5
    assert rows[1][::2] == ["0", "NA"] and float(rows[1][1]) == pytest.approx(3.658216, rel=1e-4)
    assert float(rows[4][2]) > 0
    fit(model_to_train(), callbacks.CSVLogger(path, separator=";"), epochs=1)
    assert path.read_text().splitlines()[0] == "epoch;loss;val_loss"


def records(path):
    """The data of each record of an event file, checks compared."""
    def check(data):
        crc = crc32c(data)
        return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF

    found, content = [], path.read_bytes()
    while content:
        (length, check_of_length), content = struct.unpack("<QI", content[:12]), content[12:]
        assert check_of_length == check(struct.pack("<Q", length))
        data, content = content[:length], content[length:]
        assert struct.unpack("<I", content[:4]) == (check(data),)
        found.append(data)
        content = content[4:]
    return found


def test_event_file(tmp_path):
    """Bytes by the definition of protocol buffers: tags, lengths, little-endian numbers."""
    file = EventFile(tmp_path)
    file.scalar("loss", 0.5, 300)
    file.histogram("w", np.arange(4.0), 1, buckets=2)
    other = EventFile(tmp_path)
    other.close()
    file.close()
    (path, _) = sorted(tmp_path.iterdir())
    version, scalar, histogram = (r[9:] for r in records(path))         # after the time
    assert version == b"\x1a\x0dbrain.Event:2"
    assert scalar == b"\x10\xac\x02" + b"\x2a\x0d\x0a\x0b" + b"\x0a\x04loss" + b"\x15" + struct.pack("<f", 0.5)
    numbers = b"".join(bytes([k << 3 | 1]) + struct.pack("<d", v) for k, v in enumerate((0, 3, 4, 6, 14), 1))
    buckets = b"\x32\x10" + struct.pack("<2d", 1.5, 3) + b"\x3a\x10" + struct.pack("<2d", 2, 2)
    assert histogram.endswith(b"\x0a\x01w\x2a" + bytes([len(numbers + buckets)]) + numbers + buckets)


def scalar_record(tag, value, step):
    name = bytes([len(tag)]) + tag.encode()
    content = b"\x0a" + name + b"\x15" + struct.pack("<f", value)
    return b"\x10" + bytes([step]) + b"\x2a" + bytes([len(content) + 2]) + b"\x0a" + bytes([len(content)]) + content


def test_summaries_at_once_and_each_time_a_function_runs(tmp_path):
    writer = tf.summary.create_file_writer(tmp_path)
    assert not tf.summary.scalar("nowhere", 1.0, step=1)

    @tf.function
    def step(x, k):
        tf.summary.scalar("loss", tf.reduce_sum(x), step=k)
        return x * 2

    with writer.as_default(step=7):
        assert tf.summary.scalar("a", tf.constant(1.5))
        assert tf.summary.histogram("h", tf.ones([4]), step=2)
        with tf.summary.record_if(False):
            assert not tf.summary.scalar("b", 2.0)
        for k in range(3):
            step(tf.fill([2], float(k)), tf.constant(k + 1, tf.int64))
    with writer.as_default(), pytest.raises(InvalidArgumentError, match="no step is given"):
        tf.summary.scalar("c", 1.0)
    writer.close()
    (path,) = tmp_path.iterdir()
    _, first, histogram, *others = (r[9:] for r in records(path))
    assert first == scalar_record("a", 1.5, 7) and histogram.startswith(b"\x10\x02\x2a")
    assert others == [scalar_record("loss", 2.0 * k, k + 1) for k in range(3)]


def test_summaries_of_steps_that_a_function_chooses(tmp_path):
    writer, count = tf.summary.create_file_writer(tmp_path), tf.Variable(0, dtype=tf.int64)

    @tf.function
    def step():
        count.assign_add(1)
        with tf.summary.record_if(lambda: tf.equal(count % 2, 0)):
            tf.summary.scalar("n", tf.cast(count, tf.float32), step=count)

    seen = []
    with writer.as_default(step=0):
        for _ in range(4):
            step()
        with tf.summary.record_if(tf.Variable(False)):
            assert not tf.summary.scalar("n", 9.0)
        other = threading.Thread(target=lambda: seen.append(tf.summary.should_record_summaries()))
        other.start()
        other.join()
    writer.close()
    assert seen == [False]
    (path,) = tmp_path.iterdir()
    assert [r[9:] for r in records(path)][1:] == [scalar_record("n", 2.0, 2), scalar_record("n", 4.0, 4)]
    with writer.as_default(step=1), pytest.raises(tf.errors.FailedPreconditionError, match="closed"):
        tf.summary.scalar("n", 1.0)


def test_tensorboard(tmp_path):
    fit(model_to_train(), callbacks.TensorBoard(tmp_path, histogram_freq=1, update_freq=2, write_steps_per_second=True),
        validation_data=(X, Y))
    (train,), (validation,) = (list((tmp_path / part).iterdir()) for part in ("train", "validation"))
    text = b"".join(records(train))
    assert text.count(b"batch_loss") == 2 * STEPS // 2 and text.count(b"histogram") == 4
    for tag in (b"epoch_loss", b"epoch_learning_rate", b"epoch_steps_per_second"):
        assert text.count(tag) == 2
    text = b"".join(records(validation))
    assert text.count(b"epoch_loss") == text.count(b"evaluation_loss_vs_iterations") == 2
    with pytest.raises(InvalidArgumentError, match="profile_batch"):
        callbacks.TensorBoard(tmp_path, profile_batch=2)


def test_names_of_checkpoints(tmp_path):
    for arguments in ({"filepath": "m.zip"}, {"filepath": "m.keras", "save_weights_only": True},
                      {"filepath": "m.keras", "save_freq": "batch"}):
        with pytest.raises(AttributeValueError):
            callbacks.ModelCheckpoint(**arguments)
    with pytest.raises(AttributeValueError, match="empty"):
        callbacks.BackupAndRestore("")
    unknown = callbacks.ModelCheckpoint(os.fspath(tmp_path / "{val_lss}.keras"))
    with pytest.raises(InvalidArgumentError, match="val_lss"):
        unknown.on_epoch_end(0, {"loss": 1.0})


class Kept(keras.Sequential):
    """A model with a way of its own to save weights and the optimizer's state, and a list of the files."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.files = []

    def save(self, path, overwrite=True):
        values = [v.numpy() for v in (*self.weights, *self.optimizer.variables)]
        with open(path, "wb") as file:
            np.savez(file, *values)
        self.files.append(os.path.basename(path))

    save_weights = save

    def load_weights(self, path):
        if not os.path.getsize(path):
            raise OSError(f"{path} is no whole file")
        with np.load(path) as arrays:
            for v, name in zip((*self.weights, *self.optimizer.variables), arrays.files, strict=True):
                v.assign(arrays[name])


def kept_model():
    model = Kept([keras.Input(shape=(2,)), keras.layers.Dense(1)])
    model.set_weights([np.float32([[0.5], [-0.5]]), np.float32([0.25])])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.5), "mse")
    return model


def test_checkpoints_by_epoch(tmp_path, capsys):
    model = kept_model()
    fit(model, callbacks.ModelCheckpoint(tmp_path / "new" / "m-{epoch:02d}-{loss:.1f}.keras", verbose=1))
    assert [name[:4] for name in model.files] == ["m-01", "m-02"]
    assert sorted(os.listdir(tmp_path / "new")) == sorted(model.files)
    path = tmp_path / "new" / model.files[0]
    assert capsys.readouterr().out.startswith(
        f"\nEpoch 1: saving model to {path}\n\nEpoch 1: finished saving model to {path}\n")


def test_checkpoints_of_the_best_epoch(tmp_path, capsys):
    model = kept_model()
    path = tmp_path / "best.weights.h5"
    watching = callbacks.ModelCheckpoint(
        path, monitor="loss", save_best_only=True, save_weights_only=True, verbose=1, initial_value_threshold=2.0)
    watching.set_model(model)
    for epoch, loss in enumerate((3.0, 1.5, 1.75)):
        watching.on_epoch_begin(epoch)
        watching.on_epoch_end(epoch, {"loss": loss})
    assert model.files == [path.name] and watching.best == 1.5
    assert capsys.readouterr().out == (
        "\nEpoch 1: loss did not improve from 2.00000\n"
        f"\nEpoch 2: loss improved from 2.00000 to 1.50000, saving model to {path}\n"
        f"\nEpoch 2: finished saving model to {path}\n"
        "\nEpoch 3: loss did not improve from 1.50000\n")
    with pytest.warns(UserWarning, match="only with loss available"):
        watching.on_epoch_end(3, {})


def test_checkpoints_by_batches(tmp_path):
    model = kept_model()
    fit(model, callbacks.ModelCheckpoint(tmp_path / "{epoch}-{batch}.keras", save_freq=2))
    assert model.files == ["1-2.keras", "2-1.keras", "2-3.keras"]


@pytest.mark.parametrize("double", [False, True])
def test_training_goes_on_where_it_was_broken_off(tmp_path, double):
    straight, broken = kept_model(), kept_model()
    fit(straight, epochs=4)
    folder = tmp_path / "backup"

    def fail(epoch, logs):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(broken, callbacks.BackupAndRestore(folder, double_checkpoint=double),
            callbacks.LambdaCallback(on_epoch_begin=fail), epochs=4)
    assert (folder / "latest.weights.h5").exists()
    if double:                              # the last one was not written to its end: the one before it is used
        (folder / "latest.weights.h5").write_bytes(b"")
    (folder / "other").touch()
    again = kept_model()
    history = fit(again, callbacks.BackupAndRestore(folder), epochs=4)
    assert history.epoch == ([1, 2, 3] if double else [2, 3])
    for a, b in zip(straight.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    assert os.listdir(folder) == ["other"]  # its own files are removed, those of others are not
