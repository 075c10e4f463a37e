"""Draw when which job ran."""

from blocklab.logs import log_to
from blocklab.timeline import timeline

with log_to(snakemake.log[0]):
    timeline(snakemake.params.logs, snakemake.output[0])
