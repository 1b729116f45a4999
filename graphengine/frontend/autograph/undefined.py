"""What stands for a variable that has no value where a graph is drawn."""
from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ...errors import InvalidArgumentError
from ...ir.source import user_line
from ..build import convert_to_tensor
from ..structure import flatten


class Undefined:
    """Stands for a variable that has no value; whatever is done with it says so."""

    def __init__(self, name: str, why: str) -> None:
        self.__dict__.update(name=name, why=why)

    def _fail(self, *_: Any, **__: Any) -> NoReturn:
        raise InvalidArgumentError(f"{self.__dict__['name']!r} {self.__dict__['why']}", at=str(user_line()),
                                   fix="give it a value of the same type before the statement")

    __getattr__ = __bool__ = __call__ = __iter__ = __len__ = __getitem__ = __float__ = __int__ = __index__ = _fail
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __matmul__ = _fail
    __rmatmul__ = __pow__ = __rpow__ = __neg__ = __abs__ = __lt__ = __le__ = __gt__ = __ge__ = __str__ = _fail
    __array__ = __format__ = __repr__ = __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __invert__ = _fail


UNRETURNED = Undefined("the returned value", "is that of a `return` in a loop, which was not reached")


def nothing_like(value: Any) -> Any:
    """What stands for the value of a ``return`` in a loop that was not reached: zeros of its type and sizes."""
    structure, leaves = flatten(value)
    tensors = [convert_to_tensor(x) for x in leaves]
    if not all(t.shape.is_fully_defined() for t in tensors):
        raise InvalidArgumentError(
            "the value of a `return` in a loop on a tensor has unknown sizes", at=str(user_line()),
            fix="set a variable of that shape before the loop and `break`, and return behind it")
    return structure.fill([np.zeros(t.shape.numbers(), t.dtype.numpy) for t in tensors])
