"""Files out of published archives: a .zip, a .tar in any compression, with .gz inside or not."""

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from blocklab.errors import UserError


def unpack(path: Path, members: Mapping[str, str]) -> dict[str, bytes]:
    """Return the content of some members by the names that they are given, unpacked from .gz.

    members: the member's name in the archive, by the name to give. Nothing else is unpacked, and
    nothing is written. Raises UserError if the archive is damaged or lacks one.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                contents = {name: archive.read(member) for name, member in members.items()}
        else:
            with tarfile.open(path) as archive:
                contents = {name: _read(archive, member) for name, member in members.items()}
        return {
            name: gzip.decompress(content) if members[name].endswith(".gz") else content
            for name, content in contents.items()
        }
    except (tarfile.TarError, zipfile.BadZipFile, KeyError, OSError, EOFError, zlib.error) as error:
        raise UserError(f"the archive {path.name} is not as expected: {error}") from error


def _read(archive: tarfile.TarFile, member: str) -> bytes:
    file = archive.extractfile(member)
    if file is None:
        raise KeyError(f"{member} is no file")
    with file:
        return file.read()
