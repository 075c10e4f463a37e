"""Evaluate a trained pack on the validation and test images."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from blocklab.data.prepared import load
from blocklab.evaluation.metrics import evaluate_seed
from blocklab.files import write_arrays, write_table
from blocklab.jobs.devices import choose_device, make_deterministic
from blocklab.jobs.job import as_job
from blocklab.networks.complexity import complexity
from blocklab.networks.kernels.compiled import kernels
from blocklab.networks.network import build, predict, resolve
from blocklab.networks.weights import load_weights

with as_job(snakemake), kernels(snakemake.params.compile):
    torch.set_num_threads(snakemake.threads)
    job = json.loads(snakemake.params.settings)
    device = choose_device(job["training"]["device"], snakemake.resources.gpu)
    make_deterministic(job["training"]["deterministic"], device)
    name, shape = job["network"]["name"], tuple(job["input_shape"])
    layers = resolve(name, job["network"]["layers"], shape, job["classes"])
    counted = complexity(layers, shape)
    data = load(snakemake.input.data, device)
    history = pd.read_csv(snakemake.input.history)

    rows, arrays = [], []
    for seed in snakemake.params.seeds:
        network = load_weights(Path(snakemake.input.weights), build(layers), seed).to(device)
        logits = {
            split: predict(network, getattr(data, split).images).cpu().numpy()
            for split in ("validation", "test")
        }
        labels = {split: getattr(data, split).labels.cpu().numpy() for split in logits}
        last_epoch = history[history["seed"] == seed].iloc[-1]
        measured, confusion = evaluate_seed(logits, labels, job["training"]["loss"])
        rows.append(
            {"network": name, "seed": seed}
            | {key: last_epoch[key] for key in ("acc", "loss")}
            | measured
            | counted
        )
        arrays.append({"test_confusion": confusion} | {f"{k}_logits": v for k, v in logits.items()})

    write_table(snakemake.output.metrics, pd.DataFrame(rows))
    write_arrays(
        snakemake.output.predictions,
        seeds=np.array(snakemake.params.seeds),
        **{key: np.stack([one[key] for one in arrays]) for key in arrays[0]},
        **{f"{split}_labels": values for split, values in labels.items()},
    )
