"""Types and problems while drawing, against what the engine infers for the whole graph."""
from __future__ import annotations

import dataclasses
import json
import pathlib

import pytest

import graphengine as ge
from editor import commands
from editor.infer import Inference, Problem, kinds_accepting, kinds_giving
from editor.model.build import build
from editor.model.document import Change, GraphDocument
from editor.model.files import open_document, save
from editor.model.items import Card, Ref, Wire
from editor.model.kinds import catalog
from editor.model.meaning import moved_values
from editor.model.plain import from_plain
from editor.model.values import read

SAMPLES = sorted(pathlib.Path(__file__).resolve().parents[2].joinpath("samples").glob("*.graph.json"))


def put(document, *items, gone=()):
    after = {item.ref: item for item in items} | dict.fromkeys(gone)
    document.do(Change("Edit", {ref: document.items.get(ref) for ref in after}, after))


def placeholder(id, shape, dtype="float32"):
    return Card(id, "op/placeholder", {"shape": shape, "dtype": dtype})


@pytest.fixture
def broken():
    return GraphDocument([
        placeholder("x", [None, 784]), Card("d", "layer/Dense", {"units": 128}), placeholder("w", [64, 10]),
        Card("m", "op/matmul"), Card("l", "op/reduce_mean"), Wire("x", 0, "d", 0), Wire("d", 0, "m", 0),
        Wire("w", 0, "m", 1), Wire("m", 0, "l", 0),
    ])


def test_1_mends_what_a_file_has_true_for():
    document = GraphDocument([placeholder("x", [None, 4]), Card("d", "layer/Dense", {"units": True}),
                              Wire("x", 0, "d", 0)])
    inference = Inference(document)
    assert inference.problem("d") is not None
    document.do(commands.set_attribute(document, ["d"], "units", 1))
    assert len(document.history) == 1 and document.card("d").attributes["units"] is not True
    assert inference.problem("d") is None
    assert moved_values({**document.items, Ref("card", "d"): Card("d", "layer/Dense", {"units": True})},
                        document) is None


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name.split(".")[0])
def test_samples_have_the_types_of_their_graphs(path):
    document = open_document(path)
    inference, built = Inference(document), build(document)
    assert inference.problems() == []
    for (card, output), tensor in built.tensors.items():
        result = inference.outputs(card)[output]
        assert result.dtype == tensor.dtype.name, card
        assert result.sizes == (None if tensor.shape.rank is None else tuple(tensor.shape.as_list())), card


def test_a_wire_that_does_not_fit_is_explained_with_repairs(broken):
    inference = Inference(broken)
    problem, = inference.problems()
    assert (problem.card, problem.input, problem.severity) == ("m", 1, "error")
    assert problem.text == "inner sizes 128 ≠ 64"
    assert "128 (a, axis -1) and 64 (b, axis -2)" in problem.detail
    assert problem.fixes[0].label == "Set units to 64"
    assert inference.outputs("m")[0].shape == "?"


def test_every_offered_repair_mends_and_can_be_undone(broken):
    inference = Inference(broken)
    fixes = inference.problem("m").fixes
    assert [fix.label for fix in fixes] == ["Set units to 64"], "transposed, it would take 64 rows alone"
    for fix in fixes:
        broken.do(fix.change(broken))
        assert inference.problem("m") is None, fix.label
        assert not build(broken).problems
        broken.undo()
        assert inference.problem("m") is not None


REPAIRS = [
    # cards before, kind of the broken card, label of a repair that has to be there
    ([placeholder("a", [2, 3]), placeholder("b", [3], "int32")], "op/add", "Insert Cast to float32"),
    ([placeholder("a", [5, 3]), placeholder("b", [5, 2])], "op/matmul", "Insert Transpose"),
    ([placeholder("a", [6, 4]), placeholder("b", [24])], "op/add", "Insert Reshape to (6, 4)"),
]


