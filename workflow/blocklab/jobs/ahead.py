"""What evaluation and explanation will be asked for, computed by the training job before it ends.

To import torch, load the data and warm up takes a job longer than evaluating a small network does.
So a training leaves both results aside in the run folder, under a digest of all that they depend
on; the jobs put them in place, or compute as ever where there is none of that digest. No result
differs by that, hence this is no part of what is compared to decide whether a job runs again.
"""

import json
import logging
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocklab.files import digest, sha256, tensors_header

if TYPE_CHECKING:
    from blocklab.jobs.network_job import NetworkJob

log = logging.getLogger(__name__)

ASIDE = "ahead"
UNFINISHED = "unfinished"


def compute_ahead(snakemake: Any, job: "NetworkJob") -> None:
    """Evaluate and explain every run of a training job whose results are written.

    snakemake: of what Snakemake gives the training's script, params.ahead is used, what the rules
    `evaluate` and `explain` have as params.settings and params.code, beside input.data, threads
    and resources. A failure is left to the job itself to tell.
    """
    for seed, run in job.runs.items():
        aside = run / ASIDE
        died_here = (aside / UNFINISHED).exists()
        shutil.rmtree(aside, ignore_errors=True)
        if died_here:  # for want of memory, maybe: the training must not end like that again
            log.info("seed %d: its evaluation and explanation are left to their jobs", seed)
            continue
        for stage, params in snakemake.params.ahead.items():
            try:
                (aside / UNFINISHED).mkdir(parents=True)
                settings = json.loads(params["settings"])
                _writers()[stage](job, seed, settings, run, aside / UNFINISHED)
                name = _name(stage, params["settings"], params["code"], run, snakemake)
                (aside / UNFINISHED).rename(aside / name)
                log.info("seed %d: %s is computed ahead", seed, stage)
            except Exception as error:
                log.info("seed %d: %s is left to its job: %s", seed, stage, error)
                shutil.rmtree(aside / UNFINISHED, ignore_errors=True)


def claim(snakemake: Any) -> bool:
    """Put in place what the training left for this job; tell whether there was all of it."""
    stage, run = snakemake.rule, Path(snakemake.output[0]).parent
    aside = run / ASIDE
    if not aside.exists():
        return False
    try:
        name = _name(stage, snakemake.params.settings, snakemake.params.code, run, snakemake)
        for file in snakemake.output:
            os.replace(aside / name / Path(file).name, file)
        log.info("the training job has computed this already")
        return True
    except OSError:
        return False
    finally:
        for folder in aside.glob(f"{stage}-*"):
            shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            aside.rmdir()


def _name(stage: str, settings: str, code: str, run: Path, snakemake: Any) -> str:
    """Return stage and digest of all that the result depends on, as far as it is known here."""
    granted = any(snakemake.resources.get(name, 0) for name in ("gpu", "shared_gpu"))
    # The data's header holds a checksum of its content, which the training has verified.
    header = tensors_header(snakemake.input.data)
    weights, history = (sha256(run / file) for file in ("weights.safetensors", "history.csv"))
    known = [settings, code, header, weights, history, granted, snakemake.threads]
    return f"{stage}-{digest(known)[:32]}"


def _writers() -> dict[str, Callable[..., None]]:
    from blocklab.jobs.evaluation_job import write_evaluation
    from blocklab.jobs.explanation_job import write_explanation

    return {"evaluate": write_evaluation, "explain": write_explanation}
