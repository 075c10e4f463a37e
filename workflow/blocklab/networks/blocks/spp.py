"""Spatial pyramid pooling inside a network: several window sizes, concatenated.

He et al. 2014, Spatial Pyramid Pooling in Deep Convolutional Networks, arXiv 1406.4729. Here
the pools have stride 1, so the map keeps its size. SPPF, known from YOLOv5, computes the same
from a cascade: two successive 5x5 maxima see 9x9, three see 13x13.
"""

from torch import nn

from blocklab.networks.blocks.conv import Conv
from blocklab.networks.blocks.registry import Count, block
from blocklab.networks.kernels.fused import concatenate, max_pool


class SameSizePool(nn.Module):
    """The largest number in the kernel x kernel window around every pixel, same shape out."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"kernel={kernel} must be odd, so that the map keeps its size")
        self.kernel = kernel

    def forward(self, x):
        return max_pool(x, self.kernel)


def half_of(channels: int) -> int:
    """Return how many channels the pools see; ValueError, with advice, if there is but one."""
    if channels < 2:
        raise ValueError("needs at least 2 channels and gets 1; put a conv before it")
    return channels // 2


@block("spp")
class SPP(nn.Module):
    """[N, in_channels, H, W] -> [N, out, H, W], by pools of `kernel`, 2*kernel-1, 3*kernel-2.

    At the default kernel of 5 these are 5, 9 and 13. Needs at least 2 in_channels: a grey image
    goes through a conv first.

    Args:
        out: output channels
        kernel: side of the smallest square window, in pixels; odd
    """

    def __init__(self, in_channels: int, out: Count, kernel: Count = 5) -> None:
        super().__init__()
        hidden = half_of(in_channels)
        self.reduce = Conv(in_channels, hidden)
        self.pools = nn.ModuleList(SameSizePool(times * (kernel - 1) + 1) for times in (1, 2, 3))
        self.fuse = Conv(4 * hidden, out)

    def forward(self, x):
        x = self.reduce(x)
        return self.fuse(concatenate([x, *(pool(x) for pool in self.pools)]))


@block("sppf")
class SPPF(nn.Module):
    """[N, in_channels, H, W] -> [N, out, H, W]: SPP's result from three small pools in a row.

    Needs at least 2 in_channels: a grey image goes through a conv first.

    Args:
        out: output channels
        kernel: side of the square window of each pool, in pixels; odd
    """

    def __init__(self, in_channels: int, out: Count, kernel: Count = 5) -> None:
        super().__init__()
        hidden = half_of(in_channels)
        self.reduce = Conv(in_channels, hidden)
        self.pool = SameSizePool(kernel)
        self.fuse = Conv(4 * hidden, out)

    def forward(self, x):
        maps = [self.reduce(x)]
        for _ in range(3):
            maps.append(self.pool(maps[-1]))
        return self.fuse(concatenate(maps))
