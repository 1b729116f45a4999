"""Looking back through a training: what is kept of it, and what the cards show meanwhile."""
from __future__ import annotations

import numpy as np
import pytest

from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.items import Card
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
