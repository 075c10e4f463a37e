"""The mean map of every class by every network."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from blocklab.explanation.ink import by_pixel
from blocklab.report.figures.attribution_maps import (
    MEANING,
    Explained,
    check_same_images,
    first_of_many,
    notes_on,
    shown_images,
    written_total,
)
from blocklab.report.figures.map_sheet import MAP_LOOK, Column, Row, draw_sheet, stacked
from blocklab.report.figures.shares import shares

ABREAST = 9


@rc_context(MAP_LOOK)
def draw(
    attributions_by_seed: Mapping[str, Sequence[Explained]],
    manifest: Mapping[str, Any],
    explanation: Mapping[str, Any],
) -> Figure:
    """Return the mean of every network's maps of shares, one row per class, beside the mean image.

    Args:
        attributions_by_seed: of every network, in the study's order, the arrays of every seed's
            attributions.npz. They are looked at one run after the other.
        manifest: of the data set; its class_names are read.
        explanation: the config's section; its method and target are named.

    Raises UserError if the runs explain different images.
    """
    runs = {
        f"{network}, seed {run['seed']}": run
        for network, seeds in attributions_by_seed.items()
        for run in seeds
    }
    check_same_images(runs)
    arrays = next(iter(runs.values()))
    images, labels = arrays["images"], arrays["labels"]
    classes = labels[: shown_images(arrays)]
    rows = [
        Row(
            manifest["class_names"][label],
            images[labels == label].mean(axis=0).astype(np.uint8),
            f"mean of {np.sum(labels == label)}",
        )
        for label in classes
    ]
    columns = [
        mean_column(network, seeds, classes) for network, seeds in attributions_by_seed.items()
    ]
    count = max(map(len, attributions_by_seed.values()))
    of_seeds = f"Mean over {count} seeds." if count > 1 else ""
    return draw_sheet(
        rows,
        columns,
        stacked(len(rows), len(columns), ABREAST),
        heading=f"Mean maps: {MEANING}",
        notes=notes_on(arrays, explanation, captions=False, seeds=of_seeds)
        + " For and against cancel between images of a class."
        + first_of_many(arrays),
        largest=0.95,
        images="mean image",
    )


def mean_column(network: str, seeds: Sequence[Explained], classes: np.ndarray) -> Column:
    """Return the mean map of every class over the images and seeds whose maps are finite."""
    sums, counts, totals = 0.0, 0, []
    for run in seeds:
        maps, labels = by_pixel(run["attributions"]), run["labels"]
        of_image = shares(maps)
        finite = np.isfinite(of_image).all(axis=(1, 2))
        chosen = (classes[:, None] == labels) & finite
        sums = sums + np.einsum("km,mhw->khw", chosen, np.nan_to_num(of_image))
        counts = counts + chosen.sum(axis=1)
        totals.append(maps[finite].sum(axis=(1, 2)))
    with np.errstate(invalid="ignore"):
        mean = sums / np.asarray(counts)[:, None, None]
    return Column(network, mean, footer=written_total(np.concatenate(totals)))
