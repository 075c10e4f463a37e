"""No job outlives the scheduler that started it."""

import os
import threading
import time

import psutil

SCHEDULER = "BLOCKLAB_SCHEDULER"  # in the environment of a job: the number of that process
PAUSE = 0.5  # seconds


def end_with_scheduler() -> None:
    """End this process soon after its scheduler, even if that was killed without a word.

    A job that went on would compute beside the one that the next call of snakemake starts. The
    scheduler may be gone already: a job first reads much code. It need not be the parent: there
    may be a shell between.
    """
    if SCHEDULER not in os.environ:
        return
    try:
        scheduler = psutil.Process(int(os.environ[SCHEDULER]))
    except psutil.NoSuchProcess:
        os._exit(1)

    def watch() -> None:
        while _runs(scheduler):
            time.sleep(PAUSE)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-scheduler", daemon=True).start()


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
