"""Compare the order of the networks in two studies, such as those of two data sets.

    PYTHONPATH=workflow python docs/studies/order.py docs/reference-study docs/studies/fashion

Reads both `runs.csv` and prints Markdown: the rank correlation of the mean test accuracy of the
networks that both have, with a 95 % interval, and every pair of these that are neighbours in the
first study, with the differences in both.
"""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from blocklab.report.statistics import mean_interval
from blocklab.report.words import points_interval

DRAWS = 9999


def rank_correlation(first: pd.DataFrame, second: pd.DataFrame) -> tuple[float, float, float]:
    """Return Spearman's correlation of two studies' networks by accuracy, and its 95 % interval.

    first, second: accuracies, a row per seed and a column per network. Of every mean, as many
    values are drawn as its seeds leave possible: mean + t s / sqrt(n), with Student's t. It is the
    interval for these networks; for others nothing follows.
    """
    rng = np.random.default_rng(0)
    ranks = []
    for study in (first, second[first.columns]):
        seeds, networks = study.shape
        t = stats.t.rvs(seeds - 1, size=(DRAWS, networks), random_state=rng)
        means = study.mean().to_numpy()
        drawn = means + t * study.std(ddof=1).to_numpy() / np.sqrt(seeds)
        ranks.append(stats.rankdata(np.vstack([means, drawn]), axis=1))
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    products = (centred[0] * centred[1]).sum(axis=1)
    sizes = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    found = products / sizes
    low, high = np.quantile(found[1:], [0.025, 0.975])
    return float(found[0]), float(low), float(high)


def neighbours(first: pd.DataFrame, second: pd.DataFrame, images: int) -> pd.DataFrame:
    """Return each pair of neighbours in the first study's order, with its differences in points.

    Differences are means over seeds, paired by seed, with 95 % intervals. images: the test images
    of either study, which tell how fine an accuracy is.
    """
    order = first.mean().sort_values(ascending=False).index
    rows = []
    for better, worse in pairwise(order):
        gaps = [(study[better] - study[worse]).to_numpy() for study in (first, second)]
        cells = [points_interval(*mean_interval(gap, 1 / images)) for gap in gaps]
        rows.append([f"{better} - {worse}", *cells])
    return pd.DataFrame(rows, columns=["difference", "first study", "second study"])


def accuracies(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the test accuracies of runs.csv, a row per seed, a column per network."""
    return runs.pivot(index="seed", columns="network", values="test_acc")


def main(first: Path, second: Path) -> None:
    runs = [pd.read_csv(folder / "runs.csv") for folder in (first, second)]
    studies = list(map(accuracies, runs))
    both = studies[0].columns.intersection(studies[1].columns)
    studies = [study[both] for study in studies]
    images = min(int(read["test_images"].min()) for read in runs)
    correlation, low, high = rank_correlation(*studies)
    seeds = " and ".join(str(len(study)) for study in studies)
    print(
        f"Rank correlation of {studies[0].shape[1]} networks by test accuracy: {correlation:+.2f} "
        f"(95 % interval {low:+.2f} to {high:+.2f}; {seeds} seeds).\n"
    )
    print(neighbours(*studies, images).to_markdown(index=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
