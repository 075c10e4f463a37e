"""Evaluate a trained network on the validation and test images."""

from pathlib import Path

import pandas as pd

from blocklab.evaluation.evaluation import evaluate_run
from blocklab.files import write_arrays, write_table
from blocklab.jobs.job import as_job
from blocklab.jobs.network_job import network_job
from blocklab.networks.complexity import complexity
from blocklab.networks.weights import load_weights

with as_job(snakemake), network_job(snakemake) as job:
    seed = int(snakemake.wildcards.seed)
    metrics, predictions = evaluate_run(
        load_weights(Path(snakemake.input.weights), job.layers, seed),
        seed,
        job.data,
        job.settings["training"]["loss"],
        pd.read_csv(snakemake.input.history),
    )
    row = {"network": job.name} | metrics | complexity(job.layers, job.input_shape)
    write_table(snakemake.output.metrics, pd.DataFrame([row]))
    write_arrays(snakemake.output.predictions, **predictions)
