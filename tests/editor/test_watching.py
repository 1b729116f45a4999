"""What only files and runs show of a graph stands on its cards, until it is mended or tried again."""
from __future__ import annotations

import numpy as np
import pytest
from talk import Line

from editor import commands
from editor.infer import Inference
from editor.model.build import whole_source
from editor.model.document import GraphDocument
from editor.model.files import to_text
from editor.model.items import Card, Wire
from editor.run import ProcessRunner, service
from editor.run import messages as m
from editor.run.inbox import Inbox
from editor.run.service import Service
from editor.watching import Watching
from graphengine.tools.watch import rows_of


def drawn():
    return GraphDocument([Card("rows", "data/csv", {"file": "d.csv", "feeds": {"x": ["a"], "b": "b"}}),
                          Card("p", "op/placeholder", {"shape": [None, 1]}), Wire("rows", 1, "p", 0)])


@pytest.fixture
def watching(qapp):
    document = drawn()
    document.is_same = True
    made = Watching(document, Inference(document), lambda: "/folder", Line(), lambda: document.is_same)
    yield made
    made.close()


def said(watching):
    return [(problem.card, problem.text) for problem in watching.inference.problems()]


def test_data_are_looked_at_when_the_process_is_up_and_after_edits_of_them(watching, qtbot):
    watching.runner.received.emit(m.Ready(1, ""))
    qtbot.waitUntil(lambda: len(watching.runner.sent) == 1)
    assert watching.runner.sent[0] == m.CheckData("/folder", {
        "rows": {"file": "d.csv", "feeds": {"x": ["a"], "b": "b"}}})
    document = watching.document
    document.do(commands.set_attribute(document, ["p"], "dtype", "float64"))
    assert not watching._soon.isActive()
    document.do(commands.set_attribute(document, ["rows"], "file", "e.csv"))
    qtbot.waitUntil(lambda: len(watching.runner.sent) == 2)
    assert watching.runner.sent[1].sources["rows"]["file"] == "e.csv"


def test_a_chosen_file_can_be_fed_whole(qapp, tmp_path):
    """Who chooses a file need not type its columns."""
    document = GraphDocument([Card("rows", "data/csv", {"file": "d.csv"})])
    watching = Watching(document, Inference(document), lambda: str(tmp_path), Line(), lambda: True)
    empty = m.DataChecked({"rows": ("no placeholder is fed", "in full")})
    watching.runner.received.emit(empty)
    (problem,) = watching.inference.problems()
    assert problem.fixes == (), "there is no such file"
    (tmp_path / "d.csv").write_text("a,b,kind\n1,2,0\n")
    watching.runner.received.emit(empty)
    (problem,) = watching.inference.problems()
    (fix,) = problem.fixes
    document.do(fix.change(document))
    assert document.card("rows").attributes["feeds"] == {"x": ["a", "b"], "kind": "kind"}
    watching.runner.received.emit(empty)
    assert [problem.fixes for problem in watching.inference.problems()] == [()]
    watching.close()


def test_problems_of_data_are_those_of_the_last_look(watching):
    told = []
    watching.inference.listeners.append(told.append)
    watching.runner.received.emit(m.DataChecked({"rows": ("there is no file 'd.csv'", "in full")}))
    assert said(watching) == [("rows", "there is no file 'd.csv'")] and told == [{"rows"}]
    watching.runner.received.emit(m.DataChecked({"rows": ("there is no file 'd.csv'", "in full")}))
    assert told == [{"rows"}]
    watching.runner.received.emit(m.DataChecked({}))
    assert not said(watching) and watching.inference.problem("rows") is None