def test_no_repair_that_can_never_run():
    document = GraphDocument([placeholder("a", [None, 3]), placeholder("b", [2, 2]), Card("c", "op/matmul"),
                              Wire("a", 0, "c", 0), Wire("b", 0, "c", 1)])
    labels = [fix.label for fix in Inference(document).problem("c").fixes]
    assert not [label for label in labels if label.startswith("Insert Reshape to (2, 2)")]


@pytest.mark.parametrize("before, kind, label", REPAIRS, ids=lambda v: v if isinstance(v, str) else "")
def test_repairs_of_common_mistakes(before, kind, label):
    document = GraphDocument([*before, Card("c", kind), Wire("a", 0, "c", 0), Wire("b", 0, "c", 1)])
    inference = Inference(document)
    fix = next(f for f in inference.problem("c").fixes if f.label == label)
    document.do(fix.change(document))
    assert inference.problems() == []


def test_a_new_constant_is_of_the_dtype_of_a_new_placeholder():
    """As tf.constant(0.0) is."""
    document = GraphDocument([Card("c", "op/const", dict(catalog()["op/const"].starting)), Card("p", "op/placeholder"),
                              Card("m", "op/multiply"), Wire("c", 0, "m", 0), Wire("p", 0, "m", 1)])
    inference = Inference(document)
    assert inference.outputs("c")[0].dtype == "float32" and not inference.problems()


def test_a_dtype_is_mended_though_a_shape_is_not_known():
    document = GraphDocument([placeholder("a", [], "float64"), Card("p", "op/placeholder"), Card("m", "op/multiply"),
                              Wire("a", 0, "m", 0), Wire("p", 0, "m", 1)])
    problem = Inference(document).problem("m")
    assert "float64" in problem.text and "Insert Cast to float64" in [fix.label for fix in problem.fixes]


def judged(last, **loss):
    return GraphDocument([
        placeholder("x", [None, 4]), placeholder("y", [None], "int64"), *last,
        Card("loss", "loss/SparseCategoricalCrossentropy", loss), Wire("y", 0, "loss", 0),
        Wire(last[-1].id if isinstance(last[-1], Card) else last[-1].target, 0, "loss", 1)])


def test_a_loss_that_takes_logits_for_probabilities_is_a_warning_with_a_repair():
    document = judged([Card("dense", "layer/Dense", {"units": 3}), Wire("x", 0, "dense", 0)])
    inference = Inference(document)
    problem = inference.problem("loss")
    assert (problem.severity, problem.input, problem.text) == ("warning", 1, "dense gives logits, from_logits is off")
    assert inference.outputs("loss")[0].shape == "()", "it can be run nevertheless"
    (fix,) = problem.fixes
    document.do(fix.change(document))
    assert document.card("loss").attributes == {"from_logits": True} and inference.problems() == []
    document.undo()
    document.do(commands.set_attribute(document, ["dense"], "activation", "softmax"))
    assert inference.problems() == []
    document.undo()
    failed = Problem("loss", None, "error", "7 is no class", "7 is no class.")
    inference.tell("run", {"loss": failed})
    assert inference.problem("loss") == failed, "what failed is not hidden by a warning"


def test_a_loss_that_is_given_probabilities_or_knows_of_logits_is_left_alone():
    linear = [Card("dense", "layer/Dense", {"units": 3}), Wire("x", 0, "dense", 0)]
    softmax = [Card("soft", "op/softmax"), Wire("dense", 0, "soft", 0)]
    alone = [Card("act", "layer/Activation", {"activation": "linear"}), Wire("soft", 0, "act", 0)]
    for document in (judged(linear, from_logits=True), judged(linear + softmax), judged(linear + softmax + alone)):
        assert Inference(document).problems() == []


def test_a_scalar_is_not_offered_a_product_of_matrices_first():
    document = GraphDocument([Card("c", "op/const", dict(catalog()["op/const"].starting))])
    keys = [kind.key for kind, _ in kinds_accepting(Inference(document), "c", 0)]
    assert keys[0] == "op/add" and keys.index("op/matmul") > keys.index("op/sqrt")


