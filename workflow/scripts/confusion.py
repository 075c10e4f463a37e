"""Draw the confusion matrix of the best network, summed over its seeds."""

import pandas as pd

from blocklab.data.manifest import read_manifest
from blocklab.jobs.job import as_job
from blocklab.report.aggregation import collect_predictions
from blocklab.report.figures.tables import confusion

with as_job(snakemake):
    networks = pd.read_csv(snakemake.input.networks)
    best = networks.loc[networks["best"], "network"].iloc[0]
    manifest = read_manifest(snakemake.input.manifest)
    files = [f"{folder}/predictions.npz" for folder in snakemake.params.folders[best]]
    counts = collect_predictions(files).confusion.sum(axis=0)
    confusion(counts, manifest["class_names"], best, snakemake.output[0])
