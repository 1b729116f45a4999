"""Monitored sessions and their hooks: what TensorFlow 2.21 does in the same programs, written by hand."""
import logging

import numpy as np
import pytest

import graphengine.compat.v1 as tf
from graphengine.errors import FailedPreconditionError, InvalidArgumentError, OutOfRangeError


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture
def step():
    """A node that counts: each run adds 1 to the global step and 0.5 to `w`."""
    w = tf.get_variable("w", initializer=1.0)
    count = tf.train.create_global_step()
    return tf.group(w.assign_add(0.5), count.assign_add(1))


def value(session, name="w"):
    return float(session.raw_session().run(f"{name}:0"))


class Listening(tf.train.SessionRunHook):
    """Keeps what is called."""

    def __init__(self, fetches=None, feeds=None):
        self.calls, self.args = [], tf.train.SessionRunArgs(fetches, feeds)

    def begin(self):
        self.calls.append("begin")

    def after_create_session(self, session, coord):
        self.calls.append("create")

    def before_run(self, run_context):
        self.calls.append(run_context.original_args.fetches)
        return self.args

    def after_run(self, run_context, run_values):
        self.calls.append(run_values.results)

    def end(self, session):
        self.calls.append("end")


def test_hooks_are_called_around_each_run(step):
    x = tf.placeholder(tf.float32, [])
    hook = Listening([x * 2.0], {x: 3.0})
    silent = Listening()
    with tf.train.MonitoredSession(hooks=[hook, silent]) as session:
        session.run("w:0")
        session.run(step)
    assert hook.calls == ["begin", "create", "w:0", [6.0], step, [6.0], "end"]
    assert silent.calls == ["begin", "create", "w:0", None, step, None, "end"]


def test_two_may_not_feed_the_same(step):
    x = tf.placeholder(tf.float32, [])
    with tf.train.MonitoredSession(hooks=[tf.train.FeedFnHook(lambda: {x: 3.0})]) as session:
        assert session.run(x + 1.0) == 4.0
        with pytest.raises(InvalidArgumentError, match="fed twice"):
            session.run(x, {x: 2.0})


@pytest.mark.parametrize(("settings", "steps"), [({"num_steps": 3}, 3), ({"last_step": 5}, 5)])
def test_stop_at_a_step(step, settings, steps):
    with tf.train.SingularMonitoredSession(hooks=[tf.train.StopAtStepHook(**settings)]) as session:
        count = 0
        while not session.should_stop():
            session.run(step)
            count += 1
        assert count == steps
        assert value(session) == 1.0 + 0.5 * steps
        with pytest.raises(FailedPreconditionError, match="asked to stop"):
            session.run(step)
    assert session.should_stop()
    assert session.graph is None


@pytest.mark.parametrize("settings", [{}, {"num_steps": 1, "last_step": 2}])
def test_when_to_stop_is_told_once(settings):
    with pytest.raises(ValueError, match="num_steps and last_step"):
        tf.train.StopAtStepHook(**settings)


def test_a_counter_is_wanted():
    tf.get_variable("w", [1])
    with pytest.raises(RuntimeError, match="no global step"):
        tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(3)])


def test_the_end_of_the_data_ends_the_block(step):
    numbers = iter(range(2))

    def read():
        for k in numbers:
            return np.float32(k)
        raise OutOfRangeError("the end")

    y = tf.numpy_function(read, [], tf.float32)
    hook, found = Listening(), []
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        while not session.should_stop():
            found.append(session.run(y))
    assert found == [0.0, 1.0]
    assert hook.calls[-1] == "end"


def test_an_error_ends_it_without_end(step):
    hook = Listening()
    with pytest.raises(ZeroDivisionError), tf.train.MonitoredSession(hooks=[hook]) as session:
        session.run(step)
        raise ZeroDivisionError
    assert hook.calls[-1] is None


def test_logging(step, caplog):
    caplog.set_level(logging.INFO, "graphengine")
    w = tf.get_default_graph().get_tensor_by_name("w:0")
    hooks = [tf.train.LoggingTensorHook({"weight": "w:0", "twice": w * 2.0}, every_n_iter=2),
             tf.train.LoggingTensorHook(["w"], at_end=True, formatter=lambda found: f"last {found['w']}")]
    with tf.train.MonitoredSession(hooks=hooks) as session:
        for _ in range(4):
            session.run(step)
    first, second, last = caplog.messages
    assert first == "twice = 2.0, weight = 1.0"
    assert second.startswith("twice = 4.0, weight = 2.0 (0.")
    assert second.endswith(" sec)")
    assert last == "last 3.0"


@pytest.mark.parametrize("settings", [{}, {"every_n_iter": 1, "every_n_secs": 1}, {"every_n_iter": 0}])
def test_when_to_log_is_told_once(settings):
    with pytest.raises(ValueError):
        tf.train.LoggingTensorHook(["w"], **settings)


def test_a_loss_that_is_not_a_number(step, caplog):
    x = tf.placeholder_with_default(1.0, [])
    with pytest.raises(tf.train.NanLossDuringTrainingError, match="NaN loss during training"), \
            tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(x)]) as session:
        session.run(step)
        session.run(step, {x: np.nan})
    with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(x, fail_on_nan_loss=False)]) as session:
        session.run(step, {x: np.nan})
        assert session.should_stop()
    assert caplog.messages == ["Model diverged with loss = NaN."] * 2


