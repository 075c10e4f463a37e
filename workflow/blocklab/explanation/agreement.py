"""How far explanations agree on which pixels speak for a class: correlations of ranks on ink.

Off the ink nothing is compared: from a black baseline every network gives black pixels exactly 0,
and those ties alone would look like agreement.

Correlation of ranks: Spearman 1904, The Proof and Measurement of Association between Two Things,
American Journal of Psychology 15(1). Partial correlation: Yule 1907, On the Theory of Correlation
for any Number of Variables, Proceedings of the Royal Society A 79.
"""

import numpy as np
from scipy import stats

from blocklab.explanation.ink import by_pixel, ink

LEAST_PIXELS = 3  # two always correlate by 1 or -1
LEAST_REST = 1e-9  # of variance, below which a map is the bare image but for rounding


def rank_correlations(maps: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of every pair of R maps of one image, [R, R].

    maps: [R, P], of its P ink pixels; equal values share their mean rank. Each is ranked once. NaN
    for maps that are constant or not finite, and for fewer than LEAST_PIXELS pixels.
    """
    if maps.shape[1] < LEAST_PIXELS:
        return np.full((len(maps), len(maps)), np.nan)
    ranks = stats.rankdata(maps, axis=1)
    ranks[~np.isfinite(maps).all(axis=1)] = np.nan
    ranks -= ranks.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # a constant map has no length: NaN
        ranks /= np.linalg.norm(ranks, axis=1, keepdims=True)
    return np.clip(ranks @ ranks.T, -1, 1)


def partial_correlations(correlations: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Return correlations of ranks with those of a third map partialled out, [R, R].

    correlations: r_ab, [R, R]. given: r_ac with the third map c, [R]. The partial correlation is
    (r_ab - r_ac r_bc) / sqrt((1 - r_ac^2) (1 - r_bc^2)): that of what a linear fit of the ranks of
    c leaves of the ranks of a and of b. NaN for a map of the same ranks as c: nothing is left.
    A constant c, whose r_ac is NaN, explains nothing: r_ab stays.
    """
    given = np.nan_to_num(given)
    rest = 1 - given**2
    rest = np.sqrt(np.where(rest < LEAST_REST, np.nan, rest))
    return np.clip((correlations - np.outer(given, given)) / np.outer(rest, rest), -1, 1)


def ink_correlation(a: np.ndarray, b: np.ndarray, images: np.ndarray) -> float:
    """Return the mean Spearman correlation of two networks' attributions on ink pixels.

    All arguments are [M, C, H, W]; attributions are compared by pixel. NaN if no image can be
    compared; images that cannot are left out.
    """
    pairs = zip(by_pixel(a), by_pixel(b), ink(images), strict=True)
    each = [rank_correlations(np.stack([a[inked], b[inked]]))[0, 1] for a, b, inked in pairs]
    return float(np.nanmean(each)) if not np.isnan(each).all() else np.nan
