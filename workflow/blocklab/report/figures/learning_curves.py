"""The error of every network, epoch by epoch."""

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from blocklab.report.figures.style import (
    LOOK,
    PLAIN,
    RIM,
    Style,
    error_floor,
    error_label,
    log_axis,
    styles,
)


@rc_context(LOOK)
def draw(histories: pd.DataFrame, networks: pd.DataFrame) -> Figure:
    """Return the error on validation and training images per epoch, one line per network.

    A line is the mean over the seeds, its band reaches from the lowest to the highest seed.
    Without a validation split only the training error is shown.

    Args:
        histories: the columns of histories.csv.
        networks: of networks.csv the columns network and baseline, in the study's order.
    """
    panels = {
        "validation_acc": "Validation error after each epoch",
        "acc": "Training error during each epoch",
    }
    if histories["validation_acc"].isna().all():
        del panels["validation_acc"]
    looks = styles(networks)
    by_network = {network: histories[histories["network"] == network] for network in looks}
    curves = {
        column: {network: _error_by_epoch(rows, column) for network, rows in by_network.items()}
        for column in panels
    }
    shown = np.concatenate(
        [c.to_numpy().ravel() for panel in curves.values() for c in panel.values()]
    )
    floor = error_floor(shown)
    epochs = int(histories["epoch"].max())

    figure = Figure(figsize=(3.9 * len(panels) + 1.6, 3.9), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for panel, (column, title) in zip(axes, panels.items(), strict=True):
        for position, (network, curve) in enumerate(curves[column].items()):
            # With one epoch there are no lines to tell apart: spread the points around it.
            aside = 0.0 if epochs > 1 else 0.5 * ((position + 0.5) / len(looks) - 0.5)
            _draw_curve(panel, curve.clip(lower=floor), aside, looks[network], epochs)
        panel.set_title(title, loc="left")
        panel.set_xlabel("epoch")
        panel.set_xlim(0.5, epochs + 0.5)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        panel.xaxis.grid(False)
    log_axis(axes[0].yaxis, np.maximum(shown, floor), PLAIN, most=100)
    axes[0].set_ylabel(error_label("error (%)", shown, floor))
    figure.legend(
        axes[0].get_lines(),
        [look.label for look in looks.values()],
        loc="outside right center",
        frameon=False,
        handlelength=3.2,
    )
    seeds = histories.groupby("network")["seed"].nunique().max()
    if seeds > 1:
        spread = "bands" if epochs > 1 else "bars"
        figure.supxlabel(
            f"mean of {seeds} seeds; {spread} from the lowest to the highest",
            color="0.35",
            size=8,
        )
    return figure


def _error_by_epoch(history: pd.DataFrame, column: str) -> pd.DataFrame:
    """Error in percent over the seeds: index epoch, columns mean, min, max."""
    error = 100 * (1 - history[column].astype(float))
    return error.groupby(history["epoch"]).agg(["mean", "min", "max"])


def _draw_curve(panel: Axes, curve: pd.DataFrame, aside: float, look: Style, epochs: int) -> None:
    epoch = curve.index.to_numpy() + aside
    panel.plot(
        epoch,
        curve["mean"],
        color=look.colour,
        linestyle=look.line if epochs > 1 else "",
        linewidth=1.4,
        marker=look.marker,
        markersize=4.5,
        **RIM,
        markevery=max(1, epochs // 12),
    )
    if epochs > 1:
        panel.fill_between(
            epoch, curve["min"], curve["max"], color=look.colour, alpha=0.15, linewidth=0
        )
    else:
        panel.vlines(epoch, curve["min"], curve["max"], color=look.colour, linewidth=1.2)
