"""A soft vote: the mean of what several networks give each class, whatever they are made of.

Dietterich 2000, Ensemble Methods in Machine Learning; for networks that differ by their seed
alone, Lakshminarayanan, Pritzel & Blundell 2016, arXiv 1612.01474.
"""

from collections.abc import Iterable

import numpy as np
from scipy.special import softmax


def soft_vote(logits: Iterable[np.ndarray]) -> np.ndarray:
    """Return the logarithm of the mean probabilities [N, K] of networks' logits [N, K] each."""
    voices = [softmax(each.astype(np.float64), axis=1) for each in logits]
    probabilities = np.mean(voices, axis=0)
    return np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
