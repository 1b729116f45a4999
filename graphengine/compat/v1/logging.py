"""Messages, through Python's own logging: the logger ``graphengine``."""
from __future__ import annotations

import logging
import sys
from collections import Counter
from typing import Any

from ...frontend.surface import refusing

DEBUG, INFO, WARN, ERROR, FATAL = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL

_logger = logging.getLogger("graphengine")

debug, info, warning, error, fatal, log = (
    _logger.debug, _logger.info, _logger.warning, _logger.error, _logger.critical, _logger.log)
warn = warning
_counts: Counter[tuple[str, int]] = Counter()       # by the line that logs


def set_verbosity(v: int) -> None:
    """Show messages of this level and above."""
    _logger.setLevel(v)


def get_verbosity() -> int:
    """The level from which on messages are shown."""
    return _logger.getEffectiveLevel()


def vlog(level: int, msg: str, *args: Any, **kwargs: Any) -> None:
    """The same as `log`."""
    _logger.log(level, msg, *args, **kwargs)


def log_if(level: int, msg: str, condition: Any, *args: Any) -> None:
    """Log if a condition holds."""
    if condition:
        _logger.log(level, msg, *args)


def log_first_n(level: int, msg: str, n: int, *args: Any) -> None:
    """Log the first `n` times that this line comes."""
    if _count() < n:
        _logger.log(level, msg, *args)


def log_every_n(level: int, msg: str, n: int, *args: Any) -> None:
    """Log the first time that this line comes, and every `n` times after that."""
    if _count() % n == 0:
        _logger.log(level, msg, *args)


def _count() -> int:
    """How often the line that called the caller had called it before."""
    caller = sys._getframe(2)
    line = caller.f_code.co_filename, caller.f_lineno
    _counts[line] += 1
    return _counts[line] - 1


def flush() -> None:
    """Let others see what was logged."""
    for handler in (*_logger.handlers, *logging.getLogger().handlers):
        handler.flush()


def TaskLevelStatusMessage(msg: str) -> None:
    """Log an error."""
    _logger.error(msg)


__all__ = ["DEBUG", "ERROR", "FATAL", "INFO", "WARN", "TaskLevelStatusMessage", "debug", "error", "fatal", "flush",
           "get_verbosity", "info", "log", "log_every_n", "log_first_n", "log_if", "set_verbosity", "vlog", "warn",
           "warning"]
__getattr__ = refusing(__name__, lambda: __all__)
