"""A job whose scheduler was killed ends by itself."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from blocklab.jobs.scheduler import SCHEDULER as SCHEDULER_KEY

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
