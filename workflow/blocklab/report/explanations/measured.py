"""What was measured of explanations, with how sure it is."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from blocklab.report.statistics import mean_interval
from blocklab.report.words import count, literal

# What else than a black image attributions start from: its name in baselines.csv, and on a page.
OTHER_IMAGES = {"blurred": "blurred image", "mean": "mean image", "expected": "training images"}


class Measured(NamedTuple):
    """A mean with its 95 % interval, whose limits may be NaN."""

    mean: float
    low: float
    high: float

    def above(self, other: "Measured") -> bool:
        """Tell whether the two intervals are apart, this one above; False where one is unknown."""
        return self.low > other.high

    def text(self) -> str:
        """Return '+0.31 (95 % interval +0.27 to +0.35)', of a correlation."""
        if math.isnan(self.low):
            return f"{self.mean:+z.2f}"
        return f"{self.mean:+z.2f} (95 % interval {self.low:+z.2f} to {self.high:+z.2f})"


def row_of(agreement: pd.DataFrame, a: str, b: str) -> pd.Series:
    """Return the row of two networks of agreement.csv, in whatever order it has them."""
    first, second = agreement["network_a"], agreement["network_b"]
    return agreement[((first == a) & (second == b)) | ((first == b) & (second == a))].iloc[0]


def over_seeds(explanations: pd.DataFrame, network: str, measure: str) -> Measured:
    """Return a measure's mean over a network's seeds; of one seed the interval is over images."""
    rows = explanations[explanations["network"] == network]
    if len(rows) > 1:
        return Measured(*mean_interval(rows[measure].to_numpy()))
    row = rows.iloc[0]
    return measured(row, measure)


def measured(row: pd.Series, name: str = "agreement") -> Measured:
    """Return a measure of a row with its interval."""
    return Measured(row[name], row[f"{name}_low"], row[f"{name}_high"])


def bold(network: str) -> str:
    """Return a network's name in bold Markdown."""
    return f"**{literal(network)}**"


def seeds_spoken_of(explanations: pd.DataFrame) -> str:
    """Return the words that say what a sentence is about: with one seed, no more than was seen."""
    seeds = int(explanations.groupby("network").size().max())
    if seeds == 1:
        return "In these trained networks, on these images"
    return f"Over {count(seeds, 'seed')} of each network"


def class_word(label: int, class_names: Sequence[str]) -> str:
    """Return how a class is called."""
    return f"“{literal(class_names[label])}”"