@pytest.mark.parametrize("places", [((0, 0), (0, 240), (264, 0)), ((0, 0), (300, 240), (700, 0)),
                                    ((0, 0), (0, 200), (200, 500))])
def test_a_repair_puts_no_card_on_another(places):
    a, b, m = (dict(zip("xy", place, strict=True)) for place in places)
    document = GraphDocument([
        dataclasses.replace(placeholder("a", [2]), **a), dataclasses.replace(placeholder("b", [2], "int32"), **b),
        Card("m", "op/add", **m), Wire("a", 0, "m", 0), Wire("b", 0, "m", 1)])
    for fix in Inference(document).problem("m").fixes:
        document.do(fix.change(document))
        new = next(card for card in document.cards if card.kind == "op/cast")
        assert all(abs(card.x - new.x) >= card.width or abs(card.y - new.y) >= 180
                   for card in document.cards if card is not new)
        document.undo()


def test_no_repair_that_many_rows_break():
    """Sizes that are not known yet fit anything, until they come."""
    document = GraphDocument([
        placeholder("x", [None, 4]), Card("d", "layer/Dense", {"units": 6}), Card("m", "op/multiply"),
        Wire("x", 0, "d", 0), Wire("x", 0, "m", 0), Wire("d", 0, "m", 1)])
    assert [fix.label for fix in Inference(document).problem("m").fixes] == ["Set units to 4", "Insert Mean"]


def test_a_wrong_attribute_blames_no_wire():
    document = GraphDocument([placeholder("x", [None, 4]), Card("d", "layer/Dense", {"units": 0}),
                              Wire("x", 0, "d", 0)])
    problem = Inference(document).problem("d")
    assert "units=0" in problem.text and problem.input is None


@pytest.mark.parametrize("kind, shape, name, wrong, right", [
    ("layer/Dense", [None, 4], "units", 0, 1), ("layer/Dense", [None, 4], "units", -7, 1),
    ("layer/Dropout", [None, 4], "rate", 1.5, 1.0), ("layer/Dropout", [None, 4], "rate", -0.5, 0.0),
    ("layer/MaxPooling2D", [None, 8, 8, 3], "pool_size", [0, 2], [1, 2]),
    ("op/reduce_sum", [None, 4], "axis", 5, 1), ("op/expand_dims", [None, 4], "axis", 9, 2),
    ("op/expand_dims", [None, 4], "axis", -9, -3)])
def test_an_attribute_outside_its_limits_gets_the_nearest_allowed_value(kind, shape, name, wrong, right):
    document = GraphDocument([placeholder("x", shape), Card("c", kind, {name: wrong}), Wire("x", 0, "c", 0)])
    inference = Inference(document)
    (fix,) = inference.problem("c").fixes
    document.do(fix.change(document))
    assert document.card("c").attributes[name] == right and inference.problem("c") is None
    document.undo()
    assert document.card("c").attributes[name] == wrong


def test_settings_of_data_outside_their_limits_get_the_nearest_allowed_value():
    document = GraphDocument([Card("r", "data/random", {"shape": [8, 2], "seed": -4})])
    inference = Inference(document)
    (fix,) = inference.problem("r").fixes
    document.do(fix.change(document))
    assert "seed" not in document.card("r").attributes and inference.problem("r") is None


def test_advice_ends_in_one_stop():
    document = GraphDocument([placeholder("x", [None, 4]), Card("a", "layer/Activation", {"activation": "relus"}),
                              Wire("x", 0, "a", 0)])
    assert Inference(document).problem("a").detail.endswith("Did you mean 'relu'?")


def test_outputs_of_data_have_shapes():
    document = GraphDocument([Card("i", "data/iris"), Card("c", "data/csv", {"file": "a.csv", "feeds": {
        "x": ["u", "v"], "label": "w"}}), Card("r", "data/random", {"shape": [8, 2, 3]}), Card("f", "data/npy")])
    inference = Inference(document)
    assert [o.shape for card in "icrf" for o in inference.outputs(card)] == [
        "(?, 4)", "(?,)", "(?,)", "(?, 2)", "(?, 2, 3)", "(?, …)"]


