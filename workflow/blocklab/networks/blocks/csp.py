"""Cross stage partial blocks: one branch goes through bottlenecks, the other around them.

Wang et al. 2019, CSPNet, arXiv 1911.11929. C3 is the form with three convolutions that YOLOv5
made known; it has no paper of its own.
"""

from torch import nn

from blocklab.networks.blocks.bottleneck import Bottleneck
from blocklab.networks.blocks.conv import Conv, Convolution, hidden_channels
from blocklab.networks.blocks.registry import Count, Factor, block
from blocklab.networks.kernels.fused import batch_norm_activation, concatenate


@block("bottleneck_csp")
class BottleneckCSP(nn.Module):
    """[N, in_channels, H, W] -> [N, out, H, W], with `depth` bottlenecks in the deep branch.

    Both branches end in a bare 1x1 convolution; one batch normalisation and activation serve
    their concatenation.

    Args:
        out: output channels
        depth: bottlenecks in the deep branch, one after another
        shortcut: whether each bottleneck adds its input to its output
        expansion: channels of each branch, relative to the output channels
    """

    def __init__(
        self,
        in_channels: int,
        out: Count,
        depth: Count = 1,
        shortcut: bool = True,
        expansion: Factor = 0.5,
    ) -> None:
        super().__init__()
        hidden = hidden_channels(out, expansion)
        self.deep = nn.Sequential(
            Conv(in_channels, hidden),
            *(Bottleneck(hidden, hidden, shortcut, expansion=1.0) for _ in range(depth)),
            Convolution(hidden, hidden, 1, bias=False),
        )
        self.around = Convolution(in_channels, hidden, 1, bias=False)
        self.norm = nn.BatchNorm2d(2 * hidden)
        self.activation = nn.SiLU()
        self.fuse = Conv(2 * hidden, out)

    def forward(self, x):
        y = concatenate([self.deep(x), self.around(x)])
        return self.fuse(batch_norm_activation(y, self.norm, self.activation))


@block("c3")
class C3(nn.Module):
    """[N, in_channels, H, W] -> [N, out, H, W]: BottleneckCSP with one convolution less.

    The bottlenecks are 1x1 then 3x3, and each branch normalises for itself.

    Args:
        out: output channels
        depth: bottlenecks in the deep branch, one after another
        shortcut: whether each bottleneck adds its input to its output
        expansion: channels of each branch, relative to the output channels
    """

    def __init__(
        self,
        in_channels: int,
        out: Count,
        depth: Count = 1,
        shortcut: bool = True,
        expansion: Factor = 0.5,
    ) -> None:
        super().__init__()
        hidden = hidden_channels(out, expansion)
        self.deep = nn.Sequential(
            Conv(in_channels, hidden),
            *(
                Bottleneck(hidden, hidden, shortcut, expansion=1.0, first_kernel=1)
                for _ in range(depth)
            ),
        )
        self.around = Conv(in_channels, hidden)
        self.fuse = Conv(2 * hidden, out)

    def forward(self, x):
        return self.fuse(concatenate([self.deep(x), self.around(x)]))