def test_what_failed_stands_until_the_next_run_or_edit(watching):
    say, document = watching.runner.received.emit, watching.document
    for reply in (m.Started("run"), m.Failed("run", "it is odd", "p", "mend it"), m.Finished("run")):
        say(reply)
    assert said(watching) == [("p", "it is odd")]
    assert watching.inference.problem("p").detail == "it is odd.\nMend it."
    document.do(commands.move(document, [document.card("p").ref], 12, 0))
    assert said(watching), "a card that is moved is no other graph"
    say(m.Started("run"))
    assert said(watching), "until it is known better"
    say(m.Finished("run"))
    assert not said(watching)
    say(m.Failed("train", "it is odd", "p"))
    document.is_same = False
    document.do(commands.set_attribute(document, ["p"], "dtype", "float64"))
    assert not said(watching)


def test_failures_of_cards_that_are_gone_and_of_questions_are_no_problems(watching):
    say = watching.runner.received.emit
    say(m.Failed("run", "it is odd", "gone"))
    say(m.Failed("run", "it is odd", None))
    say(m.Failed("inspect", "it is odd", "p"))
    assert not said(watching)


def test_data_that_ended_the_process_are_looked_at_again_after_an_edit_alone(watching, qtbot):
    say, document = watching.runner.received.emit, watching.document
    watching.look()
    say(m.Died("ended"))
    say(m.Ready(2, ""))
    assert not watching._soon.isActive()
    document.do(commands.set_attribute(document, ["rows"], "file", "e.csv"))
    qtbot.waitUntil(lambda: len(watching.runner.sent) == 2)
    say(m.DataChecked({}))
    say(m.Died("ended"))
    say(m.Ready(3, ""))
    assert watching._soon.isActive()


def test_a_look_at_data_that_was_broken_off_is_made_again(watching):
    watching.look()
    watching.runner.received.emit(m.Finished("idle", stopped=True))
    assert watching._soon.isActive()


def test_what_failed_before_goes_with_the_process(watching):
    say = watching.runner.received.emit
    for reply in (m.Started("run"), m.Failed("run", "it is odd", "p"), m.Finished("run")):
        say(reply)
    say(m.Started("run"))
    say(m.Died("ended"))
    assert not said(watching)


def test_a_card_that_is_removed_takes_its_problem_along(watching):
    watching.runner.received.emit(m.DataChecked({"rows": ("odd", "odd")}))
    watching.document.do(commands.delete(watching.document, [watching.document.card("rows").ref]))
    assert not said(watching)


# -------------------------------------------------------------------- with the process

@pytest.fixture
def ask(qtbot):
    """Sends requests to a process, and waits for a reply of a kind."""
    runner, replies = ProcessRunner(), []
    runner.received.connect(replies.append)
    runner.start()

    def wait(kind, *requests):
        del replies[:]
        for request in requests:
            runner.send(request)
        qtbot.waitUntil(lambda: any(isinstance(r, kind) for r in replies))
        return next(r for r in replies if isinstance(r, kind))

    wait.replies = replies
    yield wait
    runner.close()


def test_broken_data_are_found_and_files_are_read_again_once_they_change(ask, tmp_path):
    def problem():
        return ask(m.DataChecked, m.CheckData(str(tmp_path), {"rows": whole_source(drawn().card("rows"))})).problems

    assert problem()["rows"][0] == "there is no file 'd.csv'"
    (tmp_path / "d.csv").write_text("a,b\n1,2\n3\n")
    text, detail = problem()["rows"]
    assert text == "the line has 1 cell, the header 2 (line 3)" and detail == f"{text}.\nCorrect the line."
    (tmp_path / "d.csv").write_text("a;b\n1,5;2\n3;4\n")
    assert problem() == {}


def test_rows_of_data_can_be_looked_at(ask, tmp_path):
    (tmp_path / "d.csv").write_text("a,b\n1,2\n3,4\n")
    load = m.Load(to_text(drawn()), {}, str(tmp_path), 1)
    np.testing.assert_array_equal(ask(m.TensorPart, load, m.Inspect(("rows", 1))).values, [[1], [3]])
    np.testing.assert_array_equal(ask(m.TensorPart, m.Inspect(("rows", 0))).values, [2, 4])
    assert ask(m.Failed, m.Inspect(("rows", 7))).text == "rows has no output 7"
    (tmp_path / "d.csv").write_text("a,b\n1,x\n")
    assert "'x' is not a finite number" in ask(m.Failed, m.Inspect(("rows", 1))).text


