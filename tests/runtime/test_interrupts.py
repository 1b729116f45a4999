"""Ctrl-C in a finalizer or in what a weak reference calls, where Python drops it, ends long work all the same."""
import gc
import signal
import sys
import threading
import weakref

import checks
import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.keras.train_section import Training
from graphengine.runtime import compiler
from graphengine.runtime.cache import ObjectCache
from graphengine.runtime.interrupts import Interrupts


class Thing:
    pass


@pytest.fixture(autouse=True)
def python_hears():
    """Ctrl-C raises also where the tests run in the background, and what is dropped is told to nobody else."""
    before, hook = signal.signal(signal.SIGINT, signal.default_int_handler), sys.unraisablehook
    yield
    assert sys.unraisablehook is hook
    signal.signal(signal.SIGINT, before)


def interrupt_where_it_is_dropped():
    thing = Thing()
    called = []
    reference = weakref.ref(thing, lambda _: called.append(True) or signal.raise_signal(signal.SIGINT))
    del thing
    gc.collect()
    assert called and reference() is None


def test_what_is_dropped_is_raised_between_two_pieces_of_work():
    done = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        for k in range(5):
            if k == 2:
                interrupt_where_it_is_dropped()
            done.append(k)
            interrupts.check()
    assert done == [0, 1, 2]


def test_what_nobody_asked_for_is_raised_at_the_end_unless_something_else_is():
    with pytest.raises(KeyboardInterrupt), Interrupts():
        interrupt_where_it_is_dropped()
    with pytest.raises(ZeroDivisionError), Interrupts():
        interrupt_where_it_is_dropped()
        raise ZeroDivisionError


def test_other_errors_that_are_dropped_are_told_as_before(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: told.append(unraisable.exc_type))
    with Interrupts() as interrupts:
        thing = Thing()
        reference = weakref.ref(thing, lambda _: 1 / 0)
        del thing
        gc.collect()
        interrupts.check()
    assert told == [ZeroDivisionError] and reference() is None
    monkeypatch.undo()


def test_blocks_in_each_other_and_in_other_threads():
    with Interrupts() as outer:
        with pytest.raises(KeyboardInterrupt), Interrupts():
            interrupt_where_it_is_dropped()
        outer.check()
    hook = sys.unraisablehook
    seen = []

    def work():
        with Interrupts() as interrupts:
            seen.append(sys.unraisablehook)
            interrupts.check()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [hook]


@pytest.mark.parametrize("by_batch", [False, True])
def test_a_training_ends_after_the_epoch_or_batch_in_which_it_was_dropped(by_batch):
    x = np.ones((20, 3), "f4")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")

    def tell(k, logs=None):
        if k == 1:
            interrupt_where_it_is_dropped()

    callback = keras.callbacks.LambdaCallback(**{"on_train_batch_end" if by_batch else "on_epoch_end": tell})
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, x[:, 0], batch_size=5, epochs=10, verbose=0, callbacks=[callback])
    assert int(model.optimizer.iterations) == (2 if by_batch else 8)
    assert model.history.epoch == ([] if by_batch else [0, 1])


def test_steps_of_a_session_end_where_it_was_dropped():
    with tf.Graph().as_default(), tf.Session() as session:
        count = tf.Variable(0, name="count")
        step = count.assign_add(1)
        session.run(tf.global_variables_initializer())
        seen = []

        def tell(done):
            if not seen:
                interrupt_where_it_is_dropped()
            seen.append(done)

        with pytest.raises(KeyboardInterrupt):
            session.run_steps(step, steps=10**12, on_progress=tell)
        assert session.variables()["count"] == seen[-1]


def test_a_document_s_training_ends_where_it_was_dropped():
    training = Training.of_file(checks.ROOT / "samples" / "xor.graph.json")
    seen = []

    def tell(progress):
        seen.append(progress.steps)
        interrupt_where_it_is_dropped()

    with pytest.raises(KeyboardInterrupt):
        training.fit(10**6, tell)
    assert len(seen) == 1


def test_numba_is_not_interrupted(monkeypatch):
    """In the middle of its import it would be broken for good."""
    over, make = threading.Event(), compiler.object_code

    def made(kernel):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        found = make(kernel)
        over.set()
        return found

    monkeypatch.setattr(compiler, "object_code", made)
    own = compiler.Compiler(ObjectCache(None))
    with pytest.raises(KeyboardInterrupt):
        own.runner()
    assert over.wait(checks.HANGS_S)
