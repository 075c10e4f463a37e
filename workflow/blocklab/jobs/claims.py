"""Of all that could write to the same files, only what began last does.

On a cluster jobs outlive a snakemake that was killed, and a job may be started again elsewhere
while the node that it was lost on still computes. No lock reaches everywhere, so whoever begins
writes an id of its own into a file, and who finds another's there ends: it looks twice a second,
and before each change of a folder, so what was stopped and wakes up later changes nothing either.
"""

import itertools
import json
import os
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from blocklab.files import digest, write_atomically

CLAIMS = "BLOCKLAB_CLAIMS"  # in the environment: the ids of what a process works for, by file
PAUSE = 0.5  # seconds
# What changes a folder, as Python's audit events name it. Results get their names by a rename,
# and Snakemake removes what a job is to make, and what one that failed has made.
CHANGES = frozenset({"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link"})


def name_run(folder: str | Path) -> None:
    """Give this run of snakemake an id, which its jobs inherit; nobody is told of it yet."""
    path = Path(folder).resolve() / "run"
    os.environ[CLAIMS] = json.dumps({str(path): uuid.uuid4().hex})


def begin_run() -> None:
    """Tell all that work for earlier runs in this folder that they are over."""
    (path, own), *_ = _claims().items()
    _write(Path(path), own)
    shutil.rmtree(Path(path).with_name("jobs"), ignore_errors=True)


def begin_job(command: Sequence[str]) -> None:
    """Tell an earlier start of the same job that it is over, once in all processes of this one.

    command: of Snakemake, as it starts a job's process; it reads which job that is only later.
    """
    claims = _claims()
    after = itertools.dropwhile(lambda word: word != "--target-jobs", command)
    job = list(itertools.takewhile(lambda word: not word.startswith("--"), [*after][1:]))
    # No run is known, or the process that started this one has done it.
    if not job or len(claims) != 1:
        return
    path = Path(*claims).with_name("jobs") / digest(sorted(job))[:32]
    own = uuid.uuid4().hex
    os.environ[CLAIMS] = json.dumps({**claims, str(path): own})
    _write(path, own)


def taken_over() -> bool:
    """Tell whether what this process works for has begun again since.

    A file that is not there, or cannot be read, tells nothing.
    """
    return any(_read(path) not in ("", own) for path, own in _claims().items())


def end_when_taken_over(say: Callable[[], None] = lambda: None) -> None:
    """From now on, end this process before it changes anything where it has been taken over.

    say: what it does last; it must not fail.
    """
    if not _claims():
        return

    def end() -> None:
        say()
        os._exit(1)

    def hear(event: str, _: object) -> None:
        if event in CHANGES and taken_over():
            end()

    def watch() -> None:
        while not taken_over():
            time.sleep(PAUSE)
        end()

    sys.addaudithook(hear)
    threading.Thread(target=watch, name="end-when-taken-over", daemon=True).start()


def _claims() -> dict[str, str]:
    return json.loads(os.environ.get(CLAIMS, "{}"))


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:
        return ""


def _write(path: Path, own: str) -> None:
    with write_atomically(path) as temporary:
        temporary.write_text(own, encoding="ascii")
