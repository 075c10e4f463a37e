"""The experiment tracker: a mirror of our own files, written after evaluation.

Nothing here can fail a study or hold it up: a tracker of `jobs.trackers` logs in a process of its
own, which is ended when it takes too long, and whatever goes wrong becomes one warning.
"""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from blocklab.files import digest
from blocklab.jobs.scheduler import end_with_scheduler

log = logging.getLogger(__name__)

TRACKERS = "blocklab.jobs.trackers"
# A tracker's own limits for a run should be shorter, so that it can say itself what is wrong.
# Starting asks no network, but reads much code, perhaps from a slow disk beside busy jobs.
START_SECONDS = 30
RUN_SECONDS = 18
EXIT_SECONDS = 2
# Draws the images of a run into a folder, and returns their paths by name.
Draw = Callable[[dict[str, Any], Path], dict[str, Path]]


def mirror(
    runs: list[dict[str, Any]],
    draw: Draw,
    settings: dict[str, Any],
    folder: str | Path,
    given_up: str | Path,
) -> dict[str, Any]:
    """Log runs and return the receipt for tracking.json, whatever happens.

    Args:
        runs, folder: see `jobs.trackers`; without their images, which
        draw: draws, if there is somebody to log them.
        settings: tracker (a module of `jobs.trackers`), mode, project and entity.
        given_up: a file that the first failure leaves, and because of which later calls do not
            try: one study waits once and warns once. The study's start removes it.

    Returns:
        tracker, mode, runs (network, seed and id of each that was logged) and warning: None, or
        one line that says why the rest was given up; it is logged, too.
    """
    name, mode = settings["tracker"], settings["mode"]
    if mode == "disabled":
        return {"tracker": None, "mode": mode, "runs": [], "warning": None}
    logged, warning = [], None
    try:
        if os.path.exists(given_up):
            reason = Path(given_up).read_text(encoding="utf-8")
        else:
            with TemporaryDirectory() as images:
                shown = [run | {"images": _draw(draw, run, images)} for run in runs]
                logged, reason = _log_elsewhere(shown, settings, folder)
    except Exception as error:  # a mirror must not break what it mirrors
        reason = str(error)
    if len(logged) < len(runs):
        reason = reason.partition("\n")[0]
        warning = (
            f"{name} ({mode}) has {len(logged)} of {len(runs)} runs: {reason} "
            "(the results are complete without it)"
        )
        log.log(logging.WARNING if _give_up(given_up, reason) else logging.INFO, warning)
    return {"tracker": name, "mode": mode, "runs": logged, "warning": warning}


def describe_run(
    study: dict[str, Any],
    sizes: dict[str, int],
    job: dict[str, Any],
    provenance: dict[str, Any],
    summary: dict[str, Any],
) -> dict[str, Any]:
    """Return what a tracker is told of a run, see `jobs.trackers`, but for its tables and images.

    Args:
        study: its name, and `dataset`, what its prepared data depends on.
        sizes: how many images the splits have, by split.
        job: the settings of the training.
        provenance: of the training; it holds the time and is thus no other training's.
        summary: network, seed and all that was measured.
    """
    network, seed = summary["network"], summary["seed"]
    data = study["dataset"] | {f"{split}_images": count for split, count in sizes.items()}
    side = data["input_size"]
    # What networks of a study that are trained alike have in common, so that another joins them.
    common = digest([provenance["data_sha256"], job["training"]])[:6]
    return {
        "study": study["name"],
        "group": f"{study['name']} {data['name']} {side}x{side}, {sizes['training']} images, "
        f"{job['training']['epochs']} epochs, {common}",
        "network": network,
        "seed": seed,
        "key": digest([provenance, network, seed])[:16],
        "config": job | {"study": study["name"], "seed": seed, "dataset": data},
        "summary": summary,
    }


def _draw(draw: Draw, run: dict[str, Any], folder: str) -> dict[str, str]:
    """Return the paths of a run's images; none and one warning if they cannot be drawn."""
    own = Path(folder) / f"{run['network']}-seed{run['seed']}"
    try:
        own.mkdir()
        return {name: str(path) for name, path in draw(run, own).items()}
    except Exception as error:
        log.warning("no images of %s seed %s: %s", run["network"], run["seed"], error)
        return {}


def _log_elsewhere(
    runs: list[dict[str, Any]], settings: dict[str, Any], folder: str | Path
) -> tuple[list[dict[str, Any]], str]:
    """Log in a process of its own; return what the receipt says of each run, and what ended it."""
    request = json.dumps({"runs": runs, "settings": settings, "folder": str(folder)})
    seconds = START_SECONDS + RUN_SECONDS * len(runs)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "blocklab.jobs.tracking", f"{TRACKERS}.{settings['tracker']}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # a process group, to end it with all that it starts
    )
    try:
        output, reason = process.communicate(request, seconds)[0], "its process ended early"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, reason = process.communicate()[0], f"no answer in {seconds} s"
    answers = [json.loads(line) for line in output.splitlines()]
    if answers and "error" in answers[-1]:
        reason = answers.pop()["error"]
    return answers, reason


def _give_up(file: str | Path, reason: str) -> bool:
    """Note why, for the jobs to come; tell whether this is the first to do so."""
    try:
        with open(file, "x", encoding="utf-8") as note:
            note.write(reason)
    except FileExistsError:
        return False
    except OSError:
        pass
    return True


def _serve() -> None:
    """Log the runs asked for on standard input; answer with one line of JSON for each."""
    end_with_scheduler()
    # Whatever a tracker or its children print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    try:
        ids = import_module(sys.argv[1]).log(**request)
        for run, identifier in zip(request["runs"], ids, strict=True):
            receipt = {"network": run["network"], "seed": run["seed"], "id": identifier}
            print(json.dumps(receipt), file=answers)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=answers)
    signal.alarm(EXIT_SECONDS)  # should what a tracker left to be done at exit hang


if __name__ == "__main__":
    _serve()
