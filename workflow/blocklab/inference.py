"""From stored images to a network's logits."""

import torch
from torch import nn

BATCH = 500


def as_input(images: torch.Tensor) -> torch.Tensor:
    """Return uint8 images [N, C, H, W] as the floats from 0 to 1 that networks take."""
    return (images.float() / 255).contiguous(memory_format=torch.channels_last)


def predict(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Return the logits [N, K] of uint8 images [N, C, H, W], in evaluation mode and float32."""
    network.eval()
    with torch.inference_mode():
        return torch.cat([network(as_input(batch)) for batch in images.split(BATCH)])
