"""Attributions as shares, so that networks compare whatever the scale of their logits."""

import numpy as np


def shares(maps: np.ndarray) -> np.ndarray:
    """Return maps [..., H, W], each divided by the sum of its absolute values.

    The absolute shares of a map sum to 1. A map of zeros stays one; a map with a value that is not
    finite is NaN.
    """
    with np.errstate(invalid="ignore"):
        whole = np.abs(maps).sum(axis=(-2, -1), keepdims=True)
        divided = maps / np.where(whole == 0, 1, whole)
    return np.where(np.isfinite(whole), divided, np.nan)


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return half the sum of |a - b| of maps of shares [..., H, W]: 0 where equal, at most 1."""
    return np.abs(a - b).sum(axis=(-2, -1)) / 2


def where_most(values: np.ndarray, among: np.ndarray) -> int | None:
    """Return the position of the highest finite value among those marked, if there is any."""
    usable = np.where(among & np.isfinite(values), values, -np.inf)
    return int(usable.argmax()) if np.isfinite(usable).any() else None


def limit(maps: list[np.ndarray], inked: np.ndarray, percentile: float) -> float:
    """Return the end of a symmetric colour scale that clips little of any column of maps.

    It is the highest, over the columns, of the percentile of absolute values on ink. maps: of every
    column [R, H, W]. inked: bool [R, H, W]. Values that are not finite do not count.
    """
    ends = []
    for column in maps:
        values = np.abs(column[inked & np.isfinite(column)])
        if values.size:
            # Of a map that is 0 nearly everywhere the percentile may be 0.
            ends.append(np.percentile(values, percentile) or values.max())
    return float(max(ends, default=0)) or 1.0
