"""Layers that are no block of their own: activations, dropout, flatten, linear.

Dropout: Srivastava et al. 2014, JMLR 15:1929. Dropping whole channels: Tompson et al. 2014,
Efficient Object Localization Using Convolutional Networks, arXiv 1411.4280.
"""

from torch import nn

from blocklab.blocks.registry import ActivationName, Count, Fraction, block

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "silu": nn.SiLU,
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "none": nn.Identity,
}


@block("relu")
class ReLU(nn.ReLU):
    """max(x, 0), any shape."""

    def __init__(self) -> None:
        super().__init__()


@block("silu")
class SiLU(nn.SiLU):
    """x * sigmoid(x), any shape."""

    def __init__(self) -> None:
        super().__init__()


@block("dropout")
class Dropout(nn.Dropout):
    """Zero single elements with probability `rate` while training."""

    def __init__(self, rate: Fraction = 0.5) -> None:
        super().__init__(rate)


@block("channel_dropout")
class ChannelDropout(nn.Dropout2d):
    """Zero whole channels of [N, C, H, W] with probability `rate` while training."""

    def __init__(self, rate: Fraction = 0.5) -> None:
        super().__init__(rate)


@block("flatten")
class Flatten(nn.Flatten):
    """[N, C, H, W] -> [N, C*H*W]."""

    def __init__(self) -> None:
        super().__init__()


@block("linear")
class Linear(nn.Module):
    """[N, in_features] -> [N, out], then the activation."""

    def __init__(
        self, in_features: int, out: Count, bias: bool = True, activation: ActivationName = "none"
    ) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, out, bias=bias)
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x):
        return self.activation(self.linear(x))
