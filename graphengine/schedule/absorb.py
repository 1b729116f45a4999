"""What library kernels do besides their sums: a bias and a rectifier, or a step of a variable along its gradient.

Takes a computation of primitives, finds sums of products and windows that only one elementwise op reads, and returns
what replaces the last of a few such ops: `ops.finished` has the formula. Values that other kernels compute are not
absorbed, they would have to be in memory first.
"""
from __future__ import annotations

from dataclasses import replace

from ..ir.computation import Computation
from ..ir.dims import equal
from ..ir.node import Node, Tensor
from ..ops.compare import Maximum
from ..ops.kinds import Elementwise, Library, Movement, Reduction
from ..ops.math import Add, Multiply, Subtract
from ..ops.state import Const
from ..values import dataclass
from .trace import is_dense, producer


@dataclass(frozen=True)
class Finish:
    """A replacement: the op on the plain op's operands, d, alpha and beta; a factor of 1 is None.

    plain : node whose sums are finished
    d : a row, or numbers for each of the sums
    is_whole : whether d is the latter
    """

    plain: Node
    d: Tensor
    is_whole: bool
    alpha: Tensor | None
    beta: Tensor | None
    subtracts: bool = False
    rectified: bool = False


def absorb(computation: Computation) -> dict[int, Finish]:
    """What takes the place of some nodes, by their ids."""
    return _Absorption(computation).found


class _Absorption:
    def __init__(self, computation: Computation) -> None:
        self.readers: dict[int, list[Node]] = {}
        for node in computation.nodes:
            for t in node.inputs:
                self.readers.setdefault(id(t), []).append(node)
        self.results = {id(t) for t in computation.results()}
        self.found: dict[int, Finish] = {}
        sums: dict[int, Finish] = {}
        for node in computation.nodes:
            finish = self.finish(node)
            if finish is not None:
                sums[id(node.outputs[0])] = finish
                if finish.is_whole or not self.is_fused(node):
                    self.found[id(node)] = finish
            elif isinstance(node.op, Maximum):
                finish = self.rectified(node, sums)
                if finish is not None:
                    self.found[id(node)] = finish

    def is_fused(self, node: Node) -> bool:
        """Whether a loop that reads the result computes it on the way."""
        result = node.outputs[0]
        return id(result) not in self.results and all(
            isinstance(r.op, (Elementwise, Reduction)) for r in self.readers.get(id(result), ()))

    def finish(self, node: Node) -> Finish | None:
        """Of a sum of two terms, one of them sums of a library kernel."""
        if not isinstance(node.op, (Add, Subtract)):
            return None
        pairs = [tuple(node.inputs), tuple(reversed(node.inputs))]
        for other, term in pairs[:1] if isinstance(node.op, Subtract) else pairs:
            plain, alpha = self.sums(term)
            d, beta = self.outside(other)
            if plain is None or d is None or not _same_shape(term, node.outputs[0]):
                continue
            width = plain.outputs[0].shape[-1]
            is_whole = _same_shape(d, term) and d.rank > 1 and self.is_one_matrix(plain)
            is_row = d.shape.rank == 1 and isinstance(width, int) and width > 1 and (
                d.shape[0] == width == term.shape[-1] and term.rank > 1)
            if is_whole or is_row:
                return Finish(plain, d, is_whole, alpha, beta, isinstance(node.op, Subtract))
        return None

    def is_one_matrix(self, plain: Node) -> bool:
        return plain.outputs[0].rank > 3 or plain.outputs[0].shape[0] == 1

    def rectified(self, node: Node, sums: dict[int, Finish]) -> Finish | None:
        """Of the larger of a finished sum and 0."""
        for x, zero in (node.inputs, reversed(node.inputs)):
            op = zero.node.op
            is_zero = isinstance(op, Const) and not op.value.array.any()
            if is_zero and id(x) in sums and self.is_read_once(x) and _same_shape(x, node.outputs[0]):
                self.found.pop(id(x.node), None)
                return replace(sums[id(x)], rectified=True)
        return None

    def sums(self, term: Tensor) -> tuple[Node | None, Tensor | None]:
        """The library kernel's node behind a term, and the number that its sums are multiplied by."""
        scaled, factor = _scaled(term)
        if factor is not None and not self.is_read_once(term):
            return None, None
        while self.is_read_once(scaled):
            node = scaled.node
            if isinstance(node.op, Library) and node.op.has_sums and node.outputs[0].dtype.is_floating:
                return node, factor
            if not (isinstance(node.op, Movement) and node.op.is_reshape):
                break
            (scaled,) = node.inputs
        return None, None

    def outside(self, term: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """A term that is in memory from the start, and the number that it is multiplied by."""
        d, factor = _scaled(term)
        if producer(d) is not None or not is_dense(d) or (factor is not None and not self.is_read_once(term)):
            return None, None
        return d, factor

    def is_read_once(self, tensor: Tensor) -> bool:
        return len(self.readers.get(id(tensor), ())) == 1 and id(tensor) not in self.results


def _scaled(term: Tensor) -> tuple[Tensor, Tensor | None]:
    """x and a number of which a term is the product; the number None if it is no such product."""
    if isinstance(term.node.op, Multiply):
        for x, factor in (term.node.inputs, reversed(term.node.inputs)):
            if all(s == 1 for s in factor.shape) and _same_shape(x, term) and x.rank > 0:
                return x, factor
    return term, None


def _same_shape(x: Tensor, y: Tensor) -> bool:
    return x.rank == y.rank and all(equal(s, t) for s, t in zip(x.shape, y.shape, strict=True))
