"""The experiment tracker: a mirror of our own files, written after evaluation.

Nothing here can fail or hold up a job. `mirror` logs in a process of its own, ends it when
it gets stuck, and turns whatever went wrong into one warning. For another tracker, write a
dataclass like `WandbTracker` and name it in TRACKERS.
"""

import dataclasses
import importlib
import json
import logging
import operator
import os
import queue
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import psutil

from blocklab.errors import UserError
from blocklab.files import WORKFLOW

logger = logging.getLogger(__name__)

# How long to wait for a sign of life. Starting reads much code, perhaps from a slow disk beside
# busy jobs, but asks no network. Then a healthy tracker logs run after run, however many; the
# first run that fails ends it.
START_SECONDS = 60
RUN_SECONDS = 18
EXIT_SECONDS = 2
# wandb's own limits add up to less, so that it can say itself what is wrong.
INIT_SECONDS = 9
FINISH_SECONDS = 7


@dataclass
class Run:
    """One network trained with one seed.

    `history` has one row per epoch: epoch (from 1), acc, loss and, with a validation split,
    validation_acc and validation_loss. `summary` has acc, loss, test_acc, test_loss and more.
    """

    network: str
    seed: int
    config: dict[str, Any]
    history: list[dict[str, float]]
    summary: dict[str, float]


class Tracker(Protocol):
    """What logs runs. A dataclass of JSON values, as it is rebuilt in another process."""

    name: ClassVar[str]
    mode: str

    def start(self) -> None:
        """Import and start what logging needs, without asking a network."""

    def log(self, run: Run) -> str:
        """Log one run and return its id, address or path; raise whatever goes wrong."""


