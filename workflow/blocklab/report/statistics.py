"""Intervals and comparisons; every sentence of the summary rests on them."""

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from blocklab.explanation.intervals import CONFIDENCE, expanded_level

RESAMPLES = 9999
BOOTSTRAP_SEEDS = 6
# Of ten seeds of which one in ten, by chance, is ten standard deviations low: the share of studies
# in which `mean_interval` holds the true mean. 6,000 studies gave 71.8 %; a test simulates fewer.
COVERAGE_WITH_FAILURES = 0.72


def mean_interval(values: np.ndarray, least_spread: float = 0.0) -> tuple[float, float, float]:
    """Return mean, low and high of the 95 % interval over seeds; NaN for one value.

    From BOOTSTRAP_SEEDS seeds on the percentile bootstrap, expanded for few seeds, of which the
    plain one is too narrow (Hesterberg 2015, What Teachers Should Know About the Bootstrap,
    arXiv 1411.5279). No resample leaves the range of the values, which holds the true mean of n
    seeds with a chance of 1 - 2^(1 - n) alone: with fewer seeds, Student's interval.
    Given differences of two networks seed by seed, it is the paired interval.

    least_spread: values may be in steps of it, so their standard deviation is known no finer; one
    below it is taken for it, in Student's interval.
    """
    values = np.asarray(values, dtype=float)
    mean, count = float(values.mean()), len(values)
    if count < 2 or np.isnan(mean):
        return mean, np.nan, np.nan
    spread = values.std(ddof=1)
    if count < BOOTSTRAP_SEEDS or spread < least_spread:
        reach = stats.t.ppf((1 + CONFIDENCE) / 2, count - 1) * max(spread, least_spread)
        return mean, mean - reach / np.sqrt(count), mean + reach / np.sqrt(count)
    result = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=1 - 2 * expanded_level(count),
        method="percentile",
        rng=np.random.default_rng(0),  # the same seeds give the same interval
    )
    low, high = result.confidence_interval
    return mean, min(float(low), mean), max(float(high), mean)


def prediction_interval(values: np.ndarray, least_spread: float = 0.0) -> tuple[float, float]:
    """Return the 95 % interval of one more run, given those of several seeds; NaN for one value.

    mean -+ t s sqrt(1 + 1/n), for seeds that vary as a bell curve (Hahn & Meeker 1991, Statistical
    Intervals, Section 4.7). least_spread: as for `mean_interval`.
    """
    values = np.asarray(values, dtype=float)
    count = len(values)
    if count < 2:
        return np.nan, np.nan
    spread = max(values.std(ddof=1), least_spread)
    reach = stats.t.ppf((1 + CONFIDENCE) / 2, count - 1) * spread * np.sqrt(1 + 1 / count)
    return float(values.mean() - reach), float(values.mean() + reach)


def proportion_interval(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share of `count` images that one network got right."""
    low, high = proportion_confint(round(share * count), count, 1 - CONFIDENCE, method="wilson")
    return float(low), float(high)


def difference_p_value(correct_a: np.ndarray, correct_b: np.ndarray) -> float:
    """Return the p-value of two networks being equally accurate.

    The arguments [S, N] tell which of the same N images each network got right, seed by seed.
    With one seed: exact McNemar test over images. With several: paired t-test over seeds,
    with a spread of at least one image.
    """
    seeds, images = correct_a.shape
    if seeds > 1:
        difference = correct_a.mean(axis=1) - correct_b.mean(axis=1)
        # Few seeds may differ by the same number of images; their spread is no less than one.
        spread = max(difference.std(ddof=1), 1 / images)
        t = difference.mean() / (spread / np.sqrt(seeds))
        return float(2 * stats.t.sf(abs(t), seeds - 1))
    a, b = correct_a[0], correct_b[0]
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    return float(mcnemar(table, exact=True).pvalue)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Return p-values corrected for there being several of them (Holm 1979)."""
    return multipletests(p_values, method="holm")[1]


def spearman_test(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Return Spearman's correlation and its p-value by permuting a.

    All orders are tried where there are at most RESAMPLES of them; Student's approximation is
    wrong for a handful of values.
    """
    test = stats.permutation_test(
        (a,),
        lambda order: stats.spearmanr(order, b).statistic,
        permutation_type="pairings",
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(0),
    )
    return float(test.statistic), float(test.pvalue)
