"""No job outlives the scheduler that started it."""

import os
import threading
import time
from contextlib import suppress

import psutil

SCHEDULER = "BLOCKLAB_SCHEDULER"  # in the environment of a job: that process, and since when
PAUSE = 0.5  # seconds
CLOCK_ADJUSTMENT = 2.0  # seconds: processes know their start by a clock that may be set


def announce_scheduler() -> None:
    """Tell the jobs that this process will start whom they work for."""
    os.environ[SCHEDULER] = f"{os.getpid()} {psutil.Process().create_time()}"


def end_with_scheduler() -> None:
    """End this process soon after its scheduler, even if that was killed without a word.

    A job that went on would compute beside the one that the next call of snakemake starts. The
    scheduler may be gone already: a job first reads much code. It need not be the parent: there
    may be a shell between.
    """
    if SCHEDULER not in os.environ:
        return
    number, since = os.environ[SCHEDULER].split()
    try:
        scheduler = psutil.Process(int(number))
        if abs(scheduler.create_time() - float(since)) > CLOCK_ADJUSTMENT:
            os._exit(1)  # another process has its number now
    except psutil.NoSuchProcess:
        os._exit(1)

    def watch() -> None:
        while _runs(scheduler):
            time.sleep(PAUSE)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-scheduler", daemon=True).start()


def end_jobs() -> None:
    """Tell all that this process has started to end.

    Ctrl-C reaches jobs by itself, but not one that is just being started, and one that imports may
    take it for a fault of what it imports.
    """
    for job in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            job.terminate()


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
