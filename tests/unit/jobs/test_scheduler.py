"""A job whose scheduler was killed ends by itself; a scheduler looks no oftener than it must."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.cli import get_argument_parser
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.settings.types import MaxJobsPerTimespan

from blocklab.jobs.scheduler import SCHEDULER as SCHEDULER_KEY
from blocklab.jobs.scheduler import look_less

LIBRARY = Path(__file__).parents[3] / "workflow"
JOB = """
import time
time.sleep({reading})
from blocklab.jobs.scheduler import end_with_scheduler
end_with_scheduler()
time.sleep(60)
"""
# The job is a grandchild, as it is where a shell does not make way for what it runs.
SCHEDULER = """
import subprocess, sys, time
from blocklab.jobs.scheduler import announce_scheduler
announce_scheduler()
shell = 'import subprocess, sys; subprocess.run([sys.executable, "-c", sys.argv[1]])'
job = subprocess.Popen([sys.executable, "-c", shell, sys.argv[1]])
print(job.pid, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


@pytest.mark.parametrize(("reading", "killed_after"), [(0, 1.5), (3, 1)])
def test_a_job_ends_with_its_scheduler(reading, killed_after):
    """Even with one that was killed while the job still read its code."""
    scheduler = subprocess.Popen(
        [sys.executable, "-c", SCHEDULER, JOB.format(reading=reading)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(LIBRARY)},
    )
    job = int(scheduler.stdout.readline())
    time.sleep(killed_after)
    assert alive(job)
    scheduler.send_signal(signal.SIGKILL)
    scheduler.wait()
    scheduler.stdout.close()
    deadline = time.monotonic() + 10
    while alive(job) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(job)


def test_a_stranger_with_the_schedulers_number_is_not_waited_for():
    run = subprocess.run(
        [sys.executable, "-c", JOB.format(reading=0)],
        env=os.environ | {"PYTHONPATH": str(LIBRARY), SCHEDULER_KEY: f"{os.getpid()} 1000.0"},
        timeout=30,
    )
    assert run.returncode == 1


def workflow_with(limit=None, subsample=None, cores=2, nodes=None):
    usual = get_argument_parser().get_default("max_jobs_per_timespan")
    limit = MaxJobsPerTimespan.parse_choice(limit or usual)
    return SimpleNamespace(
        scheduling_settings=SimpleNamespace(max_jobs_per_timespan=limit),
        resource_settings=SimpleNamespace(cores=cores, nodes=nodes),
        non_local_exec=nodes is not None,
        scheduler=SimpleNamespace(job_rate_limiter="a limiter", subsample=subsample),
    )


@pytest.mark.parametrize(("given", "stays"), [(None, False), ("5/1s", True)])
def test_snakemakes_usual_limit_of_jobs_a_second_goes_and_another_stays(given, stays):
    workflow = workflow_with(limit=given)
    look_less(workflow)
    assert (workflow.scheduler.job_rate_limiter is not None) == stays


@pytest.mark.parametrize(
    ("given", "number"),
    [({}, 100), ({"cores": 128}, 256), ({"nodes": 500}, 1000), ({"subsample": 7}, 7)],
)
def test_jobs_are_chosen_from_more_than_can_start_at_once(given, number):
    workflow = workflow_with(**given)
    look_less(workflow)
    assert workflow.scheduler.subsample == number


def test_what_is_set_is_what_snakemakes_scheduler_asks():
    assert "job_rate_limiter" in JobScheduler.job_selector.__code__.co_names
    assert "subsample" in JobScheduler.schedule.__code__.co_names
    snakefile = (LIBRARY.parent / "Snakefile").read_text(encoding="utf-8")
    assert "look_less(workflow)" in snakefile.partition("onstart:")[2].partition("\n\n")[0]
