"""What a comparison of two networks supports, worded once for page and terminal."""

from typing import TYPE_CHECKING

from blocklab.report.words import SIGNIFICANT, p_text, percent, points

if TYPE_CHECKING:  # a run's last lines are not to wait for imports
    import pandas as pd


def is_real(row: "pd.Series") -> bool:
    """Return whether a row of networks.csv differs from the best network's by its p-value."""
    return bool(row["p_value"] < SIGNIFICANT)


def real_difference(row: "pd.Series") -> str:
    """Return what a significant difference is: beyond seeds, or with one seed no more than this."""
    if row["seeds"] > 1:
        return "a difference beyond the chance of the seeds"
    return "a difference of these trained networks, on these images"


def verdict(row: "pd.Series", best: "pd.Series") -> str:
    """Return how a network compares with the best: '1.25 points fewer, ... (p = 0.012)'."""
    weight = real_difference(row) if is_real(row) else "which may be chance"
    return f"{points(row['test_acc'] - best['test_acc'])}, {weight} ({p_text(row['p_value'])})"


def at_chance(row: "pd.Series", chance: float) -> bool:
    """Return whether a network is no better than giving the commonest class for every image.

    chance: that class's share of the test images. With an interval, its lower limit is compared.
    """
    low = row["test_acc_low"]
    return bool((row["test_acc"] if low != low else low) <= chance)  # NaN differs from itself


def chance_words(chance: float) -> str:
    """Return what chance level is, in words."""
    return f"giving the commonest class for every image gets {percent(chance)}"
