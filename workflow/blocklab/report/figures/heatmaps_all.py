"""Attributions of every network on the same images."""

from collections.abc import Mapping
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

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
from blocklab.report.figures.map_sheet import MAP_LOOK, draw_sheet, side_by_side, stacked

# More networks than that stand in blocks one below the other; so few that the page is wide enough
# for two halves of the rows side by side.
ABREAST, FEW = 9, 3


@rc_context(MAP_LOOK)
def draw(
    attributions: Mapping[str, Explained],
    manifest: Mapping[str, Any],
    explanation: Mapping[str, Any],
) -> Figure:
    """Return the maps of all networks, one column per network, one row per class.

    Args:
        attributions: the arrays of attributions.npz by network, in the study's order.
        manifest: of the data set; its class_names are read.
        explanation: the config's section; its method and target are named.

    Raises UserError if the networks explain different images.
    """
    check_same_images(attributions)
    arrays, names = next(iter(attributions.values())), manifest["class_names"]
    positions = range(shown_images(arrays))
    columns = [column_of(name, run, positions, names) for name, run in attributions.items()]
    few = len(columns) <= FEW
    shape = len(positions), len(columns)
    return draw_sheet(
        rows_of(arrays, positions, names),
        columns,
        side_by_side(*shape, most_rows=4) if few else stacked(*shape, ABREAST),
        heading=heading_of(explanation),
        notes=notes_on(arrays, explanation) + first_of_many(arrays),
        largest=0.95,
        beside=few,
    )
