"""A job whose scheduler was killed ends by itself."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

LIBRARY = Path(__file__).parents[2] / "workflow"
JOB = "import time; from blocklab.orphans import end_with_parent; end_with_parent(); time.sleep(60)"
SCHEDULER = f"""
import subprocess, sys, time
job = subprocess.Popen([sys.executable, "-c", {JOB!r}])
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


def test_a_job_ends_with_its_scheduler():
    scheduler = subprocess.Popen(
        [sys.executable, "-c", SCHEDULER],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(LIBRARY)},
    )
    job = int(scheduler.stdout.readline())
    time.sleep(1.5)
    assert alive(job)
    scheduler.send_signal(signal.SIGKILL)
    scheduler.wait()
    scheduler.stdout.close()
    deadline = time.monotonic() + 10
    while alive(job) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(job)
