"""What can be put on the canvas: a `Kind` for every op, layer, loss, optimizer and source of data.

All of it is read from the registries of graphengine, so that a new op or layer appears by itself.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Required:
    """The default of a field that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = Required()


@dataclass(frozen=True)
class Field:
    """An attribute as a person edits it.

    name, doc : as the engine declares them
    form : how it is edited: "bool", "int", "float", "text", "choice", "dtype", "shape" (list of sizes, None unknown),
        "sizes" (whole number or list of them), "array", "file" (a path), "region" (a loop's body, not edited here),
        "json" (anything else)
    default : REQUIRED if it has to be given
    optional : None may stand for it
    low, high : allowed interval, both included; None: no limit
    choices : allowed values, of form "choice"
    """

    name: str
    doc: str
    form: str
    default: Any = REQUIRED
    optional: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Socket:
    """An input or output of a kind.

    carries : "tensor", "feed" (rows of data for a placeholder), "optimizer"
    accepts : names of the dtypes it takes; empty: all
    many : a list of operands, any number of wires
    optional : need not be connected
    """

    name: str
    doc: str = ""
    carries: str = "tensor"
    accepts: tuple[str, ...] = ()
    many: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Kind:
    """What a card can be.

    key : "op/matmul", "layer/Dense", "loss/MeanSquaredError", "optimizer/Adam", "data/csv", "train"
    title : what stands on the card: "MatMul"
    family : first level of the palette: "Ops", "Layers", "Losses", "Optimizers", "Data", "Training"
    category : second level, and the colour of the card
    inputs : sockets; if the last one is `many`, any number of wires go on from there
    outputs : sockets; empty where the inputs decide how many there are: then inference says
    fields : attributes
    summary : one sentence
    doc : the whole documentation as plain text (numpydoc)
    words : further words by which it is found
    name : what a new card is called, before a number is added
    starting : attributes that a new card begins with, where there is no default
    hidden : stands in graphs, but is not offered
    """

    key: str
    title: str
    family: str
    category: str
    inputs: tuple[Socket, ...]
    outputs: tuple[Socket, ...]
    fields: tuple[Field, ...]
    summary: str
    doc: str
    words: tuple[str, ...] = ()
    name: str = ""
    starting: Mapping[str, Any] = field(default_factory=dict, hash=False)
    hidden: bool = False

    def field(self, name: str) -> Field | None:
        return next((f for f in self.fields if f.name == name), None)

    def input(self, number: int) -> Socket | None:
        """The socket of input `number`; the last one repeats if it takes many. None if there is no such input."""
        if number < len(self.inputs):
            return self.inputs[number]
        return self.inputs[-1] if self.inputs and self.inputs[-1].many else None

    def takes_tensor(self, number: int) -> bool:
        """Whether input `number` is an operand; so is one that there is not, which the engine then refuses."""
        socket = self.input(number)
        return socket is None or socket.carries == "tensor"


Catalog = Mapping[str, Kind]
