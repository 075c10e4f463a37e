"""Writing files so that nobody ever reads half of one."""

import errno
import glob
import hashlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocklab.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


WORKFLOW = Path(__file__).resolve().parents[1]
PROJECT = WORKFLOW.parent


@contextmanager
def write_atomically(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds.

    The temporary name keeps the suffix of `path`, because some writers choose a format by it.
    If the block raises, the temporary file is removed and `path` stays as it was. If the process is
    killed the file stays, until the next one on this machine writes `path`. Content is on the disk
    before the name is, so that a machine that loses power keeps the old file or the new one.
    Raises UserError if the disk is full, whatever the block makes of that.
    """
    path = Path(path)
    outside = sys.exception()  # that a caller may be handling: it is not of our making
    try:
        with _temporary(path) as temporary:
            yield temporary
            _flush(temporary)
            os.replace(temporary, path)
            with suppress(OSError):  # some file systems flush no folders, or let nobody read them
                _flush(path.parent)
    except Exception as error:
        if _disk_is_full(error, outside):
            raise UserError(
                f"cannot write {path}: the disk is full; make room and run again"
            ) from error
        raise


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """Yield an empty file beside `path`, and remove it if it still is there after the block."""
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
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _disk_is_full(error: BaseException | None, outside: BaseException | None) -> bool:
    """Tell whether a full disk, or a quota, is why; libraries wrap that in errors of their own."""
    full = (errno.ENOSPC, errno.EDQUOT)
    while error not in (None, outside):
        if isinstance(error, OSError) and (
            error.errno in full or any(os.strerror(number) in str(error) for number in full)
        ):
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False


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


def canonical_json(value: Any) -> str:
    """Return `value` as JSON without spaces, the same text whatever the order of keys.

    Raises TypeError or ValueError for what JSON cannot hold, NaN and infinity included.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value, in hexadecimal, whatever the order of its keys."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


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
