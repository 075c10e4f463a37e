"""Blocklab's training job beside the loops that a user would write otherwise: `make bench`.

Every loop runs in processes of its own that take turns, an epoch each, so that what else happens
on the machine happens to all of them. Needs torch, torchvision, numpy and pandas; PyTorch
Lightning is left out where it is missing.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import newcomer
import pandas as pd
import torch

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent / "workflow"))

import bounds  # noqa: E402

from blocklab.jobs.devices import choose_precision  # noqa: E402
from blocklab.processor import processor_model  # noqa: E402
from report import EPOCH_IMAGES, EPOCHS, markdown  # noqa: E402

INPUT_SIZE = 32
GPU_SEEDS = 8
# Images of one epoch here, so that the plain loop takes some seconds on two cores.
IMAGES = {"exp3": 4000, "vgg": 4000, "bottleneck": 4000, "transformer": 150, "csp": 2000}
IMAGES |= {"sppf": 2000}
PARTS = {
    "compiled kernels": {"compile": True},
    "freed memory kept": {"keep_memory": True},
    "bfloat16 where it is fast": {"precision": "auto"},
}
TINY = 4  # batches per epoch with --tiny, which tests that it all works and measures nothing


class Worker:
    """A training loop in another process."""

    def __init__(self, **job) -> None:
        self.images, self.seeds = job["images"], job["seeds"]
        started = time.time()
        self.process = subprocess.Popen(
            [sys.executable, str(FOLDER / "worker.py"), json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.read()
        self.begin()
        self.first = self.read()["finished"] - started

    def begin(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def read(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a loop ended with code {self.process.wait()}; its errors are above")
        return json.loads(line)

    def end(self) -> dict:
        self.process.stdin.close()
        memory = self.read()
        self.process.wait()
        return memory


class Contestant:
    """A row of the table: one or more workers that run at the same time."""

    def __init__(self, name: str, workers: list[Worker]) -> None:
        self.name, self.workers = name, workers
        self.rates: list[float] = []

    def round(self) -> None:
        started = time.time()
        for worker in self.workers:
            worker.begin()
        finished = max(worker.read()["finished"] for worker in self.workers)
        images = sum(worker.images * worker.seeds for worker in self.workers)
        self.rates.append(images / (finished - started))

    def row(self, memory: dict[Worker, dict]) -> dict:
        rate = median(self.rates)
        worker = self.workers[0]
        trained = sum(worker.seeds for worker in self.workers)
        # What everything up to the end of the first epoch took beyond an epoch.
        one_off = worker.first - worker.images * trained / rate
        return {
            "loop": self.name,
            "images_per_second": rate,
            "slowest": min(self.rates),
            "fastest": max(self.rates),
            "rounds": len(self.rates),
            "one_off_seconds": one_off,
            "peak_bytes": memory[worker]["peak_bytes"],
            "step_bytes": memory[worker]["peak_bytes"] - memory[worker]["before_bytes"],
            # Side by side, as many jobs are done in the time of one.
            "job_seconds": (one_off + EPOCHS * EPOCH_IMAGES * trained / rate) / trained,
        }


def measure(network: str, device: str, rounds: int, images: int, parts: bool) -> list[dict]:
    """Return the rows of one network; the first is what the others are compared with."""
    known = json.loads((FOLDER / "networks.json").read_text(encoding="utf-8"))[network]
    job = {"network": network, "device": device, "images": images, "input_size": INPUT_SIZE}
    job |= {"batch_size": known["batch_size"], "layers": known["layers"], "seeds": 1}
    contestants = list((the_parts if parts else the_loops)(job))
    for _ in range(rounds):
        for contestant in contestants:
            contestant.round()
    workers = {worker for contestant in contestants for worker in contestant.workers}
    memory = {worker: worker.end() for worker in workers}
    rows = [{"network": network} | contestant.row(memory) for contestant in contestants]
    flops, moved = bounds.work(newcomer.NETWORKS[network], known["batch_size"], INPUT_SIZE)
    for row in rows:
        row["speed_up"] = row["images_per_second"] / rows[0]["images_per_second"]
        row["flops_per_image"], row["bytes_per_image"] = flops, moved
    return rows


def the_loops(job: dict) -> Iterator[Contestant]:
    """Yield what a user could write, and Blocklab, once and as it fills the machine."""
    yield Contestant("plain loop", [Worker(loop="plain", **job)])
    if importlib.util.find_spec("lightning"):
        yield Contestant("Lightning", [Worker(loop="lightning", **job)])
    one = Worker(loop="blocklab", **job)
    yield Contestant("Blocklab, one job", [one])
    if job["device"] == "cuda":
        pack = Worker(loop="blocklab", **job | {"seeds": GPU_SEEDS})
        yield Contestant(f"Blocklab, {GPU_SEEDS} seeds at once", [pack])
    elif os.cpu_count() > 1:
        others = [Worker(loop="blocklab", **job) for _ in range(1, os.cpu_count())]
        yield Contestant(f"Blocklab, {1 + len(others)} jobs side by side", [one, *others])


def the_parts(job: dict) -> Iterator[Contestant]:
    """Yield Blocklab's job as its approximations and shortcuts are added one by one."""
    options = {"compile": False, "keep_memory": False, "precision": "float32"}
    yield Contestant("torch's operations", [Worker(loop="blocklab", **job | options)])
    for name, more in PARTS.items():
        options |= more
        yield Contestant(f"+ {name}", [Worker(loop="blocklab", **job | options)])


def describe(device: str) -> dict:
    """Return what the report says of the machine."""
    precision = choose_precision("auto", device)
    git = ["git", "-C", str(FOLDER), "describe", "--always", "--dirty", "--abbrev=7"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "processor": f"{os.cpu_count()} cores of {processor_model()}",
        "device": torch.cuda.get_device_name() if device == "cuda" else "no GPU used",
        "precision": precision,
        "commit": commit or "unknown",
        "matmul": bounds.matmul_rate(device, getattr(torch, precision)),
        "bandwidth": bounds.bandwidth(device),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=5, help="epochs measured of every loop")
    parser.add_argument("--scale", type=float, default=1, help="images per epoch, times the usual")
    parser.add_argument(
        "--parts", action="store_true", help="what each of Blocklab's shortcuts is worth instead"
    )
    parser.add_argument("--tiny", action="store_true", help="a few images: only that it runs")
    parser.add_argument("--networks", nargs="+", choices=IMAGES, default=list(IMAGES))
    parser.add_argument("--output", type=Path, default=Path("results/benchmark"))
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("there is no CUDA device here; use --device cpu")

    rows = []
    known = json.loads((FOLDER / "networks.json").read_text(encoding="utf-8"))
    for network in arguments.networks:
        batch = known[network]["batch_size"]
        images = TINY * batch if arguments.tiny else int(IMAGES[network] * arguments.scale)
        images = images // batch * batch
        rows += measure(network, arguments.device, arguments.rounds, images, arguments.parts)
        print(f"{network} is done", file=sys.stderr, flush=True)
    table = pd.DataFrame(rows)
    name = "parts" if arguments.parts else "benchmark"
    arguments.output.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output / f"{name}.csv", index=False)
    page = markdown(table, describe(arguments.device))
    (arguments.output / f"{name}.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
