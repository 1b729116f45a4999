"""Nodes that this version cannot build: kept, connected and saved again, but not run."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import dtypes
from ..dtypes import DType
from ..errors import GraphEngineError, NotFoundError, suggestion
from ..ir.dims import UNKNOWN, Shape
from ..ir.node import Tensor
from ..ops import OPS
from ..ops.kinds import AnyType, Composite, Port, attr, variadic


@dataclass(frozen=True, repr=False, eq=False)
class UnknownOp(Composite):
    """A node of a file whose op this version does not have, or that reads the result of one.

    Nothing is known of its results; they have an unknown shape, and float32 stands for the unknown dtype. Each
    is equal to itself only, for it may change something. It is not in the registry: no user can ask for one.

    saved_name : the op as the file calls it
    node : name of the node
    results : number of results that the rest of the file reads, at least 1
    blocked_by : the unknown op itself: this node's, or that of the first node upstream
    rest : everything else that the file says of the node, arrays as `ArrayValue`
    """

    category = "Unknown"
    internal = True
    inputs = (variadic("inputs", AnyType, "whatever the file connects"),)
    saved_name: str = attr("", "the op as the file calls it")
    node: str = attr("", "name of the node")
    results: int = attr(1, "number of results", low=1)
    blocked_by: str = attr("", "the op that is not known")
    rest: Mapping[str, Any] = field(
        default_factory=dict, metadata={"doc": "the node as saved", "low": None, "high": None, "choices": None,
                                        "convert": None},
    )

    @property
    def name(self) -> str:                  # type: ignore[override]
        return self.saved_name

    @property
    def node_name(self) -> str:             # type: ignore[override]
        return self.saved_name

    def changed_attributes(self) -> dict[str, Any]:
        return dict(self.rest.get("attributes", {}))

    def ports(self, count: int) -> tuple[Port, ...]:
        return self.inputs * count

    def infer(self, inputs: Sequence[Tensor]) -> list[tuple[DType, Shape]]:
        return [(dtypes.float32, UNKNOWN)] * self.results

    def error(self) -> GraphEngineError:
        """Why it does not run."""
        own = self.blocked_by == self.saved_name
        use = "" if own else f", which {self.node!r} needs"
        return NotFoundError(
            f"this version has no op {self.blocked_by!r}{use}; the node can be kept and saved, not run",
            op=self.saved_name, node=self.node,
            fix=suggestion(self.blocked_by, OPS) or "use the version of graphengine that wrote the file",
        )

    def result_shape(self, *shapes: Shape) -> Any:
        return UNKNOWN

    def decompose(self, *inputs: Any) -> Any:
        raise self.error()

    def reference(self, *arrays: Any) -> Any:
        raise self.error()

    def gradient(self, g: Any, y: Any, *inputs: Any) -> Any:
        raise self.error()
