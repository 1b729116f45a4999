"""Requests that fail, in words: what the window hears of errors in the process that runs graphs. No Qt."""
from __future__ import annotations

import traceback

from . import messages as m


class Reported(Exception):
    """A request that failed, of which the window knows already."""


def failure(what: str, error: BaseException, card: str | None = None) -> m.Failed:
    """An error as a reply."""
    text = getattr(error, "problem", None) or str(error) or type(error).__name__
    op = getattr(error, "op", None)
    if not hasattr(error, "problem"):
        text = f"{type(error).__name__}: {text}"
    elif op and card is None:               # a card has a name of its own
        text = f"{op}: {text}"
    return m.Failed(what, text, card, getattr(error, "fix", None) or "",
                    "".join(traceback.format_exception(error)))


def name_of(request: m.Request) -> str:
    """What replies call a request."""
    return "profile" if isinstance(request, m.MeasureProfile) else type(request).__name__.lower()
