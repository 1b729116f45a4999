"""Definitions that give infinity and NaN without warnings, as kernels do."""
from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from functools import wraps
from typing import Any, TypeVar

import numpy as np

# numpy keeps in the context what it does about such numbers. Entering one that ignores them takes a tenth of the time
# of `np.errstate`, which would be most of that of a small op.
_IGNORING = Context()
_IGNORING.run(np.seterr, all="ignore")

C = TypeVar("C", bound=Callable[..., Any])

quiet_context = _IGNORING.copy              # one to run in: a context is entered once at a time


def quiet(definition: C) -> C:
    """Let a function of arrays, which needs nothing else from a context, ignore overflow, division by zero and such."""
    @wraps(definition)
    def call(*arrays: Any) -> Any:
        return quiet_context().run(definition, *arrays)

    return call  # type: ignore[return-value]
