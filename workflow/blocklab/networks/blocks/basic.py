"""Layers that are no block of their own: activations, dropout, flatten, linear.

Dropout: Srivastava et al. 2014, JMLR 15:1929. Dropping whole channels: Tompson et al. 2014,
Efficient Object Localization Using Convolutional Networks, arXiv 1411.4280.
"""

import torch
from torch import nn

from blocklab.networks.blocks.registry import ActivationName, Count, Fraction, block

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
class Dropout(nn.Module):
    """Zero single elements with probability `rate` while training.

    Args:
        rate: chance of each element to be zeroed
    """

    # Networks that train side by side each have their own chance; None is torch's for all.
    generator: torch.Generator | None = None

    def __init__(self, rate: Fraction = 0.5) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if not self.training or self.rate == 0:
            return x
        kept = torch.empty(self._units(x), dtype=x.dtype, device=x.device)
        kept.bernoulli_(1 - self.rate, generator=self.generator)
        return x * kept if self.rate == 1 else x * (kept / (1 - self.rate))

    def _units(self, x):
        """Return the shape of what is zeroed or kept as one, to be broadcast to that of `x`."""
        return x.shape


@block("channel_dropout")
class ChannelDropout(Dropout):
    """Zero whole channels of [N, C, H, W] with probability `rate` while training.

    Args:
        rate: chance of each channel to be zeroed
    """

    def _units(self, x):
        return x.shape[:2] + (1,) * (x.dim() - 2)


@block("flatten")
class Flatten(nn.Flatten):
    """[N, C, H, W] -> [N, C*H*W]."""

    def __init__(self) -> None:
        super().__init__()

    def forward(self, x):
        if x.requires_grad and x.is_contiguous(memory_format=torch.channels_last):
            # The gradient comes in the vector's order, which the layers before are slow with.
            x.register_hook(lambda gradient: gradient.contiguous(memory_format=torch.channels_last))
        return super().forward(x)


@block("linear")
class Linear(nn.Module):
    """[N, in_features] -> [N, out], then the activation.

    Args:
        out: output features; `classes` stands for the number of classes
        bias: whether to add a learned number to each feature
        activation: function applied to each feature at the end
    """

    def __init__(
        self, in_features: int, out: Count, bias: bool = True, activation: ActivationName = "none"
    ) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, out, bias=bias)
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x):
        return self.activation(self.linear(x))
