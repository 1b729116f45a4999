"""Settings, read once from the environment when first asked for; a program may change them, or replace them in a block.

GRAPHENGINE_DEBUG       0 to 5: print summary, program, rules fired, source, every stage
GRAPHENGINE_CACHE_DIR   folder of compiled kernels
GRAPHENGINE_TIER        auto, whole, kernels or interpreter
GRAPHENGINE_THREADS     threads that share the work of large kernels; 1 for none but the caller's
"""
from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal, cast

import numpy as np

from .errors import AttributeValueError
from .values import dataclass

Tier = Literal["auto", "whole", "kernels", "interpreter"]
TIERS = ("auto", "whole", "kernels", "interpreter")


@dataclass(frozen=True)
class Settings:
    """Everything that a user can set from outside.

    debug : 0 to 5, how much each compilation prints
    cache_dir : folder of the object-code cache
    cache_bytes : size above which the oldest entries are dropped
    tier : which executor runs. The interpreter; kernels, for which the first run waits; the "whole" step of a tiny
        program as one kernel, for which its loops wait, and kernels for all else; "auto", each as soon as it is there
        without waiting and pays
    threads : how many share the work of a kernel; as many as there are cores for this process if 0
    split_us : microseconds that a kernel is expected to take from which its work is shared
    inter_op_threads : what TensorFlow's function of this name was told; kernels run one after the other
    soft_placement : whether `device` takes names of devices that are not there
    """

    debug: int = 0
    cache_dir: Path = Path("~/.cache/graphengine")
    cache_bytes: int = 256 * 2**20
    tier: Tier = "auto"
    threads: int = 0
    split_us: float = 25.0
    inter_op_threads: int = 0
    soft_placement: bool = False


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _from_environment() -> Settings:
    """The settings of this process.

    Raises
    ------
    AttributeValueError if a variable of the environment has a value that it does not take.
    """
    tier = os.environ.get("GRAPHENGINE_TIER", "auto")
    if tier not in TIERS:
        raise AttributeValueError(f"GRAPHENGINE_TIER={tier!r}; it takes one of {', '.join(TIERS)}")
    base = os.environ.get("GRAPHENGINE_CACHE_DIR") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or "~/.cache", "graphengine"
    )
    debug = os.environ.get("GRAPHENGINE_DEBUG", "0")
    if not debug.isdecimal():
        raise AttributeValueError(f"GRAPHENGINE_DEBUG={debug!r}; it takes a number from 0 to 5")
    threads = os.environ.get("GRAPHENGINE_THREADS") or "0"
    if not threads.isdigit():
        raise AttributeValueError(f"GRAPHENGINE_THREADS={threads!r}; it takes a number from 0 on")
    _count(tier == "interpreter")
    return Settings(int(debug), Path(base).expanduser(), tier=cast(Tier, tier), threads=int(threads))


# How many settings force the interpreter: the process's, and those of blocks that are being run. Machine code that
# Python calls looks here, for it cannot look into a context.
interpreting = np.zeros(1, np.int64)
_counting = Lock()


def _count(change: int) -> None:
    with _counting:
        interpreting[0] += change


_current: ContextVar[Settings | None] = ContextVar("graphengine_settings", default=None)


_process: Settings | None = None


def settings() -> Settings:
    """The settings in force."""
    return _current.get() or _process or _from_environment()


def change(**changes: Any) -> None:
    """Use other settings from now on, in all threads that do not override them."""
    global _process
    before = _process or _from_environment()
    _process = replace(before, **changes)
    _count((_process.tier == "interpreter") - (before.tier == "interpreter"))


@contextmanager
def override(**changes: Any) -> Iterator[Settings]:
    """Use other settings inside a ``with`` block, in this thread."""
    changed = replace(settings(), **changes)
    forces = changed.tier == "interpreter"
    token = _current.set(changed)
    _count(forces)
    try:
        yield changed
    finally:
        _count(-forces)
        _current.reset(token)
