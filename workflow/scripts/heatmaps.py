"""Draw Integrated Gradients of the baseline beside the best network, and of all networks."""

from pathlib import Path

import numpy as np
import pandas as pd

from blocklab.data.manifest import read_manifest
from blocklab.jobs.job import as_job
from blocklab.report.figures.heatmaps import TARGET_LABELS, baseline_and_best, every_network

with as_job(snakemake):
    networks = pd.read_csv(snakemake.input.networks)
    best = networks.loc[networks["best"], "network"].iloc[0]
    baseline = snakemake.params.baseline
    label = TARGET_LABELS[snakemake.params.target]
    class_names = read_manifest(snakemake.input.manifest)["class_names"]
    explained = {
        network: dict(np.load(Path(folders[0]) / "attributions.npz"))
        for network, folders in snakemake.params.folders.items()
    }
    baseline_and_best(
        (baseline, explained[baseline]),
        (best, explained[best]),
        class_names,
        label,
        snakemake.output.pair,
    )
    every_network(explained, class_names, label, snakemake.output.every)
