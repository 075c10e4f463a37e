"""Convolution, batch normalisation, activation: the unit the other blocks are made of.

Batch normalisation: Ioffe & Szegedy 2015, arXiv 1502.03167. SiLU: Elfwing et al. 2017,
arXiv 1702.03118. Depthwise convolution: Chollet 2016, Xception, arXiv 1610.02357; Howard et al.
2017, MobileNets, arXiv 1704.04861.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from blocklab.networks.blocks.basic import ACTIVATIONS
from blocklab.networks.blocks.registry import ActivationName, Count, Size, block
from blocklab.networks.kernels.fused import batch_norm_activation


def hidden_channels(channels: int, expansion: float) -> int:
    """Return `channels * expansion`, or raise ValueError if that leaves none."""
    hidden = int(channels * expansion)
    if hidden < 1:
        enough = f"; at least {math.ceil(1 / expansion)} would" if expansion else ""
        raise ValueError(f"{channels} channels at {expansion:g} leave no hidden channel{enough}")
    return hidden


class Convolution(nn.Conv2d):
    """nn.Conv2d, except that one channel times one weight each is computed as the product it is.

    Libraries for convolutions are several times slower at that, and lose the channels_last layout.
    Under autocast it is computed in float32 all the same: the weights' gradient is a sum over all
    pixels, which torch takes several times as long for in bfloat16.
    """

    def forward(self, x):
        single = self.in_channels == 1 and self.kernel_size == (1, 1)
        if not (single and self.stride == (1, 1) and self.padding == (0, 0)):
            return super().forward(x)
        if x.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return self._product(x)
        with torch.autocast("cpu", enabled=False):
            return self._product(x.float()).to(torch.get_autocast_dtype("cpu"))

    def _product(self, x):
        y = F.linear(x.permute(0, 2, 3, 1), self.weight.flatten(1), self.bias)
        return y.permute(0, 3, 1, 2)


@block("conv")
class Conv(nn.Module):
    """[N, in_channels, H, W] -> [N, out, H', W']; H' = H / stride by default, if `kernel` is odd.

    With `norm`, the convolution needs no bias: batch normalisation has its own.

    Args:
        out: output channels
        kernel: side of the square window, in pixels
        stride: pixels from one window to the next
        padding: pixels of zeros on each side of the map; kernel // 2 if null
        groups: groups of channels, each convolved separately
        activation: function applied to each number at the end
        norm: whether batch normalisation follows the convolution
        bias: whether the convolution adds a learned number to each channel
    """

    def __init__(
        self,
        in_channels: int,
        out: Count,
        kernel: Count = 1,
        stride: Count = 1,
        padding: Size | None = None,
        groups: Count = 1,
        activation: ActivationName = "silu",
        norm: bool = True,
        bias: bool = False,
    ) -> None:
        super().__init__()
        if in_channels % groups or out % groups:
            raise ValueError(f"groups={groups} must divide both {in_channels} and {out} channels")
        padding = kernel // 2 if padding is None else padding
        self.convolution = Convolution(
            in_channels, out, kernel, stride, padding, groups=groups, bias=bias
        )
        self.norm = nn.BatchNorm2d(out) if norm else nn.Identity()
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x):
        x = self.convolution(x)
        if isinstance(self.norm, nn.Identity):
            return self.activation(x)
        return batch_norm_activation(x, self.norm, self.activation)


@block("dwconv")
class DWConv(Conv):
    """Depthwise Conv: as many groups as the channels allow, so channels do not mix.

    With `out` unlike `in_channels`, the number of groups is their greatest common divisor.

    Args:
        out: output channels
        kernel: side of the square window, in pixels
        stride: pixels from one window to the next
        activation: function applied to each number at the end
    """

    def __init__(
        self,
        in_channels: int,
        out: Count,
        kernel: Count = 3,
        stride: Count = 1,
        activation: ActivationName = "silu",
    ) -> None:
        groups = math.gcd(in_channels, out)
        super().__init__(in_channels, out, kernel, stride, groups=groups, activation=activation)
