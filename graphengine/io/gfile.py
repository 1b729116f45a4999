"""Files by TensorFlow's names for what Python does with them; paths are those of this machine."""
from __future__ import annotations

import glob as _glob
import os
import shutil
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from ..errors import AlreadyExistsError, GraphEngineError, NotFoundError, PermissionDeniedError


class MissingFileError(NotFoundError, FileNotFoundError):
    """A path where nothing is: TensorFlow's error, and Python's."""


def _telling(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def told(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except GraphEngineError:
            raise
        except (FileNotFoundError, FileExistsError, PermissionError) as error:
            kind = MissingFileError if isinstance(error, FileNotFoundError) else (
                AlreadyExistsError if isinstance(error, FileExistsError) else PermissionDeniedError)
            known = kind(f"{error.strerror}: {error.filename!r}", op=f"io.gfile.{function.__name__}")
            known.errno, known.strerror, known.filename = error.errno, error.strerror, error.filename
            raise known from error

    return told


@_telling
def GFile(name: Any, mode: str = "r") -> Any:
    """An open file: Python's `open`."""
    return open(name, mode, encoding=None if "b" in mode else "utf8")


def exists(path: Any) -> bool:
    """Whether there is a file or a folder."""
    return os.path.exists(path)


def isdir(path: Any) -> bool:
    """Whether it is a folder."""
    return os.path.isdir(path)


@_telling
def listdir(path: Any) -> list[str]:
    """The names in a folder."""
    return os.listdir(path)


def makedirs(path: Any) -> None:
    """Make a folder, and those around it; nothing if it is there."""
    os.makedirs(path, exist_ok=True)


@_telling
def mkdir(path: Any) -> None:
    """Make a folder in one that is there."""
    os.mkdir(path)


@_telling
def remove(path: Any) -> None:
    """Remove a file."""
    os.remove(path)


@_telling
def rmtree(path: Any) -> None:
    """Remove a folder and all that is in it."""
    shutil.rmtree(path)


@_telling
def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Give a file another name."""
    _refuse_to_overwrite(dst, overwrite)
    os.replace(src, dst)


@_telling
def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copy a file."""
    _refuse_to_overwrite(dst, overwrite)
    shutil.copyfile(src, dst)


def _refuse_to_overwrite(path: Any, overwrite: bool) -> None:
    if not overwrite and os.path.exists(path):
        raise AlreadyExistsError(f"{os.fspath(path)!r} is there already", op="io.gfile", fix="overwrite=True")


def glob(pattern: Any) -> list[str]:
    """The paths that fit a pattern, or one of several, in order."""
    patterns = pattern if isinstance(pattern, (list, tuple)) else [pattern]
    return sorted(path for p in patterns for path in _glob.glob(os.fspath(p)))


def join(path: Any, *paths: Any) -> str:
    """One path of several parts."""
    return str(os.path.join(path, *paths))


def walk(top: Any, topdown: bool = True, onerror: Any = None) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each folder below one, with its folders and its files."""
    return os.walk(top, topdown, onerror)


@_telling
def stat(path: Any) -> os.stat_result:
    """The size of a file, when it was changed, and the like."""
    return os.stat(path)


def get_registered_schemes() -> list[str]:
    """The kinds of file systems: the empty string, for paths of this machine."""
    return [""]


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (
    GFile, copy, exists, get_registered_schemes, glob, isdir, join, listdir, makedirs, mkdir, remove, rename, rmtree,
    stat, walk,
)}
