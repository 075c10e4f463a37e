"""What explanations show, in sentences that their numbers support, and no others.

Where two things are said to differ, their 95 % intervals do not overlap. With several seeds these
are over seeds, or over seeds and images; with one seed over images alone, and then sentences are
about these trained networks, on these images.
"""

import math
from collections.abc import Sequence

import pandas as pd

from blocklab.explanation.ink import BRIGHTNESS
from blocklab.report.explanations.limits import (
    black_sentence,
    completeness_sentence,
    gain_sentence,
    order_sentence,
    randomisation_sentence,
    ties_sentence,
)
from blocklab.report.explanations.measured import (
    Measured,
    bold,
    measured,
    over_seeds,
    row_of,
    seeds_spoken_of,
)
from blocklab.report.shown import baseline_and_best
from blocklab.report.words import count, join, percent

STROKES = 0.5  # of neighbouring ink pixels' correlation: above, a map marks strokes; below, spots
SEVERAL_SEEDS = "`studies/explain.yaml` runs several"


def explanation_findings(
    explanations: pd.DataFrame,
    agreement: pd.DataFrame,
    baselines: pd.DataFrame,
    networks: pd.DataFrame,
    class_names: Sequence[str],
) -> list[str]:
    """Return what the explanations of a study show and how far they can be believed, in Markdown.

    Of which seeds they are, the page says once, before all of them.
    The arguments are the tables of that name; of `networks` (networks.csv) who is best and who is
    the baseline.
    """
    baseline, best = baseline_and_best(networks)
    look = [_look(explanations, best, baseline), _signs(explanations, best, baseline)]
    sentences = (
        _agreement_sentence(agreement, best, baseline),
        _brightness_sentence(agreement, baseline),
        _partial_sentence(agreement, best, baseline),
        _own_seeds_sentence(agreement),
        *(f"{words}." if words else "" for words in look),
        gain_sentence(explanations),
        randomisation_sentence(explanations),
        black_sentence(explanations, class_names),
        order_sentence(baselines, baseline),
        ties_sentence(explanations),
        completeness_sentence(explanations),
    )
    return [sentence for sentence in sentences if sentence]


def what_baseline_sees(
    explanations: pd.DataFrame, agreement: pd.DataFrame, networks: pd.DataFrame
) -> str:
    """Return one sentence: what the baseline network sees that the best does not, if known."""
    baseline, best = baseline_and_best(networks)
    parts = [_look(explanations, best, baseline), _signs(explanations, best, baseline)]
    if not any(parts):
        parts = [
            f"the heatmaps of {bold(baseline)} and {bold(best)} cannot be told apart by their "
            "smoothness or by what speaks against the true class"
        ]
    row = row_of(agreement, best, baseline)
    if not math.isnan(row["agreement"]):
        parts.append(f"the two agree {row['agreement']:+z.2f}, {_of_ceiling(row)}")
    return f"{seeds_spoken_of(explanations)}, {'; '.join(filter(None, parts))}."


def _of_ceiling(row: pd.Series) -> str:
    if not math.isnan(row["of_ceiling"]):
        share, ceiling = percent(row["of_ceiling"], 0), f"{row['ceiling']:+z.2f}"
        return f"{share} of what seeds of the same networks reach ({ceiling})"
    if row["pairs"] == 1:
        return f"ceiling unknown: one seed; {SEVERAL_SEEDS}"
    return "ceiling unknown: seeds of one of the two do not agree with each other"


def _agreement_sentence(agreement: pd.DataFrame, best: str, baseline: str) -> str:
    row = row_of(agreement, best, baseline)
    names = f"{bold(best)} and {bold(baseline)}"
    if math.isnan(row["agreement"]):
        return f"The attributions of {names} cannot be compared on any image."
    return (
        f"On which pixels speak for the true class, {names} agree {measured(row).text()} on "
        f"{count(int(row['images']), 'image')} (mean rank correlation on ink); {_of_ceiling(row)}."
    )


def _brightness_sentence(agreement: pd.DataFrame, baseline: str) -> str:
    """Return which networks agree less with the baseline network than the image does, or more."""
    bare = measured(row_of(agreement, baseline, BRIGHTNESS))
    others = [name for name in agreement["network_a"].unique() if name != baseline]
    found = {name: measured(row_of(agreement, name, baseline)) for name in others}
    groups = {
        "more than": [name for name in others if bare.above(found[name])],
        "less than": [name for name in others if found[name].above(bare)],
    }
    parts = [f"{than} {_agreements(names, found)}" for than, names in groups.items() if names]
    subject = f"A map that is the bare image agrees with {bold(baseline)} {bare.text()}"
    return f"{subject}, {join(parts)}." if parts else ""


def _agreements(names: Sequence[str], found: dict[str, Measured]) -> str:
    return join([f"{bold(name)} ({found[name].mean:+z.2f})" for name in names])


def _partial_sentence(agreement: pd.DataFrame, best: str, baseline: str) -> str:
    partial = measured(row_of(agreement, best, baseline), "partial")
    if math.isnan(partial.low):
        return ""
    names = f"{bold(best)} and {bold(baseline)}"
    if partial.low <= 0 <= partial.high:
        return (
            f"With the brightness of pixels taken out, no agreement of {names} is left that "
            f"differs from 0: {partial.text()}."
        )
    return f"With the brightness of pixels taken out, {names} agree {partial.text()}."


def _own_seeds_sentence(agreement: pd.DataFrame) -> str:
    """Return whose seeds agree best and whose worst with each other, where that differs."""
    own = agreement[agreement["network_a"] == agreement["network_b"]]
    own = own.dropna(subset=["agreement", "agreement_low"])
    if own.empty:
        return ""
    best, worst = (own.loc[own["agreement"].idxmax()], own.loc[own["agreement"].idxmin()])
    if not measured(best).above(measured(worst)):
        return ""
    # Of two seeds there is one pair, whose interval is over images alone.
    seeds = "The two trained seeds" if best["pairs"] == 1 else "Seeds"
    return (
        f"{seeds} of {bold(best['network_a'])} agree with each other {best['agreement']:+z.2f}, "
        f"those of {bold(worst['network_a'])} {worst['agreement']:+z.2f}: how much of a heatmap "
        "belongs to its seed differs from network to network."
    )


def _look(explanations: pd.DataFrame, best: str, baseline: str) -> str:
    """Return who marks strokes and who spots, or only whose maps are smoother; '' if not known."""
    found = {name: over_seeds(explanations, name, "smoothness") for name in (baseline, best)}
    smooth, rough = sorted(found, key=lambda name: -found[name].mean)
    if not found[smooth].above(found[rough]):
        return ""
    numbers = " and ".join(f"{found[name].mean:.2f}" for name in (smooth, rough))
    numbers = f"neighbouring ink pixels correlate {numbers}"
    if found[smooth].mean > STROKES > found[rough].mean:
        return f"{bold(smooth)} marks strokes and {bold(rough)} marks spots ({numbers})"
    return f"the maps of {bold(smooth)} are smoother than those of {bold(rough)} ({numbers})"


def _signs(explanations: pd.DataFrame, best: str, baseline: str) -> str:
    """Return how much of the attribution speaks against the true class, where that differs."""
    first, other = (over_seeds(explanations, name, "share_against") for name in (baseline, best))
    if not (first.above(other) or other.above(first)):
        return ""
    return (
        f"{percent(first.mean, 0)} of the attribution of {bold(baseline)} speaks against the true "
        f"class and {percent(other.mean, 0)} of that of {bold(best)}"
    )
