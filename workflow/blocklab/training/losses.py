"""The two training losses, as functions of logits [N, K] and labels [N]; both in nats."""

import torch
from torch.nn import functional as F


def double_softmax_cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the homework's mean loss: softmax, then a cross-entropy that applies it again.

    Its value never falls below `evaluation.double_softmax_floor`, and its gradient vanishes for
    an image that the network is confidently wrong about.
    """
    return F.cross_entropy(logits.float().softmax(dim=1), labels)


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the usual mean cross-entropy."""
    return F.cross_entropy(logits.float(), labels)


LOSSES = {
    "double_softmax_cross_entropy": double_softmax_cross_entropy,
    "cross_entropy": cross_entropy,
}
