"""Several optimizers as one: each variable has its own, by its path."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from ...errors import AttributeValueError, InvalidArgumentError
from ...frontend.variables import Variable
from ..registry import deserialize_keras_object, register, serialize_keras_object
from .optimizer import Optimizer, path_of


@register("optimizers")
class OptimizerMap(MutableMapping[str, Optimizer]):
    """Optimizers by paths of variables, or by patterns that match a whole path.

    Parameters
    ----------
    default_optimizer : for paths that no key matches
    optimizer_map : optimizers by path or pattern

    Raises
    ------
    TypeError for what is no optimizer. InvalidArgumentError where two patterns match one path.
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(f"default_optimizer={default_optimizer!r} is no optimizer")
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(f"optimizer_map={optimizer_map!r} is no dict")
        self._default_optimizer = default_optimizer
        self._optimizer_map = optimizer_map or {}

    @property
    def default_optimizer(self) -> Optimizer:
        return self._default_optimizer

    def __getitem__(self, key: str) -> Optimizer:
        if key in self._optimizer_map:
            return self._optimizer_map[key]
        found = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, key)]
        if len(found) > 1:
            raise InvalidArgumentError(f"{found[0]!r} and {found[1]!r} both match {key!r}", op="OptimizerMap",
                                       fix="write patterns of which one matches")
        return self._optimizer_map[found[0]] if found else self._default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if not isinstance(key, str):
            raise AttributeValueError(f"key={key!r} is no text", op="OptimizerMap")
        if key in self._optimizer_map:
            raise InvalidArgumentError(f"{key!r} has an optimizer already", op="OptimizerMap", fix="delete it first")
        if not isinstance(optimizer, Optimizer) or isinstance(optimizer, MultiOptimizer):
            raise AttributeValueError(f"optimizer={optimizer!r}; it takes an optimizer of one kind", op="OptimizerMap")
        self._optimizer_map[key] = optimizer

    def __delitem__(self, key: str) -> None:
        del self._optimizer_map[key]

    def __len__(self) -> int:
        return len(self._optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer_map)

    def __call__(self, variable: Variable) -> Optimizer:
        return self[path_of(variable)]

    def get_config(self) -> dict[str, Any]:
        return {"default_optimizer": serialize_keras_object(self._default_optimizer),
                "optimizer_map": serialize_keras_object(self._optimizer_map)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        return cls(*(deserialize_keras_object(config[name], custom_objects)
                     for name in ("default_optimizer", "optimizer_map")))


@register("optimizers")
class MultiOptimizer(Optimizer):
    """An optimizer that leaves each variable to another one.

    Parameters
    ----------
    optimizer_map : `OptimizerMap`, or a function that gives the optimizer of a variable
    loss_scale_factor : what the loss was multiplied with, for all of them

    Raises
    ------
    AttributeError where its learning rate is asked for: each of `optimizers` has its own.
    """

    def __init__(self, optimizer_map: Callable[[Variable], Optimizer], loss_scale_factor: float | None = None,
                 name: str | None = None) -> None:
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._optimizer_map = optimizer_map
        self._inner_optimizers: list[Optimizer] = []
        self._owners: dict[int, Optimizer] = {}         # by the variable's id
        known = [*optimizer_map.values(), optimizer_map.default_optimizer] if isinstance(
            optimizer_map, OptimizerMap) else []
        for optimizer in known:
            self._take(optimizer)

    def _take(self, optimizer: Any) -> Optimizer:
        if not isinstance(optimizer, Optimizer) or isinstance(optimizer, MultiOptimizer):
            raise AttributeValueError(f"{optimizer!r} for a variable; it takes an optimizer of one kind",
                                      op="MultiOptimizer")
        if not any(optimizer is known for known in self._inner_optimizers):
            optimizer.loss_scale_factor = self.loss_scale_factor
            self._inner_optimizers.append(optimizer)
        return optimizer

    @property
    def optimizers(self) -> list[Optimizer]:
        """Those that variables are left to."""
        return self._inner_optimizers

    @property
    def variables(self) -> list[Variable]:
        return [*self._variables, *(v for optimizer in self._inner_optimizers for v in optimizer.variables)]

    def make_slots(self, trained: Sequence[Variable]) -> None:
        self._owners = {id(v): self._take(self._optimizer_map(v)) for v in trained}
        for optimizer, own in self._shares(trained):
            optimizer.build(own)

    def _shares(self, variables: Iterable[Variable]) -> list[tuple[Optimizer, list[Variable]]]:
        """Each optimizer and those of the variables that are left to it, if there are any."""
        known = list(variables)
        found = [(o, [v for v in known if self._owners[id(v)] is o]) for o in self._inner_optimizers]
        return [(optimizer, own) for optimizer, own in found if own]

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        if not len(grads):
            return
        variables = self._known(grads, trainable_variables)
        gradients = {id(v): g for g, v in zip(grads, variables, strict=True)}
        for optimizer, own in self._shares(variables):
            optimizer.apply([gradients[id(v)] for v in own], own)
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        for optimizer, own in self._shares(var_list):
            optimizer.finalize_variable_values(own)

    @property
    def learning_rate(self) -> Any:
        raise AttributeError("a MultiOptimizer has no learning rate; ask those in `optimizers`")

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        raise AttributeError("a MultiOptimizer has no learning rate; set those of `optimizers`")

    def get_config(self) -> dict[str, Any]:
        return {"optimizer_map": serialize_keras_object(self._optimizer_map),
                "loss_scale_factor": self.loss_scale_factor, "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        return cls(**{**config, "optimizer_map": deserialize_keras_object(config["optimizer_map"], custom_objects)})
