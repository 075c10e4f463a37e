"""What the job that explains a run writes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blocklab.explanation.explanation import explain_run
from blocklab.files import write_arrays
from blocklab.jobs.network_job import NetworkJob


def write_explanation(
    job: NetworkJob, seed: int, settings: Mapping[str, Any], run: Path, into: Path
) -> None:
    """Write attributions.npz of the weights in `run` to `into`."""
    weights = run / "weights.safetensors"
    arrays = explain_run(weights, job.layers, seed, job.data.test, settings["explanation"])
    write_arrays(into / "attributions.npz", **arrays)
