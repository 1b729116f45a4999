"""The catalog, made from graphengine's registries of ops, layers, losses, metrics, optimizers and data."""
from __future__ import annotations

import dataclasses
import inspect
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from ... import dtypes
from ...dtypes import DType
from ...frontend import random
from ...io.datasets import DATASETS, read_dataset
from ...io.values import attribute_types, encode, holds_regions, union_members
from ...ir.dims import Dim, Shape
from ...keras import datasets, layers, losses, metrics  # noqa: F401  (registers them)
from ...keras.naming import to_snake_case
from ...keras.optimizers.plain import Argument, arguments, by_name
from ...keras.registry import registered
from ...ops import OPS
from ...ops.kinds import REQUIRED as OP_REQUIRED
from ...ops.registry import documentation
from ...ops.state import ArrayValue, Const, Placeholder, Variable
from .catalog import REQUIRED, Catalog, Field, Kind, Socket

TRAIN = "train"
CONST, PLACEHOLDER, VARIABLE = (f"op/{cls.name}" for cls in (Const, Placeholder, Variable))
METRICS = 2                                 # number of the training's first input for a metric
FEED = Socket("feed", "rows of data that the placeholder is fed with", "feed", optional=True)
DTYPES = tuple(dtypes.BY_NAME)
_HOLDS_OTHERS = {"layer", "layers", "cell", "cells", "function", "args"}     # arguments that no form on a card can give
_CALLED = {"const": ("constant",)}          # ops that are drawn and have no public name of their own
_NEVER = ("self", "name", "dtype", "weights", "y_true", "y_pred")
_OPERANDS_NEVER = ("mask", "training", "initial_state", "states", "count_weights", "return_", "use_", "kwargs", "args")


@cache
def catalog() -> Catalog:
    """Every kind of card, by its key."""
    makers: tuple[Callable[[], Iterator[Kind]], ...] = (
        _ops, _randoms, _layers, _losses, _metrics, _optimizers, _data, _training)
    return MappingProxyType({kind.key: kind for maker in makers for kind in maker()})


def summary_of(doc: str) -> str:
    """The first sentence of a documentation, as plain text."""
    return " ".join(doc.strip().partition("\n\n")[0].replace("`", "").split())


# -------------------------------------------------------------------- ops

def _ops() -> Iterator[Kind]:
    for cls in OPS.values():
        doc = documentation(cls)
        inputs = tuple(
            Socket(p.name, p.doc, accepts=() if len(p.accepts) >= len(DTYPES) else tuple(t.name for t in p.accepts),
                   many=p.variadic)
            for p in cls.inputs)
        fields = tuple(_op_field(cls, f) for f in dataclasses.fields(cls))  # type: ignore[arg-type]
        hidden = not cls.drawn if cls.drawn is not None else cls.internal or any(f.form == "region" for f in fields)
        public = [n for n in cls.names if "." not in n] or [n.rpartition(".")[2] for n in cls.names]
        yield Kind(
            key=f"op/{cls.name}", title=_title(cls.node_name, cls.__name__), family="Ops", category=cls.category,
            inputs=(FEED,) if cls is Placeholder else inputs, outputs=(), fields=fields, summary=summary_of(doc),
            doc=doc, words=(*cls.names, *([cls.operator] if cls.operator else []), *_CALLED.get(cls.name, ())),
            name=(public[0] if public else cls.name), starting={} if hidden else _of_sample(cls),
            hidden=hidden,
        )


def _of_sample(cls: Any) -> Mapping[str, Any]:
    """Values for the attributes without default, from the op's first sample; for a constant 0.0, float32 as TF's is."""
    needed = [f.name for f in dataclasses.fields(cls) if f.default is OP_REQUIRED]
    hints = attribute_types(cls)
    given = cls.samples[0].attributes if needed and cls.samples else {
        name: np.float32(0) for name in needed if hints[name] is ArrayValue}
    if not all(name in given for name in needed):
        return {}
    made = cls(**given)
    return {name: encode(getattr(made, name), hints[name], name, lambda name, array: name) for name in needed}


def _title(node_name: str, class_name: str) -> str:
    return node_name if node_name[:1].isupper() else class_name


def _op_field(cls: Any, f: dataclasses.Field[Any]) -> Field:
    hint, about = attribute_types(cls)[f.name], f.metadata
    kinds = [m for m in union_members(hint) if m is not type(None)]
    default: Any = REQUIRED
    if f.default is not OP_REQUIRED:
        value = about["convert"](f.default) if about["convert"] else f.default
        default = encode(value, hint, f.name, lambda name, array: name)
    choices = tuple(c for c in about["choices"] or () if c is not None)
    if f.name in _CHOICES and not choices and str in kinds:
        choices = tuple(c.upper() for c in _CHOICES[f.name])
    return Field(f.name, about["doc"], _form(kinds, choices, hint), default, type(None) in union_members(hint),
                 about["low"], about["high"], choices)


