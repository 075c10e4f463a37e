"""What a network still says when the pixels that matter most are taken away, or put in first."""

import textwrap
from collections.abc import Mapping
from math import ceil

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from blocklab.report.figures.style import COLOURS, LOOK, clip, styles

ABREAST = 6
LONGEST_NAME = 22  # characters
FILLS = {"black": "black", "road": "ROAD"}
ORDERS = {"own": ("own order", COLOURS[0]), "brightness": ("brightness", COLOURS[1])}
KINDS = {"insertion": "--", "deletion": "-"}


@rc_context(LOOK)
def draw(networks: pd.DataFrame, perturbation: pd.DataFrame, explanations: pd.DataFrame) -> Figure:
    """Return the probability of the true class against the share of pixels, network by network.

    The upper panel of a network fills what is taken away with black, the lower with ROAD's
    imputation. Pixels go or come in the order of the network's own attributions, or of brightness;
    above each panel stand the relevance gains, the areas between insertion and deletion, of both.
    With several seeds, all are means over them.

    Args:
        networks: of networks.csv the columns network and baseline, in the study's order.
        perturbation: the columns of perturbation.csv.
        explanations: of explanations.csv the columns network and gain_ and brightness_gain_ of
            every fill.
    """
    looks = styles(networks)
    curves = {
        key: rows.groupby("share")["probability"].mean()
        for key, rows in perturbation.groupby(["network", "fill", "order", "kind"])
    }
    gains = explanations.groupby("network").mean(numeric_only=True)
    bands = ceil(len(looks) / ABREAST)
    across = ceil(len(looks) / bands)
    width = max(1.35 * across + 0.6, 5.4)
    height = 2.75 * bands + (0.6 if width > 6.8 else 0.8)
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(2 * bands, across, sharex=True, sharey=True, squeeze=False)
    for panel in axes.ravel():
        panel.set_visible(False)
    for place, (network, look) in enumerate(looks.items()):
        band, column = divmod(place, across)
        for down, (fill, named) in enumerate(FILLS.items()):
            panel = axes[2 * band + down, column]
            panel.set_visible(True)
            _draw_panel(panel, curves, gains, network, fill)
            if down == 0:
                title = clip(look.label, LONGEST_NAME)
                panel.set_title(title, size=min(9, 140 / len(title)), pad=14)
            if column == 0:
                panel.set_ylabel(f"filled with\n{named}", size=8.5)
            panel.tick_params(labelsize=8.25, labelbottom=down == 1)
    axes[0, 0].set(xlim=(0, 1), ylim=(0, 1.03), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    axes[0, 0].set_xticklabels(["0", "50", "100"])
    handles = [
        Line2D([], [], color=colour, linestyle=line, label=f"{kind}, {order}")
        for order, colour in ORDERS.values()
        for kind, line in KINDS.items()
    ]
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=4 if width > 6.8 else 2,
        frameon=False,
        fontsize=8.5,
    )
    label = "pixels taken away or put in (%); numbers: area between the curves"
    figure.supxlabel(textwrap.fill(label, round(13 * figure.get_figwidth())), size=8.5)
    figure.supylabel("mean probability of the true class", size=8.5)
    return figure


def _draw_panel(
    panel: Axes,
    curves: Mapping[tuple[str, ...], pd.Series],
    gains: pd.DataFrame,
    network: str,
    fill: str,
) -> None:
    for place, (order, (_, colour)) in enumerate(ORDERS.items()):
        for kind, line in KINDS.items():
            curve = curves.get((network, fill, order, kind))
            if curve is not None:
                panel.plot(curve.index, curve, color=colour, linestyle=line, linewidth=1.3)
        gain = f"{'' if order == 'own' else order + '_'}gain_{fill}"
        value = gains.loc[network, gain] if gain in gains and network in gains.index else np.nan
        shown = "\N{EN DASH}" if np.isnan(value) else f"{value:+.2f}"
        # Above the panel, since curves may be anywhere in it.
        x, side = ((0.47, "right"), (0.53, "left"))[place]
        panel.text(
            x, 1.04, shown, color=colour, size=8.25, ha=side, weight="bold",
            transform=panel.transAxes,
        )  # fmt: skip
