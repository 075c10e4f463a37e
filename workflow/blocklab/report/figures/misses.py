"""The test images that most seeds of the best network get wrong."""

import textwrap
from collections.abc import Mapping
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from blocklab.report.figures.style import LOOK, clip

DOWN = 10  # lines of images at most,
ACROSS, ACROSS_NAMED = 12, 8  # images to a line, and where names are not as short as digits
WIDTH, HEADING, LINE = 8.6, 0.42, 0.2  # inches
CHARACTERS = 100  # of a line of the heading
SHORT_NAME, LONGEST_NAME = 3, 13  # characters


@rc_context({**LOOK, "axes.grid": False})
def draw(
    networks: pd.DataFrame, misses: pd.DataFrame, data: Any, manifest: Mapping[str, Any]
) -> Figure:
    """Return the images with what they are and what they are taken for, the surest misses first.

    Args:
        networks: of networks.csv the columns network, best, seeds and test_images.
        misses: misses.csv; the rows of the best network are drawn, DOWN lines at most.
        data: the prepared data, as safetensors opens it for NumPy; `test_images` uint8
            [N, C, H, W] and `test_indices` [N] are read.
        manifest: of the data set; its class_names are read.
    """
    [best] = networks[networks["best"]].to_dict("records")
    rows = misses[misses["network"] == best["network"]]
    names = [clip(name, LONGEST_NAME) for name in manifest["class_names"]]
    short = max(map(len, names)) <= SHORT_NAME
    across = ACROSS if short else ACROSS_NAMED
    shown = rows.head(across * DOWN)
    images, indices = data.get_slice("test_images"), data.get_tensor("test_indices")

    cell = WIDTH / across
    captions = 0.28 if short else 0.4
    lines = ceil(len(shown) / across)
    words = textwrap.wrap(_heading(best, len(rows)), CHARACTERS)
    heading = HEADING + LINE * (len(words) - 1 + (len(rows) > len(shown)))
    height = heading + lines * (cell + captions) + 0.1
    figure = Figure(figsize=(WIDTH, height))
    figure.text(0.1 / WIDTH, 1 - 0.12 / height, "\n".join(words), va="top", size=10)
    if len(rows) > len(shown):
        note = f"The first {len(shown)} are shown; all are in misses.csv."
        figure.text(0.1 / WIDTH, 1 - (heading - 0.26) / height, note, va="top", color="0.35")
    for position, row in enumerate(shown.itertuples()):
        line, column = divmod(position, across)
        bottom = height - heading - line * (cell + captions) - captions + 0.1 - (cell - 0.12)
        axes = figure.add_axes(
            (
                (column * cell + 0.06) / WIDTH,
                bottom / height,
                (cell - 0.12) / WIDTH,
                (cell - 0.12) / height,
            )
        )
        image = images[row.image : row.image + 1][0]
        look = {"cmap": "gray", "vmin": 0, "vmax": 255} if len(image) == 1 else {}
        axes.imshow(np.moveaxis(image, 0, -1).squeeze(), interpolation="nearest", **look)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color="0.8", linewidth=0.5)
        true, said = names[row.true_class], names[row.predicted_class]
        between = " " if short else "\n"
        axes.set_title(f"{true}{between}\N{RIGHTWARDS ARROW} {said}", size=7.5, pad=2)
        of_seeds = f"{row.seeds_agreeing}/{row.seeds}  " if row.seeds > 1 else ""
        below = f"{of_seeds}#{indices[row.image]}"
        axes.text(
            0.5, -0.04, below, transform=axes.transAxes, ha="center", va="top", size=6.5,
            color="0.45",
        )  # fmt: skip
    return figure


def _heading(best: Mapping[str, Any], count: int) -> str:
    """Say of how many test images the figure is."""
    of = f"of {best['test_images']:,.0f} test images"
    network, seeds = best["network"], best["seeds"]
    if seeds == 1 and not count:
        return f"{network} gets every one {of} right"
    if seeds == 1:
        return (
            f"{network} gets {count:,} {of} wrong: what each is \N{RIGHTWARDS ARROW} what it says"
        )
    if not count:
        return f"None {of} is got wrong by most of {network}'s {seeds} seeds"
    return (
        f"{count:,} {of} that most of {network}'s {seeds} seeds get wrong: "
        f"what each is \N{RIGHTWARDS ARROW} what most say, and how many"
    )
