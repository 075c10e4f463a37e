"""Draw the confusion matrix of the best network, summed over its seeds."""

import pandas as pd

from blocklab.evaluation import collect_confusions
from blocklab.figures import confusion
from blocklab.job import as_job
from blocklab.manifest import read_manifest

with as_job(snakemake):
    networks = pd.read_csv(snakemake.input.networks)
    best = networks.loc[networks["best"], "network"].iloc[0]
    manifest = read_manifest(snakemake.input.manifest)
    counts = collect_confusions(snakemake.params.folders[best]).sum(axis=0)
    confusion(counts, manifest["class_names"], best, snakemake.output[0])
