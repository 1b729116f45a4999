"""What the process tells about the compiler, and the previews that it makes; and the same asked through the process."""
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from talk import SAMPLES, of

from editor.model.build import build
from editor.model.files import open_document
from editor.run import messages as m
from editor.run.compiled import compiled
from editor.run.graph import RunningGraph
from editor.run.previews import BINS, NO_NUMBER, SIDE, preview
from editor.run.profile import profile
from editor.run.trainer import Pace

NAMES = sorted(p.name for p in SAMPLES.glob("*.graph.json"))


def running(name):
    document = open_document(SAMPLES / name)
    return document, RunningGraph(build(document), {}, str(SAMPLES))


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_has_stages_kernels_and_memory(name):
    document, graph = running(name)
    found = compiled(graph, graph.session, list(graph.outputs.values()), graph.feeds())
    ids = {card.id for card in document.cards}
    assert [found.stages[0].name, found.stages[-1].name] == ["as drawn", "fused"]
    names = [stage.name for stage in found.stages]
    assert len(set(names)) == len(names)
    for stage in found.stages:
        known = {node.id for node in stage.nodes}
        assert all(set(node.cards) <= ids for node in stage.nodes)
        assert all(source in known for node in stage.nodes for source in node.inputs) or len(document.items) == 0
    assert all(set(kernel.cards) <= ids and kernel.source and kernel.title for kernel in found.kernels)
    assert len({kernel.name for kernel in found.kernels}) == len(found.kernels)
    for kernel in found.kernels:
        rows = kernel.source.split("\n")
        assert all(0 <= line < len(rows) and card in ids for line, card in kernel.lines.items())
    groups = {node.group for node in found.stages[-1].nodes} - {""}
    assert groups <= {kernel.name for kernel in found.kernels}
    assert found.arena_bytes >= max((entry.offset + entry.bytes for entry in found.memory), default=0)
    assert "kernel" in found.text


def test_kernels_of_every_stretch_are_framed():
    import graphengine as ge

    with ge.Graph().as_default() as graph:
        x = ge.placeholder(ge.float32, (None,), name="x")
        kept = ge.boolean_mask(ge.exp(x) + 1, x > 0)             # its size is known only when this far is run
        last = ge.exp(kept) * 2
    cards = SimpleNamespace(cards_of=lambda nodes: (), card_of=lambda name: None)
    session = ge.Session(graph)
    found = compiled(cards, session, [last], {"x": np.ones(3, np.float32)})
    of_nodes = {kernel.name for kernel in found.kernels if "copy" not in kernel.title}      # copies come after it
    assert any(name.startswith("1.") for name in of_nodes)           # of the second stretch
    assert {node.group for node in found.stages[-1].nodes} - {""} == of_nodes


def test_kernels_written_by_hand_have_their_text_and_sizes():
    _, graph = running("iris.graph.json")
    found = compiled(graph, graph.session, list(graph.outputs.values()), graph.feeds())
    kernel = [k for k in found.kernels if k.name.endswith("gemm_f32")][-1]
    head, sizes, *text = kernel.source.split("\n")
    assert head == "# gemm_f32 is written by hand: graphengine/codegen/kernels/gemm.py"
    assert sizes.startswith("# sizes: 1, 15, 3, 4, ")
    assert "Products of matrices" in text[1] and any("def kernel(" in line for line in text)


def test_fused_ops_are_one_kernel_with_lines_of_both_cards():
    _, graph = running("iris.graph.json")
    found = compiled(graph, graph.session, list(graph.outputs.values()), graph.feeds())
    together = next(k for k in found.kernels if {"add", "Sigmoid"} <= set(k.cards))
    assert "→ 1 loop" in together.title and {"add", "Sigmoid"} <= set(together.lines.values())
    assert any("library kernel" in k.reason for k in found.kernels)


def test_every_kernel_of_a_training_step_belongs_to_a_card():
    import graphengine as ge

    _, graph = running("digits_cnn.graph.json")
    training = ge.Training(graph.graph, SAMPLES)
    found = compiled(graph, training.session, [training.step], training.first_batch())
    owned = [bool(k.cards) for k in found.kernels]
    assert sum(owned) >= 0.9 * len(owned)


@pytest.mark.parametrize("name", ["digits_cnn.graph.json", "mandelbrot.graph.json"])
def test_times_of_kernels_add_up_to_those_of_cards(name):
    _, graph = running(name)
    found = profile(graph, graph.session, list(graph.outputs.values()), graph.feeds())
    assert found.total_s == pytest.approx(sum(row.seconds for row in found.rows)) and found.total_s > 0
    assert sum(found.cards.values()) == pytest.approx(sum(row.seconds for row in found.rows if row.cards))
    assert all(0 <= row.bandwidth_share <= 1 and row.bytes >= 0 for row in found.rows)


# -------------------------------------------------------------------- previews

