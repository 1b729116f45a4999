"""The data of a `train` section as arrays: columns of a csv file, arrays of other files, data sets, random numbers."""
from __future__ import annotations

import math
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import FileFormatError, suggestion
from .arrays import Array
from .csvfile import columns_of, decoded
from .datasets import read_dataset
from .files import LARGEST_PLAIN_BYTES, MOST_EXPANSION, brief, read_file, regular_size
from .png import read_png
from .trainspec import Columns, DataSpec, RandomSpec, Scale, TrainSpec, path_problem

MAX_CSV_BYTES = 512 * 2**20
MAX_NPZ_BYTES = 4 * 2**30                   # of the file, and of each array in it
Part = Literal["train", "test", "all"]


def load_feeds(
    spec: TrainSpec | DataSpec, folder: str | os.PathLike[str], part: Part = "train"
) -> dict[str, Array]:
    """An array for each feed of a `train` section.

    Parameters
    ----------
    spec : what to read
    folder : where the document is
    part : the rows that train, the others (none of them without `train_rows`), or all

    Returns
    -------
    arrays by the name of the placeholder, rows along axis 0. Columns of whole numbers are int64, others float64;
    arrays of a file or a data set keep their dtype; what is scaled is float64. Converting to the placeholder's dtype
    is for the caller, who knows it.

    Raises
    ------
    FileFormatError for a missing file, column or array, a cell that is no number (with line and column), feeds
    of different numbers of rows, a file that is damaged or too large.
    """
    sources = spec.data if isinstance(spec, TrainSpec) else (spec,)
    feeds = {name: array for source in sources for name, array in _of_source(source, folder, part).items()}
    if len(sources) > 1:
        _common_rows(feeds, " and ".join(source.label for source in sources), part != "test")
    return feeds


def _of_source(data: DataSpec, folder: str | os.PathLike[str], part: Part) -> dict[str, Array]:
    feeds = _whole(data, folder)
    rows = _common_rows(feeds, data.label)
    count = rows if data.train_rows is None else data.train_rows
    if count > rows:
        raise FileFormatError(f"train_rows is {count:,}, but there are {rows:,} rows", at=data.label,
                              fix="use fewer, or leave it out")
    scaled = {name: _scaled(array, data.scale.get(name), count) for name, array in feeds.items()}
    chosen = {"train": slice(0, count), "test": slice(count, rows), "all": slice(0, rows)}[part]
    return {name: np.ascontiguousarray(array[chosen]) for name, array in scaled.items()}


def _whole(data: DataSpec, folder: str | os.PathLike[str]) -> dict[str, Array]:
    """All rows of a source as they are."""
    if data.random is not None:
        values = _drawn(data.random)
        return dict.fromkeys(data.feeds, values)
    if data.dataset:
        found = read_dataset(data.dataset)
        return {feed: found[str(name)] for feed, name in data.feeds.items()}
    problem = path_problem(data.file)
    if problem:
        raise FileFormatError(f"{brief(data.file)} {problem}", fix="use a path inside the document's folder")
    path = Path(folder, *data.file.split("/"))
    if data.file.endswith(".csv"):
        return _from_csv(path, data)
    if data.file.endswith(".npz"):
        return _from_npz(path, data)
    values = _from_npy(path, data.file) if data.file.endswith(".npy") else read_png(path, data.file)[None]
    return dict.fromkeys(data.feeds, values)


def _drawn(spec: RandomSpec) -> Array:
    random = np.random.default_rng(spec.seed)
    if spec.distribution == "integers":
        return random.integers(int(spec.low), int(spec.high), spec.shape)
    width = spec.high - spec.low
    made = random.standard_normal(spec.shape) if spec.distribution == "normal" else random.random(spec.shape)
    return made * width + spec.low


def _common_rows(feeds: Mapping[str, Array], label: str, needed: bool = True) -> int:
    (first, array), *others = feeds.items()
    rows = len(array)
    for name, other in others:
        if len(other) != rows:
            raise FileFormatError(f"the feeds differ in their numbers of rows: {rows:,} ({first}) and {len(other):,} "
                                  f"({name})", at=label, fix="use arrays of equal length")
    if needed and not rows:
        raise FileFormatError("there are no rows", at=label, fix="check that it is the right file")
    return rows


def _scaled(array: Array, scale: Scale | None, count: int) -> Array:
    """Scaled with what the first `count` rows say; a column that does not vary is only shifted."""
    if scale is None:
        return array
    if scale.divisor is not None:
        return array / np.float64(scale.divisor)
    learned = array[:count].astype(np.float64)
    mean, deviation = learned.mean(axis=0), learned.std(axis=0)
    return (array - mean) / np.where(deviation > 0, deviation, 1.0)


