"""ONNX files are written here: a computation comes in, a file comes out or nothing does."""
from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import NotFoundError, UnimplementedError
from ..ir.computation import Computation
from ..ir.dims import Dim
from ..ir.node import Tensor
from .. import version
from .files import write_file
from .onnx_nodes import VERSION, Body, Made, Model, Refusal, Value, arrays_of, drawn

Array = np.ndarray[Any, Any]
FORM = 8                                    # of the file, which belongs to that version of the operators
MOST_BYTES = 2**31 - 2**20                  # protobuf writes no more than 2 GiB at once
MOST_NAMED = 12                             # nodes named in an error


class NotExportedError(UnimplementedError):
    """Some nodes have no form in ONNX.

    Attributes
    ----------
    refusals : node, reason and fix of each
    """

    def __init__(self, refusals: Sequence[Refusal], at: str) -> None:
        shown = [f"{r.node}: {r.reason}" for r in refusals[:MOST_NAMED]]
        more = len(refusals) - len(shown)
        said = "; ".join(shown) + (f"; and {more} more" if more else "")
        super().__init__(f"it is not written, for parts of the graph have no form in ONNX: {said}", at=at,
                         fix=refusals[0].fix)
        self.refusals = tuple(refusals)


def write(
    path: str | os.PathLike[str], computation: Computation, names: Sequence[str], states: Mapping[str, Array],
    refusals: Sequence[Refusal] = (),
) -> None:
    """Write a computation as an ONNX model.

    Parameters
    ----------
    names : of the outputs, one for each fetch
    states : values of variables, which become weights
    refusals : nodes that are known not to have a form in ONNX

    Raises
    ------
    NotExportedError that names all nodes which have no form in ONNX.
    NotFoundError if the package `onnx` is not installed.
    UnimplementedError if the weights take 2 GB or more.
    OSError if the system refuses; what was there before is unchanged then.
    """
    file = os.fspath(path)
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise NotFoundError("writing ONNX files needs the package onnx", at=file,
                            fix="pip install graphengine[onnx]") from None
    found = list(refusals)
    model = drawn(computation, names, states, found)
    if found:
        raise NotExportedError(found, file)
    size = sum(v.array.nbytes for v in arrays_of(model) if v.array is not None)
    if size > MOST_BYTES:
        raise UnimplementedError(f"the weights take {size:,} bytes; a file in ONNX's format holds less than 2 GB",
                                 at=file, fix="export parts of the model, each to a file of its own")
    write_file(path, _model(model).SerializeToString())


def _model(model: Model) -> Any:
    from onnx import helper, numpy_helper

    weights = [numpy_helper.from_array(np.ascontiguousarray(v.array).reshape(np.shape(v.array)), v.name)
               for v in arrays_of(model)]
    graph = helper.make_graph(
        _nodes(model.made), "graph", [_described(*end) for end in model.inputs],
        [_described(*end) for end in model.outputs], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", VERSION)], ir_version=FORM,
                             producer_name="graphengine", producer_version=version.VERSION)


def _nodes(made: Sequence[Made]) -> list[Any]:
    """Nodes of the file. The one that makes what the user's node gives has its name."""
    from onnx import helper

    taken: set[str] = set()
    found = []
    for node in made:
        name = node.results[0].name
        assert name not in taken, f"names of results are unique: {name}"
        attributes = {key: _body(part, name) if isinstance(part, Body) else part
                      for key, part in node.attributes.items()}
        found.append(helper.make_node(node.operator, ["" if v is None else v.name for v in node.inputs],
                                      [v.name for v in node.results], name=name, **attributes))
    return found


def _body(body: Body, name: str) -> Any:
    from onnx import helper

    ends = [[helper.make_empty_tensor_value_info(v.name) if v.dtype is None else _typed(v) for v in values]
            for values in (body.inputs, body.results)]
    return helper.make_graph(_nodes(body.made), f"{name}/body", *ends)


def _typed(value: Value, shape: Sequence[Any] | None = None) -> Any:
    from onnx import helper

    assert value.dtype is not None
    return helper.make_tensor_value_info(value.name, helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype.numpy)), shape)


def _described(value: Value, tensor: Tensor) -> Any:
    return _typed(value, [_size(s) for s in tensor.shape])


def _size(size: Any) -> int | str | None:
    """A size as the file has it: a symbol has a name, what is computed from symbols has none."""
    if not isinstance(size, Dim):
        return int(size)
    return None if size.symbol is None else re.sub(r"\W", "_", size.symbol)
