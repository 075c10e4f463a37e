"""Attribute what a trained network says of some test images to their pixels."""

from blocklab.jobs.ahead import claim
from blocklab.jobs.job import as_job

with as_job(snakemake):
    if not claim(snakemake):
        # Only now, because torch takes seconds to import.
        from blocklab.jobs.explanation_job import write_explanation
        from blocklab.jobs.network_job import network_job

        with network_job(snakemake) as job:
            for seed, run in job.runs.items():
                write_explanation(job, seed, job.settings, run, run)
