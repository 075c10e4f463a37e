"""Write the page that the study is read by."""

import json
import os
from pathlib import Path

from blocklab.files import write_atomically
from blocklab.jobs.job import as_job
from blocklab.report.summary import Study, render

with as_job(snakemake):
    output = Path(snakemake.output[0])
    settings = json.loads(snakemake.params.settings)
    # JSON text has lost the order of networks, which is that of the tables.
    settings["networks"] = {name: settings["networks"][name] for name in snakemake.params.networks}
    study = Study.read(
        config=settings,
        networks=Path(snakemake.input.networks),
        manifest=Path(snakemake.input.manifest),
        folders={
            network: [Path(folder) for folder in folders]
            for network, folders in snakemake.params.folders.items()
        },
        homework=Path(snakemake.input.homework),
        cards=Path(snakemake.input.cards[0]).parent,
        figures={
            Path(path).stem: os.path.relpath(path, output.parent)
            for path in snakemake.input.figures
        },
        options=snakemake.params.options,
        missing=snakemake.params.missing,
    )
    with write_atomically(output) as temporary:
        temporary.write_text(render(study, Path(snakemake.input.template)), encoding="utf-8")
