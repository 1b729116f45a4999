"""The `train` section of a document: on which data, towards which loss and how a graph is trained.

    "train": {
      "data": {"file": "data/iris.csv",                       relative to the document's folder
               "feeds": {"x": ["length", "width"],            csv: a list of columns makes (rows, columns),
                         "label": "species"},                 one column (rows,); npz: the name of an array
               "scale": {"x": "standard"},                    or {"divide": 16}
               "train_rows": 105},                            the first so many rows train, the others judge
      "loss": "loss",
      "optimizer": {"name": "SGD", "learning_rate": 0.1, "momentum": 0.9},
      "epochs": 1000, "batch_size": 15, "shuffle": true, "seed": 0,
      "metrics": {"accuracy": "Mean:0"},
      "variables": ["w", "b"]}

`data`, `loss`, `optimizer` and `epochs` are needed; the other parts may be left out. `data` may be a list of such
objects with rows that belong together. In place of a `file` an object may name a data set that comes with the package,
or say which random numbers to draw:

    {"dataset": "iris", "feeds": {"x": "x", "label": "y"}}
    {"random": {"distribution": "normal", "shape": [256, 4], "seed": 0}, "feeds": {"noise": "values"}}

A file is a .csv or an .npz file, an .npy file or a .png picture (one row); the one array of the last two is called
"values". Plain values come in and go out: reading the data is for data.py, training, and what
optimizers there are, for the layers above.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from ..errors import FileFormatError, suggestion
from ..ir.graph import Graph
from .datasets import DATASETS, PARTS
from .files import brief

Columns = str | tuple[str, ...]


@dataclass(frozen=True)
class Scale:
    """How a feed is brought to a moderate size.

    divisor : what every value is divided by; None for `standard`: each column minus its mean, divided by its
        standard deviation, both over the rows that train
    """

    divisor: float | None = None

    def as_json(self) -> Any:
        return "standard" if self.divisor is None else {"divide": self.divisor}


@dataclass(frozen=True)
class RandomSpec:
    """Random numbers as data, the same in each run.

    distribution : "normal" (mean `low`, standard deviation `high` - `low`), "uniform" or "integers" (from `low` up to
        `high`, which is left out)
    shape : of all of them, rows along axis 0
    """

    distribution: Literal["normal", "uniform", "integers"]
    shape: tuple[int, ...]
    low: float = 0.0
    high: float = 1.0
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        """What `parse_train` reads back; what is default is left out."""
        parts = {"distribution": self.distribution, "shape": list(self.shape), "low": self.low, "high": self.high,
                 "seed": self.seed}
        usual = {"low": 0.0, "high": 1.0, "seed": 0}
        return {k: v for k, v in parts.items() if v != usual.get(k)}


@dataclass(frozen=True)
class DataSpec:
    """Where feeds come from.

    file : of one of `FILES`, relative to the document's folder, with forward slashes; "" for what is no file
    feeds : for each placeholder its columns (csv), or its array
    scale : for some of the feeds
    train_rows : so many first rows train, the others judge; None: all train
    dataset : one of `DATASETS` in place of a file
    random : random numbers in place of a file
    """

    file: str
    feeds: Mapping[str, Columns]
    scale: Mapping[str, Scale] = field(default_factory=dict)
    train_rows: int | None = None
    dataset: str = ""
    random: RandomSpec | None = None

    @property
    def label(self) -> str:
        """What errors call the source."""
        return self.file or self.dataset or "random"

    def as_json(self) -> dict[str, Any]:
        """What `parse_train` reads back; what is default is left out."""
        parts: dict[str, Any] = {
            "file": self.file, "dataset": self.dataset, "random": self.random and self.random.as_json(),
            "feeds": {k: v if isinstance(v, str) else list(v) for k, v in self.feeds.items()},
            "scale": {k: s.as_json() for k, s in self.scale.items()}, "train_rows": self.train_rows,
        }
        return {k: v for k, v in parts.items() if v not in ({}, None, "")}


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer by Keras's name, and those of its arguments that are given."""

    name: str
    parameters: Mapping[str, float | bool | None]


