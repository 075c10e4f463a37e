"""Two convolutions through a narrower middle, with an identity shortcut where shapes allow.

He et al. 2015, Deep Residual Learning for Image Recognition, arXiv 1512.03385. The paper's
bottleneck is 1x1, 3x3, 1x1; here, as in the homework, it is two convolutions, 3x3 each unless
`first_kernel` says otherwise.
"""

from torch import nn

from blocklab.networks.blocks.conv import Conv, hidden_channels
from blocklab.networks.blocks.registry import Count, Factor, block


@block("bottleneck")
class Bottleneck(nn.Module):
    """[N, in_channels, H, W] -> [N, out, H, W].

    `residual` tells whether the input is added: only with `shortcut` and in_channels = out.

    Args:
        out: output channels
        shortcut: whether to add the input to the output, where both have the same channels
        expansion: channels between the convolutions, relative to the output channels
        first_kernel: side of the first convolution's square window, in pixels
    """

    def __init__(
        self,
        in_channels: int,
        out: Count,
        shortcut: bool = True,
        expansion: Factor = 0.5,
        first_kernel: Count = 3,
    ) -> None:
        super().__init__()
        hidden = hidden_channels(out, expansion)
        self.reduce = Conv(in_channels, hidden, first_kernel)
        self.expand = Conv(hidden, out, 3)
        self.residual = shortcut and in_channels == out

    def forward(self, x):
        y = self.expand(self.reduce(x))
        return x + y if self.residual else y
