"""What tells whether a file may be replaced: nobody else wrote it meanwhile, or wants it to stay as it is."""
from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import Any, NamedTuple

from .words import Words


class Version(NamedTuple):
    """A file as it was. modified_ns : time of the last change; size : bytes; digest : of the contents."""

    modified_ns: int
    size: int
    digest: str


ANY = Version(0, -1, "")                     # whatever is there may be overwritten


class ChangedMeanwhileError(OSError):
    """Another program wrote the file that is to be replaced."""


def version_of(path: str | os.PathLike[str] | None) -> Version | None:
    """The version of a regular file; None if there is none that can be read."""
    if path is None or not os.path.isfile(path):    # opening a pipe would wait for who writes to it
        return None
    try:
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            return Version(found.st_mtime_ns, found.st_size, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError:
        return None


def is_changed(path: str | os.PathLike[str], known: Version | None) -> bool:
    """Whether a file has other contents than it had. One that is gone has none to lose."""
    if known == ANY:
        return False
    try:
        found = os.stat(path)
    except OSError:
        return False
    if known is not None and (found.st_mtime_ns, found.st_size) == (known.modified_ns, known.size):
        return False
    now = version_of(path)
    return now is not None and (known is None or now.digest != known.digest)


def check_replaceable(path: str | os.PathLike[str], known: Version | None) -> None:
    """Refuse to put a file in the place of another that is not to be lost.

    Raises
    ------
    PermissionError if somebody made it read-only, which does not hinder the system from replacing it;
    ChangedMeanwhileError if it has other contents than it had.
    """
    if os.path.exists(path) and not os.stat(path).st_mode & stat.S_IWUSR:
        raise PermissionError(errno.EACCES, Words("the file is read-only"), os.fspath(path))
    if is_changed(path, known):
        raise ChangedMeanwhileError(f"another program changed {os.fspath(path)}")


def from_plain(raw: Any) -> Version | None:
    """The version that a journal kept as a list; None for anything else."""
    if isinstance(raw, list) and [type(part) for part in raw] == [int, int, str]:
        return Version(*raw)
    return None
