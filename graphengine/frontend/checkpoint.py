"""Checkpoints as files: arrays by name in ``PREFIX.safetensors``, and in each folder a list of those that it holds.

A checkpoint is named by its prefix, as in TensorFlow: ``folder/model-100``. The list is the file ``checkpoint`` of the
folder; paths in it are relative to the folder, so that it may be moved.
"""
from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

import numpy as np

from ..errors import FileFormatError, NotFoundError, suggestion
from ..values import dataclass

ENDING = ".safetensors"
LIST_NAME = "checkpoint"
LATEST, ALL = "model_checkpoint_path", "all_model_checkpoint_paths"
MAX_LIST_BYTES = 2**20

Path = str | os.PathLike[str]


# -------------------------------------------------------------------- arrays

def write_arrays(prefix: Path, arrays: Mapping[str, Any]) -> str:
    """Write a checkpoint in one step, its folder too; its prefix."""
    from ..io.weights import save_weights  # imported here, since most programs neither load nor save

    text = os.fspath(prefix)
    os.makedirs(os.path.dirname(text) or ".", exist_ok=True)
    save_weights(text + ENDING, arrays)
    return text


def read_arrays(prefix: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of a checkpoint, by name.

    Raises
    ------
    FileFormatError if it is missing or damaged.
    """
    from ..io.weights import load_weights

    return load_weights(os.fspath(prefix) + ENDING)


def checkpoint_exists(checkpoint_prefix: Path) -> bool:
    """Whether there is a checkpoint of this prefix."""
    return os.path.isfile(os.fspath(checkpoint_prefix) + ENDING)


def remove_checkpoint(checkpoint_prefix: Path) -> None:
    """Remove a checkpoint and the graph beside it, if they are there."""
    for ending in (ENDING, ".meta"):
        try:
            os.remove(os.fspath(checkpoint_prefix) + ending)
        except FileNotFoundError:
            continue


# -------------------------------------------------------------------- the list of a folder

@dataclass()
class CheckpointState:
    """The checkpoints of a folder, oldest first, and the newest one."""

    model_checkpoint_path: str
    all_model_checkpoint_paths: list[str] = field(default_factory=list)


def update_checkpoint_state(
    save_dir: Path, model_checkpoint_path: Path, all_model_checkpoint_paths: Iterable[Path] | None = None,
    latest_filename: str | None = None,
) -> None:
    """Write the list of a folder, in one step."""
    from ..io.files import write_file

    folder = os.fspath(save_dir)
    kept = [model_checkpoint_path] if all_model_checkpoint_paths is None else all_model_checkpoint_paths
    lines = [(LATEST, model_checkpoint_path), *((ALL, path) for path in kept)]
    text = "".join(f"{key}: {json.dumps(_relative(os.fspath(p), folder))}\n" for key, p in lines)
    write_file(os.path.join(folder, latest_filename or LIST_NAME), text.encode())


def get_checkpoint_state(checkpoint_dir: Path, latest_filename: str | None = None) -> CheckpointState | None:
    """The list of a folder, or None if it has none.

    Raises
    ------
    FileFormatError if the file is no such list.
    """
    folder = os.fspath(checkpoint_dir)
    file = os.path.join(folder, latest_filename or LIST_NAME)
    if not os.path.isfile(file):
        return None
    from ..io.files import read_file

    found: dict[str, list[str]] = {LATEST: [], ALL: []}
    for line in read_file(file, MAX_LIST_BYTES, "a list of checkpoints").decode("utf8", "replace").splitlines():
        key, _, text = line.partition(": ")
        try:
            path = json.loads(text) if key in found else ""
        except ValueError:
            path = None
        if not isinstance(path, str):
            raise FileFormatError(f"{line[:60]!r} names no checkpoint", at=file, fix="remove the file, and name one")
        if key in found:
            found[key].append(os.path.join(folder, path))
    if not found[LATEST]:
        raise FileFormatError("the file names no newest checkpoint", at=file, fix="remove the file, and name one")
    return CheckpointState(found[LATEST][-1], found[ALL])


def latest_checkpoint(checkpoint_dir: Path, latest_filename: str | None = None) -> str | None:
    """The prefix of a folder's newest checkpoint, or None."""
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    found = None if state is None else state.model_checkpoint_path
    return found if found is not None and checkpoint_exists(found) else None


def _relative(path: str, folder: str) -> str:
    """A path as seen from the folder, if it is inside."""
    seen = os.path.relpath(os.path.abspath(path), os.path.abspath(folder))
    return os.path.abspath(path) if seen.startswith("..") else seen


# -------------------------------------------------------------------- reading single arrays

class CheckpointReader:
    """What a checkpoint holds, by name."""

    def __init__(self, prefix: Path) -> None:
        self._arrays = read_arrays(prefix)

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        return {name: list(array.shape) for name, array in self._arrays.items()}

    def get_variable_to_dtype_map(self) -> dict[str, Any]:
        from ..dtypes import as_dtype

        return {name: as_dtype(array.dtype) for name, array in self._arrays.items()}

    def has_tensor(self, tensor_str: str) -> bool:
        return tensor_str in self._arrays

    def get_tensor(self, tensor_str: str) -> Any:
        """The array of this name.

        Raises
        ------
        NotFoundError if there is none.
        """
        if tensor_str not in self._arrays:
            raise NotFoundError(f"the checkpoint holds no {tensor_str!r}", fix=suggestion(tensor_str, self._arrays))
        return self._arrays[tensor_str]


def load_checkpoint(ckpt_dir_or_file: Path) -> CheckpointReader:
    """A reader of the checkpoint of this prefix, or of a folder's newest one."""
    folder = os.fspath(ckpt_dir_or_file)
    newest = latest_checkpoint(folder) if os.path.isdir(folder) else None
    return CheckpointReader(newest or folder)


def list_variables(ckpt_dir_or_file: Path) -> list[tuple[str, list[int]]]:
    """Name and shape of each array of a checkpoint."""
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def load_variable(ckpt_dir_or_file: Path, name: str) -> Any:
    """One array of a checkpoint."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))
