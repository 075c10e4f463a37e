"""Where a training stopped, and what a stop at another epoch would have given."""

import math
from collections.abc import Sequence

import pandas as pd

from blocklab.report.words import count, join_some, percent

STANDARD_ERRORS = 2


def stopped_low(histories: pd.DataFrame, images: int) -> list[str]:
    """Return a sentence per network whose last epoch is worse than its best by STANDARD_ERRORS.

    histories: histories.csv. images: of the validation split; without one nothing is said. The
    standard error is the last epoch's, sqrt(p (1 - p) / images).
    """
    if not images:
        return []
    found = []
    last = last_accuracy(histories)
    for network, epochs in histories.groupby("network", sort=False):
        low = []
        for _, run in epochs.groupby("seed"):
            end = run.loc[run["epoch"].idxmax()]
            best = run.loc[run["validation_acc"].fillna(-1).idxmax()]
            error = math.sqrt(max(end["validation_acc"] * (1 - end["validation_acc"]), 0) / images)
            if best["validation_acc"] - end["validation_acc"] > STANDARD_ERRORS * error:
                low.append((best["validation_acc"] - end["validation_acc"], best, end, error))
        if low:
            _, best, end, error = max(low, key=lambda entry: entry[0])
            runs = epochs["seed"].nunique()
            most = "; most with" if len(low) > 1 else ","
            which = f", with {count(len(low), 'seed')} of {runs}{most} seed {end['seed']}"
            between = [
                name
                for name, value in last.items()
                if name != network and end["validation_acc"] < value < best["validation_acc"]
            ]
            found.append(
                f"**{network}** was better before it stopped{which if runs > 1 else ''}: "
                f"{percent(best['validation_acc'])} of the validation images after "
                f"epoch {best['epoch']}, {percent(end['validation_acc'])} after the last; two "
                f"standard errors are {200 * error:.2f} points."
                + (f" Between the two lies {join_some(between)}." if len(between) == 1 else "")
                + (f" Between the two lie {join_some(between)}." if len(between) > 1 else "")
            )
    return found


def still_rising(histories: pd.DataFrame) -> Sequence[str]:
    """Return the networks that were at their best after the last epoch, with every seed."""
    rising = []
    for network, epochs in histories.groupby("network", sort=False):
        runs = [run for _, run in epochs.groupby("seed")]
        best = [run.loc[run["validation_acc"].idxmax(), "epoch"] for run in runs if _known(run)]
        if len(best) == len(runs) and all(
            epoch == run["epoch"].max() > 1 for epoch, run in zip(best, runs, strict=True)
        ):
            rising.append(str(network))
    return rising


def last_accuracy(histories: pd.DataFrame) -> dict[str, float]:
    """Return every network's mean accuracy on the validation images after the last epoch."""
    ends = histories.groupby("network")["epoch"].transform("max")
    last = histories[histories["epoch"] == ends]
    return last.groupby("network", sort=False)["validation_acc"].mean().to_dict()


def _known(run: pd.DataFrame) -> bool:
    return bool(run["validation_acc"].notna().all())
