"""Spend 20 minutes of a GPU well: correctness, speed, determinism, packs, peers, time to 99 %.

    python benchmarks/gpu.py --data FOLDER        # of MNIST's four IDX files, raw or .gz

Needs no Snakemake: torch, torchvision, numpy, pandas, psutil, safetensors, and pytest and
pyyaml for the tests. Every part is a process of its own with a limit, so that each survives the
failure of another; results/gpu/gpu.md and gpu.csv are written anew after every line.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pandas as pd
from children import Child
from commit import commit

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parent
sys.path.insert(0, str(PROJECT / "workflow"))

from raw_files import raw_files  # noqa: E402

from blocklab.data.description import RawFiles  # noqa: E402

NETWORKS = list(json.loads((FOLDER / "networks.json").read_text(encoding="utf-8")))
USUAL = {"epochs": 2, "seeds": 1, "precision": "auto", "capture": True}
PACKS, QUEUES = (1, 8, 30), (8, 32)
# Parts in the order of what they are worth, with the most minutes that each may take.
LIMITS = {
    "correctness": 5,
    "training": 3,  # a network
    "determinism": 2,  # with it, and without
    "time to 99 %": 3,
    "packs": 4,  # a number of queues
    "peers": 3,  # a network
}
COLUMNS = {
    "training": "network precision capture captured seeds epochs start_seconds first_epoch_seconds "
    "epoch_seconds images_per_second test_acc reserved_MiB failed",
    "determinism": "network deterministic precision epoch_seconds test_acc bits failed",
    "packs": "network seeds queues captured start_seconds epoch_seconds images_per_second "
    "lowest_test_acc reserved_MiB failed",
    "peers": "network loop precision images_per_second speed_up one_off_seconds job_seconds",
}


class Spree:
    """The parts, the time that is left, and what came out so far."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.device, self.networks = arguments.device, arguments.networks
        self.ends = time.monotonic() + 60 * arguments.minutes
        self.rows: list[dict] = []
        self.words: list[str] = []
        self.data = arguments.output / "mnist.safetensors"

    def run(self) -> None:
        self.arguments.output.mkdir(parents=True, exist_ok=True)
        prepared = self.child("data", [sys.executable, __file__, "--prepare", *self.options()], 3)
        parts = {
            "correctness": self.correctness,
            "training": self.training,
            "determinism": self.determinism,
            "time to 99 %": self.time_to_99,
            "packs": self.packs,
            "peers": self.peers,
        }
        for part in self.arguments.parts:
            if not prepared and part in ("training", "determinism", "packs"):
                self.say(f"{part}: left out, for there are no data")
            else:
                parts[part]()

    def options(self) -> list[str]:
        options = ["--data", str(self.arguments.data), "--output", str(self.arguments.output)]
        return [*options, "--tiny"] if self.arguments.tiny else options

    def correctness(self) -> None:
        # The other files may import what is not installed.
        files = sorted((PROJECT / "tests" / "unit").rglob("test_*.py"))
        files = [str(path) for path in files if "mark.gpu" in path.read_text(encoding="utf-8")]
        command = [sys.executable, "-m", "pytest", "-m", "gpu", "-p", "no:cacheprovider", "-rs"]
        self.child("correctness", [*command, *files], cwd=PROJECT)

    def training(self) -> None:
        """Ten epochs as a user has them; then without the graph, then in float32."""
        for network in self.networks:
            ten = {"epochs": 1 if self.arguments.tiny else 10}
            runs = [ten, {"capture": False}, {"precision": "float32"}]
            self.train("training", [{"network": network} | run for run in runs])

    def determinism(self) -> None:
        """The same twice with deterministic algorithms, and twice without."""
        runs = [{"network": network} for network in self.networks for _ in range(2)]
        self.train("determinism", runs, deterministic=True)
        self.train("determinism", runs)
        for network in self.networks:
            self.say(repeated([row for row in self.rows if row["part"] == "determinism"], network))

    def packs(self) -> None:
        tiny = self.arguments.tiny
        sizes = PACKS[:2] if tiny else PACKS
        for queues in QUEUES[:1] if tiny else QUEUES:
            runs = [{"network": network, "seeds": n} for n in sizes for network in self.networks]
            self.train("packs", runs, queues=queues)

    def peers(self) -> None:
        command = [sys.executable, str(FOLDER / "run.py"), "--device", self.device]
        command += ["--rounds", "2", *(["--tiny"] if self.arguments.tiny else [])]
        chosen = [name for name in self.networks if name in ("exp3", "vgg", "csp")]
        for network in chosen:
            output = self.arguments.output / "peers" / network
            if self.child("peers", [*command, "--networks", network, "--output", str(output)]):
                table = pd.read_csv(output / "benchmark.csv")
                self.rows += [{"part": "peers"} | row for row in table.to_dict("records")]
                self.write()

    def time_to_99(self) -> None:
        command = [sys.executable, str(FOLDER / "time_to_99.py"), "--device", self.device]
        self.child("time to 99 %", [*command, *self.options()])

    def train(self, part: str, runs: list[dict], queues: int = 8, deterministic=False) -> None:
        """Let a process train these one after another; it takes data and start-up only once."""
        job = {"data": str(self.data), "device": self.device, "deterministic": deterministic}
        job["runs"] = [USUAL | run for run in runs]
        more = {"queues": queues, "deterministic": deterministic}
        self.child(
            part,
            [sys.executable, str(FOLDER / "gpu_job.py"), json.dumps(job)],
            environment={"CUDA_DEVICE_MAX_CONNECTIONS": str(queues)},
            more=more,
        )

    def child(self, part, command, minutes=None, environment=None, more=None, cwd=None) -> bool:
        """Run a process within its limit and what is left; tell whether it came to a good end."""
        left = self.ends - time.monotonic()
        limit = min(60 * (minutes or LIMITS[part]), left)
        if limit < 1:
            self.say(f"{part}: left out, for the time is over")
            return False
        child = Child(command, limit, os.environ | (environment or {}), cwd)
        for line in child.lines():
            # The last one may be cut short.
            if line.startswith('{"') and line.endswith("}\n"):
                self.rows.append({"part": part} | (more or {}) | json.loads(line))
                self.write()
        self.say(f"{part}: {child.ended()} after {child.seconds:.0f} s", child.last_words())
        return child.code == 0

    def say(self, headline: str, output: str = "") -> None:
        print(headline, file=sys.stderr, flush=True)
        self.words += [f"**{headline}**", ""]
        if output.strip():
            self.words += ["```", output, "```", ""]
        self.write()

    def write(self) -> None:
        """Write what is known so far; a reader never sees half a file."""
        table = pd.DataFrame(self.rows)
        lines = ["# Blocklab on a GPU", "", describe(self.device), ""]
        for part, rows in table.groupby("part", sort=False) if len(table) else ():
            columns = [name for name in COLUMNS[part].split() if name in rows]
            lines += [f"## {part.capitalize()}", "", *as_table(rows[columns]), ""]
        lines += ["## How the parts ended", "", *self.words]
        pages = {"gpu.csv": table.to_csv(index=False), "gpu.md": "\n".join(lines)}
        for name, content in pages.items():
            half = self.arguments.output / f".{name}"
            half.write_text(content, encoding="utf-8")
            half.replace(self.arguments.output / name)


