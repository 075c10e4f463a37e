"""Train one network with a pack of seeds."""

import json
import os
import time
from pathlib import Path

import pandas as pd
import torch

from blocklab.data.prepared import load
from blocklab.files import sha256, write_json, write_table
from blocklab.jobs.devices import (
    choose_device,
    choose_precision,
    keep_freed_memory,
    make_deterministic,
)
from blocklab.jobs.job import as_job
from blocklab.jobs.measurement import ResourceMonitor, process_cost, total_cost
from blocklab.jobs.provenance import checkout, collect
from blocklab.networks.kernels.compiled import kernels_id
from blocklab.networks.network import resolve
from blocklab.networks.weights import save_weights
from blocklab.training.checkpoint import Checkpoints, fingerprint
from blocklab.training.loop import train
from blocklab.training.settings import Settings

with as_job(snakemake):
    started = time.time()
    origin = checkout() | {"code": snakemake.params.code}
    torch.set_num_threads(snakemake.threads)
    job = json.loads(snakemake.params.settings)
    device = choose_device(job["training"]["device"], snakemake.resources.gpu)
    settings = Settings.from_config(
        job["training"],
        batch_size=job["batch_size"],
        precision=choose_precision(job["training"]["precision"], device),
    )
    name = job["network"]["name"]
    layers = resolve(name, job["network"]["layers"], tuple(job["input_shape"]), job["classes"])

    make_deterministic(job["training"]["deterministic"], device)
    keep_freed_memory()
    arithmetic = {
        "precision": settings.precision,
        "kernels": kernels_id() if device == "cpu" and settings.compile else None,
    }
    data_sha256 = sha256(snakemake.input.data)
    monitor = ResourceMonitor(device)
    everything = [job, snakemake.params.code, data_sha256, device, monitor.device_name]
    everything += [snakemake.threads, arithmetic]
    checkpoints = Checkpoints(
        snakemake.params.checkpoints, fingerprint(everything), cost=process_cost
    )
    with monitor:
        data = load(snakemake.input.data, device)
        networks, history = train(
            layers, data, settings, job["seeds"], name, checkpoints=checkpoints
        )
    resources = monitor.result()
    resources |= total_cost([*checkpoints.costs, resources])

    save_weights(Path(snakemake.output.weights), networks, job["seeds"])
    write_table(snakemake.output.history, pd.DataFrame(history))
    resources["training_images"] = len(data.training.labels)
    write_json(snakemake.output.resources, resources)
    provenance = collect(
        origin,
        job,
        job["seeds"],
        resources | arithmetic,
        started,
        os.environ.get("BLOCKLAB_COMMAND"),
        data_sha256,
        checkpoints.resumed,
    )
    write_json(snakemake.output.provenance, provenance)
    checkpoints.clear()
