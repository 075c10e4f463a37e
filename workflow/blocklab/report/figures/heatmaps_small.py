"""One image, and every network's attributions of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from blocklab.explanation.ink import by_pixel
from blocklab.report.figures.attribution_maps import (
    ABOVE,
    Explained,
    check_same_images,
    column_of,
    heading_of,
    rows_of,
)
from blocklab.report.figures.map_sheet import MAP_LOOK, draw_sheet, stacked
from blocklab.report.figures.shares import distance, shares, where_most
from blocklab.report.shown import baseline_and_best

ABREAST = 10


@rc_context(MAP_LOOK)
def draw(
    networks: pd.DataFrame,
    attributions: Mapping[str, Explained],
    manifest: Mapping[str, Any],
    explanation: Mapping[str, Any],
) -> Figure:
    """Return the maps of one image, see `telling_image`, by every network.

    Args:
        networks: of networks.csv the columns network, baseline and best.
        attributions: the arrays of attributions.npz by network, in the study's order.
        manifest: of the data set; its class_names are read.
        explanation: the config's section; its method and target are named.

    Raises UserError if the networks explain different images.
    """
    check_same_images(attributions)
    baseline, best = baseline_and_best(networks)
    arrays, names = attributions[baseline], manifest["class_names"]
    positions = [telling_image(arrays, attributions[best])]
    columns = [
        replace(column_of(name, run, positions, names), footer="")
        for name, run in attributions.items()
    ]
    notes = (
        f"Pixels are shares of their map's total absolute attribution. {ABOVE}. The image: of one"
        f" per class, of those that {baseline} and {best} recognise if any, where they differ most."
    )
    return draw_sheet(
        rows_of(arrays, positions, names),
        columns,
        stacked(1, len(columns), ABREAST),
        heading=heading_of(explanation),
        notes=notes,
        largest=1.05,
        brief=True,
    )


def telling_image(baseline: Explained, best: Explained) -> int:
    """Return the position in the gallery where the maps differ most, recognised by both if any."""
    gallery = int(baseline["gallery"])
    maps = (shares(by_pixel(run["attributions"][:gallery])) for run in (baseline, best))
    apart = distance(*maps)
    right = [(run["predictions"] == run["labels"])[:gallery] for run in (baseline, best)]
    chosen = where_most(apart, right[0] & right[1])
    if chosen is None:
        chosen = where_most(apart, np.ones(gallery, dtype=bool))
    return chosen or 0
