"""What all optimizers share: gradients and variables come in, the variables and what is kept for them change.

`apply` is tensor code: called at once it computes, and while a training step is traced it becomes part of its graph.
"""
from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from ... import dtypes
from ...dtypes import as_dtype
from ...errors import AttributeValueError, FailedPreconditionError, InvalidArgumentError, suggestion
from ...frontend import control
from ...frontend.build import convert_to_tensor, init_scope
from ...frontend.moments import clip_by_global_norm
from ...frontend.restoring import settle_waiting
from ...frontend.variable_parts import IndexedSlices
from ...frontend.variables import Variable
from ...ir.operand import Operand
from ...ops.language import L
from .. import config, registry
from ..naming import auto_name
from ..variable import Variable as OwnVariable
from ..variable import scope
from .schedules import LearningRateSchedule

Slots = Mapping[str, float]


class Optimizer:
    """Base of optimizers: a subclass says in `update_step` how one variable changes.

    Parameters
    ----------
    learning_rate : length of a step: a number, a schedule, or a function without arguments
    weight_decay : share of each variable that a step of length 1 takes away
    clipnorm : largest Euclidean norm of each gradient
    clipvalue : largest size of each element of a gradient
    global_clipnorm : largest Euclidean norm of all gradients together
    use_ema : whether to keep exponential moving averages of the variables
    ema_momentum : share of an average that a step leaves as it is, in [0, 1]
    ema_overwrite_frequency : after so many steps the variables become their averages; at the end of training only
        if None
    loss_scale_factor : what the loss was multiplied with; the gradients are divided by it
    gradient_accumulation_steps : the variables change once in so many steps, by the mean of their gradients

    Raises
    ------
    AttributeValueError for a number outside its interval; InvalidArgumentError for two ways to clip, or an
    argument that does not exist.
    """

    def __init__(
        self, learning_rate: Any, weight_decay: float | None = None, clipnorm: float | None = None,
        clipvalue: float | None = None, global_clipnorm: float | None = None, use_ema: bool = False,
        ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None, gradient_accumulation_steps: int | None = None,
        name: str | None = None, **unknown: Any,
    ) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = use_ema, ema_momentum, ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self._check(unknown)
        self.built = False
        self._variables: list[Variable] = []
        self._trainable_variables: list[Variable] = []
        self._places: dict[int, int] = {}               # of a variable among those that are trained
        self._kept: list[list[Variable]] = []           # what `slots` asks for, for each of them
        self._averages: list[Variable] = []
        self._accumulated: list[Variable] = []
        self._undecayed: set[int] = set()
        self._undecayed_names: re.Pattern[str] | None = None
        self._iterations = self.add_variable((), dtype=dtypes.int64, name="iteration")
        self._learning_rate = learning_rate if callable(learning_rate) else self.add_variable(
            (), float(learning_rate), name="learning_rate")

    def _check(self, unknown: Mapping[str, Any]) -> None:
        op = type(self).__name__
        for name in unknown:
            raise InvalidArgumentError(f"there is no argument {name!r}", op=op, fix=suggestion(name, self.get_names()))
        limits = [n for n in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(self, n) is not None]
        if len(limits) > 1:
            raise InvalidArgumentError(f"{limits[0]} and {limits[1]} are both given", op=op, fix="give one of them")
        steps, often = self.gradient_accumulation_steps, self.ema_overwrite_frequency
        if steps and steps < 2:
            raise AttributeValueError(f"gradient_accumulation_steps={steps}; it takes a whole number from 2", op=op)
        if self.use_ema and not 0 <= self.ema_momentum <= 1:
            raise AttributeValueError(f"ema_momentum={self.ema_momentum} is outside [0, 1]", op=op)
        if self.use_ema and often and (not isinstance(often, int) or often < 1):
            raise AttributeValueError(f"ema_overwrite_frequency={often}; it takes a whole number from 1", op=op)

    # ------------------------------------------------ variables

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own: the step, the learning rate, and what is kept for each trained variable."""
        return list(self._variables)

    @property
    def iterations(self) -> Any:
        """Updates made so far."""
        steps = self.gradient_accumulation_steps
        return L.floordiv(self._iterations, steps) if steps else self._iterations

    def slots(self) -> Sequence[Slots]:
        """What is kept for each trained variable: names, and the value that all elements start with.

        Those in one mapping stand beside each other in `variables`.
        """
        return ()

    def build(self, variables: Iterable[Variable]) -> None:
        """Make what is kept for these variables; once."""
        if self.built:
            return
        trained = list(variables)
        self._trainable_variables = trained
        self._places = {id(v): k for k, v in enumerate(trained)}
        if self.use_ema:
            self._averages = self.add_optimizer_variables(trained, "average")
        if self.gradient_accumulation_steps:
            self._accumulated = self.add_optimizer_variables(trained, "gradient_accumulator")
        self._kept = [[] for _ in trained]
        self.make_slots(trained)
        self.built = True
        settle_waiting()

    def make_slots(self, trained: Sequence[Variable]) -> None:
        """Make what is kept for each trained variable; what `slots` says, unless a subclass makes more."""
        for group in self.slots():
            for variable, kept in zip(trained, self._kept, strict=True):
                kept += [self.add_variable_from_reference(variable, name, start) for name, start in group.items()]

    def add_variable(
        self, shape: Sequence[int], initializer: Any = 0.0, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """A variable of the optimizer's own.

        Parameters
        ----------
        initializer : name of one, a function of shape and dtype, or the number that all elements are
        dtype : the configured type of floats if None
        """
        kind = as_dtype(dtype or config.floatx())
        with init_scope(), scope(self):
            value = np.full(shape, initializer, kind.numpy) if isinstance(initializer, (int, float)) else _made(
                initializer, tuple(shape), kind.name)
            variable = OwnVariable(value, trainable=False, name=name or "variable")
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = 0.0
    ) -> Variable:
        """A variable of the optimizer's own, with the shape and dtype of another."""
        path = path_of(reference_variable).removesuffix(":0")
        return self.add_variable(
            reference_variable.shape.numbers(), initializer, reference_variable.dtype,
            f"{path.replace('/', '_').replace(':', '_')}_{name or 'var'}")

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = 0.0
    ) -> Any:
        """A variable of the optimizer's own for each of these; with several names a list of them for each name."""
        names = [name] if isinstance(name, str) else list(name)
        starts = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        if len(starts) != len(names):
            raise InvalidArgumentError(f"{len(names)} names and {len(starts)} initializers", op=self.name)
        made = [[self.add_variable_from_reference(v, n, s) for n, s in zip(names, starts, strict=True)]
                for v in trainable_variables]
        lists = [[row[k] for row in made] for k in range(len(names))]
        return lists[0] if isinstance(name, str) else lists

    def _get_variable_index(self, variable: Variable) -> int:
        """The place of a variable among those that are trained; subclasses find their own by it."""
        return self._places[id(variable)]

    def kept(self, variable: Variable) -> list[Variable]:
        """What `slots` asks for, for one variable."""
        return self._kept[self._places[id(variable)]]

    # ------------------------------------------------ a step

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Any:
        """Change variables by their gradients; see `apply`."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """One step.

        Parameters
        ----------
        grads : a tensor for each variable, or `IndexedSlices` of it; None to leave it as it is
        trainable_variables : those that `build` was given if None

        Raises
        ------
        InvalidArgumentError if no variable has a gradient, or one is not among those that `build` was given;
        FailedPreconditionError without variables before `build`.
        """
        if not len(grads):
            return
        found, variables = self._present(grads, self._known(grads, trainable_variables))
        if self.loss_scale_factor is not None:
            found = [g / self.loss_scale_factor for g in found]
        if self.gradient_accumulation_steps:
            self._accumulate(found, variables, self.gradient_accumulation_steps)
        else:
            self._update(found, variables)
        if self.use_ema:
            self._average()
        self._iterations.assign_add(1)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Change one variable, and what is kept for it, by its gradient."""
        raise NotImplementedError(f"{type(self).__name__} has to define update_step")

    def begin_step(self) -> None:
        """Change what all variables share; called once in each step, before any `update_step`."""

    def assign(self, variable: Variable, value: Any) -> None:
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        variable.assign_sub(value)

    def _known(self, grads: Sequence[Any], variables: Sequence[Variable] | None) -> Sequence[Variable]:
        if variables is None:
            if not self.built:
                raise FailedPreconditionError("there are gradients without variables", op=self.name,
                                              fix="build(variables) first, or give both")
            variables = self._trainable_variables
        self.build(variables)
        if len(grads) != len(variables):
            raise InvalidArgumentError(f"{len(grads)} gradients for {len(variables)} variables", op=self.name)
        for v in variables:
            if id(v) not in self._places:
                raise InvalidArgumentError(
                    f"{v.name} is not among the variables that it was built for", op=self.name,
                    fix="make an optimizer of its own for other variables",
                )
        return variables

    def _present(self, grads: Sequence[Any], variables: Sequence[Variable]) -> tuple[list[Any], list[Variable]]:
        missing = [path_of(v) for g, v in zip(grads, variables, strict=True) if g is None]
        if len(missing) == len(variables):
            raise InvalidArgumentError("No gradients provided for any variable.", op=self.name,
                                       fix="let the loss depend on a trainable variable")
        if missing:
            warnings.warn(
                f"Gradients do not exist for variables {missing} when minimizing the loss. If using "
                "`model.compile()`, did you forget to provide a `loss` argument?", stacklevel=4,
            )
        whole = [g.among(v.shape[0]) if isinstance(g, IndexedSlices) else g
                 for g, v in zip(grads, variables, strict=True)]
        pairs = [(_tensor(g, v.dtype), v) for g, v in zip(whole, variables, strict=True) if g is not None]
        return [g if g.dtype is v.dtype else L.cast(g, v.dtype) for g, v in pairs], [v for _, v in pairs]

    def _update(self, grads: Sequence[Any], variables: Sequence[Variable]) -> None:
        clipped, rate = self._clipped(grads), self._rate()
        self.begin_step()
        for g, v in zip(clipped, variables, strict=True):
            step = rate if rate.dtype is v.dtype else L.cast(rate, v.dtype)
            with v.made_with():
                share = self.decay_of(v)
                if share is not None and self._is_decayed(v):
                    v.assign_sub(v * (share * step))
                self.update_step(g, v, step)

    def _clipped(self, grads: Sequence[Any]) -> Sequence[Any]:
        if self.clipnorm:
            return [L.clip_by_norm(g, self.clipnorm) for g in grads]
        if self.global_clipnorm:
            return clip_by_global_norm(grads, self.global_clipnorm)[0]
        if self.clipvalue:
            return [L.clip_by_value(g, -self.clipvalue, self.clipvalue) for g in grads]
        return grads

    def _accumulate(self, grads: Sequence[Any], variables: Sequence[Variable], steps: int) -> None:
        """Add to the sums, and in every so many steps update by their mean."""
        sums = [self._accumulated[self._places[id(v)]] for v in variables]

        def update() -> None:
            means = [(total + g) / float(steps) for g, total in zip(grads, sums, strict=True)]
            self._update(means, variables)
            for total in self._accumulated:
                total.assign(L.zeros_like(total))

        def collect() -> None:
            for g, total in zip(grads, sums, strict=True):
                total.assign_add(g)

        _either(L.equal(L.floormod(self._iterations + 1, steps), 0), update, collect)

    def _average(self) -> None:
        begun = L.not_equal(self.iterations, 0)
        for v, average in zip(self._trainable_variables, self._averages, strict=True):
            kept = L.cast(begun, v.dtype) * self.ema_momentum
            average.assign(kept * average + (1.0 - kept) * v)
        if self.ema_overwrite_frequency:
            due = L.equal(L.floormod(self.iterations + 1, self.ema_overwrite_frequency), 0)
            _either(due, self._overwrite, lambda: None)

    def _overwrite(self) -> None:
        for v, average in zip(self._trainable_variables, self._averages, strict=True):
            v.assign(average)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """What the end of training asks for: with `use_ema` the variables become their averages."""
        del var_list
        if self.use_ema:
            self._overwrite()

    def swap_averages(self) -> None:
        """Let the variables and their averages change places."""
        for v, average in zip(self._trainable_variables, self._averages, strict=True):
            held = v.numpy()
            v.assign(average)
            average.assign(held)

    def restart_averages(self) -> None:
        """Let the averages begin with what the variables are now."""
        for v, average in zip(self._trainable_variables, self._averages, strict=True):
            average.assign(v)

    def scale_loss(self, loss: Any) -> Any:
        """The loss, multiplied with `loss_scale_factor` if there is one."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # ------------------------------------------------ learning rate, weight decay

    @property
    def learning_rate(self) -> Any:
        """The rate of the next step: the variable that holds it, or what the schedule says."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations)
        return rate if isinstance(rate, Variable) else rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        held = self._learning_rate
        if callable(learning_rate) and not isinstance(learning_rate, Variable):
            self._variables = [v for v in self._variables if v is not held]
            self._learning_rate = learning_rate
        elif isinstance(held, Variable):
            held.assign(learning_rate)
        else:
            raise TypeError(f"{self.name} has a schedule as its learning_rate, which cannot be set to a number; "
                            "make it with a number if it is to be set")

    def _rate(self) -> Any:
        return _tensor(self.learning_rate, config.floatx())

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Leave variables out of weight decay: these, and those whose name holds one of these patterns.

        Raises
        ------
        FailedPreconditionError once the optimizer is built.
        """
        if self.built:
            raise FailedPreconditionError("the optimizer is built already", op="exclude_from_weight_decay",
                                          fix="call it before training")
        patterns = list(var_names or ())
        self._undecayed = {id(v) for v in var_list or ()}
        self._undecayed_names = re.compile("|".join(patterns)) if patterns else None

    def decay_of(self, variable: Variable) -> float | None:
        """The share of a variable that a step of length 1 takes away."""
        return self.weight_decay

    def _is_decayed(self, variable: Variable) -> bool:
        named = self._undecayed_names is not None and self._undecayed_names.search(path_of(variable)) is not None
        return id(variable) not in self._undecayed and not named

    # ------------------------------------------------ saving

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give `variables` these values.

        Raises
        ------
        FailedPreconditionError before `build`; ShapeError if a value does not fit.
        """
        if not self.built:
            raise FailedPreconditionError("the optimizer has no variables yet", op="set_weights",
                                          fix="build(trainable_variables) first")
        for variable, weight in zip(self.variables, weights, strict=False):
            variable.assign(weight)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put the values of `variables` into a mapping, by their numbers."""
        store.update({str(k): v.numpy() for k, v in enumerate(self.variables)})

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take the values of `variables` from where `save_own_variables` put them; a warning if there are others."""
        own = self.variables
        if len(store) != len(own):
            warnings.warn(
                f"Skipping variable loading for optimizer {self.name!r}, because it has {len(own)} "
                f"variables whereas the saved optimizer has {len(store)} variables.", stacklevel=2,
            )
            return
        for k, variable in enumerate(own):
            variable.assign(np.asarray(store[str(k)]))

    @classmethod
    def get_names(cls) -> list[str]:
        """Names of the arguments."""
        import inspect  # only who has to ask pays for it

        found = [p for c in cls.__mro__[:-1] for p in inspect.signature(c.__init__).parameters.values()]  # type: ignore[misc]
        return list(dict.fromkeys(p.name for p in found if p.name != "self" and p.kind is not p.VAR_KEYWORD))

    def get_config(self) -> dict[str, Any]:
        rate: Any = self._learning_rate
        if isinstance(rate, Variable):
            rate = float(rate)
        elif isinstance(rate, LearningRateSchedule) or callable(rate):
            rate = registry.serialize_keras_object(rate)
        return {"name": self.name, "learning_rate": rate} | {n: getattr(self, n) for n in _SHARED}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        given = dict(config)
        if isinstance(given.get("learning_rate"), dict):
            given["learning_rate"] = registry.deserialize_keras_object(given["learning_rate"], custom_objects)
        return cls(**given)


_SHARED = ("weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum",
           "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps")


def _either(condition: Any, then: Callable[[], None], otherwise: Callable[[], None]) -> None:
    """Do one of two things to variables."""
    def done(act: Callable[[], None]) -> Callable[[], Any]:
        def run() -> Any:
            act()
            return np.int32(0)              # branches of a graph return something

        return run

    control.cond(condition, done(then), done(otherwise))


def path_of(variable: Variable) -> str:
    """Names of the layers that a variable belongs to, and its own, with slashes between."""
    return str(getattr(variable, "path", variable.name))


def _made(initializer: Any, shape: tuple[int, ...], dtype: str) -> Any:
    from .. import initializers  # only users' own optimizers name them

    return initializers.get(initializer)(shape, dtype)


def _tensor(value: Any, dtype: Any) -> Any:
    """A tensor as it is, anything else as one of this type."""
    return convert_to_tensor(value, None if isinstance(value, Operand) else dtype)
