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


def on_black(share: float) -> bool:
    """Return whether images are drawn on a black ground, given the share of their pixels in ink.

    If so, ink has an outline worth drawing. Digits on black are ink by a quarter, clothes by half.
    """
    return share <= 1 - LEAST_GROUND
