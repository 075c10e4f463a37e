"""What runs have in common, and what sets them apart."""

import pytest

from blocklab.files import write_json
from blocklab.report.origin import made_by

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
    "settings_sha256": "5e" * 32,
    "data_sha256": "da" * 32,
    "code": "train.py training python3.11 c0 c1",
    "shared_code_sha256": "c0" * 32,
}


@pytest.fixture
def made(tmp_path):
    """Return a function: changes to the provenance of the second of two runs -> `made_by`."""

    def of(**changes) -> dict:
        folders = {"exp3": [tmp_path / "exp3"], "csp": [tmp_path / "csp"]}
        write_json(tmp_path / "exp3" / "provenance.json", PROVENANCE)
        write_json(tmp_path / "csp" / "provenance.json", PROVENANCE | changes)
        return made_by(folders)

    return of


def test_what_all_runs_share_is_there_once(made):
    assert made() | {"digest": ""} == {
        "commit": ["0123456789ab"],
        "dirty": [False],
        "device": ["A Processor"],
        "cores": [2],
        "threads": [1],
        "arithmetic": ["float32"],
        "platform": ["Linux"],
        "versions": ["python 3.11.7, torch 2.14.1"],
        "digest": "",
        "mixed": [],
    }


def test_the_digest_is_of_settings_data_and_code(made):
    digests = [made()["digest"], made(commit="fedcba9876543210")["digest"]]
    assert digests[0] == digests[1]
    digests += [made(**{key: "1"})["digest"] for key in ("settings_sha256", "data_sha256", "code")]
    assert len(set(digests)) == 4


@pytest.mark.parametrize(
    ("changes", "mixed"),
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
def test_what_not_all_rows_were_made_by_is_named(made, changes, mixed):
    assert made(**changes)["mixed"] == mixed
