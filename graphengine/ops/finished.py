"""Products and convolutions whose sums are finished before they are stored: `schedule.absorb` makes them.

So a layer with bias and rectifier is one kernel, and the update of a weight along its gradient, w - rate x^T g, is the
product itself: the gradient is never in memory.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..ir.dims import Shape, Size
from ..ir.node import Tensor
from .convolution import Convolve, ConvolveFilter
from .kinds import REQUIRED, Array, Call, Floating, Library, NoGradient, attr, port
from .linalg import BatchMatmul
from .registry import op
from .samples import normal, sample


@op
class Finished(Library):
    """The sums S of a product or a convolution, made into something else where they are computed.

        y = alpha S + d beta,    or d beta - alpha S,    then max(y, 0) if it is rectified

    Shapes
    ------
    a, b : as `plain` wants them
    d : that of S, which is of one matrix then; the result may take its memory. Or (n,), added to each row
    alpha, beta : one number each
    """

    category = "Linear algebra"
    internal = True
    overwrites = 2
    inputs = (port("a", Floating, "left factor"), port("b", Floating, "right factor"),
              port("d", Floating, "what the sums are added to"), port("alpha", Floating, "factor of the sums"),
              port("beta", Floating, "factor of d"))
    plain: Library = attr(REQUIRED, "the op whose sums are finished")
    rectified: bool = attr(False, "whether negative results become 0")
    subtracts: bool = attr(False, "whether alpha S is subtracted")
    gradient = NoGradient("the scheduler makes it, after differentiation")

    @property
    def title(self) -> str:
        return f"{self.plain.name}, finished"

    def result_shape(self, a: Shape, b: Shape, d: Shape, alpha: Shape, beta: Shape) -> Shape:
        found: Shape = self.plain.result_shape(a, b)
        return found

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        call = self.plain.call(inputs[:2], results)
        (*sizes, _), is_whole = call.sizes, inputs[2].rank > 1
        return replace(call, sizes=(*sizes, 1, int(is_whole), int(self.rectified), int(self.subtracts)))

    def operations(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Size | None:
        return self.plain.operations(inputs[:2], results)

    @np.errstate(all="ignore")
    def reference(self, a: Array, b: Array, d: Array, alpha: Array, beta: Array) -> Array:
        sums = self.plain.reference(a, b) * alpha.reshape(())
        y = d * beta.reshape(()) + (-sums if self.subtracts else sums)
        return np.asarray(np.maximum(y, 0) if self.rectified else y)

    samples = (
        sample(normal(1, 9, 4), normal(1, 4, 18), normal(18), normal(), normal(), plain=BatchMatmul(), rectified=True),
        sample(normal(1, 4, 9), normal(1, 4, 6), normal(1, 9, 6), normal(), normal(), plain=BatchMatmul(True),
               subtracts=True),
        sample(normal(1, 5, 300), normal(1, 2, 300), normal(1, 5, 2), normal(), normal(),
               plain=BatchMatmul(False, True)),
        sample(normal(1, 1, 40), normal(1, 1, 40), normal(1, 1, 1), normal(), normal(), plain=BatchMatmul(False, True)),
        sample(normal(1, 3, 4), normal(1, 4, 1), normal(1, 3, 1), normal(), normal(1), plain=BatchMatmul(),
               rectified=True),
        sample(normal(2, 3, 0), normal(2, 0, 5), normal(5), normal(), normal(), plain=BatchMatmul()),
        sample(normal(1, 0, 4), normal(1, 4, 5), normal(5), normal(), normal(), plain=BatchMatmul()),
        sample(normal(2, 1, 6, 5, 3), normal(1, 3, 2, 3, 4), normal(4), normal(), normal(),
               plain=Convolve((1, 4, 4)), rectified=True),
        sample(normal(2, 1, 4, 4, 18), normal(1, 2, 2, 1, 18), normal(18), normal(), normal(),
               plain=Convolve((1, 3, 3))),
        sample(normal(1, 1, 4, 4, 2), normal(1, 2, 2, 2, 1), normal(1, 1, 3, 3, 1), normal(), normal(),
               plain=Convolve((1, 3, 3)), subtracts=True),
        sample(normal(0, 1, 4, 4, 2), normal(1, 2, 2, 2, 3), normal(3), normal(), normal(), plain=Convolve((1, 3, 3))),
        sample(normal(2, 1, 6, 5, 3), normal(2, 1, 4, 4, 4), normal(1, 3, 2, 3, 4), normal(), normal(),
               plain=ConvolveFilter((1, 3, 2, 3, 4)), subtracts=True),
        sample(normal(2, 1, 30, 31, 2), normal(2, 1, 29, 30, 3), normal(1, 2, 2, 2, 3), normal(), normal(),
               plain=ConvolveFilter((1, 2, 2, 2, 3))),
    )
