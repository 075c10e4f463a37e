"""A job whose scheduler was killed ends by itself; a scheduler looks at ends of jobs alone."""

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
from blocklab.jobs.scheduler import look_at_ends_of_jobs_alone

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


@pytest.mark.parametrize(("given", "stays"), [(None, False), ("100/1s", False), ("5/1s", True)])
def test_snakemakes_usual_limit_of_jobs_a_second_goes_and_a_users_own_stays(given, stays):
    usual = get_argument_parser().get_default("max_jobs_per_timespan")
    limit = MaxJobsPerTimespan.parse_choice(given or usual)
    workflow = SimpleNamespace(
        scheduling_settings=SimpleNamespace(max_jobs_per_timespan=limit),
        scheduler=SimpleNamespace(job_rate_limiter="a limiter"),
    )
    look_at_ends_of_jobs_alone(workflow)
    assert (workflow.scheduler.job_rate_limiter is not None) == stays
    # What is set is what the scheduler asks.
    assert "job_rate_limiter" in JobScheduler.job_selector.__code__.co_names
