"""Files that are dropped on the window or opened: what each kind of file becomes."""
from __future__ import annotations

import filecmp
import os
import secrets
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import graphengine as ge
from graphengine.tools.drawn.files import array_in_full, header_of, nodes_of, store

from . import commands
from .io.pictures import read_picture
from .model.document import Change, GraphDocument
from .model.files import from_drawing, from_engine, open_document
from .model.kinds import CONST, catalog
from .model.values import INLINE, stored
from .model.words import Words

LONGEST_HEADER = 2**20                      # characters of a csv file that are looked at for it
LARGEST_CONSTANT = 64 * 2**20               # bytes of an array that becomes a constant
UNREADABLE = (ValueError, EOFError, MemoryError, struct.error, zlib.error, zipfile.BadZipFile,
              NotImplementedError)          # of the readers of numpy and Python
DATA = {".csv": "data/csv", ".npz": "data/npz", ".npy": "data/npy", ".png": "data/image"}


class Unplaced(Exception):
    """A file of data is to lie beside a document that was never saved. words : what is to be done first"""

    words = Words("save the graph first: data is found relative to its folder")

    def __init__(self) -> None:
        super().__init__(str(self.words))


class Unusable(ValueError):
    """Nothing can be made of a file; the text, `words`, says why. pattern, values : as of `Words`"""

    def __init__(self, pattern: str, *values: object) -> None:
        self.words = Words(pattern, *values)
        super().__init__(str(self.words))


def document_of_file(path: Path | str) -> bool:
    """Whether a file holds a whole graph, by its name: a graph, or a picture that carries one."""
    name = os.fspath(path).lower()
    return name.endswith((".json", ".keras", ".onnx")) or (name.endswith(".png") and _carries_graph(Path(path)))


def _carries_graph(path: Path) -> bool:
    try:
        read_picture(path)
    except (OSError, ge.errors.GraphEngineError):
        return False
    return True


def read_document(path: Path) -> GraphDocument:
    """The drawn graph in a file of any kind.

    Raises
    ------
    GraphEngineError, OSError that say what is wrong.
    """
    suffix = path.suffix.lower()
    if suffix == ".png":
        return read_picture(path)
    if suffix == ".keras":
        from graphengine import keras

        return document_of_model(keras.models.load_model(path))
    if suffix == ".onnx":
        return document_of_graph(ge.load(path), os.fspath(path))
    return open_document(path)


def document_of_graph(graph: ge.Graph, file: str) -> GraphDocument:
    """A graph as a drawing of its nodes.

    Raises
    ------
    FileFormatError for what a file cannot hold.
    """
    arrays: dict[str, Any] = {}
    nodes = nodes_of(graph, lambda name, array: store(array, arrays), file)
    return from_engine({"nodes": nodes}, arrays, file)


def document_of_model(model: Any) -> GraphDocument:
    """A Keras model as a drawing of its layers."""
    from graphengine.keras.drawing import to_document

    arrays: dict[str, Any] = {}

    def held(array: np.ndarray[Any, Any]) -> dict[str, Any]:
        return stored(array, arrays) if array.size > INLINE else array_in_full(array)

    return from_drawing(to_document(model, held=held), arrays, model.name)


def item_of_file(
    document: GraphDocument, path: Path, folder: Path | None, x: float, y: float, is_own: bool = True
) -> Change:
    """The edit that puts a file of data on the canvas.

    A file in the document's folder, or below, becomes a source of data, and so does the copy of one from elsewhere; an
    array from elsewhere becomes a constant.

    Parameters
    ----------
    folder : where the document finds its data, if it was saved or read
    is_own : whether that is a folder of the user's, who gets copies there; that of the samples is not

    Raises
    ------
    Unplaced if the document has no folder of its own yet; GraphEngineError, OSError, ValueError that say what is wrong.
    """
    suffix = path.suffix.lower()
    kind = DATA.get(suffix)
    if kind is None:
        taken = ", ".join(DATA)
        raise (Unusable("nothing can be made of a {0}; drop a graph, {1} file", suffix, taken) if suffix else
               Unusable("nothing can be made of a file without a suffix; drop a graph, {0} file", taken))
    inside = _relative(path, folder)
    if inside is None and suffix == ".npy":
        return _constant(document, path, x, y)
    if folder is None or (inside is None and not is_own):
        raise Unplaced
    feeds = feeds_of(kind, path)
    if inside is None:                      # only now: what cannot be read is left where it is
        inside = _copied(path, folder)
    attributes = {"file": inside} if feeds is None else {"file": inside, "feeds": feeds}
    return commands.add_card(document, kind, x, y, attributes)


