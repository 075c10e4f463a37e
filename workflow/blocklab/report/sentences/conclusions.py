"""What a study shows, where its limits are and what it leaves open; all of it derived."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from blocklab.report.sentences.stopping import still_rising
from blocklab.report.sentences.verdict import is_real, real_difference
from blocklab.report.statistics import BOOTSTRAP_SEEDS, COVERAGE_WITH_FAILURES, spearman_test
from blocklab.report.words import SIGNIFICANT, count, join_some, p_text, percent

LEAST_NETWORKS = 5  # of fewer no order is beyond chance


def best_and_why(networks: pd.DataFrame) -> list[str]:
    """Return what speaks for the best network, and what goes with accuracy, a sentence each."""
    best = networks[networks["best"]].iloc[0]
    rivals = networks[~networks["best"]]
    real = np.array([is_real(row) for _, row in rivals.iterrows()], dtype=bool)
    equal = rivals[~real]
    above = list(rivals.loc[real & (rivals["test_acc"] > best["test_acc"]), "network"])
    found = []
    if above:
        found.append(
            f"**{best['network']}** was chosen, but {join_some(above)} "
            f"{'is' if len(above) == 1 else 'are'} more accurate on the test images, "
            f"{real_difference(best)}."
        )
    if len(equal):
        found.append(
            f"**{best['network']}** cannot be told from "
            f"{join_some(list(equal['network']), last='or')} by accuracy on test images; of these, "
            f"{_smallest(pd.concat([networks[networks['best']], equal]))}."
        )
    elif not above:
        several = len(rivals) > 1
        whom = "every other network, each time" if several else f"{rivals['network'].item()},"
        found.append(f"**{best['network']}** is ahead of {whom} {real_difference(best)}.")
    return found + _with_size(networks) + _with_kernels(networks)


def _smallest(networks: pd.DataFrame) -> str:
    least = networks["parameters"].min()
    names = list(networks.loc[networks["parameters"] == least, "network"])
    verb = "has" if len(names) == 1 else "have"
    return f"{join_some(names)} {verb} the fewest parameters ({least:,.0f})"


def _with_size(networks: pd.DataFrame) -> list[str]:
    measured = networks[["test_acc", "parameters"]]
    if len(networks) < LEAST_NETWORKS or measured.nunique().min() == 1:
        return []
    correlation, p = spearman_test(*measured.to_numpy().T)
    if p >= SIGNIFICANT:
        meaning = f"size orders them no better than chance might ({p_text(p)})"
    else:
        direction = "more" if correlation > 0 else "less"
        meaning = f"larger networks tend to be {direction} accurate ({p_text(p)})"
    return [
        f"Accuracy on test images and parameters have a rank correlation of {correlation:+z.2f} "
        f"over {len(networks)} networks: {meaning}."
    ]


def _with_kernels(networks: pd.DataFrame) -> list[str]:
    wide = networks[networks["largest_kernel"] > 1].sort_values("test_acc")
    narrow = networks[networks["largest_kernel"] <= 1].sort_values("test_acc")
    if wide.empty or narrow.empty:
        return []
    low, high = wide.iloc[0], narrow.iloc[-1]
    if wide["test_acc_low"].min() > narrow["test_acc_high"].max():
        return [
            "Every network with a convolution wider than 1x1 is more accurate on test images than "
            f"{join_some(list(narrow['network']), last='or')}, without one: how pixels lie "
            "together seems to matter."
        ]
    if low["test_acc"] > high["test_acc"]:  # by so little that intervals overlap
        return []
    return [
        f"A convolution wider than 1x1 does not decide: {high['network']} has none and is as "
        f"accurate as {low['network']}, which has one, or more."
    ]


def limits(networks: pd.DataFrame, differences: Sequence[str], validation: int) -> list[str]:
    """Return what the results can't carry; differences: in what networks differ beside blocks."""
    seeds = int(networks["seeds"].min())
    found = []
    if seeds == 1:
        found.append("One seed each: what is said is of these trained networks, on these images.")
    else:
        found.append(
            f"{count(seeds, 'seed')} each: intervals over seeds hold the true mean in 95 % of "
            "studies if seeds vary as a bell curve does. Where one seed in ten fails by ten "
            f"standard deviations, ten seeds' did in {percent(COVERAGE_WITH_FAILURES, 0)} "
            "(simulated)."
        )
        if seeds < BOOTSTRAP_SEEDS:
            found.append(f"With {count(seeds, 'seed')}, a rare failure is likely unseen.")
    if differences:
        found.append(
            f"The networks differ in [{join_some(list(differences))}](#what-was-compared) too, so "
            "that no result is the block's alone."
        )
    if not validation:
        found.append("Without validation images the choice is made on what also reports.")
    return found


def remains_open(networks: pd.DataFrame, histories: pd.DataFrame) -> list[str]:
    """Return the questions that the results raise and do not answer."""
    best = networks[networks["best"]].iloc[0]
    rivals = networks[~networks["best"]]
    equal = [row["network"] for _, row in rivals.iterrows() if not is_real(row)]
    found = []
    if equal:
        more = "more seeds" if best["seeds"] > 1 else "more seeds or more test images"
        found.append(
            f"Whether {best['network']} differs from {join_some(equal, last='or')}: {more} "
            "would tell."
        )
    if best["seeds"] == 1:
        found.append("Whether the order holds for other seeds: `seeds.count` in the config.")
    rising = still_rising(histories)
    if rising:
        verb = "was" if len(rising) == 1 else "were"
        found.append(
            f"Whether more epochs would change the order: {join_some(rising)} {verb} at the best "
            "after the last one."
        )
    return found
