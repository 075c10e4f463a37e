"""What a network's job begins with, on a machine whose GPU is a stand-in."""

import json
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from blocklab.jobs import network_job as module
from blocklab.jobs.network_job import network_job

SETTINGS = {
    "network": {"name": "small", "layers": ["flatten", {"linear": "classes"}]},
    "input_shape": [1, 8, 8],
    "classes": 4,
    "training": {"device": "auto", "deterministic": False, "compile": True},
}


@pytest.fixture
def begun(monkeypatch):
    """Return a function: what was granted -> how the GPU was taken, and whether kernels were."""

    def begin(**granted: int) -> tuple[list[bool], bool]:
        taken, wanted = [], []
        monkeypatch.setattr("blocklab.jobs.devices.lease_gpu", lambda alone: taken.append(alone))
        monkeypatch.setattr("torch.cuda.is_available", lambda: True)
        monkeypatch.setattr(module, "prepare_processor", lambda threads: None)
        monkeypatch.setattr(module, "load", lambda path, device: device)
        monkeypatch.setattr(module, "kernels", lambda want: wanted.append(want) or nullcontext())
        snakemake = SimpleNamespace(
            params=SimpleNamespace(settings=json.dumps(SETTINGS)),
            input=SimpleNamespace(data="data"),
            output=["vgg/seed0/weights.safetensors"],
            threads=1,
            resources=granted,
        )
        with network_job(snakemake) as job:
            assert job.data == job.device == ("cuda" if taken else "cpu")
            assert [layer.output_shape for layer in job.layers] == [(64,), (4,)]
        return taken, *wanted

    return begin


def test_a_job_on_a_gpu_takes_it_alone_or_shares_it_and_compiles_no_kernels(begun):
    assert begun(gpu=1) == ([True], False)
    assert begun(shared_gpu=1) == ([False], False)


def test_a_job_that_was_granted_no_gpu_takes_none(begun):
    assert begun(gpu=0) == ([], True)
    assert begun(shared_gpu=0) == ([], True)
    assert begun() == ([], True)