class Told(tf.train.CheckpointSaverListener):
    def __init__(self, stops_at=None):
        self.calls, self.stops_at = [], stops_at

    def begin(self):
        self.calls.append("begin")

    def before_save(self, session, global_step_value):
        self.calls.append(f"before {global_step_value}")

    def after_save(self, session, global_step_value):
        self.calls.append(f"after {global_step_value}")
        return global_step_value == self.stops_at

    def end(self, session, global_step_value):
        self.calls.append(f"end {global_step_value}")


def test_checkpoints_at_steps(step, tmp_path):
    told = Told(stops_at=4)
    hook = tf.train.CheckpointSaverHook(tmp_path, save_steps=2, saver=tf.train.Saver(), listeners=[told])
    with tf.train.SingularMonitoredSession(hooks=[hook], checkpoint_dir=tmp_path) as session:
        while not session.should_stop():
            session.run(step)
    assert told.calls == ["begin", *(f"{w} {k}" for k in (0, 2, 4) for w in ("before", "after")), "end 4"]
    assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / "model.ckpt-4")
    with tf.train.SingularMonitoredSession(checkpoint_dir=tmp_path) as session:
        assert value(session) == 3.0
        assert value(session, "global_step") == 4
    last = tf.train.ChiefSessionCreator(checkpoint_filename_with_path=str(tmp_path / "model.ckpt-2"))
    with tf.train.MonitoredSession(last) as session:
        assert session.run("w:0") == 2.0


def test_training_goes_on_where_it_ended(step, tmp_path):
    tf.summary.scalar("weight", tf.get_default_graph().get_tensor_by_name("w:0"))
    for last in (3, 5):
        with tf.train.MonitoredTrainingSession(checkpoint_dir=tmp_path, hooks=[tf.train.StopAtStepHook(last_step=last)],
                                               save_summaries_steps=1, save_checkpoint_steps=10,
                                               log_step_count_steps=1) as session:
            while not session.should_stop():
                session.run(step)
    tf.summary.FileWriterCache.clear()
    assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / "model.ckpt-5")
    assert tf.train.load_variable(tmp_path, "w") == 3.5
    content = b"".join(f.read_bytes() for f in tmp_path.glob("events*"))
    assert content.count(b"\n\x06weight") == 5
    assert content.count(b"global_step/sec") == 3
    with pytest.raises(InvalidArgumentError, match="is_chief"):
        tf.train.MonitoredTrainingSession(is_chief=False)


def test_a_scaffold_says_how_variables_start(step):
    w = tf.global_variables()[0]
    x = tf.placeholder(tf.float32, [])
    unset = tf.get_variable("unset", initializer=0.0)
    count = tf.get_local_variable("count", initializer=7.0)
    scaffold = tf.train.Scaffold(
        init_op=tf.group(w.assign(x), tf.train.get_global_step().initializer), init_feed_dict={x: 9.0},
        init_fn=lambda own, session: unset.load(float(own is scaffold), session))
    with tf.train.MonitoredSession(tf.train.ChiefSessionCreator(scaffold)) as session:
        assert session.run([w, unset, count]) == [9.0, 1.0, 7.0]
    assert tf.get_collection(tf.GraphKeys.SAVERS) == [scaffold.saver]
    other = tf.train.Scaffold(init_op=w.initializer, copy_from_scaffold=scaffold)
    assert other.saver is scaffold.saver
    other = tf.train.Scaffold(init_op=w.initializer)
    with pytest.raises(FailedPreconditionError, match="without a value: global_step, unset"):
        tf.train.MonitoredSession(tf.train.ChiefSessionCreator(other))


def test_functions_of_a_step(step):
    final = tf.train.FinalOpsHook({"w": "w:0"})

    def once(step_context):
        assert step_context.session.run("w:0") == 1.0
        step_context.run_with_hooks(step)
        step_context.request_stop()

    hook = Listening()
    with tf.train.MonitoredSession(hooks=[final, hook]) as session:
        assert session.run_step_fn(lambda step_context: 3) == 3
        with pytest.raises(ValueError, match="step_context"):
            session.run_step_fn(lambda other: 3)
        session.run_step_fn(once)
    assert final.final_ops_values == {"w": 1.5}
    assert hook.calls == ["begin", "create", step, None, "end"]


def test_waiting_for_a_step(step):
    hook = tf.train.GlobalStepWaiterHook(2)
    with tf.train.SingularMonitoredSession(hooks=[hook]) as session:
        for _ in range(2):
            session.raw_session().run(step)
        session.run(step)
        assert value(session, "global_step") == 3


def test_a_timer():
    timer = tf.train.SecondOrStepTimer(every_steps=3)
    assert timer.should_trigger_for_step(0)
    assert timer.update_last_triggered_step(0) == (None, None)
    assert [timer.should_trigger_for_step(k) for k in (0, 2, 3, 4)] == [False, False, True, True]
    assert timer.update_last_triggered_step(4)[1] == 4
    assert timer.last_triggered_step() == 4
    timer.reset()
    assert timer.last_triggered_step() is None
    assert tf.train.SecondOrStepTimer(every_secs=1e6).should_trigger_for_step(1)
    with pytest.raises(ValueError, match="every_secs and every_steps"):
        tf.train.SecondOrStepTimer()


def test_messages_of_a_line(caplog):
    for _ in range(5):
        tf.logging.log_first_n(tf.logging.WARN, "first %d", 2, 3)
        tf.logging.log_every_n(tf.logging.WARN, "every", 2)
        tf.logging.log_if(tf.logging.ERROR, "never", False)
    tf.logging.vlog(tf.logging.ERROR, "v")
    tf.logging.TaskLevelStatusMessage("status")
    tf.logging.flush()
    assert caplog.messages == ["first 3", "every", "first 3", "every", "every", "v", "status"]
