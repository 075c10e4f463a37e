"""From the arrays of attributions.npz to the rows and columns of a sheet of maps.

Every map is drawn as shares of its own total, so that colours compare where logits do not. Of the
gallery, one image per class, the first are shown where classes are many.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from blocklab.errors import UserError
from blocklab.explanation.ink import by_pixel
from blocklab.report.figures.map_sheet import WRONG, Caption, Column, Row
from blocklab.report.figures.shares import shares

# The arrays of one run's attributions.npz, which may be read from the file when asked for.
Explained = Mapping[str, np.ndarray]

MOST_ROWS = 20
ABOVE = "Above a map: the answer, and its logit's lead over the next"
MEANING = "pixels for (red) and against (blue) the true class"
TARGETS = {
    "logit_minus_mean": "the true class's logit less the mean logit",
    "softmax": "the true class's softmax probability",
}


def check_same_images(explained: Mapping[str, Explained]) -> None:
    """Raise UserError if networks explain different images."""
    (first, arrays), *rest = explained.items()
    indices = arrays["indices"]
    for network, others in rest:
        if not np.array_equal(others["indices"], indices):
            raise UserError(
                f"attributions.npz of {network} explains other images than that of {first}:"
                " explain both again with the same dataset and explanation settings"
            )


def shown_images(arrays: Explained) -> int:
    """Return how many images of the gallery are shown, from the first on."""
    return min(int(arrays["gallery"]), MOST_ROWS)


def rows_of(
    arrays: Explained,
    positions: Sequence[int],
    class_names: Sequence[str],
    remarks: Mapping[int, str] | None = None,
) -> list[Row]:
    """Return a row for each of the images at `positions`, with what is remarked on it."""
    images, labels, indices = (arrays[key] for key in ("images", "labels", "indices"))
    remarks = remarks or {}
    return [
        Row(
            class_names[labels[position]] + remarks.get(position, ""),
            images[position],
            f"image {indices[position]}",
        )
        for position in positions
    ]


def column_of(
    title: str, arrays: Explained, positions: Sequence[int], class_names: Sequence[str]
) -> Column:
    """Return one network's maps of the images at `positions`, in shares, with what it says."""
    maps = by_pixel(arrays["attributions"])
    positions = list(positions)
    keys = ("predictions", "margins", "labels")
    predictions, margins, labels = (arrays[key][positions] for key in keys)
    captions = [
        Caption(
            class_names[predicted],
            f"{margin:+.1f}" if np.isfinite(margin) else "\N{EN DASH}",
            predicted != label,
        )
        for predicted, margin, label in zip(predictions, margins, labels, strict=True)
    ]
    return Column(title, shares(maps[positions]), captions, written_total(maps.sum(axis=(-2, -1))))


def written_total(totals: np.ndarray) -> str:
    """Return the median of maps' totals [M] as the text below their column."""
    total = np.median(totals) if len(totals) else np.nan
    return f"total {total:+.1f}" if np.isfinite(total) else "total \N{EN DASH}"


def heading_of(explanation: Mapping[str, Any]) -> str:
    """Return what red and blue mean; `explanation` is the config's section."""
    method = explanation["method"].replace("_", " ").title()
    return f"{method}: {MEANING}"


def notes_on(
    arrays: Explained, explanation: Mapping[str, Any], captions: bool = True, seeds: str = ""
) -> str:
    """Return how to read maps of the images of `arrays`, for below the heading.

    captions: whether a network's prediction stands above its maps. seeds: of which the maps are;
    without it, of the one of `arrays`.
    """
    notes = "Pixels are shares of their map's total absolute attribution."
    if captions:
        notes += f" {ABOVE}; {WRONG} and a thick frame: wrong."
    notes += (
        f" Below: the maps' signed sum, median of {len(arrays['indices'])} images; it is the change"
        f" of {TARGETS[explanation['target']]}."
    )
    if arrays["images"].shape[1] > 1:
        notes += " A pixel's value is the sum over its channels."
    seeds = seeds or f"Seed {arrays['seed']}."
    return f"{notes} {seeds}"


def first_of_many(arrays: Explained) -> str:
    """Return the note that not all classes are shown, where that is so."""
    gallery, shown = int(arrays["gallery"]), shown_images(arrays)
    return f" The first {shown} of {gallery} classes are shown." if shown < gallery else ""
