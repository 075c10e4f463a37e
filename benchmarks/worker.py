"""One training loop in a process of its own, an epoch at a time when told to.

    python benchmarks/worker.py '{"loop": "plain", "network": "vgg", ...}'

Prints {"ready": seconds since the epoch} before its first epoch; for every line on its input
{"seconds": ..., "finished": ...}; at the input's end {"peak_bytes": ..., "before_bytes": ...}.
`run.py` holds several of these and lets them take turns.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "workflow")]


class Gate:
    """Called before every epoch: reports the one before, waits, and says whether to go on."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.started: float | None = None
        self.before = 0

    def __call__(self) -> bool:
        if self.device == "cuda":
            torch.cuda.synchronize()
        now = time.time()
        if self.started is None:
            self.before = self._memory()
            report(ready=now)
        else:
            report(seconds=now - self.started, finished=now)
        going_on = bool(sys.stdin.readline())
        if not going_on:
            report(peak_bytes=self._peak(), before_bytes=self.before)
        self.started = time.time()
        return going_on

    def _memory(self) -> int:
        if self.device == "cuda":
            return torch.cuda.memory_allocated()
        return _status("VmRSS")

    def _peak(self) -> int:
        if self.device == "cuda":
            return torch.cuda.max_memory_allocated()
        return _status("VmHWM")


def report(**values: float) -> None:
    print(json.dumps(values), flush=True)


def _status(key: str) -> int:
    """Return an entry of this process's memory, in bytes; 0 where the system is not Linux."""
    status = Path("/proc/self/status")
    text = status.read_text() if status.exists() else f"{key}: 0"
    return int(text.partition(f"{key}:")[2].split()[0]) * 1024


def made_up_images(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return uint8 images [N, 28, 28] of all grey values on black, and labels [N].

    What an image shows changes no time, and a machine without the data set can run this.
    """
    generator = torch.Generator().manual_seed(0)
    images = torch.zeros(count, 28, 28, dtype=torch.uint8)
    ink = torch.randint(0, 256, (count, 16, 16), generator=generator)
    images[:, 6:22, 6:22] = ink.to(torch.uint8)
    return images, torch.randint(0, 10, (count,), generator=generator)


def plain(job: dict, images: torch.Tensor, labels: torch.Tensor, gate: Gate) -> None:
    import newcomer

    batches = newcomer.loader(images, labels, job["input_size"], job["batch_size"])
    newcomer.train(newcomer.NETWORKS[job["network"]](), batches, job["device"], gate)


def lightning(job: dict, images: torch.Tensor, labels: torch.Tensor, gate: Gate) -> None:
    import newcomer
    import trainer

    batches = newcomer.loader(images, labels, job["input_size"], job["batch_size"])
    trainer.train(newcomer.NETWORKS[job["network"]](), batches, job["device"], gate)


def blocklab(job: dict, images: torch.Tensor, labels: torch.Tensor, gate: Gate) -> None:
    """What scripts/train.py does, with a stop before every epoch."""
    from torchvision.transforms.v2.functional import resize

    from blocklab.data.prepared import PreparedData, Split
    from blocklab.jobs.devices import choose_precision, keep_freed_memory
    from blocklab.networks.kernels.compiled import kernels
    from blocklab.networks.network import resolve
    from blocklab.training.loop import make_learner, run_epoch
    from blocklab.training.settings import Settings

    device, size = job["device"], job["input_size"]
    if device == "cpu":
        torch.set_num_threads(1)
    if job.get("keep_memory", True):
        keep_freed_memory()
    settings = Settings(
        batch_size=job["batch_size"],
        epochs=10,
        optimizer="adam",
        learning_rate=0.001,
        loss="double_softmax_cross_entropy",
        precision=choose_precision(job.get("precision", "auto"), device),
    )
    resized = resize(images.unsqueeze(1), [size, size])
    split = Split(resized.to(device), labels.to(device), labels.to(device))
    data = PreparedData(split, split.at(np.arange(0)), split.at(np.arange(0)))
    layers = resolve(job["network"], job["layers"], (1, size, size), 10)
    with kernels(job.get("compile", True) and device == "cpu"):
        learners = [make_learner(layers, split, settings, seed) for seed in range(job["seeds"])]
        while gate():
            run_epoch(learners, data, 1, job["network"])


LOOPS = {"plain": plain, "lightning": lightning, "blocklab": blocklab}

if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    images, labels = made_up_images(job["images"])
    LOOPS[job["loop"]](job, images, labels, Gate(job["device"]))
