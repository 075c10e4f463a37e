"""The losses, each written twice: for training to descend, and for evaluation to report exactly.

Both functions take logits [N, K] and labels [N] and return the mean over the images, in nats.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional as F


class Loss(NamedTuple):
    """One loss.

    of_tensors: differentiable, in float32 whatever the precision of the forward pass; its third
        argument is the label smoothing (Szegedy et al. 2015, arXiv 1512.00567), 0 for none.
    of_arrays: in float64, with numpy.
    """

    of_tensors: Callable[..., torch.Tensor]
    of_arrays: Callable[[np.ndarray, np.ndarray], float]


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities [..., K] of logits [..., K], in double precision."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean cross-entropy, in nats, of logits [N, K] against labels [N]."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    return float((log_sum - shifted[np.arange(len(labels)), labels]).mean())


LOSSES = {
    "cross_entropy": Loss(
        lambda logits, labels, smoothing=0.0: F.cross_entropy(
            logits.float(), labels, label_smoothing=smoothing
        ),
        cross_entropy,
    ),
    # The homework's: softmax, then a cross-entropy that applies it again. It never falls below
    # log(e + K - 1) - 1, and hardly moves an image that the network is confidently wrong about.
    "double_softmax_cross_entropy": Loss(
        lambda logits, labels, smoothing=0.0: F.cross_entropy(
            logits.float().softmax(dim=1), labels, label_smoothing=smoothing
        ),
        lambda logits, labels: cross_entropy(softmax(logits), labels),
    ),
}