def test_types_follow_edits_downstream_and_nowhere_else(broken):
    inference = Inference(broken)
    told = []
    inference.listeners.append(told.append)
    put(broken, dataclasses.replace(broken.card("d"), attributes={"units": 64}))
    assert inference.outputs("m")[0].shape == "(?, 10)" and inference.outputs("l")[0].shape == "()"
    assert told == [frozenset("dml")]
    put(broken, dataclasses.replace(broken.card("d"), x=99.0))
    assert told == [frozenset("dml")], "moving a card changes no type"
    broken.undo()
    broken.undo()
    assert inference.outputs("m")[0].shape == "?"


def test_an_edit_looks_only_at_what_it_touches(monkeypatch):
    items = [placeholder("x", [None, 8])]
    for k in range(50):
        items += [Card(f"n{k}", "op/negative"), Wire("x" if not k else f"n{k - 1}", 0, f"n{k}", 0)]
    document = GraphDocument(items)
    inference = Inference(document)
    seen = []
    real = Inference._state
    monkeypatch.setattr(Inference, "_state", lambda self, card: (seen.append(card.id), real(self, card))[1])
    put(document, dataclasses.replace(document.card("n20"), kind="op/exp"))     # another op, the same type
    assert set(seen) <= {"n20", "n21"}
    assert inference.outputs("n49")[0].shape == "(?, 8)"


def test_cards_that_are_only_moved_are_not_worked_out_again(broken):
    inference = Inference(broken)
    problems = {card.id: inference.own_problem(card.id) for card in broken.cards}
    broken.do(commands.move(broken, [card.ref for card in broken.cards], 24.0, 12.0))
    assert any(problems.values()) and all(inference.own_problem(id) is found for id, found in problems.items())


def test_removed_cards_are_forgotten_and_readers_complain(broken):
    inference = Inference(broken)
    put(broken, gone=[Ref("card", "w"), Ref("wire", ("m", 1))])
    assert inference.outputs("w") == ()
    problem = inference.problem("m")
    assert (problem.severity, problem.input, problem.text) == ("warning", 1, "b is not connected")


def test_what_is_missing_is_said_in_a_sentence():
    document = GraphDocument([placeholder("p", [None, 3]), Card("loss", "loss/MeanSquaredError"), Card("t", "train"),
                              Wire("p", 0, "loss", 1)])
    inference = Inference(document)
    assert inference.problem("loss").detail == "y_true (what is right) is not connected."
    assert inference.problem("t").detail == "loss (the number that is made small) is not connected."


def test_reasons_why_a_wire_cannot_be(broken):
    inference = Inference(broken)
    assert inference.would_accept("m", 0, "d", 0).startswith("!The graph would run in a circle")
    assert inference.would_accept("x", 0, "nobody", 0).startswith("!")
    assert inference.would_accept("w", 0, "m", 7) == "!MatMul has no input number 7."
    assert "inner sizes differ: 10 (a" in inference.would_accept("w", 0, "m", 0)
    put(broken, placeholder("fits", [128, 3]), Card("i", "data/iris"), placeholder("b", [2], "bool"))
    assert inference.would_accept("fits", 0, "m", 1) is None
    assert inference.would_accept("i", 0, "x", 0) is None
    assert inference.would_accept("i", 0, "m", 0) == "!'a' takes a tensor, but 'i' gives rows of data."
    assert "not bool" in inference.would_accept("b", 0, "m", 0)


def test_kinds_that_take_a_result_do_take_it(broken):
    inference = Inference(broken)
    offered = kinds_accepting(inference, "x", 0)
    keys = [kind.key for kind, _ in offered]
    assert {"layer/Dense", "op/matmul", "op/relu"} <= set(keys)
    assert "layer/Conv2D" not in keys, "it wants four axes"
    assert "op/logical_not" not in keys, "it wants bool"
    assert keys[:3] == ["layer/Dense", "op/matmul", "op/add"], "the usual ones come first"
    assert all(kind.category == "State" for kind, _ in offered[-3:]), "what changes variables comes last"
    assert all(kind.key.startswith("data/") for kind, _ in kinds_giving(inference, "x", 0))
    assert {kind.key for kind, _ in kinds_giving(inference, "m", 0)} >= {"op/placeholder", "layer/Dense"}


