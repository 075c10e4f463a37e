"""Say how accurate the networks of a finished study are, and at what cost.

    PYTHONPATH=workflow python docs/studies/accuracies.py results/smallest

Reads `networks.csv` and `runs.csv` and prints Markdown, the largest network first.
"""

import sys
from pathlib import Path

import pandas as pd

from blocklab.report.words import interval, percent


def table(networks: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row per network: test accuracy with its interval, the worst seed, size and time.

    Minutes are processor time of the training job of a seed, the mean over seeds, of studies whose
    seeds have a job each.
    """
    worst = runs.groupby("network")["test_acc"].min()
    minutes = runs.groupby("network")["cpu_seconds"].mean() / 60
    rows = [
        {
            "network": row["network"],
            "accuracy, test images (95 % interval)": interval(row, "test_acc"),
            "worst seed": percent(worst[row["network"]]),
            "parameters": f"{row['parameters']:,.0f}",
            "million FLOPs": f"{row['flops'] / 1e6:.2f}",
            "minutes of one core": f"{minutes[row['network']]:.1f}",
        }
        for _, row in networks.sort_values("parameters", ascending=False).iterrows()
    ]
    return pd.DataFrame(rows)


def main(study: str) -> None:
    networks, runs = (pd.read_csv(Path(study) / f"{name}.csv") for name in ("networks", "runs"))
    print(table(networks, runs).to_markdown(index=False, disable_numparse=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
