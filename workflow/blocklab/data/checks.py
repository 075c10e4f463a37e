"""What is known of the raw files in a user's folder before any job: there, right, changed or not.

Snakemake's process asks this at every start, so a file that was read once is known by its size and
time stamp from then on.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from blocklab.data.datasets import OWN, find_dataset
from blocklab.data.manifest import read_manifest
from blocklab.data.sources import locate, verify
from blocklab.errors import UserError
from blocklab.files import sha256, write_atomically


def check_files(settings: Mapping[str, Any], memory: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of the user's own data by name; nothing for built-in data.

    settings: the config's `dataset` section. memory: a file that keeps what was found.
    Raises UserError for files of a built-in data set that are not there, or not what is published.
    """
    name, directory = settings["name"], settings["directory"]
    known = _Memory(memory)
    checksums = {}
    try:
        if name in OWN:
            for file, path in OWN[name].files(directory).items():
                checksums[file] = known.get(path, "sha256", lambda path=path: sha256(path))
        elif settings["source"] in ("auto", "directory") and directory is not None:
            for found in locate(find_dataset(name), directory).values():
                known.get(found.path, found.expected, lambda found=found: verify(found))
    except OSError as error:
        raise UserError(f"dataset.directory: {error.filename}: {error.strerror}") from None
    known.write()
    return checksums


def changes(checksums: Mapping[str, str], manifest: Path) -> str:
    """Return how many files are new, gone or changed since they were prepared; "" for none."""
    try:
        before = read_manifest(manifest)["raw_sha256"]
    except UserError:  # nothing was prepared yet
        return ""
    both = before.keys() & checksums.keys()
    counts = {
        "new": len(checksums.keys() - before.keys()),
        "changed": sum(before[name] != checksums[name] for name in both),
        "gone": len(before.keys() - checksums.keys()),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return told if checksums else ""


class _Memory:
    """What was found of files, with the size and the time stamp that they had."""

    def __init__(self, path: Path) -> None:
        self.path, self.used = path, {}
        try:
            self.kept = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.kept = {}

    def get(self, path: Path, question: str, find: Callable[[], str | None]) -> str | None:
        """Return what `find` answers, or answered to the same question of the same file."""
        key, status = f"{question} {path.absolute()}", path.stat()
        file = [status.st_size, status.st_mtime_ns]
        kept = self.kept.get(key)
        self.used[key] = kept if kept and kept[:2] == file else [*file, find()]
        return self.used[key][2]

    def write(self) -> None:
        if self.used != self.kept:
            with write_atomically(self.path) as temporary:
                temporary.write_text(json.dumps(self.used), encoding="utf-8")
