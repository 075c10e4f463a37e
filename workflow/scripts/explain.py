"""Attribute what a trained pack says of some test images to their pixels."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch

from blocklab.data.prepared import load
from blocklab.explanation.attribution import Explanation, choose_images, explain
from blocklab.files import write_arrays
from blocklab.jobs.devices import choose_device, make_deterministic
from blocklab.jobs.job import as_job
from blocklab.networks.kernels.compiled import kernels
from blocklab.networks.network import build, initialise, resolve
from blocklab.networks.weights import load_weights

with as_job(snakemake), kernels(snakemake.params.compile):
    torch.set_num_threads(snakemake.threads)
    job = json.loads(snakemake.params.settings)
    settings = job["explanation"]
    device = choose_device(snakemake.params.device, snakemake.resources.gpu)
    make_deterministic(snakemake.params.deterministic, device)
    layers = resolve(
        job["network"]["name"], job["network"]["layers"], tuple(job["input_shape"]), job["classes"]
    )
    test = load(snakemake.input.data, device).test
    chosen, gallery = choose_images(
        test.labels, job["classes"], settings["sample"], settings["seed"]
    )
    images = test.at(chosen)
    shown = test.at(chosen[:gallery])

    explanations, untrained = [], []
    for seed in snakemake.params.seeds:
        network = load_weights(Path(snakemake.input.weights), build(layers), seed).to(device)
        explanations.append(explain(network, images, settings["target"], settings["steps"]))
        network = initialise(layers, seed).to(device)
        untrained.append(explain(network, shown, settings["target"], settings["steps"]))

    write_arrays(
        snakemake.output.attributions,
        seeds=np.array(snakemake.params.seeds),
        indices=images.indices.cpu().numpy(),
        gallery=np.array(gallery),
        images=images.images.cpu().numpy(),
        labels=images.labels.cpu().numpy(),
        untrained=np.stack([one.attributions for one in untrained]),
        **{
            field.name: np.stack([getattr(one, field.name) for one in explanations])
            for field in fields(Explanation)
        },
    )
