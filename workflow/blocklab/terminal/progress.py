"""What a run is to do, does and has done: from Snakemake's events, and from the logs of its jobs.

A job tells how far it is by its log alone, which it writes anyway: once per epoch, on any machine
that shares the folder, and still there when the job is not.
"""

import math
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

STAGES = ("prepare", "train", "evaluate", "explain", "track", "report")
# Lines of training/loop.py, training/checkpoint.py, explanation/evidence.py and jobs/job.py.
EPOCH = re.compile(
    r" INFO \S+ seed (?P<seed>\d+) epoch (?P<epoch>\d+)/(?P<epochs>\d+): acc (?P<acc>[\d.]+),"
    r".* validation_acc (?P<validation_acc>[\d.]+|nan)"
)
EXPLAINING = re.compile(
    r" INFO \S+ seed (?P<seed>\d+) explanation (?P<part>\d+)/(?P<parts>\d+): (?P<what>.+)$"
)
RESUMED = re.compile(r" INFO seed (?P<seed>\d+) goes on after epoch (?P<epoch>\d+)$")
ERROR = re.compile(r"^[\d:]+ ERROR (?P<reason>.+)$")
WORKED = re.compile(r" INFO worked from ")


@dataclass(frozen=True)
class Epoch:
    """Where a seed's training is: epochs done and in all, and the accuracy after the last."""

    done: int
    of: int
    accuracy: float
    on: str  # "validation" or "training" images


@dataclass(frozen=True)
class Explaining:
    """Where the explanation of a seed is: which of its parts has begun, and what that is."""

    seed: int
    part: int
    parts: int
    what: str

    def __str__(self) -> str:
        return f"explains seed {self.seed}, {self.part}/{self.parts}: {self.what}"


@dataclass
class Job:
    """A job that was started, and what its log has said since."""

    label: str
    stage: str
    log: Path | None
    started: float = field(default_factory=time.monotonic)
    seeds: dict[int, Epoch] = field(default_factory=dict)  # the one that was heard of last is last
    explaining: Explaining | None = None  # unless an epoch was heard of since
    resumed: list[tuple[int, int]] = field(default_factory=list)  # seed, epoch; for who tells it
    reason: str | None = None  # the last error
    worked: bool = False  # it says itself that all is done
    _before: tuple[int, int] | None = None
    _read: int = 0

    def __post_init__(self) -> None:
        self._before = self._signature()

    @property
    def seconds(self) -> float:
        """How long ago the job was started."""
        return time.monotonic() - self.started

    def accuracies(self) -> str:
        """Return what is known of the accuracy of its networks; empty if nothing is."""
        seen = [self.seeds[seed] for seed in sorted(self.seeds)]
        if not seen:
            return ""
        shown = ", ".join(f"{100 * epoch.accuracy:.2f} %" for epoch in seen)
        return f"{shown} of {seen[-1].on} images right"

    def latest(self) -> str:
        """Return where the seed is that was heard of last; only if one was heard of."""
        if self.explaining:
            return str(self.explaining)
        seed, epoch = list(self.seeds.items())[-1]
        which = f"seed {seed} " if len(self.seeds) > 1 else ""
        return f"{which}epoch {epoch.done}/{epoch.of}, {100 * epoch.accuracy:.2f} % right"

    def look(self) -> None:
        """Read what its log has got since the last look; one of an earlier run is none of its."""
        signature = self._signature()
        if self.log is None or signature in (None, self._before):
            return
        self._before = None
        with self.log.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        complete = text[: text.rfind(b"\n") + 1]
        self._read += len(complete)
        for line in complete.decode("utf-8", errors="replace").splitlines():
            self._hear(line)

    def _signature(self) -> tuple[int, int] | None:
        try:
            stat = self.log.stat() if self.log else None
        except OSError:
            return None
        return (stat.st_mtime_ns, stat.st_size) if stat else None

    def _hear(self, line: str) -> None:
        if found := EPOCH.search(line):
            validation_acc = float(found["validation_acc"])
            measured = not math.isnan(validation_acc)
            seed, self.explaining = int(found["seed"]), None
            self.seeds.pop(seed, None)
            self.seeds[seed] = Epoch(
                done=int(found["epoch"]),
                of=int(found["epochs"]),
                accuracy=validation_acc if measured else float(found["acc"]),
                on="validation" if measured else "training",
            )
        elif found := EXPLAINING.search(line):
            seed, part, parts = (int(found[key]) for key in ("seed", "part", "parts"))
            self.explaining = Explaining(seed, part, parts, found["what"])
        elif found := RESUMED.search(line):
            self.resumed.append((int(found["seed"]), int(found["epoch"])))
        elif found := ERROR.search(line):
            self.reason = found["reason"]
        elif WORKED.search(line):
            self.worked = True


class Progress:
    """A run's jobs: how many of each stage there are and are done, which run, which failed.

    targets: the rules that make nothing; they are not counted.
    """

    def __init__(self, targets: Iterable[str] = ()) -> None:
        self.targets = frozenset(targets)
        self.started = time.monotonic()
        self.total: dict[str, int] = {}
        self.done: dict[str, int] = {}
        self.running: dict[int, Job] = {}  # by Snakemake's number
        self.failed: list[Job] = []

    def plan(self, jobs_by_rule: Mapping[str, int]) -> None:
        """Take down how many jobs of each rule there are."""
        for rule, count in jobs_by_rule.items():
            if rule not in self.targets | {"total"}:
                stage = stage_of(rule)
                self.total[stage] = self.total.get(stage, 0) + count

    def start(self, number: int, rule: str, message: str | None, logs: Iterable[str]) -> Job | None:
        """Take down that a job has started; `message` is its rule's. None if it is a target."""
        if rule in self.targets:
            return None
        log = next(map(Path, logs), None)
        job = self.running[number] = Job(label_of(rule, message), stage_of(rule), log)
        return job

    def finish(self, number: int) -> Job | None:
        """Take down that a job is done; return it unless that was known or it is none of ours."""
        job = self.running.pop(number, None)
        if job:
            job.look()
            self.done[job.stage] = self.done.get(job.stage, 0) + 1
        return job

    def fail(self, number: int) -> Job | None:
        """Take down that a job failed; return it unless that was known or it is none of ours."""
        job = self.running.pop(number, None)
        if job:
            job.look()
            self.failed.append(job)
        return job

    @property
    def seconds(self) -> float:
        """How long ago the run was started."""
        return time.monotonic() - self.started

    def counts(self) -> tuple[int, int]:
        """Return how many jobs are done, and how many there are."""
        return sum(self.done.values()), sum(self.total.values())

    def is_complete(self, stage: str) -> bool:
        """Tell whether all jobs of a stage are done."""
        return self.done.get(stage, 0) >= self.total.get(stage, 0)


def stage_of(rule: str) -> str:
    """Return the stage that a rule belongs to: 'train' for 'train_seeds_0to7'."""
    first = rule.partition("_")[0]
    return first if first in STAGES else "report"


def label_of(rule: str, message: str | None) -> str:
    """Return what lines call a job, from its rule's message: 'vgg seed 0', 'explain vgg seed 0'."""
    words = (message or rule.replace("_", " ")).replace(", seed", " seed")
    label = words[:1].lower() + words[1:]
    return label.removeprefix("train ") if stage_of(rule) == "train" else label