def _form(kinds: list[Any], choices: tuple[Any, ...], hint: Any) -> str:
    if holds_regions(hint):
        return "region"
    if choices:
        return "choice"
    if len(kinds) == 1:
        plain = {bool: "bool", int: "int", float: "float", str: "text", DType: "dtype", Shape: "shape",
                 ArrayValue: "array"}
        if kinds[0] in plain:
            return plain[kinds[0]]
    sizes = (int, tuple[int, ...], tuple[int, int], Dim)
    is_sizes = all(k in sizes or k == tuple[int | Dim, ...] for k in kinds)
    return "sizes" if is_sizes else "json"


# -------------------------------------------------------------------- random numbers

@cache
def random_functions() -> Mapping[str, Callable[..., Any]]:
    """The functions of `tf.random` that make numbers of a shape, other ones in each run."""
    found = {}
    for name, made in vars(random).items():
        if inspect.isfunction(made) and made.__module__ == random.__name__ and not name.startswith("_"):
            parameters = inspect.signature(made).parameters
            if next(iter(parameters), "") == "shape" and "seed" in parameters and parameters["seed"].default is None:
                found[name] = made
    return MappingProxyType(found)


def _randoms() -> Iterator[Kind]:
    like = Socket("like", "a tensor whose sizes they get, in place of `shape`", optional=True)
    shape = Field("shape", "sizes, where no tensor gives them", "sizes", None, True)
    dtype = Field("dtype", "of the numbers", "dtype", "float32")
    seed = Field("seed", "of this card; none: it follows from the document's", "int", None, True, low=0)
    for name, made in random_functions().items():
        doc, fields = inspect.cleandoc(made.__doc__ or ""), [shape]
        for p in inspect.signature(made).parameters.values():
            if p.name not in ("shape", "dtype", "seed", "name"):
                default = REQUIRED if p.default is p.empty else p.default
                fields.append(Field(p.name, _documented(made).get(p.name, ""), "float", default, default is None))
        title = "Random" + "".join(part.capitalize() for part in name.split("_"))
        needed = {f.name: 1.0 for f in fields if f.default is REQUIRED}     # these count their numbers in another way
        inputs = () if needed else (like,)
        yield Kind(f"random/{name}", title, "Ops", "Random", inputs, (), (*fields, dtype, seed), summary_of(doc), doc,
                   (f"random.{name}", f"random_{name}", "noise"), f"random_{name}", {"shape": [8], **needed})


# -------------------------------------------------------------------- keras

def _layers() -> Iterator[Kind]:
    for name, cls in registered("layers").items():
        fields = tuple(dataclasses.replace(f, low=1) if f.default is REQUIRED and f.form == "int" else f
                       for f in _python_fields(cls))
        operands = _operands(cls)
        holds = _HOLDS_OTHERS & {f.name for f in fields if f.default is REQUIRED}
        if not operands or "states" in inspect.signature(cls.call).parameters or getattr(cls, "takes_texts", False):
            continue                            # a card takes tensors, and there are none of texts
        module = cls.__module__.rpartition(".")[2]
        category = _CATEGORIES.get(module, module.replace("_", " ").capitalize())
        yield Kind(f"layer/{name}", name, "Layers", category, operands, (), fields, summary_of(cls.__doc__ or ""),
                   inspect.cleandoc(cls.__doc__ or ""), (to_snake_case(name), "layer", category), to_snake_case(name),
                   {f.name: _STARTING[f.form] for f in fields if f.default is REQUIRED and f.form in _STARTING},
                   hidden=bool(holds))


_CATEGORIES = {"rnn": "Recurrent", "conv_lstm": "Recurrent", "adaptive_pooling": "Pooling"}   # where no file's name is
_STARTING: Mapping[str, Any] = MappingProxyType({"int": 32, "float": 0.5, "sizes": 3})


def _operands(cls: Any) -> tuple[Socket, ...]:
    if cls.takes_list:
        return (Socket("inputs", "the tensors that are joined", many=True),)
    found = []
    for p in list(inspect.signature(cls.call).parameters.values())[1:]:
        if not any(w in p.name for w in _OPERANDS_NEVER):
            found.append(Socket(p.name, optional=p.default is not p.empty))
    return tuple(found)


