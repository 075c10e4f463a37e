"""What must hold whatever happens: kills, two runs at once, secrets, failures of single jobs."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from crash import differences, kill
from tiny_study import OVERLAY, SECRETS, Study

pytestmark = pytest.mark.workflow

COMMAND = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", OVERLAY]


def start(study: Study) -> subprocess.Popen:
    return subprocess.Popen(
        COMMAND,
        cwd=study.folder,
        stdout=(study.folder / "output.txt").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def wait_for(condition, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_no_output_holds_a_secret(finished: Study):
    files = [path for path in finished.folder.rglob("*") if path.is_file()]
    assert any("tracking" in path.parts for path in files)
    found = [
        (str(path.relative_to(finished.folder)), name)
        for path in files
        for name, value in SECRETS.items()
        if value.encode() in path.read_bytes()
    ]
    assert found == []


def test_nothing_is_pickled(finished: Study):
    # Protocol 2 and later begin so; a zip is what torch.save writes.
    files = [path for path in finished.results.rglob("*") if path.is_file()]
    assert not [path for path in files if path.read_bytes()[:2] in (b"\x80\x02", b"\x80\x04")]
    assert {path.suffix for path in files if path.read_bytes()[:2] == b"PK"} <= {".npz"}


def test_a_run_killed_while_training_ends_the_same(fresh: Study, unstarted: Study, tmp_path: Path):
    """The same as `make crash-test`, aimed: csp is killed between two of its epochs."""
    changes = {"training": {"epochs": 8}, "dataset": {"training_size": 2000}}
    changes |= {"networks": {"vgg": None}, "tracking": {"mode": "disabled"}}
    peaceful = unstarted.copy_to(tmp_path / "peaceful")
    for study in (fresh, peaceful):
        study.configure(changes)
    peaceful.run()

    run = start(fresh)
    checkpoint = fresh.run_folder("csp") / "checkpoint" / "seed0.safetensors"
    wait_for(checkpoint.exists)
    kill(run, "SIGKILL to snakemake")
    assert not (fresh.run_folder("csp") / "weights.safetensors").exists()
    time.sleep(1.5)  # what was left of the killed run ends by itself
    output = fresh.run()
    assert "unlock" not in output.lower()
    log = (fresh.results / "logs" / "mnist" / "csp" / "seed0" / "train.log").read_text()
    assert re.search(r"seed 0 goes on after epoch [1-7]$", log, re.MULTILINE)
    assert differences(peaceful, fresh) == []
    assert not checkpoint.parent.exists()


def test_a_second_run_in_the_same_folder_is_refused(fresh: Study):
    first = start(fresh)
    lock = fresh.folder / ".snakemake" / "blocklab" / "run.lock"
    try:
        wait_for(lock.exists)
        second = fresh.snakemake("--cores", "2")
        assert second.returncode == 1
        assert second.stdout.splitlines()[-1] == (
            "another run is at work in this folder; wait for it to end, or stop it"
        )
        assert fresh.plan()  # to look is allowed
    finally:
        code = first.wait()
    assert code == 0, (fresh.folder / "output.txt").read_text()


@pytest.mark.parametrize("before", ["fresh", "study"])
def test_one_failing_network_leaves_the_others_and_a_partial_summary(request, before):
    """Whether nothing was there before, or all of it."""
    fresh = request.getfixturevalue(before)
    fresh.edit(
        "workflow/scripts/train.py",
        "    keep_freed_memory()\n",
        "    keep_freed_memory()\n    if name == 'csp':\n        raise UserError('csp broke')\n",
    )
    fresh.edit(
        "workflow/scripts/train.py",
        "from blocklab.files",
        "from blocklab.errors import UserError\nfrom blocklab.files",
    )
    done = fresh.snakemake("--cores", "2", "--keep-going")
    assert done.returncode == 1
    assert "csp broke" in done.stdout
    for network in ("exp3", "vgg"):
        assert len(pd.read_csv(fresh.run_folder(network) / "metrics.csv")) == 1
        assert (fresh.run_folder(network) / "attributions.npz").exists()
    assert (fresh.results / "summary.md").exists() == (before == "study")

    done = fresh.snakemake("--cores", "2", "--config", "partial=True")
    assert done.returncode == 0, done.stdout
    summary = (fresh.results / "summary.md").read_text(encoding="utf-8")
    assert "**Incomplete:** there are no results of csp;" in summary
    assert "Of 1 network trained" in summary


def test_a_partial_summary_of_nothing_is_one_line(unstarted: Study):
    done = unstarted.snakemake("-n", "--config", "partial=True")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == (
        "partial: a summary needs results of the baseline and of one network more; "
        "there are none of exp3, vgg, csp"
    )
