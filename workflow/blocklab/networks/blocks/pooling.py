"""Pooling: maximum, average, and one number per channel.

Global average pooling in place of fully connected layers: Lin et al. 2013, Network in Network,
arXiv 1312.4400.
"""

from torch import nn

from blocklab.networks.blocks.registry import Count, block


@block("maxpool")
class MaxPool(nn.MaxPool2d):
    """[N, C, H, W] -> [N, C, H/size, W/size], the largest of each window.

    Args:
        size: side of the square window, and pixels from one to the next
    """

    def __init__(self, size: Count = 2) -> None:
        super().__init__(size)


@block("avgpool")
class AvgPool(nn.AvgPool2d):
    """[N, C, H, W] -> [N, C, H/size, W/size], the mean of each window.

    Args:
        size: side of the square window, and pixels from one to the next
    """

    def __init__(self, size: Count = 2) -> None:
        super().__init__(size)


@block("global_avgpool")
class GlobalAvgPool(nn.Module):
    """[N, C, H, W] -> [N, C], the mean of each channel."""

    def forward(self, x):
        return x.mean(dim=(2, 3))
