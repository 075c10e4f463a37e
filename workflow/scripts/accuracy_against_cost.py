"""Draw the test error of every network against what it costs."""

import pandas as pd

from blocklab.jobs.job import as_job
from blocklab.report.figures.tables import accuracy_against_cost

with as_job(snakemake):
    accuracy_against_cost(pd.read_csv(snakemake.input.networks), snakemake.output[0])
