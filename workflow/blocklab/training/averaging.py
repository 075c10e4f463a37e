"""Averages of a network's weights over the steps of its training, which take the place of the last.

ema: an exponential moving average over steps, corrected for its start at zero as Adam's moments are
(Kingma & Ba 2014, arXiv 1412.6980); running statistics of batch normalisation are averaged with
it. last_epochs: the mean of the weights after each of the last epochs (Izmailov et al. 2018, arXiv
1803.05407); batch statistics are taken anew from the training images.
ema adds less than 1 % to a step of vgg (docs/benchmark/recipe.md), last_epochs nothing.

torch's AveragedModel asks the device at every step whether it is the first, which a CUDA graph
cannot; its arithmetic is used here.
"""

from collections.abc import Iterable

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn, update_bn

from blocklab.training.settings import Settings


class Average:
    """The weighted sum of what a network was, on its device, and the weights' sum.

    Floating-point tensors of the network's state are averaged; counts are the last.
    """

    def __init__(self, network: nn.Module, settings: Settings) -> None:
        self.kind = settings.average
        # ema counts from the first step on.
        last = settings.average_epochs if self.kind == "last_epochs" else settings.epochs
        self.first_epoch = settings.epochs - last + 1
        state = network.state_dict() if self.kind != "none" else {}
        self.live = {name: value for name, value in state.items() if value.is_floating_point()}
        self.sums = {name: torch.zeros_like(value) for name, value in self.live.items()}
        self.weight = torch.zeros((), device=next(network.parameters()).device)
        self._one = torch.ones_like(self.weight)
        self._follow = get_ema_multi_avg_fn(settings.average_decay)

    @torch.no_grad()
    def after_step(self) -> None:
        """Follow the weights after a step."""
        if self.kind == "ema":
            self._follow([*self.sums.values(), self.weight], [*self.live.values(), self._one], None)

    @torch.no_grad()
    def after_epoch(self, epoch: int) -> None:
        """Count the weights after an epoch, from 1, if it is one of the last."""
        if self.kind == "last_epochs" and epoch >= self.first_epoch:
            for name, value in self.live.items():
                self.sums[name] += value
            self.weight += 1

    @torch.no_grad()
    def put_into(self, network: nn.Module, images: Iterable[torch.Tensor], epoch: int) -> None:
        """Give a network, which has the weights after `epoch`, those of the average, if it began.

        images: batches of what the network takes, for batch statistics; used by last_epochs alone.
        """
        if epoch < self.first_epoch:
            return
        network.load_state_dict(
            {name: value / self.weight for name, value in self.sums.items()}, strict=False
        )
        if self.kind == "last_epochs":
            update_bn(images, network)

    def state(self) -> dict[str, torch.Tensor]:
        """Return what the next step depends on, by name."""
        return {"weight": self.weight} | {f"sum.{name}": x for name, x in self.sums.items()}