@pytest.mark.parametrize("array", [
    np.float32(3.5), np.zeros((0, 4)), np.arange(12).reshape(3, 4), np.array([True, False, True]),
    np.array([1.0, np.nan, np.inf, -np.inf, 2.0]), np.full(3, np.nan), np.array([1e308, -1e308]),
    np.random.default_rng(0).normal(size=(300, 500)), np.random.default_rng(0).random((20, 8, 8, 3)),
    np.array([1 + 1j, 2]), np.array([2**63 - 1, -(2**63)]), np.ones((2, 1, 1, 1, 2)),
], ids=lambda a: f"{a.dtype}-{a.shape}")
def test_previews_say_what_numpy_says(array):
    found = preview(array)
    assert (found.dtype, found.shape, found.bytes) == (array.dtype.name, array.shape, array.nbytes)
    numbers = np.abs(array) if array.dtype.kind == "c" else np.asarray(array, np.float64)
    finite = numbers[np.isfinite(numbers)]
    assert found.nans == np.isnan(numbers).sum() and found.infs == np.isinf(numbers).sum()
    if not finite.size:
        assert found.minimum is found.mean is None and found.histogram == ()
        return
    assert (found.minimum, found.maximum) == (finite.min(), finite.max())
    assert len(found.histogram) == BINS and sum(found.histogram) == finite.size
    if finite.max() / 2 - finite.min() / 2 < 1e307:
        assert found.mean == pytest.approx(finite.mean()) and found.std == pytest.approx(finite.std())
        if finite.min() < finite.max():
            assert found.histogram == tuple(np.histogram(finite, BINS, (finite.min(), finite.max()))[0])


def test_narrow_floats_have_previews():
    import ml_dtypes

    found = preview(np.array([1, 2], ml_dtypes.bfloat16))
    assert (found.dtype, found.mean) == ("bfloat16", 1.5)


@pytest.mark.parametrize(("shape", "wanted"), [
    ((), None), ((5,), None), ((3, 4), (3, 4)), ((1000, 30), (125, 30)), ((1, 1), None), ((0, 3), None),
    ((9, 28, 28, 1), (84, 84)), ((64, 64, 3), (64, 64, 3)), ((4, 16, 16, 3), (32, 32, 3)), ((2, 2, 2, 2, 2), None),
    ((5, 8, 8), (16, 24)),
])
def test_pictures(shape, wanted, rng):
    found = preview(rng.random(shape)).thumbnail
    assert (None if found is None else found.shape) == wanted
    if found is not None:
        assert found.dtype == np.uint8 and max(found.shape[:2]) <= SIDE


def test_a_picture_is_dark_where_numbers_are_small_and_red_where_none_are():
    assert preview(np.array([[0.0, 1.0], [2.0, 0.5]])).thumbnail.tolist() == [[0, 128], [255, 64]]
    red, gray = list(NO_NUMBER), lambda v: [v, v, v]
    assert preview(np.array([[0.0, 1.0], [2.0, np.nan]])).thumbnail.tolist() == [[gray(0), gray(128)], [gray(255), red]]
    assert (preview(np.full((2, 2), np.inf)).thumbnail == red).all()
    padded = preview(np.ones((3, 4, 4, 1))).thumbnail           # three pictures on four places
    assert padded.shape == (8, 8)


def test_what_is_slow_is_done_rarely():
    pace = Pace(least_s=3600)
    assert pace.is_due
    with pace.taking():
        pass
    assert not pace.is_due


def test_the_first_time_compiles_and_does_not_count(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("editor.run.trainer.time", SimpleNamespace(monotonic=lambda: now[0]))
    pace, waits = Pace(least_s=0.1), []
    for _ in range(4):
        with pace.taking():
            now[0] += 2.0                   # what it takes
        begin = now[0]
        while not pace.is_due:
            now[0] += 0.05
        waits.append(now[0] - begin)
    assert waits[0] == pytest.approx(0.1, abs=0.06) and waits[1:] == pytest.approx([2.1, 6.2, 8.0], abs=0.1)


# -------------------------------------------------------------------- asked through the process

@pytest.mark.parametrize("training", [None, "train"])
def test_the_compiler_and_the_profile_answer(talk, iris, training):
    replies = talk.finish(m.Compile(training))
    (found,) = of(replies, m.Compiled)
    assert {stage.name for stage in found.stages} >= {"as drawn", "fused"} and found.kernels
    replies = talk.finish(m.MeasureProfile(training))
    (times,) = of(replies, m.ProfileResult)
    assert {row.kernel for row in times.rows} <= {k.name for k in found.kernels} and times.cards


def test_boundary_of_two_columns(talk):
    talk.load(open_document(SAMPLES / "xor.graph.json"))
    talk.finish(m.Train("train"))
    talk.send(m.Boundary("x", ("probability", 0), (0.0, 0.0), (1.0, 1.0), 11))
    found = talk.wait(m.BoundaryValues)
    assert found.grid.shape == (11, 11) and found.points.shape == (4, 2) and found.labels.tolist() == [0, 1, 1, 0]
    assert found.grid[0, 0] < 0.5 < found.grid[0, -1] and found.grid[-1, -1] < 0.5 < found.grid[-1, 0]


def test_parts_of_results(talk, iris):
    talk.finish(m.Run())
    talk.send(m.Inspect(("x", 0), (2, None)))
    assert talk.wait(m.TensorPart).values.shape == (4,)
    talk.send(m.Inspect(("x", 0), (15, None)))
    assert "outside" in talk.wait(m.Failed).text
    talk.send(m.Inspect(("nothing", 0)))
    assert talk.wait(m.Failed).what == "inspect"
