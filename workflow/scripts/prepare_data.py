"""Fetch, verify, resize and split a dataset."""

from pathlib import Path

from blocklab.data.preparation import prepare
from blocklab.data.sources import fetch
from blocklab.jobs.job import as_job

with as_job(snakemake):
    settings = snakemake.config["dataset"]
    raw = fetch(settings["name"], settings["source"], settings["directory"])
    output = Path(snakemake.output.data), Path(snakemake.output.manifest)
    prepare(settings, raw, *output, expected=snakemake.params.files)
