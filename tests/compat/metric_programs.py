"""Programs over TensorFlow 1's metrics; recorded_metrics.json has what TensorFlow gives.

    python programs.py tensorflow.compat.v1 metric_programs.py > recorded_metrics.json
"""
import numpy as np

LABELS = np.array([[1, 0, 1, 1], [0, 0, 1, 0], [1, 1, 0, 0]], "float32")
SCORES = np.array([[0.9, 0.4, 0.35, 0.8], [0.1, 0.7, 0.6, 0.0], [0.5, 1.0, 0.25, 0.5]], "float32")
OTHERS = np.array([[0.2, 0.3, 0.9, 0.4], [0.6, 0.1, 0.5, 0.5], [0.8, 0.3, 0.2, 0.75]], "float32")
WEIGHTS = np.array([[1.0], [0.5], [2.0]], "float32")
CLASSES, FOUND = np.array([0, 2, 1, 1, 3, 0]), np.array([0, 1, 1, 2, 3, 0])
AMOUNTS = np.array([1.0, 0.5, 0.0, 2.0, 1.0, 1.0], "float32")
SEVERAL = np.array([[0, 2], [1, 3], [3, 7]], "int64")
REPEATED = np.array([[0, 0], [1, -1], [3, 3]], "int64")
LIMITS = [0.2, 0.5, 0.75]

METRICS = {
    **{name: lambda m, y, p, name=name: getattr(m, name)(y, p) for name in (
        "mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "accuracy")},
    **{f"{name} weighted": lambda m, y, p, name=name: getattr(m, name)(y, p, WEIGHTS) for name in (
        "mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "accuracy", "auc")},
    "mean": lambda m, y, p: m.mean(p, WEIGHTS), "mean of nothing": lambda m, y, p: m.mean(p, np.zeros([3, 1], "f4")),
    "mean_tensor": lambda m, y, p: m.mean_tensor(p), "mean_tensor weighted": lambda m, y, p: m.mean_tensor(p, WEIGHTS),
    "mean_relative_error": lambda m, y, p: m.mean_relative_error(y, p, LABELS * 2),
    "mean_cosine_distance": lambda m, y, p: m.mean_cosine_distance(y, p, 1, WEIGHTS),
    "percentage_below": lambda m, y, p: m.percentage_below(p, 0.5),
    "mean_per_class_accuracy": lambda m, y, p: m.mean_per_class_accuracy(CLASSES, m_of(FOUND, p), 5),
    "mean_per_class_accuracy weighted": lambda m, y, p: m.mean_per_class_accuracy(
        CLASSES, m_of(FOUND, p), 5, m_of(AMOUNTS, p)),
    "mean_iou": lambda m, y, p: m.mean_iou(m_of(CLASSES, p), m_of(FOUND, p), 5),
    "mean_iou weighted": lambda m, y, p: m.mean_iou(m_of(CLASSES, p), m_of(FOUND, p), 5, m_of(AMOUNTS, p)),
    **{name: lambda m, y, p, name=name: getattr(m, name)(y, p > 0.4) for name in (
        "true_positives", "false_positives", "true_negatives", "false_negatives", "precision", "recall")},
    **{f"{name} weighted": lambda m, y, p, name=name: getattr(m, name)(y, p > 0.4, WEIGHTS) for name in (
        "true_positives", "false_positives", "true_negatives", "false_negatives", "precision", "recall")},
    **{name: lambda m, y, p, name=name: getattr(m, name)(y, p, LIMITS, WEIGHTS) for name in (
        "true_positives_at_thresholds", "false_positives_at_thresholds", "true_negatives_at_thresholds",
        "false_negatives_at_thresholds", "precision_at_thresholds", "recall_at_thresholds")},
    **{f"auc {curve} {method}": lambda m, y, p, c=curve, s=method: m.auc(
        y, p, num_thresholds=9, curve=c, summation_method=s)
        for curve in ("ROC", "PR") for method in ("trapezoidal", "careful_interpolation", "minoring", "majoring")},
    "auc at thresholds": lambda m, y, p: m.auc(y, p, thresholds=[0.7, 0.3]),
    **{f"sensitivity at {v}": lambda m, y, p, v=v: m.sensitivity_at_specificity(y, p, v) for v in (0.0, 0.6, 1.0)},
    **{f"specificity at {v}": lambda m, y, p, v=v: m.specificity_at_sensitivity(y, p, v, WEIGHTS)
       for v in (0.0, 0.6, 1.0)},
    **{f"{name} {k} {chosen}": lambda m, y, p, name=name, k=k, c=chosen: getattr(m, name)(SEVERAL, p, k, c)
       for name in ("precision_at_k", "recall_at_k") for k in (1, 3) for chosen in (None, 3)},
    "precision_at_k one label": lambda m, y, p: m.precision_at_k(SEVERAL[:, 0], p, 2, weights=WEIGHTS[:, 0]),
    "recall_at_k repeated": lambda m, y, p: m.recall_at_k(REPEATED, p, 2, weights=WEIGHTS[:, 0]),
    "precision_at_top_k": lambda m, y, p: m.precision_at_top_k(REPEATED, m_of(SEVERAL, p), 2),
    "recall_at_top_k": lambda m, y, p: m.recall_at_top_k(SEVERAL, m_of(REPEATED, p)),
    **{f"average_precision_at_k {k}": lambda m, y, p, k=k: m.average_precision_at_k(SEVERAL, p, k) for k in (1, 2, 4)},
    "average_precision_at_k weighted": lambda m, y, p: m.average_precision_at_k(SEVERAL, p, 3, WEIGHTS[:, 0]),
    "average_precision_at_k repeated": lambda m, y, p: m.average_precision_at_k(REPEATED, p, 3),
}


def m_of(numbers, like):
    """Numbers as a tensor, which some of TensorFlow's metrics want."""
    import sys

    tf = sys.modules[type(like).__module__.partition(".")[0]]
    return tf.constant(numbers)


def metric(tf, make):
    """The updates for two batches, and the value between and after them."""
    p, y = tf.placeholder(tf.float32, [3, 4]), tf.constant(LABELS)
    value, update = make(tf.metrics, y, p)
    with tf.Session() as sess:
        sess.run(tf.local_variables_initializer())
        found = [sess.run(value)]
        for batch in (SCORES, OTHERS):
            found += [sess.run(update, {p: batch}), sess.run(value)]
        return found


CASES = {f"metric {name}": (lambda tf, m=m: metric(tf, m)) for name, m in METRICS.items()}
