"""Training: one network from a pack of seeds, data resident on the device."""

import logging
import time
from collections.abc import Iterable, Sequence

from torch import nn

from blocklab.data import PreparedData, Split
from blocklab.errors import UserError
from blocklab.inference import predict
from blocklab.kernels import kernels
from blocklab.learner import Learner, Settings
from blocklab.losses import LOSSES
from blocklab.network import Layer

log = logging.getLogger(__name__)


def train(
    layers: list[Layer],
    data: PreparedData,
    settings: Settings,
    seeds: Sequence[int],
    name: str = "network",
    at_once: int | None = None,
) -> tuple[list[nn.Module], list[dict[str, float]]]:
    """Train one network from each seed on the device that `data` lies on.

    `at_once` seeds learn side by side: all of them on a GPU, which one small network cannot fill,
    and one on a processor, whose caches it does. A seed's result does not depend on the others.

    Returns the trained networks and a history row per seed and epoch: seed, epoch (from 1), acc
    and loss (running, over the training images), validation_acc and validation_loss (NaN without
    a validation split), seconds (of the training pass alone, divided by the seeds at once).
    Raises UserError if a loss stops being a number.
    """
    at_once = at_once or (len(seeds) if data.training.images.is_cuda else 1)
    networks, history = [], []
    on_processor = data.training.images.device.type == "cpu"
    with kernels(settings.compile and on_processor):
        for first in range(0, len(seeds), at_once):
            learners = [
                make_learner(layers, data.training, settings, seed)
                for seed in seeds[first : first + at_once]
            ]
            for epoch in range(1, settings.epochs + 1):
                history += run_epoch(learners, data, settings, epoch, name)
            networks += [learner.network for learner in learners]
    return networks, sorted(history, key=lambda row: (seeds.index(row["seed"]), row["epoch"]))


def make_learner(layers: list[Layer], split: Split, settings: Settings, seed: int) -> Learner:
    """Return a learner, with its step captured where there is a CUDA device."""
    learner = Learner(layers, split, settings, seed)
    if learner.stream:
        try:
            learner.capture()
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            log.warning("no CUDA graph, so training is slower: %s", reason)
            return Learner(layers, split, settings, seed)
    return learner


def run_epoch(
    learners: list[Learner], data: PreparedData, settings: Settings, epoch: int, name: str
) -> list[dict[str, float]]:
    """Let every learner pass once over the training images; return their rows of the history."""
    seeds = ", ".join(str(learner.seed) for learner in learners)
    bar = f"{name} seed {seeds} epoch {epoch}/{settings.epochs}"
    started = time.perf_counter()
    for learner in learners:
        learner.start_epoch()
    starts = range(0, len(data.training.labels), settings.batch_size)
    for start in _progress(starts, bar):
        for learner in learners:
            learner.step(start)
    running = [learner.running() for learner in learners]
    seconds = (time.perf_counter() - started) / len(learners)
    return [
        _row(learner, acc, loss, data.validation, epoch, seconds, name)
        for learner, (acc, loss) in zip(learners, running, strict=True)
    ]


def _progress(starts: range, bar: str) -> Iterable[int]:
    """Return `starts`, under a progress bar on a terminal if tqdm is there."""
    try:
        from tqdm import tqdm
    except ImportError:
        return starts
    return tqdm(starts, desc=bar, unit="batch", leave=False, disable=None)


def _row(
    learner: Learner,
    acc: float,
    loss: float,
    validation: Split,
    epoch: int,
    seconds: float,
    name: str,
) -> dict[str, float]:
    settings = learner.settings
    if loss != loss:
        raise UserError(
            f"{name}, seed {learner.seed}, epoch {epoch}: the loss is not a number; lower "
            f"training.learning_rate (now {settings.learning_rate:g})"
        )
    with learner.on_stream():
        validation_acc, validation_loss = _score(learner.network, validation, settings.loss)
    log.info(
        "%s seed %d epoch %d/%d: acc %.5f, loss %.5f, validation_acc %.5f, %.1f s",
        name, learner.seed, epoch, settings.epochs, acc, loss, validation_acc, seconds,
    )  # fmt: skip
    return {
        "seed": learner.seed,
        "epoch": epoch,
        "acc": acc,
        "loss": loss,
        "validation_acc": validation_acc,
        "validation_loss": validation_loss,
        "seconds": seconds,
    }


def _score(network: nn.Module, split: Split, loss: str) -> tuple[float, float]:
    if len(split.labels) == 0:
        return float("nan"), float("nan")
    logits = predict(network, split.images)
    acc = (logits.argmax(dim=1) == split.labels).sum().item() / len(split.labels)
    return acc, LOSSES[loss](logits, split.labels).item()
