"""Fetch, verify, resize and split a dataset."""

from pathlib import Path

from blocklab.data import prepare
from blocklab.job import as_job
from blocklab.sources import fetch

with as_job(snakemake):
    settings = snakemake.config["dataset"]
    raw = fetch(settings["name"], settings["source"], settings["directory"])
    prepare(settings, raw, Path(snakemake.output.data), Path(snakemake.output.manifest))
