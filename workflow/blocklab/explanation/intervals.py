"""Intervals of what is measured on the same images for many pairs of runs.

Two things are left to luck: which images were drawn, and which seeds the networks had. Images and
seeds are resampled independently of each other, and a value counts as often as its image was drawn
times as often as each of its seeds was: the pigeonhole bootstrap (Owen 2007, The Pigeonhole
Bootstrap, Annals of Applied Statistics 1(2), arXiv 0712.1111).
"""

from collections.abc import Mapping

import numpy as np
from scipy import stats

RESAMPLES = 2000
CONFIDENCE = 0.95


class Resamples:
    """How often every image and every seed of each network is drawn, the same for all measures.

    images: how many there are. seeds: how many each network has. The draws are fixed, so that the
    same values have the same interval.
    """

    def __init__(self, images: int, seeds: Mapping[str, int]) -> None:
        generator = np.random.default_rng(0)
        self.images = _draws(generator, images)
        self.seeds = {name: _draws(generator, count) for name, count in seeds.items()}

    def interval(self, values: np.ndarray, a: str, b: str | None) -> tuple[float, float, float]:
        """Return mean, low and high of the 95 % interval over images and seeds.

        values: [A, B, M], of M images and every pair of a seed of `a` with one of `b`; where `a` is
        `b` a seed is not compared with itself: those values do not count. With `b` None, B is 1.
        NaN is left out. A network with one seed lends no spread: the interval is over the rest. Nor
        do two seeds to what they have among themselves, of which there is one pair; NaN where there
        is nothing to draw from.

        Few draws spread too little; the percentiles are those of Student's distribution for the
        smallest number that was drawn from, expanded (Hesterberg 2015, arXiv 1411.5279). In
        simulations with bell-shaped seeds and images such intervals held the truth in 93 to 100 of
        100 cases, those of two seeds among themselves, which are over images alone, in 44 to 84.
        """
        values = np.array(values, dtype=float)
        within = a == b
        if within:
            values[np.eye(len(values), dtype=bool)] = np.nan
        known = ~np.isnan(values)
        if not known.any():
            return np.nan, np.nan, np.nan
        mean = float(values[known].mean())
        one = np.ones((RESAMPLES, 1))
        if within and len(values) == 2:
            values, known, seeds = values[:1, 1:], known[:1, 1:], (one, one)
        else:
            seeds = self.seeds[a], self.seeds[b] if b else one
        drawn_from = [number for number in values.shape if number > 1]
        if not drawn_from:
            return mean, np.nan, np.nan
        # Which images were drawn is the same for every pair, so they are summed first.
        total, weight = (
            np.einsum("ri,rj,ijr->r", *seeds, part @ self.images.T, optimize=True)
            for part in (np.where(known, values, 0), known.astype(float))
        )
        means = total[weight > 0] / weight[weight > 0]
        level = expanded_level(min(drawn_from))
        low, high = np.quantile(means, [level, 1 - level])
        return mean, min(float(low), mean), max(float(high), mean)


def expanded_level(count: int) -> float:
    """Return the percentile to take for the lower limit, of means of `count` drawn, from 0 to 1."""
    t = stats.t.ppf((1 - CONFIDENCE) / 2, count - 1)
    return float(stats.norm.cdf(t * np.sqrt(count / (count - 1))))


def _draws(generator: np.random.Generator, count: int) -> np.ndarray:
    """Return how often each of `count` is among as many drawn, [RESAMPLES, count]."""
    return generator.multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)
