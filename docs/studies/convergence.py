"""Say how long the networks of a study took to be how accurate, in epochs and in seconds.

    PYTHONPATH=workflow python docs/studies/convergence.py results/premise 0.97 0.98 0.99

Reads `histories.csv` and prints Markdown. Seconds are those of the training passes.
"""

import sys
from pathlib import Path

import pandas as pd

from blocklab.report.sentences.stopping import last_accuracy
from blocklab.report.words import percent


def reached(histories: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return for each network how many of its seeds reached a validation accuracy, and when.

    Columns: seeds, reached, and of those that did the mean epochs and seconds until then.
    """
    runs = histories.sort_values("epoch")
    runs = runs.assign(total=runs.groupby(["network", "seed"])["seconds"].cumsum())
    first = runs[runs["validation_acc"] >= level].groupby(["network", "seed"]).first()
    rows = {}
    for network, seeds in histories.groupby("network", sort=False)["seed"].nunique().items():
        these = first.loc[[network]] if network in first.index else first.iloc[:0]
        means = these["epoch"].mean(), these["total"].mean()
        rows[network] = (seeds, len(these), *means)
    columns = ["seeds", "reached", "epochs", "seconds"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def table(histories: pd.DataFrame, levels: list[float]) -> pd.DataFrame:
    """Return a row per network: its last validation accuracy, and when it reached each level."""
    means = last_accuracy(histories)
    known = {level: reached(histories, level) for level in levels}
    rows = []
    for network in histories["network"].unique():
        row = {"network": network, "after the last epoch": percent(means[network])}
        for level, found in known.items():
            seeds, count, epochs, seconds = found.loc[network]
            some = f" ({count:.0f} of {seeds:.0f} seeds)" if count < seeds else ""
            text = f"{epochs:.1f} epochs, {seconds:.0f} s{some}" if count else "never"
            row[f"until {100 * level:g} %"] = text
        rows.append(row)
    return pd.DataFrame(rows)


if __name__ == "__main__":
    read = pd.read_csv(Path(sys.argv[1]) / "histories.csv")
    print(table(read, [float(level) for level in sys.argv[2:]]).to_markdown(index=False))
