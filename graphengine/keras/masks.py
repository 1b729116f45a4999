"""Which steps of a sequence count: a mask that goes with a tensor from layer to layer."""
from __future__ import annotations

from typing import Any

from ..frontend.structure import flatten
from ..ir.eager import EagerTensor
from ..ir.node import Tensor
from .symbolic import SymbolicNode


def set_mask(x: Any, mask: Any) -> None:
    """Say which steps of a tensor count."""
    if isinstance(x, Tensor):
        if isinstance(x.node, SymbolicNode):
            x.node.masks[x.position] = mask
            return
        x.graph.collections.setdefault("masks", []).append((x, mask))
    elif isinstance(x, EagerTensor):
        x.mask = mask


def get_mask(x: Any) -> Any:
    """Which steps of a tensor count; None for all."""
    if isinstance(x, Tensor):
        if isinstance(x.node, SymbolicNode):
            return x.node.masks.get(x.position)
        for tensor, mask in reversed(x.graph.collections.get("masks", [])):
            if tensor is x:
                return mask
        return None
    return getattr(x, "mask", None)


def masks_of(x: Any) -> Any:
    """The mask of a tensor, or a list for several; None if none has one."""
    leaves = flatten(x)[1]
    found = [get_mask(v) for v in leaves]
    if all(m is None for m in found):
        return None
    return found if isinstance(x, (list, tuple)) else found[0]
