"""Mirror a seed's results to the experiment tracker."""

import json
from pathlib import Path

import pandas as pd

from blocklab.files import write_json
from blocklab.jobs.job import as_job
from blocklab.jobs.tracking import mirror

with as_job(snakemake):
    history = pd.read_csv(snakemake.input.history)
    metrics = pd.read_csv(snakemake.input.metrics)
    resources = json.loads(Path(snakemake.input.resources).read_text(encoding="utf-8"))
    job = json.loads(snakemake.params.job)
    runs = [
        {
            "network": row["network"],
            "seed": row["seed"],
            "config": job,
            "history": history.drop(columns="seed").to_dict("records"),
            "summary": row | resources,
        }
        for row in metrics.to_dict("records")
    ]
    settings = json.loads(snakemake.params.settings)
    folder = Path(snakemake.output.receipt).parent / "tracking"
    receipt = mirror(runs, settings, folder, snakemake.params.given_up)
    write_json(snakemake.output.receipt, receipt)
