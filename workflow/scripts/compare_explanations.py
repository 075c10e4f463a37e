"""Gather what every run's explanations are worth, and compare those of all runs."""

import pandas as pd

from blocklab.explanation.comparison import read_maps, tabulate_agreement, tabulate_baselines
from blocklab.explanation.over_images import limits_over_images
from blocklab.files import write_table
from blocklab.jobs.job import as_job

with as_job(snakemake):
    files, params = snakemake.input, snakemake.params
    gathered = {
        name: pd.concat(map(pd.read_csv, files[name]), ignore_index=True)
        for name in ("explanation", "perturbation", "randomisation")
    }
    explanations = gathered["explanation"].join(limits_over_images(files.attributions))
    maps = read_maps(params.networks, files.attributions)
    for name, table in {
        "explanations": explanations,
        "agreement": tabulate_agreement(maps),
        "baselines": tabulate_baselines(maps, explanations, params.baseline),
        "perturbation": gathered["perturbation"],
        "randomisation": gathered["randomisation"],
    }.items():
        write_table(snakemake.output[name], table)
