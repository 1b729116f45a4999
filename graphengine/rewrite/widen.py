"""Narrow numbers become wide where they are computed with, and narrow again where they are kept.

An op on float16 becomes a cast to float32, the op on float32, and a cast back; on uint8 the same with int32. Composites
are widened as a whole, so what is between their parts keeps the wide type's digits and range. So does what one op
hands to the next: rounding to a narrow float happens where a value is stored, or where a user's `cast` says so. Whole
numbers wrap around after each op. Later stages meet narrow types in casts, moves and stores only.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dtypes import DType
from ..ir.node import Node, Tensor
from ..ops.kinds import Movement, Source
from ..ops.language import L
from .rules import Fired, Hook, Phase, RewritingGraph


def widener() -> Hook:
    unrounded: dict[Tensor, Tensor] = {}    # narrow float -> the wide one that it was rounded from

    def wide(x: Tensor, dtype: DType) -> Tensor:
        found = unrounded.get(x)
        return found if found is not None and found.dtype is dtype else L.cast(x, dtype) if x.dtype is not dtype else x

    def narrowed(x: Tensor, dtype: DType) -> Tensor:
        if x.dtype is dtype:
            return x
        result: Tensor = L.cast(x, dtype)
        if dtype.is_floating and dtype.is_narrow:
            unrounded[result] = x
        return result

    def widen(graph: RewritingGraph, op: Any, inputs: Sequence[Tensor], name: str | None) -> Sequence[Tensor] | None:
        if isinstance(op, Source) or not any(t.dtype.is_narrow for t in inputs):
            return None
        if isinstance(op, Movement) and len(inputs) == 1 and inputs[0] in unrounded:
            (moved,) = graph.apply(op, [unrounded[inputs[0]]], name)
            return [narrowed(moved, inputs[0].dtype)]
        types = [t.dtype for t in inputs]
        computing = op.computing_types(types)
        if computing == tuple(types):
            return None
        wanted = [dtype for dtype, _ in op.infer(inputs)]
        results = graph.apply(op, [wide(t, dtype) for t, dtype in zip(inputs, computing, strict=True)], name)
        graph.log.append(Fired(graph.phase, "widen", f"{op.name} in {_names(types)} -> in {_names(computing)}",
                               graph.current, graph.origin))
        return [narrowed(r, dtype) for r, dtype in zip(results, wanted, strict=True)]

    return widen


def _names(types: Sequence[DType]) -> str:
    return ", ".join(dict.fromkeys(t.name for t in types))


def _is_narrow(node: Node) -> bool:
    return any(t.dtype.is_narrow for t in node.inputs)


widen = Phase("widen", None, (widener,), _is_narrow)
