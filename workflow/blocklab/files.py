"""Writing files so that nobody ever reads half of one."""

import glob
import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@contextmanager
def write_atomically(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds.

    The temporary name keeps the suffix of `path`, because some writers choose a format by it.
    If the block raises, the temporary file is removed and `path` stays as it was. If the process is
    killed the file stays, until the next one on this machine writes `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = f".{path.stem}-{platform.node()}-"
    _remove_orphans(path.parent, mine)
    handle, name = tempfile.mkstemp(
        prefix=f"{mine}{os.getpid()}-", suffix=path.suffix, dir=path.parent
    )
    os.close(handle)
    temporary = Path(name)
    try:
        # mkstemp creates files for the owner alone; results are meant to be shared.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _remove_orphans(folder: Path, prefix: str) -> None:
    """Remove the temporary files of processes that are no more."""
    for path in folder.glob(f"{glob.escape(prefix)}*"):
        process = path.name.removeprefix(prefix).partition("-")[0]
        if process.isdecimal() and not _runs(int(process)):
            path.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except OSError:
        return True  # someone else's
    return True


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON for people and programs."""
    with write_atomically(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def write_table(path: str | Path, table: "pd.DataFrame") -> None:
    """Write a table as CSV, without its index."""
    with write_atomically(path) as temporary:
        table.to_csv(temporary, index=False)


def write_arrays(path: str | Path, **arrays: "np.ndarray") -> None:
    """Write named arrays as a compressed .npz, which `numpy.load` reads without pickle."""
    import numpy as np

    with write_atomically(path) as temporary:
        np.savez_compressed(temporary, **arrays)
