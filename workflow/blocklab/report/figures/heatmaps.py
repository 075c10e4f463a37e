"""Attributions of the baseline beside the best network, and their difference."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from blocklab.explanation.ink import by_pixel
from blocklab.report.figures.attribution_maps import (
    Explained,
    check_same_images,
    column_of,
    first_of_many,
    heading_of,
    notes_on,
    rows_of,
    shown_images,
)
from blocklab.report.figures.map_sheet import MAP_LOOK, Column, draw_sheet, side_by_side
from blocklab.report.figures.shares import distance, shares, where_most
from blocklab.report.shown import baseline_and_best

DIFFER, DISAGREE = "\n(differ\nmost)", "\n(disagree)"


@rc_context(MAP_LOOK)
def draw(
    networks: pd.DataFrame,
    attributions: Mapping[str, Explained],
    manifest: Mapping[str, Any],
    explanation: Mapping[str, Any],
) -> Figure:
    """Return the maps of two networks side by side, and best - baseline, one row per class.

    A row more, or a remark where it is in the gallery, shows the explained image on which the maps
    differ most, and one the image on which the networks are surest of different classes.

    Args:
        networks: of networks.csv the columns network, baseline and best.
        attributions: the arrays of attributions.npz by network.
        manifest: of the data set; its class_names are read.
        explanation: the config's section; its method and target are named.

    Raises UserError if the two networks explain different images.
    """
    pair = {name: attributions[name] for name in baseline_and_best(networks)}
    check_same_images(pair)
    (first, arrays), (second, _) = pair.items()
    names = manifest["class_names"]
    remarks = remarks_on(*pair.values())
    gallery = range(shown_images(arrays))
    positions = [*gallery, *(position for position in remarks if position not in gallery)]
    baseline = column_of(f"{first}\n(baseline)", arrays, positions, names)
    best = column_of(f"{second}\n(best)", pair[second], positions, names)
    columns = [baseline, best, Column("difference\nof shares", best.maps - baseline.maps)]
    notes = (
        f" Difference: the shares of {second} minus those of {first}; red speaks more for the true"
        f" class in {second}."
    )
    said = {
        DIFFER: f" Differ most: of all {len(arrays['indices'])}, where maps have least in common.",
        DISAGREE: " Disagree: where both are surest of different classes.",
    }
    for remark, sentence in said.items():
        notes += sentence if any(remark in text for text in remarks.values()) else ""
    return draw_sheet(
        rows_of(arrays, positions, names, remarks),
        columns,
        side_by_side(len(positions), len(columns), most_rows=4),
        heading=heading_of(explanation),
        notes=notes_on(arrays, explanation) + notes + first_of_many(arrays),
        largest=1.3,
        beside=True,
    )


def remarks_on(baseline: Explained, best: Explained) -> dict[int, str]:
    """Return by position where maps differ most, and where the networks disagree if they do."""
    apart = distance(*(shares(by_pixel(run["attributions"])) for run in (baseline, best)))
    disagree = baseline["predictions"] != best["predictions"]
    surest = np.minimum(baseline["margins"], best["margins"])
    found = {
        DIFFER: where_most(apart, np.ones_like(disagree)),
        DISAGREE: where_most(surest, disagree),
    }
    remarks: dict[int, str] = {}
    for remark, position in found.items():
        if position is not None:
            remarks[position] = remarks.get(position, "") + remark
    return remarks
