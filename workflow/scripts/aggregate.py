"""Gather every run into the tables of the study."""

import json

from blocklab.files import write_json, write_table
from blocklab.jobs.job import as_job
from blocklab.report.aggregation import (
    by_network,
    collect_histories,
    collect_predictions,
    collect_runs,
    summarise_networks,
    tabulate_confusion,
)
from blocklab.report.misses import tabulate_misses
from blocklab.report.provenance_summary import arrays_digest, summarise_provenance
from blocklab.report.votes import tabulate_votes

with as_job(snakemake):
    files, networks = snakemake.input, snakemake.params.networks
    predicted = by_network(networks, files.predictions)
    runs = collect_runs(files.metrics, files.history, files.resources)
    predictions = {network: collect_predictions(paths) for network, paths in predicted.items()}
    for name, table in {
        "runs": runs,
        "networks": summarise_networks(runs, predictions, snakemake.params.baseline),
        "histories": collect_histories(by_network(networks, files.history)),
        "confusion": tabulate_confusion(predictions),
        "misses": tabulate_misses(predictions),
        "votes": tabulate_votes(json.loads(snakemake.params.votes), predicted, runs),
    }.items():
        write_table(snakemake.output[name], table)
    made_by = summarise_provenance(files.provenance) | {"arrays": arrays_digest(files.weights)}
    write_json(snakemake.output.provenance, made_by)
