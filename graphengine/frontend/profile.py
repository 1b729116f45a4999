"""Where the time of a run goes: a table for people, and its rows for programs."""
from __future__ import annotations

from ..runtime.profile import KernelTime, Machine
from ..values import dataclass

HEADER = f"{'time':>12}{'share':>7}{'GB/s':>8}{'of copy':>9}{'GFLOP/s':>9}{'of peak':>9}   kernel"


@dataclass(frozen=True)
class Profile:
    """Times of the kernels of one step, in the order in which they run, and what the machine can do."""

    kernels: tuple[KernelTime, ...]
    machine: Machine

    @property
    def seconds(self) -> float:
        """Of the whole step."""
        return sum(k.seconds for k in self.kernels)

    def __str__(self) -> str:
        """A table, the slowest kernel first."""
        rows = sorted(self.kernels, key=lambda k: -k.seconds)
        end = (f"{self.seconds * 1e6:9.1f} us   a step of {len(rows)} kernels; a copy moves "
               f"{self.machine.bandwidth / 1e9:.1f} GB/s, a matrix product makes {self.machine.peak / 1e9:.0f} GFLOP/s")
        return "\n".join([HEADER, *map(self._row, rows), end])

    def _row(self, k: KernelTime) -> str:
        seconds = max(k.seconds, 1e-9)
        share, moved = k.seconds / max(self.seconds, 1e-9), k.moved_bytes / seconds
        computed = "-", "-"
        if k.operations is not None:
            computed = f"{k.operations / seconds / 1e9:.1f}", f"{k.operations / seconds / self.machine.peak:.0%}"
        return (f"{k.seconds * 1e6:9.1f} us{share:7.0%}{moved / 1e9:8.1f}{moved / self.machine.bandwidth:9.0%}"
                f"{computed[0]:>9}{computed[1]:>9}   {k.title}")
