"""Draw the test error of every network against what it costs."""

import pandas as pd

from blocklab.figures import accuracy_against_cost
from blocklab.job import as_job

with as_job(snakemake):
    accuracy_against_cost(pd.read_csv(snakemake.input.networks), snakemake.output[0])
