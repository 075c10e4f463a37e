"""Whether an explanation marks strokes or spots.

The definition is our own: correlation at a distance of one pixel, as Moran's I has it (Moran 1950,
Notes on Continuous Stochastic Phenomena, Biometrika 37), of the pairs of neighbours that are ink.
"""

import numpy as np

from blocklab.explanation.ink import by_pixel, ink

LEAST_PAIRS = 3  # of two pairs every correlation is 1 or -1


def smoothness(maps: np.ndarray, images: np.ndarray) -> float:
    """Return the Pearson correlation of neighbouring ink pixels' attributions, mean over images.

    maps and images [M, C, H, W]; maps are summed over channels. The pairs of an image are every ink
    pixel with the ink pixel to its right, and with the one below it. Near 1 neighbours say the
    same, and the map marks strokes; near 0 it marks single pixels, as noise would. It measures the
    map's look, not whether it is right: a blurred wrong map is smooth. Images whose pairs are
    fewer than 3, all alike or not finite are left out; NaN if none is left.
    """
    correlations = []
    for pixels, inked in zip(by_pixel(maps.astype(np.float64)), ink(images), strict=True):
        right = inked[:, :-1] & inked[:, 1:]
        below = inked[:-1] & inked[1:]
        first = np.concatenate([pixels[:, :-1][right], pixels[:-1][below]])
        second = np.concatenate([pixels[:, 1:][right], pixels[1:][below]])
        if len(first) >= LEAST_PAIRS and np.ptp(first) > 0 and np.ptp(second) > 0:
            correlations.append(np.corrcoef(first, second)[0, 1])
    return float(np.mean(correlations)) if correlations else np.nan
