"""Blocklab's training job beside the loops that a user would write otherwise: `make bench`.

Every loop runs in processes of its own that take turns, an epoch each, so that what else happens
on the machine happens to all of them. Needs torch, torchvision, numpy and pandas; PyTorch
Lightning, JAX and Keras are left out where they are missing.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import torch

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent / "workflow"))

from commit import commit  # noqa: E402
from contestants import Contestant, Ended, Worker  # noqa: E402
from instructions import described, forced, with_avx2_alone  # noqa: E402

from blocklab.jobs.devices import choose_precision  # noqa: E402
from blocklab.processor import processor_instructions, processor_model  # noqa: E402
from report import markdown  # noqa: E402

INPUT_SIZE = 32
GPU_SEEDS = 8
GPU_IMAGES = 60_000  # of one epoch; a few steps measure the way to the GPU and back
# Images of one epoch here, so that the plain loop takes some seconds on two cores.
IMAGES = {"exp3": 4000, "vgg": 4000, "bottleneck": 4000, "transformer": 150, "csp": 2000}
IMAGES |= {"sppf": 2000}
PARTS = {
    "cpu": {
        "compiled kernels": {"compile": True},
        "freed memory kept": {"keep_memory": True},
        "bfloat16 where it is fast": {"precision": "auto"},
    },
    "cuda": {
        "captured steps": {"capture": True},
        "bfloat16": {"precision": "auto"},
        f"{GPU_SEEDS} seeds at once": {"seeds": GPU_SEEDS},
    },
}
TINY = 4  # batches per epoch with --tiny, which tests that it all works and measures nothing
KNOWN = json.loads((FOLDER / "networks.json").read_text(encoding="utf-8"))
PEERS = {"keras": "Keras on JAX", "jax": "JAX by hand"}


def measure(job: dict, rounds: int, parts: bool) -> list[dict]:
    """Return the rows of one network; the first is what the others are compared with."""
    contestants = list((the_parts if parts else the_loops)(job))
    for _ in range(rounds):
        for contestant in contestants:
            contestant.round()
    workers = {worker for contestant in contestants for worker in contestant.workers}
    memory = {worker: worker.end() for worker in workers}
    rows = [{"network": job["network"]} | contestant.row(memory) for contestant in contestants]
    for row in rows:
        row["speed_up"] = row["images_per_second"] / rows[0]["images_per_second"]
    return rows


def the_loops(job: dict) -> Iterator[Contestant]:
    """Yield what a user could write, and Blocklab, once and as it fills the machine."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    yield Contestant("plain loop", "float32", [Worker(loop="plain", **job)])
    if importlib.util.find_spec("lightning"):
        yield Contestant("Lightning", "float32", [Worker(loop="lightning", **job)])
    # On a processor JAX is no faster in bfloat16.
    for precision in ("float32",) if job["device"] == "cpu" else ("float32", "bfloat16"):
        yield from the_peers(job | {"precision": precision}, cores)
    precision = choose_precision(job["precision"], job["device"])
    one = Worker(loop="blocklab", **job)
    yield Contestant("Blocklab, one job", precision, [one])
    if job["device"] == "cuda":
        pack = Worker(loop="blocklab", **job | {"seeds": GPU_SEEDS})
        yield Contestant(f"Blocklab, {GPU_SEEDS} seeds at once", precision, [pack])
    elif os.cpu_count() > 1:
        others = [Worker(loop="blocklab", **job) for _ in range(1, os.cpu_count())]
        name = f"Blocklab, {1 + len(others)} jobs side by side"
        yield Contestant(name, precision, [one, *others])


def the_peers(job: dict, cores: list[int]) -> Iterator[Contestant]:
    """Yield Keras and JAX with all cores, and JAX as jobs of one core each."""
    if job["network"] == "transformer":
        return
    ways = [(name, loop, [{}]) for loop, name in PEERS.items()]
    if job["device"] == "cpu" and len(cores) > 1:
        name = f"JAX by hand, {len(cores)} jobs side by side"
        ways.append((name, "jax", [{"core": core} for core in cores]))
    for name, loop, jobs in ways:
        if missing(loop):
            continue
        try:
            workers = [Worker(loop=loop, **job | more) for more in jobs]
        except Ended as error:
            print(f"{name} is left out for {job['network']}: it {error}", file=sys.stderr)
        else:
            yield Contestant(name, job["precision"], workers)


