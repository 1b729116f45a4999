"""Muon: steps of matrices along orthogonal directions, and Adam for all that is no matrix."""
from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from ...frontend.variables import Variable
from ...ops.language import L
from ..registry import register
from .optimizer import Optimizer, path_of


@register("optimizers")
class Muon(Optimizer):
    """Matrices step along the nearest orthogonal matrix to the mean of their gradients, other variables as in Adam.

        m = momentum * m + g
        x = (g + momentum * m) / (|g + momentum * m| + 1e-7),  then ns_steps times
        x = a * x + (b * (x x') + c * (x x') (x x')) x
        w -= learning_rate * rms_rate * sqrt(max(rows, columns)) * x

    Parameters
    ----------
    adam_beta_1, adam_beta_2, epsilon, adam_weight_decay, adam_lr_ratio : of Adam; the last is a factor of the rate
    weight_decay : of matrices
    exclude_layers : patterns of paths of variables that are left to Adam
    exclude_embeddings : whether variables with "embedding" in their path are
    muon_a, muon_b, muon_c, ns_steps : coefficients and number of Newton and Schulz's steps
    nesterov : whether to look ahead along the momentum
    rms_rate : factor of the step, None for none
    shared : arguments of `Optimizer`

    References
    ----------
    Jordan et al. (2024), "Muon: an optimizer for hidden layers in neural networks"; Liu et al. (2025), "Muon is
    scalable for LLM training", section 2.2, for rms_rate.
    """

    _names = ("adam_beta_1", "adam_beta_2", "adam_weight_decay", "epsilon", "exclude_layers", "exclude_embeddings",
              "muon_a", "muon_b", "muon_c", "adam_lr_ratio", "momentum", "ns_steps", "nesterov", "rms_rate")

    def __init__(
        self, learning_rate: Any = 0.001, adam_beta_1: float = 0.9, adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004, epsilon: float = 1e-7, weight_decay: float | None = 0.004,
        clipnorm: float | None = None, clipvalue: float | None = None, global_clipnorm: float | None = None,
        use_ema: bool = False, ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None, gradient_accumulation_steps: int | None = None,
        name: str | None = None, exclude_layers: Sequence[str] | None = None, exclude_embeddings: bool = True,
        muon_a: float = 3.4445, muon_b: float = -4.775, muon_c: float = 2.0315, adam_lr_ratio: float = 1,
        momentum: float = 0.95, ns_steps: int = 5, nesterov: bool = True, rms_rate: float | None = 0.2, **shared: Any,
    ) -> None:
        super().__init__(
            learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name, **shared)
        self.adam_beta_1, self.adam_beta_2, self.epsilon = adam_beta_1, adam_beta_2, epsilon
        self.adam_weight_decay, self.adam_lr_ratio = adam_weight_decay, adam_lr_ratio
        self.exclude_layers, self.exclude_embeddings = list(exclude_layers or ()), exclude_embeddings
        self.muon_a, self.muon_b, self.muon_c = muon_a, muon_b, muon_c
        self.momentum, self.ns_steps, self.nesterov, self.rms_rate = momentum, ns_steps, nesterov, rms_rate

    def _is_left_to_adam(self, variable: Variable) -> bool:
        path = path_of(variable)
        return (variable.shape.rank != 2 or (self.exclude_embeddings and "embedding" in path.lower())
                or any(re.search(pattern, path) for pattern in self.exclude_layers))

    def make_slots(self, trained: Sequence[Variable]) -> None:
        for variable, kept in zip(trained, self._kept, strict=True):
            names = ("momentum", "velocity") if self._is_left_to_adam(variable) else ("momentum",)
            kept += [self.add_variable_from_reference(variable, name) for name in names]

    def decay_of(self, variable: Variable) -> float | None:
        return self.adam_weight_decay if self._is_left_to_adam(variable) else self.weight_decay

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        first, *second = self.kept(variable)
        if second:
            self._as_adam(gradient, variable, learning_rate * self.adam_lr_ratio, first, second[0])
            return
        mean = first * self.momentum + gradient
        first.assign(mean)
        step = self._orthogonal(gradient + self.momentum * mean if self.nesterov else mean)
        scale = 1.0 if self.rms_rate is None else math.sqrt(max(variable.shape)) * self.rms_rate
        variable.assign_sub(learning_rate * step * scale)

    def _as_adam(self, gradient: Any, variable: Any, rate: Any, m: Variable, v: Variable) -> None:
        t = L.cast(self.iterations + 1, variable.dtype)
        alpha = rate * L.sqrt(1.0 - L.pow(self.adam_beta_2, t)) / (1.0 - L.pow(self.adam_beta_1, t))
        first = m + (gradient - m) * (1.0 - self.adam_beta_1)
        second = v + (L.square(gradient) - v) * (1.0 - self.adam_beta_2)
        m.assign(first)
        v.assign(second)
        variable.assign_sub(first * alpha / (L.sqrt(second) + self.epsilon))

    def _orthogonal(self, x: Any) -> Any:
        """About the nearest orthogonal matrix: singular values between about 0.7 and 1.2.

        References
        ----------
        Kovarik (1970), "Some iterative methods for improving orthonormality", with coefficients of Jordan et al.
        """
        is_tall = x.shape[0] > x.shape[1]
        x = L.transpose(x) if is_tall else x
        x = x / (L.sqrt(L.reduce_sum(L.square(x))) + 1e-7)
        for _ in range(self.ns_steps):
            gram = L.matmul(x, x, transpose_b=True)
            x = self.muon_a * x + L.matmul(self.muon_b * gram + self.muon_c * L.matmul(gram, gram), x)
        return L.transpose(x) if is_tall else x

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {name: getattr(self, name) for name in self._names}
