"""Weights & Biases. Offline a run lies in `folder`/wandb/."""

import os
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

# Together less than what `jobs.tracking` allows, so that wandb itself says what is wrong.
INIT_SECONDS = 9
FINISH_SECONDS = 7


def log(run: dict[str, Any], settings: dict[str, Any], folder: str) -> str:
    """Log a run; return its address if online, else its path relative to `folder`."""
    os.environ["WANDB_ERROR_REPORTING"] = "false"  # no reports of its own errors to its makers
    wandb = _import()
    own = Path(folder).resolve()
    own.mkdir(parents=True, exist_ok=True)
    # wandb would silently write to the system's temporary folder instead.
    if not os.access(own, os.R_OK | os.W_OK):
        raise PermissionError(f"{own} is not writable")
    shutil.rmtree(own / "wandb", ignore_errors=True)
    logged = wandb.init(
        mode=settings["mode"],
        project=settings["project"],
        entity=settings["entity"],
        dir=own,
        id=run["key"],  # logged again, it is the same run
        name=f"{run['study']} {run['network']} seed {run['seed']}",
        group=run["group"],
        job_type=run["network"],
        config=run["config"],
        # Neither the machine, the user, the environment nor the code is sent.
        settings=wandb.Settings(
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
            host="",  # else the machine's name
            x_save_requirements=False,
        ),
    )
    logged.define_metric("epoch")
    logged.define_metric("*", step_metric="epoch")
    for name in run["samples"][0] if run["samples"] else ():
        step = None if name == "seconds" else "samples/seconds"
        logged.define_metric(f"samples/{name}", step_metric=step, summary="none")
    for row in run["history"]:
        logged.log(_known(row))
    for row in run["samples"]:
        logged.log({f"samples/{name}": value for name, value in _known(row).items()})
    if run["images"]:
        logged.log({name: wandb.Image(path) for name, path in run["images"].items()})
    logged.summary.update(_known(run["summary"]))
    logged.finish()
    online = settings["mode"] == "online"
    return logged.url if online else str(Path(logged.dir).parent.relative_to(own))


def _import() -> ModuleType:
    """Return wandb without what it would import at its first run and first image, and not use.

    Together 0.4 s of a job's 2.4. Both are left out as if they were not installed.
    """
    # The client of its job queues.
    sys.modules.setdefault("wandb.sdk.launch", None)
    import wandb

    wandb.util.pd_available = False
    return wandb


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values` without those that are None or NaN."""
    return {name: value for name, value in values.items() if value is not None and value == value}
