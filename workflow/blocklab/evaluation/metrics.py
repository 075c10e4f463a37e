"""From logits to the numbers of the study, with numpy alone."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from blocklab.errors import UserError


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities [..., K] of logits [..., K], in double precision."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean cross-entropy, in nats, of logits [N, K] against labels [N]."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    return float((log_sum - shifted[np.arange(len(labels)), labels]).mean())


def training_loss(logits: np.ndarray, labels: np.ndarray, loss: str) -> float:
    """Return the mean of the loss that the network was trained with, in nats."""
    if loss == "double_softmax_cross_entropy":
        logits = softmax(logits)
    return cross_entropy(logits, labels)


def double_softmax_floor(classes: int) -> float:
    """Return the loss of a network that is certain and right: -log(e / (e + classes - 1))."""
    return math.log(math.e + classes - 1) - 1


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
    Raises UserError if a logit is no finite number.
    """
    for split, values in logits.items():
        if not np.isfinite(values).all():
            raise UserError(
                f"outputs on the {split} images are no finite numbers; lower training.learning_rate"
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
        f"{prefix}_loss": training_loss(logits, labels, loss),
        f"{prefix}_cross_entropy": cross_entropy(logits, labels),
    }


def collect_confusions(folders: Sequence[str | Path]) -> np.ndarray:
    """Return one network's test confusion matrices, int64 [S, K, K], over its packs in order."""
    return np.concatenate(
        [np.load(Path(folder) / "predictions.npz")["test_confusion"] for folder in folders]
    )


def collect_right(folders: Sequence[str | Path]) -> np.ndarray:
    """Return which test images one network got right, bool [S, N], over its packs in order."""
    rights = []
    for folder in folders:
        with np.load(Path(folder) / "predictions.npz") as file:
            rights.append(file["test_logits"].argmax(axis=2) == file["test_labels"])
    return np.concatenate(rights)
