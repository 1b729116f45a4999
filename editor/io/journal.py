"""Nothing is lost when the editor dies: every edit is with the system before the next one begins. No Qt.

A document that is not saved has a folder of its own among the journals:

    lock            held by the process that edits it; the system lets go of it when the process ends, however it ends
    base-3.json     {"path": of the document's file or null, "name": what it is called without one,
                     "data": folder of its data, "arrays": [names], "text": all items, as files.to_text}
    edits-3.jsonl   a line for each edit since then: a checksum, and the items that are there now or are gone
    arrays/*.npy    large arrays

The folder appears with the first edit and goes when the document is saved or closed. After many edits a new base is
written and the old one removed. Lines and arrays reach the system at once, which is enough when the editor is killed;
a thread forces them to the disk, so that a power cut costs a fraction of a second.
"""
from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import graphengine as ge
from graphengine.tools.drawn.files import write_file

from ..model.document import Change, GraphDocument
from ..model.files import from_text, open_document, to_text
from ..model.items import Item, Ref
from ..model.plain import from_plain, ref_from_plain, ref_to_plain, to_plain
from ..model.values import arrays_named
from ..model.version import Version
from ..model.version import from_plain as version_from_plain
from .folders import data_folder, make_private

Array = np.ndarray[Any, Any]
LONGEST = 4 * 2**20                         # bytes of edits after which a new base is written
LARGEST = 256 * 2**20                       # bytes of a file that is read back
BINARY = getattr(os, "O_BINARY", 0)


class Journal:
    """Writes down what happens to a document.

    Parameters
    ----------
    document : what is edited
    path : its file, if it has one
    version : of the file, as it was opened
    folder : where journals are; the person's own if None
    on_problem : called with what the system says if the journal cannot be written; the document goes on
    name : of a document without a file
    data : the folder that its data are relative to

    Attributes
    ----------
    folder : of this journal
    """

    def __init__(
        self, document: GraphDocument, path: str | os.PathLike[str] | None = None, folder: Path | None = None,
        on_problem: Callable[[str], Any] | None = None, version: Version | None = None, name: str = "",
        data: str | os.PathLike[str] | None = None,
    ) -> None:
        self.document = document
        self.name, self.data = name, None if data is None else os.path.abspath(data)
        self.version = version
        self.path = None if path is None else os.path.abspath(path)
        home = journals_folder() if folder is None else folder
        self.folder = home / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
        self._on_problem = on_problem
        self._number = 0
        self._size = 0
        self._file: int | None = None       # descriptor of the edits
        self._lock: int | None = None
        self._arrays: set[str] = set()
        self._flusher = _Flusher()
        document.listeners.append(self._note)
        if document.is_modified:
            self._guarded(self._begin)

    # ------------------------------------------------ what happens

    def saved(self, path: str | os.PathLike[str], version: Version | None = None) -> None:
        """The document is in a file: what is left to keep is what was edited while it was written."""
        self.path, self.version = os.path.abspath(path), version
        self.data = os.path.dirname(self.path)
        if self.document.is_modified:
            self._guarded(self._begin)
        else:
            self._drop()

    def close(self) -> None:
        """The document is closed, and what is not saved is not wanted."""
        self.leave()
        self._drop()

    def leave(self) -> None:
        """Stop; what is not saved stays, as when the editor dies, and the next start finds it."""
        if self._note in self.document.listeners:
            self.document.listeners.remove(self._note)
        self._let_go()
        self._flusher.close()

    def _note(self, refs: frozenset[Ref]) -> None:
        if self.document.is_modified:
            self._guarded(lambda: self._write(refs))
        else:                               # undone back to what is in the file
            self._drop()

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except OSError as error:
            self._end_file()                # the next edit begins anew
            if self._on_problem is not None:
                self._on_problem(error.strerror or str(error))

    def _write(self, refs: frozenset[Ref]) -> None:
        if self._file is None or self._size > LONGEST:
            self._begin()
            return
        items = {ref: self.document.items.get(ref) for ref in sorted(refs, key=lambda r: (r.kind, str(r.key)))}
        self._keep_arrays(items.values())
        line = _line(items)
        if os.write(self._file, line) < len(line):      # of a disk that is all but full: nothing after it is read back
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += len(line)
        self._flusher.wants(self._file)

    # ------------------------------------------------ bases

    def _begin(self) -> None:
        """Write all of the document, and go on with edits from there."""
        make_private(self.folder / "arrays")
        if self._lock is None:
            self._lock = _locked(self.folder / "lock")
        self._keep_arrays(self.document.items.values())
        number = self._number + 1
        write_file(self.folder / f"base-{number}.json", json.dumps({
            "path": self.path, "name": self.name, "data": self.data, "version": self.version,
            "arrays": sorted(self._arrays), "text": to_text(self.document)}).encode())
        self._end_file()
        self._file = os.open(self.folder / f"edits-{number}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND | BINARY)
        for old in (f"base-{self._number}.json", f"edits-{self._number}.jsonl"):
            (self.folder / old).unlink(missing_ok=True)
        self._number, self._size = number, 0

    def _keep_arrays(self, items: Iterable[Item | None]) -> None:
        """Large arrays that items name, each once."""
        if self.document.arrays.keys() <= self._arrays:
            return
        for item in items:
            for name in arrays_named(to_plain(item)) if item is not None else ():
                if name not in self._arrays and name in self.document.arrays:
                    path = self.folder / "arrays" / f"{name}.npy"
                    with path.open("wb") as file:
                        np.save(file, _bytes_of(self.document.arrays[name]), allow_pickle=False)
                    self._flusher.wants_whole(path)
                    self._arrays.add(name)

    def _end_file(self) -> None:
        if self._file is not None:
            self._flusher.forget(self._file)
            os.close(self._file)
            self._file = None

    def _let_go(self) -> None:
        self._end_file()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _drop(self) -> None:
        self._let_go()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._arrays.clear()
        self._number = 0


class _Flusher:
    """A thread that forces files to the disk, which takes too long for the one that edits."""

    def __init__(self) -> None:
        self._wanted = threading.Condition()
        self._files: set[int] = set()
        self._whole: set[Path] = set()      # files that are closed; open ones would be too many, one for each array
        self._closed = False
        self._thread: threading.Thread | None = None

    def wants(self, file: int) -> None:
        """A file that goes on being written."""
        with self._wanted:
            self._files.add(file)
            self._begin()

    def wants_whole(self, path: Path) -> None:
        """A file that is whole; before any that is asked for later."""
        with self._wanted:
            self._whole.add(path)
            self._begin()

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()
        self._wanted.notify()

    def forget(self, file: int) -> None:
        with self._wanted:
            self._files.discard(file)

    def close(self) -> None:
        with self._wanted:
            self._closed = True
            self._files.clear()
            self._whole.clear()
            self._wanted.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: self._files or self._whole or self._closed)
                if self._closed:
                    return
                descriptors = [os.dup(file) for file in self._files]
                whole = sorted(self._whole)
                self._files.clear()
                self._whole.clear()
            for path in whole:
                with contextlib.suppress(OSError):      # it is gone: the document was saved
                    descriptor = os.open(path, os.O_RDWR | BINARY)
                    try:
                        os.fsync(descriptor)
                    finally:
                        os.close(descriptor)
            for descriptor in descriptors:
                with contextlib.suppress(OSError):
                    os.fsync(descriptor)
                os.close(descriptor)


