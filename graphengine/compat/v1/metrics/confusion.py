"""True and false positives and negatives: of labels and predictions that are true or false, and at thresholds."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .... import dtypes
from ....errors import AttributeValueError, suggestion
from ....frontend.build import convert_to_tensor
from ....ops.language import L
from .streams import Pair, alike, share, streamed, total_of, weights_for

KINDS = {                                   # whether the label, and the prediction, is true
    "true_positives": (True, True), "false_negatives": (True, False), "true_negatives": (False, False),
    "false_positives": (False, True),
}
SMALL = 1e-7
METHODS = ("trapezoidal", "careful_interpolation", "minoring", "majoring")


# -------------------------------------------------------------------- of what is true or false

def _counted(labels: Any, predictions: Any, weights: Any, kinds: Sequence[str]) -> dict[str, Any]:
    y, p, factors = alike(L.cast(labels, dtypes.bool), L.cast(predictions, dtypes.bool), weights)
    return {kind: total_of(L.logical_and(L.equal(y, KINDS[kind][0]), L.equal(p, KINDS[kind][1])), factors)
            for kind in kinds}


def _counter(kind: str) -> Callable[..., Pair]:
    label, prediction = KINDS[kind]

    def metric(
        labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
        updates_collections: Any = None, name: str | None = None,
    ) -> Pair:
        (count,) = _counted(labels, predictions, weights, [kind]).values()
        return streamed(name, kind, {"count": count}, lambda n: n, (metrics_collections, updates_collections))

    metric.__name__ = metric.__qualname__ = kind
    metric.__doc__ = f"The number of predictions that are {prediction} where the label is {label}."
    return metric


true_positives, false_negatives, true_negatives, false_positives = map(_counter, KINDS)


def precision(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The share of true labels among true predictions."""
    sums = _counted(labels, predictions, weights, ["true_positives", "false_positives"])
    return streamed(name, "precision", sums, lambda tp, fp: share(tp, tp + fp),
                    (metrics_collections, updates_collections))


