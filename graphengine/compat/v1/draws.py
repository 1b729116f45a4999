"""Random numbers with TensorFlow 1's arguments, and the seeds that ops are given."""
from __future__ import annotations

from typing import Any

from ... import dtypes
from ...frontend import counts, random
from ...ir.graph import get_default_graph


def multinomial(
    logits: Any, num_samples: int, seed: int | None = None, name: str | None = None, output_dtype: Any = None
) -> Any:
    """Classes drawn with the probabilities ``softmax(logits)``: `random.categorical`."""
    return random.categorical(logits, num_samples, output_dtype, seed, name)


def random_poisson(
    lam: Any, shape: Any, dtype: Any = dtypes.float32, seed: int | None = None, name: str | None = None
) -> Any:
    """`random.poisson` with its first arguments in another order."""
    return counts.poisson(shape, lam, dtype, seed, name)


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """The two seeds of an op that is given one, or none; both None where neither graph nor op has one."""
    first, second = random.seeds(get_default_graph(), op_seed)
    return first, None if first is None else second


FUNCTIONS: dict[str, Any] = {
    "get_seed": get_seed, "random.get_seed": get_seed, "multinomial": multinomial, "random.multinomial": multinomial,
    "random_poisson": random_poisson,
}
