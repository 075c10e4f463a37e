"""Fetch, verify, resize and split a dataset."""

from pathlib import Path

from blocklab.data import prepare
from blocklab.logs import log_to
from blocklab.sources import fetch

with log_to(snakemake.log[0]):
    settings = snakemake.config["dataset"]
    raw = fetch(settings["name"], settings["source"], settings["directory"])
    prepare(settings, raw, Path(snakemake.output.data), Path(snakemake.output.manifest))
