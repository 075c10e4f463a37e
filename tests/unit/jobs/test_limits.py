"""What no job could get is said before any, and what may be there is not refused."""

import platform

import pytest
import torch

from blocklab.errors import UserError
from blocklab.jobs import limits
from blocklab.jobs.limits import check_batches, check_machine, memory_bytes, needed_bytes

MIB = 2**20
KNOWN = {"parameters": 2 * MIB, "kept_bytes": MIB, "one_image": ""}
TRAIN = [("train", "vgg")]


@pytest.fixture
def study(config):
    """A config of vgg alone, in batches of 64 of 1000 images."""
    config["dataset"]["training_size"] = 1000
    config["networks"] = {"vgg": config["networks"]["vgg"] | {"batch_size": 64}}
    config["training"] |= {"device": "cpu", "precision": "float32"}
    return config


def refusal(check, *arguments) -> str:
    with pytest.raises(UserError) as error:
        check(*arguments)
    return str(error.value)


@pytest.mark.parametrize(("batch_size", "last"), [(333, "a last batch"), (1, "batches")])
def test_one_image_where_batch_normalisation_needs_two(study, batch_size, last):
    study["networks"]["vgg"]["batch_size"] = batch_size
    known = KNOWN | {"one_image": "Expected more"}
    assert refusal(check_batches, study, {"vgg": known}) == (
        f"networks.vgg.batch_size: {batch_size} of 1000 training images makes {last} of one "
        "image, from which this network cannot learn (Expected more); take another batch size"
    )
    check_batches(study, {"vgg": KNOWN})
    study["networks"]["vgg"]["batch_size"] = 332
    check_batches(study, {"vgg": known})


def test_more_than_the_machines_memory(study, monkeypatch):
    # 8 MiB of weights, as much of gradients, twice that of Adam's; 64 images of 1 MiB.
    monkeypatch.setattr(limits, "memory_bytes", lambda: 96 * MIB - 1)
    assert refusal(check_machine, study, {"vgg": KNOWN}, TRAIN, 0) == (
        "networks.vgg: 2097152 parameters and batches of 64 need at least 96 MiB to train, but "
        "this machine has 95 MiB; make layers narrower, or batch_size smaller"
    )
    # A network's own target may be called as a stage is.
    check_machine(study, {"vgg": KNOWN}, [("evaluate", "vgg"), ("train", None)], 0)
    check_machine(study, {"vgg": KNOWN}, TRAIN, 1)
    check_machine(study, {"vgg": {"modules": []}}, TRAIN, 0)  # torch is not installed here
    monkeypatch.setattr(limits, "memory_bytes", lambda: 96 * MIB)
    check_machine(study, {"vgg": KNOWN}, TRAIN, 0)


def test_needed_memory_follows_optimizer_and_precision(study):
    def needed(**training):
        return needed_bytes(study["training"] | training, {"batch_size": 64}, KNOWN, 0) // MIB

    assert (needed(), needed(optimizer="sgd"), needed(precision="auto")) == (96, 80, 64)
    assert needed(optimizer="sgd", momentum=0.9) == 88
    assert needed(average="ema") == 104


def test_a_containers_memory_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "CONTAINER", tmp_path / "memory.max")
    whole = memory_bytes()
    (tmp_path / "memory.max").write_text("max\n")
    assert memory_bytes() == whole > 2**20
    (tmp_path / "memory.max").write_text("1048576\n")
    assert memory_bytes() == 2**20


@pytest.mark.parametrize(
    ("device", "system", "gpus", "there"),
    [
        ("cuda", "Linux", [], False),
        ("cuda", "Linux", ["GPU-1"], True),
        ("cuda", "Darwin", [], False),
        ("mps", "Linux", ["GPU-1"], False),
        ("mps", "Darwin", [], True),
        ("auto", "Linux", [], True),
        ("cpu", "Linux", [], True),
    ],
)
def test_a_gpu_insisted_on(study, monkeypatch, device, system, gpus, there):
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.setattr("blocklab.jobs.devices.gpu_uuids", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    study["training"]["device"] = device
    check_machine(study, {"vgg": KNOWN}, [("report", None), ("train", None)], 1)
    if there:
        check_machine(study, {"vgg": KNOWN}, [("explain", "vgg")], 1)
    else:
        assert refusal(check_machine, study, {"vgg": KNOWN}, [("explain", "vgg")], 1) == (
            f"training.device: {device}, but torch can use no such GPU on this machine; "
            "use auto or cpu"
        )
