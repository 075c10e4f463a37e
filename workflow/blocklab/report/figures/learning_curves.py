"""The error of every network, epoch by epoch."""

from math import ceil

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from blocklab.report.figures.style import (
    BASELINE_COLOUR,
    LOOK,
    PLAIN,
    RIM,
    Style,
    clip,
    error_floor,
    error_label,
    log_axis,
    styles,
)

# How the error on each set of images is drawn, by its column of histories.csv.
SETS = {
    "validation_acc": ("on validation images, after the epoch", {"linestyle": "-"}),
    "acc": ("on training images, during it", {"linestyle": ":", "markerfacecolor": "white"}),
}
OTHERS = "0.8"  # the grey of the other networks
FEW = 9  # networks, that three panels abreast hold well
LONGEST_NAME = 34  # characters


@rc_context(LOOK)
def draw(histories: pd.DataFrame, networks: pd.DataFrame) -> Figure:
    """Return the error on validation and training images per epoch, one panel per network.

    Curves of good networks lie on each other, so each has a panel of its own, before those of the
    others in grey. A line is the mean over the seeds, its band reaches from the lowest to the
    highest seed. Without a validation split only the training error is shown.

    Args:
        histories: the columns of histories.csv.
        networks: of networks.csv the columns network and baseline, in the study's order.
    """
    known = {column: look for column, look in SETS.items() if histories[column].notna().any()}
    main = next(iter(known), "acc")
    looks = styles(networks)
    by_network = {network: histories[histories["network"] == network] for network in looks}
    curves = {
        network: {column: _error_by_epoch(rows, column) for column in known}
        for network, rows in by_network.items()
    }
    errors = [c.to_numpy().ravel() for of_network in curves.values() for c in of_network.values()]
    shown = np.concatenate([*errors, [np.nan]])
    floor = error_floor(shown)
    epochs = int(histories["epoch"].max())

    across = min(len(looks), 3 if len(looks) <= FEW else 5)
    down = ceil(len(looks) / across)
    height = 2.0 if len(looks) <= FEW else 1.55
    figure = Figure(figsize=(8.6, 0.85 + height * down), layout="constrained")
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for panel, (network, look) in zip(axes.flat, looks.items(), strict=False):
        for other in looks:
            if other != network and known:
                _draw_behind(panel, curves[other][main].clip(lower=floor), looks[other])
        for column, curve in curves[network].items():
            _draw_curve(panel, curve.clip(lower=floor), look, known[column][1])
        title = clip(look.label, LONGEST_NAME if across < 4 else 20)
        panel.set_title(title, loc="left", weight="bold", size=9 if across < 4 else 7)
        panel.tick_params(labelbottom=True)
    for panel in axes.flat[len(looks) :]:
        panel.set_visible(False)
    first = axes[0, 0]
    first.set_xlim(0.5, epochs + 0.5)
    first.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    log_axis(first.yaxis, np.maximum(shown, floor), PLAIN, most=100)
    figure.supylabel(error_label("error (%)", shown, floor), size=9)
    seeds = histories.groupby("network")["seed"].nunique().max()
    spread = f"; mean of {seeds} seeds, from the lowest to the highest" if seeds > 1 else ""
    figure.supxlabel(f"epoch{spread}", size=9)
    _draw_legend(figure, known, epochs)
    return figure


def _error_by_epoch(history: pd.DataFrame, column: str) -> pd.DataFrame:
    """Error in percent over the seeds: index epoch, columns mean, min, max."""
    error = 100 * (1 - history[column].astype(float))
    return error.groupby(history["epoch"]).agg(["mean", "min", "max"])


def _draw_behind(panel: Axes, curve: pd.DataFrame, look: Style) -> None:
    baseline = look.colour == BASELINE_COLOUR
    panel.plot(
        curve.index, curve["mean"], color=BASELINE_COLOUR if baseline else OTHERS,
        linestyle="--" if baseline else "-", linewidth=1.0, marker="." if len(curve) == 1 else "",
        zorder=1.6 if baseline else 1.5,
    )  # fmt: skip


def _draw_curve(panel: Axes, curve: pd.DataFrame, look: Style, line: dict[str, str]) -> None:
    epochs = len(curve)
    panel.plot(
        curve.index, curve["mean"], color=look.colour, linewidth=1.6, marker=look.marker,
        markersize=4, markevery=max(1, epochs // 8), **(RIM | line),
    )  # fmt: skip
    panel.lines[-1].set_markeredgecolor("white" if line["linestyle"] == "-" else look.colour)
    if epochs > 1:
        spread = {"color": look.colour, "alpha": 0.18, "linewidth": 0}
        panel.fill_between(curve.index, curve["min"], curve["max"], **spread)
    else:
        panel.vlines(curve.index, curve["min"], curve["max"], color=look.colour, linewidth=1.2)


def _draw_legend(figure: Figure, known: dict[str, tuple[str, dict[str, str]]], epochs: int) -> None:
    marker = {"marker": "o", "markersize": 4, "linewidth": 1.6, "color": "black"}
    handles = [Line2D([], [], label=label, **(marker | line)) for label, line in known.values()]
    behind = {"linewidth": 1.0, "marker": "." if epochs == 1 else ""}
    label = f"the others {'after it' if 'validation_acc' in known else 'during it'}"
    handles.append(Line2D([], [], color=OTHERS, label=label, **behind))
    handles.append(
        Line2D([], [], color=BASELINE_COLOUR, linestyle="--", label="the baseline", **behind)
    )
    figure.legend(
        handles=handles, loc="outside upper left", ncols=4, frameon=False, fontsize=8,
        handlelength=2.6,
    )  # fmt: skip
