"""Write the summary, and the study's config to run it again."""

import json
import os
from pathlib import Path

import pandas as pd
import yaml

from blocklab.data.manifest import read_manifest
from blocklab.files import write_atomically
from blocklab.jobs.job import as_job
from blocklab.report.aggregation import read_networks
from blocklab.report.summary import Study, render
from blocklab.study.overlay import as_overlay

with as_job(snakemake):
    output = Path(snakemake.output.markdown)
    settings = json.loads(snakemake.params.settings)
    # JSON text has lost the order of networks, which is that of the tables.
    every = {name: settings["networks"][name] for name in snakemake.params.study}
    settings["networks"] = {name: every[name] for name in snakemake.params.networks}
    files = snakemake.input
    study = Study(
        config=settings,
        data=snakemake.params.data,
        networks=read_networks(files.networks),
        explanations=pd.read_csv(files.explanations),
        provenance=json.loads(Path(files.provenance).read_text(encoding="utf-8")),
        manifest=read_manifest(files.manifest),
        homework=pd.read_csv(files.homework),
        layers=json.loads(snakemake.params.layers),
        cards={
            Path(card).stem: yaml.safe_load(Path(card).read_text(encoding="utf-8"))
            for card in files.cards
        },
        figures={Path(path).stem: os.path.relpath(path, output.parent) for path in files.figures},
        missing=snakemake.params.missing,
    )
    text = render(study, Path(files.template))
    copy = Path(snakemake.output.config)
    # Tracking changes no result, so the summary is not written again for it.
    tracking = snakemake.config["tracking"]
    overlay = as_overlay({**settings, "tracking": tracking, "networks": every}, copy)
    for path, content in ((output, text), (copy, overlay)):
        with write_atomically(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
