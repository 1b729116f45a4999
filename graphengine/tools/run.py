"""``graphengine run``: a graph file and values from the command line in, the text of results out."""
from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import Graph, Operation, Session, Tensor, global_variables, load, variables_initializer
from ..dtypes import kind_of
from ..errors import FileFormatError, InvalidArgumentError
from ..frontend.results import unread
from ..io.weights import load_weights
from ..ir.walk import needed
from ..ops.state import Placeholder


def run_file(file: Path, feed: Sequence[str], fetch: Sequence[str], weights: Path | None, as_json: bool) -> str:
    """Results of a graph in a file, as text."""
    graph = load(file)
    feeds = dict(map(parse_feed, feed))
    for name in feeds:
        graph.as_tensor(name)               # a name that is wrong is said before one that is missing
    fetches = [named(graph, name) for name in fetch] or default_fetches(graph, feeds)
    session = initialized_session(graph)
    if weights is not None:
        session.load_variables(load_weights(weights))
    results = dict(zip([_label(f) for f in fetches], session.run(fetches, feeds), strict=True))
    return as_json_text(results) if as_json else "\n".join(as_text(k, v) for k, v in results.items())


def initialized_session(graph: Graph) -> Session:
    """A session in which all variables have their initial values."""
    session = Session(graph)
    with graph.as_default():                # which receives the initializer even if there are no variables
        session.run(variables_initializer(global_variables(graph)))
    return session


def named(graph: Graph, name: str) -> Tensor | Operation:
    """The tensor of a name, or the node if it has no result."""
    node = graph.by_name.get(name)
    return node if node is not None and not node.outputs else graph.as_tensor(name)


def default_fetches(graph: Graph, feeds: Iterable[str] | None = None) -> list[Tensor | Operation]:
    """What people most likely want: computed tensors that nobody reads.

    Parameters
    ----------
    feeds : names of tensors that have values; what needs others is left out, unless nothing remains. None: all do

    Raises
    ------
    InvalidArgumentError if there are none.
    """
    found: list[Tensor | Operation] = [*unread(graph)]
    if not found:
        raise InvalidArgumentError("the graph computes nothing that is left over", fix="name it: --fetch NAME")
    if feeds is None:
        return found
    given = [graph.as_tensor(name) for name in feeds]
    return [t for t in found if not _lacks_feed(t, given)] or found


def _lacks_feed(tensor: Any, given: Sequence[Tensor]) -> bool:
    fed = {id(t) for t in given}
    reached = needed([tensor.node], given)
    return any(isinstance(n.op, Placeholder) and id(n.outputs[0]) not in fed for n in reached)


# -------------------------------------------------------------------- values in

def parse_feed(text: str) -> tuple[str, Any]:
    """Name and value of ``NAME=VALUE``.

    Raises
    ------
    InvalidArgumentError if it is not of that form, FileFormatError for a .npy file that cannot be read.

    Examples
    --------
    >>> parse_feed("x=[1, 2.5]")
    ('x', [1, 2.5])
    """
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise InvalidArgumentError(f"--feed {text!r} is not of the form NAME=VALUE", fix="write --feed x=[1,2]")
    if value.endswith(".npy"):
        return name, _array_of(value)
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        raise InvalidArgumentError(
            f"the value of --feed {name} is {value[:60]!r}, neither a number, a list nor a .npy file",
            fix=f"write --feed '{name}=[[1, 2], [3, 4]]'",
        ) from None


def _array_of(path: str) -> np.ndarray[Any, Any]:
    try:
        array: np.ndarray[Any, Any] = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise FileFormatError("there is no such file", at=path, fix="correct the path") from None
    except (ValueError, EOFError) as error:
        raise FileFormatError(f"the file is no array: {error}", at=path, fix="write it with numpy.save") from None
    return array


# -------------------------------------------------------------------- values out

def _label(fetch: Tensor | Operation) -> str:
    return fetch.name.removesuffix(":0")


def as_text(name: str, value: Any) -> str:
    """A result as people read it."""
    if value is None:
        return f"{name}: done"
    array = np.asarray(value)
    if not array.ndim:
        return f"{name} = {value}"
    return f"{name}   {array.dtype} {array.shape}\n{np.array2string(array, threshold=200)}"


def as_json_text(results: dict[str, Any]) -> str:
    """Results as a JSON object; as JSON has no other numbers, those are "NaN", "Infinity" and "-Infinity"."""
    return json.dumps({k: None if v is None else _plain(np.asarray(v)) for k, v in results.items()}, allow_nan=False)


def _plain(array: np.ndarray[Any, Any]) -> Any:
    """Nested lists; floats with the digits that their own type needs."""
    if kind_of(array.dtype) != "f":
        return array.tolist()
    if array.ndim:
        return [_plain(a) for a in array]
    value = float(str(array))
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