@dataclass(frozen=True)
class TrainSpec:
    """How a graph is trained.

    data : where the feeds come from; several sources have rows that belong together
    loss : name of the tensor that is made small
    optimizer : and its parameters
    epochs : passes over the data, at least 1
    batch_size : rows in a step; None: all
    shuffle : whether each epoch takes the rows in another order
    seed : of that order; None: another one in each run
    metrics : for each label the name of a tensor, to show beside the loss
    variables : names of those to train; None: all that are trainable
    """

    data: tuple[DataSpec, ...]
    loss: str
    optimizer: OptimizerSpec
    epochs: int
    batch_size: int | None = None
    shuffle: bool = True
    seed: int | None = None
    metrics: Mapping[str, str] = field(default_factory=dict)
    variables: tuple[str, ...] | None = None

    def as_json(self) -> dict[str, Any]:
        """The section that `parse_train` reads back as an equal value; what is default is left out."""
        data = [source.as_json() for source in self.data]
        parts = {
            "data": data[0] if len(data) == 1 else data, "loss": self.loss,
            "optimizer": {"name": self.optimizer.name, **self.optimizer.parameters}, "epochs": self.epochs,
            "batch_size": self.batch_size, "shuffle": None if self.shuffle else False, "seed": self.seed,
            "metrics": dict(self.metrics), "variables": None if self.variables is None else list(self.variables),
        }
        return {k: v for k, v in parts.items() if v is not None and v != {}}


# -------------------------------------------------------------------- reading

class _Section:
    """An object of the file whose parts are taken one by one; errors say where."""

    def __init__(self, raw: Any, place: str, file: str, known: Collection[str] | None) -> None:
        self.place, self.file = place, file
        if not isinstance(raw, dict):
            self.refuse("", f"it is {brief(raw)}, not an object", "write {...}")
        self.raw: dict[str, Any] = raw
        for key in raw:
            if known is not None and key not in known:
                self.refuse("", f"there is no part {brief(key)}", suggestion(key, known) or "remove it")

    def refuse(self, key: str, problem: str, fix: str) -> NoReturn:
        place = f"{self.place}.{key}" if key else self.place
        raise FileFormatError(problem, at=f"{self.file}, {place}", fix=fix)

    def _take(self, key: str, needed: bool, accepts: Callable[[Any], bool], what: str) -> Any:
        if key not in self.raw:
            if needed:
                self.refuse("", f"{key!r} is missing", f"add it: {what}")
            return None
        value = self.raw[key]
        if not accepts(value):
            self.refuse(key, f"it is {brief(value)}, not {what}", f"write {what}")
        return value

    def name(self, key: str, what: str) -> str:
        value: str = self._take(key, True, lambda v: isinstance(v, str) and v != "", what)
        return value

    def whole(self, key: str, low: int, high: int, needed: bool = False) -> int | None:
        def accepts(v: Any) -> bool:
            return isinstance(v, int) and not isinstance(v, bool) and low <= v <= high

        value: int | None = self._take(key, needed, accepts, f"a whole number from {low} to {high:,}")
        return value

    def truth(self, key: str, default: bool) -> bool:
        value = self._take(key, False, lambda v: isinstance(v, bool), "true or false")
        return default if value is None else bool(value)


def _is_number(value: Any) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 2**63


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


MANY = 2**31 - 1
MOST_RANDOM = 2**28
DISTRIBUTIONS = ("normal", "uniform", "integers")


def parse_train(raw: Any, file: str) -> TrainSpec:
    """The `train` section of a document as a value.

    Parameters
    ----------
    raw : what the file holds under "train"
    file : name of the document, for errors

    Raises
    ------
    FileFormatError that names the part: missing, unknown, of another type, outside its interval.
    """
    known = ("data", "loss", "optimizer", "epochs", "batch_size", "shuffle", "seed", "metrics", "variables")
    section = _Section(raw, "train", file, known)
    if "data" not in section.raw or "optimizer" not in section.raw:
        missing = "data" if "data" not in section.raw else "optimizer"
        section.refuse("", f"{missing!r} is missing", "add it")
    epochs = section.whole("epochs", 1, MANY, needed=True)
    assert epochs is not None, "needed"
    return TrainSpec(
        data=parse_data(section.raw["data"], file),
        loss=section.name("loss", "the name of a tensor"),
        optimizer=_parse_optimizer(section.raw["optimizer"], file),
        epochs=epochs,
        batch_size=section.whole("batch_size", 1, MANY),
        shuffle=section.truth("shuffle", True),
        seed=section.whole("seed", 0, 2**63 - 1),
        metrics=_parse_metrics(section.raw.get("metrics", {}), file),
        variables=_parse_variables(section),
    )


