"""Train one network with a pack of seeds."""

import os
import time
from pathlib import Path

import pandas as pd

from blocklab.files import sha256, write_json, write_table
from blocklab.jobs.devices import choose_precision
from blocklab.jobs.job import as_job
from blocklab.jobs.measurement import ResourceMonitor
from blocklab.jobs.network_job import network_job
from blocklab.jobs.provenance import checkout, collect
from blocklab.networks.kernels.compiled import kernels_id
from blocklab.networks.weights import save_weights
from blocklab.training.checkpoint import Checkpoints
from blocklab.training.loop import train
from blocklab.training.settings import Settings

with as_job(snakemake):
    started = time.time()
    origin = checkout() | {"code": snakemake.params.code}
    with network_job(snakemake) as job:
        settings = Settings.from_config(
            job.settings["training"],
            batch_size=job.settings["batch_size"],
            precision=choose_precision(job.settings["training"]["precision"], job.device),
        )
        data_sha256 = sha256(snakemake.input.data)
        monitor = ResourceMonitor(job.device)
        arithmetic = {
            "device_name": monitor.device_name,
            "threads": snakemake.threads,
            "precision": settings.precision,
            "kernels": kernels_id() if job.device == "cpu" and settings.compile else None,
        }
        checkpoints = Checkpoints(
            snakemake.params.checkpoints,
            [job.settings, snakemake.params.code, data_sha256, job.device, arithmetic],
        )
        with monitor:
            networks, history = train(
                job.layers, job.data, settings, job.seeds, job.name, checkpoints=checkpoints
            )
    resources = monitor.result() | {"training_images": len(job.data.training.labels)}

    save_weights(Path(snakemake.output.weights), networks, job.seeds)
    write_table(snakemake.output.history, pd.DataFrame(history))
    write_json(snakemake.output.resources, resources)
    write_table(snakemake.output.samples, pd.DataFrame(monitor.samples()).round(2))
    provenance = collect(
        origin=origin,
        settings=job.settings,
        seeds=job.seeds,
        device_description=resources | arithmetic,
        started=started,
        command=os.environ.get("BLOCKLAB_COMMAND"),
        data_sha256=data_sha256,
        resumed=checkpoints.resumed,
    )
    write_json(snakemake.output.provenance, provenance)
    checkpoints.clear()
