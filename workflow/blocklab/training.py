"""Training: one network, one seed at a time, data resident on the device."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields

import torch
from torch import nn
from tqdm import tqdm

from blocklab.data import PreparedData, Split
from blocklab.errors import UserError
from blocklab.losses import LOSSES
from blocklab.network import Layer, build

log = logging.getLogger(__name__)

OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
EVALUATION_BATCH = 500


@dataclass(frozen=True)
class Settings:
    """What training depends on besides network, data and seed."""

    batch_size: int
    epochs: int
    optimizer: str
    learning_rate: float
    loss: str
    precision: str = "float32"
    compile: bool = False

    @classmethod
    def from_config(cls, section: dict, batch_size: int, precision: str) -> "Settings":
        """Return the settings of one job from the config's `training` section."""
        shared = {field.name: section[field.name] for field in fields(cls) if field.name in section}
        return cls(**shared | {"batch_size": batch_size, "precision": precision})


def initialise(layers: list[Layer], seed: int) -> nn.Module:
    """Return the network as it is before training with `seed`, on the CPU.

    Seeds torch's global random state, which dropout draws from afterwards, so that a seed gives
    the same run alone and in a pack.
    """
    torch.manual_seed(seed)
    return build(layers)


def train(
    layers: list[Layer], data: PreparedData, settings: Settings, seed: int, name: str = "network"
) -> tuple[nn.Module, list[dict[str, float]]]:
    """Train one network from one seed on the device that `data` lies on.

    Returns the trained network and a history row per epoch: seed, epoch (from 1), acc and loss
    (running, over the training images), validation_acc and validation_loss (NaN without a
    validation split), seconds (of the training pass alone).
    Raises UserError if the loss stops being a number.
    """
    device = data.training.images.device
    network = initialise(layers, seed).to(device, memory_format=torch.channels_last)
    step = CompiledOrEager(network) if settings.compile else network
    optimizer = OPTIMIZERS[settings.optimizer](
        network.parameters(), lr=settings.learning_rate, fused=device.type in ("cpu", "cuda")
    )
    order = torch.Generator().manual_seed(seed)
    history = []
    for epoch in range(1, settings.epochs + 1):
        started = time.perf_counter()
        bar = f"{name} seed {seed} epoch {epoch}/{settings.epochs}"
        acc, loss = _train_epoch(step, optimizer, data.training, settings, order, bar)
        seconds = time.perf_counter() - started
        if loss != loss:
            raise UserError(
                f"{name}, seed {seed}, epoch {epoch}: the loss is not a number; lower "
                f"training.learning_rate (now {settings.learning_rate:g})"
            )
        validation_acc, validation_loss = _score(network, data.validation, settings)
        row = {
            "seed": seed,
            "epoch": epoch,
            "acc": acc,
            "loss": loss,
            "validation_acc": validation_acc,
            "validation_loss": validation_loss,
            "seconds": seconds,
        }
        history.append(row)
        log.info(
            "%s: acc %.5f, loss %.5f, validation_acc %.5f, %.1f s",
            bar, acc, loss, validation_acc, seconds,
        )  # fmt: skip
    return network, history


class CompiledOrEager(nn.Module):
    """A network under torch.compile, or as it is, with a warning, where compiling fails.

    Compiling happens at the first batch, so only then does a missing C++ compiler show; where
    torch cannot compile at all, as under a new Python, it says so before that.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.forward_compiled = None
        self.failed = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.failed:
            try:
                if self.forward_compiled is None:
                    self.forward_compiled = torch.compile(self.network)
                return self.forward_compiled(x)
            except Exception as error:  # a compiler's absence has no exception of its own
                self.failed = True
                log.warning("torch.compile failed, going on without it: %s", type(error).__name__)
        return self.network(x)


def as_input(images: torch.Tensor) -> torch.Tensor:
    """Return uint8 images [N, C, H, W] as the floats from 0 to 1 that networks take."""
    return (images.float() / 255).contiguous(memory_format=torch.channels_last)


def predict(network: nn.Module, images: torch.Tensor, precision: str = "float32") -> torch.Tensor:
    """Return the logits [N, K], float32, of uint8 images [N, C, H, W], in evaluation mode."""
    network.eval()
    with torch.inference_mode(), autocast(images.device, precision):
        batches = [network(as_input(batch)).float() for batch in images.split(EVALUATION_BATCH)]
    return torch.cat(batches)


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the context in which the forward pass runs at `precision`."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def _train_epoch(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    split: Split,
    settings: Settings,
    order: torch.Generator,
    bar: str,
) -> tuple[float, float]:
    """Pass once over the split in random order; return running accuracy and mean loss.

    Sums stay on the device until the end: reading one earlier would make a GPU wait.
    """
    network.train()
    device = split.images.device
    loss_function = LOSSES[settings.loss]
    loss_sum = torch.zeros((), device=device)
    correct = torch.zeros((), dtype=torch.int64, device=device)
    for indices in _batches(len(split.labels), settings.batch_size, order, device, bar):
        images, labels = as_input(split.images[indices]), split.labels[indices]
        with autocast(device, settings.precision):
            logits = network(images)
        loss = loss_function(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.detach() * len(labels)
        correct += (logits.argmax(dim=1) == labels).sum()
    return correct.item() / len(split.labels), loss_sum.item() / len(split.labels)


def _batches(
    count: int, size: int, order: torch.Generator, device: torch.device, bar: str
) -> Iterator[torch.Tensor]:
    """Yield a new permutation of `count` indices in batches, under a progress bar on a terminal."""
    permutation = torch.randperm(count, generator=order).to(device)
    yield from tqdm(permutation.split(size), desc=bar, unit="batch", leave=False, disable=None)


def _score(network: nn.Module, split: Split, settings: Settings) -> tuple[float, float]:
    if len(split.labels) == 0:
        return float("nan"), float("nan")
    logits = predict(network, split.images, settings.precision)
    acc = (logits.argmax(dim=1) == split.labels).sum().item() / len(split.labels)
    return acc, LOSSES[settings.loss](logits, split.labels).item()
