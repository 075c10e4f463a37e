"""The pixels that matter most, by hand."""

import numpy as np
import pytest

from blocklab.explanation.top_share import top_agreement


def test_top_pixels_in_common_with_and_without_their_sign():
    a, b = np.zeros((2, 20))  # the top tenth of 20 pixels is 2 of them
    a[[0, 1, 2]] = [5, -4, 1]
    b[[1, 0, 3]] = [9, 8, 1]
    c = -a
    feature, sign = top_agreement(np.stack([a, b, c]))
    assert feature == pytest.approx(np.ones((3, 3)))
    expected = [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]]
    assert sign == pytest.approx(np.array(expected))
    d = np.roll(a, 2)  # pixels 2 and 3
    assert top_agreement(np.stack([a, d]))[0] == pytest.approx(np.eye(2))


def test_chance_is_a_tenth_and_half_of_it_with_signs():
    maps = np.random.default_rng(0).normal(size=(60, 500))
    feature, sign = top_agreement(maps)
    others = ~np.eye(60, dtype=bool)
    assert feature[others].mean() == pytest.approx(0.1, abs=0.003)
    assert sign[others].mean() == pytest.approx(0.05, abs=0.003)
    assert top_agreement(np.abs(maps))[1][others].mean() == pytest.approx(0.1, abs=0.003)


def test_pixels_that_tie_share_the_last_places():
    a, b = np.zeros((2, 10))  # 1 of 10
    a[[0, 1]] = 1
    b[0] = 1
    feature, _ = top_agreement(np.stack([a, b]))
    assert feature[0, 1] == pytest.approx(0.5)


def test_maps_that_have_no_top_are_unknown():
    ramp = np.arange(10.0)
    broken = ramp.copy()
    broken[3] = np.nan
    feature, sign = top_agreement(np.stack([ramp, np.ones(10), broken, np.full(10, np.inf)]))
    for agreement in (feature, sign):
        assert agreement[0, 0] == 1
        assert np.isnan(agreement[1:]).all() and np.isnan(agreement[0, 1:]).all()
    assert np.isnan(top_agreement(np.ones((2, 0)))).all()
