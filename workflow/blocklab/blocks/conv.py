"""Convolution, batch normalisation, activation: the unit the other blocks are made of.

Batch normalisation: Ioffe & Szegedy 2015, arXiv 1502.03167. SiLU: Elfwing et al. 2017,
arXiv 1702.03118. Depthwise convolution: Chollet 2016, Xception, arXiv 1610.02357; Howard et al.
2017, MobileNets, arXiv 1704.04861.
"""

import math

from torch import nn

from blocklab.blocks.basic import ACTIVATIONS
from blocklab.blocks.registry import ActivationName, Count, Size, block


@block("conv", paper=True)
class Conv(nn.Module):
    """[N, in_channels, H, W] -> [N, out, H', W']; H' = H / stride at the default padding.

    `padding` is kernel // 2 unless given. With `norm`, the convolution needs no bias: batch
    normalisation has its own.
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
        self.convolution = nn.Conv2d(
            in_channels, out, kernel, stride, padding, groups=groups, bias=bias
        )
        self.norm = nn.BatchNorm2d(out) if norm else nn.Identity()
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x):
        return self.activation(self.norm(self.convolution(x)))


@block("dwconv", paper=True)
class DWConv(Conv):
    """Depthwise Conv: as many groups as the channels allow, so channels do not mix.

    With `out` unlike `in_channels`, the number of groups is their greatest common divisor.
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
