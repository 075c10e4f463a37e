"""What the job that evaluates a run writes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from blocklab.evaluation.evaluation import evaluate_run
from blocklab.files import canonical_json, write_arrays, write_table
from blocklab.jobs.network_job import NetworkJob
from blocklab.networks.complexity import complexity
from blocklab.networks.weights import load_weights


def write_evaluation(
    job: NetworkJob, seed: int, settings: Mapping[str, Any], run: Path, into: Path
) -> None:
    """Write metrics.csv and predictions.npz of the weights and history in `run` to `into`."""
    metrics, predictions = evaluate_run(
        load_weights(run / "weights.safetensors", job.layers, seed),
        seed,
        job.data,
        settings["training"]["loss"],
        pd.read_csv(run / "history.csv"),
        settings["evaluation"]["shifts"],
    )
    row = {"network": job.name} | metrics | complexity(job.layers, job.input_shape)
    write_table(into / "metrics.csv", pd.DataFrame([row]))
    made_by = canonical_json(settings["evaluation"])  # for `check_consumed`
    write_arrays(into / "predictions.npz", **predictions, settings=made_by)
