"""The train section: what it may say, and the data that it names."""

import copy
import io
import pathlib
import zipfile

import numpy as np
import pytest

from graphengine.errors import FileFormatError
from graphengine.io import data
from graphengine.io.data import load_feeds
from graphengine.io.trainspec import DataSpec, Scale, check_train, parse_train
from graphengine.ir import Graph
from graphengine.ops import OPS

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
LENGTHS = ["sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"]
IRIS = {
    "data": {"file": "data/iris.csv", "feeds": {"x": LENGTHS, "label": "species"}, "scale": {"x": "standard"},
             "train_rows": 105},
    "loss": "loss",
    "optimizer": {"name": "SGD", "learning_rate": 0.1, "momentum": 0.9},
    "epochs": 1000, "batch_size": 15, "shuffle": False, "seed": 7,
    "metrics": {"accuracy": "Mean:0"}, "variables": ["w", "b"],
}
DIGITS = {
    "data": {"file": "data/digits.npz", "feeds": {"x": "images", "label": "labels"}, "scale": {"x": {"divide": 16.0}}},
    "loss": "loss", "optimizer": {"name": "Adam"}, "epochs": 1,
}


@pytest.mark.parametrize("raw", [IRIS, DIGITS], ids=["iris", "digits"])
def test_round_trip(raw):
    spec = parse_train(raw, "f")
    assert spec.as_json() == raw
    assert parse_train(spec.as_json(), "f") == spec


def test_values():
    spec = parse_train(IRIS, "f")
    assert spec.data[0].feeds == {"x": tuple(LENGTHS), "label": "species"}
    assert spec.optimizer.parameters == {"learning_rate": 0.1, "momentum": 0.9}
    assert (spec.epochs, spec.batch_size, spec.shuffle, spec.seed) == (1000, 15, False, 7)
    spec = parse_train(DIGITS, "f")
    assert (spec.optimizer.name, spec.optimizer.parameters) == ("Adam", {})
    assert (spec.batch_size, spec.shuffle, spec.seed, spec.metrics, spec.variables) == (None, True, None, {}, None)


GONE = object()
WRONG = [
    # place in the section, value, where the error is, what it says
    ("data", GONE, "train", "'data' is missing"),
    ("data", "iris.csv", "train.data", "not an object"),
    ("data.file", GONE, "train.data", "'file' is missing"),
    ("data.file", 3, "train.data.file", "it is 3"),
    ("data.file", "../iris.csv", "train.data.file", "'..'"),
    ("data.file", "data/../../iris.csv", "train.data.file", "'..'"),
    ("data.file", "/etc/iris.csv", "train.data.file", "no plain relative path"),
    ("data.file", "~/iris.csv", "train.data.file", "no plain relative path"),
    ("data.file", "C:/iris.csv", "train.data.file", "no plain relative path"),
    ("data.file", "..\\iris.csv", "train.data.file", "no plain relative path"),
    ("data.file", "http://x/iris.csv", "train.data.file", "no plain relative path"),
    ("data.file", "data//iris.csv", "train.data.file", "empty"),
    ("data.file", "a\0.csv", "train.data.file", "empty"),
    ("data.file", "iris.pkl", "train.data.file", "neither .csv, .npz, .npy nor .png"),
    ("data.feeds", GONE, "train.data", "'feeds' is missing"),
    ("data.feeds", {}, "train.data.feeds", "no placeholder is fed"),
    ("data.feeds", [], "train.data.feeds", "not an object"),
    ("data.feeds.x", 1, "train.data.feeds.x", "not a column or a list of columns"),
    ("data.feeds.x", [], "train.data.feeds.x", "not a column"),
    ("data.feeds.x", ["a", 1], "train.data.feeds.x", "not a column"),
    ("data.scale", {"y": "standard"}, "train.data.scale", "no part 'y'"),
    ("data.scale.x", "normal", "train.data.scale.x", "it is 'normal'"),
    ("data.scale.x", {"divide": 0}, "train.data.scale.x", "an object with 'divide'"),
    ("data.scale.x", {"divide": True}, "train.data.scale.x", "an object with 'divide'"),
    ("data.train_rows", 0, "train.data.train_rows", "it is 0"),
    ("data.rows", 0, "train.data", "no part 'rows'"),
    ("loss", GONE, "train", "'loss' is missing"),
    ("loss", "", "train.loss", "it is ''"),
    ("optimizer", GONE, "train", "'optimizer' is missing"),
    ("optimizer", "SGD", "train.optimizer", "not an object"),
    ("optimizer.name", GONE, "train.optimizer", "'name' is missing"),
    ("optimizer.name", 3, "train.optimizer.name", "it is 3"),
    ("optimizer.learning_rate", "fast", "train.optimizer.learning_rate", "not a number"),
    ("optimizer.learning_rate", 10**400, "train.optimizer.learning_rate", "not a number"),
    ("optimizer.momentum", [0.9], "train.optimizer.momentum", "not a number"),
    ("epochs", GONE, "train", "'epochs' is missing"),
    ("epochs", 0, "train.epochs", "it is 0"),
    ("epochs", 1.5, "train.epochs", "it is 1.5"),
    ("epochs", 2**31, "train.epochs", "not a whole number from 1 to"),
    ("batch_size", -1, "train.batch_size", "it is -1"),
    ("batch_size", True, "train.batch_size", "it is true"),
    ("shuffle", "yes", "train.shuffle", "not true or false"),
    ("seed", -1, "train.seed", "it is -1"),
    ("metrics", [], "train.metrics", "not an object"),
    ("metrics.accuracy", 1, "train.metrics.accuracy", "it is 1"),
    ("variables", [], "train.variables", "not a list of different names"),
    ("variables", ["w", "w"], "train.variables", "not a list of different names"),
    ("epoch", 1, "train", "no part 'epoch'"),
]


