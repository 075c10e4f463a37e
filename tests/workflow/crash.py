"""Kill a small study again and again, at random, and compare with one left in peace.

    make crash-test        # 30 kills; also: python tests/workflow/crash.py --kills 5 --seed 1

Every kill is followed by the same command. What comes out must be the same to the bit, but for
what measures time and memory.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow"))
from tiny_study import OVERLAY, Study

from blocklab.report.aggregation import JOB_RESOURCES

PROJECT = Path(__file__).resolve().parents[2]
COPIED = ("Snakefile", "config.yaml", "workflow", "profiles", "envs", "studies", OVERLAY)
# Epochs long enough to be hit in their middle.
CHANGES = {"dataset": {"training_size": 3000}, "training": {"epochs": 6}, "networks": {"vgg": None}}
CHANGES |= {"seeds": {"count": 2}}
COMMAND = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", OVERLAY]
KILLS_PER_STUDY = 4
TIMES = {"seconds", "seconds_per_epoch", "seconds_per_image"}
TIMES |= {*JOB_RESOURCES} - {"device", "threads"}
# What a record says of the process that finished, and of the tracker's random names.
OF_A_PROCESS = {"started", "finished", "resumed_after_epoch", "command", "id"}
COSTS = re.compile(r"^## What it cost$.*?(?=^## )", re.MULTILINE | re.DOTALL)
# How to kill: the signal, and whether it goes to all processes of the run or to snakemake alone.
WAYS = {
    "Ctrl-C": (signal.SIGINT, True),
    "SIGINT to snakemake": (signal.SIGINT, False),
    "SIGTERM to snakemake": (signal.SIGTERM, False),
    "SIGTERM to all": (signal.SIGTERM, True),
    "SIGKILL to snakemake": (signal.SIGKILL, False),
    "SIGKILL to all": (signal.SIGKILL, True),
}


@dataclass
class Outcome:
    kills: list[str] = field(default_factory=list)
    resumed: int = 0
    studies: int = 0
    differences: list[str] = field(default_factory=list)


def new_study(folder: Path) -> Study:
    """Return a copy of the project in `folder`, nothing run yet."""
    for name in COPIED:
        source, target = PROJECT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    study = Study(folder)
    study.configure(CHANGES)
    return study


def start(study: Study) -> subprocess.Popen:
    return subprocess.Popen(
        COMMAND,
        cwd=study.folder,
        stdout=(study.folder / "output.txt").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def finish(study: Study) -> float:
    """Run the study to its end; return the seconds that took."""
    started = time.monotonic()
    code = start(study).wait()
    if code:
        raise SystemExit(f"code {code}:\n{(study.folder / 'output.txt').read_text()}")
    return time.monotonic() - started


def kill(run: subprocess.Popen, way: str) -> None:
    """Kill a run and wait until it is gone."""
    number, everyone = WAYS[way]
    if everyone:
        os.killpg(run.pid, number)
    else:
        run.send_signal(number)
    run.wait()


def resumed(study: Study, since: float) -> int:
    """Count the seeds that went on from a checkpoint in the jobs started after `since`."""
    logs = study.results.glob("logs/**/train.log")
    return sum(
        log.read_text().count("goes on after epoch") for log in logs if log.stat().st_mtime > since
    )


def files(study: Study) -> Iterator[Path]:
    for path in sorted(study.results.rglob("*")):
        if path.is_file() and not {"logs", "tracking"} & set(path.parts):
            yield path.relative_to(study.results)


def differences(first: Study, second: Study) -> list[str]:
    """Return the results in which two finished studies differ."""
    names, others = set(files(first)), set(files(second))
    found = [f"{name}: in one only" for name in sorted(names ^ others)]
    for name in sorted(names & others):
        if not same(first.results / name, second.results / name):
            found.append(f"{name}: differs")
    return found


def same(first: Path, second: Path) -> bool:
    if first.suffix == ".csv":
        tables = [pd.read_csv(path, dtype=str) for path in (first, second)]
        return (
            tables[0]
            .drop(columns=TIMES, errors="ignore")
            .equals(tables[1].drop(columns=TIMES, errors="ignore"))
        )
    if first.suffix == ".npz":
        with np.load(first) as one, np.load(second) as two:
            return set(one) == set(two) and all(
                np.array_equal(one[name], two[name], equal_nan=one[name].dtype.kind == "f")
                for name in one
            )
    if first.suffix == ".json":
        one, two = (json.loads(path.read_text(encoding="utf-8")) for path in (first, second))
        return without(TIMES | OF_A_PROCESS, one) == without(TIMES | OF_A_PROCESS, two)
    if first.name == "summary.md":
        one, two = (COSTS.sub("", path.read_text(encoding="utf-8")) for path in (first, second))
        return one == two
    if first.name in ("timeline.png", "accuracy_against_cost.png"):
        return True  # these draw times
    return first.read_bytes() == second.read_bytes()


def without(keys: set[str], value: object) -> object:
    """Return JSON's `value` without some keys, wherever they are."""
    if isinstance(value, dict):
        return {key: without(keys, item) for key, item in value.items() if key not in keys}
    return [without(keys, item) for item in value] if isinstance(value, list) else value


def crash(folder: Path, kills: int, seed: int) -> Outcome:
    """Kill `kills` times; return what happened."""
    chance = random.Random(seed)
    peaceful = new_study(folder / "peaceful")
    duration = finish(peaceful)
    print(f"left in peace, the study takes {duration:.0f} s", flush=True)
    outcome = Outcome()
    while len(outcome.kills) < kills:
        study = new_study(folder / f"study{outcome.studies}")
        outcome.studies += 1
        for _ in range(min(KILLS_PER_STUDY, kills - len(outcome.kills))):
            began = time.time()
            run = start(study)
            way = chance.choice(list(WAYS))
            try:
                run.wait(timeout=chance.uniform(1, 0.9 * duration))
                break  # done before its time
            except subprocess.TimeoutExpired:
                kill(run, way)
            outcome.kills.append(way)
            outcome.resumed += resumed(study, began)
            print(f"kill {len(outcome.kills)}: {way}", flush=True)
        began = time.time()
        finish(study)
        outcome.resumed += resumed(study, began)
        outcome.differences += differences(peaceful, study)
        shutil.rmtree(study.folder)
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0, help="of the moments and ways of killing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="blocklab-crash-") as folder:
        outcome = crash(Path(folder), arguments.kills, arguments.seed)
    for way in WAYS:
        print(f"{outcome.kills.count(way):4d} {way}")
    print(
        f"{len(outcome.kills)} kills of {outcome.studies} studies, {outcome.resumed} trainings "
        f"resumed, {len(outcome.differences)} differences"
    )
    for difference in outcome.differences:
        print(difference)
    sys.exit(bool(outcome.differences))


if __name__ == "__main__":
    main()
