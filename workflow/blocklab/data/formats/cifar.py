"""The binary format of CIFAR-10: records of one label and an image of 3x32x32 bytes.

Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images; the format is described at
https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from blocklab.data.raw_images import RawImages, of_arrays
from blocklab.errors import UserError

SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32


def read_cifar(paths: Sequence[Path]) -> RawImages:
    """Return the images of some files one after another; UserError for a file of another format."""
    contents = [_records(path) for path in paths]
    records = np.concatenate(contents)
    return of_arrays(records[:, 1:].reshape(-1, *SHAPE), records[:, 0])


def _records(path: Path) -> np.ndarray:
    try:
        content = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    if len(content) == 0 or len(content) % RECORD:
        raise UserError(
            f"{path} has {len(content)} bytes, which are no records of {RECORD} bytes: it is not "
            "of CIFAR-10's binary format"
        )
    return content.reshape(-1, RECORD)
