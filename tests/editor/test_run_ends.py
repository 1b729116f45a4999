"""The process that runs graphs is killed, hangs, is broken off, and ends."""
from __future__ import annotations

import multiprocessing
import os
import pathlib
import signal
import sys
import threading
import time

import numpy as np
import pytest
from talk import SAMPLES, drawn, endless, layers, of

import graphengine as ge
from editor.model.apart import PART, receive, send
from editor.model.files import from_text, open_document, to_text
from editor.model.items import Card, Ref, Wire
from editor.run import messages as m
from editor.run import service as module
from editor.run.inbox import Inbox, Stopped
from editor.run.service import Service
from editor.run.worker import serve


@pytest.fixture
def impatient(monkeypatch):
    """Half a second is enough for somebody who is never going to answer."""
    monkeypatch.setattr("editor.run.process.ANSWER_MS", 500)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_process_that_is_killed_is_replaced(talk, iris):
    endless(iris)
    talk.load(iris)
    talk.send(m.Train("train"))
    talk.wait(m.TrainingProgress, lambda p: p.steps > 1000)
    pid = talk.runner.pid
    os.kill(pid, signal.SIGKILL)
    died = talk.wait(m.Died)
    assert "in a training" in died.text and "killed" in died.text
    talk.wait(m.Loaded)
    assert talk.runner.pid != pid
    assert len(of(talk.finish(m.Run()), m.Values)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_graph_that_cannot_be_loaded_is_not_loaded_for_ever(talk, iris):
    talk.finish(m.Run())
    runner = talk.runner
    runner.restart(reload=False)
    talk.wait(m.Ready)
    os.kill(runner.pid, signal.SIGSTOP)     # so that it dies with the graph, but before it has said that it is there
    runner.send(m.Load(to_text(iris), {}, str(SAMPLES), 50))
    os.kill(runner.pid, signal.SIGKILL)
    talk.wait(m.Died)
    talk.wait(m.Ready)
    assert not [r for r in talk.said if isinstance(r, m.Loaded)]
    replies = talk.finish(m.Run())          # but with the next request
    assert of(replies, m.Loaded) and of(replies, m.Values)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_graph_that_is_loaded_when_it_is_to_stop_is_not_loaded_again(impatient, talk, iris):
    """It may be what takes so long."""
    talk.finish(m.Run())
    os.kill(talk.runner.pid, signal.SIGSTOP)
    talk.send(m.Load(to_text(iris), {}, str(SAMPLES), 50, anew=True))
    talk.send(m.Run())
    talk.send(m.Stop())
    talk.wait(m.Died)
    talk.wait(m.Ready)
    talk.send(m.CheckData(str(SAMPLES), {}))
    talk.wait(m.DataChecked)
    assert not of(talk.said, m.Loaded)
    replies = talk.finish(m.Run())
    assert of(replies, m.Loaded) and of(replies, m.Values)


def test_variables_that_no_memory_holds_are_not_made(talk, iris):
    talk.send(m.Load(to_text(wide(10**12)), {}, ".", 50))
    refused = talk.wait(m.Failed)
    assert refused.what == "load" and refused.card == "wide" and "GB that are free" in refused.text and refused.fix
    again, = of(talk.finish(m.Run()), m.Failed)
    assert refused.text in again.text and again.fix == refused.fix, "it is said why there is nothing to run"
    assert again.card == "wide"
    talk.load(wide(2))
    assert of(talk.finish(m.Run()), m.Values)


def wide(units):
    return drawn(Card("x", "op/placeholder", {"shape": [None, 3]}), Card("wide", "layer/Dense", {"units": units}),
                 Wire("x", 0, "wide", 0))


def test_variables_that_are_made_can_be_broken_off(monkeypatch):
    """The graph is to be sent again then; what the one before learnt is kept for it."""
    line, said = Line(), []
    service = Service(line, said.append)
    service.load(m.Load(to_text(wide(2)), {}, ".", 1))
    learnt = {"wide/kernel": np.full((3, 2), 7.0, np.float32)}
    service.graph.take(learnt)

    def stopped(document):
        assert line.is_interruptible
        raise Stopped

    larger = drawn(*wide(2).items.values(), Card("n", "op/negative"), Wire("wide", 0, "n", 0))
    request = m.Load(to_text(larger), {}, ".", 2)
    with monkeypatch.context() as patch:
        patch.setattr(module, "build", stopped)
        serve(service, request, line, said.append)
    assert said[-1] == m.Finished("load", stopped=True) and service.graph is None
    service.load(request)
    np.testing.assert_equal(service.graph.values()["wide/kernel"], learnt["wide/kernel"])


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_what_was_learned_outlives_the_process(talk, iris):
    talk.finish(m.Train("train"))
    talk.send(m.GetWeights())
    learned = talk.wait(m.Weights).values
    os.kill(talk.runner.pid, signal.SIGKILL)
    talk.wait(m.Loaded)
    talk.send(m.GetWeights())
    np.testing.assert_equal(talk.wait(m.Weights).values, learned)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_process_that_does_not_answer_is_replaced(impatient, talk, iris):
    talk.send(m.Run())
    talk.wait(m.Finished)
    pid = talk.runner.pid
    os.kill(pid, signal.SIGSTOP)
    talk.send(m.Stop())
    assert talk.wait(m.Finished).stopped
    assert "first values" in talk.wait(m.Died).text
    talk.wait(m.Loaded)
    assert talk.runner.pid != pid


class Line:
    """What a service hears, without a process: nobody stops it but the test."""

    wants_stop = is_interruptible = False
    front = None

    def take_now(self, *kinds):
        return None

    def stopped(self):
        self.wants_stop = False

    interruptible = Inbox.interruptible


def test_a_look_that_is_broken_off_leaves_the_training(monkeypatch):
    line, said = Line(), []
    service = Service(line, said.append)
    document = layers()
    endless(document)                       # else it may end before somebody looks
    service.load(m.Load(to_text(document), {}, str(SAMPLES), 1))
    first = service.graph.values()["hidden/kernel"]
    kept = []

    def look(graph, feeds):
        assert line.is_interruptible
        kept.append(bool(of(said, m.Kept)))
        line.wants_stop = True
        raise Stopped

    monkeypatch.setattr(service, "compute", look)
    service.train(m.Train("train"))
    assert of(said, m.Finished)[0].stopped
    assert kept and all(kept) and service.trainer.passed[1] > 0
    assert not np.array_equal(service.graph.values()["hidden/kernel"], first)


def test_a_stop_that_a_callback_swallowed_counts():
    near, _far = multiprocessing.Pipe()
    inbox = Inbox(near)
    with pytest.raises(Stopped), inbox.interruptible():
        inbox.is_interrupted = True             # as the handler says, whose exception went no further
    with pytest.raises(Stopped), inbox.interruptible():
        inbox.is_interrupted = True
        raise OSError("what was broken off failed")
    with pytest.raises(OSError, match="by itself"), inbox.interruptible():
        raise OSError("by itself")
    with inbox.interruptible():
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_endless_loop_is_broken_off(talk, tmp_path):
    with ge.Graph().as_default() as graph:
        x = ge.placeholder(ge.float32, [], name="x")
        ge.while_loop(lambda k: k >= 0.0, lambda k: [ge.sin(k) * 0.0 + x * x], [x], name="forever")
    graph.save(tmp_path / "forever.graph.json")
    talk.load(open_document(tmp_path / "forever.graph.json"))
    talk.send(m.Run())
    talk.wait(m.Started)
    time.sleep(0.5)                                 # most likely it is inside
    pid = talk.runner.pid
    talk.send(m.Stop())
    assert talk.wait(m.Finished).stopped and talk.runner.pid == pid
    talk.load(layers(), anew=True)
    assert len(of(talk.finish(m.Run()), m.Values)) == 1


def test_the_process_ends_with_the_one_that_started_it(tmp_path):
    import subprocess

    program = tmp_path / "parent.py"
    program.write_text(
        "import sys, time\n"
        "from PySide6 import QtCore\n"
        "from editor.run import ProcessRunner\n"
        "if __name__ == '__main__':\n"
        "    app = QtCore.QCoreApplication([])\n"
        "    runner = ProcessRunner()\n"
        "    runner.start()\n"
        "    print(runner.pid, flush=True)\n"
        "    time.sleep(600)\n")
    root = pathlib.Path(__file__).resolve().parents[2]
    parent = subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True, cwd=root,
                              env={**os.environ, "PYTHONPATH": str(root)})
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    for _ in range(1200):                           # a minute
        if not is_alive(pid):
            return
        time.sleep(0.05)
    raise AssertionError("it still runs")


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_process_has_no_qt(talk, iris):
    with open(f"/proc/{talk.runner.pid}/maps") as file:
        assert "QtCore" not in file.read()


