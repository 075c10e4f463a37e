"""Snakemake's scheduler: no job outlives it, and it looks for work no oftener than it must."""

import os
import threading
import time
from contextlib import suppress
from typing import Any

import psutil

SCHEDULER = "BLOCKLAB_SCHEDULER"  # in the environment of a job: that process, and since when
PAUSE = 0.5  # seconds
CLOCK_ADJUSTMENT = 2.0  # seconds: processes know their start by a clock that may be set
USUAL_LIMIT = (100, 1)  # jobs that Snakemake starts in so many seconds unless told otherwise
ENOUGH = 100  # jobs to choose those from that start


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


def look_less(workflow: Any) -> None:
    """Keep the scheduler's looks for jobs to start few and short, however many jobs there are.

    To keep to its limit of jobs a second, Snakemake 9.27.1 looks again a second after every look,
    those at the end of a job included: after a thousand jobs, a thousand times a second. At each
    look it asks for the size of every input of all that could start. Where jobs are short, that
    takes longer than they do. So it looks when a job ends, and at some that could start, by chance;
    at more than can start at once. A limit other than Snakemake's own and a number given by
    `--scheduler-subsample` stay.

    workflow: Snakemake's, whose scheduler is made but has not begun.
    """
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit and (limit.max_jobs, limit.timespan) == USUAL_LIMIT:
        workflow.scheduler.job_rate_limiter = None
    asked = workflow.resource_settings
    at_once = (asked.nodes if workflow.non_local_exec else asked.cores) or 1
    workflow.scheduler.subsample = workflow.scheduler.subsample or max(ENOUGH, 2 * at_once)


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
