"""How sure the means over one run's images are, for studies that have no other seed to tell."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from blocklab.explanation.intervals import Resamples
from blocklab.explanation.measures.signs import share_against
from blocklab.explanation.measures.smoothness import smoothness


def limits_over_images(paths: Iterable[Path]) -> pd.DataFrame:
    """Return, of every run's attributions.npz, the limits of two means over its images.

    Columns share_against_low, share_against_high, smoothness_low and smoothness_high: the 95 %
    interval over images (`Resamples.interval`) of what has that name in `explanation.measures`. NaN
    where fewer than two images are there to tell.
    """
    return pd.DataFrame([_limits(path) for path in paths])


def _limits(path: Path) -> dict[str, float]:
    with np.load(path) as file:
        maps, images = file["attributions"], file["images"]
    # One image at a time, as each measure is a mean over those it is given.
    each = [slice(image, image + 1) for image in range(len(maps))]
    found = {
        "share_against": [share_against(maps[one]) for one in each],
        "smoothness": [smoothness(maps[one], images[one]) for one in each],
    }
    resamples = Resamples(len(maps), {"run": 1})
    row = {}
    for name, values in found.items():
        _, low, high = resamples.interval(np.array(values)[None, None], "run", None)
        row |= {f"{name}_low": low, f"{name}_high": high}
    return row
