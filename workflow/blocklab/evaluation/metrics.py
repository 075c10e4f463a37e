"""From logits to the numbers of the study."""

from collections.abc import Mapping

import numpy as np

from blocklab.errors import UserError
from blocklab.losses import LOSSES, cross_entropy


def confusion_matrix(predictions: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return counts [K, K], true class by row, predicted class by column."""
    flat = np.bincount(labels * classes + predictions, minlength=classes * classes)
    return flat.reshape(classes, classes)


def recall_per_class(confusion: np.ndarray) -> np.ndarray:
    """Return each class's share of images that were recognised [K]; NaN where it has none."""
    with np.errstate(invalid="ignore"):
        return confusion.diagonal() / confusion.sum(axis=1)


def evaluate_seed(
    logits: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray], loss: str
) -> tuple[dict[str, float], np.ndarray]:
    """Return the metrics of one trained network and its confusion matrix on the test images.

    `logits` [N, K] and `labels` [N] are given for "validation", which may be empty, and "test".
    Per split: acc, loss (the training loss named) and cross_entropy, in nats, NaN if it is
    empty; for the test images also the recall of every class, and how many they are.
    Raises UserError if a logit is no finite number, KeyError for a loss that LOSSES has not.
    """
    for split, values in logits.items():
        if not np.isfinite(values).all():
            raise UserError(
                f"outputs on the {split} images are no finite numbers; lower the learning rate"
            )
    metrics: dict[str, float] = {}
    for split, values in logits.items():
        metrics |= _split_metrics(split, values, labels[split], loss)
    classes = logits["test"].shape[1]
    confusion = confusion_matrix(logits["test"].argmax(axis=1), labels["test"], classes)
    for label, recall in enumerate(recall_per_class(confusion)):
        metrics[f"recall_{label}"] = float(recall)
    return metrics | {"test_images": len(labels["test"])}, confusion


def _split_metrics(prefix: str, logits: np.ndarray, labels: np.ndarray, loss: str) -> dict:
    if len(labels) == 0:
        return dict.fromkeys((f"{prefix}_{x}" for x in ("acc", "loss", "cross_entropy")), np.nan)
    return {
        f"{prefix}_acc": float((logits.argmax(axis=1) == labels).mean()),
        f"{prefix}_loss": LOSSES[loss].of_arrays(logits, labels),
        f"{prefix}_cross_entropy": cross_entropy(logits, labels),
    }