SOURCES = ("file", "dataset", "random")
FILES = (".csv", ".npz", ".npy", ".png")
VALUES = "values"                           # what a source with one array calls it


def parse_data(raw: Any, file: str) -> tuple[DataSpec, ...]:
    """The `data` of a `train` section, one value for each source.

    Raises
    ------
    FileFormatError that names the part.
    """
    if not isinstance(raw, list):
        return (_parse_source(raw, "train.data", file),)
    found = tuple(_parse_source(part, f"train.data.{k}", file) for k, part in enumerate(raw))
    if not found:
        raise FileFormatError("there is no source", at=f"{file}, train.data", fix="name a file or a data set")
    seen: set[str] = set()
    for k, source in enumerate(found):
        for feed in source.feeds:
            if feed in seen:
                raise FileFormatError(f"{brief(feed)} is fed twice", at=f"{file}, train.data.{k}.feeds",
                                      fix="remove it from one of the sources")
            seen.add(feed)
    return found


def _parse_source(raw: Any, place: str, file: str) -> DataSpec:
    section = _Section(raw, place, file, (*SOURCES, "feeds", "scale", "train_rows"))
    given = [key for key in SOURCES if key in section.raw]
    if len(given) > 1:
        section.refuse("", f"there is {given[0]!r} and {given[1]!r}", "keep one of them")
    name, dataset, random = "", "", None
    if given == ["dataset"]:
        dataset = _parse_dataset(section)
    elif given == ["random"]:
        random = _parse_random(section.raw["random"], f"{place}.random", file)
    else:
        name = _parse_file(section)
    arrays = PARTS if dataset else (VALUES,) if random or name.endswith((".npy", ".png")) else None
    feeds = _parse_feeds(section, name.endswith(".csv"), arrays)
    scales = _parse_scales(section.raw.get("scale", {}), f"{place}.scale", file, feeds)
    return DataSpec(name, feeds, scales, section.whole("train_rows", 1, MANY), dataset, random)


def _parse_file(section: _Section) -> str:
    name = section.name("file", "the path of a .csv, .npz, .npy or .png file")
    problem = path_problem(name)
    if problem:
        section.refuse("file", f"{brief(name)} {problem}", "use a path inside the document's folder: data/iris.csv")
    if not name.endswith(FILES):
        section.refuse("file", f"{brief(name)} is neither {', '.join(FILES[:-1])} nor {FILES[-1]}",
                       "convert the data to one of them")
    return name


def _parse_dataset(section: _Section) -> str:
    name = section.name("dataset", f"one of {', '.join(DATASETS)}")
    if name not in DATASETS:
        section.refuse("dataset", f"there is no data set {brief(name)}", suggestion(name, DATASETS) or "correct it")
    return name


def _parse_random(raw: Any, place: str, file: str) -> RandomSpec:
    section = _Section(raw, place, file, ("distribution", "shape", "low", "high", "seed"))
    kind = section.name("distribution", f"one of {', '.join(DISTRIBUTIONS)}")
    if kind not in DISTRIBUTIONS:
        section.refuse("distribution", f"there is no {brief(kind)}", f"use one of {', '.join(DISTRIBUTIONS)}")

    def accepts(v: Any) -> bool:
        return (isinstance(v, list) and 0 < len(v) <= 32
                and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in v)
                and v[0] > 0 and math.prod(v) <= MOST_RANDOM)

    shape = section._take("shape", True, accepts, f"a list of sizes, rows first, of at most {MOST_RANDOM:,} numbers")
    low, high = (section._take(key, False, _is_number, "a number") for key in ("low", "high"))
    low, high = 0.0 if low is None else float(low), 1.0 if high is None else float(high)
    if not low < high or (kind == "integers" and not (low.is_integer() and high.is_integer())):
        section.refuse("", f"low is {low:g} and high is {high:g}", "let low be less than high; whole for integers")
    return RandomSpec(kind, tuple(shape), low, high, section.whole("seed", 0, MANY) or 0)  # type: ignore[arg-type]


