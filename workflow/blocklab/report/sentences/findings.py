"""Sentences that the results support, and no others."""

import math
import sys
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from blocklab.report.aggregation import selection_column
from blocklab.report.sentences.verdict import (
    at_chance,
    chance_words,
    is_real,
    real_difference,
    verdict,
)
from blocklab.report.words import count, interval, join, join_some, literal, p_text, percent, rank

LOW_RECALL = 0.9
CONFIDENTLY_WRONG = 0.01  # the probability of the true class


def conclusion(networks: pd.DataFrame, epochs: str, sizes: dict[str, int], chance: float) -> str:
    """Return the summary's first paragraph.

    epochs: how long networks were trained, in words. chance: the commonest class's share of test
    images.
    """
    best = networks[networks["best"]].iloc[0]
    baseline = networks[networks["baseline"]].iloc[0]
    candidates = networks[~networks["baseline"]]
    chosen = selection_column(networks)
    trained = f"trained for {epochs} on {count(sizes['training'], 'image')}"
    measure = f"{'validation' if chosen == 'validation_acc' else 'test'} accuracy"
    alone = len(candidates) == 1
    if alone and chosen == "test_acc":  # which the next sentence tells
        opening = f"**{best['network']}** is the one network beside the baseline, {trained}"
    elif alone:
        opening = (
            f"**{best['network']}**, the one network beside the baseline, {trained}, has a "
            f"{measure} of {percent(best[chosen])}"
        )
    else:
        opening = (
            f"Of {count(len(candidates), 'network')} {trained}, **{best['network']}** is the best "
            f"by {measure} ({percent(best[chosen])})"
        )
    subject = "It"
    if at_chance(best, chance):
        opening += f", but **cannot be told from chance**: {chance_words(chance)}"
        subject = best["network"]
    if is_real(baseline) and baseline["test_acc"] > best["test_acc"]:
        opening += f", but the baseline **{baseline['network']}** is better"
        subject = best["network"]
    text = [
        f"{opening}. {subject} gets {interval(best, 'test_acc')} of the "
        f"{count(sizes['test'], 'test image')} right; the baseline {baseline['network']} gets "
        f"{interval(baseline, 'test_acc')}: {verdict(baseline, best)}."
    ]
    rivals = candidates[~candidates["best"]]
    real = rivals.apply(is_real, axis=1).astype(bool) if len(rivals) else rivals["best"]
    equal = rivals[~real]
    worse = rivals[real & (rivals["test_acc"] < best["test_acc"])]
    better = rivals[real & (rivals["test_acc"] > best["test_acc"])]
    if len(equal):
        text.append(f"Not distinguishable from {best['network']}: {names(equal)}.")
    if len(worse):
        text.append(f"Less accurate, {real_difference(best)}: {names(worse)}.")
    if len(better):
        text.append(f"More accurate on the test images, {real_difference(best)}: {names(better)}.")
    if (networks["seeds"] == 1).all():
        text.append(
            "With one seed each, this is about these trained networks; another seed may differ."
        )
    if chosen == "test_acc" and not alone:
        text.append(
            "There is no validation split, so the best was chosen on the test images: its test "
            "accuracy is optimistic, and p-values are too small."
        )
    return " ".join(text)


def oddities(
    networks: pd.DataFrame, losses: Mapping[str, str], class_names: Sequence[str], chance: float
) -> list[str]:
    """Return what is odd in a network and shows in its numbers, a Markdown sentence each.

    losses: what each network was trained with. chance: the commonest class's share of the test
    images.
    """
    classes = len(class_names)
    found = []
    for _, row in networks.iterrows():
        network = row["network"]
        if row["residuals"] and not row["active_residuals"]:
            found.append(
                f"**{network}** has {count(row['residuals'], 'block')} that can add the input to "
                "the output, and none does (channels differ, or the shortcut is off): it is no "
                "residual network."
            )
        if row["largest_kernel"] == 1:
            found.append(
                f"**{network}** has no convolution wider than 1x1: all that it knows of a pixel's "
                "neighbours comes from its other layers."
            )
        if at_chance(row, chance):
            found.append(
                f"**{network}** cannot be told from chance with {interval(row, 'test_acc')} of "
                f"the test images right: {chance_words(chance)}."
            )
        found += _recall_oddities(row, class_names)
        if row["test_cross_entropy"] > math.log(classes):
            found.append(_cross_entropy_oddity(row, classes))
    twice = networks["network"].map(losses) == "double_softmax_cross_entropy"
    if twice.any():
        found.append(_floor_sentence(networks[twice], classes))
    return found


