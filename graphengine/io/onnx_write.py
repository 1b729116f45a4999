"""ONNX files are written here: a computation comes in, a file comes out or nothing does."""
from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import version
from ..errors import NotFoundError, UnimplementedError
from ..ir.computation import Computation
from ..ir.dims import Dim, Shape
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
    path: str | os.PathLike[str], computation: Computation, inputs: Sequence[str], outputs: Sequence[str],
    states: Mapping[str, Array],
) -> None:
    """Write a computation as an ONNX model.

    Parameters
    ----------
    inputs, outputs : names of the feeds and of the fetches
    states : values of variables, which become weights

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
    refusals: list[Refusal] = []
    model = drawn(computation, (inputs, outputs), states, refusals)
    if refusals:
        raise NotExportedError(refusals, file)
    size = sum(v.array.nbytes for v in arrays_of(model) if v.array is not None)
    if size > MOST_BYTES:
        raise UnimplementedError(f"the weights take {size:,} bytes; a file in ONNX's format holds less than 2 GB",
                                 at=file, fix="export parts of the model, each to a file of its own")
    write_file(path, _model(model).SerializeToString())


def _model(model: Model) -> Any:
    from onnx import helper, numpy_helper

    weights = [numpy_helper.from_array(np.asarray(v.array, order="C"), v.name) for v in arrays_of(model)]
    symbols = _names_of_sizes(model)
    inputs, outputs = ([_described(value, t.shape, symbols) for value, t in pairs]
                       for pairs in (model.inputs, model.outputs))
    graph = helper.make_graph(_nodes(model.made), "graph", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", VERSION)], ir_version=FORM,
                             producer_name="graphengine", producer_version=version.VERSION)


def _names_of_sizes(model: Model) -> dict[str, str]:
    """What the file calls each unknown size, after the input and the axis that has it: one name never means two."""
    found: dict[str, str] = {}
    for symbol, (value, axis) in model.symbols.items():
        name = wanted = re.sub(r"\W", "_", f"{value.name}_{axis}")
        count = 0
        while name in found.values():
            count += 1
            name = f"{wanted}_{count}"
        found[symbol] = name
    return found


def _nodes(made: Sequence[Made]) -> list[Any]:
    """Nodes of the file, each with the name of its first result."""
    from onnx import helper

    found = []
    for node in made:
        name = node.results[0].name
        attributes = {key: _body(part, name) if isinstance(part, Body) else part
                      for key, part in node.attributes.items()}
        found.append(helper.make_node(node.operator, ["" if v is None else v.name for v in node.inputs],
                                      [v.name for v in node.results], name=name, **attributes))
    return found


def _body(body: Body, name: str) -> Any:
    from onnx import helper

    inputs, results = ([_described(v, v.shape, {}) for v in values] for values in (body.inputs, body.results))
    return helper.make_graph(_nodes(body.made), f"{name}/body", inputs, results)


def _described(value: Value, shape: Shape | None, symbols: Mapping[str, str]) -> Any:
    """What a file says of a value. A size that is computed from symbols has no name."""
    from onnx import helper

    assert value.dtype is not None, f"the type of {value.name} is known"
    sizes = None if shape is None or shape.rank is None else [
        int(s) if not isinstance(s, Dim) else symbols.get(s.symbol or "") for s in shape]  # type: ignore[arg-type]
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype.numpy))
    return helper.make_tensor_value_info(value.name, kind, sizes)
