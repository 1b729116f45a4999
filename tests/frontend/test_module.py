"""Modules, and checkpoints of what they hold."""
import json

import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import DTypeError, FailedPreconditionError, FileFormatError, InvalidArgumentError, ShapeError


class Dense(tf.Module):
    def __init__(self, inputs, outputs, name=None):
        super().__init__(name)
        self.w = tf.Variable(np.full((inputs, outputs), 0.5, "f4"), name="w")
        self.b = tf.Variable(np.zeros(outputs, "f4"), name="b")

    def __call__(self, x):
        return x @ self.w + self.b


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.layers = [Dense(3, 4), Dense(4, 2)]
        self.parts = {"z": tf.Variable(1.0), "a": tf.Variable(2.0, trainable=False)}
        self.again = self.layers[0]
        self.note = "text"

    @tf.Module.with_name_scope
    def scoped(self):
        return tf.Variable(1.0, name="v").name


def test_variables_are_found():
    net = Net()
    assert [id(v) for v in net.variables] == [id(v) for v in (
        net.parts["a"], net.parts["z"], net.again.b, net.again.w, net.layers[1].b, net.layers[1].w)]
    assert net.non_trainable_variables == (net.parts["a"],)
    assert len(net.trainable_variables) == 5
    assert net.submodules == (net.layers[0], net.layers[1])
    assert (net.name, Dense(1, 1, "own").name) == ("net", "own")
    assert net.scoped() == "net/v:0"
    with pytest.raises(InvalidArgumentError, match="no Python name"):
        Dense(1, 1, "a b")


def test_checkpoint(tmp_path):
    net, step = Net(), tf.Variable(np.int64(3), trainable=False)
    path = tf.train.Checkpoint(net=net, step=step).save(tmp_path / "deep" / "model")
    assert path == tf.train.latest_checkpoint(tmp_path / "deep") == str(tmp_path / "deep" / "model-1")
    assert dict(tf.train.list_variables(path)) == {
        "net/again/b": [4], "net/again/w": [3, 4], "net/layers/1/b": [2], "net/layers/1/w": [4, 2], "net/parts/a": [],
        "net/parts/z": [], "save_counter": [], "step": []}
    other, count = Net(), tf.Variable(np.int64(0))
    for v in other.variables:
        v.assign(v * 0.0)
    status = tf.train.Checkpoint(net=other, step=count).restore(path).assert_consumed()
    assert "step" in status.matched
    assert int(count) == 3
    for v, w in zip(other.variables, net.variables, strict=True):
        np.testing.assert_array_equal(v.numpy(), w.numpy())


def test_partial_matches_are_told(tmp_path):
    path = tf.train.Checkpoint(a=tf.Variable(1.0), b=tf.Variable(2.0)).write(tmp_path / "m")
    a, c = tf.Variable(0.0), tf.Variable(0.0)
    status = tf.train.Checkpoint(a=a, c=c).read(path).expect_partial().assert_nontrivial_match()
    assert float(a) == 1.0
    with pytest.raises(AssertionError, match="nothing for c"):
        status.assert_existing_objects_matched()
    with pytest.raises(AssertionError, match="holds b"):
        status.assert_consumed()
    with pytest.raises(AssertionError, match="shares no variable"):
        tf.train.Checkpoint(d=tf.Variable(0.0)).read(path).assert_nontrivial_match()
    assert tf.train.Checkpoint(a=a).restore(None).matched == []


def test_nothing_changes_unless_all_fits(tmp_path):
    path = tf.train.Checkpoint(a=tf.Variable(1.0), b=tf.Variable([1.0, 2.0])).write(tmp_path / "m")
    a = tf.Variable(0.0)
    with pytest.raises(ShapeError, match="b has shape"):
        tf.train.Checkpoint(a=a, b=tf.Variable([0.0])).read(path)
    with pytest.raises(DTypeError, match="float32"):
        tf.train.Checkpoint(a=a, b=tf.Variable([0, 0])).read(path)
    assert float(a) == 0.0
    with pytest.raises(FileFormatError):
        tf.train.Checkpoint(a=a).read(tmp_path / "nothing")
    with tf.Graph().as_default(), pytest.raises(FailedPreconditionError, match="session"):
        tf.train.Checkpoint(a=tf.Variable(1.0)).write(tmp_path / "n")