def _losses() -> Iterator[Kind]:
    for name, cls in registered("losses").items():
        if not inspect.isclass(cls) or cls in (losses.Loss, losses.LossFunctionWrapper):
            continue
        yield _judge(f"loss/{name}", name, "Losses", "Loss", cls, tuple(_python_fields(cls)))


def _metrics() -> Iterator[Kind]:
    for name, function in registered("metrics.functions").items():
        title = "".join(part.capitalize() for part in name.split("_"))
        fields = tuple(f for f in _python_fields(function) if f.name not in ("y_true", "y_pred"))
        yield _judge(f"metric/{name}", title, "Metrics", "Metric", function, fields)


def _judge(key: str, title: str, family: str, category: str, made: Any, fields: tuple[Field, ...]) -> Kind:
    doc = inspect.cleandoc(made.__doc__ or "")
    sockets = (Socket("y_true", "what is right"), Socket("y_pred", "what the model says"))
    return Kind(key, title, family, category, sockets, (), fields, summary_of(doc), doc,
                (to_snake_case(title), category.lower()), to_snake_case(title))


def _python_fields(made: Any) -> Iterator[Field]:
    """A field for each argument of a constructor or function that takes plain values."""
    docs = _documented(made)
    for p in inspect.signature(made).parameters.values():
        if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) or p.name in _NEVER:
            continue
        default = REQUIRED if p.default is p.empty else _listed(p.default)
        form, choices = _python_form(p.name, str(p.annotation), default)
        yield Field(p.name, docs.get(p.name, ""), form, default, default is None or "None" in str(p.annotation),
                    choices=choices)


def _listed(value: Any) -> Any:
    return [_listed(v) for v in value] if isinstance(value, tuple) else value


_ENDINGS: Mapping[str, str] = MappingProxyType({
    "activation": "activations", "initializer": "initializers", "regularizer": "regularizers",
    "constraint": "constraints"})
_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "padding": ("valid", "same"), "data_format": ("channels_last", "channels_first"),
    "reduction": ("sum_over_batch_size", "sum", "none"), "interpolation": ("nearest", "bilinear"),
    "score_mode": ("dot", "concat"), "output_mode": ("int", "multi_hot", "one_hot", "count")})
_SIZES = ("size", "strides", "dilation_rate", "cropping", "target_shape", "dims", "padding", "axes", "axis")


def _python_form(name: str, hint: str, default: Any) -> tuple[str, tuple[str, ...]]:
    module = _ENDINGS.get(name.rpartition("_")[2])
    if module is not None:
        return "choice", _named(module)
    kinds = {part.strip() for part in hint.split("|")} - {"None"}
    if kinds == {"str"} or (isinstance(default, str) and kinds <= {"Any"}):
        choices = _CHOICES.get(name, ())
        return ("choice", choices) if choices else ("text", ())
    for plain in ("bool", "int", "float"):
        if kinds == {plain}:
            return plain, ()
    if isinstance(default, bool):
        return "bool", ()
    is_nested = isinstance(default, list) and any(isinstance(v, list) for v in default)
    if not is_nested and any(word in name for word in _SIZES):
        return "sizes", ()
    return ("float", ()) if isinstance(default, float) else ("int", ()) if isinstance(default, int) else ("json", ())


@cache
def _named(module: str) -> tuple[str, ...]:
    """Names of activations, initializers and so on that need no arguments."""
    found = []
    for name, made in registered(module).items():
        needs = [p for p in inspect.signature(made).parameters.values()
                 if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in ("x", "self")]
        is_base = inspect.isclass(made) and made.__mro__[1] is object
        if not is_base and not needs:
            found.append(to_snake_case(name) if inspect.isclass(made) else name)
    return tuple(dict.fromkeys(found))


def _documented(made: Any) -> dict[str, str]:
    """What the documentation says of each argument, of a base where the class itself says nothing."""
    found: dict[str, str] = {}
    homes = [*made.__mro__, getattr(made, "cell_class", None)] if inspect.isclass(made) else [made]
    for home in homes:
        text = inspect.cleandoc(home.__doc__ or "") if home is not None else ""
        _, _, section = text.partition("Parameters\n----------\n")
        section = re.split(r"\n\n\S[^\n]*\n-{3,}\n", section)[0]
        for names, meaning in re.findall(r"^(\w[\w, ]*) : (.*(?:\n[ ]+.*)*)", section, re.MULTILINE):
            for name in names.split(", "):
                found.setdefault(name, " ".join(meaning.split()))
    return found


# -------------------------------------------------------------------- training and data

