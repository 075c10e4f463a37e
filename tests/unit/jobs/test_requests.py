"""What jobs ask of a scheduler, whatever this machine has."""

import pytest

from blocklab.errors import UserError
from blocklab.jobs import devices, requests
from blocklab.jobs.requests import gpus_asked_for, megabytes, minutes

TRAINING = {"epochs": 10, "optimizer": "adam", "momentum": 0, "precision": "float32"}
TRAINING |= {"average": "none", "augmentation": {}}
CONFIG = {
    "training": TRAINING,
    "networks": {
        "small": {"batch_size": 100},
        "own": {"batch_size": 100, "training": {"epochs": 1}},
    },
    "dataset": {},
}
KNOWN = {"parameters": 25_000, "kept_bytes": 1_000_000}


@pytest.mark.parametrize(
    ("setting", "limits", "there", "expected"),
    [
        ("cuda", {}, False, 1),
        ("mps", {}, False, 1),
        ("cpu", {"gpu": 8}, True, 0),
        # `auto` looks at what the cluster is said to have, not at the machine that plans.
        ("auto", {}, True, 0),
        ("auto", {"gpu": 0}, True, 0),
        ("auto", {"gpu": 8}, False, 1),
    ],
)
def test_a_cluster_gives_out_whole_gpus(monkeypatch, setting, limits, there, expected):
    monkeypatch.setattr(devices, "accelerator_present", lambda: there)
    asked = gpus_asked_for(setting, limits, elsewhere=True)
    for stage in ("train", "evaluate", "explain"):
        assert asked[stage] == {"gpu": expected, "shared_gpu": 0}


@pytest.mark.parametrize("there", [True, False])
def test_on_one_machine_what_follows_a_training_shares_a_gpu(monkeypatch, there):
    monkeypatch.setattr(devices, "accelerator_present", lambda: there)
    asked = gpus_asked_for("auto", {"gpu": 1}, elsewhere=False)
    assert asked["train"] == {"gpu": int(there), "shared_gpu": 0}
    assert asked["evaluate"] == asked["explain"] == {"gpu": 0, "shared_gpu": int(there)}


def test_a_gpu_that_is_insisted_on_is_refused_on_a_cluster_too():
    with pytest.raises(UserError, match="--resources gpu=0 grants no GPU"):
        gpus_asked_for("cuda", {"gpu": 0}, elsewhere=True)


def test_memory_grows_with_what_a_training_keeps():
    # Weights, gradient and Adam's two moments: 0.4 MB; a batch: 100 MB; four times that.
    assert megabytes(CONFIG, "small", KNOWN) == 1500 + 401
    assert megabytes(CONFIG, "small", {}) == 1500


def test_time_grows_with_seeds_epochs_and_images(monkeypatch):
    monkeypatch.setattr(requests, "check_sizes", lambda dataset: 60_000)
    # 600,000 images of 1 MB at 5 ns for each byte: 50 minutes.
    assert [minutes(CONFIG, "small", KNOWN, seeds) for seeds in (0, 1, 3)] == [30, 80, 180]
    assert minutes(CONFIG, "own", KNOWN, 1) == 35
    assert minutes(CONFIG, "small", {}, 5) == 30
