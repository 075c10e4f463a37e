"""Correlations of attributions, by hand."""

import math

import numpy as np
import pytest

from blocklab.explanation.agreement import (
    ink_correlation,
    partial_correlations,
    rank_correlations,
)


def attributed(ink: list[float]) -> np.ndarray:
    """Return one image's attributions, 1x1x8x8: these on ink, zero on the background."""
    maps = np.zeros((1, 1, 8, 8), np.float32)
    maps[0, 0, 0, : len(ink)] = ink
    return maps


IMAGE = (attributed([200, 100, 50, 10]) > 0).astype(np.uint8) * 100


def test_ink_correlation_leaves_black_pixels_out():
    a, b = attributed([4, 3, 2, 1]), attributed([1, 2, 3, 4])
    assert ink_correlation(a, b, IMAGE) == pytest.approx(-1)
    assert ink_correlation(a, a**3, IMAGE) == pytest.approx(1)  # ranks alone count
    assert ink_correlation(a, -a, IMAGE) == pytest.approx(-1)  # signs too


def test_ink_correlation_is_the_mean_over_images_that_can_be_compared():
    a = np.concatenate([attributed([4, 3, 2, 1])] * 3)
    b = np.concatenate([attributed([4, 3, 2, 1]), attributed([3, 4, 1, 2]), attributed([5] * 4)])
    images = np.concatenate([IMAGE] * 3)
    # Spearman of the second: 1 - 6 * 4 / (4 * 15) = 0.6; the third is constant.
    assert ink_correlation(a, b, images) == pytest.approx((1 + 0.6) / 2)


@pytest.mark.parametrize("ink", [0, 2])
def test_ink_correlation_of_hardly_any_ink_is_unknown(ink):
    image = IMAGE.copy()
    image[0, 0, 0, ink:] = 0
    a = attributed([4, 3, 2, 1])
    assert math.isnan(ink_correlation(a, a, image))


def test_every_pair_of_maps_is_correlated_by_ranks():
    maps = np.array([[1, 2, 3, 4], [2, 1, 4, 3], [10, 20, 20, 40]])
    # 1 - 6 * 4 / (4 * 15); with a tie, Pearson's of 1, 2, 3, 4 and 1, 2.5, 2.5, 4.
    expected = [[1, 0.6, 4.5 / math.sqrt(5 * 4.5)], [0.6, 1, 1.5 / math.sqrt(5 * 4.5)]]
    assert rank_correlations(maps)[:2] == pytest.approx(np.array(expected))


def test_maps_that_have_no_ranks_correlate_with_nothing():
    ramp = np.arange(5.0)
    maps = np.stack([ramp, np.ones(5), np.where(ramp == 2, np.inf, ramp), np.full(5, np.nan)])
    correlations = rank_correlations(maps)
    assert correlations[0, 0] == pytest.approx(1)
    assert np.isnan(correlations[0, 1:]).all() and np.isnan(correlations[1:]).all()


def test_partial_correlation_is_that_of_what_a_third_map_leaves():
    correlations = np.array([[1, 0.5, 0.3], [0.5, 1, 1], [0.3, 1, 1]])
    partial = partial_correlations(correlations, np.array([0.6, 0.8, 1]))
    assert partial[0, 1] == pytest.approx((0.5 - 0.48) / (0.8 * 0.6))
    assert partial[0, 0] == pytest.approx(1)
    assert np.isnan(partial[2]).all()  # it is the third map
    constant = np.full(3, np.nan)
    assert np.array_equal(partial_correlations(correlations, constant), correlations)
    # The same by fitting ranks by those of the third, and correlating what is left.
    a, b, c = ranks = np.random.default_rng(0).permuted(np.tile(np.arange(30.0), (3, 1)), axis=1)
    left = [x - np.polyval(np.polyfit(c, x, 1), c) for x in (a, b)]
    every = rank_correlations(ranks)
    expected = np.corrcoef(*left)[0, 1]
    assert partial_correlations(every, every[2])[0, 1] == pytest.approx(expected)
