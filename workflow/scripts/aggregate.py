"""Gather every run into the tables of the study."""

from pathlib import Path

from blocklab.evaluation.metrics import collect_right
from blocklab.files import write_table
from blocklab.jobs.job import as_job
from blocklab.report.aggregation import (
    collect_confusions_table,
    collect_histories,
    collect_runs,
    summarise_networks,
)

with as_job(snakemake):
    folders = {
        network: [Path(path) for path in paths]
        for network, paths in snakemake.params.folders.items()
    }
    runs = collect_runs([folder for packs in folders.values() for folder in packs])
    right = {network: collect_right(packs) for network, packs in folders.items()}
    networks = summarise_networks(runs, right, snakemake.params.baseline)
    write_table(snakemake.output.runs, runs)
    write_table(snakemake.output.networks, networks)
    histories = {
        network: [folder / "history.csv" for folder in packs] for network, packs in folders.items()
    }
    write_table(snakemake.output.histories, collect_histories(histories))
    write_table(snakemake.output.confusion, collect_confusions_table(folders))
