"""Blocklab's training job beside the loops that a user would write otherwise: `make bench`.

Every loop runs in processes of its own that take turns, an epoch each, so that what else happens
on the machine happens to all of them. Needs torch, torchvision, numpy and pandas; PyTorch
Lightning is left out where it is missing.
"""

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import newcomer
import pandas as pd
import torch

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent / "workflow"))

import bounds  # noqa: E402

from blocklab.devices import choose_precision  # noqa: E402

INPUT_SIZE = 32
EPOCHS, EPOCH_IMAGES = 10, 60_000  # the homework's job, for which the whole time is computed
GPU_SEEDS = 8
# Images of one epoch here, so that the plain loop takes some seconds on two cores.
IMAGES = {"exp3": 4000, "vgg": 4000, "bottleneck": 4000, "transformer": 150, "csp": 2000}
IMAGES |= {"sppf": 2000}
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


def measure(network: str, device: str, rounds: int, images: int) -> list[dict]:
    """Return the rows of one network."""
    known = json.loads((FOLDER / "networks.json").read_text(encoding="utf-8"))[network]
    job = {"network": network, "device": device, "images": images, "input_size": INPUT_SIZE}
    job |= {"batch_size": known["batch_size"], "layers": known["layers"], "seeds": 1}
    contestants = [Contestant("plain loop", [Worker(loop="plain", **job)])]
    if importlib.util.find_spec("lightning"):
        contestants.append(Contestant("Lightning", [Worker(loop="lightning", **job)]))
    one = Worker(loop="blocklab", **job)
    contestants.append(Contestant("Blocklab, one job", [one]))
    if device == "cuda":
        pack = Worker(loop="blocklab", **job | {"seeds": GPU_SEEDS})
        contestants.append(Contestant(f"Blocklab, {GPU_SEEDS} seeds at once", [pack]))
    else:
        others = [Worker(loop="blocklab", **job) for _ in range(1, os.cpu_count())]
        name = f"Blocklab, {1 + len(others)} jobs side by side"
        contestants.append(Contestant(name, [one, *others]))
    for _ in range(rounds):
        for contestant in contestants:
            contestant.round()
    workers = {worker for contestant in contestants for worker in contestant.workers}
    memory = {worker: worker.end() for worker in workers}
    rows = [{"network": network} | contestant.row(memory) for contestant in contestants]
    flops, moved = bounds.work(newcomer.NETWORKS[network], known["batch_size"], INPUT_SIZE)
    for row in rows:
        row["times_plain"] = row["images_per_second"] / rows[0]["images_per_second"]
        row["flops_per_image"], row["bytes_per_image"] = flops, moved
    return rows


def study(table: pd.DataFrame) -> pd.DataFrame:
    """Return the time of all networks' ten epochs, one after another, by loop."""
    total = table.groupby("loop", sort=False)["job_seconds"].sum().reset_index()
    total["times_plain"] = total["job_seconds"].iloc[0] / total["job_seconds"]
    return total


def markdown(table: pd.DataFrame, machine: dict) -> str:
    """Return the report."""
    lines = [
        "# Training loops side by side",
        "",
        f"{machine['processor']}, {machine['device']}; torch {torch.__version__}; "
        f"commit {machine['commit']}; medians of n = {table['rounds'].iloc[0]} epochs per loop in "
        "alternation (slowest to fastest).",
        "",
        "`times plain` compares images per second. The one-off cost is what comes before and in "
        "the first epoch beyond an epoch's time: process start, imports, compiling, capture. "
        f"The job is {EPOCHS} epochs of {EPOCH_IMAGES:,} images, computed from the two; for jobs "
        "or seeds that run at once it is the time divided by their number. `step memory` is the "
        "peak beyond what the process held before its first step.",
        "",
        "| network | loop | images/s | times plain | one-off (s) | job (s) | peak (MiB) "
        "| step memory (MiB) |",
        "|:--|:--|--:|--:|--:|--:|--:|--:|",
    ]
    for row in table.itertuples():
        lines.append(
            f"| {row.network} | {row.loop} "
            f"| {row.images_per_second:,.0f} ({row.slowest:,.0f} to {row.fastest:,.0f}) "
            f"| {row.times_plain:.1f} | {row.one_off_seconds:.1f} | {row.job_seconds:,.0f} "
            f"| {row.peak_bytes / 2**20:,.0f} | {row.step_bytes / 2**20:,.0f} |"
        )
    if table["network"].nunique() > 1:
        lines += ["", "## All networks together", "", "| loop | jobs (s) | times plain |"]
        lines += ["|:--|--:|--:|"]
        lines += [
            f"| {row.loop} | {row.job_seconds:,.0f} | {row.times_plain:.1f} |"
            for row in study(table).itertuples()
        ]
    lines += [
        "",
        "## How far from the machine",
        "",
        f"Measured here: matrix product {machine['matmul'] / 1e9:,.0f} GFLOP/s in "
        f"{machine['precision']}, copy {machine['bandwidth'] / 1e9:,.1f} GB/s. Work is counted on "
        "the plain network in float32, operation by operation, each reading its inputs from memory "
        "and writing its outputs; caches and fused operations can do better than 100 %.",
        "",
        "| network | loop | MFLOP/image | MB/image | of the matrix rate | of the bandwidth |",
        "|:--|:--|--:|--:|--:|--:|",
    ]
    for row in table.itertuples():
        flops = row.images_per_second * row.flops_per_image / machine["matmul"]
        moved = row.images_per_second * row.bytes_per_image / machine["bandwidth"]
        lines.append(
            f"| {row.network} | {row.loop} | {row.flops_per_image / 1e6:.2f} "
            f"| {row.bytes_per_image / 1e6:.2f} | {flops:.0%} | {moved:.0%} |"
        )
    return "\n".join(lines) + "\n"


def describe(device: str) -> dict:
    """Return what the report says of the machine."""
    precision = choose_precision("auto", device)
    git = ["git", "-C", str(FOLDER), "describe", "--always", "--dirty", "--abbrev=7"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "processor": f"{os.cpu_count()} cores of {processor()}",
        "device": torch.cuda.get_device_name() if device == "cuda" else "no GPU used",
        "precision": precision,
        "commit": commit or "unknown",
        "matmul": bounds.matmul_rate(device, getattr(torch, precision)),
        "bandwidth": bounds.bandwidth(device),
    }


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=5, help="epochs measured of every loop")
    parser.add_argument("--scale", type=float, default=1, help="images per epoch, times the usual")
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
        rows += measure(network, arguments.device, arguments.rounds, images // batch * batch)
        print(f"{network} is done", file=sys.stderr, flush=True)
    table = pd.DataFrame(rows)
    arguments.output.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output / "benchmark.csv", index=False)
    report = markdown(table, describe(arguments.device))
    (arguments.output / "benchmark.md").write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
