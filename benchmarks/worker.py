"""One training loop in a process of its own, an epoch at a time when told to.

    python benchmarks/worker.py '{"loop": "plain", "network": "vgg", ...}'

Prints {"ready": seconds since the epoch} before its first epoch; for every line on its input
{"seconds": ..., "finished": ...}; at the input's end {"peak_bytes": ..., "before_bytes": ...}.
`run.py` holds several of these and lets them take turns.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch

FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "workflow")]


class Gate:
    """Called before every epoch: reports the one before, waits, and says whether to go on.

    `memory` says what is measured: the process's ("cpu"), what torch has reserved of a GPU's
    ("cuda": captured graphs keep what they need, unseen among what is allocated), or what JAX uses
    of it ("jax").
    """

    def __init__(self, memory: str) -> None:
        self.memory = memory
        self.started: float | None = None
        self.before = 0

    def data_is_there(self) -> None:
        """Note what the process holds before there is a network, so that a capture is a step's."""
        self.before, _ = self._held_and_peak()

    def __call__(self) -> bool:
        if self.memory == "cuda":
            torch.cuda.synchronize()
        now = time.time()
        if self.started is None:
            report(ready=now)
        else:
            report(seconds=now - self.started, finished=now)
        going_on = bool(sys.stdin.readline())
        if not going_on:
            _, peak = self._held_and_peak()
            report(peak_bytes=peak, before_bytes=self.before)
        self.started = time.time()
        return going_on

    def _held_and_peak(self) -> tuple[int, int]:
        if self.memory == "cuda":
            return torch.cuda.memory_reserved(), torch.cuda.max_memory_reserved()
        if self.memory == "jax":
            import jax

            used = jax.local_devices()[0].memory_stats()
            return used["bytes_in_use"], used["peak_bytes_in_use"]
        return _status("VmRSS"), _status("VmHWM")


def report(**values: float) -> None:
    print(json.dumps(values), flush=True)


def _status(key: str) -> int:
    """Return an entry of this process's memory, in bytes; 0 where the system is not Linux."""
    status = Path("/proc/self/status")
    text = status.read_text() if status.exists() else f"{key}: 0"
    return int(text.partition(f"{key}:")[2].split()[0]) * 1024


def made_up_images(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return uint8 images [N, 28, 28] of all grey values on black, and labels [N].

    A machine without the data set can run this. What an image shows changes no time but the
    Transformer's, which takes longer the more grey values there are: these have more than digits.
    """
    generator = torch.Generator().manual_seed(0)
    images = torch.zeros(count, 28, 28, dtype=torch.uint8)
    ink = torch.randint(0, 256, (count, 16, 16), generator=generator)
    images[:, 6:22, 6:22] = ink.to(torch.uint8)
    return images, torch.randint(0, 10, (count,), generator=generator)


def resized(images: torch.Tensor, size: int) -> torch.Tensor:
    """Return the images as uint8 [N, 1, size, size]."""
    from torchvision.transforms.v2.functional import resize

    return resize(images.unsqueeze(1), [size, size])


def plain(job: dict, images: torch.Tensor, labels: torch.Tensor) -> None:
    import newcomer

    batches = newcomer.loader(images, labels, job["input_size"], job["batch_size"])
    gate = Gate(job["device"])
    gate.data_is_there()
    newcomer.train(newcomer.NETWORKS[job["network"]](), batches, job["device"], gate)


def lightning(job: dict, images: torch.Tensor, labels: torch.Tensor) -> None:
    import newcomer
    import trainer

    batches = newcomer.loader(images, labels, job["input_size"], job["batch_size"])
    gate = Gate(job["device"])
    gate.data_is_there()
    trainer.train(newcomer.NETWORKS[job["network"]](), batches, job["device"], gate)


def job_of_blocklab(job: dict, images: torch.Tensor, labels: torch.Tensor) -> tuple:
    """Return layers, split and settings, and set the process up, as scripts/train.py does."""
    from blocklab.data.prepared import Split
    from blocklab.jobs.devices import choose_precision, prepare_cuda, prepare_processor
    from blocklab.networks.network import resolve
    from blocklab.training.settings import Settings

    device, size = job["device"], job["input_size"]
    if job.get("keep_memory", True):
        prepare_processor(threads=1)
    else:
        torch.set_num_threads(1)
    prepare_cuda(job["seeds"], deterministic=False)
    settings = Settings(
        batch_size=job["batch_size"],
        epochs=10,
        optimizer="adam",
        learning_rate=0.001,
        loss="double_softmax_cross_entropy",
        precision=choose_precision(job["precision"], device),
    )
    positions = torch.arange(len(labels))
    split = Split(resized(images, size).to(device), labels.to(device), positions.to(device))
    return resolve(job["network"], job["layers"], (1, size, size), 10, "cpu"), split, settings


def blocklab(job: dict, images: torch.Tensor, labels: torch.Tensor) -> None:
    """What scripts/train.py does, with a stop before every epoch."""
    from blocklab.data.prepared import PreparedData
    from blocklab.networks.kernels.compiled import kernels
    from blocklab.training.learner import Learner
    from blocklab.training.loop import make_learner, run_epoch

    layers, split, settings = job_of_blocklab(job, images, labels)
    data = PreparedData(split, split.at(np.arange(0)), split.at(np.arange(0)))
    make = make_learner if job.get("capture", True) else Learner
    gate = Gate(job["device"])
    gate.data_is_there()
    with kernels(job.get("compile", True) and job["device"] == "cpu"):
        learners = [make(layers, split, settings, seed) for seed in range(job["seeds"])]
        while gate():
            run_epoch(learners, data, 1, job["network"])


def jax_step(job: dict, images: torch.Tensor, labels: torch.Tensor) -> None:
    """The step by hand; `core` keeps it, and the threads it starts, on one core."""
    if "core" in job:
        os.sched_setaffinity(0, {job["core"]})
    from peers import jax_step

    _peer(job, images, labels, jax_step.train, whole_epochs=job["device"] == "cuda")


def keras_jax(job: dict, images: torch.Tensor, labels: torch.Tensor) -> None:
    from peers import keras_jax

    _peer(job, images, labels, keras_jax.train)


def _peer(job: dict, images: torch.Tensor, labels: torch.Tensor, train, **options) -> None:
    """Train on the images in memory, resized once: NumPy arrays, channels last."""
    import jax

    platform = jax.default_backend()
    if platform != {"cpu": "cpu", "cuda": "gpu"}[job["device"]]:
        raise SystemExit(f"JAX runs on {platform}, not on {job['device']}")
    pictures = resized(images, job["input_size"]).permute(0, 2, 3, 1).contiguous().numpy()
    gate = Gate("jax" if job["device"] == "cuda" else "cpu")
    gate.data_is_there()
    kinds = labels.to(torch.int32).numpy()
    train(job["network"], pictures, kinds, job["batch_size"], job["precision"], gate, **options)


LOOPS = {
    "plain": plain,
    "lightning": lightning,
    "blocklab": blocklab,
    "jax": jax_step,
    "keras": keras_jax,
}

if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    LOOPS[job["loop"]](job, *made_up_images(job["images"]))
