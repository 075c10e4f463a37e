"""Training runs on one device, each a line of JSON as soon as it is done; `gpu.py` starts this.

    python benchmarks/gpu_job.py '{"data": "mnist.safetensors", "device": "cuda", "runs": [...]}'

A run is {"network", "epochs", "seeds", "precision", "capture"}; `deterministic` holds for all.
"""

import hashlib
import json
import logging
import statistics
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent / "workflow"))

import torch  # noqa: E402

from blocklab.data.prepared import PreparedData, load  # noqa: E402
from blocklab.jobs.devices import (  # noqa: E402
    choose_precision,
    make_deterministic,
    prepare_cuda,
    prepare_processor,
)
from blocklab.networks.kernels.compiled import kernels  # noqa: E402
from blocklab.networks.network import predict, resolve  # noqa: E402
from blocklab.training.learner import Learner  # noqa: E402
from blocklab.training.loop import make_learner, run_epoch  # noqa: E402
from blocklab.training.settings import Settings  # noqa: E402

KNOWN = json.loads((FOLDER / "networks.json").read_text(encoding="utf-8"))


def run(job: dict, data: PreparedData) -> dict:
    """Train as `job` says; return the times, the memory, the test accuracy and a hash of the bits.

    `epoch_seconds` is the median after the first epoch, which is on its own, of all seeds together;
    `start_seconds` is what a capture takes, or the first steps' warming up.
    """
    device, name = data.training.labels.device.type, job["network"]
    settings = Settings(
        batch_size=KNOWN[name]["batch_size"],
        epochs=job["epochs"],
        optimizer="adam",
        learning_rate=0.001,
        loss="double_softmax_cross_entropy",
        precision=choose_precision(job["precision"], device),
    )
    layers = resolve(name, KNOWN[name]["layers"], data.training.images.shape[1:], 10, "cpu")
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    make = make_learner if job["capture"] else Learner
    seconds = []
    with kernels(device == "cpu"):
        started = time.perf_counter()
        learners = [make(layers, data.training, settings, seed) for seed in range(job["seeds"])]
        _wait(device)
        start_seconds = time.perf_counter() - started
        for epoch in range(1, job["epochs"] + 1):
            started = time.perf_counter()
            run_epoch(learners, data, epoch, name)
            _wait(device)
            seconds.append(time.perf_counter() - started)
    epoch_seconds = statistics.median(seconds[1:] or seconds)
    right = [_accuracy(learner.network, data) for learner in learners]
    return job | {
        "precision": settings.precision,
        "captured": sum(bool(getattr(learner, "graph", None)) for learner in learners),
        "start_seconds": start_seconds,
        "first_epoch_seconds": seconds[0],
        "epoch_seconds": epoch_seconds,
        "images_per_second": len(data.training.labels) * job["seeds"] / epoch_seconds,
        "test_acc": sum(right) / len(right),
        "lowest_test_acc": min(right),
        "reserved_MiB": torch.cuda.max_memory_reserved() / 2**20 if device == "cuda" else None,
        "bits": _bits(learners),
    }


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _accuracy(network: torch.nn.Module, data: PreparedData) -> float:
    predicted = predict(network, data.test.images).argmax(dim=1)
    return (predicted == data.test.labels).float().mean().item()


def _bits(learners: list[Learner]) -> str:
    """Return the start of a hash of every weight and statistic of every seed."""
    digest = hashlib.sha256()
    for learner in learners:
        for value in learner.network.state_dict().values():
            digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


def main() -> None:
    job = json.loads(sys.argv[1])
    logging.basicConfig(level=logging.WARNING)
    prepare_cuda(max(run["seeds"] for run in job["runs"]), job["deterministic"])
    make_deterministic(job["deterministic"], job["device"])
    if job["device"] == "cpu":
        prepare_processor(threads=1)
    data = load(job["data"], job["device"])
    failed = False
    for wanted in job["runs"]:
        try:
            print(json.dumps(run(wanted, data)), flush=True)
        except Exception as error:  # the runs after this one are worth as much
            logging.exception("%s failed", wanted)
            first = (str(error) or type(error).__name__).splitlines()[0]
            print(json.dumps(wanted | {"failed": first}), flush=True)
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
