"""Check every network's attributions, and compare them with the baseline network's."""

from blocklab.explanation.agreement import compare_explanations
from blocklab.files import write_table
from blocklab.jobs.job import as_job

with as_job(snakemake):
    attributions = dict(zip(snakemake.params.networks, snakemake.input.attributions, strict=True))
    compared = compare_explanations(attributions, snakemake.params.baseline)
    write_table(snakemake.output.explanations, compared)