@dataclass
class WandbTracker:
    """Weights & Biases. Offline runs lie in `folder`/NETWORK-seedSEED/wandb/, one each."""

    mode: str
    project: str
    entity: str | None
    folder: str

    name: ClassVar[str] = "wandb"

    def start(self) -> None:
        """Import wandb and start its service."""
        # No reports of its own errors to its makers.
        os.environ["WANDB_ERROR_REPORTING"] = "false"
        import wandb

        wandb.setup()

    def log(self, run: Run) -> str:
        """Log one run; return its address if online, else its path relative to `folder`."""
        import wandb

        folder = Path(self.folder).resolve() / f"{run.network}-seed{run.seed}"
        folder.mkdir(parents=True, exist_ok=True)
        # wandb would silently write to the system's temporary folder instead.
        if not os.access(folder, os.R_OK | os.W_OK):
            raise PermissionError(f"{folder} is not writable")
        shutil.rmtree(folder / "wandb", ignore_errors=True)
        # Neither the machine, the user, the environment nor the code is sent.
        settings = wandb.Settings(
            init_timeout=INIT_SECONDS,
            finish_timeout=FINISH_SECONDS,
            finish_timeout_raises=True,
            console="off",
            silent=True,
            symlink=False,
            save_code=False,
            disable_code=True,
            disable_git=True,
            disable_job_creation=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_disable_machine_info=True,
            x_save_requirements=False,
        )
        logged = wandb.init(
            mode=self.mode,
            project=self.project,
            entity=self.entity,
            dir=folder,
            name=f"{run.network} seed {run.seed}",
            group=run.network,
            config=run.config,
            settings=settings,
        )
        logged.define_metric("epoch")
        logged.define_metric("*", step_metric="epoch")
        for row in run.history:
            logged.log(_known(row))
        logged.summary.update(_known(run.summary))
        logged.finish()
        if self.mode == "online":
            return logged.url
        return str(Path(logged.dir).parent.relative_to(Path(self.folder).resolve()))


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values` without those that are None or NaN."""
    return {name: value for name, value in values.items() if value is not None and value == value}


TRACKERS = {WandbTracker.name: WandbTracker}


def tracker_for(settings: dict[str, Any], folder: str | Path) -> Tracker | None:
    """Return the tracker that `settings` ask for, or None if its mode is "disabled".

    Args:
        settings: tracker (a name in TRACKERS), mode, project and, if any, entity.
        folder: where the tracker may keep files; it should be the pack's own.

    Raises:
        UserError: there is no such tracker.
    """
    if settings["mode"] == "disabled":
        return None
    if settings["tracker"] not in TRACKERS:
        known = ", ".join(TRACKERS)
        raise UserError(f"tracking.tracker: {settings['tracker']!r} is not one of: {known}")
    return TRACKERS[settings["tracker"]](
        settings["mode"], settings["project"], settings.get("entity"), str(folder)
    )


def mirror(
    tracker: Tracker | None, runs: list[Run], given_up: str | Path | None = None
) -> dict[str, Any]:
    """Log `runs` and return the receipt for tracking.json, whatever happens.

    given_up: a file that the first failure leaves, and because of which later calls do not try:
    one study waits once and warns once. The study's start removes it.
    The receipt has tracker, mode, runs (network, seed and id of each that was logged) and
    warning: None, or one line that says why the rest was given up; it is logged, too.
    """
    if tracker is None:
        return {"tracker": None, "mode": "disabled", "runs": [], "warning": None}
    receipt = {"tracker": tracker.name, "mode": tracker.mode, "runs": [], "warning": None}
    try:
        if given_up and Path(given_up).exists():
            raise TrackingFailed(Path(given_up).read_text(encoding="utf-8"))
        _log_elsewhere(tracker, runs, receipt["runs"])
    except Exception as error:  # a mirror must not break what it mirrors
        reason = str(error).partition("\n")[0]
        receipt["warning"] = (
            f"{tracker.name} ({tracker.mode}) has {len(receipt['runs'])} of {len(runs)} runs: "
            f"{reason} (the results are complete without it)"
        )
        first = given_up is None or _give_up(Path(given_up), reason)
        logger.log(logging.WARNING if first else logging.INFO, receipt["warning"])
    return receipt


def _give_up(file: Path, reason: str) -> bool:
    """Note why, for the jobs to come; tell whether this is the first to do so."""
    note = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        note.write_text(reason, encoding="utf-8")
        os.link(note, file)  # whole, and only if there is none
    except FileExistsError:
        return False
    except OSError:
        pass
    finally:
        note.unlink(missing_ok=True)
    return True


class TrackingFailed(Exception):
    """Why the process that logs gave up, in its own words."""


def _log_elsewhere(tracker: Tracker, runs: list[Run], receipts: list[dict[str, Any]]) -> None:
    """Log in a process of its own, appending to `receipts` as soon as a run is logged.

    A hang there cannot hang us, nor can what a tracker leaves to be done at exit.
    """
    kind = type(tracker)
    request = {
        "module": kind.__module__,
        "class": kind.__name__,
        "fields": dataclasses.asdict(tracker),
        "runs": [dataclasses.asdict(run) for run in runs],
    }
    text = json.dumps(request, default=operator.methodcaller("item"))  # NumPy's numbers
    search_path = [str(WORKFLOW), os.environ.get("PYTHONPATH")]
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", "from blocklab.jobs.tracking import serve; serve()"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, search_path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    answers: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_converse, args=(process, text, answers), daemon=True).start()
    try:
        _answer(answers, START_SECONDS)
        for run in runs:
            identity = _answer(answers, RUN_SECONDS)
            receipts.append({"network": run.network, "seed": run.seed, "id": identity})
    finally:
        _end(process)


def _converse(
    process: subprocess.Popen[str], request: str, answers: "queue.Queue[str | None]"
) -> None:
    """Hand over the request and queue the answers, line by line; None when there are no more."""
    with suppress(OSError), process.stdin:
        process.stdin.write(request)
    with process.stdout:
        for line in process.stdout:
            answers.put(line)
    answers.put(None)


def _answer(answers: "queue.Queue[str | None]", seconds: float) -> str | None:
    """Return the id in the next answer; raise TrackingFailed if there is none in time."""
    try:
        line = answers.get(timeout=seconds)
    except queue.Empty:
        raise TrackingFailed(f"no answer in {seconds} s") from None
    if line is None:
        raise TrackingFailed("its process ended early")
    answer = json.loads(line)
    if "error" in answer:
        raise TrackingFailed(answer["error"])
    return answer["id"]


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and those it started, wandb's service among them, unless it ends itself."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(EXIT_SECONDS)
        return
    with suppress(psutil.NoSuchProcess):
        for descendant in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                descendant.kill()
    process.kill()
    process.wait()


def serve() -> None:
    """Log the runs asked for on standard input; what `mirror` starts a process for."""
    # Whatever a tracker or its children print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    try:
        kind = getattr(importlib.import_module(request["module"]), request["class"])
        tracker: Tracker = kind(**request["fields"])
        tracker.start()
        print(json.dumps({"id": None}), file=answers)
        for run in request["runs"]:
            print(json.dumps({"id": tracker.log(Run(**run))}), file=answers)
    except Exception as error:
        reason = ": ".join(filter(None, [type(error).__name__, str(error)]))
        print(json.dumps({"error": reason}), file=answers)
