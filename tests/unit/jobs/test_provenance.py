"""provenance.json says what ran, and gives nobody away."""

import hashlib
import json
import re
import shutil
import subprocess
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path

import pytest

from blocklab.files import canonical_json
from blocklab.jobs import provenance
from blocklab.study.code import stamp

SETTINGS = {"training": {"epochs": 2, "learning_rate": 0.001}, "network": "vgg"}
CPU = {
    "device": "cpu",
    "device_name": "A processor",
    "threads": 2,
    "precision": "float32",
    "kernels": True,
}
CODE = stamp(provenance.WORKFLOW, "train.py", ["networks.blocks.conv"])


def collect(device=CPU, started=1_700_000_000.0):
    return provenance.collect(
        origin=provenance.checkout(CODE),
        settings=SETTINGS,
        dataset={"name": "mnist"},
        class_names=("0", "1"),
        seed=3,
        device_description=device,
        started=started,
        command="make study",
        data_sha256="ab" * 32,
        resumed=7,
    )


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    run = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    """The project with its code committed, and with what may lie about in it."""
    git(tmp_path, "init", "--quiet")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(provenance.WORKFLOW, tmp_path / "workflow", ignore=ignored)
    for name in ("Snakefile", "config.yaml"):
        shutil.copy(provenance.PROJECT / name, tmp_path)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    monkeypatch.setattr(provenance, "PROJECT", tmp_path)
    monkeypatch.setattr(provenance, "WORKFLOW", tmp_path / "workflow")
    return tmp_path


def change(path: Path) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")


BLOCKS = "workflow/blocklab/networks/blocks"


@pytest.mark.parametrize(
    ("file", "matters"),
    [
        ("report.zip", False),
        ("config.yaml", False),
        ("workflow/blocklab/report/summary.py", False),
        (f"{BLOCKS}/transformer.py", False),  # no block of this network
        (f"{BLOCKS}/mine.py", False),
        (f"{BLOCKS}/conv.py", True),
        ("workflow/blocklab/networks/kernels/pooling.cpp", True),
        ("workflow/rules/train.smk", True),
        ("Snakefile", True),
    ],
)
def test_the_commit_is_what_ran_unless_code_that_ran_was_changed(repository, file, matters):
    change(repository / file)
    record = collect()
    assert record["commit"] == git(repository, "rev-parse", "HEAD")
    assert record["dirty"] is matters


def test_a_block_that_is_not_committed_counts_where_it_is_used(repository):
    shutil.copy(repository / BLOCKS / "conv.py", repository / BLOCKS / "mine.py")
    with_mine = stamp(repository / "workflow", "train.py", ["networks.blocks.mine"])
    assert provenance.checkout(CODE)["dirty"] is False
    assert provenance.checkout(with_mine)["dirty"] is True


@pytest.mark.parametrize("path", [None, ""], ids=["no repository", "no git"])
def test_without_git_commit_and_dirty_are_unknown(tmp_path, monkeypatch, path):
    monkeypatch.setattr(provenance, "PROJECT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    if path is not None:
        monkeypatch.setenv("PATH", path)
    record = collect()
    assert record["commit"] is None
    assert record["dirty"] is None


def test_the_project_folder_is_the_one_with_the_workflow():
    assert (provenance.PROJECT / "workflow" / "blocklab" / "errors.py").is_file()


def test_settings_data_seeds_and_command_are_recorded():
    record = collect()
    assert record["settings"] == SETTINGS
    expected = hashlib.sha256(canonical_json(SETTINGS).encode()).hexdigest()
    assert record["settings_sha256"] == expected
    assert record["data_sha256"] == "ab" * 32
    assert re.fullmatch("[0-9a-f]{64}", record["shared_code_sha256"])
    assert record["resumed_after_epoch"] == 7
    assert record["seed"] == 3
    assert record["dataset"] == {"name": "mnist"}
    assert record["class_names"] == ["0", "1"]
    assert record["command"] == "make study"
    assert record["threads"] == 2
    assert record["precision"] == "float32"
    assert record["kernels"] is True


def test_times_are_in_utc():
    record = collect()
    assert record["started"] == "2023-11-14T22:13:20+00:00"
    finished = datetime.fromisoformat(record["finished"])
    assert abs(datetime.now(finished.tzinfo) - finished) < timedelta(minutes=1)


def test_versions_are_those_installed(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("torch", "no-such-package"))
    versions = collect()["versions"]
    assert versions["torch"] == metadata.version("torch")
    assert set(versions) == {"python", "torch"}


def test_the_machine_is_described_by_kind():
    machine = collect()["machine"]
    assert machine["processor"]
    assert machine["cores"] >= 1
    assert machine["memory_bytes"] > 2**28
    assert machine["gpu"] is None
    assert collect({**CPU, "device": "cuda", "device_name": "A GPU"})["machine"]["gpu"] == "A GPU"


def test_nobody_is_given_away(monkeypatch):
    monkeypatch.setenv("BLOCKLAB_SECRET", "do-not-tell")
    monkeypatch.setenv("USER", "jane-q-reader")
    monkeypatch.setenv("HOME", "/home/jane-q-reader")
    monkeypatch.setattr("platform.node", lambda: "the-host-of-jane")
    monkeypatch.setattr("socket.gethostname", lambda: "the-host-of-jane")
    text = json.dumps(collect())
    for secret in ("do-not-tell", "jane", str(provenance.PROJECT)):
        assert secret not in text
