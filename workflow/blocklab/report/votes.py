"""The soft votes of the study as a table."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from blocklab.evaluation.votes import soft_vote
from blocklab.report.statistics import proportion_interval

COLUMNS = (
    "vote", "networks", "runs", "parameters", "validation_acc", "test_acc", "test_acc_low",
    "test_acc_high", "test_cross_entropy",
)  # fmt: skip


def tabulate_votes(
    votes: Mapping[str, Sequence[str]],
    predictions: Mapping[str, Iterable[Path]],
    runs: pd.DataFrame,
) -> pd.DataFrame:
    """Return a row of COLUMNS per vote, in which every seed of every network has one voice.

    votes: networks by the vote's name. predictions: the predictions.npz of every network's seeds.
    runs: runs.csv. parameters are those of all voters together; a vote has but one result, so its
    interval is Wilson's over the test images. Without validation images, their column is NaN.
    """
    rows = []
    for name, networks in votes.items():
        files = [_read(path) for network in networks for path in predictions[network]]
        row = {"vote": name, "networks": " ".join(networks), "runs": len(files)}
        row["parameters"] = int(runs.loc[runs["network"].isin(networks), "parameters"].sum())
        for split in ("validation", "test"):
            labels = files[0][f"{split}_labels"]
            vote = soft_vote(file[f"{split}_logits"] for file in files)
            right = vote.argmax(axis=1) == labels
            row[f"{split}_acc"] = right.mean() if len(labels) else np.nan
        row["test_acc_low"], row["test_acc_high"] = proportion_interval(right.mean(), len(right))
        rows.append(row | {"test_cross_entropy": -vote[np.arange(len(labels)), labels].mean()})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _read(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return {name: file[name] for name in file if name.endswith(("_logits", "_labels"))}
