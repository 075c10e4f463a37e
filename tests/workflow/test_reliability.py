"""What must hold whatever happens: kills, two runs at once, secrets."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from comparison import differences
from tiny_study import SECRETS, VARIED, Study, kill

pytestmark = pytest.mark.workflow


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
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


def test_a_run_killed_while_training_ends_the_same_beside_a_second_that_is_refused(
    varied: Study, unstarted: Study, tmp_path: Path
):
    """The same as `make crash-test`, aimed: csp is killed between two epochs of two seeds.

    First it is interrupted, as by Ctrl-C, when it has hardly begun.
    """
    study = unstarted.copy_to(tmp_path / "project")
    study.configure(VARIED)
    command = ("csp", "--resources", "gpu=0")
    interrupted = study.start(*command)
    wait_for(lambda: "starts to train" in study.output.read_text())
    kill(interrupted, "Ctrl-C")
    *_, start, end = study.output.read_text().splitlines()
    assert start.endswith("starts to train")
    assert end == "interrupted; the same command goes on"

    first = study.start(*command)
    checkpoint = study.run_folder("csp", "seed3") / "checkpoint.safetensors"
    wait_for(checkpoint.exists)
    kill(first, "SIGKILL to snakemake")
    assert not (study.run_folder("csp", "seed3") / "weights.safetensors").exists()
    time.sleep(1.5)  # what was left of the killed run ends by itself

    again = study.start(*command)
    try:
        wait_for(lambda: "csp seed 3 goes on after epoch" in study.output.read_text())
        second = study.snakemake("--cores", "2")
        assert second.returncode == 1
        assert second.stdout.splitlines()[-1] == (
            "another run is at work in this folder; wait for it to end, or stop it"
        )
        assert study.plan()  # to look is allowed
    finally:
        code = again.wait()
    output = study.output.read_text()
    assert code == 0, output
    assert "unlock" not in output.lower()
    log = (study.results / "logs" / "mnist" / "csp" / "seed3" / "train.log").read_text()
    assert re.search(r"seed 3 goes on after epoch [1-4]$", log, re.MULTILINE)
    assert not checkpoint.exists()
    assert differences(varied, study, "mnist/csp") == []
    # One network by name is that network alone.
    assert [path.name for path in (study.results / "mnist").iterdir()] == ["csp"]


def test_a_partial_summary_of_nothing_is_one_line(unstarted: Study):
    done = unstarted.snakemake("-n", "--config", "partial=True")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == (
        "partial: a summary needs results of the baseline and of one network more; "
        "there are none of exp3, vgg, csp"
    )
