"""Attribute what a trained network says of some test images to their pixels."""

from pathlib import Path

from blocklab.explanation.explanation import explain_run
from blocklab.files import write_arrays
from blocklab.jobs.job import as_job
from blocklab.jobs.network_job import network_job

with as_job(snakemake), network_job(snakemake) as job:
    arrays = explain_run(
        Path(snakemake.input.weights),
        job.layers,
        int(snakemake.wildcards.seed),
        job.data.test,
        job.settings["explanation"],
    )
    write_arrays(snakemake.output.attributions, **arrays)
