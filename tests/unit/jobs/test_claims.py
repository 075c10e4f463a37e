"""Who began last works alone: earlier runs, and earlier starts of a job, change nothing more."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from blocklab.jobs import claims
from blocklab.jobs.claims import CLAIMS, begin_job, begin_run, name_run, taken_over

LIBRARY = Path(claims.__file__).parents[2]
# Says that it is ready, then makes a change for every line that it is given.
WORKER = """
import os, sys
from blocklab.jobs import claims
claims.PAUSE = float(sys.argv[2])
claims.end_when_taken_over(lambda: print("taken over", flush=True))
print("ready", flush=True)
for number, line in enumerate(sys.stdin):
    os.mkdir(f"{sys.argv[1]}/{number}")
    print("made", flush=True)
"""


def command(*jobs: str) -> list[str]:
    return ["snakemake", "--target-jobs", *jobs, "--allowed-rules", "train"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function: begin a run of snakemake in this folder; return what its jobs inherit."""

    def begin() -> str:
        name_run(tmp_path / "scratch")
        begin_run()
        return os.environ[CLAIMS]

    monkeypatch.setenv(CLAIMS, "{}")
    return begin


@pytest.fixture
def worker(tmp_path):
    """A function: inherited claims, pause -> a process that has them."""
    started = []

    def start(inherited: str, pause: float) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path), str(pause)],
            env={"PYTHONPATH": str(LIBRARY), CLAIMS: inherited},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_new_run_ends_what_worked_for_an_earlier_one(run, worker):
    old = worker(run(), 0.05)
    time.sleep(0.2)
    assert old.poll() is None
    new = worker(run(), 0.05)
    assert old.wait(timeout=30) == 1
    assert old.stdout.read() == "taken over\n"
    assert new.poll() is None


def test_what_slept_meanwhile_changes_nothing_when_it_wakes_up(run, worker, tmp_path):
    """It has no time to look around: the change itself is what it looks before."""
    old = worker(run(), 3600)
    old.stdin.write("\n")
    old.stdin.flush()
    assert old.stdout.readline() == "made\n"
    run()
    out, _ = old.communicate("\n", timeout=30)
    assert (old.returncode, out) == (1, "taken over\n")
    assert [path.name for path in tmp_path.iterdir() if path.name.isdecimal()] == ["0"]


def test_a_job_that_begins_again_elsewhere_ends_its_earlier_start(run, worker, monkeypatch):
    inherited = run()
    begin_job(command("b", "a"))
    first = os.environ[CLAIMS]
    begin_job(command("something else"))  # in a process that the job starts
    assert os.environ[CLAIMS] == first
    monkeypatch.setenv(CLAIMS, inherited)
    begin_job(command("c"))
    other = os.environ[CLAIMS]
    old, beside = worker(first, 0.05), worker(other, 0.05)
    monkeypatch.setenv(CLAIMS, inherited)
    begin_job(command("a", "b"))
    assert not taken_over()
    assert old.wait(timeout=30) == 1
    assert beside.poll() is None


def test_a_job_that_waited_in_a_queue_learns_that_its_run_is_over(run, monkeypatch):
    old = run()
    assert not taken_over()
    new = run()
    assert not taken_over()
    monkeypatch.setenv(CLAIMS, old)
    assert taken_over()
    monkeypatch.setenv(CLAIMS, new)
    assert not taken_over()


def test_what_cannot_be_read_is_no_reason_to_end(run, monkeypatch):
    (path,) = json.loads(run())
    Path(path).unlink()
    assert not taken_over()
    Path(path).mkdir()
    assert not taken_over()
    monkeypatch.delenv(CLAIMS)
    assert not taken_over()
    begin_job(command("a"))
    assert CLAIMS not in os.environ


def test_a_command_that_names_no_job_claims_nothing(run):
    inherited = run()
    for words in ([], ["snakemake", "vgg"], ["snakemake", "--target-jobs"], command()):
        begin_job(words)
    assert os.environ[CLAIMS] == inherited


def test_a_new_run_forgets_the_jobs_of_earlier_ones(run, tmp_path):
    run()
    begin_job(command("a"))
    assert len(list((tmp_path / "scratch" / "jobs").iterdir())) == 1
    run()
    assert [path.name for path in (tmp_path / "scratch").iterdir()] == ["run"]
