"""Training: one network from a pack of seeds, data resident on the device."""

import logging
import math
import time
from collections.abc import Iterable, Sequence

import torch
from torch import nn

from blocklab.data.prepared import PreparedData, Split
from blocklab.errors import UserError
from blocklab.losses import LOSSES
from blocklab.networks.kernels.compiled import kernels
from blocklab.networks.network import Layer, predict
from blocklab.training.checkpoint import Checkpoints
from blocklab.training.learner import Learner
from blocklab.training.settings import Settings

log = logging.getLogger(__name__)


def train(
    layers: list[Layer],
    data: PreparedData,
    settings: Settings,
    seeds: Sequence[int],
    name: str = "network",
    at_once: int | None = None,
    checkpoints: Checkpoints | None = None,
) -> tuple[list[nn.Module], list[dict[str, float]]]:
    """Train one network from each seed on the device that `data` lies on.

    `at_once` seeds learn side by side: all of them on a GPU, which one small network cannot fill,
    and one on a processor, whose caches it does. A seed's result does not depend on the others.
    With `checkpoints`, each goes on after the last epoch that was kept, to the same result.

    Returns the trained networks and a history row per seed and epoch: seed, epoch (from 1), acc
    and loss (running, over the training images), validation_acc and validation_loss (NaN without
    a validation split), seconds (of the training pass alone, divided by the seeds at once).
    Raises UserError if a loss or weights are not finite, or if the GPU's memory does not suffice.
    """
    at_once = at_once or (len(seeds) if data.training.images.is_cuda else 1)
    done: list[Learner] = []
    on_processor = data.training.images.device.type == "cpu"
    try:
        with kernels(settings.compile and on_processor):
            for first in range(0, len(seeds), at_once):
                together = seeds[first : first + at_once]
                done += _train_together(layers, data, settings, together, name, checkpoints)
    except torch.OutOfMemoryError:
        advice = f"try networks.{name}.batch_size: {max(1, settings.batch_size // 2)}"
        if at_once > 1:
            advice += f" or seeds.per_job: {at_once // 2}"
        raise UserError(
            f"{name}: the GPU's memory does not suffice for batches of {settings.batch_size} and "
            f"{at_once} seeds at once; {advice}"
        ) from None
    history = [row for learner in done for row in learner.history]
    return [learner.network for learner in done], history


def _train_together(
    layers: list[Layer],
    data: PreparedData,
    settings: Settings,
    seeds: Sequence[int],
    name: str,
    checkpoints: Checkpoints | None,
) -> list[Learner]:
    """Return a learner per seed that has passed all epochs, those before a kill included."""
    learners = [make_learner(layers, data.training, settings, seed) for seed in seeds]
    for learner in learners:
        if checkpoints:
            checkpoints.resume(learner)
    for epoch in range(1, settings.epochs + 1):
        behind = [learner for learner in learners if len(learner.history) < epoch]
        if behind:
            run_epoch(behind, data, epoch, name)
        for learner in behind:
            if checkpoints:
                checkpoints.save(learner)
    return learners


def make_learner(layers: list[Layer], split: Split, settings: Settings, seed: int) -> Learner:
    """Return a learner, with its step captured where there is a CUDA device."""
    learner = Learner(layers, split, settings, seed)
    if learner.stream:
        try:
            learner.capture()
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            log.warning("no CUDA graph, so training is slower: %s", reason)
            return Learner(layers, split, settings, seed)
    return learner


def run_epoch(learners: list[Learner], data: PreparedData, epoch: int, name: str) -> None:
    """Let every learner pass once over the training images and add a row to its history."""
    settings = learners[0].settings
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
    for learner, (acc, loss) in zip(learners, running, strict=True):
        row = _row(learner, acc, loss, data.validation, epoch, seconds, name)
        learner.history.append(row)


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
    with learner.on_stream():
        validation_acc, validation_loss = _score(learner.network, validation, settings.loss)
    step = learner.diverged_at()
    # Weights may be finite and what they compute not.
    if step is None and len(validation.labels) and not math.isfinite(validation_loss):
        step = -(-len(learner.permutation) // settings.batch_size)
    if step:
        raise UserError(
            f"{name}, seed {learner.seed}, epoch {epoch}, step {step}: loss or weights are no "
            f"finite numbers; lower training.learning_rate (now {settings.learning_rate:g})"
        )
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
    return acc, LOSSES[loss].of_tensors(logits, split.labels).item()
