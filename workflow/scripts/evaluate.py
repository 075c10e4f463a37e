"""Evaluate a trained pack on the validation and test images."""

from pathlib import Path

import pandas as pd

from blocklab.evaluation.evaluation import evaluate_pack
from blocklab.files import write_arrays, write_table
from blocklab.jobs.job import as_job
from blocklab.jobs.network_job import network_job
from blocklab.networks.complexity import complexity
from blocklab.networks.weights import load_weights

with as_job(snakemake), network_job(snakemake) as job:
    metrics, predictions = evaluate_pack(
        load_weights(Path(snakemake.input.weights), job.layers, job.seeds),
        job.seeds,
        job.data,
        job.settings["training"]["loss"],
        pd.read_csv(snakemake.input.history),
    )
    counts = complexity(job.layers, job.input_shape)
    metrics = metrics.assign(**counts)
    metrics.insert(0, "network", job.name)
    write_table(snakemake.output.metrics, metrics)
    write_arrays(snakemake.output.predictions, **predictions)
