"""Random numbers from a state that the program holds: a variable, so it is saved, copied and changed as others are."""
from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import IntEnum
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError, ShapeError
from ..ir.graph import get_default_graph, is_drawing
from ..ops.language import L
from ..ops.philox import BLOCKS_PER_ELEMENT, RandomState
from . import random
from .build import convert_to_tensor
from .random import Draw, Source
from .variables import Variable

PHILOX = 1                                  # TensorFlow's number of the one algorithm that there is
_PHILOX = (None, "philox", "auto_select", PHILOX, 3)
_HALF = 2**63


class Algorithm(IntEnum):
    """Ways to make random bits; this package has one of them."""

    PHILOX = 1
    THREEFRY = 2
    AUTO_SELECT = 3


class Generator:
    """A source of random numbers with a state of its own, which moves on with each draw, also in a `function`.

    Make it by `from_seed` and the like. Equal states give TensorFlow's own numbers.

    Parameters
    ----------
    copy_from : a generator whose state is copied
    state, alg : as of `from_state`

    Examples
    --------
    >>> import graphengine as tf
    >>> g = tf.random.Generator.from_seed(5)
    >>> print(g.uniform([2], 0, 100, tf.int32).numpy(), g.state.numpy())
    [15 98] [517   0   0]
    """

    def __init__(self, copy_from: Generator | None = None, state: Any = None, alg: Any = None) -> None:
        _check_algorithm(alg)
        given = state if copy_from is None else copy_from.state
        self.state: Variable = Variable(_state(given), trainable=False, name="StateVar")

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Generator:
        """One that begins at a state: (lower and upper half of the counter, key), int64."""
        return cls(state=state, alg=alg)

    @classmethod
    def from_seed(cls, seed: int | Sequence[int], alg: Any = None) -> Generator:
        """One that begins where a seed says."""
        return cls(state=create_rng_state(seed, alg))

    @classmethod
    def from_key_counter(cls, key: int, counter: Sequence[int], alg: Any) -> Generator:
        """One that begins at a key and the two halves of a counter."""
        return cls(state=[*np.asarray(counter).tolist(), int(key)], alg=alg)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """One that begins anywhere."""
        return cls(state=RandomState(None, 0).start(), alg=alg)

    @property
    def algorithm(self) -> int:
        return PHILOX

    @property
    def key(self) -> Any:
        """Which sequence the numbers are from."""
        return self.state[2]

    # ------------------------------------------------ the state

    def reset(self, state: Any) -> None:
        """Go on from another state."""
        self.state.assign(_state(state))

    def reset_from_seed(self, seed: int | Sequence[int]) -> None:
        """Go on where a seed says."""
        self.state.assign(create_rng_state(seed))

    def reset_from_key_counter(self, key: int, counter: Sequence[int]) -> None:
        """Go on from a key and the two halves of a counter."""
        self.reset([*np.asarray(counter).tolist(), int(key)])

    def skip(self, delta: Any) -> Any:
        """Move on as if `delta` numbers had been drawn; the state before that."""
        return self._moved(delta)[0]

    def _moved(self, delta: Any) -> tuple[Any, Any]:
        """The state before and after."""
        step = L.cast(delta, dtypes.int64) * BLOCKS_PER_ELEMENT * np.array([1, 0, 0])
        after = self.state.assign_add(step)
        return after - step, after          # what one move of several in a run began at, only the move itself knows

    def _source(self, shape: Any) -> Source:
        def drawn(draw: Draw) -> Any:
            given = random.like(shape)
            before, after = self._moved(L.size_of(given))
            with _after(after):             # so that the state moves on where nothing but the numbers is asked for
                return draw(given, before)

        return drawn

    # ------------------------------------------------ numbers

    def uniform(
        self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32, name: str | None = None
    ) -> Any:
        """As `random.uniform`."""
        return random.uniform_by(self._source(shape), minval, maxval, dtype, name or "stateful_uniform")

    def normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, name: str | None = None
    ) -> Any:
        """As `random.normal`."""
        return random.normal_by(self._source(shape), L.random_normal, mean, stddev, dtype, name or "stateful_normal")

    def truncated_normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, name: str | None = None
    ) -> Any:
        """As `random.truncated_normal`."""
        return random.normal_by(self._source(shape), L.random_truncated_normal, mean, stddev, dtype,
                                name or "stateful_truncated_normal")

    def uniform_full_int(self, shape: Any, dtype: Any = dtypes.int64, name: str | None = None) -> Any:
        """Whole numbers of any size, int32 or int64."""
        return self.uniform(shape, None, None, dtype, name)

    def make_seeds(self, count: int = 1) -> Any:
        """Seeds for ``stateless_`` functions, (2, count)."""
        keys = self.uniform_full_int([count])
        return L.stack([keys, L.zeros_like(keys)])

    def split(self, count: int = 1) -> list[Generator]:
        """New generators whose numbers are independent of each other's and of this one's."""
        keys = self.uniform_full_int([count])
        return [Generator(state=L.stack([0 * key, 0 * key, key])) for key in keys]


def create_rng_state(seed: Any, alg: Any = None) -> Any:
    """The state that a seed stands for: a whole number of up to 192 bits, or up to three of 64 bits."""
    _check_algorithm(alg)
    if isinstance(seed, (int, np.integer)):
        parts = [int(seed) >> 64 * k for k in range(3)]
    else:
        parts = [int(s) for s in np.asarray(seed).reshape(-1)]
    if len(parts) > 3:
        raise ShapeError(f"seed is {len(parts)} numbers; up to 3 make a state", op="random.Generator")
    signed = [(s + _HALF) % (2 * _HALF) - _HALF for s in parts]
    return convert_to_tensor(np.array([*[0] * (3 - len(signed)), *signed], np.int64))


def _state(value: Any) -> Any:
    found = value.read_value() if isinstance(value, Variable) else convert_to_tensor(value, _dtype_of(value))
    if found.shape != (3,):
        raise ShapeError(f"state has shape {found.shape}; it is three whole numbers", op="random.Generator")
    return found


def _after(done: Any) -> AbstractContextManager[Any]:
    """A ``with`` block whose nodes, where a graph is drawn, run after a tensor."""
    return get_default_graph().control_dependencies([done]) if is_drawing() else nullcontext()


def _dtype_of(value: Any) -> Any:
    return getattr(value, "dtype", dtypes.int64) if not isinstance(value, np.ndarray) else dtypes.int64


def _check_algorithm(alg: Any) -> None:
    if alg not in _PHILOX:
        raise AttributeValueError(f"alg={alg!r}; it takes one of {_PHILOX[1:]}", op="random.Generator")


_whole: list[Generator] = []                # that of the program, once it was asked for


def get_global_generator() -> Generator:
    """The generator of the whole program; it begins anywhere, unless `set_global_generator` gave another."""
    if not _whole:
        _whole.append(Generator.from_non_deterministic_state())
    return _whole[0]


def set_global_generator(generator: Generator) -> None:
    """Let `get_global_generator` give this one."""
    _whole[:] = [generator]


PUBLIC = Algorithm, Generator, create_rng_state, get_global_generator, set_global_generator
