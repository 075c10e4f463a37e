"""Two convolutions through a narrower middle, with a shortcut where channels allow.

He et al. 2015, Deep Residual Learning for Image Recognition, arXiv 1512.03385. The paper's
bottleneck is 1x1, 3x3, 1x1; here, as in the homework, it is two convolutions, 3x3 each unless
`first_kernel` says otherwise. A projection is the paper's option B: a 1x1 convolution and batch
normalisation on the shortcut where channels differ, the identity elsewhere.
"""

from typing import Literal

from torch import nn

from blocklab.networks.blocks.conv import Conv, hidden_channels
from blocklab.networks.blocks.registry import Count, Factor, block


@block("bottleneck")
class Bottleneck(nn.Module):
    """[N, in_channels, H, W] -> [N, out, H, W].

    `residual` tells whether the input is added: only with `shortcut`, and where in_channels is
    not `out`, only with a projection.

    Args:
        out: output channels
        shortcut: whether to add the input to the output, where both have the same channels; with
            `projection` also elsewhere, after a 1x1 convolution and batch normalisation
        expansion: channels between the convolutions, relative to the output channels
        first_kernel: side of the first convolution's square window, in pixels
    """

    def __init__(
        self,
        in_channels: int,
        out: Count,
        shortcut: bool | Literal["projection"] = True,
        expansion: Factor = 0.5,
        first_kernel: Count = 3,
    ) -> None:
        super().__init__()
        hidden = hidden_channels(out, expansion)
        self.reduce = Conv(in_channels, hidden, first_kernel)
        self.expand = Conv(hidden, out, 3)
        projected = shortcut == "projection" and in_channels != out
        self.shortcut = Conv(in_channels, out, activation="none") if projected else nn.Identity()
        self.residual = projected or (bool(shortcut) and in_channels == out)

    def forward(self, x):
        y = self.expand(self.reduce(x))
        return self.shortcut(x) + y if self.residual else y
