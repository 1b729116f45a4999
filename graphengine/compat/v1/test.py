"""Tests of programs by TensorFlow 1's names: today's `test`, and helpers that Python has itself."""
from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

import graphengine.frontend.testing as _today

from ...frontend.derivatives import gradients
from ...frontend.session import get_default_session
from ...frontend.surface import refusing as _refusing
from ...ops.language import L


class StubOutForTesting:
    """Puts something in the place of attributes for a test, and brings them back: a context, or by `CleanUp`."""

    def __init__(self) -> None:
        self._kept: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> StubOutForTesting:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.CleanUp()

    def Set(self, parent: Any, child_name: str, new_child: Any) -> None:
        """Give an object another attribute."""
        self._kept.append((parent, child_name, getattr(parent, child_name)))
        setattr(parent, child_name, new_child)

    SmartSet = Set

    def CleanUp(self) -> None:
        """Bring all of them back."""
        while self._kept:
            setattr(*self._kept.pop())

    UnsetAll = SmartUnsetAll = CleanUp


def compute_gradient_error(
    x: Any, x_shape: Any, y: Any, y_shape: Any, x_init_value: Any = None, delta: float = 1e-3,
    init_targets: Any = None, extra_feed_dict: Mapping[Any, Any] | None = None,
) -> float:
    """The largest difference between derivatives by the gradient and by differences, in the default session.

    Parameters
    ----------
    x, y : tensors, or lists of x with a shape for each
    x_shape, y_shape : their shapes
    x_init_value : where to take them; numbers at random if None
    delta : distance to both sides
    init_targets : run before
    extra_feed_dict : values of other placeholders
    """
    session = get_default_session()
    assert session is not None, "there is a default session"
    if init_targets is not None:
        session.run(init_targets)
    several = isinstance(x, list)
    xs, shapes = (x, x_shape) if several else ([x], [x_shape])
    starts = (x_init_value if several else [x_init_value]) if x_init_value is not None else [None] * len(xs)
    drawn = np.random.default_rng(7)
    at = [drawn.random(tuple(s)).astype(t.dtype.numpy) if v is None else np.array(v, t.dtype.numpy)
          for t, s, v in zip(xs, shapes, starts, strict=True)]
    feeds = {**(extra_feed_dict or {}), **dict(zip(xs, at, strict=True))}
    size = int(np.prod(y_shape))
    slopes = [gradients(L.reshape(y, (-1,))[k], xs) for k in range(size)]
    exact = [[np.zeros(np.shape(a)) if g is None else session.run(g, feeds) for g, a in zip(row, at, strict=True)]
             for row in slopes]
    error = 0.0
    for k, point in enumerate(at):
        for place in np.ndindex(point.shape):
            ends = []
            for step in (delta, -delta):
                moved = point.copy()
                moved[place] += step
                ends.append(np.asarray(session.run(y, {**feeds, xs[k]: moved}), float).reshape(-1))
            measured = (ends[0] - ends[1]) / (2 * delta)
            error = max(error, *(abs(float(row[k][place]) - m) for row, m in zip(exact, measured, strict=True)))
    return error


@cache
def get_temp_dir() -> str:
    """A folder for files of this process's tests, which is removed at its end."""
    import atexit
    import tempfile

    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return folder.name


def test_src_dir_path(relative_path: str) -> str:
    """A path below the folder of the program that runs."""
    program = getattr(sys.modules["__main__"], "__file__", None) or "."
    return os.path.join(os.path.dirname(os.path.abspath(program)), relative_path)


test_src_dir_path.__test__ = False  # type: ignore[attr-defined]  # pytest looks for names that begin so

__all__ = sorted({*_today.__all__, "StubOutForTesting", "compute_gradient_error", "get_temp_dir", "test_src_dir_path"})
globals().update({name: getattr(_today, name) for name in _today.__all__})
__getattr__ = _refusing(__name__, lambda: __all__)
