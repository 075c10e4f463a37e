"""Pixels of one value are alike to a block that knows no positions: one of them stands for all."""

from typing import NamedTuple, Self

import torch
from torch import nn

from blocklab.networks.images import LEVELS
from blocklab.networks.kernels.fused import follow_batch


class Alike(NamedTuple):
    """Which pixels of an image are alike.

    which: int64 [N, T], the number of every pixel's value among those of its image.
    counts: float32 [N, D], how many pixels have each value; 0 where an image has fewer values.
    """

    which: torch.Tensor
    counts: torch.Tensor

    @classmethod
    def by_level(cls, levels: torch.Tensor) -> Self:
        """Number the values of uint8 images [N, T] by their level: D = 256, known in advance."""
        return cls._counted(levels.long(), LEVELS)

    @classmethod
    def by_value(cls, values: torch.Tensor) -> Self:
        """Number the values of images [N, T] in rising order; waits for the device."""
        ordered, order = values.detach().sort(dim=1)
        place = nn.functional.pad(ordered[:, 1:] != ordered[:, :-1], (1, 0)).cumsum(dim=1)
        which = torch.empty_like(place).scatter_(1, order, place)
        return cls._counted(which, int(place.max()) + 1)

    @classmethod
    def _counted(cls, which: torch.Tensor, most: int) -> Self:
        counts = torch.zeros(len(which), most, device=which.device)
        return cls(
            which, counts.scatter_add_(1, which, torch.ones_like(counts[:, :1]).expand_as(which))
        )

    def compact(self) -> tuple[torch.Tensor, Self]:
        """Number only the values that an image has; return also the old numbers, [N, D].

        Waits for the device. D becomes the most that an image has; what fills up is 0.
        """
        place = (self.counts > 0).cumsum(dim=1) - 1
        image, old = self.counts.nonzero(as_tuple=True)
        new = place[image, old]
        kept = torch.zeros(len(place), int(place.max()) + 1, dtype=torch.int64, device=place.device)
        kept[image, new] = old
        counts = torch.zeros_like(kept, dtype=self.counts.dtype)
        counts[image, new] = self.counts[image, old]
        return kept, Alike(place.gather(1, self.which), counts)

    def spread(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give every pixel the token of its value: [N, D, C] -> [N, C, T]."""
        # Along the last axis, gather and its gradient go through memory in order.
        channels = tokens.shape[2]
        return (
            tokens.transpose(1, 2)
            .contiguous()
            .gather(2, self.which[:, None].expand(-1, channels, -1))
        )

    def mean(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the mean over the pixels of each value: [N, T, C] -> [N, D, C], 0 where none."""
        images, _, channels = tokens.shape
        sums = tokens.new_zeros(images, channels, self.counts.shape[1])
        sums = sums.scatter_add(
            2, self.which[:, None].expand(-1, channels, -1), tokens.transpose(1, 2)
        )
        return (sums / self.counts.clamp(min=1)[:, None]).transpose(1, 2)


def batch_norm_of_counted(
    x: torch.Tensor, counts: torch.Tensor, norm: nn.BatchNorm2d
) -> torch.Tensor:
    """Normalise rows [D, C] that occur `counts` [D] times each, as norm would all of them."""
    if not norm.training:
        return norm(x[:, :, None, None]).flatten(1)
    share = (counts / counts.sum()).unsqueeze(1)
    mean = (share * x).sum(dim=0)
    variance = (share * (x - mean).square()).sum(dim=0)
    follow_batch(norm, mean.detach(), variance.detach(), counts.sum())
    return (x - mean) * (variance + norm.eps).rsqrt() * norm.weight + norm.bias
