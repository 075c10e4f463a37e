"""The block of ResNet-18 and ResNet-34: two 3x3 convolutions and what they are added to.

He et al. 2015, Deep Residual Learning for Image Recognition, arXiv 1512.03385, Figure 5 left. Where
the shape changes, the shortcut is the paper's option B, a 1x1 convolution and batch normalisation.
"""

from torch import nn

from blocklab.networks.blocks.basic import ACTIVATIONS
from blocklab.networks.blocks.conv import Conv
from blocklab.networks.blocks.registry import ActivationName, Count, block


@block("basic_block")
class BasicBlock(nn.Module):
    """[N, in_channels, H, W] -> [N, out, H / stride, W / stride], rounded up.

    The last activation comes after the sum.

    Args:
        out: output channels
        stride: pixels from one window of the first convolution to the next
        activation: function applied to each number after the first convolution and at the end
    """

    residual = True

    def __init__(
        self, in_channels: int, out: Count, stride: Count = 1, activation: ActivationName = "relu"
    ) -> None:
        super().__init__()
        self.first = Conv(in_channels, out, 3, stride, activation=activation)
        self.second = Conv(out, out, 3, activation="none")
        same = stride == 1 and in_channels == out
        self.shortcut = (
            nn.Identity() if same else Conv(in_channels, out, stride=stride, activation="none")
        )
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x):
        return self.activation(self.shortcut(x) + self.second(self.first(x)))