# -------------------------------------------------------------------- what was left behind

@dataclass(frozen=True)
class LeftOver:
    """The journal of a document whose editor ended without saving it.

    path : the document's file, None if it never had one
    when : the last edit, seconds since 1970
    version : of the file when it was opened
    name : of a document that never had a file; "" if it had none either
    data : the folder that its data are relative to, None if it is not known
    """

    folder: Path
    path: Path | None
    when: float
    version: Version | None = None
    name: str = ""
    data: Path | None = None

    def recover(self) -> GraphDocument:
        """The document with every edit; one step of undo leads back to what is in its file.

        Raises
        ------
        FileFormatError if the journal is broken: the document with what can be read is not whole.
        """
        text, arrays = _read(self.folder)
        document = from_text(text, arrays, file=str(self.folder))
        saved = _saved(self.path)
        saved.arrays.update(arrays)
        changed = [ref for ref in dict.fromkeys([*document.items, *saved.items])
                   if saved.items.get(ref) != document.items.get(ref)]
        saved.do(Change("Recover edits", {ref: saved.items.get(ref) for ref in changed},
                        {ref: document.items.get(ref) for ref in changed}))
        return saved

    def discard(self) -> None:
        """Remove the journal."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _saved(path: Path | None) -> GraphDocument:
    if path is not None:
        with contextlib.suppress(OSError, ge.errors.GraphEngineError):
            return open_document(path)
    return GraphDocument()


def left_over(folder: Path | None = None) -> list[LeftOver]:
    """Journals whose editor is gone, the newest first. Those of editors that run are theirs."""
    home = journals_folder() if folder is None else folder
    found = []
    for inside in sorted(home.iterdir()) if home.is_dir() else ():
        if not inside.is_dir() or _is_held(inside / "lock"):
            continue
        base = _newest(inside)
        if base is None:                    # its editor died before anything was written
            shutil.rmtree(inside, ignore_errors=True)
            continue
        about = _about(base)
        edits = inside / f"edits-{_number_of(base)}.jsonl"
        when = max(file.stat().st_mtime for file in (base, edits) if file.exists())
        found.append(LeftOver(inside, about.path, when, about.version, about.name, about.data))
    return sorted(found, key=lambda entry: -entry.when)


def journals_folder() -> Path:
    return data_folder() / "journals"


def _number_of(base: Path) -> int:
    return int(base.stem.partition("-")[2])


def _newest(folder: Path) -> Path | None:
    bases = [file for file in folder.glob("base-*.json") if re.fullmatch(r"base-\d{1,9}", file.stem)]
    return max(bases, key=_number_of, default=None)


class _About(NamedTuple):
    """What a base says of its document beside what is in it: as `LeftOver`."""

    path: Path | None = None
    version: Version | None = None
    name: str = ""
    data: Path | None = None


def _about(base: Path) -> _About:
    try:
        found = _base(base)
    except ge.errors.FileFormatError:
        return _About()
    name, path = found.get("name"), _path(found["path"])
    return _About(path, version_from_plain(found.get("version")) if path is not None else None,
                  name if isinstance(name, str) else "", _path(found.get("data")))


def _path(raw: Any) -> Path | None:
    return Path(raw) if isinstance(raw, str) and raw and "\0" not in raw else None


def _base(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        found = json.loads(file.read_text(encoding="utf8"))
        if not (isinstance(found, dict) and isinstance(found.get("text"), str) and "path" in found):
            raise ValueError("it has no text")
    except (OSError, ValueError, RecursionError) as error:
        raise ge.errors.FileFormatError(f"the journal cannot be read: {error}", at=str(file),
                                        fix="open the document's file") from None
    return found


def _read(folder: Path) -> tuple[str, dict[str, Array]]:
    """The items after the last whole edit as text, and the arrays."""
    base = _newest(folder)
    if base is None:
        raise ge.errors.FileFormatError("the journal is empty", at=str(folder), fix="open the document's file")
    arrays = dict(_arrays(folder / "arrays"))
    items = dict(from_text(_base(base)["text"], arrays, file=str(base)).items)
    edits = folder / f"edits-{_number_of(base)}.jsonl"
    for changed in _edits(edits):
        for ref, item in changed.items():
            if item is None:
                items.pop(ref, None)
            else:
                items[ref] = item
    return to_text(GraphDocument(items.values())), arrays


def _arrays(folder: Path) -> Iterator[tuple[str, Array]]:
    for file in sorted(folder.glob("*.npy")):
        with contextlib.suppress(OSError, ValueError, EOFError, KeyError, TypeError):
            if re.fullmatch(r"[0-9a-f]{1,64}", file.stem):
                yield file.stem, _array_of(np.load(file, allow_pickle=False))


def _edits(file: Path) -> Iterator[dict[Ref, Item | None]]:
    """Edits of a file up to the first that is torn."""
    if not file.exists() or file.stat().st_size > LARGEST:
        return
    for number, line in enumerate(file.read_bytes().split(b"\n"), 1):
        checksum, _, rest = line.partition(b" ")
        if checksum != b"%08x" % zlib.crc32(rest):
            return
        place = f"{file}, line {number}"
        try:
            entries = [(ref_from_plain(ref, place), raw) for ref, raw in json.loads(rest)]
            yield {ref: None if raw is None else from_plain(raw, place) for ref, raw in entries}
        except (ValueError, TypeError, RecursionError, ge.errors.GraphEngineError):
            return


def _line(items: dict[Ref, Item | None]) -> bytes:
    entries = [[ref_to_plain(ref), None if item is None else to_plain(item)] for ref, item in items.items()]
    text = json.dumps(entries, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _bytes_of(array: Array) -> Array:
    """An array that npy files know: bfloat16 and its like go as a record of their name and their bytes."""
    if array.dtype.kind in "biufc":
        return array
    return array.view(np.dtype([(array.dtype.name, f"u{array.dtype.itemsize}")]))


def _array_of(array: Array) -> Array:
    if array.dtype.names:
        array = array.view(ge.as_dtype(array.dtype.names[0]).numpy)
    array.flags.writeable = False
    return array


# -------------------------------------------------------------------- locks

def _locked(file: Path) -> int:
    """Descriptor of a file that is locked until it is closed or the process ends."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | BINARY, 0o600)
    if not _try_lock(descriptor):
        os.close(descriptor)
        raise OSError("another editor has the journal")
    return descriptor


def _is_held(file: Path) -> bool:
    """Whether a process holds the lock; without a lock file nobody does."""
    try:
        descriptor = os.open(file, os.O_RDWR | BINARY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        return not _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
