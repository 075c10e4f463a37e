"""Write the summary, and the study's config to run it again."""

import json
from pathlib import Path

from blocklab.files import write_atomically
from blocklab.jobs.job import as_job
from blocklab.report.study_files import read_study
from blocklab.report.summary import render
from blocklab.study.overlay import as_overlay

with as_job(snakemake):
    output = Path(snakemake.output.markdown)
    files, values = snakemake.input, snakemake.params
    text = render(read_study(files, values, output.parent), Path(files.template))
    copy = Path(snakemake.output.config)
    settings = json.loads(values.settings)
    every = {name: settings["networks"][name] for name in values.study}
    # Tracking changes no result, so the summary is not written again for it.
    tracking = snakemake.config["tracking"]
    overlay = as_overlay({**settings, "tracking": tracking, "networks": every}, copy)
    for path, content in ((output, text), (copy, overlay)):
        with write_atomically(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
