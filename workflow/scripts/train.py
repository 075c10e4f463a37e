"""Train one network with a pack of seeds."""

import json
import os
import time
from pathlib import Path

import pandas as pd
import torch

from blocklab.checkpoint import Checkpoints, fingerprint
from blocklab.data import load
from blocklab.devices import (
    choose_device,
    choose_precision,
    keep_freed_memory,
    make_deterministic,
)
from blocklab.files import write_json, write_table
from blocklab.kernels import load as load_kernels
from blocklab.learner import Settings
from blocklab.logs import log_to
from blocklab.manifest import read_manifest
from blocklab.measurement import ResourceMonitor
from blocklab.network import resolve
from blocklab.provenance import collect
from blocklab.training import train
from blocklab.weights import save_weights

with log_to(snakemake.log[0]):
    started = time.time()
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
        "kernels": device == "cpu" and settings.compile and load_kernels() is not None,
    }
    data_sha256 = read_manifest(snakemake.input.manifest)["sha256"]
    everything = [job, snakemake.params.code, data_sha256, device, snakemake.threads, arithmetic]
    checkpoints = Checkpoints(snakemake.params.checkpoints, fingerprint(everything))
    with ResourceMonitor(device) as monitor:
        data = load(snakemake.input.data, data_sha256, device)
        networks, history = train(
            layers, data, settings, job["seeds"], name, checkpoints=checkpoints
        )
    resources = monitor.result()

    save_weights(Path(snakemake.output.weights), networks, job["seeds"])
    write_table(snakemake.output.history, pd.DataFrame(history))
    resources["training_images"] = len(data.training.labels)
    write_json(snakemake.output.resources, resources)
    provenance = collect(
        job,
        job["seeds"],
        resources | arithmetic,
        started,
        os.environ.get("BLOCKLAB_COMMAND"),
        data_sha256,
    )
    write_json(snakemake.output.provenance, provenance)
    checkpoints.clear()
