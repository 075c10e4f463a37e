"""How far explanations agree on the pixels that matter most.

Krishna et al. 2022, The Disagreement Problem in Explainable Machine Learning: A Practitioner's
Perspective, arXiv 2202.01602, section 3: feature agreement and sign agreement of the top k, which
here are the tenth of an image's ink pixels with the largest absolute attribution.
"""

import numpy as np

TOP_SHARE = 0.1


def top_agreement(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return feature and sign agreement of every pair of R maps of one image, [R, R] each.

    maps: [R, P], of its P ink pixels. k is a tenth of P, rounded, and 1 at least. Feature agreement
    is the share of the top k that two maps have in common; sign agreement the share in common on
    which they also have the same sign. Pixels that tie for the last places have a share of them.

    Two maps that know nothing of each other have k / P of their top k in common, so chance is 0.10
    for feature agreement. For sign agreement it is 0.10 times the chance of two top pixels having
    the same sign: 0.05 where both signs are as frequent, up to 0.10 where one sign is all there is.
    NaN for maps that are constant or not finite, and without ink.
    """
    pixels = maps.shape[1]
    if not pixels:
        nothing = np.full((len(maps), len(maps)), np.nan)
        return nothing, nothing.copy()
    k = max(1, round(TOP_SHARE * pixels))
    size = np.abs(maps).astype(float)
    least = -np.partition(-size, k - 1, axis=1)[:, k - 1 : k]
    above, tied = size > least, size == least
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing ties with NaN
        places = (k - above.sum(axis=1, keepdims=True)) / tied.sum(axis=1, keepdims=True)
    top = np.where(tied, places, above)
    top[~np.isfinite(maps).all(axis=1) | (maps.max(axis=1) == maps.min(axis=1))] = np.nan
    sign = np.sign(maps)
    common, signed = np.empty((2, len(maps), len(maps)))
    for row, (own, own_sign) in enumerate(zip(top, sign, strict=True)):
        both = np.minimum(own, top)  # with a share of a place each, the smaller
        common[row], signed[row] = both.sum(axis=1), (both * (own_sign == sign)).sum(axis=1)
    return common / k, signed / k
