"""Whether attributions sum to what they should: the change of the target from baseline to image.

Sundararajan et al. 2017, arXiv 1703.01365, section 3. A sum says nothing of single pixels; see
`pixel_error`.
"""

import numpy as np

TOLERANCE = 0.01  # of the change
FLOOR = 0.1  # of the median change


def relative_error(attributions: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """Return |delta| as a share of the target's change, [M].

    attributions [M, C, H, W]; delta [M], their sum minus the change. A target that hardly changes
    would make any delta look large, so the least denominator is a tenth of the median change over
    the images. 0 where nothing changes and nothing is missing; NaN where delta is.
    """
    change = np.abs(attributions.sum(axis=(1, 2, 3), dtype=np.float64) - delta)
    # Diverged networks say nan of all images or of some.
    usual = np.median(change[np.isfinite(change)]) if np.isfinite(change).any() else np.nan
    missing = np.abs(delta.astype(np.float64))
    share = np.full(len(delta), np.inf)
    np.divide(missing, np.maximum(change, FLOOR * usual), out=share, where=change + usual > 0)
    return np.where(missing == 0, 0, np.where(np.isnan(missing + change), np.nan, share))


def is_incomplete(attributions: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """Return which images miss 1 % of the change or more, bool [M]; what is NaN never will do."""
    return relative_error(attributions, delta) >= TOLERANCE


def completeness(attributions: np.ndarray, delta: np.ndarray) -> dict[str, float | bool]:
    """Return the median and 95th percentile of `relative_error`, and if the latter is under 1 %."""
    error = relative_error(attributions, delta)
    tail = float(np.quantile(error, 0.95))
    return {
        "completeness_median": float(np.median(error)),
        "completeness_p95": tail,
        "complete": tail < TOLERANCE,
    }
