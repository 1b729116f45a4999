"""Variables of layers, metrics and optimizers, with Keras's names and paths: "kernel", "sequential/dense/kernel"."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..frontend import variables
from .naming import auto_name

_around: ContextVar[tuple[tuple[Any, str], ...]] = ContextVar("graphengine_keras_scopes", default=())


@contextmanager
def scope(owner: Any) -> Iterator[str]:
    """A ``with`` block in which the paths of variables begin with the owner's; its value is what is around that."""
    around = _around.get()
    if around and around[-1][0] is owner:       # a layer's `build`, say, within its call
        yield "/".join(name for _, name in around[:-1])
        return
    token = _around.set((*around, (owner, owner.name)))
    try:
        yield "/".join(name for _, name in around)
    finally:
        _around.reset(token)


class Variable(variables.Variable):
    """A value that assignments change.

    Parameters
    ----------
    initializer : number, array or tensor that it begins with; or a function of shape and dtype
    shape : sizes, for a function
    dtype : type of its elements; "float32" for a function if None
    trainable : whether optimizers change it
    name : "variable", "variable_1" and so on if None

    Attributes
    ----------
    path : names of the layers that it was made in, and its own, with slashes between

    Raises
    ------
    InvalidArgumentError for a function without a shape.

    Examples
    --------
    >>> from graphengine import keras
    >>> layer = keras.layers.Dense(2, name="dense")
    >>> layer.build((None, 3))
    >>> [(w.name, w.path) for w in layer.weights]
    [('kernel', 'dense/kernel'), ('bias', 'dense/bias')]
    """

    __slots__ = ("path",)

    def __init__(
        self, initializer: Any, shape: Any = None, dtype: Any = None, trainable: bool = True, autocast: bool = True,
        aggregation: Any = "none", synchronization: str = "auto", name: str | None = None,
    ) -> None:
        del autocast, aggregation, synchronization
        value = initializer
        if callable(initializer) and not isinstance(initializer, (np.ndarray, variables.Variable)):
            if shape is None:
                raise InvalidArgumentError("a function as initializer wants a shape", op="Variable", fix="shape=(3,)")
            value = initializer(tuple(shape), dtype=as_dtype(dtype or "float32").name)
        label = name or auto_name("variable")
        super().__init__(value, trainable=trainable, name=label, dtype=dtype)
        self.path = "/".join((*(part for _, part in _around.get()), label))

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def value(self) -> Any:  # type: ignore[override]
        """The engine's own variable, which tapes know: itself."""
        return self
