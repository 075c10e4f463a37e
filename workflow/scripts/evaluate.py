"""Evaluate a trained network on the validation and test images."""

from blocklab.jobs.ahead import claim
from blocklab.jobs.job import as_job

with as_job(snakemake):
    if not claim(snakemake):
        # Only now, because torch takes seconds to import.
        from blocklab.jobs.evaluation_job import write_evaluation
        from blocklab.jobs.network_job import network_job

        with network_job(snakemake) as job:
            for seed, run in job.runs.items():
                write_evaluation(job, seed, job.settings, run, run)
