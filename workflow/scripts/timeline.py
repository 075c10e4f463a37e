"""Draw when which job ran."""

from blocklab.jobs.job import as_job
from blocklab.report.figures.timeline import timeline

with as_job(snakemake):
    timeline(snakemake.params.logs, snakemake.output[0])