@pytest.mark.parametrize(("place", "value", "at", "problem"), WRONG, ids=[f"{p}={v!r:.20}" for p, v, *_ in WRONG])
def test_refused(place, value, at, problem):
    raw = copy.deepcopy(IRIS)
    *path, last = place.split(".")
    part = raw
    for key in path:
        part = part[key]
    if value is GONE:
        del part[last]
    else:
        part[last] = value
    with pytest.raises(FileFormatError) as caught:
        parse_train(raw, "f.graph.json")
    assert problem in caught.value.problem
    assert caught.value.at == f"f.graph.json, {at}"
    assert caught.value.fix


@pytest.mark.parametrize("raw", [None, [], 3, "train"])
def test_no_section(raw):
    with pytest.raises(FileFormatError, match="not an object"):
        parse_train(raw, "f")


def test_names_against_a_graph():
    graph = Graph()
    for name in ("x", "label"):
        graph.add(OPS["placeholder"](), [], name)
    start = graph.add(OPS["const"](np.float32(1)), [], "start").outputs[0]
    for name in ("w", "b"):
        graph.add(OPS["variable"](), [start], name)
    for name in ("loss", "Mean"):
        graph.add(OPS["exp"](), [start], name)
    check_train(parse_train(IRIS, "f"), graph, "f")
    for change, message in (
        ({"loss": "los"}, r"(?s)no tensor 'los'.*train.loss.*did you mean 'loss'"),
        ({"loss": "loss:1"}, "no tensor 'loss:1'"),
        ({"metrics": {"a": "b:2"}}, "no tensor 'b:2'"),
        ({"variables": ["loss"]}, "no variable 'loss'"),
        ({"data": {**IRIS["data"], "feeds": {"w": "species"}, "scale": {}}}, "no placeholder 'w'"),
    ):
        with pytest.raises(FileFormatError, match=message):
            check_train(parse_train({**IRIS, **change}, "f"), graph, "f")


# -------------------------------------------------------------------- data

