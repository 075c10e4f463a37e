"""How figures of attributions draw the arrays of attributions.npz.

Every map in a figure has the same symmetric scale, so that colours compare across networks. Only
the gallery, one image per class, is shown; of many classes the first.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from blocklab.errors import UserError
from blocklab.explanation.ink import by_pixel, ink, on_black
from blocklab.report.figures.style import LOOK, clip

TARGET_LABELS = {
    "logit_minus_mean": "attribution to (logit of the true class \N{MINUS SIGN} mean logit)",
    "softmax": "attribution to the softmax probability of the true class",
}
Explained = Mapping[str, np.ndarray]

MAP_LOOK = {**LOOK, "axes.grid": False, "axes.spines.top": True, "axes.spines.right": True}
SCALE_PERCENTILE = 99.5
MOST_ROWS = 20
LONGEST_NAME = 24  # characters
WRONG = "\N{BALLOT X}"
# Inches: the gap between columns, the caption above each map, the least width of the figure.
GAP, CAPTION, LEAST_WIDTH = 0.08, 0.22, 5.7


@dataclass(frozen=True)
class Column:
    """Attributions [G, H, W] and, where they are one network's, what it says of each image [G]."""

    title: str
    maps: np.ndarray
    predictions: np.ndarray | None = None
    probabilities: np.ndarray | None = None


def check_same_images(explained: Mapping[str, Explained]) -> None:
    """Raise UserError if networks explain different images."""
    (first, arrays), *rest = explained.items()
    for network, others in rest:
        if not np.array_equal(others["indices"], arrays["indices"]):
            raise UserError(
                f"attributions.npz of {network} explains other images than that of {first}:"
                " explain both again with the same dataset and explanation settings"
            )


def column_of(network: str, arrays: Explained) -> Column:
    """Return one network's column, from the arrays of its attributions.npz."""
    shown = shown_images(arrays)
    return Column(
        network,
        by_pixel(arrays["attributions"][:shown]),
        arrays["predictions"][:shown],
        arrays["probabilities"][:shown],
    )


def shown_images(arrays: Explained) -> int:
    """Return how many images of the gallery are shown, from the first on."""
    return min(int(arrays["gallery"]), MOST_ROWS)


def draw_maps(
    arrays: Explained,
    columns: Sequence[Column],
    class_names: Sequence[str],
    explanation: Mapping[str, Any],
    cell: float,
) -> Figure:
    """Return a figure of the gallery of `arrays`: the input, then `columns`.

    `explanation` is the config's section: its method, and its target, a key of TARGET_LABELS. A map
    is `cell` inches wide.
    """
    gallery, shown = int(arrays["gallery"]), shown_images(arrays)
    images, labels, indices = (arrays[key][:shown] for key in ("images", "labels", "indices"))
    outlined = on_black(ink(arrays["images"]).mean())
    magnitude = np.abs([column.maps for column in columns])
    magnitude = magnitude[np.isfinite(magnitude)]  # a network that diverged has none
    scale = float(np.percentile(magnitude, SCALE_PERCENTILE) or magnitude.max() or 1)
    clipped = float((magnitude > scale).mean())
    notes = (
        f"All maps share one scale, \N{PLUS-MINUS SIGN}{scale:.2g}: the {SCALE_PERCENTILE}th"
        f" percentile of |attribution| over the maps shown; {100 * clipped:.1f} % of the pixels"
        " lie beyond it and have the end colours. Above a map: the predicted class and its"
        f" probability; {WRONG} and a thick frame where it is wrong."
    )
    if outlined:
        notes += " Thin line: outline of the input."
    if images.shape[1] > 1:
        notes += " A pixel's attribution is the sum over its channels."
    if shown < gallery:
        notes += f" The first {shown} of {gallery} classes are shown."
    notes += f" Networks trained with seed {arrays['seed']}."
    names = [clip(name, LONGEST_NAME) for name in class_names]
    left = 0.3 + 0.09 * max(len(names[label]) for label in labels)
    titles = [_wrap_name(column.title, round((cell + GAP) / 0.085)) for column in columns]
    method = explanation["method"].replace("_", " ").title()
    heading = f"{method}: pixels for (red) and against (blue) the true class"
    figure, axes, bar = _lay_out(shown, ["input", *titles], cell, left, heading, notes)

    for row, (image, label) in enumerate(zip(images, labels, strict=True)):
        _draw_input(axes[row, 0], image)
        axes[row, 0].set_title(f"test image {indices[row]}", size=6.5, color="0.4", pad=3)
        axes[row, 0].set_ylabel(names[label], rotation=0, ha="right", va="center", size=10)
        for panel, column in zip(axes[row, 1:], columns, strict=True):
            drawn = panel.imshow(column.maps[row], cmap="RdBu_r", vmin=-scale, vmax=scale)
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set_color("0.8")
            if outlined:
                _outline(panel, image)
            if column.predictions is not None:
                predicted, probability = column.predictions[row], column.probabilities[row]
                name = clip(class_names[predicted], round(9 * cell))
                _caption(panel, name, probability, predicted == label, cell)
    extend = "both" if clipped else "neither"
    figure.colorbar(
        drawn,
        cax=bar,
        orientation="horizontal",
        extend=extend,
        label=TARGET_LABELS[explanation["target"]],
    )
    return figure


