"""Mirror a seed's results to the experiment tracker."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from blocklab.data.manifest import read_manifest
from blocklab.files import write_json
from blocklab.jobs.job import as_job
from blocklab.jobs.tracking import describe_run, mirror
from blocklab.report.run_images import draw_run

with as_job(snakemake):
    files = snakemake.input
    history, samples, metrics = map(pd.read_csv, (files.history, files.samples, files.metrics))
    resources, provenance = (
        json.loads(Path(file).read_text(encoding="utf-8"))
        for file in (files.resources, files.provenance)
    )
    manifest = read_manifest(files.manifest)
    study, job = json.loads(snakemake.params.study), json.loads(snakemake.params.job)
    (measured,) = metrics.to_dict("records")
    run = describe_run(study, manifest["sizes"], job, provenance, measured | resources) | {
        "history": history.drop(columns="seed").to_dict("records"),
        "samples": samples.to_dict("records"),
    }

    def draw(run, folder):
        explained, predicted = np.load(files.attributions), np.load(files.predictions)
        return draw_run(
            run["network"],
            dict(explained),
            predicted["test_confusion"],
            manifest,
            study["explanation"],
            folder,
        )

    settings = json.loads(snakemake.params.settings)
    folder = Path(snakemake.output.receipt).parent / "tracking"
    receipt = mirror(run, draw, settings, folder, snakemake.params.given_up)
    write_json(snakemake.output.receipt, receipt)
