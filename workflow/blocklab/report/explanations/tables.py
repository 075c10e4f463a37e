"""What was measured of explanations, as tables for a page.

A table's head says in brackets on which images a thing is measured, always by the same word:
explained (all), checked (the first of them), or gallery (one per class).
"""

import math
from collections.abc import Sequence

import pandas as pd

from blocklab.explanation.ink import BRIGHTNESS
from blocklab.report.explanations.measured import (
    OTHER_IMAGES,
    Measured,
    class_word,
    measured,
    row_of,
)
from blocklab.report.shown import baseline_and_best
from blocklab.report.words import DASH, literal, number_text, percent

BARE = "the bare image"
OVER_SEEDS = {"most": "max", "worst": "max"}
EVERY_IMAGE = {"black": "black image"} | OTHER_IMAGES


def explanation_tables(
    explanations: pd.DataFrame,
    agreement: pd.DataFrame,
    baselines: pd.DataFrame,
    networks: pd.DataFrame,
    class_names: Sequence[str],
) -> dict[str, pd.DataFrame]:
    """Return the tables by name, all cells text, a dash where a thing is unknown or meaningless.

    with_baseline: how every network agrees with the baseline network. pairs: how all agree with
    each other; on the diagonal with their own other seeds. look: signs, smoothness, and whether
    maps depend on the weights. completeness, gain, baseline_images: see their heads. order: whether
    the order of networks holds under other baseline images. The arguments are the tables of that
    name (networks.csv tells who the baseline is); class_names as in `explanation_findings`.
    """
    baseline, _ = baseline_and_best(networks)
    names = list(explanations["network"].unique())
    return {
        "with_baseline": _with_baseline(agreement, names, baseline),
        "pairs": _pairs(agreement, names),
        "look": _measures(
            explanations,
            {
                "speaks against the class (explained)": ("share_against", "share"),
                "neighbours correlate (explained)": ("smoothness", "number"),
                "with all weights drawn anew (checked)": ("randomised_signed", "signed"),
                "the same, absolute (checked)": ("randomised_absolute", "signed"),
            },
        ),
        "completeness": _measures(
            explanations,
            {
                "median steps (explained)": ("steps_median", "count"),
                "most steps (explained)": ("steps_most", "most"),
                "median error (explained)": ("completeness_median", "share"),
                "error of one in 20 (explained)": ("completeness_p95", "worst"),
                "error per pixel (gallery)": ("pixel_error", "share"),
                "effect of ties (checked)": ("tie_effect", "share"),
            },
        ),
        "gain": _measures(
            explanations,
            {
                "own order, black (checked)": ("gain_black", "signed"),
                "brightness, black (checked)": ("brightness_gain_black", "signed"),
                "own order, ROAD (checked)": ("gain_road", "signed"),
                "brightness, ROAD (checked)": ("brightness_gain_road", "signed"),
            },
        ),
        "baseline_images": _baseline_images(explanations, class_names),
        "order": pd.DataFrame(
            {
                "attributions start from": [EVERY_IMAGE[name] for name in baselines["baseline"]],
                "order of networks, Kendall's tau (checked)": [
                    number_text(tau, "{:+z.2f}") for tau in baselines["order_correlation"]
                ],
                "off the ink (checked)": [percent(share, 1) for share in baselines["off_ink"]],
            }
        ),
    }


def _with_baseline(agreement: pd.DataFrame, names: list[str], baseline: str) -> pd.DataFrame:
    rows = []
    for name in [*(name for name in names if name != baseline), BRIGHTNESS]:
        row = row_of(agreement, name, baseline)
        rows.append(
            {
                "network": BARE if name == BRIGHTNESS else literal(name),
                f"agreement with {literal(baseline)} (explained)": _with_limits(measured(row)),
                "given brightness (explained)": _with_limits(measured(row, "partial")),
                "ceiling (explained)": number_text(row["ceiling"], "{:+z.2f}"),
                "share of the ceiling": percent(row["of_ceiling"], 0),
                "top 10 % in common, chance 0.10 (explained)": number_text(
                    row["feature_agreement"]
                ),
                "with the same sign, chance at most 0.10 (explained)": number_text(
                    row["sign_agreement"]
                ),
            }
        )
    return pd.DataFrame(rows)


def _pairs(agreement: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    rows = []
    for name in [*names, BRIGHTNESS]:
        cells = {literal(other): _pair(row_of(agreement, name, other)) for other in names}
        rows.append({"(explained)": BARE if name == BRIGHTNESS else literal(name)} | cells)
    return pd.DataFrame(rows)


def _pair(row: pd.Series) -> str:
    if row["network_a"] == row["network_b"] and not row["pairs"]:
        return "unknown"
    return number_text(row["agreement"], "{:+z.2f}")


def _measures(explanations: pd.DataFrame, columns: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Return a row per network: of each measure, by head and form, the mean over seeds or worst."""
    rows = []
    for name, of_network in explanations.groupby("network", sort=False):
        cells = {
            head: _cell(of_network[measure].agg(OVER_SEEDS.get(form, "mean")), form)
            for head, (measure, form) in columns.items()
        }
        rows.append({"network": literal(name)} | cells)
    return pd.DataFrame(rows)


def _cell(value: float, form: str) -> str:
    if form in ("share", "worst"):
        return percent(value, 2 if abs(value) < 0.01 else 1)
    return number_text(
        value,
        {"signed": "{:+z.2f}", "number": "{:.2f}", "count": "{:,.0f}", "most": "{:,.0f}"}[form],
    )


def _baseline_images(explanations: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    table = _measures(
        explanations,
        {
            f"off the ink, {words} (checked)": (f"off_ink_{name}", "share")
            for name, words in OTHER_IMAGES.items()
        }
        | {
            f"correlation with black, {words} (checked)": (f"correlation_{name}", "signed")
            for name, words in OTHER_IMAGES.items()
        },
    )
    for image in ("black", "mean"):
        table[f"says of the {image} image"] = [
            _answer(rows, image, class_names)
            for _, rows in explanations.groupby("network", sort=False)
        ]
    return table


def _answer(rows: pd.DataFrame, image: str, class_names: Sequence[str]) -> str:
    """Return what a network says of a baseline image, and with what mean probability."""
    labels = rows[f"{image}_class"].dropna().astype(int).unique()
    if not len(labels):
        return DASH
    words = class_word(labels[0], class_names) if len(labels) == 1 else "differs by seed"
    return f"{words}, {percent(rows[f'{image}_probability'].mean(), 1)}"


def _with_limits(value: Measured) -> str:
    if math.isnan(value.low):
        return number_text(value.mean, "{:+z.2f}")
    return f"{value.mean:+z.2f} ({value.low:+z.2f} to {value.high:+z.2f})"