# -------------------------------------------------------------------- csv

def _from_csv(path: Path, data: DataSpec) -> dict[str, Array]:
    text = decoded(read_file(path, MAX_CSV_BYTES, "the data"), data.file)
    needed = list(dict.fromkeys(c for columns in data.feeds.values() for c in _as_tuple(columns)))
    values = columns_of(text, needed, data.file)
    arrays = {name: np.array(column) if column else np.zeros(0) for name, column in zip(needed, values, strict=True)}
    return {feed: arrays[c] if isinstance(c, str) else np.stack([arrays[k] for k in c], axis=1)
            for feed, c in data.feeds.items()}


def _as_tuple(columns: Columns) -> tuple[str, ...]:
    return (columns,) if isinstance(columns, str) else columns


# -------------------------------------------------------------------- npz

def _from_npz(path: Path, data: DataSpec) -> dict[str, Array]:
    size = regular_size(path, "the data")
    if size > MAX_NPZ_BYTES:
        raise FileFormatError(f"the file has {size:,} bytes; it may have {MAX_NPZ_BYTES:,}", at=data.file,
                              fix="check that it is the right file")
    try:
        with zipfile.ZipFile(path) as archive:
            known = {name.removesuffix(".npy") for name in archive.namelist()}
            wanted = list(data.feeds.values())
            for name in wanted:
                if not isinstance(name, str) or name not in known:
                    fix = suggestion(str(name), known) or f"it has {', '.join(sorted(known))[:200]}"
                    raise FileFormatError(f"there is no array {brief(name)}", at=data.file, fix=fix)
            _refuse_expansion([archive.getinfo(f"{name}.npy") for name in set(wanted)], data.file)
            found = {name: _member(archive, name, data.file) for name in wanted if isinstance(name, str)}
            return {feed: found[str(name)] for feed, name in data.feeds.items()}
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, RuntimeError, KeyError) as error:
        raise FileFormatError(f"the file is no whole npz file: {error}", at=data.file,
                              fix="restore it from a copy") from None


def _from_npy(path: Path, file: str) -> Array:
    """The array of an .npy file."""
    size = regular_size(path, "the data")
    if size > MAX_NPZ_BYTES:
        raise FileFormatError(f"the file has {size:,} bytes; it may have {MAX_NPZ_BYTES:,}", at=file,
                              fix="check that it is the right file")
    return _array(lambda: path.open("rb"), size, "the array", file)


def _refuse_expansion(members: list[zipfile.ZipInfo], file: str) -> None:
    """Raise FileFormatError if arrays of a small file would fill the memory."""
    size = sum(m.file_size for m in members if m.file_size > MOST_EXPANSION * m.compress_size)
    if size > LARGEST_PLAIN_BYTES:
        raise FileFormatError(f"arrays have {size:,} bytes, more than {MOST_EXPANSION} times what is stored of them",
                              at=file, fix="save them with np.savez, which does not compress")


def _member(archive: zipfile.ZipFile, name: str, file: str) -> Array:
    """An array of the archive."""
    info = archive.getinfo(f"{name}.npy")
    return _array(lambda: archive.open(info), info.file_size, f"the array {brief(name)}", file)


def _array(open_stream: Callable[[], Any], size: int, what: str, file: str) -> Array:
    """An array of `size` bytes, once its header has been found to say what is there; objects are refused."""
    try:
        with open_stream() as stream:
            shape, dtype = _header(stream)
            if dtype.kind not in "biuf":
                raise FileFormatError(f"{what} holds {dtype}, not numbers", at=file, fix="save it as numbers")
            told = math.prod(shape) * dtype.itemsize
            if not shape or told != size - stream.tell() or size > MAX_NPZ_BYTES:
                raise FileFormatError(
                    f"{what} claims the shape {str(shape)[:60]}, {brief(told)} bytes; the file "
                    f"has {size:,}, {MAX_NPZ_BYTES:,} are allowed, and an axis of rows is needed", at=file,
                    fix="save it again, with rows along the first axis",
                )
        with open_stream() as stream:
            array: Array = np.lib.format.read_array(stream, allow_pickle=False)
    except FileFormatError:
        raise
    except ValueError as error:
        raise FileFormatError(f"{what} is damaged: {error}", at=file,
                              fix="restore the file from a copy") from None
    if dtype.kind == "f" and not np.isfinite(array).all():
        raise FileFormatError(f"{what} holds numbers that are not finite", at=file,
                              fix="remove the rows that hold them")
    return array


def _header(stream: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"it has version {version}")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    return shape, dtype
