"""Intervals and tests, against published or hand-worked values."""

import math

import numpy as np
import pytest

from blocklab.report.statistics import (
    BOOTSTRAP_SEEDS,
    COVERAGE_WITH_FAILURES,
    difference_p_value,
    holm,
    mean_interval,
    prediction_interval,
    proportion_interval,
    spearman_test,
)


def test_mean_interval_covers_the_truth_as_often_as_it_says():
    generator = np.random.default_rng(1)
    for count in (2, 3, BOOTSTRAP_SEEDS - 1, BOOTSTRAP_SEEDS, 10):
        trials = 4000 if count < BOOTSTRAP_SEEDS else 400  # which resampling makes slow
        covered = []
        for _ in range(trials):
            _, low, high = mean_interval(generator.normal(3.0, 2.0, count))
            covered.append(low <= 3.0 <= high)
        standard_error = math.sqrt(0.95 * 0.05 / trials)
        assert np.mean(covered) == pytest.approx(0.95, abs=4 * standard_error)


def test_mean_interval_is_the_percentile_bootstraps_for_many_values():
    values = np.random.default_rng(2).exponential(size=400)
    mean, low, high = mean_interval(values)
    half = 1.966 * values.std(ddof=1) / math.sqrt(400)
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx((mean - half, mean + half), rel=0.02)
    assert mean_interval(values) == (mean, low, high)  # the same every time


def test_mean_interval_of_two_values_is_students():
    reach = 12.706205  # the table's t of one degree of freedom, times a standard error of 1
    assert mean_interval(np.array([1.0, 3.0])) == pytest.approx((2, 2 - reach, 2 + reach))


@pytest.mark.parametrize("count", [2, 10])
def test_equal_values_have_the_width_of_a_step(count):
    values = np.full(count, 0.5)
    assert mean_interval(values) == (0.5, 0.5, 0.5)
    _, low, high = mean_interval(values, least_spread=0.001)
    t = {2: 12.706205, 10: 2.262157}[count]
    assert high - 0.5 == pytest.approx(0.5 - low) == pytest.approx(t * 0.001 / math.sqrt(count))


@pytest.mark.parametrize("images", [3, 40])
def test_interval_and_p_value_of_two_seeds_agree(images):
    """Each seed differs by the same number of 1000 images."""
    a, b = np.ones((2, 1000), bool), np.ones((2, 1000), bool)
    b[:, :images] = False
    p = difference_p_value(a, b)
    _, low, high = mean_interval(b.mean(axis=1) - a.mean(axis=1), least_spread=1 / 1000)
    assert (low <= 0 <= high) == (p >= 0.05) == (images == 3)


@pytest.mark.parametrize("values", [[0.7], [math.nan, math.nan]])
def test_mean_interval_is_unknown_for_one_value_or_none(values):
    mean, low, high = mean_interval(np.array(values))
    assert mean == values[0] or math.isnan(values[0])
    assert math.isnan(low) and math.isnan(high)


def test_proportion_interval_is_wilsons():
    # Newcombe 1998, Statistics in Medicine 17:857, table I: 81 of 263.
    assert proportion_interval(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_proportion_interval_of_all_right_is_below_one():
    low, high = proportion_interval(1.0, 100)
    assert low == pytest.approx(100 / (100 + 1.959964**2), abs=1e-6)
    assert high == pytest.approx(1)


def right(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which images two networks got right, one seed each."""
    a = np.repeat([True, True, False, False], [both, first, second, neither])
    b = np.repeat([True, False, True, False], [both, first, second, neither])
    return a[None], b[None]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (1, 8, 2 * (1 + 9) / 2**9),  # both tails of the binomial of 9 fair coins
        (8, 1, 2 * (1 + 9) / 2**9),
        (0, 5, 2 / 2**5),
        (3, 3, 1),
        (0, 0, 1),
    ],
)
def test_one_seed_is_compared_by_mcnemar_exactly(first, second, expected):
    p = difference_p_value(*right(50, first, second, 7))
    assert p == pytest.approx(expected)
    assert difference_p_value(*right(900, first, second, 70)) == p  # only disagreements count


def test_several_seeds_are_compared_by_a_paired_t_test():
    # Accuracies differ by 0.1, 0.2 and 0.3: t = 2 sqrt 3; at 2 degrees of freedom its tails are
    # known in closed form.
    a = np.arange(10) < np.array([[9], [8], [7]])
    b = np.arange(10) < np.array([[8], [6], [4]])
    t = 0.2 / (0.1 / math.sqrt(3))
    assert difference_p_value(a, b) == pytest.approx(1 - t / math.sqrt(t**2 + 2))
    assert difference_p_value(a[::-1], b) != pytest.approx(difference_p_value(a, b))  # paired


def test_seeds_that_agree_everywhere_show_no_difference():
    a = np.arange(10) < np.array([[9], [8]])
    assert difference_p_value(a, a) == 1


def test_holm_by_hand():
    # Smallest first: 0.01 times 3, 0.03 times 2, 0.04 once, but never less than the one before.
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.7])) == pytest.approx([0.7])


def test_where_seeds_fail_now_and_then_the_interval_covers_as_little_as_the_page_says():
    generator = np.random.default_rng(1)
    covered = []
    for _ in range(400):
        failed = generator.random(10) < 0.1
        _, low, high = mean_interval(generator.standard_normal(10) - 10 * failed)
        covered.append(low <= -1 <= high)  # the mean: one in ten is ten below zero
    standard_error = math.sqrt(COVERAGE_WITH_FAILURES * (1 - COVERAGE_WITH_FAILURES) / 400)
    assert np.mean(covered) == pytest.approx(COVERAGE_WITH_FAILURES, abs=3 * standard_error)


def test_one_more_run_lies_in_an_interval_wider_than_the_means():
    # sd is 1 and t for 2 degrees of freedom is 4.3027: 4.3027 sqrt(4 / 3) is 4.9683.
    assert prediction_interval(np.array([1.0, 2.0, 3.0])) == pytest.approx(
        (-2.9683, 6.9683), abs=1e-4
    )
    assert all(map(math.isnan, prediction_interval(np.array([1.0]))))
    low, high = prediction_interval(np.array([0.5, 0.5]), least_spread=0.01)
    assert high - low == pytest.approx(2 * 12.7062 * 0.01 * math.sqrt(1.5), rel=1e-4)
    generator = np.random.default_rng(1)
    held = [
        low <= new <= high
        for *runs, new in generator.standard_normal((4000, 6))
        for low, high in [prediction_interval(np.array(runs))]
    ]
    assert np.mean(held) == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 4000))


def test_a_rank_correlation_of_five_has_the_exact_p_value():
    """Of the 120 orders, the rising and the falling one are as far from 0."""
    assert spearman_test(np.arange(5), np.arange(5) ** 2) == pytest.approx((1, 2 / 120))
    assert spearman_test(np.arange(4), np.arange(4))[1] == pytest.approx(2 / 24)
