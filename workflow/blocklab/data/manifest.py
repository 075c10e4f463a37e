"""The manifest beside a prepared dataset: what is in it, and the checksums that prove it.

Nothing here needs torch: tables and figures read manifests too.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blocklab.errors import REMEDY, UserError
from blocklab.files import digest, write_json


def state(checksums: Mapping[str, str]) -> str | None:
    """Return one hash for files, given the checksum of each by name; None for no files."""
    return digest(dict(checksums)) if checksums else None


def write_manifest(path: str | Path, description: dict[str, Any]) -> None:
    """Write `description` with a checksum of its own."""
    write_json(path, description | {"checksum": digest(description)})


def read_manifest(path: str | Path) -> dict[str, Any]:
    """Return the description; UserError, naming the file, if it is missing or damaged."""
    try:
        description = json.loads(Path(path).read_text(encoding="utf-8"))
        intact = description.pop("checksum") == digest(description)
    except FileNotFoundError as error:
        raise UserError(f"manifest {path} does not exist; run the data step") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"manifest {path} is damaged ({error}); {REMEDY}") from error
    if not intact:
        raise UserError(f"manifest {path} is damaged (its checksum is wrong); {REMEDY}")
    return description
