"""The figures of one run alone, small, for an experiment tracker's page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context

from blocklab.report.figures import confusion, heatmaps_all
from blocklab.report.figures.attribution_maps import MAP_LOOK, Explained
from blocklab.report.figures.style import LOOK

DOTS_PER_INCH = 80


def draw_run(
    network: str,
    explained: Explained,
    counts: np.ndarray,
    manifest: Mapping[str, Any],
    explanation: Mapping[str, Any],
    folder: Path,
) -> dict[str, Path]:
    """Draw a run's attributions and its confusion matrix; return the paths of the PNG files.

    Args:
        network: its name.
        explained: the arrays of its attributions.npz.
        counts: [K, K], how many test images of a class (row) it took for a class (column).
        manifest, explanation: as the study's figures take them.
        folder: where the files are to be; it exists.
    """
    true, predicted = np.indices(counts.shape)
    table = pd.DataFrame(
        {
            "network": network,
            "true_class": true.ravel(),
            "predicted_class": predicted.ravel(),
            "images": counts.ravel(),
        }
    )
    only = pd.DataFrame({"network": [network], "best": [True]})
    figures = {
        "heatmap": (heatmaps_all.draw({network: explained}, manifest, explanation), MAP_LOOK),
        "confusion": (confusion.draw(only, table, manifest), LOOK),
    }
    paths = {name: folder / f"{name}.png" for name in figures}
    for name, (figure, look) in figures.items():
        with rc_context(look):  # matplotlib reads it again while it draws
            figure.savefig(paths[name], dpi=DOTS_PER_INCH)
    return paths
