"""Tests of programs: a case with comparisons of tensors, as TensorFlow's `test`."""
from __future__ import annotations

import unittest
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import GraphEngineError, InvalidArgumentError
from ..ir import Graph, get_default_graph
from ..ir.node import Tensor
from ..ops.language import L
from .build import convert_to_tensor
from .nest import flatten, map_structure
from .session import Session, get_default_session
from .tape import GradientTape

main = unittest.main


class TestCase(unittest.TestCase):
    """A test with comparisons of tensors, arrays and nested structures of both.

    Examples
    --------
    >>> import graphengine as tf
    >>> tf.test.TestCase().assertAllClose(tf.constant([1.0, 2.0]) * 3, [3.0, 6.0])
    """

    def evaluate(self, tensors: Any) -> Any:
        """The values of tensors, from the default session, or from a new one, where they are symbolic."""
        if any(isinstance(t, Tensor) for t in flatten(tensors)):
            session = get_default_session()
            if session is not None:
                return session.run(tensors)
            with Session(next(t.graph for t in flatten(tensors) if isinstance(t, Tensor))) as session:
                return session.run(tensors)
        return map_structure(np.asarray, tensors)

    @contextmanager
    def session(self, graph: Graph | None = None, use_gpu: bool = True) -> Iterator[Session]:
        """A session of a graph, a new one if None, both the default ones inside."""
        del use_gpu
        with (graph or Graph()).as_default(), Session(get_default_graph()) as session:
            yield session

    cached_session = session

    def _arrays(self, a: Any, b: Any, msg: str | None) -> Iterator[tuple[Any, Any]]:
        """What is to be compared: the leaves of structures that are alike, or two arrays."""
        if isinstance(a, dict):
            self.assertEqual(set(a), set(b), msg)
            for key in a:
                yield from self._arrays(a[key], b[key], msg)
        elif isinstance(a, (list, tuple)) and any(not isinstance(x, (int, float, bool)) for x in a):
            self.assertEqual(len(a), len(b), msg)
            for x, y in zip(a, b, strict=True):
                yield from self._arrays(x, y, msg)
        else:
            yield np.asarray(self.evaluate(a)), np.asarray(self.evaluate(b))

    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """Shapes are equal, and numbers differ by no more than ``atol + rtol * |b|``."""
        for x, y in self._arrays(a, b, msg):
            self.assertEqual(x.shape, y.shape, msg)
            np.testing.assert_allclose(x, y, rtol, atol, err_msg=msg or "")

    def assertAllCloseAccordingToType(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, float_rtol: float = 1e-6,
        float_atol: float = 1e-6, half_rtol: float = 1e-3, half_atol: float = 1e-3, msg: str | None = None,
    ) -> None:
        """`assertAllClose`, looser for float32 and narrower numbers."""
        sizes = [x.itemsize for pair in self._arrays(a, b, msg) for x in pair if x.dtype.kind not in "iub"]
        narrow = min(sizes, default=8)
        if narrow <= 4:
            rtol, atol = max(rtol, float_rtol), max(atol, float_atol)
        if narrow <= 2:
            rtol, atol = max(rtol, half_rtol), max(atol, half_atol)
        self.assertAllClose(a, b, rtol, atol, msg)

    def assertNotAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """`assertAllClose` fails."""
        try:
            self.assertAllClose(a, b, rtol, atol)
        except AssertionError:
            return
        self.fail(msg or "all numbers are close")

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Shapes and all elements are equal."""
        for x, y in self._arrays(a, b, msg):
            self.assertEqual(x.shape, y.shape, msg)
            np.testing.assert_array_equal(x, y, err_msg=msg or "")

    def assertNotAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Some element differs."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        self.fail(msg or "all elements are equal")

    def assertAllInRange(
        self, target: Any, lower_bound: Any, upper_bound: Any, open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:
        """All elements lie between two numbers."""
        x = np.asarray(self.evaluate(target))
        above = x > lower_bound if open_lower_bound else x >= lower_bound
        below = x < upper_bound if open_upper_bound else x <= upper_bound
        self.assertTrue(bool((above & below).all()), f"{x} is not in [{lower_bound}, {upper_bound}]")

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """All elements are greater than a number."""
        self.assertTrue(bool((np.asarray(self.evaluate(a)) > comparison_target).all()))

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """All elements are less than a number."""
        self.assertTrue(bool((np.asarray(self.evaluate(a)) < comparison_target).all()))

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: str | None = None) -> None:
        """Two tensors or arrays have the same shape."""
        self.assertEqual(tuple(input_a.shape), tuple(input_b.shape), msg)

    def assertNear(self, f1: Any, f2: Any, err: float, msg: str | None = None) -> None:
        """Two numbers differ by no more than `err`."""
        self.assertTrue(abs(float(f1) - float(f2)) <= err, msg or f"{f1} and {f2} differ by more than {err}")

    def assertRaisesOpError(self, expected_err_re_or_predicate: str) -> Any:
        """A context in which an error of the engine is raised, whose message the pattern finds."""
        return self.assertRaisesRegex(GraphEngineError, expected_err_re_or_predicate)


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """False: the CPU computes."""
    return False


def is_built_with_cuda() -> bool:
    """False: the CPU computes."""
    return False


is_built_with_gpu_support = is_built_with_rocm = is_built_with_xla = is_built_with_cuda


def is_cpu_target_available(target: str) -> bool:
    """Whether kernels can be made for a kind of processor: that of this machine."""
    import platform

    return platform.machine().lower() in {"x86": ("x86_64", "amd64", "i386", "i686"), "aarch64": ("aarch64", "arm64"),
                                          "arm": ("arm", "armv7l")}.get(target, (target,))


def compute_gradient(f: Callable[..., Any], x: Sequence[Any], delta: float | None = None) -> tuple[Any, Any]:
    """Derivatives of a function, by its gradient and by differences.

    Parameters
    ----------
    f : of as many tensors as `x` has, float
    delta : distance to both sides, 1 / 1024 if None

    Returns
    -------
    for each of `x` the derivatives by the gradient; and the same by differences

    Shapes
    ------
    each : (elements of the result, elements of x)
    """
    if not isinstance(x, (list, tuple)):
        raise InvalidArgumentError(f"x is a {type(x).__name__}; it is a list of tensors", op="test.compute_gradient")
    points = [convert_to_tensor(value) for value in x]
    step = 1 / 1024 if delta is None else delta
    with GradientTape(persistent=True) as tape:
        tape.watch(points)
        y = L.reshape(f(*points), (-1,))
        parts = [y[k] for k in range(len(y))]
    exact, measured = [], []
    for place, point in enumerate(points):
        size = int(np.prod(point.shape))
        rows = [tape.gradient(part, point, unconnected_gradients="zero") for part in parts]
        exact.append(np.array([np.array(row) for row in rows], point.dtype.numpy).reshape(len(parts), size))
        columns = np.zeros((len(parts), size), point.dtype.numpy)
        for k in range(size):
            ends = []
            for sign in (1, -1):
                moved = np.array(point)
                moved.reshape(-1)[k] += sign * step
                ends.append(np.asarray(f(*points[:place], convert_to_tensor(moved), *points[place + 1:])).reshape(-1))
            columns[:, k] = (ends[0] - ends[1]) / (2 * step)
        measured.append(columns)
    return tuple(exact), tuple(measured)


def gpu_device_name() -> str:
    """The empty string: there is none."""
    return ""


__all__ = ["TestCase", "compute_gradient", "gpu_device_name", "is_built_with_cuda", "is_built_with_gpu_support",
           "is_built_with_rocm", "is_built_with_xla", "is_cpu_target_available", "is_gpu_available", "main"]
