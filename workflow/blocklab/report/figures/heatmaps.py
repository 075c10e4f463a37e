"""Attributions of the baseline beside the best network, and their difference."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from blocklab.report.figures.attribution_maps import (
    MAP_LOOK,
    Column,
    Explained,
    check_same_images,
    column_of,
    draw_maps,
)


@rc_context(MAP_LOOK)
def draw(
    networks: pd.DataFrame,
    attributions: Mapping[str, Explained],
    manifest: Mapping[str, Any],
    explanation: Mapping[str, Any],
) -> Figure:
    """Return the maps of two networks side by side, and best - baseline, one row per class.

    Args:
        networks: of networks.csv the columns network, baseline and best.
        attributions: the arrays of attributions.npz by network.
        manifest: of the data set; its class_names are read.
        explanation: the config's section; its method and target are named.

    Raises UserError if the two networks explain different images.
    """
    names = networks.set_index("network")
    pair = {role: names.index[names[role]][0] for role in ("baseline", "best")}
    shown = {name: attributions[name] for name in pair.values()}
    check_same_images(shown)
    first, second = (column_of(name, arrays) for name, arrays in shown.items())
    columns = [
        Column(f"{first.title} (baseline)", first.maps, first.predictions, first.probabilities),
        Column(f"{second.title} (best)", second.maps, second.predictions, second.probabilities),
        Column(f"{second.title} \N{MINUS SIGN} {first.title}", second.maps - first.maps),
    ]
    gallery = shown[pair["baseline"]]
    return draw_maps(gallery, columns, manifest["class_names"], explanation, cell=1.3)
