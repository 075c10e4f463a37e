"""Write the page that the study is read by."""

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

with as_job(snakemake):
    output = Path(snakemake.output[0])
    settings = json.loads(snakemake.params.settings)
    # JSON text has lost the order of networks, which is that of the tables.
    settings["networks"] = {name: settings["networks"][name] for name in snakemake.params.networks}
    files = snakemake.input
    study = Study(
        config=settings,
        networks=read_networks(files.networks),
        explanations=pd.read_csv(files.explanations),
        provenance=json.loads(Path(files.provenance).read_text(encoding="utf-8")),
        manifest=read_manifest(files.manifest),
        homework=pd.read_csv(files.homework),
        cards={
            Path(card).stem: yaml.safe_load(Path(card).read_text(encoding="utf-8"))
            for card in files.cards
        },
        figures={Path(path).stem: os.path.relpath(path, output.parent) for path in files.figures},
        options=snakemake.params.options,
        missing=snakemake.params.missing,
    )
    with write_atomically(output) as temporary:
        temporary.write_text(render(study, Path(files.template)), encoding="utf-8")
