"""How far networks agree on which pixels speak for a class."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from blocklab.explanation.checks import completeness_error
from blocklab.explanation.ink import by_pixel, ink


def ink_correlation(a: np.ndarray, b: np.ndarray, images: np.ndarray) -> float:
    """Return the mean Spearman correlation of two networks' attributions on ink pixels.

    All arguments are [M, C, H, W]; attributions are compared by pixel. Black pixels are left out:
    from a black baseline both networks give them exactly 0, and those ties alone would look like
    agreement. NaN if no image can be compared.
    """
    correlations = []
    for first, second, inked in zip(by_pixel(a), by_pixel(b), ink(images), strict=True):
        first, second = first[inked], second[inked]
        if inked.sum() > 2 and np.ptp(first) > 0 and np.ptp(second) > 0:
            correlations.append(stats.spearmanr(first, second).statistic)
    return float(np.mean(correlations)) if correlations else np.nan


def compare_explanations(attributions: Mapping[str, Path], baseline: str) -> pd.DataFrame:
    """Return one row per network, from its attributions.npz.

    images: how many were explained. ink: the share of their pixels that is, see there.
    completeness_error: see `checks`, a share. agreement: the `ink_correlation` with the baseline
    network; agreement_untrained: the same before training, on the images shown, below which an
    agreement says nothing. Both are NaN for the baseline itself.
    """
    reference = dict(np.load(attributions[baseline]))
    images, shown = reference["images"], reference["images"][: int(reference["gallery"])]
    rows = []
    for network, path in attributions.items():
        explained = reference if network == baseline else dict(np.load(path))
        maps, delta = explained["attributions"], explained["delta"]
        row = {
            "network": network,
            "images": len(delta),
            "ink": ink(images).mean(),
            "completeness_error": completeness_error(maps, delta),
            "agreement": np.nan,
            "agreement_untrained": np.nan,
        }
        if network != baseline:
            row["agreement"] = ink_correlation(maps, reference["attributions"], images)
            untrained = explained["untrained"], reference["untrained"]
            row["agreement_untrained"] = ink_correlation(*untrained, shown)
        rows.append(row)
    return pd.DataFrame(rows)