def test_iris():
    spec = parse_train(IRIS, "f")
    train, test, both = (load_feeds(spec, SAMPLES, part) for part in ("train", "test", "all"))
    assert train["x"].shape == (105, 4) and test["x"].shape == (45, 4) and both["label"].shape == (150,)
    np.testing.assert_allclose(train["x"].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(train["x"].std(axis=0), 1)
    np.testing.assert_array_equal(np.concatenate([train["label"], test["label"]]), both["label"])
    np.testing.assert_array_equal(np.concatenate([train["x"], test["x"]]), both["x"])
    assert both["label"].dtype == np.int64 and set(both["label"]) == {0, 1, 2}


def test_digits():
    feeds = load_feeds(parse_train(DIGITS, "f"), SAMPLES)
    assert feeds["x"].shape == (1797, 64) and feeds["x"].max() == 1.0 and feeds["x"].dtype == np.float64
    assert feeds["label"].shape == (1797,) and feeds["label"].dtype == np.uint8


def spec_of(folder, text, **feeds):
    (folder / "d.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return DataSpec("d.csv", feeds)


def test_csv(tmp_path):
    text = '\ufeff a ,"b",c\r\n1,2.5,x\r\n\r\n" 3 ",-4e1,"y,\nz"\r\n'
    spec = spec_of(tmp_path, text, one="a", two="b", both=("b", "a"))
    feeds = load_feeds(spec, tmp_path)
    np.testing.assert_array_equal(feeds["one"], np.array([1, 3]))
    np.testing.assert_array_equal(feeds["both"], [[2.5, 1], [-40, 3]])
    assert feeds["one"].dtype == np.int64 and feeds["two"].dtype == np.float64


@pytest.mark.parametrize("text", ["size;price\n1,5;2\n-2,5e1;3\n", "size\tprice\n1.5\t2\n-25\t3\n",
                                  '"size";price\n"1,5";2\n-25,0;3\n', "size,price\n1.5,2\n-25,3\n"])
def test_what_parts_cells_is_found(tmp_path, text):
    """As spreadsheets write them, in Europe with decimal commas."""
    feeds = load_feeds(spec_of(tmp_path, text, size="size", price="price"), tmp_path)
    np.testing.assert_array_equal(feeds["size"], [1.5, -25])
    np.testing.assert_array_equal(feeds["price"], [2, 3])


@pytest.mark.parametrize("text", ["1.5,2\n-25,3\n", "1,5;2\n-25;3\n", "1,5\t2\n-25\t3\n", "1.5\t2\n-2,5e1\t3\n"])
def test_a_first_line_of_numbers_is_a_row(tmp_path, text):
    feeds = load_feeds(spec_of(tmp_path, text, a="column_1", b="column_2"), tmp_path)
    np.testing.assert_array_equal(feeds["a"], [1.5, -25])
    np.testing.assert_array_equal(feeds["b"], [2, 3])
    with pytest.raises(FileFormatError, match=r"(?s)there is no column .size..*column_1, column_2"):
        load_feeds(spec_of(tmp_path, text, a="size"), tmp_path)


def test_columns_may_be_called_by_numbers(tmp_path):
    feeds = load_feeds(spec_of(tmp_path, "2019,2020\n1,2\n3,4\n", a="2020"), tmp_path)
    np.testing.assert_array_equal(feeds["a"], [2, 4])


def test_column_that_does_not_vary(tmp_path):
    spec = spec_of(tmp_path, "a\n2\n2\n", x="a")
    feeds = load_feeds(DataSpec(spec.file, spec.feeds, {"x": Scale()}), tmp_path)
    np.testing.assert_array_equal(feeds["x"], [0, 0])


CSV = [
    ("a,b\n1,2\n3,x\n", "d.csv:3", "column 'b': 'x' is not a finite number"),
    ("a,b\n1,2\n3,\n", "d.csv:3", "column 'b': the cell is empty"),
    ("a,b\n1,nan\n", "d.csv:2", "'nan' is not"),
    ("a,b\n1,1e999\n", "d.csv:2", "'1e999' is not"),
    ("a,b\n1,1_0\n", "d.csv:2", "'1_0' is not"),
    ("a,b\n1,2,3\n", "d.csv:2", "the line has 3 cells, the header 2"),
    ("a,b\n1\n", "d.csv:2", "the line has 1 cell, the header 2"),
    ("a,bb\n1,2\n", "d.csv:1", "there is no column 'b'"),
    ("a,b,b\n1,2,2\n", "d.csv:1", "two columns are called 'b'"),
    ("", "d.csv:1", "there is no column 'a'"),
    ("a,b\n", "d.csv", "there are no rows"),
    ('a,b\n1,"2', "d.csv:2", "the line is no csv"),
    ("a,b\n1," + "2" * 200_000, "d.csv:2", "the line is no csv"),
    ("a;b\n1;2,5,5\n", "d.csv:2", "'2,5,5' is not a finite number"),
    ("a;b\n1;1.000,5\n", "d.csv:2", "'1.000,5' is not a finite number"),
    ("a" * 200_000, "d.csv:1", "the line is no csv"),
    (b"a,b\n\xff,1\n", "d.csv", "not text in UTF-8"),
]


@pytest.mark.parametrize(("text", "at", "problem"), CSV, ids=[p for *_, p in CSV])
def test_broken_csv(tmp_path, text, at, problem):
    with pytest.raises(FileFormatError) as caught:
        load_feeds(spec_of(tmp_path, text, x=("a", "b")), tmp_path)
    assert problem in caught.value.problem
    assert caught.value.at == at
    assert caught.value.fix


def test_missing_column_suggests_the_nearest(tmp_path):
    with pytest.raises(FileFormatError, match="did you mean 'length'"):
        load_feeds(spec_of(tmp_path, "length\n1\n", x="lenght"), tmp_path)


def test_missing_file(tmp_path):
    spec_of(tmp_path, "a\n1\n")
    with pytest.raises(FileNotFoundError, match=r"(?s)no file 'dd\.csv'.*did you mean 'd\.csv'"):
        load_feeds(DataSpec("dd.csv", {"x": "a"}), tmp_path)


def test_spec_made_by_hand_does_not_escape(tmp_path):
    with pytest.raises(FileFormatError, match="has a part that is empty"):
        load_feeds(DataSpec("../d.csv", {"x": "a"}), tmp_path)


def test_more_train_rows_than_rows(tmp_path):
    spec = spec_of(tmp_path, "a\n1\n", x="a")
    with pytest.raises(FileFormatError, match=r"train_rows is 2, but there are 1 rows"):
        load_feeds(DataSpec(spec.file, spec.feeds, train_rows=2), tmp_path)


def npz(folder, **arrays):
    np.savez_compressed(folder / "d.npz", **arrays)
    return DataSpec("d.npz", {name: name for name in arrays})


def test_npz_layouts(tmp_path):
    square = np.arange(6.0).reshape(2, 3)
    feeds = load_feeds(npz(tmp_path, a=np.asfortranarray(square), b=square.astype(">f4"), c=np.zeros((2, 0))), tmp_path)
    np.testing.assert_array_equal(feeds["a"], square)
    np.testing.assert_array_equal(feeds["b"], square)
    assert feeds["c"].shape == (2, 0)


def header(text):
    out = io.BytesIO()
    out.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode())
    return out.getvalue()


def claims(shape, dtype="<f8"):
    return header(f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n") + bytes(80)


MEMBERS = {
    "no header": (b"hello world", "is damaged"),
    "empty": (b"", "is damaged"),
    "code for a header": (header("__import__('os').getcwd()\n"), "is damaged"),
    "nested header": (header("(" * 5000 + ")" * 5000), "is damaged"),
    "10^12 elements": (claims((10**12,)), "claims the shape (1000000000000,)"),
    "negative": (claims((-10,)), "claims the shape (-10,)"),
    "fewer than said": (claims((11,)), "claims the shape (11,)"),
    "more than said": (claims((9,)), "claims the shape (9,)"),
    "a number": (claims((), "<f8"), "claims the shape ()"),
    "objects": (claims((10,), "|O"), "holds object, not numbers"),
    "strings": (claims((10,), "<U2"), "not numbers"),
}


@pytest.mark.parametrize(("data", "problem"), MEMBERS.values(), ids=MEMBERS)
def test_hostile_array(tmp_path, data, problem):
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr("x.npy", data)
    with pytest.raises(FileFormatError) as caught:
        load_feeds(DataSpec("d.npz", {"x": "x"}), tmp_path)
    assert problem in caught.value.problem


def test_an_archive_of_next_to_nothing(tmp_path, monkeypatch):
    spec = npz(tmp_path, x=np.zeros(100_000), y=np.zeros(100_000))
    assert load_feeds(spec, tmp_path)["x"].size == 100_000
    monkeypatch.setattr(data, "LARGEST_PLAIN_BYTES", 10**6)
    with pytest.raises(FileFormatError, match="more than 100 times what is stored"):
        load_feeds(spec, tmp_path)


def test_hostile_archives(tmp_path):
    spec = npz(tmp_path, x=np.arange(1000.0))
    data = (tmp_path / "d.npz").read_bytes()
    for damaged in (b"", data[:100], data[:-30], b"PK" * 100, data[:200] + bytes(50) + data[250:]):
        (tmp_path / "d.npz").write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"no whole npz file|is damaged"):
            load_feeds(spec, tmp_path)


def test_arrays_that_do_not_fit(tmp_path):
    with pytest.raises(FileFormatError, match=r"differ in their numbers of rows: 2 \(a\) and 3 \(b\)"):
        load_feeds(npz(tmp_path, a=np.zeros(2), b=np.zeros(3)), tmp_path)
    with pytest.raises(FileFormatError, match="not finite"):
        load_feeds(npz(tmp_path, a=np.array([np.nan])), tmp_path)
    with pytest.raises(FileFormatError, match=r"(?s)no array 'imags'.*did you mean 'images'"):
        load_feeds(DataSpec("data/digits.npz", {"x": "imags"}), SAMPLES)


def test_pickle_in_an_archive_is_not_opened(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(FileFormatError, match="holds object, not numbers"):
        load_feeds(DataSpec("d.npz", {"x": "x"}), tmp_path)


# -------------------------------------------------------------------- other sources

def section(data):
    return {**DIGITS, "data": data}


IRISES = {"dataset": "iris", "feeds": {"x": "x", "label": "y"}, "train_rows": 100}
NOISE = {"random": {"distribution": "normal", "shape": [150, 3]}, "feeds": {"noise": "values"}}


@pytest.mark.parametrize("data", [
    IRISES, NOISE, [IRISES, NOISE],
    {"random": {"distribution": "integers", "shape": [5], "high": 9, "seed": 3}, "feeds": {"x": "values"}},
    {"file": "a.npy", "feeds": {"x": "values"}, "scale": {"x": "standard"}},
    {"file": "a.png", "feeds": {"x": "values"}, "scale": {"x": {"divide": 255.0}}},
], ids=["dataset", "random", "several", "integers", "npy", "png"])
def test_other_sources_round_trip(data):
    spec = parse_train(section(data), "f")
    assert spec.as_json()["data"] == data
    assert parse_train(spec.as_json(), "f") == spec


def test_a_data_set_that_is_shipped(tmp_path):
    from graphengine.keras.datasets import iris

    (x, y), (others, _) = iris.load_data(test_split=1 / 3)
    feeds = load_feeds(parse_train(section(IRISES), "f"), tmp_path)
    np.testing.assert_array_equal(feeds["x"], x)
    np.testing.assert_array_equal(feeds["label"], y)
    np.testing.assert_array_equal(load_feeds(parse_train(section(IRISES), "f"), tmp_path, "test")["x"], others)


def test_random_numbers_are_the_same_each_time(tmp_path):
    made = [load_feeds(parse_train(section(NOISE), "f"), tmp_path)["noise"] for _ in range(2)]
    np.testing.assert_array_equal(*made)
    assert made[0].shape == (150, 3) and abs(made[0].mean()) < 0.2 and abs(made[0].std() - 1) < 0.1
    whole = {"random": {"distribution": "integers", "shape": [99], "low": -2, "high": 2}, "feeds": {"x": "values"}}
    assert set(load_feeds(parse_train(section(whole), "f"), tmp_path)["x"]) == {-2, -1, 0, 1}


def test_npy_and_several_sources(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(12.0).reshape(4, 3))
    (tmp_path / "b.csv").write_text("v\n1\n2\n3\n4\n")
    data = [{"file": "a.npy", "feeds": {"x": "values"}, "train_rows": 3},
            {"file": "b.csv", "feeds": {"label": "v"}, "train_rows": 3}]
    spec = parse_train(section(data), "f")
    assert {k: v.shape for k, v in load_feeds(spec, tmp_path).items()} == {"x": (3, 3), "label": (3,)}
    assert load_feeds(spec, tmp_path, "test")["label"].tolist() == [4]
    del data[1]["train_rows"]
    with pytest.raises(FileFormatError, match=r"3 \(x\) and 4 \(label\)"):
        load_feeds(parse_train(section(data), "f"), tmp_path)


@pytest.mark.parametrize(("data", "problem"), [
    ([], "no source"),
    ([IRISES, IRISES], "fed twice"),
    ({**IRISES, "dataset": "irises"}, "did you mean 'iris'"),
    ({**IRISES, "feeds": {"x": "z"}}, "no array 'z'"),
    ({**IRISES, **NOISE}, "there is 'dataset' and 'random'"),
    ({**NOISE, "random": {"distribution": "cauchy", "shape": [2]}}, "no 'cauchy'"),
    ({**NOISE, "random": {"distribution": "normal"}}, "'shape' is missing"),
    ({**NOISE, "random": {"distribution": "normal", "shape": [0, 2]}}, "rows first"),
    ({**NOISE, "random": {"distribution": "normal", "shape": [2**20, 2**20]}}, "rows first"),
    ({**NOISE, "random": {"distribution": "uniform", "shape": [2], "low": 1}}, "low be less"),
    ({**NOISE, "random": {"distribution": "integers", "shape": [2], "high": 1.5}}, "whole for integers"),
    ({"file": "a.npy", "feeds": {"x": "x"}}, "no array 'x'"),
])
def test_other_sources_are_refused(data, problem):
    with pytest.raises(FileFormatError, match=problem):
        parse_train(section(data), "f")
