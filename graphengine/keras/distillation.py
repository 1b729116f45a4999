"""Training a model, the student, to give what another one, the teacher, gives: at its outputs, or at layers inside."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import AttributeValueError, InvalidArgumentError, ShapeError
from ..frontend.nest import assert_same_structure, map_structure
from ..frontend.structure import flatten
from ..ops.language import L
from . import losses as own_losses
from .losses import KLDivergence
from .metrics import Mean
from .model import Model
from .operands import to_tensor
from .registry import deserialize_keras_object, register, serialize_keras_object


@register("distillation")
class DistillationLoss:
    """What makes a student unlike its teacher: a program's own defines `compute_loss`."""

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any) -> Any:
        """A single number."""
        raise InvalidArgumentError("it does not define compute_loss(teacher_outputs, student_outputs)",
                                   op=type(self).__name__)

    def validate_outputs(self, teacher_outputs: Any, student_outputs: Any) -> None:
        """Raise InvalidArgumentError unless both have the same structure."""
        assert_same_structure(teacher_outputs, student_outputs)

    def validate_model_compatibility(self, teacher: Model, student: Model) -> None:
        """Raise an error if it cannot be used for these models."""


class _ByLosses(DistillationLoss):
    """One loss for each output.

    Raises
    ------
    InvalidArgumentError unless there is one.
    """

    def __init__(self, loss: Any) -> None:
        self.loss = _functions(loss)
        if all(item is None for item in flatten(self.loss)[1]):
            raise InvalidArgumentError("there is no loss", op=type(self).__name__, fix="give one that is not None")

    def validate_outputs(self, teacher_outputs: Any, student_outputs: Any) -> None:
        super().validate_outputs(teacher_outputs, student_outputs)
        if len(flatten(self.loss)[1]) != len(flatten(teacher_outputs)[1]):
            raise InvalidArgumentError(f"{len(flatten(self.loss)[1])} losses for {len(flatten(teacher_outputs)[1])} "
                                       "outputs", op=type(self).__name__, fix="give one for each output")

    def _sum(self, teacher_outputs: Any, student_outputs: Any) -> Any:
        parts = zip(*(flatten(x)[1] for x in (self.loss, teacher_outputs, student_outputs)), strict=True)
        found = [self.value(loss, to_tensor(t), to_tensor(s)) for loss, t, s in parts if loss is not None]
        return sum(found[1:], found[0])

    def value(self, loss: Any, teacher_output: Any, student_output: Any) -> Any:
        """The loss of one output."""
        return L.reduce_mean(loss(teacher_output, student_output))

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        return cls(**{**config, "loss": deserialize_keras_object(config["loss"])})


@register("distillation")
class LogitsDistillation(_ByLosses):
    """The teacher's outputs and the student's, both divided by a temperature, under a loss.

    Parameters
    ----------
    temperature : above 0, dimensionless; the higher, the more small outputs count
    loss : name, function or object, or a structure of them for several outputs, None for one that does not count.
        The object `keras.losses.KLDivergence()` gets softmax of the outputs, and counts temperature squared times.

    References
    ----------
    Hinton, Vinyals and Dean (2015), "Distilling the knowledge in a neural network", section 2.
    """

    def __init__(self, temperature: float = 3.0, loss: Any = "kl_divergence") -> None:
        super().__init__(loss)
        if not isinstance(temperature, (int, float)) or temperature <= 0:
            raise AttributeValueError(f"temperature={temperature!r}; it takes a number above 0",
                                      op="LogitsDistillation")
        self.temperature = temperature

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any) -> Any:
        return self._sum(teacher_outputs, student_outputs)

    def value(self, loss: Any, teacher_output: Any, student_output: Any) -> Any:
        teacher, student = (x / float(self.temperature) for x in (teacher_output, student_output))
        if isinstance(loss, KLDivergence):
            return L.reduce_mean(loss(L.softmax(teacher), L.softmax(student))) * float(self.temperature**2)
        return super().value(loss, teacher, student)

    def get_config(self) -> dict[str, Any]:
        return {"temperature": self.temperature, "loss": serialize_keras_object(self.loss)}


@register("distillation")
class FeatureDistillation(_ByLosses):
    """What a layer of the teacher gives and what one of the student gives, under a loss.

    Parameters
    ----------
    loss : name, function or object, or a structure of them
    teacher_layer_name, student_layer_name : names of layers of the models; their outputs if None

    References
    ----------
    Romero et al. (2015), "FitNets: hints for thin deep nets", section 2.2.
    """

    def __init__(
        self, loss: Any = "mse", teacher_layer_name: str | None = None, student_layer_name: str | None = None
    ) -> None:
        super().__init__(loss)
        self.teacher_layer_name, self.student_layer_name = teacher_layer_name, student_layer_name

    def validate_model_compatibility(self, teacher: Model, student: Model) -> None:
        for model, name in ((teacher, self.teacher_layer_name), (student, self.student_layer_name)):
            if name is not None:
                _check_drawn(model)
                model.get_layer(name)

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any) -> Any:
        return self._sum(teacher_outputs, student_outputs)

    def get_config(self) -> dict[str, Any]:
        return {"loss": serialize_keras_object(self.loss), "teacher_layer_name": self.teacher_layer_name,
                "student_layer_name": self.student_layer_name}


