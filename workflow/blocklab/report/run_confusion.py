"""The confusion matrix of one run."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from blocklab.report.figures.style import LOOK, clip, ink_on, steps_between

# From so many classes on, cells are too small for numbers, and names are cut short.
MANY = 21
LONGEST_NAME = 24  # characters
# Inches: the least width of the matrix, which title and colourbar need.
LEAST_SIDE = 2.9


@rc_context({**LOOK, "axes.grid": False})
def draw_confusion(network: str, counts: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Return how often a run took a class (row) for another (column); counts [K, K], of images.

    The colour is the share of the row's images, off the diagonal alone: the errors are what is to
    be seen, and on the diagonal they would drown. The recall of each class stands at the right. Of
    MANY classes or more, the colour alone is shown, on smaller cells.
    """
    class_names = [clip(name, LONGEST_NAME) for name in class_names]
    classes = len(class_names)
    many = classes >= MANY
    size = 5.5 if many else 8
    images = counts.sum(axis=1)
    share = 100 * counts / np.where(images > 0, images, np.nan)[:, None]
    errors = np.ma.masked_invalid(np.where(np.eye(classes, dtype=bool), np.nan, share))
    most = float(errors.max()) if errors.count() and errors.max() > 0 else 1.0

    side = max(LEAST_SIDE, (0.11 if many else 0.52) * classes)
    longest = max(map(len, class_names))
    figure = Figure(
        figsize=(side + 1.6 + 0.08 * longest, side + 1.4 + 0.05 * longest), layout="constrained"
    )
    axes = figure.subplots()
    axes.set_facecolor("0.93")
    image = axes.imshow(errors, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=most))
    for row, column in () if many else np.ndindex(classes, classes):
        count = counts[row, column]
        ink = ink_on(image.cmap(image.norm(errors.filled(0)[row, column])))
        colour = "0.7" if count == 0 else ink
        axes.text(column, row, f"{count:,}", ha="center", va="center", size=size, color=colour)
    for row in range(classes):
        recall = f"{share[row, row]:.1f} %" if images[row] else "-"
        axes.text(classes - 0.3, row, recall, ha="left", va="center", size=size)
    axes.text(classes - 0.3, -0.6, "recall", ha="left", va="bottom", size=8, weight="bold")

    ticks = range(classes)
    axes.set_yticks(ticks, class_names)
    turned = {"rotation": 90} if many else {"rotation": 40, "ha": "right"} if longest > 3 else {}
    axes.set_xticks(ticks, class_names, **turned)
    axes.tick_params(length=0, labelsize=size + 1)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    wrong, total = int(counts.sum() - np.trace(counts)), int(counts.sum())
    share_wrong = f"{100 * wrong / max(total, 1):.2f}\N{NO-BREAK SPACE}%"
    title = f"{network}: {wrong:,} of {total:,} test predictions are wrong ({share_wrong})"
    axes.set_title(textwrap.fill(title, round(13 * (side + 0.4))), loc="left", pad=22)
    label = "share of the true class's images, errors only (square-root scale)"
    bar = figure.colorbar(
        image,
        ax=axes,
        location="bottom",
        shrink=max(0.6, min(1, LEAST_SIDE / side)),
        aspect=35,
        ticks=[0, *steps_between(most / 11, most)],
        format=StrMethodFormatter("{x:g} %"),
        label=textwrap.fill(label, round(14 * side)),
    )
    bar.ax.tick_params(labelsize=8)
    return figure
