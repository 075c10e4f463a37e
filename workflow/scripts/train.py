"""Train one network from one seed, or from several at once."""

import os
import time

import pandas as pd

from blocklab.files import sha256, write_json, write_table
from blocklab.jobs.ahead import compute_ahead
from blocklab.jobs.devices import choose_precision
from blocklab.jobs.job import as_job, share_log
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
    origin = checkout(snakemake.params.code) | {"code": snakemake.params.code}
    with network_job(snakemake) as job:
        share_log(snakemake.log[0], [f"seed{seed}" for seed in job.runs])
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
            next(iter(job.runs.values())).parent,
            [job.settings, snakemake.params.code, data_sha256, job.device, arithmetic],
        )
        with monitor:
            networks, history = train(
                job.layers, job.data, settings, [*job.runs], job.name, checkpoints=checkpoints
            )
        # Of the job: seeds that were trained together cost this together.
        resources = monitor.result() | {
            "seeds": [*job.runs],
            "training_images": len(job.data.training.labels),
        }

        samples = pd.DataFrame(monitor.samples()).round(2)
        epochs = pd.DataFrame(history)
        for (seed, folder), network in zip(job.runs.items(), networks, strict=True):
            save_weights(folder / "weights.safetensors", network, seed)
            write_table(folder / "history.csv", epochs[epochs["seed"] == seed])
            write_json(folder / "resources.json", resources)
            write_table(folder / "samples.csv", samples)
            provenance = collect(
                origin=origin,
                settings=job.settings,
                dataset=snakemake.params.dataset,
                class_names=job.data.class_names,
                seed=seed,
                device_description=resources | arithmetic,
                started=started,
                command=os.environ.get("BLOCKLAB_COMMAND"),
                data_sha256=data_sha256,
                resumed=checkpoints.resumed.get(seed, 0),
            )
            write_json(folder / "provenance.json", provenance)
        del networks
        compute_ahead(snakemake, job)
        checkpoints.clear()
