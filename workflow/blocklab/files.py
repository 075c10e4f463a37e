"""Writing files so that nobody ever reads half of one; JSON and its digest; hashes of files."""

import errno
import hashlib
import json
import os
import uuid
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
UNFINISHED = ".unfinished-"  # begins the name of a file that is being written
TENSORS_KEY = "blocklab"  # one key, because safetensors writes several in any order
FULL_BYTES = 1 << 16  # a disk with less left is what a failed write failed of


@contextmanager
def write_atomically(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds.

    The temporary name keeps the suffix of `path`, because some writers choose a format by it.
    If the block raises, the temporary file is removed and `path` stays as it was. If the process is
    killed the file stays, until `remove_unfinished`. Content is on the disk before the name is, so
    that a machine that loses power keeps the old file or the new one.
    Raises UserError if the disk is full, whatever the block makes of that.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{UNFINISHED}{uuid.uuid4().hex[:12]}-{path.name}")
    try:
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)
        with suppress(OSError):  # some file systems flush no folders, or let nobody read them
            _flush(path.parent)
    except Exception as error:
        if not isinstance(error, UserError) and _disk_is_full(error, path.parent):
            raise UserError(
                f"cannot write {path}: the disk is full; make room and run again"
            ) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def remove_unfinished(folder: str | Path) -> None:
    """Remove what killed processes were writing below `folder`; nobody may be writing there."""
    for path in Path(folder).rglob(f"{UNFINISHED}*"):
        if path.is_file():
            path.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _disk_is_full(error: Exception, folder: Path) -> bool:
    """Tell whether a full disk, or a quota, is why; libraries word that in their own ways."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize < FULL_BYTES


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


def tensors_header(path: str | Path) -> dict[str, Any]:
    """Return what `tensors.save_tensors` wrote beside the tensors: notes, and the sha256 of all.

    Raises OSError for a file that is cut short or not there.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            return json.loads(file.metadata()[TENSORS_KEY])
    except SafetensorError as error:
        raise OSError(f"{path} is damaged ({error})") from error
