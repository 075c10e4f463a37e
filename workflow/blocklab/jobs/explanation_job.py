"""What the job that explains a run writes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from blocklab.explanation.evidence import explain_run
from blocklab.files import canonical_json, write_arrays, write_table
from blocklab.jobs.network_job import NetworkJob


def write_explanation(
    job: NetworkJob, seed: int, settings: Mapping[str, Any], run: Path, into: Path
) -> None:
    """Write what is explained by the weights in `run`, and how far to believe it, to `into`."""
    weights = run / "weights.safetensors"
    found = explain_run(weights, job.layers, seed, job.data, settings["explanation"], job.name)
    made_by = canonical_json(settings["explanation"])  # for `check_consumed`
    write_arrays(into / "attributions.npz", **found.arrays, settings=made_by)
    tables = {
        "explanation": pd.DataFrame([found.measures]),
        "perturbation": found.perturbation,
        "randomisation": found.randomisation,
    }
    for name, table in tables.items():
        table.insert(0, "seed", seed)
        table.insert(0, "network", job.name)
        write_table(into / f"{name}.csv", table)