def _functions(loss: Any) -> Any:
    return map_structure(own_losses.get, loss)


def _check_drawn(model: Any) -> None:
    if not getattr(model, "inputs", None):
        raise InvalidArgumentError(f"what layers of {model.name!r} give cannot be asked for: it is a class of its own",
                                   op="FeatureDistillation", fix="use a Functional or Sequential model, or no names")


TRACKED = ("student_loss", "distillation_loss", "total_loss")


@register("distillation")
class Distiller(Model):
    """A student that is trained by a teacher, which stays as it is; called, it is the student.

        loss = student_loss_weight * loss of compile + (1 - student_loss_weight) * sum of weight * distillation loss

    Parameters
    ----------
    teacher, student : models with inputs and outputs of the same shapes
    distillation_losses : a `DistillationLoss`, or a list
    distillation_loss_weights : a number for each; all 1 if None
    student_loss_weight : in [0, 1]

    Raises
    ------
    ShapeError if the models' inputs or outputs differ in shape; InvalidArgumentError for losses that do not fit them,
    and for sample weights, which distillation losses know nothing of.

    Notes
    -----
    What the student's layers add to its loss, such as regularization, counts in full; Keras 3.15 leaves it out.
    """

    def __init__(
        self, teacher: Model, student: Model, distillation_losses: Any,
        distillation_loss_weights: Sequence[float] | None = None, student_loss_weight: float = 0.5,
        name: str = "distiller", **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        for what, model in (("teacher", teacher), ("student", student)):
            if not isinstance(model, Model):
                raise AttributeValueError(f"{what}={model!r} is no model", op="Distiller")
        for what in ("inputs", "outputs"):
            _check_alike(what, getattr(teacher, what, None), getattr(student, what, None))
        if not isinstance(student_loss_weight, (int, float)) or not 0 <= student_loss_weight <= 1:
            raise AttributeValueError(f"student_loss_weight={student_loss_weight!r}; it takes a number in [0, 1]",
                                      op="Distiller")
        if distillation_losses is None:
            raise InvalidArgumentError("there are no distillation_losses", op="Distiller", fix="LogitsDistillation()")
        several = isinstance(distillation_losses, (list, tuple))
        self.distillation_losses = list(distillation_losses) if several else [distillation_losses]
        weights = distillation_loss_weights if several else None
        self.distillation_loss_weights = [1.0] * len(self.distillation_losses) if weights is None else list(weights)
        if len(self.distillation_loss_weights) != len(self.distillation_losses):
            raise InvalidArgumentError(f"{len(self.distillation_loss_weights)} weights for "
                                       f"{len(self.distillation_losses)} distillation losses", op="Distiller")
        self.teacher, self.student, self.student_loss_weight = teacher, student, student_loss_weight
        for loss in self.distillation_losses:
            loss.validate_model_compatibility(teacher, student)
        self._inside = {who: self._features(model, f"{who}_layer_name")
                        for who, model in (("teacher", teacher), ("student", student))}
        self.teacher.trainable = False
        self._trackers = {label: Mean(name=label) for label in TRACKED}
        self._student_loss: Any = None
        self._seen: Any = None

    def _features(self, model: Any, label: str) -> Any:
        """A model that gives its outputs and what the layers give that losses name; None if they name none."""
        names = list(dict.fromkeys(n for loss in self.distillation_losses if (n := getattr(loss, label, None))))
        if not names:
            return None
        return Model(model.inputs, [model.output, {n: model.get_layer(n).output for n in names}])

    def compile(  # type: ignore[override]
        self, optimizer: Any = "adam", loss: Any = None, metrics: Any = None, **kwargs: Any
    ) -> None:
        """Say how to train; `loss` is the student's own.

        Raises
        ------
        InvalidArgumentError without a loss.
        """
        if loss is None:
            raise InvalidArgumentError("there is no loss", op="Distiller.compile", fix="give the student's own loss")
        self._student_loss = _functions(loss)
        super().compile(optimizer=optimizer, loss=None, metrics=metrics, **kwargs)

    def get_compile_config(self) -> dict[str, Any] | None:
        found = super().get_compile_config()
        return None if found is None else {**found, "loss": serialize_keras_object(self._student_loss)}

    def call(self, inputs: Any, training: Any = None) -> Any:
        outputs, features = self._gives("student", inputs, training)
        if self._seen is not None:
            self._seen.append((outputs, features))
        return outputs

    def _gives(self, who: str, x: Any, training: Any) -> tuple[Any, Any]:
        """What a model gives, and what its layers that losses name give, from one run of it."""
        model, inside = getattr(self, who), self._inside[who]
        if inside is None:
            return model(x, training=training), {}
        return tuple(inside(x, training=training))

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """A step in which the loss finds what the run gave that made its outputs."""
        self._seen = []
        try:
            yield
        finally:
            self._seen = None

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss of a batch.

        Raises
        ------
        InvalidArgumentError for sample weights.
        """
        if sample_weight is not None:
            raise InvalidArgumentError("sample_weight, which distillation losses know nothing of", op="Distiller",
                                       fix="train without sample and class weights, or define compute_loss")
        features: Any = next((f for outputs, f in self._seen or () if outputs is y_pred), None)
        if y_pred is None:
            y_pred, features = self._gives("student", x, training)
        own: Any = to_tensor(0.0)
        if self.student_loss_weight > 0 and y is not None:
            parts = zip(*(flatten(v)[1] for v in (self._student_loss, y, y_pred)), strict=True)
            values = [loss(to_tensor(target), output) for loss, target, output in parts]
            own = L.reduce_mean(values[0]) if len(values) == 1 else sum(map(L.reduce_mean, values[1:]),
                                                                        L.reduce_mean(values[0]))
        taught: Any = to_tensor(0.0)
        if self.student_loss_weight < 1:
            taught = self._taught(x, y_pred, self._gives("student", x, training)[1] if features is None else features)
        total = own * self.student_loss_weight + taught * (1.0 - self.student_loss_weight)
        for extra in self.student.losses:
            total = total + L.reduce_sum(extra)
        for tracker, value in zip(self._trackers.values(), (own, taught, total), strict=True):
            tracker.update_state(value)
        return total

    def _taught(self, x: Any, y_pred: Any, features: Any) -> Any:
        """The sum of the distillation losses."""
        given = {"teacher": self._gives("teacher", x, False), "student": (y_pred, features)}
        total: Any = 0.0
        for loss, weight in zip(self.distillation_losses, self.distillation_loss_weights, strict=True):
            names = {who: getattr(loss, f"{who}_layer_name", None) for who in given}
            teacher, student = (outputs if names[who] is None else inside[names[who]]
                                for who, (outputs, inside) in given.items())
            loss.validate_outputs(teacher, student)
            value = loss.compute_loss(teacher, student)
            if value.shape.rank:
                raise ShapeError(f"{type(loss).__name__} gave numbers of shape {value.shape}; a loss is one",
                                 op="Distiller")
            total = total + value * weight
        return total

    # ------------------------------------------------ what training shows

    @property
    def metrics(self) -> list[Any]:
        return [*super().metrics, *self._trackers.values()]

    def get_metrics_result(self) -> dict[str, Any]:
        return {**super().get_metrics_result(), **{name: m.result() for name, m in self._trackers.items()}}

    def train_step(self, data: Any) -> dict[str, Any]:
        with self._watched():
            super().train_step(data)
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, Any]:
        with self._watched():
            super().test_step(data)
        return self.get_metrics_result()

    # ------------------------------------------------ files

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "teacher": serialize_keras_object(self.teacher),
                "student": serialize_keras_object(self.student),
                "distillation_losses": [serialize_keras_object(loss) for loss in self.distillation_losses],
                "distillation_loss_weights": self.distillation_loss_weights,
                "student_loss_weight": self.student_loss_weight}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        made = {name: deserialize_keras_object(config[name], custom_objects)
                for name in ("teacher", "student", "distillation_losses")}
        return cls(**{**config, **made})


def _check_alike(what: str, teacher: Any, student: Any) -> None:
    for first, second in zip(teacher or (), student or (), strict=False):
        shapes = [tuple(x.shape) for x in (first, second)]
        pairs = zip(*shapes, strict=False)
        if len(shapes[0]) != len(shapes[1]) or any(None not in pair and pair[0] != pair[1] for pair in pairs):
            raise ShapeError(f"{what} of the teacher have shape {shapes[0]}, of the student {shapes[1]}",
                             op="Distiller")
        if first.dtype is not second.dtype:
            raise ShapeError(f"{what} of the teacher are {first.dtype.name}, of the student {second.dtype.name}",
                             op="Distiller")


__all__ = ["DistillationLoss", "Distiller", "FeatureDistillation", "LogitsDistillation"]
