"""What runs have in common, and what sets them apart."""

import json

import pytest

from blocklab.files import write_json
from blocklab.report.provenance_summary import arrays_digest, summarise_provenance
from blocklab.tensors import save_tensors

PROVENANCE = {
    "commit": "0123456789abcdef0123",
    "dirty": False,
    "versions": {"python": "3.11.7", "torch": "2.14.1"},
    "platform": "Linux",
    "machine": {"processor": "A Processor", "cores": 2, "gpu": None},
    "device": "cpu",
    "threads": 1,
    "precision": "float32",
    "kernels": None,
    "settings": {"network": {"name": "csp"}},
    "resumed_after_epoch": 0,
    "seed": 0,
    "settings_sha256": "5e" * 32,
    "data_sha256": "da" * 32,
    "code": "train.py training python3.11 c0 c1",
    "shared_code_sha256": "c0" * 32,
}


@pytest.fixture
def summarise(tmp_path):
    """Return a function: changes to the second of two runs' provenance -> the summary of both."""

    def of(**changes) -> dict:
        paths = [tmp_path / "exp3.json", tmp_path / "csp.json"]
        write_json(paths[0], PROVENANCE)
        write_json(paths[1], PROVENANCE | changes)
        return summarise_provenance(paths)

    return of


def test_what_all_runs_share_is_there_once(summarise):
    assert summarise() | {"digest": ""} == {
        "commit": ["0123456789ab"],
        "dirty": [False],
        "device": ["A Processor"],
        "cores": [2],
        "threads": [1],
        "arithmetic": ["float32"],
        "platform": ["Linux"],
        "versions": ["python 3.11.7, torch 2.14.1"],
        "digest": "",
        "resumed": [],
        "differing_conditions": [],
    }


def test_a_network_that_went_on_after_a_kill_is_named(summarise):
    assert summarise(resumed_after_epoch=2)["resumed"] == ["csp"]


def test_the_digest_is_of_settings_data_and_code(summarise):
    digests = [summarise()["digest"], summarise(commit="fedcba9876543210")["digest"]]
    assert digests[0] == digests[1]
    keys = ("settings_sha256", "data_sha256", "code", "seed")
    digests += [summarise(**{key: "1"})["digest"] for key in keys]
    assert len(set(digests)) == 5


@pytest.mark.parametrize(
    ("changes", "differing"),
    [
        ({"shared_code_sha256": "1"}, ["code"]),
        ({"data_sha256": "1"}, ["data"]),
        ({"shared_code_sha256": "1", "data_sha256": "1"}, ["code", "data"]),
        ({"versions": {"torch": "2.15"}}, ["package versions"]),
        ({"precision": "bfloat16"}, ["arithmetic"]),
        ({"kernels": "ab"}, ["arithmetic"]),
        ({"machine": PROVENANCE["machine"] | {"processor": "Another"}}, ["arithmetic"]),
        ({"settings_sha256": "1"}, []),
        ({"code": "train.py training,blocks.csp python3.11 c2 c3"}, []),
    ],
)
def test_what_not_all_rows_were_made_by_is_named(summarise, changes, differing):
    assert summarise(**changes)["differing_conditions"] == differing


def test_values_that_differ_are_all_named_in_order(summarise):
    machine = PROVENANCE["machine"] | {"gpu": "A GPU"}
    summary = summarise(commit=None, dirty=True, machine=machine)
    assert summary["commit"] == ["0123456789ab", "unknown"]
    assert summary["dirty"] == [False, True]
    assert summary["device"] == ["A Processor", "A GPU"]


def test_the_digest_of_weights_is_of_their_arrays_and_not_of_the_file(tmp_path):
    import torch

    def saved(name, **arrays):
        save_tensors(tmp_path / name, arrays, {"seed": 0})
        return tmp_path / name

    one = saved("one", a=torch.ones(2), b=torch.zeros(3))
    digest = arrays_digest([one])
    assert len(digest) == 16
    for other in (
        saved("values", a=torch.ones(2), b=torch.ones(3)),
        saved("shapes", a=torch.ones(2), b=torch.zeros(3, 1)),
        saved("names", a=torch.ones(2), c=torch.zeros(3)),
    ):
        assert arrays_digest([other]) != digest
    # The same arrays in a file of other bytes: its header has been spaced out.
    content = one.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8 : 8 + length]), indent=1).encode()
    spaced = tmp_path / "spaced"
    spaced.write_bytes(len(header).to_bytes(8, "little") + header + content[8 + length :])
    assert spaced.read_bytes() != content
    assert arrays_digest([spaced]) == digest
