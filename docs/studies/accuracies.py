"""Say how accurate the networks of a finished study are, and at what cost.

    PYTHONPATH=workflow python docs/studies/accuracies.py results/smallest

Reads `networks.csv`, `runs.csv` and `provenance.json` and prints Markdown, the largest network
first.
"""

import json
import sys
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from blocklab.report.words import interval, percent


def table(networks: pd.DataFrame, runs: pd.DataFrame, interrupted: Collection[str]) -> pd.DataFrame:
    """Return a row per network: test accuracy with its interval, the worst seed, size and time.

    Minutes are processor time of the training job of a seed, the mean over seeds, of studies whose
    seeds have a job each; those of networks with a training that was interrupted are not known,
    because only its last process was measured.
    """
    worst = runs.groupby("network")["test_acc"].min()
    minutes = runs.groupby("network")["cpu_seconds"].mean() / 60
    minutes = minutes.map("{:.1f}".format).mask(minutes.index.isin(interrupted), "–")
    rows = [
        {
            "network": row["network"],
            "accuracy, test images (95 % interval)": interval(row, "test_acc"),
            "worst seed": percent(worst[row["network"]]),
            "parameters": f"{row['parameters']:,.0f}",
            "million FLOPs": f"{row['flops'] / 1e6:.2f}",
            "minutes of one core": minutes[row["network"]],
        }
        for _, row in networks.sort_values("parameters", ascending=False).iterrows()
    ]
    return pd.DataFrame(rows)


def read(study: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return what `table` takes of a finished study's folder."""
    networks, runs = (pd.read_csv(study / f"{name}.csv") for name in ("networks", "runs"))
    provenance = json.loads((study / "provenance.json").read_text(encoding="utf-8"))
    return networks, runs, provenance["resumed"]


def main(study: str) -> None:
    print(table(*read(Path(study))).to_markdown(index=False, disable_numparse=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
