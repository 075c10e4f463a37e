"""Kill a small study again and again, at random, and compare with one left in peace.

    make crash-test        # 30 kills; also: python benchmarks/crash.py --kills 5 --seed 1

Every kill is followed by the same command. What comes out must be the same to the bit, but for
what measures time and memory.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT / "workflow"), str(PROJECT / "tests" / "workflow")]

from comparison import differences  # noqa: E402
from tiny_study import WAYS, Study, kill, new_study  # noqa: E402

# Epochs long enough to be hit in their middle.
CHANGES = {"dataset": {"training_size": 3000}, "training": {"epochs": 6}, "networks": {"vgg": None}}
CHANGES |= {"seeds": {"count": 2}}
KILLS_PER_STUDY = 4


@dataclass
class Outcome:
    kills: list[str] = field(default_factory=list)
    resumed: int = 0
    studies: int = 0
    differences: list[str] = field(default_factory=list)


def slower_study(folder: Path) -> Study:
    """Return a new study with the `CHANGES`."""
    study = new_study(folder)
    study.configure(CHANGES)
    return study


def finish(study: Study) -> float:
    """Run the study to its end; return the seconds that took."""
    started = time.monotonic()
    code = study.start().wait()
    if code:
        raise SystemExit(f"code {code}:\n{study.output.read_text()}")
    return time.monotonic() - started


def resumed(study: Study, since: float) -> int:
    """Count the seeds that went on from a checkpoint in the jobs started after `since`."""
    # Seeds that share a job share its log, which has a name for each.
    logs = {log.stat().st_ino: log for log in study.results.glob("logs/**/train.log")}
    return sum(
        log.read_text().count("goes on after epoch")
        for log in logs.values()
        if log.stat().st_mtime > since
    )


def crash(folder: Path, kills: int, seed: int) -> Outcome:
    """Kill `kills` times; return what happened."""
    chance = random.Random(seed)
    peaceful = slower_study(folder / "peaceful")
    duration = finish(peaceful)
    print(f"left in peace, the study takes {duration:.0f} s", flush=True)
    outcome = Outcome()
    while len(outcome.kills) < kills:
        study = slower_study(folder / f"study{outcome.studies}")
        outcome.studies += 1
        for _ in range(min(KILLS_PER_STUDY, kills - len(outcome.kills))):
            began = time.time()
            run = study.start()
            way = chance.choice(list(WAYS))
            try:
                if run.wait(timeout=chance.uniform(1, 0.9 * duration)):
                    raise SystemExit(study.output.read_text())  # of itself
                outcome.resumed += resumed(study, began)
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
