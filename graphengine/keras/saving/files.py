"""Models and weights as files, in Keras 3's own formats.

    model.keras         a zip archive: config.json, metadata.json, model.weights.h5
    model.weights.h5    the variables alone (hdf5.py)
    model.h5            the form of before (legacy.py)

Files are replaced in one step, and nothing in them is ever executed: what a configuration names has to be known here.
"""
from __future__ import annotations

import io
import json
import os
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ...errors import AttributeValueError, FileFormatError, GraphEngineError, InvalidArgumentError
from ...io.files import MOST_EXPANSION, brief, read_file, write_file
from ..registry import deserialize_keras_object, serialize_keras_object
from . import legacy
from .hdf5 import Groups, groups_bytes
from .walk import saved_parts

Path = str | os.PathLike[str]

KERAS_VERSION = "3.15.1"                    # whose files these are
CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
LEGACY = (".h5", ".hdf5")
OPTIMIZER = "optimizer"                     # the attribute, and the path
MAX_FILE_BYTES = 16 * 2**30
MAX_CONFIG_BYTES = 2**26
MAX_SMALL_BYTES = 2**24                     # of a part of an archive that may be packed however tightly


# -------------------------------------------------------------------- whole models

def save_model(
    model: Any, filepath: Path, overwrite: bool = True, zipped: bool | None = None, **unknown: Any
) -> None:
    """Write a model to a file: its configuration, weights, and how it was compiled, with the optimizer's state.

    Parameters
    ----------
    filepath : ends with ``.keras``, or with ``.h5`` for the form that was usual before
    overwrite : whether an existing file is replaced
    zipped : True or None: the file is an archive

    Raises
    ------
    InvalidArgumentError for another ending, or an object of the model without a configuration.
    FileExistsError if the file exists and is not to be replaced. OSError if the system refuses.
    """
    path = os.fspath(filepath)
    if path.endswith(LEGACY):
        _built(model, "save_model")
        _may_write(path, overwrite)
        write_file(path, legacy.model_bytes(model, KERAS_VERSION))
        return
    path = _ending(filepath, ".keras", "save_model")
    if unknown or zipped is False:
        raise InvalidArgumentError(f"{', '.join(unknown) or 'zipped=False'} is for other formats", op="save_model",
                                   fix="leave it out: a .keras file is one archive")
    _may_write(path, overwrite)
    config = json.dumps(serialize_keras_object(model))
    saved_at = datetime.now(UTC).strftime("%Y-%m-%d@%H:%M:%S")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in ((METADATA, json.dumps({"keras_version": KERAS_VERSION, "date_saved": saved_at}).encode()),
                           (CONFIG, config.encode()), (WEIGHTS, _weights_bytes(model))):
            archive.writestr(zipfile.ZipInfo(name), data)
    write_file(path, buffer.getvalue())


