"""Intervals over images and seeds: by hand, and against a truth that is known."""

import numpy as np
import pytest

from blocklab.explanation.intervals import Resamples


def drawn(values: np.ndarray, a: str, b: str | None) -> tuple[float, float, float]:
    seeds_a, seeds_b, images = values.shape
    return Resamples(images, {a: seeds_a} | ({b: seeds_b} if b else {})).interval(values, a, b)


def simulated(rng: np.random.Generator, seeds: int) -> np.ndarray:
    """Return values [S, S, 40] of two networks whose truth is 0.3: seeds, images and noise vary."""
    a, b = rng.normal(0, 0.05, (2, seeds))
    noise = rng.normal(0, 0.1, (seeds, seeds, 40))
    return 0.3 + a[:, None, None] + b[None, :, None] + rng.normal(0, 0.15, 40) + noise


def test_an_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    resamples = Resamples(40, {"a": 4, "b": 4})
    limits = [resamples.interval(simulated(rng, 4), "a", "b")[1:] for _ in range(100)]
    assert sum(low <= 0.3 <= high for low, high in limits) >= 93
    # Over images alone, which is what one would do without thinking of seeds, it is too narrow.
    images = Resamples(40, {"a": 1, "b": 1})
    alone = [images.interval(simulated(rng, 4)[:1, :1], "a", "b")[1:] for _ in range(100)]
    assert sum(low <= 0.3 <= high for low, high in alone) < 90


def test_the_mean_and_its_limits_follow_seeds_and_images():
    between_seeds = np.broadcast_to(np.array([0.1, 0.5]).reshape(2, 1, 1), (2, 2, 30))
    assert drawn(between_seeds, "a", "b") == pytest.approx((0.3, 0.1, 0.5))
    same = np.full((2, 2, 30), 0.4)
    assert drawn(same, "a", "b") == pytest.approx((0.4, 0.4, 0.4))
    brightness = np.array([0.1, 0.5]).reshape(2, 1, 1) * np.ones(30)
    assert drawn(brightness, "a", None) == pytest.approx((0.3, 0.1, 0.5))


def test_a_seed_is_not_compared_with_itself():
    own = np.ones((3, 3, 20))
    own[~np.eye(3, dtype=bool)] = 0.2
    assert drawn(own, "a", "a") == pytest.approx((0.2, 0.2, 0.2))


def test_two_seeds_among_themselves_are_resampled_over_images():
    values = np.zeros((2, 2, 10))
    values[0, 1] = values[1, 0] = np.arange(10) / 10
    mean, low, high = drawn(values, "a", "a")
    assert mean == pytest.approx(0.45)
    assert 0.2 < low < 0.35 and 0.55 < high < 0.7


def test_what_is_not_known_is_left_out_and_nothing_known_is_said():
    values = np.full((1, 1, 4), 0.5)
    values[..., 0] = np.nan
    assert drawn(values, "a", "b") == pytest.approx((0.5, 0.5, 0.5))
    assert np.isnan(drawn(values * np.nan, "a", "b")).all()
    assert np.isnan(drawn(np.ones((1, 1, 4)), "a", "a")).all()
    mean, low, high = drawn(np.full((1, 1, 1), 0.5), "a", "b")
    assert mean == 0.5 and np.isnan([low, high]).all()


def test_the_same_values_have_the_same_interval():
    values = simulated(np.random.default_rng(3), 3)
    assert drawn(values, "a", "b") == drawn(values, "a", "b")