def missing(peer: str) -> list[str]:
    """Return the packages that a peer needs and this machine lacks."""
    needed = {"keras": ["jax", "keras"], "jax": ["jax", "optax"]}[peer]
    return [name for name in needed if not importlib.util.find_spec(name)]


def the_parts(job: dict) -> Iterator[Contestant]:
    """Yield Blocklab's job as its approximations and shortcuts are added one by one."""
    options = {"compile": False, "keep_memory": False, "capture": False, "precision": "float32"}
    allowed = job["precision"]
    yield Contestant("torch's operations", "float32", [Worker(loop="blocklab", **job | options)])
    for name, more in PARTS[job["device"]].items():
        options |= more if "precision" not in more else {"precision": allowed}
        precision = choose_precision(options["precision"], job["device"])
        yield Contestant(f"+ {name}", precision, [Worker(loop="blocklab", **job | options)])


def describe(device: str) -> dict:
    """Return what the report says of the machine."""
    lacking = {PEERS[peer]: missing(peer) for peer in PEERS}
    return {
        "processor": f"{os.cpu_count()} cores of {processor_model()}",
        "instructions": described(processor_instructions()),
        "device": torch.cuda.get_device_name() if device == "cuda" else "no GPU used",
        "commit": commit(),
        "left_out": {name: packages for name, packages in lacking.items() if packages},
    }


def bounds(jobs: list[dict]) -> list[dict]:
    """Return how near each job's step is to what the machine could do."""
    command = [sys.executable, str(FOLDER / "bounds.py"), json.dumps(jobs)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=5, help="epochs measured of every loop")
    parser.add_argument("--scale", type=float, default=1, help="images per epoch, times the usual")
    parser.add_argument(
        "--parts", action="store_true", help="what each of Blocklab's shortcuts is worth instead"
    )
    parser.add_argument(
        "--instructions",
        choices=["native", "avx2"],
        default="native",
        help="avx2: as on a processor without AVX-512, in float32",
    )
    parser.add_argument("--tiny", action="store_true", help="a few images: only that it runs")
    parser.add_argument("--networks", nargs="+", choices=IMAGES, default=list(IMAGES))
    parser.add_argument("--output", type=Path, default=Path("results/benchmark"))
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("there is no CUDA device here; use --device cpu")
    if arguments.instructions == "avx2" and not forced():
        if "avx2" not in processor_instructions():
            parser.error("this processor has no AVX2, or this system does not say so")
        # Libraries ask once, when they are loaded: torch has been.
        os.execve(sys.executable, [sys.executable, *sys.argv], with_avx2_alone())

    rows, jobs = [], []
    for network in arguments.networks:
        batch = KNOWN[network]["batch_size"]
        usual = max(GPU_IMAGES, IMAGES[network]) if arguments.device == "cuda" else IMAGES[network]
        images = TINY * batch if arguments.tiny else int(usual * arguments.scale)
        job = {"network": network, "device": arguments.device, "input_size": INPUT_SIZE}
        job |= {"images": max(1, images // batch) * batch, "batch_size": batch, "seeds": 1}
        job |= {"layers": KNOWN[network]["layers"], "precision": "float32" if forced() else "auto"}
        try:
            rows += measure(job, arguments.rounds, arguments.parts)
        except Ended as error:
            raise SystemExit(f"a loop {error}") from None
        jobs.append(job)
        print(f"{network} is done", file=sys.stderr, flush=True)
    table, near = pd.DataFrame(rows), pd.DataFrame([] if arguments.parts else bounds(jobs))
    name = "parts" if arguments.parts else "benchmark"
    arguments.output.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output / f"{name}.csv", index=False)
    if not arguments.parts:
        near.to_csv(arguments.output / "bounds.csv", index=False)
    page = markdown(table, near, describe(arguments.device))
    (arguments.output / f"{name}.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