def _relative(path: Path, folder: Path | None) -> str | None:
    if folder is None:
        return None
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return None


def _copied(path: Path, folder: Path) -> str:
    """Put a copy beside the document, so that the graph can be given away with it."""
    target = folder / "data" / path.name
    if target.exists() and target.read_bytes() != path.read_bytes():
        raise Unusable("there is another data/{0} beside the graph; rename one of them", path.name)
    target.parent.mkdir(exist_ok=True)
    _copy(path, target)
    return f"data/{path.name}"


def _copy(source: Path, target: Path) -> None:
    """Copy a file; it has its name when it is whole."""
    unfinished = target.with_name(f".{target.name[:200]}.{secrets.token_hex(8)}.tmp")
    try:
        shutil.copyfile(source, unfinished)
        os.replace(unfinished, target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def data_files(document: GraphDocument) -> list[str]:
    """The files that a document reads, by their paths from its folder."""
    found = []
    for card in document.cards:
        kind = catalog().get(card.kind)
        for field in kind.fields if kind is not None else ():
            name = card.attributes.get(field.name) if field.form == "file" else None
            if isinstance(name, str) and name and not Path(name).is_absolute() and ".." not in Path(name).parts:
                found.append(name)
    return list(dict.fromkeys(found))


def bring_files(names: Iterable[str], before: Path, folder: Path) -> list[str]:
    """Copy files of data from one folder to another; the names that other files there have.

    Raises
    ------
    OSError if a file cannot be copied.
    """
    kept_out = []
    for name in names:
        source, target = before / name, folder / name
        if not source.is_file():
            continue
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(source, target)
        elif not filecmp.cmp(source, target, shallow=False):         # of two sizes without reading them
            kept_out.append(name)
    return kept_out


def feeds_of(kind: str, path: Path) -> dict[str, Any] | None:
    """The outputs that a source of data begins with: all that is in its file; None if it has none to choose.

    Raises
    ------
    FileFormatError, OSError, ValueError that say why the file cannot be read.
    """
    return _columns(path) if kind == DATA[".csv"] else _names(path) if kind == DATA[".npz"] else None


def _columns(path: Path) -> dict[str, Any]:
    """All columns but the last as "x", the last one by its name."""
    with _reading(path), path.open(newline="", encoding="utf-8-sig") as file:
        header, _ = header_of(file.read(LONGEST_HEADER), os.fspath(path))
    if not header:
        raise Unusable("the file has no header line")
    *features, label = header
    return {"x": features, label: label} if features else {label: label}


def _names(path: Path) -> dict[str, str]:
    """Each array of an archive by its own name."""
    with _reading(path), zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
    return {name: name for name in names}


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """What a broken file raises becomes an error that says so.

    Raises
    ------
    FileFormatError
    """
    try:
        yield
    except UNREADABLE as error:
        raise ge.errors.FileFormatError(f"the file cannot be read: {error}", at=os.fspath(path),
                                        fix="check that it is the right file, and whole") from None


def _constant(document: GraphDocument, path: Path, x: float, y: float) -> Change:
    if path.stat().st_size > LARGEST_CONSTANT:
        raise Unusable("an array of {0:,} bytes is no constant; put the file beside the graph", path.stat().st_size)
    with _reading(path), path.open("rb") as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
    ge.as_dtype(array.dtype)
    return commands.add_card(document, CONST, x, y, {"value": stored(array, document.arrays)})
