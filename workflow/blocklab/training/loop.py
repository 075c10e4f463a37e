"""The training loop: one network from a pack of seeds, data resident on the device.

vgg reaches 98.85 % of MNIST's test images in ten epochs (95 % interval 98.77 to 98.95; n = 10
seeds, two cores of an AMD EPYC, commit 2e1e06e). Two jobs side by side learn from 4.2 to 5.4 times
as many images a second as a plain loop in networks with convolutions, from 88.8 times as many in
the Transformer (n = 5, two cores of an Intel Xeon with AVX-512 and bfloat16, commit eeea71d).
"""

import logging
import math
import time
from collections.abc import Sequence

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

# What CUDA, cuBLAS and cuDNN call it, in lower case.
NO_MEMORY = ("out of memory", "cudaerrormemoryallocation", "alloc_failed", "allocation_failed")


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
    on_processor = data.training.images.device.type == "cpu"
    at_once = at_once or (1 if on_processor else len(seeds))
    trained, history = [], []
    try:
        for first in range(0, len(seeds), at_once):
            together = seeds[first : first + at_once]
            with kernels(settings.compile and on_processor):
                learners = _train_together(layers, data, settings, together, name, checkpoints)
            history += [row for learner in learners for row in learner.history]
            results = [learner.result() for learner in learners]
            # Optimizers, averages and gradients are several times what is trained.
            learners.clear()
            for network in results:
                network.zero_grad()
            trained += results
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise _out_of_memory(name, settings.batch_size, at_once) from None
    return trained, history


def _train_together(
    layers: list[Layer],
    data: PreparedData,
    settings: Settings,
    seeds: Sequence[int],
    name: str,
    checkpoints: Checkpoints | None,
) -> list[Learner]:
    """Return a learner per seed that has learned for all epochs."""
    learners = [make_learner(layers, data.training, settings, seed) for seed in seeds]
    for learner in learners if checkpoints else ():
        checkpoints.resume(learner)
    for epoch in range(1, settings.epochs + 1):
        behind = [learner for learner in learners if len(learner.history) < epoch]
        run_epoch(behind, data, epoch, name)
        for learner in behind if checkpoints else ():
            checkpoints.save(learner)
    return learners


def run_epoch(learners: Sequence[Learner], data: PreparedData, epoch: int, name: str) -> None:
    """Let every learner pass once over the training images and add a row to its history."""
    if not learners:
        return
    started = time.perf_counter()
    for learner in learners:
        learner.start_epoch()
    starts = range(0, len(data.training.labels), learners[0].stride)
    for start in starts:
        for learner in learners:
            learner.step(start)
    passes = [learner.finish_epoch() for learner in learners]
    seconds = (time.perf_counter() - started) / len(learners)

    for learner, (acc, loss, diverged_at) in zip(learners, passes, strict=True):
        with learner.on_stream():
            validation_acc, validation_loss = _score(learner, data.validation)
        measured = validation_loss if len(data.validation.labels) else loss
        # Weights may be finite and what they compute not.
        step = diverged_at or (None if math.isfinite(measured) else len(learner.losses))
        if step:
            raise _diverged(learner, name, epoch, step)
        learner.history.append(
            {
                "seed": learner.seed,
                "epoch": epoch,
                "acc": acc,
                "loss": loss,
                "validation_acc": validation_acc,
                "validation_loss": validation_loss,
                "seconds": seconds,
            }
        )
        log.info(
            "%s seed %d epoch %d/%d: acc %.5f, loss %.5f, validation_acc %.5f, %.1f s",
            name, learner.seed, epoch, learner.settings.epochs, acc, loss, validation_acc, seconds,
        )  # fmt: skip


def make_learner(layers: list[Layer], split: Split, settings: Settings, seed: int) -> Learner:
    """Return a learner, with its steps captured where there is a CUDA device."""
    learner = Learner(layers, split, settings, seed)
    if not learner.stream:
        return learner
    try:
        learner.capture()
        return learner
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        log.warning("no CUDA graph, so training is slower: %s", str(error).splitlines()[0])
    # Only here is the error gone, and with it what holds the failed learner's memory.
    del learner
    return Learner(layers, split, settings, seed)


def is_out_of_memory(error: BaseException | None) -> bool:
    """Tell whether an error, or one that it came of, says that a GPU's memory does not suffice.

    CUDA's libraries say so in words, and a capture that ends early raises an error of its own.
    """
    while error:
        words = str(error).lower()
        if isinstance(error, torch.OutOfMemoryError) or any(sign in words for sign in NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def _score(learner: Learner, split: Split) -> tuple[float, float]:
    """Return accuracy and mean loss on a split; NaN if it is empty."""
    if len(split.labels) == 0:
        return math.nan, math.nan
    logits = predict(learner.result(), split.images)
    correct = (logits.argmax(dim=1) == split.labels).sum()
    loss = LOSSES[learner.settings.loss].of_tensors(logits, split.labels)
    correct, loss = torch.stack([correct.double(), loss.double()]).tolist()  # one wait for both
    return correct / len(split.labels), loss


def _diverged(learner: Learner, name: str, epoch: int, step: int) -> UserError:
    return UserError(
        f"{name}, seed {learner.seed}, epoch {epoch}, step {step}: loss or weights are no finite "
        f"numbers; lower its learning rate (now {learner.settings.learning_rate:g})"
    )


def _out_of_memory(name: str, batch_size: int, at_once: int) -> UserError:
    advice = f"try networks.{name}.batch_size: {max(1, batch_size // 2)}"
    if at_once > 1:
        advice += f" or seeds.per_job: {at_once // 2}"
    return UserError(
        f"{name}: the GPU's memory does not suffice for batches of {batch_size} and "
        f"{at_once} seeds at once; {advice}"
    )
