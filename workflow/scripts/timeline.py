"""Draw when which job ran."""

from blocklab.job import as_job
from blocklab.timeline import timeline

with as_job(snakemake):
    timeline(snakemake.params.logs, snakemake.output[0])
