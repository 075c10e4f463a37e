"""Training loops in processes of their own, and the rows of the table that they become."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from report import EPOCH_IMAGES, EPOCHS

FOLDER = Path(__file__).parent


class Ended(Exception):
    """A loop's process ended before its time."""


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
            # JAX would take three quarters of a GPU's memory at once, and others are there too.
            env=os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"},
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
            raise Ended(f"ended with code {self.process.wait()}; its errors are above")
        return json.loads(line)

    def end(self) -> dict:
        self.process.stdin.close()
        memory = self.read()
        self.process.wait()
        return memory


class Contestant:
    """A row of the table: one or more workers that run at the same time."""

    def __init__(self, name: str, precision: str, workers: list[Worker]) -> None:
        self.name, self.precision, self.workers = name, precision, workers
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
            "precision": self.precision,
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
