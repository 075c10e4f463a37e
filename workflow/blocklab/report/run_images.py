"""The figures of one run alone, small, for an experiment tracker's page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context

from blocklab.report.figures import heatmaps_all
from blocklab.report.figures.attribution_maps import Explained
from blocklab.report.figures.map_sheet import MAP_LOOK
from blocklab.report.figures.style import LOOK
from blocklab.report.run_confusion import draw_confusion

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
    figures = {
        "heatmap": (heatmaps_all.draw({network: explained}, manifest, explanation), MAP_LOOK),
        "confusion": (draw_confusion(network, counts, manifest["class_names"]), LOOK),
    }
    paths = {name: folder / f"{name}.png" for name in figures}
    for name, (figure, look) in figures.items():
        with rc_context(look):  # matplotlib reads it again while it draws
            figure.savefig(paths[name], dpi=DOTS_PER_INCH)
    return paths
