"""What every job begins and ends with: its log, its scheduler, the code it was planned with."""

import logging
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from blocklab.errors import UserError
from blocklab.files import WORKFLOW
from blocklab.jobs.claims import end_when_taken_over
from blocklab.jobs.clock import seconds_since_start
from blocklab.jobs.consumed import check_consumed
from blocklab.jobs.scheduler import end_with_scheduler
from blocklab.study.code import check_stamp


@contextmanager
def as_job(snakemake: Any) -> Iterator[None]:
    """Run the block as a job; end the process if it fails.

    Logging goes to the job's log, warnings also to standard error, after the name of the log. The
    last line of a job that succeeds says when its process started and when it was done, in seconds
    since the epoch; `timeline` reads it. A UserError is one line in both. Anything else is our
    mistake: its traceback goes to the log, and one line to standard error. What is told to
    end says nothing: it goes on when it runs again.

    snakemake: what Snakemake gives a script; of it, log[0] and params.code are used, and for a job
    that reads runs input and params.planned, for `check_consumed`.
    """
    end_with_scheduler()
    end_when_taken_over()
    terminal = _log_to(snakemake.log[0])
    try:
        check_stamp(WORKFLOW, snakemake.params.code)
        if planned := getattr(snakemake.params, "planned", None):
            check_consumed(snakemake.input, planned)
        yield
        now = time.time()
        logging.info("worked from %.2f to %.2f", now - seconds_since_start(), now)
    except UserError as error:
        logging.error("%s", error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except Exception as error:
        terminal.setLevel(logging.CRITICAL)
        reason = next(iter(str(error).splitlines()), "")  # torch's go on for pages
        mistake = f"{type(error).__name__}: {reason}"
        logging.exception("%s", mistake)
        print(f"{snakemake.log[0]}: ERROR {mistake}", file=sys.stderr)
        sys.exit(1)


def share_log(path: str, runs: Iterable[str]) -> None:
    """Give a job's log, whose folder is named after one of `runs`, to the other runs, too."""
    log = Path(path)
    for run in runs:
        other = log.parent.with_name(run) / log.name
        if other != log:
            with suppress(OSError):  # a file system without hard links
                other.parent.mkdir(parents=True, exist_ok=True)
                other.unlink(missing_ok=True)
                os.link(log, other)


def _log_to(path: str) -> logging.Handler:
    """Send logging to a file and warnings to standard error too; return the handler of those."""
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    # Whose it is; `terminal/terminal.py` puts the job's name there.
    name = path.replace("%", "%%")
    terminal.setFormatter(logging.Formatter(f"{name}: %(levelname)s %(message)s"))
    handlers = [terminal]
    # A log that cannot be written must not bury the reason for that in tracebacks of its own.
    logging.raiseExceptions = False
    try:
        Path(path).unlink(missing_ok=True)  # other runs may share what another job wrote there
        handlers.append(logging.FileHandler(path, mode="w", encoding="utf-8"))
    except OSError as error:
        print(f"no log: {error}", file=sys.stderr)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%H:%M:%S",
        handlers=handlers,
        force=True,
    )
    return terminal
