"""Models as modules with one traced function, which `saved_model` writes and loads without Keras."""
from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ...errors import InvalidArgumentError
from ...frontend.function import TensorSpec, function
from ...frontend.module import Module
from ...frontend.structure import flatten


class Exported(Module):
    """A model that answers and does not learn.

    serve : its results for inputs
    input_names : of the symbols that the model was made of; None where that is not known
    """

    def __init__(self, model: Any, signature: Sequence[Any], input_names: Sequence[str] | None = None) -> None:
        super().__init__(re.sub(r"\W", "_", f"_{model.name}" if model.name[:1].isdigit() else model.name))
        self.weights = list(model.weights)
        self.input_names = input_names

        def serve(inputs: Any) -> Any:
            return model(inputs, training=False)

        self.serve = function(serve, input_signature=list(signature))


def as_module(model: Any, input_signature: Sequence[Any] | None = None) -> Exported:
    """A model as a module.

    Parameters
    ----------
    input_signature : a list with a TensorSpec, or the structure of them that the model takes; None: what it was built
        for, with any batch size

    Raises
    ------
    InvalidArgumentError if that is not known.
    """
    if input_signature is not None:
        return Exported(model, input_signature)
    try:
        structure, symbols = flatten(model.input)
    except InvalidArgumentError:
        shapes = list(model._build_shapes.values())
        if len(shapes) != 1 or not isinstance(shapes[0], tuple) or any(isinstance(s, tuple) for s in shapes[0]):
            raise InvalidArgumentError(f"the inputs of model {model.name!r} are not known", op="export",
                                       fix="give input_signature=[TensorSpec(shape, dtype)]") from None
        return Exported(model, [TensorSpec((None, *shapes[0][1:]), model.dtype)])
    specs = structure.fill([TensorSpec((None, *t.shape[1:]), t.dtype) for t in symbols])
    return Exported(model, [specs], [t.name.removesuffix(":0") for t in symbols])
