"""Predictions averaged over copies of an image that are shifted by whole pixels.

Test-time augmentation (Krizhevsky, Sutskever & Hinton 2012; Simonyan & Zisserman 2014, arXiv
1409.1556): an image is asked about (2 n + 1)^2 times, and costs as many times as much.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from blocklab.networks.network import predict


def predict_shifted(network: nn.Module, images: torch.Tensor, shifts: int) -> torch.Tensor:
    """Return log-probabilities [N, K] averaged over shifts of up to `shifts` pixels each way.

    images: uint8 [N, C, H, W]; black comes in from outside. With 0 shifts it is `predict`, whose
    logits are returned as they are.
    """
    if not shifts:
        return predict(network, images)
    height, width = images.shape[2:]
    around = F.pad(images, (shifts,) * 4)
    steps = range(2 * shifts + 1)
    copies = (
        around[:, :, down : down + height, right : right + width]
        for down in steps
        for right in steps
    )
    logs = torch.stack([predict(network, copy).log_softmax(dim=1) for copy in copies])
    return logs.logsumexp(dim=0) - math.log(len(logs))