def test_texts_go_there_and_back(iris):
    again = from_text(to_text(iris))
    assert again.items[Ref("card", "train")] == iris.card("train")


def test_large_arrays_go_through_a_pipe_whole(qtbot):
    """Beside what comes before and after; what cannot be read back costs nothing but itself."""
    ours, theirs = multiprocessing.Pipe()
    large = {"a": np.arange(3 * PART // 4, dtype=np.float64), "b": np.ones((2, 3), np.float32), "c": np.zeros(0)}
    values = ["before", large, Unreadable(), (large["a"][::2], large["a"].reshape(-1, 8).T), "after"]
    sender = threading.Thread(target=lambda: [send(ours, value) for value in values])
    sender.start()
    assert receive(theirs) == "before"
    np.testing.assert_equal(receive(theirs), large)
    with pytest.raises(ZeroDivisionError):
        receive(theirs)
    np.testing.assert_equal(receive(theirs), values[3])
    assert receive(theirs) == "after"
    sender.join()
    ours.close()
    with pytest.raises(EOFError):
        receive(theirs)


class Unreadable:
    def __reduce__(self):
        return divmod, (1, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_nobody_waits_for_a_process_that_does_not_read(talk, iris):
    """As one that is starting: large variables are on their way to it meanwhile."""
    talk.finish(m.Run())
    kept = m.Kept({"large": np.zeros(16 * PART, np.uint8), "dense/kernel": np.zeros(3)})
    talk.runner._receive(kept)
    talk.runner.restart()
    os.kill(talk.runner.pid, signal.SIGSTOP)
    talk.send(m.Restore(kept.values))
    talk.send(m.Run())
    os.kill(talk.runner.pid, signal.SIGCONT)
    assert talk.wait(m.Values).previews


def test_a_request_that_cannot_be_sent_is_said_and_the_next_one_is_sent(talk, iris):
    talk.load(iris)
    talk.send(m.Run({"x": lambda: 0}))
    assert "could not be sent" in talk.wait(m.Failed).text
    assert len(of(talk.finish(m.Run()), m.Values)) == 1