def _parse_feeds(section: _Section, is_csv: bool, arrays: Collection[str] | None) -> dict[str, Columns]:
    """For each placeholder its columns, or the name of its array: one of `arrays`, if these are known."""
    if "feeds" not in section.raw:
        section.refuse("", "'feeds' is missing", "add it: columns for each placeholder")
    feeds: dict[str, Columns] = {}
    given = _Section(section.raw["feeds"], f"{section.place}.feeds", section.file, None)
    for feed, columns in given.raw.items():
        is_list = isinstance(columns, list) and columns and all(map(_is_name, columns)) and is_csv
        if not is_list and not _is_name(columns):
            what = "a column or a list of columns" if is_csv else "the name of an array"
            given.refuse(feed, f"it is {brief(columns)}, not {what}", f"write {what}")
        if arrays is not None and columns not in arrays:
            given.refuse(feed, f"there is no array {brief(columns)}", f"write {' or '.join(arrays)}")
        feeds[feed] = tuple(columns) if is_list else columns
    if not feeds:
        given.refuse("", "no placeholder is fed", "name columns for each placeholder")
    return feeds


def _parse_scales(raw: Any, place: str, file: str, feeds: Collection[str]) -> dict[str, Scale]:
    scales = {}
    scaling = _Section(raw, place, file, feeds)
    for feed, how in scaling.raw.items():
        divide = how.get("divide") if isinstance(how, dict) and set(how) == {"divide"} else None
        if how != "standard" and not (_is_number(divide) and divide != 0):
            scaling.refuse(feed, f"it is {brief(how)}", 'write "standard" or {"divide": 16}')
        scales[feed] = Scale(None if how == "standard" else float(divide))  # type: ignore[arg-type]
    return scales


def path_problem(name: str) -> str | None:
    """Why a path in a document might lead out of its folder, on any system, or None."""
    if name.startswith(("/", "~")) or "\\" in name or ":" in name:
        return "is no plain relative path"
    if not name.isprintable() or any(part in ("", ".", "..") for part in name.split("/")):
        return "has a part that is empty, '.' or '..'"
    return None


def _parse_optimizer(raw: Any, file: str) -> OptimizerSpec:
    section = _Section(raw, "train.optimizer", file, None)
    name = section.name("name", "the name of an optimizer")
    for key, value in section.raw.items():
        if key != "name" and value is not None and not isinstance(value, bool) and not _is_number(value):
            section.refuse(key, f"it is {brief(value)}, not a number", "write a number, true or false")
    return OptimizerSpec(name, {key: value for key, value in section.raw.items() if key != "name"})


def _parse_metrics(raw: Any, file: str) -> dict[str, str]:
    section = _Section(raw, "train.metrics", file, None)
    return {label: section.name(label, "the name of a tensor") for label in section.raw}


def _parse_variables(section: _Section) -> tuple[str, ...] | None:
    def accepts(v: Any) -> bool:
        return isinstance(v, list) and bool(v) and all(map(_is_name, v)) and len(set(v)) == len(v)

    names = section._take("variables", False, accepts, "a list of different names")
    return None if names is None else tuple(names)


# -------------------------------------------------------------------- against a graph

def check_train(spec: TrainSpec, graph: Graph, file: str) -> None:
    """Whether a graph has everything that the section names.

    Raises
    ------
    FileFormatError for a loss or metric that is no tensor, a feed that is no placeholder, a variable that is none.
    """
    tensors = {t.name for n in graph.nodes for t in n.outputs}
    placeholders = [n.name for n in graph.nodes if n.op.name == "placeholder"]
    variables = [n.name for n in graph.nodes if n.op.name == "variable"]

    def check(found: bool, place: str, kind: str, name: str, known: Iterable[str]) -> None:
        if not found:
            raise FileFormatError(f"the graph has no {kind} {brief(name)}", at=f"{file}, train.{place}",
                                  fix=suggestion(name, known) or "correct the name")

    for place, name in (("loss", spec.loss), *((f"metrics.{k}", v) for k, v in spec.metrics.items())):
        check((name if ":" in name else f"{name}:0") in tensors, place, "tensor", name, graph.by_name)
    for name in (feed for source in spec.data for feed in source.feeds):
        check(name in placeholders, "data.feeds", "placeholder", name, placeholders)
    for name in spec.variables or ():
        check(name in variables, "variables", "variable", name, variables)
