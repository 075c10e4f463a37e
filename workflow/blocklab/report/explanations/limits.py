"""Sentences on how far explanations can be believed."""

import math
from collections.abc import Sequence

import pandas as pd

from blocklab.report.explanations.measured import OTHER_IMAGES, bold, class_word
from blocklab.report.statistics import mean_interval
from blocklab.report.words import count, join, percent

CONFIDENT = 0.9  # of the probability of a class: a baseline image that is one is not neutral
LARGE_TIES = 0.05  # of a map, as relative L1
# Of the correlation with the map of a network of other weights.
DEPENDS = 0.2  # below, a map is of the weights
SIMILAR = 0.5  # above, of the image


def black_sentence(explanations: pd.DataFrame, class_names: Sequence[str]) -> str:
    """Return what networks say of a black image where every seed is confident."""
    said = []
    for network, rows in explanations.groupby("network", sort=False):
        least = rows["black_probability"].min(skipna=False)
        if not least >= CONFIDENT:
            continue
        answers = rows["black_class"].astype(int).unique()
        if len(answers) > 1:
            what = "another class from seed to seed"
        else:
            what = class_word(int(answers[0]), class_names)
        sure = f"at {'least ' if len(rows) > 1 else ''}{percent(least, 1)}"
        said.append(f"{bold(network)} says {what} of it {sure}")
    if not said:
        return ""
    return (
        f"A black image, from which attributions start, is not neutral to every network: "
        f"{join(said)}. Attributions tell what leads away from that answer."
    )


def order_sentence(baselines: pd.DataFrame, baseline: str) -> str:
    """Return under which other baseline images the order of networks holds, or changes."""
    others = baselines[baselines["baseline"] != "black"].dropna(subset=["order_correlation"])
    if others.empty:
        return ""
    changed = others[others["order_correlation"] < 1 - 1e-9]
    subject = f"The order of the networks by agreement with {bold(baseline)}"
    articles = {"blurred": "a ", "mean": "the "}

    def words(rows: pd.DataFrame) -> list[str]:
        return [articles.get(name, "") + OTHER_IMAGES[name] for name in rows["baseline"]]

    if changed.empty:
        return f"{subject} is the same when attributions start from {join(words(others))}."
    taus = [
        f"{word} (Kendall's tau {tau:.2f})"
        for word, tau in zip(words(changed), changed["order_correlation"], strict=True)
    ]
    return f"{subject} is another one when attributions start from {join(taus, last='or')}."


def _per_network(explanations: pd.DataFrame, measure: str) -> pd.Series:
    return explanations.groupby("network", sort=False)[measure].mean()


def ties_sentence(explanations: pd.DataFrame) -> str:
    """Return whose maps change much when ties in max-pools share their gradient."""
    effects = _per_network(explanations, "tie_effect")
    large = effects[effects >= LARGE_TIES]
    if large.empty:
        return ""
    sizes = join([f"{bold(name)} by {percent(size, 0)}" for name, size in large.items()])
    return (
        "Where equal pixels tie in a max-pool, one of them gets the whole gradient, by its "
        "position. Sharing it among them changes no output, but moves the maps of "
        f"{sizes} in the median."
    )


def completeness_sentence(explanations: pd.DataFrame) -> str:
    """Return whose attributions do not add up."""
    open_ended = explanations[~explanations["complete"].astype(bool)]
    if open_ended.empty:
        return ""
    worst = open_ended.groupby("network", sort=False)["completeness_p95"].max()
    sizes = join([f"{bold(name)} ({_error(size)})" for name, size in worst.items()])
    return (
        "Attributions should add up to the change of what they explain, on 19 of 20 images within "
        f"1 %. With up to {count(int(open_ended['steps_most'].max()), 'step')} the error is larger "
        f"in {sizes}."
    )


def _error(size: float) -> str:
    return "unknown" if math.isnan(size) else percent(size, 1)


def gain_sentence(explanations: pd.DataFrame) -> str:
    """Return whose maps order pixels better than brightness does under both fills, or worse."""
    better, worse = [], []
    for network, rows in explanations.groupby("network", sort=False):
        signs = {_gain_sign(rows, fill) for fill in ("black", "road")}
        if signs == {1}:
            better.append(bold(network))
        elif signs == {-1}:
            worse.append(bold(network))
    parts = [
        f"the attributions of {join(names)} find the pixels that the network relies on {how} than "
        "brightness does"
        for names, how in ((better, "better"), (worse, "worse"))
        if names
    ]
    if not parts:
        return ""
    claim = join(parts)
    return (
        f"{claim[0].upper()}{claim[1:]} (symmetric relevance gain, filled with black and with "
        "ROAD's imputation). The measure favours smooth maps, and no network was trained on filled "
        "images."
    )


def _gain_sign(rows: pd.DataFrame, fill: str) -> int:
    """Return 1 or -1 where seeds gain more or less in their own order than in brightness's.

    0 where the interval over seeds holds 0, and with one seed, which has none.
    """
    difference = (rows[f"gain_{fill}"] - rows[f"brightness_gain_{fill}"]).to_numpy()
    _, low, high = mean_interval(difference)
    return int(low > 0) - int(high < 0)


def randomisation_sentence(explanations: pd.DataFrame) -> str:
    """Return whether maps depend on the weights; '' in between."""
    signed = _per_network(explanations, "randomised_signed").dropna()
    absolute = _per_network(explanations, "randomised_absolute").dropna()
    similar = signed[signed >= SIMILAR]
    if len(similar):
        names = join([f"{bold(name)} ({size:+z.2f})" for name, size in similar.items()])
        return (
            f"With all weights drawn anew, the maps of {names} stay much as they were: they show "
            "the image, as an edge detector would, and not what was learned."
        )
    if signed.empty or (signed.abs() >= DEPENDS).any():
        return ""
    sentence = (
        "Every network's maps depend on its weights: with all of them drawn anew, they "
        f"correlate {_range(signed)} with those of the trained network"
    )
    if len(absolute):
        sentence += (
            f". Absolute values still do so {_range(absolute)}, as both are larger where "
            "pixels are brighter"
        )
    return f"{sentence}."


def _range(values: pd.Series) -> str:
    low, high = f"{values.min():+z.2f}", f"{values.max():+z.2f}"
    return low if low == high else f"{low} to {high}"