class Alone:
    """What a service hears, without a process; what may be broken off is known."""

    wants_stop = is_interruptible = False
    front = None
    interruptible = Inbox.interruptible


def test_rows_are_read_once_until_their_file_changes_and_can_be_broken_off(tmp_path, monkeypatch):
    (tmp_path / "d.csv").write_text("a,b\n1,2\n3,4\n")
    said, reads, line = [], [], Alone()
    made = Service(line, said.append)
    made.load(m.Load(to_text(drawn()), {}, str(tmp_path), 1))

    def read(*args):
        reads.append(line.is_interruptible)
        return rows_of(*args)

    monkeypatch.setattr(service, "rows_of", read)
    for index in (None, (0, None), (1, None)):
        made.inspect(m.Inspect(("rows", 1), index))
    made.inspect(m.Inspect(("rows", 0)))
    assert reads == [True] and len(said) == 5
    (tmp_path / "d.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    made.inspect(m.Inspect(("rows", 0)))
    made.check_data(m.CheckData(str(tmp_path), {"rows": whole_source(drawn().card("rows"))}))
    assert reads == [True] * 3
    np.testing.assert_array_equal(said[5].values, [2, 4, 6])


def test_data_without_memory_for_them_are_a_problem_of_their_card(tmp_path, monkeypatch):
    def read(source, folder):
        if source["file"] == "large.csv":
            raise MemoryError("Unable to allocate 800 MiB")
        return rows_of(source, folder)

    said = []
    monkeypatch.setattr(service, "rows_of", read)
    sources = {name: {"file": f"{name}.csv", "feeds": {"x": ["a"]}} for name in ("large", "gone")}
    Service(Alone(), said.append).check_data(m.CheckData(str(tmp_path), sources))
    assert said[0].problems["large"][0] == "the data do not fit into memory"
    assert "800 MiB" in said[0].problems["large"][1] and "gone.csv" in said[0].problems["gone"][0]


def test_a_label_that_fits_no_class_is_told_on_the_card_of_the_loss(ask, tmp_path):
    """By a run and by a training, with both numbers."""
    (tmp_path / "d.csv").write_text("a,b\n" + "1,0\n" * 40 + "1,5\n")
    document = GraphDocument([
        *drawn().items.values(), Card("y", "op/placeholder", {"dtype": "int64", "shape": [None]}),
        Wire("rows", 0, "y", 0), Card("scores", "layer/Dense", {"units": 2}), Wire("p", 0, "scores", 0),
        Card("loss", "loss/SparseCategoricalCrossentropy", {"from_logits": True}),
        Wire("y", 0, "loss", 0), Wire("scores", 0, "loss", 1), Card("sgd", "optimizer/SGD", {"learning_rate": 0.1}),
        Card("train", "train", {"epochs": 1, "batch_size": 64}), Wire("loss", 0, "train", 0),
        Wire("sgd", 0, "train", 1),
    ])
    load = m.Load(to_text(document), {}, str(tmp_path), 1)
    for request in (m.Run(), m.Train("train")):
        ask(m.Finished, load, request)
        (failed,) = (reply for reply in ask.replies if isinstance(reply, m.Failed))
        assert (failed.card, failed.text) == ("loss", "label 5 is outside 0 to 1, the 2 classes")
        assert failed.fix == "have 6 logits a row, or correct the labels"


def test_a_graph_that_fits_no_memory_is_a_problem_of_its_largest_card_until_an_edit(watching):
    watching.runner.say(m.Failed("load", "the variables take 8,000 GB", "p", "make them smaller"),
                        m.Failed("run", "there is no graph to run"), m.Finished("run"))
    assert said(watching) == [("p", "the variables take 8,000 GB")]
    watching.document.is_same = False
    watching.document.do(commands.add_note(watching.document, 0, 0))
    assert said(watching) == []
