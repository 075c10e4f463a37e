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
# To start asks no network, but reads much code, perhaps from a slow disk beside busy jobs. A
# tracker's own limits should be shorter than what logging may take: it can say what is wrong.
START_SECONDS = 30
LOG_SECONDS = 18
EXIT_SECONDS = 2
# Draws the images of a run into a folder, and returns their paths by name.
Draw = Callable[[dict[str, Any], Path], dict[str, Path]]


def mirror(
    run: dict[str, Any],
    draw: Draw,
    settings: dict[str, Any],
    folder: str | Path,
    given_up: str | Path,
) -> dict[str, Any]:
    """Log a run and return the receipt for tracking.json, whatever happens.

    Args:
        run, folder: see `jobs.trackers`; without its images, which
        draw: draws, if there is somebody to log them.
        settings: tracker (a module of `jobs.trackers`), mode, project and entity.
        given_up: a file that the first failure leaves, and because of which later calls do not
            try: one study waits once and warns once. The study's start removes it.

    Returns:
        tracker, mode, id (see `jobs.trackers`) and warning: None, or one line that says why the run
        was not logged; it goes to the log, too.
    """
    name, mode = settings["tracker"], settings["mode"]
    if mode == "disabled":
        return {"tracker": None, "mode": mode, "id": None, "warning": None}
    identifier, warning = None, None
    try:
        if os.path.exists(given_up):
            raise RuntimeError(Path(given_up).read_text(encoding="utf-8"))
        with TemporaryDirectory() as images:
            identifier = _log_elsewhere(
                run | {"images": _draw(draw, run, images)}, settings, folder
            )
    except Exception as error:  # a mirror must not break what it mirrors
        reason = str(error).partition("\n")[0]
        warning = (
            f"{name} ({mode}) did not log {run['network']}, seed {run['seed']}: {reason} "
            "(the results are complete without it)"
        )
        log.log(logging.WARNING if _give_up(given_up, reason) else logging.INFO, warning)
    return {"tracker": name, "mode": mode, "id": identifier, "warning": warning}


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
    try:
        return {name: str(path) for name, path in draw(run, Path(folder)).items()}
    except Exception as error:
        log.warning("no images of %s seed %s: %s", run["network"], run["seed"], error)
        return {}


def _log_elsewhere(run: dict[str, Any], settings: dict[str, Any], folder: str | Path) -> str:
    """Log in a process of its own; return the run's id. Raises RuntimeError that says why not."""
    request = json.dumps({"run": run, "settings": settings, "folder": str(folder)})
    seconds = START_SECONDS + LOG_SECONDS
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
        # It may have logged the run, and hang in what it does at its end.
        output, reason = process.communicate()[0], f"no answer in {seconds} s"
    answer = json.loads(output) if output else {"error": reason}
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer["id"]


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
    """Log the run asked for on standard input; answer with one line of JSON."""
    end_with_scheduler()
    # Whatever a tracker or its children print must not get before the answer.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    try:
        answer = json.dumps({"id": import_module(sys.argv[1]).log(**request)})
    except Exception as error:
        answer = json.dumps({"error": f"{type(error).__name__}: {error}"})
    print(answer, file=answers)
    signal.alarm(EXIT_SECONDS)  # should what a tracker left to be done at exit hang


if __name__ == "__main__":
    _serve()
