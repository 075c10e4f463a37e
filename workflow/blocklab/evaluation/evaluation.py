"""From a trained pack to its predictions and metrics."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from torch import nn

from blocklab.data.prepared import PreparedData
from blocklab.evaluation.metrics import evaluate_seed
from blocklab.networks.network import predict


def evaluate_pack(
    networks: Sequence[nn.Module],
    seeds: Sequence[int],
    data: PreparedData,
    loss: str,
    history: pd.DataFrame,
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Return a row of metrics per seed, and the arrays of predictions.npz.

    Row: seed, acc and loss (of the last epoch in `history`), then those of `evaluate_seed`.
    Arrays: `seeds` [S], `test_confusion` [S, K, K], and of both splits `validation_logits` and
    `test_logits` [S, N, K], `validation_labels` and `test_labels` [N].
    Raises UserError if a logit is no finite number.
    """
    splits = {split: getattr(data, split) for split in ("validation", "test")}
    labels = {name: split.labels.cpu().numpy() for name, split in splits.items()}
    rows, arrays = [], []
    for network, seed in zip(networks, seeds, strict=True):
        network.to(data.test.images.device)
        logits = {
            name: predict(network, split.images).cpu().numpy() for name, split in splits.items()
        }
        last_epoch = history[history["seed"] == seed].iloc[-1]
        metrics, confusion = evaluate_seed(logits, labels, loss)
        rows.append({"seed": seed, "acc": last_epoch["acc"], "loss": last_epoch["loss"]} | metrics)
        named = {f"{name}_logits": values for name, values in logits.items()}
        arrays.append({"test_confusion": confusion} | named)
    return pd.DataFrame(rows), {
        "seeds": np.array(seeds),
        **{key: np.stack([one[key] for one in arrays]) for key in arrays[0]},
        **{f"{name}_labels": values for name, values in labels.items()},
    }
