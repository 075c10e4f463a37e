"""What a study asks for and no job could get, said before any."""

import importlib.util
import platform
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import psutil

from blocklab.data.datasets import check_sizes
from blocklab.errors import UserError
from blocklab.jobs.devices import accelerator_present
from blocklab.study.recipe import training_of

CONTAINER = Path("/sys/fs/cgroup/memory.max")  # on Linux; a number if there is a limit
MOMENTS = {"adam": 2, "adamw": 2}  # numbers that an optimizer keeps for each weight


def check_batches(config: Mapping[str, Any], plan: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise UserError for a network that is to learn from a batch of one image, and cannot.

    config: resolved; plan: of its networks.
    """
    images = check_sizes(config["dataset"])
    for name, known in plan.items():
        size = config["networks"][name]["batch_size"]
        if known.get("one_image") and 1 in (size, images % size):
            last = "batches of one image" if size == 1 else "a last batch of one image"
            raise UserError(
                f"networks.{name}.batch_size: {size} of {images} training images makes {last}, "
                f"from which this network cannot learn ({known['one_image']}); take another "
                "batch size"
            )


def check_machine(
    config: Mapping[str, Any],
    plan: Mapping[str, Mapping[str, Any]],
    jobs: Collection[tuple[str, str | None]],
    gpus: int,
) -> None:
    """Raise UserError if this machine lacks the GPU or the memory for jobs that are to run on it.

    jobs: stage and network of each, if it is of one; gpus: how many a training asks for.
    """
    if any(network and stage in ("train", "evaluate", "explain") for stage, network in jobs):
        _check_device(config["training"]["device"])
    memory = memory_bytes()
    for name in sorted({network for stage, network in jobs if network and stage == "train"}):
        training = training_of(config, name)
        needed = needed_bytes(training, config["networks"][name], plan[name], gpus)
        if needed > memory:
            raise UserError(
                f"networks.{name}: {plan[name]['parameters']} parameters and batches of "
                f"{config['networks'][name]['batch_size']} need at least {needed >> 20} MiB to "
                f"train, but this machine has {memory >> 20} MiB; make layers narrower, or "
                "batch_size smaller"
            )


def memory_bytes() -> int:
    """Return the memory that this machine, or the container we are in, has in all."""
    total = psutil.virtual_memory().total
    try:
        return min(total, int(CONTAINER.read_text(encoding="ascii")))
    except (OSError, ValueError):  # no container, or "max"
        return total


def needed_bytes(
    training: Mapping[str, Any], network: Mapping[str, Any], known: Mapping[str, Any], gpus: int
) -> int:
    """Return what one seed's training takes of the machine's memory at least.

    Weights, their gradient, their average and what the optimizer keeps, in float32; and what a step
    keeps of its images, in half of that where it may be bfloat16. With a GPU, only the weights
    begin here.
    """
    weights = 4 * known.get("parameters", 0)
    if gpus:
        return weights
    images = network["batch_size"] * known.get("kept_bytes", 0)
    share = 1 if training["precision"] == "float32" else 2
    copies = 2 + MOMENTS.get(training["optimizer"], int(training["momentum"] > 0))
    copies += training["average"] != "none"
    return weights * copies + images // share


def _check_device(setting: str) -> None:
    if setting not in ("cuda", "mps") or _present(setting):
        return
    raise UserError(
        f"training.device: {setting}, but torch can use no such GPU on this machine; "
        "use auto or cpu"
    )


def _present(device: str) -> bool:
    mac = platform.system() == "Darwin"
    if (device == "mps") != mac:
        return False
    if accelerator_present() or not importlib.util.find_spec("torch"):
        return True
    # NVML knows NVIDIA's alone, and may be missing; torch is asked last, as it takes seconds.
    import torch

    return torch.cuda.is_available()
