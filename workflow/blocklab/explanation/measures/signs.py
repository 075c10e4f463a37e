"""How much of an explanation speaks against the class it explains: a definition of our own."""

import numpy as np

from blocklab.explanation.ink import by_pixel, mean_share


def share_against(maps: np.ndarray) -> float:
    """Return the share of absolute attribution that has negative sign, mean over images.

    maps [M, C, H, W], summed over channels first: a pixel counts once, with one sign. From 0 (all
    speaks for the class) to 1. Attributions sum to the change of the target, so a share near 0.5
    says that much is for and as much against, not that little is attributed. Images whose map is 0
    everywhere or not finite are left out; NaN if none is left.
    """
    pixels = by_pixel(maps.astype(np.float64))
    return mean_share(-pixels.clip(max=0), np.abs(pixels))