def test_what_is_computed_goes_to_a_loss_as_the_prediction(broken):
    inference = Inference(broken)
    put(broken, Card("d", "layer/Dense", {"units": 3}), Wire("x", 0, "d", 0))
    loss = next(kind for kind, _ in kinds_accepting(inference, "d", 0) if kind.key == "loss/MeanSquaredError")
    socket = {source: next(kind.input(number).name for kind, number in kinds_accepting(inference, source, 0)
                           if kind is loss) for source in ("x", "d")}
    assert socket == {"x": "y_true", "d": "y_pred"}


def test_rows_of_inputs(broken):
    inference = Inference(broken)
    put(broken, Card("c", "layer/Concatenate"), Wire("x", 0, "c", 0))
    assert [(r.socket.name, r.number, r.wire is not None) for r in inference.inputs_of("c")] == [
        ("inputs", 0, True), ("inputs", 1, False)]
    assert [r.number for r in inference.inputs_of("m")] == [0, 1]


def test_what_training_lacks_is_said():
    document = GraphDocument([placeholder("x", [None, 3]), Card("t", "train"), Card("o", "optimizer/Adam")])
    inference = Inference(document)
    assert inference.problem("t").text == "loss is not connected"
    put(document, Wire("x", 0, "t", 0))
    assert inference.problem("t").text == "optimizer is not connected"
    put(document, Wire("o", 0, "t", 1))
    problem = inference.problem("t")
    assert problem.text == "the loss is (?, 3), not one number"
    document.do(problem.fixes[0].change(document))
    assert inference.problem("t") is None


def test_columns_that_do_not_fit_a_placeholder():
    csv = Card("c", "data/csv", {"file": "a.csv", "feeds": {"x": ["u", "v"]}})
    document = GraphDocument([csv, placeholder("x", [None, 3]), Wire("c", 0, "x", 0)])
    inference = Inference(document)
    assert inference.problem("x").text == "rows (?, 2) do not fit (?, 3)"
    document.do(inference.problem("x").fixes[0].change(document))
    assert inference.problem("x") is None and inference.outputs("x")[0].shape == "(?, 2)"


@pytest.mark.parametrize("kind, attributes, output, shape", [
    ("data/iris", {}, 0, "(?, 4)"), ("data/iris", {}, 1, "(?,)"), ("data/digits", {}, 0, "(?, 8, 8)"),
    ("data/random", {"shape": [9, 2, 3]}, 0, "(?, 2, 3)"),
])
def test_rows_of_data_that_do_not_fit(kind, attributes, output, shape):
    document = GraphDocument([Card("c", kind, attributes), placeholder("x", [None, 5]), Wire("c", output, "x", 0)])
    inference = Inference(document)
    assert inference.problem("x").text == f"rows {shape} do not fit (?, 5)"
    document.do(inference.problem("x").fixes[0].change(document))
    assert inference.problem("x") is None and inference.outputs("x")[0].shape == shape


def test_attributes_that_have_to_be_given():
    document = GraphDocument([placeholder("x", [None, 3]), Card("d", "layer/Dense"), Wire("x", 0, "d", 0)])
    inference = Inference(document)
    assert inference.problem("d").text == "units is not given"
    put(document, Card("d", "layer/Dense", {"units": -3}))
    assert inference.problem("d").severity == "error"


