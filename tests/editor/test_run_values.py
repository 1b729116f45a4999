"""What the process computes of a graph, and what it answers where it cannot."""
from __future__ import annotations

import operator
import os

import numpy as np
import pytest
from talk import SAMPLES, changed, drawn, endless, of

from editor.model.files import open_document
from editor.model.items import Card, Wire
from editor.run import messages as m


def test_it_says_that_it_is_up(talk):
    ready = talk.wait(m.Ready)
    assert ready.pid == talk.runner.pid != os.getpid() and "thread" in ready.machine


def test_every_sample_runs(talk):
    for path in sorted(SAMPLES.glob("*.graph.json")):
        document = open_document(path)
        loaded = talk.load(document, anew=True)
        replies = talk.finish(m.Run())
        assert not of(replies, m.Failed), path
        (values,) = of(replies, m.Values)
        assert loaded.parameters >= 0
        with_results = {c.id for c in document.cards if c.kind.split("/")[0] in ("op", "layer", "loss", "metric")
                        and c.kind != "op/no_op"}
        assert {card for card, _ in values.previews} == with_results, path
        assert all(p.nans == 0 for p in values.previews.values()), path


def test_previews_are_those_of_the_values(talk, iris):
    (values,) = of(talk.finish(m.Run()), m.Values)
    shown = values.previews["x", 0]
    talk.send(m.Inspect(("x", 0)))
    part = talk.wait(m.TensorPart)
    assert shown.shape == part.whole == part.values.shape == (15, 4)
    assert shown.mean == pytest.approx(part.values.mean()) and shown.std == pytest.approx(part.values.std())


def test_one_card_that_fails_does_not_hide_the_others(talk):
    document = drawn(
        Card("a", "op/placeholder", {"shape": [None]}), Card("b", "op/placeholder", {"shape": [None]}),
        Card("sum", "op/add"), Card("twice", "op/add"), Card("after", "op/exp"),
        Wire("a", 0, "sum", 0), Wire("b", 0, "sum", 1), Wire("a", 0, "twice", 0), Wire("a", 0, "twice", 1),
        Wire("sum", 0, "after", 0))
    talk.load(document)
    replies = talk.finish(m.Run({"a": np.ones(3, np.float32), "b": np.ones(4, np.float32)}))
    (values,) = of(replies, m.Values)
    assert {card for card, _ in values.previews} == {"a", "b", "twice"}
    assert [f.card for f in of(replies, m.Failed)] == ["sum"]


def test_feeds_of_the_request_come_first(talk):
    talk.load(drawn(Card("x", "op/placeholder", {"shape": []}), Card("y", "op/negative"), Wire("x", 0, "y", 0)))
    (values,) = of(talk.finish(m.Run({"x": 4.5})), m.Values)
    assert values.previews["y", 0].mean == -4.5


def test_a_broken_text_and_a_hostile_graph_are_failures(talk, iris):
    talk.send(m.Load("{", {}, str(SAMPLES), 7))
    assert talk.wait(m.Failed).what == "load"
    talk.send(m.Run())
    assert "no graph" in talk.wait(m.Failed).text
    big = drawn(Card("a", "op/fill", {}), Card("b", "op/no_such_op"), Card("c", "op/eye", {"rows": 10**9}))
    talk.load(big)
    talk.send(m.Run())
    talk.wait(m.Finished)
    pid = talk.runner.pid
    talk.load(iris)
    assert len(of(talk.finish(m.Run()), m.Values)) == 1 and talk.runner.pid == pid


def test_what_feeds_a_placeholder_is_what_it_holds_without_a_training_too(talk, tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    document = drawn(
        Card("x", "op/placeholder", {"dtype": "float32", "shape": [None]}),
        Card("half", "op/const", {"value": {"dtype": "float32", "shape": [], "values": [0.5]}}),
        Card("y", "op/multiply"), Card("rows", "data/csv", {"file": "rows.csv", "feeds": {"a": "a", "b": "b"}}),
        Wire("rows", 1, "x", 0), Wire("x", 0, "y", 0), Wire("half", 0, "y", 1))
    talk.load(document, tmp_path)
    replies = talk.finish(m.Run())
    assert not of(replies, m.Failed)
    previews = of(replies, m.Values)[0].previews
    assert (previews["x", 0].minimum, previews["x", 0].maximum, previews["x", 0].shape) == (2, 6, (3,))
    assert (previews["y", 0].minimum, previews["y", 0].maximum) == (1, 3)
    changed(document, "rows", file="")
    talk.load(document, tmp_path)
    (failed,) = of(talk.finish(m.Run()), m.Failed)
    assert "rows names no file" in failed.text and failed.card == "rows"


def test_missing_data_are_said_on_their_card_and_the_rest_runs(talk, iris, tmp_path):
    talk.load(iris, tmp_path)
    replies = talk.finish(m.Run())
    (failed,) = of(replies, m.Failed)
    assert "iris.csv" in failed.text + failed.traceback and failed.card is not None
    assert iris.card(failed.card).kind == "data/csv" and len(of(replies, m.Values)) == 1
    talk.send(m.Train("train"))
    assert talk.wait(m.Failed).card == failed.card


def test_data_are_read_again_when_their_file_has_changed(talk, iris, tmp_path):
    """Edited, gone and back: each run and each training takes what the file holds then."""
    file = tmp_path / "data" / "iris.csv"
    file.parent.mkdir()
    whole = (SAMPLES / "data" / "iris.csv").read_text()
    head, *rows = whole.splitlines(keepends=True)
    file.write_text(whole)
    x = next(card.id for card in iris.cards if card.kind == "op/placeholder")

    def first(replies):
        return of(replies, m.Values)[-1].previews[x, 0].shape[0]

    changed(iris, "train", batch_size=150)
    talk.load(iris, tmp_path)
    assert first(talk.finish(m.Run())) == 105           # train_rows of the sample
    talk.finish(m.Step("train"))
    changed(iris, next(c.id for c in iris.cards if c.kind == "data/csv"), train_rows=20)
    talk.load(iris, tmp_path)
    assert first(talk.finish(m.Run())) == 20
    file.write_text("".join([head, *rows[:30]]))
    assert not of(talk.finish(m.Step("train")), m.Failed)
    file.unlink()
    for _ in range(2):                                  # it is said each time, not once
        assert "iris.csv" in of(talk.finish(m.Run()), m.Failed)[0].text
    file.write_text("".join([head, *rows[:10]]))
    assert "train_rows" in of(talk.finish(m.Run()), m.Failed)[0].text
    assert "train_rows" in of(talk.finish(m.Train("train")), m.Failed)[0].text
    file.write_text(whole)
    assert not of(replies := talk.finish(m.Run()), m.Failed) and first(replies) == 20
    assert not of(talk.finish(m.Step("train")), m.Failed)


class Broken:
    """Pickles, but cannot be read back."""

    def __reduce__(self):
        return operator.truediv, (1, 0)


def test_a_request_that_cannot_be_read_is_answered(talk, iris):
    talk.send(Broken())
    failed = talk.wait(m.Failed)
    assert failed.what == "unreadable" and "ZeroDivisionError" in failed.text
    endless(iris)
    talk.load(iris)
    talk.send(m.Train("train"))
    talk.wait(m.TrainingProgress)
    talk.send(Broken())                                 # also while it trains, and that goes on
    talk.wait(m.Failed)
    talk.wait(m.TrainingProgress)
