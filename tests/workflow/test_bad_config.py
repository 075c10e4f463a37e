"""A mistake of the user's ends before any job starts, with one line that says what is wrong.

Every kind of mistake has its turn in unit/study and unit/networks; here it is how snakemake ends.
"""

from typing import Any

import pytest
import torch
from tiny_study import Study

pytestmark = pytest.mark.workflow

MISTAKES = {
    "a GPU insisted on and refused": (
        {"training": {"device": "cuda"}},
        "training.device is cuda, but --resources gpu=0 grants no GPU; use gpu=1, or",
    ),
    "an unknown key": (
        {"training": {"epoch": 2}},
        "training.epoch: unknown key; did you mean 'epochs'?",
    ),
    "an output folder that is a file": (
        {"outdir": "config.yaml"},
        "outdir: 'config.yaml' is a file; it must be a folder, or not exist yet",
    ),
    "a network named as a rule": (
        {"networks": {"train": {"batch_size": 10, "layers": ["flatten"]}}},
        "networks.train: the name is reserved",
    ),
    "an unknown argument": (
        {"networks": {"vgg": {"layers": ["relu", {"conv": {"outt": 8}}]}}},
        "networks.vgg, layer 2 (conv): unknown argument 'outt'; did you mean 'out'?",
    ),
}


@pytest.mark.parametrize(("change", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_before_any_job_starts(
    fresh: Study, change: dict[str, Any], expected: str
):
    fresh.configure(change)
    done = fresh.snakemake("--cores", "4", "--resources", "gpu=0")
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    lines = [line for line in done.stdout.splitlines() if "rror" in line]
    assert len(lines) == 1, done.stdout
    assert lines[0].startswith(f"Error in the config: {expected}")
    assert [path.name for path in (fresh.folder / "results").iterdir()] == ["README.md"]


def test_an_unknown_target_is_one_line_with_the_networks(fresh: Study):
    done = fresh.snakemake("vggg", "--cores", "1")
    assert done.returncode != 0
    assert done.stdout.splitlines()[-1] == (
        "Error: vggg: no network has that name; there are exp3, vgg, csp; did you mean 'vgg'?"
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_one_line(fresh: Study):
    fresh.configure({"training": {"device": "cuda"}})
    done = fresh.snakemake("--cores", "1")
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert done.stdout.splitlines()[-1] == (
        "Error: training.device: cuda, but torch can use no such GPU on this machine; "
        "use auto or cpu"
    )
    assert [path.name for path in (fresh.folder / "results").iterdir()] == ["README.md"]