@pytest.mark.parametrize("key", [k.key for k in catalog().values() if k.family == "Layers" and not k.hidden])
def test_new_layers_infer_or_say_what_is_wrong(key):
    """A fresh card on inputs of some usual shapes has types, or a problem in words; nothing else comes out."""
    shapes = [[None, 8], [None, 8, 8], [None, 8, 8, 3], [None, 8, 8, 8, 3], [None, 4, 8, 8, 8, 3]]
    outcomes = []
    for shape in shapes:
        kind = catalog()[key]
        count = 2 if kind.inputs[0].many else len([s for s in kind.inputs if not s.optional])
        cards = [placeholder(f"x{k}", shape) for k in range(count)]
        document = GraphDocument([*cards, Card("c", key, dict(kind.starting)),
                                  *[Wire(f"x{k}", 0, "c", k) for k in range(count)]])
        inference = Inference(document)
        problem = inference.problem("c")
        assert (problem is None) == bool(inference.outputs("c")[0].dtype)
        if problem is None:
            built = build(document)
            assert not built.problems
            assert inference.outputs("c")[0].sizes == tuple(built.tensors["c", 0].shape.as_list())
        outcomes.append(problem is None)
    given = all(f.name in kind.starting or repr(f.default) != "REQUIRED" for f in kind.fields)
    assert any(outcomes) or not given or key in NEEDS_MORE, key


@pytest.mark.parametrize(("key", "attributes", "shape", "result"), [
    ("layer/Dense", {"units": 40000}, [None, 10**10], (None, 40000)),
    ("layer/LSTM", {"units": 10**7}, [None, 20, 10**7], (None, 10**7)),
    ("layer/SpectralNormalization", {"layer": {"class_name": "Dense", "config": {"units": 10**9}}}, [4, 10**5],
     (4, 10**9)),
    ("layer/BatchNormalization", {}, [None, 10**14], (None, 10**14)),
])
def test_types_of_layers_take_no_memory_for_their_weights(key, attributes, shape, result):
    """More weights than any memory holds: that is a problem of who builds them."""
    document = GraphDocument([placeholder("x", shape), Card("c", key, {**catalog()[key].starting, **attributes}),
                              Wire("x", 0, "c", 0)])
    inference = Inference(document)
    assert inference.problem("c") is None
    assert inference.outputs("c")[0].sizes == result
    assert isinstance(build(document).problems["c"], ge.errors.InvalidArgumentError)


NEEDS_MORE = ("layer/Embedding", "layer/Reshape", "layer/Permute", "layer/Dot", "layer/GroupNormalization",
              "layer/CategoryEncoding", "layer/Discretization", "layer/STFTSpectrogram", "layer/MelSpectrogram",
              "layer/IntegerLookup", "layer/Hashing")


def test_closing_ends_the_following(broken):
    inference = Inference(broken)
    inference.close()
    put(broken, gone=[Ref("card", "w"), Ref("wire", ("m", 1))])
    assert inference.problem("m").severity == "error"
    assert broken.listeners == []


ODD = [None, True, -1, 10**30, "x", "nan", [], [[]], ["a"], {}, {"a": 1}, [None], [1.5],
       {"dtype": "float32", "shape": [2], "values": ["q"]}, {"dtype": 3, "shape": ["x"], "values": [1]},
       {"dtype": "float32", "shape": [2], "array": "gone"}, {"dtype": "float32", "shape": [2], "array": ["x"]},
       {"dtype": "float32", "shape": [10**12], "array": "gone"}, {1, 2}]
KINDS = ["op/const", "op/cast", "op/reshape", "layer/Dense", "layer/Lambda", "layer/Conv2D", "loss/Huber",
         "optimizer/Adam", "optimizer/Ftrl", "train", *(key for key in catalog() if key.startswith("data/"))]


