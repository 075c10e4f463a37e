"""Say what single changes of a network were worth, and what they cost.

    PYTHONPATH=workflow python docs/studies/changes.py results/oddities docs/studies/oddities.csv

Reads `runs.csv` of the study, and a table of its changes with the columns network, instead_of and
change, which is a few words. Prints Markdown. A third argument, `validation`, judges by the images
held out of training, which is where choices are made.
"""

import sys
from pathlib import Path

import pandas as pd

from blocklab.report.statistics import mean_interval
from blocklab.report.words import percent, points_interval


def worth(runs: pd.DataFrame, changes: pd.DataFrame, images: str = "test") -> pd.DataFrame:
    """Return a row per change: accuracies, their difference, and what else became different.

    Differences are means over the seeds that both networks have, paired by seed, in points with
    95 % intervals. Time is of a training epoch, as a multiple, over the same seeds.
    Raises KeyError for a network without runs.
    """
    tables = {network: rows.set_index("seed") for network, rows in runs.groupby("network")}
    rows = []
    for change in changes.itertuples():
        new, old = tables[change.network], tables[change.instead_of]
        new, old = new.align(old, join="inner", axis=0)
        column = f"{images}_acc"
        least = 1 / new["test_images"].iloc[0] if images == "test" else 0.0
        gain = mean_interval((new[column] - old[column]).to_numpy(), least)
        ratio = (new["seconds_per_epoch"] / old["seconds_per_epoch"]).mean()
        rows.append(
            {
                "network": change.network,
                "instead of": change.instead_of,
                "change": change.change,
                f"accuracy, {images} images": percent(new[column].mean()),
                "worth, points (95 % interval)": points_interval(*gain),
                "time of an epoch": f"x {ratio:.2f}",
                "parameters": f"{new['parameters'].iloc[0]:,.0f}",
            }
        )
    return pd.DataFrame(rows)


def main(study: str, changes: str, images: str = "test") -> None:
    runs = pd.read_csv(Path(study) / "runs.csv")
    print(worth(runs, pd.read_csv(changes), images).to_markdown(index=False, disable_numparse=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