def _cross_entropy_oddity(row: pd.Series, classes: int) -> str:
    even = math.log(classes)
    sentence = (
        f"**{row['network']}** has a test cross-entropy of {row['test_cross_entropy']:.2f} nats, "
        f"more than an even guess would cost ({even:.2f}), at an accuracy of "
        f"{percent(row['test_acc'])}"
    )
    # An image that is recognised costs an even guess at most, so the others cost at least this.
    wrong = (row["test_cross_entropy"] - row["test_acc"] * even) / max(1 - row["test_acc"], 1e-9)
    share = max(math.exp(-wrong), sys.float_info.min)
    if share > CONFIDENTLY_WRONG:
        return f"{sentence}."
    power = 10.0 ** math.floor(math.log10(share))
    return (
        f"{sentence}: where it is wrong, it is confidently wrong, and gives the true class less "
        f"than {math.ceil(share / power) * power:.1g} (geometric mean)."  # a bound, so rounded up
    )


def _recall_oddities(row: pd.Series, class_names: Sequence[str]) -> list[str]:
    found = []
    network, classes = row["network"], len(class_names)
    class_names = [literal(name) for name in class_names]
    never = [class_names[int(label)] for label in row["never_predicted"].split()]
    if never:
        each = ", each" if len(never) > 1 else ""
        seeds = f"{each} with at least one seed" if row["seeds"] > 1 else ""
        answers = join_some(never, last="or")
        found.append(f"**{network}** never answers {answers} on any test image{seeds}.")
    recall = row[[f"recall_{label}" for label in range(classes)]].astype(float).to_numpy()
    if not never and np.nanmin(recall) < LOW_RECALL:
        spread = int((recall < LOW_RECALL).sum())
        found.append(
            f"**{network}** recognises class {class_names[np.nanargmin(recall)]} worst "
            f"({percent(np.nanmin(recall), 1)}) and class {class_names[np.nanargmax(recall)]} best "
            f"({percent(np.nanmax(recall), 1)}); {spread} of {classes} classes "
            f"{'is' if spread == 1 else 'are'} below {percent(LOW_RECALL, 0)}"
            f"{_guessed(recall)}."
        )
    return found


def _guessed(recall: np.ndarray) -> str:
    """Return how many classes are recognised no better than by a guess, in words."""
    guessed = int((recall <= 1 / len(recall)).sum())
    return f", {guessed} no better than an even guess" if guessed else ""


def _floor_sentence(networks: pd.DataFrame, classes: int) -> str:
    # A network that is certain and right: -log(e / (e + classes - 1)).
    floor = math.log(math.e + classes - 1) - 1
    lowest = networks.loc[networks["loss"].idxmin()]
    return (
        f"The losses look high because softmax is applied twice: with {classes} classes such a "
        f"loss cannot fall below {floor:.5f}. The lowest training loss here, that of "
        f"{lowest['network']}, is {lowest['loss'] - floor:.5f} above it."
    )


def highest_costs(networks: pd.DataFrame, columns: dict[str, str]) -> str:
    """Return one sentence on which network tops each measured cost; columns: name to words."""
    tops: dict[str, list[str]] = {}
    for column, words in columns.items():
        if networks[column].notna().all():
            top = networks.loc[networks[column].idxmax(), "network"]
            tops.setdefault(top, []).append(words)
    return "; ".join(
        f"**{network}** has the highest {join(what)}" for network, what in tops.items()
    )


def standing(networks: pd.DataFrame, columns: dict[str, str]) -> str:
    """Return one sentence on where the best network stands in each cost; columns: name to words.

    A rank counts the networks that cost less, so that equals share one.
    """
    best = networks[networks["best"]].iloc[0]
    places: dict[int, list[str]] = {}
    for column, words in columns.items():
        if networks[column].notna().all():
            place = 1 + int((networks[column] < best[column]).sum())
            places.setdefault(place, []).append(words)
    ranks = [
        f"{_place(place, len(networks))} in {join(words)}"
        for place, words in sorted(places.items())
    ]
    every = f"Of the {len(networks)} networks, the baseline included"
    return f"{every}, **{best['network']}** is {'; '.join(ranks)}."


def _place(place: int, of: int) -> str:
    if place in (1, of):
        return "lowest" if place == 1 else "highest"
    return f"{rank(place)} lowest"


def names(table: pd.DataFrame) -> str:
    """Return the table's networks with their p-values, as a list in words."""
    return join_some(
        [f"{row['network']} ({p_text(row['p_value'])})" for _, row in table.iterrows()]
    )
