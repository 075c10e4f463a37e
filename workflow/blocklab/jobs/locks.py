"""Locks that the kernel frees when their holder dies, whatever it dies of."""

import fcntl
import logging
from pathlib import Path

log = logging.getLogger(__name__)

_held = []


def try_lock(path: str | Path) -> bool:
    """Take a lock until this process ends; tell whether it was free. The file itself stays.

    On a file system that has no locks everything is free, with a warning.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = path.open("a", encoding="utf-8")
        _held.append(file)  # closing it would free the lock
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _held.remove(file)
        file.close()
        return False
    except OSError as error:  # no locks there, or somebody else's file
        log.warning("%s cannot be locked (%s): make sure nothing else runs here", path, error)
    return True
