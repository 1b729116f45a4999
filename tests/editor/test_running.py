"""What the window knows of the process: when a training goes on and when it begins anew."""
from __future__ import annotations

import dataclasses
import pathlib

import pytest
from talk import Line

from editor import commands
from editor.infer import Inference
from editor.model.document import Change
from editor.model.files import open_document
from editor.model.items import Ref, Setting
from editor.run import messages as m
from editor.running import Running

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture
def running(qapp):
    document = open_document(SAMPLES / "iris.graph.json")
    made = Running(document, Inference(document), lambda: str(SAMPLES), Line())
    made.sentences = []
    made.said.connect(made.sentences.append)
    yield made
    made.close()


def last(running):
    return running.runner.sent[-1]


def test_it_loads_until_the_graph_is_there_or_refused(running):
    say, told = running.runner.say, []
    running.state_changed.connect(lambda: told.append(running.is_loading))
    running.run()
    assert running.is_loading and told and all(told)
    say(m.Loaded(1, 10, 0.1))
    assert not running.is_loading
    for serial, reply in enumerate((m.Failed("load", "too large"), m.Died("ended"), m.Finished("load", True)), 2):
        running.document.do(Change(f"seed {serial}", {Ref("setting", "seed"): None},
                                   {Ref("setting", "seed"): Setting("seed", serial)}))
        running.run()
        assert running.is_loading
        say(m.Loaded(1, 10, 0.1))
        assert running.is_loading, "an earlier one"
        say(reply)
        assert not running.is_loading and told[-1] is False
    del running.runner.sent[:]
    running.run()
    assert [type(request) for request in running.runner.sent] == [m.Load, m.Run], "it was broken off"


def test_cards_that_settle_are_not_run_again(running):
    card = next(running.document.cards)
    moved = Change("", {card.ref: card}, {card.ref: dataclasses.replace(card, y=card.y + 50)})
    running.live = True
    running.document.settle(moved)
    assert not running._is_waiting
    running.document.do(commands.set_attribute(running.document, ["train"], "epochs", 3))
    assert not running._is_waiting, "no value depends on it"
    edit(running)
    assert running._is_waiting


def edit(running, kind="op/exp"):
    """Put a card beside the others, which changes values and no model."""
    running.document.do(commands.add_card(running.document, kind, 0, 900))


def runs(running, qtbot):
    """What was sent after the last edit, once that is settled."""
    qtbot.waitUntil(lambda: not running._quiet.isActive())
    sent = [type(request) for request in running.runner.sent]
    running.runner.sent.clear()
    return sent


def test_an_edit_runs_by_itself(running, qtbot):
    running.live = True
    edit(running)
    edit(running)
    assert runs(running, qtbot) == [m.Load, m.Run] and running.by_itself, "both at once"
    running.run()
    assert not running.by_itself
    running.live = False
    edit(running)
    assert not running._quiet.isActive()


def test_nothing_runs_by_itself_while_it_trains_or_takes_long(running, qtbot):
    running.live, say = True, running.runner.say
    say(m.Started("train"))
    edit(running)
    assert not running._quiet.isActive()
    say(m.Finished("train"), m.Started("run"), m.Values({}, 60.0), m.Finished("run"))
    edit(running)
    assert runs(running, qtbot) == []
    running.run()
    say(m.Started("run"), m.Values({}, 0.1), m.Finished("run"))
    runs(running, qtbot)
    edit(running)
    assert runs(running, qtbot) == [m.Load, m.Run]


def test_nothing_runs_by_itself_that_is_large(running, qtbot):
    running.live = True
    running.document.do(commands.add_card(running.document, "op/placeholder", 0, 900, {"shape": [5000, 5000]}))
    assert runs(running, qtbot) == []
    running.document.undo()
    edit(running)
    assert runs(running, qtbot) == [m.Load, m.Run]


def test_nothing_runs_by_itself_that_would_lose_what_was_learnt(running, qtbot):
    running.live, say = True, running.runner.say
    running.train()
    say(m.Loaded(1, 10, 0.1, holders=("hidden/w",)), m.Started("train"), m.Finished("train"))
    running.runner.sent.clear()
    edit(running)
    assert runs(running, qtbot) == [m.Load, m.Run], "beside the model"
    say(m.Loaded(2, 10, 0.1, holders=("hidden/w",)))
    running.document.do(commands.bypass(running.document, ["hidden/w/initial_value"]))
    assert runs(running, qtbot) == [], "of the model"
    running.document.undo()
    assert runs(running, qtbot) == [m.Run], "the process has it"


def test_train_begins_anew_unless_it_was_held(running):
    say = running.runner.say
    running.train()
    assert last(running) == m.Train("train", fresh=True) and not running.continues
    say(m.Started("train"))
    assert running.training == "training"
    running.pause()
    say(m.Finished("train", stopped=True))
    assert running.paused
    running.train()
    assert last(running) == m.Train("train", fresh=False) and running.continues
    say(m.Started("train"), m.Finished("train"))
    assert running.training == "idle"
    running.train()
    assert last(running).fresh
    say(m.Started("train"))
    running.stop()
    say(m.Finished("train", stopped=True))
    assert running.training == "idle", "Stop is no Pause"


def test_a_step_holds_the_training(running):
    running.step()
    assert last(running) == m.Step("train", fresh=True)
    running.runner.say(m.Started("step"), m.Finished("step"))
    assert running.paused
    running.step()
    assert last(running) == m.Step("train")
    running.restart_weights()
    assert running.training == "idle" and last(running).anew


