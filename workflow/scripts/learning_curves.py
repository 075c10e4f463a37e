"""Draw the error of every network, epoch by epoch."""

from pathlib import Path

import pandas as pd

from blocklab.jobs.job import as_job
from blocklab.report.figures.tables import learning_curves

with as_job(snakemake):
    histories = {
        network: pd.concat(pd.read_csv(Path(folder) / "history.csv") for folder in folders)
        for network, folders in snakemake.params.folders.items()
    }
    learning_curves(histories, snakemake.params.baseline, snakemake.output[0])
