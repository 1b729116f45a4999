"""The file of large arrays that stands beside a document.

It is a safetensors file whose name ends with its own hash (``iris.3f2a9c81d0b4e577.safetensors``), so a document
never finds other numbers than those it was saved with, whatever happens between the writing of the two.
"""
from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as safetensors_bytes

from .. import dtypes
from ..dtypes import DType
from ..errors import FileFormatError, suggestion
from .files import FileMissingError, brief, regular_size
from .text import Mismatch

Array = np.ndarray[Any, Any]
MAX_ARRAYS_BYTES = 16 * 2**30
# Our types by their names in safetensors files: F32, BF16, U8, BOOL.
TYPES = {t.name.upper() if t.is_bool else t.code.upper(): t for t in dtypes.ALL}


class Collected:
    """Arrays on their way into a file, each under a name of its own."""

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}

    def keep(self, name: str, array: Array) -> str:
        free, count = name, 0
        while free in self.arrays:
            count += 1
            free = f"{name}~{count}"
        self.arrays[free] = np.asarray(array, order="C")
        return free


def stem(document: Path) -> str:
    """``iris`` for ``iris.graph.json``."""
    return document.name.removesuffix(".json").removesuffix(".graph")


def arrays_name(document: Path, digest: str) -> str:
    """Name of the file of arrays with this SHA-256, beside a document."""
    return f"{stem(document)}.{digest[:16]}.safetensors"


def is_arrays_name(document: Path, name: str) -> bool:
    """Whether `arrays_name` gives a name like this one for a document."""
    return re.fullmatch(re.escape(stem(document)) + r"\.[0-9a-f]{16}\.safetensors", name) is not None


def arrays_mentioned(document: Path, text: bytes) -> str | None:
    """The name of this shape in the text of the document, if there is one."""
    pattern = rb'"(' + re.escape(stem(document).encode("utf-8", "surrogateescape")) + rb"\.[0-9a-f]{16}\.safetensors)\""
    found = re.search(pattern, text)
    return found[1].decode("utf-8", "surrogateescape") if found else None


def arrays_bytes(arrays: Mapping[str, Array]) -> tuple[bytes, str]:
    """The file of some arrays, and its SHA-256; the same bytes for the same arrays."""
    data = safetensors_bytes({name: arrays[name] for name in sorted(arrays)})
    return data, hashlib.sha256(data).hexdigest()


class ArraysFile:
    """The arrays of a document, read when they are asked for.

    Parameters
    ----------
    entry : the document's `arrays`, or None if it has none
    document : path of the document
    file : the document as errors name it

    Raises
    ------
    FileFormatError if the entry is wrong, or the file is missing or has changed.
    """

    def __init__(self, entry: Any, document: Path, file: str) -> None:
        self._reader: Any = None
        self._names: set[str] = set()
        if entry is None:
            return
        name, digest = _checked_entry(entry, file)
        self.at = f"{file}, arrays in {name!r}"
        try:
            self._open(document.with_name(name), digest)
        except FileNotFoundError as error:
            fix = f"copy it beside the graph ({error.fix})" if isinstance(error, FileMissingError) else "load it again"
            raise FileMissingError(f"the file of arrays {name!r} is missing", at=file, fix=fix) from None

    def _open(self, path: Path, digest: str | None) -> None:
        size = regular_size(path, "the file of arrays")
        if size > MAX_ARRAYS_BYTES:
            raise FileFormatError(f"the file has {size:,} bytes; arrays may have {MAX_ARRAYS_BYTES:,}", at=self.at,
                                  fix="check that it is the right file")
        if digest is not None and _digest(path) != digest:
            raise FileFormatError("the file is damaged, or not the one that was saved with the graph", at=self.at,
                                  fix="restore it from a copy, or save the graph again where it is whole")
        try:
            self._reader = safe_open(os.fspath(path), framework="numpy")
            self._names = set(self._reader.keys())
        except FileNotFoundError:           # removed since: see `load`
            raise
        except (SafetensorError, OSError, ValueError) as error:
            raise FileFormatError(f"the file is no whole safetensors file: {error}", at=self.at,
                                  fix="restore it from a copy") from None

    def __enter__(self) -> ArraysFile:
        return self

    def __exit__(self, *error: Any) -> None:
        if self._reader is not None:
            self._reader.__exit__(*error)

    def fetch(self, name: str, dtype: DType, shape: tuple[int, ...]) -> Array:
        """The array `name`, which has to be of this dtype and shape.

        Raises
        ------
        Mismatch if it is not there or is another one.
        """
        if self._reader is None:
            raise Mismatch(f"it names the array {brief(name)}, but the file has no arrays", 'write "values" instead')
        if name not in self._names:
            fix = suggestion(name, self._names) or "correct the name"
            raise Mismatch(f"the file of arrays has no {brief(name)}", fix)
        info = self._reader.get_slice(name)
        found, sizes = TYPES.get(info.get_dtype()), tuple(info.get_shape())
        if found is not dtype or sizes != shape:
            has = f"{found.name if found else info.get_dtype()} {list(sizes)}"
            said = f"{dtype.name} {list(shape)}"
            raise Mismatch(f"the array {brief(name)} is {has:.60}, but the graph says {said:.60}", "make the two agree")
        return checked_bool(self._reader.get_tensor(name), name)


def checked_bool(array: Array, name: str) -> Array:
    """The array itself; a bool array from a file may hold bytes that are neither true nor false.

    Raises
    ------
    Mismatch if it does.
    """
    if array.dtype == np.bool_ and array.size and array.view(np.uint8).max() > 1:
        raise Mismatch(f"the bool array {brief(name)} holds bytes other than 0 and 1", "restore the file from a copy")
    return array


def _checked_entry(entry: Any, file: str) -> tuple[str, str | None]:
    """Name and checksum: a plain name of a file in the same folder, nothing that leads elsewhere."""
    if not isinstance(entry, dict) or not isinstance(entry.get("file"), str) or not set(entry) <= {"file", "sha256"}:
        raise FileFormatError(f"arrays is {brief(entry)}, not an object with file and sha256", at=file,
                              fix='write {"file": "NAME.safetensors"}')
    name, digest = entry["file"], entry.get("sha256")
    plain = not any(c in name for c in "/\\:") and not name.startswith(".") and name.isprintable()
    if not plain or not name.endswith(".safetensors"):
        raise FileFormatError(f"the file of arrays is called {brief(name)}", at=file,
                              fix="use the plain name of a .safetensors file in the same folder")
    if digest is not None and not (isinstance(digest, str) and re.fullmatch("[0-9a-f]{64}", digest)):
        raise FileFormatError(f"sha256 of arrays is {brief(digest)}", at=file, fix="write 64 hexadecimal digits")
    return name, digest


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
