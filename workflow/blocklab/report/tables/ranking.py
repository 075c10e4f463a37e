"""The ranking: how accurate every network is, and how large."""

from collections.abc import Sequence

import pandas as pd

from blocklab.report.shown import ranked
from blocklab.report.words import DASH, interval, literal, p_text, percent, points_interval


def ranking(networks: pd.DataFrame, runs: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    """Return a row per network, the most accurate first; runs: runs.csv, for the worst seed."""
    rows = ranked(networks)
    recall = rows.filter(regex=r"^recall_\d+$")
    return pd.DataFrame(
        {
            "network": [
                f"**{row['network']}**" if row["best"] else row["network"]
                for _, row in rows.iterrows()
            ],
            "accuracy, validation images": [
                interval(row, "validation_acc") for _, row in rows.iterrows()
            ],
            "accuracy, test images (95 % interval)": [
                interval(row, "test_acc") for _, row in rows.iterrows()
            ],
            **_spread(rows, runs),
            "p against best": [DASH if pd.isna(p) else p_text(p) for p in rows["p_value"]],
            "cross-entropy, test images (nats)": rows["test_cross_entropy"].map("{:.4f}".format),
            "lowest recall, test images": [
                f"{percent(worst, 1)} ({literal(class_names[int(column.removeprefix('recall_'))])})"
                for worst, column in zip(recall.min(axis=1), recall.idxmin(axis=1), strict=True)
            ],
            "parameters": rows["parameters"].map("{:,.0f}".format),
            "MFLOPs": (rows["flops"] / 1e6).map("{:.2f}".format),
            "activations": rows["activations"].map("{:,.0f}".format),
            "memory traffic (MB)": (rows["bytes_moved"] / 1e6).map("{:.2f}".format),
        }
    )


def _spread(ranked: pd.DataFrame, runs: pd.DataFrame) -> dict[str, list[str]]:
    """Return the columns that several seeds make possible; none for one seed."""
    if (ranked["seeds"] == 1).all():
        return {}
    worst = runs.groupby("network")["test_acc"].min()
    return {
        "worst seed": [percent(worst[network]) for network in ranked["network"]],
        "sd over seeds": [percent(sd) for sd in ranked["test_acc_sd"]],
        "against best, points (95 % interval)": [
            DASH
            if pd.isna(row["difference_low"])
            else points_interval(row["difference"], row["difference_low"], row["difference_high"])
            for _, row in ranked.iterrows()
        ],
    }
