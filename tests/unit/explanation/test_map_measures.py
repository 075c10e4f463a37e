"""Signs and smoothness of attributions, computed by hand."""

import math

import numpy as np
import pytest

from blocklab.explanation.measures.signs import share_against
from blocklab.explanation.measures.smoothness import smoothness


def grey(*rows: list[float]) -> np.ndarray:
    """Return one map or image, [1, 1, H, W]."""
    return np.array([[rows]], np.float32)


WHITE = np.full((1, 1, 2, 3), 255, np.uint8)
# Pairs to the right 1-2, 2-4, 1-1, 1-3; below 1-1, 2-1, 4-3.
MAP = grey([1, 2, 4], [1, 1, 3])
PAIRS = [1, 2, 1, 1, 1, 2, 4], [2, 4, 1, 3, 1, 1, 3]


def test_share_against_is_the_share_of_what_is_attributed():
    assert share_against(grey([3, -1], [0, 0])) == pytest.approx(0.25)
    assert share_against(grey([-3, -1])) == 1
    assert share_against(grey([3, 1])) == 0


def test_share_against_is_a_mean_over_images_however_much_each_is_attributed():
    maps = np.concatenate([grey([3, -1]), grey([-100, 100])])
    assert share_against(maps) == pytest.approx((0.25 + 0.5) / 2)


def test_a_pixel_of_colour_has_one_sign():
    maps = np.array([[[[2, 1]], [[-3, 1]], [[0, 1]]]], np.float32)  # pixels of -1 and 3
    assert share_against(maps) == pytest.approx(0.25)


def test_images_without_attributions_are_left_out():
    empty, broken = grey([0, 0]), grey([1, np.nan])
    maps = np.concatenate([empty, grey([3, -1]), broken, grey([np.inf, 1])])
    assert share_against(maps) == pytest.approx(0.25)
    assert math.isnan(share_against(empty)) and math.isnan(share_against(broken))


def test_smoothness_correlates_every_pixel_with_those_to_the_right_and_below():
    assert smoothness(MAP, WHITE) == pytest.approx(np.corrcoef(*PAIRS)[0, 1])
    # Sums 12 and 15, of squares 28 and 41, of products 29: (7 * 29 - 12 * 15) is 23, and so on.
    assert smoothness(MAP, WHITE) == pytest.approx(23 / math.sqrt(52 * 62))


def test_smoothness_leaves_pairs_with_black_pixels_out():
    image = WHITE.copy()
    image[0, 0, 0, 0] = 0
    assert smoothness(MAP, image) == pytest.approx(
        np.corrcoef([2, 1, 1, 2, 4], [4, 1, 3, 1, 3])[0, 1]
    )
    image[0, 0, 0, 0], image[0, 0, 1, 2] = 255, 0
    assert smoothness(MAP, image) == pytest.approx(
        np.corrcoef([1, 2, 1, 1, 2], [2, 4, 1, 1, 1])[0, 1]
    )


def test_smoothness_of_strokes_spots_and_noise():
    height = width = 20
    image = np.full((1, 1, height, width), 9, np.uint8)
    ramp = np.add.outer(np.arange(height), np.arange(width))
    assert smoothness(ramp[None, None], image) > 0.95
    assert smoothness((-1.0) ** ramp[None, None], image) == pytest.approx(-1)
    noise = np.random.default_rng(0).normal(size=(1, 1, height, width))
    assert abs(smoothness(noise, image)) < 3 / math.sqrt(2 * height * width)


def test_smoothness_of_colour_is_that_of_pixels():
    colour = np.concatenate([MAP + 5, -2 * MAP, 2 * MAP - 5], axis=1)  # sums to MAP
    assert smoothness(colour, np.repeat(WHITE, 3, 1)) == pytest.approx(smoothness(MAP, WHITE))


def test_smoothness_is_a_mean_over_the_images_that_have_one():
    maps = np.concatenate([MAP, MAP * 0 + 7, MAP * np.nan, MAP, -MAP])
    images = np.concatenate([WHITE] * 3 + [WHITE * 0, WHITE])
    assert smoothness(maps, images) == pytest.approx(smoothness(MAP, WHITE))
    assert math.isnan(smoothness(maps[1:4], images[1:4]))


def test_two_pairs_are_too_few():
    maps, images = grey([1, 2, 0, 5]), np.array([[[[9, 9, 9, 0]]]], np.uint8)
    assert math.isnan(smoothness(maps, images))
    images[0, 0, 0, 3] = 9
    assert smoothness(maps, images) == pytest.approx(np.corrcoef([1, 2, 0], [2, 0, 5])[0, 1])