def _optimizers() -> Iterator[Kind]:
    out = (Socket("optimizer", "goes to a training", "optimizer"),)
    for name, cls in by_name().items():
        docs, doc = _documented(cls), inspect.cleandoc(cls.__doc__ or "")
        fields = tuple(_optimizer_field(key, docs.get(key, ""), about) for key, about in arguments(name).items())
        yield Kind(f"optimizer/{name}", name, "Optimizers", "Optimizer", (), out, fields, summary_of(doc), doc,
                   ("optimizer", "train"), to_snake_case(name))


def _optimizer_field(name: str, doc: str, about: Argument) -> Field:
    low, high = (None if about.kind is bool or math.isinf(limit) else limit for limit in (about.low, about.high))
    return Field(name, doc, about.kind.__name__, about.default, about.default is None, low, high)


def _training() -> Iterator[Kind]:
    inputs = (
        Socket("loss", "the number that is made small", accepts=("float32", "float64")),
        Socket("optimizer", "how the variables are changed", "optimizer"),
        Socket("metrics", "numbers to watch beside the loss", many=True, optional=True),
    )
    fields = (
        Field("epochs", "passes over the data", "int", 100, low=1),
        Field("batch_size", "rows in a step; none: all of them", "int", 32, optional=True, low=1),
        Field("shuffle", "whether each epoch takes the rows in another order", "bool", True),
        Field("seed", "of that order; none: another one in each run", "int", 0, optional=True, low=0),
    )
    doc = ("Trains the variables that the loss depends on.\n\nRows come from the source of data that feeds the "
           "placeholders; the optimizer changes the variables after each batch.")
    yield Kind(TRAIN, "Train", "Training", "Training", inputs, (), fields, summary_of(doc), doc,
               ("fit", "training", "loop"), "train")


_ROWS = Field("train_rows", "so many first rows train, the others judge; none: all train", "int", None, True, low=1)
_SCALE = Field("scale", 'for some outputs "standard", or {"divide": 16}', "json", {})


def _data() -> Iterator[Kind]:
    yield _source("csv", "CSV", "Columns of a file of numbers with a header line.", (
        Field("file", "a .csv file, beside the document", "file"),
        Field("feeds", 'outputs and their columns: {"x": ["length", "width"], "y": "species"}', "json", {}),
        _SCALE, _ROWS), ("table", "file", "columns"))
    yield _source("npz", "NPZ", "Arrays of a file that numpy.savez wrote.", (
        Field("file", "an .npz file, beside the document", "file"),
        Field("feeds", 'outputs and their arrays: {"x": "images", "y": "labels"}', "json", {}),
        _SCALE, _ROWS), ("numpy", "file", "arrays"))
    values = (Socket("values", "the array", "feed"),)
    yield _source("npy", "NPY", "The array of a file that numpy.save wrote, a row for each example.", (
        Field("file", "an .npy file, beside the document", "file"), _SCALE, _ROWS), ("numpy", "array"), values)
    yield _source("image", "Image", "A picture as one row of numbers from 0 to 255: (1, height, width, channels).", (
        Field("file", "a .png picture, beside the document", "file"), _SCALE), ("picture", "png"), values)
    yield _source("random", "Random", "Random numbers, the same in each run.", (
        Field("distribution", "which numbers; of normal ones low is the mean, high the mean plus the deviation",
              "choice", "normal", choices=("normal", "uniform", "integers")),
        Field("shape", "sizes, rows first", "sizes", [256, 4]), Field("low", "the least", "float", 0.0),
        Field("high", "the end, left out", "float", 1.0), Field("seed", "of the numbers", "int", 0, low=0),
        _SCALE, _ROWS), ("noise",), values)
    for name in DATASETS:
        module = getattr(datasets, name)
        doc = inspect.cleandoc(module.__doc__ or "")
        yield _source(name, " ".join(w.capitalize() for w in name.split("_")), doc, (_SCALE, _ROWS), ("data set",),
                      (Socket("x", "measurements, a row for each example", "feed"),
                       Socket("y", "what is to be predicted", "feed")))


@cache
def shipped_rows(name: str) -> Mapping[str, tuple[tuple[int, ...], bool]]:
    """The shape of a row of each array of a data set that comes with the package; whether its numbers are whole."""
    return {part: (array.shape[1:], array.dtype.kind in "iu") for part, array in read_dataset(name).items()}


def _source(
    name: str, title: str, doc: str, fields: tuple[Field, ...], words: tuple[str, ...],
    outputs: tuple[Socket, ...] = (),
) -> Kind:
    words = ("data", *words)
    return Kind(f"data/{name}", title, "Data", "Data", (), outputs, fields, summary_of(doc), doc, words, name)


