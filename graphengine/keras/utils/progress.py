"""A line of text that says how far something has come, in Keras 3's form."""
from __future__ import annotations

import logging
import math
import os
import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..config import is_interactive_logging_enabled

BOLD, GREEN, WHITE, PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


def print_message(message: str, line_break: bool = True) -> None:
    """Write to standard output at once, or to the log; see `disable_interactive_logging`."""
    if not is_interactive_logging_enabled():
        logging.getLogger("graphengine").info(message)
        return
    sys.stdout.write(message + "\n" if line_break else message)
    sys.stdout.flush()


class Progbar:
    """A bar of progress with mean values.

    Parameters
    ----------
    target : number of steps; None if nobody knows
    width : of the bar, in characters
    verbose : 1 a bar that is drawn again and again, 2 one line at the end, 0 nothing
    interval : least time between two drawings, seconds
    stateful_metrics : names of values that are shown as they are
    stateless_metrics : names of values whose mean is shown, and that of no others

    Raises
    ------
    ValueError if both are given.
    """

    def __init__(
        self, target: int | None, width: int = 20, verbose: int = 1, interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None, stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("stateful_metrics and stateless_metrics are both given; give one of them")
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self._as_is = set(stateful_metrics or ())
        self._averaged = None if stateless_metrics is None else set(stateless_metrics)
        self._is_redrawn = sys.stdout.isatty() or "ipykernel" in sys.modules or "posix" in sys.modules or (
            "PYCHARM_HOSTED" in os.environ)
        self._seen = 0
        self._sums: dict[str, tuple[Any, int]] = {}         # value times weight, weight
        self._start = time.time()
        self._last_drawn = 0.0
        self._after_first: float | None = None
        self._drawn_width = 0

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Say that `current` steps are done.

        Parameters
        ----------
        values : pairs of a name and what was measured in the steps since the last update
        finalize : whether it is the last update; if None, when the target is reached
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            self._take(name, value, current, finalize)
        self._seen = current
        now = time.time()
        per_unit = self._seconds_per_unit(current, now)
        if self.verbose == 1:
            if now - self._last_drawn < self.interval and not finalize:
                return
            self._draw(current, now, per_unit, finalize)
        elif self.verbose == 2 and finalize and self.target:
            line = f"{self._count(current)} - {now - self._start:.0f}s -{self._rate(per_unit)}{self._values()}\n"
            print_message(line, line_break=False)
        self._last_drawn = now

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Say that `n` more steps are done."""
        self.update(self._seen + n, values)

    def _take(self, name: str, value: Any, current: int, finalize: bool) -> None:
        is_mean = name not in self._as_is if self._averaged is None else name in self._averaged
        if finalize or not is_mean:
            self._sums[name] = value, 1
            return
        weight = max(current - self._seen, 1)
        total, weights = self._sums.get(name, (0.0, 0))
        self._sums[name] = total + value * weight, weights + weight

    def _draw(self, current: int, now: float, per_unit: float, finalize: bool) -> None:
        bar, hidden = f"{current:7d}/Unknown", 0
        is_bounded = self.target is not None and self.target > 0
        if self.target is not None and is_bounded:
            done = int(self.width * (float(current) / self.target))
            green = f"{GREEN}{'━' * done}{PLAIN}" if done > 0 else ""
            bar = f"{BOLD}{self._count(current)}{PLAIN} {green}{WHITE}{'━' * (self.width - done)}{PLAIN}"
            hidden = len(BOLD + PLAIN + WHITE + PLAIN) + (len(GREEN + PLAIN) if green else 0)
        if self.target is not None and is_bounded and not finalize:
            when = _remaining(per_unit * (self.target - current))
        else:
            when = f"{now - self._start:.0f}s"
        info = f" {BOLD}{when}{PLAIN}{self._rate(per_unit)}{self._values()}"
        width = len(bar) + len(info) - hidden - len(BOLD + PLAIN)
        begin = "\b" * self._drawn_width + "\r" if self._is_redrawn else "\n"
        rest = " " * max(0, self._drawn_width - width)
        print_message(begin + bar + info + rest + ("\n" if finalize else ""), line_break=False)
        self._drawn_width = width

    def _count(self, current: int) -> str:
        assert self.target, "a bar without end has no count"
        return f"{current:{int(math.log10(self.target)) + 1}d}/{self.target}"

    def _values(self) -> str:
        text = ""
        for name, (total, weight) in self._sums.items():
            mean = float(np.mean(total)) / max(1, weight)
            size = mean if self.verbose == 2 else abs(mean)
            text += f" - {name}: {mean:.4f}" if size > 1e-3 else f" - {name}: {mean:.4e}"
        return text

    def _rate(self, per_unit: float) -> str:
        if per_unit >= 1 or per_unit == 0:
            return f" {per_unit:.0f}s/{self.unit_name}"
        if per_unit >= 1e-3:
            return f" {per_unit * 1e3:.0f}ms/{self.unit_name}"
        return f" {per_unit * 1e6:.0f}us/{self.unit_name}"

    def _seconds_per_unit(self, current: int, now: float) -> float:
        """Mean time of a step; the first, which traces and compiles, counts only while there is no other."""
        if not current:
            return 0.0
        if self._after_first is not None and current > 1:
            found = (now - self._after_first) / (current - 1)
        else:
            found = (now - self._start) / current
        if current == 1:
            self._after_first = now
        return found


def _remaining(seconds: float) -> str:
    whole = int(seconds)
    if seconds > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if seconds > 60 else f"{whole}s"
