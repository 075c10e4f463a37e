"""The accuracy of every network with its interval, and of every seed."""

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from blocklab.report.figures.style import BASELINE_COLOUR, LOOK, RIM, styles

# A network further below the median one than that many times the lead of the first over it is
# drawn at the edge: a network that failed would press all others together.
FURTHEST = 12


@rc_context(LOOK)
def draw(networks: pd.DataFrame, runs: pd.DataFrame) -> Figure:
    """Return the test accuracy of every network as a dot with its 95 % interval, the best on top.

    With several seeds, each is a small dot. What lies beyond the left edge is an arrow there, and
    the numbers at the right say how far.

    Args:
        networks: of networks.csv the columns network, baseline, best and test_acc with its _low and
            _high, which may be NaN.
        runs: of runs.csv the columns network, seed and test_acc.
    """
    looks = styles(networks)
    order = networks.sort_values("test_acc", ascending=False, kind="stable", na_position="last")
    percent = 100 * order[["test_acc", "test_acc_low", "test_acc_high"]].astype(float)
    means = percent["test_acc"]
    left, right = _limits(percent.set_axis(order["network"]), runs)
    seeds = runs.groupby("network")["seed"].nunique().max()

    figure = Figure(figsize=(8.2, 1.0 + 0.27 * len(order)), layout="constrained")
    axes = figure.subplots()
    beside = blended_transform_factory(axes.transAxes, axes.transData)
    baseline = means[order["baseline"]]
    axes.axvline(baseline.iloc[0], color=BASELINE_COLOUR, linewidth=0.8, linestyle="--", zorder=1)
    for place, (network, mean, low, high) in enumerate(
        zip(order["network"], *percent.to_numpy().T, strict=True)
    ):
        look = looks[network]
        if seeds > 1:
            dots = 100 * runs.loc[runs["network"] == network, "test_acc"].astype(float)
            dots = dots[dots >= left]
            axes.plot(dots, np.full(len(dots), place + 0.2), ".", color="0.6", markersize=3.5)
        axes.hlines(place, max(low, left), high, color=look.colour, linewidth=2)
        marker, at = (look.marker, mean) if not mean < left else ("<", left)
        axes.plot(
            at, place, marker, color=look.colour, markersize=7, clip_on=False, zorder=3, **RIM
        )
        axes.text(1.015, place, _numbers(mean, low, high), transform=beside, va="center", size=8.5)
    names = [
        f"{looks[name].label}{' (best)' if best else ''}"
        for name, best in zip(order["network"], order["best"], strict=True)
    ]
    axes.set_yticks(range(len(names)), names)
    for tick, best in zip(axes.get_yticklabels(), order["best"], strict=True):
        tick.set_weight("bold" if best else "normal")
    axes.set(xlim=(left, right), ylim=(len(order) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0, pad=9)
    axes.yaxis.grid(False)
    axes.spines["left"].set_visible(False)
    parts = ["test accuracy (%)"]
    if percent["test_acc_low"].notna().any():
        parts.append("95 % interval over " + ("seeds" if seeds > 1 else "test images"))
    if seeds > 1:
        parts.append("small dots: seeds")
    axes.set_xlabel("; ".join([*parts, "dashed: the baseline"]))
    return figure


def _limits(percent: pd.DataFrame, runs: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the axis, in percent; `percent` has the networks for its index."""
    means = percent["test_acc"].dropna()
    if means.empty:
        return 0.0, 100.0
    least = means.median() - FURTHEST * (means.max() - means.median())
    near = means.index[means >= least]
    seeds = 100 * runs.loc[runs["network"].isin(near), "test_acc"].astype(float)
    shown = np.concatenate([percent.loc[near].to_numpy().ravel(), seeds])
    low, high = np.nanmin(shown), np.nanmax(shown)
    margin = 0.04 * (high - low) or 0.5
    return max(low - margin, 0.0), min(high + margin, 100.0 + margin / 2)


def _numbers(mean: float, low: float, high: float) -> str:
    if np.isnan(mean):
        return "\N{EN DASH}"
    interval = "" if np.isnan(low) else f" [{low:.2f}, {high:.2f}]"
    return f"{mean:.2f}{interval}"
