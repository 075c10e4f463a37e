"""Attributions of every network on the same images."""

from collections.abc import Mapping
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from blocklab.report.figures.attribution_maps import (
    MAP_LOOK,
    Explained,
    check_same_images,
    column_of,
    draw_maps,
)


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
    columns = [column_of(network, arrays) for network, arrays in attributions.items()]
    gallery = next(iter(attributions.values()))
    return draw_maps(gallery, columns, manifest["class_names"], explanation, cell=0.95)
