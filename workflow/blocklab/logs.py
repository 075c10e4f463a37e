"""Every job logs to a file of its own; what a user must know also goes to the terminal."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from blocklab.clock import seconds_since_start
from blocklab.errors import UserError
from blocklab.orphans import end_with_parent


@contextmanager
def log_to(path: str) -> Iterator[None]:
    """Send logging to `path`, warnings also to the terminal; end the process if the block fails.

    The last line of a job that succeeds says when its process started and when it was done, in
    seconds since the epoch; `timeline` reads it.
    A UserError is one line on the terminal and in the log. Anything else is our mistake: its
    traceback goes to the log, and its last line to the terminal.
    """
    end_with_parent()
    file = logging.FileHandler(path, mode="w", encoding="utf-8")
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%H:%M:%S",
        handlers=[file, terminal],
        force=True,
    )
    try:
        yield
        now = time.time()
        logging.info("worked from %.2f to %.2f", now - seconds_since_start(), now)
    except UserError as error:
        logging.error("%s", error)
        sys.exit(1)
    except Exception as error:
        terminal.setLevel(logging.CRITICAL)
        logging.exception("unexpected error")
        print(f"{type(error).__name__}: {error} (see {path})", file=sys.stderr)
        sys.exit(1)