def recall(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The share of true predictions among true labels."""
    sums = _counted(labels, predictions, weights, ["true_positives", "false_negatives"])
    return streamed(name, "recall", sums, lambda tp, fn: share(tp, tp + fn),
                    (metrics_collections, updates_collections))


# -------------------------------------------------------------------- at thresholds

def _at(
    labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any, kinds: Sequence[str] = tuple(KINDS)
) -> dict[str, Any]:
    """For each threshold the sums of weights; a prediction above the threshold is true."""
    y, p, factors = alike(L.cast(labels, dtypes.bool), L.cast(predictions, dtypes.float32), weights)
    outside = L.logical_or(L.less(p, 0.0), L.greater(p, 1.0))
    p = L.reshape(L.checked(p, outside, "predictions must be in [0, 1]"), (1, -1))
    factors = 1.0 if factors is None else L.reshape(L.cast(weights_for(y, factors), dtypes.float32)
                                                    * L.ones_like(y, dtypes.float32), (1, -1))
    limits = L.reshape(convert_to_tensor([float(t) for t in thresholds], dtypes.float32), (-1, 1))
    above, y = L.greater(p, limits), L.reshape(y, (1, -1))
    found = {}
    for kind in kinds:
        label, prediction = KINDS[kind]
        held = L.logical_and(y if label else L.logical_not(y), above if prediction else L.logical_not(above))
        found[kind] = L.reshape(L.reduce_sum(L.cast(held, dtypes.float32) * factors, 1), (len(thresholds),))
    return found


def _counter_at(kind: str) -> Callable[..., Pair]:
    def metric(
        labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None,
        metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
    ) -> Pair:
        return streamed(name, kind, _at(labels, predictions, thresholds, weights, [kind]), lambda n: n,
                        (metrics_collections, updates_collections))

    metric.__name__ = metric.__qualname__ = f"{kind}_at_thresholds"
    metric.__doc__ = f"`{kind}` for predictions in [0, 1] that are true above each of several thresholds."
    return metric


(true_positives_at_thresholds, false_negatives_at_thresholds, true_negatives_at_thresholds,
 false_positives_at_thresholds) = map(_counter_at, KINDS)


def precision_at_thresholds(
    labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """`precision` for predictions in [0, 1] that are true above each of several thresholds."""
    sums = _at(labels, predictions, thresholds, weights, ["true_positives", "false_positives"])
    return streamed(name, "precision_at_thresholds", sums, lambda tp, fp: tp / (SMALL + tp + fp),
                    (metrics_collections, updates_collections))


def recall_at_thresholds(
    labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """`recall` for predictions in [0, 1] that are true above each of several thresholds."""
    sums = _at(labels, predictions, thresholds, weights, ["true_positives", "false_negatives"])
    return streamed(name, "recall_at_thresholds", sums, lambda tp, fn: tp / (SMALL + tp + fn),
                    (metrics_collections, updates_collections))


def _even(count: int, last: float = 1.0 + SMALL) -> list[float]:
    """So many thresholds in equal steps, the first and the last just outside of [0, 1]."""
    return [-SMALL, *((k + 1) / (count - 1) for k in range(count - 2)), last]


def auc(
    labels: Any, predictions: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
    updates_collections: Any = None, curve: str = "ROC", name: str | None = None,
    summation_method: str = "trapezoidal", thresholds: Sequence[float] | None = None,
) -> Pair:
    """The area under a curve over thresholds: of recall over the share of false alarms, or of precision over recall.

    Parameters
    ----------
    predictions : in [0, 1]
    num_thresholds : in equal steps, unless `thresholds` gives those between 0 and 1
    curve : "ROC" or "PR"
    summation_method : "trapezoidal", "minoring", "majoring", or "careful_interpolation", which for "PR" interpolates
        true and false positives in the place of precision

    Raises
    ------
    AttributeValueError for another curve or method.

    References
    ----------
    Davis and Goadrich (2006), "The relationship between precision-recall and ROC curves", section 4.
    """
    for value, known in ((curve, ("ROC", "PR")), (summation_method, METHODS)):
        if value not in known:
            raise AttributeValueError(f"{value!r} is none of {known}", op="metrics.auc", fix=suggestion(value, known))
    limits = _even(num_thresholds) if thresholds is None else [-SMALL, *sorted(thresholds), 1 + SMALL]
    end = {"trapezoidal": lambda a, b: (a + b) / 2, "minoring": L.minimum, "majoring": L.maximum,
           "careful_interpolation": lambda a, b: (a + b) / 2}[summation_method]
    tiny = 1e-6

    def area(tp: Any, fn: Any, tn: Any, fp: Any) -> Any:
        if curve == "PR" and summation_method == "careful_interpolation":
            return _interpolated(tp, fp, fn)
        found = (tp + tiny) / (tp + fn + tiny)
        x, y = (fp / (fp + tn + tiny), found) if curve == "ROC" else (found, (tp + tiny) / (tp + fp + tiny))
        return L.reduce_sum((x[:-1] - x[1:]) * end(y[:-1], y[1:]))

    return streamed(name, "auc", _at(labels, predictions, limits, weights), area,
                    (metrics_collections, updates_collections))


def _interpolated(tp: Any, fp: Any, fn: Any) -> Any:
    """Area under precision over recall with true positives linear in all positives between thresholds."""
    change, p = tp[:-1] - tp[1:], tp + fp
    slope = L.divide_no_nan(change, L.maximum(p[:-1] - p[1:], 0))
    start = tp[1:] - slope * p[1:]
    both = L.logical_and(L.greater(p[:-1], 0), L.greater(p[1:], 0))
    ratio = L.where(both, L.divide_no_nan(p[:-1], L.maximum(p[1:], 0)), L.ones_like(p[1:]))
    return L.reduce_sum(L.divide_no_nan(slope * (change + start * L.log(ratio)), L.maximum(tp[1:] + fn[1:], 0)))


def _in_unit(name: str, value: float, op: str) -> None:
    if not 0 <= value <= 1:
        raise AttributeValueError(f"{name}={value}; it is in [0, 1]", op=op)


def sensitivity_at_specificity(
    labels: Any, predictions: Any, specificity: float, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """`recall` at the threshold whose share of true negatives among false labels is nearest to `specificity`."""
    _in_unit("specificity", specificity, "metrics.sensitivity_at_specificity")

    def value(tp: Any, fn: Any, tn: Any, fp: Any) -> Any:
        k = L.argmin(L.abs(tn / (tn + fp + SMALL) - specificity), 0)
        return L.gather(tp / (tp + fn + SMALL), k)

    return streamed(name, "sensitivity_at_specificity", _at(labels, predictions, _even(num_thresholds), weights),
                    value, (metrics_collections, updates_collections))


def specificity_at_sensitivity(
    labels: Any, predictions: Any, sensitivity: float, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The share of true negatives among false labels at the largest threshold whose `recall` is nearest a number."""
    _in_unit("sensitivity", sensitivity, "metrics.specificity_at_sensitivity")
    limits = _even(num_thresholds, last=1.0 - SMALL)

    def value(tp: Any, fn: Any, tn: Any, fp: Any) -> Any:
        far = L.abs(tp / (tp + fn + SMALL) - sensitivity)
        k = len(limits) - 1 - L.argmin(L.reverse(far, [0]), 0)
        return L.gather(tn / (tn + fp + SMALL), k)

    return streamed(name, "specificity_at_sensitivity", _at(labels, predictions, limits, weights), value,
                    (metrics_collections, updates_collections))
