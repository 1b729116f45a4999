"""How a program's kernels divide between threads, for real sizes."""
from __future__ import annotations

from collections.abc import Sequence

from ..codegen.emit import Kernel
from ..codegen.kernels.library import Division, division
from ..config import settings
from ..ir.dims import Evaluator
from .team import thread_count

LONG_NS = 1e6                               # runs from here on hear signals
SLICES = 4                                  # for each thread, and of a kernel that is just worth sharing
# Waking a helper takes some 50 microseconds, so a program needs as many kernels that are worth sharing, or longer ones.
WORTH_WAKING = 8


def divided(kernel: Kernel, numbers: Sequence[int], value: Evaluator) -> Division:
    """How a kernel's work divides between threads; of some library kernels nobody knows how long they take."""
    extent = value(kernel.extent)
    if kernel.text is not None:
        return Division(extent, kernel.grain, value(kernel.points) * kernel.point_ns)
    return division(kernel.name, numbers, extent) or Division(extent, 0, LONG_NS)


def slice_lengths(divisions: Sequence[Division], times: Sequence[int]) -> list[int]:
    """Length of the slices of each kernel that threads take in turn; 0 if it is not shared.

    Parameters
    ----------
    divisions : of kernels that differ
    times : how often the program calls each
    """
    least_ns = 1e3 * settings().split_us
    worth = [d if d.grain and d.work_ns >= least_ns else None for d in divisions]
    works = [0 if d is None else d.work_ns for d in worth]
    if sum(work * n for work, n in zip(works, times, strict=True)) < WORTH_WAKING * least_ns:
        return [0] * len(times)
    return [0 if d is None else _slice_length(d, least_ns) for d in worth]


def _slice_length(divided: Division, least_ns: float) -> int:
    most = min(SLICES * max(thread_count(), 2), -(-divided.extent // divided.grain))
    count = min(most, int(SLICES * divided.work_ns / least_ns)) if least_ns else most
    length = -(-divided.extent // max(count, 1))
    length += -length % divided.grain
    return length if length < divided.extent else 0
