"""Datasets in folders: what their elements are as JSON, and for each leaf an array of all values and one of shapes."""
from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import FileFormatError, NotFoundError
from ..frontend.checkpoint import read_arrays, remove_checkpoint, write_arrays
from ..frontend.function import TensorSpec
from ..ir.eager import EagerTensor
from .elements import taken_apart
from .sources import Elements, Source

INDEX, ARRAYS = "dataset.json", "elements"
FORMAT = "graphengine dataset"
MAX_INDEX_BYTES = 10_000_000


def is_there(path: Any) -> bool:
    """Whether a folder holds a dataset."""
    return os.path.isfile(os.path.join(path, INDEX))


def save(dataset: Any, path: Any) -> None:
    """Write a dataset into a folder: arrays under a name of their own, then the index that tells it.

    A save that fails leaves what was there. Arrays of the index before are removed afterwards.
    """
    from ..io.files import write_file

    before = _arrays_of_old(path)
    columns: list[list[Any]] = [[] for _ in taken_apart(dataset.element_spec)[1]]
    count = 0
    for element in dataset:
        count += 1
        for column, leaf in zip(columns, taken_apart(element)[1], strict=True):
            column.append(leaf.array)
    arrays = {}
    for k, (column, spec) in enumerate(zip(columns, taken_apart(dataset.element_spec)[1], strict=True)):
        kind = spec.dtype.numpy
        arrays[f"{k}/values"] = np.concatenate([a.reshape(-1) for a in column]) if column else np.zeros(0, kind)
        rank = max((a.ndim for a in column), default=0)
        padded = [(*a.shape, *[-1] * (rank - a.ndim)) for a in column]      # -1: no axis
        arrays[f"{k}/shapes"] = np.array(padded, np.int64).reshape(count, rank)
    os.makedirs(path, exist_ok=True)
    name = f"{ARRAYS}-{secrets.token_hex(8)}"
    index = {"format": FORMAT, "count": count, "arrays": name, "element": _written(dataset.element_spec)}
    try:
        write_arrays(os.path.join(path, name), arrays)
        write_file(os.path.join(path, INDEX), json.dumps(index, indent=1).encode())
    except BaseException:
        remove_checkpoint(os.path.join(path, name))
        raise
    if before is not None:
        remove_checkpoint(os.path.join(path, before))


def _arrays_of_old(path: Any) -> str | None:
    """The name of the arrays that are in a folder, if `save` made it."""
    from ..io.text import parse_json

    at = os.path.join(path, INDEX)
    try:
        with open(at, "rb") as file:
            return _name_of_arrays(parse_json(file.read(MAX_INDEX_BYTES), at))
    except (OSError, FileFormatError, ValueError):      # what cannot be read names nothing that is ours to remove
        return None


def _name_of_arrays(index: Any) -> str:
    """What an index calls its arrays; those of early ones had no name of their own."""
    name = index.get("arrays", ARRAYS) if isinstance(index, dict) else None
    if not isinstance(name, str) or not re.fullmatch(ARRAYS + "(-[0-9a-f]{16})?", name):
        raise ValueError(f"{name!r} is no name of arrays")
    return name


def load(path: Any) -> tuple[Source, Any, int]:
    """Source, types and number of the elements in a folder.

    Raises
    ------
    NotFoundError if there are none; FileFormatError if a file is damaged.
    """
    from ..io.files import read_file
    from ..io.text import parse_json

    at = os.path.join(path, INDEX)
    if not is_there(path):
        raise NotFoundError(f"{os.fspath(path)!r} holds no {INDEX}", op="Dataset.load", fix="check the folder")
    index = parse_json(read_file(at, MAX_INDEX_BYTES, "a dataset"), at)
    try:
        arrays = read_arrays(os.path.join(path, _name_of_arrays(index)))
        if index["format"] != FORMAT:
            raise ValueError(f"the file is no {FORMAT}")
        spec, count = _read(index["element"]), int(index["count"])
        structure, leaves = taken_apart(spec)
        if not leaves and count:
            raise ValueError(f"{count} elements that hold nothing")
        columns = [_column(arrays, k, count, leaf) for k, leaf in enumerate(leaves)]
    except FileFormatError:                 # of the arrays
        raise
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise FileFormatError(f"the file is damaged: {error}", at=at, fix="save the dataset again") from error

    def elements() -> Elements:
        return (structure.fill([EagerTensor(a) for a in parts]) for parts in zip(*columns, strict=True))

    return elements, spec, count


def _column(arrays: Mapping[str, Any], k: int, count: int, leaf: TensorSpec) -> list[Any]:
    """The values of a leaf in all elements."""
    values, shapes = arrays[f"{k}/values"], arrays[f"{k}/shapes"]
    is_axis = shapes >= 0
    has_holes = (is_axis[:, 1:] & ~is_axis[:, :-1]).any() or (shapes < -1).any()
    if len(shapes) != count or values.dtype != leaf.dtype.numpy or has_holes:  # type: ignore[attr-defined]
        raise ValueError(f"leaf {k} is of another number or type")
    sizes = [tuple(s[:n]) for s, n in zip(shapes.tolist(), is_axis.sum(1).tolist(), strict=True)]
    ends = np.cumsum([int(np.prod(s, dtype=object)) for s in sizes], dtype=object)
    if count and ends[-1] != len(values):
        raise ValueError(f"leaf {k} has {len(values)} values, and shapes of {ends[-1]}")
    told = leaf.shape
    if told.rank is not None:
        known = [(j, s) for j, s in enumerate(told) if isinstance(s, int)]
        if any(len(s) != told.rank or any(s[j] != n for j, n in known) for s in set(sizes)):
            raise ValueError(f"leaf {k} has elements that are not of shape {told}")
    return [values[end - int(np.prod(s)):end].reshape(s) for end, s in zip(ends, sizes, strict=True)]


def _written(spec: Any) -> Any:
    if isinstance(spec, tuple):
        return {"tuple": [_written(s) for s in spec]}
    if isinstance(spec, Mapping):
        return {"dict": {key: _written(s) for key, s in spec.items()}}
    sizes = None if spec.shape.rank is None else [s if isinstance(s, int) else None for s in spec.shape]
    return {"dtype": spec.dtype.name, "shape": sizes}


def _read(text: Any) -> Any:
    if "tuple" in text:
        return tuple([_read(s) for s in text["tuple"]])
    if "dict" in text:
        return {key: _read(s) for key, s in text["dict"].items()}
    return TensorSpec(text["shape"], text["dtype"])
