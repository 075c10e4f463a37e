"""Checks of attributions against what their method promises."""

import numpy as np


def completeness_error(attributions: np.ndarray, delta: np.ndarray) -> float:
    """Return the median, over M images, of the share of the target's change that is not attributed.

    attributions [M, C, H, W] should sum to the change of the target between baseline image and
    image; delta [M] is their sum minus that change. (Completeness: Sundararajan et al. 2017, arXiv
    1703.01365, section 3.)
    """
    change = np.abs(attributions.sum(axis=(1, 2, 3)) - delta)
    return float(np.median(np.abs(delta) / change))