def repeated(rows: list[dict], network: str) -> str:
    """Return whether the network's runs repeated to the bit, and what that cost."""
    rows = [row for row in rows if row["network"] == network and "bits" in row]
    strict = [row for row in rows if row["deterministic"]]
    free = [row for row in rows if not row["deterministic"]]
    if len(strict) < 2 or len(free) < 2:
        return f"{network}: determinism is not known"
    same = ["the same bits" if len({row["bits"] for row in runs}) == 1 else "other bits"
            for runs in (strict, free)]  # fmt: skip
    cost = min(row["epoch_seconds"] for row in strict) / min(row["epoch_seconds"] for row in free)
    return f"{network}: deterministic {same[0]}, free {same[1]}; an epoch takes {cost:.2f} times"


def as_table(rows: pd.DataFrame) -> list[str]:
    """Return the rows as Markdown, without columns that are empty."""

    def cell(value) -> str:
        if isinstance(value, float):
            return (
                "" if pd.isna(value) else f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
            )
        return str(value).replace("|", "/")

    rows = rows.dropna(axis="columns", how="all")
    lines = [f"| {' | '.join(rows.columns)} |", "|" + ":--|" * len(rows.columns)]
    return lines + [f"| {' | '.join(map(cell, row))} |" for row in rows.itertuples(index=False)]


@cache
def describe(device: str) -> str:
    """Return device, versions and commit, without importing torch into this process."""
    question = "import torch; print('torch', torch.__version__, end=', ');"
    question += f"print(torch.cuda.get_device_name() if {device == 'cuda'} else 'no GPU used')"
    asked = [sys.executable, "-c", question]
    torch = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return f"{torch or 'unknown'}; Python {platform.python_version()}; commit {commit()}."


def prepare(data: Path, output: Path, tiny: bool) -> None:
    """Write the prepared dataset from a folder of raw IDX files or of .gz ones."""
    from blocklab.data import preparation

    settings = {"name": "mnist", "input_size": 32, "validation_size": 100 if tiny else 5000}
    settings |= {"training_size": 400 if tiny else None, "test_size": 100 if tiny else None}
    settings |= {"channels": "auto", "non_square": "crop", "directory": str(data)}
    prepared = output / "mnist.safetensors", output / "mnist.json"
    with raw_files(data) as paths:
        raw = RawFiles("directory", paths)
        preparation.prepare(settings | {"split_seed": 0}, raw, *prepared)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="MNIST's IDX files, raw or .gz")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda")
    parser.add_argument("--minutes", type=float, default=20, help="when all of it has to be over")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS)
    parser.add_argument("--parts", nargs="+", choices=LIMITS, default=list(LIMITS))
    parser.add_argument("--tiny", action="store_true", help="a few images: only that it runs")
    parser.add_argument("--output", type=Path, default=Path("results/gpu"))
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.data, arguments.output = arguments.data.resolve(), arguments.output.resolve()
    if arguments.prepare:
        prepare(arguments.data, arguments.output, arguments.tiny)
    else:
        Spree(arguments).run()
        print((arguments.output / "gpu.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
