"""Looking back through a training: what is kept of it, and what the cards show meanwhile."""
from __future__ import annotations

import numpy as np
import pytest

from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.items import Card
from editor.panels import past as module
from editor.panels.past import MOST, Look, Past
from editor.panels.training import TrainingPanel
from editor.run import messages as m
from editor.run.previews import preview
from editor.theme import install


@pytest.fixture(autouse=True)
def look(qapp):
    install(qapp)


def filled(qtbot, count):
    past, seen = Past(), []
    qtbot.addWidget(past)
    past.looked.connect(seen.append)
    for k in range(count):
        past.add(Look(float(k), {}, {}, {}))
    return past, seen


@pytest.mark.parametrize("count", [0, 1, 2, MOST, MOST + 1, 10 * MOST])
def test_the_whole_training_is_kept_in_few_looks(qtbot, count):
    past, seen = filled(qtbot, count)
    epochs = [look.epoch for look in past.looks]
    assert len(epochs) <= MOST and epochs == sorted(set(epochs)) and not seen
    assert not count or (epochs[0], epochs[-1]) == (0, count - 1)
    assert past.isEnabled() == (count > 1) and not past.is_back
    if count > MOST:
        assert max(np.diff(epochs)) <= 4 * count / MOST, "evenly"


def test_looks_that_take_much_memory_are_fewer(qtbot, monkeypatch):
    """Of whatever size: two of them are there."""
    pictures = {("w", k): preview(np.zeros((64, 64), np.float32)) for k in range(3)}
    one = Look(0.0, pictures, {}, {}).bytes
    assert 3 * 64 * 64 < one < 6 * 64 * 64
    for most, expected in ((10 * one, range(5, 11)), (one, range(2, 3))):
        monkeypatch.setattr(module, "MOST_BYTES", most)
        past = Past()
        qtbot.addWidget(past)
        for k in range(50):
            past.add(Look(float(k), pictures, {}, {}))
        epochs = [look.epoch for look in past.looks]
        assert len(epochs) in expected and (epochs[0], epochs[-1]) == (0, 49)


def test_who_looks_back_stays_there(qtbot):
    past, seen = filled(qtbot, MOST)
    past.setValue(40)
    assert [look.epoch for look in seen] == [40] and past.is_back and "40" in past.toolTip()
    for k in range(MOST, MOST + 30):
        past.add(Look(float(k), {}, {}, {}))
    assert past.is_back and past.looks[past.value()].epoch == pytest.approx(40, abs=1) and len(seen) == 1
    past.setValue(past.maximum())
    assert seen[-1].epoch == MOST + 29 and not past.is_back
    past.add(Look(500.0, {}, {}, {}))
    assert not past.is_back and len(seen) == 2
    past.forget()
    assert not past.isEnabled() and not past.looks


def test_a_panel_keeps_what_comes_while_it_trains_and_begins_again_with_the_next_training(qtbot):
    document = GraphDocument([Card("w", "op/variable")])
    panel = TrainingPanel(document, Inference(document))
    qtbot.addWidget(panel)
    shown = preview(np.ones(3, np.float32))

    def values(epoch):
        panel.take(m.TrainingProgress(epoch, 10, int(epoch), 1.0, 1.0, 1.0, 0.1))
        panel.take(m.Gradients({"w": epoch}, {"w": shown}))
        panel.take(m.Values({("w", 0): shown}))

    values(0.0)
    assert not panel.past.looks, "it does not train"
    panel.show_state("training")
    for epoch in (1.0, 2.0, 3.0):
        values(epoch)
    assert [(look.epoch, look.norms["w"]) for look in panel.past.looks] == [(1, 1), (2, 2), (3, 3)]
    panel.past.setValue(0)
    panel.take(m.Started("run"))
    assert not panel.past.is_back
    panel.show_state("paused")
    panel.show_state("training", continues=True)
    assert len(panel.past.looks) == 3
    panel.show_state("idle")
    panel.show_state("training")
    assert not panel.past.looks
    panel.close_down()


def test_the_right_end_is_what_came_last(qtbot):
    """Also after the training; another model has no past, and another training none of the gradients before."""
    document = GraphDocument([Card("w", "op/variable")])
    panel, seen = TrainingPanel(document, Inference(document)), []
    qtbot.addWidget(panel)
    panel.past.looked.connect(seen.append)
    shown = [preview(np.full(3, k, np.float32)) for k in range(5)]

    def values(k):
        panel.take(m.TrainingProgress(float(k), 10, k, 1.0, 1.0, 1.0, 0.1))
        panel.take(m.Values({("w", 0): shown[k]}))

    def at_both_ends():
        del seen[:]
        for place in (0, panel.past.maximum()):
            panel.past.setValue(place)
        return [look.previews["w", 0].mean for look in seen]

    panel.show_state("training")
    panel.take(m.Gradients({"w": 77.0}, {"w": shown[0]}))
    for k in range(3):
        values(k)
    assert at_both_ends() == [0.0, 2.0]
    panel.show_state("paused")
    values(3)
    assert at_both_ends() == [0.0, 3.0] and len(panel.past.looks) == 3
    panel.take(m.Started("run"))
    values(4)
    assert at_both_ends() == [0.0, 4.0] and [bool(look.weights) for look in seen] == [True, False]
    panel.show_state("training", continues=True)
    values(3)
    assert at_both_ends() == [0.0, 3.0] and len(panel.past.looks) == 4
    panel.show_state("idle")
    panel.show_state("training")
    values(0)
    values(1)
    assert panel.past.looks[0].norms == {} and panel.past.isEnabled()
    panel.take(m.Loaded(1, 3, 0.1, forgot=True))
    assert not panel.past.looks and not panel.past.isEnabled()
    panel.close_down()
