"""How many images of every class every network recognises."""

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from blocklab.report.figures.style import LOOK, clip, ink_on, steps_between, styles

# From so many classes on they run down the page, where there is room, and networks across it.
MANY = 13
LONGEST_NAME = 24  # characters
WIDTH = 8.6  # inches


@rc_context({**LOOK, "axes.grid": False})
def draw(networks: pd.DataFrame, confusion: pd.DataFrame, manifest: Mapping[str, Any]) -> Figure:
    """Return the recall of every class by every network, summed over seeds, as numbers on colour.

    The colour is the share that is missed, on a square-root scale: recalls lie close to 100 %.

    Args:
        networks: of networks.csv the columns network and baseline, in the study's order.
        confusion: the columns of confusion.csv.
        manifest: of the data set; its class_names are read.
    """
    class_names = [clip(name, LONGEST_NAME) for name in manifest["class_names"]]
    names = [look.label for look in styles(networks).values()]
    recall = 100 * recalls(confusion, list(networks["network"]), len(class_names))
    down, across = names, class_names
    if len(class_names) >= MANY:
        recall, down, across = recall.T, class_names, names
    missed = np.ma.masked_invalid(100 - recall)
    most = float(missed.max()) if missed.count() and missed.max() > 0 else 1.0

    left = 0.3 + 0.075 * max(map(len, down))
    cell = min(0.62, (WIDTH - left) / len(across))
    size = min(8.0, 72 * cell / 2.9)
    turned = max(map(len, across)) * 0.085 > cell
    above = 0.075 * max(map(len, across)) * 0.75 if turned else 0.2
    row = 0.2 if len(down) >= MANY else 0.32
    height = row * len(down)
    figure = Figure(
        figsize=(max(cell * len(across) + left, 5.4), height + above + 1.1), layout="constrained"
    )
    axes = figure.subplots()
    axes.set_facecolor("0.93")
    image = axes.imshow(missed, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=most), aspect="auto")
    for place in np.ndindex(recall.shape):
        value, colour = recall[place], ink_on(image.cmap(image.norm(missed.filled(0)[place])))
        text = "\N{EN DASH}" if np.isnan(value) else f"{value:.1f}".replace("100.0", "100")
        axes.text(*place[::-1], text, ha="center", va="center", size=size, color=colour)
    axes.set_yticks(range(len(down)), down)
    look = {"rotation": 45, "ha": "left", "rotation_mode": "anchor"} if turned else {}
    axes.set_xticks(range(len(across)), across, **look)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=8.5)
    axes.spines[:].set_visible(False)
    label = "missed test images of the class (%), square-root scale; numbers: recall (%)"
    bar = figure.colorbar(
        image, ax=axes, location="bottom", shrink=0.5, aspect=34, pad=0.02,
        ticks=[0, *steps_between(most / 11, most)], format=StrMethodFormatter("{x:g}"),
        label=textwrap.fill(label, round(13 * figure.get_figwidth())),
    )  # fmt: skip
    bar.ax.tick_params(labelsize=8)
    return figure


def recalls(confusion: pd.DataFrame, networks: list[str], classes: int) -> np.ndarray:
    """Return recalls [networks, classes] from 0 to 1, NaN where a class has no images."""
    images = confusion.groupby(["network", "true_class"])["images"].sum()
    right = confusion[confusion["true_class"] == confusion["predicted_class"]]
    right = right.set_index(["network", "true_class"])["images"]
    share = (right / images.where(images > 0)).unstack()
    return share.reindex(index=networks, columns=range(classes)).to_numpy()