def load_model(
    filepath: Path, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model in a ``.keras`` or ``.h5`` file, of this package or of Keras.

    Parameters
    ----------
    custom_objects : the program's own classes and functions by name, beside those it has registered
    compile : whether to compile it as it was, and to restore the optimizer's state
    safe_mode : False lets the file hold functions as Python code, such as those of Lambda layers; it may do anything

    Raises
    ------
    FileFormatError if the file is missing, damaged or dangerous. InvalidArgumentError for a class that is not known.
    """
    if (path := os.fspath(filepath)).endswith(LEGACY):
        with legacy.LegacyFile(read_file(path, MAX_FILE_BYTES, "a model"), path) as file, _making(path):
            return legacy.model_of(file, custom_objects, compile, safe_mode)
    path = _ending(filepath, ".keras", "load_model")
    with _Archive(path) as archive:
        config = archive.config()
        if not compile:
            config = {**config, "compile_config": None}
        with _making(path):
            model = deserialize_keras_object(config, custom_objects, safe_mode=safe_mode)
        if not hasattr(model, "load_weights"):
            raise FileFormatError(f"the configuration is of {brief(str(config.get('class_name')))}, no model", at=path,
                                  fix="check that the file is a saved model")
        with Groups(archive.read(WEIGHTS, MAX_FILE_BYTES), path) as groups:
            _load(model, groups, path, skip_mismatch=False)
    return model


@contextmanager
def _making(path: str) -> Iterator[None]:
    """A ``with`` block that makes a model of a configuration, whose errors say so."""
    try:
        yield
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        if isinstance(error, GraphEngineError) and not isinstance(error, AttributeValueError):
            raise
        raise FileFormatError(f"the configuration makes no model: {type(error).__name__}: {brief(str(error))}",
                              at=path, fix="restore the file from a copy") from error


# -------------------------------------------------------------------- weights

def save_weights(model: Any, filepath: Path, overwrite: bool = True, max_shard_size: Any = None) -> None:
    """Write the variables of a model, and of its optimizer, to a file that ends with ``.weights.h5``.

    Raises
    ------
    InvalidArgumentError for another ending, or a model without weights yet.
    """
    path = _ending(filepath, ".weights.h5", "save_weights")
    if max_shard_size is not None:
        raise InvalidArgumentError("weights are written to one file", op="save_weights", fix="leave out max_shard_size")
    _may_write(path, overwrite)
    _built(model, "save_weights")
    write_file(path, _weights_bytes(model))


def load_weights(model: Any, filepath: Path, skip_mismatch: bool = False, **unknown: Any) -> None:
    """Give a model the variables of a file; nothing changes unless all of them fit.

    Parameters
    ----------
    filepath : ends with ``.weights.h5``, ``.keras``, or ``.h5``
    skip_mismatch : leave what does not fit as it is, with a warning
    by_name : only of an ``.h5`` file: weights go to the layers of the same names, and others stay as they are

    Raises
    ------
    FileFormatError if the file is missing or damaged. InvalidArgumentError if the variables do not fit the model.
    """
    path = os.fspath(filepath)
    is_legacy = path.endswith(LEGACY) and not path.endswith(".weights.h5")
    by_name = is_legacy and unknown.pop("by_name", False)
    if unknown:
        raise InvalidArgumentError(f"{', '.join(unknown)} is for other formats", op="load_weights")
    _built(model, "load_weights")
    if is_legacy:
        with legacy.LegacyFile(read_file(path, MAX_FILE_BYTES, "weights"), path) as file:
            legacy.load(model, file, skip_mismatch, bool(by_name))
        return
    if path.endswith(".keras"):
        with _Archive(path) as archive:
            data = archive.read(WEIGHTS, MAX_FILE_BYTES)
    else:
        data = read_file(_ending(path, ".weights.h5", "load_weights"), MAX_FILE_BYTES, "weights")
    with Groups(data, path) as groups:
        _load(model, groups, path, skip_mismatch)


def _weights_bytes(model: Any) -> bytes:
    _build_optimizer(model)
    groups: dict[str, tuple[str | None, Mapping[str, Any]]] = {}
    for path, part in saved_parts(model):
        store: dict[str, Any] = {}
        part.save_own_variables(store)
        groups[path] = getattr(part, "name", None), store
    return groups_bytes(groups)


def _load(model: Any, groups: Groups, file: str, skip_mismatch: bool) -> None:
    """Give the parts their arrays; what has been changed before one fails is put back."""
    _build_optimizer(model)
    parts = list(saved_parts(model))
    before: list[tuple[Any, dict[str, Any]]] = []
    failed = []
    for path, part in parts:
        saved: dict[str, Any] = {}
        part.save_own_variables(saved)
        before.append((part, saved))
        try:
            arrays = groups[path]
            if arrays or path != OPTIMIZER:     # weights may have been saved without one
                part.load_own_variables(arrays)
        except FileFormatError:
            _put_back(before)
            raise
        except (GraphEngineError, ValueError, KeyError) as error:
            failed.append(f"{path or 'the model'}: {error.problem if isinstance(error, GraphEngineError) else error}")
    if not failed:
        return
    count = "1 part does" if len(failed) == 1 else f"{len(failed)} parts do"
    message = f"{count} not fit the file; {failed[0]}"
    if skip_mismatch:
        warnings.warn(message, stacklevel=4)
        return
    _put_back(before)
    known = {path for path, _ in parts}
    others = [p for p in groups.paths() if p not in known]
    raise InvalidArgumentError(
        message, at=file, op="load_weights",
        fix=f"the file holds {', '.join(others[:3])}, which the model does not have" if others
        else "use the model that the weights were saved from",
    )


def _build_optimizer(model: Any) -> None:
    """Let a compiled model's optimizer make its variables: their number is part of the file."""
    optimizer = getattr(model, OPTIMIZER, None)
    if optimizer is not None and model.built:
        optimizer.build(model.trainable_variables)


def _put_back(before: list[tuple[Any, dict[str, Any]]]) -> None:
    for part, saved in before:
        part.load_own_variables(saved)


# -------------------------------------------------------------------- files

class _Archive:
    """A ``.keras`` file that is read part by part."""

    def __init__(self, path: str) -> None:
        self.path = path
        data = read_file(path, MAX_FILE_BYTES, "a model")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError) as error:
            raise FileFormatError(f"the file is no .keras archive: {error}", at=path,
                                  fix="restore it from a copy, or save the model again as .keras") from None

    def __enter__(self) -> _Archive:
        return self

    def __exit__(self, *error: Any) -> None:
        self._zip.close()

    def read(self, name: str, limit_bytes: int) -> bytes:
        """A part of the archive.

        Raises
        ------
        FileFormatError if it is missing or damaged, or would unpack to far more than is stored.
        """
        try:
            info = self._zip.getinfo(name)
        except KeyError:
            raise FileFormatError(f"the archive has no {name}", at=self.path, fix="check that it is a model") from None
        packed = info.file_size > MAX_SMALL_BYTES and info.file_size > MOST_EXPANSION * info.compress_size
        if info.file_size > limit_bytes or packed:
            raise FileFormatError(f"{name} unpacks to {info.file_size:,} bytes", at=self.path,
                                  fix="do not use this file")
        try:
            with self._zip.open(info) as part:
                data = part.read(info.file_size + 1)
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
            raise FileFormatError(f"{name} is damaged: {error}", at=self.path, fix="restore it from a copy") from None
        if len(data) > info.file_size:
            raise FileFormatError(f"{name} is larger than the archive says", at=self.path, fix="do not use this file")
        return data

    def config(self) -> dict[str, Any]:
        """The model's configuration."""
        try:
            found = json.loads(self.read(CONFIG, MAX_CONFIG_BYTES))
        except (ValueError, RecursionError) as error:
            raise FileFormatError(f"{CONFIG} is no JSON: {error}", at=self.path, fix="restore it from a copy") from None
        if not isinstance(found, dict):
            raise FileFormatError(f"{CONFIG} holds {brief(found)}", at=self.path, fix="check that it is a model")
        return found


def _ending(filepath: Path, wanted: str, op: str) -> str:
    path = os.fspath(filepath)
    if not path.endswith(wanted):
        raise InvalidArgumentError(f"the file is called {os.path.basename(path)!r}; its name has to end with {wanted}",
                                   op=op, fix=f"use a name like model{wanted}")
    return path


def _may_write(path: str, overwrite: bool) -> None:
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{path} exists, and overwrite=False")


def _built(model: Any, op: str) -> None:
    if not model.built:
        raise InvalidArgumentError(f"model {model.name!r} has no weights yet", op=op,
                                   fix="call it on data, or build(input_shape)")