@pytest.mark.parametrize("key", dict.fromkeys(KINDS))
def test_odd_attributes_are_a_problem_of_the_card(key, tmp_path):
    """Whatever stands in a file's attributes: types are asked for, and it is saved and opened again."""
    kind = catalog()[key]
    for name in [*(field.name for field in kind.fields), "unheard"][:6]:
        for odd in ODD:
            cards = {"d": Card("d", "data/iris"), "o": Card("o", "optimizer/Adam"), "t": Card("t", "train"),
                     "c": Card("c", "op/reduce_mean")}
            mine = {"Data": "d", "Optimizers": "o", "Training": "t"}.get(kind.family, "c")
            cards[mine] = Card(mine, key, {**kind.starting, name: odd})
            wires = [Wire("x", 0, "c", k) for k in range(max(1, len(catalog()[cards["c"].kind].inputs)))]
            document = GraphDocument([*cards.values(), placeholder("x", [None, 4]), *wires, Wire("d", 0, "x", 0),
                                      Wire("c", 0, "t", 0), Wire("o", 0, "t", 1)])
            inference = Inference(document)
            assert len(inference.outputs(mine)) or mine != "c"
            if not isinstance(odd, set):        # which no file can hold
                save(document, tmp_path / "x.graph.json")
                assert open_document(tmp_path / "x.graph.json").card(mine).kind == key


def test_values_may_not_nest_too_deeply(tmp_path):
    """So that whatever follows them, the journal among it, can do so."""
    deep = {}
    for _ in range(200):
        deep = {"a": deep}
    field = next(f for f in catalog()["data/csv"].fields if f.form == "json")
    with pytest.raises(ValueError, match="nested too deeply"):
        read(json.dumps(deep), field)
    document = GraphDocument([Card("c", "data/csv")])
    with pytest.raises(commands.Refused, match="nested too deeply"):
        commands.set_attribute(document, ["c"], field.name, deep)
    for entry in ({"item": "card", "id": "c", "kind": "data/csv", "attributes": deep},
                  {"item": "setting", "name": "s", "value": deep}):
        with pytest.raises(ge.errors.FileFormatError, match="at most 50 levels"):
            from_plain(entry, "here")
    path = tmp_path / "deep.graph.json"
    path.write_text(json.dumps({"format": "graphengine", "version": 1, "nodes": [
        {"id": "c", "op": "const", "attributes": {"value": deep}}]}))
    with pytest.raises(ge.errors.FileFormatError, match="nest"):
        open_document(path)


def test_one_listener_that_fails_keeps_no_other_from_hearing():
    document = GraphDocument()
    heard = []

    def fail(refs):
        raise OSError("full")

    document.listeners += [fail, heard.append]
    with pytest.raises(OSError, match="full"):
        put(document, Card("a", "op/relu"))
    assert heard == [{Ref("card", "a")}]


def test_circles_count_who_waits():
    """The rule of circles is one: by wires, and by cards that wait for others."""
    document = GraphDocument([placeholder("x", [None, 3]), Card("a", "op/relu"), Card("b", "op/relu", after=("a",)),
                              Wire("x", 0, "a", 0)])
    assert set(document.downstream("x")) == {"x", "a", "b"} and set(document.upstream("b")) == {"b", "a", "x"}
    assert Inference(document).would_accept("b", 0, "a", 0) == "!The graph would run in a circle."
    with pytest.raises(commands.Refused):
        commands.connect(document, "b", 0, "a", 0)
    put(document, Card("b", "op/relu"))
    assert Inference(document).would_accept("b", 0, "a", 0) is None


@pytest.mark.parametrize("shape, kind, text, detail", [
    ([2, 3], "layer/Conv2D", "expects 4 axes, got 2: shape (2, 3)", "Check the input, or the layer before."),
    ([3], "op/matmul", "a has shape (3,); a matrix has at least two axes", ""),         # "expand_dims" is no button
    (None, "layer/Dense", "the shape of inputs is not known", "Give x a shape."),
    ([None, None], "layer/Dense", "axis -1 of an input of shape (?, ?) is not known; weights depend on it", ""),
])
def test_problems_are_told_in_words_of_the_drawing(shape, kind, text, detail):
    count = len([s for s in catalog()[kind].inputs if not s.optional])
    document = GraphDocument([placeholder("x", shape), Card("c", kind, {**catalog()[kind].starting, "units": 3} if
                              kind == "layer/Dense" else dict(catalog()[kind].starting)),
                              *[Wire("x", 0, "c", k) for k in range(count)]])
    problem = Inference(document).problem("c")
    assert problem.text == text and problem.detail == "\n".join(filter(None, (f"{text}.", detail)))
