"""The benchmark's newcomer, whose plain loop what is faster is held against."""

import sys
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
import newcomer  # noqa: E402


def plain_losses(
    network: nn.Module, batches: Iterable[tuple[torch.Tensor, torch.Tensor]]
) -> list[float]:
    """Return the loss of each step of Adam over batches of uint8 images [N, C, H, W] and labels."""
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    losses = []
    for images, labels in batches:
        optimizer.zero_grad()
        loss = newcomer.double_softmax(network(images.float() / 255), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