def _lay_out(
    rows: int, titles: Sequence[str], cell: float, left: float, heading: str, notes: str
) -> tuple[Figure, np.ndarray, Axes]:
    """Return the figure with its texts, the axes [rows, columns], and those of the colourbar."""
    right = left + len(titles) * (cell + GAP) - GAP
    width = max(right + GAP, LEAST_WIDTH)
    notes = textwrap.fill(notes, round(17 * width))
    bar_below = 0.7 + 0.14 * notes.count("\n")
    top = bar_below + 0.96 + 0.15 * max(title.count("\n") for title in titles)
    height = top + rows * (cell + CAPTION)
    figure = Figure(figsize=(width, height))
    figure.text(0.1 / width, 1 - 0.1 / height, heading, size=11, va="top")
    figure.text(0.1 / width, 1 - 0.34 / height, notes, size=7.5, va="top", color="0.3")
    axes = figure.subplots(
        rows,
        len(titles),
        squeeze=False,
        gridspec_kw={
            "left": left / width,
            "right": right / width,
            "top": 1 - top / height,
            "bottom": 0.1 / height,
            "wspace": GAP / cell,
            "hspace": CAPTION / cell,
        },
    )
    for panel, title in zip(axes[0], titles, strict=True):
        panel.annotate(
            title,
            (0.5, 1),
            (0, 72 * CAPTION),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            va="bottom",
            weight="bold",
        )
    bar = figure.add_axes((left / width, 1 - bar_below / height, 3.6 / width, 0.12 / height))
    return figure, axes, bar


def _draw_input(axes: Axes, image: np.ndarray) -> None:
    """Show uint8 [C, H, W] as the network sees it."""
    axes.set(xticks=[], yticks=[])
    pixels = image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255)


def _outline(axes: Axes, image: np.ndarray) -> None:
    """Draw a faint line at half the brightness, so that the eye finds the digit under a map."""
    bright = image.mean(axis=0)
    if bright.min() < bright.max():
        level = (bright.min() + bright.max()) / 2
        axes.contour(bright, levels=[level], colors="0.3", linewidths=0.5, alpha=0.6)


def _caption(axes: Axes, predicted: str, probability: float, right: bool, cell: float) -> None:
    shown = ">99.9 %" if probability >= 0.9995 else f"{100 * probability:.1f} %"
    caption = f"{predicted}   {shown}" if right else f"{WRONG} {predicted}   {shown}"
    size = min(7.5, 72 * cell / (0.62 * len(caption)))
    axes.set_title(caption, size=size, pad=3, weight="normal" if right else "bold")
    if not right:
        axes.spines[:].set(color="black", linewidth=2)


def _wrap_name(name: str, width: int) -> str:
    """Break a name after its underscores and spaces where it is longer than `width` characters."""
    return textwrap.fill(name.replace("_", "_ "), width).replace("_ ", "_")
