"""Bytes in and out of files: reading is bounded, writing is all or nothing."""
from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, suggestion

STEP_BYTES = 2**20                          # of a file that grows while it is read
MOST_EXPANSION = 100                        # what is this much larger than its packed form counts as made of nothing,
LARGEST_PLAIN_BYTES = 2**28                 # of which a file may hold so much
LONGEST_NAME = 100                          # characters of a file's name that its temporary one keeps


class FileMissingError(FileFormatError, FileNotFoundError):
    """A file that is not there."""


def brief(value: Any) -> str:
    """A value from a file as an error shows it: at most 60 characters, also for one that nests deeply."""
    if isinstance(value, str):
        text = repr(value[:64])
    elif isinstance(value, dict):
        text = f"an object with {', '.join(brief(k) for k in list(value)[:3]) or 'nothing in it'}"
    elif isinstance(value, (list, tuple)):
        text = f"a list of {len(value)}"
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value) if abs(value) < 10**40 else "a whole number of more than 40 digits"
    elif value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    else:
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def read_file(path: str | os.PathLike[str], limit_bytes: int, what: str) -> bytes:
    """The bytes of a regular file.

    Parameters
    ----------
    path : where
    limit_bytes : size above which the file is refused
    what : what the file should be, for the error: ``"a graph"``

    Raises
    ------
    FileMissingError if there is nothing; the nearest name in the folder is suggested.
    FileFormatError if it is no regular file, or larger than the limit.
    OSError if the system refuses to read it.
    """
    size = regular_size(path, what)
    with open(path, "rb") as file:          # memory for what is there: the limit may be more than the machine has
        data = file.read(min(size, limit_bytes) + 1)
        while size < len(data) <= limit_bytes and (more := file.read(min(STEP_BYTES, limit_bytes + 1 - len(data)))):
            data += more                    # somebody writes to it, or the system does not tell sizes, as under /proc
    if max(size, len(data)) > limit_bytes:
        raise FileFormatError(
            f"the file has {max(size, len(data)):,} bytes; {what} may have {limit_bytes:,}", at=os.fspath(path),
            fix="check that it is the right file",
        )
    return data


def regular_size(path: str | os.PathLike[str], what: str) -> int:
    """Size in bytes of a regular file; the errors are those of `read_file`."""
    path = Path(path)
    try:
        info = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        beside = os.listdir(path.parent) if path.parent.is_dir() else []
        raise FileMissingError(
            f"there is no file {path.name!r}", at=str(path),
            fix=suggestion(path.name, beside) or f"check the path of {what}",
        ) from None
    except ValueError as error:             # a NUL in the name
        raise FileFormatError(f"no file can be called {brief(str(path))}: {error}", fix="use another name") from None
    if not stat.S_ISREG(info.st_mode):
        kind = "a folder" if stat.S_ISDIR(info.st_mode) else "no regular file"
        raise FileFormatError(f"{path.name!r} is {kind}", at=str(path), fix=f"give the path of {what}")
    return info.st_size


def write_file(path: str | os.PathLike[str], data: bytes, check: Callable[[Path], object] = lambda new: None) -> None:
    """Replace a file by one that holds `data`; whatever goes wrong, the old file stays whole.

    The bytes go to a temporary file in the same folder, are forced to the disk, and take the name in one step.
    A link is followed, and the permissions of the old file are kept.

    Parameters
    ----------
    check : called with the new file when all of it is on the disk but the name; what it raises leaves the old one

    Raises
    ------
    OSError, with the system's reason (disk full, no permission ...) and the file's name.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "no regular file; not saved", os.fspath(path))
    temporary = target.with_name(f".{target.name[:LONGEST_NAME]}.{secrets.token_hex(8)}.tmp")
    try:
        _write_new(temporary, data, target)
        check(temporary)
        os.replace(temporary, target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:
            reason = f"{error.strerror or error}; what was there is unchanged"
            raise OSError(error.errno, reason, os.fspath(path)) from error
        raise
    _force_folder(target.parent)


def name_to_be(name: str) -> str | None:
    """What a file of this name was to be called, at most `LONGEST_NAME` characters, if it is a temporary one."""
    found = re.fullmatch(r"\.(.+)\.[0-9a-f]{16}\.tmp", name, re.DOTALL)
    return found[1] if found else None


def _write_new(path: Path, data: bytes, like: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, 0o666), "wb") as file:
        if like.is_file() and hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), stat.S_IMODE(like.stat().st_mode))
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _force_folder(folder: Path) -> None:
    """Make a new name in the folder outlast a power cut, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