class Late(tf.Module):
    """Makes its variables at its first call."""

    def __init__(self):
        super().__init__()
        self.inner = None

    def __call__(self, x):
        if self.inner is None:
            self.inner = [Dense(2, 3)]
            self.factor = tf.Variable(1.0)
        return self.inner[0](x) * self.factor


def test_variables_that_are_made_later_get_their_values_then(tmp_path):
    x = np.ones((1, 2), "f4")
    net = Late()
    net(x)
    net.factor.assign(7.0)
    wanted = net(x).numpy()
    path = tf.train.Checkpoint(net=net).write(tmp_path / "m")
    later = Late()
    status = tf.train.Checkpoint(net=later).read(path)
    assert status.matched == ["save_counter"]
    assert len(status.unused) == 3
    np.testing.assert_array_equal(later(x), wanted)
    assert float(status.assert_consumed() and later.factor) == 7.0
    later.factor.assign(9.0)
    later.other = tf.Variable(1.0)          # once is enough
    assert float(later.factor) == 9.0


def test_a_value_that_does_not_fit_is_an_error_when_its_variable_is_made(tmp_path):
    path = tf.train.Checkpoint(net=Net()).write(tmp_path / "m")
    later = tf.Module()
    checkpoint = tf.train.Checkpoint(net=later)
    checkpoint.read(path)
    with pytest.raises(ShapeError, match="net/again/b has shape"):
        later.again = Dense(1, 1)
    later.again = Dense(1, 1)               # it was told once


def test_root(tmp_path):
    net = Dense(2, 2)
    path = tf.train.Checkpoint(net).write(tmp_path / "m")
    assert [name for name, _ in tf.train.list_variables(path)] == ["b", "save_counter", "w"]


def test_manager(tmp_path):
    v, step = tf.Variable(0.0), tf.Variable(0)
    checkpoint = tf.train.Checkpoint(v=v)
    begun = []
    make = lambda **more: tf.train.CheckpointManager(
        checkpoint, tmp_path / "c", max_to_keep=2, init_fn=lambda: begun.append(1), **more)
    manager = make()
    assert manager.restore_or_initialize() is None
    assert begun == [1]
    paths = []
    for k in range(4):
        v.assign(float(k))
        paths.append(manager.save())
    assert manager.checkpoints == paths[2:] == make().checkpoints
    assert [tf.train.checkpoint_exists(p) for p in paths] == [False, False, True, True]
    v.assign(9.0)
    assert make().restore_or_initialize() == paths[-1]
    assert float(v) == 3.0
    spaced = make(step_counter=step, checkpoint_interval=10)
    assert spaced.save(checkpoint_number=70).endswith("ckpt-70")
    step.assign(9)
    assert spaced.save() is None
    step.assign(10)
    assert spaced.save() is not None


@pytest.mark.parametrize("path", ["../other-1", "{above}/other-1", "other-1", "ckpt-1/../../other-1"])
def test_a_list_of_checkpoints_removes_nothing_else(tmp_path, path):
    folder = tmp_path / "c"
    folder.mkdir()
    for where in (tmp_path, folder):
        (where / "other-1.safetensors").write_text("somebody's")
    listed = json.dumps(path.format(above=tmp_path))
    (folder / "checkpoint").write_text(f"model_checkpoint_path: {listed}\nall_model_checkpoint_paths: {listed}\n")
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=tf.Variable(1.0)), folder, max_to_keep=1)
    manager.save()
    assert len(manager.checkpoints) == 1
    assert all((where / "other-1.safetensors").exists() for where in (tmp_path, folder))
