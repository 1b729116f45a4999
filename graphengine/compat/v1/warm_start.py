"""Variables whose initial values are those of a checkpoint."""
from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...errors import InvalidArgumentError, NotFoundError, ShapeError, suggestion
from ...frontend.checkpoint import ENDING, CheckpointReader, load_checkpoint
from .variables import GraphKeys, Variable, get_collection, known_variables

Path = str | os.PathLike[str]


def init_from_checkpoint(ckpt_dir_or_file: Path, assignment_map: Any) -> None:
    """Let variables start with values from a checkpoint; call it before the initializer of all variables is made.

    Parameters
    ----------
    assignment_map : dict, or pairs, of names in the checkpoint and variables, or names of those of `get_variable`. A
        name that ends with a slash stands for all that begin with it: ``{"old/": "new/"}``; "/" is all.

    Raises
    ------
    NotFoundError for a name that the checkpoint, or the graph, does not have. ShapeError if a shape differs.
    """
    reader, known = load_checkpoint(ckpt_dir_or_file), known_variables()
    pairs = assignment_map.items() if isinstance(assignment_map, Mapping) else assignment_map
    for saved, target in sorted(pairs, key=lambda pair: str(pair[0])):
        if isinstance(target, Variable):
            _start(reader, saved, target)
        elif target in known:
            _start(reader, saved, known[target])
        else:
            for name, variable in _within(saved, target, known):
                _start(reader, name, variable)


def _within(saved: str, scope: str, known: Mapping[str, Variable]) -> Iterable[tuple[str, Variable]]:
    """Variables of a scope, with their names in the checkpoint."""
    if not saved.endswith("/"):
        raise NotFoundError(f"there is no variable {scope!r}", op="init_from_checkpoint", fix=suggestion(scope, known))
    inside = "" if scope == "/" else f"{scope.rstrip('/')}/"
    outside = "" if saved == "/" else saved
    return [(outside + name[len(inside):], v) for name, v in sorted(known.items()) if name.startswith(inside)]


def _start(reader: CheckpointReader, name: str, variable: Variable) -> None:
    value = reader.get_tensor(name)
    if tuple(value.shape) != tuple(variable.shape):
        raise ShapeError(f"variable {variable.op.name!r} has shape {variable.shape}, {name!r} of the checkpoint has "
                         f"{tuple(value.shape)}", op="init_from_checkpoint")
    variable.start_from(value.astype(variable.dtype.numpy))


def warm_start(
    ckpt_to_initialize_from: Path, vars_to_warm_start: Any = ".*", var_name_to_vocab_info: Any = None,
    var_name_to_prev_var_name: Mapping[str, str] | None = None,
) -> None:
    """Let variables start with the values that those of the same names have in a checkpoint.

    Parameters
    ----------
    vars_to_warm_start : a pattern for names of trainable variables, patterns for those of all, or variables
    var_name_to_prev_var_name : names in the checkpoint of variables that have another one there

    Raises
    ------
    InvalidArgumentError for a renamed variable that is not among them, and for vocabularies, which are texts.
    NotFoundError, ShapeError as `init_from_checkpoint`.
    """
    if var_name_to_vocab_info:
        raise InvalidArgumentError("var_name_to_vocab_info is given; vocabularies are texts", op="warm_start",
                                   fix="leave it out")
    chosen = {v.op.name: v for v in _chosen(vars_to_warm_start)}
    renamed = dict(var_name_to_prev_var_name or {})
    unknown = sorted(set(renamed) - set(chosen))
    if unknown:
        raise InvalidArgumentError(f"var_name_to_prev_var_name names {unknown[0]!r}, which does not start warm",
                                   op="warm_start", fix=suggestion(unknown[0], chosen))
    init_from_checkpoint(ckpt_to_initialize_from, [(renamed.get(name, name), v) for name, v in chosen.items()])


def _chosen(wanted: Any) -> Sequence[Variable]:
    if wanted is None or isinstance(wanted, str):
        return get_collection(GraphKeys.TRAINABLE_VARIABLES, wanted)
    found = [[item] if isinstance(item, Variable) else get_collection(GraphKeys.GLOBAL_VARIABLES, item)
             for item in wanted]
    return [v for several in found for v in several]


def get_checkpoint_mtimes(checkpoint_prefixes: Sequence[Path]) -> list[float]:
    """When checkpoints were written, in seconds since 1970; those that do not exist are left out."""
    files = [os.fspath(prefix) + ENDING for prefix in checkpoint_prefixes]
    return [os.path.getmtime(file) for file in files if os.path.exists(file)]