def test_a_training_that_an_edit_ended_goes_on_unless_the_model_is_another(running):
    say = running.runner.say
    running.train()
    say(m.Started("train"), m.Finished("train", stopped=True))
    assert running.paused
    say(m.Loaded(2, 10, 0.1))
    assert running.paused
    running.train()
    assert running.continues
    say(m.Loaded(3, 10, 0.1, forgot=True))
    assert running.training == "idle" and not running.continues and "begin anew" in running.sentences[-1]


def test_what_is_offered_after_an_edit_is_what_happens(running):
    """A training goes on while the model is the one that learnt, also once an edit is taken back."""
    document, say = running.document, running.runner.say
    holder, other = "hidden/w", "train"
    running.train()
    serial = running.runner.sent[0].serial
    say(m.Loaded(serial, 10, 0.1, holders=(holder,)), m.Started("train"), m.Finished("train", stopped=True))
    heard = []
    running.state_changed.connect(lambda: heard.append(running.shown_state))
    document.do(commands.set_attribute(document, [other], "epochs", 7))
    assert running.paused and heard[-1] == "paused"
    document.do(commands.set_attribute(document, [holder], "trainable", False))
    assert not running.paused and running.training == "paused" and heard[-1] == "idle"
    running.train()
    assert last(running).fresh and not running.continues
    say(m.Loaded(running.runner.sent[-2].serial, 10, 0.1, forgot=True, holders=(holder,)))
    say(m.Started("train"), m.Finished("train", stopped=True))
    assert running.paused
    document.do(commands.delete(document, [Ref("card", holder)]))
    assert running.shown_state == "idle"
    document.undo()
    running.train()
    assert not last(running).fresh and running.continues


def test_what_ends_a_training(running):
    say = running.runner.say
    running.train()
    say(m.Started("train"), m.Failed("train", "the loss is NaN"), m.Finished("train"))
    assert running.training == "idle"
    running.train()
    say(m.Started("train"), m.Died("killed"))
    assert running.paused, "a new process has the values of some seconds before"
    say(m.Failed("train", "no data"), m.Finished("train"))      # before it began
    assert running.paused


def test_a_graph_that_could_not_be_read_is_sent_again(running):
    running.run()
    running.run()
    assert [type(r) for r in running.runner.sent] == [m.Load, m.Run, m.Run]
    running.runner.say(m.Failed("unreadable", "broken"))
    running.run()
    assert [type(r) for r in running.runner.sent[3:]] == [m.Load, m.Run]


def test_only_what_matters_is_sent_again(running):
    running.run()
    card = next(running.document.cards)
    running.document.do(Change("Move", {card.ref: card}, {card.ref: dataclasses.replace(card, x=99.0)}))
    running.run()
    assert [type(r) for r in running.runner.sent] == [m.Load, m.Run, m.Run]


def test_what_keeps_a_loss_from_being_computed_is_named(qapp):
    document = open_document(SAMPLES / "drawn_iris.graph.json")
    made = Running(document, Inference(document), lambda: str(SAMPLES), Line())
    sentences = []
    made.said.connect(sentences.append)
    document.do(commands.disconnect(document, [Ref("wire", ("hidden", 0))]))
    made.train()
    assert sentences == ["hidden: inputs is not connected."] and made.runner.sent == []
    document.undo()
    made.train()
    assert last(made) == m.Train("train", fresh=True)
    made.close()


def test_what_is_asked_for_counts_until_it_has_begun(running):
    """A training is built first, which one can stop; what never begins is over, too."""
    say, told = running.runner.say, []
    running.state_changed.connect(lambda: told.append(running.awaited))
    running.train()
    assert running.awaited == "train" and told[-1] == "train" and not running.busy
    say(m.Started("train"))
    assert running.awaited == "" and running.busy == "train"
    running.compile()
    assert running.awaited == "", "it waits for the training"
    say(m.Finished("train"))
    for end in (m.Finished("idle", stopped=True), m.Died("killed"), m.Failed("unreadable", "torn")):
        running.run()
        assert running.awaited == "run"
        say(end)
        assert running.awaited == "" == told[-1]


def test_values_are_of_now_only_if_the_graph_as_it_is_computed_them(running, qtbot):
    """Values of one run come after an edit was made, and after the edited graph was sent."""
    running.run()
    serial = next(request.serial for request in running.runner.sent if isinstance(request, m.Load))
    old = m.Values({}, 0.1, serial)
    assert running.is_of_now(old)
    edit(running)
    assert not running.is_of_now(old)
    running.ask(m.Inspect(("hidden", 0)))
    sent = next(request.serial for request in reversed(running.runner.sent) if isinstance(request, m.Load))
    assert sent != serial and running.is_current and not running.is_of_now(old)
    assert running.is_of_now(m.Gradients({}, {}, serial=sent))
    assert not running.is_of_now(m.Gradients({}, {}, serial=serial))
    running.document.undo()
    assert running.is_of_now(old), "it computes that again"


def test_only_what_can_change_a_value_runs_by_itself(running, qtbot):
    running.live, document = True, running.document
    running.run()
    running.runner.say(m.Started("run"), m.Finished("run"))
    assert runs(running, qtbot) is not None
    card = next(document.cards)
    document.do(commands.move(document, [card.ref], 12.0, 0.0))
    assert runs(running, qtbot) == [], "a place is no value"
    document.do(commands.set_setting(document, "seed", 5))
    assert runs(running, qtbot) == [m.Load, m.Run], "another seed gives other values"
    running.runner.say(m.Started("run"), m.Finished("run"))
    document.undo()
    assert runs(running, qtbot) == [m.Load, m.Run]
