"""What is ink in an image, for all that compares, draws or words attributions.

A method that starts from a black image gives exactly 0 to what is black, in every network alike:
that says nothing. The rest is ink. In a photograph nearly every pixel is, and all of them count.
"""

import numpy as np

LEAST_GROUND = 0.1
BRIGHTNESS = "brightness"  # the bare image, where a table has a network; none may have the name


def ink(images: np.ndarray) -> np.ndarray:
    """Return which pixels are not black, bool [..., H, W], of images [..., C, H, W].

    A pixel of a colour image is ink if one of its channels is above 0.
    """
    return (images > 0).any(axis=-3)


def by_pixel(attributions: np.ndarray) -> np.ndarray:
    """Return attributions [..., C, H, W] summed over channels, [..., H, W].

    The sum keeps completeness; what a single channel's share means is hard to see or to say.
    """
    return attributions.sum(axis=-3)


def mean_share(part: np.ndarray, whole: np.ndarray) -> float:
    """Return how much of absolute attribution a part of it is, mean over images.

    part and whole: [M, H, W], by pixel, nowhere negative. Images whose whole has no sum that is
    finite and above 0 are left out; NaN if none is left.
    """
    some, total = part.sum(axis=(1, 2)), whole.sum(axis=(1, 2))
    told = np.isfinite(total) & (total > 0)
    return float(np.mean(some[told] / total[told])) if told.any() else np.nan


def on_black(share: float) -> bool:
    """Return whether images are drawn on a black ground, given the share of their pixels in ink.

    If so, ink has an outline worth drawing. Digits on black are ink by a quarter, clothes by half.
    """
    return share <= 1 - LEAST_GROUND
