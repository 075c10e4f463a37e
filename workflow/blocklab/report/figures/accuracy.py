"""The accuracy of every network with its interval, and of every seed."""

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import blended_transform_factory

from blocklab.report.figures.style import (
    BASELINE_COLOUR,
    LOOK,
    NO_ERROR,
    RIM,
    error_floor,
    log_axis,
    styles,
)

MARGIN = 1.1  # a factor, as the axis is logarithmic
ACCURACY = FuncFormatter(lambda error, _: f"{100 - error:.10g}")


@rc_context(LOOK)
def draw(networks: pd.DataFrame, runs: pd.DataFrame) -> Figure:
    """Return the test accuracy of every network as a dot with its 95 % interval, the best on top.

    With several seeds, each is a small dot. The axis is logarithmic in the error, so that good
    networks and their intervals are kept apart however far below the worst one is.

    Args:
        networks: of networks.csv the columns network, baseline, best and test_acc with its _low and
            _high, which may be NaN.
        runs: of runs.csv the columns network, seed and test_acc.
    """
    looks = styles(networks)
    order = networks.sort_values("test_acc", ascending=False, kind="stable", na_position="last")
    percent = 100 * order[["test_acc", "test_acc_low", "test_acc_high"]].astype(float)
    seeds = runs.groupby("network")["seed"].nunique().max()
    of_seeds = 100 * (1 - runs["test_acc"].astype(float))
    errors = 100 - percent.to_numpy()
    every = np.concatenate([errors.ravel(), of_seeds])
    floor = error_floor(every)
    drawn = errors.clip(floor)

    figure = Figure(figsize=(8.2, 1.15 + 0.27 * len(order)), layout="constrained")
    axes = figure.subplots()
    log_axis(axes.xaxis, every.clip(floor), ACCURACY, most=100)
    known = every[np.isfinite(every)].clip(floor)
    if known.size:  # the ticks' own limits would leave much room to a failed network
        axes.set_xlim(known.max() * MARGIN, known.min() / MARGIN)
    beside = blended_transform_factory(axes.transAxes, axes.transData)
    baseline = drawn[order["baseline"].to_numpy(), 0]
    axes.axvline(baseline[0], color=BASELINE_COLOUR, linewidth=0.8, linestyle="--", zorder=1)
    for place, (network, (error, most, least)) in enumerate(
        zip(order["network"], drawn, strict=True)
    ):
        look = looks[network]
        if seeds > 1:
            dots = of_seeds[runs["network"] == network].clip(floor)
            axes.plot(dots, np.full(len(dots), place + 0.2), ".", color="0.6", markersize=3.5)
        axes.hlines(place, least, most, color=look.colour, linewidth=2)
        axes.plot(
            error, place, look.marker, color=look.colour, markersize=7, clip_on=False, zorder=3,
            **RIM,
        )  # fmt: skip
        numbers = _numbers(*percent.iloc[place])
        axes.text(1.015, place, numbers, transform=beside, va="center", size=8.5)
    names = [
        f"{looks[name].label}{' (best)' if best else ''}"
        for name, best in zip(order["network"], order["best"], strict=True)
    ]
    axes.set_yticks(range(len(names)), names)
    for tick, best in zip(axes.get_yticklabels(), order["best"], strict=True):
        tick.set_weight("bold" if best else "normal")
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, pad=9)
    axes.yaxis.grid(False)
    axes.spines["left"].set_visible(False)
    measure = "test accuracy (%), on a logarithmic scale of the error"
    if (errors[:, 0] <= NO_ERROR).any():
        measure += f"; 100 drawn at {100 - floor:g}"
    parts = []
    if percent["test_acc_low"].notna().any():
        parts.append("95 % interval over " + ("seeds" if seeds > 1 else "test images"))
    if seeds > 1:
        parts.append("small dots: seeds")
    axes.set_xlabel(f"{measure}\n{'; '.join([*parts, 'dashed: the baseline'])}")
    return figure


def _numbers(mean: float, low: float, high: float) -> str:
    if np.isnan(mean):
        return "\N{EN DASH}"
    interval = "" if np.isnan(low) else f" [{low:.2f}, {high:.2f}]"
    return f"{mean:.2f}{interval}"
