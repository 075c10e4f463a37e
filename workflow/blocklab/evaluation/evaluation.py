"""From a trained network to its predictions and metrics."""

from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from blocklab.data.prepared import PreparedData
from blocklab.evaluation.metrics import evaluate_seed
from blocklab.evaluation.shifts import predict_shifted


def evaluate_run(
    network: nn.Module,
    seed: int,
    data: PreparedData,
    loss: str,
    history: pd.DataFrame,
    shifts: int = 0,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return one seed's row of metrics, and the arrays of predictions.npz.

    With `shifts`, logits are the logarithms of probabilities that are averaged over them.
    Row: seed, acc and loss (of the last epoch in `history`), then those of `evaluate_seed`.
    Arrays: `seed`, `test_confusion` [K, K], and of both splits `validation_logits` and
    `test_logits` [N, K], `validation_labels` and `test_labels` [N].
    Raises UserError if a logit is no finite number.
    """
    network.to(data.test.images.device)
    splits = {"validation": data.validation, "test": data.test}
    labels = {name: split.labels.cpu().numpy() for name, split in splits.items()}
    logits = {
        name: predict_shifted(network, split.images, shifts).cpu().numpy()
        for name, split in splits.items()
    }
    metrics, confusion = evaluate_seed(logits, labels, loss)
    last_epoch = history.iloc[-1]
    return {"seed": seed, "acc": last_epoch["acc"], "loss": last_epoch["loss"]} | metrics, {
        "seed": np.array(seed),
        "test_confusion": confusion,
        **{f"{name}_logits": values for name, values in logits.items()},
        **{f"{name}_labels": values for name, values in labels.items()},
    }
