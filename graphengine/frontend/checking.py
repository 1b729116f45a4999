"""Looking for NaN and infinity in all that is computed."""
from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..ops.apply import recording
from ..ops.kinds import Movement


class _Looking(threading.local):
    """What each thread looks with, for `recording` is of one thread."""

    with_: recording | None = None


_looking = _Looking()


def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """Let each operation that gives NaN or infinity raise InvalidArgumentError, in this thread.

    What is computed at once is told as it is computed; a `function` when it has run, by its name. Runs of sessions are
    not looked at: there is `debugging.check_numerics`.
    """
    if _looking.with_ is None:
        _looking.with_ = recording(_check)
        _looking.with_.__enter__()


def disable_check_numerics() -> None:
    """Undo `enable_check_numerics`, in this thread."""
    if _looking.with_ is not None:
        _looking.with_.__exit__()
        _looking.with_ = None


def _check(op: Any, operands: Sequence[Any], held: Sequence[Any], results: Sequence[Any]) -> None:
    if isinstance(op, Movement):            # which gives what it was given
        return
    for k, x in enumerate(results):
        if x.array.dtype.kind == "f" and not np.isfinite(x.array).all():
            what = " and ".join(word for word, found in (
                ("NaN", np.isnan(x.array)), ("-Inf", np.isneginf(x.array)), ("+Inf", np.isposinf(x.array)))
                if found.any())
            raise InvalidArgumentError(
                f"Detected Infinity or NaN in output {k}: {what}", op=getattr(op, "name", type(op).__name__),
                operands=[(f"input {j}", np.array2string(np.asarray(y.array), threshold=6))
                          for j, y in enumerate(held) if hasattr(y, "array")])
